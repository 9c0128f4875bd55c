"""Intervals for a sum of shares, each times a value: what a benefit or a cost per case is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.figure import NAN
from triage.evaluation.proportions import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.evaluation.inputs import FloatArray

# Two shares of 0 and 1 are as far from independent as can be, but their correlation is 0/0.
_INSIDE = 1e-12


def contrast_distances(
    value: ArrayLike, share: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Return how far the interval for :math:`\theta = \sum_j c_j p_j` reaches down and up from the estimate.

    The shares p are of one multinomial count. The distances of independent sums add up in squares, which
    makes the interval of their sum.

    Each share gets its Wilson interval :math:`[l_j, u_j]`. Their distances from the share, taken in the
    direction in which the sum falls, recover its variance at the low end (MOVER), and in the other direction
    at the high end:

    .. math:: L = \hat\theta - \sqrt{\sum_{i,j} d_i d_j r_{ij}}, \quad
        d_j = c_j (\hat p_j - l_j) \text{ if } c_j > 0, \text{ else } |c_j| (u_j - \hat p_j)

    with the correlation of two cells of a multinomial,
    :math:`r_{ij} = -\text{sgn}(c_i c_j) \sqrt{p_i p_j / ((1 - p_i)(1 - p_j))}`. With many cases it is the
    Wald interval with the variance :math:`(\sum c_j^2 p_j - \theta^2)/n`; with few, or none in a cell, it
    has the width of Wilson's. A sum of one share, or of all shares, is Wilson's interval exactly.

    Parameters
    ----------
    value : array of shape (..., cells)
        What a case in the cell counts, c.
    share : array of shape (..., cells)
        Share of the cases in the cell, p. Cases in no cell count 0.
    trials : array of shape (...)
        Number of cases, n; with weights an effective one.
    confidence : float
        Level of the interval.

    Returns
    -------
    down, up : arrays of shape (...)

    References
    ----------
    Zou, G. Y., Donner, A. (2008). Construction of confidence limits about effect measures: a general
    approach. Statistics in Medicine 27, 1693-1702.

    Zou, G. Y., Huang, W., Zhang, X. (2009). A note on confidence interval estimation for a linear function
    of binomial proportions. Computational Statistics & Data Analysis 53, 1080-1085.

    Examples
    --------
    >>> down, up = contrast_distances([1.0, -0.5], [0.25, 0.25], 12)
    >>> print(f"{0.125 - down:.4f} {0.125 + up:.4f}")
    -0.1220 0.4433
    """
    c, p = np.broadcast_arrays(np.asarray(value, dtype=np.float64), np.asarray(share, dtype=np.float64))
    # Sums of weights pass 0 and 1 by rounding.
    p = np.clip(p, 0.0, 1.0)
    n = np.asarray(trials, dtype=np.float64)[..., np.newaxis]
    low, high = wilson_interval(p * n, np.broadcast_to(n, p.shape), confidence=confidence)
    below, above = c * (p - low), c * (high - p)
    root = np.sqrt(np.clip(p, _INSIDE, 1 - _INSIDE) / (1 - np.clip(p, _INSIDE, 1 - _INSIDE)))
    return (
        _length(np.where(c > 0, below, above), root),
        _length(np.where(c > 0, above, below), root),
    )


@dataclass(frozen=True, eq=False)
class Contrast:
    """A sum of shares times values, estimated from sums of weights.

    Parameters
    ----------
    value, share : array of shape (..., cells)
        What a case in the cell counts, and the share of the cases in it.
    estimate, variance, trials : array of shape (...)
        The sum; its linearised variance; and the count of cases that explains it.
    """

    value: FloatArray
    share: FloatArray
    estimate: FloatArray
    variance: FloatArray
    trials: FloatArray

    def distances(self, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return how far both ends of the interval lie from the estimate."""
        return contrast_distances(self.value, self.share, self.trials, confidence=confidence)


def measure_contrast(
    value: FloatArray, count: FloatArray, square: FloatArray, total: float, squared: float
) -> Contrast:
    r"""Return a contrast of shares that are ratios of sums of weights (Hajek).

    Its variance is linearised, :math:`\sum w^2 (z - \theta)^2 / (\sum w)^2` with z the value of a case; its
    count of cases explains that variance by the spread of one case.

    Parameters
    ----------
    value, count, square : array of shape (..., cells)
        What a case in the cell counts; sums of weights and of squared weights in the cell.
    total, squared : float
        The same sums over all cases, those in no cell included.
    """
    if total == 0:
        nothing = np.full(count.shape[:-1], NAN)
        return Contrast(value, np.full(count.shape, NAN), nothing, nothing, nothing)
    share = count / total
    middle = np.sum(value * share, axis=-1)
    spread = np.sum(value**2 * share, axis=-1) - middle**2
    deviations = np.sum(value**2 * square, axis=-1) - 2 * middle * np.sum(value * square, axis=-1)
    variance = np.maximum(deviations + middle**2 * squared, 0.0) / total**2
    return Contrast(value, share, middle, variance, effective_trials(spread, variance, total**2 / squared))


def effective_trials(spread: FloatArray, variance: FloatArray, kish: float | FloatArray) -> FloatArray:
    """Return the count of cases that explains a variance by the spread of one case; at most Kish's.

    As `triage.evaluation.weighting.effective_count`, for many at a time.
    """
    known = (spread > 0) & (variance > 0)
    explained = np.divide(spread, variance, out=np.full(np.shape(spread), np.inf), where=known)
    counts: FloatArray = np.minimum(explained, kish)
    return counts


def _length(distance: FloatArray, root: FloatArray) -> FloatArray:
    """Return the root of the quadratic form; distances carry the sign of their value."""
    square: FloatArray = np.sum(distance**2, axis=-1)
    for i in range(distance.shape[-1]):
        for j in range(i):
            correlation = np.minimum(root[..., i] * root[..., j], 1.0)
            square = square - 2 * correlation * distance[..., i] * distance[..., j]
    return np.sqrt(np.maximum(square, 0.0))
