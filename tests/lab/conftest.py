from __future__ import annotations

import numpy as np
import pytest

from triage.lab.staff import Staff, Unit
from triage.lab.stream import DAY, Stream, Truth, Versions
from triage.lab.work import Hours, Success, Work
from triage.worklist.order import ESCALATED, RANKED

START = 1_483_228_800.0
HOUR = 3_600.0


def make_poisson_stream(
    n_cases=1_000,
    *,
    per_day=1.0,
    seed=1,
    prevalence=0.05,
    informed=1.5,
    repeats=0.0,
    lane=RANKED,
    start=START,
):
    """A stream of cases that arrive as a Poisson process, with scores that tell something of the truth."""
    rng = np.random.default_rng(seed)
    arrival = start + np.cumsum(rng.exponential(DAY / per_day, n_cases))
    end = float(arrival[-1]) + 1.0
    abused = rng.random(n_cases) < prevalence
    onset = np.where(abused, arrival - rng.exponential(200 * DAY, n_cases), np.nan)
    spell_end = np.where(abused, arrival + rng.exponential(400 * DAY, n_cases), np.nan)
    score = rng.normal(size=n_cases) + informed * abused
    more = rng.poisson(repeats, n_cases)
    case = np.repeat(np.arange(n_cases), more + 1)
    first = np.concatenate([[True], case[1:] != case[:-1]])
    at = np.where(first, arrival[case], arrival[case] + rng.exponential(30 * DAY, len(case)))
    at = at[np.lexsort((at, case))]
    moved = score[case] + np.where(first, 0.0, rng.normal(scale=0.5, size=len(case)))
    lanes = np.broadcast_to(np.asarray(lane), n_cases)[case].astype(np.int64)
    truth = Truth(abused.astype(np.int64), ("none", "abuse"), np.arange(n_cases), onset, spell_end)
    odds = np.exp(informed * moved - informed**2 / 2) * prevalence / max(1 - prevalence, 1e-9)
    versions = Versions(
        case=case,
        at=at,
        lane=lanes,
        imminence=np.where(lanes == 1, 1, -1),
        solvable=rng.integers(0, 20, n_cases)[case],
        identity=rng.integers(-1, 5, n_cases)[case],
        evidence_end=np.full(len(case), np.nan),
        foreign=(rng.random(n_cases) < 0.2)[case],
        learned=np.arange(len(case)) - np.flatnonzero(first)[case],
        scores={
            "expert": moved,
            "noisy": moved + 2.0 * rng.normal(size=n_cases)[case],
            "oracle": odds / (1 + odds),
        },
    )
    return Stream(
        world="poisson",
        seed=seed,
        draw=0,
        start=start,
        end=end,
        case_id=[f"c{index:07d}" for index in range(n_cases)],
        arrival=arrival,
        versions=versions,
        truth=truth,
        luck=rng.random((n_cases, 4)),
    )


def make_by_hand(rows, *, days=60.0, person=None, onset=None, end=None, luck=None, **columns):
    """A stream of which every moment is stated: rows of (case, day, lane, score)."""
    case, day, lane, score = (np.array(column) for column in zip(*rows, strict=True))
    n_cases, n = int(case.max()) + 1, len(case)
    first = np.array([day[case == one].min() for one in range(n_cases)])
    nan = np.full(n_cases, np.nan)
    versions = Versions(
        case=case,
        at=day * DAY,
        lane=lane,
        imminence=np.where(lane == ESCALATED, 1, -1),
        solvable=np.zeros(n, dtype=np.int64),
        identity=columns.get("identity", np.zeros(n, dtype=np.int64)),
        evidence_end=columns.get("evidence_end", np.full(n, np.nan)),
        foreign=columns.get("foreign", np.zeros(n, dtype=bool)),
        learned=columns.get("learned", np.zeros(n, dtype=np.int64)),
        scores={"expert": score.astype(np.float64)},
    )
    truth = Truth(
        np.zeros(n_cases, dtype=np.int64),
        ("none",),
        np.arange(n_cases) if person is None else np.array(person),
        nan if onset is None else np.array(onset, dtype=np.float64) * DAY,
        nan if end is None else np.array(end, dtype=np.float64) * DAY,
    )
    return Stream(
        "hand", 1, 0, 0.0, days * DAY, [str(one) for one in range(n_cases)], first * DAY, versions, truth,
        np.full((n_cases, 4), 0.5) if luck is None else luck,
    )  # fmt: skip


def make_clerks(detectives=1, **options):
    """A staff that works round the clock, so that an hour of work is an hour."""
    unit = Unit("all", detectives, lanes=("escalated", "ranked", "youth"), hours_a_week=168.0)
    return Staff("clerks", (unit,), **options)


def make_work(hours=12.0, law="exponential", spread=1.0, success=1.0):
    """Work of the same mean hours whatever is known."""
    return Work("even", Hours((hours,) * 6, spread, law=law), Success((success,) * 6))


@pytest.fixture
def poisson_stream():
    return make_poisson_stream


@pytest.fixture
def clerks():
    return make_clerks


@pytest.fixture
def even_work():
    return make_work


@pytest.fixture
def hand_made():
    return make_by_hand
