"""How strongly the loss bends, at least: what makes a bound on few factors and whole points sharp.

The loss is convex, so its tangent at any point lies below it. Between the tangent and the loss there is a
gap, and this module certifies a part of it: a diagonal quadratic that still lies below, on every card that
could beat the incumbent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, eigh, solve_triangular

from triage.scoring.scorecard.bounding_loss import CHUNK, sigmoid, weigh_squares

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHORTEST = 0.05


def bend_at_least(log_odds: Floats, low: Floats, high: Floats) -> Floats:
    r"""Return d with :math:`\ell(s) \ge \ell(t) + \ell'(t)(s-t) + \tfrac{d}{2}(s-t)^2` for s in [low, high].

    Here :math:`\ell(t) = \log(1+e^t)`. The largest such d is the minimum over s of
    :math:`\varphi(s) = 2\int_0^1 (1-u)\,\ell''(t + u(s-t))\,du`. Since :math:`\ell''` rises up to 0 and falls
    after it, and the kernel is totally positive, :math:`\varphi` rises and then falls; its minimum over an
    interval lies at an end.

    Parameters
    ----------
    log_odds : array of float, shape (n,)
        t, the points of tangency.
    low, high : array of float, shape (n,)
        The interval of each, which is widened where it is narrow or does not reach t.

    Examples
    --------
    >>> bend = bend_at_least(np.zeros(1), np.array([-2.0]), np.array([2.0]))
    >>> bool(0 < bend[0] < 0.25)
    True
    """
    value, slope = np.logaddexp(0.0, log_odds), sigmoid(log_odds)
    bends = []
    for step in (np.minimum(low - log_odds, -_SHORTEST), np.maximum(high - log_odds, _SHORTEST)):
        above = np.logaddexp(0.0, log_odds + step) - value - slope * step
        # Rounding is at most about 1e-15 (1 + |t| + |step|) in `above`, and the step is not short.
        rounding = 4e-15 * (1.0 + np.abs(log_odds) + np.abs(step))
        bends.append(2.0 * (above - rounding) / step**2)
    return np.asarray(np.maximum(np.minimum(*bends), 0.0))


def steady(squares: Floats, n_rows: int) -> Floats:
    """Return a small diagonal of which half outweighs all rounding in `squares` and in factorising them.

    An entry of a product over n rows is off by at most ``n * eps`` of the root of its two diagonal entries,
    and the Cholesky factorisation adds as much for its p columns; a sum over a row of such errors is p times
    that. Whoever adds the ridge to a quadratic must take off what it is worth at most.
    """
    size = len(squares)
    share = max(1e-12, 2.5e-16 * (n_rows + size + 16) * (size + 1))
    return np.asarray(share * np.diag(squares) + 1e-30)


def enclose(
    matrix: Floats,
    total: Floats,
    log_odds: Floats,
    *,
    excess: float,
    width: Floats,
    check: Callable[[], None],
) -> tuple[Floats, float] | None:
    r"""Return how far each row's log-odds, and the intercept, can be from a point, on cards below a loss.

    Let c be the point, B a lower bound of the tangent at c over the box, and E the Hessian at c. Suppose that
    a card of the box with loss at most U lies outside of the ellipsoid :math:`h^\top E h \le \rho^2` around
    c. The segment from c to it stays in the box and, the loss being convex and at most U at both ends, below
    U; but where it leaves the ellipsoid the loss is at least :math:`B + \tfrac12 h^\top S h \ge B + \tfrac12
    \kappa \rho^2`, with S made of `bend_at_least` over the ellipsoid. So :math:`\kappa\rho^2 > 2(U-B)` shows
    that there is no such card.

    Parameters
    ----------
    matrix : array of float, shape (n, p + 1)
        Columns and a column of ones.
    total : array of float, shape (n,)
        Weight of each row.
    log_odds : array of float, shape (n,)
        At the point c.
    excess : float
        U - B.
    width : array of float, shape (p + 1,)
        Of the box.
    check : callable
        Called now and then; it may raise.

    Returns
    -------
    (array of float, shape (n,), float) or None
        The radius of each row's log-odds and of the intercept; None where no radius could be shown.
    """
    chance = sigmoid(log_odds)
    hessian = weigh_squares(matrix, total * chance * (1.0 - chance))
    ridge = steady(hessian, len(matrix))
    metric = hessian + np.diag(ridge)
    if not is_positive(metric):
        return None
    factor = cholesky(metric, lower=True)
    leverage = np.empty(len(matrix))
    for start in range(0, len(matrix), CHUNK):
        leverage[start : start + CHUNK] = (
            solve_triangular(factor, matrix[start : start + CHUNK].T, lower=True) ** 2
        ).sum(axis=0)
    needed = 2.0 * excess + float(ridge @ width**2)
    squared = needed / 0.7
    for _ in range(10):
        check()
        radius = np.sqrt(squared * leverage) * (1.0 + 1e-6)
        bend = bend_at_least(log_odds, log_odds - radius, log_odds + radius)
        squares = weigh_squares(matrix, total * bend) + np.diag(ridge)
        least = float(eigh(squares, metric, eigvals_only=True, subset_by_index=[0, 0])[0]) * (1.0 - 1e-6)
        if least * squared > needed:
            return radius, float(np.sqrt(squared * np.linalg.inv(metric)[-1, -1])) * (1.0 + 1e-6)
        squared *= min(1.1 * (needed / max(least * squared, 1e-300)) ** 1.5, 6.0)
    return None


def extract_diagonal(squares: Floats, value: Floats) -> Floats:
    r"""Return a diagonal of large worth, not negative, with :math:`\mathrm{diag}(\Delta, 0) \preceq S`.

    Newton's method with a logarithmic barrier on :math:`\max \sum_j value_j \Delta_j + \tau \log\det(S/b -
    \Delta)`, where :math:`S/b` is the Schur complement of the last row (the intercept, which keeps nothing).

    Parameters
    ----------
    squares : array of float, shape (p + 1, p + 1)
        S, positive definite.
    value : array of float, shape (p,)
        What a unit is worth; not negative.
    """
    if not squares[-1, -1] > 0:
        return np.zeros(len(value))
    schur = squares[:-1, :-1] - np.outer(squares[:-1, -1], squares[-1, :-1]) / squares[-1, -1]
    scale = np.diag(schur)
    if not (scale > 0).all():
        return np.zeros(len(value))
    unit = schur / np.sqrt(np.outer(scale, scale))
    least = float(np.linalg.eigvalsh(unit)[0])
    if not least > 1e-12:
        return np.zeros(len(value))
    worth = value * scale + 1e-12
    worth /= worth.sum()
    kept, heat, floor = np.full(len(value), 0.8 * least), 0.1, 1e-3
    for _ in range(30):
        inverse = np.linalg.inv(unit - np.diag(kept))
        ascent = worth - heat * (np.diag(inverse) - floor / kept)
        step = np.linalg.solve(heat * (inverse**2 + np.diag(floor / kept**2)), ascent)
        size = 1.0
        while size > 1e-6 and not _inside(unit, kept + size * step):
            size *= 0.5
        if size <= 1e-6:
            break
        kept = kept + size * step
        if size == 1.0:
            if heat < 2e-3:
                break
            heat *= 0.4
    return np.asarray(kept * scale)


def _inside(unit: Floats, kept: Floats) -> bool:
    return bool((kept > 0).all()) and is_positive(unit - np.diag(kept))


def is_positive(symmetric: Floats) -> bool:
    """Return whether the Cholesky factorisation runs through."""
    try:
        np.linalg.cholesky(symmetric)
    except np.linalg.LinAlgError:
        return False
    return True
