"""Read CyberTipline submissions: ``report`` and ``fileDetails`` documents become canonical tables.

Format: NCMEC, "CyberTipline Reporting API Technical Documentation", 2025. Names, addresses, texts, file
names and hashes of material are hashed, banded, coded or dropped while they are read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from triage.errors import InputRefusedError
from triage.intake.cybertipline.elements import count_elements
from triage.intake.cybertipline.files import FileFacts, add_file, add_report_number, read_file_facts
from triage.intake.cybertipline.join import UNREADABLE, ReportNames
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.report import read_report
from triage.intake.cybertipline.rows import Gathered
from triage.intake.imported import Imported
from triage.intake.xml import MAX_BYTES, Element, UnreadableXmlError, first_child_among, parse_xml
from triage.schema.findings import printable
from triage.schema.part import SET_ASIDE_SCHEMA, Why

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from triage.intake.tokens import TokenKey

REPORT, FILE = "report", "fileDetails"
_KINDS = {REPORT: "cybertipline_report", FILE: "cybertipline_file_details"}
_PREFIX_DIGITS = 16


class _Document(NamedTuple):
    """A document as it was handed over."""

    position: int
    label: str
    content: bytes | None
    digest: str
    size: int
    token: str

    @property
    def where(self) -> str:
        """Say which document it is, by a keyed hash: its name may hold a number, its hash be an image's."""
        return f"file:{self.token}"


@dataclass
class _Intake:
    """All documents so far: rows, rows set aside, and files that wait for their report."""

    gathered: Gathered
    names: ReportNames = field(default_factory=ReportNames)
    waiting: list[tuple[_Document, FileFacts]] = field(default_factory=list)
    aside: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    refs: list[tuple[str, str]] = field(default_factory=list)

    def set_aside(
        self,
        document: _Document,
        table: str,
        reason: str,
        mend: str,
        *,
        why: Why = Why.UNREADABLE,
        report_id: str | None = None,
    ) -> None:
        self.aside.append(
            {
                "why": why.value,
                "table": table,
                "where": document.where,
                "row": document.position,
                "report_id": report_id,
                "reason": reason,
                "mend": mend,
            }
        )
        self.gathered.notes.set_aside(document.label, reason, mend)
        self.refs.append((document.where, _file_name(document)))


def read_cybertipline(
    documents: Iterable[Path | tuple[str, bytes]], key: TokenKey, received_at: datetime
) -> Imported:
    """Read CyberTipline documents into canonical tables.

    Every document comes out: as a row of ``reports`` or ``files``, or set aside with the reason. A
    document that cannot be read stops nothing else.

    Parameters
    ----------
    documents : iterable of Path or (str, bytes)
        Files, or names with contents, in any order. The names join files to their reports (see
        `triage.intake.cybertipline.join`); only findings, which are printed and not stored, repeat them.
    key : TokenKey
        Makes identifiers into tokens.
    received_at : datetime
        When the agency received the documents, with a time zone. The format has no such field.

    Returns
    -------
    Imported
        Tables without ``case_id``, which linking adds.

    Raises
    ------
    InputRefusedError
        `received_at` has no time zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from triage.intake.tokens import TokenKey
    >>> summary = b"<incidentSummary><incidentType>Online Enticement</incidentType></incidentSummary>"
    >>> report = b"<report>" + summary + b"</report>"
    >>> read = read_cybertipline([("a.xml", report)], TokenKey(bytes(16)), datetime(2024, 3, 1, tzinfo=UTC))
    >>> read.tables["reports"]["incident_type"].to_pylist()
    ['enticement']
    """
    if received_at.tzinfo is None:
        raise InputRefusedError(
            "a time of reception without a zone", expected="a time with a zone, such as 2024-03-01T10:00:00Z"
        )
    intake = _Intake(Gathered(key, received_at.astimezone(UTC).replace(microsecond=0)))
    for position, given in enumerate(documents, start=1):
        _read_document(intake, _open(position, given, key))
    for document, facts in intake.waiting:
        _join_file(intake, document, facts)
    gathered = intake.gathered
    return Imported(
        tables=gathered.tables(),
        set_aside=pa.Table.from_pylist(intake.aside, schema=SET_ASIDE_SCHEMA),
        findings=gathered.notes.findings(),
        sources=intake.sources,
        refs=intake.refs,
        dropped=+gathered.dropped,
        unknown=+gathered.unknown,
    )


def sniff_cybertipline(content: bytes) -> str | None:
    """Say which CyberTipline document bytes are, by the elements below the root.

    Parameters
    ----------
    content : bytes
        A document, or its beginning.

    Returns
    -------
    str or None
        ``report``, ``fileDetails``, or None for anything else, also for goAML, whose root is ``report`` too.

    Examples
    --------
    >>> sniff_cybertipline(b"<report><incidentSummary/></report>")
    'report'
    >>> sniff_cybertipline(b"<report><rentity_id>1</rentity_id></report>") is None
    True
    """
    return _kind(*first_child_among(content, load_mapping().marks))


def _kind(root: str, child: str) -> str | None:
    kind = load_mapping().marks.get(child)
    return kind if kind == root and kind in _KINDS else None


def _kind_of(root: Element) -> str | None:
    marks = load_mapping().marks
    return _kind(root.name, next((name for name in root.children if name in marks), ""))


def _open(position: int, given: Path | tuple[str, bytes], key: TokenKey) -> _Document:
    """Read a file; of one that is too large only the digest."""
    if isinstance(given, tuple):
        label, content = given
        found = hashlib.sha256(content).hexdigest()
        return _Document(position, label, content, found, len(content), _token(key, found))
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    try:
        with given.open("rb") as file:
            while chunk := file.read(2**20):
                digest.update(chunk)
                size += len(chunk)
                if size <= MAX_BYTES + 2**20:
                    kept += chunk
    except OSError:
        return _Document(position, str(given), None, "", 0, _token(key, str(given)))
    found = digest.hexdigest()
    return _Document(position, str(given), bytes(kept), found, size, _token(key, found))


def _token(key: TokenKey, of: str) -> str:
    return key.token("document", of)[:_PREFIX_DIGITS]


def _read_document(intake: _Intake, document: _Document) -> None:
    if document.content is None:
        intake.set_aside(
            document, "reports", "the file cannot be opened", "check its path and its permissions"
        )
        intake.names.add(document.label, UNREADABLE)
        return
    kind, root = None, None
    try:
        root = parse_xml(document.content)
        kind = _kind_of(root)
    except UnreadableXmlError as error:
        _refuse(intake, document, error)
    else:
        _take(intake, document, root, kind)
    intake.sources.append(
        {
            "sha256": document.digest,
            "bytes": document.size,
            "kind": _KINDS.get(kind or "", "not_read"),
            "mapping": f"cybertipline {load_mapping().version}",
        }
    )


def _refuse(intake: _Intake, document: _Document, error: UnreadableXmlError) -> None:
    """Set a document aside that cannot be parsed; what was read of it tells what it was."""
    if _is_foreign(document):
        intake.set_aside(
            document,
            "reports",
            "no XML at all",
            "look whether it belongs there; it is not read",
            why=Why.FOREIGN,
        )
        return
    is_file = error.root is not None and error.root.name == FILE
    intake.set_aside(document, "files" if is_file else "reports", error.found, error.mend)
    if not is_file:
        intake.names.add(document.label, UNREADABLE)


def _is_foreign(document: _Document) -> bool:
    """Say whether neither name nor content claims to be XML, so that no report is lost with it."""
    start = (document.content or b"").lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    return not document.label.lower().endswith(".xml") and start != b"<"


def _take(intake: _Intake, document: _Document, root: Element, kind: str | None) -> None:
    gathered = intake.gathered
    if kind is None:
        intake.set_aside(
            document,
            "reports",
            "neither a CyberTipline report nor its fileDetails",
            "give it to the import of its own format, or ask the sender what it is",
        )
        return
    if kind == FILE:
        count_elements(root, FILE, gathered.dropped, gathered.unknown)
        facts = read_file_facts(gathered, root, document.digest, document.label)
        intake.waiting.append((document, facts))
        return
    report_id = gathered.key.token("report", document.digest)
    intake.names.add(document.label, report_id)
    if report_id in gathered.reports:
        intake.set_aside(
            document,
            "reports",
            "the same report again",
            "nothing to do: it is in the batch once",
            why=Why.DUPLICATE,
            report_id=report_id,
        )
        return
    count_elements(root, REPORT, gathered.dropped, gathered.unknown)
    read_report(gathered, root, report_id, document.label)
    intake.refs.append((report_id, _file_name(document)))


def _file_name(document: _Document) -> str:
    return f"file {printable(PurePath(document.label).name)}"


def _join_file(intake: _Intake, document: _Document, facts: FileFacts) -> None:
    joined = intake.names.find(document.label, facts.number)
    if joined.report_id is None:
        intake.set_aside(
            document,
            "files",
            f"no report for this file: {joined.reason}",
            "import it with its report: X_report.xml beside X_file1.xml, or one report a folder",
            why=Why.ORPHAN,
        )
        return
    report_id = joined.report_id
    if facts.number and add_report_number(intake.gathered, facts.number, report_id, document.label):
        intake.refs.append((report_id, facts.number))
    if not add_file(intake.gathered, facts, report_id, document.label):
        intake.set_aside(
            document,
            "files",
            "the same file again",
            "nothing to do: it is in the batch once",
            why=Why.DUPLICATE,
            report_id=report_id,
        )
