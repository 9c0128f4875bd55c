"""``triage stability`` as a person types it, and the baselines on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.worlds import load_world, write_world


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def answer(*arguments: object) -> dict[str, Any]:
    content = json.loads(run("stability", *arguments, "--json").stdout)
    assert isinstance(content, dict)
    return content


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stability") / "batch"
    write_world(load_world("nl-2017"), 3_000, 4, folder)
    return folder


def test_table_and_summary_tell_the_same(batch: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    found = answer(batch, "--capacity", 150, "--draws", 100, "--out", out)
    rows = read_table(out)
    first = [row for row in rows if row["in_first"] == "true"]
    by_score = [row for row in first if row["lane"] == "ranked"]
    assert found["capacity"] == len(first) == 150
    assert found["places_by_score"] == len(by_score)
    assert found["firm"] == sum(float(row["share_of_draws"]) >= 0.9 for row in by_score)
    outside = [float(row["share_of_draws"]) for row in rows if row["in_first"] == "false"]
    assert found["outside_in_more_than_half"] == sum(share > 0.5 for share in outside)
    # In every draw as many places are given as there are.
    assert sum(float(row["share_of_draws"]) for row in rows) == pytest.approx(150, abs=1e-6)
    assert 0.3 < found["overlap_median"] <= 1


def test_recall_is_that_of_the_first_rows_of_the_list(batch: Path, tmp_path: Path) -> None:
    truth = f"{batch}-truth/truth.parquet"
    found = answer(batch, "--capacity", 150, "--draws", 10, "--truth", truth)
    run("score", batch, "--capacity", 150, "--out", tmp_path / "list.csv")
    listed = [row for row in read_table(tmp_path / "list.csv") if row["lane"] in {"escalated", "ranked"}]
    table = pq.read_table(truth, columns=["case_id", "current_abuse"]).to_pylist()
    abuse = {row["case_id"] for row in table if row["current_abuse"]}
    inside = sum(row["case_id"] in abuse for row in listed[:150])
    everywhere = sum(row["case_id"] in abuse for row in listed)
    assert found["positives"] == everywhere > 0
    assert found["recall"] == pytest.approx(inside / everywhere)
    assert all(0 <= variant["recall"] <= 1 for variant in found["variants"])
    text = run("stability", batch, "--capacity", 150, "--draws", 10, "--truth", truth).output
    assert f"recall at 150: {found['recall']:.1%} of {everywhere:,}" in text
    for words in ("without records of contact offences", "our own ranking caused", "places change"):
        assert words in text


def test_same_seed_same_figures(batch: Path) -> None:
    options = (batch, "--capacity", "5%", "--draws", 50)
    assert answer(*options, "--seed", 3) == answer(*options, "--seed", 3)


@pytest.mark.parametrize("model", ["four-step", "rules"])
def test_a_model_without_stated_uncertainty_is_refused(batch: Path, model: str) -> None:
    assert "does not state how unsure" in run("stability", batch, "--model", model, code=4).stderr


def test_outputs_are_not_written_over_inputs_nor_over_each_other(batch: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    out.write_text("mine")
    assert "exists" in run("stability", batch, "--out", out, code=4).stderr
    assert out.read_text() == "mine"
    run("stability", batch, "--out", batch / "s.csv", "--force", code=4)
    run("stability", batch, "--draws", 0, code=2)


@pytest.mark.parametrize("model", ["four-step", "rules", "arrival", "urgency", "severity", "random"])
def test_every_baseline_makes_a_list_that_can_be_evaluated(batch: Path, tmp_path: Path, model: str) -> None:
    out = tmp_path / "list.csv"
    run("score", batch, "--model", model, "--out", out)
    rows = read_table(out)
    assert {row["model"] for row in rows if row["lane"] == "ranked"} == {model}
    scored = [float(row["score"]) for row in rows if row["lane"] == "ranked"]
    assert scored == sorted(scored, reverse=True)
    told = run("evaluate", out, "--outcomes", f"{batch}-truth/truth.parquet", "--resamples", 0).output
    assert "recall" in told
