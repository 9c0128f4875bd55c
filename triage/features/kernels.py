"""Segment sums: from the rows of a table, sorted by case, to one number per case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def count_where(mask: Mask, position: Ints, n_cases: int) -> Floats:
    """Count the marked rows of each case.

    Parameters
    ----------
    mask : array of bool, shape (n_rows,)
        Marked rows.
    position : array of int, shape (n_rows,)
        Index of each row's case, ascending.
    n_cases : int
        Number of cases.

    Returns
    -------
    array of float, shape (n_cases,)

    Examples
    --------
    >>> count_where(np.array([True, False, True]), np.array([0, 0, 2]), 3).tolist()
    [1.0, 0.0, 1.0]
    """
    # To pick by number takes a quarter of the time of picking by mask.
    return np.bincount(position[np.flatnonzero(mask)], minlength=n_cases).astype(np.float64)


def any_where(mask: Mask, position: Ints, n_cases: int) -> Mask:
    """Say which cases have a marked row.

    Examples
    --------
    >>> any_where(np.array([True, False]), np.array([1, 2]), 3).tolist()
    [False, True, False]
    """
    found = np.zeros(n_cases, dtype=bool)
    found[position[np.flatnonzero(mask)]] = True
    return found


def sum_of(values: Floats, position: Ints, n_cases: int) -> Floats:
    """Return the sum of each case.

    Examples
    --------
    >>> sum_of(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 2]), 3).tolist()
    [3.0, 0.0, 4.0]
    """
    return np.bincount(position, weights=values, minlength=n_cases).astype(np.float64)


def count_distinct(values: NDArray[np.integer[Any]], position: Ints, n_cases: int) -> Floats:
    """Count the distinct values of each case; negative ones are unknown and not counted.

    Examples
    --------
    >>> count_distinct(np.array([5, 5, 7, -1]), np.array([0, 0, 0, 1]), 2).tolist()
    [2.0, 0.0]
    """
    order = np.lexsort((values, position))
    value, case = values[order], position[order]
    new = np.ones(len(value), dtype=bool)
    new[1:] = (value[1:] != value[:-1]) | (case[1:] != case[:-1])
    return count_where(new & (value >= 0), case, n_cases)


def largest(values: Floats, position: Ints, n_cases: int) -> Floats:
    """Return the largest value of each case; NaN rows are passed over, NaN where no row is left.

    Examples
    --------
    >>> largest(np.array([1.0, 3.0, np.nan]), np.array([0, 0, 1]), 3).tolist()
    [3.0, nan, nan]
    """
    return _extreme(np.fmax, values, position, n_cases)


def smallest(values: Floats, position: Ints, n_cases: int) -> Floats:
    """Return the smallest value of each case; NaN rows are passed over, NaN where no row is left."""
    return _extreme(np.fmin, values, position, n_cases)


def _extreme(pick: np.ufunc, values: Floats, position: Ints, n_cases: int) -> Floats:
    result = np.full(n_cases, np.nan)
    if len(position):
        starts = np.flatnonzero(np.r_[True, position[1:] != position[:-1]])
        result[position[starts]] = pick.reduceat(values, starts)
    return result
