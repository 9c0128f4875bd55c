from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from triage.scoring.informed.classifier import InformedLogisticClassifier


# The array API check needs SCIPY_ARRAY_API, and skips itself without it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [InformedLogisticClassifier(), InformedLogisticClassifier(0.3, 0.5, mean_shares=(0.5, 1.0))]
)
def test_it_keeps_the_contract_of_scikit_learn(estimator: InformedLogisticClassifier, check) -> None:
    check(estimator)


def data(seed: int, n: int = 300, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k))
    return X, (rng.random(n) < expit(X @ np.linspace(-1, 1, k) - 1)).astype(int)


def test_with_means_of_zero_it_is_the_ridge_of_scikit_learn() -> None:
    """Their penalty is on |beta|^2 / 2 against C times the loss: C is the variance of the prior."""
    X, y = data(0)
    theirs = LogisticRegression(C=0.6**2, tol=1e-12, max_iter=10_000).fit(X, y)
    ours = InformedLogisticClassifier(prior_scale=0.6, intercept_scale=1e6).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_[0], atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_mean_of_the_prior_is_an_offset_of_the_log_odds() -> None:
    """A prior N(m, s^2) is a prior N(0, s^2) on what is added to X m; shifting m by it gives the same fit."""
    X, y = data(1)
    m = np.array([0.3, -0.2, 0.1, 0.0, 0.5])
    narrow = InformedLogisticClassifier(m, 1e-5).fit(X, y)
    np.testing.assert_allclose(narrow.coef_, m, atol=1e-6)
    # What is left is the intercept alone: its score equation, solved by bisection.
    low, high = -10.0, 10.0
    for _ in range(100):
        b = (low + high) / 2
        low, high = (b, high) if (y - expit(b + X @ m)).sum() - b / 100 > 0 else (low, b)
    assert narrow.intercept_ == pytest.approx(b, abs=1e-6)


def test_one_flag_has_the_mean_and_the_interval_of_its_integral() -> None:
    """20 asserted cases with 6 yes, 60 others with 6 yes; prior N(1.6, 0.5^2), intercept N(-2, 1.5^2)."""
    X = np.r_[np.ones(20), np.zeros(60)][:, None]
    y = np.r_[np.ones(6), np.zeros(14), np.ones(6), np.zeros(54)]
    model = InformedLogisticClassifier(1.6, 0.5, intercept_mean=-2.0, intercept_scale=1.5).fit(X, y)

    b, s = np.meshgrid(np.linspace(-6, 2, 801), np.linspace(-1, 4.5, 1101), indexing="ij")
    likelihood = expit(b) ** 6 * expit(-b) ** 54 * expit(b + s) ** 6 * expit(-b - s) ** 14
    density = (likelihood * norm.pdf(s, 1.6, 0.5) * norm.pdf(b, -2.0, 1.5)).sum(axis=0)
    density /= density.sum()
    mean = density @ s[0]
    low, high = model.intervals(0.95)[1]
    inside = density[(s[0] > low) & (s[0] < high)].sum()
    assert model.coef_[0] == pytest.approx(mean, abs=0.02)
    assert inside == pytest.approx(0.95, abs=0.005)


def test_many_cases_swamp_the_prior() -> None:
    rng = np.random.default_rng(2)
    X = rng.choice([0.0, 1.0], size=(60_000, 3))
    y = (rng.random(60_000) < expit(X @ [1.0, -0.5, 0.0] - 1)).astype(int)
    model = InformedLogisticClassifier([-1.0, 0.5, 1.6], 0.5).fit(X, y)
    np.testing.assert_allclose(model.coef_, [1.0, -0.5, 0.0], atol=0.08)


@given(st.integers(0, 10_000), st.lists(st.sampled_from([-1, 0, 1]), min_size=5, max_size=5))
@settings(deadline=None, max_examples=30)
def test_coefficients_and_their_intervals_keep_the_signs(seed: int, signs: list[int]) -> None:
    sign = np.array(signs)
    model = InformedLogisticClassifier(
        0.8 * sign, 0.4, signs=sign, mean_shares=(0.5, 1.0), scale_factors=(0.5, 2.0)
    ).fit(*data(seed, n=40))
    low, high = model.intervals()[1:].T
    assert (model.coef_ * sign >= 0).all()
    assert (low <= high).all()
    assert (low[sign > 0] >= 0).all()
    assert (high[sign < 0] <= 0).all()


def test_weight_of_two_is_a_row_that_stands_twice() -> None:
    X, y = data(5, n=80)
    weight = np.where(np.arange(80) % 3 == 0, 2.0, 1.0)
    repeated = np.repeat(np.arange(80), weight.astype(int))
    model = InformedLogisticClassifier(0.3, 0.5)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(weighted.coef_, clone(model).fit(X[repeated], y[repeated]).coef_, atol=1e-8)


def test_selection_by_what_is_in_the_model_leaves_the_slopes_alone() -> None:
    """Cases are opened by a rule on their features; the unweighted slopes are those of all cases."""
    rng = np.random.default_rng(8)
    X = rng.choice([0.0, 1.0], p=[0.7, 0.3], size=(400_000, 3))
    y = rng.random(400_000) < expit(X @ [1.2, 0.8, 0.0] - 3.0)
    opened = rng.random(400_000) < np.where(
        (X[:, 0] > 0) & (X[:, 2] > 0), 0.9, np.where(X[:, 1] > 0, 0.2, 0.02)
    )
    model = InformedLogisticClassifier(0.0, 2.0).fit(X[opened], y[opened].astype(int))
    np.testing.assert_allclose(model.coef_, [1.2, 0.8, 0.0], atol=0.12)
    assert model.intercept_ == pytest.approx(-3.0, abs=0.12)


def test_intervals_cover_what_made_the_data() -> None:
    """Coefficients drawn from the prior lie in their 90 % intervals in 90 % of 150 draws of 5."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(150):
        beta = rng.normal(0.8, 0.4, 5)
        X = rng.choice([0.0, 1.0], p=[0.7, 0.3], size=(200, 5))
        y = (rng.random(200) < expit(X @ beta - 2.0)).astype(int)
        model = InformedLogisticClassifier(0.8, 0.4, intercept_mean=-2.0, intercept_scale=0.1).fit(X, y)
        low, high = model.intervals(0.9)[1:].T
        inside.append((low <= beta) & (beta <= high))
    # Standard error of a share of 750: 0.011.
    assert np.mean(inside) == pytest.approx(0.9, abs=0.045)


@pytest.mark.slow
def test_intervals_cover_with_signs_and_unknown_trust() -> None:
    """With signs, and a share and a factor that are drawn too, 90 % intervals still hold about 90 %."""
    rng = np.random.default_rng(4)
    shares, factors = (0.25, 0.5, 0.75, 1.0), (0.5, 1.0, 2.0)
    inside = []
    for _ in range(400):
        mean, scale = rng.choice(shares) * 0.8, rng.choice(factors) * 0.4
        beta = rng.normal(mean, scale, 8)
        while (beta < 0).any():
            beta = np.where(beta < 0, rng.normal(mean, scale, 8), beta)
        X = rng.choice([0.0, 1.0], p=[0.7, 0.3], size=(300, 8))
        y = (rng.random(300) < expit(X @ beta - 3.0)).astype(int)
        if len(set(y)) < 2:
            continue
        model = InformedLogisticClassifier(
            0.8, 0.4, intercept_mean=-3.0, intercept_scale=0.5, signs=np.ones(8),
            mean_shares=shares, scale_factors=factors,
        ).fit(X, y)  # fmt: skip
        low, high = model.intervals(0.9)[1:].T
        inside.append((low <= beta) & (beta <= high))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior_scale": 0.0}, "above 0"),
        ({"prior_scale": [1.0, 2.0]}, "one value or 5 values"),
        ({"prior_mean": [0.1] * 4}, "one value or 5 values"),
        ({"prior_mean": np.nan}, "finite"),
        ({"signs": [2, 0, 0, 0, 0]}, "signs must be 5 values"),
        ({"prior_mean": -0.5, "signs": [1, 0, 0, 0, 0]}, "points against signs"),
        ({"intercept_scale": -1.0}, "above 0"),
        ({"mean_shares": ()}, "mean_shares"),
        ({"scale_factors": (0.0, 1.0)}, "scale_factors"),
        ({"doubt": 0.0}, "doubt"),
    ],
)
def test_priors_that_do_not_fit_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InformedLogisticClassifier(**options).fit(*data(0))


def test_level_of_an_interval_lies_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="level"):
        InformedLogisticClassifier().fit(*data(0)).intervals(1.0)
