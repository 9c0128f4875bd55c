"""Additive logistic regression: one step function per feature, in the direction that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit

from triage.scoring.two_classes import LogOddsClassifier, check_signs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class SignedAdditiveClassifier(LogOddsClassifier):
    r"""Logistic regression on step functions that keep given directions.

    The values of a column are cut into intervals, each with its own level; what is unknown (NaN) has a level
    beside them. With increments :math:`d_{jk}` from interval to interval the objective is

    .. math::

        \sum_i w_i \ell(y_i, b + \sum_j f_j(x_{ij}))
        + \tfrac{\lambda}{2} \sum_j m_j \sum_k d_{jk}^2 + \tfrac{\lambda}{2} \sum_j u_j^2

    where :math:`\ell` is the logistic loss, :math:`u_j` the distance of the unknown level from the mean of
    the known ones, and :math:`m_j` half the number of increments, at least 1, so that a column with many
    intervals is no freer than one with few. The penalty is a normal prior for every effect, and
    :math:`1/\lambda` its variance: it needs no tuning to the number of cases. The objective is convex;
    L-BFGS-B finds its minimum under the signs.

    Parameters
    ----------
    penalty : float, default=3.0
        :math:`\lambda`.
    intervals : int, default=32
        Most intervals a column; one each for distinct values where there are no more, else of equally many
        known cases.
    signs : array-like of int, shape (n_features,), optional
        +1 where the score may not fall as the column grows, -1 where it may not rise, 0 for free.
    max_iter : int, default=1000
        Most iterations.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    edges_ : list of array
        Per column; interval ``k`` ends below ``edges[k]``.
    levels_ : list of array, each one longer than its edges
        What each interval adds; means over the known cases are 0.
    unknown_ : array of float, shape (n_features,)
        What an unknown value adds.
    intercept_ : float
        Log-odds where nothing is added.
    n_iter_ : int
        Iterations taken.

    References
    ----------
    Hastie, T. and Tibshirani, R. (1990). Generalized additive models.

    Tutz, G. and Leitenstorfer, F. (2007). Generalized smooth monotonic regression in additive modeling.

    Examples
    --------
    >>> X = [[0.0], [0.0], [1.0], [1.0]]
    >>> model = SignedAdditiveClassifier(signs=[-1]).fit(X, [0, 0, 1, 1])
    >>> model.levels_[0].tolist()
    [0.0, 0.0]
    """

    def __init__(
        self,
        penalty: float = 3.0,
        intervals: int = 32,
        signs: ArrayLike | None = None,
        max_iter: int = 1000,
    ) -> None:
        self.penalty = penalty
        self.intervals = intervals
        self.signs = signs
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to outcomes.

        Parameters
        ----------
        X : array-like of float, shape (n_cases, n_features)
            NaN where unknown.
        y : array-like, shape (n_cases,)
            Two distinct values.
        sample_weight : array-like of float, shape (n_cases,), optional
            Weights of the cases in the loss; cases of weight 0 count for nothing.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There are not exactly two classes, or a parameter is out of its range.
        """
        matrix, positive, weight = self._take_cases(X, y, sample_weight)
        if not self.penalty > 0 or not self.intervals >= 2:
            raise ValueError("penalty must be above 0 and intervals at least 2.")
        signs = check_signs(self.signs, matrix.shape[1])
        self.edges_ = [cut(column, self.intervals, weight) for column in matrix.T]
        self._minimise(_design(matrix, self.edges_, signs, weight), positive, weight)
        return self

    def _minimise(self, design: _Design, positive: Floats, weight: Floats) -> None:
        penalty = self.penalty * design.penalty
        cells, turned = design.cells, design.cells.T.tocsr()

        def objective(theta: Floats) -> tuple[float, Floats]:
            increments = theta[1:]
            margin = theta[0] + design.common @ increments + cells @ (design.beside @ increments)
            pull = weight * (expit(margin) - positive)
            loss = weight @ (np.logaddexp(0.0, margin) - positive * margin)
            slope = design.beside.T @ (turned @ pull) + pull.sum() * design.common
            return (
                float(loss + 0.5 * penalty @ increments**2),
                np.concatenate([[pull.sum()], slope + penalty * increments]),
            )

        share = float(weight @ positive / weight.sum())
        result = minimize(
            objective,
            np.concatenate([[np.log(share / (1 - share))], np.zeros(len(penalty))]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(None, None), *design.bounds],
            options={"maxiter": self.max_iter, "ftol": 1e-11, "gtol": 1e-6, "maxcor": 30},
        )
        self.n_iter_, self.intercept_ = int(result.nit), float(result.x[0])
        self.levels_, self.unknown_, at = [], np.empty(len(self.edges_)), 1
        for column, edges in enumerate(self.edges_):
            rising = np.concatenate([[0.0], np.cumsum(result.x[at : at + len(edges)])])
            # Taken from a sum that only grows, so that no rounding turns a step round.
            self.levels_.append(rising - design.mass[column] @ rising)
            self.unknown_[column] = result.x[at + len(edges)]
            at += len(edges) + 1

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""
        matrix = self._take_matrix(X)
        total = np.full(len(matrix), self.intercept_)
        for column, (edges, levels) in enumerate(zip(self.edges_, self.levels_, strict=True)):
            x = matrix[:, column]
            reached = levels[np.searchsorted(edges, x, side="right")]
            total += np.where(np.isnan(x), self.unknown_[column], reached)
        return total


def cut(x: Floats, intervals: int, weight: Floats) -> Floats:
    """Return where to cut a column: between distinct values if they are few, else at quantiles.

    Examples
    --------
    >>> cut(np.array([-1.0, 1.0, 0.0, np.nan, 0.0]), 12, np.ones(5)).tolist()
    [-0.5, 0.5]
    """
    known = ~np.isnan(x)
    distinct = np.unique(x[known])
    if len(distinct) <= intervals:
        return np.asarray((distinct[1:] + distinct[:-1]) / 2)
    at = np.linspace(0, 1, intervals + 1)[1:-1]
    edges = np.unique(np.quantile(x[known], at, weights=weight[known], method="inverted_cdf"))
    return np.asarray(edges[edges > distinct[0]])


@dataclass(frozen=True, eq=False)
class _Design:
    """The cases by the interval they take in each column.

    What a case adds up to is ``common @ increments``, as if it took the commonest interval in every column,
    and ``beside @ increments`` for those cells in which it takes another one. Facts are rare, so such
    cells are few.
    """

    cells: csr_array
    common: Floats
    beside: Floats
    mass: list[Floats]
    penalty: Floats
    bounds: list[tuple[float | None, float | None]]


def _design(matrix: Floats, edges: list[Floats], signs: NDArray[np.int64], weight: Floats) -> _Design:
    n_increments = sum(len(some) + 1 for some in edges)
    common = np.zeros(n_increments)
    beside, rows, cells, masses, penalty, bounds = [], [], [], [], [], []
    at = n_beside = 0
    for column, some in enumerate(edges):
        x, n_steps = matrix[:, column], len(some)
        reached = np.where(np.isnan(x), n_steps + 1, np.searchsorted(some, x, side="right"))
        mass = np.bincount(reached, weight, minlength=n_steps + 2)
        known = mass[:-1] / (mass[:-1].sum() or 1.0)
        levels = np.zeros((n_steps + 2, n_increments))
        steps = np.tril(np.ones((n_steps + 1, n_steps)), -1)
        # Around the mean of what is known, so that the penalty draws the unknown there.
        levels[:-1, at : at + n_steps] = steps - known @ steps
        levels[-1, at + n_steps] = 1.0
        usual = int(mass.argmax())
        common += levels[usual]
        beside.append(np.delete(levels, usual, axis=0) - levels[usual])
        other = np.flatnonzero(reached != usual)
        rows.append(other)
        cells.append(n_beside + reached[other] - (reached[other] > usual))
        masses.append(known)
        penalty += [max(1.0, n_steps / 2)] * n_steps + [1.0]
        sign = signs[column]
        bounds += [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None)] * n_steps + [(None, None)]
        at, n_beside = at + n_steps + 1, n_beside + n_steps + 1
    row, cell = np.concatenate(rows), np.concatenate(cells)
    taken = csr_array((np.ones(len(row)), (row, cell)), shape=(len(matrix), n_beside))
    return _Design(taken, common, np.concatenate(beside), masses, np.array(penalty), bounds)
