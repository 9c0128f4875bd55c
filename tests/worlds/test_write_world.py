from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.intake.link import link_reports
from triage.schema.batch import open_batch
from triage.schema.keys import mend_rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.worlds import load_world, read_truth, simulate, truth_folder, write_world

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Written

WORLD = load_world("nl-2017")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def plain(table: pa.Table) -> pa.Table:
    """Return a table with codes as text, so that equal values are equal whatever their dictionary."""
    names = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
    for name in names:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    return table


def count_different(frame: pd.DataFrame, key: str, column: str) -> pd.Series:
    return frame.groupby(key)[column].nunique()


def test_the_truth_is_read_beside_its_batch(tmp_path: Path) -> None:
    write_world(WORLD, 300, 7, tmp_path / "one")
    truth = read_truth(str(tmp_path / "one"))
    cases = open_batch(tmp_path / "one").to_frame("reports")["case_id"]
    assert set(truth["case_id"]) == set(cases)
    assert truth["current_abuse"].dtype == bool
    assert truth["oracle"].between(0, 1).all()


def test_a_batch_without_truth_is_refused_by_where_the_truth_would_be(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"no truth beside the batch.*nothing-truth"):
        read_truth(tmp_path / "nothing")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_world(WORLD, 12_000, 7, tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert hashes(tmp_path / "one-truth") == hashes(tmp_path / "two-truth")


def test_another_process_with_other_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    write_world(WORLD, 3_000, 7, tmp_path / "one")
    code = (
        "import sys; from pathlib import Path; from triage.worlds import load_world, write_world;"
        "write_world(load_world('nl-2017'), 3000, 7, Path(sys.argv[1]))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "5"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "two")], check=True, env=environment)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert hashes(tmp_path / "one-truth") == hashes(tmp_path / "two-truth")


def test_another_seed_gives_other_cases(tmp_path: Path) -> None:
    parts = [next(simulate(WORLD, 200, seed)).part for seed in (1, 2)]
    assert not set(parts[0].cases.to_pylist()) & set(parts[1].cases.to_pylist())
    assert not list(tmp_path.iterdir())


def test_a_block_does_not_depend_on_how_many_follow() -> None:
    alone, among = next(simulate(WORLD, 10_000, 3)), next(simulate(WORLD, 25_000, 3))
    for name in TABLES:
        assert plain(alone.part.tables[name]).equals(plain(among.part.tables[name]))
    assert plain(alone.truth).equals(plain(among.truth))
    assert plain(alone.reports).equals(plain(among.reports))


def test_reading_back_finds_nothing_and_changes_nothing(written: Written) -> None:
    meta = open_batch(written.path).meta
    for index in range(meta.parts):
        files = {name: written.path / name / f"part-{index:05d}.parquet" for name in TABLES}
        raw = {name: pq.read_table(file) for name, file in files.items()}
        where = {name: str(file) for name, file in files.items()}
        part = settle(mend_rows(raw, where), where, meta.as_of)
        assert part.findings == []
        assert part.set_aside.num_rows == 0
        for name, declared in TABLES.items():
            as_declared = raw[name].cast(declared.arrow_schema)
            assert plain(as_declared).equals(plain(part.tables[name])), name


def test_a_part_drawn_in_memory_is_as_it_is_read_back(tmp_path: Path) -> None:
    write_world(WORLD, 500, 11, tmp_path / "b")
    drawn, read = next(simulate(WORLD, 500, 11)).part, next(open_batch(tmp_path / "b").parts())
    assert drawn.cases.equals(read.cases)
    for name in TABLES:
        assert plain(drawn.tables[name]).equals(plain(read.tables[name])), name


def test_every_row_finds_its_parent_and_every_key_is_unique(written: Written) -> None:
    for name, declared in TABLES.items():
        frame = written.tables[name]
        assert not frame.duplicated(list(declared.key)).any(), name
        if declared.parent:
            parent, column = declared.parent
            linked = frame.merge(
                written.tables[parent][[column, "case_id"]].drop_duplicates(), on=[column, "case_id"]
            )
            assert len(linked) == len(frame), name


def test_codes_are_used_as_declared(written: Written) -> None:
    for name, declared in TABLES.items():
        for column in declared.columns:
            if column.codes and not column.open_codes:
                values = written.tables[name][column.name].dropna().explode().dropna()
                assert set(values) <= set(column.codes), column.name


def test_every_report_of_a_case_names_the_same_person(written: Written) -> None:
    persons, reports = written.tables["persons"], written.tables["reports"]
    reported = persons[persons["role"] == "reported"]
    assert count_different(reported, "person_id", "case_id").max() == 1
    bundles = set(reports.loc[reports["actionability"] == "batch", "case_id"])
    single = reported[~reported["case_id"].isin(bundles)]
    assert count_different(single, "case_id", "person_id").max() == 1
    assert count_different(reported[reported["case_id"].isin(bundles)], "case_id", "person_id").min() > 1
    named = single.groupby("report_id").size()
    assert (named == 1).all()
    unnamed = reports[~reports["report_id"].isin(reported["report_id"])]
    assert unnamed.drop_duplicates("source_ref_hash").groupby("case_id").size().max() == 1


def test_linking_by_tokens_finds_the_cases(written: Written) -> None:
    """The linker of the intake, from the tables alone; a report that came in twice names its person twice."""
    meta = open_batch(written.path).meta
    for index in range(meta.parts):
        reports, persons = (
            pq.read_table(written.path / name / f"part-{index:05d}.parquet")
            for name in ("reports", "persons")
        )
        linked = np.asarray(link_reports({"reports": reports, "persons": persons}).cases)
        named = set(persons["report_id"].to_pylist())
        again = reports.to_pandas().duplicated("source_ref_hash", keep=False).to_numpy()
        apart = again & ~reports["report_id"].to_pandas().isin(named).to_numpy()
        bundle = (reports["actionability"].to_pandas() == "batch").to_numpy()
        alike = linked == reports["case_id"].to_numpy(zero_copy_only=False)
        assert alike[~apart & ~(again & bundle)].all()


def test_a_report_that_came_in_twice_says_the_same_later(written: Written) -> None:
    reports = written.tables["reports"].sort_values("received_at")
    pairs = reports[reports.duplicated("source_ref_hash", keep=False)]
    assert 0.005 < len(pairs) / 2 / len(reports) < 0.015
    same = [
        name
        for name in pairs
        if name
        not in {"report_id", "received_at", "known_at", "enriched_at", "channels", "report_annotations"}
    ]
    for _, pair in pairs.groupby("source_ref_hash"):
        assert len(pair) == 2
        for name in same:
            first, second = pair[name]
            assert first == second or (pd.isna(first) and pd.isna(second)), name
        wait = pair["received_at"].iloc[1] - pair["received_at"].iloc[0]
        assert 0 < wait.total_seconds() <= 7 * 86_400


def test_a_case_is_called_after_its_earliest_report(written: Written) -> None:
    earliest = written.tables["reports"].sort_values(["received_at", "report_id"]).drop_duplicates("case_id")
    assert (earliest["case_id"] == earliest["report_id"]).all()


def test_tokens_are_24_hexadecimal_digits(written: Written) -> None:
    ids = pa.array(written.tables["files"]["file_id"])
    assert pc.all(pc.match_substring_regex(ids, "^[0-9a-f]{24}$")).as_py()


def test_the_truth_is_not_in_the_batch(written: Written) -> None:
    hidden = {"current_abuse", "oracle", "situation", "selection_probability", "onset", "end", "true_person"}
    for name in TABLES:
        assert not hidden & set(written.tables[name].columns)
    names = {path.name for path in written.path.rglob("*")}
    assert not names & {"truth.parquet", "groups.parquet"}
    text = (written.path / "batch.json").read_text()
    assert json.loads(text)["synthetic"] is True
    assert json.loads(text)["world"] == "nl-2017"
    beside = {path.name for path in truth_folder(written.path).iterdir()}
    assert beside == {"truth.parquet", "groups.parquet", "reports.parquet"}


def test_the_truth_has_one_row_a_case_in_the_order_of_the_parts(written: Written) -> None:
    cases = np.concatenate(
        [part.cases.to_numpy(zero_copy_only=False) for part in open_batch(written.path).parts()]
    )
    groups = pq.read_table(truth_folder(written.path) / "groups.parquet").to_pandas()
    assert (written.truth["case_id"].to_numpy() == cases).all()
    assert (groups["case_id"].to_numpy() == cases).all()
    assert list(groups.columns) == ["case_id", "region", "victim_age"]


def test_abuse_is_current_when_its_spell_covers_the_end(written: Written) -> None:
    truth, meta = written.truth, open_batch(written.path).meta
    bundles = written.tables["reports"].query("actionability == 'batch'")["case_id"]
    own = truth[~truth["case_id"].isin(bundles)]
    covers = (own["onset"] <= meta.as_of) & (own["end"] > meta.as_of)
    assert (covers == own["current_abuse"]).all()
    lived = own["onset"].notna()
    assert (own["onset"][lived] < own["end"][lived]).all()
    assert (lived == own["abuse_ever"]).all()
    within = lived & ~covers & (own["end"] > meta.as_of - pd.Timedelta(days=365))
    assert within.any()


def test_abuse_at_a_report_is_that_of_its_true_person(written: Written) -> None:
    whose = pq.read_table(truth_folder(written.path) / "reports.parquet").to_pandas()
    reports = written.tables["reports"]
    assert set(whose["report_id"]) == set(reports["report_id"])
    joined = whose.merge(reports[["report_id", "received_at"]], on="report_id").merge(
        written.truth[["case_id", "onset", "end"]], on="case_id"
    )
    owners = joined.sort_values(["case_id", "received_at"]).drop_duplicates("case_id")
    spell = (owners["onset"] <= owners["received_at"]) & (owners["received_at"] < owners["end"])
    # The latest spell is told; an earlier one may cover the report.
    assert owners.loc[spell, "current_at_report"].mean() > 0.97
    persons_a_case = whose.groupby("case_id")["true_person"].nunique()
    cases_a_person = whose.groupby("true_person")["case_id"].nunique()
    assert (persons_a_case > 1).any()
    assert 0.02 < (cases_a_person > 1).mean() < 0.04


def test_nothing_is_known_before_it_came_and_some_things_only_after_the_end(written: Written) -> None:
    as_of = open_batch(written.path).meta.as_of
    first = written.tables["reports"].groupby("case_id")["received_at"].min()
    for name, frame in written.tables.items():
        assert frame["known_at"].notna().all(), name
        assert (frame["known_at"].to_numpy() >= first.reindex(frame["case_id"]).to_numpy()).all(), name
        if "enriched_at" in frame:
            filled = frame["enriched_at"].notna()
            assert (frame["enriched_at"][filled] >= frame["known_at"][filled]).all(), name
    assert (written.tables["reports"]["known_at"] <= as_of).all()
    assert (written.tables["prior_records"]["known_at"] > as_of).any()
    assert (written.tables["files"]["enriched_at"] > as_of).any()


def test_what_is_filled_in_later_says_when(written: Written) -> None:
    for name, declared in TABLES.items():
        late = [
            c.name for c in declared.columns if c.knowable.value == "enrichment" and c.name != "enriched_at"
        ]
        if late and "enriched_at" in declared:
            frame = written.tables[name]
            assert frame.loc[frame["enriched_at"].isna(), late].isna().all(axis=None), name


def test_nothing_is_told_of_outcomes_after_the_end(written: Written) -> None:
    outcomes, as_of = written.tables["outcomes"], open_batch(written.path).meta.as_of
    ended = outcomes[outcomes["outcome_kind"] != "open"]
    assert (ended["outcome_at"] <= as_of).all()
    assert (ended["selected_at"] < ended["outcome_at"]).all()
    assert (ended["known_at"] == ended["outcome_at"]).all()
    joined = outcomes.merge(written.tables["reports"], on="report_id", suffixes=("", "_report"))
    assert (joined["received_at"] <= joined["selected_at"]).all()


def test_a_chosen_case_whose_investigation_goes_on_has_a_row_that_is_open(written: Written) -> None:
    outcomes, as_of = written.tables["outcomes"], open_batch(written.path).meta.as_of
    is_open = outcomes["outcome_kind"] == "open"
    assert 0 < is_open.sum() < len(outcomes)
    assert outcomes.loc[is_open, ["outcome_at", "current_abuse_label", "label_source"]].isna().all(axis=None)
    told = ["selected_at", "selected_by", "inclusion_probability", "policy_id"]
    assert outcomes[told].notna().all(axis=None)
    assert (outcomes.loc[is_open, "known_at"] == outcomes.loc[is_open, "selected_at"]).all()
    assert (outcomes["selected_at"] <= as_of).all()
    assert outcomes.loc[~is_open, ["outcome_at", "current_abuse_label"]].notna().all(axis=None)
    # No investigation lasts longer than a year or less than a week.
    waited = (as_of - outcomes.loc[is_open, "selected_at"]).dt.days
    assert waited.max() <= 365
    assert is_open[outcomes["selected_at"] > as_of - pd.Timedelta(days=7)].all()


def test_the_inclusion_probability_of_an_outcome_is_that_of_its_case(written: Written) -> None:
    joined = written.tables["outcomes"].merge(written.truth, on="case_id")
    assert (joined["inclusion_probability"] == joined["selection_probability"]).all()
    assert (written.truth["selection_probability"] > 0).all()


def test_what_exists_is_not_written_over(tmp_path: Path) -> None:
    write_world(WORLD, 10, 1, tmp_path / "b")
    before = hashes(tmp_path)
    with pytest.raises(OutputExistsError):
        write_world(WORLD, 10, 2, tmp_path / "b")
    assert hashes(tmp_path) == before
    write_world(WORLD, 10, 2, tmp_path / "b", force=True)
    assert hashes(tmp_path) != before


def test_a_truth_that_is_in_the_way_stops_the_batch_too(tmp_path: Path) -> None:
    truth_folder(tmp_path / "b").mkdir()
    (tmp_path / "b-truth" / "notes.txt").write_text("mine")
    with pytest.raises(InputRefusedError):
        write_world(WORLD, 10, 1, tmp_path / "b", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b-truth"]


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    def stop(_added: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(WORLD, 10, 1, tmp_path / "b", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cases", "seed", "draw", "jobs"), [(-5, 1, 0, 1), (5, -1, 0, 1), (5, 1, -1, 1), (5, 1, 0, 0)]
)
def test_numbers_out_of_range_are_refused(
    tmp_path: Path, cases: int, seed: int, draw: int, jobs: int
) -> None:
    with pytest.raises(InputRefusedError):
        write_world(WORLD, cases, seed, tmp_path / "b", draw=draw, jobs=jobs)


@pytest.mark.parametrize("jobs", [2, 3])
def test_more_processes_write_the_same_bytes(tmp_path: Path, jobs: int) -> None:
    write_world(WORLD, 21_000, 7, tmp_path / "one")
    write_world(WORLD, 21_000, 7, tmp_path / "many", jobs=jobs)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "many")
    assert hashes(tmp_path / "one-truth") == hashes(tmp_path / "many-truth")


def test_another_draw_is_another_population(tmp_path: Path) -> None:
    metas = [write_world(WORLD, 500, 7, tmp_path / f"draw{draw}", draw=draw) for draw in (0, 1, 2)]
    assert len({meta.population for meta in metas}) == 3
    assert metas[1].name == "synthetic nl-2017, draw 1, seed 7"


def test_the_posterior_of_the_situations_sums_to_1(written: Written) -> None:
    posterior = written.truth.filter(like="posterior_")
    assert posterior.shape[1] == len(WORLD.situations)
    assert np.allclose(posterior.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("other", [("nl-2017", 1), ("sparse", 0)])
def test_other_worlds_and_draws_share_no_token(other: tuple[str, int]) -> None:
    name, draw = other
    one, two = (
        next(simulate(load_world(world), 1_000, 5, draw=number)).part.tables["reports"]
        for world, number in (("nl-2017", 0), (name, draw))
    )
    for column in ("report_id", "source_ref_hash"):
        assert not set(one[column].to_pylist()) & set(two[column].to_pylist())


def test_a_batch_whose_truth_cannot_be_written_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("triage.worlds.write.follow_opened", fail)
    with pytest.raises(MemoryError):
        write_world(load_world("nl-2011-2016"), 100, 1, tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_the_cases_that_were_added(tmp_path: Path) -> None:
    told: list[int] = []
    write_world(WORLD, 10_300, 1, tmp_path / "b", progress=told.append)
    assert told == [10_000, 300]


def test_a_part_drawn_in_memory_has_the_declared_types() -> None:
    part = next(simulate(WORLD, 50, 1)).part
    for name, declared in TABLES.items():
        assert part.tables[name].schema.equals(declared.arrow_schema), name


@pytest.mark.parametrize("cases", [1, 2, 7])
def test_a_very_small_world_is_valid(tmp_path: Path, cases: int) -> None:
    for seed in range(8):
        meta = write_world(WORLD, cases, seed, tmp_path / "b", force=True)
        (part,) = open_batch(tmp_path / "b").parts()
        assert len(part.cases) == cases
        assert part.findings == []
        assert meta.rows["reports"] >= cases


def test_a_world_without_cases_is_an_empty_batch(tmp_path: Path) -> None:
    meta = write_world(WORLD, 0, 1, tmp_path / "b")
    assert list(open_batch(tmp_path / "b").parts()) == []
    assert sum(meta.rows.values()) == 0
    assert pq.read_table(truth_folder(tmp_path / "b") / "truth.parquet").num_rows == 0
