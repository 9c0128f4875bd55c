"""When people could know what the record holds: a decision settles what was on a list before it, no more."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES
from triage.worklist.listing import is_unreadable, name_unreadable
from triage.worklist.versions import name_apart, name_none

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

SET_ASIDE = "set_aside"
_WHEN = frozenset({"case_id", "known_at", "enriched_at"})
# Everything that is known of a case; what an investigation found is no news for whoever decided on it.
EVIDENCE = tuple(name for name in TABLES if name != "outcomes")
_OWN = "own_ranking"
# Of what no list has shown, nobody can have decided.
NOT_YET = datetime.max.replace(tzinfo=UTC)


class Kept(NamedTuple):
    """A batch as the record keeps it: the number of its entry, when it was complete, its digest, its rows."""

    seq: int
    as_of: datetime
    digest: str
    tables: dict[str, pa.Table]


def when_shown(kept: Iterable[Kept], lists: Sequence[Mapping[str, Any]]) -> dict[int, datetime]:
    """Return when each batch first came on a list, by the number of its entry; `NOT_YET` where it did not.

    A score that was stopped leaves rows behind that nobody saw.

    Parameters
    ----------
    kept : iterable of Kept
        The batches.
    lists : sequence of mapping
        What is said of each list, the oldest first: ``at``, ``as_of``, ``batch`` and ``rows``, the number of
        the last entry of rows that it was made of; without it that of its own batch counts.
    """
    batches = list(kept)
    own = {batch.digest: batch.seq for batch in batches}
    made = [
        (
            some.get("rows", own.get(some["batch"], 0)),
            datetime.fromisoformat(str(some["as_of"])),
            datetime.fromisoformat(str(some["at"])),
        )
        for some in lists
    ]
    return {
        batch.seq: next((at for rows, now, at in made if rows >= batch.seq and now >= batch.as_of), NOT_YET)
        for batch in batches
    }


def last_told(
    kept: Iterable[Kept],
    shown: Mapping[int, datetime],
    linked: Mapping[str, pa.Table],
    cases: Collection[str],
) -> dict[str, datetime]:
    """Return when people last got something new of each case: a row of any table of evidence, or a value.

    The same rows sent again tell nothing new, in whatever order or number they come. A record that our own
    ranking led to is none either: a list would else bring back what it had put there.

    Parameters
    ----------
    kept : iterable of Kept
        The batches.
    shown : mapping of int to datetime
        As `when_shown` tells it.
    linked : mapping of str to pyarrow.Table
        The tables of all batches, linked: they tell in which case a row is now.
    cases : collection of str
        Those of which it is asked.
    """
    told: dict[str, datetime] = {}
    wanted = pa.array(sorted(cases), pa.string())
    batches = sorted(kept, key=lambda batch: batch.seq)
    for name in EVIDENCE:
        leads = _leads_by(name)
        ours = linked[name].filter(pc.is_in(linked[name]["case_id"], wanted))
        case_of = dict(zip(ours[leads].to_pylist(), ours["case_id"].to_pylist(), strict=True))
        seen: Counter[str] = Counter()
        for batch in batches:
            rows = name_apart(batch.tables[name], batch.digest)
            rows = rows.filter(pc.is_in(rows[leads], pa.array(list(case_of), pa.string())))
            counted: Counter[str] = Counter()
            for lead, text in zip(rows[leads].to_pylist(), _tell_rows(rows, name), strict=True):
                counted[text] += 1
                if text and counted[text] > seen[text]:
                    case, at = case_of[lead], shown[batch.seq]
                    told[case] = max(at, told.get(case, at))
            seen |= counted
    return told


def _leads_by(name: str) -> str:
    """Return the column by which a row of a table comes to its case."""
    return TABLES[name].parent[1] if TABLES[name].parent else TABLES[name].key[0]


def _tell_rows(rows: pa.Table, name: str) -> list[str]:
    """Return what each row tells, without when it was read and the numbers of rows that have no name."""
    columns = [column.name for column in TABLES[name].columns if column.name not in _WHEN]
    plain = row_texts(name_none(rows.select(columns)))
    if "origin" in columns:
        plain = pc.if_else(pc.fill_null(pc.equal(rows["origin"].cast(pa.string()), _OWN), False), "", plain)
    return [str(text) for text in plain.to_pylist()]


def last_unreadable(kept: Iterable[Kept], shown: Mapping[int, datetime]) -> dict[str, datetime]:
    """Return when people last got something that cannot be read, by the name that it has on the list.

    What it says is not known, so that it is never taken to be the same again.
    """
    told: dict[str, datetime] = {}
    for batch in kept:
        for row in batch.tables[SET_ASIDE].to_pylist():
            if is_unreadable(row):
                name, at = name_unreadable(row), shown[batch.seq]
                told[name] = max(at, told.get(name, at))
    return told


def row_texts(table: pa.Table) -> pa.ChunkedArray:
    """Return each row as one text, by which rows can be compared."""
    return pc.binary_join_element_wise(*(_as_text(column) for column in table.columns), "\x1f")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "|")
    return pc.fill_null(column.cast(pa.string()), "")
