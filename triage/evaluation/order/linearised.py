"""Intervals of rank statistics from their linearisation: what each case contributes to the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, stdtrit

from triage.evaluation.figure import NAN
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from triage.evaluation.inputs import FloatArray

# Rounding leaves a trace of variance where all cases contribute the same.
NO_VARIANCE = 1e-18
# The most that leaves the interval of the area under the ROC curve at 96.5 % on average for normal scores.
STEADY = 7


@dataclass(frozen=True)
class VariancePart:
    r"""What one kind of cases contributes to the variance of a statistic.

    Parameters
    ----------
    variance : float
        :math:`\frac{m}{m - 1} \sum w^2 d^2 / (\sum w)^2`, d being what a case moves the statistic by, times
        the weight of its kind; NaN with a single case.
    count : float
        Kish's effective count m of these cases.
    """

    variance: float
    count: float

    @classmethod
    def of(cls, deviation: FloatArray, weight: float, squared: FloatArray) -> VariancePart:
        """Sum squared deviations over groups of cases.

        Parameters
        ----------
        deviation : array of shape (groups,)
            The d of the cases in each group.
        weight : float
            Sum of the weights of all these cases.
        squared : array of shape (groups,)
            Sums of their squared weights.
        """
        count = kish_count(weight, float(squared.sum()))
        if count <= 1 + 1e-12:
            return cls(NAN, count)
        return cls(float(squared @ deviation**2) / weight**2 * count / (count - 1), count)


def degrees_of_freedom(parts: tuple[VariancePart, ...]) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of variances.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics
    Bulletin 2, 110-114.

    Examples
    --------
    >>> degrees_of_freedom((VariancePart(2.0, 5.0), VariancePart(2.0, 5.0)))
    8.0
    """
    variance = sum(part.variance for part in parts)
    return variance**2 / sum(part.variance**2 / (part.count - 1) for part in parts)


def steady_variance(variance: float, freedom: float, model: float) -> tuple[float, float]:
    r"""Mix a variance from few cases with one that follows from the estimate by a model.

    .. math:: V = \frac{\nu S + \nu_0 H}{\nu + \nu_0},\quad \nu_0 = 7

    Near the ends of a statistic, the cases that would make S large are rare and mostly missing from a small
    sample, so that S alone is too small more often than not. As cases come in, S takes over.

    Parameters
    ----------
    variance, freedom : float
        S and its degrees of freedom.
    model : float
        H.

    Returns
    -------
    variance, freedom : float
        V and its degrees of freedom, :math:`\nu + \nu_0`.

    Examples
    --------
    >>> steady_variance(4.0, 7.0, 2.0)
    (3.0, 14.0)
    """
    return (freedom * variance + STEADY * model) / (freedom + STEADY), freedom + STEADY


def logit_interval(
    estimate: float, variance: float, freedom: float, confidence: float
) -> tuple[float, float]:
    r"""Return an interval for a share that is symmetric on the logit scale.

    .. math:: \operatorname{logit} A \mp t_{1 - \alpha/2,\,\nu}\, \frac{\sqrt V}{A (1 - A)}

    Parameters
    ----------
    estimate : float
        A, above 0 and below 1.
    variance : float
        V, of the estimate itself.
    freedom : float
        Of Student's t.
    confidence : float
        Level of the interval.

    Examples
    --------
    >>> low, high = logit_interval(0.5, 0.01, 1e9, 0.95)
    >>> print(f"{low:.4f} {high:.4f}")
    0.3135 0.6865
    """
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * variance**0.5 / (estimate * (1 - estimate))
    low, high = expit(logit(estimate) + np.array([-half, half]))
    return float(low), float(high)
