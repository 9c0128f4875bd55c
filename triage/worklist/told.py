"""When people could know what the record holds: a decision settles what was on a list before it, no more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES
from triage.worklist.listing import is_unreadable, name_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SET_ASIDE = "set_aside"
_WHEN = frozenset({"case_id", "known_at", "enriched_at"})
_NEWS = {
    **{
        name: [column.name for column in TABLES[name].columns if column.name not in _WHEN]
        for name in ("reports", "children")
    },
    "persons": ["person_id", "report_id", "role"],
}
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


def last_told(kept: Iterable[Kept], shown: Mapping[int, datetime]) -> dict[str, datetime]:
    """Return when people last got something new of each report: itself, a child or a person that it names.

    The same report sent again tells nothing new; of persons only who they are does, since they link cases.
    """
    told: dict[str, datetime] = {}
    seen: set[str] = set()
    for batch in sorted(kept, key=lambda batch: batch.seq):
        at = shown[batch.seq]
        for name, columns in _NEWS.items():
            table = batch.tables[name]
            rows = row_texts(table.select(columns))
            for report, row in zip(table["report_id"].to_pylist(), rows.to_pylist(), strict=True):
                if row not in seen:
                    told[report] = max(at, told.get(report, at))
                    seen.add(row)
    return told


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
