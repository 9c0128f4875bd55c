"""Draw the frame of a block: how many cases, in which state, with which reports, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.block import Block, Reports
from triage.worlds.ledger import Ledger
from triage.worlds.load import SOURCES
from triage.worlds.tokens import draw_tokens, draw_tokens_between, sort_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.emission import Model
    from triage.worlds.ledger import Sheet
    from triage.worlds.world import World

    Codes = NDArray[np.int64]

# A part of a batch is this many blocks; each takes its own stretch of the tokens.
BLOCKS_A_PART = 5
BLOCK_CASES = 10_000


def draw_block(model: Model, sheets: list[Sheet], seed: int, index: int, n_cases: int) -> Block:
    """Draw the frame of one block.

    Parameters
    ----------
    model : Model
        The world.
    sheets : list of Sheet
        Where observations count.
    seed, index : int
        The seed of the run and the number of the block; together they fix every byte.
    n_cases : int
        Number of cases.

    Returns
    -------
    Block
        Cases sorted by their id, reports sorted by case and token; nothing else drawn yet.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(index,))))
    signals, everyone = model.signals, np.arange(n_cases)
    states = np.searchsorted(np.cumsum(model.latents.prior)[:-1], rng.random(n_cases), side="right")
    person = signals["person"].draw(rng.random(n_cases), states)
    count = signals["reports"].draw(rng.random(n_cases), states)
    number = np.where(person == 1, signals["reports"].whole(rng, count), 1)
    reports, rank = _draw_reports(model.world, rng, number, index)
    states, person, count = states[rank], person[rank], count[rank]
    as_of = int(model.world.end.timestamp())
    named = person == 1
    block = Block(model, rng, states, named, draw_tokens(rng, n_cases), reports, Ledger(sheets), as_of)
    block.ledger.note(("value", "person"), signals["person"], everyone, person)
    block.ledger.note(("value", "reports"), signals["reports"], everyone[named], count[named])
    drawn = block.observe("source", reports.case, given=person[reports.case])
    declared = np.array([SOURCES.index(value) for value in signals["source"].values])
    reports.source = declared[drawn]
    return block


def _draw_reports(world: World, rng: np.random.Generator, number: Codes, index: int) -> tuple[Reports, Codes]:
    """Draw names and times, and put the cases in the order of their earliest report's name.

    Returns
    -------
    reports : Reports
        Sorted; the source is not drawn yet.
    rank : array of int, shape (n_cases,)
        The case, in the order of `number`, that stands at each place.
    """
    n_cases = len(number)
    case = np.repeat(np.arange(n_cases), number)
    ids = draw_tokens_between(rng, len(case), index % BLOCKS_A_PART, BLOCKS_A_PART)
    received = _draw_times(world, rng, len(case))
    order = np.lexsort((ids.key(), received, case))
    first = order[np.searchsorted(case[order], np.arange(n_cases))]
    rank = np.argsort(ids.key()[first], kind="stable")
    place = np.empty(n_cases, dtype=np.int64)
    place[rank] = np.arange(n_cases)
    moved = sort_within(place[case], ids)
    earliest = np.argsort(moved)[first[rank]]
    source = np.zeros(len(case), dtype=np.int64)
    return Reports(place[case][moved], ids.take(moved), received[moved], source, earliest), rank


def _draw_times(world: World, rng: np.random.Generator, count: int) -> Codes:
    """Draw when reports come: more in some parts of the period, even within a part."""
    start, end = int(world.start.timestamp()), int(world.end.timestamp())
    part = np.searchsorted(np.cumsum(world.months)[:-1], rng.random(count), side="right")
    moment = (part + rng.random(count)) / len(world.months)
    return np.asarray(start + np.floor(moment * (end - start)), dtype=np.int64)
