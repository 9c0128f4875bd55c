from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.worklist.policy import Capacity, CapacityError, parse_capacity, tier_of


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
