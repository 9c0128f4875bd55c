"""The stream: what is known of each case when, beside what is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.metrics import roc_auc_score

from triage.errors import InputRefusedError
from triage.lab.stream import DAY, Stream
from triage.lab.streaming import make_stream
from triage.lab.streaming.knowing import Known, know_versions
from triage.lab.streaming.lives import tell_lives
from triage.lab.streaming.moments import News, choose_moments, list_news
from triage.schema.batch import open_batch
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist
from triage.worklist.policy import LANES, load_policy
from triage.worlds import load_world, write_world
from triage.worlds.simulation import DrawnRows, draw_rows, plan_simulation

if TYPE_CHECKING:
    from pathlib import Path

WORLD, CASES, SEED = "nl-2017", 400, 7
ERROR = 0.001
HOUR = 3_600
FAR = 2**33


@pytest.fixture(scope="module")
def drawn() -> DrawnRows:
    return draw_rows(plan_simulation(load_world(WORLD)), 10_000, SEED, 0)


@pytest.fixture(scope="module")
def stream() -> Stream:
    return make_stream(load_world(WORLD), CASES, SEED, models={"expert": load_model("expert")})


def flatten(stream: Stream) -> dict[str, list[object]]:
    """Return every array of a stream by name."""
    fields = {**vars(stream.versions), **vars(stream.truth), **stream.versions.scores}
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    found = {**arrays, "arrival": stream.arrival, "luck": stream.luck}
    return {name: np.nan_to_num(value, nan=-1).tolist() for name, value in found.items()} | {
        "id": stream.case_id
    }


def test_cases_come_in_order_and_the_first_version_is_the_arrival(stream: Stream) -> None:
    versions = stream.versions
    first = np.searchsorted(versions.case, np.arange(CASES))
    assert (np.diff(stream.arrival) >= 0).all()
    assert versions.at[first].tolist() == stream.arrival.tolist()
    assert (np.diff(versions.case) >= 0).all()
    assert (np.diff(versions.at)[np.diff(versions.case) == 0] > 0).all()
    assert versions.at.min() >= stream.start
    assert versions.at.max() <= stream.end


def test_scores_and_lanes_are_those_of_the_worklist_of_that_moment(stream: Stream, tmp_path: Path) -> None:
    write_world(load_world(WORLD), CASES, SEED, tmp_path / "batch")
    batch, versions = open_batch(tmp_path / "batch"), stream.versions
    last = np.flatnonzero(np.diff(versions.case, append=-1))
    youth = np.flatnonzero(versions.lane == LANES.index("youth"))
    escalated = np.flatnonzero(versions.lane == LANES.index("escalated"))
    for row in [*last[-3:], *youth[:2], *escalated[:2], int(np.argmax(versions.scores["expert"]))]:
        now = datetime.fromtimestamp(versions.at[row], UTC)
        table = build_worklist(batch, load_model("expert"), as_of=now).table
        names = table["case_id"].to_pylist()
        shown = table.slice(names.index(stream.case_id[versions.case[row]]), 1).to_pylist()[0]
        # A child to protect has no score on the list.
        expected = None if row in youth else versions.scores["expert"][row]
        assert (shown["score"], shown["lane"]) == (expected, LANES[versions.lane[row]])


def test_the_cases_are_those_of_a_batch_written_with_the_seed(stream: Stream, tmp_path: Path) -> None:
    write_world(load_world(WORLD), CASES, SEED, tmp_path / "batch")
    names = [name for part in open_batch(tmp_path / "batch").parts() for name in part.cases.to_pylist()]
    assert sorted(stream.case_id) == names


def test_the_same_seed_gives_the_same_stream_and_another_seed_another(stream: Stream) -> None:
    again, other = (
        make_stream(load_world(WORLD), CASES, seed, models={"expert": load_model("expert")})
        for seed in (SEED, SEED + 1)
    )
    assert flatten(again) == flatten(stream)
    assert not {*other.case_id} & {*stream.case_id}


def test_persons_spells_and_luck_are_the_same_whatever_the_models(stream: Stream) -> None:
    bare = flatten(make_stream(load_world(WORLD), CASES, SEED, models={}))
    assert bare == {name: value for name, value in flatten(stream).items() if name != "expert"}


def shift_later(part: Part, moment: int) -> Part:
    """Move everything that comes after a moment into the far future."""
    far = pa.scalar(FAR).cast(pa.timestamp("s", tz="UTC"))
    tables = dict(part.tables)
    for name, column in product(tables, ("known_at", "enriched_at")):
        table = tables[name]
        if column in table.column_names:
            place = table.column_names.index(column)
            late = pc.greater(table[column].cast(pa.int64()), moment)
            moved = pc.if_else(late, far, table[column])
            tables[name] = table.set_column(place, table.schema.field(place), moved)
    return replace(part, tables=tables)


def know(part: Part, until: int) -> tuple[list[list[object]], Known]:
    case, at, _ = choose_moments(list_news(part, until), len(part.cases), until)
    known = know_versions(part, case, at, {"expert": load_model("expert")}, load_policy())
    return [case.tolist(), at.tolist()], known


@pytest.mark.parametrize("part_of_year", [0.3, 0.8])
def test_what_comes_later_changes_no_earlier_version(part_of_year: float) -> None:
    drawn = draw_rows(plan_simulation(load_world(WORLD)), 500, SEED, 0)
    model = drawn.block.model
    moment = model.start + int(part_of_year * (model.as_of - model.start))
    moments, known = know(drawn.part, moment)
    later = shift_later(drawn.part, moment)
    assert list_news(later, FAR - 1).at.max() <= moment
    moments_later, known_later = know(later, moment)
    assert moments_later == moments
    for name in ("lane", "imminence", "solvable", "identity", "evidence_end", "foreign"):
        assert np.array_equal(
            getattr(known, name), getattr(known_later, name), equal_nan=name == "evidence_end"
        )
    assert known.scores["expert"].tolist() == known_later.scores["expert"].tolist()
    # The check can fail: what comes by the end changes some version.
    assert len(know(drawn.part, model.as_of)[0][0]) > len(moments[0])


TIMES = st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=12, unique_by=lambda one: one[0])


def make_news(times: list[tuple[int, bool]]) -> News:
    known = sorted([(0, True), *times])
    at, report = zip(*known, strict=True)
    return News(np.zeros(len(at), dtype=np.int64), np.array(at) * HOUR, np.array(report))


@given(TIMES, st.integers(0, 200))
def test_when_a_version_is_made_depends_on_nothing_that_comes_after_it(
    times: list[tuple[int, bool]], cut: int
) -> None:
    whole = choose_moments(make_news(times), 1, 300 * HOUR)[1]
    before = choose_moments(make_news([one for one in times if one[0] <= cut]), 1, 300 * HOUR)[1]
    assert whole[whole <= cut * HOUR].tolist() == before[before <= cut * HOUR].tolist()


@given(TIMES)
def test_reports_count_at_once_and_everything_within_a_day(times: list[tuple[int, bool]]) -> None:
    at = choose_moments(make_news(times), 1, 300 * HOUR)[1]
    reports = {hour * HOUR for hour, is_report in times if is_report}
    assert reports <= {*at.tolist()}
    for hour, _ in times:
        wait = at[at >= hour * HOUR][0] - hour * HOUR
        assert wait < DAY
    others = [one for one in at.tolist() if one not in reports and one > 0]
    assert all(at[at < one].max() + DAY <= one for one in others)


def test_a_case_is_looked_at_again_when_nothing_came_for_long() -> None:
    _, at, learned = choose_moments(make_news([(30, False), (150, True)]), 1, 330 * HOUR, again=100 * HOUR)
    assert (at // HOUR).tolist() == [0, 30, 130, 150, 250]
    # Time that passes teaches nothing.
    assert learned.tolist() == [0, 1, 1, 2, 2]


def test_news_of_all_cases_are_told_apart() -> None:
    news = News(np.array([0, 0, 1]), np.array([0, 50, 10]) * HOUR, np.array([True, False, True]))
    case, at, learned = choose_moments(news, 2, 100 * HOUR)
    found = zip(case.tolist(), (at // HOUR).tolist(), learned.tolist(), strict=True)
    assert list(found) == [(0, 0, 0), (0, 50, 1), (1, 10, 0)]


def test_the_spell_of_a_case_is_that_of_its_person_when_it_comes(drawn: DrawnRows) -> None:
    block, lives = drawn.block, tell_lives(drawn.block)
    person, opening = np.unique(lives.person, return_index=True)
    arrival = block.reports.received[block.reports.first]
    first = np.full(len(block.persons.share), FAR)
    np.minimum.at(first, lives.person, arrival)
    onset, end = lives.onset[opening], lives.end[opening]
    assert ((onset <= first[person]) & (first[person] < end)).tolist() == (
        block.persons.spells.at(person, first[person]).tolist()
    )
    assert (end[~np.isnan(onset)] > onset[~np.isnan(onset)]).all()
    assert (lives.onset[~np.isnan(lives.onset)] <= block.as_of).all()


def test_cases_about_one_person_tell_one_spell(drawn: DrawnRows) -> None:
    lives = tell_lives(drawn.block)
    _, opening, which = np.unique(lives.person, return_index=True, return_inverse=True)
    assert len(opening) < len(which)
    for told in (lives.onset, lives.end):
        assert np.array_equal(told, told[opening][which], equal_nan=True)


def test_spells_go_on_beyond_the_period_by_the_same_law() -> None:
    plan = plan_simulation(load_world("livestream"))
    block = draw_rows(plan, 10_000, SEED, 0).block
    lives = tell_lives(block)
    _, opening = np.unique(lives.person, return_index=True)
    going_on = opening[(lives.onset[opening] <= block.as_of) & (lives.end[opening] > block.as_of)]
    # What is left of an exponential length is exponential too.
    left = (lives.end[going_on] - block.as_of) / block.model.lasts[lives.situation[going_on]]
    assert len(left) > 200
    assert kstest(left, "expon").pvalue > ERROR


def test_the_oracle_tells_more_of_current_abuse_than_a_model() -> None:
    stream = make_stream(load_world("livestream"), 4_000, SEED, models={"expert": load_model("expert")})
    versions, truth = stream.versions, stream.truth
    abused = (truth.onset[versions.case] <= versions.at) & (versions.at < truth.end[versions.case])
    area = {name: roc_auc_score(abused, score) for name, score in versions.scores.items()}
    assert area["oracle"] > area["expert"] > 0.5
    assert versions.scores["oracle"].sum() == pytest.approx(abused.sum(), rel=0.1)


def test_a_case_that_waits_is_scored_anew_and_has_learned_nothing() -> None:
    often, never = (
        make_stream(load_world(WORLD), CASES, SEED, models={"expert": load_model("expert")}, again_days=days)
        for days in (7, None)
    )
    gap = np.diff(often.versions.at)[np.diff(often.versions.case) == 0]
    assert gap.max() == 7 * DAY
    assert np.diff(never.versions.at)[np.diff(never.versions.case) == 0].max() > 30 * DAY
    for stream in (often, never):
        first = np.searchsorted(stream.versions.case, np.arange(CASES))
        assert (stream.versions.learned[first] == 0).all()
    last = [np.flatnonzero(np.diff(one.versions.case, append=-1)) for one in (often, never)]
    learned = [one.versions.learned[place] for one, place in zip((often, never), last, strict=True)]
    assert learned[0].max() > 0
    # What comes within a day of a look is gathered with it or waits for the next day, so sums may differ a bit.
    assert abs(learned[0] - learned[1]).max() <= 2
    moved = often.versions.scores["oracle"][1:] != often.versions.scores["oracle"][:-1]
    same = np.diff(often.versions.case) == 0
    aged = same & (np.diff(often.versions.learned) == 0)
    assert moved[aged].mean() > 0.5


@pytest.mark.parametrize("days", [0, 0.5, np.inf, np.nan])
def test_a_case_is_not_scored_anew_more_often_than_once_a_day(days: float) -> None:
    with pytest.raises(InputRefusedError, match="again_days"):
        make_stream(load_world(WORLD), 10, 1, models={}, again_days=days)


def test_a_model_by_the_name_of_the_oracle_and_no_cases_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="oracle"):
        make_stream(load_world(WORLD), 10, 1, models={"oracle": load_model("expert")})
    with pytest.raises(InputRefusedError, match="number of cases"):
        make_stream(load_world(WORLD), 0, 1, models={})
