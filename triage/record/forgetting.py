"""Forget a case: its bytes go, the chain stays, and what cannot be reached is named."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from triage.errors import InputRefusedError
from triage.intake.refs import refs_file
from triage.record.chain import Leaf, to_json
from triage.record.deciding import find_names, person_token
from triage.record.lists import BELOW, LIST, exports_in, in_slices
from triage.record.pool import MEMBERS, aliases_in, member_leaves, members_in, pack, packed, resolve, unpack
from triage.record.reading import FORGOTTEN, read_entries
from triage.record.schema import ENTRIES, LEAVES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from triage.record.chain import Head
    from triage.record.store import Store

    Place = tuple[int, int]

SWEEP_SECONDS = 10


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and what is out of reach.

    Parameters
    ----------
    head : Head
        The end of the chain after the entry that says what was erased.
    leaves : int
        Payloads erased in the record.
    rows : int
        Rows taken out of the kept batches.
    references : int
        References erased beside batches.
    exports : list of dict
        Files made of lists on which the case stood: kind, name, SHA-256, time.
    bytes_gone : bool
        Whether the database was written anew; false while another process reads the file, and where the
        tables belong to another user of the server.
    """

    head: Head
    leaves: int
    rows: int
    references: int
    exports: list[dict[str, Any]] = field(default_factory=list)
    bytes_gone: bool = True


@dataclass
class _Erasure:
    """What is to go, and what stands in its place."""

    places: set[Place] = field(default_factory=set)
    rewritten: list[Leaf] = field(default_factory=list)
    rows: int = 0


def forget(store: Store, case: str, batches: Collection[Path] = (), who: str | None = None) -> Forgotten:
    """Erase a case, under all the names it had; in one transaction, then the bytes.

    References go first: whoever is stopped in between can find the case and ask again.
    """
    files = [_require_refs(batch) for batch in batches]
    with store.writing() as connection:
        names = set(find_names(store, connection, case)[1])
        reports, erasure = _gather_rows(store, connection, names)
        exports = _exports_of(store, connection, names)
        references = sum(_erase_refs(file, reports | names) for file in files)
        _gather_members(store, connection, names, reports, erasure)
        erasure.places |= _places_of(connection, names | reports)
        _erase(connection, erasure.places)
        said = {"erased": sorted(erasure.places), "who": person_token(store, who) if who else None}
        head = store.append(connection, FORGOTTEN, [Leaf(to_json(said)), *erasure.rewritten])
    gone = sweep(store)
    return Forgotten(head, len(erasure.places), erasure.rows, references, exports, gone)


def _gather_rows(store: Store, connection: Connection, names: set[str]) -> tuple[set[str], _Erasure]:
    """Find the reports of a case, and the kept tables that hold rows of it.

    A row goes when its report goes, or when in its batch its case has no report left; batches may know the
    case by another name.
    """
    aliases, members = aliases_in(store, connection), members_in(store, connection)
    tables = {(seq, place): unpack(payload) for seq, place, payload in packed(store, connection)}
    kept = {order: table for table, name, order in tables.values() if name == "reports"}
    reports = {report for report, name in members.items() if resolve(aliases, name) in names}
    for table in kept.values():
        unplaced = table.filter(pa.array(_is_in(table, "case_id", names)))["report_id"].to_pylist()
        reports |= {report for report in unplaced if report not in members}
    emptied = {order: names | _emptied(table, reports) for order, table in kept.items()}
    erasure = _Erasure()
    for place, (table, name, order) in tables.items():
        ours = _is_in(table, "report_id", reports) | _is_in(table, "where", names)
        if name != "reports":
            left = _cases(kept.get(order), reports, gone=False)
            ours |= _is_in(table, "case_id", emptied.get(order, names) - left)
        if not ours.any():
            continue
        erasure.places.add(place)
        erasure.rows += int(ours.sum())
        erasure.rewritten.append(pack(table.filter(pa.array(~ours)), name, order))
    return reports, erasure


def _emptied(table: pa.Table, reports: set[str]) -> set[str]:
    """Return the cases of a batch that lose a report."""
    return _cases(table, reports, gone=True)


def _cases(table: pa.Table | None, reports: set[str], *, gone: bool) -> set[str]:
    """Return the cases of a batch, by its own names, with a report that goes, or with one that stays."""
    if table is None:
        return set()
    ours = _is_in(table, "report_id", reports)
    some = table.filter(pa.array(ours if gone else ~ours))
    return set(some["case_id"].drop_null().to_pylist()) if "case_id" in some.column_names else set()


def _is_in(table: pa.Table, column: str, values: set[str]) -> NDArray[np.bool_]:
    """Find the rows with one of some values; what could not be read has the name of its document."""
    if column not in table.column_names:
        return np.zeros(table.num_rows, dtype=bool)
    found = pc.is_in(table[column].cast(pa.string()), pa.array(sorted(values), pa.string()))
    return np.asarray(pc.fill_null(found, False)).astype(bool)


def _gather_members(
    store: Store, connection: Connection, names: set[str], reports: set[str], erasure: _Erasure
) -> None:
    """Find what tells of the case's reports; what it tells of others is written again, as it is now."""
    members = members_in(store, connection)
    others: set[str] = set()
    for entry in read_entries(store, connection, (MEMBERS, FORGOTTEN)):
        for place, payload in entry.leaves:
            told = json.loads(payload) if payload.startswith(b"{") else {}
            some = set(told.get("reports", ()))
            if some & reports or (some and told["case_id"] in names):
                erasure.places.add((entry.seq, place))
                others |= some - reports
    erasure.rewritten += member_leaves({report: members[report] for report in others})


def _places_of(connection: Connection, names: set[str]) -> set[Place]:
    """Return every leaf that is filed under one of the names."""
    places: set[Place] = set()
    for some in in_slices(sorted(names)):
        query = select(LEAVES.c.seq, LEAVES.c.place).where(LEAVES.c.case_id.in_(some))
        places |= {(seq, place) for seq, place in connection.execute(query)}
    return places


def _exports_of(store: Store, connection: Connection, names: set[str]) -> list[dict[str, Any]]:
    """Return the files made of lists on which the case stood."""
    stood: set[int] = set()
    for some in in_slices(sorted(names)):
        query = (
            select(ENTRIES.c.seq, ENTRIES.c.kind)
            .join(LEAVES, LEAVES.c.seq == ENTRIES.c.seq)
            .where(LEAVES.c.case_id.in_(some), ENTRIES.c.kind.in_((LIST, BELOW)))
            .distinct()
        )
        stood |= {seq + (kind == BELOW) for seq, kind in connection.execute(query)}
    return [export for export in exports_in(store, connection) if export["list"] in stood]


def _erase(connection: Connection, places: set[Place]) -> None:
    changed = (
        update(LEAVES)
        .where(LEAVES.c.seq == bindparam("of"), LEAVES.c.place == bindparam("at"))
        .values(salt=None, payload=None, case_id=None)
    )
    if places:
        connection.execute(changed, [{"of": seq, "at": place} for seq, place in sorted(places)])


def _require_refs(batch: Path) -> Path:
    file = refs_file(batch)
    if not file.is_file():
        raise InputRefusedError(
            "no such file",
            where=str(file),
            expected="the references that triage import wrote beside the batch",
            mend="check --batch; nothing was forgotten",
        )
    return file


def _erase_refs(file: Path, reports: set[str]) -> int:
    """Erase references from the file beside a batch, and their bytes; return how many there were."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True)) as database:
            database.execute("PRAGMA secure_delete = ON")
            with database:
                erased = sum(
                    database.execute("DELETE FROM refs WHERE report_id = ?", (report,)).rowcount
                    for report in sorted(reports)
                )
            database.execute("VACUUM")
    except sqlite3.Error as error:
        raise InputRefusedError(
            f"cannot be written ({error})", where=str(file), mend="nothing was forgotten in the record"
        ) from None
    return erased


def sweep(store: Store) -> bool:
    """Write the database anew, so that no byte stays of what was erased; say whether that was possible.

    It is not while another process reads: then what was erased stays in the write-ahead file until the last
    one ends. On a server only the owner of the tables can.
    """
    try:
        if store.engine.dialect.name == "postgresql":
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                owns = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'leaves'::regclass"
                if not connection.execute(text(owns)).scalar():
                    return False  # the server would say no more than a warning
                connection.execute(text(f"SET lock_timeout = '{SWEEP_SECONDS}s'"))
                connection.execute(text("VACUUM FULL leaves"))
            return True
        # Neither runs inside a transaction, so past SQLAlchemy, which begins one.
        with closing(store.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {SWEEP_SECONDS * 1000}")
            cursor.execute("VACUUM")
            return not cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except (SQLAlchemyError, sqlite3.Error):
        return False
