"""Precision at other base rates, and probabilities moved to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from triage.errors import InputRefusedError
from triage.evaluation.order.single_figures import precision_at
from triage.evaluation.usefulness.prevalence import precision_at_base_rate, shift_prior


def _counts(found, positives, in_vain, negatives):
    outcome = np.repeat([1, 1, 0, 0], [found, positives - found, in_vain, negatives - in_vain])
    score = np.repeat([1, 0, 1, 0], [found, positives - found, in_vain, negatives - in_vain])
    return outcome, score


# Mercaldo, Lau, Zhou 2007, Table VIII (ApoE e4: 240 of 418 cases, 87 of 375 controls); standard logit intervals
# as in their Table IX, by the R package bdpv 1.3:
# BDtest(matrix(c(240, 178, 87, 288), ncol = 2), pr = 0.03)$PPVNPVDAT; the same with pr = 0.5
@pytest.mark.parametrize(
    ("base_rate", "estimate", "low", "high"),
    [
        (0.03, 0.0710993700596, 0.0588709728820, 0.0856366656598),
        (0.5, 0.712216893785, 0.669155189694, 0.751753113933),
    ],
)
def test_the_logit_interval_is_the_published_one(base_rate, estimate, low, high):
    (at,) = precision_at_base_rate(*_counts(240, 418, 87, 375), threshold=1, base_rates=[base_rate])
    figure = at.precision
    assert [figure.estimate, figure.low, figure.high] == pytest.approx([estimate, low, high], rel=1e-10)
    assert at.opened_per_found.estimate == pytest.approx(1 / estimate)
    assert at.opened_per_found.low == pytest.approx(1 / high)
    assert at.opened == pytest.approx(240 / 418 * base_rate + 87 / 375 * (1 - base_rate))


# R bdpv: CIlppvak(x0 = c(0, 500), x1 = c(5, 15), p = 0.01); CIlppvak(x0 = c(12, 488), x1 = c(20, 0), p = 0.01)
def test_where_a_share_is_0_or_1_the_adjusted_interval_stretches_to_the_estimate():
    (none_in_vain,) = precision_at_base_rate(*_counts(5, 20, 0, 500), threshold=1, base_rates=[0.01])
    assert none_in_vain.precision.estimate == 1
    assert none_in_vain.precision.low == pytest.approx(0.140972192274, rel=1e-10)
    assert none_in_vain.precision.high == 1
    (all_found,) = precision_at_base_rate(*_counts(20, 20, 12, 500), threshold=1, base_rates=[0.01])
    ends = [all_found.precision.low, all_found.precision.high]
    assert ends == pytest.approx([0.164972324124, 0.363831191418], rel=1e-10)
    assert "adjusted" in all_found.precision.method


def test_at_the_base_rate_of_the_cases_it_is_their_own_precision():
    outcome, score = _counts(12, 40, 30, 960)
    (at,) = precision_at_base_rate(outcome, score, capacity=42, base_rates=[0.04])
    assert at.precision.estimate == pytest.approx(precision_at(outcome, score, 42).estimate)
    assert at.opened == pytest.approx(0.042)


def test_it_says_that_it_is_a_what_if():
    (at,) = precision_at_base_rate(*_counts(5, 10, 5, 90), capacity=10, base_rates=[0.005], denominator="x")
    assert at.precision.method.startswith("what if")
    assert at.precision.denominator == (
        "x, what if 0.5 % of them had current abuse (recall and false positive rate as they are)"
    )


def test_where_none_is_found_the_cases_to_open_have_only_a_lower_bound():
    (at,) = precision_at_base_rate(*_counts(0, 10, 5, 90), threshold=1, base_rates=[0.01])
    assert at.precision.estimate == 0
    assert at.precision.low == 0
    assert not at.opened_per_found.estimable
    assert "at least" in at.opened_per_found.method


@pytest.mark.parametrize(
    ("outcome", "score", "reason"),
    [
        ([0, 0], [1, 0], "no case with current abuse"),
        ([1, 1], [1, 0], "no case without current abuse"),
        ([1, 0], [0, 0], "no case is opened"),
    ],
)
def test_not_estimable_without_both_kinds_or_when_none_is_opened(outcome, score, reason):
    (at,) = precision_at_base_rate(outcome, score, threshold=1, base_rates=[0.01])
    assert not at.precision.estimable
    assert reason in at.precision.method


def test_a_weight_is_a_repetition_for_the_estimate():
    outcome, score, weight = [1, 1, 0, 0, 0], [3, 1, 3, 2, 1], [2, 3, 1, 2, 4]
    again = np.repeat(np.arange(5), weight)
    (one,) = precision_at_base_rate(outcome, score, threshold=2, weight=weight, base_rates=[0.02])
    (two,) = precision_at_base_rate(
        np.array(outcome)[again], np.array(score)[again], threshold=2, base_rates=[0.02]
    )
    assert one.precision.estimate == pytest.approx(two.precision.estimate)
    assert "weighted" in one.precision.method


def test_base_rates_outside_0_and_1_are_refused():
    with pytest.raises(InputRefusedError, match="base rate"):
        precision_at_base_rate([1, 0], [1, 0], capacity=1, base_rates=[0.0])


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_a_shifted_prior_is_a_shifted_intercept(p, before, after):
    shifted = shift_prior([p], base_rate=before, new_base_rate=after)[0]
    assert shifted == pytest.approx(expit(logit(p) + logit(after) - logit(before)))
    assert shift_prior([shifted], base_rate=after, new_base_rate=before)[0] == pytest.approx(p)


def test_shifted_probabilities_are_right_on_average_where_the_prior_moved():
    # Cases with current abuse drawn twice as often: p/(1-p) doubles against the truth.
    rng = np.random.default_rng(1)
    p = rng.beta(2, 8, 400_000)
    y = rng.random(400_000) < p
    kept = y | (rng.random(400_000) < 0.5)
    shifted = shift_prior(p[kept], base_rate=0.2, new_base_rate=0.2 / (0.2 + 0.4))
    assert shifted.mean() == pytest.approx(y[kept].mean(), abs=0.003)


# Approximate: 2,000 draws leave a standard error of 0.5 %.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("recall", "in_vain", "positives"), [(0.5, 0.02, 20), (0.5, 0.02, 100), (0.9, 0.2, 50)]
)
def test_the_interval_covers(recall, in_vain, positives):
    rng = np.random.default_rng(3)
    truth = recall * 0.005 / (recall * 0.005 + in_vain * 0.995)
    covered = []
    for _ in range(2000):
        counts = rng.binomial(positives, recall), positives, rng.binomial(2000, in_vain), 2000
        (at,) = precision_at_base_rate(*_counts(*counts), threshold=1, base_rates=[0.005])
        covered.append(at.precision.low <= truth <= at.precision.high)
    assert 0.935 <= np.mean(covered) <= 0.97
