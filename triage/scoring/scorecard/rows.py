"""Weighted distinct rows of binary columns, and the logistic loss on them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_matrix
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Indices = NDArray[np.intp]

_SCREEN = np.float32
_FARTHEST = 25.0
_ALWAYS_ALLOWED = 5.0


@dataclass(frozen=True, eq=False)
class Rows:
    """Distinct rows and how much of either outcome each one stands for.

    Parameters
    ----------
    truth : array of bool, shape (n_rows, n_columns)
        Which statements are true.
    positive, negative : array of float, shape (n_rows,)
        Shares of the total weight; together they sum to 1.
    weight : float
        The total weight.
    """

    truth: Bools
    positive: Floats
    negative: Floats
    weight: float
    _sides: tuple[tuple[Indices, NDArray[np.float32]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sides = []
        for share in (self.positive, self.negative):
            rows = np.flatnonzero(share > 0)
            sides.append((rows, self.truth[rows].astype(_SCREEN)))
        object.__setattr__(self, "_sides", tuple(sides))

    @property
    def n_columns(self) -> int:
        """How many statements there are."""
        return int(self.truth.shape[1])

    @property
    def largest(self) -> float:
        """Most that a statement may add to the log-odds: 5, or what the cases of the rarer outcome can show.

        Where a statement is true of n cases, all of one outcome, the odds beyond about n to 1 are a guess.
        """
        rarer = self.weight * min(float(self.positive.sum()), float(self.negative.sum()))
        # Rounded, so that it is the same on merged rows, whose sums differ in the last digit.
        return max(_ALWAYS_ALLOWED, round(math.log(rarer), 9)) if rarer > 0 else _ALWAYS_ALLOWED

    def tabulate(self, group: Indices, n_groups: int) -> tuple[Floats, Floats]:
        """Return the shares of positives and of negatives by group of rows and true statement.

        Parameters
        ----------
        group : array of int, shape (n_rows,)
            From 0 to `n_groups` - 1.
        n_groups : int
            How many there are.

        Returns
        -------
        positive, negative : array of float, shape (n_groups, n_columns)
            Summed in single precision: good for a choice, which is then to be computed exactly.
        """
        tables = []
        for (rows, truth), share in zip(self._sides, (self.positive, self.negative), strict=True):
            chooser = csc_matrix(
                (share[rows].astype(_SCREEN), group[rows], np.arange(len(rows) + 1)), (n_groups, len(rows))
            )
            tables.append((chooser @ truth).astype(np.float64))
        return tables[0], tables[1]

    def totals(self, group: Indices, n_groups: int) -> tuple[Floats, Floats]:
        """Return the shares of positives and of negatives by group of rows, shape (n_groups,) each."""
        return (
            np.bincount(group, self.positive, n_groups).astype(np.float64),
            np.bincount(group, self.negative, n_groups).astype(np.float64),
        )


def gather_rows(truth: Bools, positive: Bools, weight: Floats) -> Rows:
    """Merge equal rows.

    Rows come out in an order of their own, whatever the order of the cases.

    Parameters
    ----------
    truth : array of bool, shape (n_cases, n_columns)
        Which statements are true of which cases.
    positive : array of bool, shape (n_cases,)
        Outcomes.
    weight : array of float, shape (n_cases,)
        Above 0.

    Examples
    --------
    >>> rows = gather_rows(np.array([[1], [0], [1]], bool), np.array([1, 0, 0], bool), np.ones(3))
    >>> rows.truth.tolist(), (3 * rows.positive).tolist(), (3 * rows.negative).tolist()
    ([[False], [True]], [0.0, 1.0], [1.0, 1.0])
    """
    first, index = find_distinct(truth)
    total = float(weight.sum())
    masses = [np.bincount(index, weight * (positive == outcome), len(first)) for outcome in (True, False)]
    return Rows(truth[first], masses[0] / total, masses[1] / total, total)


def find_distinct(truth: Bools) -> tuple[Indices, Indices]:
    """Return one row of each kind, in ascending order, and for every row the number of its kind.

    Examples
    --------
    >>> first, index = find_distinct(np.array([[True], [False], [True]]))
    >>> first.tolist(), index.tolist()
    ([1, 0], [1, 0, 1])
    """
    packed = np.packbits(truth, axis=1)
    padded = np.zeros((len(packed), max(8, -(-packed.shape[1] // 8) * 8)), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    words = padded.view(">u8").astype(np.uint64)
    order = np.lexsort(words.T[::-1])
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    index = np.empty(len(order), dtype=np.intp)
    index[order] = np.cumsum(new) - 1
    return order[new], index


def merge_rows(rows: Rows, columns: Indices) -> Rows:
    """Return the rows as they look with some of the columns alone."""
    truth = rows.truth[:, columns]
    first, index = find_distinct(truth)
    return Rows(truth[first], *rows.totals(index, len(first)), rows.weight)


def softplus(eta: Floats) -> Floats:
    """Return ``log(1 + exp(eta))``.

    Examples
    --------
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(4).tolist()
    [0.0, 0.6931, 1000.0]
    """
    return np.asarray(np.maximum(eta, 0.0) + np.log1p(np.exp(-np.abs(eta))))


def mean_loss(eta: Floats, positive: Floats, negative: Floats) -> float:
    """Return the mean logistic loss, in nats, of log-odds `eta`."""
    return float(positive @ softplus(-eta) + negative @ softplus(eta))


def find_shift(eta: Floats, positive: Floats, negative: Floats) -> Floats:
    """Return the shift of the log-odds with the least loss, by bounded Newton steps.

    Parameters
    ----------
    eta : array of float, shape (n_groups,)
        Log-odds by group of rows.
    positive, negative : array of float, shape (n_groups, n_columns)
        Shares of either outcome; each column is a problem of its own.

    Returns
    -------
    array of float, shape (n_columns,)
        Within 25 either way, also where only one outcome occurs.

    Examples
    --------
    >>> find_shift(np.zeros(1), np.array([[0.2]]), np.array([[0.6]])).round(4).tolist()
    [-1.0986]
    """
    both, wanted = positive + negative, positive.sum(axis=0)
    shift = np.zeros(positive.shape[1])
    for _ in range(8):
        mean = expit(eta[:, None] + shift)
        gradient = (both * mean).sum(axis=0) - wanted
        curvature = (both * mean * (1.0 - mean)).sum(axis=0)
        shift = np.clip(shift - np.clip(gradient / (curvature + 1e-12), -3.0, 3.0), -_FARTHEST, _FARTHEST)
    return np.asarray(shift)


def fit_within(
    design: Floats, positive: Floats, negative: Floats, low: Floats, high: Floats, *, start: Floats,
    tolerance: float = 1e-10, most: int = 60,
) -> tuple[Floats, float]:  # fmt: skip
    r"""Fit a logistic regression with an intercept and coefficients within bounds.

    .. math:: \min_{b,\,l \le \beta \le u}
        \sum_i p_i \log(1 + e^{-b - x_i\beta}) + n_i \log(1 + e^{b + x_i\beta})

    by Newton's method on the coefficients that are not held by a bound, with projection and step halving.

    Parameters
    ----------
    design : array of float, shape (n_rows, k)
        x.
    positive, negative : array of float, shape (n_rows,)
        p and n.
    low, high : array of float, shape (k,)
        l and u, finite.
    start : array of float, shape (k + 1,)
        Intercept and coefficients to start from.
    tolerance : float
        Stop when a whole step would gain less than this, in units of the loss.
    most : int
        Most steps.

    Returns
    -------
    theta : array of float, shape (k + 1,)
        Intercept and coefficients.
    loss : float
        At theta.

    References
    ----------
    Bertsekas, D. P. (1982). Projected Newton methods for optimization problems with simple constraints.
    SIAM Journal on Control and Optimization 20, 221-246.

    Examples
    --------
    >>> theta, _ = fit_within(
    ...     np.array([[0.0], [1.0]]),
    ...     np.array([0.1, 0.3]),
    ...     np.array([0.4, 0.2]),
    ...     np.array([-9.0]),
    ...     np.array([9.0]),
    ...     start=np.zeros(2),
    ... )
    >>> theta.round(3).tolist()
    [-1.386, 1.792]
    """
    low, high = np.append(-np.inf, low), np.append(np.inf, high)
    theta = np.clip(start, low, high)
    X = np.column_stack([np.ones(len(design)), design])
    both = positive + negative
    eta = X @ theta
    loss = mean_loss(eta, positive, negative)
    for _ in range(most):
        mean = expit(eta)
        gradient = (both * mean - positive) @ X
        held = ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
        free = np.flatnonzero(~held)
        curvature = (X[:, free].T * (both * mean * (1.0 - mean))) @ X[:, free]
        curvature.flat[:: len(free) + 1] += 1e-9 * np.trace(curvature) / len(free) + 1e-15
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(curvature, -gradient[free])
        if -gradient @ step < tolerance:
            break
        # Far from the minimum the curvature says little.
        step *= min(1.0, 5.0 / float(np.abs(step).max()))
        for _ in range(30):
            trial = np.clip(theta + step, low, high)
            reached = X @ trial
            trial_loss = mean_loss(reached, positive, negative)
            if trial_loss <= loss + 1e-4 * float(gradient @ (trial - theta)):
                break
            step *= 0.5
        else:
            break
        theta, eta, loss = trial, reached, trial_loss
    return theta, loss
