"""What the reporter says of the incident, and who the reporter is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.view import DAY
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Floats
    from triage.features.view import View

_GRADES = {"P1": 3.0, "P2": 2.0, "P3": 1.0}


def _is(column: str, *codes: str) -> Compute:
    return lambda view: view.reports.flag(view.reports.is_code(column, *codes))


def _labelled(*codes: str) -> Compute:
    return lambda view: view.reports.flag(view.reports.has("report_annotations", *codes))


def escalated(view: View) -> Floats:
    """Whether a reporter asked for immediate attention."""
    return view.reports.flag_of("escalated_by_reporter")


def trafficking_or_travel(view: View) -> Floats:
    """Whether a report is about trafficking of a child or travel to one."""
    rows = view.reports
    return rows.flag(
        rows.is_code("incident_type", "trafficking", "travel")
        | rows.is_code("escalation_reason", "trafficking")
    )


def sender_priority(view: View) -> Floats:
    """Return the highest priority that a sender gave, 3 for P1 to 1 for P3."""
    rows = view.reports
    grade = np.full(len(rows), np.nan)
    for code, value in _GRADES.items():
        grade[rows.is_code("source_priority", code)] = value
    return rows.largest(grade)


def for_information(view: View) -> Floats:
    """Whether it was sent for information only; denied where a sender holds it to be a referral."""
    rows = view.reports
    only_told = rows.is_code("actionability", "informational") | rows.has(
        "report_annotations", "informational"
    )
    return -rows.flag(rows.is_code("actionability", "referral") & ~only_told, only_told) + 0.0


def spam(view: View) -> Floats:
    """Whether every report is labelled as spam; one label does not clear what others report."""
    rows = view.reports
    labelled = rows.has("report_annotations", "spam")
    return np.where(rows.any(labelled) & ~rows.any(~labelled), 1.0, 0.0)


def days_to_report(view: View) -> Floats:
    """Return the days from the latest incident to the latest report."""
    rows = view.reports
    return view.days_before_report(rows.largest(rows.seconds("incident_at")))


def days_of_reports(view: View) -> Floats:
    """Return the days from the first report to the latest; those of a viral bundle do not count."""
    rows = view.reports
    received = np.where(rows.is_code("actionability", "batch"), np.nan, rows.seconds("received_at"))
    return (rows.largest(received) - rows.smallest(received)) / DAY


def reports_in_case(view: View) -> Floats:
    """Count the reports of the case; those of a viral bundle are not counted."""
    rows = view.reports
    return rows.count(~rows.is_code("actionability", "batch"))


def sources_in_case(view: View) -> Floats:
    """Count the kinds of source that reported the case."""
    rows = view.reports
    return rows.count_distinct(rows.codes("source_system"))


def batched(view: View) -> Floats:
    """Whether every report is from a bundle of viral reports."""
    rows = view.reports
    bundled = rows.is_code("actionability", "batch")
    return np.where(rows.any(bundled) & ~rows.any(~bundled), 1.0, 0.0)


_report, _source = Domain("report"), Domain("source")
_CODED = Knowable.ENRICHMENT
_FORMAT = "CyberTipline annotations"
_NO_EFFECT = "no effect published; a habit of reporters, so that others are not blamed for it"

REPORT = (
    _report.flag(
        "escalated",
        +1,
        escalated,
        "the reporter asks for immediate attention",
        "Australian Federal Police triage study 2021; NCMEC urgent reports",
        denied="the reporter says it is not urgent",
    ),
    _report.flag(
        "ongoing_abuse_stated",
        +1,
        _is("escalation_reason", "live_or_ongoing_abuse"),
        "escalated for abuse that is live or goes on",
        "Australian Federal Police triage study 2021: endangerment",
        knowable=_CODED,
    ),
    _report.flag(
        "meeting_stated",
        +1,
        _is("escalation_reason", "planned_contact_or_travel"),
        "escalated for a planned meeting or journey",
        "Australian Federal Police triage study 2021: endangerment",
        knowable=_CODED,
    ),
    _report.flag(
        "child_disclosure",
        +1,
        _is("escalation_reason", "child_disclosure"),
        "escalated because a child told of it",
        "own judgement: a child's own account",
        knowable=_CODED,
    ),
    _report.flag(
        "life_in_danger",
        +1,
        _is("escalation_reason", "threat_to_life_or_self_harm"),
        "escalated for a threat to life or self-harm",
        "NCMEC urgent reports; FATF 2025 on sextortion",
        knowable=_CODED,
    ),
    _report.flag(
        "reported_for_material",
        0,
        _is("incident_type", "csam"),
        "reported for abuse material",
        "CyberTipline incident types: nearly all are; where not, a child was seen",
    ),
    _report.flag(
        "enticement",
        +1,
        _is("incident_type", "enticement"),
        "reported as enticement",
        "KIRAT step 3; CyberTipline incident types",
    ),
    _report.flag(
        "molestation",
        +1,
        _is("incident_type", "molestation"),
        "reported as sexual abuse of a child",
        "KIRAT step 3; CyberTipline incident types",
    ),
    _report.flag(
        "trafficking_or_travel",
        +1,
        trafficking_or_travel,
        "reported as trafficking or travel",
        "KIRAT step 3; CyberTipline incident types",
        knowable=Knowable.EITHER,
    ),
    _report.flag(
        "unsolicited_material",
        0,
        _is("incident_type", "unsolicited_to_child"),
        "reported as material sent to a child",
        "CyberTipline incident types; no effect published",
    ),
    _report.flag("sextortion", +1, _labelled("sextortion"), "labelled sextortion", f"FATF 2025; {_FORMAT}"),
    _report.flag("sadism", +1, _labelled("sadistic_online"), "labelled sadistic exploitation", _FORMAT),
    _report.flag(
        "solicitation", +1, _labelled("csam_solicitation"), "labelled as asking for abuse material", _FORMAT
    ),
    _report.flag(
        "aggravating_factors", +1, _labelled("aggravating_factors"), "labelled as aggravated", _FORMAT
    ),
    _report.flag(
        "among_minors",
        0,
        _labelled("minor_to_minor"),
        "labelled as between minors",
        f"{_FORMAT}; the child is real, the other is a child too",
    ),
    _report.flag(
        "spam", -1, spam, "every report is labelled as spam", f"{_FORMAT}: says that there is nothing to it"
    ),
    _report.number(
        "sender_priority",
        +1,
        sender_priority,
        "priority that the sender gives, of 3: {}",
        "senders' own classes P1 to P3; validity not published",
        unit="grade",
    ),
    _report.number(
        "days_to_report",
        -1,
        days_to_report,
        "days from the incident to the report: {}",
        "Dutch police: what is recent may go on",
        unit="days",
        asks="when it happened",
    ),
)

SOURCE = (
    _source.flag("told_by_child", 0, _is("reporter_type", "child"), "told by a child", _NO_EFFECT),
    _source.flag(
        "told_by_family", 0, _is("reporter_type", "parent_or_carer"), "told by a parent or carer", _NO_EFFECT
    ),
    _source.flag(
        "told_by_professional", 0, _is("reporter_type", "professional"), "told by a professional", _NO_EFFECT
    ),
    _source.flag("from_helpline", 0, _is("source_system", "helpline"), "came through a helpline", _NO_EFFECT),
    _source.flag(
        "from_hotline", 0, _is("source_system", "hotline_form", "iccam"), "came through a hotline", _NO_EFFECT
    ),
    _source.flag(
        "from_police", 0, _is("source_system", "foreign_police"), "came from another police force", _NO_EFFECT
    ),
    _source.flag(
        "from_bank",
        0,
        _is("source_system", "goaml"),
        "came from a bank or a financial intelligence unit",
        _NO_EFFECT,
    ),
    _source.flag(
        "for_information",
        0,
        for_information,
        "sent for information only",
        "CyberTipline: how complete a report is, not how dangerous",
        denied="sent as a referral",
    ),
    _source.number(
        "sources_in_case",
        0,
        sources_in_case,
        "kinds of source that reported it: {}",
        "own judgement: independent sources; no effect published",
        unit="sources",
    ),
)
