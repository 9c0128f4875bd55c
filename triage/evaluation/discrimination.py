"""How well a score separates cases with current abuse from the others, over all thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit

from triage.evaluation.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import FloatArray, check_confidence
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Scale = Literal["logit", "plain"]


def roc_auc(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    scale: Scale = "logit",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the area under the ROC curve with DeLong's interval.

    The estimate is the Mann-Whitney share of pairs in which the case with current abuse has the higher
    score; a tied pair counts half. With the placements :math:`V_{10}(i)` (share of the other cases that lie
    below case i) and :math:`V_{01}(j)` (share of the cases with current abuse that lie above case j), over m
    cases with current abuse and n others,

    .. math:: \widehat{var} = \frac{1}{m(m-1)}\sum_i (V_{10}(i) - A)^2
        + \frac{1}{n(n-1)}\sum_j (V_{01}(j) - A)^2

    computed after one sort. With weights, shares are of weights, each sum has the squared weights and is
    divided by the square of their sum, and m in m/(m-1) is Kish's effective count.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher means likelier.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    scale : {"logit", "plain"}
        "logit": symmetric on the logit scale, so that it stays within 0 and 1 (Pepe 2003, section 5.2), with
        the quantile of Student's t at Satterthwaite's degrees of freedom for the two sums. "plain": A -/+ z
        se as DeLong has it, cut off at 0 and 1; it covers less often.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Not estimable when one of the two kinds of cases is missing. Where the variance is 0 (all pairs in
        order, all in the wrong order, or all tied) or has no estimate (fewer than two cases of a kind), the
        interval is Clopper-Pearson on min(m, n) pairs that share no case: valid and wide.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    Notes
    -----
    With few cases with current abuse and an area near 1 every such interval is too short. Simulated with
    normal scores and 1,000 other cases, the 95 % interval on the logit scale holds an area of 0.76 in 95 % of
    draws from 10 cases with current abuse on; an area of 0.96 in 84, 89, 91 and 93 % of draws with 10, 20, 40
    and, beside 5,000 others, 100 of them (plain: 74, 83, 88 and 91 %). With weights it is too short as well
    where few cases with current abuse carry most of the weight.

    References
    ----------
    DeLong, E. R., DeLong, D. M., Clarke-Pearson, D. L. (1988). Comparing the areas under two or more
    correlated receiver operating characteristic curves. Biometrics 44, 837-845.

    Sun, X., Xu, W. (2014). Fast implementation of DeLong's algorithm. IEEE Signal Processing Letters 21,
    1389-1393.

    Pepe, M. S. (2003). The Statistical Evaluation of Medical Tests for Classification and Prediction. Oxford.

    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics
    Bulletin 2, 110-114.

    Examples
    --------
    >>> roc_auc([1, 1, 0, 0, 0], [0.9, 0.4, 0.4, 0.2, 0.1]).estimate
    0.9166666666666667
    """
    ranking = rank_cases(outcome, score, weight)
    return measure_auc(ranking, scale=scale, confidence=confidence, denominator=denominator)


def measure_auc(
    ranking: Ranking, *, scale: Scale = "logit", confidence: float = 0.95, denominator: str = ALL_CASES
) -> Figure:
    """Return the area under the ROC curve of a ranking made before; see `roc_auc`."""
    positive, negative = ranking.positive, ranking.weight - ranking.positive
    rows, positive_rows = int(ranking.rows.sum()), int(ranking.positive_rows.sum())
    if positive_rows == 0:
        return Figure.not_estimable(NO_POSITIVES, rows, denominator)
    if positive_rows == rows:
        return Figure.not_estimable("no case without current abuse", rows, denominator)
    above = _placement(positive)
    below = 1 - _placement(negative)
    area = min(float(positive @ below / positive.sum()), 1.0)
    sums = (
        _Sum.of(below - area, positive, ranking.positive_squared),
        _Sum.of(above - area, negative, ranking.weight_squared - ranking.positive_squared),
    )
    low, high, method = _interval(area, sums, scale, check_confidence(confidence))
    weighted = "weighted " if ranking.weighted else ""
    kinds = f"{positive_rows:,} cases with current abuse against {rows - positive_rows:,}"
    return Figure(area, low, high, rows, f"{weighted}Mann-Whitney, {method}; {kinds}", denominator)


@dataclass(frozen=True)
class _Sum:
    """One of the two sums of DeLong's variance, and the effective count it rests on."""

    variance: float
    count: float

    @classmethod
    def of(cls, deviation: FloatArray, weight: FloatArray, squared: FloatArray) -> _Sum:
        total = float(weight.sum())
        count = kish_count(total, float(squared.sum()))
        if count <= 1 + 1e-12:
            return cls(NAN, count)
        return cls(float(squared @ deviation**2) / total**2 * count / (count - 1), count)


def _placement(weight: FloatArray) -> FloatArray:
    # Groups run from the highest score down: what comes before a group lies above it; its own ties are half.
    placement: FloatArray = (np.cumsum(weight) - weight / 2) / weight.sum()
    return placement


def _interval(
    area: float, sums: tuple[_Sum, _Sum], scale: Scale, confidence: float
) -> tuple[float, float, str]:
    level = f"{100 * confidence:g} %"
    variance = sum(one.variance for one in sums)
    # Rounding leaves a trace of variance where all placements are equal.
    if not variance > 1e-18:
        pairs = min(one.count for one in sums)
        ends = clopper_pearson_interval(area * pairs, pairs, confidence=confidence)
        return float(ends[0]), float(ends[1]), f"Clopper-Pearson {level} on {pairs:.6g} separate pairs"
    error, tail = variance**0.5, (1 + confidence) / 2
    if scale == "plain":
        half = float(ndtri(tail)) * error
        return max(area - half, 0.0), min(area + half, 1.0), f"DeLong {level}"
    freedom = variance**2 / sum(one.variance**2 / (one.count - 1) for one in sums)
    half = float(stdtrit(freedom, tail)) * error / (area * (1 - area))
    ends = expit(logit(area) + np.array([-half, half]))
    return float(ends[0]), float(ends[1]), f"DeLong {level} on the logit scale"
