"""What each feature of contact with children and of access to them is, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

UNKNOWN = math.nan
Case = tuple[str, dict[str, Any], float]
RECIPIENT = {"persons": [{}, {"person_id": "o", "role": "recipient"}],
             "accounts": [{}, {"person_id": "o"}]}  # fmt: skip
LATER = "2024-03-01T12:00:01Z"  # a second after the report


def channels(*names: str) -> dict[str, Any]:
    return {"reports": [{"channels": list(names)}]}


def threads(*rows: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"communications": list(rows), **others}


def codes(*names: str) -> dict[str, Any]:
    return {"contact_codes": list(names)}


def children(*rows: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"children": list(rows), **others}


def child(relation: str = "unknown", access: str = "unknown", **others: Any) -> dict[str, Any]:
    return {"relation_to_suspect": relation, "access_level": access, **others}


def of_codes(feature: str, *own: str, other: str) -> list[Case]:
    """Give the cases that all features of codes of threads share."""
    return [
        *((feature, threads(codes(other), codes("other", code)), 1) for code in own),
        (feature, threads(codes(other)), -1),
        (feature, threads(codes(), {}), -1),  # read, and nothing found
        (feature, threads({}), 0),  # not read
        (feature, {}, 0),
        (feature, threads(codes(own[0]) | {"account_id": "a1"}, **RECIPIENT), 0),
        (feature, threads(codes(own[0]) | {"account_id": "a1", "counterpart_id": "p"}, **RECIPIENT), 1),
    ]


def of_crisis(feature: str, *own: str, other: str) -> list[Case]:
    """Give the cases that all features of a child in crisis share."""
    return [
        *((feature, children({"crisis_code": ["none"]}, {"crisis_code": [code]}), 1) for code in own),
        (feature, children({"crisis_code": [other]}), -1),
        (feature, children({"crisis_code": ["none"]}, {}), -1),
        (feature, children({"crisis_code": []}), 0),  # "none" is a code of its own
        (feature, children({}), 0),
        (feature, {}, 0),
    ]


CASES: list[Case] = [
    ("contact_channel", channels("web", "gaming"), 1),
    ("contact_channel", channels("chat"), 1),
    ("contact_channel", channels("phone"), 1),
    ("contact_channel", channels("web", "email", "p2p", "offline"), 0),
    ("contact_channel", {}, 0),
    ("offline_contact", channels("offline"), 1),
    ("offline_contact", channels("chat"), 0),
    ("minor_counterpart", threads({"counterpart_is_minor": "asserted"}), 1),
    ("minor_counterpart", threads({"counterpart_is_minor": "denied"}, {}), -1),
    ("minor_counterpart", threads({"counterpart_is_minor": "denied"}, {"counterpart_is_minor": "asserted"}), 1),
    ("minor_counterpart", threads({"counterpart_is_minor": "unknown"}), 0),
    # where the account is the recipient's, the other side is the reported person
    ("minor_counterpart", threads({"account_id": "a1", "counterpart_id": "p", "counterpart_is_minor": "asserted"},
                                  **RECIPIENT), 0),
    # where nobody is reported, whoever uses the account may be the one
    ("minor_counterpart", threads({"counterpart_is_minor": "asserted"}, persons=[{"role": "other"}]), 1),
    ("minor_threads", threads(*[{"counterpart_is_minor": "asserted"}] * 2, {"counterpart_is_minor": "denied"}, {}), 2),
    ("minor_threads", {}, 0),
    ("minor_threads", threads({"account_id": "a1", "counterpart_is_minor": "asserted"}, **RECIPIENT), 0),
    ("threads", threads({}, {}, {}), 3),
    ("threads", {}, 0),
    ("threads", threads({"account_id": "a1"}, {}, **RECIPIENT), 1),
    ("days_since_contact", threads({"last_message_at": "2024-02-28T12:00:00Z"}, {"last_message_at": "2024-01-01"}, {}), 2),
    ("days_since_contact", threads({"last_message_at": "2024-03-05"}), 0),
    ("days_since_contact", threads({}), UNKNOWN),
    ("days_since_contact", {}, UNKNOWN),
    ("days_since_contact", threads({"account_id": "a1", "last_message_at": "2024-03-01"}, **RECIPIENT), UNKNOWN),
    *of_codes("secrecy_or_gifts", "secrecy", "gifts", other="travel"),
    *of_codes("off_platform_move", "off_platform_move", other="secrecy"),
    *of_codes("meeting", "meeting_proposed", "meeting_arranged", "travel", other="live_request"),
    *of_codes("image_threat", "image_threat", "payment_demand", other="gifts"),
    *of_codes("directs_abuse", "live_request", "direct_to_order", other="claims_access"),
    *of_codes("claims_access", "claims_access", other="direct_to_order"),
    # children that a report mentions
    ("child_mentioned", children({}), 1),
    ("child_mentioned", {}, 0),
    ("child_mentioned", children({"known_at": LATER}), 0),
    ("child_mentioned", children({"known_at": LATER}, {}), 1),
    ("own_child_mentioned", children(child("parent")), 1),
    ("own_child_mentioned", children(child("sibling")), 1),
    ("own_child_mentioned", children(child("unknown", "lives_with")), 1),
    ("own_child_mentioned", children(child("other_family")), -1),
    ("own_child_mentioned", children(child("online_only"), child("step_or_partner")), 1),
    ("own_child_mentioned", children(child("unknown")), 0),
    ("own_child_mentioned", children(child("parent", known_at=LATER)), 0),
    ("others_child_mentioned", children(child("neighbour_or_acquaintance")), 1),
    ("others_child_mentioned", children(child("carer_or_teacher", "supervised"), child("parent")), 1),
    ("others_child_mentioned", children(child("other_family", "none")), -1),
    ("others_child_mentioned", children(child("parent")), -1),
    ("others_child_mentioned", children(child("online_only")), -1),
    ("others_child_mentioned", children(child("sibling")), 0),
    ("others_child_mentioned", children(child("unknown")), 0),
    ("others_child_mentioned", children(child("other_family", known_at=LATER)), 0),
    ("mentioned_child_age", children({"age_band": "7-10"}, {"age_band": "3-6"}), 5),
    ("mentioned_child_age", children({"age_band": "0-2", "known_at": LATER}, {"age_band": "16-17"}), 17),
    ("mentioned_child_age", children({"age_band": "unknown"}), UNKNOWN),
    ("mentioned_child_age", {}, UNKNOWN),
    *of_crisis("contact_now", "in_contact_now", other="missing"),
    *of_crisis("blackmailed", "blackmail_active", other="in_contact_now"),
    *of_crisis("in_distress", "self_harm_or_suicide", "missing", "medical", other="blackmail_active"),
    # access, whatever told of it
    ("access_to_others_children", children(child("carer_or_teacher", known_at=LATER)), 1),
    ("access_to_others_children", children(child("sibling")), 1),
    ("access_to_others_children", children(child("unknown", "unsupervised")), 1),
    ("access_to_others_children", children(child("parent", "unsupervised")), 0),
    ("access_to_others_children", children(child("neighbour_or_acquaintance", "none")), -1),
    ("access_to_others_children", children(child("unknown", "none")), -1),
    ("access_to_others_children", children(child("unknown", "none"), child("unknown", "supervised")), 0),
    ("access_to_others_children", children(child("unknown", "none"), child("parent", "lives_with")), 0),
    ("access_to_others_children", children(child("unknown", "none"), child("other_family")), 1),
    ("access_to_others_children", children(child("parent", "lives_with")), 0),
    ("access_to_others_children", children(child("online_only", "online")), 0),
    ("access_to_others_children", {}, 0),
    ("unsupervised_access", children(child("parent", "unsupervised")), 1),
    ("unsupervised_access", children(child(access="none"), child(access="unsupervised")), 1),
    ("unsupervised_access", children(child(access="supervised")), -1),
    ("unsupervised_access", children(child(access="online")), -1),
    ("unsupervised_access", children(child(access="unspecified")), 0),
    ("unsupervised_access", children(child(access="none"), child(access="lives_with")), 0),
    ("lives_with_child", children(child(access="lives_with")), 1),
    ("lives_with_child", children(child(access="none")), 0),
    ("works_with_children", {"persons": [{"child_facing_role": "asserted"}]}, 1),
    ("works_with_children", {"persons": [{"child_facing_role": "denied"}]}, -1),
    ("works_with_children", {"persons": [{"child_facing_role": "denied"}], **children(child("carer_or_teacher"))}, 1),
    ("works_with_children", {"persons": [{}, {"person_id": "o", "role": "recipient", "child_facing_role": "asserted"}]}, 0),
    ("works_with_children", children(child("other_family")), 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(values_by_hand: Callable[..., list[float]]) -> list[float]:
    return values_by_hand(CASES)


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_feature_of_contact_is_what_a_person_reads_from_the_rows(values: list[float], i: int) -> None:
    np.testing.assert_allclose(values[i], CASES[i][2], rtol=1e-14, err_msg=str(CASES[i]))
