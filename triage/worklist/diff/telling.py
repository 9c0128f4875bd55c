"""Show what changed between two lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from triage.worklist.diff.compare import Cause
from triage.worklist.diff.reading import PRINTS
from triage.writing import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from triage.worklist.diff.compare import Change, ListDiff

_ASK = {Cause.GONE: "decided, or not in the batch: --store says which"}
_SAYS = {True: "the same", False: "another", None: "not said by both lists"}


def draw_diff(diff: ListDiff, top: int) -> Iterator[RenderableType]:
    """Yield what changed: the lists, the causes with their counts, and the foremost cases of each cause.

    Parameters
    ----------
    diff : ListDiff
        The comparison.
    top : int
        Most cases to show of each cause.
    """
    yield Text(f"{_name(diff.old)}  →  {_name(diff.new)}", style="bold")
    for name in PRINTS:
        both = f"{shown(diff.old[name]) or '-'} → {shown(diff.new[name]) or '-'}"
        same = diff.same[name]
        yield Text(f"  {name}: {_SAYS[same]}{'' if same else f' ({both})'}", style="" if same else "yellow")
    yield Text(f"  {diff.unchanged:,} cases unchanged, {len(diff.changes):,} changed")
    for group, count in diff.groups().items():
        members = [change for change in diff.changes if " and ".join(change.causes) == group]
        yield Text()
        note = _ASK.get(members[0].causes[0], "")
        yield Text(f"{group}: {count:,}{f' ({note})' if note else ''}", style="bold")
        if top:
            yield _draw_changes(members[:top])
        if 0 < top < count:
            yield Text(f"  and {count - top:,} more: --top, or --json for all", style="dim")


def _draw_changes(changes: list[Change]) -> Table:
    table = Table(box=None, show_header=True, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("  case", overflow="fold")
    for name in ("rank", "tier", "lane"):
        table.add_column(name, no_wrap=True)
    table.add_column("what is different", overflow="fold", ratio=1)
    for change in changes:
        cells = [_both(change, name) for name in ("rank", "tier", "lane")]
        table.add_row(
            Text(f"  {shown(change.case_id)}"), *map(Text, cells), Text("; ".join(map(_safe, change.details)))
        )
    return table


def _both(change: Change, name: str) -> str:
    old, new = (_cell(place, name) for place in (change.old, change.new))
    return old if old == new else f"{old} → {new}"


def _cell(place: dict[str, Any], name: str) -> str:
    value = place.get(name)
    return "-" if value is None else shown(str(value))


def _safe(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _name(about: dict[str, Any]) -> str:
    return f"{shown(about['list'])} ({about['rows']:,})"
