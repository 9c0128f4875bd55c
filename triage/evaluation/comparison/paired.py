"""Two shares of the same cases: intervals for their difference, and the exact test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, ndtri

from triage.errors import InputRefusedError
from triage.evaluation.figure import HypothesisTest
from triage.evaluation.inputs import FloatArray, check_confidence
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.proportions import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Halvings of an interval of length 2: beyond these a double has no more digits.
_HALVINGS = 60


def tango_interval(
    only_first: ArrayLike, only_second: ArrayLike, total: ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    r"""Return Tango's score interval for the difference of two shares of the same cases.

    All differences d that the score test does not reject: with b cases that only the first has, c that only
    the second has, of n,

    .. math:: \frac{|b - c - n d|}{\sqrt{n\,(2\hat q + d(1 - d))}} \le z,\quad
        \hat q = \frac{\sqrt{A^2 + 8 n c\, d (1 - d)} - A}{4n},\quad A = (2n - b + c)\,d - b - c

    where q is the share that only the second has, estimated under d.

    Parameters
    ----------
    only_first, only_second : array of any shape
        b and c; they may be fractional: expected or effective counts.
    total : array of the same shape, or one that broadcasts
        n.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : arrays of the common shape
        Of the share of the first minus that of the second; [-1, 1] for n = 0.

    Raises
    ------
    InputRefusedError
        A count below 0, or together above their total.

    References
    ----------
    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design. Statistics in Medicine 17, 891-908.

    Examples
    --------
    >>> low, high = tango_interval(1, 7, 21)
    >>> print(f"{low:.3f} {high:.3f}")
    -0.517 -0.026
    """
    b, c, n = _check_counts(only_first, only_second, total)
    z = ndtri((1 + check_confidence(confidence)) / 2)
    low, high = _end(b, c, n, z), -_end(c, b, n, z)
    return low[()], high[()]


def newcombe_paired_interval(
    both: float, only_first: float, only_second: float, neither: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Return Newcombe's square-and-add interval (his method 10) for the difference of two paired shares.

    From the Wilson intervals :math:`[l_1, u_1], [l_2, u_2]` of both shares and a correlation
    :math:`\varphi` of the two columns, with his correction for continuity,

    .. math:: d - \sqrt{(p_1 - l_1)^2 - 2\varphi (p_1 - l_1)(u_2 - p_2) + (u_2 - p_2)^2}

    and likewise above.

    Parameters
    ----------
    both, only_first, only_second, neither : float
        Cases that both have, only the first, only the second, and none.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : float
        Of the share of the first minus that of the second.

    Raises
    ------
    InputRefusedError
        A count below 0, or no case at all.

    References
    ----------
    Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial proportions
    based on paired data. Statistics in Medicine 17, 2635-2650.

    Examples
    --------
    >>> low, high = newcombe_paired_interval(1, 1, 7, 12)
    >>> print(f"{low:.3f} {high:.3f}")
    -0.507 -0.026
    """
    cells = np.array([both, only_first, only_second, neither], dtype=np.float64)
    n = float(cells.sum())
    if not (np.all(cells >= 0) and n > 0):
        raise InputRefusedError("counts below 0, or none", where="paired shares", expected="some cases")
    ones, twos = both + only_first, both + only_second
    first, second = ones / n, twos / n
    (low_1, low_2), (high_1, high_2) = wilson_interval([ones, twos], n, confidence=confidence)
    product = ones * (n - ones) * twos * (n - twos)
    excess = both * neither - only_first * only_second
    if excess > 0:
        excess = max(excess - n / 2, 0.0)
    correlation = excess / product**0.5 if product > 0 else 0.0
    down = _add(first - low_1, high_2 - second, correlation)
    up = _add(high_1 - first, second - low_2, correlation)
    return first - second - down, first - second + up


def mcnemar_test(
    only_first: float, only_second: float, *, count: int | None = None, denominator: str = ALL_CASES
) -> HypothesisTest:
    r"""Return McNemar's exact test that each of two lists finds as many cases that the other does not.

    Conditional on the b + c cases found by one list alone, b is binomial with a share of one half; the
    p-value is twice the smaller tail, at most 1. Fractional counts, from ties at the cut, interpolate
    through the incomplete beta function.

    Parameters
    ----------
    only_first, only_second : float
        b and c.
    count : int, optional
        How many cases the test rests on; b + c, rounded, where it is not given.
    denominator : str
        Of which cases it speaks.

    Raises
    ------
    InputRefusedError
        A count below 0.

    References
    ----------
    McNemar, Q. (1947). Note on the sampling error of the difference between correlated proportions or
    percentages. Psychometrika 12, 153-157.

    Examples
    --------
    >>> print(f"{mcnemar_test(1, 7).p_value:.4f}")
    0.0703
    """
    b, c, _ = (float(value) for value in _check_counts(only_first, only_second, only_first + only_second))
    rows = round(b + c) if count is None else count
    few, both = min(b, c), b + c
    # P(X <= few) of a binomial with both trials and a share of one half.
    tail = float(betainc(both - few, few + 1, 0.5)) if both > few else 1.0
    method = "McNemar's exact test that each finds as many cases that the other does not, two-sided"
    return HypothesisTest(b - c, min(2 * tail, 1.0), rows, method, denominator)


def _end(b: FloatArray, c: FloatArray, n: FloatArray, z: float) -> FloatArray:
    """Return the low end by bisection between -1 and the estimate."""
    safe = np.where(n > 0, n, 1.0)
    outside, inside = np.full(n.shape, -1.0), (b - c) / safe
    for _ in range(_HALVINGS):
        d = (outside + inside) / 2
        a = (2 * n - b + c) * d - b - c
        q = (np.sqrt(np.maximum(a**2 + 8 * n * c * d * (1 - d), 0.0)) - a) / (4 * safe)
        rejected = (b - c - n * d) ** 2 > z**2 * n * np.maximum(2 * q + d * (1 - d), 0.0)
        outside, inside = np.where(rejected, d, outside), np.where(rejected, inside, d)
    return np.where(n > 0, np.where(c == n, -1.0, (outside + inside) / 2), -1.0)


def _add(one: float, other: float, correlation: float) -> float:
    return float(max(one**2 - 2 * correlation * one * other + other**2, 0.0) ** 0.5)


def _check_counts(
    only_first: ArrayLike, only_second: ArrayLike, total: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    b, c, n = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (only_first, only_second, total))
    )
    # Sums of weights can pass their total by rounding alone.
    if not np.all((b >= 0) & (c >= 0) & (b + c <= n * (1 + 1e-9))):
        raise InputRefusedError(
            "a count below 0, above its total, or NaN",
            where="paired shares",
            expected="0 <= only first + only second <= total",
        )
    return b, c, n
