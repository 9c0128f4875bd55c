"""The proof of a scorecard: the bound is never above the best card, whatever the search does."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from triage.scoring.scorecard.bound import certify, certify_over_scales


def loss_of(columns, outcome, weight, coefficients):
    sums = columns @ coefficients

    def loss(intercept):
        t = sums + intercept
        return weight @ (np.logaddexp(0, t) - outcome * t) / weight.sum()

    return minimize_scalar(loss, bounds=(-60, 60), method="bounded", options={"xatol": 1e-9}).fun


def best_loss(case, multiplier):
    """The least loss of all cards, one by one."""
    ranges = [range(a, b + 1) for a, b in zip(case["low"], case["high"], strict=True)]
    return min(
        loss_of(case["columns"], case["outcome"], case["weight"], np.array(card) / multiplier)
        for card in itertools.product(*ranges)
        if len(set(case["groups"][np.array(card) != 0])) <= case["max_factors"]
    )


@st.composite
def small_cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p, n = draw(st.integers(1, 4)), draw(st.integers(4, 40))
    kind = draw(st.sampled_from(["flags", "signed", "real", "twins"]))
    columns = {
        "flags": lambda: (rng.random((n, p)) < 0.3).astype(float),
        "signed": lambda: rng.integers(-1, 2, (n, p)).astype(float),
        "real": lambda: rng.normal(size=(n, p)).round(1),
        "twins": lambda: np.repeat((rng.random((n, 1)) < 0.4).astype(float), p, axis=1),
    }[kind]()
    outcome = (rng.random(n) < expit(2 * columns @ rng.normal(size=p))).astype(int)
    outcome[:2] = 0, 1
    weight = rng.integers(0, 4, n).astype(float)
    weight[:2] += 1
    return {
        "columns": columns,
        "outcome": outcome,
        "weight": weight,
        "low": -rng.integers(0, 3, p),
        "high": rng.integers(0, 3, p),
        "groups": rng.integers(0, p, p) if draw(st.booleans()) else np.arange(p),
        "max_factors": draw(st.integers(0, p)),
    }


def show(case, **changes):
    zeros = np.zeros(len(case["low"]), dtype=int)
    arguments = {"multiplier": 1.0, "incumbent_points": zeros, "time_limit": 30.0, **case, **changes}
    return certify(arguments.pop("columns"), arguments.pop("outcome"), arguments.pop("weight"), **arguments)


def draw_case(n, p, seed, max_factors, points=5, used=None):
    """Correlated flags and effects, as in no particular world."""
    rng = np.random.default_rng(seed)
    normal = np.sqrt(0.7) * rng.normal(size=(n, p)) + np.sqrt(0.3) * rng.normal(size=(n, 1))
    columns = (normal < np.quantile(normal, rng.uniform(0.08, 0.5, p), axis=0).diagonal()).astype(float)
    effects = np.zeros(p)
    effects[: used or p] = rng.choice([-1, 1], used or p) * rng.uniform(0.15, 1.2, used or p)
    sums = columns @ effects
    outcome = (rng.random(n) < expit(sums - sums.mean() - 0.7)).astype(int)
    return {
        "columns": columns,
        "outcome": outcome,
        "weight": np.ones(n),
        "low": np.full(p, -points),
        "high": np.full(p, points),
        "groups": np.arange(p),
        "max_factors": max_factors,
    }


@settings(max_examples=50, deadline=None)
@given(small_cases(), st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([1e-6, 0.005, 0.1]))
def test_the_bound_is_never_above_the_best_card_and_closed_means_what_it_says(case, multiplier, target):
    best = best_loss(case, multiplier)
    shown = show(case, multiplier=multiplier, target_gap=target)
    assert shown.lower_bound <= best + 1e-12
    assert shown.loss >= best - 1e-9
    assert shown.closed
    assert shown.loss <= best / (1 - target) + 1e-9


@settings(max_examples=25, deadline=None)
@given(small_cases(), st.integers(1, 3))
def test_a_search_cut_short_still_bounds(case, max_nodes):
    shown = show(case, max_nodes=max_nodes, target_gap=1e-6)
    assert shown.lower_bound <= best_loss(case, 1.0) + 1e-12
    assert shown.gap == pytest.approx(max(0, 1 - shown.lower_bound / shown.loss))


@settings(max_examples=12, deadline=None)
@given(small_cases(), st.sampled_from([0.4, 0.7, 1.0]), st.sampled_from([1.0, 2.0, 3.0]))
def test_a_bound_over_scales_holds_at_every_scale(case, least, most):
    zeros = np.zeros(len(case["low"]), dtype=int)
    shown = certify_over_scales(
        **case, multipliers=(least, most), incumbent_points=zeros, incumbent_multiplier=1.0, target_gap=1e-4
    )
    for multiplier in np.linspace(least, most, 3):
        assert shown.lower_bound <= best_loss(case, multiplier) + 1e-12
    assert shown.improved_points.tolist() == zeros.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_all_cards_is_found_and_shown_to_be_best(seed):
    # 8 columns, at most 3 factors, points -2 to 2: 4,065 cards.
    case = draw_case(400, 8, seed, max_factors=3, points=2)
    supports = itertools.chain.from_iterable(itertools.combinations(range(8), k) for k in range(4))
    distinct, place = np.unique(case["columns"], axis=0, return_inverse=True)
    total = np.bincount(place.ravel()) / 400
    positive = np.bincount(place.ravel(), case["outcome"]) / 400
    cards = []
    for support in supports:
        for values in itertools.product((-2, -1, 1, 2), repeat=len(support)):
            cards.append(np.zeros(8))
            cards[-1][list(support)] = values
    sums = distinct @ np.array(cards).T / 2.0
    intercepts = np.zeros(len(cards))
    for _ in range(50):
        chance = expit(sums + intercepts)
        intercepts -= (total @ chance - positive.sum()) / (total @ (chance * (1 - chance)))
    losses = total @ np.logaddexp(0, sums + intercepts) - positive @ (sums + intercepts)
    shown = show(case, multiplier=2.0, target_gap=1e-6)
    assert shown.closed
    assert shown.loss == pytest.approx(losses.min(), rel=2e-6)
    assert shown.lower_bound <= losses.min()
    best = cards[int(np.argmin(losses))]
    assert shown.improved_points.tolist() == best.tolist()
    assert shown.improved_intercept == pytest.approx(intercepts[np.argmin(losses)], abs=1e-6)


def test_without_a_limit_and_without_whole_points_the_bound_is_the_minimum_scikit_learn_finds():
    case = draw_case(2_000, 6, 1, max_factors=6, points=10)
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(case["columns"], case["outcome"])
    minimum = loss_of(case["columns"], case["outcome"], case["weight"], plain.coef_[0])
    # The multipliers 0.1 to 1000 let a coefficient be anything from 0.001 to 100 in size.
    shown = certify_over_scales(
        **case,
        multipliers=(0.1, 1_000.0),
        incumbent_points=np.zeros(6, dtype=int),
        incumbent_multiplier=1.0,
        target_gap=1e-6,
        max_nodes=1,
    )
    assert shown.lower_bound <= minimum
    assert shown.lower_bound == pytest.approx(minimum, rel=1e-5)


def test_where_points_are_bounded_the_bound_over_one_scale_is_the_minimum_scipy_finds():
    case = draw_case(2_000, 5, 2, max_factors=5, points=1)
    case["low"] = np.zeros(5, dtype=int)

    def loss(theta):
        t = case["columns"] @ theta[:5] + theta[5]
        return np.mean(np.logaddexp(0, t) - case["outcome"] * t)

    minimum = minimize(loss, np.zeros(6), bounds=[(0, 0.5)] * 5 + [(None, None)], options={"ftol": 1e-14}).fun
    shown = certify_over_scales(
        **case,
        multipliers=(2.0, 1e6),
        incumbent_points=np.zeros(5, dtype=int),
        incumbent_multiplier=2.0,
        target_gap=1e-6,
        max_nodes=1,
    )
    assert shown.lower_bound <= minimum + 1e-9
    assert shown.lower_bound == pytest.approx(minimum, rel=1e-5)


def test_weights_are_repetitions():
    case = draw_case(300, 6, 3, max_factors=2)
    times = np.random.default_rng(0).integers(0, 4, 300)
    again = {
        **case,
        "columns": np.repeat(case["columns"], times, axis=0),
        "outcome": np.repeat(case["outcome"], times),
        "weight": np.ones(times.sum()),
    }
    weighted, repeated = show({**case, "weight": times * 2.5}), show(again)
    assert weighted.loss == pytest.approx(repeated.loss, abs=1e-12)
    assert weighted.lower_bound == pytest.approx(repeated.lower_bound, abs=1e-9)
    assert weighted.improved_points.tolist() == repeated.improved_points.tolist()


def test_the_order_of_rows_does_not_matter():
    case = draw_case(300, 6, 3, max_factors=2)
    order = np.random.default_rng(0).permutation(300)
    mixed = {**case, "columns": case["columns"][order], "outcome": case["outcome"][order]}
    assert show(mixed).lower_bound == pytest.approx(show(case).lower_bound, abs=1e-9)


def test_no_factor_at_all_leaves_the_entropy_of_the_outcome():
    case = draw_case(100, 3, 0, max_factors=0)
    share = case["outcome"].mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    shown = show(case, target_gap=1e-6)
    assert shown.closed
    assert shown.loss == pytest.approx(entropy, abs=1e-12)
    assert shown.lower_bound == pytest.approx(entropy, rel=2e-6)
    assert shown.improved_intercept == pytest.approx(np.log(share / (1 - share)))


def test_a_table_without_columns_is_the_same():
    shown = certify(
        np.zeros((4, 0)),
        [0, 0, 0, 1],
        np.ones(4),
        low=[],
        high=[],
        groups=[],
        max_factors=3,
        multiplier=1,
        incumbent_points=[],
    )
    assert shown.closed
    assert shown.loss == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_more_factors_than_columns_may_be_allowed():
    case = draw_case(300, 4, 5, max_factors=4)
    assert show(case).lower_bound == show({**case, "max_factors": 40}).lower_bound


def test_outcomes_that_a_column_separates_cost_what_the_most_points_leave():
    # With 4 points a unit and log-odds of -2 and 2 either side: log(1 + exp(-2)).
    shown = certify(
        [[0.0], [1.0]],
        [0, 1],
        [1, 1],
        low=[0],
        high=[4],
        groups=[0],
        max_factors=1,
        multiplier=1,
        incumbent_points=[0],
    )
    assert shown.improved_points.tolist() == [4]
    assert shown.improved_intercept == pytest.approx(-2.0)
    assert shown.loss == pytest.approx(np.log1p(np.exp(-2.0)))
    assert shown.closed


def test_columns_of_a_factor_count_once():
    case = draw_case(500, 4, 7, max_factors=1)
    together = show({**case, "groups": np.zeros(4, dtype=int)}, target_gap=1e-5)
    alone = show(case, target_gap=1e-5)
    assert (together.improved_points != 0).sum() > 1
    assert (alone.improved_points != 0).sum() == 1
    assert together.loss == pytest.approx(show({**case, "max_factors": 4}, target_gap=1e-5).loss, rel=1e-5)


def test_signs_are_kept():
    case = draw_case(500, 6, 8, max_factors=3)
    shown = show({**case, "low": np.zeros(6, dtype=int)})
    assert (shown.improved_points >= 0).all()
    assert shown.closed


def test_the_incumbent_is_returned_where_nothing_beats_it():
    case = draw_case(400, 5, 9, max_factors=2)
    best = show(case, target_gap=1e-6)
    again = show(case, target_gap=1e-6, incumbent_points=best.improved_points)
    assert again.improved_points.tolist() == best.improved_points.tolist()
    assert again.loss == pytest.approx(best.loss, abs=1e-14)


def test_same_question_same_answer():
    case = draw_case(1_000, 15, 10, max_factors=4)
    first, second = show(case, seed=1), show(case, seed=2)
    assert first.nodes == second.nodes
    assert first.lower_bound == second.lower_bound
    assert first.improved_points.tolist() == second.improved_points.tolist()


def test_more_nodes_never_loosen_the_bound():
    case = draw_case(800, 12, 11, max_factors=3)
    bounds = [show(case, max_nodes=nodes, target_gap=1e-4).lower_bound for nodes in (1, 5, 40)]
    assert bounds == sorted(bounds)


def test_time_is_kept():
    case = draw_case(5_000, 40, 3, max_factors=8)
    start = time.monotonic()
    shown = show(case, time_limit=0.5, target_gap=1e-6)
    assert time.monotonic() - start < 3.0
    assert not shown.closed
    assert 0 <= shown.lower_bound <= shown.loss


def test_a_hopeless_limit_of_time_still_gives_an_answer():
    shown = show(draw_case(2_000, 20, 3, max_factors=5), time_limit=1e-6)
    assert shown.lower_bound == 0
    assert shown.gap == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": np.full((4, 2), np.nan)}, "finite"),
        ({"columns": np.zeros(4)}, "table"),
        ({"outcome": [0, 1, 2, 0]}, "outcome must be 0 or 1"),
        ({"outcome": [0, 0, 0, 0]}, "Both outcomes"),
        ({"outcome": [0, 1, 1]}, "outcome must be 4"),
        ({"weight": [1, 1, -1, 1]}, "negative"),
        ({"weight": [1, 0, 1, 0]}, "Both outcomes"),
        ({"low": [1, 0]}, "low <= 0 <= high"),
        ({"high": [-1, 0]}, "low <= 0 <= high"),
        ({"high": [5_000, 0]}, "low <= 0 <= high"),
        ({"high": [1.5, 0]}, "whole"),
        ({"groups": [0]}, "groups must be 2"),
        ({"max_factors": -1}, "max_factors"),
        ({"multiplier": 0.0}, "multiplier"),
        ({"incumbent_points": [9, 0]}, "within low and high"),
        ({"incumbent_points": [1, 1]}, "more factors"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"target_gap": 0.0}, "target_gap"),
        ({"max_nodes": 0}, "max_nodes"),
    ],
)
def test_impossible_questions_are_refused(change, message):
    case = {
        "columns": np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]),
        "outcome": [0, 1, 0, 1],
        "weight": [1, 1, 1, 1],
        "low": [-2, -2],
        "high": [2, 2],
        "groups": [0, 1],
        "max_factors": 1,
    }
    with pytest.raises(ValueError, match=message):
        show({**case, **change})


@pytest.mark.parametrize("multipliers", [(0.0, 1.0), (2.0, 3.0), (1.0, 0.5)])
def test_scales_that_do_not_hold_the_incumbents_are_refused(multipliers):
    case = draw_case(50, 2, 0, max_factors=1)
    with pytest.raises(ValueError, match="multipliers"):
        certify_over_scales(
            **case, multipliers=multipliers, incumbent_points=[0, 0], incumbent_multiplier=1.0
        )


@pytest.mark.slow
@pytest.mark.parametrize("max_factors", [8, 12])
def test_forty_columns_are_closed_to_half_a_per_cent(max_factors):
    case = draw_case(5_000, 40, 0, max_factors=max_factors, used=15)
    shown = show(case, multiplier=3.0, time_limit=60.0)
    assert shown.closed
    assert shown.gap <= 0.005
