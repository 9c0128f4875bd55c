"""``triage compare`` as a person types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.evaluation.outcomes import gather_outcomes
from triage.schema.batch import open_batch
from triage.worlds import load_world, write_world

# Ten cases, four with current abuse. Rules open a to d; the model opens c to f.
OUTCOME = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
RULES = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
MODEL = [4, 3, 10, 9, 8, 7, 6, 5, 2, 1]
CASES = list("abcdefghij")


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["compare", *(str(argument) for argument in arguments)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def answer(*arguments: object) -> dict[str, Any]:
    content = json.loads(run(*arguments, "--json").stdout)
    assert isinstance(content, dict)
    return content


def write(path: Path, **columns: list[Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture
def both(tmp_path: Path) -> Path:
    return write(tmp_path / "both.csv", case_id=CASES, rules=RULES, model=MODEL, current_abuse=OUTCOME)


def test_one_table_with_two_scores(both: Path) -> None:
    found = answer(both, "--score", "rules", "--score", "model", "--capacity", 4)
    assert found["names"] == ["rules", "model"]
    (at,) = found["at"]
    assert (at["only_first"], at["only_second"]) == (2, 1)
    assert at["recall"]["estimate"] == pytest.approx(0.25)
    text = run(both, "--score", "rules", "--score", "model", "--capacity", 4).output
    for word in ("rules less model", "children missed", "McNemar", "cannot be told apart"):
        assert word in text


def test_two_lists_joined_by_case_give_the_same_in_whatever_order_of_rows(tmp_path: Path, both: Path) -> None:
    write(tmp_path / "old.csv", case_id=CASES, score=RULES)
    write(tmp_path / "new.csv", case_id=CASES[::-1], score=MODEL[::-1])
    write(tmp_path / "outcomes.csv", case_id=CASES[3:] + CASES[:3], current_abuse=OUTCOME[3:] + OUTCOME[:3])
    lists = tmp_path / "old.csv", tmp_path / "new.csv", "--outcomes", tmp_path / "outcomes.csv"
    found = answer(*lists, "--capacity", 4)
    expected = answer(both, "--score", "rules", "--score", "model", "--capacity", 4)
    assert found["names"] == ["old", "new"]
    assert found["at"][0]["recall"] == expected["at"][0]["recall"]
    assert found["auc"] == expected["auc"]


def test_lists_with_columns_of_different_names_and_other_cases(tmp_path: Path) -> None:
    write(tmp_path / "old.csv", case_id=CASES, points=RULES, found=OUTCOME)
    table = pa.table({"case_id": [*CASES[1:], "z"], "score": [*map(float, MODEL[1:]), 3.0]})
    pq.write_table(table, tmp_path / "new.parquet")
    found = answer(
        tmp_path / "old.csv", tmp_path / "new.parquet",
        "--score", "points", "--score", "score", "--outcome", "found", "--capacity", 4,
    )  # fmt: skip
    assert found["cases"] == 9
    assert found["denominator"] == "all cases but 2 that stand in one file alone"


def test_probabilities_bring_the_brier_score(tmp_path: Path) -> None:
    p, q = [row / 11 for row in RULES], [row / 11 for row in MODEL]
    path = write(
        tmp_path / "p.csv", case_id=CASES, a=RULES, b=MODEL, p=p, q=q, empty=[""] * 10, current_abuse=OUTCOME
    )
    scores = path, "--score", "a", "--score", "b", "--capacity", 4
    by_hand = [sum((y - x) ** 2 for y, x in zip(OUTCOME, column, strict=True)) / 10 for column in (p, q)]
    brier = answer(*scores, "--probability", "p", "--probability", "q")["brier"]
    assert [brier["first"]["estimate"], brier["second"]["estimate"]] == pytest.approx(by_hand)
    assert answer(*scores, "--probability", "p", "--probability", "empty")["brier"] is None


def test_the_cases_that_change_lists_are_written(tmp_path: Path, both: Path) -> None:
    scores = both, "--score", "rules", "--score", "model", "--capacity", 4
    run(*scores, "--entering", tmp_path / "changes.csv")
    with (tmp_path / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["change"], row["case_id"]) for row in rows] == [
        ("enters", "e"), ("enters", "f"), ("leaves", "a"), ("leaves", "b"),
    ]  # fmt: skip
    assert [float(row["outcome"]) for row in rows] == [0, 1, 1, 1]
    assert "already exists" in run(*scores, "--entering", tmp_path / "changes.csv", code=4).stderr
    assert "one of the inputs" in run(*scores, "--entering", both, "--force", code=4).stderr


def test_cases_without_a_score_or_an_outcome_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.csv",
        case_id=[*CASES, "y", "z"],
        a=[*RULES, "", 99],
        b=[*MODEL, 5, 99],
        current_abuse=[*OUTCOME, 1, "undetermined"],
    )
    found = answer(path, "--score", "a", "--score", "b", "--capacity", 4)
    assert found["cases"] == 10
    assert found["denominator"] == "all cases but 1 without both scores (1 without an outcome left out)"


def test_synthetic_stands_beside_every_number_of_a_world(tmp_path: Path) -> None:
    path = write(
        tmp_path / "w.csv", case_id=CASES, a=RULES, b=MODEL, oracle=[0.5] * 10, current_abuse=OUTCOME
    )
    text = run(path, "--score", "a", "--score", "b", "--capacity", 4).output
    lines = [line for line in text.splitlines() if "0." in line]
    assert lines
    assert all("synthetic" in line for line in lines)


def test_weights_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", case_id=CASES, a=RULES, b=MODEL, w=[2] * 10, current_abuse=OUTCOME)
    found = answer(path, "--score", "a", "--score", "b", "--weight", "w", "--capacity", 8)
    assert found["weighted"]
    assert found["at"][0]["recall"]["estimate"] == pytest.approx(0.25)


def test_outcomes_of_a_batch_are_weighted_by_their_logged_probability(tmp_path: Path) -> None:
    write_world(load_world("nl-2017"), 3000, 7, tmp_path / "year")
    told = gather_outcomes(open_batch(tmp_path / "year"))
    order = list(range(len(told)))
    path = tmp_path / "scores.csv"
    write(path, case_id=told["case_id"].to_pylist(), a=order, b=[(7919 * x) % 3001 for x in order])
    words = path, "--score", "a", "--score", "b", "--outcomes", tmp_path / "year", "--capacity", "10%"
    found = answer(*words)
    known = sum(outcome is not None for outcome in told["current_abuse"].to_pylist())
    assert (found["synthetic"], found["weighted"], found["cases"]) == (True, True, known)
    assert f"{known} with an outcome, weighted by one over its logged probability" in found["denominator"]
    assert found["at"][0]["k"] == pytest.approx(0.1 * len(told))
    text = run(*words, "--capacity", 99_999).output
    assert "weighted by one over" in text
    assert f"All {len(told):,} cases opened" in text


def test_a_score_that_seems_to_be_upside_down_is_pointed_out(tmp_path: Path) -> None:
    outcome, score = [1] * 10 + [0] * 30, list(range(40, 0, -1))
    path = write(tmp_path / "s.csv", score=score, rank=list(range(1, 41)), current_abuse=outcome)
    text = run(path, "--score", "score", "--score", "rank", "--capacity", 4).output
    assert "Note: a lower value of rank seems to mean earlier; negate it" in text
    assert "value of score" not in text


@pytest.mark.parametrize(
    "arguments",
    [("--score", "rules"), (), ("--score", "rules", "--score", "rules"), ("--score", "a", "--score", "b", "--score", "c")],
)  # fmt: skip
def test_one_file_needs_two_columns(both: Path, arguments: tuple[str, ...]) -> None:
    assert "twice, with two columns of one file" in run(both, *arguments, code=2).stderr


def test_one_probability_for_one_file_is_wrong_usage(both: Path) -> None:
    scores = both, "--score", "rules", "--score", "model"
    assert "--probability" in run(*scores, "--probability", "p", code=2).stderr


def test_what_cannot_be_compared_is_refused(tmp_path: Path, both: Path) -> None:
    two = "--score", "rules", "--score", "model"
    assert "no column nix" in run(both, *two, "--outcome", "nix", code=4).stderr
    assert "no column nix" in run(both, "--score", "rules", "--score", "nix", code=4).stderr
    assert "cannot be read" in run(tmp_path / "none.csv", *two, code=4).stderr
    other = write(tmp_path / "other.csv", case_id=["q"], score=[1])
    first = write(tmp_path / "first.csv", case_id=CASES, score=RULES, current_abuse=OUTCOME)
    assert "no case stands in both files" in run(first, other, code=4).stderr
    twice = write(tmp_path / "twice.csv", case_id=["a", "a"], score=[1, 2])
    assert "stands twice" in run(first, twice, code=4).stderr
    without = write(tmp_path / "without.csv", score=[1])
    assert "no column case_id" in run(first, without, code=4).stderr
    assert "twice" in run(first, first, code=4).stderr
    words = write(
        tmp_path / "words.csv", case_id=CASES, rules=RULES, model=["high"] * 10, current_abuse=OUTCOME
    )
    assert "column model" in run(words, *two, code=4).stderr
    assert json.loads(run(both, *two, "--outcome", "nix", "--json", code=4).stdout)["error"]["found"]
