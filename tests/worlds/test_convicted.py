from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from triage.errors import InputRefusedError, OutputExistsError, TriageError
from triage.schema.batch import open_batch
from triage.schema.tables import TABLES
from triage.worlds import convicted, load_world, truth_folder, write_world
from triage.worlds.convicted import (
    CONVICTED_FILE,
    NEVER_CONVICTED,
    Convicted,
    draw_convicted,
    draw_others,
    write_convicted,
)

WORLD = load_world("nl-2017")


@pytest.fixture(scope="module")
def sample() -> Convicted:
    return draw_convicted(WORLD, seed=1)


def text(table: pa.Table, column: str) -> list[str | None]:
    values: list[str | None] = table[column].cast(pa.string()).to_pylist()
    return values


def test_the_sample_has_the_size_and_the_mix_of_the_study(sample: Convicted) -> None:
    assert len(sample.part.cases) == 374
    assert pc.sum(sample.labels["high_risk"]).as_py() == 170


def test_labels_and_truth_stand_in_the_order_of_the_cases(sample: Convicted) -> None:
    cases = sample.part.cases.to_pylist()
    assert cases == sorted(cases)
    assert cases == text(sample.labels, "case_id") == text(sample.truth, "case_id")
    assert sample.labels["high_risk"].to_pylist() == sample.truth["abuse_ever"].to_pylist()


def test_every_person_has_files_and_registers_checked_by_the_as_of_time(sample: Convicted) -> None:
    tables, cases = sample.part.tables, set(sample.part.cases.to_pylist())
    records = tables["prior_records"].to_pandas()
    checked = records[(records["record_kind"] != "prior_report") & (records["known_at"] <= WORLD.end)]
    assert set(checked["case_id"]) == cases
    assert set(text(tables["files"], "case_id")) == cases
    persons = tables["persons"].to_pandas()
    assert set(persons["case_id"][persons["role"] == "reported"]) == cases
    assert not set(text(sample.truth, "situation")) & set(NEVER_CONVICTED)


def test_there_are_no_outcomes_and_every_other_row_of_a_case_is_there(sample: Convicted) -> None:
    drawn = next(iter(draw_others(WORLD, 1, 0)))
    assert sample.part.tables["outcomes"].num_rows == 0
    cases = pc.is_in(drawn.part.cases, sample.part.cases)
    assert pc.sum(cases).as_py() == 374
    for name in set(TABLES) - {"outcomes"}:
        whole = drawn.part.tables[name]
        kept = whole.filter(pc.is_in(whole["case_id"], sample.part.cases))
        assert sample.part.tables[name].num_rows == kept.num_rows


def test_the_same_seed_takes_the_same_persons_and_another_seed_others(sample: Convicted) -> None:
    assert draw_convicted(WORLD, seed=1).part.cases.equals(sample.part.cases)
    assert not set(draw_convicted(WORLD, 22, seed=2).part.cases.to_pylist()) & set(
        sample.part.cases.to_pylist()
    )


def test_cases_of_a_block_are_taken_regardless_of_their_place(sample: Convicted) -> None:
    drawn = next(iter(draw_others(WORLD, 1, 0)))
    place = np.asarray(pc.index_in(sample.part.cases, drawn.part.cases)) / len(drawn.part.cases)
    # Of 374 places spread evenly over 0 to 1 the mean has a standard error of 0.015.
    assert abs(place.mean() - 0.5) < 4.5 * 0.015


def test_a_sample_of_several_blocks_is_sorted_and_whole() -> None:
    sample = draw_convicted(WORLD, 1_500, seed=3)
    cases = sample.part.cases.to_pylist()
    assert len(set(cases)) == 1_500
    assert cases == sorted(cases) == text(sample.labels, "case_id")
    for name in TABLES:
        assert (np.diff(sample.part.position(name)) >= 0).all()


def test_a_person_is_taken_once() -> None:
    sample = draw_convicted(WORLD, 300, seed=4)
    persons = sample.part.tables["persons"].to_pandas()
    reported = persons[persons["role"] == "reported"]
    assert reported.groupby("person_id")["case_id"].nunique().max() == 1


@pytest.mark.parametrize(("size", "many"), [(374, 170), (100, 45), (22, 10), (1, 0), (0, 0)])
def test_by_default_the_mix_is_that_of_the_study(size: int, many: int) -> None:
    assert convicted._wanted(size, None) == {True: many, False: size - many}


@pytest.mark.parametrize(("size", "many"), [(10, 11), (10, -1), (-1, None)])
def test_a_mix_that_cannot_be_is_refused(size: int, many: int | None) -> None:
    with pytest.raises(InputRefusedError, match="convicted sample"):
        draw_convicted(WORLD, size, many, seed=1)


def test_a_world_with_too_few_such_persons_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convicted, "MOST_BLOCKS", 1)
    with pytest.raises(TriageError, match=r"world nl-2017: .* among 10,000 cases; expected 5,000 and 0"):
        draw_convicted(WORLD, 5_000, 5_000, seed=1)


def test_what_is_written_is_a_batch_with_its_labels_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "convicted"
    meta = write_convicted(WORLD, 44, 5, out)
    batch = open_batch(out)
    (part,) = batch.parts()
    assert batch.meta == meta
    assert (meta.synthetic, meta.world, meta.as_of) == (True, "nl-2017, convicted", WORLD.end)
    assert part.findings == []
    labels = pq.read_table(truth_folder(out) / CONVICTED_FILE)
    assert labels["case_id"].to_pylist() == part.cases.to_pylist()
    assert pc.sum(labels["high_risk"]).as_py() == 20
    assert not {"high_risk", "abuse_ever"} & {name for t in part.tables.values() for name in t.column_names}


def test_the_sample_and_each_draw_of_it_are_populations_of_their_own(tmp_path: Path) -> None:
    metas = [write_convicted(WORLD, 11, 5, tmp_path / f"{draw}", draw=draw) for draw in (0, 1)]
    whole = write_world(WORLD, 10, 5, tmp_path / "whole")
    assert len({meta.population for meta in (*metas, whole)}) == 3


def test_an_empty_sample_is_a_sample() -> None:
    assert len(draw_convicted(WORLD, 0, seed=1).part.cases) == 0


def test_nothing_is_written_over_or_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "convicted"
    monkeypatch.setattr(convicted, "MOST_BLOCKS", 1)
    with pytest.raises(TriageError):
        write_convicted(WORLD, 5_000, 1, out)
    assert list(tmp_path.iterdir()) == []
    write_convicted(WORLD, 22, 1, out)
    with pytest.raises(OutputExistsError):
        write_convicted(WORLD, 22, 2, out)
    write_convicted(WORLD, 11, 2, out, force=True)
    assert open_batch(out).meta.rows["reports"] >= 11
