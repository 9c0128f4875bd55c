"""What the engine keeps through interruptions, new lists and changes of mind."""

from dataclasses import replace

import numpy as np
import pytest

from triage.lab.engine import simulate
from triage.lab.staff import Staff, Unit
from triage.lab.stream import DAY
from triage.lab.work import Hours, Success, Work
from triage.worklist.order import ESCALATED, PAUSED, RANKED, YOUTH


def fixed_days(count):
    return Work("fixed", Hours((24.0 * count,) * 6, law="fixed"), Success((1.0,) * 6))


def unit(name, *lanes):
    return Unit(name, 1, lanes=lanes, hours_a_week=168.0)


def test_a_case_put_aside_waits_for_its_own_unit_also_when_a_list_is_made(hand_made):
    rows = [(0, 0, YOUTH, 0), (1, 0, YOUTH, 0), (2, 4, YOUTH, 0), (3, 0, RANKED, 1), (4, 1, RANKED, 2)]
    stream = hand_made(rows)
    stream.versions.imminence[2] = 3
    staff = Staff("s", (unit("a", "youth"), unit("b", "youth"), unit("c", "ranked")), interrupt=True)
    trace = simulate(stream, "expert+ageing=30", staff, fixed_days(10))
    assert trace.interruptions[:3].tolist() == [0, 1, 0]
    # The other unit is free from day 10 on, and the case goes on in its own from day 14 on.
    assert (trace.ended_at[:3] / DAY).tolist() == [10.0, 20.0, 14.0]


def test_a_case_that_no_longer_escalates_may_be_interrupted(hand_made):
    rows = [(0, 0, ESCALATED, 1), (0, 2, RANKED, 1), (1, 4, ESCALATED, 0)]
    trace = simulate(
        hand_made(rows),
        "expert",
        Staff("s", (unit("one", "escalated", "ranked"),), interrupt=True),
        fixed_days(10),
    )
    assert trace.interruptions.tolist() == [1, 0]
    assert (trace.ended_at / DAY).tolist() == [20.0, 14.0]
    assert np.isnan(trace.due_at).sum() == 0


def alone(count=1, **options):
    return Staff("s", (Unit("one", count, hours_a_week=168.0),), **options)


def in_days(times):
    return (times / DAY).round(9).tolist()


def test_of_two_cases_put_aside_the_one_that_stands_higher_goes_on_first(hand_made):
    rows = [(0, 0, RANKED, 5), (1, 0, RANKED, 2), (2, 4, ESCALATED, 0), (3, 5, ESCALATED, 0)]
    trace = simulate(hand_made(rows), "expert", alone(2, interrupt=True), fixed_days(10))
    assert in_days(trace.ended_at) == [19.0, 21.0, 14.0, 15.0]


def test_work_goes_to_the_unit_with_most_free_places_and_of_equals_to_the_first(hand_made):
    staff = Staff("s", (Unit("a", 1, hours_a_week=168.0), Unit("b", 2, hours_a_week=168.0)))
    rows = [(case, 0, RANKED, 0) for case in range(3)]
    assert simulate(hand_made(rows), "arrival", staff, fixed_days(10)).unit.tolist() == [1, 0, 1]


def test_a_deadline_is_never_put_off(hand_made):
    rows = [(0, 0, RANKED, 9), (1, 1, ESCALATED, 1), (1, 5, ESCALATED, 1)]
    trace = simulate(hand_made(rows), "expert", alone(), fixed_days(10))
    assert in_days(trace.due_at)[1] == 2.0


def test_a_case_that_is_begun_gets_no_deadline_for_its_opening(hand_made):
    rows = [(0, 0, RANKED, 1), (0, 5, ESCALATED, 1), (1, 4, ESCALATED, 0)]
    trace = simulate(hand_made(rows), "expert", alone(interrupt=True), fixed_days(10))
    assert trace.interruptions[0] == 1
    assert np.isnan(trace.due_at[0])


def test_deadlines_are_those_of_the_tiers_and_the_earliest_that_was_given(hand_made):
    """Three detectives open 1.4 cases a week, 6 by the last deadline: tiers end at places 0.2, 1.4, 2.8 and 6.

    The first list, on day 7, meets seven that wait: due after 7, 14 and four times 30 days, and one without.
    The second gives later days and changes nothing. On day 16 three are opened, on day 21 the rest moves up.
    """
    rows = [(case, 1.0, RANKED, 20 - case) for case in range(10)]
    trace = simulate(hand_made(rows), "expert", alone(3), fixed_days(15))
    due = in_days(trace.due_at)
    assert np.isnan(due[:3]).all()
    assert due[3:] == [14.0, 21.0, 37.0, 28.0, 35.0, 37.0, 42.0]


def test_escalated_cases_that_wait_take_the_first_places_of_the_list(hand_made):
    rows = [(case, 1.0, RANKED, 20 - case) for case in range(10)]
    stream = hand_made([*rows, (10, 6.0, ESCALATED, 0), (11, 6.0, ESCALATED, 0)])
    trace = simulate(stream, "expert", alone(3), fixed_days(15), weeks=2)
    due = in_days(trace.due_at)
    # Of the 6 places with a deadline two are theirs: four are left, all beyond place 2.8.
    assert due[3:7] == [37.0] * 4
    assert np.isnan(due[7:10]).all()
    assert due[10:] == [7.0, 7.0]


def test_deadlines_that_are_kept_hold_their_places_on_the_next_list(hand_made):
    rows = [(case, 1.0, RANKED, 20 - case) for case in range(10)]
    trace = simulate(hand_made(rows), "expert+deadlines", alone(3), fixed_days(15), weeks=3)
    due = in_days(trace.due_at)
    # The six places of the first list are still held when the second is made, on day 14: none is left.
    assert due[3:9] == [14.0, 21.0, 37.0, 37.0, 37.0, 37.0]
    assert np.isnan(due[9])


def meet_a_lottery(hand_made, way):
    """Two detectives, seven cases a week; twenty come before the list of day 7, and two are opened at once."""
    rows = [(case, 6.99, RANKED, 40 - case) for case in range(20)]
    staff = alone(2, tiers_days=(1, 7))
    return simulate(hand_made(rows), way, staff, fixed_days(2), weeks=2)


def test_the_lottery_falls_below_what_is_opened_anyway_and_denser_near_it(hand_made):
    trace = meet_a_lottery(hand_made, "expert+audit=0.5")
    place = np.arange(20) - 2
    by_lot = np.isnan(trace.opened_at) | trace.audit
    # Of 7 a week 3.5 go to lots, so the cut is after 3; of 15 below it 11 stand within twice a month.
    near, far = (place >= 3) & (place < 14) & by_lot, (place >= 14) & by_lot
    assert trace.inclusion[near] == pytest.approx(3.5 * 4 / (11 * 4 + 4 * 2))
    assert trace.inclusion[far] == pytest.approx(3.5 * 2 / (11 * 4 + 4 * 2))
    assert not trace.audit[place < 3].any()
    assert trace.audit.sum() in {3, 4}


def test_what_has_a_deadline_that_is_kept_takes_no_part_in_the_lottery(hand_made):
    trace = meet_a_lottery(hand_made, "expert+audit=0.5+deadlines")
    place = np.arange(20) - 2
    assert not trace.audit[place < 7].any()
    below = (place >= 7) & (np.isnan(trace.opened_at) | trace.audit)
    assert trace.inclusion[below] == pytest.approx(3.5 / 11)


def test_a_drawn_case_keeps_its_turn_through_a_pause(hand_made):
    rows = [(case, 6.99 + case / 1_000, RANKED, 40 - case) for case in range(20)]
    fresh = [(20 + case, 7.5 + case / 4, RANKED, 90) for case in range(120)]
    plain = simulate(hand_made([*rows, *fresh]), "expert+audit=0.5", alone(2), fixed_days(2), weeks=3)
    waits = np.flatnonzero(plain.audit[:20] & (plain.opened_at[:20] < 14 * DAY))
    case = int(waits[0])
    paused = [(case, 7.2, PAUSED, 40 - case), (case, 16, RANKED, 40 - case)]
    stream = hand_made(sorted([*rows, *fresh, *paused], key=lambda row: row[:2]))
    trace = simulate(stream, "expert+audit=0.5", alone(2), fixed_days(2), weeks=3)
    assert trace.audit[case]
    assert 16 * DAY <= trace.opened_at[case] <= 19 * DAY


def test_what_escalates_or_was_drawn_gets_no_alternative(hand_made, poisson_stream, clerks, even_work):
    rows = [(case, 0.1 * case, ESCALATED if case == 2 else RANKED, case) for case in range(20)]
    stream = hand_made(rows, identity=np.full(20, 4))
    trace = simulate(stream, "expert+escalation=off+alternatives=0.3", alone(), fixed_days(50))
    disposed = np.flatnonzero(~np.isnan(trace.disposed_at))
    assert 1 in disposed
    assert 2 not in disposed
    busy = poisson_stream(300, per_day=5.0, seed=3)
    way = "expert+audit=0.5+alternatives=0.9"
    both = simulate(replace(busy, versions=replace(busy.versions, identity=np.full(300, 4))), way, clerks(1),
                    even_work(400.0))  # fmt: skip
    assert both.audit.any()
    assert np.isfinite(both.disposed_at).any()
    assert not (both.audit & np.isfinite(both.disposed_at)).any()


def test_abuse_that_begins_while_a_case_is_in_hand_is_found(hand_made):
    stream = hand_made([(0, 0, RANKED, 1)], onset=[5], end=[99])
    assert simulate(stream, "arrival", alone(), fixed_days(10)).reached_at[0] == 10 * DAY


def test_what_was_learned_adds_hours_and_a_mere_look_does_not(hand_made):
    rows = [(0, 0, PAUSED, 1), (0, 1, PAUSED, 1), (0, 2, RANKED, 1)]
    work = replace(fixed_days(10), hours=Hours((240.0,) * 6, law="fixed", a_version=0.1, most_versions=5))
    ended = [
        simulate(hand_made(rows, learned=np.array(learned)), "expert", alone(), work).ended_at[0] / DAY
        for learned in ([0, 0, 0], [0, 0, 1], [0, 1, 2])
    ]
    assert ended == pytest.approx([12, 13, 14])
