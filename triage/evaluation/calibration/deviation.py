"""Figures of how far probabilities are off: what they are when nothing is off, and honest intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.evaluation.inputs import FloatArray

# Finer where the truth usually is; between two strengths all is nearly straight.
STRENGTHS = (
    *(0.1 * k for k in range(11)),
    1.15,
    1.3,
    1.45,
    1.6,
    1.8,
    2,
    2.3,
    2.7,
    3.2,
    4,
    5,
    7,
    10,
    16,
    32,
    64,
)


@dataclass(frozen=True)
class UnderCalibration:
    """What a figure of miscalibration comes to when the probabilities are right: not 0, for lack of cases.

    Parameters
    ----------
    observed : float
        The figure itself, on the same cells of neighbouring probabilities as the draws.
    mean : float
        Its mean.
    quantile : float
        Its quantile at the level of the confidence: larger figures are rare without miscalibration.
    p_value : float
        How often it is at least as large as observed, by the Monte Carlo rule (1 + #)/(resamples + 1).
    """

    observed: float
    mean: float
    quantile: float
    p_value: float


def under_calibration(drawn: FloatArray, observed: float, confidence: float) -> UnderCalibration:
    """Sum up draws of a figure under calibration.

    Examples
    --------
    >>> under_calibration(np.array([1.0, 2.0, 3.0]), 2.5, 0.5)
    UnderCalibration(observed=2.5, mean=2.0, quantile=2.0, p_value=0.5)
    """
    # Draws equal to the observed figure but for rounding count as as large.
    larger = int(np.count_nonzero(drawn >= observed * (1 - 1e-12)))
    return UnderCalibration(
        observed, float(drawn.mean()), float(np.quantile(drawn, confidence)), (1 + larger) / (len(drawn) + 1)
    )


def invert(
    draw: Callable[[float], FloatArray],
    truth: Callable[[float], FloatArray],
    observed: FloatArray,
    confidence: float,
) -> tuple[FloatArray, FloatArray]:
    r"""Return intervals for figures that cannot be negative and are too large on average.

    Deviations of the estimated shape and of a strength t (0: none, 1: as estimated) make a family of truths.
    The interval holds the figure under all strengths for which what was observed is neither in the upper nor
    in the lower tail of what would be observed,

    .. math:: \{T(t) : \alpha/2 \le P_t(T^* \ge T_{obs}),\ \alpha/2 \le P_t(T^* \le T_{obs})\}.

    Its low end is 0 where calibration itself (t = 0) cannot be excluded, and it is widened to hold what was
    observed, which can fall outside because it is too large on average.

    Parameters
    ----------
    draw : callable
        Takes t to draws of the figures, of shape (draws, figures).
    truth : callable
        Takes t to the true figures, of shape (figures,); 0 for t = 0.
    observed : array of shape (figures,)
        The figures that were observed.
    confidence : float
        Level of the intervals.

    Returns
    -------
    low, high : arrays of shape (figures,)
    """
    tails = ((1 + confidence) / 2, (1 - confidence) / 2)
    quantiles, truths = [], []
    for strength in STRENGTHS:
        quantiles.append(np.quantile(draw(strength), tails, axis=0))
        truths.append(truth(strength))
        if np.all(quantiles[-1] >= observed * (1 - 1e-12)):
            break
    # Of the upper quantile for the low end, of the lower quantile for the high end.
    reached, true = np.array(quantiles), np.array(truths)
    ends = [
        [_crossing(reached[:, end, figure], true[:, figure], value) for figure, value in enumerate(observed)]
        for end in (0, 1)
    ]
    return np.minimum(ends[0], observed), np.maximum(ends[1], observed)


def _crossing(quantile: FloatArray, truth: FloatArray, observed: float) -> float:
    # The true figure where a quantile of the drawn ones first reaches what was observed.
    above = np.flatnonzero(quantile >= observed * (1 - 1e-12))
    if above.size == 0:
        return float(truth[-1])
    first = int(above[0])
    if first == 0:
        return 0.0
    part = (observed - quantile[first - 1]) / (quantile[first] - quantile[first - 1])
    return float(truth[first - 1] + part * (truth[first] - truth[first - 1]))
