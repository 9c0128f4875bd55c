"""Ways of working compared on one self-contained page: the first sheet for a head of unit, then the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.evaluation.report.rendering import draw_bar, render_page, show_row, show_section
from triage.lab.measures import MEASURES
from triage.lab.report.pictures import draw_picture
from triage.lab.report.sections import build_sections, describe_runs, plain_name
from triage.lab.report.showing import show_difference, show_interval, show_value
from triage.lab.report.verdicts import REACHED, compare_ways, show_leading, what_to_know
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.evaluation.figure import Figure
    from triage.evaluation.report.picture import Picture
    from triage.evaluation.report.rendering import Bar, Shown
    from triage.evaluation.report.section import Section
    from triage.lab.report.changed import Changed
    from triage.lab.report.summary import Summary

TITLE = "How many children are reached, how soon, and at whose expense?"
# What a head of unit reads of every way of working, with the head of its column.
FIRST_TABLE = {
    REACHED: "children reached",
    "share_reached": "of all abused",
    "reached_within_90": "reached within 90 days",
    "persons_intruded": "persons intruded upon",
    "deadlines_kept": "deadlines kept",
    "longest_wait_escalated_days": "days of the longest escalated wait",
    "hours_per_child": "hours for each child",
}
# What is told of a change, with the head of its column.
CHANGE_TABLE = {
    REACHED: "children reached",
    "share_reached": "of all abused",
    "reached_within_90": "reached within 90 days",
    "persons_intruded": "persons intruded upon",
    "hours_per_child": "hours for each child",
}


@dataclass(frozen=True)
class _Tile:
    label: str
    value: str
    detail: str
    beside: str


@dataclass(frozen=True)
class _Cell:
    value: str
    interval: str


@dataclass(frozen=True)
class _Row:
    name: str
    reached: _Cell
    bar: Bar | None
    cells: tuple[_Cell, ...]


@dataclass(frozen=True)
class _Change:
    title: str
    header: tuple[str, ...]
    ways: tuple[tuple[str, tuple[_Cell, ...]], ...]


@dataclass(frozen=True)
class _Page:
    title: str
    about: str
    question: str
    tiles: tuple[_Tile, ...]
    caption: str
    header: tuple[str, ...]
    ways: tuple[_Row, ...]
    change: _Change | None
    verdicts: tuple[str, ...]
    know: tuple[str, ...]
    first_picture: Picture | None
    sections: tuple[Shown, ...]
    assumptions: tuple[tuple[str, ...], ...]
    figures: tuple[tuple[str, ...], ...]
    level: str


def write_page(summary: Summary, title: str = TITLE) -> str:
    """Return a comparison as HTML that needs nothing but itself: no script, no font, no network.

    Parameters
    ----------
    summary : Summary
        From `triage.lab.report.summary.summarise`.
    title : str
        Of the page.
    """
    return render_page("triage.lab.report", _lay_out(summary, title))


def save_page(summary: Summary, path: Path, title: str = TITLE, *, force: bool = False) -> None:
    """Write the page of a comparison to a file, whole or not at all.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    """
    with write_file(path, force=force) as partial:
        partial.write_text(write_page(summary, title), encoding="utf-8")


def _lay_out(summary: Summary, title: str) -> _Page:
    level = f"{100 * summary.confidence:g} %"
    longest = max((_end(summary.figure(REACHED, way)) for way in summary.ways), default=0.0)
    return _Page(
        title=title,
        about=describe_runs(summary),
        question=_question(summary),
        tiles=tuple(_tiles(summary)),
        caption=f"Means over {summary.seeds} simulated periods, with {level} intervals.",
        header=("way of working", *FIRST_TABLE.values()),
        ways=tuple(_row(summary, way, longest) for way in summary.ways),
        change=_lay_out_change(summary, summary.changed) if summary.changed else None,
        verdicts=tuple(compare_ways(summary)),
        know=tuple(what_to_know(summary)),
        first_picture=draw_picture("curves", summary),
        sections=tuple(_with_drawing(section, summary) for section in build_sections(summary)),
        assumptions=tuple((one.place, one.value, one.kind, one.source) for one in summary.assumptions),
        figures=tuple(_figure_row(*row) for row in summary.every_figure()),
        level=level,
    )


def _question(summary: Summary) -> str:
    what_if = f"What if: {summary.changed.says}? " if summary.changed else ""
    if not summary.others:
        return f"{what_if}With these reports and this staff, in the order of {summary.first}:"
    return (
        f"{what_if}With the same reports and the same staff: what would change if cases were opened "
        f"otherwise than by {summary.first}?"
    )


def _tiles(summary: Summary) -> Iterator[_Tile]:
    for label, measure, what in (
        ("How many", REACHED, "children reached"),
        ("How soon", "reached_within_90", "of the children reached within 90 days"),
        ("At whose expense", "persons_intruded", "persons intruded upon"),
        ("What waits", "oldest_unseen_days", "days that the oldest unseen child has waited"),
    ):
        value, beside = show_leading(summary, measure)
        yield _Tile(label, value, f"{what} by {summary.leading()}", "".join(f"{one}; " for one in beside))


def _row(summary: Summary, way: str, longest: float) -> _Row:
    cells = tuple(_cell(summary.figure(name, way), MEASURES[name].unit) for name in FIRST_TABLE)
    return _Row(way, cells[0], draw_bar(summary.figure(REACHED, way), longest), cells[1:])


def _lay_out_change(summary: Summary, changed: Changed) -> _Change:
    known = {name: head for name, head in CHANGE_TABLE.items() if name in changed.differences}

    def cell(name: str, way: str) -> _Cell:
        unit = MEASURES[name].unit
        first, then = changed.before[name][way], summary.figure(name, way)
        difference = changed.differences[name][way].figure
        told = show_difference(difference, MEASURES[name]).replace("percentage points", "points")
        return _Cell(
            f"{show_value(first, unit)} → {show_value(then, unit)}", told if difference.estimable else ""
        )

    return _Change(
        title=f"What changes: {changed.says}",
        header=("way of working", *known.values()),
        ways=tuple((way, tuple(cell(name, way) for name in known)) for way in summary.ways),
    )


def _cell(figure: Figure, unit: str) -> _Cell:
    return _Cell(show_value(figure, unit), show_interval(figure, unit).replace(" %", ""))


def _end(figure: Figure) -> float:
    if not figure.estimable:
        return 0.0
    return figure.estimate if math.isnan(figure.high) else figure.high


def _with_drawing(section: Section, summary: Summary) -> Shown:
    # The curves stand on the first sheet.
    named = section.picture and section.picture != "curves"
    return show_section(section, draw_picture(section.picture, summary) if named else None)


def _figure_row(measure: str, way: str, figure: Figure) -> tuple[str, ...]:
    return (plain_name(measure), way, *show_row(figure))
