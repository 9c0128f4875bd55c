from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.schema.part import Part
from triage.schema.tables import TABLES

LATER = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
PERSON = {"person_id": "p", "report_id": "r", "role": "reported"}
ACCOUNT = {"account_id": "a", "person_id": "p"}
CHILD = {"child_id": "c", "report_id": "r"}
THREAD = {"thread_id": "t", "account_id": "a"}
PAYMENT = {"transaction_id": "x", "person_id": "p"}
NAN = math.nan


def rows(table: str, *values: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Give each row the key and the parent it needs, with `values` on top."""
    start = {
        "files": lambda i: {"file_id": f"f{i}", "report_id": "r"},
        "children": lambda i: CHILD | {"child_id": f"c{i}"},
        "communications": lambda i: THREAD | {"thread_id": f"t{i}"},
        "transactions": lambda i: PAYMENT | {"transaction_id": f"x{i}"},
        "prior_records": lambda i: {"record_id": f"k{i}", "person_id": "p"},
        "accounts": lambda i: {"account_id": f"a{i}", "person_id": "p"},
        "persons": lambda i: PERSON | {"person_id": f"p{i}"},
    }[table]
    return {table: [start(i) | value for i, value in enumerate(values)]}


def pay(amount: str, day: int) -> dict[str, Any]:
    return {"amount_eur": amount, "executed_at": f"2024-02-{day:02}"}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], float]] = [
    # feature, columns of the report, rows of another table, value by hand
    ("person_reported", {}, {}, 1),
    ("escalated", {"escalated_by_reporter": "asserted"}, {}, 1),
    ("escalated", {"escalated_by_reporter": "denied"}, {}, -1),
    ("escalated", {}, {}, 0),
    ("contact_incident", {"incident_type": "travel"}, {}, 1),
    ("contact_incident", {"incident_type": "csam"}, {}, 0),
    ("extortion_or_sadism", {"report_annotations": ["spam", "sadistic_online"]}, {}, 1),
    ("solicitation", {"report_annotations": ["csam_solicitation"]}, {}, 1),
    ("contact_channel", {"channels": ["web", "gaming"]}, {}, 1),
    ("contact_channel", {"channels": ["web"]}, {}, 0),
    ("direct_sharing", {"channels": ["p2p"]}, {}, 1),
    ("batched", {"actionability": "batch"}, {}, 1),
    ("reports_in_case", {"actionability": "batch"}, {}, 0),
    ("reports_in_case", {}, {}, 1),
    ("minor_counterpart", {}, rows("communications", {"counterpart_is_minor": "denied"}, {}), -1),
    ("minor_counterpart", {}, rows("communications", {"counterpart_is_minor": "denied"},
                                   {"counterpart_is_minor": "asserted"}), 1),
    ("minor_counterpart", {}, rows("communications", {}), 0),
    ("grooming_signs", {}, rows("communications", {"contact_codes": ["gifts"]}), 1),
    ("grooming_signs", {}, rows("communications", {"contact_codes": ["other"]}), 0),
    ("directs_abuse", {}, rows("communications", {"contact_codes": ["live_request"]}), 1),
    ("days_since_contact", {}, rows("communications", {"last_message_at": "2024-02-28T12:00:00Z"},
                                    {"last_message_at": "2024-01-01"}, {}), 2),
    ("days_since_contact", {}, rows("communications", {"last_message_at": "2024-03-05"}), 0),
    ("days_since_contact", {}, {}, NAN),
    ("child_reachable", {}, rows("children", {"identification": "locatable"}), 1),
    ("child_reachable", {}, rows("children", {"identification": "unidentified"}), 0),
    ("access_to_others_children", {}, rows("children", {"relation_to_suspect": "carer_or_teacher"}), 1),
    ("access_to_others_children", {}, rows("children", {"access_level": "unsupervised"}), 1),
    ("access_to_others_children", {}, rows("children", {"access_level": "none"}), -1),
    ("access_to_others_children", {}, rows("children", {"access_level": "lives_with"}), 0),
    ("lives_with_child", {}, rows("children", {"access_level": "lives_with"}), 1),
    ("works_with_children", {}, rows("persons", {"child_facing_role": "denied"}), -1),
    ("live_streamed", {}, rows("files", {}, {"file_annotations": ["live_streamed"]}), 1),
    ("youngest_children", {}, rows("files", {"youngest_age_band": "0-2"}), 1),
    ("youngest_children", {}, rows("files", {"file_annotations": ["infant"]}), 1),
    ("severest_class", {}, rows("files", {"severity_class": "B2"}, {"severity_class": "A1"}), 1),
    ("severest_class", {}, rows("files", {"severity_class": "B2"}), -1),
    ("severest_class", {}, rows("files", {"severity_class": "unknown"}), 0),
    ("unknown_material", {}, rows("files", {"hash_status": "exact_known"}, {"hash_status": "no_match"}), 1),
    ("unknown_material", {}, rows("files", {"hash_status": "exact_known"}), -1),
    ("unknown_material", {}, rows("files", {"hash_status": "not_run"}), 0),
    ("unknown_material", {}, rows("files", {"hash_status": "no_match", "legal_class": "not_illegal"}), 0),
    ("lives_with_child", {}, rows("children", {"access_level": "none"}), 0),
    ("self_produced", {}, rows("files", {"file_annotations": ["self_produced"]}), 1),
    ("viral", {}, rows("files", {"file_annotations": ["viral"]}, {"file_annotations": ["meme"]}), 1),
    ("viral", {}, rows("files", {"file_annotations": ["viral"]}, {}), 0),
    ("viral", {}, {}, 0),
    ("artificial", {}, rows("files", {"file_annotations": ["generative_ai"]}), 1),
    ("days_since_upload", {}, rows("files", {"uploaded_at": "2024-02-20T12:00:00Z"}), 10),
    ("contact_record", {}, rows("prior_records", {"record_kind": "allegation"}), 1),
    ("contact_record", {}, rows("prior_records", {"record_kind": "none_found"}), -1),
    ("contact_record", {}, rows("prior_records", {"record_kind": "other_conviction"}), -1),
    ("contact_record", {}, rows("prior_records", {"record_kind": "prior_report"}), 0),
    ("image_record", {}, rows("prior_records", {"record_kind": "registry"}), 1),
    ("other_record", {}, rows("prior_records", {"record_kind": "supervision_breach"}), 1),
    ("prior_reports", {}, rows("prior_records", *[{"record_kind": "prior_report"}] * 3), 3),
    ("prior_reports", {}, {}, 0),
    ("group_member", {}, rows("accounts", {"group_member": "asserted"}), 1),
    ("compromised", {}, rows("accounts", {"compromised": "asserted"}), 1),
    ("days_since_activity", {}, {"network_events": [
        {"event_id": "e", "account_id": "a", "event_at": "2024-02-27T12:00:00Z"},
        {"event_id": "f", "account_id": "a", "event_at": "2024-01-27T12:00:00Z"}]}, 3),
    ("days_since_activity", {}, {}, NAN),
    ("small_payments", {}, rows("transactions", pay("-20", 1), pay("-54.99", 5), pay("-55", 6),
                                pay("20", 7)), 2),
    ("days_between_payments", {}, rows("transactions", pay("-20", 1), pay("-90", 11), pay("30", 28),
                                       pay("-20", 21)), 10),
    ("days_between_payments", {}, rows("transactions", pay("-20", 1)), NAN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "report", "others", "expected"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)]
)
def test_feature_is_what_a_person_would_read_from_the_rows(
    make_part: Callable[..., Part],
    feature: str,
    report: dict[str, Any],
    others: dict[str, Any],
    expected: float,
) -> None:
    tables: dict[str, Any] = {"persons": [dict(PERSON)], "accounts": [dict(ACCOUNT)]} | others
    if "persons" in others:
        tables["persons"] = [PERSON, *others["persons"]]
    if "accounts" in others:
        tables["accounts"] = [ACCOUNT, *others["accounts"]]
    part = make_part(reports=[{"report_id": "r"} | report], **tables)
    assert not part.set_aside.num_rows
    value = build_features(View(part, np.array([LATER])), [feature])[0, 0]
    np.testing.assert_equal(value, float(expected))


def test_every_feature_is_tried_by_hand() -> None:
    assert {case[0] for case in CASES} == set(FEATURES)


def test_report_that_names_no_person_leaves_open_who_it_was(make_part: Callable[..., Part]) -> None:
    part = make_part(reports=[{"report_id": "r"}])
    assert build_features(View(part, np.array([LATER])), ["person_reported"])[0, 0] == 0


def test_catalogue_says_of_every_feature_what_it_is_and_what_it_rests_on() -> None:
    assert len(FEATURES) >= 25
    domains = {f.domain for f in FEATURES.values()}
    assert domains == {
        "report",
        "access to children",
        "contact",
        "material",
        "history",
        "network",
        "money",
        "completeness",
    }
    for feature in FEATURES.values():
        assert feature.asserted
        assert feature.evidence
        assert feature.sign in {-1, 0, 1}
        assert not feature.say(1.0).startswith("not known")
        assert feature.say(0.0 if feature.is_flag else NAN).startswith("not known")
        if feature.denied:
            assert feature.say(-1.0) == feature.denied


@pytest.mark.parametrize(
    "banned",
    [
        "nationality",
        "gender",
        "marital",
        "employ",
        "counterparty_country",
        "jurisdiction",
        "ip_country",
        "brand",
    ],
)
def test_nothing_forbidden_is_a_feature(banned: str) -> None:
    assert not [name for name in FEATURES if banned in name]


def test_more_copies_of_a_viral_file_change_nothing(make_part: Callable[..., Part]) -> None:
    def features(copies: int) -> np.ndarray:
        files = rows("files", *[{"file_annotations": ["viral"], "severity_class": "A1"}] * copies)
        part = make_part(reports=[{"report_id": "r"}], persons=[dict(PERSON)], **files)
        return build_features(View(part, np.array([LATER])), list(FEATURES))

    np.testing.assert_array_equal(features(1), features(30))


def test_features_reach_over_all_tables_but_outcomes(rich_part: Part) -> None:
    """Emptying any table but outcomes changes some feature."""
    part = rich_part
    whole = build_features(View(part, np.array([LATER, LATER])), list(FEATURES))
    for name in TABLES:
        tables = dict(part.tables)
        tables[name] = tables[name].slice(0, 0)
        less = Part(tables, part.cases, part.set_aside, [])
        same = np.array_equal(
            whole, build_features(View(less, np.array([LATER, LATER])), list(FEATURES)), equal_nan=True
        )
        assert same == (name == "outcomes")


def test_what_is_known_of_a_recipient_is_not_held_against_the_reported_person(make_part) -> None:
    other = {"person_id": "o", "report_id": "r", "role": "recipient", "child_facing_role": "asserted"}
    part = make_part(
        reports=[{"report_id": "r"}],
        persons=[dict(PERSON), other],
        accounts=[
            {"account_id": "a", "person_id": "o", "group_member": "asserted", "compromised": "asserted"}
        ],
        prior_records=[{"record_id": "k", "person_id": "o", "record_kind": "allegation"}],
        transactions=[{"transaction_id": "x", "person_id": "o", **pay("-20", 1)}],
    )
    alone = make_part(reports=[{"report_id": "r"}], persons=[dict(PERSON)])
    names = list(FEATURES)
    np.testing.assert_array_equal(
        build_features(View(part, np.array([LATER])), names),
        build_features(View(alone, np.array([LATER])), names),
    )
