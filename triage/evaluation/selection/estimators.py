r"""What the whole list would show, from the cases that a logged lottery chose: Horvitz-Thompson and Hajek.

Every case i has an inclusion probability :math:`\pi_i`, with which it came to have an outcome; with an
outcome it has the weight :math:`w_i = 1/\pi_i`. The first k are those of the whole list, with or without
outcome; the weight of a case tied at the cut counts with the part of it that is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.figure import Figure
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.selection.cases import (
    LEAST_EFFECTIVE,
    SelectedCases,
    Side,
    Split,
    Target,
    add_up,
    check_selected,
    split_list,
    whole_list,
    why_not_weighted,
)
from triage.evaluation.selection.counts import (
    METHOD,
    WeightedCount,
    choose_extra,
    share_interval,
    total_interval,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.evaluation.inputs import FloatArray

NONE_MISSED = "no case with current abuse has been seen after the cut"
HORVITZ_THOMPSON, HAJEK = "Horvitz-Thompson", "Hajek"
_NOTHING = WeightedCount(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ListFigures:
    """What the first k cases of a whole list hold, by one way of estimating it.

    Parameters
    ----------
    precision : Figure
        Share of the first k cases with current abuse.
    recall : Figure
        Share of the cases with current abuse that are among the first k.
    found, missed : Figure
        Cases with current abuse among the first k, and after them.
    false_discovery : Figure
        Share of the first k cases without current abuse: 1 - precision.
    """

    precision: Figure
    recall: Figure
    found: Figure
    missed: Figure
    false_discovery: Figure


@dataclass(frozen=True)
class Options:
    """What all estimators of this room take.

    Parameters
    ----------
    target : {"population", "list"}
        "population": the interval is for cases like these, of which the list is a draw; "list": for this
        very list, in which only the choice of the cases is by chance.
    confidence : float
        Level of the intervals.
    least_effective : float
        Effective count (Kish) of cases with an outcome below which nothing is estimated.
    denominator : str
        Of which cases the figures speak.
    """

    target: Target = "population"
    confidence: float = 0.95
    least_effective: float = LEAST_EFFECTIVE
    denominator: str = ALL_CASES

    @property
    def interval(self) -> str:
        """Name of the interval of weighted counts."""
        of = "" if self.target == "population" else ", of this very list"
        return f"{METHOD} {100 * self.confidence:g} %{of}"


@dataclass(frozen=True, eq=False)
class CountedSide:
    """What the labelled cases of a side add up to.

    Parameters
    ----------
    side : Side
        All cases, the first k, or the others.
    rows, positives : int
        Cases with an outcome, and those of them with current abuse; tied ones count whole.
    reason : str
        Why they cannot stand for the whole side; empty where they can.
    positive, negative : WeightedCount
        With current abuse, and without.
    largest : float
        The largest weight of a case that could have been counted; 0 where all were.
    """

    side: Side
    rows: int
    positives: int
    reason: str
    positive: WeightedCount
    negative: WeightedCount
    largest: float = 0.0


@dataclass(frozen=True, eq=False)
class CountedSplit:
    """Both sides of a cut, counted.

    Parameters
    ----------
    opened, rest : CountedSide
        The first k cases, and those after them.
    positives : int
        Cases of the whole list that were seen to have current abuse.
    """

    opened: CountedSide
    rest: CountedSide
    positives: int


def horvitz_thompson_at(
    outcome: ArrayLike,
    score: ArrayLike,
    inclusion: ArrayLike,
    capacity: float,
    *,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ListFigures:
    r"""Return what the first k cases hold, by Horvitz and Thompson's estimator.

    Unbiased when every case had a chance to get an outcome and the probabilities are right, whatever the
    score and whatever the outcomes depend on:

    .. math:: \widehat{found} = \sum_{i \in s} w_i a_i y_i, \quad
        \widehat{missed} = \sum_{i \in s} w_i (1 - a_i) y_i, \quad
        \widehat{precision} = \widehat{found} / k

    with :math:`a_i` the part of case i that is opened. The recall is the ratio found / (found + missed), the
    same as Hajek's, and only nearly unbiased.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN without outcome.
    score : array of shape (cases,)
        Of every case on the list; higher is opened earlier.
    inclusion : array of shape (cases,)
        Probability with which a case came to have an outcome: that of being chosen, times that of its
        investigation having ended (see `finishing_chance`). NaN where it was not logged.
    capacity : int or float
        A number of cases, or a share of the whole list; see `cases_at`.
    target : {"population", "list"}
        "population": intervals for cases like these, of which the list is a draw, so that current abuse
        counts as Poisson. "list": intervals for this very list; only the choice of the cases varies, and a
        case chosen for sure adds no doubt.
    least_effective : float
        Kish's effective count of cases with an outcome, on each side that a figure rests on, below which the
        figure is not estimable.
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    ListFigures
        A figure is not estimable where its cases could not all have been chosen, where a case with an outcome
        has no logged probability, or where the effective count is too low; recall also where no case with
        current abuse has been seen after the cut (`missed` then has an upper end).

    Raises
    ------
    InputRefusedError
        An array is not as described.

    Notes
    -----
    Variances for independent lotteries: :math:`\sum w_i^2 (1 - \pi_i) t_i^2` for this list and
    :math:`\sum w_i^2 t_i^2` for the population, where t is what is summed; intervals as in `total_interval`
    and `share_interval`. For the population that is the variance of a Poisson count, too wide by a factor of
    up to 1 / (1 - precision) where precision is high *and* nearly all opened cases have outcomes; take
    `hajek_at` there.

    References
    ----------
    Horvitz, D. G., Thompson, D. J. (1952). A generalization of sampling without replacement from a finite
    universe. Journal of the American Statistical Association 47, 663-685.

    Särndal, C.-E., Swensson, B., Wretman, J. (1992). Model Assisted Survey Sampling. Springer, chapter 5.

    Examples
    --------
    >>> at = horvitz_thompson_at(
    ...     [1, None, 0, None, 1, None, 0, None],
    ...     [8, 7, 6, 5, 4, 3, 2, 1],
    ...     [0.5] * 4 + [0.25] * 4,
    ...     4,
    ...     least_effective=1,
    ... )
    >>> at.found.estimate, at.missed.estimate, at.precision.estimate
    (2.0, 4.0, 0.5)
    """
    options = Options(target, confidence, least_effective, denominator)
    return measure_horvitz_thompson(_enter(outcome, score, inclusion, capacity, options), options)


def hajek_at(
    outcome: ArrayLike,
    score: ArrayLike,
    inclusion: ArrayLike,
    capacity: float,
    *,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ListFigures:
    r"""Return what the first k cases hold, by Hajek's estimator.

    The sums of weights are divided by sums of weights, not by known sizes:

    .. math:: \widehat{precision} = \frac{\sum w_i a_i y_i}{\sum w_i a_i}, \quad
        \widehat{recall} = \frac{\sum w_i a_i y_i}{\sum w_i y_i}, \quad
        \widehat{found} = k\,\widehat{precision}, \quad
        \widehat{missed} = (n - k) \frac{\sum w_i (1 - a_i) y_i}{\sum w_i (1 - a_i)}

    It is nearly unbiased, varies less than Horvitz and Thompson's where outcomes vary less than weights, and
    does not mind if all probabilities are wrong by one factor.

    Parameters, errors, notes: see `horvitz_thompson_at`. Variances are those of the linearised ratio,
    :math:`\sum w_i^2 (y_i - \hat p)^2 / (\sum w_i)^2`, times :math:`1 - \pi_i` for this list.

    References
    ----------
    Hájek, J. (1971). Comment on a paper by D. Basu. In Foundations of Statistical Inference, Holt, Rinehart
    and Winston, 236.

    Examples
    --------
    >>> at = hajek_at(
    ...     [1, None, 0, None, 1, None, 0, None],
    ...     [8, 7, 6, 5, 4, 3, 2, 1],
    ...     [0.5] * 4 + [0.25] * 4,
    ...     4,
    ...     least_effective=1,
    ... )
    >>> at.precision.estimate, at.recall.estimate
    (0.5, 0.3333333333333333)
    """
    options = Options(target, confidence, least_effective, denominator)
    return measure_hajek(_enter(outcome, score, inclusion, capacity, options), options)


def horvitz_thompson_prevalence(
    outcome: ArrayLike,
    inclusion: ArrayLike,
    *,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of all cases with current abuse, :math:`\sum w_i y_i / n`.

    Parameters, errors: see `horvitz_thompson_at`.

    Examples
    --------
    >>> horvitz_thompson_prevalence([1, 0, None, None], [0.5] * 4, least_effective=1).estimate
    0.5
    """
    cases = check_selected(outcome, np.zeros(np.shape(outcome)), inclusion)
    options = Options(target, confidence, least_effective, denominator)
    return measure_prevalence(count_side(cases, whole_list(cases), options), options, HORVITZ_THOMPSON)


def hajek_prevalence(
    outcome: ArrayLike,
    inclusion: ArrayLike,
    *,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of all cases with current abuse, :math:`\sum w_i y_i / \sum w_i`.

    Parameters, errors: see `horvitz_thompson_at`.

    Examples
    --------
    >>> hajek_prevalence([1, 0, 0, None], [0.5, 0.25, 0.5, 0.5], least_effective=1).estimate
    0.25
    """
    cases = check_selected(outcome, np.zeros(np.shape(outcome)), inclusion)
    options = Options(target, confidence, least_effective, denominator)
    return measure_prevalence(count_side(cases, whole_list(cases), options), options, HAJEK)


def measure_prevalence(whole: CountedSide, options: Options, kind: str) -> Figure:
    """Return the share of all cases with current abuse by one of the two estimators."""
    return _share_of_side(whole, options, options.denominator, kind)


def measure_horvitz_thompson(split: CountedSplit, options: Options) -> ListFigures:
    """Return the figures of a list that was cut and counted before; see `horvitz_thompson_at`."""
    return _measure(split, options, HORVITZ_THOMPSON)


def measure_hajek(split: CountedSplit, options: Options) -> ListFigures:
    """Return the figures of a list that was cut and counted before; see `hajek_at`."""
    return _measure(split, options, HAJEK)


def one_minus(figure: Figure) -> Figure:
    """Return the complement of a share."""
    return replace(figure, estimate=1 - figure.estimate, low=1 - figure.high, high=1 - figure.low)


def describe_method(kind: str, options: Options, *counts: WeightedCount) -> str:
    """Return what stands in `Figure.method`: estimator, what it rests on, interval, and where it is thin."""
    thin = [count.extra for count in counts if count.thin]
    wide = f", wide: one more case of weight {max(thin):.4g} would change it" if thin else ""
    return f"{kind}, logged lottery, {options.interval}{wide}"


def count_split(cases: SelectedCases, split: Split, options: Options) -> CountedSplit:
    """Count both sides of a cut."""
    opened, rest = (count_side(cases, side, options) for side in (split.opened, split.rest))
    return CountedSplit(opened, rest, int(cases.outcome.sum()))


def count_side(cases: SelectedCases, side: Side, options: Options) -> CountedSide:
    """Count the labelled cases of a side by their weights: with current abuse, and without."""
    part = side.part[cases.labelled]
    seen = part > 0
    part, weight, y = part[seen], cases.weight[seen], cases.outcome[seen]
    rows, positives = len(part), int(np.count_nonzero(y))
    reason = why_not_weighted(cases, side, options.least_effective)
    if reason:
        return CountedSide(side, rows, positives, reason, _NOTHING, _NOTHING)
    of_list = options.target == "list"
    largest = _largest_weight(cases, side, weight, unseen=of_list)
    weights = part * weight
    mean = float(weights.sum() / part.sum())
    spread = weights * (weight - of_list)

    def count(kind: FloatArray) -> WeightedCount:
        total, variance, any_ = add_up(weights, kind), add_up(spread, kind), bool(kind.any())
        typical = max(mean, float((weight * kind).max())) if any_ else mean
        extra = choose_extra(variance, typical, largest)
        more = max(extra * (extra - of_list), 0.0)
        return WeightedCount(total, variance, extra, more, thin=any_ and extra > typical)

    return CountedSide(side, rows, positives, "", count(y), count(1 - y), largest)


def all_opened(seen: int, of: str) -> Figure:
    """Return the recall of a list that is opened to its end."""
    if seen == 0:
        return Figure.not_estimable(NO_POSITIVES, 0, of)
    return Figure(1.0, 1.0, 1.0, seen, "all cases opened", of)


def _largest_weight(cases: SelectedCases, side: Side, weight: FloatArray, *, unseen: bool) -> float:
    """Return the largest weight of a case of a side that could have been counted; 0 where all were."""
    here = side.part > 0
    if unseen:
        here[cases.labelled] = False
        if not here.any():
            return 0.0
    # No case has a probability of 0 here, and a comparison with NaN is false.
    smallest = float(np.fmin.reduce(cases.inclusion, where=here, initial=np.inf))
    return 1 / smallest if smallest <= 1 else float(weight.max())


def _enter(
    outcome: ArrayLike, score: ArrayLike, inclusion: ArrayLike, capacity: float, options: Options
) -> CountedSplit:
    cases = check_selected(outcome, score, inclusion)
    return count_split(cases, split_list(cases, (capacity,))[0], options)


def _measure(split: CountedSplit, options: Options, kind: str) -> ListFigures:
    first, after = (
        f"those opened first, of {options.denominator}",
        f"those after the cut, of {options.denominator}",
    )
    precision = _share_of_side(split.opened, options, first, kind)
    found = precision.times(split.opened.side.size)
    if split.rest.side.size == 0:
        missed = Figure(0.0, 0.0, 0.0, 0, "all cases opened", after)
    else:
        missed = _share_of_side(split.rest, options, after, kind).times(split.rest.side.size)
    return ListFigures(precision, _recall(split, options, kind), found, missed, one_minus(precision))


def _share_of_side(counted: CountedSide, options: Options, of: str, kind: str) -> Figure:
    if counted.reason:
        return Figure.not_estimable(counted.reason, counted.rows, of)
    positive, negative = counted.positive, counted.negative
    if kind == HORVITZ_THOMPSON:
        method = describe_method(kind, options, positive)
        ends, size = total_interval(positive, confidence=options.confidence), counted.side.size
        low, high = (min(end / size, 1.0) for end in ends)
        return Figure(positive.total / size, low, high, counted.rows, method, of)
    method = describe_method(kind, options, positive, negative)
    low, high = share_interval(positive, negative, confidence=options.confidence)
    share = positive.total / (positive.total + negative.total)
    return Figure(share, low, high, counted.rows, method, of)


def _recall(split: CountedSplit, options: Options, kind: str) -> Figure:
    of = f"those with current abuse among {options.denominator}"
    opened, rest = split.opened, split.rest
    # A case tied at the cut is counted on both sides.
    seen = split.positives
    if rest.side.size == 0:
        return all_opened(seen, of)
    reason = opened.reason or rest.reason
    if not reason and rest.positives == 0:
        reason = NONE_MISSED if seen else NO_POSITIVES
    if reason:
        return Figure.not_estimable(reason, seen, of)
    low, high = share_interval(opened.positive, rest.positive, confidence=options.confidence)
    method = describe_method(f"{kind} (ratio)", options, opened.positive, rest.positive)
    found, missed = opened.positive.total, rest.positive.total
    return Figure(found / (found + missed), low, high, seen, method, of)
