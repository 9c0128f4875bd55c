"""What the entries say, for people who look."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from triage.errors import InputRefusedError
from triage.record.deciding import find_names
from triage.record.pool import aliases_in, resolve
from triage.record.schema import ENTRIES, LEAVES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.record.store import Store

_SHOWN_MATCHES = 5
BLIND = frozenset({"audit", "inclusion", "place"})
# Of a row that says so, the list that was shown left the score out, which would tell the same.
HIDDEN = "hidden"


def find_case(store: Store, connection: Connection, text: str) -> str:
    """Return the present name of a case, from its id or the first letters of it.

    Raises
    ------
    InputRefusedError
        None, or more than one, begins like that.
    """
    aliases = aliases_in(store, connection)
    exact = select(LEAVES.c.case_id).where(LEAVES.c.case_id == text).limit(1)
    if text in aliases or connection.execute(exact).first():
        return resolve(aliases, text)
    query = select(LEAVES.c.case_id).where(LEAVES.c.case_id.startswith(text, autoescape=True)).distinct()
    stored = (name for (name,) in connection.execute(query)) if text else ()
    found = sorted(
        {
            resolve(aliases, name)
            for name in (*stored, *(old for old in aliases if text and old.startswith(text)))
        }
    )
    if len(found) == 1:
        return found[0]
    shown = ", ".join(found[:_SHOWN_MATCHES])
    raise InputRefusedError(
        f"{'more than one case begins' if found else 'no case begins'} with '{text[:60]}'",
        where=store.name,
        expected="a case_id of a list that the record holds" + (f", such as {shown}" if shown else ""),
        mend="give more of it" if found else "copy it from the worklist",
    )


def entries_in(
    store: Store, connection: Connection, *, last: int | None, case: str | None
) -> list[dict[str, Any]]:
    """Return number, time, kind, head and leaves of entries; what they say where that is short.

    Parameters
    ----------
    last : int, optional
        Only so many, the latest.
    case : str, optional
        Only those about a case, with what they say about it.
    """
    query = (
        select(
            ENTRIES.c.seq,
            ENTRIES.c.at,
            ENTRIES.c.kind,
            ENTRIES.c.mac,
            func.count(LEAVES.c.place).label("leaves"),
            (func.count(LEAVES.c.place) - func.count(LEAVES.c.payload)).label("erased"),
        )
        .join(LEAVES, LEAVES.c.seq == ENTRIES.c.seq)
        .group_by(ENTRIES.c.seq, ENTRIES.c.at, ENTRIES.c.kind, ENTRIES.c.mac)
        .order_by(ENTRIES.c.seq.desc())
    )
    said: dict[int, list[dict[str, Any]]] = {}
    if case is not None:
        names = find_names(store, connection, case)[1]
        about = select(LEAVES.c.seq, LEAVES.c.payload).where(LEAVES.c.case_id.in_(names))
        for seq, payload in connection.execute(about):
            told = json.loads(payload)
            # Which rows are audits is not shown to those who are to look at them without knowing.
            unsaid = BLIND | {"score"} if told.get(HIDDEN) else BLIND
            said.setdefault(seq, []).append({name: told[name] for name in told if name not in unsaid})
        query = query.where(ENTRIES.c.seq.in_(said))
    rows = connection.execute(query.limit(last)).all()
    if case is None:
        first = select(LEAVES.c.seq, LEAVES.c.payload).where(
            LEAVES.c.place == 0, LEAVES.c.seq.in_([row.seq for row in rows]), LEAVES.c.payload.is_not(None)
        )
        said = {seq: [json.loads(payload)] for seq, payload in connection.execute(first)}
    return [
        {
            "seq": row.seq,
            "at": row.at,
            "kind": row.kind,
            "mac": row.mac.hex(),
            "leaves": row.leaves,
            "erased": row.erased,
            "says": said.get(row.seq, []),
        }
        for row in reversed(rows)
    ]
