"""One block of a stream: its cases as they come to be known, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.lab.streaming.knowing import know_versions
from triage.lab.streaming.lives import Lives, tell_lives
from triage.lab.streaming.moments import choose_moments, list_news
from triage.worlds.simulation import draw_rows
from triage.worlds.skeleton import BLOCK_CASES
from triage.worlds.state.moments import solve_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.lab.streaming.knowing import Known
    from triage.lab.whatif import WhatIf
    from triage.scoring.bundle import Bundle
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worlds.simulation import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

# Tells the numbers drawn here from those of the world itself.
_LUCK = 7
_LUCKS = 4


@dataclass(frozen=True)
class Run:
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
class Piece:
    """What one block adds to a stream: the fields of `Stream`, its cases in the order of the block."""

    case_id: list[str]
    arrival: Ints
    lives: Lives
    luck: Floats
    case: Ints
    at: Ints
    learned: Ints
    known: Known
    oracle: Floats


@dataclass(frozen=True)
class Wanted:
    """What is wanted of every block.

    Parameters
    ----------
    models : mapping of str to Bundle or Model
        Whose scores, by name.
    policy : Policy
        Its rules say what escalates, what is youth and what pauses.
    change : WhatIf
        Which cases never arrive.
    again : int, optional
        After how many seconds without news a case is looked at once more.
    """

    models: Mapping[str, Bundle | Model]
    policy: Policy
    change: WhatIf
    again: int | None


def make_piece(run: Run, seed: int, index: int, wanted: Wanted) -> Piece:
    """Draw a block and follow its cases; the tables are gone afterwards."""
    size, number = min(BLOCK_CASES, run.cases - index * BLOCK_CASES), run.first + index
    drawn = draw_rows(run.plan, size, seed, number)
    block = drawn.block
    arrival, lives = block.reports.received[block.reports.first], tell_lives(block)
    lots = _draw_lots(run.plan, seed, number, size)
    kept = (arrival >= run.begin) & (arrival < run.end) & (lots[:, -1] >= _removed(run, wanted.change, lives))
    news = list_news(drawn.part, block.as_of)
    moments = choose_moments(news, size, block.as_of, wanted.again)
    case, at, learned = (column[kept[moments[0]]] for column in moments)
    place = np.cumsum(kept) - 1
    return Piece(
        drawn.part.cases.filter(pa.array(kept)).to_pylist(),
        arrival[kept],
        Lives(lives.situation[kept], lives.person[kept], lives.onset[kept], lives.end[kept]),
        lots[kept, :_LUCKS],
        place[case],
        at,
        learned,
        know_versions(drawn.part, case, at, wanted.models, wanted.policy),
        solve_at(block, case, at),
    )


def _draw_lots(plan: Plan, seed: int, number: int, size: int) -> Floats:
    """Draw even numbers for each case of a block: its luck, and whether it is removed; (n_cases, 5)."""
    key = np.random.SeedSequence(seed, spawn_key=(number, *plan.model.stream, _LUCK))
    return np.random.Generator(np.random.PCG64(key)).random((size, _LUCKS + 1))


def _removed(run: Run, change: WhatIf, lives: Lives) -> Floats:
    """Return with which chance each case never arrives."""
    noise = np.array([one.name in change.noise for one in run.plan.model.world.situations])
    less = max(1 - change.volume, 0.0)
    share = np.where(noise, change.noise_removed, change.others_removed)
    return np.asarray(1 - (1 - share[lives.situation]) * (1 - less))
