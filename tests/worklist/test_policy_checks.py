"""What a policy file cannot say: rules that never fire or change nothing, and parts that contradict."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.schema.tables import TABLES
from triage.shipped import find_shipped
from triage.worklist.policy import Capacity, Condition, Policy, Rule, load_policy
from triage.worklist.policy.conflicts import FLOOR, find_cover
from triage.worklist.policy.reading import parse_policy

DEFAULT = find_shipped("models", "policies", "default.toml").read_text(encoding="utf-8")
ADULTS = '"persons.age_band" = ["18-24", "25-39", "40-59", "60+"]'
NO_LABELS = "sextortion, csam_solicitation, minor_to_minor, spam, sadistic_online, informational, aggravating_factors, instrumental_use, or ext:NAME"


def read(text: str) -> Policy:
    return parse_policy(tomllib.loads(text), "our.toml")


def refuse(text: str) -> str:
    with pytest.raises(InputRefusedError) as refused:
        read(text)
    return str(refused.value)


def change(old: str, new: str) -> str:
    assert DEFAULT.count(old) == 1
    return DEFAULT.replace(old, new)


def rule(section: str, when: str, imminence: int | None = None, name: str = "extra") -> str:
    level = "" if imminence is None else f"imminence = {imminence}\n"
    return f'\n[[{section}]]\nname = "{name}"\nsays = "in other words"\n{level}when = {{ {when} }}\n'


def refuse_extra(when: str, imminence: int = 4) -> str:
    return refuse(DEFAULT + rule("escalation", when, imminence))


# Rules that can be meant are taken.


def test_rule_of_more_conditions_may_raise_part_of_what_escalates() -> None:
    more = rule("escalation", '"children.crisis_code" = ["missing"], "reports.incident_type" = ["travel"]', 9)
    assert read(DEFAULT + more).escalation[-1].imminence == 9


def test_more_may_escalate_and_labels_of_an_agency_too() -> None:
    more = rule("escalation", '"reports.report_annotations" = ["ext:knife", "csam_solicitation"]', 1)
    national = rule("escalation", '"transactions.indicator_codes" = ["NL-17"]', 1, "national")
    assert len(read(DEFAULT + more + national).escalation) == 5


def test_code_moves_to_another_imminence_when_it_is_taken_out_of_the_first_rule() -> None:
    moved = change('"self_harm_or_suicide", "missing", "medical"', '"self_harm_or_suicide", "missing"')
    read(moved + rule("escalation", '"children.crisis_code" = ["medical"]', 1))


def test_policy_may_have_no_pause_and_no_youth() -> None:
    content = tomllib.loads(DEFAULT)
    del content["pause"], content["youth"]
    content["adult"] = {}
    assert parse_policy(content, "our.toml").youth == ()


def test_pause_of_a_child_is_taken_where_an_adult_makes_the_exception() -> None:
    """The reported adult of a case with a child who reports itself can have an open case."""
    read(DEFAULT + rule("pause", '"children.relation_to_suspect" = ["self"]'))


# Rules that contradict.


@pytest.mark.parametrize("imminence", [1, 5])
def test_same_conditions_with_two_imminences_contradict(imminence: int) -> None:
    assert refuse_extra('"reports.escalated_by_reporter" = ["asserted"]', imminence) == (
        "our.toml: [[escalation]] extra: contradicts 'reporter': the same conditions with imminence 2 there and"
        f" {imminence} here; take one of the two out"
    )


def test_pause_on_what_escalates_contradicts() -> None:
    pause = rule("pause", '"children.crisis_code" = ["missing"], "prior_records.record_kind" = ["registry"]')
    assert refuse(DEFAULT + pause) == (
        "our.toml: [[pause]] extra: it can never pause a case: by 'crisis' it is escalated, which is never paused;"
        " take it out here or there"
    )


def test_pause_on_a_code_that_escalates_contradicts() -> None:
    pause = rule("pause", '"reports.report_annotations" = ["spam", "sextortion"]')
    assert refuse(DEFAULT + pause) == (
        "our.toml: [[pause]] extra: reports.report_annotations = sextortion can never pause a case: by 'label' it is"
        " escalated, which is never paused; take it out here or there"
    )


def test_pause_on_what_is_youth_without_exception_contradicts() -> None:
    pause = rule("pause", '"children.relation_to_suspect" = ["self"]')
    assert refuse(change(ADULTS, "") + pause) == (
        "our.toml: [[pause]] extra: it can never pause a case: by 'itself' it is in lane youth, which is never paused;"
        " take it out here or there"
    )


def test_age_cannot_be_of_a_minor_and_of_an_adult() -> None:
    assert refuse(change('["0-12", "13-15", "16-17"]', '["13-15", "16-17", "18-24"]')) == (
        "our.toml: [[youth]] minor: persons.age_band = 18-24 contradicts [adult]; take the codes out here or there"
    )


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("share = 0.02\ncount = 5", "our.toml: [capacity]: count and share contradict; expected exactly one of count, share and per_day"),
        ("", "our.toml: [capacity]: no capacity; expected exactly one of count, share and per_day"),
        ("share = 0.02\nunits.north.count = 5", "our.toml: [capacity]: share and units contradict; expected either one capacity or that of each unit; the whole is their sum; take one out"),
        ("units.north = { count = 5, per_day = 2 }", "our.toml: [capacity.units] north: count and per_day contradict; expected exactly one of count, share and per_day"),
        ("units = {}", "our.toml: [capacity.units]: no capacity; expected exactly one of count, share and per_day"),
        ("units = { north = { share = 0.6 }, south = { share = 0.5 } }", "our.toml: [capacity.units]: the units together open 110% of the cases; expected shares that add up to at most 1"),
        ("count = 0", "our.toml: [capacity]: capacity 0; expected a whole number of 1 or more, or a share"),
        ("share = 2.3", "our.toml: [capacity]: a share of 2.3; expected a share above 0, at most 1"),
        ("per_day = 0.01",
         "our.toml: [capacity]: 0.01 a day; expected a number with which at least one case is opened in 30 days"),
    ],
)  # fmt: skip
def test_capacity_that_contradicts_itself_is_refused(new: str, message: str) -> None:
    assert refuse(change("share = 0.023\n\n", new + "\n\n")) == message


def test_shares_add_up_as_they_are_written() -> None:
    """In binary these are a little more than 1."""
    units = ", ".join(f"u{i} = {{ share = {share} }}" for i, share in enumerate((0.01, 0.34, 0.55, 0.1)))
    assert read(change("share = 0.023\n\n", f"units = {{ {units} }}\n\n")).capacity.of(100) == 100


def test_capacity_made_in_code_belongs_to_the_deadlines_and_the_units() -> None:
    policy = load_policy()
    with pytest.raises(InputRefusedError) as days:
        policy.with_capacity(Capacity(per_day=2, days=14))
    assert days.value.found == "2 a day counts 14 days, but the last deadline is after 30"
    with pytest.raises(InputRefusedError) as units:
        replace(policy, units={"north": Capacity(count=5)})
    assert units.value.found == "the capacity is not the sum of that of the units"


# Rules that can never fire.


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ('"reports.report_annotations" = []', f"reports.report_annotations has no code, so that it can never fire; expected {NO_LABELS}"),
        ('"reports.channels" = ["web", "telex"]', "reports.channels never has the code telex; expected web, email, newsgroup, chat, gaming, phone, offline, p2p, payment, unknown; check the spelling"),
        ('"reports.report_annotations" = ["knife"]', f"reports.report_annotations never has the code knife; expected {NO_LABELS}; check the spelling"),
        ('"reports.report_annotations" = ["ext:"]', f"reports.report_annotations never has the code ext:; expected {NO_LABELS}; check the spelling"),
        ('"accounts.compromised" = ["yes"]', "accounts.compromised never has the code yes; expected asserted, unknown, denied; check the spelling"),
        ('"children.access_level" = ["lives_with", "unknown"]', "children.access_level = unknown is no fact: most sources leave empty what they do not know; expected codes that state something; take it out"),
        ('"persons.role" = ["reported", "recipient"]',
         "persons.role = recipient can never fire: rules see reported persons only"),
        ('"outcomes.current_abuse_label" = ["yes"]', "outcomes are labels, which no rule may read"),
        ('"report.channels" = ["web"]', "no such table: report; expected reports, persons, accounts, files, network_events, communications, transactions, prior_records, children"),
        ('"accounts.kind" = ["web"]', "no such column: accounts.kind; expected platform_category, account_status, compromised, group_member; check the spelling"),
        ('"reports.jurisdiction_country" = ["NL"]', "reports.jurisdiction_country is a country: where somebody is decides on routing only; countries stand in [referral] home"),
        ('"reports.received_at" = ["2024-01-01"]', "reports.received_at holds no codes; expected a column of codes or a flag"),
        ('"communications.message_count" = ["5"]',
         "communications.message_count holds no codes; expected a column of codes or a flag"),
        ('"reports.channels" = ["web", "web"]', "reports.channels has web twice; take it out once"),
        ("", 'no condition, so that it says nothing of a case; expected when."children.crisis_code" = ["missing"], for example'),
    ],
)  # fmt: skip
def test_condition_that_can_never_hold_is_refused(when: str, message: str) -> None:
    assert refuse_extra(when) == f"our.toml: [[escalation]] extra: {message}"


def test_conditions_of_adults_are_checked_alike() -> None:
    assert refuse(change(ADULTS, '"persons.age_band" = ["18"]')) == (
        "our.toml: [adult]: persons.age_band never has the code 18; expected 0-12, 13-15, 16-17, 18-24, 25-39, 40-59, 60+,"
        " unknown; check the spelling"
    )


def test_youth_rule_that_its_exception_always_excludes_is_refused() -> None:
    youth = rule("youth", '"persons.age_band" = ["18-24"], "reports.report_annotations" = ["informational"]')
    assert refuse(DEFAULT + youth) == (
        "our.toml: [[youth]] extra: can never fire: [adult] excepts every case of which it holds; take the codes out here or"
        " there"
    )


def test_exception_from_no_rule_is_refused() -> None:
    content = tomllib.loads(DEFAULT)
    del content["youth"]
    with pytest.raises(InputRefusedError) as refused:
        parse_policy(content, "our.toml")
    assert str(refused.value) == (
        "our.toml: [adult]: excepts from nothing: there is no rule under [[youth]]; take its lines out, or take the rules from"
        " models/policies/default.toml"
    )


# Rules that change nothing.


@pytest.mark.parametrize("imminence", [1, 3])
def test_rule_inside_one_of_equal_or_higher_imminence_is_refused(imminence: int) -> None:
    when = '"children.crisis_code" = ["missing", "medical"], "reports.incident_type" = ["travel"]'
    assert refuse_extra(when, imminence) == (
        "our.toml: [[escalation]] extra: changes nothing: 'crisis' holds wherever it does, with imminence 3; take it out"
    )


def test_rule_that_says_another_again_is_refused() -> None:
    assert refuse_extra('"reports.escalated_by_reporter" = ["asserted"]', 2) == (
        "our.toml: [[escalation]] extra: changes nothing: 'reporter' holds wherever it does, with imminence 2; take it out"
    )


def test_rule_that_a_later_one_swallows_is_refused() -> None:
    """The narrower stands first, and still it is the one that changes nothing."""
    narrow = rule("escalation", '"reports.channels" = ["web"], "reports.incident_type" = ["travel"]', 4)
    wide = rule("escalation", '"reports.channels" = ["web", "chat"]', 4, "wide")
    assert refuse(DEFAULT + narrow + wide) == (
        "our.toml: [[escalation]] extra: changes nothing: 'wide' holds wherever it does, with imminence 4; take it out"
    )


def test_rule_that_several_others_share_out_among_them_is_refused() -> None:
    both = rule("escalation", '"reports.channels" = ["web", "chat"]', 4)
    one = rule("escalation", '"reports.channels" = ["web"]', 5, "web")
    other = rule("escalation", '"reports.channels" = ["chat", "p2p"]', 6, "chat")
    assert refuse(DEFAULT + both + one + other) == (
        "our.toml: [[escalation]] extra: changes nothing: 'web', 'chat' hold wherever it does, with imminence 6; take it out"
    )


def test_code_that_another_rule_has_with_higher_imminence_is_refused() -> None:
    lost = rule("escalation", '"children.crisis_code" = ["missing"]', 4, "lost")
    assert refuse(DEFAULT + lost) == (
        "our.toml: [[escalation]] crisis: children.crisis_code = missing changes nothing: 'lost' holds there already, with"
        " imminence 4; take it out here or there"
    )


def test_code_that_another_rule_has_with_the_same_imminence_is_refused() -> None:
    assert refuse_extra('"reports.report_annotations" = ["spam", "sextortion"]', 1) == (
        "our.toml: [[escalation]] extra: reports.report_annotations = sextortion changes nothing: 'label' holds there already,"
        " with imminence 1; take it out here or there"
    )


def test_rule_of_youth_inside_another_is_refused() -> None:
    youth = rule("youth", '"persons.age_band" = ["13-15"], "reports.incident_type" = ["csam"]')
    assert refuse(DEFAULT + youth) == (
        "our.toml: [[youth]] extra: changes nothing: 'minor' holds wherever it does; take it out"
    )


def test_code_of_a_pause_that_another_pause_has_is_refused() -> None:
    pause = rule("pause", '"prior_records.record_kind" = ["registry", "open_case"]')
    assert refuse(DEFAULT + pause) == (
        "our.toml: [[pause]] extra: prior_records.record_kind = open_case changes nothing: 'open_case' holds there already;"
        " take it out here or there"
    )


def test_two_conditions_on_one_column_of_which_one_is_wider_are_refused() -> None:
    narrow, wide = (Condition("reports", "channels", codes) for codes in (("web",), ("web", "chat")))
    policy = load_policy()
    with pytest.raises(InputRefusedError) as refused:
        replace(policy, escalation=(*policy.escalation, Rule("extra", "says", 4, (wide, narrow))))
    assert (
        refused.value.found == "reports.channels stands in it twice, and the wider condition changes nothing"
    )


def test_exception_that_is_made_twice_is_refused() -> None:
    policy = load_policy()
    with pytest.raises(InputRefusedError) as refused:
        replace(policy, adult=(*policy.adult, Condition("persons", "age_band", ("60+",))))
    assert refused.value.found == "persons.age_band stands in it twice"


def test_name_of_a_rule_stands_for_one_rule() -> None:
    assert refuse(DEFAULT + rule("pause", '"reports.channels" = ["p2p"]', name="label")) == (
        "our.toml: [[pause]] label: a rule of that name stands under [[escalation]] already; give it another name"
    )


@pytest.mark.parametrize("name", ["two words", "=1+1", "a; b", "x" * 41, "é"])
def test_name_of_a_rule_is_one_plain_word(name: str) -> None:
    assert refuse(DEFAULT + rule("pause", '"reports.channels" = ["p2p"]', name=name)) == (
        f"our.toml: [[pause]] {name}: name = {name!r}; expected one word of letters, digits, _ and -"
    )


def test_words_of_a_rule_can_be_printed() -> None:
    assert refuse(change('says = "both sides are minors"', 'says = "both\\nsides"')) == (
        "our.toml: [[youth]] between_minors: says = 'both\\nsides'; expected a printable text of at most 100 characters"
    )


@pytest.mark.parametrize("imminence", [0, 10, -1])
def test_imminence_is_from_1_to_9(imminence: int) -> None:
    assert refuse_extra('"reports.channels" = ["p2p"]', imminence) == (
        f"our.toml: [[escalation]] extra: imminence = {imminence}; expected a whole number from 1 to 9, the highest for the"
        " most urgent"
    )


# What escalates under every policy.

FLOOR_CODES = [(one.place, code) for one in FLOOR for code in one.codes]


def test_floor_is_that_of_the_design() -> None:
    assert {code for _, code in FLOOR_CODES} == {
        "asserted", "sextortion", "sadistic_online", "self_harm_or_suicide", "missing", "in_contact_now", "blackmail_active",
        "medical",
    }  # fmt: skip


@pytest.mark.parametrize(("place", "code"), FLOOR_CODES)
def test_nothing_of_the_floor_can_be_taken_out(place: str, code: str) -> None:
    content = tomllib.loads(DEFAULT)
    for one in content["escalation"]:
        codes = one["when"].get(place, [])
        if code in codes:
            codes.remove(code)
    content["escalation"] = [one for one in content["escalation"] if all(one["when"].values())]
    with pytest.raises(InputRefusedError) as refused:
        parse_policy(content, "our.toml")
    assert str(refused.value) == (
        f"our.toml: [[escalation]]: {place} = {code} would not escalate; expected a rule for it with no further condition: no"
        " policy can take it out; take the rule from models/policies/default.toml"
    )


def test_floor_cannot_be_narrowed_by_a_further_condition() -> None:
    """Unknown reach counts as reach: no condition on access stands between a reporter's flag and the top."""
    flag = 'when."reports.escalated_by_reporter" = ["asserted"]'
    narrowed = change(flag, f'{flag}\nwhen."children.access_level" = ["lives_with", "unsupervised"]')
    assert "reports.escalated_by_reporter = asserted would not escalate" in refuse(narrowed)


def test_floor_may_be_shared_out_among_rules() -> None:
    split = change('["sextortion", "sadistic_online"]', '["sextortion"]')
    read(split + rule("escalation", '"reports.report_annotations" = ["sadistic_online"]', 3))


def test_policy_without_any_rule_is_refused_with_all_of_the_floor() -> None:
    content = tomllib.loads(DEFAULT)
    del content["escalation"]
    with pytest.raises(InputRefusedError) as refused:
        parse_policy(content, "our.toml")
    assert all(f"{place} = {code}" in str(refused.value) for place, code in FLOOR_CODES)


# Deadlines, audit, referral, order and banner.


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[1, 7, 14, 30]", "[1, 7, 7, 30]", "[tiers]: days = [1, 7, 7, 30] do not grow, so that a tier can never be given; expected each more than the one before, such as [1, 7, 14, 30]"),
        ("[1, 7, 14, 30]", "[2, 7, 14, 30]", "[tiers]: tier 1 is due in 2 days, and with it every escalated case; expected 1: no policy can give them more than 24 hours"),
        ("[1, 7, 14, 30]", "[1]", "[tiers]: days = [1]; expected from 2 to 4 tiers, numbered from 1"),
        ("[1, 7, 14, 30]", "[1, 2, 3, 4, 5]", "[tiers]: days = [1, 2, 3, 4, 5]; expected from 2 to 4 tiers, numbered from 1"),
        ("[1, 7, 14, 30]", "[]", "[tiers]: days = []; expected from 2 to 4 tiers, numbered from 1"),
        ("[1, 7, 14, 30]", "[1, 366]", "[tiers]: days = [1, 366]; expected whole days, at most 365"),
        ("share = 0.05", "share = 0.51",
         "[audit]: share = 0.51; expected from 0 to 0.5: most of the capacity goes to the first of the list"),
        ("share = 0.05", "share = nan",
         "[audit]: share = nan; expected from 0 to 0.5: most of the capacity goes to the first of the list"),
        ("first_tier = 2", "first_tier = 5", "[audit]: first_tier = 5; expected a tier from 1 to 4"),
        ("up_to = inf", "up_to = 20", "[audit]: strata reach to 20 times the capacity; expected a last one up to inf: what can never be drawn can never be estimated"),
        ("up_to = 5", "up_to = 2", "[audit]: strata up to 2, 2, inf do not grow: one is always empty; expected each more than the one before, and the first more than 1, where the capacity ends"),
        ("up_to = 2", "up_to = 1", "[audit]: strata up to 1, 5, inf do not grow: one is always empty; expected each more than the one before, and the first more than 1, where the capacity ends"),
        ("up_to = 5", "up_to = nan", "[audit]: strata up to 2, nan, inf do not grow: one is always empty; expected each more than the one before, and the first more than 1, where the capacity ends"),
        ("weight = 1 ", "weight = 3 ", "[audit]: weights 4, 2, 3 grow with the distance from the cut; expected weights that fall or stay: slots teach most near the cut"),
        ("weight = 1 ", "weight = 0 ",
         "[audit]: weights 4, 2, 0; expected numbers above 0: what can never be drawn can never be estimated"),
        ("weight = 1 ", "weight = nan ",
         "[audit]: weights 4, 2, nan; expected numbers above 0: what can never be drawn can never be estimated"),
        ('["NL"]', "[]", ("[referral]: no home country, so that every country would be abroad; expected the countries whose"
         ' cases are your own, such as ["NL"]')),
        ('["NL"]', '["NL", "ZZ"]',
         "[referral]: home = ZZ; expected two capital letters (ISO 3166-1); ZZ is unknown, and so no home"),
        ('["NL"]', '["nl"]', "[referral]: home = nl; expected two capital letters (ISO 3166-1); ZZ is unknown, and so no home"),
        ('["NL"]', '["NL", "NL"]', "[referral]: home = NL, NL has a country twice; take it out once"),
        ("days = 7\n", "days = 0\n", "[referral]: days = 0; expected whole days from 1 to 365"),
        ("within_tier = []", 'within_tier = ["imminence"]', "[order]: within_tier = imminence changes nothing: a ranked case has none, and escalated cases are in its order already; expected evidence, solvability; take it out"),
        ("within_tier = []", 'within_tier = ["evidence", "danger"]',
         "[order]: within_tier has no axis danger; expected evidence, solvability"),
        ("within_tier = []", 'within_tier = ["evidence", "evidence"]',
         "[order]: within_tier = evidence, evidence: the second mention of an axis changes nothing; take it out"),
        ("share = 0.5\n", "share = 0\n", "[blanket]: share = 0; expected a share above 0, at most 1"),
        ("share = 0.5\n", "share = nan\n", "[blanket]: share = nan; expected a share above 0, at most 1"),
        ("least = 20\n", "least = 0\n", "[blanket]: least = 0; expected a whole number of 1 or more"),
        ("reports = 100\n", "reports = 1\n", "[flood]: reports = 1; expected a whole number of 2 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_the_way_out(old: str, new: str, message: str) -> None:
    assert refuse(change(old, new)) == f"our.toml: {message}"


def test_audit_slots_need_room_in_the_tiers_in_which_they_are_placed() -> None:
    """Of 30 days the last tier has 2, so a fifteenth of the places."""
    text = change("[1, 7, 14, 30]", "[1, 7, 28, 30]").replace("first_tier = 2", "first_tier = 4")
    assert read(text).audit.first_tier == 4
    assert refuse(text.replace("share = 0.05", "share = 0.1")) == (
        "our.toml: [audit]: share = 0.1 contradicts first_tier = 4: the tiers from there on hold 7% of the capacity; lower one"
        " of the two"
    )


def test_audit_can_be_turned_off_in_one_place() -> None:
    assert read(change("share = 0.05", "share = 0")).audit.share == 0


# Whether a rule changes something, against trying all cases.

_TABLE = TABLES["reports"]
_COLUMNS = {"channels": ("web", "chat", "p2p"), "reporter_type": ("child", "police")}
_CONDITION = st.one_of(
    *(
        st.lists(st.sampled_from(codes), min_size=1, unique=True).map(
            lambda chosen, column=column: Condition("reports", column, tuple(chosen))
        )
        for column, codes in _COLUMNS.items()
    )
)
_RULE = st.lists(_CONDITION, min_size=1, max_size=2, unique_by=lambda one: one.column).map(
    lambda when: Rule("r", "says", 1, tuple(when))
)


def holds(one: Rule, facts: dict[str, str]) -> bool:
    return all(facts[condition.column] in condition.codes for condition in one.when)


@given(_RULE, st.lists(_RULE, max_size=3))
@settings(deadline=None)
def test_rule_is_found_to_change_nothing_exactly_when_no_case_tells(one: Rule, others: list[Rule]) -> None:
    """Every case with one code or none in each column, tried out."""
    every = itertools.product(*([*codes, ""] for codes in _COLUMNS.values()))
    cases = [dict(zip(_COLUMNS, values, strict=True)) for values in every]

    def changes(rule_: Rule) -> bool:
        return any(holds(rule_, facts) and not any(holds(o, facts) for o in others) for facts in cases)

    cover = find_cover(one, others)
    assert (cover is not None and not cover.codes) == (not changes(one))
    dead = {
        (condition.place, code)
        for index, condition in enumerate(one.when)
        for code in condition.codes
        if not changes(
            replace(one, when=(*one.when[:index], replace(condition, codes=(code,)), *one.when[index + 1 :]))
        )
    }
    if cover is None:
        assert not dead
    elif cover.codes:
        assert {(cover.place, code) for code in cover.codes} <= dead
