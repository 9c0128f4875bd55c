"""How far to trust the evidence: posteriors under several priors, averaged by how the outcomes judge each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr, ndtr, softmax

from triage.scoring.informed.posterior import STEPS, NormalPrior, find_posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BISECTIONS = 60


@dataclass(frozen=True, eq=False)
class Candidates:
    """Priors that differ in how much of the evidence they believe.

    Parameters
    ----------
    share : array of float, shape (n_candidates,)
        What the published means are multiplied with.
    factor : array of float, shape (n_candidates,)
        What their spreads are multiplied with.
    weight : array of float, shape (n_candidates,)
        Probability of each before any outcome; sums to 1.
    """

    share: Floats
    factor: Floats
    weight: Floats


@dataclass(frozen=True, eq=False)
class Average:
    """Posteriors of all candidates, and their weights after the outcomes.

    Parameters
    ----------
    mean : array of float, shape (n_coefficients,)
        Average of the modes.
    covariance : array of float, shape (n_coefficients, n_coefficients)
        Within the posteriors and between their modes.
    weight : array of float, shape (n_candidates,)
        Probability of each candidate.
    center, scale : array of float, shape (n_candidates, n_coefficients)
        Of the normal distributions, before they are cut off by the signs.
    sign : array of float, shape (n_coefficients,)
        The signs.
    n_steps : int
        Most Newton steps of a candidate.
    """

    mean: Floats
    covariance: Floats
    weight: Floats
    center: Floats
    scale: Floats
    sign: Floats
    n_steps: int

    def interval(self, level: float) -> Floats:
        """Return the equal-tailed interval of each coefficient, shape (n_coefficients, 2)."""
        return mixture_interval(self.center, self.scale, self.sign, self.weight, level)


def grid_candidates(
    shares: Floats,
    factors: Floats,
    *,
    likely_share: float = 1.0,
    likely_factor: float = 1.0,
    doubt: float = np.inf,
) -> Candidates:
    r"""Return every pair of a share and a factor, with log-normal weights around the likely pair.

    .. math:: p(\kappa, \tau) \propto
        \exp\Bigl(-\frac{\ln^2(\kappa / \kappa_0) + \ln^2(\tau / \tau_0)}{2 d^2}\Bigr)

    Parameters
    ----------
    shares, factors : array of float
        Values of :math:`\kappa` and :math:`\tau`.
    likely_share, likely_factor : float
        :math:`\kappa_0` and :math:`\tau_0`.
    doubt : float
        d; where it is infinite all pairs are equally probable.

    Examples
    --------
    >>> grid_candidates(np.array([0.5, 1.0]), np.array([1.0])).weight
    array([0.5, 0.5])
    >>> grid_candidates(np.array([0.5, 1.0]), np.array([1.0]), doubt=np.log(2.0)).weight.round(3)
    array([0.378, 0.622])
    """
    share, factor = (grid.ravel() for grid in np.meshgrid(shares, factors, indexing="ij"))
    if np.isinf(doubt):
        return Candidates(share, factor, np.full(len(share), 1.0 / len(share)))
    apart = np.log(share / likely_share) ** 2 + np.log(factor / likely_factor) ** 2
    return Candidates(share, factor, softmax(-0.5 * apart / doubt**2))


def average_posteriors(
    design: Floats,
    outcome: Floats,
    weight: Floats,
    prior: NormalPrior,
    candidates: Candidates,
    *,
    max_steps: int = STEPS,
) -> Average:
    r"""Find the posterior under each candidate and average them by their evidence.

    Candidate :math:`(\kappa, \tau)` has the prior :math:`N(\kappa m, \tau^2 s^2)`; the first coefficient, the
    intercept, keeps its own. The weights are
    :math:`p(\kappa, \tau \mid y) \propto p(\kappa, \tau)\,p(y \mid \kappa, \tau)`, with the evidence
    :math:`p(y \mid \kappa, \tau)` by Laplace's method [1]_ [2]_. A mixture of coefficients that keep a sign
    keeps it.

    Parameters
    ----------
    design : array of float, shape (n_cases, n_coefficients)
        The first column belongs to the intercept.
    outcome, weight : array of float, shape (n_cases,)
        1 or 0, and how many cases each one stands for.
    prior : NormalPrior
        m and s.
    candidates : Candidates
        What to average over; a single one is not averaged.
    max_steps : int
        Most Newton steps for each.

    References
    ----------
    .. [1] MacKay, D. J. C. (1992). Bayesian interpolation. Neural Computation 4, 415-447.
    .. [2] Hoeting, J. A., Madigan, D., Raftery, A. E., Volinsky, C. T. (1999). Bayesian model averaging: a
       tutorial. Statistical Science 14, 382-417.

    Examples
    --------
    >>> prior = NormalPrior(np.array([0.0, 1.6]), np.array([1.0, 0.5]), np.array([0.0, 1.0]))
    >>> none = average_posteriors(
    ...     np.empty((0, 2)),
    ...     np.empty(0),
    ...     np.empty(0),
    ...     prior,
    ...     grid_candidates(np.array([0.25, 0.75]), np.array([1.0])),
    ... )
    >>> none.mean, none.weight.round(3)
    (array([0. , 0.8]), array([0.5, 0.5]))
    """
    found, start = [], None
    intercept = np.arange(len(prior.mean)) == 0
    for share, factor in zip(candidates.share, candidates.factor, strict=True):
        scaled = NormalPrior(
            np.where(intercept, 1.0, share) * prior.mean,
            np.where(intercept, 1.0, factor) * prior.scale,
            prior.sign,
        )
        found.append(find_posterior(design, outcome, weight, scaled, start=start, max_steps=max_steps))
        start = found[-1].mode
    chance = softmax(np.log(candidates.weight) + np.array([one.log_evidence for one in found]))
    modes = np.stack([one.mode for one in found])
    mean = chance @ modes
    apart = modes - mean
    within = np.einsum("c,cij->ij", chance, np.stack([one.covariance for one in found]))
    return Average(
        mean,
        within + (apart.T * chance) @ apart,
        chance,
        np.stack([one.center for one in found]),
        np.sqrt(np.stack([one.variance for one in found])),
        prior.sign,
        max(one.n_steps for one in found),
    )


def mixture_interval(center: Floats, scale: Floats, sign: Floats, weight: Floats, level: float) -> Floats:
    """Return equal-tailed intervals of mixtures of normal distributions, those with a sign cut off at 0.

    Parameters
    ----------
    center, scale : array of float, shape (n_parts, n)
        Of the normal distributions before the cut.
    sign : array of float, shape (n,)
        +1 keeps what is not negative, -1 what is not positive, 0 all.
    weight : array of float, shape (n_parts,)
        Sums to 1.
    level : float
        Probability inside.

    Returns
    -------
    array of float, shape (n, 2)

    Examples
    --------
    A half-normal distribution:

    >>> print(mixture_interval(np.zeros((1, 1)), np.ones((1, 1)), np.ones(1), np.ones(1), 0.95).round(3))
    [[0.031 2.241]]
    """
    # A mirrored distribution has the mirrored interval.
    mirror = np.where(sign < 0, -1.0, 1.0)
    center = center * mirror
    reach = 12.0 * scale.max(axis=0)
    ends = []
    for tail in ((1.0 - level) / 2.0, (1.0 + level) / 2.0):
        low = np.where(sign == 0, center.min(axis=0) - reach, 0.0)
        high = np.fmax(center.max(axis=0), 0.0) + reach
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            below = weight @ _probability_below(middle, center, scale, sign != 0) < tail
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        ends.append(0.5 * (low + high) * mirror)
    return np.sort(np.column_stack(ends), axis=1)


def _probability_below(x: Floats, center: Floats, scale: Floats, cut: NDArray[np.bool_]) -> Floats:
    """Return the distribution function of normals, cut off at 0 from below where so marked."""
    # In logarithms, which keep far tails apart.
    above = np.exp(log_ndtr((center - x) / scale) - log_ndtr(center / scale))
    return np.asarray(np.where(cut, 1.0 - above, ndtr((x - center) / scale)))
