"""Codes of the rows of a case, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.features.telling.texts import enumerate_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows

UNKNOWN_COUNTRY = "ZZ"


def country_codes(rows: Rows, column: str) -> NDArray[np.int16]:
    """Return the index of the country of each row among `Rows.codes_of`, -1 where it is not known."""
    codes, names = rows.codes(column), rows.codes_of(column)
    unknown = np.array([*(name == UNKNOWN_COUNTRY for name in names), True])
    return np.where(unknown[codes], np.int16(-1), codes)


def name_codes(rows: Rows, column: str) -> pa.Array:
    """Return the distinct codes of each case, joined by blanks; unknown countries are left out.

    Parameters
    ----------
    rows : Rows
        Of all cases of a part.
    column : str
        Of codes or countries.

    Returns
    -------
    pyarrow.Array of string, shape (n_cases,)
    """
    codes, names = country_codes(rows, column), rows.codes_of(column)
    by_name = np.argsort(np.argsort(names))
    told, size = codes >= 0, len(names) + 1
    # Rows stand by case, so that little is left to sort.
    pairs = np.sort(rows.position[told] * size + by_name[codes[told]], kind="stable")
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    texts = pa.array(sorted(names), pa.string()).take(pa.array(pairs % size))
    return enumerate_texts(texts, np.bincount(pairs // size, minlength=rows.n_cases), " ")
