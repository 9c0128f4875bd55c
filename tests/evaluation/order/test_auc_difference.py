import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.evaluation.order.auc import roc_auc
from triage.evaluation.order.auc_difference import compare_auc, compare_auc_unpaired

# The numbers of R are those of pROC 1.18.0 on:
#   i <- 0:199; y <- as.integer((i * 37) %% 101 < 30)
#   a <- (i * 61) %% 97 + 25 * y; b <- (i * 29) %% 13 + 2 * y
ROW = np.arange(200)
Y = ((ROW * 37) % 101 < 30).astype(int)
A = (ROW * 61) % 97 + 25 * Y
B = (ROW * 29) % 13 + 2 * Y  # 15 values: many ties

THREE = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=40
).filter(lambda cases: 2 <= sum(y for y, *_ in cases) <= len(cases) - 2)


def test_the_paired_test_is_that_of_r():
    # In R: roc.test(roc(y, a), roc(y, b), method = "delong", paired = TRUE); cov(roc(y, a), roc(y, b)).
    compared = compare_auc(Y, A, B)
    assert compared.test.statistic == pytest.approx(0.8502674605844941, rel=1e-12)
    assert compared.test.p_value == pytest.approx(0.3951764031484665, rel=1e-12)
    assert (compared.difference.low, compared.difference.high) == pytest.approx(
        (-0.06267499758344365, 0.1587201953235567), rel=1e-12
    )
    assert compared.covariance == pytest.approx(5.880283063222356e-05, rel=1e-10)
    # In R: var(roc(y, a)) and var(roc(y, b)).
    assert compared.variances == pytest.approx((0.001555165174888648, 0.001752363490253732), rel=1e-12)
    product = 0.001555165174888648 * 0.001752363490253732
    assert compared.correlation == pytest.approx(5.880283063222356e-05 / math.sqrt(product), rel=1e-10)
    assert math.isnan(compared.test.freedom)


def test_the_unpaired_test_is_that_of_r():
    # h <- i < 90; roc.test(roc(y[h], a[h]), roc(y[!h], a[!h]), method = "delong", paired = FALSE)
    h = ROW < 90
    compared = compare_auc_unpaired(Y[h], A[h], Y[~h], A[~h], denominator_1="spring", denominator_2="autumn")
    assert compared.test.statistic == pytest.approx(4.492460083345617, rel=1e-12)
    assert compared.test.freedom == pytest.approx(183.931201235523, rel=1e-12)
    assert compared.test.p_value == pytest.approx(1.241575981174504e-05, rel=1e-10)
    assert (compared.first.denominator, compared.second.denominator) == ("spring", "autumn")
    assert compared.test.denominator == "spring and autumn"
    assert (compared.covariance, compared.correlation) == (0, 0)
    # var(roc(y[h], a[h])); var(roc(y[!h], a[!h]))
    assert compared.variances == pytest.approx((0.001711094360579483, 0.003774614121027253), rel=1e-12)


def test_a_difference_by_hand():
    # Placements of the cases with current abuse (6, 5, 2 over 4, 3, 1; then 6, 2, 1 over 5, 4, 3) and of the others.
    compared = compare_auc([1, 1, 1, 0, 0, 0], [6, 5, 2, 4, 3, 1], [6, 2, 1, 5, 4, 3])
    first, second = np.array([1, 1, 1 / 3]), np.array([1, 0, 0])
    below, under = np.array([2 / 3, 2 / 3, 1]), np.array([1 / 3, 1 / 3, 1 / 3])
    variance = np.var(first - second, ddof=1) / 3 + np.var(below - under, ddof=1) / 3
    assert compared.difference.estimate == pytest.approx(first.mean() - second.mean())
    assert compared.test.statistic == pytest.approx((7 / 9 - 1 / 3) / math.sqrt(variance))


@settings(deadline=None, max_examples=40)
@given(THREE)
def test_the_areas_are_those_of_each_score_alone(cases):
    y, first, second = map(np.array, zip(*cases, strict=True))
    compared = compare_auc(y, first, second)
    for figure, score in ((compared.first, first), (compared.second, second)):
        alone = roc_auc(y, score)
        assert (figure.estimate, figure.low, figure.high) == pytest.approx(
            (alone.estimate, alone.low, alone.high), abs=1e-9
        )


@settings(deadline=None, max_examples=40)
@given(THREE, st.randoms())
def test_exchanging_the_scores_turns_the_sign_and_neither_rows_nor_rising_maps_matter(cases, random):
    y, first, second = map(np.array, zip(*cases, strict=True))
    before = compare_auc(y, first, second)
    random.shuffle(cases)
    y, first, second = map(np.array, zip(*cases, strict=True))
    after = compare_auc(y, np.exp(second), 3.0 * first - 7)
    assert after.difference.estimate == pytest.approx(-before.difference.estimate, abs=1e-12)
    assert after.test.statistic == pytest.approx(-before.test.statistic, nan_ok=True, abs=1e-9)
    assert after.test.p_value == pytest.approx(before.test.p_value, nan_ok=True, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(THREE, st.data())
def test_whole_weights_count_as_repetitions_for_the_estimates(cases, data):
    y, first, second = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(y), max_size=len(y))))
    weighted = compare_auc(y, first, second, weight=weight)
    repeated = compare_auc(*(np.repeat(column, weight) for column in (y, first, second)))
    assert weighted.difference.estimate == pytest.approx(repeated.difference.estimate, abs=1e-12)


def test_equal_weights_change_nothing():
    plain, weighted = compare_auc(Y, A, B), compare_auc(Y, A, B, weight=np.full(200, 2.5))
    assert weighted.test.statistic == pytest.approx(plain.test.statistic)
    h = ROW < 90
    plain = compare_auc_unpaired(Y[h], A[h], Y[~h], A[~h])
    weighted = compare_auc_unpaired(
        Y[h], A[h], Y[~h], A[~h], weight_1=np.full(h.sum(), 3.0), weight_2=np.full((~h).sum(), 0.5)
    )
    assert weighted.test.freedom == pytest.approx(plain.test.freedom)
    assert weighted.test.p_value == pytest.approx(plain.test.p_value)


def test_the_same_order_twice_differs_by_nothing():
    compared = compare_auc(Y, A, 2.0 * A)
    assert (compared.difference.estimate, compared.test.statistic, compared.test.p_value) == (0, 0, 1)
    assert math.isnan(compared.difference.low)
    assert "no case is placed differently" in compared.test.method
    assert compared.correlation == pytest.approx(1)


def test_a_difference_without_variance_has_no_test():
    y = [1, 1, 1, 0, 0, 0]
    compared = compare_auc(y, [6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6])
    assert compared.difference.estimate == 1
    assert math.isnan(compared.test.p_value)
    assert "no variance" in compared.test.method


def test_a_single_case_of_a_kind_leaves_no_test():
    for compared in (
        compare_auc([1, 0, 0], [3, 2, 1], [2, 3, 1]),
        compare_auc_unpaired([1, 0, 0], [3, 2, 1], [1, 1, 0, 0], [2, 3, 1, 4]),
    ):
        assert not math.isnan(compared.difference.estimate)
        assert "fewer than two cases of a kind" in compared.test.method
        assert math.isnan(compared.variances[0])


def test_one_kind_alone_is_not_estimable():
    assert not compare_auc([0, 0], [1, 2], [2, 1]).difference.estimable
    compared = compare_auc_unpaired([1, 0], [1, 2], [1, 1], [2, 1], denominator_2="July")
    assert "no case without current abuse among July" in compared.difference.method


@pytest.mark.slow
def test_equal_areas_are_called_different_as_often_as_the_level_says():
    # Two scores correlated by what they share; 2000 draws leave a standard error of 0.005.
    rng = np.random.default_rng(8)
    for positives, others, least, most in ((20, 200, 0.035, 0.075), (100, 1000, 0.04, 0.06)):
        y = np.repeat([1, 0], [positives, others])
        rejected = []
        for _ in range(2000):
            shared = rng.normal(size=len(y))
            first, second = (shared + rng.normal(size=len(y)) + 1.5 * y for _ in range(2))
            rejected.append(compare_auc(y, first, second).test.p_value < 0.05)
        assert least <= np.mean(rejected) <= most
