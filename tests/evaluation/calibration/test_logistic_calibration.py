import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2

from triage.errors import InputRefusedError
from triage.evaluation.calibration.logistic import (
    calibration_in_the_large,
    calibration_line,
    calibration_tests,
    logistic_calibration,
)

# R 4.2.2 with the cases of conftest.py:
#   lp <- qlogis(d$p); f0 <- glm(y~offset(lp),binomial,d); f1 <- glm(y~lp,binomial,d), epsilon = 1e-14, each
#   fitted again from its own coefficients: glm takes standard errors from the step before the last
#   c(coef(f0), se, coef(f1)[1], se, coef(f1)[2], se,
#     -2*sum(y*lp-log(1+exp(lp)))-deviance(f1), deviance(f0)-deviance(f1))
#   rms 6.5-0: val.prob(d$p, d$y, pl=FALSE)[c("U", "U:Chi-sq", "U:p")]
GLM = {
    ("smooth", 500): (
        (-0.240564710866332, 0.111690780605148, -0.341690849402016, 0.123608389118896),
        (0.809537574541347, 0.104816668219454, 7.87080291020015, 3.12980154586535),
        (0.0117416058203994, 7.8708029101997, 0.0195378541816419),
    ),
    ("ties", 500): (
        (-0.240387362960073, 0.111706169431395, -0.343492785911757, 0.12358291192341),
        (0.806027247962007, 0.104614594355476, 7.98811489286027, 3.25554674644559),
        (0.0119762297857199, 7.98811489285993, 0.0184248045942708),
    ),
    ("rare", 3000): (
        (0.261585322040181, 0.0954815408227539, -0.423851585977786, 0.32858503346857),
        (0.777293565376594, 0.0994441099757388, 11.6515208329812, 4.67573126466448),
        (0.0032171736109932, 11.6515208329796, 0.00295055964489321),
    ),
    ("few", 500): (
        (-0.43823505964783, 0.119500879476974, -0.409520072341129, 0.125870597356832),
        (1.10652712477491, 0.107061411269499, 14.9925882567371, 1.03612601721477),
        (0.0259851765134703, 14.9925882567351, 0.000555137832409125),
    ),
}
Z = 1.959963984540054


def _error(figure):
    return (figure.high - figure.low) / (2 * Z)


@pytest.mark.parametrize(("kind", "rows"), GLM)
def test_lines_and_standard_errors_are_those_of_glm(made, kind, rows):
    found = logistic_calibration(*made(kind, rows))
    first, second, _ = GLM[kind, rows]
    values = [
        part
        for figure in (found.in_the_large, found.line.intercept, found.line.slope)
        for part in (figure.estimate, _error(figure))
    ]
    assert values == pytest.approx((*first, *second[:2]), rel=1e-8)


@pytest.mark.parametrize(("kind", "rows"), GLM)
def test_the_tests_are_those_of_glm_and_val_prob(made, kind, rows):
    tests = calibration_tests(*made(kind, rows))
    (_, second, (index, statistic, p_value)) = GLM[kind, rows]
    assert tests.unreliability.statistic == pytest.approx(second[2], rel=1e-8)
    assert tests.slope.statistic == pytest.approx(second[3], rel=1e-8)
    assert tests.unreliability.statistic == pytest.approx(statistic, rel=1e-8)
    assert tests.unreliability.p_value == pytest.approx(p_value, rel=1e-8)
    assert tests.unreliability_index.estimate == pytest.approx(index, rel=1e-8)
    assert (tests.unreliability.freedom, tests.intercept.freedom, tests.slope.freedom) == (2, 1, 1)


def test_the_two_parts_of_the_test_add_up(made):
    tests = calibration_tests(*made("smooth", 500))
    parts = tests.intercept.statistic + tests.slope.statistic
    assert parts == pytest.approx(tests.unreliability.statistic, rel=1e-10)


def test_tiny_probabilities_are_left_alone():
    # R: glm(y ~ qlogis(p), binomial), epsilon = 1e-14.
    line = calibration_line([0, 1, 0, 1, 1, 1, 0, 0], [1e-9, 1e-7, 0.2, 0.3, 0.6, 0.9, 0.5, 0.4])
    assert line.intercept.estimate == pytest.approx(0.142980525994815, rel=1e-8)
    assert line.slope.estimate == pytest.approx(0.031363278385006, rel=1e-8)
    assert "moved" not in line.slope.method


def test_exact_zeros_and_ones_are_moved_and_counted():
    y = [0, 1, 0, 1, 1, 0]
    figure = calibration_line(y, [0, 0, 0.5, 1, 0.5, 1]).slope
    assert "4 probabilities of exactly 0 or 1 moved inside" in figure.method
    by_hand = calibration_line(y, [1e-6, 1e-6, 0.5, 1 - 1e-6, 0.5, 1 - 1e-6]).slope
    assert (figure.estimate, figure.low, figure.high) == (by_hand.estimate, by_hand.low, by_hand.high)


def test_profile_intervals_are_where_the_deviance_says(made):
    # R: uniroot on deviance(glm(y ~ offset(b*lp))) - deviance(f1) - qchisq(.95, 1), and so on.
    y, p = made("smooth", 60)
    line = calibration_line(y, p, interval="profile")
    large = calibration_in_the_large(y, p, interval="profile")
    assert (line.intercept.low, line.intercept.high) == pytest.approx(
        (-0.773046356957125, 0.741987790977918), rel=1e-7
    )
    assert (line.slope.low, line.slope.high) == pytest.approx(
        (0.468881867118242, 1.817192332960789), rel=1e-7
    )
    assert (large.low, large.high) == pytest.approx((-0.720034351074022, 0.537321300521434), rel=1e-7)
    assert "profile likelihood 95 %" in line.slope.method


def test_a_profile_with_weights_and_an_unknown_interval_are_refused():
    with pytest.raises(InputRefusedError, match="profile"):
        calibration_line([0, 1], [0.1, 0.2], weight=[1, 2], interval="profile")
    with pytest.raises(InputRefusedError):
        calibration_line([0, 1], [0.1, 0.2], interval="bootstrap")


def test_where_all_probabilities_are_equal_the_test_has_one_degree_of_freedom():
    # rms 6.5-0 in R: val.prob(rep(.25, 8), rep(1:0, each=4), pl=FALSE)[c("U", "U:Chi-sq", "U:p")]
    tests = calibration_tests([1, 1, 1, 1, 0, 0, 0, 0], [0.25] * 8)
    assert tests.unreliability.statistic == pytest.approx(2.301456579614246, rel=1e-10)
    assert tests.unreliability.p_value == pytest.approx(0.129252739594043, rel=1e-10)
    assert tests.unreliability_index.estimate == pytest.approx(0.162682072451781, rel=1e-10)
    assert tests.unreliability.freedom == 1
    assert "all values are equal" in tests.slope.method


def test_separated_cases_leave_the_test_in_the_large():
    tests = calibration_tests([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert "separated" in tests.slope.method
    assert math.isnan(tests.unreliability.p_value)
    assert tests.intercept.statistic > 0
    none = calibration_tests([0, 0], [0.1, 0.2])
    assert "no case with current abuse" in none.intercept.method
    assert not none.unreliability_index.estimable


def test_with_weights_the_tests_are_wald_tests_with_the_sandwich():
    # statsmodels 0.15.0: GLM(Y, [1, logit P], Binomial, var_weights=W).fit(cov_type="HC0") has slope
    # 0.10606966073063062 with error 0.32353975314443045; see test_probability_calibration.py.
    y = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0])
    low = [0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.22, 0.25, 0.3]
    p = np.array([*low, 0.35, 0.4, 0.45, 0.5, 0.6, 0.65, 0.7, 0.04, 0.85, 0.9])
    w = np.array([1, 2, 1, 3, 1, 1, 2, 5, 1, 1, 0.5, 1, 1, 2, 1, 1, 4, 1, 1, 1])
    slope = calibration_tests(y, p, weight=w).slope
    assert slope.statistic == pytest.approx(((0.10606966073063062 - 1) / 0.32353975314443045) ** 2, rel=1e-6)
    assert slope.p_value == pytest.approx(chi2.sf(slope.statistic, 1))
    assert "sandwich" in slope.method


def test_many_cases_give_the_same_fit_as_few_that_stand_for_them():
    # Above 20,000 rows the fit starts from bins; whole weights on the distinct rows must agree with it.
    rng = np.random.default_rng(8)
    x = np.round(rng.normal(-3, 1.5, 30_000), 1)
    y = rng.random(30_000) < expit(0.3 + 0.9 * x)
    many = calibration_line(y, expit(x))
    rows, count = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    few = calibration_line(rows[:, 1], expit(rows[:, 0]), weight=count)
    assert many.slope.estimate == pytest.approx(few.slope.estimate, rel=1e-8)
    assert many.intercept.estimate == pytest.approx(few.intercept.estimate, rel=1e-8)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_swapping_the_outcome_turns_the_intercept_and_keeps_the_slope(seed):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, 60)
    y = rng.random(60) < p
    one, other = calibration_line(y, p), calibration_line(~y, expit(-logit(p)))
    if one.slope.estimable:
        assert other.slope.estimate == pytest.approx(one.slope.estimate, rel=1e-6)
        assert other.intercept.estimate == pytest.approx(-one.intercept.estimate, rel=1e-6, abs=1e-8)
