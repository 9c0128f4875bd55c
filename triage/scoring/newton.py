"""Logistic regression with one or two coefficients, by Newton's method, and when it has no maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

STEPS = 100
HALVINGS = 30
LONGEST = 5.0
NO_FIT = "the fit did not converge"


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """Coefficients of a logistic regression and their covariance.

    Parameters
    ----------
    coefficients : array of shape (columns,)
        At the maximum of the likelihood.
    covariance : array of shape (columns, columns)
        The inverse information; with weights the sandwich.
    """

    coefficients: FloatArray
    covariance: FloatArray


def why_no_slope(outcome: FloatArray, x: FloatArray) -> str:
    """Say why a logistic regression of an outcome on `x` has no finite maximum; empty where it has one.

    With one variable there is a maximum exactly when the values of the two kinds of cases overlap by more
    than one point (Albert and Anderson 1984).

    References
    ----------
    Albert, A., Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10.

    Examples
    --------
    >>> why_no_slope(np.array([0, 0, 1]), np.array([1.0, 2.0, 2.0]))
    'the two kinds of cases are separated'
    """
    if x.min() == x.max():
        return "all values are equal"
    one, other = x[outcome == 1], x[outcome == 0]
    if other.max() <= one.min() or one.max() <= other.min():
        return "the two kinds of cases are separated"
    return ""


def fit_logistic(
    outcome: FloatArray, design: FloatArray, offset: FloatArray, weight: FloatArray | None = None
) -> LogisticFit | None:
    r"""Fit a logistic regression of the outcome by Newton's method with step halving.

    .. math:: \ell(\beta) = \sum_i w_i\,[y_i\eta_i - \log(1 + e^{\eta_i})],\quad
        \eta = o + X\beta

    Parameters
    ----------
    outcome : array of shape (cases,)
        y, 1 or 0.
    design : array of shape (cases, columns)
        X.
    offset : array of shape (cases,)
        o, added with a coefficient of 1.
    weight : array of shape (cases,), optional
        w; the covariance is then the sandwich.

    Returns
    -------
    LogisticFit or None
        None where the likelihood was not brought to a maximum.

    Examples
    --------
    >>> fit = fit_logistic(np.array([1.0, 0, 0, 0]), np.ones((4, 1)), np.zeros(4))
    >>> print(f"{fit.coefficients[0]:.4f}")
    -1.0986
    """
    w = np.ones(len(outcome)) if weight is None else weight
    beta = np.zeros(design.shape[1])
    likelihood = _likelihood(outcome, w, offset)
    for _ in range(STEPS):
        mean = expit(offset + design @ beta)
        gradient = design.T @ (w * (outcome - mean))
        information = (design.T * (w * mean * (1 - mean))) @ design
        if not np.linalg.cond(information) < 1 / np.finfo(np.float64).eps:
            return None
        step = np.linalg.solve(information, gradient)
        # The square of the step in standard errors: what is left to gain is far below what can be told.
        if gradient @ step < 1e-14 * w.max():
            inverse = np.linalg.inv(information).astype(np.float64)
            pull = None if weight is None else (weight * (outcome - mean)) ** 2
            return LogisticFit(
                beta + step, inverse if pull is None else inverse @ ((design.T * pull) @ design) @ inverse
            )
        # Far from the maximum the information says little, and a whole step can land where it is 0.
        step *= min(1.0, LONGEST / float(np.abs(design @ step).max()))
        for _ in range(HALVINGS):
            reached = _likelihood(outcome, w, offset + design @ (beta + step))
            if reached >= likelihood - 1e-12 * abs(likelihood):
                break
            step *= 0.5
        beta, likelihood = beta + step, reached
    return None


def _likelihood(outcome: FloatArray, weight: FloatArray, eta: FloatArray) -> float:
    return float(weight @ (outcome * eta - np.logaddexp(0, eta)))
