"""What each feature of earlier records, accounts, connections and payments is, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

UNKNOWN = math.nan
Case = tuple[str, dict[str, Any], float]
WITH_RECIPIENT = {"persons": [{}, {"person_id": "o", "role": "recipient"}],
                  "accounts": [{}, {"person_id": "o"}]}  # fmt: skip


def records(*kinds: str) -> dict[str, Any]:
    return {"prior_records": [{"record_kind": kind} for kind in kinds]}


def recorded(kind: str, at: str | None) -> dict[str, Any]:
    return {"record_kind": kind, "recorded_at": at}


def accounts(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"accounts": list(rows)}


def events(*rows: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"network_events": list(rows), **others}


def payments(*rows: tuple[str | None, str | None], **columns: Any) -> dict[str, Any]:
    return {"transactions": [{"executed_at": at, "amount_eur": amount, **columns} for at, amount in rows]}


def paid(*amounts: str) -> dict[str, Any]:
    return payments(*((f"2024-02-{day:02}", amount) for day, amount in enumerate(amounts, start=1)))


def indicated(*codes: str) -> dict[str, Any]:
    return {"transactions": [{}, {"indicator_codes": list(codes)}]}


def of_records(feature: str, own: str, other: str) -> list[Case]:
    """Give the cases that all features of records share."""
    return [
        (feature, records(own, "none_found"), 1),
        (feature, records("none_found"), -1),
        (feature, records(other), -1),  # the registers were checked
        (feature, records("prior_report", "open_case"), 0),  # they were not
        (feature, {}, 0),
        (feature, {"prior_records": [{"record_kind": own, "person_id": "o"}], **WITH_RECIPIENT}, 0),
    ]


def of_service(feature: str, *own: str, other: str) -> list[Case]:
    """Give the cases that all features of kinds of service share."""
    return [
        *((feature, accounts({}, {"platform_category": kind}), 1) for kind in own),
        (feature, accounts({"platform_category": other}), 0),
        (feature, accounts({}, {"platform_category": own[0], "person_id": "o"}) | {"persons": WITH_RECIPIENT["persons"]}, 0),
    ]  # fmt: skip


CASES: list[Case] = [
    *of_records("contact_record", "contact_conviction", "allegation"),
    *of_records("contact_allegation", "allegation", "contact_conviction"),
    *of_records("image_record", "image_conviction", "other_conviction"),
    *of_records("register_entry", "registry", "image_conviction"),
    *of_records("other_record", "other_conviction", "registry"),
    *of_records("supervision_breach", "supervision_breach", "registry"),
    # 2024-03-01 12:00 less two years of 365.25 days: 730.5 days before
    ("years_since_contact_record", {"prior_records": [recorded("allegation", "2022-03-02T00:00:00Z"),
                                                      recorded("contact_conviction", "2010-01-01")]}, 2),
    ("years_since_contact_record", {"prior_records": [recorded("image_conviction", "2024-01-01")]}, UNKNOWN),
    ("years_since_contact_record", {"prior_records": [recorded("allegation", None)]}, UNKNOWN),
    ("years_since_contact_record", {"prior_records": [recorded("allegation", "2024-05-01")]}, 0),
    ("years_since_contact_record", {}, UNKNOWN),
    ("prior_reports", records("prior_report", "prior_report", "prior_report", "allegation"), 3),
    ("prior_reports", {}, 0),
    ("prior_reports", {"prior_records": [{"record_kind": "prior_report", "person_id": "o"}], **WITH_RECIPIENT}, 0),
    # accounts
    ("group_member", accounts({"group_member": "denied"}, {"group_member": "asserted"}), 1),
    ("group_member", accounts({"group_member": "denied"}, {}), -1),
    ("group_member", accounts({"group_member": "unknown"}), 0),
    ("group_member", {}, 0),
    ("compromised", accounts({"compromised": "asserted"}), 1),
    ("compromised", accounts({"compromised": "denied"}), -1),
    ("compromised", {}, 0),
    ("direct_sharing", {"reports": [{"channels": ["web", "p2p"]}]}, 1),
    ("direct_sharing", accounts({"platform_category": "p2p"}), 1),
    ("direct_sharing", {"reports": [{"channels": ["email"]}]}, 0),
    ("direct_sharing", {"accounts": [{}, {"person_id": "o", "platform_category": "p2p"}],
                        "persons": WITH_RECIPIENT["persons"]}, 0),
    ("days_since_opening", accounts({"account_opened_at": "2024-02-20T12:00:00Z"},
                                    {"account_opened_at": "2024-02-10T12:00:00Z"}, {}), 20),
    ("days_since_opening", accounts({"account_opened_at": "2024-03-10"}), 0),
    ("days_since_opening", {}, UNKNOWN),
    *of_service("on_social_media", "social", other="messaging"),
    *of_service("on_messenger", "messaging", other="chat_room"),
    *of_service("on_chat_room", "chat_room", other="messaging"),
    *of_service("on_game", "gaming", other="social"),
    *of_service("on_dating_site", "dating", other="adult"),
    *of_service("on_adult_site", "adult", other="dating"),
    *of_service("on_live_stream", "livestream", other="other"),
    *of_service("on_storage", "cloud", "email", other="forum"),
    *of_service("on_forum", "forum", other="ai_service"),
    # connections
    ("days_since_activity", events({"event_at": "2024-02-27T12:00:00Z"}, {"event_at": "2024-01-27"}, {}), 3),
    ("days_since_activity", events({}), UNKNOWN),
    ("days_since_activity", events({"event_at": "2024-02-27", "account_id": "a1"}, **WITH_RECIPIENT), UNKNOWN),
    ("days_since_activity", {}, UNKNOWN),
    *(("hidden_address", events({"network_type": "mobile"}, {"network_type": kind}), 1)
      for kind in ("proxy_flagged", "tor", "hosting")),
    *(("hidden_address", events({"network_type": kind}, {}), -1) for kind in ("residential", "mobile", "satellite")),
    ("hidden_address", events({"network_type": "unknown"}), 0),
    ("hidden_address", events({"network_type": "tor", "account_id": "a1"}, **WITH_RECIPIENT), 0),
    ("hidden_address", {}, 0),
    ("mobile_address", events({"network_type": "residential"}, {"network_type": "mobile"}), 1),
    *(("mobile_address", events({"network_type": kind}), -1)
      for kind in ("residential", "satellite", "proxy_flagged", "tor", "hosting")),
    ("mobile_address", events({"network_type": "unknown"}), 0),
    ("mobile_address", {}, 0),
    # payments; those that go out are negative
    ("payments", paid("-20", "-900", "35", "-0.01"), 3),
    ("payments", payments((None, "-20"), ("2024-02-01", None)), 1),
    ("payments", {}, 0),
    ("payments", {"transactions": [{"amount_eur": "-20", "person_id": "o"}], **WITH_RECIPIENT}, 0),
    ("small_payments", paid("-20", "-54.99", "-55", "20"), 2),
    ("small_payments", {}, 0),
    ("days_between_payments", payments(("2024-02-01", "-20"), ("2024-02-11", "-90"), ("2024-02-28", "30"),
                                       ("2024-02-21", "-20")), 10),
    ("days_between_payments", payments(("2024-02-01", "-20"), ("2024-02-01", "-20")), 0),
    ("days_between_payments", paid("-20"), UNKNOWN),
    ("days_between_payments", payments(("2024-02-01", "-20"), (None, "-20")), UNKNOWN),
    ("days_between_payments", {}, UNKNOWN),
    ("days_since_payment", payments(("2024-02-20T12:00:00Z", "-20"), ("2024-02-25", "20")), 10),
    ("days_since_payment", payments(("2024-02-25", "20")), UNKNOWN),
    ("days_since_payment", {}, UNKNOWN),
    ("payees", {"transactions": [{"amount_eur": amount, "counterparty_token": to} for amount, to in
                                 (("-20", "n"), ("-30", "n"), ("-20", "m"), ("20", "k"), ("-20", None))]}, 2),
    ("payees", {}, 0),
    ("rising_payments", paid("-20", "-30", "-40", "-50"), 1),
    ("rising_payments", paid("-50", "-40", "-30", "-20"), -1),
    ("rising_payments", paid("-20", "-20", "-20", "-20"), -1),
    ("rising_payments", paid("-20", "-30", "-40"), 0),
    ("rising_payments", paid("-20", "-30", "-40", "99"), 0),
    ("rising_payments", paid("-20", "-30", "-40", "-50", "1", "2", "3"), 1),
    ("rising_payments", payments(*[("2024-02-01", amount) for amount in ("-1", "-2", "-3", "-4")]), 0),
    # days 1 to 4, amounts 10, 40, 30, 10 about 22.5 and 2.5: 18.75 - 8.75 + 3.75 - 18.75 < 0
    ("rising_payments", paid("-10", "-40", "-30", "-10"), -1),
    ("rising_payments", {}, 0),
    ("small_repeated", indicated("small_repeated"), 1),
    ("small_repeated", indicated("night"), 0),
    ("small_repeated", {}, 0),
    ("odd_payments", indicated("round_or_even"), 1),
    ("odd_payments", indicated("NL-12", "night"), 1),
    ("odd_payments", indicated("NL-12"), 0),
    ("purpose_mismatch", indicated("stated_purpose_mismatch"), 1),
    ("purpose_mismatch", indicated("small_repeated"), 0),
    ("short_burst", indicated("short_burst_stop"), 1),
    ("short_burst", indicated("small_repeated"), 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(values_by_hand: Callable[..., list[float]]) -> list[float]:
    return values_by_hand(CASES)


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_feature_of_a_person_is_what_a_person_reads_from_the_rows(values: list[float], i: int) -> None:
    np.testing.assert_allclose(values[i], CASES[i][2], rtol=1e-14, err_msg=str(CASES[i]))
