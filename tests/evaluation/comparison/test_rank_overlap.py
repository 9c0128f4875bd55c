"""How alike two orders are, by hand and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from triage.errors import InputRefusedError
from triage.evaluation.comparison.overlap import rank_biased_overlap, rank_correlation

_scores = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40).filter(
    lambda rows: all(len(set(column)) > 1 for column in zip(*rows, strict=True))
)


@given(_scores)
def test_both_correlations_are_those_of_scipy_with_ties(rows):
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    assert rank_correlation(first, second).estimate == pytest.approx(spearmanr(first, second).statistic)
    expected = kendalltau(first, second).statistic
    assert rank_correlation(first, second, kind="kendall").estimate == pytest.approx(expected)


def test_a_constant_score_has_no_correlation():
    assert "a constant score" in rank_correlation([1, 1, 1], [1, 2, 3]).method


def test_rank_biased_overlap_by_hand():
    # Orders a b c d and b a e c: agreement 0, 1, 2/3 (b, a shared), 3/4 (b, a, c).
    first = [5, 4, 3, 2, 1]
    second = [4, 5, 2, 1, 3]
    p = 0.8
    agreement = [0, 1, 2 / 3, 3 / 4]
    sums = sum(a * p**d for d, a in enumerate(agreement, start=1))
    expected = 3 / 4 * p**4 + (1 - p) / p * sums
    assert rank_biased_overlap(first, second, depth=4, persistence=p) == pytest.approx(expected)


def test_rank_biased_overlap_with_ties_by_hand():
    # First: a, then b and c tied, then d. Second: a, b, c, d. At depth 2 the sets are {a, b, c} and {a, b}.
    p = 0.5
    agreement = [1, 2 * 2 / 5, 1]
    expected = p**3 + (1 - p) / p * sum(a * p**d for d, a in enumerate(agreement, start=1))
    assert rank_biased_overlap([3, 2, 2, 1], [4, 3, 2, 1], depth=3, persistence=p) == pytest.approx(expected)


def test_rank_biased_overlap_is_1_for_the_same_order_and_0_without_anything_shared():
    order = np.arange(50)
    assert rank_biased_overlap(order, order, depth=20) == pytest.approx(1)
    assert rank_biased_overlap(order, -order, depth=20) == 0
    assert rank_biased_overlap([2, 1], [2, 1], depth=1) == 1


@pytest.mark.parametrize(
    ("options", "message"), [({"depth": 0}, "depth"), ({"depth": 2, "persistence": 1}, "persi")]
)
def test_what_is_outside_is_refused(options, message):
    with pytest.raises(InputRefusedError, match=message):
        rank_biased_overlap([1, 2, 3], [3, 2, 1], **options)
