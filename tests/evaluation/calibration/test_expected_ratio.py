import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from triage.errors import InputRefusedError
from triage.evaluation.calibration.expected import _Chances, observed_over_expected


def _law(chances):
    # The law of a sum of unequal chances, one case after the other.
    law = np.array([1.0])
    for chance in chances:
        law = np.convolve(law, [1 - chance, chance])
    return law


def test_the_interval_on_the_log_scale_by_hand():
    # 2 observed of 5, 1 expected: log 2 -/+ 1.96 sqrt((1 - 2/5) / 2).
    figure = observed_over_expected([1, 1, 0, 0, 0], [0.5, 0.25, 0.25, 0, 0], interval="log")
    half = 1.959963984540054 * math.sqrt(0.6 / 2)
    assert (figure.low, figure.high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))


def test_on_the_log_scale_nothing_observed_has_no_interval():
    figure = observed_over_expected([0, 0], [0.1, 0.2], interval="log")
    assert figure.estimate == 0
    assert math.isnan(figure.high)
    assert "nothing was observed" in figure.method


def test_with_equal_probabilities_the_shift_interval_is_clopper_and_pearsons():
    y, p = np.repeat([1, 0], [7, 93]), np.full(100, 0.05)
    shift, exact = observed_over_expected(y, p, interval="shift"), observed_over_expected(y, p)
    assert (shift.low, shift.high) == pytest.approx((exact.low, exact.high), rel=1e-8)


def test_with_unequal_probabilities_its_ends_leave_two_and_a_half_percent_beyond():
    p = np.array([0.02, 0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 0.05, 0.2, 0.4])
    y = np.array([0, 0, 0, 1, 0, 1, 1, 0, 1, 0])
    figure = observed_over_expected(y, p, interval="shift")

    def sum_where(tail):
        return expit(logit(p) + brentq(tail, -20, 20)).sum() / p.sum()

    low = sum_where(lambda a: _law(expit(logit(p) + a))[4:].sum() - 0.025)
    high = sum_where(lambda a: _law(expit(logit(p) + a))[:5].sum() - 0.025)
    assert (figure.low, figure.high) == pytest.approx((low, high), rel=1e-7)


def test_it_is_never_longer_than_clopper_and_pearsons_for_right_probabilities():
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 2, 400)
    y = rng.random(400) < p
    shift, exact = observed_over_expected(y, p, interval="shift"), observed_over_expected(y, p)
    assert exact.low < shift.low < shift.estimate < shift.high < exact.high


def test_the_normal_approximation_for_many_cases_is_near_the_exact_law():
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 3, 4000)
    chances = _Chances.of(p, np.ones(4000))
    exact = np.cumsum(_law(p))
    middle = int(p.sum())
    for observed in (middle - 40, middle, middle + 30):
        assert chances._at_most(observed, 0.0) == pytest.approx(exact[observed], abs=2e-5)


@pytest.mark.parametrize("observed", [0, 5])
def test_none_and_all_observed_have_closed_ends(observed):
    y, p = np.arange(5) < observed, np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    figure = observed_over_expected(y, p, interval="shift")
    if observed == 0:
        assert figure.low == 0
        assert figure.high > 0
    else:
        assert figure.high == pytest.approx(5 / 1.5)


def test_a_cut_through_ties_widens_the_shift_interval_too():
    y, p = np.array([0, 1, 0, 1, 0, 0]), np.array([0.5, 0.3, 0.3, 0.3, 0.1, 0.1])
    figure = observed_over_expected(y, p, capacity=2, interval="shift")
    # One of three tied cases is opened: none of them may have current abuse, or the one.
    assert figure.estimate == pytest.approx((2 / 3) / 0.8)
    assert figure.low == 0
    certain = observed_over_expected(np.array([0, 1]), np.array([0.5, 0.3]), interval="shift")
    assert figure.high == pytest.approx(certain.high, rel=1e-8)


def test_weights_and_unknown_intervals_are_refused():
    with pytest.raises(InputRefusedError, match="exact interval with weights"):
        observed_over_expected([0, 1], [0.1, 0.2], weight=[1, 2], interval="shift")
    with pytest.raises(InputRefusedError):
        observed_over_expected([0, 1], [0.1, 0.2], interval="wald")


def test_on_the_log_scale_weights_use_an_effective_count():
    y, p, w = [1, 1, 0, 0, 0], [0.5, 0.25, 0.25, 0.1, 0.1], [2, 2, 2, 2, 2]
    plain = observed_over_expected(y, p, interval="log")
    weighted = observed_over_expected(y, p, weight=w, interval="log")
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))
    assert "effective count of 5.0" in weighted.method


@pytest.mark.parametrize("interval", ["clopper-pearson", "log", "shift"])
def test_a_ratio_beyond_all_numbers_is_not_estimable(interval):
    figure = observed_over_expected(np.arange(100) % 5 == 0, np.full(100, 5e-324), interval=interval)
    assert np.isnan(figure.estimate)
    assert "below 2.3e-308" in figure.method
