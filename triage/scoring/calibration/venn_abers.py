"""Venn-Abers: two probabilities a case, one of which is right in a sense that needs no assumption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.calibration.curve import Calibration, NotCalibratedError
from triage.scoring.calibration.levels import BandGrid, bound_rising, join_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class VennAbersCalibration(Calibration):
    r"""The inductive Venn-Abers predictor: isotonic regression with the new case added, once as 0, once as 1.

    The value at the new case is :math:`p_0` and :math:`p_1`. Of the two, the one that belongs to the true
    outcome is perfectly calibrated whatever the score, when cases are exchangeable. Merged into one number,
    :math:`p_1 / (1 - p_0 + p_1)`, which minimises the worst regret under log loss. Has ties: for reading.

    Parameters
    ----------
    low, high : tuple of float
        Lowest and highest score of each level; equal unless there were more than 20,000 scores.
    p0, p1 : tuple of float
        The two probabilities of a new case in each level.
    grid : BandGrid
        Bounds of the curve; the pair is no confidence interval.
    cases, positives, denominator, population, effective_positives, weighted
        See `Calibration`.

    References
    ----------
    Vovk, V., Petej, I. (2014). Venn-Abers predictors. UAI.

    Vovk, V., Petej, I., Fedorova, V. (2015). Large-scale probabilistic predictors with and without guarantees
    of validity. NeurIPS.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    p0: tuple[float, ...]
    p1: tuple[float, ...]
    grid: BandGrid
    kind: str = "venn-abers"

    @property
    def formula(self) -> str:
        """The curve, for the card."""
        return f"p1 / (1 - p0 + p1) of the Venn-Abers pair, on {len(self.low):,} levels of the score"

    def pair(self, score: Floats) -> tuple[Floats, Floats]:
        """Return p0 and p1 of each score."""
        place = self._place(score)
        return np.array([0.0, *self.p0])[(place + 1) // 2], np.array([*self.p1, 1.0])[place // 2]

    def probability(self, score: Floats) -> Floats:
        """Return p1 / (1 - p0 + p1) of each score."""
        place = np.arange(2 * len(self.low) + 1)
        p0 = np.array([0.0, *self.p0])[(place + 1) // 2]
        p1 = np.array([*self.p1, 1.0])[place // 2]
        # Rounding alone could let it fall from one level to the next.
        merged: Floats = np.maximum.accumulate(p1 / (1.0 - p0 + p1))
        return merged[self._place(score)]

    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return bounds that hold the curve in 95 % of samples or more, widened to hold the pair."""
        low, high = self.grid.bounds(score)
        p0, p1 = self.pair(score)
        p = self.probability(score)
        return np.fmin(low, np.fmin(p0, p)), np.fmax(high, np.fmax(p1, p))

    def _place(self, score: Floats) -> NDArray[np.int64]:
        """Return 2 i + 1 inside level i (from 0), and 2 i below it and above the one before."""
        inside: NDArray[np.int64] = np.searchsorted(self.high, score, side="left") + np.searchsorted(
            self.low, score, side="right"
        )
        return inside

    def _remarks(self) -> list[str]:
        return ["equal within levels: for reading, never for an order"]


def fit_venn_abers(
    score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any
) -> VennAbersCalibration:
    """Compute the pair for every level, in one pass each.

    Raises
    ------
    NotCalibratedError
        The cases have unequal weights: what a new one would weigh is then not known, and with it the pair.
    """
    if weight is not None and weight.min() < weight.max():
        raise NotCalibratedError(
            "venn-abers needs cases that had equal chances of being chosen; take platt, beta or isotonic"
        )
    levels = join_levels(score, outcome)
    p1 = add_positive(levels.weight, levels.positive)
    # The mirror image: scores and outcomes turned round, what is added as 0 is added as 1.
    p0 = 1.0 - add_positive(levels.weight[::-1], (levels.weight - levels.positive)[::-1])[::-1]
    p0, p1 = np.maximum.accumulate(p0), np.maximum.accumulate(p1)  # they rise; rounding must not undo it
    return VennAbersCalibration(
        low=tuple(levels.low.tolist()),
        high=tuple(levels.high.tolist()),
        p0=tuple(p0.tolist()),
        p1=tuple(np.fmax(p0, p1).tolist()),
        grid=bound_rising(levels),
        **rests_on,
    )


def add_positive(count: Floats, positive: Floats) -> Floats:
    """Return, for each level, the isotonic fit there after one more positive case is added to it.

    The fit is the slope of the greatest convex minorant of the cumulated counts. The added case stands first
    and is moved up level by level; the corners of the minorant are kept on a stack, and each is put on and
    taken off once.

    Parameters
    ----------
    count, positive : array of float, shape (n_levels,)
        Cases and positives of each level, in rising order of the score.

    References
    ----------
    Vovk, Petej, Fedorova (2015), algorithms 1 and 2.

    Examples
    --------
    Two negatives below one positive: added to the lower level it makes one of three, above it all are.

    >>> add_positive(np.array([2.0, 1.0]), np.array([0.0, 1.0])).round(4)
    array([0.3333, 1. ])
    """
    x, y = np.cumsum(count).tolist(), np.cumsum(positive).tolist()
    steps = zip(count.tolist(), positive.tolist(), strict=True)
    corners: list[Point] = []
    for point in [(-1.0, -1.0), (0.0, 0.0), *zip(x, y, strict=True)]:
        while len(corners) > 1 and not _turns_left(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    corners.reverse()
    left = (-1.0, -1.0)
    fits: list[float] = []
    for width, height in steps:
        top, following = corners[-1], corners[-2]
        fits.append((following[1] - top[1]) / (following[0] - top[0]))
        left = (left[0] + width, left[1] + height)
        if not _below(left, top, following):
            continue
        corners.pop()
        while len(corners) > 1 and not _turns_left(left, corners[-1], corners[-2]):
            corners.pop()
        corners.append(left)
    return np.array(fits)


def _turns_left(one: Point, two: Point, three: Point) -> bool:
    return (two[0] - one[0]) * (three[1] - two[1]) > (two[1] - one[1]) * (three[0] - two[0])


def _below(point: Point, one: Point, two: Point) -> bool:
    return (point[1] - one[1]) * (two[0] - one[0]) < (two[1] - one[1]) * (point[0] - one[0])
