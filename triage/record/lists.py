"""The lists that were shown, and the probability with which each case was chosen by them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, func, literal, select

from triage.errors import InputRefusedError
from triage.record.chain import Leaf, to_json
from triage.record.pool import aliases_in
from triage.record.reading import is_whole, read_entries
from triage.record.schema import ENTRIES, LEAVES
from triage.record.store import VERIFY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from triage.record.chain import Head
    from triage.record.store import Store

# A list is two entries written together: the cases that it chose, which every later reckoning reads, and the
# rest, which are many.
LIST, BELOW, EXPORT = "list", "list_below", "export"
NEEDED_HEADER = ("as_of", "model", "policy", "batch")
NEEDED_ROW = ("case_id", "inclusion")
_SHA256_DIGITS = 64
_LEAVES_AT_ONCE = 1000
# After every time as it is kept.
LATER = "~"


def keep_list(store: Store, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Head:
    """Keep a list: header and one leaf a row."""
    _check_list(store, header, rows)
    chosen = [row for row in rows if _is_read_again(row)]
    below = [row for row in rows if not _is_read_again(row)]
    full = {**header, "cases": len(rows), "chosen": len(chosen)}
    with store.writing() as connection:
        if below:
            # The rest goes first, so that the head that is printed stands for the whole list.
            header_below = {"list": store.next_number(connection) + 1}
            store.append(connection, BELOW, [Leaf(to_json(header_below)), *map(_row_leaf, below)])
        return store.append(connection, LIST, [Leaf(to_json(full)), *map(_row_leaf, chosen)])


def _is_read_again(row: Mapping[str, Any]) -> bool:
    """Say whether later reckonings need the row: it was chosen by some list, or stands on another too."""
    return bool(row["inclusion"] > 0 or row.get("audit") or row.get("lists"))


def _row_leaf(row: Mapping[str, Any]) -> Leaf:
    return Leaf(to_json(row), case_id=str(row["case_id"]))


def _check_list(store: Store, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    missing = [name for name in NEEDED_HEADER if name not in header]
    missing += sorted({name for row in rows for name in NEEDED_ROW if row.get(name) is None})
    if missing:
        raise InputRefusedError(f"a list without {', '.join(missing)}", where=store.name)
    if len({row["case_id"] for row in rows}) < len(rows):
        raise InputRefusedError("a list with a case twice", where=store.name, expected="one row a case")
    if not all(0 <= row["inclusion"] <= 1 for row in rows):
        raise InputRefusedError("an inclusion that is no probability", where=store.name, expected="0 to 1")


def keep_export(store: Store, kind: str, sha256: str, name: str, of: int | None = None) -> Head:
    """Keep that a list left as a file: the one of that number, or else the latest."""
    if len(sha256) != _SHA256_DIGITS:
        raise InputRefusedError(
            "no SHA-256", where=store.name, expected=f"{_SHA256_DIGITS} hexadecimal digits"
        )
    with store.writing() as connection:
        latest = select(ENTRIES.c.seq).where(ENTRIES.c.kind == LIST).order_by(ENTRIES.c.seq.desc()).limit(1)
        which = connection.execute(latest).scalar() if of is None else of
        payload = {"kind": kind, "sha256": sha256, "name": name, "list": which}
        return store.append(connection, EXPORT, [Leaf(to_json(payload))])


def chosen_rows(
    store: Store, connection: Connection, cases: Collection[str] | None = None, *, holding: bytes = b""
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of the list and the row of each choice; of one case in order of the lists.

    Each row is held against its own commitment alone, since lists are long and cases few; `verify` holds
    the lists against the chain.

    Parameters
    ----------
    store, connection
        To read from.
    cases : collection of str, optional
        Only these, by the names that the lists have for them.
    holding : bytes, optional
        Only rows in whose JSON these bytes stand: the database leaves the many others out.
    """
    find = func.instr if connection.dialect.name == "sqlite" else func.pg_catalog.position
    slices: list[Any] = [None] if cases is None else list(in_slices(sorted(cases)))
    for some in slices:
        wanted = [LEAVES.c.place > 0, LEAVES.c.payload.is_not(None)]
        wanted += [] if some is None else [LEAVES.c.case_id.in_(some)]
        wanted += [find(LEAVES.c.payload, literal(holding, LargeBinary)) > 0] if holding else []
        yield from _leaves_of_lists(store, connection, *wanted)


def headers_by_number(store: Store, connection: Connection) -> dict[int, dict[str, Any]]:
    """Return the headers of the lists by their number, with ``at``, the time at which each was kept."""
    kept = select(ENTRIES.c.seq, ENTRIES.c.at).where(ENTRIES.c.kind == LIST)
    times = {row.seq: row.at for row in connection.execute(kept)}
    headers = _leaves_of_lists(store, connection, LEAVES.c.place == 0)
    return {seq: {**header, "at": times[seq]} for seq, header in headers}


def _leaves_of_lists(
    store: Store, connection: Connection, *wanted: ColumnElement[bool]
) -> Iterator[tuple[int, dict[str, Any]]]:
    query = (
        select(LEAVES)
        .join(ENTRIES, ENTRIES.c.seq == LEAVES.c.seq)
        .where(ENTRIES.c.kind == LIST, *wanted)
        .order_by(LEAVES.c.seq, LEAVES.c.place)
        .execution_options(yield_per=_LEAVES_AT_ONCE)
    )
    for row in connection.execute(query):
        if row.payload is None or not is_whole(row, None):
            raise InputRefusedError(
                f"entry {row.seq} is not as it was written", where=store.name, mend=VERIFY
            )
        yield row.seq, json.loads(row.payload)


def in_slices(names: Sequence[str], size: int = 400) -> Iterator[Sequence[str]]:
    """Yield slices that are short enough for one statement."""
    return (names[start : start + size] for start in range(0, len(names), size))


def drawn_in(store: Store, connection: Connection) -> set[str]:
    """Return the cases that any list drew by lot."""
    aliases = aliases_in(store, connection)
    return {
        aliases.get(row["case_id"], row["case_id"])
        for _, row in chosen_rows(store, connection, holding=b'"audit":true')
    }


def first_listed_in(store: Store, connection: Connection, name: str) -> dict[str, datetime]:
    """Return when each case first stood on a list beside the worklist, such as ``referral``."""
    aliases, headers = aliases_in(store, connection), headers_by_number(store, connection)
    first: dict[str, datetime] = {}
    for number, row in chosen_rows(store, connection, holding=name.encode()):
        if name in str(row.get("lists") or "").split():
            case = aliases.get(row["case_id"], row["case_id"])
            first.setdefault(case, datetime.fromisoformat(headers[number]["as_of"]))
    return first


def last_in_lane(store: Store, connection: Connection, lane: str) -> set[str]:
    """Return the cases that stood on the latest list in a lane that it opens whole, such as ``youth``."""
    aliases = aliases_in(store, connection)
    last = connection.execute(select(func.max(ENTRIES.c.seq)).where(ENTRIES.c.kind == LIST)).scalar()
    there = (LEAVES.c.seq == last, LEAVES.c.place > 0, LEAVES.c.payload.is_not(None))
    rows = _leaves_of_lists(store, connection, *there) if last else ()
    return {aliases.get(row["case_id"], row["case_id"]) for _, row in rows if row.get("lane") == lane}


def due_since_in(store: Store, connection: Connection) -> dict[int, dict[str, datetime]]:
    """Return since when each case has had a deadline, list after list, by tier; by the "now" of the lists.

    Of the first tier that is every case, of the second those whose place no other case can take: lanes
    escalated and youth. A case that left a tier downward for a list and came back counts from when it came
    back. The earliest "now" counts: a list that was once made for a day ahead must not put off the deadline
    for good.
    """
    aliases, headers = aliases_in(store, connection), headers_by_number(store, connection)
    since: dict[int, dict[str, datetime]] = {1: {}, 2: {}}
    last: dict[int, dict[str, int]] = {1: {}, 2: {}}
    numbers = sorted(headers)
    before = {number: numbers[place - 1] if place else 0 for place, number in enumerate(numbers)}
    now = {number: datetime.fromisoformat(headers[number]["as_of"]) for number in numbers}
    for number, row in chosen_rows(store, connection):
        case, at = aliases.get(row["case_id"], row["case_id"]), now[number]
        for tier in _held_to(row):
            stayed = last[tier].get(case) in {number, before[number]}
            since[tier][case] = min(since[tier][case], at) if stayed else at
            last[tier][case] = number
    return {
        tier: {case: at for case, at in some.items() if last[tier][case] == numbers[-1]}
        for tier, some in since.items()
    }


def _held_to(row: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the tiers whose deadline holds for a row: that of its own tier and of those after it."""
    tier, certain = row.get("tier"), row.get("lane") != "ranked"
    if tier == 1:
        return (1, 2) if certain else (1,)
    return (2,) if tier == 2 and certain else ()


def read_list(store: Store, connection: Connection, seq: int) -> list[dict[str, Any]]:
    """Return the rows of a list, by rank; those of forgotten cases are gone."""
    rows: list[dict[str, Any]] = []
    found = False
    for entry in read_entries(store, connection, (LIST, BELOW), only=(seq - 1, seq)):
        header, *some = entry.payloads
        if entry.seq == seq and entry.kind == LIST:
            found = True
            rows += some
        elif header.get("list") == seq:
            rows += some
    if not found:
        raise InputRefusedError(
            f"entry {seq} is no list", where=store.name, mend="triage audit show tells which are"
        )
    return sorted(rows, key=lambda row: (row.get("rank") is None, row.get("rank") or 0, row["case_id"]))


def latest_row(connection: Connection, names: Sequence[str]) -> dict[str, Any] | None:
    """Return how a case stood on the latest list that has it by any of its names; None where none has."""
    query = (
        select(LEAVES.c.payload)
        .join(ENTRIES, ENTRIES.c.seq == LEAVES.c.seq)
        .where(LEAVES.c.case_id.in_(names), ENTRIES.c.kind.in_((LIST, BELOW)))
        .order_by(LEAVES.c.seq.desc())
        .limit(1)
    )
    payload = connection.execute(query).scalar()
    return None if payload is None else dict(json.loads(payload))


def all_names(aliases: Mapping[str, str], cases: Collection[str] | None) -> set[str] | None:
    """Return cases under every name they had; None stays None."""
    if cases is None:
        return None
    wanted = set(cases)
    return wanted | {old for old, name in aliases.items() if name in wanted}


def headers_in(store: Store, connection: Connection) -> list[dict[str, Any]]:
    """Return the headers of the lists, with their number, time and exports."""
    headers = {
        entry.seq: {**entry.payloads[0], "seq": entry.seq, "at": entry.at, "exports": []}
        for entry in read_entries(store, connection, (LIST,))
    }
    for export in exports_in(store, connection):
        if export["list"] in headers:
            headers[export["list"]]["exports"].append(export)
    return list(headers.values())


def exports_in(store: Store, connection: Connection) -> list[dict[str, Any]]:
    """Return what left as a file: kind, name, SHA-256, time, and the number of its list."""
    return [
        {**payload, "at": entry.at}
        for entry in read_entries(store, connection, (EXPORT,))
        for payload in entry.payloads
    ]
