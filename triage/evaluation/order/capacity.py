"""What a ranking finds when only the first k cases can be opened.

What happens at the edges, for every figure here:

=============================  =====================================================================
a capacity                     a whole number is cases, 1 or more; a float above 0 and below 1 is a share;
                               all else is refused
a share of the cases           rounded up to a whole case, counted as the decimal number it is written as
k beyond the number of cases   all cases are opened, and `AtCapacity.k` says how many that is
all cases opened               recall and lift are 1, [1, 1]: whatever the cases, none is missed
cases tied at the cut          the mean over all their orders; Wilson's and Clopper and Pearson's interval go
                               from the low end at the worst order to the high end at the best
a constant score               all cases are tied: recall is k/n and precision P/n in the mean, lift is 1, and
                               the intervals go over all that the order of the ties could bring
no case with current abuse     recall and lift are not estimable, precision is 0 of k
nothing found                  recall, precision and lift are 0 with an upper end; the number needed to open
                               is not estimable, and its method gives the lower end
a score that is NaN            refused: a case without a score has no place in an order
an infinite score              the first or the last place
a row of weight 0              as if it were not there
=============================  =====================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.inputs import check_confidence
from triage.evaluation.order.shares import (
    NAMES,
    Interval,
    IntervalChoice,
    invert_precision,
    measure_lift,
    measure_precision,
    measure_recall,
)
from triage.evaluation.ranking import Cut, Ranking, cut_at, rank_cases
from triage.evaluation.resampling import RESAMPLES, resample_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NO_POSITIVES = "no case with current abuse"
ALL_CASES = "all cases"
CAPACITIES = (0.01, 0.023, 0.05, 0.10)


@dataclass(frozen=True)
class OverTies:
    """A number over all orders of the cases that are tied at the cut.

    Parameters
    ----------
    worst, best : float
        With the tied cases in the order that serves children least, and best.
    expected : float
        The mean over all orders (the hypergeometric mean, so it may be fractional).
    """

    worst: float
    expected: float
    best: float


@dataclass(frozen=True)
class AtCapacity:
    """What is found among the first k cases of a ranking.

    Parameters
    ----------
    k : float
        Cases opened. With weights: the sum of their weights.
    share : float
        The same as a share of the cases.
    cases, positives : float
        All cases, and those with current abuse. With weights: sums of weights.
    recall, precision, lift, needed : Figure
        See `recall_at`, `precision_at`, `lift_at`, `number_needed_at`.
    found, missed : OverTies
        Cases with current abuse among the first k, and after them. Each stands for at least one child.
    tied_at_cut : int
        Cases that share the score at which the cut falls; 0 where the cut falls between two scores.
    """

    k: float
    share: float
    cases: float
    positives: float
    recall: Figure
    precision: Figure
    lift: Figure
    needed: Figure
    found: OverTies
    missed: OverTies
    tied_at_cut: int


def cases_at(capacity: float, cases: float, *, whole: bool = True) -> float:
    """Return how many cases a capacity opens.

    Parameters
    ----------
    capacity : int or float
        A whole number of cases, 1 or more (above `cases` it means all); or a share of the cases, a float
        strictly between 0 and 1. The type decides, so that 1 is one case and 1.0 is refused.
    cases : float
        How many there are.
    whole : bool
        Round a share up to a whole case, as it must be when cases are opened one by one: a share then never
        opens fewer cases than it says, and at least one. The share counts as the decimal number it is
        written as: 0.1 of 30 cases is 3, not the 4 that binary rounding would give.

    Raises
    ------
    InputRefusedError
        Any other capacity.

    Examples
    --------
    >>> cases_at(0.023, 1000), cases_at(0.1, 30), cases_at(50, 30)
    (23, 3, 30)
    """
    kind = np.asarray(capacity).dtype.kind if np.ndim(capacity) == 0 else "several"
    if kind in "iu" and capacity >= 1:
        return min(int(capacity), cases)
    if kind == "f" and 0 < capacity < 1:
        exact = Fraction(str(capacity)) * Fraction(cases)
        return math.ceil(exact) if whole else float(exact)
    raise InputRefusedError(
        f"{capacity!r}",
        where="capacity",
        expected="a whole number of cases, 1 or more, or a share such as 0.023, above 0 and below 1",
    )


def at_capacity(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> AtCapacity:
    """Return all figures of a ranking at one capacity.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher is opened earlier.
    capacity : int or float
        A number of cases or a share of them; see `cases_at`.
    weight : array of shape (cases,), optional
        How many cases each row stands for, such as one over its inclusion probability. The capacity is then
        a number, or a share, of those cases. A share is rounded up to a whole case only where all weights
        are whole numbers.
    interval : {"wilson", "clopper-pearson", "bootstrap"}
        "wilson" is right on average for independent trials; "clopper-pearson" never holds less often than it
        says, and is wider. Both take the cut as given; with weights both stand on an effective count.
        "bootstrap" is the percentile interval of rows drawn with replacement, in which the score at the cut
        moves too; it is drawn exactly from counts (see `triage.evaluation.resampling.resample_at`), takes no
        weights, averages over ties, and gives way to "clopper-pearson" where none or all are found.
    resamples, seed : int
        Of the bootstrap.
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Raises
    ------
    InputRefusedError
        An array is not as described (NaN scores among them), the capacity is none, or weights come with the
        bootstrap.

    Notes
    -----
    The cut moves with the cases, which "wilson" and "clopper-pearson" do not know: it makes recall less
    variable than they say, and precision more. Simulated for normal scores (2,000 draws each; 500 and 2,000
    cases, 2 and 10 % with current abuse, 2 and 10 % opened, areas under the ROC curve of 0.76 and 0.92), 95 %
    intervals hold the recall and the precision of the population, in percent on average and at least:

    ===============  ============  ============
    interval         recall        precision
    ===============  ============  ============
    wilson           97.5, 95.2    94.7, 90.6
    clopper-pearson  98.6, 96.4    96.2, 91.6
    bootstrap        96.1, 94.4    94.8, 91.0
    ===============  ============  ============

    With a stronger score precision suffers more: at an area of 0.983, 5,000 cases, 1 % with current abuse and
    2 % opened, "wilson" held it in 87 to 91 %, "clopper-pearson" in 90 to 93 % and "bootstrap" in 94 % of 500
    to 1,500 draws.

    References
    ----------
    Wilson, E. B. (1927), and Clopper, C. J., Pearson, E. S. (1934): see `triage.evaluation.proportions`.

    Korn, E. L., Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data. Survey Methodology 24, 193-201 (Clopper and Pearson's interval
    on an effective count).

    Examples
    --------
    >>> at = at_capacity([1, 0, 1, 0, 0], [0.9, 0.8, 0.8, 0.1, 0.1], 2)
    >>> at.found, at.tied_at_cut
    (OverTies(worst=1.0, expected=1.5, best=2.0), 2)
    >>> print(at.recall)
    0.7500 [0.0945, 1.0000] (2 of those with current abuse among all cases; Wilson 95 %, widened ...)
    >>> print(at.needed)
    1.3333 [1.0000, 10.5785] (2 of those opened first, of all cases; 1 / precision, Wilson 95 %, widened ...)
    """
    return measure_capacity(
        rank_cases(outcome, score, weight),
        capacity,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    )


def recall_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of the cases with current abuse that are among the first k.

    The estimate is the mean over all orders of the cases tied at the cut. With a cases of which p have
    current abuse before the ties, and m tied cases of which q have it, of which r = k - a are opened,

    .. math:: \text{recall} = (p + q\,r/m) / P

    Its interval has the P cases with current abuse as independent trials. With weights the estimate is a
    ratio of sums of weights (Hajek), and count and total of the interval are scaled to an effective count
    (see `triage.evaluation.weighting`).

    Parameters, errors: see `at_capacity`.

    References
    ----------
    McSherry, F., Najork, M. (2008). Computing information retrieval performance measures efficiently in the
    presence of tied scores. ECIR 2008, LNCS 4956, 414-421.

    Examples
    --------
    >>> recall_at([1, 0, 0, 1], [4, 3, 2, 1], 0.5).estimate
    0.5
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).recall


def precision_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the share of the first k cases that have current abuse.

    Estimate, ties and interval as for `recall_at`, with the k opened cases as trials. It is estimable
    without any case with current abuse: then it is 0 of k, with an interval.

    Parameters, errors: see `at_capacity`.

    Examples
    --------
    >>> precision_at([1, 0, 0, 1], [4, 3, 2, 1], 1).estimate
    1.0
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).precision


def lift_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return how many times more cases with current abuse the first k hold than k cases drawn at random.

    .. math:: \text{lift} = \frac{\text{precision}}{P/n} = \text{recall} \cdot \frac{n}{k}

    n and k are fixed by the list, so the interval is that of recall times n/k, resampled P and all.

    Parameters, errors: see `at_capacity`.

    Examples
    --------
    >>> lift_at([1, 0, 0, 1], [4, 3, 2, 1], 1).estimate
    2.0
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).lift


def number_needed_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the number needed to open: cases opened for each one with current abuse among them.

    .. math:: \text{needed} = 1 / \text{precision}

    Known elsewhere as the number needed to evaluate, or to screen. Its interval is that of the precision,
    inverted; where precision may be 0 it has no upper end (infinity). Where nothing was found the number is
    not estimable, but the lower end, one over the upper end of precision, is known and given.

    Parameters, errors: see `at_capacity`.

    References
    ----------
    Romero-Brufau, S., Huddleston, J. M., Escobar, G. J., Liebow, M. (2015). Why the C-statistic is not
    informative to evaluate early warning scores and what metrics to use. Critical Care 19, 285.

    Examples
    --------
    >>> number_needed_at([1, 0, 0, 1], [4, 3, 2, 1], 2).estimate
    2.0
    >>> print(number_needed_at([0, 0, 1], [3, 2, 1], 2))
    not estimable (2 of those opened first, of all cases; no case with current abuse among those opened;
    at least 1.521 have to be opened for each one (Wilson 95 %))
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).needed


def measure_capacity(
    ranking: Ranking,
    capacity: float,
    *,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> AtCapacity:
    """Return all figures at one capacity from a ranking made before; see `at_capacity`."""
    cut = cut_at(ranking, cases_at(capacity, ranking.cases, whole=ranking.whole))
    if interval == "bootstrap":
        choice = _draw(ranking, cut, resamples, seed, confidence)
    else:
        choice = IntervalChoice(_check_interval(interval), check_confidence(confidence))
    found, positives = found_at(ranking, cut), ranking.positives
    if positives == 0:
        of = f"those with current abuse among {denominator}"
        recall = lift = Figure.not_estimable(NO_POSITIVES, 0, of)
    else:
        recall = measure_recall(ranking, cut, found, choice, denominator)
        lift = measure_lift(recall, ranking, cut, choice)
    precision = measure_precision(ranking, cut, found, choice, denominator)
    tied = int(ranking.rows[cut.group])
    return AtCapacity(
        k=int(cut.k) if ranking.whole else cut.k,
        share=cut.k / ranking.cases,
        cases=ranking.cases,
        positives=positives,
        recall=recall,
        precision=precision,
        lift=lift,
        needed=invert_precision(precision),
        found=found,
        missed=OverTies(positives - found.worst, positives - found.expected, positives - found.best),
        tied_at_cut=tied if cut.splits and tied > 1 else 0,
    )


def _check_interval(interval: Interval) -> Interval:
    if interval in NAMES:
        return interval
    raise InputRefusedError(
        f"{interval!r}", where="interval", expected="'wilson', 'clopper-pearson' or 'bootstrap'"
    )


def _draw(ranking: Ranking, cut: Cut, resamples: int, seed: int, confidence: float) -> IntervalChoice:
    drawn = resample_at(ranking, int(cut.k), resamples=resamples, seed=seed)
    origin = f"{resamples:,} resamples of cases, seed {seed}"
    return IntervalChoice("bootstrap", check_confidence(confidence), drawn, origin)


def found_at(ranking: Ranking, cut: Cut) -> OverTies:
    """Return the cases with current abuse before a cut, over all orders of the cases tied at it."""
    before = float(ranking.positive[: cut.group].sum())
    tied, tied_positive = float(ranking.weight[cut.group]), float(ranking.positive[cut.group])
    if not cut.splits:
        return OverTies(*[before + tied_positive] * 3)
    room = tied * cut.part
    return OverTies(
        worst=before + max(0.0, room - (tied - tied_positive)),
        expected=before + tied_positive * cut.part,
        best=before + min(room, tied_positive),
    )
