"""Each curve against the programs that others wrote; `small` is in conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from triage.scoring.calibration import (
    BetaCalibration,
    LogitCurve,
    PlattCalibration,
    TemperatureCalibration,
    fit_calibration,
)

Draw = Callable[[int, int, float, float], tuple[np.ndarray, np.ndarray]]


def fit(kind: str, cases: Any, weight: np.ndarray | None = None, **options: Any) -> Any:
    shared = {"denominator": "all cases", "population": "world w", "minimum_positives": 0}
    return fit_calibration(kind, cases[0], cases[1], weight, **(shared | options))


def enlarge(cases: Any, times: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Take each case many times, for enough positives: the same curve, a covariance as many times smaller."""
    return np.repeat(cases[0], times), np.repeat(cases[1], times)


def test_platt_is_the_generalised_linear_model_of_statsmodels_and_r(small: Any) -> None:
    """statsmodels 0.15.0 GLM(Binomial), tol 1e-14; R 4.2.2 glm() prints the same to 14 digits."""
    curve = fit("platt", small)
    np.testing.assert_allclose(curve.coefficients, [0.2101599352932481, 0.8521517062859697], rtol=1e-10)
    covariance = [[0.2777638367515558, 0.10071069444882996], [0.10071069444882996, 0.1718351219172604]]
    np.testing.assert_allclose(curve.covariance_matrix, covariance, rtol=1e-8)


def test_weighted_platt_has_the_sandwich_of_statsmodels_and_r(small: Any) -> None:
    """statsmodels 0.15.0 GLM(var_weights=w), cov_type HC0; R 4.2.2 glm(weights=w) and A^-1 B A^-1 by hand."""
    curve = fit("platt", small, small.weight)
    np.testing.assert_allclose(curve.coefficients, [0.703773887787247, 1.192671481638439], rtol=1e-10)
    covariance = [[0.357588521614797, 0.141241522647028], [0.141241522647028, 0.195482779513246]]
    np.testing.assert_allclose(curve.covariance_matrix, covariance, rtol=1e-8)
    assert curve.weighted


def test_platt_is_the_maximum_likelihood_of_scikit_learn(draw: Draw) -> None:
    score, outcome = draw(0, 2000, 0.3, 0.6)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(score[:, None], outcome)
    curve = fit("platt", (score, outcome))
    assert curve.a == pytest.approx(theirs.intercept_[0], abs=1e-6)
    assert curve.b == pytest.approx(theirs.coef_[0, 0], abs=1e-6)


def test_scores_far_from_zero_give_the_same_curve(draw: Draw) -> None:
    """Points are no smaller for being counted from another zero."""
    score, outcome = draw(0, 2000, 0.3, 0.6)
    near, far = fit("platt", (score, outcome)), fit("platt", (score + 10_000, outcome))
    at = np.array([-3.0, 0.0, 2.0])
    np.testing.assert_allclose(far.probability(at + 10_000), near.probability(at), rtol=1e-7)
    np.testing.assert_allclose(far.band(at + 10_000), near.band(at), rtol=1e-5)


def test_beta_is_the_generalised_linear_model_of_statsmodels(small: Any) -> None:
    """statsmodels 0.15.0 GLM on ln q and -ln(1 - q), q of the score less its mean over its deviation."""
    curve = fit("beta", enlarge(small))
    assert isinstance(curve, BetaCalibration)
    np.testing.assert_allclose(
        curve.coefficients, [-1.6809369712653979, 0.268612332203511, 1.9006528357834611], rtol=1e-8
    )
    covariance = [
        [13.09519007929426, 8.426754819339958, -8.100340445447001],
        [8.426754819339958, 5.83087928537795, -5.0029608217639545],
        [-8.100340445447001, -5.0029608217639545, 5.3796672364503655],
    ]
    np.testing.assert_allclose(20 * curve.covariance_matrix, covariance, rtol=1e-6)


def test_beta_with_weights_is_that_of_cases_taken_as_often(small: Any) -> None:
    """statsmodels 0.15.0 GLM(freq_weights=w), standardised by the unweighted mean and deviation."""
    curve = fit("beta", enlarge(small, 40), np.repeat(small.weight, 40))
    np.testing.assert_allclose(
        curve.coefficients, [0.27646554939452506, 1.8497465426146973, 1.271711306521078], rtol=1e-8
    )


def test_beta_is_that_of_its_authors(small: Any) -> None:
    """betacal 1.1.0, BetaCalibration("abm") on the same q; it stops at a gradient of 1e-4."""
    curve = fit("beta", enlarge(small))
    at = small.score[[0, 12, 23]]
    theirs = [0.13252774214941926, 0.3715038555729569, 0.9213786745615553]
    np.testing.assert_allclose(curve.probability(at), theirs, atol=5e-4)
    assert (curve.a, curve.b) == (pytest.approx(0.2680, abs=1e-3), pytest.approx(1.9026, abs=3e-3))


def test_beta_of_a_straight_line_is_a_straight_line() -> None:
    """Two scores determine a line only; with equal slopes ln q - ln(1 - q) is the standardised score."""
    curve = BetaCalibration(
        c=-1.0, a=2.0, b=2.0, center=3.0, scale=4.0, covariance=((0.0,) * 3,) * 3,
        cases=9, positives=3, denominator="all cases", population="world w",
    )  # fmt: skip
    at = np.array([-40.0, -1.0, 3.0, 50.0])
    np.testing.assert_allclose(curve.logit(at), -1 + 2 * (at - 3) / 4, rtol=1e-11)


def bent(seed: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw cases whose log-odds have one slope below the mean and another above."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1, 8000)
    return score, (rng.random(8000) < expit(-1 + low * np.fmin(score, 0) + high * np.fmax(score, 0))).astype(
        float
    )


@pytest.mark.parametrize(("low", "high", "zero"), [(-0.6, 2.0, "a"), (2.0, -0.6, "b")])
def test_beta_leaves_out_the_coefficient_that_would_fall(low: float, high: float, zero: str) -> None:
    """The constrained maximum is that of scikit-learn without the column."""
    score, outcome = bent(1, low, high)
    curve = fit("beta", (score, outcome))
    q = expit((score - score.mean()) / score.std())
    column = -np.log1p(-q) if zero == "a" else np.log(q)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(column[:, None], outcome)
    kept = {"a": "b", "b": "a"}[zero]
    assert getattr(curve, zero) == 0
    assert getattr(curve, kept) == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert curve.c == pytest.approx(theirs.intercept_[0], rel=1e-4)
    place = {"a": 1, "b": 2}[zero]
    assert not curve.covariance_matrix[place].any()


def test_no_admissible_beta_curve_is_likelier() -> None:
    """Under the constraints the likelihood has one maximum: around it, it falls."""
    score, outcome = bent(2, -0.3, 1.5)
    curve = fit("beta", (score, outcome))
    design = curve.design(score)

    def likelihood(coefficients: np.ndarray) -> float:
        eta = design @ coefficients
        return float((outcome * eta - np.logaddexp(0, eta)).sum())

    best = likelihood(curve.coefficients)
    rng = np.random.default_rng(0)
    for _ in range(300):
        other = curve.coefficients + rng.normal(0, 0.02, 3)
        other[1:] = np.fmax(other[1:], 0)
        assert likelihood(other) <= best + 1e-9


def test_temperature_is_the_line_through_the_origin_of_statsmodels(small: Any) -> None:
    """statsmodels 0.15.0 GLM without a constant; the variance is that of 1/T."""
    curve = fit("temperature", enlarge(small))
    assert isinstance(curve, TemperatureCalibration)
    assert curve.temperature == pytest.approx(1.2814215148144936, rel=1e-10)
    assert 20 * curve.variance == pytest.approx(0.1345302160917232, rel=1e-8)


def test_temperature_is_that_of_scikit_learn(draw: Draw) -> None:
    """CalibratedClassifierCV(method="temperature") around a classifier whose log-odds are the score."""
    score, outcome = draw(3, 3000, 0.0, 0.4)
    logistic = LogisticRegression().fit(score[:, None], outcome)
    logistic.coef_, logistic.intercept_ = np.array([[1.0]]), np.array([0.0])
    theirs = CalibratedClassifierCV(FrozenEstimator(logistic), method="temperature")
    theirs.fit(score[:, None], outcome)
    curve, at = fit("temperature", (score, outcome)), np.array([-4.0, 0.5, 3.0])
    np.testing.assert_allclose(curve.probability(at), theirs.predict_proba(at[:, None])[:, 1], atol=1e-4)


def test_two_groups_give_their_own_rates_and_their_own_errors() -> None:
    """With two scores the curve passes through both rates; the variance of a logit is 1/yes + 1/no."""
    score = np.repeat([-1.0, 1.0], [500, 400])
    outcome = np.r_[np.ones(150), np.zeros(350), np.ones(300), np.zeros(100)]
    curve = fit("platt", (score, outcome))
    at = np.array([-1.0, 1.0])
    np.testing.assert_allclose(curve.probability(at), [0.3, 0.75], atol=1e-9)
    low, high = curve.band(at)
    half = 1.959963984540054 * np.sqrt([1 / 150 + 1 / 350, 1 / 300 + 1 / 100])
    np.testing.assert_allclose(low, expit(logit([0.3, 0.75]) - half), atol=1e-9)
    np.testing.assert_allclose(high, expit(logit([0.3, 0.75]) + half), atol=1e-9)


def test_weighted_curve_is_that_of_the_population_from_which_cases_were_chosen(draw: Draw) -> None:
    score, outcome = draw(1, 200_000, -0.5, 0.8)
    rng = np.random.default_rng(2)
    chosen_with = np.clip(0.02 + 0.2 * (score > 1), 0, 1)
    chosen = rng.random(len(score)) < chosen_with
    curve = fit("platt", (score[chosen], outcome[chosen]), 1 / chosen_with[chosen])
    assert curve.a == pytest.approx(-0.5, abs=4 * np.sqrt(curve.variance_a))
    assert curve.b == pytest.approx(0.8, abs=4 * np.sqrt(curve.variance_b))


EARLIER = PlattCalibration(-0.5, 1.3, 0.04, 0.01, -0.015, 5000, 400, "all cases", "world w")


def test_refitted_intercept_is_the_offset_model_of_statsmodels(small: Any) -> None:
    """statsmodels 0.15.0 GLM(ones, offset=-0.5 + 1.3 s): 0.96650745, variance 0.26917579."""
    curve = fit("intercept", small, earlier=EARLIER)
    assert isinstance(curve, PlattCalibration)
    assert curve.kind == "intercept"
    assert (curve.a, curve.b) == (pytest.approx(-0.5 + 0.9665074537610594, rel=1e-9), 1.3)
    # Written as a line around the scores that bear on the intercept, slope and intercept are independent.
    p = expit(curve.a + 1.3 * small.score)
    mean = np.average(small.score, weights=p * (1 - p))
    at_mean = curve.variance_a + 2 * mean * curve.covariance + mean**2 * curve.variance_b
    assert at_mean == pytest.approx(0.26917579169328476, rel=1e-7)
    assert curve.variance_b == 0.01
    assert curve.covariance == pytest.approx(-mean * 0.01, rel=1e-7)


def test_refitted_intercept_keeps_the_shape_of_a_beta_curve() -> None:
    earlier = fit("beta", bent(3, 0.5, 1.5))
    score, outcome = bent(4, 0.5, 1.5)
    rare = outcome * (np.random.default_rng(5).random(len(score)) < 0.2)
    curve = fit("intercept", (score, rare), earlier=earlier)
    assert isinstance(curve, BetaCalibration)
    assert (curve.a, curve.b, curve.center) == (earlier.a, earlier.b, earlier.center)
    # The score equation of an intercept: as many are announced as there were.
    assert curve.probability(score).sum() == pytest.approx(rare.sum(), rel=1e-8)


def test_refitted_intercept_after_a_temperature_is_a_line(draw: Draw) -> None:
    earlier = fit("temperature", draw(6, 4000, 0.0, 0.5))
    curve = fit("intercept", draw(7, 4000, -1.0, 0.5), earlier=earlier)
    assert isinstance(curve, PlattCalibration)
    assert curve.b == pytest.approx(1 / earlier.temperature)
    assert curve.a == pytest.approx(-1.0, abs=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["platt", "beta", "isotonic", "venn-abers"])
def test_band_covers_the_true_curve(draw: Draw, kind: str) -> None:
    """At three scores, over 400 draws: 95 % or more, with 4.5 standard errors of room."""
    at = np.array([-3.0, -1.0, 1.5])
    inside = np.zeros(3)
    for seed in range(400):
        low, high = fit(kind, draw(seed, 3000, -0.4, 0.9)).band(at)
        inside += (low <= expit(-0.4 + 0.9 * at)) & (expit(-0.4 + 0.9 * at) <= high)
    room = 4.5 * np.sqrt(0.95 * 0.05 / 400)
    assert (inside / 400 > 0.95 - room).all()
    if kind == "platt":
        assert (inside / 400 < 0.95 + room).all()


@pytest.mark.slow
def test_band_of_a_refitted_intercept_covers_with_the_uncertainty_of_the_earlier_slope(draw: Draw) -> None:
    at = np.array([-3.0, -1.0, 1.5])
    inside = np.zeros(3)
    for seed in range(400):
        earlier = fit("platt", draw(10_000 + seed, 1500, 0.3, 0.9))
        curve = fit("intercept", draw(seed, 400, -2.5, 0.9), earlier=earlier)
        low, high = curve.band(at)
        inside += (low <= expit(-2.5 + 0.9 * at)) & (expit(-2.5 + 0.9 * at) <= high)
    assert (np.abs(inside / 400 - 0.95) < 4.5 * np.sqrt(0.95 * 0.05 / 400)).all()


def test_curves_on_the_logit_scale_name_their_estimates(draw: Draw) -> None:
    for kind in ("platt", "beta"):
        curve = fit(kind, draw(8, 3000, -0.5, 0.8))
        assert isinstance(curve, LogitCurve)
        assert len(curve.estimates) == len(curve.coefficients)
        for estimate, low, high in curve.estimates.values():
            assert low < estimate < high
