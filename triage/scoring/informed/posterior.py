"""The mode of a logistic likelihood under normal priors with signs, and how wide the posterior is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import erfcx, expit, log_ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 200
HALVINGS = 40
# The square of a step in standard errors: below, nothing is left that could be told.
_ENOUGH = 1e-16
_SUFFICIENT = 1e-4


@dataclass(frozen=True, eq=False)
class NormalPrior:
    r"""Independent normal distributions, those with a sign cut off at 0.

    .. math:: \pi(\theta) = \prod_j \frac{\phi((\theta_j - m_j) / s_j)}{s_j\,\Phi(\sigma_j m_j / s_j)},
        \quad \sigma_j \theta_j \ge 0

    without the divisor :math:`\Phi` where there is no sign.

    Parameters
    ----------
    mean, scale : array of float, shape (n_coefficients,)
        m and s, before the cut.
    sign : array of float, shape (n_coefficients,)
        +1 for a coefficient that may not be negative, -1 for one that may not be positive, 0 for free.
    """

    mean: Floats
    scale: Floats
    sign: Floats

    def admit(self, theta: Floats) -> Floats:
        """Return the nearest coefficients that keep the signs."""
        return np.where(theta * self.sign < 0, 0.0, theta)


@dataclass(frozen=True, eq=False)
class Posterior:
    """The mode of a posterior, and its width by Laplace's method.

    Parameters
    ----------
    mode : array of float, shape (n_coefficients,)
        The coefficients of greatest density.
    held : array of bool, shape (n_coefficients,)
        Which are held at 0 by their sign against the data.
    center, variance : array of float, shape (n_coefficients,)
        Of the normal distribution that each coefficient follows before it is cut off at 0; the center of a
        held coefficient lies on the wrong side.
    covariance : array of float, shape (n_coefficients, n_coefficients)
        Of the coefficients that are not held, given those that are; 0 for the held.
    log_evidence : float
        Logarithm of the probability of the outcomes under the prior.
    n_steps : int
        Newton steps taken.
    """

    mode: Floats
    held: NDArray[np.bool_]
    center: Floats
    variance: Floats
    covariance: Floats
    log_evidence: float
    n_steps: int


def find_posterior(
    design: Floats,
    outcome: Floats,
    weight: Floats,
    prior: NormalPrior,
    *,
    start: Floats | None = None,
    max_steps: int = STEPS,
) -> Posterior:
    r"""Find the mode of the posterior and its width.

    The density :math:`\exp(\sum_i w_i [y_i \eta_i - \log(1 + e^{\eta_i})])\,\pi(\theta)` with
    :math:`\eta = X\theta` is strictly log-concave, so the mode is one point. It is found by projected Newton
    steps [1]_. Laplace's method [2]_ takes the density for normal around it; where a sign cuts it off, the
    cut normal is integrated, one coefficient at a time.

    Parameters
    ----------
    design : array of float, shape (n_cases, n_coefficients)
        X; may have no rows.
    outcome, weight : array of float, shape (n_cases,)
        y, 1 or 0, and w.
    prior : NormalPrior
        One distribution a coefficient.
    start : array of float, shape (n_coefficients,), optional
        Where to begin; the mean of the prior by default.
    max_steps : int
        Most Newton steps.

    Returns
    -------
    Posterior

    References
    ----------
    .. [1] Bertsekas, D. P. (1982). Projected Newton methods for optimization problems with simple
       constraints. SIAM Journal on Control and Optimization 20, 221-246.
    .. [2] Tierney, L., Kadane, J. B. (1986). Accurate approximations for posterior moments and marginal
       densities. Journal of the American Statistical Association 81, 82-86.

    Examples
    --------
    Without cases the posterior is the prior.

    >>> prior = NormalPrior(np.array([1.6]), np.array([0.5]), np.array([1.0]))
    >>> none = find_posterior(np.empty((0, 1)), np.empty(0), np.empty(0), prior)
    >>> print(none.mode, none.variance, f"{none.log_evidence:.3f}")
    [1.6] [0.25] 0.000
    """
    theta = prior.admit(prior.mean if start is None else start)
    loss = _loss(theta, design, outcome, weight, prior)
    gradient, hessian = _derivatives(theta, design, outcome, weight, prior)
    n_steps = 0
    while n_steps < max_steps:
        step, gain = _newton_step(gradient, hessian, _held(theta, gradient, prior))
        if gain < _ENOUGH * max(1.0, abs(loss)):
            break
        for _ in range(HALVINGS):
            reached = prior.admit(theta + step)
            fallen = _loss(reached, design, outcome, weight, prior)
            if fallen <= loss + _SUFFICIENT * float(gradient @ (reached - theta)) + 1e-14 * abs(loss):
                break
            step *= 0.5
        theta, loss = reached, fallen
        gradient, hessian = _derivatives(theta, design, outcome, weight, prior)
        n_steps += 1
    held = _held(theta, gradient, prior)
    covariance, variance = _spread(hessian, held)
    center = theta - np.where(held, gradient * variance, 0.0)
    log_evidence = (
        -loss
        - float(np.log(prior.scale).sum())
        - 0.5 * float(np.linalg.slogdet(hessian[np.ix_(~held, ~held)])[1])
        + _log_mass(theta, gradient, variance, held, prior)
    )
    return Posterior(theta, held, center, variance, covariance, log_evidence, n_steps)


def _loss(theta: Floats, design: Floats, outcome: Floats, weight: Floats, prior: NormalPrior) -> float:
    eta = design @ theta
    misfit = weight @ (np.logaddexp(0.0, eta) - outcome * eta)
    return float(misfit + 0.5 * np.sum(((theta - prior.mean) / prior.scale) ** 2))


def _derivatives(
    theta: Floats, design: Floats, outcome: Floats, weight: Floats, prior: NormalPrior
) -> tuple[Floats, Floats]:
    mean = expit(design @ theta)
    precision = prior.scale**-2
    gradient = design.T @ (weight * (mean - outcome)) + precision * (theta - prior.mean)
    hessian = (design.T * (weight * mean * (1.0 - mean))) @ design
    hessian[np.diag_indices_from(hessian)] += precision
    return gradient, hessian


def _held(theta: Floats, gradient: Floats, prior: NormalPrior) -> NDArray[np.bool_]:
    """Say which coefficients stand at 0 and would go to the wrong side if they might."""
    return np.asarray((prior.sign != 0) & (theta == 0) & (gradient * prior.sign > 0))


def _newton_step(gradient: Floats, hessian: Floats, held: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return the step of the coefficients that are not held, and twice the fall of the loss it promises."""
    free = ~held
    step = np.zeros(len(gradient))
    if free.any():
        step[free] = -cho_solve(cho_factor(hessian[np.ix_(free, free)]), gradient[free])
    return step, -float(gradient @ step)


def _spread(hessian: Floats, held: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the covariance given what is held, and the variance of each coefficient before it is cut off."""
    free = ~held
    covariance = np.zeros_like(hessian)
    inverse = np.linalg.inv(hessian[np.ix_(free, free)])
    covariance[np.ix_(free, free)] = 0.5 * (inverse + inverse.T)
    variance = np.diag(covariance).copy()
    # What is left of the curvature of a held coefficient once the free ones have given way.
    across = hessian[np.ix_(free, held)]
    variance[held] = 1.0 / (np.diag(hessian)[held] - np.sum(across * (inverse @ across), axis=0))
    return covariance, variance


def _log_mass(
    theta: Floats, gradient: Floats, variance: Floats, held: NDArray[np.bool_], prior: NormalPrior
) -> float:
    """Return what the signs change in the evidence: the mass inside after and before the outcomes."""
    signed = prior.sign != 0
    free, sign = signed & ~held, prior.sign
    after = log_ndtr(sign[free] * theta[free] / np.sqrt(variance[free])).sum()
    before = log_ndtr(sign[signed] * prior.mean[signed] / prior.scale[signed]).sum()
    # The integral of exp(-g t - t^2 / (2 v)) over t > 0, in units of the square root of 2 pi.
    pull = np.abs(gradient[held]) * np.sqrt(variance[held])
    tails = (0.5 * np.log(variance[held]) + np.log(0.5 * erfcx(pull / np.sqrt(2.0)))).sum()
    return float(after - before + tails)
