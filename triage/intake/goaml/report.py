"""One ``report`` of a bank: what it says, and its rows where it is about the exploitation of children."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from triage.intake.goaml.cast import Cast
from triage.intake.goaml.naming import said
from triage.intake.goaml.parties import Bank
from triage.intake.goaml.payments import Payment, Side, read_activity, read_payment
from triage.intake.goaml.remarks import ODD_INDICATOR
from triage.intake.rows import ReportRow
from triage.intake.values import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from triage.intake.goaml.mapping import GoamlMapping
    from triage.intake.goaml.who import Parties
    from triage.intake.rows import Gathered
    from triage.intake.xml import Element

MOST_INDICATORS = 50
_INDICATOR = re.compile(r"(?!(?:.*[0-9]){5})[A-Za-z0-9][A-Za-z0-9_.-]{0,7}", re.ASCII)


class BankReport(NamedTuple):
    """What a bank's report says.

    Parameters
    ----------
    report_id : str
        Token of the report.
    scope : str
        The bank's number.
    number : str
        The bank's reference; empty where there is none.
    received_at : datetime or None
        When it was submitted.
    incident : str
        Kind of incident; empty where no indicator says that it is about the exploitation of children.
    indicators : tuple of str
        Codes that are kept.
    parties : tuple of Side
        Of an activity without payments.
    payments : tuple of Payment
        The transactions.
    """

    report_id: str
    scope: str
    number: str
    received_at: datetime | None
    incident: str
    indicators: tuple[str, ...]
    parties: tuple[Side, ...]
    payments: tuple[Payment, ...]

    def sides(self) -> Iterator[Side]:
        """Yield all parties, those of the activity first."""
        return chain(self.parties, *(payment.sides for payment in self.payments))


class Source(NamedTuple):
    """Where a report stands.

    Parameters
    ----------
    gathered : Gathered
        All rows so far; reading adds remarks and counts alone.
    mapping : GoamlMapping
        Codes.
    parties : Parties
        All parties so far; grows.
    label : str
        Name of the document, for messages.
    digest : str
        Tells the report from others where the bank gives no reference.
    """

    gathered: Gathered
    mapping: GoamlMapping
    parties: Parties
    label: str
    digest: str

    def bank(self, report_id: str, scope: str, received_at: datetime | None) -> Bank:
        """Return where reading of the report stands."""
        place = Place(self.gathered, self.label, report_id, scope, received_at)
        return Bank(place, self.mapping, self.parties)


def read_bank_report(source: Source, root: Element) -> BankReport:
    """Read a ``report`` element."""
    mapping = source.mapping
    scope, number = root.value("rentity_id"), said(root.value("entity_reference"))
    own = (scope, number) if number else (source.digest,)
    report_id = source.gathered.key.token("report", "goaml", *own)
    stated = root.value("submission_date") or root.value("report_date")
    received = source.bank(report_id, scope, None).time(stated, "received_at")
    bank = source.bank(report_id, scope, received)
    currency = root.value("currency_code_local").upper()
    codes = [c.text.strip() for outer in root.every("report_indicators") for c in outer.every("indicator")]
    children = [mapping.child[code] for code in codes if code in mapping.child]
    parties = [side for activity in root.every("activity") for side in read_activity(bank, activity)]
    payments = []
    for place, block in enumerate(root.every("transaction"), start=1):
        payment = read_payment(bank, block, place, currency)
        payments.append(payment if children else payment._replace(sides=()))
    return BankReport(
        report_id,
        scope,
        number,
        received,
        children[0] if children else "",
        tuple(_indicators(bank, codes)),
        tuple(parties) if children else (),
        tuple(payments),
    )


def add_bank_report(gathered: Gathered, parties: Parties, report: BankReport, label: str) -> None:
    """Add the rows of a report about the exploitation of children, but for its payments.

    Parameters
    ----------
    gathered : Gathered
        All rows so far.
    parties : Parties
        All parties, settled.
    report : BankReport
        The report; it is not among the rows yet.
    label : str
        Name of the document, for messages.
    """
    place = Place(gathered, label, report.report_id, report.scope, report.received_at)
    cast = Cast(place, parties, any_suspected=any(_suspects(side) for side in report.sides()))
    for side in report.parties:
        cast.add_side(side, subject=True)
    for payment in report.payments:
        subjects = {row.side for row in payment.rows}
        for at, side in enumerate(payment.sides):
            cast.add_side(side, subject=at in subjects)
    country, basis = cast.jurisdiction(report.sides())
    times = [payment.at for payment in report.payments if payment.at]
    gathered.reports[report.report_id] = ReportRow(
        report_id=report.report_id,
        incident_at=max(times, default=None),
        incident_type=report.incident,
        channels=["payment"],
        escalated_by_reporter="unknown",
        escalation_reason=None,
        report_annotations=None,
        actionability="unknown",
        jurisdiction_country=country,
        jurisdiction_basis=basis,
        source_ref_hash=source_token(place, report),
        source_system="goaml",
        reporter_type="fiu",
        received_at=report.received_at,
    )
    cast.add_persons()
    for side in report.parties:
        cast.add_account(side, None)
    for payment in report.payments:
        for side in payment.sides:
            cast.add_account(side, payment.at)


def source_token(place: Place, report: BankReport) -> str | None:
    """Return the token of the bank's reference: it is the bank's alone, and no number of another sender."""
    return place.token("source-report", "goaml", report.scope, report.number) if report.number else None


def _suspects(side: Side) -> bool:
    return "asserted" in {side.suspected, side.conductor_suspected}


def _indicators(bank: Bank, codes: list[str]) -> Iterator[str]:
    found = dict.fromkeys(code for code in codes if any(map(str.isalnum, code)))
    kept = [
        code
        for code in found
        if code in bank.mapping.child or code in bank.mapping.known_indicators or _INDICATOR.fullmatch(code)
    ]
    if len(kept) < len(found) or len(kept) > MOST_INDICATORS:
        bank.place.remark(ODD_INDICATOR)
    return iter(kept[:MOST_INDICATORS])
