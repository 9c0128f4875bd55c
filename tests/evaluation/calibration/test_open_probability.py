import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from triage.evaluation.calibration.endpoints import open_probability


def test_only_exact_zeros_and_ones_move():
    p = np.array([0, 1e-9, 0.5, 1 - 1e-9, 1])
    opened, moved = open_probability(p)
    assert moved == 2
    assert opened[1:4].tolist() == p[1:4].tolist()


def test_they_move_to_a_millionth_where_nothing_is_near():
    opened, moved = open_probability(np.array([0, 0, 0.5, 1]))
    assert opened.tolist() == [1e-6, 1e-6, 0.5, 1 - 1e-6]
    assert moved == 3


def test_they_stay_beyond_the_nearest_other_probability():
    opened, _ = open_probability(np.array([0, 1.9e-6, 0.5]))
    assert opened[0] == 0.95e-6
    opened, _ = open_probability(np.array([0, 2e-6, 0.5]))
    assert opened[0] == 1e-6
    opened, _ = open_probability(np.array([1, 1 - 2**-30, 0.5]))
    assert opened[0] == 1 - 2**-31


def test_zeros_and_ones_alone_have_a_place_too():
    assert open_probability(np.array([0.0, 1.0]))[0].tolist() == [1e-6, 1 - 1e-6]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_order_stays_and_all_logits_are_finite(values):
    p = np.sort(np.array(values))
    opened, moved = open_probability(p)
    assert np.all(np.diff(opened) >= 0)
    assert np.isfinite(logit(opened)).all()
    assert moved == np.count_nonzero((p == 0) | (p == 1))


def test_the_given_probabilities_are_not_changed():
    p = np.array([0.0, 1.0])
    open_probability(p)
    assert p.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("nearest", [5e-324, 1 - 2**-53])
def test_the_last_float_before_an_end_is_not_passed(nearest):
    opened, _ = open_probability(np.array([0.0, nearest, 1.0]))
    assert np.all((opened > 0) & (opened < 1))
