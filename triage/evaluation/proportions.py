"""Intervals for a share of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtri

from triage.errors import InputRefusedError
from triage.evaluation.inputs import FloatArray, check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def wilson_interval(
    count: ArrayLike, total: ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Return Wilson's score interval for a proportion.

    .. math:: \frac{x + z^2/2 \pm z\sqrt{x(n - x)/n + z^2/4}}{n + z^2}

    Parameters
    ----------
    count : array of any shape
        How many have the property, x. It may be fractional: an expected or an effective count.
    total : array of the same shape, or one that broadcasts
        Of how many, n.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : arrays of the common shape
        Of 0 out of 0 the interval is [0, 1]: nothing was seen, nothing is excluded.

    Raises
    ------
    InputRefusedError
        A count below 0 or above its total.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of
    the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(3, 12)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0889 0.5323
    """
    x, n = _check_counts(count, total)
    z = ndtri((1 + check_confidence(confidence)) / 2)
    inner = np.divide(x * (n - x), n, out=np.zeros_like(n), where=n > 0) + z**2 / 4
    middle, half = (x + z**2 / 2) / (n + z**2), z * np.sqrt(inner) / (n + z**2)
    # At the ends the formula gives 0 and 1 only up to rounding.
    low = np.where(x == 0, 0.0, np.maximum(middle - half, 0.0))
    high = np.where(x == n, 1.0, np.minimum(middle + half, 1.0))
    return low[()], high[()]


def clopper_pearson_interval(
    count: ArrayLike, total: ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Return the exact interval of Clopper and Pearson for a proportion, from quantiles of the beta law.

    .. math:: [B(\alpha/2;\ x,\ n - x + 1),\ B(1 - \alpha/2;\ x + 1,\ n - x)]

    Parameters
    ----------
    count : array of any shape
        How many have the property, x; a fractional count interpolates.
    total : array of the same shape, or one that broadcasts
        Of how many, n.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : arrays of the common shape
        0 at the low end when the count is 0, 1 at the high end when it is the total; [0, 1] for 0 of 0.

    Raises
    ------
    InputRefusedError
        A count below 0 or above its total.

    References
    ----------
    Clopper, C. J., Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26, 404-413.

    Examples
    --------
    >>> low, high = clopper_pearson_interval(0, 10)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0000 0.3085
    """
    x, n = _check_counts(count, total)
    tail = (1 - check_confidence(confidence)) / 2
    bottom, top = x == 0, x == n
    low = np.where(bottom, 0.0, betaincinv(np.where(bottom, 1.0, x), n - x + 1, tail))
    high = np.where(top, 1.0, betaincinv(x + 1, np.where(top, 1.0, n - x), 1 - tail))
    return low[()], high[()]


def _check_counts(count: ArrayLike, total: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, n = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64))
    # Sums of weights can pass their total by rounding alone.
    if not np.all((x >= 0) & (x <= n * (1 + 1e-9))):
        raise InputRefusedError(
            "a count below 0, above its total, or NaN",
            where="proportion",
            expected="0 <= count <= total",
            mend="check which column is the count and which the total",
        )
    return np.minimum(x, n), n.copy()
