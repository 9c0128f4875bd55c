"""The oracle at any moment, against a posterior summed out by hand, the one at the end, and the truth."""

from __future__ import annotations

import copy
from itertools import pairwise, product
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from reference import Case, Reference, read_cases, read_world
from scipy.stats import chi2

from triage.shipped import find_shipped
from triage.worlds import load_world
from triage.worlds.simulation import DrawnRows, draw_rows, plan_simulation
from triage.worlds.state.moments import solve_at
from triage.worlds.state.oracle import solve

if TYPE_CHECKING:
    from triage.worlds.block import Block

# Each statistical test in this file refuses what is right once in a thousand seeds.
ERROR = 0.001
CASES = 10_000
MOST_REPORTS = 4


@pytest.fixture(scope="module")
def drawn() -> DrawnRows:
    return draw_rows(plan_simulation(load_world("nl-2017")), CASES, 20171, 0)


def received(block: Block) -> np.ndarray:
    return block.reports.received[block.reports.first]


def draw_moments(block: Block, seed: int) -> np.ndarray:
    """Return a moment for each case, from its first report to the end of the period."""
    part = np.random.default_rng(seed).random(len(block)) ** 2
    return received(block) + np.floor(part * (block.as_of - received(block))).astype(np.int64)


def posterior_by_hand(world: Reference, case: Case, end: pd.Timestamp) -> float:
    """Return P(the person abuses at the moment): over persons, paths of abuse and whom each report is about."""
    ends = [*(report.received for report in case.reports), world.end]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ends)]
    first = case.reports[0]
    factor = weigh_number(world, case, end)
    first.facts[:] = [fact for fact in first.facts if (fact.kind, fact.name) != ("rules", "reports")]
    likelihoods = [world.likelihood(report.facts)[0] for report in case.reports]
    strangers = [sum(world.stranger(*pair)) for pair in zip(case.reports, likelihoods, strict=True)]
    wrong, weight = world.data["linking"]["wrong"], [0.0, 0.0]
    for own in product((True, False), repeat=len(case.reports) - 1):
        chance = np.prod(
            [
                1 - wrong if is_own else wrong * stranger
                for is_own, stranger in zip(own, strangers[1:], strict=True)
            ]
        )
        for state, path in enumerate(world.paths([True, *own], likelihoods, gaps)):
            weight[state] += float((world.prior(first.during) * factor * path * chance).sum())
    return weight[1] / sum(weight)


def weigh_number(world: Reference, case: Case, end: pd.Timestamp) -> np.ndarray | float:
    """Return the likelihood of how many reports have come: each later one comes by then with one chance."""
    first, come = case.reports[0], len(case.reports)
    if not any(fact.name == "reports" for fact in first.facts):
        return 1.0
    left = (end - first.received).total_seconds() - 60
    chance = ((world.end - first.received).total_seconds() / left) ** (1 / 3)
    table = world.table("rules", "reports", first.known)
    total: np.ndarray | float = 0.0
    for place, (low, high) in enumerate(world.signals["reports"]["bands"]):
        numbers = range(int(low), int(high) + 1)
        mean = sum(
            comb(number - 1, come - 1) * (1 - min(chance, 1)) ** (number - come)
            for number in numbers
            if number >= come
        ) / len(numbers)
        total = total + world.whole(table[..., place]) * mean
    return total


def test_the_oracle_at_a_moment_is_the_posterior_summed_out_by_hand(drawn: DrawnRows) -> None:
    block, base = drawn.block, Reference(read_world(find_shipped("synthetic_data", "worlds", "nl-2017.toml")))
    number = np.bincount(block.reports.case)
    at = draw_moments(block, 3)
    found = solve_at(block, np.arange(len(block)), at)
    tables = {name: table.to_pandas() for name, table in drawn.part.tables.items()}
    several = np.flatnonzero(number > 1)
    chosen = [*several[:60], *np.flatnonzero(block.bundled > 0)[:15], *np.argsort(-found)[:40], *range(30)]
    seen = set()
    names = drawn.part.cases.to_pylist()
    for place in dict.fromkeys(map(int, chosen)):
        world = copy.copy(base)
        world.end = pd.Timestamp(at[place], unit="s", tz="UTC")
        case = read_cases(world, tables, [names[place]])[names[place]]
        if len(case.reports) > MOST_REPORTS:
            continue
        seen.add((len(case.reports), int(number[place]) > len(case.reports)))
        assert found[place] == pytest.approx(posterior_by_hand(world, case, base.end), rel=1e-6)
    assert {(1, False), (1, True), (2, True), (2, False)} <= seen


def test_at_the_end_it_is_the_oracle_of_cases_with_one_person(drawn: DrawnRows) -> None:
    block = drawn.block
    alone = (np.bincount(block.reports.case) == 1) & (block.bundled == 0)
    everyone, end = np.arange(len(block)), np.full(len(block), block.as_of)
    found, whole = solve_at(block, everyone, end), solve(block).abuse
    assert found[alone].tolist() == whole[alone].tolist()
    assert (found <= whole + 1e-9).all()
    assert (found[~alone] < whole[~alone]).any()


def test_the_oracle_at_a_moment_is_calibrated(drawn: DrawnRows) -> None:
    block = drawn.block
    # One case a person, so that cases are independent.
    _, case = np.unique(block.reports.person[block.reports.first], return_index=True)
    case = np.sort(case)
    for seed in (1, 2):
        at = draw_moments(block, seed)[case]
        chance = solve_at(block, case, at)
        abuses = block.persons.spells.at(block.reports.person[block.reports.first[case]], at)
        band = np.digitize(chance, [0.001, 0.01, 0.05, 0.2, 0.5])
        misses = np.bincount(band, abuses - chance)
        statistic = (misses**2 / np.bincount(band, chance * (1 - chance))).sum()
        assert chi2.sf(statistic, len(misses)) > ERROR


def test_facts_that_come_after_a_moment_have_no_part_in_it() -> None:
    rows = draw_rows(plan_simulation(load_world("nl-2017")), 1_000, 20171, 0)
    block, everyone = rows.block, np.arange(1_000)
    at = draw_moments(block, 5)
    before = solve_at(block, everyone, at)
    for entries in block.ledger._entries:
        for place, (report, feature, since) in enumerate(entries):
            late = since > at[block.reports.case[report]]
            other = np.where(late, feature[::-1], feature)
            entries[place] = report, other, since
    assert solve_at(block, everyone, at).tolist() == before.tolist()
    assert solve_at(block, everyone, np.full(1_000, block.as_of)).tolist() != before.tolist()
