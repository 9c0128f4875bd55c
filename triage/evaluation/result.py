"""What an evaluation holds, as values, as a frame, as text, as a page and as pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import NAN, Figure, HypothesisTest, as_plain
from triage.evaluation.report.text import write_report
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure as Sheet

    from triage.evaluation.calibration.band import ReliabilityBand
    from triage.evaluation.calibration.binned import BinnedCalibration
    from triage.evaluation.calibration.corp import ScoreDecomposition
    from triage.evaluation.calibration.logistic import LogisticCalibration
    from triage.evaluation.calibration.reliability import ReliabilityCurve
    from triage.evaluation.calibration.smooth import SmoothCalibration
    from triage.evaluation.comparison.result import Comparison
    from triage.evaluation.groups.result import GroupFigures
    from triage.evaluation.monitoring.breaks import BreakTest
    from triage.evaluation.monitoring.periods import PeriodEvaluation
    from triage.evaluation.order.at_capacity import AtCapacity
    from triage.evaluation.order.gains import GainsCurve
    from triage.evaluation.selection.description import SelectionDescription
    from triage.evaluation.selection.figures import SelectedFigures
    from triage.evaluation.usefulness.decision_curve import DecisionCurve
    from triage.evaluation.usefulness.prevalence import AtBaseRate

Row = tuple[str, str, float, Figure]


@dataclass(frozen=True)
class RankingFigures:
    """How good one order of the cases is.

    Parameters
    ----------
    name : str
        ``model``, ``oracle``, or the name of a baseline.
    at : tuple of AtCapacity
        One for each capacity.
    auc, average_precision : Figure
        See `roc_auc` and `average_precision`.
    partial_auc : Figure
        Up to a false positive rate of 0.1, standardised; see `partial_auc`.
    ndcg : tuple of Figure
        At each capacity; see `ndcg_at`.
    gains : GainsCurve
        Recall along the whole list.
    oracle_share : tuple of Figure
        Share of the oracle at each capacity; empty where no oracle was given.
    """

    name: str
    at: tuple[AtCapacity, ...]
    auc: Figure
    average_precision: Figure
    partial_auc: Figure
    ndcg: tuple[Figure, ...]
    gains: GainsCurve
    oracle_share: tuple[Figure, ...] = ()

    def figures(self) -> Iterator[Row]:
        """Give every figure with its name, this ranking, and its k (NaN where it has none)."""
        for index, at in enumerate(self.at):
            yield from ((name, self.name, at.k, figure) for name, figure in _capacity_rows(at))
            yield "NDCG", self.name, at.k, self.ndcg[index]
            if self.oracle_share:
                yield "share of oracle", self.name, at.k, self.oracle_share[index]
        yield "AUC", self.name, NAN, self.auc
        yield "average precision", self.name, NAN, self.average_precision
        yield "partial AUC", self.name, NAN, self.partial_auc


@dataclass(frozen=True)
class ProbabilityFigures:
    """How good the probabilities of the model are.

    Parameters
    ----------
    logistic : LogisticCalibration
        In the large, intercept and slope, and their tests.
    observed_over_expected : Figure
        Over all cases.
    observed_over_expected_at : tuple of Figure
        Among the first k of the model, at each capacity.
    spiegelhalter : HypothesisTest
        See `spiegelhalter_z`.
    brier, log_loss : ScoreDecomposition
        The scores and their parts.
    smooth : SmoothCalibration
        ICI, E50, E90 and Emax.
    binned : BinnedCalibration
        The expected calibration error.
    curve : ReliabilityCurve
        Observed shares against probabilities.
    band : ReliabilityBand
        Where the curve of calibrated probabilities would lie.
    """

    logistic: LogisticCalibration
    observed_over_expected: Figure
    observed_over_expected_at: tuple[Figure, ...]
    spiegelhalter: HypothesisTest
    brier: ScoreDecomposition
    log_loss: ScoreDecomposition
    smooth: SmoothCalibration
    binned: BinnedCalibration
    curve: ReliabilityCurve
    band: ReliabilityBand | None

    def figures(self, at: tuple[AtCapacity, ...]) -> Iterator[tuple[str, float, Figure]]:
        """Give every figure with its name and its k (NaN where it has none)."""
        for one, figure in zip(at, self.observed_over_expected_at, strict=True):
            yield "observed over expected", one.k, figure
        logistic, smooth = self.logistic, self.smooth
        for name, figure in (
            ("observed over expected", self.observed_over_expected),
            ("calibration in the large", logistic.in_the_large),
            ("calibration intercept", logistic.line.intercept),
            ("calibration slope", logistic.line.slope),
            ("ICI", smooth.ici),
            ("E50", smooth.e50),
            ("E90", smooth.e90),
            ("Emax", smooth.emax),
            ("ECE", self.binned.error),
            *_parts("Brier score", self.brier),
            *_parts("log loss", self.log_loss),
        ):
            yield name, NAN, figure

    def tests(self) -> Iterator[tuple[str, HypothesisTest]]:
        """Give every test with its name."""
        tests = self.logistic.tests
        yield "unreliability (intercept 0 and slope 1)", tests.unreliability
        yield "calibration in the large", tests.intercept
        yield "calibration slope", tests.slope
        yield "Spiegelhalter's z", self.spiegelhalter
        yield "miscalibration of the Brier score is 0", self.brier.test


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    Parameters
    ----------
    cases, positives : int
        Rows that were evaluated, and those of them with current abuse.
    left_out : int
        Rows left out because they have no outcome.
    unit : str
        What a row is: cases or reports.
    denominator : str
        Of which cases the figures speak.
    confidence : float
        Level of all intervals.
    weighted, synthetic : bool
        Whether weights were given; whether the cases come from a world.
    rankings : tuple of RankingFigures
        The model first, then the oracle where there is one, then the baselines.
    comparisons : tuple of Comparison
        The model against each baseline, on the same cases.
    probability : ProbabilityFigures or None
        None where no probabilities were given.
    decision : DecisionCurve or None
        Net benefit over thresholds; None where no probabilities were given.
    what_if : tuple of AtBaseRate
        Precision at other base rates, at the capacity nearest to 2.3 %: suppositions, not measurements.
    groups : GroupFigures or None
        None where no attributes were given.
    selection : SelectedFigures or None
        What the figures are for the whole list; None where no inclusion probabilities were given.
    choice : SelectionDescription or None
        Which cases have outcomes, and why; None where the outcomes came without.
    periods : PeriodEvaluation or None
        None where no times were given.
    breaks : BreakTest or None
        Whether there is a break in time; None where no times were given.
    """

    cases: int
    positives: int
    left_out: int
    unit: str
    denominator: str
    confidence: float
    weighted: bool
    synthetic: bool
    rankings: tuple[RankingFigures, ...]
    comparisons: tuple[Comparison, ...] = ()
    probability: ProbabilityFigures | None = None
    decision: DecisionCurve | None = None
    what_if: tuple[AtBaseRate, ...] = ()
    groups: GroupFigures | None = None
    selection: SelectedFigures | None = None
    choice: SelectionDescription | None = None
    periods: PeriodEvaluation | None = None
    breaks: BreakTest | None = None

    @property
    def model(self) -> RankingFigures:
        """The figures of the model's own ranking."""
        return self.rankings[0]

    def figures(self) -> Iterator[Row]:
        """Give every figure of rankings and probabilities with its name, its ranking, and its k.

        Those of groups, periods, comparisons and selection have frames of their own.
        """
        for ranking in self.rankings:
            yield from ranking.figures()
        if self.probability is not None:
            for name, k, figure in self.probability.figures(self.model.at):
                yield name, self.model.name, k, figure

    def as_dict(self) -> dict[str, Any]:
        """Return the evaluation as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_json(self) -> str:
        """Return the evaluation as JSON; numbers that do not exist are null."""
        return json.dumps(self.as_dict(), indent=1, allow_nan=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: name, ranking, k, estimate, low, high, count, method, denominator."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame(
            [
                {"name": name, "ranking": ranking, "k": float(k), **vars(figure)}
                for name, ranking, k, figure in self.figures()
            ]
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every part that there is as a frame, by its name: figures, tests, groups and so on."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        frames = {"figures": self.to_frame()}
        if self.probability is not None:
            tests = [{"name": name, **vars(test)} for name, test in self.probability.tests()]
            frames["tests"] = pd.DataFrame(tests)
        parts = {
            "decision": self.decision,
            "groups": self.groups,
            "choice": self.choice,
            "selection": self.selection,
            "periods": self.periods,
        }
        frames |= {name: part.to_frame() for name, part in parts.items() if part is not None}
        if self.comparisons:
            frames["comparisons"] = pd.concat(
                [one.to_frame().assign(against=one.names[1]) for one in self.comparisons], ignore_index=True
            )
        if self.what_if:
            frames["what if"] = pd.DataFrame(
                [{"base_rate": one.base_rate, **vars(one.precision)} for one in self.what_if]
            )
        return frames

    def to_html(self, title: str = "How good is the order of this list?") -> str:
        """Return one self-contained page: no script, no font, no network."""
        from triage.evaluation.report.page import write_page  # noqa: PLC0415 - loads matplotlib and jinja2

        return write_page(self, title)

    def save_html(self, path: Path, *, force: bool = False) -> None:
        """Write the page to a file, whole or not at all.

        Raises
        ------
        triage.errors.OutputExistsError
            `path` exists and `force` is false.
        """
        with write_file(path, force=force) as partial:
            partial.write_text(self.to_html(), encoding="utf-8")

    def plot(self) -> Sheet:
        """Draw recall at capacity, and with probabilities their reliability and the decision curve."""
        from triage.evaluation.displays.sheet import draw_sheet  # noqa: PLC0415 - loads matplotlib

        return draw_sheet(self)

    def __repr__(self) -> str:
        """Return the report: a notebook shows it."""
        return str(self)

    def __str__(self) -> str:
        """Return a report in plain text."""
        return write_report(self)


def _capacity_rows(at: AtCapacity) -> Iterator[tuple[str, Figure]]:
    ties = replace(at.recall, method="counted; low and high over ties at the cut")
    yield "recall", at.recall
    yield (
        "missed",
        replace(ties, estimate=at.missed.expected, low=at.missed.best, high=at.missed.worst),
    )
    yield "found", replace(ties, estimate=at.found.expected, low=at.found.worst, high=at.found.best)
    yield "precision", at.precision
    yield "lift", at.lift
    yield "number needed to open", at.needed
    tied = float(at.tied_at_cut)
    yield "tied at the cut", replace(at.precision, estimate=tied, low=tied, high=tied, method="counted")


def _parts(name: str, parts: ScoreDecomposition) -> Iterator[tuple[str, Figure]]:
    yield name, parts.score
    yield f"{name}: miscalibration", parts.miscalibration
    yield f"{name}: discrimination", parts.discrimination
    yield f"{name}: uncertainty", parts.uncertainty
    yield f"{name}: skill", parts.skill
