"""Differences between two scores, or two probabilities, over all cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from triage.evaluation.calibration.corp import brier_score
from triage.evaluation.figure import NAN, Figure, HypothesisTest
from triage.evaluation.inputs import check_cases, check_confidence
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.order.linearised import NO_VARIANCE, VariancePart, degrees_of_freedom
from triage.evaluation.order.precision_recall import measure_average_precision
from triage.evaluation.ranking import Ranking, group_rows, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import Cases, FloatArray


@dataclass(frozen=True)
class PairedComparison:
    """One statistic of two scores of the same cases.

    Parameters
    ----------
    first, second : Figure
        The statistic of each.
    difference : Figure
        First minus second.
    test : HypothesisTest
        Of the hypothesis that they are equal.
    """

    first: Figure
    second: Figure
    difference: Figure
    test: HypothesisTest


def compare_brier(
    outcome: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> PairedComparison:
    r"""Compare the Brier scores of two probabilities of the same cases.

    With the differences of the squared errors :math:`d_i = (p_{1i} - y_i)^2 - (p_{2i} - y_i)^2`, the mean
    difference has the interval and the test of a paired t, as Diebold and Mariano compare forecasts, here of
    cases that do not follow each other. Below 0 the first is better. With weights the mean is a ratio of sums
    (Hajek), its variance is linearised, and Kish's effective count gives the degrees of freedom.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    first, second : array of shape (cases,)
        Two probabilities, from 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    PairedComparison
        Without interval and test where all differences are equal, unless they are 0: then p is 1.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Diebold, F. X., Mariano, R. S. (1995). Comparing predictive accuracy. Journal of Business & Economic
    Statistics 13, 253-263.

    Examples
    --------
    >>> compared = compare_brier([1, 0, 0, 0], [0.8, 0.1, 0.2, 0.1], [0.6, 0.3, 0.2, 0.2])
    >>> print(compared.difference.brief(3), compared.test.brief())
    -0.058 [-0.142, 0.027] statistic -2.164 on 3 degrees of freedom, p = 0.119
    """
    cases = check_cases(outcome, probability=first, weight=weight)
    other = check_cases(outcome, probability=second, weight=weight)
    one, two = (
        brier_score(outcome, each, weight=weight, confidence=confidence, denominator=denominator)
        for each in (first, second)
    )
    y, w = cases.outcome, cases.weight
    change = (np.asarray(cases.probability) - y) ** 2 - (np.asarray(other.probability) - y) ** 2
    total = float(w.sum())
    mean, kish = float(w @ change) / total, kish_count(total, float(w @ w))
    spread = float(w**2 @ (change - mean) ** 2) / total**2
    variance = spread * kish / (kish - 1) if kish > 1 else NAN
    weighted = "weighted (Hajek) " if cases.weighted else ""
    method = f"{weighted}mean difference of squared errors, paired t"
    difference = _Difference(mean, variance, kish - 1, method, len(y))
    return PairedComparison(one, two, *difference.conclude(confidence, denominator))


def compare_average_precision(
    outcome: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> PairedComparison:
    """Compare the average precision of two scores of the same cases.

    The variance of the difference is the infinitesimal jackknife's: what a case, weighted a little more,
    moves the one statistic by, less what it moves the other by (see `average_precision`). Student's t has
    Satterthwaite's degrees of freedom.

    Parameters, errors: see `triage.evaluation.order.auc_difference.compare_auc`.

    Returns
    -------
    PairedComparison
        Not estimable without a case with current abuse; no test without two of them.

    References
    ----------
    Efron, B. (1982). The Jackknife, the Bootstrap and Other Resampling Plans. SIAM, chapter 6.

    Examples
    --------
    >>> compared = compare_average_precision([1, 0, 1, 0], [4, 3, 2, 1], [4, 2, 3, 1])
    >>> print(f"{compared.difference.estimate:.4f}")  # 5/6 - 1
    -0.1667
    """
    cases = check_cases(outcome, score=first, weight=weight)
    other = check_cases(outcome, score=second, weight=weight)
    scores = np.asarray(cases.score), np.asarray(other.score)
    weights = cases.weight if cases.weighted else None
    rankings = rank_cases(cases.outcome, scores[0], weights), rank_cases(cases.outcome, scores[1], weights)
    groups = group_rows(scores[0]), group_rows(scores[1])
    return measure_average_precisions(cases, rankings, groups, confidence=confidence, denominator=denominator)


def measure_average_precisions(
    cases: Cases,
    rankings: tuple[Ranking, Ranking],
    groups: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> PairedComparison:
    """Return the comparison from two rankings made before; see `compare_average_precision`."""
    y, w, rows = cases.outcome, cases.weight, len(cases.outcome)
    first, second = (
        measure_average_precision(ranking, confidence=confidence, denominator=denominator)
        for ranking in rankings
    )
    if not first.estimable:
        test = HypothesisTest.not_possible(NO_POSITIVES, rows, denominator)
        return PairedComparison(first, second, first, test)
    (found_1, passed_1), (found_2, passed_2) = (
        _influence(ranking, figure.estimate)
        for ranking, figure in zip(rankings, (first, second), strict=True)
    )
    positive = y == 1
    one, two = (group[positive] for group in groups)
    parts = [VariancePart.of(found_1[one] - found_2[two], float(w @ y), w[positive] ** 2)]
    one, two = (group[~positive] for group in groups)
    others = float(w @ (1 - y))
    if len(one) > 1:
        change = (passed_1[one] - passed_2[two]) * (others / float(w @ y))
        parts.append(VariancePart.of(change, others, w[~positive] ** 2))
    variance = sum(part.variance for part in parts)
    freedom = degrees_of_freedom(tuple(parts)) if variance > NO_VARIANCE else NAN
    weighted = "weighted " if cases.weighted else ""
    method = f"{weighted}difference of average precision, infinitesimal jackknife"
    difference = _Difference(first.estimate - second.estimate, variance, freedom, method, rows)
    return PairedComparison(first, second, *difference.conclude(confidence, denominator))


def _influence(ranking: Ranking, average: float) -> tuple[FloatArray, FloatArray]:
    """Return what a case of each group moves the statistic by: with current abuse, and without."""
    opened = np.cumsum(ranking.weight)
    precision = np.cumsum(ranking.positive) / opened
    raised, lowered = (
        np.cumsum(values[::-1])[::-1]
        for values in (ranking.positive / opened, ranking.positive * precision / opened)
    )
    return precision + raised - lowered - average, -lowered


@dataclass(frozen=True)
class _Difference:
    """A mean difference, its variance, and the degrees of freedom of that."""

    estimate: float
    variance: float
    freedom: float
    method: str
    rows: int

    def conclude(self, confidence: float, denominator: str) -> tuple[Figure, HypothesisTest]:
        """Return the difference with its interval, and the test that it is 0."""
        tested = f"{self.method}; test that both are equal, two-sided"
        # NaN, where there are fewer than two cases, is not above either.
        if not self.variance > NO_VARIANCE:
            return self._without_variance(tested, denominator)
        error = self.variance**0.5
        half = float(stdtrit(self.freedom, (1 + check_confidence(confidence)) / 2)) * error
        # Both are shares, and few effective cases leave t a quantile without bounds.
        low, high = max(self.estimate - half, -1.0), min(self.estimate + half, 1.0)
        method = f"{self.method} {100 * confidence:g} %"
        figure = Figure(self.estimate, low, high, self.rows, method, denominator)
        statistic = self.estimate / error
        p = 2 * float(stdtr(self.freedom, -abs(statistic)))
        return figure, HypothesisTest(statistic, p, self.rows, tested, denominator, self.freedom)

    def _without_variance(self, tested: str, denominator: str) -> tuple[Figure, HypothesisTest]:
        same = self.variance <= NO_VARIANCE and abs(self.estimate) <= NO_VARIANCE**0.5
        reason = "no case differs" if same else "the difference has no variance"
        method = f"{self.method}; no interval: {reason}"
        figure = Figure(self.estimate, NAN, NAN, self.rows, method, denominator)
        if same:
            return figure, HypothesisTest(0.0, 1.0, self.rows, f"{tested}; {reason}", denominator)
        return figure, HypothesisTest.not_possible(reason, self.rows, denominator)
