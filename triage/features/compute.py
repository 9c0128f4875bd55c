"""How each feature is computed: one small function a feature, from the visible rows of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.view import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import View

    Floats = NDArray[np.float64]

SMALL_PAYMENT_EUR = 55.0


def person_reported(view: View) -> Floats:
    """Whether a person is reported; a report that names none leaves it open who it was."""
    return view.persons.flag(np.ones(view.persons.table.num_rows, dtype=bool))


def escalated(view: View) -> Floats:
    """Whether a reporter asked for immediate attention."""
    return view.reports.flag_of("escalated_by_reporter")


def contact_incident(view: View) -> Floats:
    """Whether an incident type names contact with a child."""
    rows = view.reports
    return rows.flag(rows.is_code("incident_type", "enticement", "molestation", "trafficking", "travel"))


def extortion_or_sadism(view: View) -> Floats:
    """Whether a reporter labelled it as sextortion or sadistic exploitation."""
    return view.reports.flag(view.reports.has("report_annotations", "sextortion", "sadistic_online"))


def solicitation(view: View) -> Floats:
    """Whether a reporter labelled it as asking for material."""
    return view.reports.flag(view.reports.has("report_annotations", "csam_solicitation"))


def contact_channel(view: View) -> Floats:
    """Whether a channel allows direct contact."""
    return view.reports.flag(view.reports.has("channels", "chat", "gaming", "phone", "offline"))


def minor_counterpart(view: View) -> Floats:
    """Whether somebody on the other side states to be under 18."""
    return view.communications.flag_of("counterpart_is_minor")


def grooming_signs(view: View) -> Floats:
    """Whether threads carry codes of grooming or of a meeting."""
    rows = view.communications
    signs = ("secrecy", "gifts", "off_platform_move", "meeting_proposed", "meeting_arranged", "travel")
    return rows.flag(rows.has("contact_codes", *signs, "image_threat"))


def directs_abuse(view: View) -> Floats:
    """Whether threads carry codes of live requests, of directing abuse or of claimed access."""
    rows = view.communications
    return rows.flag(rows.has("contact_codes", "live_request", "direct_to_order", "claims_access"))


def days_since_contact(view: View) -> Floats:
    """Days from the last message to the latest report."""
    rows = view.communications
    return view.days_before_report(rows.largest(rows.seconds("last_message_at")))


def child_reachable(view: View) -> Floats:
    """Whether a particular child is named or can be found."""
    rows = view.children
    return rows.flag(rows.is_code("identification", "named", "locatable"))


def access_to_others_children(view: View) -> Floats:
    """Whether there is access to children of others; denied where every access coded is none."""
    rows = view.children
    relations = ("sibling", "other_family", "carer_or_teacher", "neighbour_or_acquaintance")
    others = rows.is_code("relation_to_suspect", *relations)
    none = rows.is_code("access_level", "none")
    return rows.flag((others & ~none) | rows.is_code("access_level", "unsupervised"), none)


def lives_with_child(view: View) -> Floats:
    """Whether the person lives with a child."""
    return view.children.flag(view.children.is_code("access_level", "lives_with"))


def works_with_children(view: View) -> Floats:
    """Whether the person has work or a role with children."""
    return view.persons.flag_of("child_facing_role")


def live_streamed(view: View) -> Floats:
    """Whether a file was streamed live."""
    return view.files.flag(view.files.has("file_annotations", "live_streamed"))


def youngest_children(view: View) -> Floats:
    """Whether a file is tagged infant or classed under three."""
    rows = view.files
    return rows.flag(rows.has("file_annotations", "infant") | rows.is_code("youngest_age_band", "0-2"))


def severest_class(view: View) -> Floats:
    """Whether a file is of the severest class; denied where files were classed and none is."""
    rows = view.files
    return rows.flag(
        rows.is_code("severity_class", "A1", "IWF_A"),
        rows.is_code("severity_class", "A2", "B1", "B2", "IWF_B", "IWF_C", "none"),
    )


def unknown_material(view: View) -> Floats:
    """Whether a look-up knows no match for a file that nobody cleared; denied where every look-up matched."""
    rows = view.files
    return rows.flag(
        rows.is_code("hash_status", "no_match") & ~rows.is_code("legal_class", "not_illegal"),
        rows.is_code("hash_status", "exact_known", "near_known"),
    )


def self_produced(view: View) -> Floats:
    """Whether a file seems made by the child itself."""
    return view.files.flag(view.files.has("file_annotations", "self_produced"))


def viral(view: View) -> Floats:
    """Whether every file is tagged viral or meme; more copies of a viral file change nothing."""
    return _only(view, "viral", "meme")


def artificial(view: View) -> Floats:
    """Whether every file is tagged drawn, virtual or generated."""
    return _only(view, "drawn_or_virtual", "generative_ai")


def days_since_upload(view: View) -> Floats:
    """Days from the last upload to the latest report."""
    rows = view.files
    return view.days_before_report(rows.largest(rows.seconds("uploaded_at")))


def contact_record(view: View) -> Floats:
    """Whether a contact offence is on record or alleged."""
    return _record(view, "contact_conviction", "allegation")


def image_record(view: View) -> Floats:
    """Whether an image offence or an entry in a register is on record."""
    return _record(view, "image_conviction", "registry")


def other_record(view: View) -> Floats:
    """Whether another conviction or a breach of supervision is on record."""
    return _record(view, "other_conviction", "supervision_breach")


def prior_reports(view: View) -> Floats:
    """Count the earlier reports about the person."""
    rows = view.prior_records
    return rows.count(rows.is_code("record_kind", "prior_report"))


def reports_in_case(view: View) -> Floats:
    """Count the reports of the case; those of a viral bundle are not counted."""
    rows = view.reports
    return rows.count(~rows.is_code("actionability", "batch"))


def group_member(view: View) -> Floats:
    """Whether an account belongs to a group around such material."""
    return view.accounts.flag_of("group_member")


def days_since_activity(view: View) -> Floats:
    """Days from the last log-in, upload or other event to the latest report."""
    rows = view.network_events
    return view.days_before_report(rows.largest(rows.seconds("event_at")))


def compromised(view: View) -> Floats:
    """Whether an account may have been taken over."""
    return view.accounts.flag_of("compromised")


def direct_sharing(view: View) -> Floats:
    """Whether peer-to-peer sharing is named."""
    return view.reports.flag(view.reports.has("channels", "p2p"))


def small_payments(view: View) -> Floats:
    """Count outgoing payments of under 55 euro."""
    rows = view.transactions
    amount = rows.numbers("amount_eur")
    return rows.count((amount < 0) & (amount > -SMALL_PAYMENT_EUR))


def days_between_payments(view: View) -> Floats:
    """Mean days between outgoing payments, NaN with fewer than two."""
    rows = view.transactions
    out = np.where(rows.numbers("amount_eur") < 0, rows.seconds("executed_at"), np.nan)
    gaps = rows.count(~np.isnan(out)) - 1
    span = (rows.largest(out) - rows.smallest(out)) / DAY
    return np.where(gaps > 0, span / np.fmax(gaps, 1.0), np.nan)


def batched(view: View) -> Floats:
    """Whether every report is from a bundle of viral reports."""
    rows = view.reports
    bundled = rows.is_code("actionability", "batch")
    return np.where(rows.any(bundled) & ~rows.any(~bundled), 1.0, 0.0)


def _only(view: View, *tags: str) -> Floats:
    rows = view.files
    tagged = rows.has("file_annotations", *tags)
    return np.where(rows.any(tagged) & ~rows.any(~tagged), 1.0, 0.0)


def _record(view: View, *kinds: str) -> Floats:
    """Return +1 with such a record, -1 where the registers were checked and hold none, else 0."""
    rows = view.prior_records
    convictions = ("contact_conviction", "allegation", "image_conviction", "registry", "other_conviction")
    checked = rows.is_code("record_kind", *convictions, "supervision_breach", "none_found")
    return rows.flag(rows.is_code("record_kind", *kinds), checked)
