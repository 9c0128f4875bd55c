"""Where a case stands: after a referral, and after it was merged with another."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.record.conftest import START, Clock, header, row
from triage.errors import InputRefusedError
from triage.record import Record
from triage.record.states import State, merge_states


@pytest.fixture
def listed(record: Record) -> Record:
    record.keep_list(header(), [row(name, number, tier=4) for number, name in enumerate("abcd", start=1)])
    return record


def states(record: Record) -> dict[str, str]:
    return {state.case_id: state.state for state in record.states()}


@pytest.mark.parametrize(("first", "state"), [("opened", "open"), ("closed", "closed")])
def test_case_that_is_dealt_with_here_stays_so_when_it_is_referred_too(
    listed: Record, clock: Clock, first: str, state: str
) -> None:
    listed.decide("a", "x", first, "quality")
    at = clock.now
    listed.decide("a", "x", "referred", country="BE")
    (case,) = listed.states()
    assert (case.state, case.at, case.referred_at, case.country) == (state, at, clock.now, "BE")


def test_referred_case_is_listed_until_it_is_opened_or_closed(listed: Record) -> None:
    listed.decide("a", "x", "referred", country="BE")
    assert states(listed) == {"a": "referred"}
    listed.decide("a", "x", "opened")
    assert states(listed) == {"a": "open"}
    listed.decide("a", "x", "deferred", "capacity")
    assert states(listed) == {"a": "undecided"}


def test_open_case_that_is_merged_with_one_deferred_later_is_open(listed: Record) -> None:
    """Else a second person would take up, unaware, what somebody works on."""
    listed.decide("a", "x", "opened")
    listed.decide("b", "x", "deferred", "capacity")
    listed.keep_aliases({"b": "a"})
    assert states(listed) == {"a": "open"}
    with pytest.raises(InputRefusedError, match="opened already"):
        listed.decide("b", "y", "opened")
    listed.decide("b", "y", "closed")
    assert states(listed) == {"a": "closed"}


@pytest.mark.parametrize("decision", [None, "deferred", "paused"])
@pytest.mark.parametrize("name", ["a", "b"])
def test_case_that_was_closed_takes_none_with_it_that_was_not(
    listed: Record, decision: str | None, name: str
) -> None:
    if decision:
        listed.decide("b", "x", decision, "capacity")
    listed.decide("a", "x", "closed", "quality")
    listed.keep_aliases({"a": "b"} if name == "b" else {"b": "a"})
    (case,) = listed.states()
    assert (case.case_id, case.state, case.paused) == (name, "undecided", False)
    listed.decide("a", "x", "closed", "quality")
    assert states(listed) == {name: "closed"}


def test_new_name_of_a_case_is_no_second_case(listed: Record) -> None:
    """A report that came late may be the earliest, and the case is named after it."""
    listed.decide("a", "x", "closed", "quality")
    listed.decide("b", "x", "paused")
    listed.keep_aliases({"a": "of no list", "b": "of none either"})
    listed.keep_list(header("b2"), [row("of no list"), row("of none either", 2)])
    assert [(state.state, state.paused) for state in listed.states()] == [
        ("closed", False),
        ("undecided", True),
    ]


def test_name_that_comes_back_takes_what_was_decided_under_it_and_while_it_was_merged(listed: Record) -> None:
    listed.decide("a", "x", "closed", "quality")
    listed.keep_aliases({"a": "b", "c": "b"})
    listed.decide("b", "x", "opened")
    listed.keep_aliases({"a": "a"})
    listed.decide("a", "x", "closed")
    assert states(listed) == {"a": "closed", "b": "open"}


def test_pause_of_what_no_pause_can_move_is_refused_with_what_to_do(record: Record) -> None:
    lanes = ("escalated", "youth", "unreadable", "ranked")
    record.keep_list(header(), [row(lane, place, lane=lane) for place, lane in enumerate(lanes, start=1)])
    before = record.head()
    for lane in lanes[:3]:
        with pytest.raises(InputRefusedError, match=r"a pause changes nothing.*--decision lowered"):
            record.decide(lane, "x", "paused")
    assert record.head() == before
    record.decide("ranked", "x", "paused")


def test_merging_is_of_no_order_and_the_same_twice() -> None:
    parts = [
        State("a", "open", START, "opened", decided_at=START, opened_at=START, paused=True),
        State("b", "closed", START, "closed", decided_at=START.replace(day=2), paused=True),
        State("c", "undecided", START, "deferred", decided_at=START.replace(day=3), lowered=True),
    ]
    whole = {repr(merge_states("m", some)) for some in permutations(parts)}
    assert len(whole) == 1
    for part in parts:
        assert merge_states(part.case_id, [part, part]) == part
