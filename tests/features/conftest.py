from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.schema.keys import mend_rows
from triage.schema.part import Part
from triage.schema.settling import settle
from triage.schema.tables import TABLES

Row = dict[str, Any]
COMPLETE = datetime(2024, 6, 1, tzinfo=UTC)
RECEIVED = "2024-03-01T12:00:00Z"

# What each row has unless the test says otherwise: one reported person with one account, reported once.
USUAL: dict[str, Callable[[int], Row]] = {
    "reports": lambda i: {"report_id": f"r{i}", "received_at": RECEIVED},
    "persons": lambda _: {"person_id": "p", "report_id": "r0", "role": "reported"},
    "accounts": lambda i: {"account_id": f"a{i}", "person_id": "p"},
    "files": lambda i: {"file_id": f"f{i}", "report_id": "r0"},
    "network_events": lambda i: {"event_id": f"e{i}", "account_id": "a0"},
    "communications": lambda i: {"thread_id": f"t{i}", "account_id": "a0"},
    "transactions": lambda i: {"transaction_id": f"x{i}", "person_id": "p"},
    "prior_records": lambda i: {"record_id": f"k{i}", "person_id": "p"},
    "children": lambda i: {"child_id": f"c{i}", "report_id": "r0", "known_at": RECEIVED},
    "outcomes": lambda _: {"report_id": "r0", "outcome_kind": "no_offence", "outcome_at": "2024-05-01"},
}


def case_rows(case: str = "c", **tables: Sequence[Row]) -> dict[str, list[Row]]:
    """Fill the rows of one case up with what is usual; keys are made of its name."""
    given = {"reports": [{}], "persons": [{}], "accounts": [{}]} | tables
    keys = ("report_id", "person_id", "account_id", "file_id", "event_id", "thread_id", "transaction_id",
            "record_id", "child_id", "counterpart_id")  # fmt: skip
    filled = {}
    for name, rows in given.items():
        full = [USUAL[name](i) | row for i, row in enumerate(rows)]
        filled[name] = [
            {k: f"{case}-{v}" if k in keys and v is not None else v for k, v in row.items()}
            | {"case_id": case}
            for row in full
        ]
    return filled


def settle_cases(*cases: Mapping[str, Sequence[Row]]) -> Part:
    """Make a part of cases whose rows say which case they belong to; nothing may be set aside."""
    raw = {}
    for name, declared in TABLES.items():
        rows = [row for case in cases for row in case.get(name, ())]
        wanted = [c.name for c in declared.columns if c.required or any(c.name in row for row in rows)]
        raw[name] = pa.table({column: pa.array([row.get(column) for row in rows]) for column in wanted})
        if not rows:
            raw[name] = declared.arrow_schema.empty_table()
    where = {name: f"{name}.csv" for name in raw}
    part = settle(mend_rows(raw, where), where, COMPLETE)
    assert not part.set_aside.num_rows, part.set_aside.to_pylist()
    assert not [finding for finding in part.findings if finding.level == "field"], part.findings
    return part


@pytest.fixture(scope="session")
def one_case() -> Callable[..., dict[str, list[Row]]]:
    return case_rows


@pytest.fixture(scope="session")
def part_of() -> Callable[..., Part]:
    return settle_cases


@pytest.fixture(scope="session")
def values_by_hand() -> Callable[[Sequence[tuple[str, dict[str, Any], float]]], list[float]]:
    """Compute one feature of each case, when all is known; all cases stand in one part."""

    def compute(cases: Sequence[tuple[str, dict[str, Any], float]]) -> list[float]:
        part = settle_cases(*(case_rows(f"c{i:04}", **tables) for i, (_, tables, _) in enumerate(cases)))
        assert len(part.cases) == len(cases)
        view = View(part, _when(part))
        return [float(build_features(view, [name])[i, 0]) for i, (name, _, _) in enumerate(cases)]

    return compute


@pytest.fixture(scope="session")
def features_of() -> Callable[..., np.ndarray]:
    """Compute all features of all cases of a part, when all is known or at given times."""

    def compute(part: Part, as_of: np.ndarray | None = None, **options: bool) -> np.ndarray:
        view = View(part, _when(part) if as_of is None else as_of, **options)
        return build_features(view, list(FEATURES))

    return compute


def _when(part: Part) -> np.ndarray:
    return np.full(len(part.cases), int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()))


@pytest.fixture(scope="session")
def rich_part() -> Part:
    """Make two cases with something in every column that a feature reads."""
    return settle_cases(case_rows("c1", **_rich()), case_rows("c2", **_rich()))


def _rich() -> dict[str, list[Row]]:
    seen = {"enriched_at": "2024-03-20", "known_at": "2024-03-02"}
    return {
        "reports": [
            {
                "source_system": "cybertipline_xml", "incident_at": "2024-02-10", "incident_type": "enticement",
                "channels": ["chat", "p2p", "offline"], "escalated_by_reporter": "asserted",
                "escalation_reason": "trafficking", "reporter_type": "professional", "source_priority": "P2",
                "report_annotations": ["sextortion", "csam_solicitation", "minor_to_minor", "spam"],
                "actionability": "referral", "enriched_at": "2024-03-20",
            },
            {
                "source_system": "goaml", "incident_at": "2024-02-28", "incident_type": "csam",
                "channels": ["payment"], "escalated_by_reporter": "denied", "escalation_reason": "none",
                "reporter_type": "fiu", "source_priority": "P3", "report_annotations": ["sadistic_online"],
                "actionability": "batch", "received_at": "2024-03-05", "enriched_at": "2024-03-20",
            },
        ],
        "persons": [
            {"age_band": "25-39", "child_facing_role": "asserted", **seen},
            {"person_id": "o", "role": "recipient", "age_band": "0-12", "child_facing_role": "denied", **seen},
        ],
        "accounts": [
            {
                "platform_category": "social", "account_opened_at": "2022-01-01", "compromised": "denied",
                "group_member": "asserted", "known_at": "2024-03-02",
            },
        ],
        "files": [
            {
                "uploaded_at": "2024-02-01", "severity_class": severity, "legal_class": legal,
                "hash_status": hash_status, "victim_status": victim, "file_annotations": tags,
                "viewed_by_reporter": "asserted", "publicly_available": "denied", "youngest_age_band": age,
                **seen,
            }
            for severity, legal, hash_status, victim, tags, age in (
                ("A1", "baseline", "no_match", "unidentified", ["live_streamed", "self_produced"], "0-2"),
                ("B2", "not_illegal", "exact_known", "identified", ["viral", "generative_ai"], "16-17"),
                ("none", "national", "near_known", "identified", ["violence", "drawn_or_virtual"], "11-13"),
            )
        ],
        "network_events": [{"event_at": "2024-02-25", "network_type": "tor", **seen}],
        "communications": [
            {
                "last_message_at": "2024-02-20", "counterpart_is_minor": "asserted", "counterpart_id": "o",
                "contact_codes": ["gifts", "live_request", "claims_access"], **seen,
            },
            # An account of the other side, with the reported person.
            {
                "account_id": "a0", "last_message_at": "2024-02-11", "counterpart_is_minor": "denied",
                "counterpart_id": "p", "contact_codes": ["meeting_arranged", "image_threat"], **seen,
            },
        ],
        "transactions": [
            {
                "executed_at": f"2024-02-{10 + day}", "amount_eur": f"-{20 + day}.50",
                "counterparty_token": f"n{day}", "indicator_codes": ["small_repeated", "night"], **seen,
            }
            for day in range(4)
        ],
        "prior_records": [
            {
                "record_kind": kind, "recorded_at": "2020-05-01", "origin": origin, "known_at": "2024-03-02",
            }
            for kind, origin in (
                ("allegation", "other"), ("registry", "unknown"), ("other_conviction", "other"),
                ("prior_report", "own_ranking"),
            )
        ],
        "children": [
            {
                "relation_to_suspect": relation, "access_level": access, "age_band": age,
                "crisis_code": [crisis], "known_at": known, "enriched_at": "2024-03-20",
            }
            for relation, access, age, crisis, known in (
                ("other_family", "lives_with", "3-6", "missing", RECEIVED),
                ("neighbour_or_acquaintance", "unsupervised", "11-13", "blackmail_active", "2024-03-04"),
            )
        ],
        "outcomes": [
            {
                "selected_at": "2024-04-01", "current_abuse_label": "no", "label_source": "investigation",
                "selected_by": "random_audit", "inclusion_probability": 0.5, "policy_id": "policy",
            }
        ],
    }  # fmt: skip
