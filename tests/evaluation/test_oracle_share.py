import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation import share_of_oracle

PROBABILITY = st.sampled_from([0, 0.05, 0.1, 0.3, 0.5, 0.9, 1])
CASES = st.lists(st.tuples(st.integers(0, 3), PROBABILITY), min_size=1, max_size=30)


def test_a_share_by_hand():
    figure = share_of_oracle([3, 2, 1, 0], [0.4, 0.1, 0.8, 0], 2)
    assert figure.estimate == pytest.approx(0.5 / 1.2)
    assert 0 <= figure.low < figure.estimate < figure.high <= 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), PROBABILITY), min_size=1, max_size=6), st.integers(1, 6))
def test_ties_count_as_the_mean_over_all_orders(cases, k):
    score, oracle = zip(*cases, strict=True)
    k = min(k, len(cases))
    sums = [
        sum(oracle[row] for row in order[:k])
        for order in itertools.permutations(range(len(cases)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    most = sum(sorted(oracle, reverse=True)[:k])
    figure = share_of_oracle(score, oracle, k)
    if most == 0:
        assert not figure.estimable
        return
    assert figure.estimate == pytest.approx(sum(sums) / len(sums) / most)
    if not math.isnan(figure.low):
        assert figure.low <= min(sums) / most + 1e-12
        assert figure.high >= max(sums) / most - 1e-12


@settings(deadline=None)
@given(CASES, st.integers(1, 30), st.randoms())
def test_no_order_beats_the_oracle_and_the_order_of_rows_does_not_matter(cases, k, random):
    before = share_of_oracle(*zip(*cases, strict=True), k)
    random.shuffle(cases)
    score, oracle = zip(*cases, strict=True)
    after = share_of_oracle(np.exp(score), oracle, k)
    assert (after.estimate, after.low, after.high) == pytest.approx(
        (before.estimate, before.low, before.high), nan_ok=True, abs=1e-9
    )
    if before.estimable:
        assert 0 <= before.estimate <= 1
        assert share_of_oracle(oracle, oracle, k).estimate == 1


@settings(deadline=None)
@given(CASES, st.sampled_from([2, 9, 0.1, 0.5]), st.data())
def test_whole_weights_count_as_repetitions(cases, capacity, data):
    score, oracle = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(cases), max_size=len(cases))))
    weighted = share_of_oracle(score, oracle, capacity, weight=weight)
    repeated = share_of_oracle(np.repeat(score, weight), np.repeat(oracle, weight), capacity)
    assert weighted.estimate == pytest.approx(repeated.estimate, nan_ok=True)


def test_the_oracle_itself_reaches_all_and_has_no_interval():
    figure = share_of_oracle([4, 3, 2, 1], [0.4, 0.3, 0.2, 0.1], 2)
    assert figure.estimate == 1
    assert math.isnan(figure.low)
    assert "no interval" in figure.method


def test_a_world_without_current_abuse_has_no_share():
    assert "all 0" in share_of_oracle([2, 1], [0, 0], 1).method


def test_finding_nothing_is_zero_without_an_interval():
    figure = share_of_oracle([2, 1], [0, 0.5], 1)
    assert figure.estimate == 0
    assert math.isnan(figure.high)


def test_an_oracle_that_is_no_probability_is_refused():
    with pytest.raises(InputRefusedError, match="oracle, row 2"):
        share_of_oracle([2, 1], [0, 1.5], 1)
