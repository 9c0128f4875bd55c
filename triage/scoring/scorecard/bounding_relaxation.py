r"""The bound of one box of cards: a relaxation proposes a point, and a separable minimum certifies there.

Around a point :math:`\lambda_0` with gradient g, every card :math:`\lambda` of interest has

.. math:: f(\lambda) \ge f(\lambda_0) + \sum_j g_j (\lambda_j - \lambda_{0j})
          + \tfrac12 \Delta_j (\lambda_j - \lambda_{0j})^2

(see `bounding_curvature`). The right side is a sum over columns, so its minimum over cards is exact: each
factor takes its best whole points or none, and the K factors that gain most are taken. No solver is trusted:
a poor :math:`\lambda_0` gives a weak bound, never a wrong one. The same sum says which values no card below
the target can take, and these leave the box.

A good :math:`\lambda_0` solves the perspective relaxation

.. math:: \min_{\lambda, z} f(\lambda) + \tfrac12 \sum_j \Delta_j \lambda_j^2 (1/z_{g(j)} - 1),
          \quad \sum_g z_g \le K, \; 0 \le z \le 1,

by turns: Newton's steps in the box for :math:`\lambda`, a closed form for z.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.bounding_cards import Reach, shut_box
from triage.scoring.scorecard.bounding_curvature import (
    bend_at_least,
    enclose,
    extract_diagonal,
    is_positive,
    steady,
)
from triage.scoring.scorecard.bounding_loss import CHUNK, add_up, sigmoid, weigh_squares
from triage.scoring.scorecard.bounding_spread import Spread
from triage.scoring.scorecard.bounding_steps import LEAST_SHARE, minimise_in_box, share_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.scoring.scorecard.bounding_cards import Box, Cards

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_TURNS = 12
_PLAYS = 6


def bound_box(
    cards: Cards, box: Box, target: float, check: Callable[[], None], known: Reach | None = None
) -> tuple[Box | None, Reach | None]:
    """Return the box with its bound and without values that no card below the target takes.

    Parameters
    ----------
    cards : Cards
        All cards.
    box : Box
        A part of them.
    target : float
        Cards with at least this loss are of no interest.
    check : callable
        Called now and then; raises OutOfTimeError when time is up.
    known : Reach, optional
        What was found for a box that holds this one, and a target not below this one.

    Returns
    -------
    Box or None
        None where no card of the box has a loss below `target`.
    Reach or None
        What was found for this box, or the one known.
    """
    shut = shut_box(cards, box)
    if shut is None:
        return None, known
    return _View(cards, shut).bound(target, check, known)


class _View:
    """A box seen through the columns that are still open."""

    def __init__(self, cards: Cards, box: Box) -> None:
        self.cards, self.box, self.rows = cards, box, cards.rows
        self.open = np.flatnonzero((box.low != 0) | (box.high != 0))
        self.matrix = self.rows.restrict(self.open)
        self.group = cards.groups[self.open]
        self.worth = box.worth[self.open]
        self.free = ~box.required & (np.bincount(self.group, minlength=cards.n_groups) > 0)
        self.quota = cards.max_factors - int(box.required.sum())
        low, high = box.low[self.open], box.high[self.open]
        self.sum_low, self.sum_high = _add_extremes(self.matrix[:, :-1], low, high)
        least, most = self.rows.bracket_intercept(float(self.sum_low.min()), float(self.sum_high.max()))
        self.low, self.high = np.append(low, least), np.append(high, most)
        size = np.abs(self.sum_low) + np.abs(self.sum_high)
        self.span = float(size.max()) + 2.0 * max(abs(least), abs(most)) + 1.0

    def bound(
        self, target: float, check: Callable[[], None], known: Reach | None
    ) -> tuple[Box | None, Reach | None]:
        box, rows = self.box, self.rows
        middle, hessian = self._descend(self._take(box.middle), np.zeros(len(self.open)), 30, check)
        log_odds = self.matrix @ middle
        loss, by_row = rows.evaluate(log_odds)
        tangent = self.matrix.T @ by_row
        plain = loss + float(np.minimum(tangent * (self.low - middle), tangent * (self.high - middle)).sum())
        plain -= rows.margin(self.span)
        if plain >= target:
            return None, known
        excess = max(target, loss) - plain
        near = None
        if known is None or excess < 0.8 * known.excess:
            near = enclose(
                self.matrix, rows.total, log_odds, excess=excess, width=self.high - self.low, check=check
            )
        reach = self._reachable(log_odds, float(middle[-1]), near, known, excess)
        point, share, kept = self._relax(reach, hessian, check)
        found = self._certify(point, kept, reach, target)
        if found is None:
            return None, reach
        return replace(
            found, bound=max(plain, box.bound, found.bound), middle=self._give(middle), share=share
        ), reach

    def _take(self, full: Floats) -> Floats:
        return np.asarray(np.clip(np.append(full[self.open], full[-1]), self.low, self.high))

    def _give(self, part: Floats) -> Floats:
        full = np.zeros(len(self.box.low) + 1)
        full[self.open], full[-1] = part[:-1], part[-1]
        return full

    def _reachable(
        self,
        log_odds: Floats,
        intercept: float,
        near: tuple[Floats, float] | None,
        known: Reach | None,
        excess: float,
    ) -> Reach:
        """Return the least and greatest log-odds of each row on the cards of interest."""
        least, most = self.low[-1], self.high[-1]
        if near is not None:
            least, most = max(least, intercept - near[1]), min(most, intercept + near[1])
        slack = 1e-9 * self.span
        low, high = self.sum_low + least - slack, self.sum_high + most + slack
        if near is not None:
            low = np.maximum(low, log_odds - near[0] - slack)
            high = np.minimum(high, log_odds + near[0] + slack)
        if known is not None:
            low, high = np.maximum(low, known.low), np.minimum(high, known.high)
        return Reach(low, high, excess if near is not None or known is None else known.excess)

    def _descend(
        self,
        point: Floats,
        ridge: Floats,
        steps: int,
        check: Callable[[], None],
        hessian: Floats | None = None,
    ) -> tuple[Floats, Floats]:
        """Return nearly the minimum in the box of loss plus ``ridge/2`` times squares, and a Hessian.

        The Hessian of the loss is taken anew only where the last one served badly.
        """
        pull = np.append(ridge, 0.0)
        loss, gradient = self._expand(point, pull)
        fresh = hessian is None
        hessian = self._bend(point) if hessian is None else hessian
        for _ in range(steps):
            check()
            bent = hessian + np.diag(pull)
            move = minimise_in_box(gradient, bent, self.low - point, self.high - point)
            hoped = -float(gradient @ move + 0.5 * move @ bent @ move)
            if hoped <= 1e-13 * (1e-3 + abs(loss)):
                break
            size, there, gradient_there = 1.0, *self._expand(point + move, pull)
            while there > loss - 0.1 * size * hoped and size > 1e-3:
                size *= 0.4
                there, gradient_there = self._expand(point + size * move, pull)
            if there < loss:
                served = size == 1.0 and loss - there > 0.6 * hoped
                point, loss, gradient = point + size * move, there, gradient_there
            elif fresh:
                break
            else:
                served = False
            fresh = not served
            hessian = hessian if served else self._bend(point)
        return np.clip(point, self.low, self.high), hessian

    def _expand(self, point: Floats, pull: Floats) -> tuple[float, Floats]:
        """Return loss and gradient with the ridge."""
        loss, by_row = self.rows.evaluate(self.matrix @ point)
        return loss + 0.5 * float(pull @ point**2), self.matrix.T @ by_row + pull * point

    def _bend(self, point: Floats) -> Floats:
        """Return the Hessian, with so much of a ridge that it can be inverted."""
        chance = sigmoid(self.matrix @ point)
        hessian = weigh_squares(self.matrix, self.rows.total * chance * (1.0 - chance))
        hessian[np.diag_indices_from(hessian)] += 1e-9 * np.diag(hessian) + 1e-14
        return hessian

    def _squares(self, point: Floats, reach: Reach) -> Floats:
        bend = bend_at_least(self.matrix @ point, reach.low, reach.high)
        return weigh_squares(self.matrix, self.rows.total * bend)

    def _relax(
        self, reach: Reach, hessian: Floats, check: Callable[[], None]
    ) -> tuple[Floats, Floats, Floats]:
        """Return a point, the share taken of each factor and the diagonal, by turns.

        The relaxation is convex in the point and concave in the diagonal. Each diagonal answers the average
        of the points so far (fictitious play), which comes to rest where the last alone would make it swing.
        """
        point, share = self._take(self.box.point), self.box.share.copy()
        share[self.box.required] = 1.0
        share = np.clip(share, LEAST_SHARE, 1.0)
        if self.quota >= self.free.sum():
            share[self.free] = 1.0
        kept = np.zeros(len(self.open))
        plays = [1.0 / (play + 2.0) for play in range(_PLAYS)] if self.box.bound == 0 else [0.3]
        for step in plays:
            squares = self._squares(point, reach)
            squares[np.diag_indices_from(squares)] += steady(squares, len(self.matrix))
            kept = 0.98 * extract_diagonal(squares, self.worth)
            point, hessian = self._take_turns(point, share, kept, hessian, check)
            # The derivative of the relaxation by the diagonal, and a little for wholeness.
            worth = point[:-1] ** 2 * (1.0 / share[self.group] - 1.0)
            worth = worth / max(float(worth.sum()), 1e-12) + 0.1 / len(worth)
            self.worth = (1.0 - step) * self.worth + step * worth
        return point, share, kept

    def _take_turns(
        self, point: Floats, share: Floats, kept: Floats, hessian: Floats, check: Callable[[], None]
    ) -> tuple[Floats, Floats]:
        """Return the point that solves the relaxation, and a Hessian; `share` is changed in place."""
        for _ in range(_TURNS):
            before = point
            point, hessian = self._descend(point, kept * (1.0 / share[self.group] - 1.0), 1, check, hessian)
            if self.quota < self.free.sum():
                weight = add_up(self.group, kept * point[:-1] ** 2, self.cards.n_groups)
                share[self.free] = share_out(weight[self.free], self.quota)
            if np.abs(point - before).max() < 1e-3:
                break
        return point, hessian

    def _certify(
        self,
        point: Floats,
        kept: Floats,
        reach: Reach,
        target: float,
    ) -> Box | None:
        matrix, box = self.matrix, self.box
        point[-1] = self.rows.fit_intercept(matrix[:, :-1] @ point[:-1], float(point[-1]))
        log_odds = matrix @ point
        loss, by_row = self.rows.evaluate(log_odds)
        gradient = matrix.T @ by_row
        squares = self._squares(point, reach)
        ridge = steady(squares, len(matrix))
        kept = self._shrink(squares, kept, 0.5 * ridge)
        base = loss - abs(gradient[-1]) * (self.high[-1] - self.low[-1]) - self.rows.margin(self.span)
        base -= 0.5 * float(ridge @ (self.high - self.low) ** 2)
        spread = Spread(self.cards, box, self.open, slope=gradient[:-1], bend=kept, point=point[:-1])
        kept_box = spread.cut(base, target, self.free, self.quota)
        if kept_box is None:
            return None
        worth = box.worth.copy()
        worth[self.open] = self.worth
        return replace(
            kept_box,
            worth=worth,
            bound=spread.bound,
            point=self._give(point),
        )

    def _shrink(self, squares: Floats, kept: Floats, ridge: Floats) -> Floats:
        """Return a diagonal that the squares are shown to hold: the given one if it is, or less, or none."""
        steadied = squares + np.diag(ridge)
        for scale in (1.0, 0.97):
            if is_positive(steadied - np.diag(np.append(scale * kept, 0.0))):
                return scale * kept
        kept = 0.99 * extract_diagonal(steadied, self.worth)
        if is_positive(steadied - np.diag(np.append(kept, 0.0))):
            return kept
        return np.zeros_like(kept)


def _add_extremes(matrix: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the least and greatest sum of each row."""
    least, most = np.empty(len(matrix)), np.empty(len(matrix))
    for start in range(0, len(matrix), CHUNK):
        block = matrix[start : start + CHUNK]
        upward, downward = np.maximum(block, 0.0), np.minimum(block, 0.0)
        least[start : start + CHUNK] = upward @ low + downward @ high
        most[start : start + CHUNK] = upward @ high + downward @ low
    return least, most
