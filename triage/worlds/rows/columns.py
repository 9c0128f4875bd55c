"""From numbers to the declared Arrow columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.schema.declare import Kind
from triage.schema.tables import TABLES
from triage.worlds.file.catalogue import SET_SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.schema.declare import Column

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

UNSEEN = -1


def build_table(name: str, columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """Return a table in its declared form; columns that are not given are null."""
    declared = TABLES[name]
    arrays = [
        columns[column.name] if column.name in columns else pa.nulls(rows, column.arrow_type)
        for column in declared.columns
    ]
    return pa.Table.from_arrays(arrays, schema=declared.arrow_schema)


def code_column(column: Column, values: Sequence[str], codes: Codes) -> pa.Array:
    """Return a column of codes.

    Parameters
    ----------
    column : Column
        Its declaration.
    values : sequence of str
        What the codes stand for.
    codes : array of int, shape (n_rows,)
        Index into `values`; -1 for null.

    Examples
    --------
    >>> code_column(TABLES["files"]["viewed_by_reporter"], ("denied",), np.array([0, -1])).to_pylist()
    ['denied', None]
    """
    declared = list(values) if column.kind is Kind.COUNTRY else list(column.codes)
    place = np.array([*(declared.index(value) for value in values), 0], dtype=np.int16)
    missing = codes < 0
    indices = pa.array(place[codes], mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(declared, pa.string()))


def set_column(values: Sequence[str], codes: Codes) -> pa.Array:
    """Return a column of sets of codes; each value is a set joined by ``|``.

    Examples
    --------
    >>> set_column(("", "a|b"), np.array([1, 0, -1])).to_pylist()
    [['a', 'b'], [], None]
    """
    sets = [value.split(SET_SEPARATOR) if value else [] for value in values]
    width = max(map(len, sets))
    words = sorted({word for one in sets for word in one})
    places = np.full((len(sets) + 1, max(width, 1)), UNSEEN, dtype=np.int64)
    for row, one in enumerate(sets):
        places[row, : len(one)] = [words.index(word) for word in one]
    chosen = places[codes]
    lengths = (chosen >= 0).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    elements = pa.array(words, pa.string()).take(pa.array(chosen[chosen >= 0]))
    missing = np.append(codes < 0, False)
    return pa.ListArray.from_arrays(pa.array(offsets, mask=missing if missing.any() else None), elements)


def time_column(seconds: Codes, missing: Mask | None = None) -> pa.Array:
    """Return a column of times from seconds since 1970."""
    mask = missing if missing is not None and missing.any() else None
    return pa.array(seconds, pa.int64(), mask=mask).cast(pa.timestamp("s", tz="UTC"))


def amount_column(cents: Codes) -> pa.Array:
    """Return a column of amounts from cents.

    Examples
    --------
    >>> amount_column(np.array([-1250])).to_pylist()
    [Decimal('-12.50')]
    """
    words = np.empty((len(cents), 2), dtype="<i8")
    words[:, 0], words[:, 1] = cents, np.where(cents < 0, -1, 0)
    kind = TABLES["transactions"]["amount_eur"].arrow_type
    return pa.Array.from_buffers(kind, len(cents), [None, pa.py_buffer(words)])
