"""The mode, the width and the evidence of a posterior, against integrals and another minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm, truncnorm

from triage.scoring.informed.averaging import average_posteriors, grid_candidates, mixture_interval
from triage.scoring.informed.posterior import NormalPrior, find_posterior


def cases(seed: int, n: int = 120, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, k))])
    y = (rng.random(n) < expit(X @ np.linspace(-1.0, 1.0, k + 1))).astype(float)
    return X, y


def some_prior(signs: list[int]) -> NormalPrior:
    signs_ = np.array([0.0, *signs])
    return NormalPrior(np.r_[-2.0, 0.8 * signs_[1:]], np.r_[1.5, np.full(len(signs), 0.4)], signs_)


def minus_log_density(theta: np.ndarray, X: np.ndarray, y: np.ndarray, prior: NormalPrior) -> float:
    eta = X @ theta
    return float(
        -np.sum(y * np.log(expit(eta)) + (1 - y) * np.log(expit(-eta)))
        + 0.5 * np.sum(((theta - prior.mean) / prior.scale) ** 2)
    )


@pytest.mark.parametrize("signs", [[0, 0, 0, 0], [1, 1, 1, 1], [-1, -1, -1, -1], [1, 0, -1, 0]])
def test_mode_is_what_another_minimiser_finds(signs: list[int]) -> None:
    X, y = cases(1)
    prior = some_prior(signs)
    bounds = [(0 if s > 0 else None, 0 if s < 0 else None) for s in prior.sign]
    theirs = minimize(
        minus_log_density, np.full(5, 0.1), (X, y, prior), "L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    ours = find_posterior(X, y, np.ones(len(y)), prior)
    np.testing.assert_allclose(ours.mode, theirs.x, atol=1e-4)
    assert minus_log_density(ours.mode, X, y, prior) <= theirs.fun + 1e-9


@given(st.integers(0, 10_000), st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4))
@settings(deadline=None, max_examples=50)
def test_no_allowed_step_raises_the_density_at_the_mode(seed: int, signs: list[int]) -> None:
    X, y = cases(seed, n=40)
    prior = some_prior(signs)
    found = find_posterior(X, y, np.ones(40), prior)
    gradient = X.T @ (expit(X @ found.mode) - y) + (found.mode - prior.mean) / prior.scale**2
    at_bound = (prior.sign != 0) & (found.mode == 0)
    assert (found.mode * prior.sign >= 0).all()
    np.testing.assert_allclose(gradient[~at_bound], 0.0, atol=1e-6)
    assert (gradient[at_bound] * prior.sign[at_bound] >= -1e-6).all()


def test_start_far_away_leads_to_the_same_mode() -> None:
    X, y = cases(2)
    prior = some_prior([1, 0, -1, 0])
    near = find_posterior(X, y, np.ones(120), prior)
    far = find_posterior(X, y, np.ones(120), prior, start=np.array([40.0, 30.0, -30.0, -30.0, 30.0]))
    np.testing.assert_allclose(far.mode, near.mode, atol=1e-8)


def test_separated_outcomes_have_a_mode_all_the_same() -> None:
    X = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    found = find_posterior(X, X[:, 1].copy(), np.ones(6), NormalPrior(np.zeros(2), np.ones(2), np.zeros(2)))
    # By hand: the score equations 3 expit(b) + 3 (expit(b + s) - 1) + b = 0 and 3 (expit(b + s) - 1) + s = 0.
    b, s = found.mode
    assert 3 * expit(b) + 3 * (expit(b + s) - 1) + b == pytest.approx(0, abs=1e-9)
    assert 3 * (expit(b + s) - 1) + s == pytest.approx(0, abs=1e-9)


def one_column(sign: int, mean: float, yes: int, no: int) -> tuple[NormalPrior, np.ndarray, np.ndarray]:
    """One coefficient, a column of ones: `yes` and `no` cases with log-odds equal to it."""
    prior = NormalPrior(np.array([mean]), np.array([0.8]), np.array([float(sign)]))
    return prior, np.ones((yes + no, 1)), np.r_[np.ones(yes), np.zeros(no)]


def exact_density(prior: NormalPrior, yes: int, no: int):
    mean, scale, sign = prior.mean[0], prior.scale[0], prior.sign[0]
    whole = norm.cdf(sign * mean / scale) if sign else 1.0

    def density(t: float) -> float:
        return expit(t) ** yes * expit(-t) ** no * norm.pdf(t, mean, scale) / whole

    return density, (0 if sign > 0 else -12, 0 if sign < 0 else 12)


@pytest.mark.parametrize(
    ("sign", "mean", "yes", "no"),
    [(0, 0.5, 3, 9), (1, 0.5, 12, 9), (1, 0.5, 3, 9), (-1, -0.5, 9, 4), (1, 0.0, 1, 20), (1, 1.6, 0, 5)],
)
def test_evidence_and_interval_are_those_of_the_integral(sign: int, mean: float, yes: int, no: int) -> None:
    """The normal approximation is not exact; with a prior this narrow it is within a few per cent."""
    prior, X, y = one_column(sign, mean, yes, no)
    density, (low, high) = exact_density(prior, yes, no)
    whole = quad(density, low, high, epsabs=1e-14)[0]
    found = find_posterior(X, y, np.ones(yes + no), prior)
    assert found.log_evidence == pytest.approx(np.log(whole), abs=0.03)
    interval = mixture_interval(
        found.center[None], np.sqrt(found.variance)[None], prior.sign, np.ones(1), 0.9
    )
    inside = quad(density, *interval[0], epsabs=1e-14)[0] / whole
    assert inside == pytest.approx(0.9, abs=0.02)


def test_held_coefficient_lies_against_its_bound_and_its_interval_begins_there() -> None:
    prior, X, y = one_column(1, 0.2, 1, 40)
    found = find_posterior(X, y, np.ones(41), prior)
    assert found.held.tolist() == [True]
    assert found.mode.tolist() == [0.0]
    assert found.center[0] < 0
    assert found.covariance.tolist() == [[0.0]]


def test_covariance_is_the_inverse_of_the_curvature() -> None:
    X, y = cases(4)
    prior = some_prior([0, 0, 0, 0])
    found = find_posterior(X, y, np.ones(120), prior)
    h = 1e-4
    hessian = np.empty((5, 5))
    for i in range(5):
        for j in range(5):
            a, b = np.eye(5)[i] * h, np.eye(5)[j] * h
            hessian[i, j] = sum(
                s * minus_log_density(found.mode + step, X, y, prior)
                for s, step in ((1, a + b), (-1, a - b), (-1, b - a), (1, -a - b))
            ) / (4 * h * h)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(hessian), rtol=1e-4, atol=1e-6)


def test_without_cases_the_posterior_is_the_prior() -> None:
    prior = some_prior([1, 0, -1, 0])
    none = find_posterior(np.empty((0, 5)), np.empty(0), np.empty(0), prior)
    np.testing.assert_array_equal(none.mode, prior.mean)
    np.testing.assert_allclose(np.sqrt(none.variance), prior.scale)
    assert none.log_evidence == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("center", "scale", "sign"), [(0.7, 0.4, 1), (-0.7, 0.4, 1), (-9.0, 0.3, 1), (0.2, 2, -1), (1, 1, 0)])  # fmt: skip
def test_interval_of_a_cut_normal_is_that_of_scipy(center: float, scale: float, sign: int) -> None:
    a, b = (0 - center) / scale, np.inf
    theirs = {
        1: truncnorm(a, b, center, scale), -1: truncnorm(-np.inf, a, center, scale), 0: norm(center, scale)
    }[sign]  # fmt: skip
    ours = mixture_interval(np.array([[center]]), np.array([[scale]]), np.array([sign]), np.ones(1), 0.95)
    np.testing.assert_allclose(ours[0], theirs.ppf([0.025, 0.975]), rtol=1e-6, atol=1e-9)


def test_interval_of_a_mixture_holds_its_level() -> None:
    center, scale, weight = np.array([[0.1], [2.0]]), np.array([[0.3], [0.5]]), np.array([0.3, 0.7])
    low, high = mixture_interval(center, scale, np.array([1.0]), weight, 0.8)[0]
    parts = [truncnorm(-0.1 / 0.3, np.inf, 0.1, 0.3), truncnorm(-4.0, np.inf, 2.0, 0.5)]
    for end, tail in ((low, 0.1), (high, 0.9)):
        assert 0.3 * parts[0].cdf(end) + 0.7 * parts[1].cdf(end) == pytest.approx(tail, abs=1e-9)


def test_outcomes_choose_the_prior_they_agree_with() -> None:
    """A thousand cases that follow half of the published effects give most weight to a share of a half."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(1000), rng.choice([0.0, 1.0], size=(1000, 12))])
    y = (rng.random(1000) < expit(-2.0 + X[:, 1:] @ np.full(12, 0.4))).astype(float)
    prior = NormalPrior(np.r_[-2.0, np.full(12, 0.8)], np.r_[1.5, np.full(12, 0.1)], np.r_[0.0, np.ones(12)])
    shares = np.array([0.1, 0.5, 1.0, 2.0])
    found = average_posteriors(X, y, np.ones(1000), prior, grid_candidates(shares, np.ones(1)))
    assert found.weight[1] > 0.9
    assert found.weight.sum() == pytest.approx(1.0)


def test_average_weights_candidates_by_their_integrals() -> None:
    prior, X, y = one_column(0, 1.0, 3, 12)
    intercept = NormalPrior(np.r_[0.0, prior.mean], np.r_[1e-6, prior.scale], np.r_[0.0, 0.0])
    shares = np.array([0.2, 1.0])
    found = average_posteriors(
        np.column_stack([np.ones(15), X]), y, np.ones(15), intercept, grid_candidates(shares, np.ones(1))
    )
    exact = np.array(
        [
            quad(lambda t, k=k: expit(t) ** 3 * expit(-t) ** 12 * norm.pdf(t, k, 0.8), -12, 12)[0]
            for k in shares
        ]
    )
    np.testing.assert_allclose(found.weight, exact / exact.sum(), atol=0.01)
