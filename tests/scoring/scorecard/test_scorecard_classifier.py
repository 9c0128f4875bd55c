from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from triage.scoring.scorecard.classifier import SparseScorecardClassifier

QUICK = {"beam_width": 3, "pool_size": 5, "max_cuts": 5}


# The array API check needs SCIPY_ARRAY_API, and skips itself without it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([SparseScorecardClassifier(max_factors=3, beam_width=1, pool_size=2, max_cuts=3)])
def test_it_keeps_the_contract_of_scikit_learn(estimator: SparseScorecardClassifier, check) -> None:
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [SparseScorecardClassifier(), SparseScorecardClassifier(count="columns", penalty=1.0)]
)
def test_it_keeps_the_contract_with_other_settings(estimator: SparseScorecardClassifier, check) -> None:
    check(estimator)


def flags(seed: int, n: int = 300, p: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = (rng.random((n, p)) < rng.uniform(0.2, 0.8, p)).astype(float)
    y = rng.random(n) < expit(X @ rng.normal(0, 1.2, p) - 0.5)
    return X, y.astype(int)


def table(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """A flag, a number with unknowns, a count, and noise."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(-1, 2, n), rng.exponential(30, n), rng.poisson(1, n), rng.normal(size=n)]
    )
    y = rng.random(n) < expit(X[:, 0] - 0.03 * X[:, 1] + 0.7 * X[:, 2])
    X[rng.random(n) < 0.3, 1] = np.nan
    return X, y.astype(int)


def best_by_hand(X: np.ndarray, y: np.ndarray, points: range, most: int, slopes: np.ndarray) -> float:
    """The least loss over every card, every slope of a grid, and every intercept, by bisection."""
    cards = np.array([c for c in itertools.product(points, repeat=X.shape[1]) if np.count_nonzero(c) <= most])
    kinds, index = np.unique(X, axis=0, return_inverse=True)
    both, positive = np.bincount(index) / len(y), np.bincount(index, y) / len(y)
    least = np.inf
    for slope in slopes:
        eta = slope * (kinds @ cards.T)
        low, high = np.full(len(cards), -20.0), np.full(len(cards), 20.0)
        for _ in range(40):
            middle = (low + high) / 2
            above = both @ expit(eta + middle) > positive.sum()
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        losses = both @ np.logaddexp(0, eta + low) - positive @ (eta + low)
        least = min(least, float(losses.min()))
    return least


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [2, 4])
def test_no_card_on_a_grid_of_multipliers_is_better(seed: int, most: int) -> None:
    X, y = flags(seed)
    model = SparseScorecardClassifier(max_factors=most, max_points=2, auc_gap=0).fit(X, y)
    assert model.loss_ <= best_by_hand(X, y, range(-2, 3), most, np.geomspace(0.1, 3, 30)) + 1e-9


# Train loss of FasterRisk 0.1.10 (numpy 1.26.4, default settings) on the same columns: RiskScoreOptimizer on
# (Z, 2 y - 1) with k, its first model (m, b, w), and the mean of log(1 + exp(-(2 y - 1) (b + Z w) / m)).
@pytest.mark.parametrize(("k", "theirs"), [(3, 0.2052979863862), (5, 0.1667197981262), (10, 0.1468116506376)])
def test_loss_is_not_above_that_of_fasterrisk(k: int, theirs: float) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    Z = (np.median(X, axis=0) <= X).astype(float)
    model = SparseScorecardClassifier(max_factors=k).fit(Z, y)
    assert model.loss_ <= theirs
    assert np.count_nonzero(model.points_) <= k


def test_loss_is_the_log_loss_of_its_probabilities() -> None:
    X, y = table(0)
    model = SparseScorecardClassifier(**QUICK).fit(X, y)
    assert model.loss_ == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-9)


def test_multiplier_and_intercept_are_those_of_a_logistic_regression_on_the_points() -> None:
    X, y = table(1)
    model = SparseScorecardClassifier(**QUICK).fit(X, y)
    platt = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(model.card_.total(X)[:, None], y)
    assert 1 / model.multiplier_ == pytest.approx(platt.coef_[0, 0], rel=1e-4)
    assert model.intercept_ / model.multiplier_ == pytest.approx(platt.intercept_[0], rel=1e-4)


@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4),
    st.integers(1, 6),
    st.sampled_from(["thresholds", "columns"]),
    st.sampled_from([1, 3, (0, 4), (-2, 5)]),
)
@example(seed=2, signs=[-1, -1, 0, -1], most=2, count="columns", points=1)  # rounding turned a step round
@example(seed=146, signs=[-1, -1, 0, -1], most=2, count="columns", points=1)
@settings(deadline=None, max_examples=10)
def test_every_limit_is_kept(seed: int, signs: list[int], most: int, count: str, points) -> None:
    model = SparseScorecardClassifier(
        max_factors=most, signs=signs, count=count, max_points=points, max_steps=2, **QUICK
    ).fit(*table(seed, n=80))
    low, high = points if isinstance(points, tuple) else (-points, points)
    for card in model.pool_:
        assert card.points.dtype.kind == "i"
        assert (card.points >= low).all()
        assert (card.points <= high).all()
        assert (card.points != 0).all()
        factors, steps = np.unique(card.cuts.source, return_counts=True)
        assert (len(factors) if count == "columns" else len(card.points)) <= most
        assert count == "thresholds" or steps.max(initial=0) <= 2
        for column, sign in enumerate(signs):
            x = np.full((200, 4), np.nan)
            x[:, column] = np.linspace(-5, 200, 200)
            rises = np.diff(card.total(x))
            # Thresholds that count one by one are free where nothing gives a direction; a factor has one.
            free = count == "thresholds" and sign == 0
            assert free or (rises >= 0).all() or (rises <= 0).all()
            assert (sign * rises >= 0).all()


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=6)
def test_unknown_has_no_points_and_lies_between_denied_and_asserted(seed: int) -> None:
    X, y = table(seed)
    card = SparseScorecardClassifier(signs=[1, 0, 0, 0], **QUICK).fit(X, y).card_
    assert card.total(np.full((1, 4), np.nan)).tolist() == [0]
    flag = np.full((3, 4), np.nan)
    flag[:, 0] = [-1, 0, 1]
    denied, unknown, asserted = card.total(flag)
    assert denied <= unknown == 0 <= asserted


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=5)
def test_order_of_the_rows_does_not_matter(seed: int) -> None:
    X, y = table(seed, n=120)
    order = np.random.default_rng(seed).permutation(len(y))
    one = SparseScorecardClassifier(**QUICK).fit(X, y)
    other = SparseScorecardClassifier(**QUICK).fit(X[order], y[order])
    assert str(one) == str(other)
    assert one.loss_ == other.loss_


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=5)
def test_weight_of_two_is_a_row_that_stands_twice(seed: int) -> None:
    X, y = table(seed, n=120)
    weight = np.random.default_rng(seed).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    weighted = SparseScorecardClassifier(**QUICK).fit(X, y, sample_weight=weight)
    repeated = SparseScorecardClassifier(**QUICK).fit(X[rows], y[rows])
    assert str(weighted) == str(repeated)
    assert weighted.loss_ == repeated.loss_


def test_same_seed_gives_the_same_card() -> None:
    X, y = table(7)
    one, other = (
        SparseScorecardClassifier(kicks=3, random_state=5, **QUICK).fit(X, y).decision_function(X)
        for _ in range(2)
    )
    assert one.tobytes() == other.tobytes()


def test_kicks_and_a_wider_search_never_make_it_worse() -> None:
    X, y = flags(3, p=12)
    plain = SparseScorecardClassifier(max_factors=4, auc_gap=0, **QUICK).fit(X, y)
    kicked = SparseScorecardClassifier(max_factors=4, auc_gap=0, kicks=5, **QUICK).fit(X, y)
    assert kicked.loss_ <= plain.loss_


def test_pool_is_sorted_distinct_near_and_right() -> None:
    X, y = table(2)
    model = SparseScorecardClassifier(pool_gap=0.02).fit(X, y)
    losses = [card.loss for card in model.pool_]
    assert losses == sorted(losses)
    assert len({str(card) for card in model.pool_}) == len(losses) > 1
    assert losses[-1] <= 1.02 * losses[0]
    for card in model.pool_[:5]:
        assert card.loss == pytest.approx(log_loss(y, expit(card.log_odds(X))), rel=1e-9)


def test_of_near_equal_cards_the_one_that_orders_best_is_taken() -> None:
    X, y = table(2)
    model = SparseScorecardClassifier(max_factors=4, auc_gap=0.01).fit(X, y)
    ceiling = 1.01 * model.pool_[0].loss
    auc = {str(card): roc_auc_score(y, card.total(X)) for card in model.pool_ if card.loss <= ceiling}
    assert auc[str(model.card_)] == pytest.approx(max(auc.values()), abs=1e-12)
    least = SparseScorecardClassifier(max_factors=4, auc_gap=0).fit(X, y)
    assert str(least.card_) == str(model.pool_[0])
    assert auc[str(model.card_)] > auc[str(least.card_)]


def test_separable_outcomes_survive() -> None:
    X = np.repeat([[0.0], [1.0]], 20, axis=0)
    model = SparseScorecardClassifier().fit(X, X[:, 0])
    assert model.predict(X).tolist() == X[:, 0].tolist()
    # The scale is limited: of few cases, no statement is worth more than 5 on the log-odds.
    assert 1 / model.multiplier_ == pytest.approx(5.0)


def test_more_cases_can_show_larger_log_odds() -> None:
    """With 1,000 cases of either outcome, odds of 1,000 to 1."""
    X = np.repeat([[0.0], [1.0]], 1_000, axis=0)
    model = SparseScorecardClassifier().fit(X, X[:, 0])
    assert 1 / model.multiplier_ == pytest.approx(np.log(1_000))


@pytest.mark.parametrize("column", [np.full(40, 3.0), np.full(40, np.nan)])
def test_columns_that_say_nothing_have_no_points(column: np.ndarray) -> None:
    y = np.arange(40) % 4 == 0
    alone = SparseScorecardClassifier(**QUICK).fit(column[:, None], y)
    assert len(alone.points_) == 0
    np.testing.assert_allclose(alone.predict_proba(column[:, None])[:, 1], 0.25, rtol=1e-9)
    beside = SparseScorecardClassifier(**QUICK).fit(np.column_stack([column, y]), y)
    assert [name for name, _ in beside.factors_] == ["column 1 >= 1"]


def test_column_with_one_value_and_unknowns_has_points_for_being_known() -> None:
    y = np.repeat([0, 1, 0, 1], [30, 10, 10, 30])
    x = np.repeat([np.nan, 7.0], 40)[:, None]
    model = SparseScorecardClassifier(**QUICK).fit(x, y)
    assert model.factors_ == [("column 0 >= 7", 1)]
    np.testing.assert_allclose(model.predict_proba(x)[[0, 40], 1], [0.25, 0.75], rtol=1e-6)


def test_penalty_leaves_out_what_does_not_earn_it() -> None:
    """A statement on 100 + 100 cases, 55 against 45 positive, earns 1.0008 nats."""
    X = np.repeat([[1.0], [0.0]], 100, axis=0)
    y = np.repeat([1, 0, 1, 0], [55, 45, 45, 55])
    gain = 200 * np.log(2) + 200 * (0.55 * np.log(0.55) + 0.45 * np.log(0.45))
    assert gain == pytest.approx(1.0017, abs=1e-3)
    assert SparseScorecardClassifier(penalty=0.99 * gain).fit(X, y).factors_ == [("column 0 >= 1", 1)]
    assert SparseScorecardClassifier(penalty=1.01 * gain).fit(X, y).factors_ == []


def test_steps_of_one_column_add_up() -> None:
    """Log-odds rise by log 4 at 10 and again at 20; 3 points each would be divided to 1."""
    x = np.repeat([5.0, 15.0, 25.0], 100)[:, None]
    y = np.repeat([1, 0, 1, 0, 1, 0], [20, 80, 50, 50, 80, 20])
    model = SparseScorecardClassifier(count="columns", max_factors=1).fit(x, y)
    assert sorted(model.factors_) == [("column 0 >= 10", 1), ("column 0 >= 20", 1)]
    assert 1 / model.multiplier_ == pytest.approx(np.log(4), rel=1e-5)
    one_step = SparseScorecardClassifier(count="columns", max_factors=1, max_steps=1).fit(x, y)
    assert len(one_step.factors_) == 1


def test_proof_bounds_the_loss_from_below() -> None:
    X, y = flags(1)
    model = SparseScorecardClassifier(max_factors=3, max_points=2, certify_seconds=20, certify_nodes=300).fit(
        X, y
    )
    best = best_by_hand(X, y, range(-2, 3), 3, np.array([1 / model.multiplier_]))
    # Nearly sharp: a bound of 0 would hold as well, and say nothing.
    assert 0.9 * best < model.lower_bound_ <= best + 1e-12
    assert model.gap_ == pytest.approx(max(0.0, 1 - model.lower_bound_ / model.loss_))


def test_names_of_a_frame_are_on_the_card() -> None:
    import pandas as pd

    X, y = flags(0)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d", "e"])
    card = SparseScorecardClassifier(max_factors=2).fit(frame, y).to_frame()
    assert set(card["column"]) <= set("abcde")
    assert list(card.columns) == ["column", "statement", "points"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_factors": 0}, {"max_points": 0}, {"max_points": (1, 5)}, {"max_points": (0, 0)}, {"max_points": 2.5},
        {"signs": [1]}, {"signs": [2, 0, 0, 0, 0]}, {"count": "rows"}, {"penalty": -1.0}, {"max_steps": 0},
        {"pool_gap": np.nan}, {"auc_gap": -0.1}, {"beam_width": True},
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SparseScorecardClassifier(**wrong).fit(*flags(0, n=30))


def test_a_class_without_weight_is_refused() -> None:
    X, y = flags(0, n=30)
    with pytest.raises(ValueError, match="Only one class"):
        SparseScorecardClassifier().fit(X, y, sample_weight=y.astype(float))
