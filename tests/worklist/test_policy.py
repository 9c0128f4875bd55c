from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import CapacityError
from triage.worklist.policy import Capacity, Tier, parse_capacity, share_places, tier_of


@pytest.mark.parametrize(
    ("text", "cases", "opened"),
    [("25", 100, 25), ("25", 10, 25), ("2.3%", 18_000, 414), ("0.023", 18_000, 414), ("1%", 150, 2), ("100%", 7, 7),
     ("10%", 30, 3), ("7%", 100, 7)],
)  # fmt: skip
def test_capacity_is_a_count_or_a_share_rounded_up(text: str, cases: int, opened: int) -> None:
    assert parse_capacity(text).of(cases) == opened


@pytest.mark.parametrize("text", ["", "0", "-1", "0%", "101%", "many", "2.5", "1e3", "nan"])
def test_what_is_no_capacity_is_refused(text: str) -> None:
    with pytest.raises(CapacityError, match="expected a count"):
        parse_capacity(text)


@given(st.integers(1, 500), st.integers(1, 500))
def test_tier_never_falls_down_the_list(place: int, capacity: int) -> None:
    assert tier_of(place, capacity) <= tier_of(place + 1, capacity)
    assert (tier_of(place, capacity) == 5) == (place > capacity)


def test_no_case_can_be_opened_of_no_cases() -> None:
    assert Capacity(share=0.023).of(0) == 0


def test_tiers_of_a_policy_with_other_deadlines_follow_the_same_pace() -> None:
    """20 cases in 10 days are 2 a day: 2 by tomorrow, 8 by the fourth day, all by the tenth."""
    tiers = [tier_of(place, 20, (Tier(1, 1), Tier(2, 4), Tier(3, 10))) for place in range(1, 23)]
    assert tiers == [1] * 2 + [2] * 6 + [3] * 12 + [5] * 2


def test_pace_a_day_is_what_is_opened_by_the_last_deadline_rounded_down() -> None:
    assert Capacity(per_day=13.5).of(9) == 405
    assert Capacity(per_day=0.1, days=14).of(9) == 1
    # 0.1 * 30 in binary is a little more than 3, 0.07 * 100 a little more than 7.
    assert Capacity(per_day=0.1).of(9) == 3
    assert Capacity(per_day=0.07, days=100).of(9) == 7


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({}, "no capacity; expected exactly one of count, share and per_day"),
        ({"count": 3, "per_day": 1.0}, "count and per_day contradict; expected exactly one of count, share and per_day"),
        ({"share": 0.1, "parts": (Capacity(count=1),)}, "share and units contradict; expected exactly one of count, share and per_day"),
        ({"per_day": 0.03}, "0.03 a day; expected a number with which at least one case is opened in 30 days"),
        ({"per_day": float("nan")}, "nan a day; expected a number with which at least one case is opened in 30 days"),
        ({"per_day": float("inf")}, "inf a day; expected a number with which at least one case is opened in 30 days"),
        ({"count": True}, "capacity True; expected a whole number of 1 or more, or a share"),
        ({"share": float("nan")}, "a share of nan; expected a share above 0, at most 1"),
    ],
)  # fmt: skip
def test_impossible_capacity_is_refused(given_values: dict[str, object], message: str) -> None:
    with pytest.raises(CapacityError) as refused:
        Capacity(**given_values)  # type: ignore[arg-type]
    assert str(refused.value) == message


def test_capacity_is_told_as_a_person_would_write_it() -> None:
    both = Capacity(parts=(Capacity(count=1500), Capacity(per_day=5.5)))
    assert (str(both), str(Capacity(share=0.023))) == ("1,500 + 5.5 a day", "0.023 of the cases")


_SIZES = st.dictionaries(st.sampled_from(["north", "south", "east", "west"]), st.integers(0, 60), min_size=1)


@given(_SIZES, st.integers(0, 150))
@settings(deadline=None)
def test_units_get_their_share_of_every_stretch_from_the_top(sizes: dict[str, int], places: int) -> None:
    """At every length a unit lies less than one place for each unit from its exact share."""
    able = {unit: size for unit, size in sizes.items() if size}
    units = share_places(sizes, places)
    assert len(units) == places
    if not able:
        assert set(units) <= {""}
        return
    for length in range(places + 1):
        got = Counter(units[:length])
        for unit, size in able.items():
            assert abs(got[unit] - Fraction(length * size, sum(able.values()))) < len(able)


@given(_SIZES)
@settings(deadline=None)
def test_units_together_open_the_capacity_and_none_more_than_it_can(sizes: dict[str, int]) -> None:
    units = share_places(sizes, sum(sizes.values()))
    assert {unit: units.count(unit) for unit in sizes} == sizes


@given(_SIZES, st.integers(0, 120))
@settings(deadline=None)
def test_each_place_goes_to_the_unit_with_the_largest_claim(sizes: dict[str, int], places: int) -> None:
    able = [(unit, size) for unit, size in sizes.items() if size]
    given_to: Counter[str] = Counter()
    for unit in share_places(dict(able), places) if able else []:
        claims = {name: Fraction(size, 2 * given_to[name] + 1) for name, size in able}
        assert claims[unit] == max(claims.values())
        given_to[unit] += 1


def test_unit_that_can_open_more_than_anybody_has_takes_no_more_room_than_the_places() -> None:
    assert share_places({"north": 10**12, "south": 1}, 3) == ["north"] * 3
