"""The parts of the proof, each against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, lsq_linear, minimize
from scipy.special import expit, log_expit

from triage.scoring.scorecard.bounding_curvature import bend_at_least, enclose, extract_diagonal
from triage.scoring.scorecard.bounding_loss import merge_rows, sigmoid, weigh_squares
from triage.scoring.scorecard.bounding_steps import minimise_in_box, share_out

log_odds = st.floats(-30, 30)


@settings(max_examples=300)
@given(log_odds, log_odds, log_odds, st.floats(0, 1))
def test_the_parabola_lies_below_the_loss_all_over_the_interval(at, one, other, where):
    low, high = min(one, other), max(one, other)
    bend = bend_at_least(np.array([at]), np.array([low]), np.array([high]))[0]
    s = low + where * (high - low)
    loss, tangent = -log_expit(-s), -log_expit(-at) + expit(at) * (s - at)
    assert loss - tangent - 0.5 * bend * (s - at) ** 2 >= -1e-13 * (1 + abs(at) + abs(s))


def test_over_a_short_interval_the_bend_is_the_second_derivative():
    at = np.linspace(-5, 5, 21)
    bend = bend_at_least(at, at, at)
    assert bend == pytest.approx(expit(at) * expit(-at), rel=0.05)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cards_below_the_loss_stay_within_the_radius(seed):
    rng = np.random.default_rng(seed)
    columns = np.column_stack([(rng.random((60, 3)) < 0.4).astype(float), np.ones(60)])
    total, positive = np.full(60, 1 / 60), rng.binomial(1, 0.4, 60) / 60

    def loss(theta):
        t = columns @ theta
        return total @ np.logaddexp(0, t) - positive @ t

    # A small ridge holds the centre where the data separate; the tangent's minimum over the box pays for it.
    center = minimize(lambda theta: loss(theta) + 1e-3 * theta @ theta, np.zeros(4)).x
    limit = np.abs(center).max() + 5.0
    slope = columns.T @ (total * expit(columns @ center) - positive)
    plain = loss(center) - (np.abs(slope) * limit + slope * center).sum()
    excess = loss(center) + 0.02 - plain
    near = enclose(
        columns, total, columns @ center, excess=excess, width=np.full(4, 2 * limit), check=lambda: None
    )
    if near is None:
        return
    for direction in rng.normal(size=(20, 4)):
        for length in np.linspace(0.05, 5, 40):
            theta = center + length * direction / np.abs(direction).max()
            if loss(theta) <= loss(center) + 0.02:
                assert (np.abs(columns @ (theta - center)) <= near[0]).all()
                assert abs(theta[-1] - center[-1]) <= near[1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_what_is_taken_off_leaves_no_negative_eigenvalue(seed, p):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(p + 4, p + 1))
    squares = factor.T @ factor
    kept = extract_diagonal(squares, rng.uniform(0, 1, p))
    assert (kept >= 0).all()
    assert np.linalg.eigvalsh(squares - np.diag(np.append(kept, 0)))[0] >= -1e-9 * np.trace(squares)


def test_of_a_diagonal_nearly_all_is_taken():
    kept = extract_diagonal(np.diag([4.0, 1.0, 2.0]), np.ones(2))
    assert kept == pytest.approx([4.0, 1.0], rel=0.02)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10))
def test_the_minimum_in_a_box_is_scipys(seed, p):
    rng = np.random.default_rng(seed)
    factor, target = rng.normal(size=(p + 3, p)), rng.normal(size=p + 3)
    low, high = -rng.uniform(0, 1, p), rng.uniform(0.01, 1, p)
    x = minimise_in_box(-factor.T @ target, factor.T @ factor, low, high)
    peer = lsq_linear(factor, target, bounds=(low, high), tol=1e-12).x
    assert ((low <= x) & (x <= high)).all()
    assert np.sum((factor @ x - target) ** 2) <= np.sum((factor @ peer - target) ** 2) + 1e-6


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), st.integers(1, 8))
def test_shares_fill_the_quota_and_are_the_best(weights, quota):
    weight = np.array(weights)
    share = share_out(weight, quota)
    assert (share > 0).all()
    assert (share <= 1).all()
    assert share.sum() == pytest.approx(min(quota, len(weight)), abs=1e-2)
    # The tangent of a convex objective at its minimum: no other sharing is better to first order.
    gain = weight / share**2
    other = linprog(-gain, A_ub=np.ones((1, len(weight))), b_ub=[quota], bounds=(0, 1))
    assert gain @ share >= -other.fun * (1 - 1e-2)


def test_rows_that_are_alike_are_merged():
    columns = np.array([[1.0, 0.0], [1.0, -0.0], [0.0, 1.0]])
    rows = merge_rows(columns, np.array([1.0, 0.0, 0.0]), np.array([1.0, 2.0, 1.0]), 2.0)
    order = np.argsort(rows.matrix[:, 0])
    assert rows.matrix[order].tolist() == [[0.0, 0.5], [0.5, 0.0]]
    assert rows.total[order].tolist() == [0.25, 0.75]
    assert rows.positive[order].tolist() == [0.0, 0.25]


@given(st.integers(0, 2**32 - 1), st.floats(-20, 20))
def test_the_best_intercept_makes_the_mean_chance_the_mean_outcome(seed, start):
    rng = np.random.default_rng(seed)
    n = 20
    outcome = rng.binomial(1, 0.5, n).astype(float)
    outcome[:2] = 0, 1
    rows = merge_rows(rng.normal(size=(n, 1)), outcome, rng.uniform(0.1, 1, n), 1.0)
    sums = rng.normal(0, 5, n)
    intercept = rows.fit_intercept(sums, start)
    low, high = rows.bracket_intercept(sums.min(), sums.max())
    assert low <= intercept <= high
    assert rows.total @ expit(sums + intercept) == pytest.approx(rows.positive.sum(), abs=1e-12)


def test_squares_are_weighed_in_blocks_as_in_one():
    rng = np.random.default_rng(0)
    matrix, weight = rng.normal(size=(20_000, 3)), rng.uniform(size=20_000)
    assert weigh_squares(matrix, weight) == pytest.approx(matrix.T @ (weight[:, None] * matrix))


def test_sigmoid_is_scipys():
    t = np.linspace(-800, 800, 101)
    assert sigmoid(t) == pytest.approx(expit(t), abs=1e-15)
