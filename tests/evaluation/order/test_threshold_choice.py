import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from triage.errors import InputRefusedError
from triage.evaluation.order.threshold import at_threshold
from triage.evaluation.order.threshold_choice import threshold_at
from triage.evaluation.proportions import wilson_interval

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=40)


def _highest_that_reaches(y, score, level):
    return max(t for t in score if y[score >= t].sum() >= level * y.sum() - 1e-9)


@settings(deadline=None, max_examples=40)
@given(CASES.filter(lambda cases: any(y for y, _ in cases)), st.integers(1, 20))
def test_the_threshold_for_a_recall_is_the_highest_that_reaches_it(cases, level):
    y, score = map(np.array, zip(*cases, strict=True))
    choice = threshold_at(y, score, recall=level / 20)
    threshold = _highest_that_reaches(y, score, level / 20)
    assert choice.threshold == threshold
    assert choice.k == (score >= threshold).sum()
    assert choice.share == pytest.approx(choice.k / len(y))
    at = at_threshold(y, score, threshold)
    assert choice.recall.estimate == pytest.approx(at.recall.estimate)
    assert choice.specificity.estimate == pytest.approx(at.specificity.estimate, nan_ok=True)
    saved = (at.tn + at.fn) / len(y) - (1 - at.recall.estimate)
    assert choice.work_saved.estimate == pytest.approx(saved, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(CASES.filter(lambda cases: not all(y for y, _ in cases)), st.integers(1, 20))
def test_the_threshold_for_a_specificity_is_the_lowest_that_keeps_it(cases, level):
    y, score = map(np.array, zip(*cases, strict=True))
    choice = threshold_at(y, score, specificity=level / 20)
    kept = [t for t in [*score, np.inf] if (score[y == 0] < t).mean() >= level / 20 - 1e-9]
    assert choice.threshold == min(kept)
    assert choice.k == (score >= min(kept)).sum()


@settings(deadline=None, max_examples=40)
@given(CASES.filter(lambda cases: any(y for y, _ in cases)), st.data())
def test_a_threshold_from_weights_is_that_from_repetitions(cases, data):
    y, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(y), max_size=len(y))))
    weighted = threshold_at(y, score, recall=0.7, weight=weight)
    repeated = threshold_at(np.repeat(y, weight), np.repeat(score, weight), recall=0.7)
    assert (weighted.threshold, weighted.k) == (repeated.threshold, repeated.k)
    assert weighted.work_saved.estimate == pytest.approx(repeated.work_saved.estimate, abs=1e-12)


def test_how_many_must_be_opened_to_find_95_percent():
    # 20 cases with current abuse at every fifth place: the 19th is the 95th case.
    y, score = np.tile([0, 0, 0, 0, 1], 20), np.arange(100, 0, -1)
    choice = threshold_at(y, score, recall=0.95)
    assert (choice.k, choice.share, choice.threshold) == (95, 0.95, 6)
    assert choice.work_saved.estimate == pytest.approx(5 / 100 - 1 / 20)
    assert math.isnan(choice.work_saved.low)
    assert "chosen on these cases" in choice.specificity.method
    assert (choice.specificity.low, choice.specificity.high) == pytest.approx(wilson_interval(4, 80))


def test_the_interval_of_the_goal_is_the_law_of_an_order_statistic():
    y, score = np.tile([0, 0, 0, 0, 1], 20), np.arange(100, 0, -1)
    figure = threshold_at(y, score, recall=0.95).recall
    assert (figure.low, figure.high) == pytest.approx((beta.ppf(0.025, 19, 2), beta.ppf(0.975, 20, 1)))
    # One tie more is found than is needed: the low end stays that of 19 of 20.
    figure = threshold_at(y, np.maximum(score, 6) // 6, recall=0.95).recall
    assert figure.estimate == 1
    assert (figure.low, figure.high) == pytest.approx((beta.ppf(0.025, 19, 2), 1))


def test_a_goal_without_cases_is_not_estimable():
    choice = threshold_at([0, 0], [1, 2], recall=0.9)
    assert math.isnan(choice.threshold)
    assert math.isnan(choice.k)
    assert "no case with current abuse" in choice.recall.method
    assert "no case without current abuse" in threshold_at([1, 1], [1, 2], specificity=0.9).precision.method
    choice = threshold_at([0, 0], [1, 2], specificity=0.5)
    assert (choice.threshold, choice.specificity.estimate) == (2, 0.5)
    assert not choice.recall.estimable
    assert not choice.work_saved.estimable


def test_a_specificity_that_the_first_cases_break_opens_nothing():
    choice = threshold_at([0, 1, 0], [3, 2, 1], specificity=1.0)
    assert (choice.threshold, choice.k, choice.recall.estimate) == (math.inf, 0, 0)
    assert not choice.precision.estimable


@pytest.mark.parametrize(
    "goal",
    [{}, {"recall": 0.9, "specificity": 0.9}, {"recall": 0}, {"recall": 1.01}, {"specificity": math.nan}],
)
def test_a_goal_must_be_one_and_within_reach(goal):
    with pytest.raises(InputRefusedError, match="above 0 and at most 1"):
        threshold_at([1, 0], [2, 1], **goal)


def test_results_become_plain_values_and_frames():
    choice = threshold_at([1, 1, 0, 0], [4, 2, 3, 1], recall=0.5)
    assert list(choice.to_frame()["name"]) == ["recall", "specificity", "precision", "work_saved"]
    assert choice.as_dict()["threshold"] == 4


@pytest.mark.slow
@pytest.mark.parametrize("digits", [15, 1])
def test_others_have_the_goal_within_its_interval_as_often_as_it_says(digits):
    # Scores of cases with current abuse are even on (0, 1), exact or rounded to tenths (many ties), so that
    # the recall of all others is known. 6,000 draws leave a standard error of 0.002 a tail.
    rng, low, high = np.random.default_rng(3), [], []
    for _ in range(6000):
        drawn = np.round(rng.random(30), digits)
        choice = threshold_at(np.ones(30), drawn, recall=0.8)
        true = 1 - choice.threshold if digits > 1 else min(1.0, 1 - choice.threshold + 0.05)
        low.append(choice.recall.low <= true)
        high.append(true <= choice.recall.high)
    assert np.mean(low) >= 0.975 - 0.006
    assert np.mean(high) >= 0.975 - 0.006
