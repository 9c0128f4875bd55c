"""A CyberTipline ``fileDetails`` becomes the facts of one file, and these a row once its report is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake import notes as remarks
from triage.intake.cybertipline.accounts import read_event
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.values import flag_of, read_codes
from triage.intake.people import account_for_events
from triage.intake.rows import FileRow
from triage.intake.traces import plain_number
from triage.intake.values import Place, read_time

if TYPE_CHECKING:
    from triage.intake.rows import EventRow, Gathered
    from triage.intake.tokens import TokenKey
    from triage.intake.xml import Element


class FileFacts(NamedTuple):
    """What a ``fileDetails`` says.

    Parameters
    ----------
    number : str
        Report number without leading zeros; empty where there is none.
    file_number : str
        The sender's name of the file; its content's SHA-256 where there is none.
    content : str
        SHA-256 of the document.
    row : FileRow
        The row, still without its file and report.
    events : tuple of EventRow
        Its events, still without identifier and account.
    """

    number: str
    file_number: str
    content: str
    row: FileRow
    events: tuple[EventRow, ...]


def read_file_facts(gathered: Gathered, root: Element, content: str, label: str) -> FileFacts:
    """Read a ``fileDetails`` document.

    Parameters
    ----------
    gathered : Gathered
        All rows so far; only its remarks grow.
    root : Element
        The ``fileDetails`` element.
    content : str
        SHA-256 of the document.
    label : str
        Name of the document, for messages.
    """
    place = Place(gathered, label, "")
    number = plain_number(root.value("reportId"))
    if root.value("reportId") and not number:
        place.remark(remarks.BAD_NUMBER)
    row = FileRow(
        file_id="",
        report_id="",
        uploaded_at=read_time(place, root.value("uploadedToEspTimestamp"), "uploaded_at"),
        severity_class=_severity(place, root),
        file_annotations=_annotations(root),
        viewed_by_reporter=flag_of(root.first("fileViewedByEsp")),
        publicly_available=flag_of(root.first("publiclyAvailable")),
        youngest_age_band=_youngest(root),
    )
    events = (*root.every("ipCaptureEvent"), *root.every("deviceId"))
    return FileFacts(
        number,
        root.value("fileId") or content,
        content,
        row,
        tuple(read_event(place, event, "", "") for event in events),
    )


def add_file(gathered: Gathered, facts: FileFacts, report_id: str, label: str) -> bool:
    """Add the row of a file to its report.

    A file number that the sender used for two different files gives two rows, told apart by what the
    documents say.

    Returns
    -------
    bool
        False where the same document about the same file of the same report is a row already.
    """
    place = Place(gathered, label, report_id)
    file_id = place.token("file", facts.number or report_id, facts.file_number)
    held = gathered.file_contents.get(file_id)
    if held is not None and held != (report_id, facts.content):
        place.remark(remarks.SAME_FILE_ID)
        file_id = place.token("file", report_id, facts.file_number, facts.content)
        held = gathered.file_contents.get(file_id)
    if held is not None:
        return False
    gathered.file_contents[file_id] = (report_id, facts.content)
    gathered.files[file_id] = facts.row._replace(file_id=file_id, report_id=report_id)
    if facts.events:
        account_id = account_for_events(place)
        gathered.network_events += [
            event._replace(event_id=f"{file_id}:e{i}", account_id=account_id)
            for i, event in enumerate(facts.events)
        ]
    return True


def hold(key: TokenKey, facts: FileFacts) -> dict[str, list[dict[str, Any]]]:
    """Return what is kept of a file whose report has not come: its row and events, in codes and tokens."""
    file_id = key.token("file", facts.number, facts.file_number)
    events = [event._replace(event_id=f"{file_id}:e{i}")._asdict() for i, event in enumerate(facts.events)]
    return {"files": [facts.row._replace(file_id=file_id)._asdict()], "network_events": events}


def add_report_number(gathered: Gathered, number: str, report_id: str, label: str) -> bool:
    """Write the sender's report number, as a token, to the report; say whether it was new."""
    token = gathered.key.token("source-report", number)
    row = gathered.reports[report_id]
    if row.source_ref_hash is None:
        gathered.reports[report_id] = row._replace(source_ref_hash=token)
        return True
    if row.source_ref_hash != token:
        gathered.notes.add(remarks.TWO_NUMBERS, label)
    return False


def _severity(place: Place, root: Element) -> str:
    found = root.value("industryClassification").upper()
    if found in load_mapping().severity:
        return found
    if found:
        place.remark(remarks.BAD_CLASS)
    return "unknown"


def _youngest(root: Element) -> str:
    found = root.value("industryClassification").upper()
    return load_mapping().youngest[found[0]] if found in load_mapping().severity else "unknown"


def _annotations(root: Element) -> list[str] | None:
    """Return the codes of a file's flags; one of them stood directly under the root in older documents."""
    codes = load_mapping().file_annotation
    groups = [group.children for group in root.every("fileAnnotations")]
    legacy = {name: root.every(name) for name in ("potentialMeme",) if root.every(name)}
    found = [code for flags in (*groups, legacy) for code in read_codes(flags, codes) or ()]
    return list(dict.fromkeys(found)) or None
