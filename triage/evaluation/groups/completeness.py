"""Completeness of a report as a group: cases of which much is known, and cases of which little is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SHARES = (0.25, 0.5, 0.75)
NUMBERS = (1, 3, 6)


def band_completeness(
    known: ArrayLike | None = None,
    *,
    unknowns: ArrayLike | None = None,
    edges: Sequence[float] | None = None,
) -> NDArray[Any]:
    """Return the band of completeness of each case, to be audited as a group.

    Parameters
    ----------
    known : array of shape (cases,), optional
        Share of the fields that are known, from 0 to 1, such as the column ``completeness`` of a worklist.
        NaN where nobody knows: the case then has no band.
    unknowns : array of shape (cases,), optional
        Instead of `known`: how many fields are unknown.
    edges : sequence of numbers, optional
        Where a new band begins, rising. 0.25, 0.5 and 0.75 for shares; 1, 3 and 6 for numbers.

    Returns
    -------
    array of shape (cases,)
        Texts, and None where there is no band.

    Raises
    ------
    InputRefusedError
        Neither or both arrays, values outside their range, or edges that do not rise within it.

    Examples
    --------
    >>> band_completeness([0.1, 0.5, 1.0, float("nan")]).tolist()
    ['0 to 25 % known', '50 to 75 % known', '75 to 100 % known', None]
    >>> band_completeness(unknowns=[0, 2, 9]).tolist()
    ['0 unknown', '1 to 2 unknown', '6 or more unknown']
    """
    if (known is None) == (unknowns is None):
        raise InputRefusedError("neither or both of known and unknowns", expected="one of them")
    if known is not None:
        chosen = _check_edges(SHARES if edges is None else edges, least=0, most=1)
        values = _check(known, "known", "a share from 0 to 1", most=1)
        ends = [f"{100 * end:g}" for end in (0, *chosen, 1)]
        names = [f"{low} to {high} % known" for low, high in itertools.pairwise(ends)]
    else:
        chosen = _check_edges(NUMBERS if edges is None else edges, least=0, most=np.inf)
        values = _check(unknowns, "unknowns", "a whole number, 0 or more", most=np.inf)
        if not np.array_equal(chosen, np.floor(chosen)) or np.any(values % 1 > 0):
            raise InputRefusedError("part of a field", where="unknowns", expected="whole numbers")
        names = _name_numbers([0, *chosen.astype(np.int64).tolist()])
    band = np.array([*names, None], dtype=object)
    place = np.searchsorted(chosen, values, side="right")
    return band[np.where(np.isnan(values), len(names), place)]


def _name_numbers(starts: list[int]) -> list[str]:
    names = [
        f"{low} unknown" if high == low + 1 else f"{low} to {high - 1} unknown"
        for low, high in itertools.pairwise(starts)
    ]
    return [*names, f"{starts[-1]} or more unknown"]


def _check(values: ArrayLike | None, name: str, expected: str, *, most: float) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputRefusedError("values that are no numbers", where=name, expected=expected) from None
    if array.ndim != 1 or np.any((array < 0) | (array > most)):
        raise InputRefusedError("values outside, or no single column", where=name, expected=expected)
    return array


def _check_edges(edges: Sequence[float], *, least: float, most: float) -> NDArray[np.float64]:
    array = np.asarray(edges, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.all(np.diff([least, *array, most]) > 0):
        raise InputRefusedError(
            f"{edges!r}", where="edges", expected=f"rising numbers above {least:g} and below {most:g}"
        )
    return array
