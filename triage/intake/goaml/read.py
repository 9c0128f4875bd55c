"""Read goAML reports: payments go to persons who are known, and reports about children become reports.

Format: UNODC, goAML XML, schemas 3 to 5. Names, numbers, addresses and texts are hashed, banded, coded or
dropped while they are read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from triage.intake.cybertipline.mapping import load_mapping as load_cybertipline
from triage.intake.documents import Unreadable
from triage.intake.elements import count_elements
from triage.intake.gathering import file_name
from triage.intake.goaml.mapping import GoamlMapping, load_mapping
from triage.intake.goaml.remarks import SAME_NUMBER, SAME_REFERENCE
from triage.intake.goaml.report import BankReport, Source, add_bank_report, read_bank_report
from triage.intake.goaml.who import Parties
from triage.intake.reader import Format
from triage.intake.rows import TransactionRow
from triage.intake.xml import UnreadableXmlError, first_child_among, parse_xml
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.goaml.payments import Payment
    from triage.intake.xml import Element

KIND = "goaml_report"
_ROOT, _BARE = "report", "reportdata"
_ROOTS = (_ROOT, _BARE)
_LAST = datetime.max.replace(tzinfo=UTC)
_AGAIN = "nothing to do: it is in the batch once"
_NOBODY = (
    "keep it; it joins when a report about this person comes, and needs an indicator to be a report itself"
)


class Read(NamedTuple):
    """A report that was read, and where it stood."""

    document: Document
    row: int
    report: BankReport


def sniff_goaml(content: bytes, mapping: GoamlMapping | None = None) -> str:
    """Say whether bytes are a goAML document, by the elements below the root or below a wrapper's reports.

    Parameters
    ----------
    content : bytes
        A document, or its beginning.
    mapping : GoamlMapping, optional
        Names the wrappers.

    Examples
    --------
    >>> sniff_goaml(b"<report><rentity_id>1</rentity_id></report>")
    'goaml_report'
    >>> sniff_goaml(b"<report><incidentSummary/></report>")
    ''
    """
    # The reports of platforms have the same root: the first element that only one of both knows decides.
    marks = load_cybertipline().marks
    for level in (2, 3):
        root, child = first_child_among(content, marks, level)
        alone = root.lower() in _ROOTS
        wrapped = root.lower() in (_BARE, *(mapping or load_mapping()).wrappers)
        if marks.get(child) == "goaml" and (alone if level == 2 else wrapped):
            return KIND
    return ""


class ReadGoaml:
    """One import of goAML documents; payments wait for the persons of all others.

    Parameters
    ----------
    intake : Intake
        All rows so far.
    mapping : GoamlMapping
        Codes.
    """

    def __init__(self, intake: Intake, mapping: GoamlMapping) -> None:
        self.intake = intake
        self.mapping = mapping
        self.parties = Parties()
        self.read: list[Read] = []
        self.cores: dict[str, tuple[object, ...]] = {}

    def take(self, document: Document, _kind: str) -> None:
        """Read a document."""
        limits, gathered = self.intake.limits, self.intake.gathered
        try:
            root = parse_xml(
                self.intake.read_text(document),
                max_bytes=limits.document_bytes,
                max_depth=limits.depth,
                max_nodes=limits.nodes,
            )
        except UnreadableXmlError as error:
            raise Unreadable(error.found, error.mend) from None
        for row, block in enumerate(_reports(root), start=1):
            unfold_report(block, self.mapping)
            count_elements(block, "report", self.mapping.elements, gathered.dropped, gathered.unknown)
            source = Source(gathered, self.mapping, self.parties, document.label, f"{document.digest} {row}")
            report = read_bank_report(source, block)
            if report.incident or not report.payments:
                self.intake.count(document, "reports")
            for payment in report.payments:
                self.intake.count(document, "transactions", len(payment.rows) or 1)
            self.read.append(Read(document, row, report))

    def finish(self) -> None:
        """Make the reports about children, give payments to known persons; set aside the rest."""
        others = self._persons()
        self.parties.settle(others)
        self.read.sort(key=lambda some: (some.report.received_at or _LAST, some.report.report_id))
        seen: dict[str, BankReport] = {}
        kept: list[Read] = []
        for some in self.read:
            if some.report.incident:
                some = self._add_report(some, seen)  # noqa: PLW2901 - with the token it got
            elif not some.report.payments:
                self.intake.set_aside(
                    some.document,
                    "reports",
                    "a bank's report without payments or an indicator of the exploitation of children",
                    "nothing to do where it is not about children; else add its indicator to your mapping",
                    why=Why.ORPHAN,
                    row=some.row,
                )
            kept.append(some)
        known = others | {person for person, _ in self.intake.gathered.persons}
        # Reports about children first: a payment that stands in two counts as theirs.
        for some in sorted(kept, key=lambda some: not some.report.incident):
            for place, payment in enumerate(some.report.payments, start=1):
                self._add_payment(some, payment, place, known)

    def _persons(self) -> set[str]:
        tables = self.intake.tables.get("persons", [])
        listed = (table["person_id"].to_pylist() for table in tables if "person_id" in table.column_names)
        return {person for person, _ in self.intake.gathered.persons} | set(chain.from_iterable(listed))

    def _add_report(self, some: Read, seen: dict[str, BankReport]) -> Read:
        intake, gathered, report = self.intake, self.intake.gathered, some.report
        if (held := seen.setdefault(report.report_id, report)) is not report:
            if held == report:
                intake.set_aside(
                    some.document,
                    "reports",
                    "the same report again",
                    _AGAIN,
                    why=Why.DUPLICATE,
                    report_id=report.report_id,
                    row=some.row,
                )
                return some
            gathered.notes.add(SAME_REFERENCE, some.document.label)
            token = gathered.key.token(
                "report", "goaml", report.report_id, some.document.digest, str(some.row)
            )
            report = report._replace(report_id=token)
            if token in seen:
                return self._add_report(some._replace(report=report), seen)
            seen[token] = report
        add_bank_report(gathered, self.parties, report, some.document.label)
        intake.refs.append((report.report_id, report.number or file_name(some.document)))
        return some._replace(report=report)

    def _add_payment(self, some: Read, payment: Payment, place: int, known: set[str]) -> None:
        document = some.document
        if not payment.rows:
            self.intake.set_aside(
                document,
                "transactions",
                "a payment that names nobody",
                "ask the bank for the parties of the payment",
                row=place,
            )
        for one in payment.rows:
            row = TransactionRow(
                "",
                self.parties.token_of(one.handle),
                payment.at,
                one.amount,
                payment.channel,
                None if one.other is None else self.parties.token_of(one.other),
                one.country,
                list(some.report.indicators) or None,
                some.report.received_at,
            )
            if row.person_id in known:
                self._keep_payment(some, row, payment, place, one.sign)
                continue
            row = row._replace(transaction_id=self._number(some, row, payment, place, one.sign))
            self.intake.set_aside(
                document,
                "transactions",
                "a payment of a person whom no report of this import names",
                _NOBODY,
                why=Why.ORPHAN,
                row=place,
                waits_for=self.parties.known_as(one.handle),
                held={"transactions": [row._asdict()]},
            )

    def _keep_payment(self, some: Read, row: TransactionRow, payment: Payment, place: int, sign: str) -> None:
        """Add a payment; one that is there already is set aside, and changes nothing."""
        # Whom it went to may be named in one report only; what else a payment is must be the same.
        gathered, core = self.intake.gathered, (*row[1:5], row.counterparty_country)
        token = self._number(some, row, payment, place, sign)
        if self.cores.setdefault(token, core) != core:
            gathered.notes.add(SAME_NUMBER, some.document.label)
            token = gathered.key.token("transaction", token, repr(core))
            self.cores[token] = core
        if (token, row.person_id) in gathered.transactions:
            self.intake.set_aside(
                some.document,
                "transactions",
                "the same payment again",
                _AGAIN,
                why=Why.DUPLICATE,
                report_id=some.report.report_id if some.report.incident else None,
                row=place,
            )
        else:
            gathered.transactions[token, row.person_id] = row._replace(transaction_id=token)

    def _number(self, some: Read, row: TransactionRow, payment: Payment, place: int, sign: str) -> str:
        report, token = some.report, self.intake.key.token
        own = (report.scope, payment.number) if payment.number else (report.report_id, str(place))
        return token("transaction", *own, row.person_id, sign)


def _reports(root: Element) -> Iterator[Element]:
    """Yield the report that the root is, or those within it."""
    if root.name.lower() in _ROOTS:
        yield root
        return
    for name, blocks in root.children.items():
        if name.lower() == _ROOT:
            yield from blocks


def unfold_report(report: Element, mapping: GoamlMapping) -> None:
    """Bring a report of a country with elements of its own into the common shape, in place.

    Examples
    --------
    >>> from triage.intake.goaml.mapping import load_mapping
    >>> text = b"<report><reportdata><transactions><transaction/></transactions></reportdata></report>"
    >>> report = parse_xml(text)
    >>> unfold_report(report, load_mapping())
    >>> list(report.children)
    ['transaction']
    """
    for name in mapping.around:
        for around in report.every(name):
            left = {inner: blocks for inner, blocks in report.children.items() if inner != name}
            for inner, blocks in around.children.items():
                left[inner] = [*left.get(inner, ()), *blocks]
            report.children = left
    for transaction in report.every("transaction"):
        children = transaction.children
        if not mapping.aliases.keys().isdisjoint(children):
            transaction.children = {
                mapping.aliases.get(name, name): blocks for name, blocks in children.items()
            }


def goaml_format(mapping: GoamlMapping | None = None) -> Format:
    """Return the format, with an agency's own codes where it gives them.

    Parameters
    ----------
    mapping : GoamlMapping, optional
        The mapping, with what the agency lays over it.
    """
    laid = mapping or load_mapping()
    return Format(
        "goaml",
        f"goaml {laid.version}",
        lambda document: sniff_goaml(document.beginning(), laid),
        partial(ReadGoaml, mapping=laid),
    )


GOAML = goaml_format()
