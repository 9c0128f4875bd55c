import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation import (
    at_capacity,
    clopper_pearson_interval,
    recall_at,
    wilson_interval,
)

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=40)


def _found_over_all_orders(outcome, score, k):
    """All orders of up to seven cases in which the score never rises."""
    found = [
        sum(outcome[row] for row in order[:k])
        for order in itertools.permutations(range(len(score)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    return min(found), sum(found) / len(found), max(found)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=6), st.integers(1, 6))
def test_worst_expected_and_best_are_those_over_all_orders(cases, k):
    outcome, score = zip(*cases, strict=True)
    k = min(k, len(cases))
    found = at_capacity(outcome, score, k).found
    assert (found.worst, found.expected, found.best) == pytest.approx(
        _found_over_all_orders(outcome, score, k)
    )


def test_a_case_by_hand():
    # 9 | 7 7 7 | 3: the second and third places go to two of three tied cases, of which one is positive.
    at = at_capacity([1, 0, 1, 0, 1], [9, 7, 7, 7, 3], 3)
    assert (at.found.worst, at.found.expected, at.found.best) == pytest.approx((1, 1 + 2 / 3, 2))
    assert (at.missed.worst, at.missed.expected, at.missed.best) == pytest.approx((2, 4 / 3, 1))
    assert at.tied_at_cut == 3
    assert at.recall.estimate == pytest.approx(5 / 9)
    assert at.precision.estimate == pytest.approx(5 / 9)
    assert at.lift.estimate == pytest.approx((5 / 9) / (3 / 5))
    assert (at.recall.low, at.recall.high) == pytest.approx(
        (wilson_interval(1, 3)[0], wilson_interval(2, 3)[1])
    )
    assert (at.k, at.share, at.cases, at.positives) == (3, 0.6, 5, 3)
    assert (at.recall.count, at.precision.count) == (3, 3)


def test_without_ties_the_interval_is_wilsons():
    at = at_capacity([1, 1, 0, 1, 0, 0, 1, 0], range(8, 0, -1), 4, confidence=0.9)
    ends = wilson_interval(3, 4, confidence=0.9)
    assert (at.recall.low, at.recall.high) == pytest.approx(ends)
    assert (at.precision.low, at.precision.high) == pytest.approx(ends)
    assert (at.lift.low, at.lift.high) == pytest.approx((2 * ends[0], 2 * ends[1]))
    assert at.tied_at_cut == 0
    assert "Wilson 90 %" in at.recall.method


def test_denominators_leave_the_unit_to_the_caller():
    at = at_capacity([1, 0, 1], [3, 2, 1], 2, denominator="all reports")
    assert at.recall.denominator == at.lift.denominator == "those with current abuse among all reports"
    assert at.precision.denominator == at.needed.denominator == "those opened first, of all reports"


def test_clopper_and_pearsons_interval_can_be_asked_for():
    at = at_capacity([1, 1, 0, 1, 0, 0, 1, 0], range(8, 0, -1), 4, interval="clopper-pearson")
    ends = clopper_pearson_interval(3, 4)
    for figure in (at.recall, at.precision):
        assert (figure.low, figure.high) == pytest.approx(ends)
        assert "Clopper-Pearson 95 %" in figure.method
    assert (at.lift.low, at.lift.high) == pytest.approx((2 * ends[0], 2 * ends[1]))
    assert at.needed.low == pytest.approx(1 / ends[1])


def test_weights_put_clopper_and_pearsons_interval_on_an_effective_count():
    # The effective count of the miss below the cut further down: Kish's 23^2 / 203.
    drawn = recall_at(
        [1, 1, 1, 0, 1, 1, 0, 0],
        [9, 8, 7, 6, 3, 2, 1, 0],
        4,
        weight=[1, 1, 1, 1, 10, 10, 10, 10],
        interval="clopper-pearson",
    )
    ends = clopper_pearson_interval(3 / 23 * 529 / 203, 529 / 203)
    assert (drawn.low, drawn.high) == pytest.approx(ends)


def _resampled_by_rows(outcome, score, k, resamples):
    rng = np.random.default_rng(11)
    found, positives = [], []
    for _ in range(resamples):
        rows = rng.integers(0, len(outcome), len(outcome))
        order = np.argsort(-score[rows], kind="stable")
        found.append(outcome[rows][order][:k].sum())
        positives.append(outcome[rows].sum())
    return np.array(found), np.array(positives)


def test_the_bootstrap_has_the_percentiles_of_resampled_rows():
    rng = np.random.default_rng(10)
    outcome = (rng.random(300) < 0.2).astype(int)
    score = rng.normal(size=300) + outcome
    found, positives = _resampled_by_rows(outcome, score, 45, 4000)
    at = at_capacity(outcome, score, 45, interval="bootstrap", resamples=40_000, seed=5)
    for figure, values in (
        (at.recall, found / positives),
        (at.precision, found / 45),
        (at.lift, (found / 45) / (positives / 300)),
    ):
        ends = np.quantile(values, [0.025, 0.975])
        assert (figure.low, figure.high) == pytest.approx(tuple(ends), abs=0.03 * figure.estimate)
        assert "bootstrap percentile 95 %, 40,000 resamples of cases, seed 5" in figure.method
    assert (at.needed.low, at.needed.high) == pytest.approx((1 / at.precision.high, 1 / at.precision.low))


def test_the_bootstrap_gives_way_where_it_sees_no_doubt():
    none = at_capacity([0, 0, 1, 1], [4, 3, 2, 1], 2, interval="bootstrap")
    assert (none.recall.low, none.recall.high) == pytest.approx(clopper_pearson_interval(0, 2))
    every = at_capacity([1, 1, 0, 0], [4, 3, 2, 1], 2, interval="bootstrap")
    assert (every.precision.low, every.precision.high) == pytest.approx(clopper_pearson_interval(2, 2))
    assert (every.lift.low, every.lift.high) == pytest.approx((2 * every.recall.low, 2 * every.recall.high))
    assert "sees no doubt" in every.recall.method


def test_the_bootstrap_says_how_many_resamples_had_no_current_abuse():
    recall = recall_at([1, 0, 1, 0, 0, 0, 0, 0], range(8, 0, -1), 2, interval="bootstrap")
    assert "of them without a case with current abuse left out" in recall.method


def test_the_bootstrap_refuses_weights_and_says_why():
    with pytest.raises(InputRefusedError, match="effective count"):
        at_capacity([1, 0], [2, 1], 1, weight=[1.0, 2.0], interval="bootstrap")


def test_an_unknown_interval_is_refused():
    with pytest.raises(InputRefusedError, match="interval"):
        at_capacity([1, 0], [2, 1], 1, interval="wald")


def test_scores_that_are_nan_are_refused_and_infinite_ones_are_first_and_last():
    with pytest.raises(InputRefusedError, match="score, row 2"):
        at_capacity([1, 0], [1.0, math.nan], 1)
    assert at_capacity([1, 0, 0], [math.inf, 3, -math.inf], 1).recall.estimate == 1


def test_opening_more_cases_than_there_are_opens_them_all():
    at = at_capacity([1, 0, 0], [3, 2, 1], 50)
    assert (at.k, at.share, at.recall.estimate, at.lift.estimate) == (3, 1, 1, 1)
    assert at.precision.estimate == at.positives / at.cases
    assert at.needed.estimate == pytest.approx(3)


def test_without_current_abuse_recall_and_lift_are_not_estimable_and_precision_is_none_of_k():
    at = at_capacity([0, 0, 0], [3, 2, 1], 2)
    for figure in (at.recall, at.lift):
        assert math.isnan(figure.estimate)
        assert "no case with current abuse" in figure.method
        assert math.isnan(figure.low)
        assert math.isnan(figure.high)
    assert (at.precision.estimate, at.precision.low) == (0, 0)
    assert at.precision.high == pytest.approx(float(wilson_interval(0, 2)[1]))


def test_opening_all_cases_finds_all_without_doubt():
    recall = at_capacity([1, 0, 0], [1, 1, 1], 10).recall
    assert (recall.estimate, recall.low, recall.high, recall.method) == (1, 1, 1, "all cases opened")


def test_a_constant_score_says_nothing_and_its_interval_admits_it():
    at = at_capacity([1] * 10 + [0] * 90, [0] * 100, 10)
    assert (at.found.worst, at.found.expected, at.found.best) == (0, 1, 10)
    assert (at.recall.low, at.recall.high) == (0, 1)
    assert at.tied_at_cut == 100


@settings(deadline=None, max_examples=40)
@given(CASES, st.integers(1, 40))
def test_worst_is_at_most_expected_is_at_most_best_and_the_interval_holds_them(cases, k):
    at = at_capacity(*zip(*cases, strict=True), k)
    assert at.found.worst <= at.found.expected + 1e-12
    assert at.found.expected <= at.found.best + 1e-12
    assert at.found.expected + at.missed.expected == pytest.approx(at.positives)
    for figure, total in ((at.recall, at.positives), (at.precision, at.k)):
        if figure.estimable:
            assert 0 <= figure.low <= at.found.worst / total + 1e-12
            assert at.found.best / total - 1e-12 <= figure.high <= 1


@settings(deadline=None, max_examples=40)
@given(CASES, st.integers(1, 40), st.randoms())
def test_neither_order_of_rows_nor_a_rising_map_of_the_score_matters(cases, k, random):
    before = at_capacity(*zip(*cases, strict=True), k)
    random.shuffle(cases)
    outcome, score = zip(*cases, strict=True)
    after = at_capacity(outcome, np.exp(np.array(score, dtype=float)) - 7, k)
    for name in ("found", "missed", "tied_at_cut", "k", "share"):
        assert getattr(after, name) == getattr(before, name)
    assert str(after.recall) == str(before.recall)
    assert str(after.precision) == str(before.precision)


WEIGHTED = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25
).filter(lambda cases: any(weight for *_, weight in cases))
CAPACITY = st.one_of(st.integers(1, 60), st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9]))


@settings(deadline=None, max_examples=40)
@given(WEIGHTED, CAPACITY)
def test_whole_weights_count_as_repetitions(cases, capacity):
    outcome, score, weight = map(np.array, zip(*cases, strict=True))
    weighted = at_capacity(outcome, score, capacity, weight=weight)
    repeated = at_capacity(np.repeat(outcome, weight), np.repeat(score, weight), capacity)
    assert weighted.k == repeated.k
    assert weighted.found.expected == pytest.approx(repeated.found.expected)
    for name in ("recall", "precision", "lift"):
        estimates = getattr(weighted, name).estimate, getattr(repeated, name).estimate
        assert estimates[0] == pytest.approx(estimates[1], nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(WEIGHTED, st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9]), st.sampled_from([0.37, 1e-6, 1e6 + 0.5]))
def test_the_unit_of_fractional_weights_does_not_matter_at_a_share(cases, share, unit):
    outcome, score, weight = map(np.array, zip(*cases, strict=True))
    first = at_capacity(outcome, score, share, weight=weight + 0.5 * (weight > 0))
    other = at_capacity(outcome, score, share, weight=unit * (weight + 0.5 * (weight > 0)))
    assert first.share == pytest.approx(other.share)
    for name in ("recall", "precision", "lift"):
        for end in ("estimate", "low", "high"):
            pair = getattr(getattr(first, name), end), getattr(getattr(other, name), end)
            assert pair[0] == pytest.approx(pair[1], nan_ok=True, abs=1e-9)


def test_weights_of_one_change_no_number():
    outcome, score = [1, 0, 1, 0, 1, 0, 0], [9, 7, 7, 7, 3, 2, 1]
    plain = at_capacity(outcome, score, 0.4)
    weighted = at_capacity(outcome, score, 0.4, weight=np.ones(7))
    assert (weighted.found, weighted.tied_at_cut, weighted.k) == (plain.found, plain.tied_at_cut, plain.k)
    assert (weighted.recall.low, weighted.recall.high) == pytest.approx((plain.recall.low, plain.recall.high))
    assert weighted.precision.high == pytest.approx(plain.precision.high)
    assert "weighted" in weighted.recall.method


def test_a_heavily_weighted_miss_below_the_cut_widens_recall():
    # Three found at weight 1, two missed: once at weight 1, once drawn by a lottery with chance 1/10.
    outcome, score = [1, 1, 1, 0, 1, 1, 0, 0], [9, 8, 7, 6, 3, 2, 1, 0]
    plain = recall_at(outcome, score, 4)
    drawn = recall_at(outcome, score, 4, weight=[1, 1, 1, 1, 10, 10, 10, 10])
    assert drawn.estimate == pytest.approx(3 / 23)
    # By hand: sum of squares 203, Kish 23^2/203 = 2.606; linearised variance
    # (3 (20/23)^2 + 200 (3/23)^2) / 23^2 = 0.010719, p q / V = 10.58; the smaller counts.
    ends = wilson_interval(3 / 23 * 529 / 203, 529 / 203)
    assert (drawn.low, drawn.high) == pytest.approx(ends)
    assert drawn.high - drawn.low > plain.high - plain.low


def test_rows_of_weight_zero_are_as_if_not_there():
    with_them = at_capacity([1, 0, 1, 0], [4, 9, 2, 1], 1, weight=[1, 0, 1, 0])
    without = at_capacity([1, 1], [4, 2], 1, weight=[1, 1])
    assert with_them == without
