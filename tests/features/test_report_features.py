"""What each feature of reports, sources and reported persons is, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

UNKNOWN = math.nan
Case = tuple[str, dict[str, Any], float]


def report(**columns: Any) -> dict[str, Any]:
    return {"reports": [columns]}


def reports(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"reports": list(rows)}


def persons(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"persons": list(rows)}


BUNDLE = {"actionability": "batch"}

CASES: list[Case] = [
    # the reported person
    ("person_reported", {}, 1),
    ("person_reported", {"persons": [], "accounts": []}, 0),
    ("person_reported", persons({"role": "recipient"}), 0),
    ("persons_reported", {}, 1),
    ("persons_reported", persons({}, {"person_id": "q"}, {"person_id": "o", "role": "recipient"}), 2),
    ("persons_reported", reports({}, {}) | persons({}, {"report_id": "r1"}), 1),
    ("persons_reported", {"persons": [], "accounts": []}, 0),
    ("reported_minor", persons({"age_band": "16-17"}), 1),
    ("reported_minor", persons({"age_band": "18-24"}), -1),
    ("reported_minor", persons({"age_band": "60+"}, {"person_id": "q", "age_band": "0-12"}), 1),
    ("reported_minor", persons({"age_band": "unknown"}), 0),
    ("reported_minor", persons({"age_band": "40-59"}, {"person_id": "o", "role": "recipient", "age_band": "13-15"}), -1),
    # a band holds whole years: from the 25th birthday to the 40th
    ("reported_age", persons({"age_band": "25-39"}), 32.5),
    ("reported_age", persons({"age_band": "25-39"}, {"person_id": "q", "age_band": "40-59"}), 50),
    ("reported_age", persons({"age_band": "unknown"}), UNKNOWN),
    ("reported_age", persons({}, {"person_id": "o", "role": "third_party", "age_band": "60+"}), UNKNOWN),
    ("passed_on", persons({}, {"person_id": "o", "role": "recipient"}), 1),
    ("passed_on", persons({}, {"person_id": "o", "role": "third_party"}), 0),
    ("batched", report(**BUNDLE), 1),
    ("batched", reports(BUNDLE, BUNDLE), 1),
    ("batched", reports(BUNDLE, {"actionability": "referral"}), 0),
    ("batched", reports(BUNDLE, {}), 0),
    ("batched", {}, 0),
    # what the reporter says
    ("escalated", report(escalated_by_reporter="asserted"), 1),
    ("escalated", report(escalated_by_reporter="denied"), -1),
    ("escalated", report(escalated_by_reporter="unknown"), 0),
    ("escalated", {}, 0),
    ("escalated", reports({"escalated_by_reporter": "denied"}, {"escalated_by_reporter": "asserted"}), 1),
    ("escalated", reports({"escalated_by_reporter": "denied"}, {}), -1),
    ("ongoing_abuse_stated", report(escalation_reason="live_or_ongoing_abuse"), 1),
    ("ongoing_abuse_stated", report(escalation_reason="none"), 0),
    ("meeting_stated", report(escalation_reason="planned_contact_or_travel"), 1),
    ("meeting_stated", report(escalation_reason="trafficking"), 0),
    ("child_disclosure", report(escalation_reason="child_disclosure"), 1),
    ("child_disclosure", report(escalation_reason="other"), 0),
    ("life_in_danger", report(escalation_reason="threat_to_life_or_self_harm"), 1),
    ("life_in_danger", report(escalation_reason="not_coded"), 0),
    ("reported_for_material", report(incident_type="csam"), 1),
    ("reported_for_material", report(incident_type="other"), 0),
    ("enticement", report(incident_type="enticement"), 1),
    ("enticement", reports({"incident_type": "csam"}, {"incident_type": "enticement"}), 1),
    ("enticement", report(incident_type="travel"), 0),
    ("molestation", report(incident_type="molestation"), 1),
    ("molestation", report(incident_type="csam"), 0),
    ("trafficking_or_travel", report(incident_type="trafficking"), 1),
    ("trafficking_or_travel", report(incident_type="travel"), 1),
    ("trafficking_or_travel", report(incident_type="csam", escalation_reason="trafficking"), 1),
    ("trafficking_or_travel", report(escalation_reason="planned_contact_or_travel"), 0),
    ("unsolicited_material", report(incident_type="unsolicited_to_child"), 1),
    ("unsolicited_material", report(incident_type="misleading_words"), 0),
    ("sextortion", report(report_annotations=["spam", "sextortion"]), 1),
    ("sextortion", report(report_annotations=["csam_solicitation"]), 0),
    ("sextortion", report(report_annotations=[]), 0),
    ("sextortion", report(report_annotations=["ext:sextortion"]), 0),
    ("sadism", report(report_annotations=["sadistic_online"]), 1),
    ("sadism", report(report_annotations=["aggravating_factors"]), 0),
    ("solicitation", report(report_annotations=["csam_solicitation"]), 1),
    ("solicitation", report(report_annotations=["informational"]), 0),
    ("aggravating_factors", report(report_annotations=["aggravating_factors"]), 1),
    ("aggravating_factors", report(report_annotations=["sadistic_online"]), 0),
    ("among_minors", report(report_annotations=["minor_to_minor"]), 1),
    ("among_minors", report(report_annotations=["instrumental_use"]), 0),
    ("spam", report(report_annotations=["spam"]), 1),
    ("spam", reports({"report_annotations": ["spam"]}, {"report_annotations": ["spam", "informational"]}), 1),
    ("spam", reports({"report_annotations": ["spam"]}, {}), 0),
    ("spam", {}, 0),
    ("sender_priority", report(source_priority="P1"), 3),
    ("sender_priority", reports({"source_priority": "P3"}, {"source_priority": "P2"}), 2),
    ("sender_priority", reports({"source_priority": "unknown"}, {"source_priority": "P3"}), 1),
    ("sender_priority", report(source_priority="unknown"), UNKNOWN),
    ("days_to_report", report(incident_at="2024-02-28T12:00:00Z"), 2),
    ("days_to_report", reports({"incident_at": "2024-01-01"}, {"incident_at": "2024-02-29"}), 1.5),
    ("days_to_report", report(incident_at="2024-03-02"), 0),
    ("days_to_report", {}, UNKNOWN),
    ("days_to_report", report(incident_at="2024-02-28", received_at=None), UNKNOWN),
    # the reports of the case together
    ("reports_in_case", {}, 1),
    ("reports_in_case", reports({}, {}, {"actionability": "informational"}), 3),
    ("reports_in_case", reports({}, BUNDLE, BUNDLE), 1),
    ("reports_in_case", report(**BUNDLE), 0),
    ("days_of_reports", {}, 0),
    ("days_of_reports", reports({}, {"received_at": "2024-03-11T12:00:00Z"}, {"received_at": "2024-03-04"}), 10),
    ("days_of_reports", reports({}, {"received_at": "2024-05-11", **BUNDLE}), 0),
    ("days_of_reports", report(**BUNDLE), UNKNOWN),
    ("days_of_reports", report(received_at=None), UNKNOWN),
    # who reports
    ("told_by_child", report(reporter_type="child"), 1),
    ("told_by_child", report(reporter_type="platform"), 0),
    ("told_by_family", report(reporter_type="parent_or_carer"), 1),
    ("told_by_family", report(reporter_type="child"), 0),
    ("told_by_professional", report(reporter_type="professional"), 1),
    ("told_by_professional", reports({"reporter_type": "public"}, {"reporter_type": "professional"}), 1),
    ("told_by_professional", report(reporter_type="unknown"), 0),
    ("from_helpline", report(source_system="helpline"), 1),
    ("from_helpline", report(source_system="hotline_form"), 0),
    ("from_hotline", report(source_system="hotline_form"), 1),
    ("from_hotline", report(source_system="iccam"), 1),
    ("from_hotline", report(source_system="helpline"), 0),
    ("from_police", report(source_system="foreign_police"), 1),
    ("from_police", report(source_system="uk_csea_irp"), 0),
    ("from_bank", report(source_system="goaml"), 1),
    ("from_bank", report(source_system="other"), 0),
    ("for_information", report(actionability="informational"), 1),
    ("for_information", report(report_annotations=["informational"]), 1),
    ("for_information", report(actionability="referral"), -1),
    ("for_information", reports({"actionability": "informational"}, {"actionability": "referral"}), -1),
    ("for_information", report(actionability="unknown"), 0),
    ("for_information", report(**BUNDLE), 0),
    ("sources_in_case", report(source_system="goaml"), 1),
    ("sources_in_case", reports({"source_system": "goaml"}, {"source_system": "iccam"}, {"source_system": "goaml"}), 2),
    ("sources_in_case", {}, 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(values_by_hand: Callable[..., list[float]]) -> list[float]:
    return values_by_hand(CASES)


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_feature_of_a_report_is_what_a_person_reads_from_the_rows(values: list[float], i: int) -> None:
    np.testing.assert_allclose(values[i], CASES[i][2], rtol=1e-14, err_msg=str(CASES[i]))
