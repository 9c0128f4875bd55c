"""Draw the frame of a block: the persons and their spells, the cases, their reports, and when these come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.block import Block, Persons, Reports
from triage.worlds.file.load import PLATFORMS, SOURCES
from triage.worlds.rows.tokens import draw_tokens, draw_tokens_between, sort_within
from triage.worlds.state.ledger import Ledger
from triage.worlds.state.model import NO_PLATFORM
from triage.worlds.state.spells import draw_spells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.state.emission import Emission
    from triage.worlds.state.ledger import Sheet
    from triage.worlds.state.model import Model

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# A part of a batch is this many blocks; each takes its own stretch of the tokens.
BLOCKS_A_PART = 5
BLOCK_CASES = 10_000
BANK = SOURCES.index("goaml")
# Later reports come soon after the first: the share of the remaining time is the cube of an even number.
BURST = 3
# No report comes later than this before the end, so that there is room to move apart what comes at once.
LAST_SECONDS = 60


def draw_block(model: Model, sheets: list[Sheet], seed: int, index: int, n_cases: int) -> Block:
    """Draw the frame of one block.

    Parameters
    ----------
    model : Model
        The world.
    sheets : list of Sheet
        Where observations count.
    seed, index : int
        The seed of the run and the number of the block; with the stream of the model they fix every byte.
    n_cases : int
        Number of cases.

    Returns
    -------
    Block
        Cases sorted by their id, reports sorted by case and token; nothing else drawn yet.
    """
    key = np.random.SeedSequence(seed, spawn_key=(index, *model.stream))
    rng = np.random.Generator(np.random.PCG64(key))
    owner, starts = _draw_starts(model, rng, n_cases)
    n_owners = int(owner[-1]) + 1 if n_cases else 0
    opening = np.searchsorted(owner, np.arange(n_owners))
    hidden = _draw_people(model, rng, model.eras.of(starts[opening]))
    before = {name: codes[owner] for name, codes in hidden.items()}
    era = model.eras.of(starts)

    def draw(name: str) -> Codes:
        emission, everyone = model.signals[name], np.arange(n_cases)
        known = emission.place(emission.known, {"during": era}, everyone)
        return emission.draw(rng.random(n_cases), known, emission.place(emission.hidden, before, everyone))

    named, count, more = draw("person"), draw("reports"), draw("bundled_persons")
    bundle = draw("bundle") * named
    number = model.signals["reports"].whole(rng, np.where((named == 1) & (bundle == 0), count, -1))
    reports, rank = _draw_reports(model, rng, starts, np.maximum(number, 1), index)
    reports.person = owner[rank][reports.case]
    strangers = np.flatnonzero(
        (rng.random(len(reports)) < model.world.linking.wrong)
        & (np.arange(len(reports)) != reports.first[reports.case])
    )
    reports.person[strangers] = n_owners + np.arange(len(strangers))
    others = _draw_strangers(model, rng, model.eras.of(reports.received[strangers]))
    nobody = np.zeros(len(strangers), dtype=np.int64)
    everyone = {name: np.concatenate([codes, others.get(name, nobody)]) for name, codes in hidden.items()}
    persons = _live(model, rng, everyone)
    bundled = np.where(bundle[rank] == 1, model.signals["bundled_persons"].whole(rng, more[rank]), 0)
    on_reports = {name: codes[reports.person] for name, codes in persons.hidden.items()}
    on_reports["current"] = persons.spells.at(reports.person, reports.received).astype(np.int64)
    block = Block(
        model,
        rng,
        named[rank] == 1,
        bundled,
        draw_tokens(rng, n_cases),
        persons,
        reports,
        {"during": model.eras.of(reports.received)},
        on_reports,
        Ledger(sheets),
    )
    for name, codes, where in (
        ("person", named, named >= 0),
        ("bundle", bundle, named == 1),
        ("reports", count, (named == 1) & (bundle == 0)),
        ("bundled_persons", more, bundle == 1),
    ):
        _note_case(block, name, codes[rank], where[rank])
    _draw_origin(block)
    return block


def _draw_starts(model: Model, rng: np.random.Generator, n_cases: int) -> tuple[Codes, Codes]:
    """Draw whom each case is about, and when its first report comes.

    A case about the person of the case before comes in the same stretch of time, so that what is likely of it
    does not depend on its being a second one.
    """
    further = rng.random(n_cases) < model.world.linking.split
    further[:1] = False
    owner = np.cumsum(~further) - 1
    cell = np.searchsorted(model.calendar.cumulative[:-1], rng.random(n_cases), side="right")
    cell = cell[np.searchsorted(owner, owner)]
    low, high = model.calendar.edges[cell], model.calendar.edges[cell + 1]
    starts = low + np.floor(rng.random(n_cases) * (high - low)).astype(np.int64)
    return owner, np.minimum(starts, model.as_of - LAST_SECONDS)


def _draw_people(model: Model, rng: np.random.Generator, era: Codes) -> dict[str, Codes]:
    """Draw situation and nuisances of persons whose case begins in given eras."""
    cumulative = np.cumsum(model.calendar.shares, axis=1)[:, :-1]
    hidden = {"situation": (rng.random(len(era))[:, None] >= cumulative[era]).sum(axis=1)}
    everyone = np.arange(len(era))
    for name, emission in model.nuisances.items():
        place = emission.place(emission.hidden, hidden, everyone)
        hidden[name] = emission.draw(rng.random(len(era)), np.zeros_like(place), place)
    return hidden


def _draw_strangers(model: Model, rng: np.random.Generator, era: Codes) -> dict[str, Codes]:
    """Draw persons who can be named in a report; what shows nowhere of a person is left out."""
    cumulative = np.cumsum(model.people.strangers, axis=1)[:, :-1]
    state = (rng.random(len(era))[:, None] >= cumulative[era]).sum(axis=1)
    return {name: codes[state] for name, codes in model.people.codes.items()}


def _live(model: Model, rng: np.random.Generator, hidden: dict[str, Codes]) -> Persons:
    """Draw when persons abuse."""
    everyone = np.arange(len(hidden["situation"]))
    share = model.causes.table[0, model.causes.place(model.causes.hidden, hidden, everyone), 1]
    lasts = model.lasts[hidden["situation"]]
    return Persons(hidden, share, draw_spells(rng, share, lasts, model.start, model.as_of))


def _draw_reports(
    model: Model, rng: np.random.Generator, starts: Codes, number: Codes, index: int
) -> tuple[Reports, Codes]:
    """Draw names and times, and put the cases in the order of their earliest report's name.

    Returns
    -------
    reports : Reports
        Sorted; whom they are about is not yet said.
    rank : array of int, shape (n_cases,)
        The case, in the order of `number`, that stands at each place.
    """
    n_cases = len(number)
    case = np.repeat(np.arange(n_cases), number)
    opening = np.cumsum(number) - number
    ids = draw_tokens_between(rng, len(case), index % BLOCKS_A_PART, BLOCKS_A_PART)
    wait = rng.random(len(case)) ** BURST
    wait[opening] = 0
    left = model.as_of - LAST_SECONDS - starts[case]
    received = starts[case] + _spread_ties(case, np.floor(wait * left).astype(np.int64))
    rank = np.argsort(ids.key()[_earliest(case, received, ids.key())], kind="stable")
    place = np.empty(n_cases, dtype=np.int64)
    place[rank] = np.arange(n_cases)
    moved = sort_within(place[case], ids)
    case, ids, received = place[case][moved], ids.take(moved), received[moved]
    return Reports(case, ids, received, np.zeros_like(case), _earliest(case, received, ids.key())), rank


def _spread_ties(case: Codes, seconds: Codes) -> Codes:
    """Move what falls into the same second of a case apart: rows hang on a report by its time of reception.

    Examples
    --------
    >>> _spread_ties(np.array([0, 0, 0, 1]), np.array([7, 0, 7, 7])).tolist()
    [7, 0, 8, 7]
    """
    order = np.lexsort((seconds, case))
    rank = np.arange(len(case)) - np.searchsorted(case, case[order])
    lowered = seconds[order] - rank + (case[order] << 32)
    moved = np.empty_like(seconds)
    moved[order] = np.maximum.accumulate(lowered) - (case[order] << 32) + rank
    return moved


def _earliest(case: Codes, received: Codes, key: NDArray[np.uint64]) -> Codes:
    order = np.lexsort((key, received, case))
    n_cases = int(case.max()) + 1 if len(case) else 0
    return np.asarray(order[np.searchsorted(case[order], np.arange(n_cases))])


def _note_case(block: Block, name: str, codes: Codes, where: Mask) -> None:
    """Count what is seen of a case as a whole, on its earliest report."""
    emission, report = block.model.signals[name], block.reports.first[where]
    known = emission.place(emission.known, block.known, report)
    since = block.reports.received[report]
    block.ledger.note(("value", name), emission, report, known, codes[where], since=since)


def _draw_origin(block: Block) -> None:
    """Draw where each report comes from, and what is hidden of it."""
    everything = np.arange(len(block.reports))
    block.known["source"] = np.zeros(len(everything), dtype=np.int64)
    named = block.named[block.reports.case]
    signals = block.model.signals
    drawn = block.observe("source", everything, given=named.astype(np.int64))
    block.known["source"] = _declared(signals["source"], SOURCES)[drawn]
    with_account = named & (block.source != BANK)
    drawn = block.observe("platform", everything, where=with_account)
    block.known["platform"] = np.append(_declared(signals["platform"], PLATFORMS), NO_PLATFORM)[drawn]
    for name, emission in block.model.report_nuisances.items():
        known = emission.place(emission.known, block.known, everything)
        place = emission.place(emission.hidden, block.hidden, everything)
        block.hidden[name] = emission.draw(block.rng.random(len(everything)), known, place)
        block.ledger.note_nuisance(name, known, block.reports.received)


def _declared(emission: Emission, codes: tuple[str, ...]) -> Codes:
    return np.array([codes.index(value) for value in emission.values], dtype=np.int64)
