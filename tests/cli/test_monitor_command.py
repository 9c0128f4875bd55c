"""``triage monitor`` as a person types it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.evaluation.outcomes import gather_outcomes
from triage.schema.batch import open_batch
from triage.worlds import load_world, write_world


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["monitor", *(str(argument) for argument in arguments)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    content = json.loads(run(*arguments, "--json", code=code).stdout)
    assert isinstance(content, dict)
    return content


def scored(seed: int, *, odds: float = 1.0, moved: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(moved, 1, 1_500), 3)
    p = 1 / (1 + np.exp(3.0 - x))
    return pa.table({
        "case_id": [f"{seed}-{i}" for i in range(1_500)],
        "score": x,
        "probability": p,
        "source": rng.choice(["platform", "police"], 1_500),
        "received_at": np.datetime64("2024-01-01T00:00:00") + np.sort(rng.integers(0, 30 * 86_400, 1_500)),
        "current_abuse": (rng.random(1_500) < odds * p / (1 - p + odds * p)).astype(int),
    })  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reference that is pinned, a batch as before, one that is miscalibrated, and one that has drifted."""
    for name, table in (("before", scored(0)), ("same", scored(1)), ("worse", scored(2, odds=4)),
                        ("moved", scored(3, moved=0.8))):  # fmt: skip
        pv.write_csv(table.drop_columns(["current_abuse"]), tmp_path / f"{name}.csv")
        pq.write_table(table.select(["case_id", "current_abuse"]), tmp_path / f"{name}-outcomes.parquet")
    run(tmp_path / "before.csv", "--pin", tmp_path / "reference.json", "--source", "source")
    return tmp_path


def test_pinning_says_what_is_watched_and_what_is_not(folder: Path) -> None:
    told = run(folder / "before.csv", "--pin", folder / "other.json").output
    assert "columns score, probability, source" in told
    assert "not watched: case_id, an identifier" in told
    assert "next: " in told
    found = answer(folder / "before.csv", "--pin", folder / "third.json", "--column", "score")
    assert (found["columns"], found["cases"]) == (["score"], 1_500)


def test_reference_is_not_written_over_unless_told(folder: Path) -> None:
    content = (folder / "reference.json").read_text()
    run(folder / "same.csv", "--pin", folder / "reference.json", code=4)
    assert (folder / "reference.json").read_text() == content
    run(folder / "same.csv", "--pin", folder / "reference.json", "--force")
    assert (folder / "reference.json").read_text() != content


def test_batch_as_before_may_be_used(folder: Path) -> None:
    told = run(folder / "same.csv", "--reference", folder / "reference.json").output
    assert told.splitlines()[-1] == "state: USE"
    assert "by chance" in told
    assert "no outcomes were given" in told


def test_state_follows_the_batches_and_no_batch_counts_twice(folder: Path) -> None:
    state = ["--reference", folder / "reference.json", "--state", folder / "state.json"]

    def look(name: str) -> dict[str, Any]:
        return answer(folder / f"{name}.csv", "--outcomes", folder / f"{name}-outcomes.parquet", *state)

    first = look("same")
    assert (first["state"]["state"], first["counted"], first["state"]["drift"]["looks"]) == ("use", 1_500, 1)
    again = look("same")
    assert (again["repeated"], again["counted"], again["state"]["drift"]["looks"]) == (True, 0, 1)
    assert again["state"] == first["state"]
    worse = look("worse")
    assert worse["state"]["state"] == "do not use"
    assert worse["state"]["calibration"]["sounded_after"] > 1_500
    told = run(folder / "same.csv", *state, "--fail-on", "watch", code=3).output
    assert told.splitlines()[-1].startswith("state: DO NOT USE since 20")
    assert "because the calibration alarm has sounded" in told


def test_exit_code_tells_the_state_only_when_asked(folder: Path) -> None:
    options = [folder / "moved.csv", "--reference", folder / "reference.json"]
    assert run(*options).output.splitlines()[-1].startswith("state: WATCH")
    run(*options, "--fail-on", "watch", code=3)
    run(*options, "--fail-on", "do-not-use", code=0)


def test_parquet_and_csv_give_the_same(folder: Path) -> None:
    pq.write_table(scored(1), folder / "same.parquet")
    first = answer(folder / "same.csv", "--reference", folder / "reference.json")
    second = answer(folder / "same.parquet", "--reference", folder / "reference.json")
    assert first["drift"] == second["drift"]


def test_outcome_in_the_table_itself(folder: Path) -> None:
    pq.write_table(scored(1), folder / "same.parquet")
    found = answer(
        folder / "same.parquet", "--reference", folder / "reference.json", "--outcome", "current_abuse"
    )
    assert found["counted"] == 1_500


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--pin", "new.json", "--reference", "reference.json"],
        ["--pin", "new.json", "--state", "state.json"],
        ["--reference", "reference.json", "--column", "score"],
        ["--reference", "reference.json", "--fail-on", "use"],
        ["--reference", "reference.json", "--alpha", "0"],
        ["--reference", "reference.json", "--capacity", "lots"],
    ],
)
def test_wrong_usage_writes_nothing(folder: Path, words: list[str]) -> None:
    before = sorted(path.name for path in folder.iterdir())
    run(folder / "same.csv", *(folder / word if word.endswith(".json") else word for word in words), code=2)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_wrong_files_are_refused_and_the_state_stays(folder: Path) -> None:
    state = folder / "state.json"
    run(folder / "same.csv", "--reference", folder / "reference.json", "--state", state)
    content = state.read_text()
    run(folder / "same.csv", "--reference", folder / "same.csv", "--state", state, code=4)
    run(folder / "same.csv", "--reference", state, "--state", state, code=4)
    run(folder / "none.csv", "--reference", folder / "reference.json", "--state", state, code=4)
    run(
        folder / "same.csv",
        "--reference",
        folder / "reference.json",
        "--state",
        folder / "reference.json",
        code=4,
    )
    run(folder / "same.csv", "--pin", folder / "new.json", "--source", "score")
    assert (
        "another reference"
        in run(folder / "same.csv", "--reference", folder / "new.json", "--state", state, code=4).stderr
    )
    assert state.read_text() == content


def test_pipe_is_refused_and_nothing_waits_for_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")
    run(folder / "same.csv", "--reference", folder / "pipe.json", code=4)
    run(
        folder / "same.csv", "--reference", folder / "reference.json", "--state", folder / "pipe.json", code=4
    )
    run(folder / "pipe.json", "--reference", folder / "reference.json", code=4)


def test_no_output_replaces_an_input_whatever_is_forced(folder: Path) -> None:
    batch, content = folder / "same.csv", (folder / "same.csv").read_bytes()
    assert "--pin" in run(batch, "--pin", batch, "--force", code=4).stderr
    (folder / "link.csv").symlink_to(batch)
    run(batch, "--pin", folder / "link.csv", "--force", code=4)
    reference, outcomes = folder / "reference.json", folder / "same-outcomes.parquet"
    for state in (batch, reference, outcomes):
        told = run(batch, "--reference", reference, "--outcomes", outcomes, "--state", state, code=4).stderr
        assert "--state" in told
    assert batch.read_bytes() == content


def test_impossible_probability_is_refused_without_outcomes(folder: Path) -> None:
    p = scored(1)["probability"].to_pylist()
    p[4] = -0.1
    pv.write_csv(scored(1).append_column("p", pa.array(p)), folder / "p.csv")
    told = run(
        folder / "p.csv", "--reference", folder / "reference.json", "--probability", "p", code=4
    ).stderr
    assert "column p, row 5" in told


def test_outcomes_of_a_batch(folder: Path) -> None:
    write_world(load_world("nl-2017"), 3_000, 7, folder / "year")
    known = gather_outcomes(open_batch(folder / "year"))
    rng = np.random.default_rng(0)
    table = pa.table({
        "case_id": known["case_id"],
        "score": rng.normal(size=len(known)),
        "probability": np.full(len(known), 0.05),
    })  # fmt: skip
    pv.write_csv(table, folder / "year.csv")
    run(folder / "year.csv", "--pin", folder / "year.json", "--column", "score")
    options = [folder / "year.csv", "--reference", folder / "year.json", "--outcomes", folder / "year"]
    found = answer(*options)
    assert found["counted"] == len(known) - known["current_abuse"].null_count > 0
    assert (found["synthetic"], len(found["remarks"])) == (True, 1)
    assert "only cases that were chosen to be opened have outcomes" in run(*options).output
    run(*options, "--outcome", "found", code=4)
