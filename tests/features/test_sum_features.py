"""What each sum of signs is, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from triage.features.catalogue import FEATURES, answer_flag
from triage.features.of_sums import COUNTED

Case = tuple[str, dict[str, Any], float]

ONE_OF_EACH = {
    "reports": [{"channels": ["chat"], "escalated_by_reporter": "asserted"}],
    "children": [{}],
    "prior_records": [{"record_kind": "allegation"}],
    "files": [{"severity_class": "A1"}],
    "transactions": [{"indicator_codes": ["night"]}],
}

CASES: list[Case] = [
    # enticement, channel, minor, gifts, meeting
    ("contact_signs", {"reports": [{"incident_type": "enticement", "channels": ["chat", "gaming"]}],
                       "communications": [{"counterpart_is_minor": "asserted", "contact_codes": ["gifts", "travel"]},
                                          {"contact_codes": ["meeting_proposed"]}]}, 5),
    ("contact_signs", {"communications": [{"counterpart_is_minor": "denied", "contact_codes": []}]}, 0),
    # escalated, told by a child, molestation, missing
    ("danger_signs", {"reports": [{"escalated_by_reporter": "asserted", "escalation_reason": "child_disclosure",
                                   "incident_type": "molestation"}], "children": [{"crisis_code": ["missing"]}]}, 4),
    ("danger_signs", {"reports": [{"escalated_by_reporter": "denied"}]}, 0),
    # mentioned, of others, access, alone, work
    ("access_signs", {"persons": [{"child_facing_role": "asserted"}],
                      "children": [{"relation_to_suspect": "neighbour_or_acquaintance", "access_level": "unsupervised"}]}, 5),
    ("access_signs", {}, 0),
    ("record_signs", {"prior_records": [{"record_kind": kind} for kind in
                                        ("allegation", "allegation", "image_conviction", "other_conviction")]}, 2),
    ("record_signs", {"prior_records": [{"record_kind": "none_found"}]}, 0),
    # live, infant, severest, violence, unknown to lists, unidentified
    ("material_signs", {"files": [{"file_annotations": ["live_streamed", "infant", "violence"], "severity_class": "A1",
                                   "hash_status": "no_match", "victim_status": "unidentified"}]}, 6),
    ("material_signs", {"files": [{"severity_class": "B2", "hash_status": "exact_known"}] * 1}, 0),
    ("payment_signs", {"transactions": [{"indicator_codes": ["night", "small_repeated"]}]}, 2),
    ("payment_signs", {"transactions": [{"executed_at": f"2024-02-0{day}", "amount_eur": f"-{day}"}
                                        for day in range(1, 5)]}, 1),
    ("payment_signs", {}, 0),
    ("child_signs", ONE_OF_EACH, 3),
    ("child_signs", {}, 0),
    ("all_signs", ONE_OF_EACH, 6),
    ("all_signs", {}, 0),
    # viral, lawful, of no class, taken over
    ("signs_against", {"files": [{"file_annotations": ["viral"], "legal_class": "not_illegal", "severity_class": "none"}],
                       "accounts": [{"compromised": "asserted"}]}, 4),
    ("signs_against", ONE_OF_EACH, 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(values_by_hand: Callable[..., list[float]]) -> list[float]:
    return values_by_hand(CASES)


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_sum_of_signs_is_what_a_person_counts_in_the_rows(values: list[float], i: int) -> None:
    np.testing.assert_allclose(values[i], CASES[i][2], rtol=1e-14, err_msg=str(CASES[i]))


@pytest.mark.parametrize("name", COUNTED)
def test_answer_moves_the_sum_that_counts_it_up_where_asserted_and_nowhere_else(name: str) -> None:
    names = [*COUNTED[name], name]
    unknown = np.zeros((1, len(names)))
    for column, flag in enumerate(COUNTED[name]):
        asserted, changed = answer_flag(unknown, names, column, 1.0)
        assert asserted.tolist() == [[float(at in {column, len(names) - 1}) for at in range(len(names))]]
        assert changed == [column, len(names) - 1]
        denied, changed = answer_flag(unknown, names, column, -1.0)
        assert denied.tolist() == [
            [-float(FEATURES[flag].denied != "" and at == column) for at in range(len(names))]
        ]
        assert changed == ([column] if FEATURES[flag].denied else [])
    assert not unknown.any()


@pytest.mark.parametrize("name", COUNTED)
def test_sum_counts_flags_that_point_where_it_points(name: str) -> None:
    assert len(set(COUNTED[name])) == len(COUNTED[name])
    for flag in COUNTED[name]:
        assert FEATURES[flag].is_flag
        assert FEATURES[flag].sign == FEATURES[name].sign, flag
