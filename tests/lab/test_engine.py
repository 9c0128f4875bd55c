from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.lab.engine import simulate
from triage.lab.staff import Joining, Staff, Unit
from triage.lab.stream import DAY
from triage.lab.trace import NEVER_OPENED, NO, OPEN, UNDETERMINED, YES
from triage.lab.work import Alternatives, Findings, Hours, Success, Work
from triage.worklist.order import ESCALATED, PAUSED, RANKED, YOUTH

WAYS = (
    "arrival",
    "expert",
    "expert+escalation=off",
    "oracle",
    "oracle+escalation=off",
    "expert+deadlines",
    "expert+audit=0.2",
    "noisy+audit=0.1+ageing=30+deadlines+refer+alternatives=0.3+learn=4",
    "arrival,5=expert+audit=0.1",
)
LANES = (ESCALATED, YOUTH, RANKED, PAUSED)


def mixed(poisson_stream, seed=1, n_cases=400, **options):
    lane = np.random.default_rng(seed).choice(LANES, n_cases, p=[0.05, 0.05, 0.85, 0.05])
    return poisson_stream(n_cases, per_day=5.0, seed=seed, lane=lane, repeats=0.5, prevalence=0.1, **options)


def unit(detectives=3, **options):
    lanes = options.pop("lanes", ("escalated", "ranked", "youth"))
    return Unit("one", detectives, lanes=lanes, hours_a_week=168.0, **options)


def days(work_days, **options):
    """Work of a fixed length in days round the clock."""
    return Work("fixed", Hours((24.0 * work_days,) * 6, law="fixed"), Success((1.0,) * 6), **options)


# --- what holds on every run


@pytest.mark.parametrize("way", WAYS)
def test_no_case_is_lost_at_any_instant(poisson_stream, clerks, even_work, way):
    stream = mixed(poisson_stream)
    trace = simulate(stream, way, clerks(2, interrupt=True), even_work(20.0))
    for at in np.random.default_rng(0).uniform(stream.start, stream.end, 200):
        arrived = (stream.arrival <= at).sum()
        gone = (trace.opened_at <= at).sum() + (trace.disposed_at <= at).sum()
        referred = trace.referred_at <= at
        gone += (referred & ~(stream_escalates(stream)) & ~(trace.opened_at <= at)).sum()
        held = trace.pool_size[np.searchsorted(trace.pool_at, at, side="right") - 1]
        assert held == arrived - gone
    assert (np.diff(trace.pool_at) >= 0).all()


def stream_escalates(stream):
    escalates = np.zeros(len(stream.arrival), dtype=bool)
    escalates[stream.versions.case[stream.versions.lane != RANKED]] = True
    return escalates


@pytest.mark.parametrize("way", WAYS)
def test_littles_law_holds(poisson_stream, clerks, even_work, way):
    stream = mixed(poisson_stream, seed=2)
    trace = simulate(stream, way, clerks(2, interrupt=True), even_work(20.0))
    edges = np.append(trace.pool_at, stream.end)
    area = (trace.pool_size * np.diff(edges)).sum()
    left = np.fmin(trace.opened_at, trace.disposed_at)
    left = np.where(stream_escalates(stream), left, np.fmin(left, trace.referred_at))
    waited = np.fmin(left, stream.end) - stream.arrival
    assert area == pytest.approx(waited.sum(), rel=1e-9)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_input_gives_the_same_trace_to_the_byte(poisson_stream, clerks, even_work, way):
    traces = [
        simulate(mixed(poisson_stream, seed=3), way, clerks(2, interrupt=True), even_work(20.0))
        for _ in range(2)
    ]
    for name, value in vars(traces[0]).items():
        other = getattr(traces[1], name)
        assert value == other if isinstance(value, str) else value.tobytes() == other.tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_hours_are_those_that_the_staff_has(poisson_stream, clerks, even_work, way):
    stream = mixed(poisson_stream, seed=4)
    trace = simulate(stream, way, clerks(2), even_work(20.0))
    assert trace.hours.sum() <= 2 * (stream.end - stream.start) / 3_600 + 1e-6
    ended, opened = ~np.isnan(trace.ended_at), ~np.isnan(trace.opened_at)
    assert set(trace.label[ended]) <= {NO, YES, UNDETERMINED}
    assert set(trace.label[opened & ~ended]) <= {OPEN}
    assert set(trace.label[~opened]) <= {NEVER_OPENED}


def test_nobody_has_more_in_hand_than_places(poisson_stream, even_work):
    stream = mixed(poisson_stream, seed=5)
    staff = Staff("s", (unit(2, caseload=3),))
    trace = simulate(stream, "arrival", staff, even_work(20.0))
    began, ended = trace.opened_at, np.nan_to_num(trace.ended_at, nan=np.inf)
    in_hand = [((began <= at) & (ended > at)).sum() for at in began[~np.isnan(began)]]
    assert max(in_hand) == 6


def test_arrival_order_is_first_come_first_served(poisson_stream, clerks, even_work):
    stream = poisson_stream(500, per_day=5.0, lane=np.tile([ESCALATED, RANKED], 250))
    trace = simulate(stream, "arrival+escalation=off", clerks(2, interrupt=True), even_work(20.0))
    opened = trace.opened_at[~np.isnan(trace.opened_at)]
    assert (np.diff(opened) >= 0).all()
    assert len(opened) == np.flatnonzero(~np.isnan(trace.opened_at))[-1] + 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(WAYS), share=st.floats(0.1, 0.9), seed=st.integers(0, 50))
def test_no_way_sees_the_future(poisson_stream, clerks, even_work, way, share, seed):
    stream = mixed(poisson_stream, seed=seed, n_cases=150)
    cut = stream.start + share * (stream.end - stream.start)
    later, rng = stream.versions.at > cut, np.random.default_rng(seed)
    old = stream.versions
    changed = replace(
        old,
        at=np.where(later, cut + (old.at - cut) * 1.5, old.at),
        lane=np.where(later, rng.choice(LANES, len(old.at)), old.lane),
        imminence=np.where(later, rng.integers(-1, 3, len(old.at)), old.imminence),
        identity=np.where(later, rng.integers(-1, 5, len(old.at)), old.identity),
        foreign=np.where(later, True, old.foreign),
        scores={
            name: np.where(later, 100.0 * rng.random(len(old.at)), value)
            for name, value in old.scores.items()
        },
    )
    truth = replace(
        stream.truth, end=np.where(stream.truth.end > cut, stream.truth.end * 2, stream.truth.end)
    )
    after = replace(stream, versions=changed, truth=truth)
    staff = clerks(2, interrupt=True)
    first, second = (simulate(one, way, staff, even_work(20.0)) for one in (stream, after))
    for name in ("opened_at", "ended_at", "reached_at", "referred_at", "disposed_at"):
        one, two = getattr(first, name), getattr(second, name)
        np.testing.assert_array_equal(np.where(one <= cut, one, np.nan), np.where(two <= cut, two, np.nan))


def test_the_oracle_is_not_beaten(poisson_stream, clerks, even_work):
    reached = {way: [] for way in ("arrival", "noisy+escalation=off", "oracle")}
    for seed in range(12):
        stream = poisson_stream(400, per_day=5.0, seed=seed, prevalence=0.1)
        for way, found in reached.items():
            trace = simulate(stream, way, clerks(2), even_work(96.0, "fixed"))
            found.append(np.isfinite(trace.reached_at).sum())
    mean = {way: np.mean(found) for way, found in reached.items()}
    assert mean["oracle"] > mean["noisy+escalation=off"] > mean["arrival"]


# --- how cases are chosen


def test_what_escalates_comes_before_every_score(hand_made):
    stream = hand_made([(0, 0, RANKED, 5), (1, 1, RANKED, 9), (2, 2, ESCALATED, 0)])
    trace = simulate(stream, "expert", Staff("s", (unit(1),)), days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 20.0, 10.0]
    assert (
        simulate(stream, "expert+escalation=off", Staff("s", (unit(1),)), days(10)).opened_at[2] == 20 * DAY
    )


def test_an_escalated_case_interrupts_and_nothing_that_was_done_is_lost(hand_made):
    stream = hand_made([(0, 0, RANKED, 5), (1, 1, RANKED, 9), (2, 4, ESCALATED, 0)])
    trace = simulate(stream, "expert", Staff("s", (unit(1),), interrupt=True), days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 20.0, 4.0]
    assert (trace.ended_at / DAY).tolist() == [20.0, 30.0, 14.0]
    assert trace.interruptions.tolist() == [1, 0, 0]
    assert trace.hours.tolist() == [240.0, 240.0, 240.0]


def test_the_lowest_in_hand_is_the_one_that_is_interrupted(hand_made):
    stream = hand_made([(0, 0, RANKED, 5), (1, 0, RANKED, 2), (2, 4, ESCALATED, 0)])
    trace = simulate(stream, "expert", Staff("s", (unit(2),), interrupt=True), days(10))
    assert trace.interruptions.tolist() == [0, 1, 0]


def test_a_case_that_comes_to_escalate_in_hand_is_not_interrupted(hand_made):
    stream = hand_made([(0, 0, RANKED, 5), (0, 2, ESCALATED, 5), (1, 4, ESCALATED, 9)])
    trace = simulate(stream, "expert", Staff("s", (unit(1),), interrupt=True), days(10))
    assert trace.interruptions.tolist() == [0, 0]
    assert trace.opened_at[1] == 10 * DAY


def test_a_new_version_moves_a_case_and_leaves_no_ghost(hand_made):
    rows = [(0, 0, RANKED, 1), (1, 1, RANKED, 9), (1, 3, RANKED, 2), (2, 2, RANKED, 5)]
    trace = simulate(hand_made(rows), "expert", Staff("s", (unit(1),)), days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 20.0, 10.0]


def test_equal_scores_are_opened_by_waiting(hand_made):
    rows = [(case, case, RANKED, 1) for case in range(4)]
    trace = simulate(hand_made(rows), "expert", Staff("s", (unit(1),)), days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 10.0, 20.0, 30.0]


def test_a_paused_case_waits_until_it_is_released(hand_made):
    rows = [(0, 0, PAUSED, 9), (0, 30, RANKED, 9), (1, 1, RANKED, 1)]
    trace = simulate(hand_made(rows), "expert", Staff("s", (unit(1),)), days(10))
    assert (trace.opened_at / DAY).tolist() == [30.0, 1.0]


def test_children_to_protect_are_served_beside_by_their_own_unit(hand_made):
    rows = [(0, 0, RANKED, 9), (1, 1, RANKED, 9), (2, 2, YOUTH, 0)]
    own = Staff("s", (unit(1, lanes=("escalated", "ranked")), replace(unit(1), name="y", lanes=("youth",))))
    trace = simulate(hand_made(rows), "expert", own, days(10))
    assert (trace.opened_at / DAY).tolist() == [0.0, 10.0, 2.0]
    assert trace.unit.tolist() == [0, 0, 1]
    alone = Staff("s", (unit(1, lanes=("escalated", "ranked")),))
    assert np.isnan(simulate(hand_made(rows), "expert", alone, days(10)).opened_at[2])


def test_a_case_without_a_score_comes_last(hand_made):
    rows = [(0, 0, RANKED, 1), (1, 1, RANKED, np.nan), (2, 2, RANKED, -50)]
    trace = simulate(hand_made(rows), "expert", Staff("s", (unit(1),)), days(10))
    assert trace.opened_at[2] < trace.opened_at[1]


def test_ageing_brings_up_who_has_waited(hand_made):
    fresh = [(case, 0.5 * case, RANKED, 5 + case % 3) for case in range(1, 100)]
    stream = hand_made([(0, 0.1, RANKED, 1), *fresh])
    staff = Staff("s", (unit(1),), busy_at_start=True)
    without = simulate(stream, "expert", staff, days(2))
    aged = simulate(stream, "expert+ageing=10", staff, days(2))
    assert np.isnan(without.opened_at[0])
    assert aged.opened_at[0] < 40 * DAY


def test_deadlines_that_were_given_are_kept_before_better_cases(hand_made):
    early = [(case, 0.1 + case / 10, RANKED, 5) for case in range(10)]
    late = [(10 + case, 8 + case, RANKED, 9) for case in range(20)]
    stream = hand_made([*early, *late])
    kept, broken = (
        simulate(stream, way, Staff("s", (unit(1),)), days(2)) for way in ("expert+deadlines", "expert")
    )

    def share(trace):
        due = ~np.isnan(trace.due_at) & (trace.due_at <= stream.end)
        return (trace.opened_at[due] <= trace.due_at[due]).mean()

    assert share(kept) > share(broken)
    assert kept.opened_at[:10].max() < 30 * DAY < broken.opened_at[:10].max()


def test_what_escalates_is_due_within_a_day(hand_made):
    trace = simulate(
        hand_made([(0, 3, ESCALATED, 0), (1, 4, RANKED, 0)]), "arrival", Staff("s", (unit(1),)), days(1)
    )
    assert trace.due_at[0] == 4 * DAY
    assert np.isnan(trace.due_at[1])


def test_foreign_cases_leave_by_referral_unless_they_escalate(hand_made):
    rows = [(0, 0, RANKED, 9), (1, 1, RANKED, 5), (2, 2, ESCALATED, 1), (3, 3, RANKED, 1)]
    stream = hand_made(rows, foreign=np.array([False, True, True, False]))
    trace = simulate(stream, "expert+refer", Staff("s", (unit(1),)), days(10))
    assert trace.referred_at[1] == 8 * DAY
    assert trace.referred_at[2] == 3 * DAY
    assert np.isnan(trace.opened_at[1])
    assert trace.opened_at[2] == 10 * DAY
    kept = simulate(stream, "expert", Staff("s", (unit(1),)), days(10))
    assert np.isnan(kept.referred_at).all()
    assert kept.opened_at[1] == 20 * DAY


def test_only_identified_cases_of_the_lowest_scores_get_an_alternative(hand_made):
    rows = [(case, 0.1 * case, RANKED, case) for case in range(20)]
    stream = hand_made(rows, identity=np.array([4, 0] * 10))
    work = days(50, alternatives=Alternatives(after_days=20, hours=12.0, a_week=2))
    trace = simulate(stream, "expert+alternatives=0.3", Staff("s", (unit(1),)), work)
    disposed = np.flatnonzero(~np.isnan(trace.disposed_at))
    # Case 0 was opened when it came; 2 and 4 are left of the six lowest that are identified.
    assert disposed.tolist() == [2, 4]
    assert (trace.hours[disposed] == 12.0).all()


def test_a_case_that_left_comes_back_when_it_escalates(hand_made):
    rows = [(0, 0, RANKED, 9), (1, 1, RANKED, 5), (1, 30, ESCALATED, 5)]
    stream = hand_made(rows, foreign=np.array([False, True, False]))
    trace = simulate(stream, "expert+refer", Staff("s", (unit(1),)), days(10))
    assert trace.referred_at[1] == 8 * DAY
    assert trace.opened_at[1] == 30 * DAY


def test_a_way_can_change_in_the_course_of_the_period(hand_made):
    rows = [(0, 0, RANKED, 0), *((case, case / 10, RANKED, case) for case in range(1, 6))]
    trace = simulate(hand_made(rows), "arrival,2=expert", Staff("s", (unit(1),)), days(9))
    assert np.argsort(trace.opened_at).tolist() == [0, 1, 5, 4, 3, 2]


# --- what is found


def test_a_child_is_reached_at_the_end_of_a_successful_investigation(hand_made):
    stream = hand_made([(0, 0, RANKED, 1)], onset=[-10], end=[100])
    trace = simulate(stream, "arrival", Staff("s", (unit(1),)), days(10))
    assert trace.reached_at[0] == 10 * DAY
    assert trace.label[0] == YES


def test_abuse_that_ended_by_itself_reaches_nobody(hand_made):
    over = simulate(
        hand_made([(0, 0, RANKED, 1)], onset=[-10], end=[5]), "arrival", Staff("s", (unit(1),)), days(10)
    )
    assert np.isnan(over.reached_at[0])
    assert over.label[0] == YES
    before = simulate(
        hand_made([(0, 3, RANKED, 1)], onset=[-10], end=[2]), "arrival", Staff("s", (unit(1),)), days(10)
    )
    assert before.label[0] == NO


def test_reaching_one_case_reaches_the_person(hand_made):
    rows = [(0, 0, RANKED, 9), (1, 1, RANKED, 5), (2, 30, RANKED, 5)]
    stream = hand_made(rows, person=[7, 7, 7], onset=[-10] * 3, end=[100] * 3)
    trace = simulate(stream, "arrival", Staff("s", (unit(1),)), days(10))
    assert (trace.reached_at[:2] / DAY).tolist() == [10.0, 10.0]
    # The third came when the abuse was over, and the second was opened then.
    assert np.isnan(trace.reached_at[2])
    assert trace.label.tolist() == [YES, NO, NO]


def test_luck_decides_what_is_found(hand_made):
    luck = np.full((2, 4), 0.5)
    luck[:, 1] = [0.69, 0.71]
    stream = hand_made([(0, 0, RANKED, 1), (1, 0, RANKED, 1)], onset=[-1] * 2, end=[99] * 2, luck=luck)
    work = replace(days(10), success=Success((0.7,) * 6), findings=Findings(undetermined_missed=0.6))
    trace = simulate(stream, "arrival", Staff("s", (unit(2),)), work)
    assert trace.label.tolist() == [YES, UNDETERMINED]
    assert np.isnan(trace.reached_at[1])


def test_success_falls_with_the_age_of_the_evidence(hand_made):
    work = replace(days(10), success=Success((0.8,) * 6, half_life_days=10.0, gone=0.5))
    luck = np.full((3, 4), 0.35)
    rows = [(0, 0, RANKED, 9), (1, 0, RANKED, 8), (2, 0, RANKED, 7)]
    stream = hand_made(
        rows, onset=[-1] * 3, end=[99] * 3, luck=luck, evidence_end=np.array([np.nan, np.nan, 5 * DAY])
    )
    trace = simulate(stream, "expert", Staff("s", (unit(1),)), work)
    # Chances of 0.8, 0.4 after one half-life, and 0.8 / 4 / 2 after two and what is gone.
    assert trace.label.tolist() == [YES, YES, NO]


# --- audit


def test_the_lottery_has_the_chances_that_it_says(poisson_stream, clerks, even_work):
    stream = poisson_stream(150, per_day=2.0, seed=9)
    totals = []
    for draw in range(120):
        trace = simulate(replace(stream, draw=draw), "expert+audit=0.3", clerks(1), even_work(100.0, "fixed"))
        opened = ~np.isnan(trace.opened_at)
        assert (trace.inclusion[opened] > 0).all()
        assert (trace.inclusion[opened & ~trace.audit] == 1).all()
        late = stream.arrival > stream.end - 14 * DAY
        totals.append((1 / trace.inclusion[opened & ~late]).sum())
    count = (~late).sum()
    error = np.std(totals, ddof=1) / np.sqrt(len(totals))
    assert np.mean(totals) == pytest.approx(count, abs=4 * error)
    assert error < 0.1 * count


@pytest.mark.parametrize(
    "way",
    [
        "expert+audit=0.4",
        "expert+audit=0.4+deadlines",
        "noisy+audit=0.4+learn=4",
        "noisy+audit=0.4,8=expert+audit=0.4",
    ],
)
def test_one_over_the_chances_adds_up_to_a_pool_that_stays_and_of_which_half_is_opened(
    poisson_stream, clerks, even_work, way
):
    stream = poisson_stream(300, seed=9)
    arrival = stream.start + np.linspace(0, 5 * DAY, 300)
    stream = replace(
        stream, arrival=arrival, versions=replace(stream.versions, at=arrival), end=stream.start + 182 * DAY
    )
    totals = []
    for draw in range(30):
        trace = simulate(replace(stream, draw=draw), way, clerks(2), even_work(60.0, "fixed"))
        opened = ~np.isnan(trace.opened_at)
        assert 130 < opened.sum() < 160
        totals.append((1 / trace.inclusion[opened]).sum())
    error = np.std(totals, ddof=1) / np.sqrt(len(totals))
    assert np.mean(totals) == pytest.approx(300, abs=3.5 * error)
    assert error < 0.015 * 300


def test_without_audit_what_is_below_has_no_chance(poisson_stream, clerks, even_work):
    trace = simulate(poisson_stream(150, per_day=2.0), "expert", clerks(1), even_work(100.0))
    assert not trace.audit.any()
    assert set(trace.inclusion) == {0.0, 1.0}


def test_learning_changes_the_order_and_uses_what_was_found_alone(poisson_stream, clerks, even_work):
    stream = mixed(poisson_stream, seed=11, n_cases=600)
    plain, learned = (simulate(stream, way, clerks(4), even_work(30.0)) for way in ("noisy", "noisy+learn=4"))
    same = np.fmin(plain.opened_at, learned.opened_at) <= stream.start + 28 * DAY
    np.testing.assert_array_equal(plain.opened_at[same], learned.opened_at[same])
    assert (plain.opened_at[~same] != learned.opened_at[~same]).any()


# --- staff


def test_who_joins_later_takes_cases_from_then_on(hand_made):
    rows = [(case, 0, RANKED, 0) for case in range(4)]
    staff = Staff("s", (replace(unit(1), joining=(Joining(1, 2),)),))
    trace = simulate(hand_made(rows), "arrival", staff, days(20))
    assert (trace.opened_at / DAY).tolist() == [0.0, 14.0, 20.0, 34.0]


def test_places_that_are_busy_at_the_start_become_free_evenly(hand_made):
    rows = [(case, 0, RANKED, 0) for case in range(2)]
    trace = simulate(hand_made(rows), "arrival", Staff("s", (unit(2),), busy_at_start=True), days(20))
    assert (trace.opened_at / DAY).tolist() == [5.0, 15.0]


def test_a_period_can_be_cut_short(poisson_stream, clerks, even_work):
    stream = poisson_stream(300, per_day=2.0)
    trace = simulate(stream, "arrival", clerks(1), even_work(10.0), weeks=3)
    assert np.nanmax(trace.opened_at) < stream.start + 21 * DAY
    with pytest.raises(InputRefusedError, match="weeks = 0"):
        simulate(stream, "arrival", clerks(1), even_work(), weeks=0)


def test_a_way_without_its_score_is_refused(poisson_stream, clerks, even_work):
    with pytest.raises(InputRefusedError, match="no score 'rules'"):
        simulate(poisson_stream(10), "rules", clerks(1), even_work())
