"""Read what police download from NCMEC: one report an object, a list of them, or a report a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from triage.intake import notes as remarks
from triage.intake.cybertipline.mapping import load_mapping as load_cybertipline
from triage.intake.gathering import file_name
from triage.intake.json_reading import names_in, read_records
from triage.intake.police.files import add_file, read_file
from triage.intake.police.mapping import load_mapping, with_tags
from triage.intake.police.members import every_object
from triage.intake.police.report import SYSTEM, read_report, received_at, report_number, take_parts
from triage.intake.reader import Format
from triage.intake.same_report import fold_same_reports
from triage.intake.values import Place
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.json_reading import Record
    from triage.intake.police.report import Parts

_AGAIN = "nothing to do: it is in the batch once"
_OTHER = "look at both in the source system: the first that was read stands"


def recognise(document: Document) -> str:
    """Say whether a document is of this format, by the names of its members.

    Examples
    --------
    >>> from triage.intake.documents import Document
    >>> recognise(Document.of("a", b'{"reportId": 1, "reportedInformation": {}}'))
    'cybertip_le_json'
    >>> recognise(Document.of("a", b'{"reportId": 1}'))
    ''
    """
    names, marks = names_in(document), load_mapping()
    return SYSTEM if names & marks.any_mark or len(names & marks.two_marks) > 1 else ""


@dataclass
class ReadPolice:
    """One import of police downloads.

    Parameters
    ----------
    intake : Intake
        All rows so far.
    tags : mapping of str to str
        NCMEC's tag -> code.
    """

    intake: Intake
    tags: Mapping[str, str] = field(default_factory=lambda: load_mapping().ncmec_tag)
    fingerprints: dict[str, bytes] = field(default_factory=dict)
    taken: list[tuple[str, Document, int]] = field(default_factory=list)

    def take(self, document: Document, kind: str) -> None:
        """Read a document."""
        del kind
        for record in read_records(self.intake, document, inside=load_mapping().lists["reports"]):
            self._take(document, record)

    def finish(self) -> None:
        """Fold a report into the same report that came in another format."""
        fold_same_reports(self.intake, self.taken)

    def _take(self, document: Document, record: Record) -> None:
        gathered = self.intake.gathered
        number, odd = report_number(record.content)
        fingerprint = record.fingerprint()
        named = ("number", number) if number else (record.digest(),)
        report_id = gathered.key.token("report", *named)
        if report_id in gathered.reports:
            same = self.fingerprints.get(report_id) == fingerprint
            found = "the same report again" if same else "a report of the same number with other contents"
            self.intake.set_aside(
                document,
                "reports",
                found,
                _AGAIN if same else _OTHER,
                why=Why.DUPLICATE,
                report_id=report_id,
                row=record.row,
            )
            return
        self.fingerprints[report_id] = fingerprint
        self.taken.append((report_id, document, record.row))
        parts = take_parts(gathered, record.content)
        place = received_at(Place(gathered, document.label, report_id), parts)
        if odd:
            place.remark(remarks.BAD_NUMBER)
        read_report(place, parts, number)
        self.intake.refs.append((report_id, number or file_name(document)))
        self._take_files(document, record, place, parts, number)

    def _take_files(
        self, document: Document, record: Record, place: Place, parts: Parts, number: str
    ) -> None:
        for content in every_object(parts.information.get("uploadedFiles"), "uploadedFiles"):
            self.intake.count(document, "files")
            if not add_file(place, read_file(place, content, self.tags, parts.countries), number):
                self.intake.set_aside(
                    document,
                    "files",
                    "the same file again",
                    _AGAIN,
                    why=Why.DUPLICATE,
                    report_id=place.report_id,
                    row=record.row,
                )


def police_format(tags: Mapping[str, Any] | None = None, name: str = "", *, where: str = "") -> Format:
    """Return the format, with an agency's own list of NCMEC's tags where it holds one.

    Parameters
    ----------
    tags : mapping of str to str, optional
        Tag -> a code of ``file_annotations``, or ``ext:`` and a name of letters.
    name : str
        Name and version of the list, stored with what was imported.
    where : str
        Where the list stands, for messages.

    Raises
    ------
    InputRefusedError
        A code that is none.
    """
    mapping = load_mapping() if tags is None else with_tags(load_mapping(), tags, where or name)
    version = f"police {mapping.version}, cybertipline {load_cybertipline().version}"
    return Format(
        "police",
        f"{version}, tags {name}" if tags is not None else version,
        recognise,
        partial(ReadPolice, tags=mapping.ncmec_tag),
    )


POLICE = police_format()
