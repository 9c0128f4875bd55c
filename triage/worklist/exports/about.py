"""What is said of a list beside its rows: where it comes from, what it holds, what to know first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from triage.worklist.build import Worklist


@dataclass(frozen=True)
class About:
    """What is said of a list.

    Parameters
    ----------
    title : str
        What kind of list it is.
    model, policy, batch, fingerprints : str
        What it was made with; empty where nobody says.
    as_of : datetime or None
        The "now" of the list.
    synthetic : bool
        Whether no real report is behind it.
    capacity : int or None
        Cases that can be opened; None for a list that has none.
    lanes : dict of str to int
        Cases a lane.
    alarms, notes : tuple of str
        What the person in charge must know first; what every reader should know.
    """

    title: str = "Worklist"
    model: str = ""
    policy: str = ""
    batch: str = ""
    fingerprints: str = ""
    as_of: datetime | None = None
    synthetic: bool = False
    capacity: int | None = None
    lanes: dict[str, int] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_lines(self) -> dict[str, str]:
        """Return what stands in one line each, without what is empty."""
        lines = {
            "as_of": f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}" if self.as_of else "",
            "model": self.model,
            "policy": self.policy,
            "batch": self.batch,
            "fingerprints": self.fingerprints,
            "synthetic": "yes: no real report is behind this list" if self.synthetic else "",
            "capacity": "" if self.capacity is None else f"{self.capacity}",
            "lanes": ", ".join(f"{count:,} {lane}" for lane, count in self.lanes.items()),
        }
        return {name: line for name, line in lines.items() if line}


def describe(worklist: Worklist) -> About:
    """Gather what is said of a worklist."""
    return About(
        model=worklist.model,
        policy=worklist.policy.name,
        batch=worklist.batch,
        fingerprints=worklist.fingerprints,
        as_of=worklist.as_of,
        synthetic=worklist.synthetic,
        capacity=worklist.capacity,
        lanes=dict(worklist.lanes),
        alarms=tuple(worklist.alarms),
        notes=tuple(_notes(worklist)),
    )


def describe_table(table: pa.Table, title: str, *, synthetic: bool = False) -> About:
    """Gather what a table says of itself, for a list that is no worklist."""
    return About(
        title=title,
        synthetic=synthetic,
        model=first_value(table, "model"),
        policy=first_value(table, "policy"),
        batch=first_value(table, "batch"),
        fingerprints=first_value(table, "fingerprints"),
    )


def first_value(table: pa.Table, column: str) -> str:
    """Return the first value of a column of text; empty without such a column or value."""
    if column not in table.column_names:
        return ""
    values: list[Any] = table[column].drop_null().slice(0, 1).to_pylist()
    return str(values[0]) if values else ""


def _notes(worklist: Worklist) -> Iterator[str]:
    yield f"Probability: {worklist.probability_note}."
    if worklist.hidden:
        yield (
            f"Of {len(worklist.hidden):,} planned cases no score is shown: some of them may have been drawn"
            " by lot, and who works on them should not know which."
        )
    if worklist.tied_at_cut:
        yield (
            f"{worklist.tied_at_cut:,} cases share the score at which the capacity ends; the longest waiting"
            " go first."
        )
    if worklist.set_aside:
        yield (
            f"{worklist.set_aside:,} rows of the batch could not be used and were set aside; reports among"
            " them stand in lane unreadable."
        )
    if worklist.not_yet_known:
        yield f"{worklist.not_yet_known:,} cases were not known at that time and are not listed."
    yield "The software orders a list for people; it decides nothing."
