"""Simulate a world block by block: tables, truth and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES
from triage.worlds.emission import compile_world
from triage.worlds.ledger import make_sheets
from triage.worlds.rows_accounts import draw_accounts, draw_events, draw_threads
from triage.worlds.rows_children import draw_children
from triage.worlds.rows_files import draw_files
from triage.worlds.rows_outcomes import draw_outcomes
from triage.worlds.rows_payments import draw_payments
from triage.worlds.rows_records import draw_records
from triage.worlds.rows_reports import draw_persons, draw_register, draw_reports
from triage.worlds.selection import select_cases
from triage.worlds.skeleton import BLOCK_CASES, draw_block
from triage.worlds.tokens import Tokens, draw_tokens
from triage.worlds.truth import age_groups, draw_groups, draw_truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.world import World

    Drawn = tuple[Part, pa.Table, pa.Table]


def simulate(world: World, cases: int, seed: int) -> Iterator[Drawn]:
    """Simulate a world in blocks of 10,000 cases.

    Each block has its own generator, so its bytes depend on the world, the seed, its number and its size
    alone, and memory does not grow with the number of cases.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many; none gives no block.
    seed : int
        Any whole number from 0 on.

    Yields
    ------
    part : Part
        All ten tables, sorted by case.
    truth : pyarrow.Table
        One row a case, in the order of the part (columns of `triage.worlds.truth.TRUTH_SCHEMA`).
    groups : pyarrow.Table
        One row a case (columns of `triage.worlds.truth.GROUPS_SCHEMA`).

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> part, truth, groups = next(simulate(load_world("nl-2017"), 100, seed=1))
    >>> len(part.cases), truth.num_rows, groups.num_rows
    (100, 100, 100)
    """
    model = compile_world(world)
    sheets = make_sheets(model)
    for index, start in enumerate(range(0, cases, BLOCK_CASES)):
        yield _draw_all(draw_block(model, sheets, seed, index, min(BLOCK_CASES, cases - start)))


def _draw_all(block: Block) -> Drawn:
    """Draw every table; the order is part of what a seed means."""
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
    selection = select_cases(block)
    current = block.model.latents.codes["current"][block.states] == 1
    tables["outcomes"] = draw_outcomes(block, selection, current)
    truth = draw_truth(block, selection)
    child_bands = TABLES["children"]["age_band"].codes
    ages = [
        (file_case, age_groups(block.model.signals["youngest"].values, file_age)),
        (child_case, age_groups(child_bands, child_age)),
    ]
    ordered = {name: tables[name] for name in TABLES}
    part = Part(ordered, block.case_ids.arrow(), no_set_aside(), [])
    return part, truth, draw_groups(block, ages)


def _counterparts(
    block: Block,
    recipients: Tokens,
    has_recipient: NDArray[np.bool_],
    child_ids: Tokens,
    child_of: NDArray[np.int64],
) -> Tokens:
    """Return who is on the other side of each report's threads: its child, its recipient, or a stranger."""
    raw = draw_tokens(block.rng, len(recipients)).raw
    raw[has_recipient] = recipients.raw[has_recipient]
    with_child = child_of >= 0
    raw[with_child] = child_ids.raw[child_of[with_child]]
    return Tokens(raw)
