"""Simulate a world block by block: tables, truth and groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES
from triage.worlds.rows.accounts import draw_accounts, draw_events, draw_threads
from triage.worlds.rows.children import draw_children
from triage.worlds.rows.duplicates import add_duplicates
from triage.worlds.rows.files import draw_files
from triage.worlds.rows.outcomes import draw_outcomes
from triage.worlds.rows.payments import draw_payments
from triage.worlds.rows.records import draw_records
from triage.worlds.rows.reports import draw_persons, draw_register, draw_reports
from triage.worlds.rows.tokens import Tokens, draw_tokens
from triage.worlds.selection import fill_capacity, grade_cases, select_cases
from triage.worlds.skeleton import BLOCK_CASES, draw_block
from triage.worlds.state.ledger import make_sheets
from triage.worlds.state.model import compile_world
from triage.worlds.state.oracle import solve
from triage.worlds.truth import (
    REPORTS_SCHEMA,
    age_groups,
    draw_bundled,
    draw_lives,
    tell_groups,
    tell_reports,
    tell_truth,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.file.world import World
    from triage.worlds.selection import Selection
    from triage.worlds.state.ledger import Sheet
    from triage.worlds.state.model import Model
    from triage.worlds.truth import Lives

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

# A sample on which every policy is set to its capacity; the same for every seed, so that chances are too.
PILOT_CASES = 20_000
PILOT_SEED = 2**63
LEAST_SAMPLE = 500


@dataclass(frozen=True)
class Drawn:
    """One block of a world.

    Parameters
    ----------
    part : Part
        All ten tables, sorted by case.
    truth : pyarrow.Table
        One row a case, in the order of the part (`triage.worlds.truth.truth_schema`).
    groups : pyarrow.Table
        One row a case, in the order of the part (`triage.worlds.truth.groups_schema`).
    reports : pyarrow.Table
        One row a report, its true person (`triage.worlds.truth.REPORTS_SCHEMA`).
    """

    part: Part
    truth: pa.Table
    groups: pa.Table
    reports: pa.Table


@dataclass(frozen=True)
class DrawnRows:
    """One block of a world before anything is said of what is hidden in it.

    Parameters
    ----------
    block : Block
        Its frame: persons, spells, reports, and what can be seen when.
    part : Part
        All ten tables, sorted by case.
    selection : Selection
        Which cases the agency of the world opened.
    lives : Lives
        Who abused when.
    ages : list of (case, age)
        For the audit by group.
    reports : pyarrow.Table
        As in `Drawn`.
    """

    block: Block
    part: Part
    selection: Selection
    lives: Lives
    ages: list[tuple[Codes, Codes]]
    reports: pa.Table


@dataclass(frozen=True)
class Plan:
    """All that the blocks of a run have in common.

    Parameters
    ----------
    model : Model
        The world.
    sheets : list of Sheet
        Its tables, laid out for the oracle.
    chances : tuple of array
        For each policy, the chance of each level.
    """

    model: Model
    sheets: list[Sheet]
    chances: tuple[Floats, ...]


def plan_simulation(world: World, draw: int = 0) -> Plan:
    """Make a world ready, and set its policies to their capacity on a pilot sample."""
    model = compile_world(world, draw)
    sheets = make_sheets(model)
    pilot = draw_block(replace(model, stream=()), sheets, PILOT_SEED, 0, PILOT_CASES)
    _draw_facts(pilot)
    grading = grade_cases(pilot)
    policies = list(world.policies.values())
    own = [grading.level[grading.policy == place] for place in range(len(policies))]
    # A policy that is in force for a few days is set on the cases of all.
    samples = [levels if len(levels) >= LEAST_SAMPLE else grading.level for levels in own]
    chances = tuple(map(fill_capacity, policies, samples))
    return Plan(model, sheets, chances)


def simulate(world: World, cases: int, seed: int, *, draw: int = 0) -> Iterator[Drawn]:
    """Simulate a world in blocks of 10,000 cases.

    Each block has its own generator, so its bytes depend on the world, the draw, the seed, its number and its
    size alone, and memory does not grow with the number of cases.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many; none gives no block.
    seed : int
        Any whole number from 0 on.
    draw : int
        Which draw of the world's effects (`triage.worlds.state.effects`); 0 is the world as written.

    Yields
    ------
    Drawn
        One block.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> drawn = next(simulate(load_world("nl-2017"), 100, seed=1))
    >>> len(drawn.part.cases), drawn.truth.num_rows, drawn.groups.num_rows
    (100, 100, 100)
    """
    if not cases:
        return
    plan = plan_simulation(world, draw)
    for index in range(count_blocks(cases)):
        yield draw_one(plan, cases, seed, index)


def count_blocks(cases: int) -> int:
    """Return the number of blocks of a run."""
    return -(-cases // BLOCK_CASES)


def draw_one(plan: Plan, cases: int, seed: int, index: int) -> Drawn:
    """Draw one block of a run."""
    rows = draw_rows(plan, min(BLOCK_CASES, cases - index * BLOCK_CASES), seed, index)
    truth = tell_truth(rows.block, rows.selection, rows.lives, solve(rows.block))
    return Drawn(rows.part, truth, tell_groups(rows.block, rows.ages), rows.reports)


def draw_rows(plan: Plan, size: int, seed: int, index: int) -> DrawnRows:
    """Draw all that is random in one block of a run; what the oracle says of it draws nothing more.

    Parameters
    ----------
    plan : Plan
        What the blocks of the run have in common.
    size : int
        Number of cases.
    seed, index : int
        The seed of the run, and the number of the block.
    """
    block = draw_block(plan.model, plan.sheets, seed, index, size)
    tables, ages = _draw_facts(block)
    selection = select_cases(block, grade_cases(block), plan.chances)
    abuse = draw_bundled(block)
    current = abuse.at(block, selection.at, by_then=True)
    tables["outcomes"] = draw_outcomes(block, selection, current)
    lives = draw_lives(block, abuse)
    person_tokens = draw_tokens(block.rng, len(block.persons.share)).arrow()
    whose = tell_reports(block, person_tokens)
    tables, twice, ids = add_duplicates(block, tables)
    part = Part({name: tables[name] for name in TABLES}, block.case_ids.arrow(), no_set_aside(), [])
    return DrawnRows(block, part, selection, lives, ages, _with_duplicates(whose, twice, ids))


def _draw_facts(block: Block) -> tuple[dict[str, pa.Table], list[tuple[Codes, Codes]]]:
    """Draw every table but outcomes; the order is part of what a seed means."""
    register = draw_register(block)
    tables: dict[str, pa.Table] = {}
    tables["reports"], incident = draw_reports(block)
    tables["persons"], recipients, has_recipient = draw_persons(block, register)
    tables["accounts"], accounts = draw_accounts(block, incident)
    tables["network_events"] = draw_events(block, accounts, incident)
    tables["files"], file_case, file_age = draw_files(block, accounts, incident)
    tables["prior_records"] = draw_records(block, register)
    tables["children"], child_case, child_age, child_of, child_ids = draw_children(block, register)
    counterparts = _counterparts(block, recipients, has_recipient, child_ids, child_of)
    tables["communications"] = draw_threads(block, accounts, incident, counterparts)
    tables["transactions"] = draw_payments(block)
    child_bands = TABLES["children"]["age_band"].codes
    ages = [
        (file_case, age_groups(block.model.signals["youngest"].values, file_age)),
        (child_case, age_groups(child_bands, child_age)),
    ]
    return tables, ages


def _counterparts(
    block: Block,
    recipients: Tokens,
    has_recipient: NDArray[np.bool_],
    child_ids: Tokens,
    child_of: Codes,
) -> Tokens:
    """Return who is on the other side of each report's threads: its child, its recipient, or a stranger."""
    raw = draw_tokens(block.rng, len(recipients)).raw
    raw[has_recipient] = recipients.raw[has_recipient]
    with_child = child_of >= 0
    raw[with_child] = child_ids.raw[child_of[with_child]]
    return Tokens(raw)


def _with_duplicates(whose: pa.Table, twice: Codes, ids: Tokens) -> pa.Table:
    copy = whose.take(pa.array(twice))
    return pa.concat_tables(
        [whose, copy.set_column(0, REPORTS_SCHEMA.field("report_id"), ids.arrow())]
    ).combine_chunks()
