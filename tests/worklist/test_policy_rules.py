from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.features.view import View
from triage.schema.part import Part
from triage.schema.tables import TABLES
from triage.worklist.facts import gather_facts
from triage.worklist.order import ESCALATED, lane_of
from triage.worklist.policy import Condition, Policy, Rule, load_policy
from triage.worklist.policy.conflicts import FLOOR

MakePart = Callable[..., Part]
THEN = int(datetime(2024, 6, 1, tzinfo=UTC).timestamp())


def look(part: Part) -> View:
    return View(part, np.full(len(part.cases), THEN))


def held(part: Part, place: str, *codes: str) -> set[str]:
    table, column = place.split(".")
    marked = Condition(table, column, codes).holds(look(part))
    return {case for case, yes in zip(part.cases.to_pylist(), marked.tolist(), strict=True) if yes}


def reported(report: str, **more: Any) -> dict[str, Any]:
    return {"person_id": f"p{report}", "report_id": report, "role": "reported", **more}


def with_rule(*when: Condition, imminence: int = 9) -> Policy:
    policy = load_policy()
    return replace(policy, escalation=(*policy.escalation, Rule("extra", "says", imminence, when)))


def test_one_code_of_a_condition_suffices_and_unknown_holds_of_none(make_part: MakePart) -> None:
    part = make_part(
        reports=[
            {"report_id": "a", "incident_type": "travel"},
            {"report_id": "b", "incident_type": "csam"},
            {"report_id": "c", "incident_type": "unknown"},
            {"report_id": "d"},
        ]
    )
    assert held(part, "reports.incident_type", "travel", "trafficking") == {"a"}
    assert held(part, "reports.incident_type", "travel", "csam") == {"a", "b"}


def test_labels_of_an_agency_are_found_among_the_declared_ones(make_part: MakePart) -> None:
    part = make_part(
        reports=[
            {"report_id": "a", "report_annotations": ["spam", "ext:knife"]},
            {"report_id": "b", "report_annotations": ["ext:rope"]},
            {"report_id": "c", "report_annotations": []},
            {"report_id": "d", "report_annotations": ["sextortion"]},
        ],
        persons=[reported("c")],
        transactions=[{"transaction_id": "t", "person_id": "pc", "indicator_codes": ["NL-17", "night"]}],
    )
    assert held(part, "reports.report_annotations", "ext:knife") == {"a"}
    assert held(part, "reports.report_annotations", "ext:knife", "sextortion") == {"a", "d"}
    assert held(part, "transactions.indicator_codes", "NL-17") == {"c"}


@pytest.mark.parametrize("codes", [("NL-17",), ("night",), ("NL-17", "night")])
def test_what_is_filled_in_later_is_not_seen_yet(make_part: MakePart, codes: tuple[str, ...]) -> None:
    payments = [
        {"transaction_id": f"t{r}", "person_id": f"p{r}", "indicator_codes": ["NL-17", "night"], "enriched_at": at}
        for r, at in (("a", "2024-05-31"), ("b", "2024-06-02"))
    ]  # fmt: skip
    part = make_part(
        reports=[{"report_id": "a"}, {"report_id": "b"}],
        persons=[reported("a"), reported("b")],
        transactions=payments,
    )
    assert held(part, "transactions.indicator_codes", *codes) == {"a"}


def test_rules_see_reported_persons_only(make_part: MakePart) -> None:
    part = make_part(
        reports=[{"report_id": "a"}, {"report_id": "b"}],
        persons=[reported("a"), {**reported("b"), "role": "recipient"}],
        accounts=[{"account_id": f"x{r}", "person_id": f"p{r}", "compromised": "asserted"} for r in "ab"],
    )
    assert held(part, "accounts.compromised", "asserted") == {"a"}


@pytest.mark.parametrize("table", [name for name in TABLES if name != "outcomes"])
def test_every_table_that_a_rule_may_name_can_be_looked_at(make_part: MakePart, table: str) -> None:
    part = make_part(reports=[{"report_id": "a"}])
    column = next(c for c in TABLES[table].columns if c.codes)
    assert held(part, f"{table}.{column.name}", column.codes[0]) == set()


def test_rule_holds_where_all_conditions_hold_by_whatever_rows(make_part: MakePart) -> None:
    part = make_part(
        reports=[
            {"report_id": "a", "incident_type": "travel"},
            {"report_id": "b", "incident_type": "travel"},
        ],
        children=[
            {"child_id": "1", "report_id": "a", "access_level": "lives_with"},
            {"child_id": "2", "report_id": "a", "age_band": "3-6"},
            {"child_id": "3", "report_id": "b", "access_level": "lives_with"},
        ],
    )
    at_home = Condition("children", "access_level", ("lives_with",))
    small = Condition("children", "age_band", ("0-2", "3-6"))
    facts = gather_facts(look(part), with_rule(at_home, small))
    assert facts.rule.to_pylist() == ["extra", ""]
    assert facts.imminence.tolist() == [9, -1]


def test_rule_of_the_highest_imminence_is_told(make_part: MakePart) -> None:
    part = make_part(
        reports=[
            {"report_id": "a", "report_annotations": ["sextortion"], "escalated_by_reporter": "asserted"},
            {"report_id": "b", "report_annotations": ["sextortion"]},
            {"report_id": "c", "escalated_by_reporter": "asserted"},
            {"report_id": "d", "escalated_by_reporter": "denied"},
        ],
        children=[{"child_id": "1", "report_id": "c", "crisis_code": ["medical", "none"]}],
    )
    facts = gather_facts(look(part))
    assert facts.rule.to_pylist() == ["reporter", "label", "crisis", ""]
    assert facts.imminence.tolist() == [2, 1, 3, -1]
    assert facts.escalated.tolist() == [True, True, True, False]


def test_of_equal_imminence_the_rule_written_first_is_told(make_part: MakePart) -> None:
    part = make_part(
        reports=[{"report_id": "a", "escalated_by_reporter": "asserted", "incident_type": "travel"}]
    )
    policy = with_rule(Condition("reports", "incident_type", ("travel",)), imminence=2)
    assert gather_facts(look(part), policy).rule.to_pylist() == ["reporter"]


def test_policy_may_pause_and_protect_by_its_own_rules(make_part: MakePart) -> None:
    part = make_part(
        reports=[{"report_id": "a", "report_annotations": ["spam"]}, {"report_id": "b"}],
        persons=[reported("a"), reported("b", age_band="18-24")],
        prior_records=[{"record_id": "k", "person_id": "pb", "record_kind": "open_case"}],
    )
    young = Rule("young", "under 25", 0, (Condition("persons", "age_band", ("18-24",)),))
    spam = Rule("spam", "spam", 0, (Condition("reports", "report_annotations", ("spam",)),))
    policy = replace(load_policy(), youth=(young,), adult=(), pause=(spam,))
    facts = gather_facts(look(part), policy)
    assert (facts.youth.tolist(), facts.paused.tolist()) == ([False, True], [True, False])


_CODES = {
    ("reports", "escalated_by_reporter"): ["asserted", "denied"],
    ("reports", "report_annotations"): ["sextortion", "spam", "ext:knife"],
    ("children", "crisis_code"): ["missing", "none"],
    ("children", "access_level"): ["lives_with", "none"],
}
_CONDITION = st.sampled_from(sorted(_CODES)).flatmap(
    lambda place: st.lists(st.sampled_from(_CODES[place]), min_size=1, unique=True).map(
        lambda codes: Condition(*place, tuple(codes))
    )
)
_CHANGE = st.sampled_from(["no", "no", "no", "fewer codes", "one more condition", "another imminence", "out"])


def change_rule(rule: Rule, how: str, condition: Condition) -> list[Rule]:
    first = rule.when[0]
    return {
        "no": [rule],
        "fewer codes": [replace(rule, when=(replace(first, codes=first.codes[1:]),))],
        "one more condition": [replace(rule, when=(first, condition))],
        "another imminence": [replace(rule, imminence=5)],
        "out": [],
    }[how]


@pytest.fixture(scope="module")
def floor() -> dict[str, list[dict[str, Any]]]:
    """A case for each code that must escalate; of each the reported person has an open case elsewhere."""
    reports: list[dict[str, Any]] = []
    children = []
    for place in FLOOR:
        for code in place.codes:
            name = f"r{len(reports)}"
            if place.table == "children":
                children.append({"child_id": name, "report_id": name, place.column: ["none", code]})
                reports.append({"report_id": name})
            else:
                asserted = place.column == "escalated_by_reporter"
                reports.append({"report_id": name, place.column: code if asserted else [code]})
    return {
        "reports": reports,
        "children": children,
        "persons": [reported(report["report_id"]) for report in reports],
        "prior_records": [
            {
                "record_id": report["report_id"],
                "person_id": f"p{report['report_id']}",
                "record_kind": "open_case",
            }
            for report in reports
        ],
    }


@given(
    st.tuples(_CHANGE, _CHANGE, _CHANGE),
    _CONDITION,
    st.lists(st.tuples(st.integers(1, 9), _CONDITION), max_size=1),
    st.lists(_CONDITION, max_size=1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_policy_that_loads_leaves_out_or_pauses_what_must_escalate(
    make_part: MakePart,
    floor: dict[str, list[dict[str, Any]]],
    changes: tuple[str, str, str],
    condition: Condition,
    extra: list[tuple[int, Condition]],
    pause: list[Condition],
) -> None:
    default = load_policy()
    rules = [
        changed
        for rule, how in zip(default.escalation, changes, strict=True)
        for changed in change_rule(rule, how, condition)
    ]
    rules += [Rule("extra", "says", imminence, (one,)) for imminence, one in extra]
    holds = [*default.pause, *(Rule("hold", "says", 0, (one,)) for one in pause)]
    try:
        policy = replace(default, escalation=tuple(rules), pause=tuple(holds))
    except InputRefusedError:
        event("refused")
        return
    event("taken")
    facts = gather_facts(look(make_part(**floor)), policy)
    assert facts.paused.all()
    assert (lane_of(facts) == ESCALATED).all()
