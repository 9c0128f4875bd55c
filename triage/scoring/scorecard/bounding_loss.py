"""The loss that the proof is about: rows that are alike are merged, and nothing is lost by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHUNK = 8_192
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Rows:
    r"""Distinct rows with the weight that falls on each.

    The weighted mean logistic loss of log-odds :math:`t` is
    :math:`f(t) = \sum_i u_i \log(1 + e^{t_i}) - \sum_i v_i t_i`.

    Parameters
    ----------
    matrix : array of float, shape (n_rows, n_columns), Fortran order
        Columns divided by the multiplier.
    total : array of float, shape (n_rows,)
        :math:`u_i`, weight of the row as a share of all weight.
    positive : array of float, shape (n_rows,)
        :math:`v_i`, the part of `total` with outcome 1.
    """

    matrix: Floats
    total: Floats
    positive: Floats

    def evaluate(self, log_odds: Floats) -> tuple[float, Floats]:
        """Return the loss and its derivative by each row's log-odds."""
        loss = self.total @ np.logaddexp(0.0, log_odds) - self.positive @ log_odds
        return float(loss), self.total * sigmoid(log_odds) - self.positive

    def fit_intercept(self, sums: Floats, start: float = 0.0) -> float:
        """Return the intercept that minimises the loss of log-odds ``sums + intercept``.

        Newton's method kept inside a bracket, which the mean outcome and the extremes of `sums` give.
        """
        low, high = self.bracket_intercept(float(sums.min()), float(sums.max()))
        intercept = min(max(start, low), high)
        for _ in range(200):
            chance = sigmoid(sums + intercept)
            slope = float(self.total @ chance - self.positive.sum())
            low, high = (low, intercept) if slope > 0 else (intercept, high)
            bend = float(self.total @ (chance * (1.0 - chance)))
            step = intercept - slope / bend if bend > 0 else np.nan
            following = step if low < step < high else 0.5 * (low + high)
            if abs(following - intercept) <= 4 * _EPS * (1.0 + abs(intercept)):
                break
            intercept = following
        return float(intercept)

    def bracket_intercept(self, least: float, most: float) -> tuple[float, float]:
        r"""Return an interval that holds the best intercept of every card with points sums in [least, most].

        At the best intercept :math:`b` the mean chance equals the mean outcome :math:`\bar y`, so
        :math:`\sigma(b + least) \le \bar y \le \sigma(b + most)`, and so
        :math:`\mathrm{logit}\,\bar y - most \le b \le \mathrm{logit}\,\bar y - least`.
        """
        base = float(np.log(self.positive.sum()) - np.log((self.total - self.positive).sum()))
        room = 1e-6 * (1.0 + abs(base) + abs(least) + abs(most))
        return base - most - room, base - least + room

    def restrict(self, columns: NDArray[np.intp]) -> Floats:
        """Return the given columns with a last column of ones, in Fortran order."""
        kept = np.empty((len(self.total), len(columns) + 1), order="F")
        kept[:, :-1] = self.matrix[:, columns]
        kept[:, -1] = 1.0
        return kept

    def margin(self, reach: float) -> float:
        """Return more than rounding can change a loss, or its tangent, at log-odds within `reach`."""
        return 4.0 * _EPS * (sum(self.matrix.shape) + 64) * (1.0 + reach)


def merge_rows(columns: Floats, outcome: Floats, weight: Floats, multiplier: float) -> Rows:
    """Return the distinct rows with their weights, as shares; exact, since the loss is a sum."""
    columns = np.ascontiguousarray(columns + 0.0)
    if columns.shape[1]:
        keys = columns.view(np.dtype((np.void, columns.itemsize * columns.shape[1]))).ravel()
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    else:
        first, place = np.zeros(1, dtype=np.intp), np.zeros(len(columns), dtype=np.intp)
    share = weight / weight.sum()
    return Rows(
        np.asfortranarray(columns[first] / multiplier),
        add_up(place, share, len(first)),
        add_up(place, share * outcome, len(first)),
    )


def add_up(place: NDArray[np.int64], values: Floats, length: int) -> Floats:
    """Return the sum of the values that have each place."""
    return np.bincount(place, values, length).astype(np.float64)


def sigmoid(log_odds: Floats) -> Floats:
    """Return ``1 / (1 + exp(-log_odds))`` without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))


def weigh_squares(matrix: Floats, weight: Floats) -> Floats:
    """Return ``matrix.T @ diag(weight) @ matrix`` in blocks of rows, so that no second matrix is held."""
    squares = np.zeros((matrix.shape[1], matrix.shape[1]))
    root = np.sqrt(weight)
    for start in range(0, len(matrix), CHUNK):
        block = matrix[start : start + CHUNK] * root[start : start + CHUNK, None]
        squares += block.T @ block
    return squares
