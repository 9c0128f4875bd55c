"""The lottery of a week: which cases from below the cut are opened anyway, and with which chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# As in the default policy: up to so many times the capacity of a month, and the weight of a case there.
STRATA = ((2.0, 4.0), (5.0, 2.0), (np.inf, 1.0))


def share_chances(weight: Floats, slots: float) -> Floats:
    """Return chances in proportion to weights that add up to a number of slots, none above 1.

    Parameters
    ----------
    weight : array of float, shape (n,)
        Above 0.
    slots : float
        Not necessarily whole.

    Examples
    --------
    >>> share_chances(np.array([4.0, 1.0, 1.0]), 1.8).round(3).tolist()
    [1.0, 0.4, 0.4]
    """
    if slots >= len(weight):
        return np.ones(len(weight))
    chance = np.zeros(len(weight))
    sure: Mask = np.zeros(len(weight), dtype=bool)
    while True:
        chance[~sure] = weight[~sure] * (slots - sure.sum()) / weight[~sure].sum()
        over = ~sure & (chance > 1.0)
        if not over.any():
            chance[sure] = 1.0
            return chance
        sure |= over


def draw_systematic(chance: Floats, start: float) -> Ints:
    """Draw a systematic sample: each entry has exactly its chance, and the number drawn is whole.

    Parameters
    ----------
    chance : array of float, shape (n,)
        From 0 to 1, in an order over which the sample shall be spread.
    start : float
        Even from 0 to 1.

    Returns
    -------
    array of int
        Places that were drawn, ascending.

    References
    ----------
    Madow (1949), Annals of Mathematical Statistics 20, 333-354.

    Examples
    --------
    >>> draw_systematic(np.array([0.5, 0.5, 0.5, 0.5]), 0.3).tolist()
    [0, 2]
    """
    passed = np.ceil(np.concatenate([[0.0], np.cumsum(chance)]) - start)
    return np.flatnonzero(np.diff(passed) > 0)


def weigh_places(place: Ints, month: float, strata: Sequence[tuple[float, float]] = STRATA) -> Floats:
    """Return the weight of cases by their place on the list, from 0.

    Parameters
    ----------
    place : array of int, shape (n,)
        On the list.
    month : float
        Cases that can be opened by the last deadline.
    strata : sequence of (float, float)
        Up to which multiple of them each stratum reaches, and its weight.

    Examples
    --------
    >>> weigh_places(np.array([10, 25, 500]), month=10).tolist()
    [4.0, 2.0, 1.0]
    """
    edges = np.array([reach * month for reach, _ in strata[:-1]])
    weight = np.array([weight for _, weight in strata])
    return np.asarray(weight[np.searchsorted(edges, place, side="right")])
