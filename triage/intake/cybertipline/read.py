"""Read CyberTipline submissions: ``report`` and ``fileDetails`` documents become canonical tables.

Format: NCMEC, "CyberTipline Reporting API Technical Documentation", 2025. Names, addresses, texts, file
names and hashes of material are hashed, banded, coded or dropped while they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.intake.cybertipline.files import FileFacts, add_file, add_report_number, hold, read_file_facts
from triage.intake.cybertipline.join import UNREADABLE, ReportNames
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.report import read_report
from triage.intake.cybertipline.variants import unfold_variants
from triage.intake.documents import Unreadable
from triage.intake.elements import count_elements
from triage.intake.gathering import file_name
from triage.intake.reader import Format
from triage.intake.xml import UnreadableXmlError, first_child_among, parse_xml
from triage.schema.part import Why

if TYPE_CHECKING:
    from triage.intake.documents import Document
    from triage.intake.gathering import Intake

REPORT, FILE = "report", "fileDetails"
_KINDS = {REPORT: "cybertipline_report", FILE: "cybertipline_file_details"}
_ROOTS = {kind: root for root, kind in _KINDS.items()}
_AGAIN = "nothing to do: it is in the batch once"


def sniff_cybertipline(content: bytes) -> str:
    """Say which CyberTipline document bytes are, by the elements below the root.

    Parameters
    ----------
    content : bytes
        A document, or its beginning.

    Returns
    -------
    str
        The kind; empty for anything else, also for goAML, whose root is ``report`` too.

    Examples
    --------
    >>> sniff_cybertipline(b"<report><incidentSummary/></report>")
    'cybertipline_report'
    >>> sniff_cybertipline(b"<report><rentity_id>1</rentity_id></report>")
    ''
    """
    root, child = first_child_among(content, load_mapping().marks)
    return _KINDS.get(root, "") if load_mapping().marks.get(child) == root else ""


@dataclass
class ReadCyberTipline:
    """One import of CyberTipline documents, in any order; files wait for their reports.

    Parameters
    ----------
    intake : Intake
        All rows so far.
    """

    intake: Intake
    names: ReportNames = field(default_factory=ReportNames)
    waiting: list[tuple[Document, FileFacts]] = field(default_factory=list)

    def take(self, document: Document, kind: str) -> None:
        """Read a document."""
        is_file, limits = _ROOTS[kind] == FILE, self.intake.limits
        try:
            root = parse_xml(
                self.intake.read_text(document),
                max_bytes=limits.document_bytes,
                max_depth=limits.depth,
                max_nodes=limits.nodes,
            )
        except (Unreadable, UnreadableXmlError) as error:
            raise Unreadable(error.found, error.mend, table="files" if is_file else "reports") from None
        self.intake.count(document, "files" if is_file else "reports")
        if not is_file:
            unfold_variants(root)
        gathered = self.intake.gathered
        count_elements(root, _ROOTS[kind], load_mapping().elements, gathered.dropped, gathered.unknown)
        if is_file:
            facts = read_file_facts(gathered, root, document.digest, document.label)
            self.waiting.append((document, facts))
            return
        report_id = gathered.key.token("report", document.digest)
        self.names.add(document.label, report_id)
        if report_id in gathered.reports:
            self.intake.set_aside(
                document, "reports", "the same report again", _AGAIN, why=Why.DUPLICATE, report_id=report_id
            )
            return
        read_report(gathered, root, report_id, document.label)
        self.intake.refs.append((report_id, file_name(document)))
        for place, block in enumerate(root.every(FILE)):
            self.intake.count(document, "files")
            facts = read_file_facts(gathered, block, f"{document.digest} {place}", document.label)
            self._add_file(document, facts, report_id)

    def finish(self) -> None:
        """Give each file to its report; set aside those that have none."""
        for document in self.intake.unread:
            # It may have been the report of a file, which must not go to another then.
            self.names.add(document.label, UNREADABLE)
        for number, report_id in self.names.numbers():
            self._number(number, report_id)
        for document, facts in self.waiting:
            self._join(document, facts)

    def _number(self, number: str, report_id: str) -> None:
        """Take the number in a report's name for its own where a file of an earlier import waits for it."""
        gathered = self.intake.gathered
        if self.intake.is_awaited(gathered.key.token("source-report", number)):
            add_report_number(gathered, number, report_id, "")
            self.intake.refs.append((report_id, number))

    def _join(self, document: Document, facts: FileFacts) -> None:
        joined, gathered = self.names.find(document.label, facts.number), self.intake.gathered
        report_id = joined.report_id
        if report_id is None:
            number = gathered.key.token("source-report", facts.number) if facts.number else None
            self.intake.set_aside(
                document,
                "files",
                f"no report for this file: {joined.reason}",
                "import it with its report: X_report.xml beside X_file1.xml, or one report a folder",
                why=Why.ORPHAN,
                waits_for=[number] if number else [],
                held=hold(gathered.key, facts) if number else None,
            )
            return
        self._add_file(document, facts, report_id)

    def _add_file(self, document: Document, facts: FileFacts, report_id: str) -> None:
        gathered = self.intake.gathered
        if facts.number and add_report_number(gathered, facts.number, report_id, document.label):
            self.intake.refs.append((report_id, facts.number))
        if not add_file(gathered, facts, report_id, document.label):
            self.intake.set_aside(
                document, "files", "the same file again", _AGAIN, why=Why.DUPLICATE, report_id=report_id
            )


CYBERTIPLINE = Format(
    "cybertipline",
    f"cybertipline {load_mapping().version}",
    lambda document: sniff_cybertipline(document.beginning()),
    ReadCyberTipline,
)
