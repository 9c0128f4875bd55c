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
    average_precision,
    brier_score,
    calibration_line,
    compare,
    evaluate,
    evaluate_groups,
    ndcg_at,
    observed_over_expected,
    partial_auc,
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
    assert result.model.average_precision == average_precision(y, s, denominator=of)
    assert result.model.partial_auc == partial_auc(y, s, max_fpr=0.1, denominator=of)
    assert result.model.ndcg[1] == ndcg_at(y, s, 0.05, denominator=of)
    assert result.probability.brier.score == brier_score(y, p, denominator=of)
    assert result.probability.logistic.line == calibration_line(y, p, denominator=of)
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
    # A ranking has nine figures at each capacity and three over the whole list; probabilities have nine, one
    # at each capacity, and two scores of five parts.
    assert len(frame) == 4 * (9 * 2 + 3) + 9 + 2 + 2 * 5
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
        told = line.startswith(("Intervals", "  A threshold of", "  No distance is 0"))
        if any(letter.isdigit() for letter in line) and not told and "(0.5 is chance)" not in line:
            assert "synthetic" in line or line.startswith("   ")
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
        "opened for each found",
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
    assert "recall, model" in str(result)
    assert "no case with current abuse" in str(result)
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
    named = ["recall", "precision", "AUC", "average precision", "Brier score", "calibration slope"]
    weighted = frame[frame["name"].isin(named)]
    assert weighted["method"].str.contains("weighted").all()
    assert "weighted" in str(result)


def test_a_row_may_be_a_report(world):
    result = evaluate(world["outcome"], world["score"], unit="reports", capacity=20)
    assert result.model.at[0].recall.denominator.endswith("all reports")
    assert "reports opened" in str(result)
    assert "cases" not in {word for line in str(result).splitlines()[:1] for word in line.split()}


def test_groups_are_audited_at_the_usual_capacity_and_change_no_other_figure(world, result):
    group = {"half": np.where(np.arange(2000) % 2, "odd", "even")}
    audited = evaluate(**world, group=group, capacity=(20, 0.05), synthetic=True)
    assert audited.to_frame().equals(result.to_frame())
    alone = evaluate_groups(
        world["outcome"],
        world["score"],
        group,
        probability=world["probability"],
        capacity=0.05,
        synthetic=True,
    )
    assert audited.groups.to_frame().equals(alone.to_frame())


def test_every_baseline_is_compared_with_the_model(world, result):
    assert [comparison.names for comparison in result.comparisons] == [
        ("model", "arrival order"),
        ("model", "urgency flag only"),
    ]
    alone = compare(
        world["outcome"], world["score"], world["baselines"]["arrival order"], names=("model", "arrival order"),
        capacity=(20, 0.05), synthetic=True, denominator="all cases (synthetic)",
    )  # fmt: skip
    assert result.comparisons[0].to_frame().equals(alone.to_frame())


def test_a_logged_lottery_weighs_the_rows_with_an_outcome(world):
    inclusion = np.where(world["score"] > 1, 0.5, 0.25)
    chosen = np.random.default_rng(0).random(2000) < inclusion
    outcome = np.where(chosen, world["outcome"], np.nan)
    result = evaluate(outcome, world["score"], inclusion=inclusion, capacity=0.05)
    assert result.weighted
    assert result.left_out == (~chosen).sum()
    weight = 1 / inclusion[chosen]
    expected = evaluate(
        world["outcome"][chosen],
        world["score"][chosen],
        weight=weight * 2000 / weight.sum(),
        capacity=0.05,
    )
    assert result.model.at[0].k == pytest.approx(100)
    assert result.model.at[0].recall.estimate == expected.model.at[0].recall.estimate
    assert result.selection.labelled == chosen.sum()
    assert "The whole list" in str(result)


def test_without_a_logged_lottery_nothing_is_weighted(world):
    outcome = np.where(np.arange(2000) % 2, world["outcome"], np.nan)
    result = evaluate(outcome, world["score"], inclusion=np.full(2000, np.nan), capacity=0.05)
    assert not result.weighted
    assert not result.selection.at[0].hajek.recall.estimable


def test_time_gives_periods_and_a_test_for_a_break(world):
    time = np.datetime64("2024-01-01") + np.arange(2000) % 90
    result = evaluate(world["outcome"], world["score"], time=time, capacity=0.05)
    assert [one.label for one in result.periods.periods] == ["2024-01", "2024-02", "2024-03"]
    assert 0 < result.breaks.p_value <= 1


def test_the_top_of_the_list_is_that_of_the_score_not_of_the_probability(world):
    rng = np.random.default_rng(4)
    p = rng.uniform(0.01, 0.2, 2000)
    result = evaluate(world["outcome"], world["score"], p, capacity=100, resamples=0)
    first = np.argsort(-world["score"])[:100]
    expected = world["outcome"][first].sum() / p[first].sum()
    assert result.probability.observed_over_expected_at[0].estimate == pytest.approx(expected)


def test_periods_tell_of_the_probability_too(world):
    time = np.datetime64("2024-01-01") + np.arange(2000) % 60
    result = evaluate(
        world["outcome"], world["score"], world["probability"], time=time, capacity=0.05, resamples=0
    )
    january = time < np.datetime64("2024-02-01")
    expected = world["outcome"][january].sum() / world["probability"][january].sum()
    assert result.periods.periods[0].observed_over_expected.estimate == pytest.approx(expected)


def test_a_masked_outcome_is_unknown_whatever_lies_under_the_mask(world):
    masked = np.ma.array(world["outcome"], mask=np.arange(2000) % 4 == 0)
    result = evaluate(masked, world["score"], capacity=0.05)
    assert result.left_out == 500
    with pytest.raises(InputRefusedError, match="score"):
        evaluate(world["outcome"], np.ma.array(world["score"], mask=np.arange(2000) == 7))


def test_a_break_is_not_said_to_be_weighted(world):
    time = np.datetime64("2024-01-01") + np.arange(2000) % 60
    result = evaluate(world["outcome"], world["score"], weight=np.full(2000, 2.5), time=time, resamples=9)
    assert all("each counted once" in one.test.denominator for one in result.breaks.breaks)


def test_every_part_is_a_frame(result):
    frames = result.frames()
    assert {"figures", "tests", "decision", "comparisons", "what if"} <= set(frames)
    assert frames["figures"].equals(result.to_frame())
    assert set(frames["comparisons"]["against"]) == {"arrival order", "urgency flag only"}
    assert (frames["tests"]["p_value"] <= 1).all()


@pytest.mark.parametrize("capacity", [(), [[1, 2]], "5"])
def test_no_capacity_is_refused(capacity):
    with pytest.raises(InputRefusedError, match="capacity"):
        evaluate([0, 1, 0], [1, 2, 3], capacity=capacity)


@pytest.mark.parametrize("weight", [1e-300, 1e160, np.inf])
def test_weights_whose_squares_are_no_numbers_are_refused(weight):
    with pytest.raises(InputRefusedError, match="weight"):
        evaluate([0, 1, 0], [1, 2, 3], weight=np.full(3, weight))


def test_without_draws_nothing_is_simulated_and_all_else_is_the_same(world, result):
    quick = evaluate(**world, capacity=(20, 0.05), synthetic=True, resamples=0)
    assert quick.probability.band is None
    assert quick.probability.smooth.ici.estimate == result.probability.smooth.ici.estimate
    assert quick.model.at == result.model.at


def test_the_same_seed_gives_the_same_figures(world, result):
    again = evaluate(**world, capacity=(20, 0.05), synthetic=True)
    assert again.to_json() == result.to_json()


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


def test_whole_weights_count_as_repetitions_in_every_part(world):
    weight = 1 + (np.arange(2000) % 3)
    again = np.repeat(np.arange(2000), weight)
    time = np.datetime64("2024-01-01") + np.arange(2000) % 60

    def measure(rows, weight):
        return evaluate(
            world["outcome"][rows],
            world["score"][rows],
            world["probability"][rows],
            weight,
            {"half": np.where(np.arange(2000) % 2, "odd", "even")[rows]},
            baselines={name: np.asarray(column)[rows] for name, column in world["baselines"].items()},
            time=time[rows],
            capacity=0.05,
            resamples=0,
        )

    weighted, repeated = measure(np.arange(2000), weight), measure(again, None)
    assert weighted.decision["model"].net_benefit == pytest.approx(repeated.decision["model"].net_benefit)
    assert [one.precision.estimate for one in weighted.what_if] == pytest.approx(
        [one.precision.estimate for one in repeated.what_if]
    )
    assert [one.recall.estimate for one in weighted.periods.periods] == pytest.approx(
        [one.recall.estimate for one in repeated.periods.periods]
    )
    assert [row.estimate for row in weighted.groups.rows] == pytest.approx(
        [row.estimate for row in repeated.groups.rows], nan_ok=True
    )
    assert [one.at[0].recall.estimate for one in weighted.comparisons] == pytest.approx(
        [one.at[0].recall.estimate for one in repeated.comparisons]
    )
    ours, theirs = (
        one.to_frame().query("name != 'tied at the cut'")["estimate"] for one in (weighted, repeated)
    )
    assert list(ours) == pytest.approx(list(theirs), rel=1e-6, nan_ok=True)
