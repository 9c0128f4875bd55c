from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from triage.features.view import View
from triage.schema.part import Part
from triage.worklist.axes import find_evidence
from triage.worklist.facts import Facts, gather_facts

MakePart = Callable[..., Part]
THEN = datetime(2024, 6, 1, tzinfo=UTC)


def look(part: Part) -> View:
    return View(part, np.full(len(part.cases), int(THEN.timestamp())))


def reported(report: str, **more: Any) -> dict[str, Any]:
    return {"person_id": f"p{report}", "report_id": report, "role": "reported", **more}


def facts_of(make_part: MakePart, **tables: list[dict[str, Any]]) -> Facts:
    return gather_facts(look(make_part(**tables)))


def test_solvability_says_who_where_by_what_and_how_old(make_part: MakePart) -> None:
    facts = facts_of(
        make_part,
        reports=[
            {"report_id": "x", "jurisdiction_country": "NL", "incident_at": "2024-05-01"},
            {"report_id": "y"},
        ],
        persons=[reported("x", identity_level="civil_identity")],
        accounts=[{"account_id": f"a{i}", "person_id": "px"} for i in range(2)],
        network_events=[
            {
                "event_id": f"e{i}",
                "account_id": "a0",
                "link_token": token,
                "event_at": f"2024-05-{20 - i}T12:00:00Z",
            }
            for i, token in enumerate(["home", "home", "work"])
        ],
    )
    assert facts.solvability.to_pylist() == [
        "civil identity, country known, 2 accounts, 2 addresses, active 11 days ago",
        "no person, country unknown",
    ]


def test_one_is_written_as_one(make_part: MakePart) -> None:
    facts = facts_of(
        make_part,
        reports=[{"report_id": "x", "incident_at": "2024-05-30T20:00:00Z"}],
        persons=[reported("x", identity_level="handle")],
        accounts=[{"account_id": "a", "person_id": "px"}],
        network_events=[{"event_id": "e", "account_id": "a", "link_token": "home"}],
    )
    assert facts.solvability.to_pylist() == [
        "handle, country unknown, 1 account, 1 address, active 1 day ago"
    ]


@pytest.mark.parametrize(
    ("persons", "told"),
    [
        ([reported("x")], "identity not known"),
        ([reported("x", identity_level="none")], "identity none"),
        ([reported("x", identity_level="named"), {**reported("x", identity_level="handle"), "person_id": "q"}], "named"),
        ([{**reported("x", identity_level="named"), "role": "recipient"}], "no person"),
    ],
)  # fmt: skip
def test_identity_is_that_of_the_best_known_reported_person(
    make_part: MakePart, persons: list[dict[str, Any]], told: str
) -> None:
    facts = facts_of(make_part, reports=[{"report_id": "x"}], persons=persons)
    assert facts.solvability[0].as_py().split(", ")[0] == told


def test_country_that_is_unknown_or_not_yet_known_is_not_told(make_part: MakePart) -> None:
    facts = facts_of(
        make_part,
        reports=[
            {"report_id": "later", "jurisdiction_country": "NL", "enriched_at": "2024-06-02"},
            {"report_id": "now", "jurisdiction_country": "NL", "enriched_at": "2024-05-30"},
            {"report_id": "unknown", "jurisdiction_country": "ZZ"},
        ],
    )
    assert facts.country.to_pylist() == ["", "NL", ""]


def test_what_is_said_to_lie_ahead_is_no_activity(make_part: MakePart) -> None:
    facts = facts_of(
        make_part,
        reports=[{"report_id": "x", "incident_at": "2024-08-01"}],
        files=[{"file_id": "f", "report_id": "x", "uploaded_at": "2024-03-23"}],
    )
    assert facts.solvability.to_pylist() == ["no person, country unknown, active 70 days ago"]


def test_more_solvable_cases_have_the_larger_key(make_part: MakePart) -> None:
    """Identity before country before any account; how many there are does not count."""
    facts = facts_of(
        make_part,
        reports=[
            {"report_id": "a"},
            {"report_id": "b"},
            {"report_id": "c", "jurisdiction_country": "NL"},
            {"report_id": "d", "jurisdiction_country": "NL"},
            {"report_id": "e", "jurisdiction_country": "NL"},
            {"report_id": "f"},
        ],
        persons=[reported("b"), *(reported(r, identity_level="handle") for r in "cde"), reported("f", identity_level="named")],
        accounts=[{"account_id": f"x{i}", "person_id": p} for i, p in enumerate(["pd", "pe", "pe"])],
    )  # fmt: skip
    a, b, c, d, e, f = facts.solvable.tolist()
    assert a < b < c < d == e < f


def test_evidence_lasts_until_the_first_end_that_is_still_ahead(make_part: MakePart) -> None:
    part = make_part(
        reports=[
            {"report_id": "x1", "preserve_until": "2024-05-20"},
            {"report_id": "x2", "preserve_until": "2024-06-11T12:00:00Z"},
            {"report_id": "x3", "preserve_until": "2024-09-01"},
        ],
        persons=[{**reported(r), "person_id": "p"} for r in ("x1", "x2", "x3")],
    )
    assert len(part.cases) == 1
    facts = gather_facts(look(part))
    assert facts.preserve_until.tolist() == [datetime(2024, 6, 11, 12, tzinfo=UTC).timestamp()]
    assert facts.evidence_days.tolist() == [10.5]


def test_evidence_whose_end_has_passed_may_be_gone_and_unknown_is_no_end(make_part: MakePart) -> None:
    part = make_part(
        reports=[{"report_id": "past", "preserve_until": "2024-05-22"}, {"report_id": "unknown"}]
    )
    evidence = find_evidence(look(part))
    assert evidence.days[0] == -10
    assert np.isnan(evidence.days[1])
    assert np.isnan(evidence.preserve_until[1])


def test_end_at_the_very_moment_is_still_ahead(make_part: MakePart) -> None:
    part = make_part(reports=[{"report_id": "x", "preserve_until": "2024-06-01T00:00:00Z"}])
    assert find_evidence(look(part)).days.tolist() == [0]
