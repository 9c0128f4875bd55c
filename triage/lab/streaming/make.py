"""Make a stream block by block, so that memory holds the tables of one block and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.lab.stream import DAY, Stream, Truth, Versions
from triage.lab.streaming.knowing import know_versions
from triage.lab.streaming.lives import Lives, tell_lives
from triage.lab.streaming.moments import choose_moments, list_news
from triage.lab.whatif import WhatIf, switch_on
from triage.worklist.policy import load_policy
from triage.worlds.simulation import draw_rows, plan_simulation
from triage.worlds.skeleton import BLOCK_CASES
from triage.worlds.state.moments import solve_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.lab.streaming.knowing import Known
    from triage.scoring.bundle import Bundle
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worlds.file.world import World
    from triage.worlds.simulation import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ORACLE = "oracle"
MOST_CASES = 10_000_000
# Blocks from this number on hold the cases that a greater volume adds to those that are there anyway.
FIRST_ADDED = 2**20
# Tells the numbers drawn here from those of the world itself.
_LUCK = 7
_LUCKS = 4


@dataclass(frozen=True)
class _Run:
    """Some blocks of a world, and which of their cases count.

    Parameters
    ----------
    plan : Plan
        The world made ready.
    cases, first : int
        How many, and the number of the first block.
    begin, end : float
        Cases count that arrive from `begin` on and before `end`.
    """

    plan: Plan
    cases: int
    first: int
    begin: float
    end: float


@dataclass(frozen=True)
class _Piece:
    """What one block adds to a stream: the fields of `Stream`, its cases in the order of the block."""

    case_id: list[str]
    arrival: Ints
    lives: Lives
    luck: Floats
    case: Ints
    at: Ints
    known: Known
    oracle: Floats


def make_stream(
    world: World,
    cases: int,
    seed: int,
    *,
    models: Mapping[str, Bundle | Model],
    draw: int = 0,
    change: WhatIf | None = None,
    policy: Policy | None = None,
    again_days: float | None = None,
) -> Stream:
    """Make everything that reaches an agency of a world in its period.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many arrive if nothing is changed.
    seed : int
        The same seed gives the same stream, and the cases are those of a batch written with it.
    models : mapping of str to Bundle or Model
        Whose scores are wanted, by the name under which they stand in the stream.
    draw : int
        Which draw of the world's effects; 0 is the world as written.
    change : WhatIf, optional
        What differs from the world as it is.
    policy : Policy, optional
        Its rules say what escalates, what is youth and what pauses; the shipped ``default`` if left out.
    again_days : float, optional
        After how many days without news a case is looked at once more. Scores and the posterior of the
        oracle grow old while nothing comes; without it they stay as they were.

    Returns
    -------
    Stream
        Cases in the order of arrival.

    Raises
    ------
    InputRefusedError
        `cases` is out of range, or a model has the name of the oracle.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> stream = make_stream(load_world("nl-2017"), 50, seed=1, models={})
    >>> len(stream.case_id), sorted(stream.versions.scores)
    (50, ['oracle'])
    """
    _check(cases, models)
    change, policy = change or WhatIf(), policy or load_policy()
    again = None if again_days is None else round(again_days * DAY)
    pieces = [
        _make_piece(run, seed, index, models, policy, change, again)
        for run in _list_runs(world, cases, draw, change)
        for index in range(-(-run.cases // BLOCK_CASES))
    ]
    return _join(world, seed, draw, change, pieces, list(models))


def _check(cases: int, models: Mapping[str, Bundle | Model]) -> None:
    if not 1 <= cases <= MOST_CASES:
        raise InputRefusedError(
            str(cases), where="the number of cases", expected=f"a whole number from 1 to {MOST_CASES}"
        )
    if ORACLE in models:
        raise InputRefusedError(
            f"a model called {ORACLE}", where="models", expected="another name: this one is the truth's own"
        )


def _list_runs(world: World, cases: int, draw: int, change: WhatIf) -> list[_Run]:
    """List what is to be drawn: the cases as they are, those that come to them, and both after a drift."""
    if change.switches:
        world = switch_on(world, change.switches)
    spans = [(draw, -np.inf, np.inf)]
    if change.drift:
        turn = change.drift.start.timestamp()
        spans = [(draw, -np.inf, turn), (change.drift.draw, turn, np.inf)]
    plans = {one: plan_simulation(world, one) for one, _, _ in spans}
    added = round(cases * (change.volume - 1))
    sizes = [(cases, 0), *([(added, FIRST_ADDED)] if added > 0 else [])]
    return [_Run(plans[one], size, first, *span) for size, first in sizes for one, *span in spans]


def _make_piece(
    run: _Run,
    seed: int,
    index: int,
    models: Mapping[str, Bundle | Model],
    policy: Policy,
    change: WhatIf,
    again: int | None,
) -> _Piece:
    size, number = min(BLOCK_CASES, run.cases - index * BLOCK_CASES), run.first + index
    drawn = draw_rows(run.plan, size, seed, number)
    block = drawn.block
    arrival, lives = block.reports.received[block.reports.first], tell_lives(block)
    lots = _draw_lots(run.plan, seed, number, size)
    kept = (arrival >= run.begin) & (arrival < run.end) & (lots[:, -1] >= _removed(run, change, lives))
    news = list_news(drawn.part, block.as_of)
    case, at = choose_moments(news, size, block.as_of, again)
    case, at = case[kept[case]], at[kept[case]]
    place = np.cumsum(kept) - 1
    return _Piece(
        drawn.part.cases.filter(pa.array(kept)).to_pylist(),
        arrival[kept],
        Lives(lives.situation[kept], lives.person[kept], lives.onset[kept], lives.end[kept]),
        lots[kept, :_LUCKS],
        place[case],
        at,
        know_versions(drawn.part, case, at, models, policy),
        solve_at(block, case, at),
    )


def _draw_lots(plan: Plan, seed: int, number: int, size: int) -> Floats:
    """Draw even numbers for each case of a block: its luck, and whether it is removed; (n_cases, 5)."""
    key = np.random.SeedSequence(seed, spawn_key=(number, *plan.model.stream, _LUCK))
    return np.random.Generator(np.random.PCG64(key)).random((size, _LUCKS + 1))


def _removed(run: _Run, change: WhatIf, lives: Lives) -> Floats:
    """Return with which chance each case never arrives."""
    noise = np.array([one.name in change.noise for one in run.plan.model.world.situations])
    less = max(1 - change.volume, 0.0)
    share = np.where(noise, change.noise_removed, change.others_removed)
    return np.asarray(1 - (1 - share[lives.situation]) * (1 - less))


def _join(
    world: World, seed: int, draw: int, change: WhatIf, pieces: list[_Piece], names: list[str]
) -> Stream:
    """Put pieces together, the cases in order of arrival."""
    case_id = [name for piece in pieces for name in piece.case_id]
    arrival = np.concatenate([piece.arrival for piece in pieces])
    order = np.lexsort((np.array(case_id, dtype=str), arrival))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    before = np.cumsum([0, *(len(piece.case_id) for piece in pieces)])
    people = np.cumsum([0, *(int(piece.lives.person.max(initial=-1)) + 1 for piece in pieces)])
    case = place[np.concatenate([piece.case + first for piece, first in zip(pieces, before, strict=False)])]
    at = np.concatenate([piece.at for piece in pieces])
    version = np.lexsort((at, case))

    def take(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(piece.known, name) for piece in pieces])[version]

    scores = {name: np.concatenate([piece.known.scores[name] for piece in pieces])[version] for name in names}
    scores[ORACLE] = np.concatenate([piece.oracle for piece in pieces])[version]
    fields = ("lane", "imminence", "solvable", "identity", "evidence_end", "foreign")
    person = np.concatenate(
        [piece.lives.person + first for piece, first in zip(pieces, people, strict=False)]
    )[order]

    def truth(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(piece.lives, name) for piece in pieces])[order]

    return Stream(
        world=world.name if change == WhatIf() else f"{world.name}, {change.name}",
        seed=seed,
        draw=draw,
        start=world.start.timestamp(),
        end=world.end.timestamp(),
        case_id=[case_id[row] for row in order.tolist()],
        arrival=arrival[order].astype(np.float64),
        versions=Versions(
            case[version],
            at[version].astype(np.float64),
            **{name: take(name) for name in fields},
            scores=scores,
        ),
        truth=Truth(
            truth("situation"),
            tuple(one.name for one in world.situations),
            person,
            truth("onset"),
            truth("end"),
        ),
        luck=np.concatenate([piece.luck for piece in pieces])[order],
    )
