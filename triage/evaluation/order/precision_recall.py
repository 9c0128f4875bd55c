"""Precision over all capacities: average precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.inputs import FloatArray, check_confidence
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.order.linearised import (
    NO_VARIANCE,
    VariancePart,
    degrees_of_freedom,
    logit_interval,
    steady_variance,
)
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = Literal["steadied", "jackknife", "binomial"]


def average_precision(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "steadied",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the average precision: the area under the precision-recall curve, as steps.

    .. math:: AP = \sum_g (R_g - R_{g-1})\, P_g

    with recall R and precision P after each group g of equal scores, highest first: the mean, over the cases
    with current abuse, of the precision when all cases down to theirs and its ties are opened. Chance has the
    share of current abuse, so it is read beside that share and never compared across shares. Nothing is
    interpolated between the steps (a straight line there would be too good), so it is the
    ``average_precision_score`` of scikit-learn, weights and all.

    The variance is the infinitesimal jackknife's. With :math:`p_g` cases with current abuse in group g,
    :math:`N_g` cases down to its end and m with current abuse in all, a case in group h, weighted a little
    more, moves AP by

    .. math:: \frac1m \Bigl[y \bigl(P_h - AP + \sum_{g \ge h} \tfrac{p_g}{N_g}\bigr)
        - \sum_{g \ge h} \tfrac{p_g P_g}{N_g}\Bigr]

    and the squares are summed after one sort.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher is opened earlier.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    interval : {"steadied", "jackknife", "binomial"}
        All are symmetric on the logit scale. "jackknife": with that variance and Student's t at
        Satterthwaite's degrees of freedom. "steadied": the same, mixed with AP (1 - AP)/m as if that had 7
        degrees of freedom (see `triage.evaluation.order.linearised.steady_variance`). "binomial":
        AP (1 - AP)/m alone, after Boyd et al.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Not estimable without a case with current abuse. Where the variance is 0 (all in order; or a constant
        score) or has no estimate (a single case with current abuse), the interval is Clopper-Pearson on AP m
        out of m.

    Raises
    ------
    InputRefusedError
        An array is not as described, or there is no such interval.

    Notes
    -----
    AP of a sample lies above that of the population where cases with current abuse are few and the score is
    weak: by up to 0.6 of its standard error with 10 to 30 of them. The interval does not correct that.

    Simulated for normal scores (1,500 draws each; with current abuse as, twice and half as spread; areas
    under the ROC curve of 0.69, 0.86, 0.96 and 0.99; 1, 5 and 30 % current abuse; 10, 30, 100 and 300
    cases with it among up to 10,000), the 95 % interval holds the AP of the population in 95.9 % of
    draws on average and 86.1 % at least, at an AP of 0.98 ("jackknife" 95.0 and 85.1; "binomial" 97.2
    and 90.3, but it stays too wide or too short however many cases there are).

    References
    ----------
    Boyd, K., Eng, K. H., Page, C. D. (2013). Area under the precision-recall curve: point estimates and
    confidence intervals. ECML PKDD 2013, LNCS 8190, 451-466.

    Davis, J., Goadrich, M. (2006). The relationship between precision-recall and ROC curves. ICML 2006,
    233-240.

    Efron, B. (1982). The Jackknife, the Bootstrap and Other Resampling Plans. SIAM, chapter 6.

    Examples
    --------
    >>> average_precision([1, 0, 1, 0], [4, 3, 2, 1]).estimate  # (1/1 + 2/3) / 2
    0.8333333333333333
    """
    ranking = rank_cases(outcome, score, weight)
    return measure_average_precision(
        ranking, interval=interval, confidence=confidence, denominator=denominator
    )


def measure_average_precision(
    ranking: Ranking,
    *,
    interval: Interval = "steadied",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the average precision of a ranking made before; see `average_precision`."""
    if interval not in {"steadied", "jackknife", "binomial"}:
        raise InputRefusedError(
            f"{interval!r}", where="interval", expected="'steadied', 'jackknife' or 'binomial'"
        )
    confidence = check_confidence(confidence)
    rows, positives = int(ranking.rows.sum()), ranking.positives
    if positives == 0:
        return Figure.not_estimable(NO_POSITIVES, rows, denominator)
    opened = np.cumsum(ranking.weight)
    precision = np.minimum(np.cumsum(ranking.positive) / opened, 1.0)
    average = min(float(ranking.positive @ precision) / positives, 1.0)
    # What one more case at the place of a group does to the precision from there on.
    raised = _sum_onwards(ranking.positive / opened)
    lowered = _sum_onwards(ranking.positive * precision / opened)
    parts = (
        VariancePart.of(precision + raised - lowered - average, positives, ranking.positive_squared),
        _others(lowered, ranking),
    )
    low, high, method = _interval(average, parts, interval, confidence)
    weighted = "weighted " if ranking.weighted else ""
    kinds = f"{int(ranking.positive_rows.sum()):,} cases with current abuse"
    return Figure(average, low, high, rows, f"{weighted}average precision, {method}; {kinds}", denominator)


def _others(lowered: FloatArray, ranking: Ranking) -> VariancePart:
    negatives = ranking.cases - ranking.positives
    squared = ranking.weight_squared - ranking.positive_squared
    if not kish_count(negatives, float(squared.sum())) > 1:
        return VariancePart(0.0, np.inf)
    # The deviation is a change for each case over the number with current abuse.
    return VariancePart.of(lowered * (negatives / ranking.positives), negatives, squared)


def _interval(
    average: float, parts: tuple[VariancePart, VariancePart], interval: Interval, confidence: float
) -> tuple[float, float, str]:
    level, positives = f"{100 * confidence:g} %", parts[0].count
    variance = sum(part.variance for part in parts)
    if not variance > NO_VARIANCE or not 0 < average < 1:
        low, high = clopper_pearson_interval(average * positives, positives, confidence=confidence)
        return float(low), float(high), f"Clopper-Pearson {level}"
    model = average * (1 - average) / positives
    freedom = degrees_of_freedom(parts)
    if interval == "binomial":
        return *logit_interval(average, model, np.inf, confidence), f"binomial {level} on the logit scale"
    if interval == "steadied":
        ends = logit_interval(average, *steady_variance(variance, freedom, model), confidence)
        return *ends, f"infinitesimal jackknife {level} on the logit scale, steadied by the binomial variance"
    ends = logit_interval(average, variance, freedom, confidence)
    return *ends, f"infinitesimal jackknife {level} on the logit scale"


def _sum_onwards(values: FloatArray) -> FloatArray:
    return np.cumsum(values[::-1])[::-1]
