"""What only the simulator knows of each case; never part of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.worlds.block import DAY
from triage.worlds.columns import time_column
from triage.worlds.emission import tabulate
from triage.worlds.oracle import posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.selection import Selection

    Codes = NDArray[np.int64]

TRUTH_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("current_abuse", pa.bool_()),
        ("oracle", pa.float64()),
        ("situation", pa.dictionary(pa.int16(), pa.string())),
        ("selection_probability", pa.float64()),
        ("onset", pa.timestamp("s", tz="UTC")),
        ("end", pa.timestamp("s", tz="UTC")),
    ]
)
GROUPS_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("region", pa.dictionary(pa.int16(), pa.string())),
        ("victim_age", pa.dictionary(pa.int16(), pa.string())),
    ]
)
VICTIM_AGES = ("0-10", "11-13", "14-17", "unknown")
_AGE_GROUP = {
    "0-2": 0,
    "3-6": 0,
    "7-10": 0,
    "prepubescent": 0,
    "11-13": 1,
    "14-15": 2,
    "16-17": 2,
    "pubescent": 2,
}


def draw_truth(block: Block, selection: Selection) -> pa.Table:
    """Return the truth of every case: state, spell of abuse, oracle and selection probability.

    The spell of current abuse began before the earliest report and goes on past the as-of time, so that
    "current" means the same on the day of any decision; past abuse ended before the earliest report.
    """
    latents, world = block.model.latents, block.model.world
    current = latents.codes["current"][block.states] == 1
    situation = latents.codes["situation"][block.states]
    past_share = np.array([one.past for one in world.situations])[situation]
    past = ~current & (block.rng.random(len(block)) < past_share)
    first = block.reports.received[block.reports.first]
    days = {name: _draw_spell(block, name) for name in world.spells}
    ended = first - days["past_end"]
    onset = np.where(current, first - days["onset"], ended - days["past_onset"])
    end = np.where(current, block.as_of + days["end"], ended)
    lived = current | past
    columns = [
        block.case_ids.arrow(),
        pa.array(current),
        pa.array(posterior(block.ledger, latents, len(block))),
        pa.DictionaryArray.from_arrays(
            pa.array(situation.astype(np.int16)), pa.array(latents.axes["situation"], pa.string())
        ),
        pa.array(selection.probability),
        time_column(onset, ~lived),
        time_column(end, ~lived),
    ]
    return pa.Table.from_arrays(columns, schema=TRUTH_SCHEMA)


def _draw_spell(block: Block, name: str) -> Codes:
    emission = tabulate(block.model.world.spells[name], block.model.latents)
    codes = emission.draw(block.rng.random(len(block)), np.zeros(len(block), dtype=np.int64))
    return np.asarray(np.floor(emission.within(block.rng, codes) * DAY), dtype=np.int64)


def draw_groups(block: Block, ages: list[tuple[Codes, Codes]]) -> pa.Table:
    """Return the groups of every case, for audits.

    Parameters
    ----------
    block : Block
        The cases.
    ages : list of (case, age)
        Rows of files and of children: their case, and the group of the age they show (`age_groups`).
    """
    youngest = np.full(len(block), len(VICTIM_AGES) - 1, dtype=np.int64)
    for case, age in ages:
        np.minimum.at(youngest, case, age)
    regions = block.model.world.regions
    emission = tabulate(regions, block.model.latents)
    region = emission.draw(block.rng.random(len(block)), np.zeros(len(block), dtype=np.int64))
    columns = [
        block.case_ids.arrow(),
        pa.DictionaryArray.from_arrays(
            pa.array(region.astype(np.int16)), pa.array(regions.values, pa.string())
        ),
        pa.DictionaryArray.from_arrays(
            pa.array(youngest.astype(np.int16)), pa.array(VICTIM_AGES, pa.string())
        ),
    ]
    return pa.Table.from_arrays(columns, schema=GROUPS_SCHEMA)


def age_groups(values: tuple[str, ...], codes: Codes) -> Codes:
    """Return the audit group of each age band.

    Examples
    --------
    >>> from triage.schema.tables import TABLES
    >>> age_groups(TABLES["children"]["age_band"].codes, np.array([0, 3, -1])).tolist()
    [0, 1, 3]
    """
    unknown = len(VICTIM_AGES) - 1
    return np.array([*(_AGE_GROUP.get(value, unknown) for value in values), unknown])[codes]
