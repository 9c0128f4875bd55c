"""Which facts stand behind which feature.

A feature is one number for a model; a person wants to read what it was made of. Features that are not here
say all they can in their own sentence.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from triage.features.telling.money import MONEY_FACTS
from triage.features.telling.of_rows import (
    bands_of,
    both,
    coded,
    codes_of,
    count_of,
    every,
    filled,
    latest,
    names_of,
    share_of,
    tagged,
    when,
)
from triage.features.telling.texts import say_each
from triage.features.telling.words import band_words, count_words, dates_of

if TYPE_CHECKING:
    import pyarrow as pa

    from triage.features.feature import Floats
    from triage.features.kernels import Mask
    from triage.features.telling.of_rows import Facts, Ints, Mark
    from triage.features.view import Rows, View

# The fact stands where the number would: the number is the middle of a band, or a grade.
INSTEAD = frozenset({"reported_age", "depicted_age", "mentioned_child_age", "sender_priority"})

_SHARED = tagged("file_annotations", "viral", "meme")
_MADE = tagged("file_annotations", "drawn_or_virtual", "generative_ai")
# The youngest first.
_SHOWN = ("0-2", "3-6", "prepubescent", "7-10", "11-13", "pubescent", "14-15", "16-17", "18+")
_CLASSED = codes_of("files", "severity_class")
_LOOKED_UP = coded("hash_status", "exact_known", "near_known", "no_match")
_TYPES = codes_of("network_events", "network_type")


def _reports(view: View) -> Rows:
    return view.reports


def _persons(view: View) -> Rows:
    return view.persons


def _files(view: View) -> Rows:
    return view.files


def _threads(view: View) -> Rows:
    return view.communications


def _children(view: View) -> Rows:
    return view.children


def _priors(view: View) -> Rows:
    return view.prior_records


def _accounts(view: View) -> Rows:
    return view.accounts


def _mentioned(view: View) -> Rows:
    return view.children_of_reports


def _own(rows: Rows) -> Mask:
    return ~_SHARED(rows)


def _unmatched(rows: Rows) -> Mask:
    return rows.is_code("hash_status", "no_match") & ~rows.is_code("legal_class", "not_illegal")


def _known(column: str) -> Mark:
    return coded(column, "asserted", "denied")


def _some_reports(mark: Mark) -> Facts:
    return count_of(_reports, mark, "report", alone=False)


def _some_files(mark: Mark, among: Mark = every) -> Facts:
    return count_of(_files, mark, "file", among)


def _some_accounts(column: str) -> Facts:
    return count_of(_accounts, coded(column, "asserted"), "account", _known(column), alone=False)


def _read_threads(*codes: str) -> Facts:
    counted = count_of(_threads, tagged("contact_codes", *codes), "thread", filled("contact_codes"))
    if len(codes) == 1:
        return counted
    return both(names_of(_threads, "communications.contact_codes", codes), counted)


def _records(*kinds: str) -> Facts:
    """Tell how many records there are, and of when the latest is; nothing where there is none."""

    def tell(view: View, cases: Ints) -> pa.Array:
        rows = view.prior_records
        mark = rows.is_code("record_kind", *kinds)
        days = dates_of(rows.largest(np.where(mark, rows.seconds("recorded_at"), np.nan))[cases])
        return say_each(_say_records, rows.count(mark)[cases], days)

    return tell


def _say_records(count: float, day: str) -> str:
    if count <= 1:
        return f"of {day}" if day else ""
    return count_words(count, "record") + (f", the latest of {day}" if day else "")


_IDENTITY = names_of(
    _persons,
    "persons.identity_level",
    ("civil_identity", "named", "verified_contact", "handle"),
    first=True,
)


def _who(view: View, cases: Ints) -> pa.Array:
    """Tell how the best known reported person is known, and how many there are."""
    rows = view.persons
    return say_each(_say_who, rows.count_distinct(rows.tokens("person_id"))[cases], _IDENTITY(view, cases))


def _say_who(count: float, how: str) -> str:
    several = count_words(count, "person") if count > 1 else ""
    return ", ".join(part for part in (several, f"known {how}" if how else "") if part)


def _span(view: View, cases: Ints) -> pa.Array:
    """Tell from which day to which the reports came."""
    own = view.reports.count(~view.reports.is_code("actionability", "batch"))[cases]
    return say_each(
        _say_span, dates_of(view.first_received[cases]), dates_of(view.last_received[cases]), own == 1
    )


def _say_span(first: str, last: str, single: bool) -> str:
    return "a single report" if single else f"from {first} to {last}" if first and last else ""


def _opened(view: View) -> Floats:
    return view.accounts.smallest(view.accounts.seconds("account_opened_at"))


def _own_uploads(rows: Rows) -> Mask:
    return ~_SHARED(rows)


def _reached(view: View) -> Rows:
    """Return the children of others to whom there is access."""
    rows = view.children
    own = rows.is_code("relation_to_suspect", "parent", "step_or_partner", "household")
    others = rows.is_code(
        "relation_to_suspect", "sibling", "other_family", "carer_or_teacher", "neighbour_or_acquaintance"
    )
    return rows.only(others | (rows.is_code("access_level", "unsupervised") & ~own))


_RELATIONS = codes_of("children", "relation_to_suspect")
_MENTIONED = both(
    bands_of(_mentioned, "children.age_band"),
    names_of(_mentioned, "children.relation_to_suspect", _RELATIONS),
)
_ACCESS = names_of(_reached, "children.access_level", ("unsupervised", "lives_with", "supervised", "online"))
_BANDS = bands_of(_persons, "persons.age_band")
_CONNECTIONS = names_of(
    lambda view: view.network_events, "network_events.network_type", _TYPES, count="connection"
)
_incident = partial(coded, "incident_type")
_label = partial(tagged, "report_annotations")
_reason = partial(coded, "escalation_reason")
_reporter = partial(coded, "reporter_type")
_source = partial(coded, "source_system")

FACTS: dict[str, Facts] = {
    "person_reported": _who,
    "reported_minor": _BANDS,
    "reported_age": _BANDS,
    "escalated": _some_reports(coded("escalated_by_reporter", "asserted")),
    "ongoing_abuse_stated": _some_reports(_reason("live_or_ongoing_abuse")),
    "meeting_stated": _some_reports(_reason("planned_contact_or_travel")),
    "child_disclosure": _some_reports(_reason("child_disclosure")),
    "life_in_danger": _some_reports(_reason("threat_to_life_or_self_harm")),
    "reported_for_material": _some_reports(_incident("csam")),
    "enticement": _some_reports(_incident("enticement")),
    "molestation": _some_reports(_incident("molestation")),
    "unsolicited_material": _some_reports(_incident("unsolicited_to_child")),
    "sextortion": _some_reports(_label("sextortion")),
    "sadism": _some_reports(_label("sadistic_online")),
    "solicitation": _some_reports(_label("csam_solicitation")),
    "aggravating_factors": _some_reports(_label("aggravating_factors")),
    "among_minors": _some_reports(_label("minor_to_minor")),
    "sender_priority": names_of(
        _reports,
        "reports.source_priority",
        ("P1", "P2", "P3"),
        {"P1": "3 (P1)", "P2": "2 (P2)", "P3": "1 (P3)"}.__getitem__,
        first=True,
    ),
    "days_to_report": when(latest(_reports, "incident_at")),
    "days_of_reports": _span,
    "told_by_child": _some_reports(_reporter("child")),
    "told_by_family": _some_reports(_reporter("parent_or_carer")),
    "told_by_professional": _some_reports(_reporter("professional")),
    "from_helpline": _some_reports(_source("helpline")),
    "from_hotline": _some_reports(_source("hotline_form", "iccam")),
    "from_police": _some_reports(_source("foreign_police")),
    "from_bank": _some_reports(_source("goaml")),
    "sources_in_case": names_of(_reports, "reports.source_system", codes_of("reports", "source_system")),
    "contact_channel": names_of(_reports, "reports.channels", ("chat", "gaming", "phone")),
    "minor_counterpart": count_of(
        lambda view: view.own_threads,
        coded("counterpart_is_minor", "asserted"),
        "thread",
        _known("counterpart_is_minor"),
    ),
    "threads": when(latest(_threads, "last_message_at"), "the last message on "),
    "days_since_contact": when(latest(_threads, "last_message_at")),
    "secrecy_or_gifts": _read_threads("secrecy", "gifts"),
    "off_platform_move": _read_threads("off_platform_move"),
    "meeting": _read_threads("meeting_proposed", "meeting_arranged", "travel"),
    "image_threat": _read_threads("image_threat", "payment_demand"),
    "directs_abuse": _read_threads("live_request", "direct_to_order"),
    "claims_access": _read_threads("claims_access"),
    "child_mentioned": _MENTIONED,
    "own_child_mentioned": _MENTIONED,
    "others_child_mentioned": _MENTIONED,
    "mentioned_child_age": names_of(
        _mentioned, "children.age_band", codes_of("children", "age_band"), band_words, first=True
    ),
    "in_distress": names_of(
        _children, "children.crisis_code", ("self_harm_or_suicide", "missing", "medical")
    ),
    "access_to_others_children": _ACCESS,
    "live_streamed": _some_files(tagged("file_annotations", "live_streamed")),
    "youngest_children": _some_files(
        lambda rows: rows.has("file_annotations", "infant") | rows.is_code("youngest_age_band", "0-2")
    ),
    "depicted_age": names_of(_files, "files.youngest_age_band", _SHOWN, band_words, first=True),
    "severest_class": _some_files(coded("severity_class", "A1", "IWF_A"), coded("severity_class", *_CLASSED)),
    "no_severity": _some_files(
        coded("severity_class", *(code for code in _CLASSED if code != "none")),
        coded("severity_class", *_CLASSED),
    ),
    "violent_material": _some_files(tagged("file_annotations", "physical_harm", "violence", "animal")),
    "unknown_material": _some_files(_unmatched, _LOOKED_UP),
    "share_unknown": share_of(_files, _unmatched, "file", lambda rows: _LOOKED_UP(rows) & _own(rows)),
    "unidentified_victim": _some_files(
        coded("victim_status", "unidentified"), coded("victim_status", "identified", "unidentified")
    ),
    "self_produced": _some_files(tagged("file_annotations", "self_produced")),
    "lawful": _some_files(
        coded("legal_class", "baseline", "national"),
        coded("legal_class", "baseline", "national", "not_illegal"),
    ),
    "viral": _some_files(_SHARED),
    "artificial": _some_files(_MADE),
    "share_viral": share_of(_files, _SHARED, "file", every),
    "share_artificial": share_of(_files, _MADE, "file", _own),
    "days_since_upload": when(latest(_files, "uploaded_at", _own_uploads)),
    "seen_by_reporter": _some_files(coded("viewed_by_reporter", "asserted"), _known("viewed_by_reporter")),
    "public_material": _some_files(coded("publicly_available", "asserted"), _known("publicly_available")),
    "contact_record": _records("contact_conviction"),
    "contact_allegation": _records("allegation"),
    "image_record": _records("image_conviction"),
    "register_entry": _records("registry"),
    "other_record": _records("other_conviction"),
    "supervision_breach": _records("supervision_breach"),
    "years_since_contact_record": when(
        latest(_priors, "recorded_at", coded("record_kind", "contact_conviction", "allegation"))
    ),
    "prior_reports": when(
        latest(_priors, "recorded_at", coded("record_kind", "prior_report")),
        "the latest of ",
    ),
    "group_member": _some_accounts("group_member"),
    "compromised": _some_accounts("compromised"),
    "days_since_opening": when(_opened),
    "days_since_activity": when(latest(lambda view: view.network_events, "event_at")),
    "hidden_address": _CONNECTIONS,
    "mobile_address": _CONNECTIONS,
    **MONEY_FACTS,
}
