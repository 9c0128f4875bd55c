"""Keep what people decide, once it makes sense where the case stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from triage.errors import InputRefusedError
from triage.record.chain import Leaf, to_json
from triage.record.codes import DECISIONS, VIEWS, WHYS
from triage.record.lists import latest_row
from triage.record.pool import aliases_in
from triage.record.reading import read_entries
from triage.record.schema import LEAVES
from triage.record.states import DECISION, OPEN, State, states_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from triage.record.chain import Head
    from triage.record.store import Store

FIRST_VIEW = "first_view"
_ESCALATED, _NOT_PLANNED = "escalated", 5
# Nothing that stands in another lane leaves its place for a pause.
_PAUSABLE = frozenset({"ranked", "paused"})
_INSTEAD = {
    "opened": "add --again to open it a second time",
    "paused": (
        "if another investigation has the person, close it (--decision closed --why known_elsewhere); an"
        " escalated case can be put last of the escalated (--decision lowered --why known_elsewhere)"
    ),
}
_COUNTRY = re.compile(r"[A-Z0-9]{2}")


def decide(
    store: Store,
    case: str,
    who: str,
    decision: str,
    *,
    why: str | None = None,
    country: str | None = None,
    victim: str | None = None,
    again: bool = False,
) -> Head:
    """Keep a decision on a case."""
    _require_code("decision", decision, DECISIONS)
    if why is not None:
        _require_code("why", why, WHYS)
    if country is not None and not (decision == "referred" and _COUNTRY.fullmatch(country)):
        raise InputRefusedError(
            f"country '{country[:20]}'", expected="two capital letters (ISO 3166-1), with a referral only"
        )
    if victim is not None and decision != "notified":
        raise InputRefusedError("a victim", expected="none but with notified: the victim who was told")
    with store.writing() as connection:
        name, names = find_names(store, connection, case)
        state = states_in(store, connection).get(name, State(name))
        row = latest_row(connection, names)
        _check_decision(state, decision, row, again=again)
        if why is None and departs(decision, row, state):
            raise InputRefusedError(
                f"{decision}, which departs from the list",
                where=f"case {name}",
                expected=f"why: {', '.join(WHYS)}",
                mend="give the reason with --why",
            )
        payload = {
            "case_id": name,
            "who": person_token(store, who),
            "decision": decision,
            "why": why,
            "country": country,
            **({"victim": victim} if decision == "notified" else {}),
        }
        return store.append(connection, DECISION, [Leaf(to_json(payload), case_id=name)])


def departs(decision: str, row: dict[str, Any] | None, state: State) -> bool:
    """Say whether a decision departs from the list, so that it needs a reason.

    Opening what the list does not plan, deferring or closing unopened what it does, and moving a case
    against its rules.
    """
    planned = row is not None and (row.get("tier") or 0) < _NOT_PLANNED
    if decision == "opened":
        return not planned
    if decision == "closed":
        return planned and not state.opened_at
    return decision in {"lowered", "raised"} or (decision == "deferred" and planned)


def _check_decision(state: State, decision: str, row: dict[str, Any] | None, *, again: bool) -> None:
    found = ""
    if decision == "opened" and state.state == OPEN and not again:
        found = f"opened already, {state.at:%Y-%m-%d %H:%M} UTC"
    elif decision == "acknowledged" and (not state.referred_at or state.acknowledged_at):
        found = (
            "acknowledged already" if state.acknowledged_at else "never referred, so nothing to acknowledge"
        )
    elif decision == "lowered" and (row is None or row.get("lane") != _ESCALATED):
        # Lowered in advance, a later escalation would pass unseen.
        found = "not escalated on the latest list, so there is nothing to lower"
    elif decision == "raised" and not state.lowered:
        found = "not lowered"
    elif decision == "paused" and row is not None and row.get("lane") not in _PAUSABLE:
        found = f"stands in lane {row.get('lane')} on the latest list, where a pause changes nothing"
    elif decision == "notified" and "notification" not in str((row or {}).get("lists") or "").split():
        found = (
            "not on the list of notifications beside the latest list, so there is nobody to have been told"
        )
    elif decision == "resumed" and not state.paused:
        found = "not paused"
    if found:
        mend = _INSTEAD.get(decision, "look at triage audit show")
        raise InputRefusedError(found, where=f"case {state.case_id}", mend=mend)


def view_first(store: Store, case: str, who: str, view: str) -> Head:
    """Keep what a person thinks of a case before seeing its score; once, and before deciding."""
    _require_code("view", view, VIEWS)
    token = person_token(store, who)
    with store.writing() as connection:
        name, names = find_names(store, connection, case)
        for entry in read_entries(store, connection, (FIRST_VIEW, DECISION)):
            for payload in entry.payloads:
                if payload["case_id"] in names and payload["who"] == token:
                    raise InputRefusedError(
                        f"this person's {entry.kind.replace('_', ' ')} is kept already",
                        where=f"case {name}",
                        expected="the first view before anything else, once",
                    )
        payload = {"case_id": name, "who": token, "view": view}
        return store.append(connection, FIRST_VIEW, [Leaf(to_json(payload), case_id=name)])


def person_token(store: Store, who: str) -> str:
    """Return the token of a person who works here; the name itself is not kept."""
    if not who.strip():
        raise InputRefusedError("nobody", where="who", expected="who decided: a staff number or a name")
    return store.key.token("who", who.strip())


def find_names(
    store: Store, connection: Connection, case: str, aliases: Mapping[str, str] | None = None
) -> tuple[str, list[str]]:
    """Return the present name of a case and all names it had; `aliases` saves reading them again.

    Raises
    ------
    InputRefusedError
        The record knows no such case: a slip of the pen would leave the case that was meant undecided.
    """
    aliases = aliases_in(store, connection) if aliases is None else aliases
    name = aliases.get(case, case)
    names = [name, *(old for old, new in aliases.items() if new == name)]
    if not _is_known(connection, names):
        raise InputRefusedError(
            f"no case '{case[:64]}'",
            where=store.name,
            expected="a case_id of a list that the record holds",
            mend="copy it from the worklist",
        )
    return name, names


def _is_known(connection: Connection, names: Sequence[str]) -> bool:
    query = select(LEAVES.c.seq).where(LEAVES.c.case_id.in_(names)).limit(1)
    return connection.execute(query).first() is not None


def _require_code(what: str, code: str, codes: Sequence[str]) -> None:
    if code not in codes:
        raise InputRefusedError(f"{what} '{code[:40]}'", expected=", ".join(codes))
