"""What a report says, in the order in which it matters: the same for a terminal and for a page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from triage.evaluation.figure import format_count
from triage.evaluation.report.section import Section
from triage.evaluation.selection.figures import ASSUMPTIONS, BOUNDED, WEIGHTED
from triage.evaluation.usefulness.decision_curve import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.calibration.deviation import UnderCalibration
    from triage.evaluation.order.capacity import OverTies
    from triage.evaluation.report.section import Cells
    from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures
    from triage.evaluation.selection.description import SelectionDescription
    from triage.evaluation.selection.figures import SelectedAtCapacity, SelectedFigures

USUAL_SHARE = 0.023


def build_sections(evaluation: Evaluation) -> Iterator[Section]:
    """Give the sections of a report: absolute recall and the children missed before any ratio."""
    yield from (at_capacity_section(evaluation, index) for index in range(len(evaluation.model.at)))
    if evaluation.choice is not None:
        yield choice_section(evaluation.choice)
    if evaluation.selection is not None:
        yield from selection_sections(evaluation.selection)
    if evaluation.comparisons:
        yield comparison_section(evaluation)
    yield order_section(evaluation)
    if evaluation.probability is not None:
        yield from probability_sections(evaluation.probability, evaluation.model)
    yield from usefulness_sections(evaluation)
    if evaluation.groups is not None:
        yield from _with_picture(evaluation.groups.sections(), "groups")
    if evaluation.periods is not None:
        yield from _with_picture(evaluation.periods.sections(), "periods")
    if evaluation.breaks is not None:
        yield from evaluation.breaks.sections()
    yield from _reasons(evaluation)


def describe_cases(evaluation: Evaluation) -> Iterator[str]:
    """Say in two lines which cases the figures rest on, and how sure the intervals are."""
    share = evaluation.positives / evaluation.cases
    percent = " among those with an outcome" if evaluation.weighted else f" ({100 * share:.3g} %)"
    yield (
        f"Evaluation of {evaluation.denominator}: {evaluation.cases:,} {evaluation.unit}, "
        f"{evaluation.positives:,} with current abuse{percent}"
    )
    weighted = (
        "; weighted, so that numbers opened and missed are sums of weights" if evaluation.weighted else ""
    )
    yield f"Intervals {100 * evaluation.confidence:g} %{weighted}"


def count_missed(missed: OverTies, positives: float, *, weighted: bool = False) -> str:
    """Say how many are missed; a counted case with current abuse stands for at least one child."""
    if not positives:
        return "0, as none was there"
    text = f"{'about' if weighted else 'at least'} {missed.expected:,.0f}"
    if missed.best == missed.worst:
        return text
    return f"{text} ({missed.best:,.0f} to {missed.worst:,.0f})"


def at_capacity_section(evaluation: Evaluation, index: int) -> Section:
    """Return what each order finds and misses when the first k are opened."""
    at = evaluation.model.at[index]
    header: Cells = ("", "recall", "children missed", "precision", "lift", "opened for each found")
    if evaluation.model.oracle_share:
        header += ("share of oracle",)
    tied = ((ranking.name, ranking.at[index].tied_at_cut) for ranking in evaluation.rankings)
    return Section(
        title=f"First {at.k:,.0f} {evaluation.unit} opened ({100 * at.share:.3g} %)",
        header=header,
        rows=tuple(
            _capacity_row(ranking, index, weighted=evaluation.weighted) for ranking in evaluation.rankings
        ),
        notes=tuple(f"{name}: {number:,} tied at the cut" for name, number in tied if number),
    )


def _capacity_row(ranking: RankingFigures, index: int, *, weighted: bool) -> Cells:
    at = ranking.at[index]
    return (
        ranking.name,
        at.recall.brief(3),
        count_missed(at.missed, at.positives, weighted=weighted),
        at.precision.brief(3),
        at.lift.brief(1),
        at.needed.brief(1),
        *(figure.brief(3) for figure in ranking.oracle_share[index : index + 1]),
    )


def order_section(evaluation: Evaluation) -> Section:
    """Return how well each order separates the two kinds over the whole list."""
    return Section(
        title="Over the whole list",
        header=("", "AUC (0.5 is chance)", "AUC up to 10 % false alarms", "average precision"),
        rows=tuple(
            (
                ranking.name,
                ranking.auc.brief(3),
                ranking.partial_auc.brief(3),
                ranking.average_precision.brief(3),
            )
            for ranking in evaluation.rankings
        ),
        picture="recall",
    )


def choice_section(choice: SelectionDescription) -> Section:
    """Return which cases have outcomes, and why they were chosen."""
    return Section(
        title="Which outcomes exist, and why",
        lead=("Open: still being investigated. Chance: of coming to have an outcome.",),
        header=("chosen for", "chosen", "ended", "open", "undetermined", "yes", "no", "chance", "worth"),
        rows=tuple(
            (
                one.reason,
                *(f"{number:,}" for number in (one.chosen, one.finished, one.open, one.undetermined)),
                f"{one.yes:,}",
                f"{one.no:,}",
                "unknown" if math.isnan(one.smallest) else f"{one.smallest:.2g} to {one.largest:.2g}",
                "" if math.isnan(one.effective_count) else f"{one.effective_count:.1f} alike",
            )
            for one in choice.reasons
        ),
        notes=("Worth: as many outcomes of equal weight would say as much (Kish's effective count).",),
    )


def selection_sections(selection: SelectedFigures) -> Iterator[Section]:
    """Give what the figures are for the whole list, of which only the chosen cases have outcomes."""
    for at in selection.at:
        estimates = (
            (f"{name.replace('_', ' ')}: rests on {ASSUMPTIONS[name]}", getattr(at, name))
            for name in (*WEIGHTED, *BOUNDED)
        )
        yield Section(
            title=f"The whole list, first {format_count(at.k)} of {format_count(selection.cases)} opened",
            lead=(
                f"{selection.labelled:,} of {selection.cases:,} have an outcome.",
                f"{at.labelled_opened:,} of these are among the first {format_count(at.k)}.",
            ),
            header=("", "recall", "precision", "found", "missed"),
            rows=tuple(
                (
                    name,
                    figures.recall.brief(3),
                    figures.precision.brief(3),
                    figures.found.brief(1),
                    figures.missed.brief(1),
                )
                for name, figures in estimates
            ),
            notes=tuple(dict.fromkeys(_why_not(at))),
        )


def _why_not(at: SelectedAtCapacity) -> Iterator[str]:
    for name in WEIGHTED:
        for figure in (getattr(at, name).recall, getattr(at, name).precision):
            if not figure.estimable:
                yield f"{name.replace('_', ' ')}: {figure.method}"


def comparison_section(evaluation: Evaluation) -> Section:
    """Return what the model finds that other orders miss, at the capacity nearest to the usual one."""
    index = headline_index(evaluation)
    rows = []
    for comparison in evaluation.comparisons:
        at = comparison.at[index]
        rows.append(
            (
                comparison.names[1],
                at.recall.brief(3),
                f"{format_count(at.only_first)} and {format_count(at.only_second)}",
                at.test.brief() if math.isnan(at.test.p_value) else _p(at.test.p_value),
                comparison.auc.difference.brief(3),
                at.verdict,
            )
        )
    k = f"{evaluation.model.at[index].k:,.0f}"
    return Section(
        title=f"The model against each other order, first {k} opened",
        lead=("Differences are the model less the other order, on the same cases.",),
        header=("", "recall", "found only by the model, only by the other", "McNemar", "AUC", "in words"),
        rows=tuple(rows),
    )


def probability_sections(probability: ProbabilityFigures, model: RankingFigures) -> Iterator[Section]:
    """Give how far the probabilities can be believed, the top of the list first."""
    expected = tuple(
        (f"observed over expected, first {at.k:,.0f} (1 is right)", figure.brief(3))
        for at, figure in zip(model.at, probability.observed_over_expected_at, strict=True)
    )
    logistic, smooth = probability.logistic, probability.smooth
    yield Section(
        title="Probabilities",
        header=("", "", "when the probabilities are right"),
        rows=(
            *expected,
            ("observed over expected, all (1 is right)", probability.observed_over_expected.brief(3)),
            ("calibration in the large, slope 1 (0 is right)", logistic.in_the_large.brief(3)),
            ("calibration intercept, joint (0 is right)", logistic.line.intercept.brief(3)),
            ("calibration slope (1 is right)", logistic.line.slope.brief(3)),
            *(
                (label, figure.brief(5), _expected(smooth.under_calibration.get(key)))
                for label, key, figure in (
                    ("ICI: mean distance from the loess curve", "ici", smooth.ici),
                    ("E50: median distance", "e50", smooth.e50),
                    ("E90: 90 % quantile", "e90", smooth.e90),
                    ("Emax: largest", "emax", smooth.emax),
                )
            ),
            (
                "ECE: mean distance in bins of equal count",
                probability.binned.error.brief(5),
                _expected(probability.binned.under_calibration),
            ),
        ),
        notes=("No distance is 0 when the probabilities are right: chance makes some.",),
        picture="reliability",
    )
    yield Section(
        title="Tests that the probabilities are right",
        rows=tuple((name, test.brief()) for name, test in probability.tests()),
    )
    yield Section(
        title="Scores of the probabilities: miscalibration - discrimination + uncertainty",
        header=("", "score", "miscalibration", "when right", "discrimination", "uncertainty", "skill"),
        rows=tuple(
            (
                name,
                parts.score.brief(5),
                parts.miscalibration.brief(5),
                _expected(parts.under_calibration),
                parts.discrimination.brief(5),
                parts.uncertainty.brief(5),
                parts.skill.brief(3),
            )
            for name, parts in (("Brier score", probability.brier), ("log loss", probability.log_loss))
        ),
    )


def usefulness_sections(evaluation: Evaluation) -> Iterator[Section]:
    """Give what decisions by the probability are worth, and what precision would be at other base rates."""
    decision = evaluation.decision
    if decision is not None:
        shown = _spread(len(decision.threshold), 7)
        yield Section(
            title="Standardised net benefit of opening from a probability on (1 is perfect)",
            lead=(
                "A threshold of 5 % says: one found is worth 19 opened in vain.",
                "Other orders open as many as the model does there.",
            ),
            header=("", *(f"{100 * decision.threshold[index]:.2g} %" for index in shown)),
            rows=tuple(
                (
                    policy.name,
                    *(decision.figure(index, "standardised", policy.name).brief(2) for index in shown),
                )
                for policy in decision.policies
                if policy.name != NONE
            ),
            picture="decision",
        )
    if evaluation.what_if:
        yield Section(
            title="What if the base rate were another: precision at the same cut, supposed, not measured",
            lead=("Assumes that recall and false positive rate carry over.",),
            header=("base rate", "precision", "opened for each found", "share opened"),
            rows=tuple(
                (
                    f"what if {100 * one.base_rate:g} %",
                    one.precision.brief(3),
                    one.opened_per_found.brief(1),
                    f"{100 * one.opened:.2g} %",
                )
                for one in evaluation.what_if
            ),
        )


def headline_index(evaluation: Evaluation) -> int:
    """Return which capacity stands first: the one nearest to what can usually be opened, 2.3 %."""
    distance = [abs(math.log(at.share / USUAL_SHARE)) for at in evaluation.model.at]
    return distance.index(min(distance))


def _expected(under: UnderCalibration | None) -> str:
    if under is None:
        return ""
    return f"{under.mean:.5f}, up to {under.quantile:.5f} ({_p(under.p_value)})"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _spread(length: int, wanted: int) -> list[int]:
    return sorted({round(place * (length - 1) / (wanted - 1)) for place in range(wanted)})


def _with_picture(sections: Iterator[Section], picture: str) -> Iterator[Section]:
    for index, section in enumerate(sections):
        yield replace(section, picture=picture) if index == 0 else section


def _reasons(evaluation: Evaluation) -> Iterator[Section]:
    reasons = dict.fromkeys(
        (f"{name}, {ranking}", figure.method.removeprefix("not estimable: "))
        for name, ranking, _, figure in evaluation.figures()
        if not figure.estimable
    )
    if reasons:
        yield Section(title="Not estimable", rows=tuple(reasons))
