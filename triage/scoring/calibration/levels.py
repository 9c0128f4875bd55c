"""Cases counted by level of the score, and what can be said of a rising curve from windows of levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_LEVELS, MOST_GRID = 20_000, 500
SMALLEST_WINDOW = 16
ERROR = 0.05


@dataclass(frozen=True, eq=False)
class Levels:
    """Cases with equal (or neighbouring) scores, joined; one row a level, in rising order.

    Parameters
    ----------
    low, high : array of float, shape (n_levels,)
        Lowest and highest score in the level.
    weight, positive, square : array of float, shape (n_levels,)
        Sums of the weights, of the positives' weights, and of the squared weights.
    """

    low: Floats
    high: Floats
    weight: Floats
    positive: Floats
    square: Floats


@dataclass(frozen=True)
class BandGrid:
    """Bounds of a rising curve at some scores.

    Parameters
    ----------
    at : tuple of float
        Rising scores.
    low, high : tuple of float
        The curve is at least `low` from the score on, and at most `high` up to the score.
    """

    at: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def bounds(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the bounds at each score; 0 below the first and 1 above the last."""
        below = np.searchsorted(self.at, score, side="right")
        above = np.searchsorted(self.at, score, side="left")
        return np.array([0.0, *self.low])[below], np.array([*self.high, 1.0])[above]


def join_levels(
    score: Floats, outcome: Floats, weight: Floats | None = None, most: int = MOST_LEVELS
) -> Levels:
    """Count cases by level.

    Up to `most` different scores each is a level. With more, the highest half of the levels stay single
    scores, and the scores below are joined into neighbours of equal number: it is at the top of a list that
    a curve is read. The levels depend on the scores alone.

    Parameters
    ----------
    score, outcome, weight : array of float, shape (n_cases,)
        The cases.
    most : int
        How many levels there may be.
    """
    w = np.ones(len(score)) if weight is None else weight
    values, index = np.unique(score, return_inverse=True)
    if len(values) > most:
        below = len(values) - most // 2
        joined = np.r_[
            np.arange(below) * (most - most // 2) // below, most - most // 2 + np.arange(most // 2)
        ]
    else:
        joined = np.arange(len(values))
    level = joined[index]
    first = np.flatnonzero(np.diff(joined, prepend=-1))
    last = np.r_[first[1:] - 1, len(values) - 1]
    sums = (np.bincount(level, x).astype(np.float64) for x in (w, w * outcome, w**2))
    return Levels(values[first], values[last], *sums)


def bound_rising(levels: Levels, error: float = ERROR, most: int = MOST_GRID) -> BandGrid:
    r"""Bound a rising curve at up to `most` scores, each with probability `1 - error` at least.

    Where the curve never falls, the mean of the curve over any window of cases that ends at a score is at
    most the curve there. So the lower Clopper-Pearson limit of the positives in such a window is one of the
    curve, and the upper limit of a window that begins there bounds it from above. Of windows of 16, 32, 64,
    ... cases the best bound is taken, each limit at level :math:`\alpha / (2 J)` for J windows. Nothing is
    supposed but that the curve rises; the price is a band on the wide side. With weights a window
    counts as :math:`(\sum w)^2 / \sum w^2` cases (Korn and Graubard 1998).

    Parameters
    ----------
    levels : Levels
        The cases.
    error : float
        Probability with which a bound may be missed, at one score.
    most : int
        How many scores the grid may have; denser at the top.

    References
    ----------
    Clopper, C., Pearson, E. (1934). The use of confidence or fiducial limits illustrated in the case of the
    binomial. Biometrika 26, 404-413.

    Dimitriadis, T., Duembgen, L., Henzi, A., Puke, M., Ziegel, J. (2023). Honest calibration assessment for
    binary outcome predictions. Biometrika 110, 663-680. There with all windows at once.

    Korn, E. L., Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data. Survey Methodology 24, 193-201.
    """
    counts = _Counts(*(np.r_[0.0, np.cumsum(x)] for x in (levels.weight, levels.positive, levels.square)))
    m = len(levels.low)
    at = _choose_grid(m, most)
    # A bound from above holds up to the scores it was taken from: not inside a level of several scores.
    begin = at + (levels.high > levels.low)[at]
    effective = counts.weight * (counts.weight[-1] / counts.square[-1])
    doublings = int(np.log2(max(effective[-1] / SMALLEST_WINDOW, 1.0))) + 1
    each = error / 2 / doublings
    low, high = np.zeros(len(at)), np.ones(len(at))
    for size in SMALLEST_WINDOW * 2.0 ** np.arange(doublings):
        first = np.searchsorted(effective, effective[at + 1] - size, side="right") - 1
        end = np.searchsorted(effective, effective[begin] + size, side="left")
        low = np.fmax(low, counts.limits(np.fmax(first, 0), at + 1, each)[0])
        high = np.fmin(high, counts.limits(begin, np.fmin(end, m), each)[1])
    return BandGrid(tuple(levels.high[at].tolist()), tuple(low.tolist()), tuple(np.fmax(high, low).tolist()))


@dataclass(frozen=True, eq=False)
class _Counts:
    """Sums over all levels below each."""

    weight: Floats
    positive: Floats
    square: Floats

    def limits(self, first: NDArray[np.int64], end: NDArray[np.int64], error: float) -> tuple[Floats, Floats]:
        """Return the one-sided limits of the mean over the levels from `first` to before `end`."""
        from scipy.special import betaincinv  # noqa: PLC0415 - scoring must not wait for scipy

        weight, positive, square = (x[end] - x[first] for x in (self.weight, self.positive, self.square))
        empty = weight <= 0
        weight = np.where(empty, 1.0, weight)
        n = weight**2 / np.where(empty, 1.0, square)
        x = np.clip(positive / weight, 0.0, 1.0) * n
        low = np.where(x > 0, betaincinv(np.fmax(x, 1e-9), n - x + 1, error), 0.0)
        high = np.where(x < n, betaincinv(x + 1, np.fmax(n - x, 1e-9), 1 - error), 1.0)
        return np.where(empty, 0.0, low), np.where(empty, 1.0, high)


def _choose_grid(levels: int, most: int) -> NDArray[np.int64]:
    """Choose levels, every one where there are few, else at even steps of the logarithm of the place."""
    if levels <= most:
        return np.arange(levels)
    places = np.unique(np.geomspace(1, levels, most).round().astype(np.int64))
    return levels - places[::-1]
