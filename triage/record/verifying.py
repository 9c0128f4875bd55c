"""Hold the whole record against itself and against a head that was kept elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from triage.errors import InputRefusedError
from triage.record.chain import START, Head, bind, commit_entry, parse_head
from triage.record.reading import FORGOTTEN, is_whole
from triage.record.schema import ENTRIES, LEAVES, check_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from triage.record.store import Store

_LEAVES_AT_ONCE = 100
_SHOWN_DAMAGES = 5


@dataclass
class Verified:
    """What the check of a record found.

    Parameters
    ----------
    entries, leaves, erased : int
        Entries, payloads, and payloads that were erased on request.
    head : str
        The end of the chain now.
    against : str
        The head that it was held against; empty where none was given, and then the end is not proved.
    breaks : list of str
        What is not as it was written, each with its entry.
    """

    entries: int = 0
    leaves: int = 0
    erased: int = 0
    head: str = ""
    against: str = ""
    breaks: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether everything is as it was written."""
        return not self.breaks


def verify(store: Store, head: str | None = None) -> Verified:
    """Check every entry and leaf, the tables themselves, and the end.

    Parameters
    ----------
    store : Store
        Has the key of the chain.
    head : str, optional
        As a writing command printed it, or as it was exported.

    Returns
    -------
    Verified
        With every break that was found.
    """
    wanted = parse_head(head) if head else None
    result = Verified(against=head.strip() if head else "")
    try:
        with store.looking() as connection:
            result.breaks += _check_file(connection) + check_schema(connection)
            _Walk(store, result, wanted).run(connection)
    except (TypeError, ValueError) as error:
        # Values of types that the record never writes: somebody wrote into the file itself.
        result.breaks.append(f"values that the record cannot have written ({error})")
    except InputRefusedError as error:
        # A file that is damaged cannot be read to its end; what was found until then stands.
        if not result.breaks:
            raise
        result.breaks.append(error.found)
    return result


def _check_file(connection: Connection) -> list[str]:
    """Look for damage inside a file: an index that hides rows would be one."""
    if connection.dialect.name != "sqlite":
        return []
    found = [row[0] for row in connection.execute(text("PRAGMA integrity_check"))]
    return [] if found == ["ok"] else [f"the file is damaged: {line}" for line in found[:_SHOWN_DAMAGES]]


class _Walk:
    """One walk along the chain: what was seen so far, and what does not fit."""

    def __init__(self, store: Store, result: Verified, wanted: tuple[int, str] | None) -> None:
        self._store, self._result, self._wanted = store, result, wanted
        self._erased: set[tuple[int, int]] = set()
        self._excused: set[tuple[int, int]] = set()
        self._reached = False

    def run(self, connection: Connection) -> None:
        last = 0
        mac = START
        groups = _by_entry(connection)
        pending = next(groups, None)
        query = select(ENTRIES).order_by(ENTRIES.c.seq).execution_options(yield_per=_LEAVES_AT_ONCE)
        for entry in connection.execute(query):
            while pending and pending[0] < entry.seq:
                self._say(f"leaves of an entry {pending[0]} that is not there")
                pending = next(groups, None)
            rows: list[Row[Any]] = []
            if pending and pending[0] == entry.seq:
                rows = pending[1]
                pending = next(groups, None)
            self._check_entry(entry, rows, last, mac)
            last, mac = entry.seq, entry.mac
        while pending:
            self._say(f"leaves of an entry {pending[0]} that is not there")
            pending = next(groups, None)
        self._finish(last, mac)

    def _check_entry(self, entry: Row[Any], rows: list[Row[Any]], last: int, mac: bytes) -> None:
        seq, before = entry.seq, len(self._result.breaks)
        self._result.entries += 1
        if seq != last + 1:
            many = f"entries {last + 1} to {seq - 1} are" if seq - last > 2 else f"entry {last + 1} is"
            self._say(f"{many} missing" if seq > last else f"entry {seq} stands twice")
        elif entry.previous != mac:
            self._say(
                f"entry {seq} does not follow the one before: one of them was moved, put in or rewritten"
            )
        if bind(self._store.chain, seq, entry.commitment, entry.previous) != entry.mac:
            self._say(f"entry {seq} does not fit its MAC: changed, moved, or written without the key")
        if commit_entry(entry.kind, entry.at, (row.commitment for row in rows)) != entry.commitment:
            self._say(f"entry {seq}: its kind, time or leaves are not those that were written")
        if [row.place for row in rows] != list(range(len(rows))):
            self._say(f"entry {seq}: its leaves are not at the places where they were written")
        for row in rows:
            self._check_leaf(row)
        sound = len(self._result.breaks) == before
        if sound and entry.kind == FORGOTTEN:
            said = json.loads(rows[0].payload)["erased"] if rows[0].payload is not None else []
            self._excused |= {(entry, place) for entry, place in said if entry < seq}
        if self._wanted and self._wanted[0] == seq:
            self._reached = True
            if not entry.mac.hex().startswith(self._wanted[1]):
                self._say(f"entry {seq} is not the one of the head: the record was written anew")

    def _check_leaf(self, row: Row[Any]) -> None:
        self._result.leaves += 1
        where = f"entry {row.seq}, leaf {row.place}"
        if not is_whole(row, None):
            self._say(f"{where}: its payload is not the one that was written")
        elif row.payload is None:
            self._erased.add((row.seq, row.place))
        elif _case_of(row.payload) != row.case_id:
            self._say(f"{where}: filed under another case than it speaks of")

    def _finish(self, last: int, mac: bytes) -> None:
        result = self._result
        result.head, result.erased = str(Head(last, mac)), len(self._erased)
        for seq, place in sorted(self._erased - self._excused):
            self._say(f"entry {seq}, leaf {place}: erased, and no entry says that it was asked for")
        for seq, place in sorted(self._excused - self._erased):
            self._say(f"entry {seq}, leaf {place}: forgotten, and it has come back or its row is gone")
        if not last:
            self._say("no entry at all")
        if self._wanted and not self._reached:
            self._say(f"the end is missing: the head is entry {self._wanted[0]}, the record ends with {last}")

    def _say(self, found: str) -> None:
        self._result.breaks.append(found)


def _case_of(payload: bytes) -> str | None:
    """Return the case that a payload speaks of; an unreadable one speaks of none."""
    if not payload.startswith(b"{"):
        return None
    try:
        case = json.loads(payload).get("case_id")
    except ValueError:
        return None
    return None if case is None else str(case)


def _by_entry(connection: Connection) -> Iterator[tuple[int, list[Row[Any]]]]:
    """Yield the leaves of each entry, in order."""
    query = select(LEAVES).order_by(LEAVES.c.seq, LEAVES.c.place).execution_options(yield_per=_LEAVES_AT_ONCE)
    for seq, rows in groupby(connection.execute(query), key=lambda row: row.seq):
        yield seq, list(rows)
