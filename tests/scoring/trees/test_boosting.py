from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from triage.scoring.boosted_trees import read_regressor
from triage.scoring.boosting import MonotoneBoostingClassifier
from triage.scoring.trees_file import keeps_direction
from triage.scoring.walking import sum_leaves

QUICK = {"runs": 2, "rounds": 2, "trees": 4, "min_samples_leaf": 5, "l2": 1.0, "learning_rate": 0.1}


# The array API check needs SCIPY_ARRAY_API, and skips itself without it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [MonotoneBoostingClassifier(**QUICK, random_state=0)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "runs draw rows, and leaves count them"
    },
)
def test_it_keeps_the_contract_of_scikit_learn(estimator: MonotoneBoostingClassifier, check) -> None:
    check(estimator)


def cases(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two flags, a count and a number that is often unknown; the flags act together."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(-1, 2, n), rng.integers(-1, 2, n), rng.poisson(1, n), rng.exponential(30, n)]
    ).astype(float)
    y = rng.random(n) < expit(2 * X[:, 0] * X[:, 1] + X[:, 2] - 0.03 * X[:, 3] - 1)
    X[rng.random(n) < 0.3, 3] = np.nan
    return X, y.astype(int)


def test_trees_read_from_scikit_learn_predict_what_it_predicts() -> None:
    X, y = cases(0)
    theirs = HistGradientBoostingRegressor(max_iter=30, max_depth=4, random_state=0).fit(X, y)
    constant, trees = read_regressor(theirs)
    new = cases(1)[0]
    np.testing.assert_allclose(constant + sum_leaves(trees, new), theirs.predict(new), atol=1e-10)


@given(st.integers(0, 1000), st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4))
@settings(deadline=None, max_examples=8)
def test_every_tree_keeps_every_direction(seed: int, signs: list[int]) -> None:
    model = MonotoneBoostingClassifier(signs, random_state=seed, **QUICK).fit(*cases(seed))
    for tree in model.trees_:
        assert all(keeps_direction(tree, int(j), signs[j]) for j in tree.used if signs[j])
    case = np.tile(cases(seed, 50)[0], (3, 1))
    case[:, 0] = np.repeat([-1.0, 0.0, 1.0], 50)
    denied, unknown, asserted = np.split(model.decision_function(case) * signs[0], 3)
    if signs[0]:
        assert (denied <= unknown).all()
        assert (unknown <= asserted).all()


def test_without_runs_it_is_its_additive_start() -> None:
    X, y = cases(2)
    model = MonotoneBoostingClassifier([1, 0, 1, -1], runs=0).fit(X, y)
    new = np.vstack([cases(3)[0], [[-1, 0, 99, 1e9], [1, 1, 0, 0]]])
    np.testing.assert_allclose(model.decision_function(new), model.start_.decision_function(new), atol=1e-9)


def test_trees_find_what_an_additive_model_cannot() -> None:
    X, y = cases(4, 3000)
    model = MonotoneBoostingClassifier(random_state=0, learning_rate=0.1, min_samples_leaf=20, l2=1.0).fit(
        X, y
    )
    new, outcome = cases(5, 3000)

    def loss(margin: np.ndarray) -> float:
        return float((np.logaddexp(0, margin) - outcome * margin).mean())

    assert loss(model.decision_function(new)) < loss(model.start_.decision_function(new)) - 0.02


def test_one_round_of_one_tree_is_a_newton_step_by_hand() -> None:
    """With no start to speak of, a leaf holds sum(y - p) / (sum(p (1 - p)) + l2)."""
    X = np.repeat([[0.0], [1.0]], 50, axis=0)
    y = np.r_[np.ones(10), np.zeros(40), np.ones(30), np.zeros(20)].astype(int)
    model = MonotoneBoostingClassifier(
        penalty=1e9, runs=1, rounds=1, trees=1, learning_rate=1.0, l2=3.0, row_share=1.0, column_share=1.0,
        min_samples_leaf=5, random_state=0,
    ).fit(X, y)  # fmt: skip
    p = 0.4
    below, above = (10 - 50 * p) / (50 * p * (1 - p) + 3), (30 - 50 * p) / (50 * p * (1 - p) + 3)
    expected = np.log(p / (1 - p)) + np.array([below, above])
    np.testing.assert_allclose(model.decision_function([[0.0], [1.0]]), expected, atol=1e-5)


def test_same_seed_gives_the_same_trees_whatever_the_threads() -> None:
    X, y = cases(6)

    def fit(seed: int, threads: int) -> list[list[float]]:
        with threadpool_limits(threads):
            model = MonotoneBoostingClassifier(random_state=seed, **QUICK).fit(X, y)
        return [tree.value.tolist() + tree.threshold.tolist() for tree in model.trees_]

    assert fit(0, 1) == fit(0, 2)
    assert fit(0, 1) != fit(1, 1)


def test_cover_is_the_weight_of_the_training_cases() -> None:
    X, y = cases(7)
    weight = np.where(y == 1, 2.0, 1.0)
    model = MonotoneBoostingClassifier(random_state=0, **QUICK).fit(X, y, sample_weight=weight)
    for tree in model.trees_:
        assert tree.cover[0] == pytest.approx(weight.sum(), abs=1e-4)
        mean = tree.value[tree.leaves] @ tree.cover[tree.leaves] / tree.cover[0]
        assert tree.value[0] == pytest.approx(mean, abs=1e-9)


def test_too_deep_trees_are_refused() -> None:
    with pytest.raises(ValueError, match="max_depth must be from 1 to 8"):
        MonotoneBoostingClassifier(max_depth=9).fit(*cases(0))
