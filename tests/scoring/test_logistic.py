from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

import triage.scoring.logistic
from triage.scoring.logistic import SignedLogisticClassifier


# The array API check needs SCIPY_ARRAY_API, and skips itself without it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([SignedLogisticClassifier(), SignedLogisticClassifier(C=0.1)])
def test_it_keeps_the_contract_of_scikit_learn(estimator: SignedLogisticClassifier, check) -> None:
    check(estimator)


def data(seed: int, n: int = 400, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k))
    y = rng.random(n) < expit(X @ np.linspace(-1, 1, k) - 1)
    return X, y.astype(int)


def test_without_signs_it_is_the_logistic_regression_of_scikit_learn() -> None:
    X, y = data(0)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = LogisticRegression(C=0.7, tol=1e-12, max_iter=10_000).fit(Z, y)
    ours = SignedLogisticClassifier(C=0.7).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_[0], atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(Z), atol=1e-6)


@given(st.integers(0, 10_000), st.lists(st.sampled_from([-1, 0, 1]), min_size=5, max_size=5))
@settings(deadline=None, max_examples=40)
def test_coefficients_keep_their_signs(seed: int, signs: list[int]) -> None:
    coef = SignedLogisticClassifier(signs=signs).fit(*data(seed, n=60)).coef_
    assert (coef * np.array(signs) >= 0).all()


def test_signed_minimum_is_where_no_allowed_step_lowers_the_loss() -> None:
    """At the minimum the gradient vanishes for free coefficients and points outward at the bounds."""
    X, y = data(3)
    signs = np.array([1, 1, 1, 1, 1])
    model = SignedLogisticClassifier(C=1.0, signs=signs).fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    gradient = Z.T @ (expit(model.intercept_ + Z @ model.coef_) - y) + model.coef_
    assert (np.abs(gradient[model.coef_ > 0]) < 1e-4).all()
    assert (gradient[model.coef_ == 0] > 0).all()
    assert (model.coef_ == 0).sum() == 2  # the two with negative truth


def test_weight_of_two_is_a_row_that_stands_twice() -> None:
    X, y = data(5, n=80)
    weight = np.where(np.arange(80) % 3 == 0, 2.0, 1.0)
    repeated = np.repeat(np.arange(80), weight.astype(int))
    weighted = SignedLogisticClassifier().fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        weighted.coef_, SignedLogisticClassifier().fit(X[repeated], y[repeated]).coef_, atol=1e-6
    )


def test_cases_taken_by_parts_give_the_coefficients_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = data(2)
    whole = SignedLogisticClassifier(signs=[-1, 0, 0, 1, 1]).fit(X, y)
    monkeypatch.setattr(triage.scoring.logistic, "CASES_AT_ONCE", 150)
    parts = SignedLogisticClassifier(signs=[-1, 0, 0, 1, 1]).fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-10)


def test_neither_fitting_nor_scoring_changes_the_cases() -> None:
    X, y = data(4)
    X[::3, 1] = np.nan
    before = X.copy()
    SignedLogisticClassifier().fit(X, y).decision_function(X)
    np.testing.assert_array_equal(X, before)


def test_unknown_value_contributes_nothing() -> None:
    X, y = data(6)
    X[::4, 2] = np.nan
    model = SignedLogisticClassifier().fit(X, y)
    row, mean = X[:1].copy(), X[:1].copy()
    row[0, 2], mean[0, 2] = np.nan, np.nanmean(X[:, 2])
    np.testing.assert_allclose(model.decision_function(row), model.decision_function(mean))


@pytest.mark.parametrize("signs", [[1, 1], [2, 0, 0, 0, 0], [[1] * 5]])
def test_signs_that_do_not_fit_are_refused(signs: list[int]) -> None:
    with pytest.raises(ValueError, match="signs must be 5 values"):
        SignedLogisticClassifier(signs=signs).fit(*data(0))
