"""What a ranking finds when only the first k cases can be opened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.proportions import wilson_interval
from triage.evaluation.ranking import Cut, Ranking, cut_at, rank_cases
from triage.evaluation.weighting import effective_count, kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NO_POSITIVES = "no case with current abuse"
ALL_CASES = "all cases"


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
    recall, precision, lift : Figure
        See `recall_at`, `precision_at`, `lift_at`.
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
    kind = np.asarray(capacity).dtype.kind
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
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Raises
    ------
    InputRefusedError
        An array is not as described (NaN scores among them), or the capacity is none.

    Examples
    --------
    >>> at = at_capacity([1, 0, 1, 0, 0], [0.9, 0.8, 0.8, 0.1, 0.1], 2)
    >>> at.found, at.tied_at_cut
    (OverTies(worst=1.0, expected=1.5, best=2.0), 2)
    >>> print(at.recall)
    0.7500 [0.0945, 1.0000] (2 of cases with current abuse among all cases; Wilson 95 %, widened over ...)
    """
    ranking = rank_cases(outcome, score, weight)
    return measure_capacity(ranking, capacity, confidence=confidence, denominator=denominator)


def recall_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of the cases with current abuse that are among the first k.

    The estimate is the mean over all orders of the cases tied at the cut. With a cases of which p have
    current abuse before the ties, and m tied cases of which q have it, of which r = k - a are opened,

    .. math:: \text{recall} = (p + q\,r/m) / P

    Its interval is Wilson's, with the P cases with current abuse as independent trials. Where the cut splits
    a tie, it goes from the low end at the worst order to the high end at the best. With weights the estimate
    is a ratio of sums of weights (Hajek), and count and total of the interval are scaled to an effective
    count (see `triage.evaluation.weighting`). When all cases are opened, recall is 1 without an interval's
    width. Without any case with current abuse it is not estimable.

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
        outcome, score, capacity, weight=weight, confidence=confidence, denominator=denominator
    ).recall


def precision_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
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
        outcome, score, capacity, weight=weight, confidence=confidence, denominator=denominator
    ).precision


def lift_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return how many times more cases with current abuse the first k hold than k cases drawn at random.

    .. math:: \text{lift} = \frac{\text{precision}}{P/n} = \text{recall} \cdot \frac{n}{k}

    n and k are fixed by the list, so the interval is that of recall times n/k.

    Parameters, errors: see `at_capacity`.

    Examples
    --------
    >>> lift_at([1, 0, 0, 1], [4, 3, 2, 1], 1).estimate
    2.0
    """
    return at_capacity(
        outcome, score, capacity, weight=weight, confidence=confidence, denominator=denominator
    ).lift


def measure_capacity(
    ranking: Ranking, capacity: float, *, confidence: float = 0.95, denominator: str = ALL_CASES
) -> AtCapacity:
    """Return all figures at one capacity from a ranking made before; see `at_capacity`."""
    cut = cut_at(ranking, cases_at(capacity, ranking.cases, whole=ranking.whole))
    found = found_at(ranking, cut)
    positives = ranking.positives
    recall = _recall(ranking, cut, found, confidence, denominator)
    rows = int(ranking.rows[cut.group])
    return AtCapacity(
        k=int(cut.k) if ranking.whole else cut.k,
        share=cut.k / ranking.cases,
        cases=ranking.cases,
        positives=positives,
        recall=recall,
        precision=_precision(ranking, cut, found, confidence, denominator),
        lift=recall.times(ranking.cases / cut.k),
        found=found,
        missed=OverTies(positives - found.worst, positives - found.expected, positives - found.best),
        tied_at_cut=rows if cut.splits and rows > 1 else 0,
    )


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


def _recall(ranking: Ranking, cut: Cut, found: OverTies, confidence: float, denominator: str) -> Figure:
    rows, positives = int(ranking.positive_rows.sum()), ranking.positives
    of = f"cases with current abuse among {denominator}"
    if positives == 0:
        return Figure.not_estimable(NO_POSITIVES, 0, of)
    if cut.group == len(ranking.score) - 1 and not cut.splits:
        return Figure(1.0, 1.0, 1.0, rows, "all cases opened", of)
    share = min(found.expected / positives, 1.0)
    squared = ranking.positive_squared
    before, tied, after = (
        float(squared[: cut.group].sum()),
        float(squared[cut.group]),
        float(squared[cut.group + 1 :].sum()),
    )
    spread = before * (1 - share) ** 2 + tied * (cut.part - share) ** 2 + after * share**2
    trials = effective_count(share, spread / positives**2, kish_count(positives, before + tied + after))
    low, high, method = _wilson(found, positives, trials, confidence, weighted=ranking.weighted)
    return Figure(share, low, high, rows, method, of)


def _precision(ranking: Ranking, cut: Cut, found: OverTies, confidence: float, denominator: str) -> Figure:
    part = np.ones(cut.group + 1)
    part[-1] = cut.part
    opened = slice(0, cut.group + 1)
    share = min(found.expected / cut.k, 1.0)
    positive = float(part @ ranking.positive_squared[opened])
    negative = float(part @ ranking.weight_squared[opened]) - positive
    spread = positive * (1 - share) ** 2 + negative * share**2
    trials = effective_count(share, spread / cut.k**2, kish_count(cut.k, positive + negative))
    rows = int(ranking.rows[opened].sum()) if ranking.weighted else int(cut.k)
    low, high, method = _wilson(found, cut.k, trials, confidence, weighted=ranking.weighted)
    return Figure(share, low, high, rows, method, f"cases opened, of {denominator}")


def _wilson(
    found: OverTies, total: float, trials: float, confidence: float, *, weighted: bool
) -> tuple[float, float, str]:
    counts = np.array([found.worst, found.best]) * (trials / total)
    low, high = wilson_interval(counts, trials, confidence=confidence)
    method = f"Wilson {100 * confidence:g} %"
    if weighted:
        method = f"weighted (Hajek), {method} on an effective count of {trials:.1f}"
    if found.best > found.worst:
        method += ", widened over ties at the cut"
    return float(low[0]), float(high[1]), method
