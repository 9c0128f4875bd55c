"""The facts that a world must give probabilities for, and where they show in the tables."""

from __future__ import annotations

from dataclasses import dataclass

from triage.schema.tables import TABLES

SET_SEPARATOR = "|"
PAIR_SEPARATOR = ":"
# Rows that one report may bring of a kind, so that a block fits into memory.
MOST_ROWS = 500
MOST_REPORTS = 50


@dataclass(frozen=True)
class Spec:
    """What a world file may say about one fact.

    Parameters
    ----------
    kind : str
        ``code``, ``codes`` (sets of codes), ``pair`` (codes of two columns), ``choice`` (yes or no),
        ``band`` (a quantity), ``band or never`` or ``country``.
    table : str
        Where its columns are; empty for numbers of rows and the like.
    columns : tuple of str
        The columns that hold its codes.
    given : str
        Another fact on which its probabilities may rest, besides source and platform of the report.
    told : bool
        Whether the reporter may leave it out.
    least : int
        The smallest number that a band may hold.
    most : int
        The largest; of days, a hundred years.
    whole : bool
        Whether only whole numbers are drawn, the ends of a band among them.
    """

    kind: str
    table: str = ""
    columns: tuple[str, ...] = ()
    given: str = ""
    told: bool = False
    least: int = 0
    most: int = 36_500
    whole: bool = False

    def allowed(self) -> tuple[tuple[str, ...], ...]:
        """Return the codes of each column."""
        return tuple(TABLES[self.table][column].codes for column in self.columns)


def _code(table: str, column: str, given: str = "", *, told: bool = False) -> Spec:
    return Spec("code", table, (column,), given, told)


def _codes(table: str, column: str, given: str = "") -> Spec:
    return Spec("codes", table, (column,), given)


_LINK = ("relation_to_suspect", "access_level")

SIGNALS: dict[str, Spec] = {
    "person": Spec("choice"),
    "bundle": Spec("choice"),
    "reports": Spec("band", least=1, most=MOST_REPORTS, whole=True),
    "bundled_persons": Spec("band", least=1, most=MOST_ROWS, whole=True),
    "source": _code("reports", "source_system", "person"),
    "platform": _code("accounts", "platform_category"),
    "incident_type": _code("reports", "incident_type"),
    "channels": _codes("reports", "channels"),
    "escalated": _code("reports", "escalated_by_reporter"),
    "escalation_reason": _code("reports", "escalation_reason"),
    "report_annotations": _codes("reports", "report_annotations"),
    "reporter_type": _code("reports", "reporter_type"),
    "source_priority": _code("reports", "source_priority"),
    "actionability": _code("reports", "actionability"),
    "jurisdiction_basis": _code("reports", "jurisdiction_basis", "person"),
    "jurisdiction_country": Spec("country", "reports", ("jurisdiction_country",), "jurisdiction_basis"),
    "age_band": _code("persons", "age_band", told=True),
    "identity_level": _code("persons", "identity_level"),
    "child_facing_role": _code("persons", "child_facing_role", told=True),
    "recipient": Spec("choice"),
    "account_status": _code("accounts", "account_status"),
    "compromised": _code("accounts", "compromised"),
    "group_member": _code("accounts", "group_member"),
    "account_age": Spec("band"),
    "prior_report": Spec("choice"),
    "prior_records": _codes("prior_records", "record_kind"),
    "file_count": Spec("band", most=MOST_ROWS, whole=True),
    "severity": _code("files", "severity_class", told=True),
    "file_annotations": _codes("files", "file_annotations"),
    "hash_status": _code("files", "hash_status"),
    "victim_status": _code("files", "victim_status", "hash_status"),
    "legal_class": _code("files", "legal_class", "hash_status"),
    "youngest": _code("files", "youngest_age_band", told=True),
    "upload_age": Spec("band"),
    "viewed": _code("files", "viewed_by_reporter", told=True),
    "publicly_available": _code("files", "publicly_available"),
    "event_count": Spec("band", most=MOST_ROWS, whole=True),
    "event_name": _code("network_events", "event_name"),
    "event_age": Spec("band"),
    "network_type": _code("network_events", "network_type"),
    "ip_country": Spec("country", "network_events", ("ip_country",)),
    "thread_count": Spec("band", most=MOST_ROWS, whole=True),
    "counterpart_minor": _code("communications", "counterpart_is_minor", told=True),
    "message_count": Spec("band", whole=True),
    "contact_codes": _codes("communications", "contact_codes"),
    "last_message": Spec("band"),
    "payment_count": Spec("band", least=1, most=MOST_ROWS, whole=True),
    "indicators": _codes("transactions", "indicator_codes"),
    "last_payment": Spec("band"),
    "several_payees": Spec("choice"),
    "payment_gap": Spec("band", given="indicators"),
    "amount": Spec("band", given="indicators"),
    "payment_channel": _code("transactions", "payment_channel"),
    "counterparty_country": Spec("country", "transactions", ("counterparty_country",)),
    "child": Spec("choice"),
    "child_link": Spec("pair", "children", _LINK, told=True),
    "child_age": _code("children", "age_band", told=True),
    "child_identification": _code("children", "identification"),
    "crisis": _codes("children", "crisis_code"),
    "own_children": Spec("choice"),
    "others_children": Spec("choice"),
    "others_link": Spec("pair", "children", _LINK),
    "register_child_age": _code("children", "age_band"),
}

_SPAN, _CHECK = Spec("band"), Spec("band or never")
# Days, by what is known of the report; a check may never be done.
DELAYS: dict[str, Spec] = {
    "incident": _SPAN,
    "preserve": _CHECK,
    "report_coding": _CHECK,
    "hash_lookup": _CHECK,
    "address_lookup": _CHECK,
    "thread_coding": _CHECK,
    "child_coding": _CHECK,
    "register": _CHECK,
    "decision": _SPAN,
    "investigation": _SPAN,
}

SPELLS: dict[str, Spec] = {"ended": _SPAN}
LABELS = ("yes", "no", "undetermined")

# Drawn before anything else of a case: may rest on the person, not on whether abuse goes on.
CAUSED_BEFORE = ("person", "bundle", "reports", "bundled_persons")
# Drawn before the other facts of a report: may rest on the person and on whether abuse goes on.
RESTS_ON_CURRENT = ("source", "platform")
