"""The lottery below the cut: exact chances, one result, no trace on the list."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from triage.worklist.audit import (
    Draw,
    Stratum,
    draw_audit,
    first_place,
    make_lottery,
    measure_audit,
    place_audit,
    tell_audit,
)
from triage.worklist.audit.power import bound_without_finds
from triage.worklist.policy import TIERS, Audit, tier_of

AUDIT = Audit(share=0.1, first_tier=2, strata=((2.0, 8.0), (5.0, 3.0), (math.inf, 1.0)))


def names(count: int) -> list[str]:
    return [f"case{number}" for number in range(count)]


def draw(
    cases: list[str], capacity: int, audit: Audit = AUDIT, *, seed: str = "monday", ahead: int = 0
) -> Draw:
    return draw_audit(cases, capacity, audit, make_lottery(bytes(16), seed), tiers=TIERS, ahead=ahead)


audits = st.builds(
    lambda share, tier, reaches, weights: Audit(
        share, tier, (*zip(sorted(reaches), weights, strict=False), (math.inf, 1.0))
    ),
    share=st.floats(0.01, 0.5),
    tier=st.integers(1, 4),
    reaches=st.lists(st.floats(1.1, 20.0), max_size=3, unique=True),
    weights=st.lists(st.floats(1.0, 50.0), min_size=3, max_size=3).map(
        lambda some: sorted(some, reverse=True)
    ),
)
sizes = st.integers(0, 300)


def test_each_case_of_a_stratum_is_drawn_in_exactly_its_share_of_all_lotteries() -> None:
    # Six cases, four can be opened, two of them by lot: two above the cut and four below it, of one stratum.
    audit = Audit(share=0.5, first_tier=1, strata=((math.inf, 1.0),))
    cases = names(6)
    drawn: Counter[int] = Counter()
    for lots in permutations(range(6)):
        result = draw_audit(cases, 4, audit, lots_of(cases, lots), tiers=TIERS)
        drawn.update(result.chosen.tolist())
    expected = [Fraction(value).limit_denominator(100) for value in result.probability]
    assert expected == [1, 1, *[Fraction(2, 4)] * 4]
    assert [Fraction(drawn[place], 720) for place in range(2, 6)] == expected[2:]


def lots_of(cases: list[str], lots: tuple[int, ...]):  # type: ignore[no-untyped-def]
    table = dict(zip(cases, lots, strict=True))
    return lambda text: table.get(text, 0)


def test_estimate_is_the_truth_in_the_mean_of_all_lotteries() -> None:
    # Seven cases, capacity 4, two slots: two above the cut; a stratum of 2 and one of 3 cases below it.
    audit = Audit(share=0.5, first_tier=1, strata=((1.0, 9.0), (math.inf, 1.0)))
    cases = names(7)
    positive = np.array([1, 0, 1, 0, 1, 1, 0])
    total = Fraction(0)
    for lots in permutations(range(7)):
        result = draw_audit(cases, 4, audit, lots_of(cases, lots), tiers=TIERS)
        total += sum(
            Fraction(int(positive[place])) / Fraction(result.probability[place]).limit_denominator(100)
            for place in result.chosen.tolist()
        )
    assert result.strata == (Stratum(2, 1), Stratum(3, 1))
    assert total / math.factorial(7) == positive[2:].sum()


@given(sizes, st.integers(1, 120), audits, st.integers(0, 60))
def test_chances_add_up_to_the_slots_and_to_what_can_be_opened(
    count: int, capacity: int, audit: Audit, ahead: int
) -> None:
    result = draw(names(count), capacity, audit, ahead=ahead)
    below = result.probability[result.above :]
    assert below.sum() == pytest.approx(len(result.chosen) or 0.0)
    assert result.probability.sum() == pytest.approx(result.opened)
    assert result.opened == min(max(capacity - ahead, 0), count)
    assert (result.chosen >= result.above).all()
    assert len(set(result.chosen.tolist())) == len(result.chosen) <= math.ceil(audit.share * capacity)


@given(sizes, st.integers(1, 120), audits, st.integers(0, 120))
def test_the_score_keeps_at_least_half_of_the_places_that_urgent_cases_leave(
    count: int, capacity: int, audit: Audit, ahead: int
) -> None:
    result = draw(names(count), capacity, audit, ahead=ahead)
    assert 2 * len(result.chosen) <= result.opened
    assert result.above >= result.opened / 2


@given(sizes, st.integers(1, 120), audits)
def test_where_there_is_a_slot_every_case_has_a_chance_that_never_grows_down_the_list(
    count: int, capacity: int, audit: Audit
) -> None:
    result = draw(names(count), capacity, audit)
    if len(result.chosen):
        assert (result.probability > 0).all()
        assert (np.diff(result.probability) <= 1e-12).all()
        assert sum(stratum.cases for stratum in result.strata) == count - result.above
        assert sum(stratum.slots for stratum in result.strata) == len(result.chosen)


@given(st.integers(10, 200), st.randoms(use_true_random=False))
def test_the_order_inside_a_stratum_does_not_move_the_draw(count: int, random) -> None:  # type: ignore[no-untyped-def]
    cases = names(count)
    first = draw(cases, 20)
    start, shuffled = first.above, list(cases)
    for stratum in first.strata:
        end = start + stratum.cases
        inside = shuffled[start:end]
        random.shuffle(inside)
        shuffled[start:end] = inside
        start = end
    second = draw(shuffled, 20)
    assert {cases[place] for place in first.chosen} == {shuffled[place] for place in second.chosen}


def test_the_same_batch_and_key_draw_the_same_again_and_others_do_not() -> None:
    cases = names(2_000)
    first, again = draw(cases, 200), draw(cases, 200)
    assert (first.chosen == again.chosen).all()
    order = place_audit(first, make_lottery(bytes(16), "monday"))
    assert (order == place_audit(again, make_lottery(bytes(16), "monday"))).all()
    assert set(first.chosen.tolist()) != set(draw(cases, 200, seed="tuesday").chosen.tolist())
    other = draw_audit(cases, 200, AUDIT, make_lottery(b"\x01" * 16, "monday"), tiers=TIERS)
    assert set(first.chosen.tolist()) != set(other.chosen.tolist())


def test_the_keyed_hash_is_a_uniform_lottery() -> None:
    # 20 of the 400 cases below the cut in each of 400 lists: the chances by which single ones are drawn are alike.
    cases, lists = names(420), 400
    audit = Audit(share=0.5, first_tier=1, strata=((math.inf, 1.0),))
    drawn = np.zeros(400)
    for number in range(lists):
        drawn[draw(cases, 40, audit, seed=f"list {number}").chosen - 20] += 1
    assert drawn.sum() == 20 * lists
    # Variance of a simple random sample: the counts of cases have 399 degrees of freedom after scaling.
    statistic = float(((drawn - 20.0) ** 2).sum() / (20.0 * (1 - 20 / 400)) * 399 / 400)
    assert 0.001 < stats.chi2.sf(statistic, 399) < 0.999


def test_slots_come_out_of_the_capacity_and_stand_in_no_tier_before_the_first() -> None:
    cases, capacity, ahead = names(500), 60, 7
    result = draw(cases, capacity, Audit(0.1, 3, AUDIT.strata), ahead=ahead)
    # Tier 3 begins behind 60 * 7 / 30 places, of which seven are taken.
    assert (len(result.chosen), result.opened, result.above, result.first) == (6, 53, 47, 7)
    order = place_audit(result, make_lottery(bytes(16), "monday"))
    where = np.flatnonzero(np.isin(order, result.chosen))
    assert len(where) == 6
    assert {tier_of(ahead + place + 1, capacity) for place in where.tolist()} <= {3, 4}
    assert order[: result.first].tolist() == list(range(result.first))


@given(sizes, st.integers(1, 120), audits, st.integers(0, 60))
def test_placing_loses_no_case_and_keeps_the_order_of_the_others(
    count: int, capacity: int, audit: Audit, ahead: int
) -> None:
    result = draw(names(count), capacity, audit, ahead=ahead)
    order = place_audit(result, make_lottery(bytes(16), "monday"))
    assert sorted(order.tolist()) == list(range(count))
    others = order[~np.isin(order, result.chosen)]
    assert (np.diff(others) > 0).all()
    assert set(result.chosen.tolist()) <= set(order[: result.opened].tolist())


@given(sizes, st.integers(1, 120), audits, st.sets(st.integers(0, 299), max_size=40))
def test_a_case_that_was_drawn_keeps_its_slot_and_only_free_ones_are_drawn(
    count: int, capacity: int, audit: Audit, before: set[int]
) -> None:
    cases, held = names(count), {f"case{number}" for number in before}
    lottery = make_lottery(bytes(16), "tuesday")
    fresh = draw_audit(cases, capacity, audit, lottery, tiers=TIERS)
    again = draw_audit(cases, capacity, audit, lottery, tiers=TIERS, held=held)
    below = [place for place in range(fresh.above, count) if cases[place] in held]
    assert again.held.tolist() == below[: len(fresh.chosen)]
    assert len(again.slots) == len(set(again.slots.tolist())) == len(fresh.chosen)
    assert (again.above, again.opened) == (fresh.above, fresh.opened)
    assert again.probability[again.held] == pytest.approx(0)
    assert again.probability.sum() == pytest.approx(again.opened - len(again.held))
    assert sorted(place_audit(again, lottery).tolist()) == list(range(count))


def test_a_list_on_which_all_slots_are_held_says_so() -> None:
    cases = names(100)
    first = draw(cases, 20, Audit(0.1, 2, AUDIT.strata))
    held = {cases[place] for place in first.slots.tolist()}
    lots = make_lottery(bytes(16), "tuesday")
    again = draw_audit(cases, 20, Audit(0.1, 2, AUDIT.strata), lots, tiers=TIERS, held=held)
    assert tell_audit(again, measure_audit(again)) == [
        "no case was drawn: 2 of earlier lists have not been opened yet and hold the slots"
    ]


def test_a_list_of_every_morning_does_not_draw_a_months_share_every_morning() -> None:
    cases, drawn = names(400), set()
    for morning in range(20):
        lots = draw_audit(cases, 40, AUDIT, make_lottery(bytes(16), str(morning)), tiers=TIERS, held=drawn)
        drawn |= {cases[place] for place in lots.slots}
    assert len(drawn) == 4


def test_places_of_drawn_cases_are_a_lottery_too() -> None:
    seen: Counter[int] = Counter()
    for number in range(600):
        result = draw(names(100), 20, Audit(0.05, 2, AUDIT.strata), seed=str(number))
        order = place_audit(result, make_lottery(bytes(16), str(number)))
        seen[int(np.flatnonzero(np.isin(order, result.chosen))[0])] += 1
    assert sorted(seen) == list(range(20))
    assert stats.chisquare([seen[place] for place in range(20)]).pvalue > 0.001


@pytest.mark.parametrize(
    ("count", "capacity", "ahead", "said"),
    [(30, 40, 0, "every ranked case can be opened"), (30, 10, 12, "cannot be estimated"), (0, 10, 0, "every ranked")],
)  # fmt: skip
def test_without_a_slot_the_list_says_so(count: int, capacity: int, ahead: int, said: str) -> None:
    result = draw(names(count), capacity, ahead=ahead)
    assert not len(result.chosen)
    (sentence,) = tell_audit(result, measure_audit(result))
    assert said in sentence


@pytest.mark.parametrize(("capacity", "tier"), [(30, 1), (30, 2), (7, 2), (100, 3), (414, 4)])
def test_first_place_of_a_tier_is_where_the_tiers_say(capacity: int, tier: int) -> None:
    places = [place for place in range(1, capacity + 1) if tier_of(place, capacity) >= tier]
    assert first_place(TIERS, capacity, tier) == places[0]


@pytest.mark.parametrize("slots", [1, 12, 30, 300])
def test_bound_without_finds_is_that_of_clopper_and_pearson(slots: int) -> None:
    exact = stats.binomtest(0, slots, alternative="less").proportion_ci(0.95, "exact").high
    assert bound_without_finds([Stratum(100_000, slots)]) == pytest.approx(exact)
    # Two strata of one chance are as one.
    halves = [Stratum(50_000, slots), Stratum(50_000, slots)]
    assert bound_without_finds(halves) == pytest.approx(bound_without_finds([Stratum(100_000, 2 * slots)]))


def test_no_more_can_be_missed_than_was_not_looked_at() -> None:
    assert bound_without_finds([Stratum(10, 9)]) == pytest.approx(0.1)
    assert bound_without_finds([Stratum(4, 4), Stratum(6, 3)]) == pytest.approx(0.3)
    assert bound_without_finds([]) == 1.0


@given(st.lists(st.tuples(st.integers(20, 400), st.integers(1, 12)), min_size=2, max_size=2))
def test_bound_without_finds_is_the_largest_that_a_search_finds(strata: list[tuple[int, int]]) -> None:
    (first, few), (second, more) = strata
    clean = np.linspace(0.05 ** (1 / few), 1.0, 20_001)
    other = (0.05 / clean**few) ** (1 / more)
    found = ((1 - clean) * first + (1 - other) * second).max() / (first + second)
    bound = bound_without_finds([Stratum(*one) for one in strata])
    assert bound == pytest.approx(min(found, 1 - (few + more) / (first + second)), abs=2e-4)


def test_the_worth_of_the_slots_is_counted_by_hand() -> None:
    # 10 of 100 with 0.2 each, weight 10; 10 of 900 with 0.1 each, weight 90: 2 and 1 are expected.
    probability = np.array([0.9] * 5 + [0.2] * 100 + [0.1] * 900)
    result = Draw(np.arange(5, 25), probability, (Stratum(100, 10), Stratum(900, 10)), 25, 0)
    power = measure_audit(result, probability)
    assert power.expected == pytest.approx(3.0)
    assert power.effective == pytest.approx((2 * 10 + 1 * 90) ** 2 / (2 * 100 + 1 * 8_100))
    assert power.lists == math.ceil(10 / power.effective) == 7


def test_what_few_slots_cannot_tell_is_said() -> None:
    result = draw(names(2_000), 200)
    said = " ".join(tell_audit(result, measure_audit(result, np.full(2_000, 0.01))))
    assert "20 cases were drawn by lot among the 1,820 ranked cases below the cut" in said
    assert "not estimable below 10" in said
    assert "such lists would do" in said
    assert "one-sided" in said
    assert "escalated, youth, paused" in said
    unknown = " ".join(tell_audit(result, measure_audit(result)))
    assert "not known without calibrated probabilities" in unknown
    assert measure_audit(result).as_dict()["expected"] is None


def test_many_positives_are_said_to_be_enough() -> None:
    result = draw(names(2_000), 1_000)
    assert "enough to estimate" in " ".join(tell_audit(result, measure_audit(result, np.full(2_000, 0.5))))


@pytest.mark.slow
def test_horvitz_thompson_over_the_slots_is_unbiased_for_what_lies_below_the_cut() -> None:
    rng = np.random.default_rng(6)
    cases, capacity, lists = names(1_500), 60, 3_000
    positive = rng.random(1_500) < np.linspace(0.3, 0.01, 1_500)
    estimates = []
    for number in range(lists):
        result = draw(cases, capacity, seed=f"list {number}")
        estimates.append((positive[result.chosen] / result.probability[result.chosen]).sum())
    truth = positive[result.above :].sum()
    error = np.std(estimates, ddof=1) / math.sqrt(lists)
    assert abs(np.mean(estimates) - truth) < 4 * error
    assert error < 0.05 * truth
    # The mean alone of the drawn is not: it is denser where there is more to find.
    plain = np.mean([positive[draw(cases, capacity, seed=f"list {n}").chosen].mean() for n in range(300)])
    assert plain > 1.2 * truth / (1_500 - result.above)
