"""Whether calibration, base rate or ranking broke at a date that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.figure import Figure, HypothesisTest, as_plain
from triage.evaluation.inputs import Cases, FloatArray, check_cases, check_lengths
from triage.evaluation.monitoring.break_evidence import (
    Draws,
    Evidence,
    placement_evidence,
    residual_evidence,
)
from triage.evaluation.monitoring.periods import measure_base_rate
from triage.evaluation.monitoring.times import Step, Steps, Times, check_time, cut_steps
from triage.evaluation.order.auc import measure_auc
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.ranking import rank_cases
from triage.evaluation.report.section import Section
from triage.evaluation.resampling import RESAMPLES, check_resamples

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

CALIBRATION, BASE_RATE, PLACEMENT = "calibration", "base rate", "AUC"
TRIM = 0.15
# How far below the top the true date stays in 95 % of draws: -2 log(1 - sqrt(0.95)).
NEIGHBOURHOOD = 7.352
_READING = (
    "The likeliest date is given whatever the test says; before and after lie further apart than the truth, "
    "as the date was chosen by the same data."
)


@dataclass(frozen=True, eq=False)
class Break:
    """A search for one break.

    Parameters
    ----------
    quantity : str
        ``calibration``, ``base rate`` or ``AUC``.
    test : HypothesisTest
        Of the hypothesis that there is none.
    date : str
        First day of the time after the likeliest break; empty where the test is not possible. It is given
        whatever the test says: without a break it is the date that looks most like one.
    earliest, latest : str
        The dates that explain the data not much worse: a 95 % confidence set where there is a break.
    before, after : Figure
        Observed over expected, the base rate, or the AUC on both sides. The date was chosen by the same
        data, so they lie further apart than the truth and their intervals are too short.
    candidates : array of shape (dates,)
        Dates at which the time after a break may begin.
    evidence : array of shape (dates,)
        The score statistic of a break at each; its largest value over the dates in the middle is the test.
    """

    quantity: str
    test: HypothesisTest
    date: str
    earliest: str
    latest: str
    before: Figure
    after: Figure
    candidates: Times
    evidence: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Return the search as values that JSON can hold."""
        plain: dict[str, Any] = as_plain(self)
        return plain | {"candidates": [str(date) for date in self.candidates]}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a candidate date, with the evidence for a break there."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame({"date": self.candidates, "evidence": self.evidence})

    def cells(self) -> tuple[str, ...]:
        """Return the search as a row of a table."""
        near = f"{self.date} ({self.earliest} to {self.latest})" if self.date else "-"
        return (self.quantity, self.test.brief(), near, self.before.brief(3), self.after.brief(3))

    def __str__(self) -> str:
        """Return the search as two lines."""
        if not self.date:
            return f"break in {self.quantity}: {self.test}"
        return (
            f"break in {self.quantity}: {self.test}\n"
            f"  likeliest on {self.date} ({self.earliest} to {self.latest}): "
            f"{self.before.brief(3)} before, {self.after.brief(3)} after"
        )


@dataclass(frozen=True, eq=False)
class BreakTest:
    """Searches for breaks in several quantities, read together.

    Parameters
    ----------
    breaks : tuple of Break
        One a quantity.
    p_value : float
        The smallest of their p-values times how many there are: how often any of them looks as much like a
        break when there is none. NaN where no test is possible.
    """

    breaks: tuple[Break, ...]
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """Return the searches as values that JSON can hold."""
        return {"breaks": [one.as_dict() for one in self.breaks], "p_value": as_plain(self.p_value)}

    def sections(self) -> Iterator[Section]:
        """Give the table of a report: one line a quantity."""
        yield Section(
            title="Breaks at an unknown date",
            header=("", "test of no break", "likeliest date", "before", "after"),
            rows=tuple(one.cells() for one in self.breaks),
            notes=(_READING,),
        )

    def __str__(self) -> str:
        """Return all searches as text."""
        return "\n".join(str(one) for one in self.breaks)


def break_test(
    outcome: ArrayLike,
    time: ArrayLike,
    *,
    probability: ArrayLike | None = None,
    score: ArrayLike | None = None,
    step: Step = "auto",
    trim: float = TRIM,
    resamples: int = RESAMPLES,
    seed: int = 0,
    denominator: str = ALL_CASES,
) -> BreakTest:
    r"""Test whether calibration - or base rate and ranking - broke at an unknown date.

    With a probability, the break is one in calibration: the log odds of current abuse moved against those of
    the probability. Without one it is a break in the base rate. With a score, also one in the placement of
    the cases with current abuse among the others, which is the AUC.

    *Calibration and base rate.* Under the hypothesis the log odds are those of the probability plus one
    shift for all time, :math:`\operatorname{logit} P(y_i = 1) = \operatorname{logit} p_i + a` (for the base
    rate p is constant), so that a model that is wrong by the same factor throughout has no break. With
    :math:`\hat p` at the maximum likelihood estimate of a, a break at date t has the score statistic

    .. math:: LM(t) = \frac{\left(\sum_{i \ge t} (y_i - \hat p_i)\right)^2}{V_{<t} V_{\ge t} / V},
        \qquad V = \sum \hat p_i (1 - \hat p_i)

    and the test is its largest value over the dates in the middle of the information V. Its p-value comes
    from draws of the number of outcomes of each step given their number in all, which do not depend on a:
    the level is exact under the hypothesis.

    *AUC.* With the placements of DeLong, the difference of the AUC after and before t is, to first order,
    that of their means: of the share of other cases below each case with current abuse, plus the share of
    those above each other case. The test is the largest squared difference over its variance; its p-value
    comes from permuting the placements over time, within each kind of cases. The hypothesis is thus that
    neither kind's scores moved. Where both kinds have moved alike, with the same AUC, it is approximate.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    time : array of shape (cases,)
        Dates, times or ISO 8601 text; what names no time zone is UTC.
    probability : array of shape (cases,), optional
        From 0 to 1. Exact 0s and 1s are moved inside; the method says how many.
    score : array of shape (cases,), optional
        Higher is opened earlier.
    step : {"auto", "day", "week", "month"}
        Cases of one step come at once. "auto": days, or weeks where there are more than 400 days with cases,
        or months where there are more than 400 weeks.
    trim : float
        Share of the information left out at either end; 0.15 searches the middle 70 %.
    resamples, seed : int
        Of the draws; the p-value is (1 + draws at least as extreme) / (1 + draws).
    denominator : str
        Of which cases it speaks.

    Returns
    -------
    BreakTest
        One `Break` a quantity. The neighbourhood of a date holds those whose statistic is at most
        :math:`-2 \log(1 - \sqrt{0.95}) = 7.35` below the largest.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, there are more than 2,000 steps, or `trim` is
        not at least 0.01 and below 0.5.

    Notes
    -----
    It takes no weights: a reweighted outcome is not a draw from its probability. One break is sought; a slow
    drift is found too, as a break near its middle. Run again and again on growing data it does not keep its
    level: `CalibrationAlarm` does.

    References
    ----------
    Andrews, D. W. K. (1993). Tests for parameter instability and structural change with unknown change
    point. Econometrica 61, 821-856.

    Zeileis, A. (2005). A unified approach to structural change tests based on ML scores, F statistics, and
    OLS residuals. Econometric Reviews 24, 445-466.

    Siegmund, D. (1988). Confidence sets in change-point problems. International Statistical Review 56,
    31-48.

    Eo, Y., Morley, J. (2015). Likelihood-ratio-based confidence sets for the timing of structural breaks.
    Quantitative Economics 6, 463-497.

    DeLong, E. R., DeLong, D. M., Clarke-Pearson, D. L. (1988). Comparing the areas under two or more
    correlated receiver operating characteristic curves. Biometrics 44, 837-845.

    Examples
    --------
    Ten cases a day at 1/2; two of them have current abuse until the tenth day, then eight.

    >>> days = np.repeat(np.arange("2024-03-01", "2024-03-21", dtype="datetime64[D]"), 10)
    >>> outcome = np.tile(np.arange(10), 20) < np.repeat([2, 8], 100)
    >>> found = break_test(outcome, days, probability=np.full(200, 0.5)).breaks[0]
    >>> found.date, found.earliest, found.latest, found.test.p_value
    ('2024-03-11', '2024-03-11', '2024-03-11', 0.001)
    >>> print(found.test.brief())  # (80 - 50)^2 / (25 * 25 / 50)
    statistic 72.000, p = 0.001
    """
    cases = check_cases(outcome, score=score, probability=probability)
    instants = check_time(time)
    check_lengths({"outcome": cases.outcome, "time": instants})
    if not 0.01 <= trim < 0.5:
        raise InputRefusedError(f"{trim!r}", where="trim", expected="at least 0.01 and below 0.5")
    draws = Draws(check_resamples(resamples), seed, trim)
    search = _Search(cases, cut_steps(instants, step), draws, denominator)
    level = BASE_RATE if cases.probability is None else CALIBRATION
    found = [search.report(level, residual_evidence(cases.outcome, cases.probability, search.steps, draws))]
    if cases.score is not None:
        evidence = placement_evidence(cases.outcome, cases.score, search.steps, draws)
        found.append(search.report(PLACEMENT, evidence))
    p_values = [one.test.p_value for one in found if one.date]
    return BreakTest(tuple(found), min(1.0, len(p_values) * min(p_values)) if p_values else float("nan"))


@dataclass(frozen=True, eq=False)
class _Search:
    cases: Cases
    steps: Steps
    draws: Draws
    denominator: str

    def report(self, quantity: str, evidence: Evidence | str) -> Break:
        count, dates = len(self.cases.outcome), self.steps.start[1:]
        if isinstance(evidence, str):
            test = HypothesisTest.not_possible(evidence, count, self.denominator)
            none = Figure.not_estimable(evidence, count, self.denominator)
            return Break(quantity, test, "", "", "", none, none, dates[:0], np.empty(0))
        top = int(np.argmax(np.where(evidence.searched, evidence.observed, -1.0)))
        statistic = float(evidence.observed[top])
        near = np.flatnonzero(evidence.observed >= statistic - NEIGHBOURHOOD)
        after = self.steps.index > top
        return Break(
            quantity,
            self._test(statistic, evidence),
            str(dates[top]),
            str(dates[near[0]]),
            str(dates[near[-1]]),
            self._level(quantity, ~after),
            self._level(quantity, after),
            dates,
            evidence.observed,
        )

    def _test(self, statistic: float, evidence: Evidence) -> HypothesisTest:
        resamples, unit = self.draws.resamples, self.steps.unit
        # Statistics that are equal but for rounding count as equal.
        extreme = int(np.count_nonzero(evidence.largest >= statistic * (1 - 1e-9)))
        method = (
            f"largest score statistic of a break over {np.count_nonzero(evidence.searched):,} dates, "
            f"{unit} by {unit}, without the outer {100 * self.draws.trim:g} % (Andrews 1993); "
            f"hypothesis: {evidence.hypothesis}; p from {resamples:,} draws, seed {self.draws.seed}"
        )
        count = len(self.cases.outcome)
        return HypothesisTest(statistic, (1 + extreme) / (1 + resamples), count, method, self.denominator)

    def _level(self, quantity: str, kept: NDArray[np.bool_]) -> Figure:
        y, of = self.cases.outcome[kept], self.denominator
        if quantity == CALIBRATION:
            return observed_over_expected(y, np.asarray(self.cases.probability)[kept], denominator=of)
        if quantity == BASE_RATE:
            return measure_base_rate(rank_cases(y, y), denominator=of)
        return measure_auc(rank_cases(y, np.asarray(self.cases.score)[kept]), denominator=of)
