"""The isotonic curve: a rising step function, for reading and bands; it has ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.calibration.curve import Calibration
from triage.scoring.calibration.levels import BandGrid, bound_rising, join_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class IsotonicCalibration(Calibration):
    """The rising curve of greatest likelihood: constant on blocks, straight between them.

    Cases in a block have one probability, so that no list may be ordered by it; and the lowest and the
    highest block are often exactly 0 and 1. It shows the shape of the data.

    Parameters
    ----------
    at : tuple of float
        Lowest and highest score of each block, in rising order.
    value : tuple of float
        The probability at each of them.
    grid : BandGrid
        Bounds of the curve.
    cases, positives, denominator, population, effective_positives, weighted
        See `Calibration`.

    References
    ----------
    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical distribution
    function for sampling with incomplete information. Annals of Mathematical Statistics 26, 641-647.

    Zadrozny, B., Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability
    estimates. KDD.
    """

    at: tuple[float, ...]
    value: tuple[float, ...]
    grid: BandGrid
    kind: str = "isotonic"

    @property
    def formula(self) -> str:
        """The curve, for the card."""
        return f"a rising curve through {len(self.at)} points"

    def probability(self, score: Floats) -> Floats:
        """Return the probability of each score; equal within a block."""
        at, value = np.array(self.at), np.array(self.value)
        inside = np.clip(score, at[0], at[-1])
        left = np.searchsorted(at, inside, side="right") - 1
        right = np.fmin(left + 1, len(at) - 1)
        width = np.where(right > left, at[right] - at[left], 1.0)
        rising = value[left] + (value[right] - value[left]) * ((inside - at[left]) / width)
        clipped: Floats = np.clip(rising, value[left], value[right])
        return clipped

    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return bounds that hold the curve at each score in 95 % of samples or more (`bound_rising`)."""
        low, high = self.grid.bounds(score)
        p = self.probability(score)
        return np.fmin(low, p), np.fmax(high, p)

    def _remarks(self) -> list[str]:
        return ["equal within blocks: for reading, never for an order"]


def fit_isotonic(
    score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any
) -> IsotonicCalibration:
    """Fit by pooling adjacent violators, weighted."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - scoring must not wait for scipy

    levels = join_levels(score, outcome, weight)
    fitted = isotonic_regression(levels.positive / levels.weight, weights=levels.weight)
    first, end = fitted.blocks[:-1], fitted.blocks[1:]
    # Summed anew: 0 and 1 come out as such, and rounding never pushes a block below its neighbour.
    value = np.add.reduceat(levels.positive, first) / np.add.reduceat(levels.weight, first)
    at = np.column_stack([levels.low[first], levels.high[end - 1]])
    values = np.repeat(np.maximum.accumulate(np.clip(value, 0.0, 1.0)), 2)
    single = np.ones(len(values), dtype=bool)
    single[1::2] = at[:, 1] > at[:, 0]
    return IsotonicCalibration(
        at=tuple(at.ravel()[single].tolist()),
        value=tuple(values[single].tolist()),
        grid=bound_rising(levels),
        **rests_on,
    )
