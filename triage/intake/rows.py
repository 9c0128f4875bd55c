"""The rows that grow while documents are read one by one, and the tables they become."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from triage.intake.notes import Notes
from triage.schema.declare import Kind, Knowable
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from decimal import Decimal

    from triage.intake.tokens import TokenKey

_TEXT_KINDS = frozenset({Kind.CODE, Kind.TRI, Kind.COUNTRY})


class ReportRow(NamedTuple):
    """One row of ``reports``."""

    report_id: str
    incident_at: datetime | None
    incident_type: str
    channels: list[str] | None
    escalated_by_reporter: str
    escalation_reason: str | None
    report_annotations: list[str] | None
    actionability: str
    jurisdiction_country: str
    jurisdiction_basis: str
    source_ref_hash: str | None = None
    source_system: str = "cybertipline_xml"
    reporter_type: str = "platform"
    source_priority: str = "unknown"
    preserve_until: datetime | None = None
    received_at: datetime | None = None


class PersonRow(NamedTuple):
    """One row of ``persons``."""

    person_id: str
    report_id: str
    role: str
    age_band: str = "unknown"
    identity_level: str = "none"
    child_facing_role: str = "unknown"


class AccountRow(NamedTuple):
    """One row of ``accounts``."""

    account_id: str
    person_id: str
    platform_category: str = "other"
    account_opened_at: datetime | None = None
    account_status: str = "unknown"
    compromised: str = "unknown"
    group_member: str = "unknown"


class FileRow(NamedTuple):
    """One row of ``files``."""

    file_id: str
    report_id: str
    uploaded_at: datetime | None
    severity_class: str
    file_annotations: list[str] | None
    viewed_by_reporter: str
    publicly_available: str
    youngest_age_band: str
    account_id: str | None = None
    legal_class: str | None = None
    hash_status: str = "not_run"
    victim_status: str | None = None
    enriched_at: datetime | None = None


class EventRow(NamedTuple):
    """One row of ``network_events``."""

    event_id: str
    account_id: str
    event_name: str
    event_at: datetime | None
    link_token: str | None
    network_type: str
    ip_country: str | None = None


class ThreadRow(NamedTuple):
    """One row of ``communications``."""

    thread_id: str
    account_id: str
    counterpart_id: str
    counterpart_is_minor: str
    last_message_at: datetime | None = None
    message_count: int | None = None
    contact_codes: list[str] | None = None


class TransactionRow(NamedTuple):
    """One row of ``transactions``."""

    transaction_id: str
    person_id: str
    executed_at: datetime | None = None
    amount_eur: Decimal | None = None
    payment_channel: str = "unknown"
    counterparty_token: str | None = None
    counterparty_country: str | None = None
    indicator_codes: list[str] | None = None
    known_at: datetime | None = None


class PriorRow(NamedTuple):
    """One row of ``prior_records``."""

    record_id: str
    person_id: str
    record_kind: str
    origin: str
    recorded_at: datetime | None = None


class ChildRow(NamedTuple):
    """One row of ``children``."""

    child_id: str
    report_id: str
    person_id: str | None
    relation_to_suspect: str
    access_level: str
    age_band: str
    identification: str
    country: str | None = None
    crisis_code: list[str] | None = None


class OutcomeRow(NamedTuple):
    """One row of ``outcomes``."""

    report_id: str
    outcome_kind: str
    outcome_at: datetime | None = None
    current_abuse_label: str = "undetermined"
    label_source: str | None = None
    selected_at: datetime | None = None
    selected_by: str | None = None


# Of two statements about one thing the first of these stands.
FLAG_ORDER = ("asserted", "denied", "unknown")

_ROWS: dict[str, type[Any]] = {
    "reports": ReportRow,
    "persons": PersonRow,
    "accounts": AccountRow,
    "files": FileRow,
    "network_events": EventRow,
    "communications": ThreadRow,
    "prior_records": PriorRow,
    "children": ChildRow,
    "transactions": TransactionRow,
    "outcomes": OutcomeRow,
}


@dataclass
class Gathered:
    """All that was read so far, over all documents.

    Parameters
    ----------
    key : TokenKey
        The agency's key.
    received_at : datetime
        When the agency received the documents.
    """

    key: TokenKey
    received_at: datetime
    reports: dict[str, ReportRow] = field(default_factory=dict)
    persons: dict[tuple[str, str], PersonRow] = field(default_factory=dict)
    accounts: dict[str, AccountRow] = field(default_factory=dict)
    files: dict[str, FileRow] = field(default_factory=dict)
    file_contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    network_events: list[EventRow] = field(default_factory=list)
    communications: dict[str, ThreadRow] = field(default_factory=dict)
    prior_records: dict[str, PriorRow] = field(default_factory=dict)
    children: list[ChildRow] = field(default_factory=list)
    transactions: dict[tuple[str, str], TransactionRow] = field(default_factory=dict)
    outcomes: list[OutcomeRow] = field(default_factory=list)
    accounts_for_events: dict[str, str] = field(default_factory=dict)
    sole_reported: dict[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    dropped: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def tables(self) -> dict[str, pa.Table]:
        """Return the rows as canonical tables, each with all its columns but the case."""
        rows: dict[str, Collection[Any]] = {
            "reports": self.reports.values(),
            "persons": self.persons.values(),
            "accounts": self.accounts.values(),
            "files": self.files.values(),
            "network_events": self.network_events,
            "communications": self.communications.values(),
            "prior_records": self.prior_records.values(),
            "children": self.children,
            "transactions": self.transactions.values(),
            "outcomes": self.outcomes,
        }
        return {name: _as_table(name, found, self.received_at) for name, found in rows.items()}


def _as_table(name: str, rows: Collection[Any], received_at: datetime) -> pa.Table:
    """Turn rows into columns at once; when a row was known follows from its report."""
    declared = TABLES[name]
    names = _ROWS[name]._fields
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    if "received_at" in columns:
        columns["received_at"] = tuple(at or received_at for at in columns["received_at"])
    arrays = {}
    for column in declared.columns:
        kind = pa.string() if column.kind in _TEXT_KINDS else column.arrow_type
        if column.name in columns:
            arrays[column.name] = pa.array(columns[column.name], kind)
        elif column.knowable != Knowable.LINKING:
            arrays[column.name] = pa.nulls(len(rows), kind)
    return pa.table(arrays)
