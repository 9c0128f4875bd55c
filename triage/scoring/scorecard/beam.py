"""Which statements a card should be made of: beam search over supports, and a pool of near-equal ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from triage.scoring.scorecard.rows import find_shift, fit_within, merge_rows, softplus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.limits import Limits
    from triage.scoring.scorecard.rows import Rows

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

_BINS = 96
_KIN = 2
_REFITS = 3
_SWAPS = 6
_QUICK = 1e-7
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Support:
    """A set of statements and the best real coefficients on them.

    Parameters
    ----------
    columns : tuple of int
        The statements, in order of entry.
    theta : array of float, shape (1 + n,)
        Intercept and coefficients.
    low, high : array of float, shape (n,)
        Bounds of the coefficients.
    loss : float
        Mean logistic loss.
    cost : float
        The loss and the price of the statements.
    """

    columns: tuple[int, ...]
    theta: Floats
    low: Floats
    high: Floats
    loss: float
    cost: float

    def log_odds(self, rows: Rows) -> Floats:
        """Return the log-odds of each row."""
        columns = np.array(self.columns, dtype=np.intp)
        return np.asarray(self.theta[0] + rows.truth[:, columns] @ self.theta[1:])


def search_supports(rows: Rows, limits: Limits, *, width: int, price: float) -> list[Support]:
    """Grow supports one statement at a time, and keep the best of each size.

    Each of the kept supports is tried with every further statement: the gain of one is estimated with the
    log-odds in bins, both its coefficient and the intercept free; the most promising are fitted anew in full.

    Parameters
    ----------
    rows : Rows
        The data.
    limits : Limits
        What may be held.
    width : int
        How many supports of each size are kept.
    price : float
        What a statement must gain, in units of the mean loss.

    Returns
    -------
    list of Support
        Those kept of every size, best first.

    References
    ----------
    Liu, J., Zhong, C., Li, B., Seltzer, M., Rudin, C. (2022). FasterRisk: fast and accurate interpretable
    risk scores. NeurIPS 35. arXiv 2210.05846.
    """
    level = [_start(rows)]
    kept = list(level)
    while level:
        wanted: dict[frozenset[int], tuple[float, int, int]] = {}
        for number, parent in enumerate(level):
            for estimate, column in _promising(parent, rows, limits, width):
                key = frozenset((*parent.columns, column))
                if key not in wanted or estimate < wanted[key][0]:
                    wanted[key] = (estimate, number, column)
        ranked = sorted(wanted.values())[: _REFITS * width]
        children = [
            child
            for _, number, column in ranked
            if (child := _extend(level[number], column, rows, limits, price)).cost
            < level[number].cost - _LEAST
        ]
        level = sorted(children, key=_by_cost)[:width]
        kept += level
    return sorted(kept, key=_by_cost)


def widen_pool(
    best: list[Support], rows: Rows, limits: Limits, *, size: int, gap: float, price: float
) -> list[Support]:
    """Swap each statement of the best support for others, and keep all that come near to it.

    Parameters
    ----------
    best : list of Support
        What the search kept, best first.
    rows : Rows
        The data.
    limits : Limits
        What may be held.
    size : int
        Most supports in the pool.
    gap : float
        Largest loss above that of the best, relative to it.
    price : float
        As in `search_supports`.

    Returns
    -------
    list of Support
        Best first.
    """
    pool = {frozenset(support.columns): support for support in best}
    top = best[0]
    for place, column in enumerate(top.columns):
        rest = _without(top, place, rows)
        for _, other in _promising(rest, rows, limits, _SWAPS + 1)[: _SWAPS + 1]:
            key = frozenset((*rest.columns, other))
            if other != column and key not in pool:
                pool[key] = _extend(rest, other, rows, limits, price)
    ceiling = top.cost + gap * top.loss
    near = sorted((support for support in pool.values() if support.cost <= ceiling), key=_by_cost)
    return near[:size]


def _by_cost(support: Support) -> tuple[float, tuple[int, ...]]:
    return support.cost, support.columns


def _start(rows: Rows) -> Support:
    positive, negative = float(rows.positive.sum()), float(rows.negative.sum())
    intercept = float(np.log(positive / negative))
    loss = float(-positive * np.log(positive) - negative * np.log(negative))
    return Support((), np.array([intercept]), np.empty(0), np.empty(0), loss, loss)


def _extend(parent: Support, column: int, rows: Rows, limits: Limits, price: float) -> Support:
    """Add a statement and fit all coefficients anew."""
    low, high = limits.open(parent.columns, parent.low + parent.high)
    bounds = np.array([low[column], high[column]]) / limits.finest
    kin = limits.source == limits.source[column]
    if bounds[0] < 0 < bounds[1] and kin.sum() > 1:
        # The first statement about a column settles the direction of all.
        rising = _slope(parent, column, rows) > 0
        bounds = np.array([0.0, bounds[1]]) if rising else np.array([bounds[0], 0.0])
    grown = replace(
        parent,
        columns=(*parent.columns, column),
        theta=np.append(parent.theta, 0.0),
        low=np.append(parent.low, bounds[0]),
        high=np.append(parent.high, bounds[1]),
    )
    return _refit(grown, rows, price)


def _without(support: Support, place: int, rows: Rows) -> Support:
    shrunk = replace(
        support,
        columns=support.columns[:place] + support.columns[place + 1 :],
        theta=np.delete(support.theta, place + 1),
        low=np.delete(support.low, place),
        high=np.delete(support.high, place),
    )
    return _refit(shrunk, rows, 0.0)


def _refit(support: Support, rows: Rows, price: float) -> Support:
    """Fit all coefficients anew, from those there are."""
    merged = merge_rows(rows, np.array(support.columns, dtype=np.intp))
    theta, loss = fit_within(
        merged.truth.astype(np.float64), merged.positive, merged.negative, support.low, support.high,
        start=support.theta, tolerance=_QUICK,
    )  # fmt: skip
    return replace(support, theta=theta, loss=loss, cost=loss + price * len(support.columns))


def _slope(parent: Support, column: int, rows: Rows) -> float:
    residual = rows.positive - (rows.positive + rows.negative) * expit(parent.log_odds(rows))
    return float(residual[rows.truth[:, column]].sum())


def _promising(parent: Support, rows: Rows, limits: Limits, most: int) -> list[tuple[float, int]]:
    """Return the statements that promise the least loss beside a support, with an estimate of it."""
    low, high = limits.open(parent.columns, parent.low + parent.high)
    loss = estimate_losses(rows, parent.log_odds(rows), low / limits.finest, high / limits.finest)
    order = np.argsort(np.where(low < high, loss, np.inf), kind="stable")
    chosen: list[tuple[float, int]] = []
    seen: dict[int, int] = {}
    for column in order:
        source = int(limits.source[column])
        if len(chosen) == most or not low[column] < high[column]:
            break
        # Neighbouring cuts are near-equal, and would crowd out everything else.
        if seen.get(source, 0) < _KIN:
            seen[source] = seen.get(source, 0) + 1
            chosen.append((float(loss[column]), int(column)))
    return chosen


def estimate_losses(rows: Rows, eta: Floats, low: Floats, high: Floats) -> Floats:
    """Estimate the loss that is reached with each further statement and a new intercept.

    Parameters
    ----------
    rows : Rows
        The data.
    eta : array of float, shape (n_rows,)
        Present log-odds; taken together in bins.
    low, high : array of float, shape (n_columns,)
        Bounds of the new coefficient.

    Returns
    -------
    array of float, shape (n_columns,)
    """
    bins, centre = _bin(rows, eta)
    true = rows.tabulate(bins, len(centre))
    whole = rows.totals(bins, len(centre))
    false = tuple(np.maximum(total[:, None] - table, 0.0) for total, table in zip(whole, true, strict=True))
    above, beside = find_shift(centre, *true), find_shift(centre, *false)
    beta = np.clip(above - beside, low, high)
    moved = beta != above - beside
    # Held by a bound, the intercept follows the many rather than the few.
    many = (true[0] + true[1]).sum(axis=0) > (false[0] + false[1]).sum(axis=0)
    beside = np.where(moved & many, above - beta, beside)
    beside = np.where(moved & (beta == 0), 0.0, beside)
    return np.asarray(_sum_loss(centre, beside + beta, *true) + _sum_loss(centre, beside, *false))


def _bin(rows: Rows, eta: Floats) -> tuple[Indices, Floats]:
    span = float(eta.max() - eta.min())
    if span <= 0:
        return np.zeros(len(eta), dtype=np.intp), eta[:1].copy()
    bins = np.minimum((eta - eta.min()) * (_BINS / span), _BINS - 1).astype(np.intp)
    mean = expit(eta)
    mass = (rows.positive + rows.negative) * mean * (1.0 - mean) + 1e-300
    total = np.bincount(bins, mass, _BINS)
    used = np.flatnonzero(total)
    number = np.zeros(_BINS, dtype=np.intp)
    number[used] = np.arange(len(used))
    centre = np.bincount(bins, mass * eta, _BINS)[used] / total[used]
    return number[bins], centre


def _sum_loss(centre: Floats, shift: Floats, positive: Floats, negative: Floats) -> Floats:
    eta = centre[:, None] + shift
    return np.asarray((positive * softplus(-eta) + negative * softplus(eta)).sum(axis=0))
