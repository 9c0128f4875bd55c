"""Escalation that cannot be overruled, and a list that loses nobody: for every input, not for some."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.worklist.facts import Facts
from triage.worklist.order import (
    ESCALATED,
    MAIN_LANES,
    PAUSED,
    RANKED,
    UNREADABLE,
    YOUTH,
    Order,
    Ranking,
    give_due,
    give_tiers,
    offset_lanes,
    order_cases,
    sort_within_tiers,
)
from triage.worklist.policy import Capacity, Ordering, Policy, Tier, load_policy

NOW = datetime(2024, 6, 1, tzinfo=UTC)
whatever_the_load = settings(deadline=None)


@dataclass(frozen=True)
class Case:
    """What the order looks at."""

    name: str
    score: float
    imminence: int
    youth: bool
    paused: bool
    received: float
    solvable: int
    evidence: float


@dataclass(frozen=True)
class Cases:
    """Scored cases, as far as the order reads them."""

    case_id: list[str]
    score: Any
    facts: Facts


_CASE = st.builds(
    Case,
    name=st.just(""),
    score=st.one_of(*[st.sampled_from([0.0, 1.0, 2.0, -1e300])] * 3, st.floats()),
    imminence=st.sampled_from([-1, -1, -1, -1, 1, 2, 3]),
    youth=st.sampled_from([False, False, False, True]),
    paused=st.sampled_from([False, False, False, True]),
    received=st.sampled_from([1.7e9, 1.71e9, float("nan")]),
    solvable=st.integers(0, 20),
    evidence=st.sampled_from([float("nan"), -3.0, 0.5, 4.0, 20.0]),
)
CASES = st.lists(_CASE, max_size=25).map(
    lambda cases: [replace(case, name=f"c{i}") for i, case in enumerate(cases)]
)
LOWERED = st.sets(st.sampled_from([f"c{i}" for i in range(25)] + ["of no batch"]), max_size=12)
POLICIES = st.builds(
    lambda axes, due, tiers, count, units: replace(
        load_policy(),
        order=Ordering(tuple(axes), due),
        tiers=tiers,
        **(
            {"units": {"a": Capacity(count=count), "b": Capacity(share=0.5)},
             "capacity": Capacity(parts=(Capacity(count=count), Capacity(share=0.5)))}
            if units
            else {"capacity": Capacity(count=count)}
        ),
    ),
    st.lists(st.sampled_from(["evidence", "solvability"]), unique=True),
    st.booleans(),
    st.sampled_from([load_policy().tiers, (Tier(1, 1), Tier(2, 2)), (Tier(1, 1), Tier(2, 3), Tier(3, 90))]),
    st.integers(1, 30),
    st.booleans(),
)  # fmt: skip


def score(cases: list[Case]) -> Cases:
    nothing = pa.repeat("", len(cases))
    column = {
        name: np.array([getattr(case, name) for case in cases])
        for name in ("imminence", "youth", "paused", "received", "solvable", "evidence")
    }
    evidence = column["evidence"].astype(float)
    return Cases(
        pa.array([case.name for case in cases], pa.string()),
        np.array([case.score for case in cases], dtype=float),
        Facts(
            received=column["received"].astype(float),
            reports=np.ones(len(cases)),
            sources=nothing,
            country=nothing,
            solvability=nothing,
            solvable=column["solvable"].astype(int),
            imminence=column["imminence"].astype(int),
            rule=nothing,
            youth=column["youth"].astype(bool),
            paused=column["paused"].astype(bool),
            preserve_until=NOW.timestamp() + 86_400 * evidence,
            evidence_days=evidence,
        ),
    )


@dataclass(frozen=True)
class Row:
    """One row of the finished list."""

    case: Case
    lane: int
    rank: int
    tier: int
    due: float


def join(arrays: Iterable[Any]) -> Any:
    return np.concatenate([np.zeros(0), *arrays])


def list_cases(
    cases: list[Case], policy: Policy, lowered: set[str], before: int = 0, parts: int = 1
) -> list[Row]:
    """Make the list as `build_worklist` does, from several parts."""
    pieces = [cases[start::parts] for start in range(parts)]
    scored = [score(piece) for piece in pieces]
    order: Order = order_cases(
        Ranking.of(
            pa.concat_arrays([part.case_id for part in scored]),
            join(part.score for part in scored),
            [part.facts for part in scored],
        ),
        "key",
        lowered=lowered,
    )
    rank = np.arange(len(order.lane)) + offset_lanes(order.lane, before)[order.lane]
    limit = policy.capacity.of(len(cases))
    tier = give_tiers(order, before, limit, policy)
    told = pa.table(
        {
            "evidence_days": join(part.facts.evidence_days for part in scored),
            "solvable": join(part.facts.solvable for part in scored),
        }
    )
    place = sort_within_tiers(order, tier, lambda rows: told.take(pa.array(rows)), policy)
    order = order if place is None else order.at(place)
    until = join(part.facts.preserve_until for part in scored)[order.row]
    due = (give_due(tier, NOW, policy, until) - NOW.timestamp()) / 86_400
    flat = [case for piece in pieces for case in piece]
    columns = (order.row, order.lane, rank, tier, due)
    return [
        Row(flat[row], lane, place, level, days)
        for row, lane, place, level, days in zip(*(column.tolist() for column in columns), strict=True)
    ]


@given(CASES, POLICIES, LOWERED, st.integers(0, 3))
@whatever_the_load
def test_no_case_vanishes_and_none_stands_twice(
    cases: list[Case], policy: Policy, lowered: set[str], before: int
) -> None:
    rows = list_cases(cases, policy, lowered, before)
    assert Counter(row.case.name for row in rows) == Counter(case.name for case in cases)
    main = [row.rank for row in rows if row.lane in MAIN_LANES]
    assert main == list(range(before + 1, before + len(main) + 1))
    for beside in (YOUTH, PAUSED):
        ranks = [row.rank for row in rows if row.lane == beside]
        assert ranks == list(range(1, len(ranks) + 1))


@given(CASES, POLICIES, LOWERED)
@whatever_the_load
def test_nothing_moves_an_escalated_case_below_one_that_is_not(
    cases: list[Case], policy: Policy, lowered: set[str]
) -> None:
    """Whatever its score, the capacity, the axes, the units, a pause, or who lowered it."""
    rows = list_cases(cases, policy, lowered)
    for above, below in pairwise(row for row in rows if row.lane in MAIN_LANES):
        if below.case.imminence > 0 and above.lane != UNREADABLE:
            assert above.case.imminence > 0
    for above, below in pairwise(row for row in rows if row.lane == YOUTH):
        if below.case.imminence > 0:
            assert above.case.imminence > 0
    for row in rows:
        if row.case.imminence > 0:
            assert row.lane in {UNREADABLE, ESCALATED, YOUTH}
            assert row.tier in ({1, 2} if row.case.name in lowered else {1})
            assert row.due <= (policy.tiers[1].days if row.tier == 2 else 1)


@given(CASES, POLICIES, LOWERED, LOWERED)
@whatever_the_load
def test_who_is_escalated_depends_on_facts_alone(
    cases: list[Case], policy: Policy, lowered: set[str], others: set[str]
) -> None:
    """A model that turns the scores round, another policy of order and other lowerings change no lane."""
    finite = [replace(case, score=case.score if np.isfinite(case.score) else 0.0) for case in cases]
    turned = [replace(case, score=-case.score) for case in finite]
    lanes = {row.case.name: row.lane for row in list_cases(finite, policy, lowered)}
    assert lanes == {row.case.name: row.lane for row in list_cases(turned, load_policy(), others)}


@given(CASES, POLICIES, LOWERED)
@whatever_the_load
def test_lowered_case_stays_escalated_behind_all_that_are_not_lowered(
    cases: list[Case], policy: Policy, lowered: set[str]
) -> None:
    for lane in (ESCALATED, YOUTH):
        escalated = [
            row for row in list_cases(cases, policy, lowered) if row.lane == lane and row.case.imminence > 0
        ]
        down = [row.case.name in lowered for row in escalated]
        assert down == sorted(down)
        assert [row.tier for row in escalated] == [1 + is_down for is_down in down]


@given(CASES, POLICIES, LOWERED)
@whatever_the_load
def test_lowering_what_does_not_escalate_changes_nothing(
    cases: list[Case], policy: Policy, lowered: set[str]
) -> None:
    others = {case.name for case in cases if case.imminence < 0} | {"of no batch"}
    assert list_cases(cases, policy, lowered & others) == list_cases(cases, policy, set())


@given(CASES, POLICIES)
@whatever_the_load
def test_case_whose_scoring_failed_goes_up_and_not_out(cases: list[Case], policy: Policy) -> None:
    for row in list_cases(cases, policy, set()):
        failed = not np.isfinite(row.case.score)
        assert (row.lane == UNREADABLE) == (failed and not row.case.youth)
        if row.lane == UNREADABLE:
            assert (row.tier, row.due <= 1) == (1, True)


@given(CASES, POLICIES)
@whatever_the_load
def test_child_is_never_on_the_list_of_suspects(cases: list[Case], policy: Policy) -> None:
    for row in list_cases(cases, policy, set()):
        assert (row.lane == YOUTH) == row.case.youth


@given(CASES, POLICIES, LOWERED, st.integers(1, 5), st.randoms())
@whatever_the_load
def test_list_is_the_same_whatever_the_rows_and_the_parts(
    cases: list[Case], policy: Policy, lowered: set[str], parts: int, rng: random.Random
) -> None:
    shuffled = rng.sample(cases, len(cases))
    once = [replace(row, case=row.case.name) for row in list_cases(cases, policy, lowered)]  # type: ignore[arg-type]
    assert once == [replace(row, case=row.case.name) for row in list_cases(shuffled, policy, lowered, parts=parts)]  # type: ignore[arg-type]  # fmt: skip


@given(CASES, POLICIES)
@whatever_the_load
def test_no_axis_moves_a_case_over_the_edge_of_a_tier(cases: list[Case], policy: Policy) -> None:
    by_score = replace(policy, order=replace(policy.order, within_tier=()))
    with_axes, without = (list_cases(cases, one, set()) for one in (policy, by_score))
    assert {row.case.name: row.tier for row in with_axes} == {row.case.name: row.tier for row in without}
    unplanned = [[row.case.name for row in rows if row.tier == 5] for rows in (with_axes, without)]
    assert unplanned[0] == unplanned[1]
    assert [row.lane for row in with_axes] == [row.lane for row in without]


@given(CASES, POLICIES)
@whatever_the_load
def test_no_deadline_moves_back(cases: list[Case], policy: Policy) -> None:
    days = {tier.number: tier.days for tier in policy.tiers}
    for row in list_cases(cases, policy, set()):
        if row.tier not in days:
            assert row.due < 0
        elif policy.order.due_before_evidence_ends and 0 <= row.case.evidence < days[row.tier]:
            assert row.due == row.case.evidence
        else:
            assert row.due == days[row.tier]


@given(CASES)
@whatever_the_load
def test_more_capacity_never_puts_a_case_into_a_later_tier(cases: list[Case]) -> None:
    policy = load_policy()
    tiers = [
        {row.case.name: row.tier for row in list_cases(cases, policy.with_capacity(Capacity(count=count)), set())}
        for count in (3, 9)
    ]  # fmt: skip
    assert all(tiers[1][name] <= tier for name, tier in tiers[0].items())


@given(CASES, POLICIES)
@whatever_the_load
def test_ranked_cases_of_a_tier_follow_the_axes_of_the_policy(cases: list[Case], policy: Policy) -> None:
    rows = [row for row in list_cases(cases, policy, set()) if row.lane == RANKED and row.tier != 5]

    def key(row: Row) -> tuple[float, ...]:
        axes = {
            "evidence": row.case.evidence if row.case.evidence >= 0 else np.inf,
            "solvability": -row.case.solvable,
        }
        return (row.tier, *(axes[name] for name in policy.order.within_tier))

    keys = [key(row) for row in rows]
    assert keys == sorted(keys)
    for above, below in pairwise(rows):
        if key(above) == key(below):
            assert above.case.score >= below.case.score
