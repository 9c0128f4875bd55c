"""In which batches the reports of a case came: whoever opens it must know where its references lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.errors import InputRefusedError
from triage.worklist.listing import is_unreadable, name_unreadable
from triage.worklist.told import SET_ASIDE
from triage.worklist.versions import name_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from triage.record import Record
    from triage.worklist.told import Kept

MOST_NAMED = 3
_FORGOTTEN = "forgotten"


class CameIn(NamedTuple):
    """A batch: its name, or the first letters of its digest, and when it was complete."""

    name: str
    as_of: datetime


@dataclass(frozen=True)
class Origin:
    """Where a case comes from.

    Parameters
    ----------
    case_id : str
        Its present name.
    reports : dict of str to list of CameIn
        The batches in which each of its reports came, the newest first.
    """

    case_id: str
    reports: dict[str, list[CameIn]]


def name_batches(
    kept: Iterable[Kept], batches: Iterable[Mapping[str, Any]], cases: Mapping[str, str]
) -> dict[str, str]:
    """Return the names of the batches in which the reports of each case came, the newest first.

    Parameters
    ----------
    kept : iterable of Kept
        The batches with their rows.
    batches : iterable of mapping
        What is said of them (`Record.batches`).
    cases : mapping of str to str
        The case of each report. What could not be read goes by its own name.
    """
    said = {batch["batch"]: _describe(batch) for batch in batches}
    found: dict[str, dict[str, None]] = {}
    for batch in sorted(kept, key=lambda one: (one.as_of, one.digest), reverse=True):
        for report in _list_reports(batch.tables, batch.digest):
            found.setdefault(cases.get(report, report), {})[said[batch.digest].name] = None
    return {case: say_batches(list(names)) for case, names in found.items()}


def say_batches(names: Sequence[str]) -> str:
    """Return names joined by blanks; of many the first, and how many more there are.

    Examples
    --------
    >>> say_batches(["thursday", "wednesday"]), say_batches(["d", "c", "b", "a"])
    ('thursday wednesday', 'd c b +1')
    """
    more = len(names) - MOST_NAMED
    return " ".join([*names[:MOST_NAMED], *([f"+{more}"] if more > 0 else [])])


def trace_case(record: Record, case: str) -> Origin:
    """Find the reports of a case, decided or not, and the batches in which they came.

    Parameters
    ----------
    record : Record
        Has them.
    case : str
        The name of the case, one that it had earlier, or the first letters of either.

    Raises
    ------
    InputRefusedError
        The record has no such case; where some were forgotten it may have been one of them.
    """
    name = _find(record, case)
    members = record.members()
    # What could not be read is no case, and goes by its own name.
    reports = sorted(report for report, of in members.items() if of == name) or [name]
    found: dict[str, list[CameIn]] = {report: [] for report in reports}
    for batch, tables in record.read_batches():
        came = _describe(batch)
        for report in _list_reports(tables, batch["batch"]):
            if report in found and came not in found[report]:
                found[report].append(came)
    newest = {report: sorted(some, key=lambda one: one.as_of, reverse=True) for report, some in found.items()}
    return Origin(name, newest)


def _find(record: Record, case: str) -> str:
    try:
        return record.find_case(case)
    except InputRefusedError as error:
        forgotten = sum(entry["kind"] == _FORGOTTEN for entry in record.entries())
        if not forgotten or "no case" not in error.found:
            raise
        cases = "1 case was" if forgotten == 1 else f"{forgotten:,} cases were"
        raise InputRefusedError(
            error.found,
            where=error.where,
            expected=error.expected,
            mend=f"it may have been forgotten: {cases}, and no name of such a case is left in the record",
        ) from None


def _describe(batch: Mapping[str, Any]) -> CameIn:
    meta = batch["meta"]
    return CameIn(meta.get("name") or batch["batch"][:8], datetime.fromisoformat(meta["as_of"]))


def _list_reports(tables: Mapping[str, pa.Table], digest: str) -> Iterator[str]:
    """Yield the reports of a batch by the names that they have in the pool, and what could not be read."""
    if "reports" in tables:
        yield from name_apart(tables["reports"].select(["report_id"]), digest)["report_id"].to_pylist()
    if SET_ASIDE in tables:
        yield from (name_unreadable(row) for row in tables[SET_ASIDE].to_pylist() if is_unreadable(row))
