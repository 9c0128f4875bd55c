"""Changes of the stream: more of it, less noise, switches of the world, and facts that come to mean others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import binomtest

from triage.errors import InputRefusedError
from triage.lab.stream import Stream
from triage.lab.streaming import make_stream
from triage.lab.whatif import Drift, WhatIf, expect_volume, list_what_ifs, load_what_if, switch_on
from triage.worlds import load_world
from triage.worlds.simulation import plan_simulation

WORLD = load_world("nl-2017")
WORLD_DARK = switch_on(WORLD, ["platform_dark"])
CASES, SEED = 1_500, 3
NOISE = ("hosting_only", "not_abuse_material", "viral_sharer")
JULY = datetime(2017, 7, 1, tzinfo=UTC)
ERROR = 0.001


def make(change: WhatIf | None = None) -> Stream:
    return make_stream(WORLD, CASES, SEED, models={}, change=change)


@pytest.fixture(scope="module")
def plain() -> Stream:
    return make()


def know(stream: Stream) -> dict[str, tuple[float, ...]]:
    """Return arrival, luck, spell and all that the oracle says, by case."""
    truth, versions = stream.truth, stream.versions
    start = np.searchsorted(versions.case, np.arange(len(stream.case_id) + 1))
    return {
        name: (
            stream.arrival[row],
            *stream.luck[row].tolist(),
            *np.nan_to_num([truth.onset[row], truth.end[row]], nan=-1).tolist(),
            *versions.scores["oracle"][start[row] : start[row + 1]].tolist(),
        )
        for row, name in enumerate(stream.case_id)
    }


def count(stream: Stream, *names: str) -> int:
    chosen = [stream.truth.situations.index(name) for name in names]
    return int(np.isin(stream.truth.situation, chosen).sum())


def test_more_volume_adds_cases_to_those_that_are_there(plain: Stream) -> None:
    more = make(WhatIf("growth", volume=1.57))
    before, after = know(plain), know(more)
    assert len(after) == round(1.57 * CASES)
    assert {name: after[name] for name in before} == before
    assert len({*more.truth.person.tolist()}) > len({*plain.truth.person.tolist()})
    assert more.world == "nl-2017, growth"


def test_the_stream_is_the_same_in_several_processes() -> None:
    change = WhatIf("growth", volume=1.2)
    one, two = (make_stream(WORLD, 200, SEED, models={}, change=change, jobs=jobs) for jobs in (1, 2))
    assert one.case_id == two.case_id
    assert know(one) == know(two)


def test_less_volume_takes_cases_by_lot_and_leaves_the_others_as_they_are(plain: Stream) -> None:
    before, after = know(plain), know(make(WhatIf("fewer", volume=0.6)))
    assert {name: before[name] for name in after} == after
    assert binomtest(len(after), CASES, 0.6).pvalue > ERROR


def test_half_of_the_noise_goes_and_nothing_else(plain: Stream) -> None:
    less = make(WhatIf("quiet", noise=NOISE, noise_removed=0.5))
    before, after = know(plain), know(less)
    assert {name: before[name] for name in after} == after
    assert CASES - count(plain, *NOISE) == len(after) - count(less, *NOISE)
    assert binomtest(count(less, *NOISE), count(plain, *NOISE), 0.5).pvalue > ERROR


def test_more_noise_is_removed_from_among_the_same_lots() -> None:
    some, most = ({*make(WhatIf("quiet", noise=NOISE, noise_removed=share)).case_id} for share in (0.3, 0.8))
    assert most < some


def test_what_is_removed_by_mistake_is_no_noise(plain: Stream) -> None:
    less = make(WhatIf("blunt", noise=NOISE, noise_removed=0.0, others_removed=0.5))
    assert count(less, *NOISE) == count(plain, *NOISE)
    assert (
        binomtest(len(less.case_id) - count(less, *NOISE), CASES - count(plain, *NOISE), 0.5).pvalue > ERROR
    )


def test_a_change_of_the_world_is_switched_on() -> None:
    flooded = make(WhatIf("flood", switches=("generated_flood",)))
    late = flooded.arrival >= JULY.timestamp()
    made = flooded.truth.situation == flooded.truth.situations.index("generated_material")
    # 0.1 percent of the cases before, and 75 times as many after.
    assert binomtest(int(made[late].sum()), int(late.sum()), 0.075 / 1.074).pvalue > ERROR
    assert binomtest(int(made[~late].sum()), int((~late).sum()), 0.001).pvalue > ERROR


def test_what_no_longer_comes_is_not_made_up_for_by_others(plain: Stream) -> None:
    dark = make(WhatIf("dark", switches=("platform_dark",)))
    early, late = (
        [int((stream.arrival < JULY.timestamp()).sum()) if before else
         int((stream.arrival >= JULY.timestamp()).sum()) for stream in (plain, dark)]
        for before in (True, False)
    )  # fmt: skip
    # Before July as many as ever; from then on each situation by its own share.
    assert binomtest(early[1], sum(early)).pvalue > ERROR
    volume = WORLD_DARK.changes["platform_dark"].volume
    left = sum(one.share * volume.get(one.name, 1.0) for one in WORLD.situations)
    assert binomtest(late[1], sum(late), left / (1 + left)).pvalue > ERROR
    assert expect_volume(WORLD_DARK) == pytest.approx(len(dark.case_id) / CASES, abs=1 / CASES)


def test_before_a_change_of_the_world_as_many_cases_come_as_without_it() -> None:
    # The world's own calendar says which share of its cases comes before July.
    shares = []
    for world in (WORLD, WORLD_DARK):
        calendar = plan_simulation(world).model.calendar
        shares.append(np.interp(JULY.timestamp(), calendar.edges[1:], calendar.cumulative))
    assert expect_volume(WORLD_DARK) == pytest.approx(shares[0] / shares[1], rel=1e-4)
    assert 0.9 < expect_volume(WORLD_DARK) < 0.99


def test_a_switched_world_is_another_one() -> None:
    lit = switch_on(WORLD, ["platform_dark"])
    assert [*WORLD.changes] == []
    assert [*lit.changes] == ["platform_dark"]
    assert lit.sha256 != WORLD.sha256
    with pytest.raises(InputRefusedError, match="no change rain"):
        switch_on(WORLD, ["rain"])


def test_before_the_drift_everything_is_as_it_was_and_after_it_nothing(plain: Stream) -> None:
    before, drifted = know(plain), know(make(WhatIf("drift", drift=Drift(JULY, 1))))
    early = {name for name, told in before.items() if told[0] < JULY.timestamp()}
    assert 0 < len(early) < CASES
    assert {name: drifted[name] for name in early} == {name: before[name] for name in early}
    assert {name for name in drifted if name in before} == early
    assert min(told[0] for name, told in drifted.items() if name not in early) >= JULY.timestamp()


def test_a_drift_to_the_same_draw_is_none(plain: Stream) -> None:
    assert know(make(WhatIf("drift", drift=Drift(JULY, 0)))) == know(plain)


def test_every_shipped_change_is_about_something_in_the_world() -> None:
    changes = {name: load_what_if(name, WORLD) for name in list_what_ifs()}
    assert {one.name for one in changes.values()} == {*changes}
    for change in changes.values():
        assert replace(change, name=WhatIf().name) != WhatIf()
        switch_on(WORLD, change.switches)
    assert changes["noise-halved"].noise == ("viral_sharer", "not_abuse_material", "hosting_only")
    assert changes["unnoticed-drift"].drift == Drift(datetime(2017, 7, 2, 12, tzinfo=UTC), 1)


def test_an_unknown_change_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputRefusedError, match="growth-57"):
        load_what_if("rain", WORLD)
