"""The Brier score of probabilities, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from triage.evaluation.capacity import ALL_CASES
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import check_cases, check_confidence
from triage.evaluation.ranking import rank_cases
from triage.evaluation.reliability import pool_adjacent
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class BrierParts:
    """The Brier score as miscalibration - discrimination + uncertainty.

    Parameters
    ----------
    score : Figure
        The Brier score.
    miscalibration : float
        What recalibration would take off (MCB, 0 or more; 0 is best).
    discrimination : float
        What the recalibrated probabilities take off the score of one constant (DSC, 0 or more).
    uncertainty : float
        The score of the best constant, the observed share (UNC).
    """

    score: Figure
    miscalibration: float
    discrimination: float
    uncertainty: float


def brier_score(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the mean squared difference between probability and outcome.

    .. math:: B = \sum_i w_i (p_i - y_i)^2 / \sum_i w_i

    The interval is that of a mean on the log scale, :math:`B \exp(\pm z\,se/B)`: squared errors are skewed
    where current abuse is rare, and the score cannot be negative. With weights se is the linearised standard
    error of the Hajek ratio. Nothing is clipped.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Without an interval (NaN) where all squared errors are equal: they do not show how they vary.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review
    78, 1-3.

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.1]).estimate  # (0.25 + 0.01) / 2
    0.13
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    w, squared = cases.weight, (np.asarray(cases.probability) - cases.outcome) ** 2
    rows, total = len(squared), float(w.sum())
    mean = float(w @ squared) / total
    weighted = "weighted " if cases.weighted else ""
    if squared.min() == squared.max():
        reason = f"{weighted}mean; no interval: all squared errors are equal"
        return Figure(mean, NAN, NAN, rows, reason, denominator)
    kish = kish_count(total, float(w @ w))
    error = float(w**2 @ (squared - mean) ** 2 / total**2 * kish / (kish - 1)) ** 0.5
    factor = float(np.exp(ndtri((1 + check_confidence(confidence)) / 2) * error / mean))
    method = f"{weighted}mean, normal {100 * confidence:g} % on the log scale"
    return Figure(mean, mean / factor, min(mean * factor, 1.0), rows, method, denominator)


def brier_parts(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> BrierParts:
    r"""Return the Brier score with its CORP decomposition.

    With B the score of the probabilities, C the score of their isotonic recalibration and R the score of the
    observed share,

    .. math:: B = \underbrace{(B - C)}_{MCB} - \underbrace{(R - C)}_{DSC} + \underbrace{R}_{UNC}

    The parts come without intervals; on few cases with current abuse MCB and DSC are both too large, because
    the recalibration is fitted to the same outcomes.

    Parameters, errors: see `brier_score`.

    References
    ----------
    Dimitriadis, T., Gneiting, T., Jordan, A. I. (2021). Stable reliability diagrams for probabilistic
    classifiers. Proceedings of the National Academy of Sciences 118, e2016191118.

    Examples
    --------
    >>> parts = brier_parts([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    >>> print(f"{parts.miscalibration:.3f} {parts.discrimination:.3f} {parts.uncertainty:.3f}")
    0.150 0.125 0.250
    """
    score = brier_score(outcome, probability, weight=weight, confidence=confidence, denominator=denominator)
    ranking = rank_cases(outcome, probability, weight)
    pools = pool_adjacent(ranking)
    recalibrated = float(pools.positive @ (1 - pools.observed)) / ranking.cases
    share = ranking.positives / ranking.cases
    uncertainty = share * (1 - share)
    # Both are 0 or more; rounding alone can take them below.
    miscalibration = max(score.estimate - recalibrated, 0.0)
    discrimination = max(uncertainty - recalibrated, 0.0)
    return BrierParts(score, miscalibration, discrimination, uncertainty)
