from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.selection.augmented import augmented_at
from triage.evaluation.selection.begg_greenes import begg_greenes_at
from triage.evaluation.selection.bounds import bounds_at
from triage.evaluation.selection.estimators import hajek_at, horvitz_thompson_at
from triage.evaluation.selection.selected import evaluate_selected


def make_list(cases: int = 3000, seed: int = 0):
    rng = np.random.default_rng(seed)
    score, unseen = rng.normal(size=(2, cases))
    truth = (rng.random(cases) < 1 / (1 + np.exp(3 - 1.5 * score - unseen))).astype(float)
    inclusion = np.select([unseen > 1.2, unseen > 0], [0.9, 0.3], 0.1)
    return np.where(rng.random(cases) < inclusion, truth, np.nan), score, inclusion, truth


def test_each_figure_is_that_of_its_own_function() -> None:
    outcome, score, inclusion, _ = make_list()
    at = evaluate_selected(outcome, score, inclusion, capacity=0.05).at[0]
    assert at.horvitz_thompson == horvitz_thompson_at(outcome, score, inclusion, 0.05)
    assert at.hajek == hajek_at(outcome, score, inclusion, 0.05)
    assert at.augmented == augmented_at(outcome, score, inclusion, 0.05)
    assert at.begg_greenes == begg_greenes_at(outcome, score, 0.05)
    assert at.bounds == bounds_at(outcome, score, 0.05)


def test_naive_figures_are_those_of_the_labelled_cases_at_the_cut_of_the_whole_list() -> None:
    outcome, score, inclusion, _ = make_list()
    figures = evaluate_selected(outcome, score, inclusion, capacity=300)
    opened = np.zeros(3000, dtype=bool)
    opened[np.argsort(-score)[:300]] = True
    known = ~np.isnan(outcome)
    assert figures.at[0].naive.precision.estimate == pytest.approx(outcome[known & opened].mean())
    assert figures.at[0].naive.recall.estimate == pytest.approx(
        outcome[known & opened].sum() / outcome[known].sum()
    )
    assert figures.prevalence.naive.estimate == pytest.approx(outcome[known].mean())
    assert figures.at[0].labelled_opened == (known & opened).sum()
    assert figures.at[0].labelled_opened + figures.at[0].labelled_rest == figures.labelled == known.sum()


def test_capacities_are_of_the_whole_list_and_kept_in_order() -> None:
    outcome, score, inclusion, _ = make_list()
    figures = evaluate_selected(outcome, score, inclusion)
    assert [at.k for at in figures.at] == [30, 69, 150, 300]
    assert [at.k for at in evaluate_selected(outcome, score, inclusion, capacity=(7, 0.5)).at] == [7, 1500]


def test_without_a_logged_lottery_only_what_needs_none_is_left() -> None:
    outcome, score, _, _ = make_list()
    figures = evaluate_selected(outcome, score, capacity=0.1)
    at = figures.at[0]
    for name in ("horvitz_thompson", "hajek", "augmented"):
        figure = getattr(at, name).precision
        assert figure.method.startswith("not estimable: no logged lottery")
        assert not getattr(figures.prevalence, name).estimable
    assert at.begg_greenes.precision.estimable
    assert at.bounds.precision.estimable
    assert at.monotone.precision.estimable
    assert np.isnan(figures.effective_count)
    assert figures.lottery.method == "not possible: no logged lottery"
    assert "no logged lottery" in str(figures)


def test_too_few_outcomes_are_not_weighted() -> None:
    outcome, score, inclusion, _ = make_list(60)
    figures = evaluate_selected(outcome, score, inclusion, capacity=4)
    assert "is below the least of 10" in figures.at[0].hajek.precision.method
    assert (
        evaluate_selected(outcome, score, inclusion, capacity=30, least_effective=2)
        .at[0]
        .hajek.precision.estimable
    )


def test_a_list_without_any_outcome_has_bounds_alone() -> None:
    figures = evaluate_selected([None] * 50, np.arange(50), [0.1] * 50, capacity=5)
    at = figures.at[0]
    assert at.bounds.precision.brief(1) == "0.0 to 1.0"
    for name in ("naive", "horvitz_thompson", "hajek", "augmented", "begg_greenes"):
        assert not getattr(at, name).precision.estimable
        assert not getattr(at, name).recall.estimable


def test_figures_are_json_a_frame_and_a_text() -> None:
    outcome, score, inclusion, _ = make_list()
    figures = evaluate_selected(outcome, score, inclusion, capacity=(0.05, 0.1))
    read = json.loads(json.dumps(figures.as_dict()))
    assert read["at"][1]["hajek"]["recall"]["estimate"] == figures.at[1].hajek.recall.estimate
    frame = figures.to_frame()
    assert len(frame) == 6 + 2 * 7 * 4
    assert frame["rests_on"].notna().all()
    row = frame.query("k == 300 and estimator == 'hajek' and figure == 'recall'").iloc[0]
    assert row["estimate"] == figures.at[1].hajek.recall.estimate
    text = str(figures)
    assert "first 150 of all cases (5.000%)" in text
    assert "that the cases with an outcome are like the others" in text
    assert figures.at[0].hajek.recall.brief(3) in text


def test_the_right_figures_are_nearer_to_the_truth_than_the_naive_ones() -> None:
    outcome, score, inclusion, truth = make_list(20_000, 4)
    figures = evaluate_selected(outcome, score, inclusion, capacity=0.1, stratum=inclusion)
    recall = truth[np.argsort(-score)[:2000]].sum() / truth.sum()
    at = figures.at[0]
    for name in ("horvitz_thompson", "hajek", "augmented", "begg_greenes"):
        assert abs(getattr(at, name).recall.estimate - recall) < abs(at.naive.recall.estimate - recall)
        assert getattr(at, name).recall.low < recall < getattr(at, name).recall.high
    assert figures.prevalence.naive.low > 1.5 * truth.mean()
    assert at.monotone.recall.low_limit < recall < at.monotone.recall.high_limit


def test_what_a_broken_lottery_makes_impossible_is_not_estimable() -> None:
    # All have outcomes although one in two was said to: each stands for two.
    at = evaluate_selected([1] * 400, np.arange(400), [0.5] * 400, capacity=56).at[0]
    for name in ("precision", "found", "missed", "false_discovery"):
        figure = getattr(at.horvitz_thompson, name)
        assert not figure.estimable
        assert "the logged lottery does not hold: see check_lottery" in figure.method
    assert at.hajek.precision.estimate == 1
    assert at.horvitz_thompson.recall.estimate == pytest.approx(56 / 400)


def test_augmented_count_below_0_is_given_as_0() -> None:
    # Ten opened cases count for 0.1 + (0 - 0.1) / 0.5 each, so for -1 together.
    outcome = [0] * 10 + [1, 0] * 10
    options = {"capacity": 10, "outcome_model": [0.1] * 30, "least_effective": 1}
    found = evaluate_selected(outcome, -np.arange(30), [0.5] * 30, **options).at[0].augmented.found
    assert found.estimate == 0
    assert "-1 cut off at 0, the nearest possible value" in found.method


def test_an_input_that_is_none_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="outcome"):
        evaluate_selected([2, 1], [2, 1], [0.5, 0.5])
    with pytest.raises(InputRefusedError, match="capacity"):
        evaluate_selected([1, None], [2, 1], [0.5, 0.5], capacity=1.5)
    with pytest.raises(InputRefusedError, match="confidence"):
        evaluate_selected([1, 0] * 20, np.arange(40), [0.5] * 40, confidence=95, capacity=20)
    with pytest.raises(InputRefusedError, match="outcome_model"):
        evaluate_selected([1, None], [2, 1], [0.5, 0.5], outcome_model=[0.5, 1.5])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_neither_the_order_of_rows_nor_the_scale_of_scores_matters(seed: int) -> None:
    outcome, score, inclusion, _ = make_list(400, seed)
    score = np.round(score, 1)
    order = np.random.default_rng(seed).permutation(400)
    one = evaluate_selected(outcome, score, inclusion, capacity=0.2).to_frame()
    other = evaluate_selected(outcome[order], np.exp(score[order]), inclusion[order], capacity=0.2).to_frame()
    for column in ("estimate", "low", "high", "low_limit", "high_limit"):
        assert np.allclose(one[column], other[column], equal_nan=True)


@pytest.mark.slow
def test_a_million_cases_take_seconds() -> None:
    from time import perf_counter

    outcome, score, inclusion, _ = make_list(1_000_000)
    started = perf_counter()
    evaluate_selected(outcome, score, inclusion)
    assert perf_counter() - started < 10
