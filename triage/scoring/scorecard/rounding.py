"""From real coefficients to small integers: several multipliers, and one coefficient after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from triage.scoring.scorecard.rows import fit_within, mean_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.limits import Limits
    from triage.scoring.scorecard.rows import Rows

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_RAYS = np.geomspace(0.35, 2.0, 12)
_FLATTEST = 1e-6
_MOST_STEPS = 100
_SETTLED = 1e-13
_ROUGH = 1e-6


@dataclass(frozen=True, eq=False)
class Card:
    """Points and the scale on which they are log-odds.

    Parameters
    ----------
    points : array of int, shape (n_columns,)
        Of each statement; mostly 0.
    intercept : float
        In points; ``(sum of points + intercept) / multiplier`` are the log-odds.
    multiplier : float
        Points per unit of the log-odds.
    loss : float
        Mean logistic loss in nats.
    cost : float
        The loss and the price of the statements with points.
    """

    points: Integers
    intercept: float
    multiplier: float
    loss: float
    cost: float


def by_rank(card: Card) -> tuple[float, bytes]:
    """Order cards by cost, whatever the order in which they were found."""
    return card.cost, card.points.tobytes()


def scale_card(points: Integers, rows: Rows, price: float) -> Card:
    """Give points the multiplier and intercept with the least loss.

    Points with a common divisor are divided by it: the multiplier takes it up.

    Examples
    --------
    >>> from triage.scoring.scorecard.rows import gather_rows
    >>> x = np.repeat([True, False], 5)[:, None]
    >>> rows = gather_rows(x, np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], bool), np.ones(10))
    >>> card = scale_card(np.array([4]), rows, 0.0)
    >>> card.points.tolist(), round(1 / card.multiplier, 4), round(card.intercept / card.multiplier, 4)
    ([1], 2.7726, -1.3863)
    """
    points = points // max(math.gcd(*points.tolist()), 1)
    total = add_points(rows, points)
    least, most = int(total.min()), int(total.max())
    positive, negative = rows.totals(total - least, most - least + 1)
    values = np.arange(least, most + 1, dtype=np.float64)
    steepest = rows.largest / max(int(np.abs(points).max(initial=0)), 1)
    intercept, slope, loss = _fit_scale(values, positive, negative, steepest)
    multiplier = 1.0 / slope
    cost = loss + price * int(np.count_nonzero(points))
    return Card(points, intercept * multiplier, multiplier, loss, cost)


def _fit_scale(
    values: Floats, positive: Floats, negative: Floats, steepest: float
) -> tuple[float, float, float]:
    """Return intercept and slope (from `_FLATTEST` to `steepest`) with the least loss, and the loss."""
    both = positive + negative
    wanted, wanted_sum = float(positive.sum()), float(positive @ values)
    intercept, slope = math.log(wanted / float(negative.sum())), _FLATTEST
    eta = intercept + slope * values
    loss = mean_loss(eta, positive, negative)
    for _ in range(_MOST_STEPS):
        mean = both * expit(eta)
        spread = mean * (1.0 - expit(eta))
        g0, g1 = float(mean.sum()) - wanted, float(mean @ values) - wanted_sum
        h0, h1, h2 = float(spread.sum()), float(spread @ values), float(spread @ values**2)
        determinant = h0 * h2 - h1 * h1
        held = (slope <= _FLATTEST and g1 > 0) or (slope >= steepest and g1 < 0)
        if held or determinant <= 1e-14 * h0 * h2:
            d0, d1 = -g0 / (h0 + 1e-300), 0.0
        else:
            d0, d1 = (h1 * g1 - h2 * g0) / determinant, (h1 * g0 - h0 * g1) / determinant
        if -(g0 * d0 + g1 * d1) < _SETTLED:
            break
        shrink = min(1.0, 5.0 / max(abs(d0), abs(d1)))
        while shrink > 1e-9:
            trial = intercept + shrink * d0, min(max(slope + shrink * d1, _FLATTEST), steepest)
            reached = trial[0] + trial[1] * values
            trial_loss = mean_loss(reached, positive, negative)
            if trial_loss <= loss:
                break
            shrink *= 0.5
        else:
            break
        (intercept, slope), eta, loss = trial, reached, trial_loss
    return intercept, slope, loss


def add_points(rows: Rows, points: Integers) -> Integers:
    """Return the sum of the points of each row."""
    held = np.flatnonzero(points)
    return np.asarray(rows.truth[:, held].astype(np.int64) @ points[held])


def round_along_rays(theta: Floats, rows: Rows, limits: Limits, price: float) -> list[Card]:
    """Turn real coefficients into integers along several rays, and return the cards, best first.

    Every multiplier is a ray. Where it takes the largest coefficients out of the range of points, they are
    held at its end and the others are fitted anew beside them; then `round_one_by_one` rounds.

    Parameters
    ----------
    theta : array of float, shape (1 + n_columns,)
        Intercept and coefficients of a fit to `rows`.
    rows : Rows
        The data, with the columns of the support alone.
    limits : Limits
        What a card may hold; a card that rounding takes out of it is left out.
    price : float
        What a statement must gain, in units of the mean loss.
    """
    low, high = limits.low.astype(np.float64), limits.high.astype(np.float64)
    end = np.where(theta[1:] < 0, low, high)
    reach = float(np.max(theta[1:] / np.where(end == 0, np.inf, end), initial=0.0))
    if reach <= 0:
        return []
    design, both = rows.truth.astype(np.float64), rows.positive + rows.negative
    found: dict[bytes, Card] = {}
    for ray in _RAYS:
        multiplier = max(float(ray) / reach, limits.finest)
        if ray > 1:
            theta, _ = fit_within(
                design, rows.positive, rows.negative, low / multiplier, high / multiplier, start=theta,
                tolerance=_ROUGH,
            )  # fmt: skip
        curvature = _measure_curvature(design, both, theta[0] + design @ theta[1:])
        points = round_one_by_one(theta[1:] * multiplier, curvature, low, high)
        # What makes up for the rounding of others may turn a statement against its kin.
        if points.any() and limits.admit(points) and points.tobytes() not in found:
            found[points.tobytes()] = scale_card(points, rows, price)
    return sorted(found.values(), key=by_rank)


def round_one_by_one(beta: Floats, curvature: Floats, low: Floats, high: Floats) -> Integers:
    r"""Round real numbers to integers one after the other, the rest making up for each.

    The auxiliary loss is the quadratic :math:`(w - \beta)^\top H (w - \beta)`. In turn, the coefficient whose
    rounding costs least, once all that are still real have moved to its minimum, is rounded, and they move.

    Parameters
    ----------
    beta : array of float, shape (k,)
        To be rounded.
    curvature : array of float, shape (k, k)
        H, positive definite.
    low, high : array of float, shape (k,)
        Whole-numbered bounds.

    Returns
    -------
    array of int, shape (k,)

    References
    ----------
    Liu et al. (2022), section 3.3, round in sequence under an upper bound of the loss; to let the rest make
    up for it is the closest-point search of Babai, L. (1986). On Lovász' lattice reduction and the nearest
    lattice point problem. Combinatorica 6, 1-13.

    Examples
    --------
    Two coefficients of which only the sum matters much: after 0.6 has become 1, the other 0.6 becomes 0.

    >>> H = np.array([[1.0, 0.9], [0.9, 1.0]])
    >>> round_one_by_one(np.array([0.6, 0.6]), H, np.zeros(2), np.full(2, 5.0)).tolist()
    [1, 0]
    """
    beta = beta.copy()
    covariance = np.linalg.inv(curvature)
    free = list(range(len(beta)))
    while free:
        here = beta[free]
        nearest = np.clip(np.round(here), low[free], high[free])
        pay = (nearest - here) ** 2 / np.diag(covariance)
        place = int(np.argmin(pay))
        move = covariance[:, place] * ((nearest - here)[place] / covariance[place, place])
        beta[free] = here + move
        beta[free[place]] = nearest[place]
        left = np.delete(np.arange(len(free)), place)
        # Removing a row from an inverse: the inverse of what is left, given the one that is now fixed.
        along = covariance[left, place]
        covariance = covariance[np.ix_(left, left)] - np.outer(along, along) / covariance[place, place]
        free.pop(place)
    return beta.astype(np.int64)


def _measure_curvature(design: Floats, both: Floats, eta: Floats) -> Floats:
    """Return the second derivatives of the loss by the coefficients, the intercept following."""
    mean = expit(eta)
    X = np.column_stack([np.ones(len(design)), design])
    full = (X.T * (both * mean * (1.0 - mean))) @ X
    full.flat[:: len(full) + 1] += 1e-9 * np.trace(full)
    return np.asarray(full[1:, 1:] - np.outer(full[1:, 0], full[0, 1:]) / full[0, 0])
