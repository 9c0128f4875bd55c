from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from triage.errors import InputRefusedError
from triage.shipped import find_shipped
from triage.worklist.policy import Capacity, Condition, Policy, list_policies, load_policy
from triage.worklist.policy.reading import parse_policy

DEFAULT = find_shipped("models", "policies", "default.toml").read_text(encoding="utf-8")


def change(old: str, new: str) -> Policy:
    assert DEFAULT.count(old) == 1
    return parse_policy(tomllib.loads(DEFAULT.replace(old, new)), "our.toml")


def test_default_policy_is_that_of_the_design() -> None:
    policy = load_policy()
    assert {rule.name: (rule.imminence, rule.when) for rule in policy.escalation} == {
        "crisis": (3, (Condition("children", "crisis_code", ("in_contact_now", "blackmail_active", "self_harm_or_suicide",
                                                             "missing", "medical")),)),
        "reporter": (2, (Condition("reports", "escalated_by_reporter", ("asserted",)),)),
        "label": (1, (Condition("reports", "report_annotations", ("sextortion", "sadistic_online")),)),
    }  # fmt: skip
    assert [rule.name for rule in policy.youth] == ["minor", "itself", "between_minors"]
    assert policy.adult == (Condition("persons", "age_band", ("18-24", "25-39", "40-59", "60+")),)
    assert [tier.days for tier in policy.tiers] == [1, 7, 14, 30]
    assert policy.capacity == Capacity(share=0.023)
    assert policy.order.within_tier == ()
    assert not policy.order.due_before_evidence_ends


def test_shipped_policy_is_found_by_its_name_and_any_by_its_path(tmp_path: Path, monkeypatch: Any) -> None:
    ours = tmp_path / "our.toml"
    ours.write_text(DEFAULT.replace('name = "default"', 'name = "ours"'), encoding="utf-8")
    assert load_policy(ours).name == load_policy(str(ours)).name == "ours"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default").write_text("name = 'another'", encoding="utf-8")
    assert load_policy("default").name == "default"


@pytest.mark.parametrize("name", list_policies())
def test_every_shipped_policy_loads(name: str) -> None:
    assert load_policy(name).name == name


def test_missing_policy_is_told_with_those_that_are_there() -> None:
    with pytest.raises(InputRefusedError) as refused:
        load_policy("defualt")
    names = ", ".join(list_policies())
    assert str(refused.value) == (
        f"defualt: no such policy; expected {names}; or the path of a policy file (.toml);"
        " check the spelling or the path"
    )


def test_digest_is_of_what_is_decided_and_not_of_how_it_is_written() -> None:
    policy = load_policy()
    written_otherwise = parse_policy(dict(reversed(tomllib.loads(DEFAULT).items())), "elsewhere.toml")
    assert written_otherwise.digest == policy.digest
    assert change('name = "default"', 'name = "ours"').digest == policy.digest
    assert change("home = ", 'home = ["BQ", "NL"] #').digest != policy.digest
    assert policy.with_capacity(Capacity(count=7)).digest != policy.digest


def test_every_decision_is_in_the_digest() -> None:
    changes = [
        ("imminence = 1\n", "imminence = 4\n"),
        ('says = "both sides are minors"', 'says = "between minors"'),
        ('"40-59", "60+"]', '"40-59"]'),
        ('["open_case"]', '["open_case", "registry"]'),
        ("[1, 7, 14, 30]", "[1, 7, 14, 28]"),
        ("share = 0.023\n\n", "share = 0.03\n\n"),
        ("share = 0.05", "share = 0.06"),
        ("first_tier = 2", "first_tier = 3"),
        ("weight = 4", "weight = 5"),
        ("days = 7\n", "days = 14\n"),
        ("within_tier = []", 'within_tier = ["evidence"]'),
        ("due_before_evidence_ends = false", "due_before_evidence_ends = true"),
        ("least = 20", "least = 30"),
    ]
    digests = [change(*one).digest for one in changes]
    assert len({*digests, load_policy().digest}) == len(changes) + 1


def test_rule_is_told_in_its_own_words() -> None:
    policy = load_policy()
    assert policy.say("minor") == "the reported person is under 18"
    assert policy.say("open_case") == "another investigation has the person"
    assert policy.say("") == ""


def test_pace_a_day_counts_the_days_to_the_last_deadline_of_the_policy() -> None:
    text = DEFAULT.replace("share = 0.023\n\n", "per_day = 2\n\n").replace("[1, 7, 14, 30]", "[1, 5, 10]")
    assert parse_policy(tomllib.loads(text), "our.toml").capacity.of(1_000) == 20


def test_capacity_of_units_is_their_sum_and_the_list_is_dealt_out_to_them() -> None:
    policy = change(
        "share = 0.023\n\n", "units = { north = { per_day = 0.2 }, south = { share = 0.03 } }\n\n"
    )
    assert policy.capacity.of(100) == 9
    # 6 and 3 cases: two for the north to each of the south, and the north begins.
    assert policy.assign_units(9, 100) == ["north", "south", "north"] * 3
    alone = policy.with_capacity(Capacity(count=2))
    assert (alone.capacity.of(100), alone.assign_units(2, 100)) == (2, ["", ""])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[blanket]", "[banner]", "our.toml: no such key: banner; expected adult, audit, blanket, capacity, escalation, flood, name, order, pause, referral, tiers, youth; check the spelling, or take the line out"),
        ("least = 20", "at_least = 20",
         "our.toml: [blanket]: no such key: at_least; expected least, share; check the spelling, or take the line out"),
        ("least = 20", "", "our.toml: [blanket]: no least; expected a whole number; take it from models/policies/default.toml"),
        ("least = 20", "least = true", "our.toml: [blanket]: least = True; expected a whole number"),
        ('name = "default"', "name = 7", "our.toml: name = 7; expected a text"),
        ('name = "default"', 'name = "\\n"', "our.toml: name = '\\n'; expected a printable text of at most 100 characters"),
        ("[adult]", "[adult.persons]", ("our.toml: [adult]: 'persons' is no table and column; expected a condition such as"
         ' "children.crisis_code" = ["missing"], the place in " "')),
        ('= ["open_case"]', '= "open_case"',
         "our.toml: [[pause]] open_case: prior_records.record_kind = 'open_case'; expected a list, in [ ]"),
        ('= ["open_case"]', "= [1]", "our.toml: [[pause]] open_case: prior_records.record_kind holds 1; expected texts, in \" \""),
        ("imminence = 2", "", "our.toml: [[escalation]] reporter: no imminence; expected a whole number; take it from models/policies/default.toml"),
        ("imminence = 2", "imminence = 2.5", "our.toml: [[escalation]] reporter: imminence = 2.5; expected a whole number"),
        ('name = "open_case"', 'name = "open_case"\nimminence = 2', "our.toml: [[pause]] open_case: no such key: imminence; expected name, says, when; check the spelling, or take the line out"),
        ('name = "open_case"', "", "our.toml: [[pause]] no. 1: no name; expected a text; take it from models/policies/default.toml"),
        ("[[pause]]", "[pause]", "our.toml: pause is no list of rules; expected each rule under [[pause]]"),
        ("[1, 7, 14, 30]", "[1, 7.5, 30]", "our.toml: [tiers]: days holds 7.5; expected whole days"),
        ("share = 0.023\n\n", "units.north = 5\n\n",
         "our.toml: [capacity.units] north: 5 is no capacity; expected such as { per_day = 2 }"),
        ("share = 0.023\n\n", "per_week = 5\n\n", "our.toml: [capacity]: no such key: per_week; expected count, per_day, share, units; check the spelling, or take the line out"),
        ("share = 0.05", f"share = {'9' * 400}", f"our.toml: [audit]: share = {'9' * 60}; expected a number"),
        ("share = 0.023\n\n", "count = 2.5\n\n", "our.toml: [capacity]: count = 2.5; expected a whole number"),
        ("{ up_to = 2, weight = 4 }", "2", "our.toml: [audit] stratum 1: 2 is no stratum; expected such as { up_to = 2, weight = 4 }"),
        ("{ up_to = 2, weight = 4 }", "{ up_to = 2 }", "our.toml: [audit] stratum 1: no weight; expected a number; take it from models/policies/default.toml"),
        ('home = ["NL"]', 'home = "NL"', "our.toml: [referral]: home = 'NL'; expected a list, in [ ]"),
        ("due_before_evidence_ends = false", "due_before_evidence_ends = 0",
         "our.toml: [order]: due_before_evidence_ends = 0; expected true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        change(old, new)
    assert str(refused.value) == message


@pytest.mark.parametrize("section", ["escalation", "youth", "pause"])
@pytest.mark.parametrize("value", [1, [1], "rules"])
def test_what_is_no_list_of_rules_is_refused(section: str, value: Any) -> None:
    with pytest.raises(InputRefusedError, match=f"{section} is no list of rules"):
        parse_policy({**tomllib.loads(DEFAULT), section: value}, "our.toml")


def test_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "our.toml"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(InputRefusedError, match="cannot be read as TOML"):
        load_policy(path)
