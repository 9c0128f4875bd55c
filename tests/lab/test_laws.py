"""Laws of the lab that hold whatever the numbers: more hands do no harm, and no change is no difference."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import ttest_rel

from triage.lab.engine import simulate
from triage.lab.report import compare_change, describe_change
from triage.lab.runs import simulate_ways
from triage.lab.staff import Staff, Unit
from triage.lab.whatif import Drift, WhatIf

TEAM = Staff("team", (Unit("one", 4), Unit("two", 2, success=1.5)), interrupt=True)
NOTHING = WhatIf(
    "nothing", volume=1.0, noise_removed=0.0, noise=("hosting_only",), drift=Drift(datetime(2017, 3, 1, tzinfo=UTC), 0)
)  # fmt: skip


@pytest.mark.parametrize("way", ["arrival", "expert", "expert+audit=0.2+deadlines", "oracle"])
def test_more_detectives_never_reach_fewer_children_beyond_noise(poisson_stream, clerks, even_work, way):
    sizes, found = (1, 2, 4, 8, 16), []
    for seed in range(10):
        stream = poisson_stream(400, per_day=4.0, seed=seed, prevalence=0.15, repeats=0.5)
        traces = (simulate(stream, way, clerks(size), even_work(72.0, success=0.7)) for size in sizes)
        found.append([np.isfinite(trace.reached_at).sum() for trace in traces])
    reached = np.array(found).T
    for fewer, more in pairwise(reached):
        assert not ttest_rel(more, fewer, alternative="less").pvalue < 0.01
    assert ttest_rel(reached[-1], reached[0], alternative="greater").pvalue < 0.001


def test_a_what_if_that_changes_nothing_gives_the_same_bytes():
    common = {"cases": 400, "weeks": 20, "seeds": [5, 6]}
    plain = simulate_ways("nl-2017", ["arrival", "expert+audit=0.2"], TEAM, **common)
    same = simulate_ways(
        "nl-2017", ["arrival", "expert+audit=0.2"], TEAM.with_detectives(6), **common, change=NOTHING
    )
    assert replace(same, what_if=plain.what_if).to_json() == plain.to_json()
    changed = compare_change(plain, same, "nothing")
    for by_way in changed.differences.values():
        for difference in by_way.values():
            assert difference.figure.estimate == 0 or not difference.figure.estimable
            assert not difference.shown(0.95)


def test_what_is_not_changed_is_not_said_to_be():
    assert not describe_change(WhatIf(), TEAM.with_detectives(6), TEAM)
