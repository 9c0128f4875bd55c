"""How far the figures of a list can lie apart when nothing is assumed of the cases without outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, as_plain
from triage.evaluation.inputs import check_confidence
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.selection.cases import SelectedCases, Side, Split, check_selected, split_list
from triage.evaluation.selection.counts import WeightedCount, total_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST_IN_BAND = 20


@dataclass(frozen=True)
class Bounds:
    """Between what two numbers the truth lies.

    Parameters
    ----------
    low, high : float
        The bounds; NaN where there are none.
    low_limit, high_limit : float
        Ends of an interval for the truth, where the bounds themselves are estimated; NaN where they are not.
    count : int
        Cases with an outcome that they rest on.
    method : str
        What they assume, or why there are none.
    denominator : str
        Of which cases they speak.
    """

    low: float
    high: float
    low_limit: float
    high_limit: float
    count: int
    method: str
    denominator: str

    @classmethod
    def of(cls, low: float, high: float, count: int, method: str, denominator: str) -> Bounds:
        """Return bounds that are not estimated; without any where they are NaN."""
        if math.isnan(low):
            return cls(NAN, NAN, NAN, NAN, count, f"not estimable: {NO_POSITIVES} is possible", denominator)
        return cls(low, high, NAN, NAN, count, method, denominator)

    @property
    def estimable(self) -> bool:
        """Whether there are bounds."""
        return not math.isnan(self.low)

    def as_dict(self) -> dict[str, Any]:
        """Return the bounds as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def brief(self, digits: int = 4) -> str:
        """Return the bounds alone."""
        if not self.estimable:
            return "not estimable"
        return f"{self.low:.{digits}f} to {self.high:.{digits}f}"

    def __str__(self) -> str:
        """Return the bounds as one line."""
        method = self.method.removeprefix("not estimable: ")
        return f"{self.brief()} ({self.count:,} of {self.denominator}; {method})"


@dataclass(frozen=True)
class ListBounds:
    """Bounds of what a list holds.

    Parameters
    ----------
    prevalence : Bounds
        Of the share of all cases with current abuse.
    precision, recall : Bounds
        See `triage.evaluation.selection.estimators.ListFigures`.
    found, missed : Bounds
        Of the cases with current abuse among the first k, and after them.
    """

    prevalence: Bounds
    precision: Bounds
    recall: Bounds
    found: Bounds
    missed: Bounds


@dataclass(frozen=True)
class _Known:
    """Cases on one side of the cut: known to have current abuse, and without outcome."""

    yes: float
    unknown: float


def bounds_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    at_least: float = 0.0,
    at_most: float = 1.0,
    denominator: str = ALL_CASES,
) -> ListBounds:
    r"""Return what the figures of this very list can be, whatever the cases without outcome are.

    With F and M cases known to have current abuse among the first k and after them, and u and v cases without
    outcome there,

    .. math:: \text{precision} \in [F/k,\ (F + u)/k], \quad
        \text{recall} \in \left[\frac{F}{F + M + v},\ \frac{F + u}{F + u + M}\right]

    These are sharp: each end comes about with some outcomes. They need no lottery and no model, and say of
    other estimates what part of them is assumption.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN without outcome.
    score : array of shape (cases,)
        Of every case on the list; higher is opened earlier. Cases tied at the cut are placed as is worst, and
        best.
    capacity : int or float
        A number of cases, or a share of the whole list; see `cases_at`.
    at_least, at_most : float
        What is assumed of the share with current abuse among the cases without outcome, as a whole. Nothing,
        by default.
    denominator : str
        Of which cases the bounds speak.

    Raises
    ------
    InputRefusedError
        An array or a share is not as described.

    References
    ----------
    Manski, C. F. (1990). Nonparametric bounds on treatment effects. American Economic Review 80 (2), 319-323.

    Examples
    --------
    >>> bounds = bounds_at([1, None, 0, None, 1, 0], [6, 5, 4, 3, 2, 1], 3)
    >>> print(bounds.precision.brief(), "|", bounds.recall.brief(), "|", bounds.prevalence.brief())
    0.3333 to 0.6667 | 0.3333 to 0.6667 | 0.3333 to 0.6667
    """
    cases = check_selected(outcome, score)
    return measure_bounds(
        cases,
        split_list(cases, (capacity,))[0],
        at_least=at_least,
        at_most=at_most,
        denominator=denominator,
    )


def monotone_bounds_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    stratum: ArrayLike | None = None,
    bands: int = 10,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ListBounds:
    r"""Return what the figures can be if cases without outcome are at most as likely as those with one.

    *Monotone selection*: whoever chose the cases saw something the score does not see, and chose the likelier
    ones. Of the cases on the same side of the cut and in the same band of the score, those without outcome
    then have current abuse at most as often as those with one; or never, at the other end. With :math:`u_j`
    cases without outcome in band j, of whose :math:`m_j` others :math:`s_j` have current abuse, at most
    :math:`\sum_j u_j s_j / m_j` of them do.

    Parameters
    ----------
    outcome, score, capacity, denominator
        As for `bounds_at`; a case tied at the cut counts with the part of it that is opened.
    stratum : array of shape (cases,), optional
        Labels to take instead of bands of the score.
    bands : int
        At most so many bands on either side of the cut, with equally many outcomes, and at least 20, in each.
    confidence : float
        Level of the interval for the truth.

    Returns
    -------
    ListBounds
        A band without any outcome may be all current abuse. `low_limit` and `high_limit` are the interval of
        Imbens and Manski, which holds the truth (not both bounds) with the given confidence; the quantile
        that they take from the normal law is taken from the mid-p gamma law of `total_interval`.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Manski, C. F., Pepper, J. V. (2000). Monotone instrumental variables: with an application to the returns
    to schooling. Econometrica 68, 997-1010.

    Imbens, G. W., Manski, C. F. (2004). Confidence intervals for partially identified parameters.
    Econometrica 72, 1845-1857.

    Examples
    --------
    >>> bounds = monotone_bounds_at([1, 0, None, None, 0, 1, 0, None], [8, 7, 6, 5, 4, 3, 2, 1], 4)
    >>> print(bounds.found.brief(2), "|", bounds.missed.brief(2))  # 1 + 2 * 1/2, and 1 + 1 * 1/3
    1.00 to 2.00 | 1.00 to 1.33
    """
    cases = check_selected(outcome, score, None, stratum)
    return measure_monotone_bounds(
        cases, split_list(cases, (capacity,))[0], bands=bands, confidence=confidence, denominator=denominator
    )


def measure_bounds(
    cases: SelectedCases,
    split: Split,
    *,
    at_least: float = 0.0,
    at_most: float = 1.0,
    denominator: str = ALL_CASES,
) -> ListBounds:
    """Return the bounds of a list that was checked and cut before; see `bounds_at`."""
    if not 0 <= at_least <= at_most <= 1:
        raise InputRefusedError(
            f"at_least {at_least!r} and at_most {at_most!r}",
            where="bounds",
            expected="shares with 0 <= at_least <= at_most <= 1",
        )
    worst, best = _place_ties(cases, split)
    n, k, rows = len(cases), split.opened.size, len(cases.labelled)
    unknown = n - rows
    # Whole cases; a product such as 0.07 * 100 must not lose one to rounding.
    most, least = math.floor(at_most * unknown + 1e-9), math.ceil(at_least * unknown - 1e-9)
    method = "no assumption (Manski)"
    if (at_least, at_most) != (0.0, 1.0):
        method = f"current abuse in {at_least:g} to {at_most:g} of the cases without outcome (Manski)"
    yes = float(cases.outcome.sum())
    # Fewest found: what is unknown lies after the cut as far as there is room, and the other way round.
    (opened, rest), (opened_best, rest_best) = worst, best
    out = min(most, rest.unknown)
    low = (opened.yes + max(least - rest.unknown, 0.0), opened.yes + max(least - out, 0.0), rest.yes + out)
    into = min(most, opened_best.unknown)
    high = (
        opened_best.yes + into,
        rest_best.yes + max(least - opened_best.unknown, 0.0),
        rest_best.yes + max(least - into, 0.0),
    )
    of = f"those opened first, of {denominator}"
    return ListBounds(
        Bounds.of((yes + least) / n, (yes + most) / n, rows, method, denominator),
        Bounds.of(low[0] / k, high[0] / k, rows, method, of),
        Bounds.of(
            _part(low[1], low[2]),
            _part(high[0], high[2]),
            rows,
            method,
            f"those with current abuse among {denominator}",
        ),
        Bounds.of(low[0], high[0], rows, method, of),
        Bounds.of(high[1], low[2], rows, method, f"those after the cut, of {denominator}"),
    )


def measure_monotone_bounds(
    cases: SelectedCases,
    split: Split,
    *,
    bands: int = 10,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ListBounds:
    """Return the bounds of a list that was checked and cut before; see `monotone_bounds_at`."""
    within = "stratum" if cases.stratum is not None else "band of the score"
    method = f"cases without outcome at most as likely as those with one in the same {within}"
    opened, rest = (_monotone_count(cases, side, bands) for side in (split.opened, split.rest))
    found, missed = (float(side.part[cases.labelled] @ cases.outcome) for side in (split.opened, split.rest))
    more, more_out = (_reach(count, confidence) for count in (opened, rest))
    both = WeightedCount(
        opened.total + rest.total,
        opened.variance + rest.variance,
        max(opened.extra, rest.extra),
        max(opened.extra_variance, rest.extra_variance),
    )
    yes, n, k, rows = found + missed, len(cases), split.opened.size, len(cases.labelled)
    level = f"{method}; Imbens-Manski {100 * confidence:g} %, mid-p gamma"

    def between(low: float, high: float, ends: tuple[float, float], of: str) -> Bounds:
        if math.isnan(low) or math.isnan(high):
            return Bounds.of(NAN, NAN, rows, method, of)
        return Bounds(low, high, *ends, rows, level, of)

    first = f"those opened first, of {denominator}"
    after = f"those after the cut, of {denominator}"
    top, bottom = min(more, k - found), min(more_out, n - k - missed)
    return ListBounds(
        between(
            yes / n,
            (yes + both.total) / n,
            (yes / n, min((yes + _reach(both, confidence)) / n, 1.0)),
            denominator,
        ),
        between(found / k, (found + opened.total) / k, (found / k, (found + top) / k), first),
        between(
            _part(found, missed + rest.total),
            _part(found + opened.total, missed),
            (_part(found, missed + bottom), _part(found + top, missed)),
            f"those with current abuse among {denominator}",
        ),
        between(found, found + opened.total, (found, found + top), first),
        between(missed, missed + rest.total, (missed, missed + bottom), after),
    )


def _part(one: float, other: float) -> float:
    return one / (one + other) if one + other > 0 else NAN


def _place_ties(cases: SelectedCases, split: Split) -> tuple[tuple[_Known, _Known], tuple[_Known, _Known]]:
    """Return what is known on either side with the cases tied at the cut in the worst and the best order."""
    part = split.opened.part
    known = part[cases.labelled]
    before, tied = known == 1, (known > 0) & (known < 1)
    yes_before = float(cases.outcome[before].sum())
    unknown_before = float(np.count_nonzero(part == 1)) - float(before.sum())
    yes_tied = float(cases.outcome[tied].sum())
    no_tied = float(tied.sum()) - yes_tied
    unknown_tied = float(np.count_nonzero((part > 0) & (part < 1))) - float(tied.sum())
    yes, unknown = float(cases.outcome.sum()), float(len(cases) - len(cases.labelled))
    room = float(round(float(part[(part > 0) & (part < 1)].sum())))

    def sides(yes_in: float, unknown_in: float) -> tuple[_Known, _Known]:
        opened = _Known(yes_before + yes_in, unknown_before + unknown_in)
        return opened, _Known(yes - opened.yes, unknown - opened.unknown)

    worst = sides(max(room - no_tied - unknown_tied, 0.0), min(max(room - no_tied, 0.0), unknown_tied))
    best = sides(min(room, yes_tied), min(max(room - yes_tied, 0.0), unknown_tied))
    return worst, best


def _monotone_count(cases: SelectedCases, side: Side, bands: int) -> WeightedCount:
    """Return the most cases with current abuse that a side can hold among those without outcome."""
    code = cases.stratum if cases.stratum is not None else _bands(cases, side, bands)
    groups = int(code.max()) + 1
    part, of = side.part[cases.labelled], code[cases.labelled]
    verified = np.bincount(of, part, groups)
    positive = np.bincount(of, part * cases.outcome, groups)
    unknown = np.maximum(np.bincount(code, side.part, groups) - verified, 0.0)
    blind = (verified == 0) & (unknown > 1e-9)
    seen = verified > 0
    weight = unknown[seen] / verified[seen]
    rate = positive[seen] / verified[seen]
    extra = float(weight.max()) if len(weight) else 0.0
    return WeightedCount(
        float(positive[seen] @ weight) + float(unknown[blind].sum()),
        float(positive[seen] @ (weight**2 * (1 - rate))),
        extra,
        extra**2,
    )


def _bands(cases: SelectedCases, side: Side, bands: int) -> NDArray[np.int64]:
    score = np.asarray(cases.score, dtype=np.float64)
    ranked = np.sort(score[cases.labelled[side.part[cases.labelled] > 0]])
    number = max(min(bands, len(ranked) // LEAST_IN_BAND), 1)
    edges = np.unique(ranked[(np.arange(1, number) * len(ranked)) // number]) if len(ranked) else ranked
    return np.asarray(np.searchsorted(edges, score, side="right"), dtype=np.int64)


def _reach(count: WeightedCount, confidence: float) -> float:
    """Return how far the upper bound can lie, for an interval that holds the truth between the bounds."""
    check_confidence(confidence)
    error = count.variance**0.5
    if error == 0:
        tail = 1 - confidence
    else:
        width = count.total / error

        def miss(quantile: float) -> float:
            return float(ndtr(quantile + width) - ndtr(-quantile)) - confidence

        tail = float(ndtr(-brentq(miss, 0.0, float(ndtri((1 + confidence) / 2)) + 1e-9)))
    return total_interval(count, tails=(tail, tail))[1]
