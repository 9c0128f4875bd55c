import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation import at_capacity, cases_at, lift_at, precision_at, recall_at, wilson_interval

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=40)


def _found_over_all_orders(outcome, score, k):
    """All orders of up to seven cases in which the score never rises."""
    found = [
        sum(outcome[row] for row in order[:k])
        for order in itertools.permutations(range(len(score)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    return min(found), sum(found) / len(found), max(found)


@settings(deadline=None)
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


def test_the_single_figures_are_those_of_the_whole():
    outcome, score = [1, 0, 1, 0, 1], [9, 7, 7, 7, 3]
    at = at_capacity(outcome, score, 3)
    assert recall_at(outcome, score, 3) == at.recall
    assert precision_at(outcome, score, 3) == at.precision
    assert lift_at(outcome, score, 3) == at.lift


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


@pytest.mark.parametrize(
    ("capacity", "cases", "opened"),
    [
        (0.1, 30, 3),
        (0.023, 1000, 23),
        (0.023, 100, 3),
        (0.001, 5, 1),
        (0.999, 5, 5),
        (np.float32(0.1), 30, 3),
        (np.float64(0.07), 100, 7),
        (1, 5, 1),
        (np.int32(4), 5, 4),
        (9, 5, 5),
    ],
)
def test_a_share_is_rounded_up_as_the_decimal_it_is_written_as(capacity, cases, opened):
    assert cases_at(capacity, cases) == opened


@pytest.mark.parametrize("capacity", [0, -1, 0.0, 1.0, 1.5, -0.1, True, float("nan"), "0.1", None])
def test_other_capacities_are_refused(capacity):
    with pytest.raises(InputRefusedError, match="capacity"):
        cases_at(capacity, 10)


@settings(deadline=None)
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


@settings(deadline=None)
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


@settings(deadline=None)
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


@settings(deadline=None)
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
