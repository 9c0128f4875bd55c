"""Which of several near-equal cards is taken: the one that orders the cases best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.rounding import add_points, by_rank

if TYPE_CHECKING:
    from triage.scoring.scorecard.rounding import Card
    from triage.scoring.scorecard.rows import Rows


def choose_card(cards: list[Card], rows: Rows, gap: float) -> int:
    """Return the place of the card to take: of those near the least cost, that with the highest AUC.

    Of cards whose loss differs by less than chance moves it, one may tell the cases apart better than
    another, which the loss hardly rewards.

    Parameters
    ----------
    cards : list of Card
        The candidates.
    rows : Rows
        The cases they were learned from.
    gap : float
        Largest cost above the least, relative to the loss there; with 0 the card of least cost is taken.

    Returns
    -------
    int
        Among cards of equal AUC, the place of the one of least cost.
    """
    first = min(cards, key=by_rank)
    ceiling = first.cost + gap * first.loss
    near = [place for place, card in enumerate(cards) if card is first or (gap > 0 and card.cost <= ceiling)]
    # Sums differ in their last digits only, where two cards order the cases alike.
    return min(near, key=lambda place: (-round(measure_auc(cards[place], rows), 12), by_rank(cards[place])))


def measure_auc(card: Card, rows: Rows) -> float:
    """Return the weighted share of pairs of a positive and a negative in which the positive has more points.

    Ties count half.

    Examples
    --------
    Two positives and two negatives: one positive is above both negatives, the other tied with one of them.

    >>> from triage.scoring.scorecard.rounding import scale_card
    >>> from triage.scoring.scorecard.rows import gather_rows
    >>> truth = np.array([[1, 1], [0, 1], [0, 1], [0, 0]], bool)
    >>> rows = gather_rows(truth, np.array([True, True, False, False]), np.ones(4))
    >>> measure_auc(scale_card(np.array([1, 1]), rows, 0.0), rows)
    0.875
    """
    total = add_points(rows, card.points)
    group = total - total.min()
    positive, negative = rows.totals(group, int(group.max()) + 1)
    below = np.cumsum(negative) - 0.5 * negative
    return float(positive @ below / (positive.sum() * negative.sum()))
