"""What the record knows of cases that their rows do not tell: what people decided, and what was drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.features.telling.texts import look_up
from triage.worklist.routing import Told, Tracked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

    from triage.record import Record
    from triage.worklist.pool import Pool

# States of a case with which its place on the list ends, until a new report comes.
DEALT_WITH = frozenset({"open", "closed"})


@dataclass(frozen=True)
class Standing:
    """What people decided of the cases of a list, and what earlier lists drew; without a record, nothing.

    Parameters
    ----------
    lowered : frozenset of str
        Escalated cases that a person put lower.
    paused : frozenset of str
        Cases that a person paused.
    drawn : frozenset of str
        Cases that hold an audit slot of an earlier list and were not opened yet.
    aliases : mapping of str to str
        Earlier names of cases, and the names that they have now.
    due_since : mapping of int to mapping of str to datetime
        By tier, since when each case has had its deadline, list after list: it runs from then.
    youth : frozenset of str
        Cases that stood in lane youth on the last list.
    came : frozenset of str
        Cases that were not on the last list: new ones, and those that came back.
    tracked : mapping of str to Tracked
        Of cases that were to be referred: since when, and what came of it.
    notified : mapping of (str, str) to Told
        Victims who were told of material, by case and victim.
    digest : str
        SHA-256 of the rows of the new batch, which seeds the lottery.
    batches : mapping of str to str
        The names of the batches in which the reports of each case came.
    """

    lowered: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    due_since: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)
    youth: frozenset[str] = frozenset()
    came: frozenset[str] = frozenset()
    tracked: Mapping[str, Tracked] = field(default_factory=dict)
    notified: Mapping[tuple[str, str], Told] = field(default_factory=dict)
    digest: str = ""
    batches: Mapping[str, str] = field(default_factory=dict)

    def names_before(self, cases: pa.Array) -> pa.Array:
        """Return the earlier names of each case, joined by blanks."""
        before: dict[str, list[str]] = {}
        for old, new in sorted(self.aliases.items()):
            before.setdefault(new, []).append(old)
        return look_up(cases, {case: " ".join(names) for case, names in before.items()}, "")


def read_standing(record: Record, pool: Pool) -> Standing:
    """Read from the record what people decided, and which drawn cases wait to be opened.

    Parameters
    ----------
    record : Record
        The record.
    pool : Pool
        What the list is made of. A person lowers a case by what was known then: whatever is told of it
        later lifts it again.
    """
    states = {row["case_id"]: row for row in record.decisions().to_pylist()}
    # Of cases that were merged one may have been drawn and opened, and another not be dealt with yet.
    dealt = {
        case
        for case, row in states.items()
        if row["state"] in DEALT_WITH or (row["opened_at"] and row["decision"] != "deferred")
    }
    listed = record.first_listed("referral")
    return Standing(
        lowered=frozenset(
            case
            for case, row in states.items()
            if row["lowered"] and row["lowered_at"] >= pool.told.get(case, row["lowered_at"])
        ),
        paused=frozenset(case for case, row in states.items() if row["paused"]),
        drawn=frozenset(record.drawn()) - dealt,
        aliases=record.aliases(),
        due_since=record.due_since(),
        youth=frozenset(record.last_in_lane("youth")),
        came=pool.arrived | pool.reopened,
        tracked={
            case: Tracked(
                listed.get(case),
                states.get(case, {}).get("referred_at"),
                states.get(case, {}).get("acknowledged_at"),
            )
            for case in {*listed, *(case for case, row in states.items() if row["referred_at"])}
        },
        notified={
            (case, victim): Told(at, news=pool.told.get(case, at) > at)
            for case, row in states.items()
            for victim, at in row["notified"]
        },
        digest=pool.digest,
        batches=pool.batches,
    )
