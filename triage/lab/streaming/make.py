"""Make a stream block by block, so that memory holds the tables of one block and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.stream import DAY, Stream, Truth, Versions
from triage.lab.streaming.pieces import Piece, Run, Wanted, make_piece
from triage.lab.whatif import WhatIf, expect_volume, switch_on
from triage.worklist.policy import load_policy
from triage.worlds.simulation import plan_simulation
from triage.worlds.skeleton import BLOCK_CASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.scoring.bundle import Bundle
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worlds.file.world import World

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ORACLE = "oracle"
# How old a score may grow. A list scores every case anew; looking every 7 days instead costs three times the
# time and moved no way by a child that could be told from 0 (docs/lab.md).
AGAIN_DAYS = 28.0
MOST_CASES = 10_000_000
# Blocks from this number on hold the cases that a greater volume adds to those that are there anyway.
FIRST_ADDED = 2**20


def make_stream(
    world: World,
    cases: int,
    seed: int,
    *,
    models: Mapping[str, Bundle | Model],
    draw: int = 0,
    change: WhatIf | None = None,
    policy: Policy | None = None,
    again_days: float | None = AGAIN_DAYS,
    jobs: int = 1,
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
        After how many days without news a case is looked at once more, at least 1: what a score makes of
        the time that has passed, and the posterior of the oracle, change while nothing comes. With None they
        stay as they were when the last news came.
    jobs : int
        Processes that draw and follow blocks; the stream is the same.

    Returns
    -------
    Stream
        Cases in the order of arrival.

    Raises
    ------
    InputRefusedError
        `cases` or `again_days` is out of range, or a model has the name of the oracle.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> stream = make_stream(load_world("nl-2017"), 50, seed=1, models={})
    >>> len(stream.case_id), sorted(stream.versions.scores)
    (50, ['oracle'])
    """
    _check(cases, models, again_days)
    change = change or WhatIf()
    again = None if again_days is None else round(again_days * DAY)
    wanted = Wanted(models, policy or load_policy(), change, again)
    blocks = [
        (run, seed, index, wanted)
        for run in _list_runs(world, cases, draw, change)
        for index in range(-(-run.cases // BLOCK_CASES))
    ]
    pieces = _make_all(blocks, jobs)
    name = world.name if change == WhatIf() else f"{world.name}, {change.name}"
    start, end = world.start.timestamp(), world.end.timestamp()
    case_id, arrival, luck, versions, truth = _join(pieces, list(models), world)
    return Stream(name, seed, draw, start, end, case_id, arrival, versions, truth, luck)


def _make_all(blocks: list[tuple[Run, int, int, Wanted]], jobs: int) -> list[Piece]:
    if jobs == 1 or len(blocks) == 1:
        return [make_piece(*one) for one in blocks]
    from joblib import Parallel, delayed  # noqa: PLC0415 - slow to import, and mostly not needed

    with Parallel(n_jobs=jobs, batch_size=1) as parallel:
        return list(parallel(delayed(make_piece)(*one) for one in blocks))


def _check(cases: int, models: Mapping[str, Bundle | Model], again_days: float | None) -> None:
    if not 1 <= cases <= MOST_CASES:
        raise InputRefusedError(
            str(cases), where="the number of cases", expected=f"a whole number from 1 to {MOST_CASES}"
        )
    if again_days is not None and not 1 <= again_days < np.inf:
        raise InputRefusedError(
            f"{again_days:g} days", where="again_days", expected="a number of days from 1 on, or none"
        )
    if ORACLE in models:
        raise InputRefusedError(
            f"a model called {ORACLE}", where="models", expected="another name: this one is the truth's own"
        )


def _list_runs(world: World, cases: int, draw: int, change: WhatIf) -> list[Run]:
    """List what is to be drawn: the cases as they are, those that come to them, and both after a drift."""
    if change.switches:
        switched = switch_on(world, change.switches)
        cases = max(1, round(cases * expect_volume(switched) / expect_volume(world)))
        world = switched
    spans = [(draw, -np.inf, np.inf)]
    if change.drift:
        turn = change.drift.start.timestamp()
        spans = [(draw, -np.inf, turn), (change.drift.draw, turn, np.inf)]
    plans = {one: plan_simulation(world, one) for one, _, _ in spans}
    added = round(cases * (change.volume - 1))
    sizes = [(cases, 0), *([(added, FIRST_ADDED)] if added > 0 else [])]
    return [Run(plans[one], size, first, *span) for size, first in sizes for one, *span in spans]


def _join(
    pieces: list[Piece], names: list[str], world: World
) -> tuple[list[str], Floats, Floats, Versions, Truth]:
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
    learned = np.concatenate([piece.learned for piece in pieces])

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

    known = {field: take(field) for field in fields}
    told = tuple(one.name for one in world.situations)
    return (
        [case_id[row] for row in order.tolist()],
        arrival[order].astype(np.float64),
        np.concatenate([piece.luck for piece in pieces])[order],
        Versions(
            case[version], at[version].astype(np.float64), **known, learned=learned[version], scores=scores
        ),
        Truth(truth("situation"), told, person, truth("onset"), truth("end")),
    )
