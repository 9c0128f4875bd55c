"""A list as a file of queue priorities, in the form in which the review console Coop takes items."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from triage.worklist.exports.lines import plain_value
from triage.worklist.missing import SEPARATOR
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from triage.worklist.exports.about import About
    from triage.worklist.exports.by_ending import Options

ITEM_TYPE = "report-triage-case"
# Coop counts urgency upward and keeps at most this much of it (the priorities of its queue end at 2^21 - 1).
MOST_URGENT = 2_097_151
_QUEUES = {"youth": "youth", "paused": "paused"}
_KEPT = ("lane", "tier", "rank", "score", "due_at", "received_at", "country", "sources", "solvability")


@contextmanager
def open_list(path: Path, options: Options) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows to the body of Coop's call for items, the most urgent first."""
    items: list[dict[str, Any]] = []
    with write_file(path, force=options.force) as partial:
        yield lambda table: items.extend(_item(row, options.about) for row in table.to_pylist())
        partial.write_text(json.dumps({"items": items}, indent=1) + "\n", encoding="ascii")


def _item(row: dict[str, Any], about: About) -> dict[str, Any]:
    """Return one case; what is not known is left out, since Coop checks every field that is there."""
    fields = {
        "priority": priority_of(row["rank"]),
        "queue": _QUEUES.get(row["lane"], "main"),
        **{name: plain_value(row[name]) for name in _KEPT},
        "reasons": _sentences(row["reasons"]),
        "missing": _sentences(row["missing"]),
        "model": row["model"],
        "policy": about.policy,
        "batch": row["batch"],
        "synthetic": about.synthetic,
    }
    known = {name: value for name, value in fields.items() if value not in (None, "", [])}
    return {"id": row["case_id"], "typeId": ITEM_TYPE, "data": known}


def priority_of(rank: int) -> int:
    """Return the urgency of a place on a list: the larger the sooner, never below 0.

    Examples
    --------
    >>> priority_of(1), priority_of(2), priority_of(9_000_000)
    (2097151, 2097150, 0)
    """
    return max(0, MOST_URGENT + 1 - rank)


def _sentences(text: str | None) -> list[str]:
    return text.split(SEPARATOR) if text else []
