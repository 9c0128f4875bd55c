"""``triage calibrate`` as a person types it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression

import triage.evaluation.calibrating
from triage.cli import main
from triage.errors import InputRefusedError
from triage.evaluation.calibrating import calibrate_bundle
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.schema.batch import open_batch
from triage.scoring.bundle import load_bundle, save_bundle
from triage.scoring.calibration import KINDS
from triage.scoring.gathering import LabelledCases, gather_labelled
from triage.scoring.labels import read_label_file, take_labels
from triage.scoring.loading import load_model
from triage.scoring.recipe import load_recipe

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], env={"TRIAGE_KEY": KEY})
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    content = json.loads(run("calibrate", *arguments, "--json", code=code).stdout)
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic batch with two files of made-up outcomes, many and few positives, and a trained bundle."""
    folder = tmp_path_factory.mktemp("calibrate")
    run("synth", "nl-2017", "--cases", 1_500, "--seed", 3, "--out", folder / "batch")
    model, cases = load_model("expert").model, open_batch(folder / "batch")
    ids = pq.read_table(folder / "batch-truth" / "truth.parquet")["case_id"].to_pylist()
    gathered = gather_labelled(cases, model.features, dict.fromkeys(ids, 0.0))
    score = {}
    for part in cases.parts():
        view = View(part, np.full(len(part.cases), int(cases.meta.as_of.timestamp())))
        points = model.score(model.contributions(build_features(view, model.features)))
        score |= dict(zip(part.cases.to_pylist(), points, strict=True))
    assert len(score) == len(gathered.outcome)
    values = np.array([score[case] for case in ids])
    z = (values - values.mean()) / values.std()
    rng = np.random.default_rng(0)
    for name, level in (("many", -0.5), ("few", -2.4)):
        drawn = rng.random(len(ids)) < 1 / (1 + np.exp(-(level + 1.2 * z)))
        write_outcomes(folder / f"{name}.csv", zip(ids, drawn.astype(int), strict=True))
    # Fitted once, so that later cases are left to calibrate on.
    (folder / "once.toml").write_text(load_recipe("logistic").text.replace("refit = true", "refit = false"))
    told = ("--outcomes", folder / "many.csv")
    run("train", folder / "batch", "--recipe", folder / "once.toml", "--out", folder / "bundle", *told)
    return folder


def write_outcomes(path: Path, rows: Iterable[tuple[str, int]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", "current_abuse"])
        writer.writerows(rows)


def gather(place: Path) -> tuple[np.ndarray, LabelledCases]:
    model = load_model("expert").model
    labels = read_label_file(place / "many.csv")
    cases = gather_labelled(open_batch(place / "batch"), model.features, labels)
    return model.score(model.contributions(cases.matrix)), cases


def choose(monkeypatch: pytest.MonkeyPatch, inclusion: dict[float, float]) -> None:
    """Say that cases were chosen with chances that depend on the outcome."""

    def gather_chosen(*arguments: Any) -> LabelledCases:
        cases = gather_labelled(*arguments)
        return replace(cases, inclusion=np.array([inclusion[y] for y in cases.outcome]))

    monkeypatch.setattr(triage.evaluation.calibrating, "gather_labelled", gather_chosen)


def test_expert_gets_probabilities_where_it_had_none(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "expert"
    found = answer("expert", place / "batch", "--out", out, "--outcomes", place / "many.csv")
    assert load_bundle(out).model.as_dict() == load_model("expert").model.as_dict()
    assert found["note"].startswith("share of all cases (synthetic)")
    run("score", place / "batch", "--model", out, "--out", tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lane"] == "ranked"]
    pairs = sorted((float(row["score"]), float(row["probability"])) for row in rows)
    assert all(p > 0 for _, p in pairs)
    assert (np.diff([p for _, p in pairs]) >= 0).all()


def test_curve_is_the_logistic_regression_of_scikit_learn_on_the_earlier_cases(
    place: Path, tmp_path: Path
) -> None:
    found = answer("expert", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    score, cases = gather(place)
    first = found["calibration"]["cases"]
    assert first in {len(score), len(score) - round(len(score) / 3)}
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
    theirs.fit(score[:first, None], cases.outcome[:first])
    assert found["calibration"]["b"] == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert found["calibration"]["a"] == pytest.approx(theirs.intercept_[0], rel=1e-4)
    assert found["positives"] == cases.outcome.sum()


def test_recipe_and_model_are_kept_word_for_word(place: Path, tmp_path: Path) -> None:
    answer("expert", place / "batch", "--out", tmp_path / "e", "--outcomes", place / "many.csv")
    answer(place / "bundle", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    assert 'kind = "scorecard"' in (tmp_path / "e" / "recipe.toml").read_text()
    kept = (tmp_path / "b" / "recipe.toml").read_bytes()
    assert kept == (place / "bundle" / "recipe.toml").read_bytes()
    assert load_bundle(tmp_path / "b").model == load_bundle(place / "bundle").model


def test_cases_on_which_the_model_was_fitted_are_left_out(place: Path, tmp_path: Path) -> None:
    source = load_bundle(place / "bundle")
    last_day = source.about["periods"]["fitted on"]["from_to"][1]
    found = answer(
        place / "bundle", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv"
    )
    _, cases = gather(place)
    later = cases.at.astype("datetime64[s]").astype("datetime64[D]") > np.datetime64(last_day)
    later &= ~np.isin(cases.person, cases.person[~later])
    assert 0 < found["cases"] == later.sum() < len(later)
    text = (tmp_path / "b" / "card.md").read_text()
    assert f"left out: {(~later).sum():,} synthetic cases on which the model was fitted" in text


def test_of_a_model_that_was_fitted_again_only_what_came_after_is_used(place: Path, tmp_path: Path) -> None:
    told = ("--outcomes", place / "many.csv")
    run("train", place / "batch", "--out", tmp_path / "again", *told)
    assert "fitted_again_on" in load_bundle(tmp_path / "again").about
    refused = run("calibrate", tmp_path / "again", place / "batch", "--out", tmp_path / "b", *told, code=4)
    assert "1,500 cases" in refused.stderr


def test_few_positives_refit_the_intercept_alone_and_the_output_says_so(place: Path, tmp_path: Path) -> None:
    source = load_bundle(place / "bundle").calibration
    assert source.kind == "platt"
    result = run(
        "calibrate",
        place / "bundle",
        place / "batch",
        "--out",
        tmp_path / "b",
        "--outcomes",
        place / "few.csv",
    )
    assert "few positives: only the intercept was refitted" in result.output
    assert "(few; none held out)" in result.output
    curve = load_bundle(tmp_path / "b").calibration
    assert (curve.kind, curve.as_dict()["b"]) == ("intercept", source.as_dict()["b"])
    listed = json.loads(
        run("score", place / "batch", "--model", tmp_path / "b", "--out", tmp_path / "l.csv", "--json").stdout
    )
    assert "only the intercept was refitted" in listed["probabilities"]


@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in {"beta", "venn-abers"} else pytest.param(kind, marks=pytest.mark.slow)
        for kind in KINDS
        if kind != "intercept"
    ],
)
def test_every_kind_makes_a_bundle_that_scores_in_the_same_order(
    place: Path, tmp_path: Path, kind: str
) -> None:
    out, source = tmp_path / "b", place / "bundle" if kind == "temperature" else "expert"
    found = answer(source, place / "batch", "--out", out, "--kind", kind, "--outcomes", place / "many.csv")
    assert found["calibration"]["kind"] == kind
    assert found["guard"] == "enough"
    lists = []
    for model in (source, out):
        run("score", place / "batch", "--model", model, "--out", tmp_path / "l.csv", "--force")
        with (tmp_path / "l.csv").open(encoding="utf-8-sig", newline="") as file:
            lists.append([row["case_id"] for row in csv.DictReader(file)])
    assert lists[0] == lists[1]


def test_logged_chances_of_selection_weigh_the_cases(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The curve is scikit-learn's with weights of one over the chance of selection."""
    choose(monkeypatch, {1.0: 0.5, 0.0: 0.4})
    found = answer("expert", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    score, cases = gather(place)
    first = found["calibration"]["cases"]
    weight = np.where(cases.outcome == 1, 2.0, 2.5)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
    theirs.fit(score[:first, None], cases.outcome[:first], sample_weight=weight[:first])
    assert found["calibration"]["weighted"]
    assert found["note"].startswith("share of all cases")
    assert found["calibration"]["b"] == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert found["calibration"]["a"] == pytest.approx(theirs.intercept_[0], rel=1e-4)
    # Positives count in the heaviest case, here four fifths of one each.
    assert found["effective_positives"] == pytest.approx(0.8 * cases.outcome[:first].sum())


def test_labels_of_some_cases_give_a_share_of_investigated_cases(place: Path, tmp_path: Path) -> None:
    labels = read_label_file(place / "many.csv")
    some = [(case, int(value)) for number, (case, value) in enumerate(labels.items()) if value or number % 3]
    write_outcomes(tmp_path / "some.csv", some)
    found = answer("expert", place / "batch", "--out", tmp_path / "b", "--outcomes", tmp_path / "some.csv")
    assert found["note"].startswith("share of investigated cases (synthetic)")
    assert "not identified for all cases" in found["note"]
    assert not found["calibration"]["weighted"]


def test_report_holds_the_curve_against_cases_it_was_not_fitted_on(place: Path, tmp_path: Path) -> None:
    found = answer("expert", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    assert found["how"] == "held out: the later third"
    assert set(found["estimates"]) == {"intercept", "slope"}
    figures = found["figures"]
    assert set(figures) == {
        "observed over expected",
        "observed over expected in the first 2.3%",
        "calibration slope",
        "calibration intercept",
    }
    whole = figures["observed over expected"]
    assert whole["low"] < whole["estimate"] < whole["high"]
    assert whole["count"] == found["cases"] - found["calibration"]["cases"]
    text = (tmp_path / "b" / "card.md").read_text()
    assert "Calibrated anew:" in text
    assert f"observed over expected {whole['estimate']:.3f}" in text


def test_calibrating_twice_tells_of_the_last_time_alone(place: Path, tmp_path: Path) -> None:
    answer("expert", place / "batch", "--out", tmp_path / "a", "--outcomes", place / "many.csv")
    answer(tmp_path / "a", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    assert (tmp_path / "b" / "card.md").read_text().count("Calibrated anew:") == 1


def test_same_outcomes_give_the_same_curve_and_recipe(place: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        answer(place / "bundle", place / "batch", "--out", tmp_path / name, "--outcomes", place / "many.csv")
    for name in ("model.json", "recipe.toml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_outcomes_from_a_thin_lottery_are_refused_with_the_reason(place: Path, tmp_path: Path) -> None:
    error = answer("expert", place / "batch", "--out", tmp_path / "b", code=4)["error"]
    assert "effective positives; 20 are the fewest" in error["message"]
    assert "wait for more outcomes" in error["message"]
    assert not (tmp_path / "b").exists()


def test_model_that_was_fitted_on_all_these_cases_is_refused(place: Path, tmp_path: Path) -> None:
    cut = replace(
        load_bundle(place / "bundle"),
        about=load_bundle(place / "bundle").about
        | {"periods": {"fitted on": {"cases": 1, "positives": 1, "from_to": ["2000-01-01", "2100-01-01"]}}},
    )
    save_bundle(tmp_path / "source", cut, (place / "bundle" / "recipe.toml").read_text())
    error = answer(
        tmp_path / "source",
        place / "batch",
        "--out",
        tmp_path / "b",
        "--outcomes",
        place / "many.csv",
        code=4,
    )["error"]
    assert "0 effective positives" in error["message"]
    assert "the 1,500 cases that the model was fitted on were left out" in error["message"]


@pytest.mark.parametrize("command", [("train",), ("calibrate", "expert")])
def test_outcomes_without_a_row_are_refused_and_nothing_is_written(
    place: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    write_outcomes(tmp_path / "header.csv", [])
    said = run(
        *command, place / "batch", "--out", tmp_path / "b", "--outcomes", tmp_path / "header.csv", code=4
    )
    assert "header.csv: no row beneath the header; expected a row a case" in " ".join(said.stderr.split())
    assert not (tmp_path / "b").exists()


def test_held_wrong_it_says_how_to_hold_it(place: Path, tmp_path: Path) -> None:
    batch, labels = place / "batch", place / "many.csv"
    out = tmp_path / "b"
    assert (
        "log-odds"
        in answer("expert", batch, "--out", out, "--kind", "temperature", code=4)["error"]["message"]
    )
    assert (
        "one of the inputs"
        in answer(place / "bundle", batch, "--out", place / "bundle", "--force", code=4)["error"]["message"]
    )
    assert "one of the inputs" in answer("expert", batch, "--out", batch / "b", code=4)["error"]["message"]
    assert "no such model" in answer("nowhere", batch, "--out", out, code=4)["error"]["message"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    answer("expert", batch, "--out", tmp_path / "mine", "--force", "--outcomes", labels, code=4)
    assert (tmp_path / "mine" / "diary.txt").exists()
    error = answer("expert", batch, "--out", out, "--kind", "intercept", "--outcomes", labels, code=4)[
        "error"
    ]
    assert "there is no earlier curve" in error["message"]
    run("calibrate", "expert", batch, "--out", out, "--kind", "spline", code=2)
    run("calibrate", "expert", code=2)
    assert not out.exists()


def test_the_command_calibrates_as_a_notebook_does(place: Path, tmp_path: Path) -> None:
    found = answer("expert", place / "batch", "--out", tmp_path / "b", "--outcomes", place / "many.csv")
    labels = read_label_file(place / "many.csv")
    batch, expert = open_batch(place / "batch"), load_model("expert")
    told = calibrate_bundle(expert, batch, pd.Series(labels))
    assert told.calibration is not None
    assert told.calibration.as_dict() == found["calibration"]
    assert told.metrics == load_bundle(tmp_path / "b").metrics
    assert (expert.calibration, expert.metrics) == (None, {})


def test_labels_of_a_series_stand_once_under_each_case() -> None:
    with pytest.raises(InputRefusedError, match="case a twice"):
        take_labels(pd.Series([1, 0], index=["a", "a"]))


def test_a_kind_that_is_not_there_is_refused_with_those_that_are(place: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"kind 'spline'; expected platt, beta"):
        calibrate_bundle(load_model("expert"), open_batch(place / "batch"), kind="spline")
