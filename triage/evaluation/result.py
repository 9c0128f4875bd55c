"""What an evaluation holds, as values, as a frame and as text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import NAN, Figure, as_plain
from triage.evaluation.report import write_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from triage.evaluation.brier import BrierParts
    from triage.evaluation.calibration import CalibrationLine
    from triage.evaluation.capacity import AtCapacity
    from triage.evaluation.reliability import ReliabilityCurve


@dataclass(frozen=True)
class RankingFigures:
    """How good one order of the cases is.

    Parameters
    ----------
    name : str
        ``model``, ``oracle``, or the name of a baseline.
    at : tuple of AtCapacity
        One for each capacity.
    auc : Figure
        Area under the ROC curve.
    oracle_share : tuple of Figure
        Share of the oracle at each capacity; empty where no oracle was given.
    """

    name: str
    at: tuple[AtCapacity, ...]
    auc: Figure
    oracle_share: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class ProbabilityFigures:
    """How good the probabilities of the model are.

    Parameters
    ----------
    in_the_large : Figure
        See `calibration_in_the_large`.
    line : CalibrationLine
        See `calibration_line`.
    observed_over_expected : Figure
        Over all cases.
    observed_over_expected_at : tuple of Figure
        Among the first k of the model, at each capacity.
    brier : BrierParts
        The Brier score and its parts.
    curve : ReliabilityCurve
        Observed shares against probabilities.
    """

    in_the_large: Figure
    line: CalibrationLine
    observed_over_expected: Figure
    observed_over_expected_at: tuple[Figure, ...]
    brier: BrierParts
    curve: ReliabilityCurve


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    Parameters
    ----------
    cases, positives : int
        Rows that were evaluated, and those of them with current abuse.
    left_out : int
        Rows left out because they have no outcome.
    denominator : str
        Of which cases the figures speak.
    confidence : float
        Level of all intervals.
    weighted, synthetic : bool
        Whether weights were given; whether the cases come from a world.
    rankings : tuple of RankingFigures
        The model first, then the oracle where there is one, then the baselines.
    probability : ProbabilityFigures or None
        None where no probabilities were given.
    """

    cases: int
    positives: int
    left_out: int
    denominator: str
    confidence: float
    weighted: bool
    synthetic: bool
    rankings: tuple[RankingFigures, ...]
    probability: ProbabilityFigures | None = None

    @property
    def model(self) -> RankingFigures:
        """The figures of the model's own ranking."""
        return self.rankings[0]

    def figures(self) -> Iterator[tuple[str, str, float, Figure]]:
        """Give every figure with its name, its ranking, and its k (NaN where it has none)."""
        for ranking in self.rankings:
            yield from _ranking_rows(ranking)
        if self.probability is not None:
            yield from _probability_rows(self.probability, self.model)

    def as_dict(self) -> dict[str, Any]:
        """Return the evaluation as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: name, ranking, k, estimate, low, high, count, method, denominator."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame(
            [
                {"name": name, "ranking": ranking, "k": float(k), **vars(figure)}
                for name, ranking, k, figure in self.figures()
            ]
        )

    def __str__(self) -> str:
        """Return a report in plain text."""
        return write_report(self)


def _ranking_rows(ranking: RankingFigures) -> Iterator[tuple[str, str, float, Figure]]:
    for index, at in enumerate(ranking.at):
        counted = replace(at.recall, method="counted; low and high over ties at the cut")
        for name, figure in (
            ("recall", at.recall),
            (
                "missed",
                replace(counted, estimate=at.missed.expected, low=at.missed.best, high=at.missed.worst),
            ),
            ("found", replace(counted, estimate=at.found.expected, low=at.found.worst, high=at.found.best)),
            ("precision", at.precision),
            ("lift", at.lift),
            ("tied at the cut", _counted(at.tied_at_cut, at.precision)),
        ):
            yield name, ranking.name, at.k, figure
        if ranking.oracle_share:
            yield "share of oracle", ranking.name, at.k, ranking.oracle_share[index]
    yield "AUC", ranking.name, NAN, ranking.auc


def _probability_rows(
    probability: ProbabilityFigures, model: RankingFigures
) -> Iterator[tuple[str, str, float, Figure]]:
    brier = probability.brier
    parts = replace(brier.score, low=NAN, high=NAN, method="CORP by isotonic regression; no interval")
    for name, figure in (
        ("calibration in the large", probability.in_the_large),
        ("calibration intercept", probability.line.intercept),
        ("calibration slope", probability.line.slope),
        ("observed over expected", probability.observed_over_expected),
        ("Brier score", brier.score),
        ("miscalibration", replace(parts, estimate=brier.miscalibration)),
        ("discrimination", replace(parts, estimate=brier.discrimination)),
        ("uncertainty", replace(parts, estimate=brier.uncertainty)),
    ):
        yield name, model.name, NAN, figure
    for at, figure in zip(model.at, probability.observed_over_expected_at, strict=True):
        yield "observed over expected", model.name, at.k, figure


def _counted(number: int, like: Figure) -> Figure:
    return replace(like, estimate=float(number), low=float(number), high=float(number), method="counted")
