"""Does the world give the published table of prosecutions? One test over all its cells.

Law: counts in disjoint stretches of time are independent and Poisson. Their means are estimated from some worlds, and
the distance of a table from them (Mahalanobis) is compared with its distribution under the law, drawn with the same
number of worlds, so that small counts and estimated means need no approximation. Calendar 2015 and the window from
October 2015 to September 2016 share a quarter, and so a covariance.

The table was published once, and the world is tuned to it: a good fit is no evidence for the world. What the test can
see, at an error rate of 0.01, is in `test_what_the_test_can_see`. A table of another world is rejected in nine of ten
cases when its inflow is 15 percent off in every year, or its conditional withdrawals 50 percent (with the few worlds
of the fast lane: inflow in two of three); 5 percent, or a single year of withdrawals 30 percent off, it cannot see.
When this world drifts away from the table to which it was tuned, it sees less, as no chance is added to the gap; so
the tuning has a bound of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from triage.worlds import load_world, simulate
from triage.worlds.file.prosecution_plan import DISPOSALS
from triage.worlds.prosecution import TABLE_ROWS, prosecute, tabulate_prosecution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds import World
    from triage.worlds.file.prosecution_plan import Plan

    Floats = NDArray[np.float64]

ERROR_RATE = 0.01
DRAWS = 4_000
FEW, MANY = 3, 64
# Distance of the published table from the mean of many worlds. A world whose own mean were this far from the truth would
# have its tables rejected in two or three of a hundred cases instead of one.
NEAR = 6.0

# Minister of Security and Justice, 8 December 2016, answer 5: 2011 to 2015, and October 2015 to September 2016.
PUBLISHED = {
    "inflow": (413, 528, 575, 536, 426, 407),
    "transfer": (0, 8, 5, 2, 9, 6),
    "technical_withdrawal": (59, 66, 82, 79, 55, 55),
    "policy_withdrawal": (16, 14, 28, 20, 22, 24),
    "administrative_withdrawal": (3, 7, 6, 23, 8, 9),
    "conditional_withdrawal": (28, 29, 86, 142, 103, 85),
    "transaction_or_penalty_order": (8, 6, 8, 9, 3, 1),
    "joinder": (4, 6, 10, 7, 6, 5),
    "sentence": (271, 238, 285, 278, 274, 223),
    "acquittal": (22, 17, 25, 15, 12, 9),
    "other_court_outcome": (13, 13, 10, 17, 14, 15),
}
TOTALS = {
    "unconditional_withdrawal": (78, 87, 116, 122, 85, 88),
    "court": (306, 268, 320, 310, 300, 247),
    "total_outflow": (424, 404, 545, 592, 506, 432),
}
ROWS = ("inflow", *DISPOSALS)
TABLE = np.array([PUBLISHED[row] for row in ROWS], dtype=float)
INFLOW, ALTERNATIVES, SENTENCES = map(ROWS.index, ("inflow", "conditional_withdrawal", "sentence"))


def day(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


# Disjoint stretches of time, and which of them each column of the table is made of.
STRETCHES = {
    "2011": (day(2011), day(2012)),
    "2012": (day(2012), day(2013)),
    "2013": (day(2013), day(2014)),
    "2014": (day(2014), day(2015)),
    "2015, January to September": (day(2015), day(2015, 10)),
    "2015, October to December": (day(2015, 10), day(2016)),
    "2016, January to September": (day(2016), day(2016, 10)),
}
COLUMNS = np.array(
    [
        [1, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 1, 1],
    ],
    dtype=float,
)


@cache
def find_world() -> tuple[World, Plan]:
    world = load_world("nl-2011-2016")
    assert world.prosecution is not None
    return world, world.prosecution


@cache
def find_outcomes(seed: int) -> pa.Table:
    world, plan = find_world()
    return pa.concat_tables([drawn.part.tables["outcomes"] for drawn in simulate(world, plan.cases, seed)])


def count(seed: int, *, alternatives: bool = True) -> Floats:
    """Return the counts of one world in each stretch; shape (n_rows, n_stretches)."""
    world, plan = find_world()
    plan = replace(plan, alternatives_on=alternatives)
    followed = prosecute(find_outcomes(seed), plan, 1.0, np.random.default_rng([seed, 1]), world.end)
    table = tabulate_prosecution(followed.to_pandas(), STRETCHES)
    return np.asarray(table.loc[list(ROWS)].to_numpy(), float)


def estimate(total: Floats, worlds: int) -> Floats:
    """Return the mean of each count over some worlds; what never happened in them is not impossible."""
    return np.asarray((total + 0.5) / worlds)


def distance(table: Floats, mean: Floats, worlds: int) -> Floats:
    """Return the Mahalanobis distance of tables (..., n_rows, n_columns) from means (..., n_rows, n_stretches)."""
    gap = table - mean @ COLUMNS.T
    covariance = np.einsum("cp,...rp,dp->...rcd", COLUMNS, mean, COLUMNS) * (1 + 1 / worlds)
    scaled = np.linalg.solve(covariance, gap[..., None])[..., 0]
    return np.asarray((gap * scaled).sum(axis=(-2, -1)))


def draw_distances(mean: Floats, worlds: int, *, other: Floats | None = None, seed: int = 0) -> Floats:
    """Draw distances under the law, or of tables that have other means."""
    rng = np.random.default_rng(seed)
    table = rng.poisson(mean if other is None else other, (DRAWS, *mean.shape)) @ COLUMNS.T
    estimated = estimate(rng.poisson(mean * worlds, (DRAWS, *mean.shape)), worlds)
    return distance(table, estimated, worlds)


def p_value(table: Floats, mean: Floats, worlds: int) -> float:
    drawn = draw_distances(mean, worlds)
    return float((1 + (drawn >= distance(table, mean, worlds)).sum()) / (1 + DRAWS))


def power(mean: Floats, other: Floats, worlds: int) -> float:
    """Return how often a table with other means is rejected."""
    bound = np.quantile(draw_distances(mean, worlds), 1 - ERROR_RATE)
    return float((draw_distances(mean, worlds, other=other, seed=1) > bound).mean())


@pytest.fixture(scope="module")
def few() -> Floats:
    return estimate(np.sum([count(seed) for seed in range(FEW)], axis=0), FEW)


@pytest.fixture(scope="module")
def many() -> Floats:
    return np.stack([count(seed) for seed in range(MANY)])


def test_the_published_rows_add_up() -> None:
    sums = {
        name: tuple(
            sum(PUBLISHED[part][column] for part in TABLE_ROWS[name]) for column in range(len(COLUMNS))
        )
        for name in TOTALS
    }
    assert sums == TOTALS


def test_the_world_gives_the_published_table(few: Floats) -> None:
    assert p_value(TABLE, few, FEW) > ERROR_RATE


def test_a_world_without_alternatives_does_not_give_it() -> None:
    mean = estimate(np.sum([count(seed, alternatives=False) for seed in range(FEW)], axis=0), FEW)
    assert p_value(TABLE, mean, FEW) <= ERROR_RATE


@pytest.mark.slow
def test_many_worlds_give_the_published_table(many: Floats) -> None:
    mean = estimate(many.sum(axis=0), MANY)
    assert p_value(TABLE, mean, MANY) > ERROR_RATE
    assert distance(TABLE, mean, MANY) < NEAR


@pytest.mark.slow
def test_worlds_follow_the_law_so_that_the_error_rate_holds(many: Floats) -> None:
    total = many.sum(axis=0)
    distances = []
    for own in many:
        rest = estimate(total - own, MANY - 1)
        distances.append(float(distance(own @ COLUMNS.T, rest, MANY - 1)))
    drawn = draw_distances(estimate(total, MANY), MANY - 1)
    rejected = int((np.array(distances) > np.quantile(drawn, 1 - ERROR_RATE)).sum())
    assert rejected <= binom.isf(1e-3, MANY, ERROR_RATE)
    error = drawn.std() / np.sqrt(MANY)
    assert np.mean(distances) == pytest.approx(drawn.mean(), abs=3.3 * error)


@pytest.mark.slow
def test_a_table_without_alternatives_is_always_rejected(many: Floats) -> None:
    mean = estimate(many.sum(axis=0), MANY)
    bound = np.quantile(draw_distances(mean, MANY), 1 - ERROR_RATE)
    without = np.stack([count(seed, alternatives=False) for seed in range(MANY)])
    assert distance(without @ COLUMNS.T, mean, MANY).min() > bound


@pytest.mark.slow
def test_what_the_test_can_see(many: Floats) -> None:
    mean = estimate(many.sum(axis=0), MANY)

    def changed(rows: slice | int, stretches: slice | int, factor: float) -> float:
        other = mean.copy()
        other[rows, stretches] *= factor
        return power(mean, other, MANY)

    def drifted(rows: slice | int, factor: float) -> float:
        other = mean.copy()
        other[rows] *= factor
        return float(distance(TABLE, other, MANY))

    everything = slice(None)
    assert power(mean, mean, MANY) == pytest.approx(ERROR_RATE, abs=0.006)
    for rows, factor in ((INFLOW, 1.15), (ALTERNATIVES, 1.5), (SENTENCES, 1.2), (everything, 1.1)):
        assert changed(rows, everything, factor) > 0.85, (rows, factor)
    assert changed(INFLOW, everything, 1.05) < 0.15
    assert changed(ALTERNATIVES, 3, 1.3) < 0.25
    bound = np.quantile(draw_distances(mean, MANY), 1 - ERROR_RATE)
    assert drifted(INFLOW, 1.15) < bound < drifted(INFLOW, 1.25)
    # What the bound on the tuning sees.
    for rows, factor in ((INFLOW, 1.07), (ALTERNATIVES, 1.2), (SENTENCES, 1.1), (everything, 1.05)):
        assert drifted(rows, factor) > NEAR, (rows, factor)
