"""Set what a world gives beside the published numbers that it is tuned to."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.given import require_kind
from triage.schema.tables import TABLES
from triage.worlds.file.world import World
from triage.worlds.measures import MEASURES
from triage.worlds.prosecution import follow_opened, tabulate_prosecution
from triage.worlds.sample import Sample
from triage.worlds.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triage.worlds.file.published import Published
    from triage.worlds.sample import Measured

COLUMNS = (
    "quantity",
    "what",
    "unit",
    "published",
    "low",
    "high",
    "world",
    "world_low",
    "world_high",
    "standard_error",
    "rows",
    "is_share",
    "difference",
    "outside",
    "class",
    "source",
)
NOT_TUNED = "not tuned"
PROSECUTION_SEEDS = 5


def describe_world(
    world: World,
    cases: int = 50_000,
    seed: int = 1,
    *,
    draw: int = 0,
    against: World | None = None,
    everything: bool = False,
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Draw cases of a world and compare them with the numbers that the world file publishes.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many cases to draw.
    seed : int
        Of the draw.
    draw : int
        Which draw of the effects; 0 is the world as its file says.
    against : World, optional
        Whose published numbers these are, such as the world that this one is like: a world of one's own has
        none before somebody writes them into its file. By default those of the world itself.
    everything : bool
        Also give the measures that have no published number.
    progress : callable, optional
        Told after every block how many cases were added.

    Returns
    -------
    pandas.DataFrame
        One row a quantity, published ones first in the order of the file. Columns: ``quantity``, ``what``
        (its definition), ``unit``, ``published``, ``low`` and ``high`` (where the world is meant to lie),
        ``world`` (measured), ``world_low`` and ``world_high`` (95 %), ``standard_error``, ``rows``
        (denominator), ``is_share``, ``difference`` (world less published), ``outside`` (whether the interval
        of the world lies wholly outside of ``low`` to ``high``), ``class``, ``source``. What is not known, or
        cannot be measured, is not a number.

    Raises
    ------
    InputRefusedError
        The world is something else, such as its name, or there are no cases.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> frame = describe_world(load_world("nl-2017"), cases=100, everything=True)
    >>> int(frame.set_index("quantity").loc["current_abuse", "rows"])
    100
    """
    require_kind(world, World, "world")
    sample = draw_sample(world, cases, seed, draw=draw, progress=progress)
    return compare(sample, (against or world).published, everything=everything)


def draw_sample(
    world: World, cases: int, seed: int, *, draw: int = 0, progress: Callable[[int], None] | None = None
) -> Sample:
    """Draw cases of a world into one table of each kind.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many; all are held in memory, at least one.
    seed, draw : int
        As for `simulate`.
    progress : callable, optional
        Told after every block how many cases were added.

    Raises
    ------
    InputRefusedError
        There are no cases.
    """
    if cases < 1:
        raise InputRefusedError(f"{cases} cases", where=f"world {world.name}", expected="at least one")
    tables: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    truths, reports = [], []
    for drawn in simulate(world, cases, seed, draw=draw):
        for name in TABLES:
            tables[name].append(drawn.part.tables[name])
        truths.append(drawn.truth)
        reports.append(drawn.reports)
        if progress is not None:
            progress(len(drawn.part.cases))
    joined = {name: pa.concat_tables(blocks) for name, blocks in tables.items()}
    return Sample(
        joined,
        pa.concat_tables(truths),
        pa.concat_tables(reports),
        world.start,
        world.end,
        world.reports_a_year,
    )


def compare(sample: Sample, published: Mapping[str, Published], *, everything: bool = False) -> pd.DataFrame:
    """Measure a sample and set it beside published numbers; see `describe_world`.

    Parameters
    ----------
    sample : Sample
        Drawn cases.
    published : mapping of str to Published
        Measure -> its published number.
    everything : bool
        Also give the measures that have none.
    """
    others = [name for name in MEASURES if everything and name not in published]
    rows = [_row(sample, name, published.get(name)) for name in [*published, *others]]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ["published", "low", "high", "world", "world_low", "world_high", "standard_error", "difference"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _row(sample: Sample, name: str, published: Published | None) -> dict[str, Any]:
    measured = MEASURES[name](sample)
    row = {
        "quantity": name,
        "what": (MEASURES[name].__doc__ or "").strip(),
        "world": float(measured),
        "world_low": measured.interval[0],
        "world_high": measured.interval[1],
        "standard_error": measured.standard_error,
        "rows": measured.rows,
        "is_share": measured.is_share,
        "unit": "",
        "outside": False,
        "class": NOT_TUNED,
        "source": "",
    }
    if published is None:
        return row
    return row | {
        "unit": published.unit,
        "published": published.value,
        "low": published.low,
        "high": published.high,
        "difference": float(measured) - published.value,
        "outside": _lies_outside(measured, published),
        "class": published.evidence_class,
        "source": published.source,
    }


def _lies_outside(measured: Measured, published: Published) -> bool:
    """Say whether a measured number is away from where it is meant to lie by more than chance."""
    low, high = (float(measured) if isnan(end) else end for end in measured.interval)
    below = published.low is not None and high < published.low
    return below or (published.high is not None and low > published.high)


def describe_prosecution(
    world: World, seed: int = 1, *, draw: int = 0, seeds: int = PROSECUTION_SEEDS
) -> pd.DataFrame:
    """Compare the prosecution of a world with the published table, in the mean of some seeds.

    Parameters
    ----------
    world : World
        With a prosecution and its published table; each seed draws as many cases as the table holds for.
    seed : int
        The first of the seeds.
    draw : int
        Which draw of the effects.
    seeds : int
        How many.

    Returns
    -------
    pandas.DataFrame
        One row a cell of the table: ``period``, ``row``, ``published``, ``world``, ``difference``; none for a
        world without a published table.
    """
    plan = world.prosecution
    if plan is None or not plan.published:
        return pd.DataFrame(columns=["period", "row", "published", "world", "difference"])
    spans = {column.name: (column.start, column.end) for column in plan.published}
    tables = []
    for one in range(seed, seed + seeds):
        drawn = simulate(world, plan.cases, one, draw=draw)
        followed = follow_opened(
            world, plan, [block.part.tables["outcomes"] for block in drawn], plan.cases, one
        )
        tables.append(tabulate_prosecution(followed.to_pandas(), spans))
    mean = (sum(tables[1:], start=tables[0]) / seeds).to_dict()
    rows = [
        {"period": column.name, "row": row, "published": count, "world": mean[column.name][row]}
        for column in plan.published
        for row, count in column.counts.items()
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(difference=frame["world"] - frame["published"])
