"""Show the top of the list in a terminal."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from triage.worklist.missing import SEPARATOR
from triage.worklist.reasons import SMALLEST_SHOWN, WHOLE, show_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from triage.worklist.build import Worklist
    from triage.worklist.explain import Explanation

_COLOURS = {1: "bold red", 2: "yellow", 3: "cyan"}
_TITLES = {
    "main": "Worklist",
    "youth": "Youth: children to protect",
    "paused": "Paused: another investigation has the person",
}
_HEADINGS = ("rank", "tier", "lane", "case", "score", "probability", "due", "country")
_RIGHT = {0, 1, 4, 5}
SHORT_CASE = 10
INDENT = 6
SHOWN_REASONS = 3
SHOWN_BESIDE = 5


def draw_worklist(worklist: Worklist, top: int) -> Iterator[RenderableType]:
    """Yield the first cases of the list, and of each list beside it that is not empty.

    Each case takes one line of facts, and its reasons below it, so that it fits a terminal of any width.

    Parameters
    ----------
    worklist : Worklist
        The list.
    top : int
        Most cases of the list; of the lists beside it at most five are shown.
    """
    # Lane stands after lane; the main list is made of several.
    starts = dict(zip(worklist.lanes, accumulate(worklist.lanes.values(), initial=0), strict=False))
    for name, title in _TITLES.items():
        here = [lane for lane in worklist.lanes if (lane if lane in _TITLES else "main") == name]
        count = sum(worklist.lanes[lane] for lane in here)
        most = top if name == "main" else min(top, SHOWN_BESIDE)
        shown: list[dict[str, Any]] = []
        for lane in here:
            rows = min(worklist.lanes[lane], most - len(shown))
            shown += worklist.rows(starts[lane], starts[lane] + rows).to_pylist()
        if count or name == "main":
            yield Text(f"{title}, {len(shown):,} of {count:,}", style="bold")
            yield from _lines(shown)
            yield Text()


def _lines(rows: list[dict[str, Any]]) -> Iterator[RenderableType]:
    cells = [_cells(row) for row in rows]
    used = [column for column in range(len(_HEADINGS)) if any(line[column] for line in cells)]
    width = [max(len(line[column]) for line in [_HEADINGS, *cells]) for column in range(len(_HEADINGS))]

    def join(line: tuple[str, ...]) -> str:
        aligned = (
            line[column].rjust(width[column]) if column in _RIGHT else line[column].ljust(width[column])
            for column in used
        )
        return "  ".join(aligned).rstrip()

    if rows:
        yield Text(join(_HEADINGS), style="dim", no_wrap=True, overflow="ellipsis")
    for row, line in zip(rows, cells, strict=True):
        # Text, not markup: a hostile identifier stays text.
        style = _COLOURS.get(row["tier"] or 0, "")
        yield Text(join(line), style=style, no_wrap=True, overflow="ellipsis")
        reasons = SEPARATOR.join(row["reasons"].split(SEPARATOR)[:SHOWN_REASONS])
        # What puts a case on top need not be among the reasons of its score.
        why = [row["imminence"]] if row["imminence"] and row["imminence"] not in reasons else []
        told = SEPARATOR.join([*why, *filter(None, [reasons])])
        yield Padding(Text(_printable(told)), (0, 0, 0, INDENT), expand=False)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{row['rank']:,}",
        str(row["tier"] or ""),
        row["lane"],
        _printable(row["case_id"][:SHORT_CASE]),
        "" if row["score"] is None else f"{row['score']:.4g}",
        _probability(row),
        f"{row['due_at']:%d %b %H:%M}" if row["due_at"] else "",
        row["country"] or "",
    )


def draw_explanation(explanation: Explanation) -> Iterator[Table | Text]:
    """Yield the terms of one case, the facts that are not known, and the sum.

    Parameters
    ----------
    explanation : Explanation
        The case.
    """
    whole = explanation.unit in WHOLE
    heading = f"Case {explanation.case_id}, lane {explanation.lane}, model {explanation.model}"
    yield Text(_printable(heading), style="bold")
    yield Text(_printable(explanation.facts))
    if explanation.score is None:
        yield Text(explanation.probability_note)
        return
    known = Table(title=f"Terms, in {explanation.unit}", title_justify="left", expand=True)
    known.add_column("adds", justify="right", no_wrap=True)
    known.add_column("because", ratio=2)
    known.add_column("rests on", ratio=3, style="dim")
    told = [term for term in explanation.terms if term.value is not None]
    small = [term.contribution for term in told if abs(term.contribution) < SMALLEST_SHOWN]
    for term in told:
        if abs(term.contribution) >= SMALLEST_SHOWN:
            known.add_row(show_points(term.contribution, whole=whole), term.sentence, term.source)
    if small:
        known.add_row(
            show_points(sum(small), whole=whole), f"{len(small)} more that add nothing or next to it", ""
        )
    yield known
    unknown = Table(title="Not known", title_justify="left", expand=True)
    unknown.add_column("question", ratio=2)
    unknown.add_column("adds now", justify="right", no_wrap=True)
    unknown.add_column("if not", justify="right", no_wrap=True)
    unknown.add_column("if so", justify="right", no_wrap=True)
    for term in explanation.terms:
        answers = (term.contribution, term.if_no, term.if_yes)
        levels = [0.0, *(answer for answer in answers if answer is not None)]
        if term.value is None and max(levels) - min(levels) >= SMALLEST_SHOWN:
            shown = ("" if answer is None else show_points(answer, whole=whole) for answer in answers)
            unknown.add_row(term.sentence.removeprefix("not known: ").removeprefix("not stated: "), *shown)
    if unknown.row_count:
        yield unknown
    total = f"{explanation.score:.4g} {explanation.unit}"
    begins = show_points(explanation.intercept, whole=whole)
    start = f", of which {begins} to start with and the terms above" if explanation.intercept else ""
    yield Text(f"Score: {total}{start}", style="bold")
    if explanation.reasons_note:
        yield Text(f"Reasons: {explanation.reasons_note}")
    if explanation.probability is None:
        yield Text(f"Probability: {explanation.probability_note}")
    else:
        curve = f"curve {explanation.probability_low:.2%} to {explanation.probability_high:.2%}"
        yield Text(f"Probability: {explanation.probability:.2%} ({curve}), {explanation.probability_note}")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _probability(row: dict[str, Any]) -> str:
    if row["probability"] is None:
        return ""
    return f"{row['probability']:.1%} ({row['probability_low']:.1%}-{row['probability_high']:.1%})"
