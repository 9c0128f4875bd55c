"""Give each parent its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.tokens import Tokens, draw_tokens, sort_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


def spread(rng: np.random.Generator, parent: Codes, number: Codes, case: Codes) -> tuple[Codes, Tokens]:
    """Repeat parents, name the rows, and sort them by case and name.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the names.
    parent : array of int, shape (n_parents,)
        What the rows point to.
    number : array of int, shape (n_parents,)
        Rows of each.
    case : array of int, shape (n_parents,)
        Case of each.

    Returns
    -------
    parent : array of int, shape (n_rows,)
        Parent of each row.
    ids : Tokens
        Names of the rows.

    Examples
    --------
    >>> rows, ids = spread(np.random.default_rng(0), np.array([4, 7]), np.array([2, 1]), np.array([0, 1]))
    >>> rows.tolist(), len(ids)
    ([4, 4, 7], 3)
    """
    ids = draw_tokens(rng, int(number.sum()))
    order = sort_within(np.repeat(case, number), ids)
    return np.repeat(parent, number)[order], ids.take(order)
