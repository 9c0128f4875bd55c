from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from triage.scoring.calibration import NotCalibratedError, PlattCalibration, fit_platt


def fit(
    score: np.ndarray, outcome: np.ndarray, weight: np.ndarray | None = None, **options: int
) -> PlattCalibration:
    return fit_platt(score, outcome, weight, denominator="all cases", population="world w", **options)


def draw(seed: int, n: int, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(-1, 1.5, n)
    return score, (rng.random(n) < expit(a + b * score)).astype(float)


def test_curve_is_the_maximum_likelihood_of_scikit_learn() -> None:
    score, outcome = draw(0, 2000, 0.3, 0.6)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(score[:, None], outcome)
    curve = fit(score, outcome)
    assert (curve.a, curve.b) == (
        pytest.approx(theirs.intercept_[0], abs=1e-6),
        pytest.approx(theirs.coef_[0, 0], abs=1e-6),
    )


def test_two_groups_give_their_own_rates_and_their_own_errors() -> None:
    """With two scores the curve passes through both rates; the variance of a logit is 1/yes + 1/no."""
    score = np.repeat([-1.0, 1.0], [500, 400])
    outcome = np.r_[np.ones(150), np.zeros(350), np.ones(300), np.zeros(100)]
    curve = fit(score, outcome)
    at = np.array([-1.0, 1.0])
    np.testing.assert_allclose(curve.probability(at), [0.3, 0.75], atol=1e-9)
    low, high = curve.band(at)
    half = 1.959963984540054 * np.sqrt([1 / 150 + 1 / 350, 1 / 300 + 1 / 100])
    np.testing.assert_allclose(low, expit(logit([0.3, 0.75]) - half), atol=1e-9)
    np.testing.assert_allclose(high, expit(logit([0.3, 0.75]) + half), atol=1e-9)


def test_weighted_curve_is_that_of_the_population_from_which_cases_were_chosen() -> None:
    score, outcome = draw(1, 200_000, -0.5, 0.8)
    rng = np.random.default_rng(2)
    chosen_with = np.clip(0.02 + 0.2 * (score > 1), 0, 1)
    chosen = rng.random(len(score)) < chosen_with
    curve = fit(score[chosen], outcome[chosen], 1 / chosen_with[chosen])
    assert curve.a == pytest.approx(-0.5, abs=4 * np.sqrt(curve.variance_a))
    assert curve.b == pytest.approx(0.8, abs=4 * np.sqrt(curve.variance_b))


def test_few_effective_positives_count_as_few() -> None:
    score, outcome = draw(4, 2000, 0.0, 1.0)
    weight = np.where(np.isin(np.arange(2000), np.flatnonzero(outcome)[:5]), 1e6, 1.0)
    with pytest.raises(NotCalibratedError, match="5 effective positives"):
        fit(score, outcome, weight)


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_probability_rises_strictly_with_the_score(one: float, other: float) -> None:
    curve = fit(*draw(5, 2000, -1.0, 0.7))
    low, high = sorted([one, other])
    if high - low > 1e-9:
        assert curve.probability(np.array([low]))[0] < curve.probability(np.array([high]))[0]


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_band_contains_the_probability(scores: list[float]) -> None:
    curve = fit(*draw(6, 2000, -1.0, 0.7))
    low, high = curve.band(np.array(scores))
    probability = curve.probability(np.array(scores))
    assert ((low <= probability) & (probability <= high)).all()


@pytest.mark.parametrize(
    ("score", "outcome", "why"),
    [
        ([1.0, 2.0], [0.0, 0.0], "0 effective positives"),
        ([1.0, 2.0] * 50, [1.0] * 100, "all later cases are positive"),
        ([float(i) for i in range(100)], [0.0] * 81 + [1.0] * 19, "19 effective positives"),
        ([1.0] * 300 + [2.0] * 300, [1.0] * 200 + [0.0] * 200 + [1.0] * 50 + [0.0] * 150, "does not rise"),
        ([1.0] * 300 + [2.0] * 300, [0.0] * 300 + [1.0] * 300, "separated"),
    ],
)
def test_no_probability_is_invented(score: list[float], outcome: list[float], why: str) -> None:
    with pytest.raises(NotCalibratedError, match=why):
        fit(np.array(score), np.array(outcome))


@pytest.mark.slow
def test_band_covers_the_true_curve() -> None:
    """At the mean score, over 600 draws: 95 % nominal, 4.5 standard errors of room."""
    at = np.array([-1.0])
    inside = 0
    for seed in range(600):
        low, high = fit(*draw(seed, 3000, -0.4, 0.9)).band(at)
        inside += bool(low[0] <= expit(-0.4 - 0.9) <= high[0])
    assert abs(inside / 600 - 0.95) < 4.5 * np.sqrt(0.95 * 0.05 / 600)
