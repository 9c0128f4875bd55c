"""Logistic regression whose coefficients keep given signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, log_expit

from triage.scoring.two_classes import LogOddsClassifier, check_signs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


TOLERANCE = 1e-14
ENOUGH = 1e-4
MOST_HALVINGS = 40
SMALLEST_CURVATURE = 1e-10
CASES_AT_ONCE = 100_000


class SignedLogisticClassifier(LogOddsClassifier):
    r"""Logistic regression with a ridge penalty and coefficients of given sign.

    Columns are centred at the weighted mean of their known values and divided by the standard deviation; an
    unknown value (NaN) takes the mean and so contributes nothing. The objective is

    .. math:: C \sum_i w_i \log(1 + \exp(-y_i (b + z_i^\top \beta))) + \tfrac{1}{2} \lVert\beta\rVert^2

    with :math:`y_i = \pm 1`, minimised under the sign bounds by the projected Newton method; it is convex, so
    the minimum is the minimum.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty.
    signs : array-like of int, shape (n_features,), optional
        +1 for a coefficient that may not be negative, -1 for one that may not be positive, 0 for free.
    standardise : array-like of bool, shape (n_features,), optional
        Columns to divide by their standard deviation; all by default. A rare flag that is divided grows, so
        that the penalty hardly holds it.
    max_iter : int, default=200
        Most steps.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    coef_ : array of float, shape (n_features,)
        Per standardised column.
    intercept_ : float
        Log-odds at the means.
    center_, scale_ : array of float, shape (n_features,)
        Means and standard deviations used.
    n_iter_ : int
        Iterations taken.

    References
    ----------
    Bertsekas, D. P. (1982). Projected Newton methods for optimization problems with simple constraints. SIAM
    Journal on Control and Optimization 20, 221-246.

    Examples
    --------
    >>> X = [[1.0], [2.0], [3.0], [4.0]]
    >>> SignedLogisticClassifier(signs=[-1]).fit(X, [0, 0, 1, 1]).coef_.tolist()
    [0.0]
    """

    def __init__(
        self,
        C: float = 1.0,
        signs: ArrayLike | None = None,
        standardise: ArrayLike | None = None,
        max_iter: int = 200,
    ) -> None:
        self.C = C
        self.signs = signs
        self.standardise = standardise
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
            Weights; a weight of two equals a row that stands twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There are not exactly two classes, or signs do not fit the columns.
        """
        matrix, positive, weight = self._take_cases(X, y, sample_weight)
        if not self.C > 0:
            raise ValueError(f"C must be above 0, and is {self.C}.")
        self.center_, self.scale_ = _standard(matrix, weight)
        if self.standardise is not None:
            self.scale_ = np.where(
                _one_each(self.standardise, "standardise", matrix.shape[1]), self.scale_, 1.0
            )
        design = np.ones((len(matrix), matrix.shape[1] + 1))
        self._standardise(matrix, into=design[:, 1:])
        self._minimise(design, np.where(positive == 1, 1.0, -1.0), weight)
        return self

    def _minimise(self, design: Floats, y: Floats, weight: Floats) -> None:
        signs = check_signs(self.signs, design.shape[1] - 1)
        # The penalty keeps the curvature of every coefficient positive, but leaves the intercept alone.
        penalty = np.r_[0.0, np.ones(len(signs))]
        direction = np.r_[0, signs]
        theta = np.zeros(design.shape[1])
        value = self._value(theta, design, y, weight)
        self.n_iter_ = 0
        while self.n_iter_ < self.max_iter:
            self.n_iter_ += 1
            margin = y * (design @ theta)
            chance = expit(-margin)
            gradient = -self.C * (design.T @ (weight * y * chance)) + penalty * theta
            held = (theta == 0.0) & (direction * gradient > 0)
            free = ~held
            curvature = self.C * weight * chance * (1.0 - chance)
            hessian = _sum_curvature(design, free, curvature) + np.diag(penalty[free] + SMALLEST_CURVATURE)
            newton = np.zeros_like(theta)
            newton[free] = -cho_solve(cho_factor(hessian), gradient[free])
            # What is left to gain, to second order, is less than the objective can tell.
            if -gradient @ newton <= TOLERANCE * max(1.0, abs(value)):
                break
            theta, value, moved = self._search(
                theta, value, newton, gradient, direction=direction, cases=(design, y, weight)
            )
            if not moved:
                break
        self.intercept_, self.coef_ = float(theta[0]), theta[1:] + 0.0

    def _search(
        self,
        theta: Floats,
        value: float,
        newton: Floats,
        gradient: Floats,
        *,
        direction: NDArray[Any],
        cases: tuple[Floats, Floats, Floats],
    ) -> tuple[Floats, float, bool]:
        """Go along the step as far as it lowers the objective enough, back inside the signs."""
        length = 1.0
        for _ in range(MOST_HALVINGS):
            reached = theta + length * newton
            reached[direction * reached < 0] = 0.0
            there = self._value(reached, *cases)
            if there <= value + ENOUGH * float(gradient @ (reached - theta)):
                return reached, there, not np.array_equal(reached, theta)
            length /= 2
        return theta, value, False

    def _value(self, theta: Floats, design: Floats, y: Floats, weight: Floats) -> float:
        loss = -float(weight @ log_expit(y * (design @ theta)))
        return self.C * loss + 0.5 * float(theta[1:] @ theta[1:])

    def _standardise(self, X: Floats, into: Floats | None = None) -> Floats:
        Z = np.subtract(X, self.center_, out=into)
        Z /= self.scale_
        return np.nan_to_num(Z, copy=False, nan=0.0)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""
        matrix = self._take_matrix(X)
        return np.asarray(self.intercept_ + self._standardise(matrix) @ self.coef_)


def _sum_curvature(design: Floats, free: NDArray[np.bool_], curvature: Floats) -> Floats:
    """Return the weighted products of the free columns, by parts of the cases, to copy few at once."""
    total = np.zeros((free.sum(), free.sum()))
    for start in range(0, len(design), CASES_AT_ONCE):
        some = slice(start, start + CASES_AT_ONCE)
        used = design[some, free]
        total += (used.T * curvature[some]) @ used
    return total


def _one_each(values: ArrayLike, name: str, n_features: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n_features,):
        raise ValueError(f"{name} must be {n_features} values, one a column.")
    return array


def _standard(X: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return weighted means and standard deviations of the known values; 0 and 1 where there are none."""
    known = ~np.isnan(X)
    mass = weight @ known
    filled = np.where(known, X, 0.0)
    safe = np.where(mass > 0, mass, 1.0)
    center = weight @ filled / safe
    # In place: with many cases every copy counts.
    filled -= center
    filled *= filled
    filled[~known] = 0.0
    variance = weight @ filled / safe
    # A column that does not vary, up to rounding, has no scale of its own.
    flat = variance <= (1e-12 * np.fmax(np.abs(center), 1.0)) ** 2
    return center, np.where(flat, 1.0, np.sqrt(variance))
