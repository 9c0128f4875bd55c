import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import ndcg_score

from triage.errors import InputRefusedError
from triage.evaluation.order import gain
from triage.evaluation.order.gain import ndcg_at, sum_discount
from triage.evaluation.proportions import clopper_pearson_interval

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=40).filter(
    lambda cases: any(outcome for outcome, _ in cases)
)
PLACES = st.none() | st.integers(1, 50)


def test_a_gain_by_hand():
    # 9 | 7 7 | 3: the second and third place share one case with current abuse.
    figure = ndcg_at([1, 1, 0, 1], [9, 7, 7, 3])
    gained = 1 + 0.5 / math.log2(3) + 0.5 / math.log2(4) + 1 / math.log2(5)
    assert figure.estimate == pytest.approx(gained / (1 + 1 / math.log2(3) + 1 / math.log2(4)))


def test_a_gain_that_is_cut_by_hand():
    figure = ndcg_at([1, 1, 0, 1], [9, 7, 7, 3], 2)
    assert figure.estimate == pytest.approx((1 + 0.5 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert "over the first 2" in figure.method


@settings(deadline=None, max_examples=40)
@given(CASES, PLACES)
def test_it_is_that_of_another_library(cases, k):
    outcome, score = zip(*cases, strict=True)
    expected = ndcg_score([outcome], [score], k=k)
    assert ndcg_at(outcome, score, k).estimate == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(CASES, PLACES, st.data())
def test_whole_weights_count_as_repetitions(cases, k, data):
    outcome, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(cases), max_size=len(cases))))
    expected = ndcg_score([np.repeat(outcome, weight)], [np.repeat(score, weight)], k=k)
    assert ndcg_at(outcome, score, k, weight=weight).estimate == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(CASES, PLACES, st.randoms())
def test_only_the_order_of_the_scores_matters_and_the_interval_holds_the_gain(cases, k, random):
    before = ndcg_at(*zip(*cases, strict=True), k)
    random.shuffle(cases)
    outcome, score = zip(*cases, strict=True)
    assert ndcg_at(outcome, np.arctan(score), k) == before
    assert 0 <= before.low <= before.estimate + 1e-12
    assert before.estimate <= before.high + 1e-12 <= 1 + 2e-12


def test_the_discount_sums_to_the_last_digits_beyond_its_table(monkeypatch):
    places = np.arange(0, 200_001.0)
    expected = np.append(0.0, np.cumsum(1 / np.log2(places[1:] + 1)))
    np.testing.assert_allclose(sum_discount(places), expected, rtol=1e-12)
    monkeypatch.setattr(gain, "TABLE", 500)
    np.testing.assert_allclose(sum_discount(places), expected, rtol=1e-12)


def test_the_variance_of_the_whole_list_is_the_infinitesimal_jackknife():
    # Ten levels of ties of 30 cases each: the ends of the groups hardly bend, so the slope is well defined.
    rng = np.random.default_rng(1)
    score = np.repeat(np.arange(10), 30)
    outcome = (rng.random(300) < expit(score / 2 - 3)).astype(int)
    cells = [(level, kind) for level in range(10) for kind in (1, 0)]
    count = np.array([np.sum((score == level) & (outcome == kind)) for level, kind in cells])

    def gain_of(weights):
        levels, kinds = zip(*cells, strict=True)
        return ndcg_at(kinds, levels, weight=weights).estimate

    # The slope between a third of a place above and below, where the sum of the discount is straight.
    up = np.array([gain_of(count + 0.5 * (np.arange(20) == cell)) for cell in range(20)])
    down = np.array([gain_of(count - 0.5 * (np.arange(20) == cell) * (count > 0)) for cell in range(20)])
    change = up - down
    change -= count @ change / 300
    parts = []
    for kind in (1, 0):
        of_kind = np.array([cell[1] == kind for cell in cells])
        cases = count[of_kind].sum()
        parts.append((count[of_kind] @ change[of_kind] ** 2 * cases / (cases - 1), cases))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / (cases - 1) for part, cases in parts)
    figure = ndcg_at(outcome, score)
    discount = 1 / np.log2(np.arange(1, outcome.sum() + 1) + 1)
    binomial = figure.estimate * (1 - figure.estimate) / (discount.sum() ** 2 / (discount @ discount))
    steadied = (freedom * variance + 7 * binomial) / (freedom + 7)
    half = t.ppf(0.975, freedom + 7) * math.sqrt(steadied) / (figure.estimate * (1 - figure.estimate))
    ends = expit(logit(figure.estimate) + np.array([-half, half]))
    assert (figure.low, figure.high) == pytest.approx(ends, rel=2e-3)


def test_equal_weights_change_no_number():
    outcome, score = np.tile([1, 0, 0, 1, 0], 8), np.arange(40) % 11
    for k in (None, 7, 0.2):
        plain, weighted = ndcg_at(outcome, score, k), ndcg_at(outcome, score, k, weight=np.ones(40))
        assert (weighted.estimate, weighted.low, weighted.high) == pytest.approx(
            (plain.estimate, plain.low, plain.high)
        )


def test_the_best_order_leaves_the_doubt_of_its_places():
    figure = ndcg_at([1, 1, 1, 0, 0], [5, 4, 3, 2, 1])
    discount = 1 / np.log2([2, 3, 4])
    places = discount.sum() ** 2 / (discount @ discount)
    assert figure.estimate == pytest.approx(1)
    assert (figure.low, figure.high) == pytest.approx(clopper_pearson_interval(places, places))


def test_nothing_found_is_zero_with_an_upper_end():
    figure = ndcg_at([0, 0, 1], [3, 2, 1], 2)
    assert (figure.estimate, figure.low) == (0, 0)
    assert 0 < figure.high < 1


def test_without_current_abuse_it_is_not_estimable():
    figure = ndcg_at([0, 0], [1, 2])
    assert not figure.estimable
    assert "no case with current abuse" in figure.method


def test_a_capacity_that_is_none_is_refused():
    with pytest.raises(InputRefusedError, match="capacity"):
        ndcg_at([1, 0], [2, 1], 0)
