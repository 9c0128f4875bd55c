r"""How far a scorecard can be from the best one: a certified lower bound by branch and bound.

A card has points :math:`\lambda_j` (whole, between `low` and `high`) for at most K factors, a multiplier m
and a free real intercept b. Its loss is the weighted mean logistic loss, in nats, of log-odds
:math:`\sum_j x_{ij} \lambda_j / m + b`. `certify` bounds the loss of *every* such card from below, so that
the loss of the card at hand can be said to be within so many per cent of the best.

The bound of a set of cards is a separable quadratic that provably lies below the loss on every card that
could beat the best one known (`bounding_curvature`), minimised exactly over whole points and at most K
factors (`bounding_relaxation`). Its terms also say which values no better card can take. What remains is
split: a factor left out or taken, then a range of points in two; the part with the smallest bound is split
first.

References
----------
Ustun and Rudin (2019), Learning optimized risk scores, JMLR 20(150): cards by branch and bound on cuts.
Geoffrion (1974), Lagrangean relaxation for integer programming, Mathematical Programming Study 2: the
limit K.
Frangioni and Gentile (2006), Perspective cuts for a class of convex 0-1 mixed integer programs,
Mathematical Programming 106; Atamturk and Gomez (2020), Safe screening rules for L0-regression from
perspective relaxations, ICML: the quadratic split off the loss, and factors fixed by it.
Rump (2006), Verification of positive definiteness, BIT 46: what a Cholesky factorisation in floats proves.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from triage.scoring.scorecard.bounding_cards import Cards
from triage.scoring.scorecard.bounding_loss import merge_rows
from triage.scoring.scorecard.bounding_search import Certificate, Search, judge

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_POINTS = 1_000
_REAL_CELLS = 16


def certify(
    columns: ArrayLike,
    outcome: ArrayLike,
    weight: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    groups: ArrayLike,
    max_factors: int,
    multiplier: float,
    incumbent_points: ArrayLike,
    incumbent_intercept: float = 0.0,
    time_limit: float = 60.0,
    seed: int = 0,
    target_gap: float = 0.005,
    max_nodes: int | None = None,
) -> Certificate:
    r"""Bound the loss of every card from below and say how close the incumbent, or a better card, comes.

    Valid for all cards with whole points in [low, high], at most `max_factors` factors, *this* multiplier,
    and any intercept. Weights are shares: a weight of two equals a row that stands twice. Nothing is drawn;
    the answer is the same whenever the search ends by itself or by `max_nodes`, and if time ends it, the
    bound is still valid.

    Parameters
    ----------
    columns : array-like of float, shape (n, p)
        Finite.
    outcome : array-like, shape (n,)
        0 or 1; both must carry weight.
    weight : array-like of float, shape (n,)
        Not negative.
    low, high : array-like of int, shape (p,)
        Least and most points of each column; low <= 0 <= high.
    groups : array-like of int, shape (p,)
        Factor of each column; columns of a factor count once.
    max_factors : int
        K; 0 or more.
    multiplier : float
        m, points per unit of log-odds; above 0.
    incumbent_points : array-like of int, shape (p,)
        A card within the limits; zeros will do.
    incumbent_intercept : float
        Where the search for its best intercept starts.
    time_limit : float
        Seconds.
    seed : int
        Taken for the sake of callers that have one; nothing depends on it.
    target_gap : float
        The gap at which the search ends; between 1e-7 and 1.
    max_nodes : int, optional
        Most sets of cards to bound, for runs that do not depend on the clock.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        Shapes do not fit, values are out of range, or the incumbent is not a card within the limits.

    Examples
    --------
    >>> shown = certify(
    ...     [[0], [0], [0], [1], [1], [1]],
    ...     [0, 0, 1, 0, 1, 1],
    ...     [1, 1, 1, 1, 1, 1],
    ...     low=[0],
    ...     high=[3],
    ...     groups=[0],
    ...     max_factors=1,
    ...     multiplier=2,
    ...     incumbent_points=[1],
    ... )
    >>> shown.improved_points.tolist(), round(shown.loss, 4), shown.closed
    ([3], 0.6369, True)
    """
    del seed
    deadline = time.monotonic() + time_limit
    case = _check(
        columns,
        outcome,
        weight,
        low=low,
        high=high,
        groups=groups,
        max_factors=max_factors,
        multiplier=multiplier,
    )
    _check_search(time_limit, target_gap, max_nodes)
    points = _check_incumbent(case, incumbent_points)
    # On one thread sums are the same to the last bit wherever this runs, and a busy machine does not stall
    # it.
    with threadpool_limits(1):
        rows = merge_rows(case.columns, case.outcome, case.weight, multiplier)
        values = np.arange(case.low.min(initial=0.0), case.high.max(initial=0.0) + 1.0)
        return Search(
            Cards(rows, case.groups, case.n_groups, case.max_factors, values, values),
            (case.low, case.high),
            judge(rows, points, incumbent_intercept),
            deadline=deadline,
            target_gap=target_gap,
            max_nodes=max_nodes,
        ).run()


def certify_over_scales(
    columns: ArrayLike,
    outcome: ArrayLike,
    weight: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    groups: ArrayLike,
    max_factors: int,
    multipliers: tuple[float, float],
    incumbent_points: ArrayLike,
    incumbent_multiplier: float,
    time_limit: float = 60.0,
    target_gap: float = 0.005,
    max_nodes: int | None = None,
) -> Certificate:
    r"""Bound the loss of every card with *any* multiplier of a range: a proof for all those scales at once.

    With multiplier m in [m1, m2], a coefficient :math:`\lambda_j / m` is 0 or at least 1/m2 in size, and lies
    in [low/m1, high/m1]. The bound is that of all such real coefficients for at most K factors: it knows the
    limit on factors, but of whole points only that they are not smaller than one. It therefore also counts
    what rounding to whole points costs as gap, and may not close where rounding is dear.

    Parameters
    ----------
    columns, outcome, weight, low, high, groups, max_factors, time_limit, target_gap, max_nodes
        As in `certify`.
    multipliers : (float, float)
        m1 <= m2, above 0.
    incumbent_points : array-like of int, shape (p,)
        A card within the limits.
    incumbent_multiplier : float
        Its multiplier, within `multipliers`.

    Returns
    -------
    Certificate
        `improved_points` are the incumbent's.

    Raises
    ------
    ValueError
        As in `certify`, or the multipliers are not a range that holds the incumbent's.
    """
    deadline = time.monotonic() + time_limit
    least, most = multipliers
    if not 0 < least <= incumbent_multiplier <= most < np.inf:
        raise ValueError("multipliers must be a range above 0 that holds the incumbent's.")
    case = _check(
        columns, outcome, weight, low=low, high=high, groups=groups, max_factors=max_factors, multiplier=least
    )
    _check_search(time_limit, target_gap, max_nodes)
    points = _check_incumbent(case, incumbent_points)
    smallest = least / most * (1.0 - 1e-12)
    below, above = _cells(case.low.min(initial=0.0), case.high.max(initial=0.0), smallest)
    with threadpool_limits(1):
        rows = merge_rows(case.columns, case.outcome, case.weight, least)
        shown = Search(
            Cards(rows, case.groups, case.n_groups, case.max_factors, below, above),
            (case.low, case.high),
            judge(rows, points * (least / incumbent_multiplier), 0.0),
            deadline=deadline,
            target_gap=target_gap,
            max_nodes=max_nodes,
        ).run()
    return replace(shown, improved_points=points.astype(np.int64))


def _cells(low: float, high: float, smallest: float) -> tuple[Floats, Floats]:
    """Return intervals that cover zero and all sizes from the smallest to the limits."""
    below, above = [0.0], [0.0]
    for sign, limit in ((1.0, high), (-1.0, -low)):
        if limit > 0:
            edges = np.linspace(smallest, limit, _REAL_CELLS + 1)
            near, far = sign * edges[:-1], sign * edges[1:]
            below += np.minimum(near, far).tolist()
            above += np.maximum(near, far).tolist()
    return np.array(below), np.array(above)


@dataclass(frozen=True)
class _Case:
    columns: Floats
    outcome: Floats
    weight: Floats
    low: Floats
    high: Floats
    groups: Integers
    n_groups: int
    max_factors: int


def _check(
    columns: ArrayLike,
    outcome: ArrayLike,
    weight: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    groups: ArrayLike,
    max_factors: int,
    multiplier: float,
) -> _Case:
    matrix = np.asarray(columns, dtype=np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError("columns must be a table of finite numbers.")
    n, p = matrix.shape
    y, share = _vector(outcome, n, "outcome"), _vector(weight, n, "weight")
    least, most = _vector(low, p, "low"), _vector(high, p, "high")
    factor = _vector(groups, p, "groups")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("outcome must be 0 or 1.")
    if (share < 0).any():
        raise ValueError("weight must not be negative.")
    if not (share[y == 1].sum() > 0 and share[y == 0].sum() > 0):
        raise ValueError("Both outcomes must carry weight.")
    if not ((least <= 0) & (most >= 0) & (np.maximum(-least, most) <= MOST_POINTS)).all():
        raise ValueError(f"low <= 0 <= high must hold in every column, and neither may pass {MOST_POINTS}.")
    if not all((values == np.round(values)).all() for values in (least, most, factor)):
        raise ValueError("low, high and groups must be whole numbers.")
    if max_factors != int(max_factors) or max_factors < 0:
        raise ValueError("max_factors must be a whole number, 0 or more.")
    if not 0 < multiplier < np.inf:
        raise ValueError("The multiplier must be above 0.")
    names, place = np.unique(factor, return_inverse=True)
    kept = share > 0
    return _Case(
        matrix[kept], y[kept], share[kept], least, most, place.astype(np.int64), len(names), int(max_factors)
    )


def _vector(values: ArrayLike, length: int, name: str) -> Floats:
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (length,) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be {length} finite numbers.")
    return vector


def _check_search(time_limit: float, target_gap: float, max_nodes: int | None) -> None:
    if not time_limit > 0:
        raise ValueError("time_limit must be above 0.")
    if not 1e-7 <= target_gap < 1:
        raise ValueError("target_gap must be from 1e-7 to below 1.")
    if max_nodes is not None and max_nodes < 1:
        raise ValueError("max_nodes must be 1 or more.")


def _check_incumbent(case: _Case, points: Any) -> Floats:
    card = _vector(points, len(case.low), "incumbent_points")
    if not ((card == np.round(card)) & (case.low <= card) & (card <= case.high)).all():
        raise ValueError("incumbent_points must be whole and within low and high.")
    if len(np.unique(case.groups[card != 0])) > case.max_factors:
        raise ValueError("The incumbent uses more factors than max_factors.")
    return card
