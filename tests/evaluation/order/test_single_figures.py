import math

import pytest

from triage.evaluation import (
    at_capacity,
    lift_at,
    number_needed_at,
    precision_at,
    recall_at,
    wilson_interval,
)


def test_the_single_figures_are_those_of_the_whole():
    outcome, score = [1, 0, 1, 0, 1], [9, 7, 7, 7, 3]
    at = at_capacity(outcome, score, 3)
    assert recall_at(outcome, score, 3) == at.recall
    assert precision_at(outcome, score, 3) == at.precision
    assert lift_at(outcome, score, 3) == at.lift
    assert number_needed_at(outcome, score, 3) == at.needed


def test_the_number_needed_to_open_is_one_over_precision():
    needed = number_needed_at([1, 1, 0, 1, 0, 0, 1, 0], range(8, 0, -1), 4)
    low, high = wilson_interval(3, 4)
    assert needed.estimate == pytest.approx(4 / 3)
    assert (needed.low, needed.high) == pytest.approx((1 / high, 1 / low))
    assert needed.count == 4


def test_where_nothing_is_found_the_number_needed_is_not_estimable_but_its_low_end_is_known():
    needed = number_needed_at([0] * 20 + [1], range(21, 0, -1), 20)
    assert not needed.estimable
    assert needed.low == pytest.approx(1 / float(wilson_interval(0, 20)[1]))
    assert needed.high == math.inf
    assert "at least 6.206 have to be opened for each one" in needed.method
    assert needed.as_dict()["high"] is None


def test_where_precision_may_be_zero_the_number_needed_says_that_it_has_no_upper_end():
    needed = number_needed_at([1, 0, 0], [1, 1, 1], 1)
    assert needed.estimate == pytest.approx(3)
    assert needed.high == math.inf
    assert "without an upper end" in needed.method
