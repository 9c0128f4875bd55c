"""The open pool as the record keeps it: the rows of every batch, which report is in which case, old names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from triage.record.chain import Leaf, to_json
from triage.record.reading import FORGOTTEN, read_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from triage.record.chain import Head
    from triage.record.store import Store

ROWS, MEMBERS, ALIASES = "rows", "members", "aliases"
PARQUET = b"PAR1"
_META = b"record"


def keep_rows(
    store: Store, batch: str, meta: Mapping[str, Any], tables: Mapping[str, pa.Table]
) -> Head | None:
    """Keep the rows of a batch in one entry; a batch that is kept already is not kept again."""
    with store.writing() as connection:
        if any(entry.payloads[0]["batch"] == batch for entry in read_entries(store, connection, (ROWS,))):
            return None
        counts = {name: table.num_rows for name, table in tables.items()}
        header = Leaf(to_json({"batch": batch, "meta": dict(meta), "rows": counts}))
        order = store.next_number(connection)
        leaves = [pack(table, name, order) for name, table in tables.items()]
        return store.append(connection, ROWS, [header, *leaves])


def pack(table: pa.Table, name: str, order: int) -> Leaf:
    """Return a table as one leaf: Parquet that says which table it is and of which entry."""
    sink = pa.BufferOutputStream()
    marked = table.replace_schema_metadata({_META: json.dumps({"table": name, "order": order})})
    pq.write_table(marked, sink, compression="zstd", compression_level=3, version="2.6")
    return Leaf(sink.getvalue().to_pybytes())


def unpack(payload: bytes) -> tuple[pa.Table, str, int]:
    """Return table, name and the number of the entry that first kept it."""
    table = pq.read_table(pa.BufferReader(payload))
    marks = json.loads(table.schema.metadata[_META])
    return table.replace_schema_metadata(None), marks["table"], marks["order"]


def packed(store: Store, connection: Connection) -> Iterator[tuple[int, int, bytes]]:
    """Yield entry, place and payload of every kept table of rows."""
    for entry in read_entries(store, connection, (ROWS, FORGOTTEN)):
        yield from ((entry.seq, place, some) for place, some in entry.leaves if some.startswith(PARQUET))


def batches_in(store: Store, connection: Connection) -> list[dict[str, Any]]:
    """Return ``batch`` (the digest), ``meta``, ``rows``, ``seq`` and ``at`` of the kept batches, in order."""
    return [
        {**entry.payloads[0], "seq": entry.seq, "at": entry.at}
        for entry in read_entries(store, connection, (ROWS,))
    ]


def read_batches(store: Store, connection: Connection) -> list[tuple[dict[str, Any], dict[str, pa.Table]]]:
    """Return what was said of each batch, and its tables less what was forgotten; in order."""
    tables: dict[int, dict[str, pa.Table]] = {}
    for _, _, payload in packed(store, connection):
        table, name, order = unpack(payload)
        tables.setdefault(order, {})[name] = table
    return [(batch, tables.get(batch["seq"], {})) for batch in batches_in(store, connection)]


def keep_members(store: Store, members: Mapping[str, str]) -> Head | None:
    """Keep in which case each report is, where that is new; nothing is written where nothing is."""
    with store.writing() as connection:
        known = members_in(store, connection)
        new = {report: case for report, case in members.items() if known.get(report) != case}
        return store.append(connection, MEMBERS, member_leaves(new)) if new else None


def member_leaves(members: Mapping[str, str]) -> list[Leaf]:
    """Return one leaf a case with its reports."""
    reports: dict[str, list[str]] = {}
    for report, case in sorted(members.items()):
        reports.setdefault(case, []).append(report)
    return [
        Leaf(to_json({"case_id": case, "reports": some}), case_id=case)
        for case, some in sorted(reports.items())
    ]


def members_in(store: Store, connection: Connection) -> dict[str, str]:
    """Return the case of each report, by the name that was kept last."""
    members: dict[str, str] = {}
    for entry in read_entries(store, connection, (MEMBERS, FORGOTTEN)):
        for payload in entry.payloads:
            members |= dict.fromkeys(payload.get("reports", ()), payload.get("case_id", ""))
    return members


def keep_aliases(store: Store, aliases: Mapping[str, str]) -> Head | None:
    """Keep old names of cases, where they are new; nothing is written where none is.

    A name that leads to itself is in use again, and leads nowhere else from then on.
    """
    with store.writing() as connection:
        known = aliases_in(store, connection)
        new = {old: name for old, name in sorted(aliases.items()) if resolve(known, old) != name}
        leaves = [Leaf(to_json({"old": old, "case_id": name}), case_id=name) for old, name in new.items()]
        return store.append(connection, ALIASES, leaves) if leaves else None


def aliases_in(store: Store, connection: Connection) -> dict[str, str]:
    """Return the present name of each case that had another."""
    steps: dict[str, str] = {}
    for entry in read_entries(store, connection, (ALIASES,)):
        for payload in entry.payloads:
            follow_alias(steps, payload)
    return {old: resolve(steps, old) for old in steps}


def follow_alias(steps: dict[str, str], payload: Mapping[str, Any]) -> None:
    """Take one more name into account: from each name to the next."""
    old, name = payload["old"], payload["case_id"]
    if resolve(steps, name) == old:
        # The name comes back into use: what led away from it no longer holds.
        steps.pop(name, None)
    steps[old] = name
    if old == name:
        steps.pop(old)


def resolve(steps: Mapping[str, str], name: str) -> str:
    """Return where a chain of names ends.

    Examples
    --------
    >>> resolve({"a": "b", "b": "c"}, "a")
    'c'
    """
    seen = {name}
    while name in steps and steps[name] not in seen:
        name = steps[name]
        seen.add(name)
    return name
