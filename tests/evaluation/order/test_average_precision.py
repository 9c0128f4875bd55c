import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm, t
from sklearn.metrics import average_precision_score

from triage.errors import InputRefusedError
from triage.evaluation.order.precision_recall import average_precision
from triage.evaluation.proportions import clopper_pearson_interval

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=2, max_size=50).filter(
    lambda cases: any(outcome for outcome, _ in cases)
)


def test_an_average_precision_by_hand():
    # 9 | 7 7 | 3: after each group 1/1, 2/3, 3/4, with one case with current abuse each.
    figure = average_precision([1, 1, 0, 1], [9, 7, 7, 3])
    assert figure.estimate == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert figure.count == 4


@settings(deadline=None, max_examples=40)
@given(CASES)
def test_it_is_that_of_another_library(cases):
    outcome, score = zip(*cases, strict=True)
    expected = average_precision_score(outcome, score)
    assert average_precision(outcome, score).estimate == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(CASES, st.data())
def test_it_is_that_of_another_library_with_weights(cases, data):
    outcome, score = zip(*cases, strict=True)
    weight = data.draw(st.lists(st.floats(0.1, 10), min_size=len(cases), max_size=len(cases)))
    expected = average_precision_score(outcome, score, sample_weight=weight)
    assert average_precision(outcome, score, weight=weight).estimate == pytest.approx(expected, abs=1e-9)


def _jackknifed_by_definition(outcome, score, weight):
    """Squares of numerical derivatives by the weight of each case, each kind with its n/(n - 1)."""
    parts = []
    for kind in (1, 0):
        rows = np.flatnonzero(outcome == kind)
        change = []
        for row in rows:
            step = np.zeros(len(outcome))
            step[row] = 1e-6
            up, down = (
                average_precision_score(outcome, score, sample_weight=weight + sign * step)
                for sign in (1, -1)
            )
            change.append((up - down) / 2e-6)
        w = weight[rows]
        count = w.sum() ** 2 / (w @ w)
        parts.append((float(w**2 @ np.array(change) ** 2) * count / (count - 1), count))
    return parts


@pytest.mark.parametrize("weighted", [False, True])
def test_the_variance_is_the_infinitesimal_jackknife_by_definition(weighted):
    rng = np.random.default_rng(2)
    outcome, score = rng.integers(0, 2, 50), rng.integers(0, 15, 50)
    weight = rng.uniform(0.5, 3, 50) if weighted else np.ones(50)
    parts = _jackknifed_by_definition(outcome, score, weight)
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / (count - 1) for part, count in parts)
    average = average_precision_score(outcome, score, sample_weight=weight)
    figure = average_precision(outcome, score, weight=weight if weighted else None, interval="jackknife")
    half = t.ppf(0.975, freedom) * math.sqrt(variance) / (average * (1 - average))
    assert (figure.low, figure.high) == pytest.approx(
        expit(logit(average) + np.array([-half, half])), rel=1e-6
    )
    figure = average_precision(outcome, score, weight=weight if weighted else None)
    binomial = average * (1 - average) / parts[0][1]
    steadied = (freedom * variance + 7 * binomial) / (freedom + 7)
    half = t.ppf(0.975, freedom + 7) * math.sqrt(steadied) / (average * (1 - average))
    assert (figure.low, figure.high) == pytest.approx(
        expit(logit(average) + np.array([-half, half])), rel=1e-6
    )


def test_the_binomial_interval_is_that_of_boyd_eng_and_page():
    # Section 3.1: expit(eta -/+ z tau), eta = logit(AP), tau = (m AP (1 - AP))^(-1/2).
    outcome, score = np.tile([1, 0, 0, 1, 0], 20), np.arange(100) % 37
    average = average_precision_score(outcome, score)
    ends = expit(
        logit(average) + norm.ppf(0.95) * np.array([-1, 1]) / math.sqrt(40 * average * (1 - average))
    )
    figure = average_precision(outcome, score, interval="binomial", confidence=0.9)
    assert (figure.low, figure.high) == pytest.approx(ends)


@settings(deadline=None, max_examples=40)
@given(CASES, st.randoms(), st.sampled_from(["steadied", "jackknife", "binomial"]))
def test_only_the_order_of_the_scores_matters(cases, random, interval):
    before = average_precision(*zip(*cases, strict=True), interval=interval)
    random.shuffle(cases)
    outcome, score = zip(*cases, strict=True)
    assert average_precision(outcome, np.arctan(score), interval=interval) == before
    assert 0 <= before.low <= before.estimate <= before.high <= 1


@settings(deadline=None, max_examples=40)
@given(CASES, st.data())
def test_whole_weights_count_as_repetitions_for_the_estimate(cases, data):
    outcome, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(cases), max_size=len(cases))))
    repeated = average_precision(np.repeat(outcome, weight), np.repeat(score, weight))
    assert average_precision(outcome, score, weight=weight).estimate == pytest.approx(repeated.estimate)


def test_equal_weights_change_no_end():
    outcome, score = np.tile([1, 0, 0, 1, 0], 8), np.arange(40) % 11
    plain, weighted = average_precision(outcome, score), average_precision(outcome, score, weight=[2.5] * 40)
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))


def test_a_flawless_order_leaves_doubt():
    figure = average_precision([1] * 4 + [0] * 9, range(13, 0, -1))
    assert (figure.estimate, figure.high) == (1, 1)
    assert figure.low == pytest.approx(0.025 ** (1 / 4))


def test_a_constant_score_has_the_share_of_current_abuse():
    figure = average_precision([1, 0, 0, 0, 1, 0, 0, 0], [3] * 8)
    assert figure.estimate == 0.25
    assert figure.low < 0.25 < figure.high


def test_all_cases_with_current_abuse_are_precise_at_any_order():
    assert average_precision([1, 1, 1], [1, 2, 3]).estimate == 1


def test_a_single_case_with_current_abuse_has_clopper_and_pearsons_interval():
    figure = average_precision([0, 1, 0], [3, 2, 1])
    assert (figure.low, figure.high) == pytest.approx(clopper_pearson_interval(0.5, 1))


def test_without_current_abuse_it_is_not_estimable():
    figure = average_precision([0, 0], [1, 2])
    assert not figure.estimable
    assert "no case with current abuse" in figure.method


def test_an_unknown_interval_is_refused():
    with pytest.raises(InputRefusedError, match="interval"):
        average_precision([1, 1, 0, 0], [4, 2, 3, 1], interval="delong")
