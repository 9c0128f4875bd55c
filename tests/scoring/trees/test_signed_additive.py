from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from triage.scoring.signed_additive import SignedAdditiveClassifier, cut


# The array API check needs SCIPY_ARRAY_API, and skips itself without it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([SignedAdditiveClassifier()])
def test_it_keeps_the_contract_of_scikit_learn(estimator: SignedAdditiveClassifier, check) -> None:
    check(estimator)


def cases(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Two flags, a count and a number that is often unknown."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(-1, 2, n), rng.integers(0, 2, n), rng.poisson(1, n), rng.exponential(30, n)]
    ).astype(float)
    y = rng.random(n) < expit(X[:, 0] + 2 * X[:, 1] - 0.03 * X[:, 3] - 1)
    X[rng.random(n) < 0.3, 3] = np.nan
    return X, y.astype(int)


def test_with_two_valued_columns_it_is_the_logistic_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    X = rng.integers(0, 2, (400, 4)).astype(float)
    y = rng.random(400) < expit(X @ [2, -1, 0, 0.5] - 1)
    theirs = LogisticRegression(C=1 / 2.5, tol=1e-12, max_iter=10_000).fit(X, y)
    ours = SignedAdditiveClassifier(penalty=2.5).fit(X, y)
    np.testing.assert_allclose([np.diff(level)[0] for level in ours.levels_], theirs.coef_[0], atol=2e-5)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=2e-5)


def test_two_values_each_way_by_hand() -> None:
    """By symmetry scores are -d/2 and d/2, and where the loss of four cases a side is least, d is
    4 * (3/4 - expit(d/2)) over the penalty."""
    X = np.repeat([[0.0], [1.0]], 4, axis=0)
    d = float(np.diff(SignedAdditiveClassifier(penalty=1.0).fit(X, [0, 0, 0, 1, 0, 1, 1, 1]).levels_[0])[0])
    assert d == pytest.approx(4 * (0.75 - expit(d / 2)), abs=1e-5)


@given(st.integers(0, 1000), st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4))
@settings(deadline=None, max_examples=25)
def test_levels_keep_their_direction_exactly(seed: int, signs: list[int]) -> None:
    model = SignedAdditiveClassifier(signs=signs).fit(*cases(seed, 80))
    for levels, sign in zip(model.levels_, signs, strict=True):
        assert (np.diff(levels) * sign >= 0).all()


def test_signed_minimum_is_where_no_allowed_step_lowers_the_loss() -> None:
    X, y = cases(3)
    signs = np.array([-1, -1, 1, 1])  # the first two and the last against the truth
    model = SignedAdditiveClassifier(penalty=2.0, signs=signs).fit(X, y)

    def objective() -> float:
        margin = model.decision_function(X)
        loss = np.logaddexp(0, margin).sum() - margin @ y
        for levels in model.levels_:
            loss += 0.5 * 2.0 * max(1.0, (len(levels) - 1) / 2) * (np.diff(levels) ** 2).sum()
        return float(loss + 0.5 * 2.0 * (model.unknown_**2).sum())

    best, rng = objective(), np.random.default_rng(0)
    known = [X[~np.isnan(X[:, j]), j] for j in range(4)]
    for _ in range(60):
        j = int(rng.integers(4))
        before, step = model.levels_[j], np.diff(model.levels_[j])
        moved = step + rng.normal(0, 0.05, len(step))
        allowed = np.where(moved * signs[j] > 0, moved, 0.0)
        levels = np.concatenate([[0.0], np.cumsum(allowed)])
        model.levels_[j] = levels - levels[np.searchsorted(model.edges_[j], known[j], side="right")].mean()
        assert objective() >= best - 1e-7
        model.levels_[j] = before
    assert all(np.ptp(model.levels_[j]) == 0 for j in (0, 1))


def test_weight_of_two_is_a_row_that_stands_twice() -> None:
    X, y = cases(5)
    weight = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    weighted = SignedAdditiveClassifier(intervals=5).fit(X, y, sample_weight=weight)
    repeated = SignedAdditiveClassifier(intervals=5).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.decision_function(X), repeated.decision_function(X), atol=1e-4)


def test_what_is_unknown_has_a_level_of_its_own() -> None:
    rng = np.random.default_rng(0)
    X = np.where(rng.random(2000) < 0.5, np.nan, rng.random(2000))[:, None]
    y = np.where(np.isnan(X[:, 0]), rng.random(2000) < 0.8, rng.random(2000) < 0.2).astype(int)
    model = SignedAdditiveClassifier(signs=[1]).fit(X, y)
    assert model.unknown_[0] > 2
    assert np.ptp(model.levels_[0]) < 0.5


def test_unknown_that_never_was_adds_nothing() -> None:
    X, y = cases(2)
    assert SignedAdditiveClassifier().fit(X[:, :3], y).unknown_.tolist() == [0, 0, 0]


def test_cuts_are_between_few_values_and_at_quantiles_of_many() -> None:
    np.testing.assert_array_equal(cut(np.array([3.0, 1, 1, 7]), 3, np.ones(4)), [2, 5])
    x = np.arange(1.0, 101)
    np.testing.assert_array_equal(cut(x, 4, np.ones(100)), [25, 50, 75])
    assert cut(np.full(3, np.nan), 4, np.ones(3)).size == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"signs": [1, 1]}, "signs must be 4 values"),
        ({"signs": [2, 0, 0, 0]}, "signs must be 4 values"),
        ({"penalty": 0}, "penalty must be above 0"),
        ({"intervals": 1}, "intervals at least 2"),
    ],
)
def test_impossible_parameters_are_refused(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SignedAdditiveClassifier(**given).fit(*cases(0))
