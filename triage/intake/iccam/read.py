"""Read reports of hotlines in the JSON of ICCAM, versions 2 and 3: with their addresses, or these alone.

Names of analysts, addresses of material and of hosts, notes and hashes are hashed, coded or dropped while
they are read. Such a report names nobody: it is about a place on the net.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.intake import notes as remarks
from triage.intake.gathering import file_name
from triage.intake.iccam.items import Item, read_item, read_outcomes
from triage.intake.iccam.mapping import load_mapping
from triage.intake.iccam.members import ASSESSMENT, ITEM, REPORT, count_members, sort_members, words_of
from triage.intake.json_reading import names_in, read_records
from triage.intake.json_values import list_of, text_of
from triage.intake.reader import Format
from triage.intake.rows import OutcomeRow, ReportRow
from triage.intake.values import Place, read_time
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.json_reading import Record
    from triage.intake.rows import Gathered

KIND = "iccam_report"
_FEWEST_HINTS = 2
# What only an address says; a report that says it is an address as well.
_OF_ITEMS = (
    frozenset(load_mapping().names[ITEM])
    .union(load_mapping().names[ASSESSMENT])
    .difference(load_mapping().names[REPORT])
)
_AGAIN = "nothing to do: it is in the batch once"
_BROKEN = "ask the hotline to send the report again"


def sniff_iccam(document: Document) -> str:
    """Say whether a document is one of ICCAM, by the names of its members.

    Examples
    --------
    >>> from triage.intake.documents import Document
    >>> sniff_iccam(Document.of("a", b'{"hotlineReceivedDate": "", "urls": []}'))
    'iccam_report'
    >>> sniff_iccam(Document.of("a", b'{"reportId": 1, "urls": []}'))
    ''
    """
    names, mapping = names_in(document), load_mapping()
    return KIND if names & mapping.marks or len(names & mapping.hints) >= _FEWEST_HINTS else ""


@dataclass
class HotlineReport:
    """What is known of one report so far.

    Parameters
    ----------
    place : Place
        Where it was first read.
    reference : str
        The hotline's reference, else ICCAM's number; empty where there is none.
    hotline : str
        Number of the hotline.
    received_at : datetime or None
        When the hotline received it.
    commercial : bool
        Whether the material is sold.
    document : Document
        Where it was first read.
    digest : str
        Of its content.
    items : dict of str to Item
        Its addresses by file token.
    outcomes : dict
        What was done: kind and time.
    """

    place: Place
    reference: str
    hotline: str
    received_at: datetime | None
    commercial: bool
    document: Document
    digest: str
    items: dict[str, Item] = field(default_factory=dict)
    outcomes: dict[tuple[str, datetime | None], None] = field(default_factory=dict)


@dataclass
class ReadIccam:
    """One import of hotline reports, in any order; addresses alone wait for their reports.

    Parameters
    ----------
    intake : Intake
        All rows so far.
    """

    intake: Intake
    reports: dict[str, HotlineReport] = field(default_factory=dict)
    by_number: dict[str, str] = field(default_factory=dict)
    alone: list[tuple[Document, int, Item, str]] = field(default_factory=list)

    def take(self, document: Document, _kind: str) -> None:
        """Read a document."""
        for record in read_records(self.intake, document, inside=load_mapping().lists):
            if "contentid" in record.content and not _lists_items(record.content):
                self._take_alone(document, record)
            else:
                self._take_report(document, record)

    def finish(self) -> None:
        """Give addresses that stood alone to their reports, and make the rows of all."""
        for document, row, item, digest in self.alone:
            number = item.report
            report_id = self.by_number.get(number) or self._token(number or digest)
            if report_id not in self.reports:
                place = Place(self.intake.gathered, document.label, report_id)
                self.reports[report_id] = HotlineReport(
                    place, number, "", item.received_at, commercial=False, document=document, digest=digest
                )
                self.intake.count(document, "reports")
            held = self.reports[report_id]
            times = [at for at in (held.received_at, item.received_at) if at]
            held.received_at = min(times, default=None)
            self._add_item(held, document, row, item)
        for report_id, held in self.reports.items():
            _add_rows(self.intake.gathered, report_id, held)
            self.intake.refs.append((report_id, held.reference or file_name(held.document)))

    def _take_alone(self, document: Document, record: Record) -> None:
        place = Place(self.intake.gathered, document.label, "")
        # It was met as a report and is an address; its report is counted when it is made.
        self.intake.count(document, "reports", -1)
        self.intake.count(document, "files")
        self.alone.append((document, record.row, read_item(place, record.content), record.digest()))

    def _take_report(self, document: Document, record: Record) -> None:
        gathered, content = self.intake.gathered, record.content
        said = sort_members(content, REPORT)
        number = text_of(said.get("number"))
        reference = text_of(said.get("reference")) or number
        digest = record.digest()
        report_id = self._token(reference or digest)
        place = Place(gathered, document.label, report_id)
        held = self.reports.get(report_id)
        if held is None:
            held = self.reports[report_id] = HotlineReport(
                place,
                reference,
                text_of(said.get("hotline")),
                read_time(place, text_of(said.get("received")), "received_at"),
                _is_commercial(said.get("commerciality")),
                document,
                digest,
            )
        else:
            same = held.digest == digest
            self.intake.set_aside(
                document,
                "reports",
                "the same report again" if same else "another state of a report that is there",
                _AGAIN if same else "nothing to do: what is new in it was added to the report",
                why=Why.DUPLICATE,
                report_id=report_id,
                row=record.row,
            )
        if number:
            self.by_number.setdefault(number, report_id)
        if not _lists_items(content) and _OF_ITEMS & content.keys():
            # The report is its own and only address.
            self.intake.count(document, "files")
            self._add_item(held, document, record.row, read_item(place, content, REPORT))
            return
        count_members(gathered, content, REPORT)
        held.outcomes |= dict.fromkeys(read_outcomes(place, said.get("actions")))
        for some in list_of(said.get("items")):
            self._read_item(held, document, record.row, some)

    def _read_item(self, held: HotlineReport, document: Document, row: int, some: Any) -> None:
        self.intake.count(document, "files")
        if isinstance(some, str) and some.strip():
            some = {"urlstring": some}
        if not isinstance(some, dict):
            self.intake.set_aside(document, "files", "an address that is no JSON object", _BROKEN, row=row)
            return
        self._add_item(held, document, row, read_item(held.place, some))

    def _add_item(self, held: HotlineReport, document: Document, row: int, item: Item) -> None:
        place = held.place
        number = item.number or f"nameless {len(held.items)}"
        file_id = place.token("file", "iccam", place.report_id, number)
        held.outcomes |= dict.fromkeys(item.outcomes)
        before = held.items.get(file_id)
        if before is not None:
            if before.row != item.row:
                place.remark(remarks.SAME_FILE_ID)
            self.intake.set_aside(
                document,
                "files",
                "the same address again",
                "nothing to do: of two states the one that was assessed last is in the batch",
                why=Why.DUPLICATE,
                report_id=place.report_id,
                row=row,
            )
            if not (
                item.assessed_at and (before.assessed_at is None or item.assessed_at > before.assessed_at)
            ):
                return
        held.items[file_id] = item

    def _token(self, reference: str) -> str:
        return self.intake.key.token("report", "iccam", reference)


def _lists_items(content: Mapping[str, Any]) -> bool:
    names = load_mapping().names[REPORT]
    return any(names.get(name) == "items" for name in content)


def _is_commercial(value: object) -> bool:
    codes = load_mapping().commerciality
    return any(codes.get(word) == "commercial" for word in words_of(value))


def _add_rows(gathered: Gathered, report_id: str, held: HotlineReport) -> None:
    items = list(held.items.values())
    classes = {item.row.legal_class for item in items}
    placed = sorted((item for item in items if item.country), key=lambda item: not item.source)
    gathered.reports[report_id] = ReportRow(
        report_id=report_id,
        incident_at=None,
        incident_type="csam" if classes & load_mapping().csam else "unknown",
        channels=["web"],
        escalated_by_reporter="unknown",
        escalation_reason=None,
        report_annotations=["ext:commercial"] if held.commercial else None,
        actionability="unknown",
        jurisdiction_country=placed[0].country if placed else "ZZ",
        jurisdiction_basis="hosting" if placed else "none",
        source_ref_hash=_source_token(held),
        source_system="iccam",
        reporter_type="hotline",
        received_at=held.received_at,
    )
    for file_id, item in held.items.items():
        gathered.files[file_id] = item.row._replace(file_id=file_id, report_id=report_id)
    gathered.outcomes += [OutcomeRow(report_id, kind, at) for kind, at in held.outcomes]


def _source_token(held: HotlineReport) -> str | None:
    """Return the token of the reference; a bare number is a number of its hotline, not of other senders."""
    if not held.reference:
        return None
    scope = () if any(map(str.isalpha, held.reference)) else ("iccam", held.hotline)
    return held.place.token("source-report", *scope, held.reference)


ICCAM = Format("iccam", f"iccam {load_mapping().version}", sniff_iccam, ReadIccam)
