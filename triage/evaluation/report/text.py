"""An evaluation as plain text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.figure import format_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.capacity import OverTies
    from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures


def write_report(evaluation: Evaluation) -> str:
    """Return a report: what is found and missed at each capacity, then separation, then probabilities.

    Absolute recall and the children missed come before any ratio. Every line with a number from a world has
    the word synthetic.
    """
    mark = ["synthetic"] if evaluation.synthetic else []
    lines = [*_head(evaluation)]
    for index in range(len(evaluation.model.at)):
        lines += _capacity(evaluation, index, mark)
    lines += ["", "Area under the ROC curve (0.5 is chance, 1 is best)"]
    lines += _table([[ranking.name, ranking.auc.brief(3), *mark] for ranking in evaluation.rankings])
    if evaluation.probability is not None:
        lines += ["", "Probabilities"]
        rows = _probabilities(evaluation.probability, evaluation.model)
        lines += _table([[*row, *mark] for row in rows])
    return "\n".join([*lines, *_reasons(evaluation)])


def _head(evaluation: Evaluation) -> Iterator[str]:
    share = evaluation.positives / evaluation.cases
    percent = " among those with an outcome" if evaluation.weighted else f" ({100 * share:.3g} %)"
    yield (
        f"Evaluation of {evaluation.denominator}: {evaluation.cases:,} cases, "
        f"{evaluation.positives:,} with current abuse{percent}"
    )
    weighted = (
        "; weighted, so that cases opened and missed are sums of weights" if evaluation.weighted else ""
    )
    yield f"Intervals {100 * evaluation.confidence:g} %{weighted}"


def _capacity(evaluation: Evaluation, index: int, mark: list[str]) -> Iterator[str]:
    at = evaluation.model.at[index]
    synthetic = ", synthetic" if evaluation.synthetic else ""
    yield ""
    yield f"First {format_count(at.k)} cases opened ({100 * at.share:.3g} %{synthetic})"
    header = ["", "recall", "children missed", "precision", "lift"]
    if evaluation.model.oracle_share:
        header.append("share of oracle")
    rows = [[*_capacity_row(ranking, index), *mark] for ranking in evaluation.rankings]
    yield from _table([header, *rows])
    for ranking in evaluation.rankings:
        tied = ranking.at[index].tied_at_cut
        if tied:
            yield f"  {ranking.name}: {tied:,} cases tied at the cut{synthetic}"


def _capacity_row(ranking: RankingFigures, index: int) -> list[str]:
    at = ranking.at[index]
    missed = _count(at.missed) if at.positives else "0, as none was there"
    cells = [ranking.name, at.recall.brief(3), missed, at.precision.brief(3), at.lift.brief(1)]
    return [*cells, *(figure.brief(3) for figure in ranking.oracle_share[index : index + 1])]


def _count(count: OverTies) -> str:
    # One case with current abuse stands for at least one child.
    text = f"at least {format_count(count.expected)}"
    if count.best == count.worst:
        return text
    return f"{text} ({format_count(count.best)} to {format_count(count.worst)})"


def _probabilities(probability: ProbabilityFigures, model: RankingFigures) -> Iterator[list[str]]:
    yield ["calibration in the large (0 is right)", probability.in_the_large.brief(3)]
    yield ["calibration intercept (0 is right)", probability.line.intercept.brief(3)]
    yield ["calibration slope (1 is right)", probability.line.slope.brief(3)]
    yield ["observed over expected (1 is right)", probability.observed_over_expected.brief(3)]
    for at, figure in zip(model.at, probability.observed_over_expected_at, strict=True):
        yield [f"  among the first {format_count(at.k)}", figure.brief(3)]
    brier = probability.brier
    yield ["Brier score (0 is best)", brier.score.brief(5)]
    yield ["  miscalibration (0 is best)", f"{brier.miscalibration:.5f} [no interval]"]
    yield ["  - discrimination (high is best)", f"{brier.discrimination:.5f} [no interval]"]
    yield ["  + uncertainty (given)", f"{brier.uncertainty:.5f} [no interval]"]


def _reasons(evaluation: Evaluation) -> list[str]:
    reasons = dict.fromkeys(
        f"  {name}, {ranking}: {figure.method.removeprefix('not estimable: ')}"
        for name, ranking, _, figure in evaluation.figures()
        if not figure.estimable
    )
    return ["", "Not estimable", *reasons] if reasons else []


def _table(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(len(rows[-1]))]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        yield ("  " + "  ".join(cells)).rstrip()
