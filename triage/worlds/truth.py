"""What only the simulator knows of each case; never part of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.worlds.rows.columns import time_column
from triage.worlds.state.model import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.file.world import World
    from triage.worlds.selection import Selection
    from triage.worlds.state.oracle import Posterior

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

CODES = pa.dictionary(pa.int16(), pa.string())
REPORTS_SCHEMA = pa.schema(
    [
        ("report_id", pa.string()),
        ("case_id", pa.string()),
        ("true_person", pa.string()),
        ("situation", CODES),
        ("current_at_report", pa.bool_()),
    ]
)
POSTERIOR = "posterior_"
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


def truth_schema(world: World) -> pa.Schema:
    """Return the columns of ``truth.parquet``, one row a case."""
    return pa.schema(
        [
            ("case_id", pa.string()),
            ("current_abuse", pa.bool_()),
            ("oracle", pa.float64()),
            ("situation", CODES),
            ("selection_probability", pa.float64()),
            ("onset", pa.timestamp("s", tz="UTC")),
            ("end", pa.timestamp("s", tz="UTC")),
            ("abuse_ever", pa.bool_()),
            *((f"{POSTERIOR}{one.name}", pa.float32()) for one in world.situations),
        ]
    )


def groups_schema(world: World) -> pa.Schema:
    """Return the columns of ``groups.parquet``, one row a case."""
    return pa.schema([("case_id", pa.string()), *((name, CODES) for name in (*world.groups, "victim_age"))])


@dataclass(frozen=True)
class Abuse:
    """Who abuses when.

    Parameters
    ----------
    bundled_case : array of int, shape (n_bundled,)
        Case of each further person whom a bundle names.
    bundled : array of bool, shape (n_bundled,)
        Whether that person abuses.
    """

    bundled_case: Codes
    bundled: Mask

    def at(self, block: Block, moment: Codes, *, by_then: bool = False) -> Mask:
        """Say in which cases anybody abuses at a moment each; of those reported by then, if so asked."""
        reports = block.reports
        when = moment[reports.case]
        abusing = block.persons.spells.at(reports.person, when)
        if by_then:
            abusing &= reports.received <= when
        found = np.zeros(len(block), dtype=bool)
        found[reports.case[abusing]] = True
        found[self.bundled_case[self.bundled]] = True
        return found


def draw_bundled(block: Block) -> Abuse:
    """Draw whether the further persons of bundles abuse: each as likely as the one whom the case is about."""
    case = np.repeat(np.arange(len(block)), block.bundled)
    share = block.persons.share[block.reports.person[block.reports.first[case]]]
    return Abuse(case, block.rng.random(len(case)) < share)


@dataclass(frozen=True)
class Lives:
    """Who abuses in each case at the end of the period, and since when; shape (n_cases,) each.

    Parameters
    ----------
    current : array of bool
        Whether anybody of the case abuses.
    onset, end : array of float
        Of a spell of abuse, in seconds since 1970; nan where there is none.
    """

    current: Mask
    onset: Floats
    end: Floats


def draw_lives(block: Block, abuse: Abuse) -> Lives:
    """Gather the spell to be told of each case, and draw those before the period.

    Onset and end are those of the latest spell of the person, or of one of a wrong token when only that one
    abuses; they are null where only a further person of a bundle does. Abuse that goes on at the as-of time
    ends there if nobody steps in.
    """
    world, reports = block.model.world, block.reports
    everyone = np.arange(len(block))
    owner = reports.person[reports.first]
    current = abuse.at(block, np.full(len(block), block.as_of))
    person = owner.copy()
    active = block.persons.spells.at(reports.person, np.full(len(reports), block.as_of))
    own_active = np.zeros(len(block), dtype=bool)
    own_active[reports.case[active & (reports.person == owner[reports.case])]] = True
    other = active & ~own_active[reports.case]
    person[reports.case[other]] = reports.person[other]
    onset, end = (times[person] for times in block.persons.spells.latest(block.as_of))
    situation = block.persons.hidden["situation"][owner]
    past_share = np.array([one.past for one in world.situations])[situation]
    for name, least in world.past.items():
        by_value = np.array([least.get(value, 0.0) for value in world.nuisances[name].values])
        past_share = np.maximum(past_share, by_value[block.persons.hidden[name][owner]])
    past = np.isnan(onset) & (block.rng.random(len(block)) < past_share)
    emission = block.model.spells["ended"]
    codes = emission.draw(block.rng.random(len(block)), np.zeros_like(everyone), np.zeros_like(everyone))
    ended = block.model.start - emission.within(block.rng, codes) * DAY
    began = ended - block.rng.exponential(block.model.lasts[situation])
    onset, end = np.where(past, began, onset), np.where(past, ended, end)
    return Lives(current, onset, end)


def tell_truth(block: Block, selection: Selection, lives: Lives, posterior: Posterior) -> pa.Table:
    """Return the truth of every case: who abuses, since when, the oracle, and the selection probability."""
    world, current, onset, end = block.model.world, lives.current, lives.onset, lives.end
    situation = block.persons.hidden["situation"][block.reports.person[block.reports.first]]
    lived = ~np.isnan(onset)
    # Where only a further person of a bundle abuses, nobody's spell is told.
    unseen = current & ~((onset <= block.as_of) & (end > block.as_of))
    onset, end = np.where(unseen, np.nan, onset), np.where(unseen, np.nan, end)
    names = pa.array([one.name for one in world.situations], pa.string())
    columns = [
        block.case_ids.arrow(),
        pa.array(current),
        pa.array(posterior.abuse),
        pa.DictionaryArray.from_arrays(pa.array(situation.astype(np.int16)), names),
        pa.array(selection.probability),
        _moments(onset),
        _moments(end),
        pa.array(lived | current),
        *(pa.array(column.astype(np.float32)) for column in posterior.situation.T),
    ]
    return pa.Table.from_arrays(columns, schema=truth_schema(world))


def _moments(seconds: Floats) -> pa.Array:
    missing = np.isnan(seconds)
    return time_column(np.where(missing, 0, np.floor(seconds)).astype(np.int64), missing)


def tell_reports(block: Block, person_tokens: pa.Array) -> pa.Table:
    """Return the true person of every report, so that what linking loses can be measured.

    Parameters
    ----------
    block : Block
        The cases.
    person_tokens : pyarrow.Array of string, shape (n_persons,)
        A name for every true person; no token of the batch.
    """
    reports = block.reports
    names = pa.array([one.name for one in block.model.world.situations], pa.string())
    situation = pa.array(block.hidden["situation"].astype(np.int16))
    columns = [
        reports.ids.arrow(),
        block.case_ids.take(reports.case).arrow(),
        person_tokens.take(pa.array(reports.person)),
        pa.DictionaryArray.from_arrays(situation, names),
        pa.array(block.hidden["current"] == 1),
    ]
    return pa.Table.from_arrays(columns, schema=REPORTS_SCHEMA)


def tell_groups(block: Block, ages: list[tuple[Codes, Codes]]) -> pa.Table:
    """Return the groups of every case, for audits.

    Parameters
    ----------
    block : Block
        The cases.
    ages : list of (case, age)
        Rows of files and of children: their case, and the group of the age they show (`age_groups`).
    """
    world = block.model.world
    youngest = np.full(len(block), len(VICTIM_AGES) - 1, dtype=np.int64)
    for case, age in ages:
        np.minimum.at(youngest, case, age)
    owner = block.reports.person[block.reports.first]
    coded = [(block.persons.hidden[name][owner], world.nuisances[name].values) for name in world.groups]
    columns = [
        block.case_ids.arrow(),
        *(
            pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int16)), pa.array(values, pa.string()))
            for codes, values in [*coded, (youngest, VICTIM_AGES)]
        ),
    ]
    return pa.Table.from_arrays(columns, schema=groups_schema(world))


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
