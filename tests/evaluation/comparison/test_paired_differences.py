"""Differences of Brier score and average precision, against scipy, scikit-learn and resampled cases."""

import numpy as np
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import average_precision_score, brier_score_loss

from triage.evaluation.comparison.difference import compare_average_precision, compare_brier


@pytest.fixture
def cases():
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 4.5, 3000)
    y = (rng.random(3000) < p).astype(int)
    return y, p, np.clip(p + rng.normal(0, 0.1, 3000), 0, 1)


def test_the_brier_difference_is_a_paired_t(cases):
    y, one, two = cases
    expected = ttest_rel((one - y) ** 2, (two - y) ** 2)
    compared = compare_brier(y, one, two)
    assert compared.test.statistic == pytest.approx(expected.statistic)
    assert compared.test.p_value == pytest.approx(expected.pvalue)
    assert compared.test.freedom == 2999
    interval = expected.confidence_interval(0.95)
    assert [compared.difference.low, compared.difference.high] == pytest.approx(list(interval))
    assert compared.first.estimate == pytest.approx(brier_score_loss(y, one))
    assert compared.second.estimate == pytest.approx(brier_score_loss(y, two))


def test_weighted_brier_differences_have_the_linearised_variance(cases):
    y, one, two = cases
    w = np.random.default_rng(2).random(3000) + 0.1
    change = (one - y) ** 2 - (two - y) ** 2
    mean = np.average(change, weights=w)
    kish = w.sum() ** 2 / np.sum(w**2)
    error = np.sqrt(np.sum(w**2 * (change - mean) ** 2) / w.sum() ** 2 * kish / (kish - 1))
    compared = compare_brier(y, one, two, weight=w)
    assert compared.difference.estimate == pytest.approx(mean)
    assert compared.test.statistic == pytest.approx(mean / error)


def test_the_same_probabilities_do_not_differ():
    compared = compare_brier([1, 0, 0], [0.5, 0.2, 0.1], [0.5, 0.2, 0.1])
    assert compared.difference.estimate == 0
    assert np.isnan(compared.difference.low)
    assert compared.test.p_value == 1


def test_a_constant_difference_has_no_test():
    compared = compare_brier([0, 0, 0], [0.5, 0.5, 0.5], [0.4, 0.4, 0.4])
    assert compared.difference.estimate == pytest.approx(0.09)
    assert compared.test.method == "not possible: the difference has no variance"


@pytest.mark.parametrize("digits", [6, 1])
def test_average_precisions_are_those_of_scikit_learn(cases, digits):
    y, one, two = cases
    one, two = one.round(digits), two.round(digits)
    weight = np.random.default_rng(2).random(3000) + 0.1
    for w in (None, weight):
        compared = compare_average_precision(y, one, two, weight=w)
        expected = [average_precision_score(y, score, sample_weight=w) for score in (one, two)]
        assert [compared.first.estimate, compared.second.estimate] == pytest.approx(expected)
        assert compared.difference.estimate == pytest.approx(expected[0] - expected[1])


def test_the_variance_of_the_difference_is_what_a_little_more_weight_does(cases):
    # The infinitesimal jackknife, by finite differences of scikit-learn's weighted average precision.
    y, one, two = (column[:300] for column in cases)

    def difference(w):
        return average_precision_score(y, one, sample_weight=w) - average_precision_score(
            y, two, sample_weight=w
        )

    step, moved = 1e-5, np.empty(300)
    for case in range(300):
        w = np.ones(300)
        w[case] += step
        moved[case] = (difference(w) - difference(np.ones(300))) / step
    m = y.sum()
    variance = sum(
        count / (count - 1) * np.sum(moved[y == kind] ** 2) for kind, count in ((1, m), (0, 300 - m))
    )
    compared = compare_average_precision(y, one, two)
    assert compared.difference.estimate / compared.test.statistic == pytest.approx(variance**0.5, rel=1e-3)


def test_average_precision_without_current_abuse_is_not_estimable():
    compared = compare_average_precision([0, 0], [1, 2], [2, 1])
    assert not compared.difference.estimable
    assert compared.test.method == "not possible: no case with current abuse"


@pytest.mark.parametrize("outcome", [[1, 0, 0], [1, 1, 1]])
def test_average_precision_with_few_or_only_cases_with_current_abuse(outcome):
    compared = compare_average_precision(outcome, [3, 2, 1], [1, 2, 3])
    assert compared.difference.estimable


def test_a_difference_of_shares_never_leaves_minus_one_to_one():
    """Two cases that stand for very different numbers leave next to no degrees of freedom."""
    weight = [1, 400, *[50] * 8]
    outcome, first, second = [1, 1, *[0] * 8], list(range(10, 0, -1)), [3, 10, 9, 8, 7, 6, 5, 4, 2, 1]
    difference = compare_average_precision(outcome, first, second, weight=weight).difference
    assert -1 <= difference.low <= difference.estimate <= difference.high <= 1
    assert (difference.low, difference.high) == (-1, 1)


# 1,500 draws leave a standard error of 0.6 % in a coverage of 95 %.
@pytest.mark.slow
def test_the_intervals_of_both_differences_cover():
    rng = np.random.default_rng(3)

    def draw(cases):
        p = rng.beta(0.5, 9.5, cases)
        y = rng.random(cases) < p
        return y, p, np.clip(p * rng.lognormal(0, 0.5, cases), 0, 1)

    y, one, two = draw(4_000_000)
    truth = (
        np.mean((one - y) ** 2 - (two - y) ** 2),
        average_precision_score(y, one) - average_precision_score(y, two),
    )
    covered = np.zeros(2)
    for _ in range(1500):
        sample = draw(2000)
        for place, compare in enumerate((compare_brier, compare_average_precision)):
            figure = compare(*sample).difference
            covered[place] += figure.low <= truth[place] <= figure.high
    assert np.all(covered / 1500 >= 0.93)
    assert np.all(covered / 1500 <= 0.97)
