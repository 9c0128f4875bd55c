"""The whole search: supports, integers, exchanges; a pool of near-equal cards, the best first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from triage.scoring.scorecard.beam import search_supports, widen_pool
from triage.scoring.scorecard.exchange import improve_card
from triage.scoring.scorecard.rounding import by_rank, round_along_rays, scale_card
from triage.scoring.scorecard.rows import merge_rows

if TYPE_CHECKING:
    from triage.scoring.scorecard.beam import Support
    from triage.scoring.scorecard.limits import Limits
    from triage.scoring.scorecard.rounding import Card
    from triage.scoring.scorecard.rows import Rows

_POLISHED = 10
_EXCHANGED = 3
_KICKED = 3


@dataclass(frozen=True)
class Effort:
    """How far to search.

    Parameters
    ----------
    beam_width : int
        Supports kept of each size.
    pool_size : int
        Most supports that are rounded, and most cards returned.
    pool_gap : float
        Largest loss above that of the best, relative to it.
    penalty : float
        Nats of log-likelihood that a statement must earn.
    kicks : int
        How often the best card is disturbed and improved again.
    seed : int
        Of the kicks.
    """

    beam_width: int
    pool_size: int
    pool_gap: float
    penalty: float
    kicks: int = 0
    seed: int = 0


def search_cards(rows: Rows, limits: Limits, effort: Effort) -> list[Card]:
    """Search for the cards of least loss.

    Parameters
    ----------
    rows : Rows
        The data.
    limits : Limits
        What a card may hold.
    effort : Effort
        How far to search.

    Returns
    -------
    list of Card
        Within the gap of the best, which is first; every one within the limits.
    """
    price = effort.penalty / rows.weight
    nothing = scale_card(np.zeros(rows.n_columns, dtype=np.int64), rows, price)
    if not rows.n_columns:
        return [nothing]
    # On one thread sums are the same to the last bit wherever this runs.
    with threadpool_limits(1):
        supports = search_supports(rows, limits, width=effort.beam_width, price=price)
        pool = widen_pool(supports, rows, limits, size=effort.pool_size, gap=effort.pool_gap, price=price)
        found: dict[bytes, Card] = {}
        rounded = [_round(support, rows, limits, price) for support in pool]
        keep(found, [card for cards in rounded for card in cards])
        best = sorted((cards[0] for cards in rounded if cards), key=by_rank)
        keep(found, [_polish(card, rows, limits, price) for card in best[:_POLISHED]])
        for card in sorted(found.values(), key=by_rank)[:_EXCHANGED]:
            keep(found, improve_card(card, rows, limits, price))
        _kick(found, rows, limits, effort)
    cards = sorted([nothing, *found.values()], key=by_rank)
    ceiling = cards[0].cost + effort.pool_gap * cards[0].loss
    return [card for card in cards[: effort.pool_size] if card.cost <= ceiling]


def keep(found: dict[bytes, Card], cards: list[Card]) -> None:
    """Add cards to those found, each once."""
    found.update((card.points.tobytes(), card) for card in cards)


def _round(support: Support, rows: Rows, limits: Limits, price: float) -> list[Card]:
    columns = np.array(support.columns, dtype=np.intp)
    if not len(columns):
        return []
    within = limits.select(columns)
    # The support has settled a direction for each column of the table; a range of points may allow both.
    within = replace(
        within,
        low=np.where(support.low < 0, within.low, 0),
        high=np.where(support.high > 0, within.high, 0),
    )
    cards = round_along_rays(support.theta, merge_rows(rows, columns), within, price)
    return [_spread(card, columns, rows.n_columns) for card in cards]


def _polish(card: Card, rows: Rows, limits: Limits, price: float) -> Card:
    """Improve the points of a card without new statements."""
    columns = np.flatnonzero(card.points)
    merged = merge_rows(rows, columns)
    best = improve_card(replace(card, points=card.points[columns]), merged, limits.select(columns), price)[0]
    return _spread(best, columns, rows.n_columns)


def _kick(found: dict[bytes, Card], rows: Rows, limits: Limits, effort: Effort) -> None:
    """Disturb the best card: take a few of its statements away, and improve what is left."""
    generator = np.random.default_rng(effort.seed)
    price = effort.penalty / rows.weight
    for _ in range(effort.kicks if found else 0):
        points = min(found.values(), key=by_rank).points.copy()
        held = np.flatnonzero(points)
        points[generator.choice(held, min(len(held), _KICKED), replace=False)] = 0
        keep(found, improve_card(scale_card(points, rows, price), rows, limits, price))


def _spread(card: Card, columns: np.ndarray[tuple[int], np.dtype[np.intp]], n_columns: int) -> Card:
    points = np.zeros(n_columns, dtype=np.int64)
    points[columns] = card.points
    return replace(card, points=points)
