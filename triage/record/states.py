"""Where each case stands by all that people decided on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import func, select

from triage.record.lists import BELOW, LIST, in_slices
from triage.record.pool import ALIASES, follow_alias, resolve
from triage.record.reading import read_entries
from triage.record.schema import ENTRIES, LEAVES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from triage.record.store import Store

DECISION = "decision"
UNDECIDED, OPEN, CLOSED, REFERRED = "undecided", "open", "closed", "referred"
_STATE_AFTER = {"opened": OPEN, "closed": CLOSED, "referred": REFERRED, "deferred": UNDECIDED}
# Of merged cases the first that one of them is in: whoever works on one works on all, and none is done with
# before all are.
_MOST_ACTIVE = (OPEN, REFERRED, UNDECIDED, CLOSED)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class State:
    """Where a case stands after all that was decided on it.

    Parameters
    ----------
    case_id : str
        Its present name.
    state : str
        undecided, open, closed or referred.
    at : datetime or None
        When it came into that state; None for a case that never left the first.
    decision, why, who : str
        The latest decision of any kind; `why` empty where none was given, `who` a token.
    decided_at : datetime or None
        When that was.
    opened_at : datetime or None
        When it was first opened.
    lowered : bool
        A person lowered it, and none has raised it since.
    lowered_at : datetime or None
        When: what came to be known later was not known to that person.
    paused : bool
        A person paused it, and none has resumed it since.
    referred_at, acknowledged_at : datetime or None
        The latest referral and its acknowledgement.
    country : str
        To where it was referred.
    notified : dict of str to datetime
        When each victim was last told of material in it, by token; under an empty one, whom the list could
        not name.
    """

    case_id: str
    state: str = UNDECIDED
    at: datetime | None = None
    decision: str = ""
    why: str = ""
    who: str = ""
    decided_at: datetime | None = None
    opened_at: datetime | None = None
    lowered: bool = False
    lowered_at: datetime | None = None
    paused: bool = False
    referred_at: datetime | None = None
    acknowledged_at: datetime | None = None
    country: str = ""
    notified: dict[str, datetime] = field(default_factory=dict)

    def follow(self, payload: dict[str, Any], at: datetime) -> None:
        """Take one more decision into account."""
        decision = payload["decision"]
        self.decision, self.decided_at = decision, at
        self.why, self.who = payload["why"] or "", payload["who"]
        # A case that is dealt with here stays so when it goes to another country too.
        if decision in _STATE_AFTER and not (decision == "referred" and self.state in {OPEN, CLOSED}):
            self.state, self.at = _STATE_AFTER[decision], at
        if decision == "opened" and not self.opened_at:
            self.opened_at = at
        elif decision == "referred":
            self.referred_at, self.acknowledged_at, self.country = at, None, payload["country"] or ""
        elif decision == "notified":
            self.notified[payload.get("victim") or ""] = at
        elif decision == "acknowledged":
            self.acknowledged_at = at
        elif decision in {"lowered", "raised"}:
            self.lowered = decision == "lowered"
            self.lowered_at = at if self.lowered else None
        elif decision in {"paused", "resumed"}:
            self.paused = decision == "paused"


_ARROW = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "datetime | None": pa.timestamp("us", "UTC"),
    "dict[str, datetime]": pa.map_(pa.string(), pa.timestamp("us", "UTC")),
}
STATE_SCHEMA = pa.schema([(one.name, _ARROW[str(one.type)]) for one in fields(State)])


def states_in(store: Store, connection: Connection) -> dict[str, State]:
    """Return where each case stands on which anything was decided.

    A decision holds for every name that the case had then. A case that was merged since stands where its
    parts stand together (`merge_states`); one that nobody decided on counts too, if it stood on a list.
    """
    steps: dict[str, str] = {}
    joined: dict[str, list[str]] = {}
    merged: dict[str, int] = {}
    parts: dict[str, State] = {}
    for entry in read_entries(store, connection, (DECISION, ALIASES)):
        if entry.kind == ALIASES:
            for payload in entry.payloads:
                follow_alias(steps, payload)
                merged |= {payload["old"]: entry.seq}
                merged.setdefault(payload["case_id"], entry.seq)
            joined = _join(steps)
            continue
        for payload in entry.payloads:
            for name in (payload["case_id"], *joined.get(payload["case_id"], ())):
                parts.setdefault(name, State(name)).follow(payload, datetime.fromisoformat(entry.at))
    cases: dict[str, list[State]] = {}
    for name, state in parts.items():
        cases.setdefault(resolve(steps, name), []).append(state)
    silent = {name: seq for name, seq in merged.items() if name not in parts}
    for name in _listed_before(connection, silent):
        if resolve(steps, name) in cases:
            cases[resolve(steps, name)].append(State(name))
    return {case: merge_states(case, some) for case, some in cases.items()}


def _join(steps: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the old names of each case that has any."""
    joined: dict[str, list[str]] = {}
    for old in steps:
        joined.setdefault(resolve(steps, old), []).append(old)
    return joined


def _listed_before(connection: Connection, names: Mapping[str, int]) -> list[str]:
    """Return the names that stood on a list before the entry with that number."""
    found: list[str] = []
    for some in in_slices(sorted(names)):
        query = (
            select(LEAVES.c.case_id, func.min(LEAVES.c.seq))
            .join(ENTRIES, ENTRIES.c.seq == LEAVES.c.seq)
            .where(LEAVES.c.case_id.in_(some), ENTRIES.c.kind.in_((LIST, BELOW)))
            .group_by(LEAVES.c.case_id)
        )
        found += [name for name, first in connection.execute(query) if first < names[name]]
    return found


def merge_states(case: str, parts: Sequence[State]) -> State:
    """Return where a case stands that was merged from several.

    Open if one is open; else not dealt with while one of them is not. So no case vanishes because another
    was closed, and nobody takes up what somebody works on already. It is paused or lowered only if all of
    them are: what was known of one says nothing of the others.

    Parameters
    ----------
    case : str
        Its name.
    parts : sequence of State
        At least one; in any order.

    Examples
    --------
    >>> [
    ...     merge_states("c", [State("a", one), State("b", other)]).state
    ...     for one, other in (("open", "undecided"), ("closed", "undecided"), ("closed", "referred"))
    ... ]
    ['open', 'undecided', 'referred']
    """
    state = min((part.state for part in parts), key=_MOST_ACTIVE.index)
    latest = max(parts, key=lambda part: part.decided_at or _NEVER)
    referred = max(parts, key=lambda part: part.referred_at or _NEVER)
    times = [part.at for part in parts if part.state == state and part.at]
    told = [one for part in parts for one in part.notified.items()]
    lowered = [part.lowered_at for part in parts if part.lowered_at]
    return replace(
        latest,
        case_id=case,
        state=state,
        at=min(times, default=None),
        opened_at=min((part.opened_at for part in parts if part.opened_at), default=None),
        lowered=all(part.lowered for part in parts),
        lowered_at=min(lowered) if len(lowered) == len(parts) else None,
        paused=all(part.paused for part in parts),
        referred_at=referred.referred_at,
        acknowledged_at=referred.acknowledged_at,
        country=referred.country,
        notified=dict(sorted(told, key=lambda one: one[1])),
    )


def tabulate(states: Collection[State]) -> pa.Table:
    """Return states as a table, by case."""
    rows = [
        asdict(state) | {"notified": list(state.notified.items())}
        for state in sorted(states, key=lambda state: state.case_id)
    ]
    return pa.Table.from_pylist(rows, schema=STATE_SCHEMA)
