"""Improve a card: exchange any one of its statements for any other, with any points, while it gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.rounding import add_points, by_rank, scale_card
from triage.scoring.scorecard.rows import find_shift, mean_loss, softplus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.limits import Limits
    from triage.scoring.scorecard.rounding import Card
    from triage.scoring.scorecard.rows import Rows

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_INTERCEPTS = 17
_TRIED = 3
_MEASURED = 12
_LEAST = 1e-10
_MOST_SWEEPS = 60


def improve_card(card: Card, rows: Rows, limits: Limits, price: float) -> list[Card]:
    """Exchange statements and points while the cost falls.

    In every sweep each statement with points is left out in turn, and every statement (itself too) with every
    whole number of points is tried in its place, as is none; where there is room, one more is tried. At the
    present multiplier the loss of each such card follows from a table of outcomes by the sum of the other
    points, with the intercept free. The best of the sweep are then given their own multiplier, and the best
    of all is where the next sweep starts.

    Parameters
    ----------
    card : Card
        To start from.
    rows : Rows
        The data.
    limits : Limits
        What the card may hold; it does.
    price : float
        What a statement must gain, in units of the mean loss.

    Returns
    -------
    list of Card
        All cards that were measured, the best first.
    """
    measured = {card.points.tobytes(): card}
    for _ in range(_MOST_SWEEPS):
        moves = _find_moves(card, rows, limits, price)
        fresh = []
        for move in sorted(moves)[:_MEASURED]:
            points = _leave_out(card.points, move.left_out)
            if move.points:
                points[move.joined] = move.points
            if points.any() and points.tobytes() not in measured:
                trial = scale_card(points, rows, price)
                measured[points.tobytes()] = trial
                fresh.append(trial)
        best = min(fresh, key=by_rank, default=card)
        if not best.cost < card.cost - _LEAST:
            break
        card = best
    distinct = {trial.points.tobytes(): trial for trial in measured.values()}
    return sorted(distinct.values(), key=by_rank)


@dataclass(frozen=True, order=True)
class _Move:
    cost: float
    left_out: int
    joined: int
    points: int


def _find_moves(card: Card, rows: Rows, limits: Limits, price: float) -> list[_Move]:
    held = np.flatnonzero(card.points)
    moves: list[_Move] = []
    for left_out in (-1, *held.tolist()):
        rest = _leave_out(card.points, left_out)
        others = np.flatnonzero(rest)
        low, high = limits.open(others.tolist(), rest[others].astype(np.float64))
        if left_out < 0 and not (low < high).any():
            continue
        moves += _best_joins(card, left_out, rows, (low, high), price)
    return moves


def _leave_out(points: Integers, left_out: int) -> Integers:
    rest = points.copy()
    if left_out >= 0:
        rest[left_out] = 0
    return rest


def _best_joins(
    card: Card, left_out: int, rows: Rows, bounds: tuple[Integers, Integers], price: float
) -> list[_Move]:
    """Return the few best ways to add one statement, or none, to the rest of a card."""
    low, high = bounds
    rest = _leave_out(card.points, left_out)
    slope = 1.0 / card.multiplier
    total = add_points(rows, rest)
    least = int(total.min())
    group = total - least
    n_groups = int(group.max()) + 1
    eta: Floats = slope * np.arange(least, least + n_groups, dtype=np.float64)
    whole = rows.totals(group, n_groups)
    true = rows.tabulate(group, n_groups)
    false = tuple(np.maximum(sums[:, None] - table, 0.0) for sums, table in zip(whole, true, strict=True))
    centre = float(find_shift(eta, whole[0][:, None], whole[1][:, None])[0])
    steps = np.arange(int(low.min()), int(high.max()) + 1)
    shifts = centre + slope * np.linspace(-1.0, 1.0, _INTERCEPTS) * max(int(np.abs(steps).max()), 1)
    # (intercept, points, group): the loss of a positive, and of a negative, at that sum of points.
    after = shifts[:, None, None] + slope * steps[:, None] + eta
    before = shifts[:, None] + eta
    losses = (
        (softplus(-after).reshape(-1, n_groups) @ true[0] + softplus(after).reshape(-1, n_groups) @ true[1])
        .reshape(len(shifts), len(steps), rows.n_columns)
        + (softplus(-before) @ false[0] + softplus(before) @ false[1])[:, None, :]
    )  # fmt: skip
    reached = _lowest(losses) + price * (np.count_nonzero(rest) + (steps != 0)[:, None])
    points = steps[:, None]
    closed = (points < low) | (points > high) | (points == 0)
    reached[closed] = np.inf
    if left_out >= 0:
        reached[points[:, 0] == card.points[left_out], left_out] = np.inf
    order = np.argsort(reached, axis=None, kind="stable")[:_TRIED]
    moves = [
        _Move(
            float(reached.flat[place]),
            left_out,
            int(place % rows.n_columns),
            int(steps[place // rows.n_columns]),
        )
        for place in order
        if np.isfinite(reached.flat[place])
    ]
    if left_out >= 0:
        alone = mean_loss(eta + centre, *whole) + price * np.count_nonzero(rest)
        moves.append(_Move(alone, left_out, left_out, 0))
    return moves


def _lowest(losses: Floats) -> Floats:
    """Return the minimum over the first axis, a parabola through the lowest point and its neighbours."""
    at = np.clip(losses.argmin(axis=0), 1, len(losses) - 2)[None]
    left, middle, right = (np.take_along_axis(losses, at + step, axis=0)[0] for step in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    slope = 0.5 * (right - left)
    parabola = middle - 0.5 * slope**2 / np.maximum(bend, 1e-300)
    inside = (bend > 0) & (np.abs(slope) <= bend)
    return np.asarray(np.where(inside, parabola, np.minimum(np.minimum(left, middle), right)))
