import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from triage.evaluation import (
    calibration_in_the_large,
    calibration_line,
    clopper_pearson_interval,
    observed_over_expected,
)

Y = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0])
LOW = [0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.22, 0.25, 0.3]
P = np.array([*LOW, 0.35, 0.4, 0.45, 0.5, 0.6, 0.65, 0.7, 0.04, 0.85, 0.9])
W = np.array([1, 2, 1, 3, 1, 1, 2, 5, 1, 1, 0.5, 1, 1, 2, 1, 1, 4, 1, 1, 1])


def _three(figure):
    return figure.estimate, figure.low, figure.high


def test_intercept_and_slope_are_those_of_another_library():
    # statsmodels 0.15.0, Logit(Y, [1, logit P]).fit(): params and conf_int().
    line = calibration_line(Y, P)
    assert _three(line.intercept) == pytest.approx(
        (-0.12592569878747517, -1.1620005139448217, 0.9101491163698715), rel=1e-8
    )
    assert _three(line.slope) == pytest.approx(
        (0.33146181923772117, -0.2763308581489798, 0.9392544966244221), rel=1e-8
    )


def test_calibration_in_the_large_is_that_of_another_library():
    # statsmodels 0.15.0, GLM(Y, [1], Binomial, offset=logit P).fit(): params and conf_int().
    assert _three(calibration_in_the_large(Y, P)) == pytest.approx(
        (0.33701844461512936, -0.75033493997295, 1.4243718292032088), rel=1e-8
    )


def test_the_weighted_line_and_its_sandwich_are_those_of_another_library():
    # statsmodels 0.15.0, GLM(Y, [1, logit P], Binomial, var_weights=W).fit(cov_type="HC0"): params and bse.
    line = calibration_line(Y, P, weight=W)
    for figure, estimate, error in (
        (line.intercept, -0.45783458518145737, 0.6106180915771448),
        (line.slope, 0.10606966073063062, 0.32353975314443045),
    ):
        assert figure.estimate == pytest.approx(estimate, rel=1e-8)
        assert figure.high - figure.low == pytest.approx(2 * 1.959963984540054 * error, rel=1e-7)


def test_the_line_agrees_with_an_unpenalised_logistic_regression_on_many_cases():
    rng = np.random.default_rng(5)
    x = rng.normal(-4, 1.5, 20_000)
    y = rng.random(20_000) < expit(0.5 + 0.8 * x)
    line = calibration_line(y, expit(x))
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    assert line.intercept.estimate == pytest.approx(reference.intercept_[0], abs=1e-4)
    assert line.slope.estimate == pytest.approx(reference.coef_[0, 0], abs=1e-4)


def test_probabilities_on_the_line_are_found_to_be_so():
    # 2 of 10 at 0.2 and 8 of 10 at 0.8, then the same with every probability shifted by 1 on the logit scale.
    y = np.repeat([1, 0, 1, 0], [2, 8, 8, 2])
    x = np.repeat([-math.log(4), math.log(4)], 10)
    line = calibration_line(y, expit(x))
    assert (line.intercept.estimate, line.slope.estimate) == pytest.approx((0, 1), abs=1e-9)
    assert calibration_in_the_large(y, expit(x)).estimate == pytest.approx(0, abs=1e-9)
    shifted, stretched = calibration_line(y, expit(x - 1)), calibration_line(y, expit(2 * x))
    assert (shifted.intercept.estimate, shifted.slope.estimate) == pytest.approx((1, 1))
    assert (stretched.intercept.estimate, stretched.slope.estimate) == pytest.approx((0, 0.5), abs=1e-9)


@pytest.mark.parametrize(
    ("outcome", "probability", "why"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3], "no case with current abuse"),
        ([1, 1, 1], [0.1, 0.2, 0.3], "no case without current abuse"),
        ([0, 1, 0, 1], [0.2] * 4, "all values are equal"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "separate"),
        ([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4], "separate"),
        ([1, 1, 0, 0], [0.1, 0.3, 0.3, 0.4], "separate"),
    ],
)
def test_a_line_that_does_not_exist_is_not_estimable_and_says_why(outcome, probability, why):
    line = calibration_line(outcome, probability)
    for figure in (line.intercept, line.slope):
        assert not figure.estimable
        assert why in figure.method


def test_calibration_in_the_large_exists_where_the_line_does_not():
    figure = calibration_in_the_large([0, 1, 0, 1], [0.2] * 4)
    assert figure.estimate == pytest.approx(math.log(4))
    assert not calibration_in_the_large([0, 0], [0.1, 0.2]).estimable
    assert not calibration_in_the_large([1, 1], [0.1, 0.2]).estimable


def test_extreme_probabilities_that_are_all_wrong_still_converge():
    y = np.repeat([1, 0], [500, 500])
    figure = calibration_in_the_large(y, np.full(1000, 1e-6))
    assert figure.estimate == pytest.approx(math.log((1 - 1e-6) / 1e-6))
    assert calibration_in_the_large(np.repeat([1, 0], [1, 99_999]), np.full(100_000, 1 - 1e-6)).estimable


BOTH = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0.01, 0.99), st.integers(0, 4)), min_size=2, max_size=30
).filter(lambda cases: len({outcome for outcome, _, weight in cases if weight}) == 2)


@settings(deadline=None)
@given(BOTH)
def test_whole_weights_count_as_repetitions_for_the_estimates(cases):
    y, p, w = map(np.array, zip(*cases, strict=True))
    again = np.repeat(y, w), np.repeat(p, w)
    pairs = [
        (calibration_in_the_large(y, p, weight=w), calibration_in_the_large(*again)),
        (observed_over_expected(y, p, weight=w), observed_over_expected(*again)),
        (observed_over_expected(y, p, capacity=3, weight=w), observed_over_expected(*again, capacity=3)),
        (observed_over_expected(y, p, capacity=0.3, weight=w), observed_over_expected(*again, capacity=0.3)),
    ]
    for weighted, repeated in pairs:
        assert weighted.estimate == pytest.approx(repeated.estimate, rel=1e-6, abs=1e-6)
    lines = calibration_line(y, p, weight=w), calibration_line(*again)
    assert lines[0].slope.estimable == lines[1].slope.estimable
    if lines[0].slope.estimable:
        assert lines[0].slope.estimate == pytest.approx(lines[1].slope.estimate, rel=1e-4, abs=1e-4)


def test_observed_over_expected_by_hand():
    figure = observed_over_expected([1, 1, 0, 0, 0], [0.5, 0.25, 0.25, 0, 0])
    low, high = clopper_pearson_interval(2, 5)
    assert _three(figure) == pytest.approx((2, low / 0.2, high / 0.2))
    assert figure.count == 5


def test_observed_over_expected_among_the_first_k_follows_the_score():
    y, p = [1, 0, 1, 0], [0.9, 0.6, 0.3, 0.2]
    assert observed_over_expected(y, p, capacity=2).estimate == pytest.approx(1 / 1.5)
    assert observed_over_expected(y, p, score=[1, 2, 3, 4], capacity=2).estimate == pytest.approx(1 / 0.5)


def test_observed_over_expected_counts_the_opened_part_of_a_tie():
    # One of two tied cases is opened: half of 1 observed, half of 0.3 + 0.5 expected.
    figure = observed_over_expected([0, 1, 0], [0.5, 0.3, 0.2], score=[1, 1, 0], capacity=1)
    assert figure.estimate == pytest.approx(0.5 / 0.4)
    assert (figure.low, figure.high) == pytest.approx((0, 1 / 0.4))


def test_nothing_observed_has_an_upper_end_and_nothing_expected_is_not_estimable():
    figure = observed_over_expected([0, 0, 0], [0.1, 0.2, 0.3])
    assert (figure.estimate, figure.low) == (0, 0)
    assert figure.high == pytest.approx((1 - 0.025 ** (1 / 3)) / 0.2)
    assert "sum to 0" in observed_over_expected([0, 1], [0, 0]).method
