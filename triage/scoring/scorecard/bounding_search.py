"""Best-first branch and bound over cards."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.bounding_cards import Box, OutOfTimeError
from triage.scoring.scorecard.bounding_loss import sigmoid
from triage.scoring.scorecard.bounding_relaxation import bound_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.bounding_cards import Cards, Reach
    from triage.scoring.scorecard.bounding_loss import Rows

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_ROUNDS = 8
_UNDECIDED = 0.02


@dataclass(frozen=True)
class Certificate:
    """What was shown.

    Parameters
    ----------
    lower_bound : float
        No card of the kind asked about has a smaller loss; nats.
    loss : float
        Of the best card found, with its best intercept.
    gap : float
        ``(loss - lower_bound) / loss``, not below 0.
    improved_points : array of int, shape (p,)
        The best card found: the incumbent or a better one.
    improved_intercept : float
        Its best intercept.
    nodes : int
        Sets of cards that were bounded.
    closed : bool
        Whether the gap is at most the one asked for.
    """

    lower_bound: float
    loss: float
    gap: float
    improved_points: Integers
    improved_intercept: float
    nodes: int
    closed: bool


@dataclass(frozen=True)
class Found:
    """A card, its loss and its best intercept."""

    points: Floats
    loss: float
    intercept: float


def judge(rows: Rows, points: Floats, start: float) -> Found:
    """Return a card with its best intercept and its loss."""
    sums = rows.matrix @ points
    intercept = rows.fit_intercept(sums, start)
    return Found(points, rows.evaluate(sums + intercept)[0], intercept)


class Search:
    """Best-first branch and bound."""

    def __init__(
        self,
        cards: Cards,
        box: tuple[Floats, Floats],
        best: Found,
        *,
        deadline: float,
        target_gap: float,
        max_nodes: int | None,
    ) -> None:
        self.cards, self.best, (self.low, self.high) = cards, best, box
        self.deadline, self.target_gap, self.max_nodes = deadline, target_gap, max_nodes
        self.nodes = 0
        self.whole = bool((cards.below == cards.above).all())
        self.seen: set[bytes] = set()
        # The least bound of what was looked at to the end; cards that were discarded have at least the
        # target.
        self.floor = np.inf
        self.reach: Reach | None = None

    @property
    def target(self) -> float:
        """Cards with at least this loss need no further look."""
        # A hair above what is asked for, so that rounding does not leave the gap a hair too wide.
        return self.best.loss * (1.0 - self.target_gap * (1.0 - 1e-6))

    def check(self) -> None:
        """Raise OutOfTimeError after the deadline."""
        if time.monotonic() > self.deadline:
            raise OutOfTimeError

    def run(self) -> Certificate:
        """Search until closed, out of time or out of nodes."""
        open_boxes = [(0.0, 0, self.root())]
        count = 1
        try:
            if self.whole:
                self.improve(self.best.points)
            while open_boxes and open_boxes[0][0] < min(self.target, self.floor):
                if self.max_nodes is not None and self.nodes >= self.max_nodes:
                    break
                # A box stays until its parts are bounded, so that its bound still counts if time runs out.
                for part in self.split(open_boxes[0][2]):
                    bounded = self.bound(part)
                    if bounded is not None:
                        heapq.heappush(open_boxes, (bounded.bound, count, bounded))
                        count += 1
                heapq.heappop(open_boxes)
        except OutOfTimeError:
            pass
        return self.conclude(min([self.floor, self.target, *(entry[0] for entry in open_boxes[:1])]))

    def root(self) -> Box:
        """Return the box of all cards."""
        p, n_groups = len(self.low), self.cards.n_groups
        none = self.cards.max_factors == 0
        start = np.append(np.clip(self.best.points, self.low, self.high), self.best.intercept)
        return Box(
            low=np.zeros(p) if none else self.low,
            high=np.zeros(p) if none else self.high,
            required=np.zeros(n_groups, dtype=bool),
            bound=0.0,
            point=start,
            middle=start,
            share=np.full(n_groups, min(1.0, self.cards.max_factors / max(n_groups, 1))),
            worth=np.full(p, 1.0 / max(p, 1)),
        )

    def bound(self, box: Box) -> Box | None:
        """Bound a box, again while that still pays, and try the card it suggests."""
        self.nodes += 1
        if (box.low == box.high).all():
            return self.bound_one(box)
        current = box
        for _ in range(_ROUNDS):
            bounded, reach = bound_box(self.cards, current, self.target, self.check, self.reach)
            # What holds for the root holds for every part of it.
            self.reach = reach if self.nodes == 1 else self.reach
            if bounded is None:
                return None
            if self.whole:
                self.improve(bounded.values)
            if (bounded.low == bounded.high).all():
                return self.bound_one(bounded)
            gained = bounded.bound - current.bound
            current = bounded
            if gained < 0.15 * (self.target - bounded.bound):
                break
        return current if current.bound < self.target else None

    def bound_one(self, box: Box) -> Box | None:
        """Bound a box of one card by that card's loss."""
        if len(np.unique(self.cards.groups[box.low != 0])) > self.cards.max_factors:
            return None
        rows = self.cards.rows
        card = judge(rows, box.low, self.best.intercept)
        if self.whole and card.loss < self.best.loss:
            self.best = card
        reach = float(np.abs(rows.matrix @ card.points).max(initial=0.0)) + abs(card.intercept)
        self.floor = min(self.floor, card.loss - rows.margin(reach))
        return None

    def split(self, box: Box) -> list[Box]:
        """Return two parts that hold every card of the box; none if there is no use in a split."""
        if self.nodes == 0:
            return [box]
        cards = self.cards
        size = self.spread * box.point[:-1] ** 2
        open_columns = (box.low < box.high) & (box.low <= 0) & (box.high >= 0)
        free = ~box.required & (np.bincount(cards.groups, open_columns, cards.n_groups) > 0)
        worth = np.bincount(cards.groups, size, cards.n_groups) / np.maximum(box.share, 1e-3)
        score = np.where(free, np.minimum(box.share, 1.0 - box.share) * worth, -1.0)
        group = int(np.argmax(score))
        if free.any() and min(box.share[group], 1.0 - box.share[group]) > _UNDECIDED:
            return self.split_factor(box, group)
        if not self.whole:
            # Where it is decided which factors are taken, real coefficients leave nothing to split.
            self.floor = min(self.floor, box.bound)
            return []
        return self.split_points(box)

    def split_factor(self, box: Box, group: int) -> list[Box]:
        """Leave a factor out, or require it."""
        out = self.cards.groups == group
        required = box.required.copy()
        required[group] = True
        return [
            replace(box, low=np.where(out, 0.0, box.low), high=np.where(out, 0.0, box.high)),
            replace(box, required=required),
        ]

    def split_points(self, box: Box) -> list[Box]:
        """Split the range of the column whose value is least whole, for its spread."""
        point = np.clip(box.point[:-1], box.low, box.high)
        away = np.abs(point - np.round(point))
        score = np.where(box.low < box.high, self.spread * (away**2 + 1e-4 * (box.high - box.low)), -1.0)
        column = int(np.argmax(score))
        cut = min(max(np.floor(point[column]), box.low[column]), box.high[column] - 1.0)
        low, high = box.low.copy(), box.high.copy()
        high[column], low[column] = cut, cut + 1.0
        return [replace(box, high=high), replace(box, low=low)]

    @cached_property
    def spread(self) -> Floats:
        """Return the weighted variance of each column, and a little where there is none."""
        rows = self.cards.rows
        mean = rows.total @ rows.matrix
        variance = rows.total @ rows.matrix**2 - mean**2
        return np.asarray(np.maximum(variance, 1e-9 * variance.max(initial=1.0)))

    def improve(self, points: Floats) -> None:
        """Go downhill from a card by single points; keep it if it beats the best."""
        if points.tobytes() in self.seen:
            return
        self.seen.add(points.tobytes())
        card = judge(self.cards.rows, points, self.best.intercept)
        if card.loss > 1.02 * self.best.loss:
            return
        while (better := self.step(card)) is not None:
            self.check()
            card = better
        if card.loss < self.best.loss:
            self.best = card

    def step(self, card: Found) -> Found | None:
        """Return a better card one point away in a column it uses, if one of the likeliest is."""
        rows = self.cards.rows
        chance = sigmoid(rows.matrix @ card.points + card.intercept)
        slope = (rows.total * chance - rows.positive) @ rows.matrix
        used = np.flatnonzero(card.points)
        bend = (rows.total * chance * (1.0 - chance)) @ rows.matrix[:, used] ** 2
        for column in used[np.argsort(0.5 * bend - np.abs(slope[used]), kind="stable")[:4]]:
            points = card.points.copy()
            points[column] -= np.sign(slope[column])
            if self.low[column] <= points[column] <= self.high[column] and points.tobytes() not in self.seen:
                self.seen.add(points.tobytes())
                other = judge(rows, points, card.intercept)
                if other.loss < card.loss:
                    return other
        return None

    def conclude(self, lower_bound: float) -> Certificate:
        """Put together what was shown."""
        best = self.best
        gap = max(0.0, (best.loss - lower_bound) / best.loss) if best.loss > 0 else 0.0
        return Certificate(
            float(min(lower_bound, best.loss)),
            float(best.loss),
            float(gap),
            best.points.astype(np.int64),
            float(best.intercept),
            self.nodes,
            bool(gap <= self.target_gap),
        )
