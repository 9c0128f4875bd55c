from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from triage.scoring.scorecard.choice import choose_card, measure_auc
from triage.scoring.scorecard.rounding import Card, scale_card
from triage.scoring.scorecard.rows import Rows, gather_rows


def cases(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((60, 4)) < 0.5
    return truth, np.arange(60) % 3 == 0, rng.uniform(0.1, 3.0, 60)


@given(st.integers(0, 10_000), st.lists(st.integers(-3, 3), min_size=4, max_size=4))
@settings(deadline=None, max_examples=20)
def test_auc_is_the_weighted_one_with_half_of_the_ties(seed: int, points: list[int]) -> None:
    truth, positive, weight = cases(seed)
    rows = gather_rows(truth, positive, weight)
    expected = roc_auc_score(positive, truth @ np.array(points), sample_weight=weight)
    assert measure_auc(scale_card(np.array(points), rows, 0.0), rows) == pytest.approx(expected, rel=1e-9)


def four_cards() -> tuple[list[Card], Rows]:
    """Two statements, of which the first alone orders fully: AUC 1, and the second has nothing to say."""
    rows = gather_rows(
        np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool), np.array([True, True, False, False]), np.ones(4)
    )
    cards = [scale_card(np.array(points), rows, 0.0) for points in ([0, 1], [1, 0], [3, 1], [0, 0])]
    losses = [0.100, 0.104, 0.102, 0.101]
    return [replace(card, loss=loss, cost=loss) for card, loss in zip(cards, losses, strict=True)], rows


def test_without_a_gap_the_least_cost_decides() -> None:
    assert choose_card(*four_cards(), 0.0) == 0


def test_what_is_beyond_the_gap_is_not_taken() -> None:
    assert choose_card(*four_cards(), 0.015) == 0


def test_within_the_gap_order_decides_and_at_equal_order_cost() -> None:
    assert choose_card(*four_cards(), 0.03) == 2
    assert choose_card(*four_cards(), 0.05) == 2


def test_cards_that_order_alike_leave_the_choice_to_cost_in_any_sequence() -> None:
    cards, rows = four_cards()
    assert choose_card(cards[::-1], rows, 0.05) == 1
    assert choose_card(cards[::-1], rows, 0.0) == 3
