"""Expected cost, and the threshold that costs make."""

import numpy as np
import pytest

from triage.errors import InputRefusedError
from triage.evaluation.usefulness.cost import expected_cost, threshold_for_costs
from triage.evaluation.usefulness.net_benefit import net_benefit

OUTCOME = [1, 0, 1, 0, 0]
SCORE = [0.9, 0.5, 0.4, 0.2, 0.1]


def test_cost_by_hand_at_a_capacity():
    # Two opened: one found, one in vain; one missed.
    cost = expected_cost(OUTCOME, SCORE, capacity=2, cost_missed=50, cost_opened_in_vain=3, cost_opened=2)
    assert cost.estimate == pytest.approx(1000 * (50 + 3 + 2 * 2) / 5)
    assert cost.low < cost.estimate < cost.high


def test_cost_by_hand_at_a_threshold():
    # Four opened: two found, two in vain; none missed.
    cost = expected_cost(OUTCOME, SCORE, threshold=0.2, cost_missed=50, cost_opened_in_vain=3, cost_opened=2)
    assert cost.estimate == pytest.approx(1000 * (2 * 3 + 4 * 2) / 5)


def test_ties_at_the_cut_count_as_expected_and_widen_the_interval():
    # Opened: half of a tie of two, one of which has current abuse.
    tied = expected_cost([1, 0, 0, 0], [2, 2, 1, 1], capacity=1, cost_missed=10, cost_opened_in_vain=1)
    assert tied.estimate == pytest.approx(1000 * (0.5 * 10 + 0.5 * 1) / 4)
    best = expected_cost([1, 0, 0, 0], [3, 2, 1, 1], capacity=1, cost_missed=10, cost_opened_in_vain=1)
    worst = expected_cost([1, 0, 0, 0], [2, 3, 1, 1], capacity=1, cost_missed=10, cost_opened_in_vain=1)
    assert tied.low == pytest.approx(best.low)
    assert tied.high == pytest.approx(worst.high)
    assert "widened over ties" in tied.method


@pytest.mark.parametrize(("missed", "in_vain", "work"), [(99, 1, 0), (20, 1, 1), (500, 4, 3)])
def test_at_the_threshold_of_the_costs_cost_falls_as_net_benefit_rises(missed, in_vain, work):
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 20, 1000)
    y = rng.random(1000) < p
    costs = {"cost_missed": missed, "cost_opened_in_vain": in_vain, "cost_opened": work}
    t = threshold_for_costs(**costs)
    # Elkan 2001: opening costs work + (1 - p) in_vain, leaving p missed.
    assert work + (1 - t) * in_vain == pytest.approx(t * missed)
    cost = expected_cost(y, p, threshold=t, **costs).estimate
    benefit = net_benefit(y, p, t).estimate
    assert cost / 1000 == pytest.approx(missed * y.mean() - (missed - work) * benefit)


def test_a_weight_is_a_repetition_for_the_estimate():
    weight = [1, 2, 3, 1, 2]
    weighted = expected_cost(OUTCOME, SCORE, capacity=4, cost_missed=9, cost_opened_in_vain=1, weight=weight)
    again = np.repeat(np.arange(5), weight)
    repeated = expected_cost(
        np.array(OUTCOME)[again], np.array(SCORE)[again], capacity=4, cost_missed=9, cost_opened_in_vain=1
    )
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted.count == 5
    assert "weighted" in weighted.method


def test_without_current_abuse_nothing_is_missed_and_the_cost_of_opening_is_left():
    cost = expected_cost([0, 0, 0, 0], [4, 3, 2, 1], capacity=1, cost_missed=9, cost_opened_in_vain=2)
    assert cost.estimate == pytest.approx(1000 * 2 / 4)
    assert cost.high > cost.estimate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither a capacity nor a threshold"),
        ({"capacity": 1, "threshold": 0.5}, "both a capacity and a threshold"),
        ({"capacity": 1, "cost_missed": -1}, "cost_missed"),
        ({"capacity": 1, "cost_missed": 0}, "cost_missed"),
        ({"capacity": 1, "cost_opened_in_vain": float("nan")}, "cost_opened_in_vain"),
    ],
)
def test_what_is_not_as_described_is_refused(options, message):
    with pytest.raises(InputRefusedError, match=message):
        expected_cost(OUTCOME, SCORE, **{"cost_missed": 9, "cost_opened_in_vain": 1} | options)


def test_where_opening_costs_as_much_as_missing_there_is_no_threshold():
    with pytest.raises(InputRefusedError, match="costs more than opening"):
        threshold_for_costs(cost_missed=2, cost_opened_in_vain=1, cost_opened=2)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["threshold", "capacity"])
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_interval_covers(way, share):
    # Scores N(0, 1), and N(1.5, 1) with current abuse. The capacity of 5 % cuts at a score that a large sample
    # gives; the expected cost there is the truth.
    rng = np.random.default_rng(2)

    def draw(cases):
        y = rng.random(cases) < share
        return y, rng.normal(size=cases) + 1.5 * y

    costs = {"cost_missed": 50, "cost_opened_in_vain": 1, "cost_opened": 0.5}
    cut = {"threshold": 1.5} if way == "threshold" else {"capacity": 0.05}
    truth = expected_cost(*draw(4_000_000), **cut, **costs).estimate
    figures = [expected_cost(*draw(3000), **cut, **costs) for _ in range(2000)]
    covered = np.mean([figure.low <= truth <= figure.high for figure in figures])
    assert 0.935 <= covered <= 0.985
