"""The facts that a world must give probabilities for, and where they show in the tables."""

from __future__ import annotations

from dataclasses import dataclass

from triage.schema.tables import TABLES

SET_SEPARATOR = "|"
PAIR_SEPARATOR = ":"


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
        The known quantity on which its probabilities may rest: ``source`` or another fact.
    told : bool
        Whether the reporter may leave it out.
    least : int
        The smallest number that a band may hold.
    """

    kind: str
    table: str = ""
    columns: tuple[str, ...] = ()
    given: str = ""
    told: bool = False
    least: int = 0

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
    "reports": Spec("band", least=1),
    "source": _code("reports", "source_system", "person"),
    "incident_type": _code("reports", "incident_type", "source"),
    "channels": _codes("reports", "channels", "source"),
    "escalated": _code("reports", "escalated_by_reporter", "source"),
    "escalation_reason": _code("reports", "escalation_reason"),
    "report_annotations": _codes("reports", "report_annotations", "source"),
    "reporter_type": _code("reports", "reporter_type", "source"),
    "source_priority": _code("reports", "source_priority", "source"),
    "actionability": _code("reports", "actionability", "source"),
    "jurisdiction_basis": _code("reports", "jurisdiction_basis", "person"),
    "jurisdiction_country": Spec("country", "reports", ("jurisdiction_country",), "jurisdiction_basis"),
    "age_band": _code("persons", "age_band", told=True),
    "identity_level": _code("persons", "identity_level", "source"),
    "child_facing_role": _code("persons", "child_facing_role", told=True),
    "recipient": Spec("choice", given="source"),
    "platform": _code("accounts", "platform_category"),
    "account_status": _code("accounts", "account_status"),
    "compromised": _code("accounts", "compromised", "source"),
    "group_member": _code("accounts", "group_member", "source"),
    "account_age": Spec("band"),
    "prior_report": Spec("choice", given="source"),
    "prior_records": _codes("prior_records", "record_kind"),
    "file_count": Spec("band", given="source"),
    "severity": _code("files", "severity_class", "source", told=True),
    "file_annotations": _codes("files", "file_annotations", "source"),
    "hash_status": _code("files", "hash_status"),
    "victim_status": _code("files", "victim_status", "hash_status"),
    "legal_class": _code("files", "legal_class", "hash_status"),
    "youngest": _code("files", "youngest_age_band", told=True),
    "upload_age": Spec("band"),
    "viewed": _code("files", "viewed_by_reporter", told=True),
    "publicly_available": _code("files", "publicly_available", "source"),
    "event_count": Spec("band", given="source"),
    "event_name": _code("network_events", "event_name"),
    "event_age": Spec("band"),
    "network_type": _code("network_events", "network_type"),
    "ip_country": Spec("country", "network_events", ("ip_country",)),
    "thread_count": Spec("band", given="source"),
    "counterpart_minor": _code("communications", "counterpart_is_minor", told=True),
    "message_count": Spec("band"),
    "contact_codes": _codes("communications", "contact_codes"),
    "last_message": Spec("band"),
    "payment_count": Spec("band", least=1),
    "indicators": _codes("transactions", "indicator_codes"),
    "last_payment": Spec("band"),
    "several_payees": Spec("choice"),
    "payment_gap": Spec("band", given="indicators"),
    "amount": Spec("band", given="indicators"),
    "payment_channel": _code("transactions", "payment_channel"),
    "counterparty_country": Spec("country", "transactions", ("counterparty_country",)),
    "child": Spec("choice", given="source"),
    "child_link": Spec("pair", "children", _LINK, told=True),
    "child_age": _code("children", "age_band", told=True),
    "child_identification": _code("children", "identification", "source"),
    "crisis": _codes("children", "crisis_code"),
    "own_children": Spec("choice"),
    "others_children": Spec("choice"),
    "others_link": Spec("pair", "children", _LINK),
    "register_child_age": _code("children", "age_band"),
}

_SPAN, _CHECK = Spec("band"), Spec("band or never")
# Days, by source of the report alone; a check may never be done.
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

# What the policy may look at; see `triage.worlds.selection`.
POLICY_FACTS = ("prior_contact", "access", "contact")
SPELLS: dict[str, Spec] = dict.fromkeys(("onset", "end", "past_onset", "past_end"), _SPAN)
LABELS = ("yes", "no", "undetermined")
