"""One report that came in two formats becomes one: what the second adds goes to the first."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from triage.intake.gathering import file_name
from triage.intake.people import merge_person
from triage.intake.rows import FLAG_ORDER
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.rows import ChildRow, EventRow, FileRow, Gathered, ReportRow

_Row = TypeVar("_Row", "ChildRow", "FileRow")
_BASES = ("verified_location", "address", "phone", "ip", "estimated", "payment", "hosting", "none")
_MEND = "nothing to do: what it adds is in that report"
_FILE_MEND = "nothing to do: the files stand as the other document tells of them"


def fold_same_reports(intake: Intake, taken: Sequence[tuple[str, Document, int]]) -> None:
    """Fold reports into those of other formats that carry the same report number.

    A report counts once, however often it came. Persons, accounts and earlier records have the same tokens
    in both and meet there; of the files and children, which have none, the longer list stands.

    Parameters
    ----------
    intake : Intake
        All rows; the other formats are read to their end.
    taken : sequence of (str, Document, int)
        The reports to fold, each with its document and its place in it.
    """
    gathered = intake.gathered
    own = {report_id for report_id, _, _ in taken}
    others = {
        row.source_ref_hash: report_id
        for report_id, row in gathered.reports.items()
        if row.source_ref_hash and report_id not in own
    }
    into: dict[str, str] = {}
    sources: dict[str, Document] = {}
    for report_id, document, row in taken:
        same = others.get(gathered.reports[report_id].source_ref_hash or "")
        if same is not None:
            into[report_id], sources[report_id] = same, document
            found = "the same report as one that came in another format"
            intake.set_aside(document, "reports", found, _MEND, why=Why.DUPLICATE, report_id=same, row=row)
    if not into:
        return
    intake.refs[:] = [ref for ref in intake.refs if ref[0] not in into]
    intake.refs += [(into[report_id], file_name(document)) for report_id, document in sources.items()]
    for report_id, same in into.items():
        gathered.reports[same] = merge_reports(gathered.reports[same], gathered.reports.pop(report_id))
    accounts = _fold_persons(gathered, into)
    _fold_children(gathered, into)
    _fold_files(intake, into, sources)
    _fold_threads(gathered, into, accounts)
    _drop_same_events(gathered, into, accounts)


def merge_reports(first: ReportRow, second: ReportRow) -> ReportRow:
    """Return what two documents say of one report; the first where both say something.

    The system is the second's, since it decides which fields can be present.

    Parameters
    ----------
    first, second : ReportRow
        The row that stands, and the one that is folded into it.
    """
    place = min(first, second, key=lambda row: _BASES.index(row.jurisdiction_basis))
    return first._replace(
        source_system=second.source_system,
        received_at=first.received_at or second.received_at,
        incident_at=first.incident_at or second.incident_at,
        incident_type=_told(first.incident_type, second.incident_type),
        source_priority=_told(first.source_priority, second.source_priority),
        actionability=_told(first.actionability, second.actionability),
        escalated_by_reporter=min(
            first.escalated_by_reporter, second.escalated_by_reporter, key=FLAG_ORDER.index
        ),
        escalation_reason=first.escalation_reason or second.escalation_reason,
        channels=_union(first.channels, second.channels),
        report_annotations=_union(first.report_annotations, second.report_annotations),
        jurisdiction_country=place.jurisdiction_country,
        jurisdiction_basis=place.jurisdiction_basis,
    )


def _told(first: str, second: str) -> str:
    return second if first == "unknown" else first


def _union(first: list[str] | None, second: list[str] | None) -> list[str] | None:
    return list(dict.fromkeys([*(first or ()), *(second or ())])) or None


def _fold_persons(gathered: Gathered, into: Mapping[str, str]) -> dict[str, set[str]]:
    """Give the persons to the report that stands; return the folded reports of each of their accounts."""
    reports: defaultdict[str, set[str]] = defaultdict(set)
    for key in [key for key in gathered.persons if key[1] in into]:
        row = gathered.persons.pop(key)
        reports[row.person_id].add(row.report_id)
        merge_person(gathered, row._replace(report_id=into[row.report_id]))
    return {
        account.account_id: reports[account.person_id]
        for account in gathered.accounts.values()
        if account.person_id in reports
    }


def _by_report(rows: Iterable[_Row], reports: frozenset[str]) -> defaultdict[str, list[_Row]]:
    found: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.report_id in reports:
            found[row.report_id].append(row)
    return found


def _fold_children(gathered: Gathered, into: Mapping[str, str]) -> None:
    """Keep the longer list of children, each filled from the one at its place in the other."""
    concerned = frozenset((*into, *into.values()))
    held = _by_report(gathered.children, concerned)
    left = [row for row in gathered.children if row.report_id not in concerned]
    for report_id, same in into.items():
        first, second = held.pop(same, []), held.pop(report_id, [])
        rows, others = (first, second) if len(first) > len(second) else (second, first)
        rows = [*(map(_fill, rows, others)), *rows[len(others) :]]
        left += [row._replace(report_id=same) for row in rows]
    gathered.children[:] = left


def _fill(row: ChildRow, other: ChildRow) -> ChildRow:
    order = ("named", "locatable", "handle_only", "unidentified", "previously_identified")
    return row._replace(
        person_id=row.person_id or other.person_id,
        relation_to_suspect=_told(row.relation_to_suspect, other.relation_to_suspect),
        access_level=_told(row.access_level, other.access_level),
        age_band=_told(row.age_band, other.age_band),
        identification=min(row.identification, other.identification, key=order.index),
        country=row.country or other.country,
    )


def _fold_files(intake: Intake, into: Mapping[str, str], sources: Mapping[str, Document]) -> None:
    """Keep the longer list of files; the other is set aside, since no file can be matched to its like."""
    gathered = intake.gathered
    held = _by_report(gathered.files.values(), frozenset((*into, *into.values())))
    for report_id, same in into.items():
        first, second = held[same], held[report_id]
        kept, left = (first, second) if len(first) >= len(second) else (second, first)
        for row in kept:
            gathered.files[row.file_id] = row._replace(report_id=same)
        for row in left:
            del gathered.files[row.file_id]
            found = "a file of a report that came in another format too"
            intake.set_aside(
                sources[report_id], "files", found, _FILE_MEND, why=Why.DUPLICATE, report_id=same
            )


def _fold_threads(gathered: Gathered, into: Mapping[str, str], accounts: Mapping[str, set[str]]) -> None:
    """Keep one thread of a report between an account and a person."""
    for thread_id, row in list(gathered.communications.items()):
        for report_id in accounts.get(row.account_id, ()):
            ends = (row.account_id, row.counterpart_id)
            if thread_id != gathered.key.token("thread", report_id, *ends):
                continue
            same = gathered.key.token("thread", into[report_id], *ends)
            del gathered.communications[thread_id]
            held = gathered.communications.setdefault(same, row._replace(thread_id=same))
            minor = min(held.counterpart_is_minor, row.counterpart_is_minor, key=FLAG_ORDER.index)
            gathered.communications[same] = held._replace(counterpart_is_minor=minor)


def _drop_same_events(gathered: Gathered, into: Mapping[str, str], accounts: Mapping[str, set[str]]) -> None:
    """Drop the events of folded reports that the report that stands has too."""
    events = gathered.network_events
    known = {_event_of(row) for row in events if row.account_id in accounts and not _is_folded(row, into)}
    events[:] = [row for row in events if not _is_folded(row, into) or _event_of(row) not in known]


def _event_of(row: EventRow) -> tuple[object, ...]:
    return row.account_id, row.event_name, row.event_at, row.link_token


def _is_folded(row: EventRow, into: Mapping[str, str]) -> bool:
    return row.event_id.partition(":")[0] in into
