"""How good a ranking and its probabilities were in each period."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.calibration.logistic import calibration_in_the_large
from triage.evaluation.figure import Figure, as_plain
from triage.evaluation.inputs import (
    FloatArray,
    NumberArray,
    check_confidence,
    check_lengths,
    check_outcome,
    check_probability,
    check_score,
    check_weight,
)
from triage.evaluation.monitoring.times import CalendarUnit, check_time, cut_calendar
from triage.evaluation.order.at_capacity import measure_capacity
from triage.evaluation.order.auc import measure_auc
from triage.evaluation.order.capacity import ALL_CASES, cases_at
from triage.evaluation.proportions import wilson_interval
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.report.section import Section
from triage.evaluation.report.text import align_columns
from triage.evaluation.weighting import effective_count, kish_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

CAPACITY = 0.023


@dataclass(frozen=True)
class PeriodFigures:
    """The figures of one period.

    Parameters
    ----------
    label : str
        Name of the period, such as 2024-03, 2024-Q1 or 2024-W09.
    start, end : str
        First instant of the period and the first after it (UTC); empty where it has none.
    cases, positives : int
        Rows with an outcome, and those of them with current abuse.
    left_out : int
        Rows without an outcome, which count nowhere else.
    base_rate : Figure
        Share of the cases with current abuse.
    recall, precision : Figure
        At capacity, among the cases of this period.
    auc : Figure
        Area under the ROC curve.
    observed_over_expected, observed_over_expected_at, in_the_large : Figure or None
        Of all cases; among the first k; and calibration in the large. None where no probability was given.
    """

    label: str
    start: str
    end: str
    cases: int
    positives: int
    left_out: int
    base_rate: Figure
    recall: Figure
    precision: Figure
    auc: Figure
    observed_over_expected: Figure | None = None
    observed_over_expected_at: Figure | None = None
    in_the_large: Figure | None = None

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Give every figure with its name."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Figure):
                yield field.name.replace("_", " ").replace("auc", "AUC"), value


@dataclass(frozen=True)
class PeriodEvaluation:
    """The figures of all periods, first to last, those without any outcome among them.

    Parameters
    ----------
    periods : tuple of PeriodFigures
        One for each period, without a gap.
    capacity : float
        How many cases, or which share of a period's cases, can be opened in each period.
    denominator : str
        Of which cases the figures speak.
    confidence : float
        Level of all intervals, each by itself.
    """

    periods: tuple[PeriodFigures, ...]
    capacity: float
    denominator: str
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: period, start, end, name, and what a `Figure` holds."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame(
            [
                {"period": one.label, "start": one.start, "end": one.end, "name": name, **vars(figure)}
                for one in self.periods
                for name, figure in one.figures()
            ]
        )

    def sections(self) -> Iterator[Section]:
        """Give the tables of a report: the ranking by period, then the probabilities."""
        level = f"Each interval holds by itself with {100 * self.confidence:g} %."
        yield self._section(
            f"By period, of {self.denominator}",
            ("base rate", "recall", "precision", "AUC"),
            (f"{self._opened()} of each period's own cases are opened. {level}",),
        )
        if self.periods[0].in_the_large is not None:
            names = ("observed over expected", "observed over expected at", "in the large")
            yield self._section("Probabilities by period", names, (level,))

    def _opened(self) -> str:
        return f"{100 * self.capacity:g} %" if self.capacity < 1 else f"{self.capacity:,}"

    def _section(self, title: str, names: tuple[str, ...], lead: tuple[str, ...]) -> Section:
        rows = []
        for one in self.periods:
            figures = dict(one.figures())
            cells = (figures[name].brief(3) for name in names)
            rows.append((one.label, f"{one.cases:,}", f"{one.positives:,}", *cells))
        shown = (name.replace(" at", ", first k") if name.endswith(" at") else name for name in names)
        header = ("period", "cases", "with abuse", *shown)
        return Section(title=title, header=header, rows=tuple(rows), lead=lead)

    def __str__(self) -> str:
        """Return the tables as text."""
        lines = []
        for section in self.sections():
            lines += [section.title, *(f"  {line}" for line in section.lead)]
            lines += [*align_columns([section.header, *section.rows]), ""]
        return "\n".join(lines[:-1])


def evaluate_periods(
    outcome: ArrayLike,
    score: ArrayLike,
    time: ArrayLike,
    *,
    probability: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    period: CalendarUnit | Sequence[str | date | np.datetime64] = "month",
    capacity: float = CAPACITY,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> PeriodEvaluation:
    """Evaluate each period by itself: the split by time that any claim about the future rests on.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN or None for unknown; rows without an outcome are left out of
        the figures and counted.
    score : array of shape (cases,)
        Higher is opened earlier.
    time : array of shape (cases,)
        When each case came: dates, times or ISO 8601 text; what names no time zone is UTC.
    probability : array of shape (cases,), optional
        The calibrated reading of the score, from 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    period : {"month", "quarter", "week", "year"} or dates
        Periods of the UTC calendar, or rising dates at each of which a new period begins.
    capacity : int or float
        How many cases, or which share of them, can be opened in each period; of the cases of that period.
    confidence : float
        Level of each interval by itself: of 12 months about one in two leaves the 95 % interval of at least
        one of them where nothing changed. `break_test` asks once, of all.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    PeriodEvaluation
        Every period from the first case to the last; one without cases or without outcomes stands there as
        not estimable.

    Raises
    ------
    InputRefusedError
        A column is not as described, or columns differ in length.

    See Also
    --------
    triage.evaluation.monitoring.breaks.break_test

    Examples
    --------
    >>> result = evaluate_periods(
    ...     [1, 0, 0, 1], [4, 3, 2, 1], ["2024-01-05", "2024-01-20", "2024-03-01", "2024-03-02"], capacity=1
    ... )
    >>> [(one.label, one.recall.brief(2)) for one in result.periods]
    [('2024-01', '1.00 [0.21, 1.00]'), ('2024-02', 'not estimable'), ('2024-03', '0.00 [0.00, 0.79]')]
    """
    check_confidence(confidence)
    cases_at(capacity, 1)
    columns = _Columns(
        outcome=check_outcome(outcome, missing=True),
        score=check_score(score),
        probability=None if probability is None else check_probability(probability),
        weight=check_weight(weight),
    )
    instants = check_time(time)
    check_lengths(vars(columns) | {"time": instants})
    calendar = cut_calendar(instants, period)
    # One stable sort puts the rows of each period side by side.
    order = np.argsort(calendar.index, kind="stable")
    ends = np.cumsum(np.bincount(calendar.index, minlength=len(calendar.label)))
    rows = np.split(order, ends[:-1])
    options = _Options(capacity, confidence, denominator)
    return PeriodEvaluation(
        tuple(
            _measure_period(columns.only(rows[i]), label, (calendar.start[i], calendar.end[i]), options)
            for i, label in enumerate(calendar.label)
        ),
        capacity,
        denominator,
        confidence,
    )


@dataclass(frozen=True, eq=False)
class _Columns:
    outcome: FloatArray
    score: NumberArray
    probability: FloatArray | None
    weight: FloatArray | None

    def only(self, kept: NDArray[Any]) -> _Columns:
        return _Columns(
            self.outcome[kept],
            self.score[kept],
            None if self.probability is None else self.probability[kept],
            None if self.weight is None else self.weight[kept],
        )


@dataclass(frozen=True)
class _Options:
    capacity: float
    confidence: float
    denominator: str


def _measure_period(
    columns: _Columns, label: str, bounds: tuple[np.datetime64, np.datetime64], options: _Options
) -> PeriodFigures:
    known = ~np.isnan(columns.outcome)
    left_out = int(np.count_nonzero(~known))
    if columns.weight is not None:
        known &= columns.weight > 0
    kept = columns.only(known)
    notes = f"{label}; {left_out:,} without an outcome left out" if left_out else label
    of = f"{options.denominator} ({notes})"
    start, end = ("" if np.isnat(bound) else str(bound) for bound in bounds)
    cases = len(kept.outcome)
    if cases == 0:
        reason = "no case in this period has an outcome" if left_out else "no case in this period"
        none = Figure.not_estimable(reason, 0, of)
        calibration = () if columns.probability is None else (none,) * 3
        return PeriodFigures(label, start, end, 0, 0, left_out, none, none, none, none, *calibration)
    ranking = rank_cases(kept.outcome, kept.score, kept.weight)
    at = measure_capacity(ranking, options.capacity, confidence=options.confidence, denominator=of)
    return PeriodFigures(
        label,
        start,
        end,
        cases,
        int(kept.outcome.sum()),
        left_out,
        measure_base_rate(ranking, confidence=options.confidence, denominator=of),
        at.recall,
        at.precision,
        measure_auc(ranking, confidence=options.confidence, denominator=of),
        *_measure_calibration(kept, of, options),
    )


def _measure_calibration(columns: _Columns, denominator: str, options: _Options) -> tuple[Figure, ...]:
    if columns.probability is None:
        return ()
    y, p, w, level = columns.outcome, columns.probability, columns.weight, options.confidence
    return (
        observed_over_expected(y, p, weight=w, confidence=level, denominator=denominator),
        observed_over_expected(
            y,
            p,
            score=columns.score,
            capacity=options.capacity,
            weight=w,
            confidence=level,
            denominator=denominator,
        ),
        calibration_in_the_large(y, p, weight=w, confidence=level, denominator=denominator),
    )


def measure_base_rate(ranking: Ranking, *, confidence: float = 0.95, denominator: str = ALL_CASES) -> Figure:
    """Return the share of the cases of a ranking with current abuse, with Wilson's interval.

    With weights it is the ratio of their sums (Hajek), and the interval is on an effective count.

    Examples
    --------
    >>> print(measure_base_rate(rank_cases([1, 0, 0, 0], [4, 3, 2, 1])).brief(3))
    0.250 [0.046, 0.699]
    """
    share = min(ranking.positives / ranking.cases, 1.0)
    positive, total = float(ranking.positive_squared.sum()), float(ranking.weight_squared.sum())
    spread = positive * (1 - share) ** 2 + (total - positive) * share**2
    trials = effective_count(share, spread / ranking.cases**2, kish_count(ranking.cases, total))
    low, high = wilson_interval(share * trials, trials, confidence=confidence)
    method = f"Wilson {100 * confidence:g} %"
    if ranking.weighted:
        method = f"weighted (Hajek), {method} on an effective count of {trials:.1f}"
    return Figure(share, float(low), float(high), int(ranking.rows.sum()), method, denominator)
