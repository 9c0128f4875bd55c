import json
import math
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import expit

from triage.errors import InputRefusedError
from triage.evaluation import (
    Figure,
    at_capacity,
    brier_parts,
    calibration_line,
    evaluate,
    observed_over_expected,
    roc_auc,
    share_of_oracle,
)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    z = rng.normal(size=2000)
    oracle = expit(-4 + 1.5 * z)
    score = z + rng.normal(size=2000)
    return {
        "outcome": (rng.random(2000) < oracle).astype(int),
        "score": score,
        "probability": expit(-4 + score),
        "oracle": oracle,
        "baselines": {"arrival order": -np.arange(2000), "urgency flag only": (z > 1).astype(int)},
    }


@pytest.fixture(scope="module")
def result(world):
    return evaluate(**world, capacity=(20, 0.05), synthetic=True)


def test_it_gathers_what_the_single_functions_give(world, result):
    y, s, p, q = (world[name] for name in ("outcome", "score", "probability", "oracle"))
    of = "all cases (synthetic)"
    assert [ranking.name for ranking in result.rankings] == [
        "model",
        "oracle",
        "arrival order",
        "urgency flag only",
    ]
    assert result.model.at == (
        at_capacity(y, s, 20, denominator=of),
        at_capacity(y, s, 0.05, denominator=of),
    )
    assert result.model.auc == roc_auc(y, s, denominator=of)
    assert result.rankings[3].auc == roc_auc(y, world["baselines"]["urgency flag only"], denominator=of)
    assert result.rankings[2].oracle_share[1] == share_of_oracle(
        world["baselines"]["arrival order"], q, 0.05, denominator=of
    )
    assert result.probability.brier == brier_parts(y, p, denominator=of)
    assert result.probability.line == calibration_line(y, p, denominator=of)
    assert result.probability.observed_over_expected_at[0] == observed_over_expected(
        y, p, score=s, capacity=20, denominator=of
    )


def test_the_frame_has_one_row_a_figure(result):
    frame = result.to_frame()
    assert frame.columns.to_list() == [
        "name",
        "ranking",
        "k",
        "estimate",
        "low",
        "high",
        "count",
        "method",
        "denominator",
    ]
    # A ranking has seven figures at each capacity and an area, probabilities eight and one at each capacity.
    assert len(frame) == 4 * (7 * 2 + 1) + 8 + 2
    assert not frame.duplicated(["name", "ranking", "k"]).any()
    recall = frame[(frame["name"] == "recall") & (frame["ranking"] == "model") & (frame["k"] == 20)]
    assert recall["estimate"].item() == result.model.at[0].recall.estimate
    missed = frame[(frame["name"] == "missed") & (frame["ranking"] == "urgency flag only")].iloc[0]
    assert missed["low"] < missed["estimate"] < missed["high"]


def test_it_turns_into_json_with_nothing_that_json_lacks(result):
    text = json.dumps(result.as_dict(), allow_nan=False)
    assert json.loads(text)["rankings"][1]["oracle_share"][0]["low"] is None


def test_the_word_synthetic_stands_beside_every_number(result):
    for line in str(result).splitlines():
        if any(letter.isdigit() for letter in line) and not line.startswith(("Intervals", "Area under")):
            assert "synthetic" in line
    assert result.to_frame()["denominator"].str.contains("synthetic").all()


def test_without_synthetic_the_word_is_nowhere(world):
    plain = evaluate(**world)
    assert "synthetic" not in str(plain)
    assert "synthetic" not in plain.to_frame()["denominator"].str.cat()


def test_recall_and_children_missed_stand_before_any_ratio(result):
    header = next(line for line in str(result).splitlines() if "recall" in line).split("  ")
    assert [title.strip() for title in header if title.strip()] == [
        "recall",
        "children missed",
        "precision",
        "lift",
        "share of oracle",
    ]


def test_rows_without_an_outcome_are_left_out_counted_and_named():
    outcome = [1, None, 0, np.nan, 1]
    result = evaluate(
        outcome, [5, 4, 3, 2, 1], [0.5, 0.4, 0.3, 0.2, 0.1], capacity=1, baselines={"b": range(5)}
    )
    assert (result.cases, result.positives, result.left_out) == (3, 2, 2)
    assert result.denominator == "all cases (2 without an outcome left out)"
    expected = evaluate([1, 0, 1], [5, 3, 1], [0.5, 0.3, 0.1], capacity=1, baselines={"b": [0, 2, 4]})
    assert result.to_frame()["estimate"].equals(expected.to_frame()["estimate"])
    assert "2 without an outcome left out" in str(result)


def test_no_outcomes_at_all_are_refused():
    with pytest.raises(InputRefusedError, match="no case has an outcome"):
        evaluate([None, np.nan], [1, 2])


def test_no_current_abuse_gives_reasons_instead_of_zeros():
    result = evaluate([0] * 50, np.arange(50), np.linspace(0.1, 0.2, 50), capacity=5)
    assert not result.model.at[0].recall.estimable
    assert "Not estimable" in str(result)
    assert "recall, model: no case with current abuse" in str(result)
    json.dumps(result.as_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["model", "oracle"])
def test_a_baseline_cannot_take_the_name_of_another_ranking(name):
    with pytest.raises(InputRefusedError, match=name):
        evaluate([0, 1], [1, 2], oracle=[0.1, 0.2], baselines={name: [1, 2]}, capacity=1)


def test_a_baseline_of_another_length_is_refused_by_name():
    with pytest.raises(InputRefusedError, match="flag 3"):
        evaluate([0, 1], [1, 2], baselines={"flag": [1, 2, 3]}, capacity=1)


def test_a_nan_in_a_baseline_is_refused_by_name():
    with pytest.raises(InputRefusedError, match="flag, row 2: found nan"):
        evaluate([0, 1], [1, 2], baselines={"flag": [1, np.nan]}, capacity=1)


def test_weights_reach_every_figure_and_are_named(world):
    weight = np.where(world["score"] > 1, 1.0, 3.5)
    result = evaluate(**world, capacity=0.05, weight=weight)
    frame = result.to_frame()
    weighted = frame[frame["name"].isin(["recall", "precision", "AUC", "Brier score", "calibration slope"])]
    assert weighted["method"].str.contains("weighted").all()
    assert "weighted" in str(result)


def test_numbers_load_neither_plots_nor_models():
    code = "import sys, triage.evaluation as e; e.evaluate([0, 1, 0], [1, 2, 3], [.1, .2, .3], capacity=1); "
    code += "print([m for m in ('matplotlib', 'sklearn', 'pandas', 'scipy.stats') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_figure_says_what_it_is():
    assert str(Figure(0.5, 0.25, 0.75, 1200, "Wilson 95 %", "all cases")) == (
        "0.5000 [0.2500, 0.7500] (1,200 of all cases; Wilson 95 %)"
    )
    missing = Figure.not_estimable("no case with current abuse", 0, "all cases")
    assert str(missing) == "not estimable (0 of all cases; no case with current abuse)"
    assert missing.as_dict()["estimate"] is None
    assert math.isnan(missing.times(3).low)
