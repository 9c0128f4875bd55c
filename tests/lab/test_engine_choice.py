"""Whoever is opened is the one that the way of working puts first, checked case by case."""

from dataclasses import replace

import numpy as np
import pytest

from triage.lab.engine import simulate
from triage.lab.staff import Staff, Unit
from triage.lab.stream import DAY
from triage.lab.work import Hours, Success, Work
from triage.worklist.order import ESCALATED, PAUSED, RANKED, YOUTH

WEEK = 7 * DAY


def moving_stream(poisson_stream, seed):
    """Cases whose lanes and scores change while they wait."""
    stream = poisson_stream(250, per_day=5.0, seed=seed, repeats=3.0)
    rng, count = np.random.default_rng(seed), len(stream.versions.at)
    lane = rng.choice([ESCALATED, RANKED, PAUSED], count, p=[0.1, 0.75, 0.15])
    versions = replace(
        stream.versions,
        lane=lane,
        imminence=np.where(lane == ESCALATED, rng.integers(0, 3, count), -1),
        scores={"expert": rng.integers(0, 30, count).astype(float)},
    )
    return replace(stream, versions=versions)


def stand(stream, case, at, *, escalate):
    """The place of a case as known at a moment, the smallest first; nothing where it rests."""
    versions = stream.versions
    mine = np.flatnonzero((versions.case == case) & (versions.at <= at))
    now = mine[-1]
    if versions.lane[now] == PAUSED:
        return None
    urgent = versions.imminence[now] if escalate else -1
    return (-urgent, -versions.scores["expert"][now], case)


@pytest.mark.parametrize(
    ("way", "escalate"), [("arrival,1=expert", True), ("arrival,1=expert+escalation=off", False)]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_who_stands_higher_waits_while_another_is_opened(
    poisson_stream, clerks, even_work, way, escalate, seed
):
    stream = moving_stream(poisson_stream, seed)
    trace = simulate(stream, way, clerks(2), even_work(15.0, "fixed"))
    opened_at = np.nan_to_num(trace.opened_at, nan=np.inf)
    opened = np.flatnonzero((opened_at > stream.start + WEEK) & np.isfinite(opened_at))
    assert len(opened) > 50
    for case in opened:
        at = opened_at[case]
        waiting = np.flatnonzero((stream.arrival <= at) & (opened_at > at))
        places = [stand(stream, other, at, escalate=escalate) for other in (case, *waiting)]
        assert places[0] == min(place for place in places if place is not None)


def test_an_audited_case_that_would_have_come_up_anyway_is_no_matter_of_chance(
    poisson_stream, clerks, even_work
):
    stream = poisson_stream(150, per_day=2.0, seed=9)
    trace = simulate(stream, "expert+audit=0.3", clerks(1), even_work(100.0, "fixed"))
    ended = np.flatnonzero(trace.audit & (trace.ended_at < stream.end - 3 * WEEK))
    assert (trace.inclusion[ended] < 1).all()
    case = int(ended[0])
    last = np.flatnonzero(stream.versions.case == case)[-1]
    for lane, score in ((ESCALATED, -9.0), (RANKED, 99.0)):
        later = add_version(stream, last, trace.ended_at[case] + DAY, lane, score)
        again = simulate(later, "expert+audit=0.3", clerks(1), even_work(100.0, "fixed"))
        assert again.opened_at[case] == trace.opened_at[case]
        assert again.audit[case]
        assert again.inclusion[case] == 1.0


def add_version(stream, after, at, lane, score):
    """The same stream in which one more thing is learned of a case."""
    old = stream.versions
    index = np.insert(np.arange(len(old.at)), after + 1, after)
    arrays = {name: value[index] for name, value in vars(old).items() if name != "scores"}
    arrays["at"][after + 1], arrays["lane"][after + 1] = at, lane
    arrays["imminence"][after + 1] = 1 if lane == ESCALATED else -1
    scores = {name: value[index] for name, value in old.scores.items()}
    scores["expert"][after + 1] = score
    return replace(stream, versions=type(old)(**arrays, scores=scores))


def fixed_days(count):
    return Work("fixed", Hours((24.0 * count,) * 6, law="fixed"), Success((1.0,) * 6))


def round_the_clock(detectives, **options):
    return Staff("s", (Unit("one", detectives, hours_a_week=168.0),), **options)


def test_a_case_put_aside_comes_back_at_once_when_it_escalates(hand_made):
    rows = [(0, 0, RANKED, 1), (0, 5, ESCALATED, 1), (1, 0, RANKED, 9), (2, 4, ESCALATED, 0)]
    trace = simulate(hand_made(rows), "expert", round_the_clock(2, interrupt=True), fixed_days(10))
    assert trace.interruptions.tolist() == [1, 1, 0]
    # Four days were done before it was put aside on day 4, and six are left on day 5.
    assert (trace.ended_at / DAY).tolist() == [11.0, 16.0, 14.0]


def test_a_deadline_outlasts_a_pause(hand_made):
    rows = [
        (0, 0, RANKED, 1),
        (1, 0.1, RANKED, 5),
        (1, 8, PAUSED, 5),
        (1, 12, RANKED, 5),
        (2, 8.5, RANKED, 1),
        (3, 13, RANKED, 9),
    ]
    trace = simulate(hand_made(rows), "expert+deadlines", round_the_clock(1), fixed_days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 20.0, 10.0, 30.0]


def test_no_more_deadlines_are_open_than_can_be_kept(hand_made):
    rows = [(case, 0.1 + case, RANKED, case) for case in range(50)]
    stream = hand_made(rows)
    trace = simulate(stream, "expert+deadlines", round_the_clock(1), fixed_days(2))
    due = ~np.isnan(trace.due_at) & (trace.due_at <= stream.end)
    assert due.sum() > 20
    assert (trace.opened_at[due] <= trace.due_at[due] + 2 * DAY).all()


def test_a_skilled_unit_finds_more(hand_made):
    stream = hand_made([(0, 0, RANKED, 1)], onset=[-1], end=[99], luck=np.full((1, 4), 0.6))
    work = replace(fixed_days(10), success=Success((0.5,) * 6))
    reached = [
        np.isfinite(simulate(stream, "arrival", Staff("s", (unit,)), work).reached_at[0])
        for unit in (
            Unit("plain", 1, hours_a_week=168.0),
            Unit("skilled", 1, hours_a_week=168.0, success=3.0),
        )
    ]
    assert reached == [False, True]


def test_a_faster_unit_ends_sooner_and_spends_less(hand_made):
    staff = Staff("s", (Unit("fast", 1, hours_a_week=168.0, speed=2.0),))
    trace = simulate(hand_made([(0, 0, RANKED, 1)]), "arrival", staff, fixed_days(10))
    assert trace.ended_at[0] == 5 * DAY
    assert trace.hours[0] == 120.0


def test_luck_decides_who_goes_to_the_prosecution(hand_made):
    luck = np.full((2, 4), 0.5)
    luck[:, 3] = [0.2, 0.9]
    stream = hand_made([(0, 0, RANKED, 1), (1, 0, RANKED, 1)], luck=luck)
    work = replace(fixed_days(10), prosecuted=(0.5, 1.0, 0.0))
    trace = simulate(stream, "arrival", round_the_clock(2), work)
    assert trace.prosecuted_at[0] == 10 * DAY
    assert np.isnan(trace.prosecuted_at[1])


def test_a_child_in_crisis_interrupts_beside_and_nowhere_else(hand_made):
    rows = [(0, 0, RANKED, 1), (1, 0, YOUTH, 0), (2, 4, YOUTH, 0), (3, 5, YOUTH, 0)]
    stream = hand_made(rows)
    stream.versions.imminence[2] = 3
    staff = Staff(
        "s",
        (Unit("main", 1, hours_a_week=168.0), Unit("youth", 1, lanes=("youth",), hours_a_week=168.0)),
        interrupt=True,
    )
    trace = simulate(stream, "expert", staff, fixed_days(10))
    assert trace.interruptions.tolist() == [0, 1, 0, 0]
    assert (trace.opened_at / DAY).tolist() == [0.0, 0.0, 4.0, 20.0]
    assert (trace.ended_at[:3] / DAY).tolist() == [10.0, 20.0, 14.0]


def test_a_child_to_protect_takes_a_share_of_the_hours(hand_made):
    staff = Staff("s", (Unit("all", 1, lanes=("ranked", "youth"), hours_a_week=168.0),))
    work = replace(fixed_days(10), hours=Hours((240.0,) * 6, law="fixed", youth=0.1))
    trace = simulate(hand_made([(0, 0, YOUTH, 0), (1, 1, RANKED, 0)]), "expert", staff, work)
    assert (trace.ended_at / DAY).tolist() == [1.0, 11.0]


def test_what_escalates_week_by_week_is_kept_free_of_deadlines(hand_made):
    escalated = [(case, 1.0 + 3.0 * case, ESCALATED, 0) for case in range(38)]
    ranked = [(38 + case, 0.05 + case, RANKED, case) for case in range(118)]
    stream = hand_made([*escalated, *ranked], days=120.0)
    trace = simulate(stream, "expert+deadlines", round_the_clock(1, interrupt=True), fixed_days(2))
    due = ~np.isnan(trace.due_at) & (trace.due_at <= stream.end)
    due[:38] = False
    assert due.sum() > 10
    assert (trace.opened_at[due] <= trace.due_at[due] + 3 * DAY).mean() > 0.9
