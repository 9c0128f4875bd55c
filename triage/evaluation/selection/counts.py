"""Intervals for totals of weighted counts, and for shares made of two such totals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, gammainc, gammaincc, gammaincinv

from triage.evaluation.figure import NAN
from triage.evaluation.inputs import check_confidence

if TYPE_CHECKING:
    from collections.abc import Callable

METHOD = "mid-p gamma"
# So many standard errors one more case of the largest weight may move a total that is not thin.
_STANDARD_ERRORS = 1.5
_INFINITE = float("inf")


@dataclass(frozen=True)
class WeightedCount:
    r"""A sum of weights over independent cases that were counted, such as :math:`\sum w_i y_i`.

    Parameters
    ----------
    total : float
        The sum, 0 or more.
    variance : float
        Its estimated variance; with weights w and a Poisson count the sum of their squares. 0 where the
        total is known without doubt.
    extra : float
        The weight of one more case; 0 where all were looked at.
    extra_variance : float
        What that case would add to the variance.
    thin : bool
        Whether the total rests on so little that the largest weight which could have been counted was taken
        for `extra`, see `choose_extra`.

    Notes
    -----
    With equal weights, total / weight is a count, and all intervals here are those of that count.
    """

    total: float
    variance: float
    extra: float
    extra_variance: float
    thin: bool = False

    @property
    def effective(self) -> float:
        """The number of equally weighted cases that would leave the total as uncertain as it is."""
        return self.total**2 / self.variance if self.variance > 0 else _INFINITE if self.total else 0.0


def choose_extra(variance: float, typical: float, largest: float) -> float:
    """Return the weight of the one more case that an interval reckons with.

    The largest weight that could have been counted makes intervals that hold in every case, but far too wide
    ones where there are many lesser weights. The typical one (the mean weight of the cases looked at, or the
    largest of those counted, if that is more) is enough unless a single case of the largest weight would move
    the total by more than 1.5 standard errors: then its kind may hold much that was not seen and that the
    variance knows nothing of, and the largest is taken.

    References
    ----------
    Tiwari, R. C., Clegg, L. X., Zou, Z. (2006). Efficient interval estimation for age-adjusted cancer rates.
    Statistical Methods in Medical Research 15, 547-569.

    Examples
    --------
    >>> choose_extra(100**2, typical=20, largest=100), choose_extra(100**2, typical=20, largest=400)
    (20, 400)
    """
    return largest if is_thin(variance, largest) else min(typical, largest)


def is_thin(variance: float, largest: float) -> bool:
    """Say whether one more case of the largest weight would move a total by more than 1.5 standard errors."""
    return bool(largest > _STANDARD_ERRORS * variance**0.5)


@dataclass(frozen=True)
class _Gamma:
    """A gamma distribution by mean and shape; all at its mean where the shape is infinite."""

    mean: float
    shape: float

    @classmethod
    def of(cls, total: float, variance: float) -> _Gamma:
        if total == 0 or variance <= 0:
            return cls(total, _INFINITE)
        return cls(total, total**2 / variance)

    @property
    def scale(self) -> float:
        return self.mean / self.shape

    @property
    def certain(self) -> bool:
        return math.isinf(self.shape)

    def below(self, value: float) -> float:
        if self.certain:
            return float(value >= self.mean)
        return float(gammainc(self.shape, value / self.scale))

    def above(self, value: float) -> float:
        if self.certain:
            return float(value <= self.mean)
        return float(gammaincc(self.shape, value / self.scale))

    def quantile(self, p: float) -> float:
        if self.certain:
            return self.mean
        return float(gammaincinv(self.shape, p) * self.scale)


@dataclass(frozen=True)
class _Part:
    """The distribution of one gamma variable over its sum with another."""

    one: _Gamma
    other: _Gamma

    def below(self, share: float) -> float:
        one, other = self.one, self.other
        if share >= 1 or one.mean == 0:
            return 1.0
        if share <= 0 or other.mean == 0:
            return 0.0
        odds = share / (1 - share)
        if one.certain:
            return other.above(one.mean / odds)
        if other.certain:
            return one.below(other.mean * odds)
        ratio = odds * other.scale / one.scale
        return float(betainc(one.shape, other.shape, ratio / (1 + ratio)))

    def quantile(self, p: float) -> float:
        one, other = self.one, self.other
        if one.mean == 0:
            return 0.0
        if other.mean == 0:
            return 1.0
        if one.certain or other.certain:
            top = one.mean if one.certain else one.quantile(p)
            rest = other.mean if other.certain else other.quantile(1 - p)
            return top / (top + rest)
        part = float(betaincinv(one.shape, other.shape, p))
        top, rest = part * one.scale, (1 - part) * other.scale
        return top / (top + rest)


def total_interval(
    count: WeightedCount, *, confidence: float = 0.95, tails: tuple[float, float] | None = None
) -> tuple[float, float]:
    r"""Return the mid-p gamma interval for the expectation of a weighted count.

    With the total y, its variance v and the weight w of one more case, the total is taken to be spread as
    gamma laws with mean and variance (y, v) and (y + w, v + w²), one half each. With equal weights the two
    are the laws behind the lower and the upper exact limit of a Poisson count, and their mean is its mid-p
    interval. The rarest kind of case that was not seen enters through w: the upper end of a total of 0 is
    that of w times a count of 0. The ends never lie beyond the limits of Fay and Feuer, which hold for any
    weights but are wide; where w is very large, the mid-p law alone would reach below the lower of them.

    Parameters
    ----------
    count : WeightedCount
        The total.
    confidence : float
        Level of the interval.
    tails : (float, float), optional
        Probability below and above it, where these differ; `confidence` is then not used.

    References
    ----------
    Fay, M. P., Feuer, E. J. (1997). Confidence intervals for directly standardized rates: a method based on
    the gamma distribution. Statistics in Medicine 16, 791-801.

    Fay, M. P., Kim, S. (2017). Confidence intervals for directly standardized rates using mid-p gamma
    intervals. Biometrical Journal 59, 377-387.

    Examples
    --------
    >>> low, high = total_interval(WeightedCount(total=30, variance=300, extra=10, extra_variance=100))
    >>> print(f"{low:.2f} {high:.2f}")  # ten times the mid-p interval of a Poisson count of 3
    7.63 81.64
    """
    bottom, top = tails or _equal_tails(confidence)
    fewer = _Gamma.of(count.total, count.variance)
    more = _Gamma.of(count.total + count.extra, count.variance + count.extra_variance)
    return _mixed(fewer, more, bottom), _mixed(fewer, more, 1 - top)


def share_interval(
    one: WeightedCount, other: WeightedCount, *, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Return the mid-p interval for the share that one weighted count has of its sum with another.

    The two totals are taken as independent and spread as in `total_interval`. For the lower end one more case
    is counted with the second, for the upper end one more with the first; half of each. With equal weights
    the two laws are the beta laws of Clopper and Pearson, and their mean gives the mid-p interval of a
    binomial share.

    Parameters
    ----------
    one, other : WeightedCount
        Such as current abuse found, and missed.
    confidence : float
        Level of the interval.

    Returns
    -------
    low, high : float
        NaN where both totals are 0.

    References
    ----------
    Fay, M. P. (1999). Approximate confidence intervals for rate ratios from directly standardized rates with
    sparse data. Communications in Statistics - Theory and Methods 28, 2141-2160.

    Lancaster, H. O. (1961). Significance tests in discrete distributions. Journal of the American Statistical
    Association 56, 223-234.

    Examples
    --------
    >>> low, high = share_interval(WeightedCount(3, 3, 1, 1), WeightedCount(9, 9, 1, 1))
    >>> print(f"{low:.4f} {high:.4f}")  # mid-p of 3 out of 12
    0.0679 0.5412
    """
    if one.total == 0 and other.total == 0:
        return NAN, NAN
    bottom, top = _equal_tails(confidence)
    fewer = _Part(
        _Gamma.of(one.total, one.variance),
        _Gamma.of(other.total + other.extra, other.variance + other.extra_variance),
    )
    more = _Part(
        _Gamma.of(one.total + one.extra, one.variance + one.extra_variance),
        _Gamma.of(other.total, other.variance),
    )
    return _mixed(fewer, more, bottom), _mixed(fewer, more, 1 - top)


def effective_interval(share: float, effective: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the mid-p interval of a share that is worth `effective` independent cases.

    Examples
    --------
    >>> low, high = effective_interval(0.25, 12.0)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0679 0.5412
    """
    yes, no = share * effective, (1 - share) * effective
    return share_interval(
        WeightedCount(yes, yes, 1.0, 1.0), WeightedCount(no, no, 1.0, 1.0), confidence=confidence
    )


def _equal_tails(confidence: float) -> tuple[float, float]:
    tail = (1 - check_confidence(confidence)) / 2
    return tail, tail


def _mixed(fewer: _Gamma | _Part, more: _Gamma | _Part, p: float) -> float:
    """Return the quantile of two laws, half of each, of which the second lies above the first."""
    low, high = fewer.quantile(p), more.quantile(p)
    # The second can have so much more spread that its lower quantile comes first.
    if not low < high:
        return low

    def miss(value: float) -> float:
        return 0.5 * fewer.below(value) + 0.5 * more.below(value) - p

    return _root(miss, low, high)


def _root(miss: Callable[[float], float], low: float, high: float) -> float:
    # A law that is all at one point leaps over the level there, without a root inside.
    if miss(low) >= 0:
        return low
    if miss(high) <= 0:
        return high
    return float(brentq(miss, low, high, xtol=1e-13 * high, rtol=1e-13))
