from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from triage.schema.part import Part


@pytest.fixture
def rich_part(make_part: Callable[..., Part]) -> Part:
    """Make two cases with something in every column that a feature reads."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for r in ("r", "s"):
        for name, rows in _one_case(r).items():
            parts.setdefault(name, []).extend(rows)
    parts["reports"][1]["actionability"] = "batch"
    return make_part(**parts)


def _one_case(r: str) -> dict[str, list[dict[str, Any]]]:
    person, account, report = {"person_id": f"p{r}"}, {"account_id": f"a{r}"}, {"report_id": r}
    codes = ["live_streamed", "viral", "generative_ai", "self_produced"]
    kinds = ("allegation", "registry", "other_conviction", "prior_report")
    return {
        "reports": [
            report
            | {
                "escalated_by_reporter": "asserted",
                "incident_type": "travel",
                "channels": ["chat", "p2p"],
                "report_annotations": ["sextortion", "csam_solicitation"],
                "jurisdiction_country": "NL",
            }
        ],
        "persons": [person | report | {"role": "reported", "child_facing_role": "asserted"}],
        "accounts": [account | person | {"group_member": "asserted", "compromised": "denied"}],
        "files": [
            report
            | {
                "file_id": f"f{r}{i}",
                "uploaded_at": "2024-02-01",
                "severity_class": "A1",
                "hash_status": "no_match",
                "youngest_age_band": "0-2",
                "file_annotations": codes,
            }
            for i in range(2)
        ],
        "network_events": [account | {"event_id": f"e{r}", "ip_country": "NL", "event_at": "2024-02-25"}],
        "communications": [
            account
            | {
                "thread_id": f"t{r}",
                "last_message_at": "2024-02-20",
                "counterpart_is_minor": "asserted",
                "contact_codes": ["gifts", "live_request"],
            }
        ],
        "transactions": [
            person | {"transaction_id": f"x{r}{i}", "executed_at": f"2024-02-{10 + i}", "amount_eur": "-20"}
            for i in range(3)
        ],
        "prior_records": [
            person | {"record_id": f"k{r}{kind}", "record_kind": kind, "known_at": "2024-03-02"}
            for kind in kinds
        ],
        "children": [
            report
            | {
                "child_id": f"c{r}",
                "access_level": "lives_with",
                "identification": "named",
                "relation_to_suspect": "other_family",
            }
        ],
        "outcomes": [
            report | {"outcome_kind": "no_offence", "outcome_at": "2024-05-01", "current_abuse_label": "no"}
        ],
    }
