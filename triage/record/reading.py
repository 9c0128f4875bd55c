"""Read entries back, each held against what it committed to: nothing that was changed is acted upon."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from triage.errors import InputRefusedError
from triage.record.chain import bind, commit_entry, commit_leaf
from triage.record.schema import ENTRIES, LEAVES
from triage.record.store import VERIFY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection, Row

    from triage.record.store import Store

FORGOTTEN = "forgotten"
_LEAVES_AT_ONCE = 100


@dataclass(frozen=True)
class Entry:
    """An entry as it was written, less what was forgotten.

    Parameters
    ----------
    seq : int
        Its number.
    at : str
        When it was written.
    kind : str
        What it is.
    leaves : list of (int, bytes)
        Place and payload of each leaf that is still there.
    """

    seq: int
    at: str
    kind: str
    leaves: list[tuple[int, bytes]]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """The payloads that are JSON, in their order."""
        return [json.loads(payload) for _, payload in self.leaves if payload.startswith(b"{")]


def read_entries(
    store: Store,
    connection: Connection,
    kinds: Collection[str],
    *,
    only: Collection[int] | None = None,
    bound: bool = True,
) -> Iterator[Entry]:
    """Yield the entries of some kinds in order, each held against its commitment and its MAC.

    Parameters
    ----------
    store : Store
        Has the key of the chain.
    connection : sqlalchemy.Connection
        In a transaction, so that one view is read.
    kinds : collection of str
        Which entries.
    only : collection of int, optional
        Which of them, by number.
    bound : bool
        Hold them against the MAC too; without it, before the key is known to be the right one.

    Raises
    ------
    InputRefusedError
        An entry is not as it was written, or a payload is gone that nobody asked to forget.
    """
    forgotten = erased_places(store, connection) if bound and FORGOTTEN not in kinds else None
    entry = (
        ENTRIES.c.at,
        ENTRIES.c.kind,
        ENTRIES.c.commitment.label("whole"),
        ENTRIES.c.previous,
        ENTRIES.c.mac,
    )
    wanted = [ENTRIES.c.kind.in_(kinds)]
    if only is not None:
        wanted.append(ENTRIES.c.seq.in_(only))
    query = (
        select(LEAVES, *entry)
        .join(ENTRIES, ENTRIES.c.seq == LEAVES.c.seq)
        .where(*wanted)
        .order_by(LEAVES.c.seq, LEAVES.c.place)
        .execution_options(yield_per=_LEAVES_AT_ONCE)
    )
    for seq, group in groupby(connection.execute(query), key=lambda row: row.seq):
        rows = list(group)
        first = rows[0]
        fits = commit_entry(first.kind, first.at, (row.commitment for row in rows)) == first.whole
        if bound:
            fits = fits and bind(store.chain, seq, first.whole, first.previous) == first.mac
        fits = fits and all(row.place == place for place, row in enumerate(rows))
        if not fits or not all(is_whole(row, forgotten) for row in rows):
            raise InputRefusedError(f"entry {seq} is not as it was written", where=store.name, mend=VERIFY)
        yield Entry(
            seq, first.at, first.kind, [(row.place, row.payload) for row in rows if row.payload is not None]
        )


def is_whole(row: Row[Any], forgotten: Collection[tuple[int, int]] | None) -> bool:
    """Say whether a leaf is as it was written, or was erased by a `forgotten` entry.

    Parameters
    ----------
    row : Row
        A row of `leaves`.
    forgotten : collection of (int, int), optional
        Entry and place of the leaves that were erased; None where any may have been.
    """
    pair = (row.seq, row.place)
    if row.payload is None:
        return row.salt is None and row.case_id is None and (forgotten is None or pair in forgotten)
    if row.salt is None or commit_leaf(row.salt, row.payload) != row.commitment:
        return False
    return forgotten is None or pair not in forgotten


def erased_places(store: Store, connection: Connection) -> set[tuple[int, int]]:
    """Return entry and place of every leaf that was erased on request."""
    places: set[tuple[int, int]] = set()
    for entry in read_entries(store, connection, (FORGOTTEN,)):
        # What an entry says was erased lies before it: it cannot excuse its own payload, nor a later one.
        places |= {(seq, place) for seq, place in entry.payloads[0]["erased"] if seq < entry.seq}
    return places
