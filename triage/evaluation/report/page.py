"""An evaluation as one self-contained page: the first sheet for a chief of police, then the statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.evaluation.figure import Figure, format_count
from triage.evaluation.report.pictures import draw_picture
from triage.evaluation.report.rendering import draw_bar, render_page, show_row, show_section
from triage.evaluation.report.sections import build_sections, count_missed, headline_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.report.picture import Picture
    from triage.evaluation.report.rendering import Bar, Shown
    from triage.evaluation.report.section import Section
    from triage.evaluation.result import Evaluation, RankingFigures

FEW = 30


@dataclass(frozen=True)
class _Tile:
    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class _Order:
    """One row of the first table."""

    name: str
    found: str
    missed: str
    share: str
    needed: str
    bar: Bar | None


@dataclass(frozen=True)
class _Page:
    title: str
    about: str
    question: str
    synthetic: bool
    tiles: tuple[_Tile, ...]
    orders_caption: str
    orders: tuple[_Order, ...]
    know: tuple[str, ...]
    first_picture: Picture | None
    sections: tuple[Shown, ...]
    figures: tuple[tuple[str, ...], ...]
    level: str


def write_page(evaluation: Evaluation, title: str = "How good is the order of this list?") -> str:
    """Return an evaluation as HTML that needs nothing but itself: no script, no font, no network.

    Parameters
    ----------
    evaluation : Evaluation
        From `triage.evaluation.evaluate`.
    title : str
        Of the page.
    """
    return render_page("triage.evaluation.report", _lay_out(evaluation, title))


def _lay_out(evaluation: Evaluation, title: str) -> _Page:
    index = headline_index(evaluation)
    at = evaluation.model.at[index]
    unit = evaluation.unit
    shown = tuple(_with_drawings(section, evaluation) for section in build_sections(evaluation))
    return _Page(
        title=title,
        about=(
            f"{_capital(evaluation.denominator)}: {evaluation.cases:,} {unit}, {evaluation.positives:,} of "
            "them with current abuse of a child."
        ),
        question=f"When {at.k:,.0f} of {at.cases:,.0f} {unit} can be opened "
        f"({100 * at.share:.3g} %), in the order of the {evaluation.model.name}:",
        synthetic=evaluation.synthetic,
        tiles=tuple(_tiles(evaluation, index)),
        orders_caption=_orders_caption(evaluation),
        orders=tuple(_order(evaluation, ranking, index) for ranking in evaluation.rankings),
        know=tuple(what_to_know(evaluation, index)),
        first_picture=draw_picture("recall", evaluation),
        sections=shown,
        figures=tuple(_figure_row(*row) for row in evaluation.figures()),
        level=f"{100 * evaluation.confidence:g} %",
    )


def _with_drawings(section: Section, evaluation: Evaluation) -> Shown:
    picture = draw_picture(section.picture, evaluation) if section.picture not in {"", "recall"} else None
    return show_section(section, picture)


def _tiles(evaluation: Evaluation, index: int) -> Iterator[_Tile]:
    at = evaluation.model.at[index]
    if not at.positives:
        yield _Tile("Found", "nothing to find", "no case with current abuse is known among these")
        return
    about = "about " if evaluation.weighted else ""
    yield _Tile(
        "Found",
        f"{about}{at.found.expected:,.0f} of {at.positives:,.0f}",
        f"{_percent(_recall(evaluation, evaluation.model, index))} of those with current abuse",
    )
    missed = count_missed(at.missed, at.positives, weighted=evaluation.weighted)
    yield _Tile("Missed", missed, "children behind what is not opened")
    value, _, interval = _needed(at.needed).partition(" ")
    yield _Tile("Opened for each one found", value, interval or "number needed to open")


def _orders_caption(evaluation: Evaluation) -> str:
    told = f"As many opened in other orders; intervals {100 * evaluation.confidence:g} %."
    return f"{told} Numbers are estimates by weights, not counts." if evaluation.weighted else told


def _recall(evaluation: Evaluation, ranking: RankingFigures, index: int) -> Figure:
    """Return recall with the widest doubt known, that of a lottery of outcomes included."""
    own = ranking.at[index].recall
    if evaluation.selection is None or ranking is not evaluation.model or not evaluation.weighted:
        return own
    whole = evaluation.selection.at[index].hajek.recall
    if not whole.estimable:
        return own
    return replace(own, low=min(own.low, whole.low), high=max(own.high, whole.high))


def _order(evaluation: Evaluation, ranking: RankingFigures, index: int) -> _Order:
    at, recall = ranking.at[index], _recall(evaluation, ranking, index)
    return _Order(
        name=ranking.name,
        found=f"{at.found.expected:,.0f} of {at.positives:,.0f}",
        missed=count_missed(at.missed, at.positives, weighted=evaluation.weighted),
        share=_percent(recall),
        needed=_needed(at.needed),
        bar=draw_bar(recall),
    )


def what_to_know(evaluation: Evaluation, index: int) -> Iterator[str]:
    """Give in plain words what a reader must know before relying on the figures at one capacity."""
    at = evaluation.model.at[index]
    if evaluation.weighted:
        yield (
            f"Numbers found and missed are estimates: they rest on {evaluation.positives:,} "
            f"{evaluation.unit} with current abuse, each of which stands for others."
        )
    if evaluation.positives < FEW:
        yield (
            f"Only {evaluation.positives:,} with current abuse are known: every share here is uncertain, as "
            "its interval says."
        )
    if evaluation.left_out:
        weighed = evaluation.selection is not None and evaluation.weighted
        yield (
            f"{evaluation.left_out:,} {evaluation.unit} have no outcome: outcomes exist only for what was "
            "chosen to be investigated. "
            + (
                "The others are weighted by the logged chance of that, so that the numbers speak of all."
                if weighed
                else "They are left out, so that the shares above can be too high or too low for the list."
            )
        )
    if at.tied_at_cut:
        yield (
            f"{at.tied_at_cut:,} {evaluation.unit} share the score at which the last place falls; which of "
            "them are opened is chance, and the intervals allow for it."
        )
    yield from _verdicts(evaluation, index)
    if evaluation.probability is not None:
        yield _calibration_sentence(evaluation, index)
    if evaluation.groups is not None:
        yield evaluation.groups.sentence()
    yield (
        "One with current abuse stands for at least one child. Missed means: not opened at this capacity, "
        "not dropped; it stays on the list."
    )


def _verdicts(evaluation: Evaluation, index: int) -> Iterator[str]:
    """Give what can be said of the model against each other order; those that are like it in one sentence."""
    alike = []
    for comparison in evaluation.comparisons:
        verdict = comparison.at[index].verdict
        if "cannot be told apart" in verdict:
            alike.append(comparison.names[1])
        else:
            yield f"{_capital(verdict)}."
    if alike:
        yield f"The model cannot be told apart from {', '.join(alike)} on these {evaluation.unit}."


def _calibration_sentence(evaluation: Evaluation, index: int) -> str:
    assert evaluation.probability is not None  # noqa: S101 - the caller asked
    figure = evaluation.probability.observed_over_expected_at[index]
    if not figure.estimable:
        return "Whether the probabilities are right at the top of the list cannot be told from these."
    said = f"{figure.estimate:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
    if figure.low <= 1 <= figure.high:
        return f"Probabilities at the top of the list agree with what was found: {said} for each announced."
    which = "too low" if figure.low > 1 else "too high"
    return f"Probabilities at the top of the list are {which}: {said} found for each one announced."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _percent(figure: Figure) -> str:
    return figure.times(100).brief(1).replace("[", "% [") if figure.estimable else "not estimable"


def _needed(figure: Figure) -> str:
    if not figure.estimable:
        return "none found"
    if math.isinf(figure.high):
        return f"{figure.estimate:.1f} [{figure.low:.1f} or more]"
    return figure.brief(1)


def _figure_row(name: str, ranking: str, k: float, figure: Figure) -> tuple[str, ...]:
    return (name, ranking, "" if math.isnan(k) else format_count(k), *show_row(figure))
