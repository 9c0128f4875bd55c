"""Means over seeds, and paired differences, with intervals that stay where a measure can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from triage.evaluation.figure import NAN, Figure
from triage.evaluation.proportions import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SEEDS = "seeds"
SHARES = frozenset({"share", "flag"})


@dataclass(frozen=True)
class PairedTest:
    """A difference between two ways on the same streams.

    Parameters
    ----------
    figure : Figure
        Mean difference over the seeds, with its t interval.
    p_value : float
        Of the paired t test that the mean difference is 0; NaN where it cannot be made.
    """

    figure: Figure
    p_value: float


def mean_figure(values: ArrayLike, unit: str = "", *, confidence: float = 0.95) -> Figure:
    r"""Return the mean of a value that each seed gave once, with its interval.

    The interval is for the mean over all streams of this world, not for the next year: a single year varies
    more. Where a seed gave no number, the mean of the others would be one over chosen seeds: there is none.

    With :math:`h` half of Student's t interval, a difference has :math:`\bar x \pm h`. What cannot be below
    0 has :math:`\bar x \exp(\pm h / \bar x)`, and a share :math:`\operatorname{expit}(\operatorname{logit}
    \bar x \pm h / (\bar x (1 - \bar x)))`: the delta method on the scale of logarithms and of log-odds. A
    flag, yes or no seed by seed, has Wilson's interval.

    Parameters
    ----------
    values : array of shape (seeds,)
        NaN where there was nothing to measure, infinite where it did not come about.
    unit : str
        Of a measure (`triage.lab.measures.Measure`), none of which can be below 0; empty for a difference,
        which can.
    confidence : float
        Level of the interval.

    References
    ----------
    Meeker, W. Q., Escobar, L. A. (1998). Statistical Methods for Reliability Data. Wiley, section 3.6: normal
    approximation on a transformed scale. With 10 seeds it held means of counts (Poisson, 2 and 20) in 0.95
    to 0.96 of the trials and shares (binomial, 0.05 to 0.97) in 0.95 to 0.96, the percentile bootstrap in
    0.90 to 0.91 of both.

    Examples
    --------
    >>> print(mean_figure([1, 2, 3]))
    2.0000 [-0.4841, 4.4841] (3 of seeds; mean over seeds, t interval 95 %)
    >>> print(mean_figure([1, 2, 3], "children"))
    2.0000 [0.5776, 6.9255] (3 of seeds; mean over seeds, t interval 95 % on the scale of logarithms)
    >>> print(mean_figure([1, np.inf, 3]))
    not estimable (3 of seeds; did not come about in 1 of 3 seeds)
    """
    value = np.asarray(values, dtype=np.float64)
    count = len(value)
    reason = why_no_mean(value)
    if reason:
        return Figure.not_estimable(reason, count, SEEDS)
    mean = float(value.mean())
    if count < 2:
        return Figure(mean, NAN, NAN, count, "one seed, no interval", SEEDS)
    level = f"{100 * confidence:g} %"
    if unit == "flag":
        ends = wilson_interval(float(value.sum()), count, confidence=confidence)
        low, high = (float(end) for end in ends)
        return Figure(mean, low, high, count, f"share of seeds, Wilson interval {level}", SEEDS)
    half = float(student.ppf((1 + confidence) / 2, count - 1) * value.std(ddof=1) / np.sqrt(count))
    low, high, scale = _bend(mean, half, unit)
    return Figure(mean, low, high, count, f"mean over seeds, t interval {level}{scale}", SEEDS)


def _bend(mean: float, half: float, unit: str) -> tuple[float, float, str]:
    """Return the ends of an interval that stays where a unit can be, and on which scale it was made."""
    if not unit or not half:
        return mean - half, mean + half, ""
    if unit in SHARES:
        steps = half / (mean * (1 - mean))
        low, high = expit(logit(mean) + np.array([-steps, steps]))
        return float(low), float(high), " on the scale of log-odds"
    ratio = np.exp(min(half / mean, 700.0))
    return float(mean / ratio), float(mean * ratio), " on the scale of logarithms"


def why_no_mean(value: ArrayLike) -> str:
    """Say why values have no mean over seeds; empty where they have one."""
    array = np.asarray(value, dtype=np.float64)
    nothing, never = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    if not len(array):
        return "no seed"
    if never:
        return f"did not come about in {never} of {len(array)} seeds"
    return f"nothing to measure in {nothing} of {len(array)} seeds" if nothing else ""


def compare_paired(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> PairedTest:
    """Return the mean of first less second over the seeds, with t interval and test.

    Parameters
    ----------
    first, second : array of shape (seeds,)
        What each of two ways came to on the same streams.
    confidence : float
        Level of the interval.

    References
    ----------
    Law, A. M. (2015). Simulation Modeling and Analysis, 5th edition, section 10.2.1: comparison of two
    systems by paired-t intervals under common random numbers.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    reason = why_no_mean(one) or why_no_mean(other)
    if reason:
        return PairedTest(Figure.not_estimable(reason, len(one), SEEDS), NAN)
    figure = mean_figure(one - other, confidence=confidence)
    return PairedTest(figure, _p_value(one - other))


def _p_value(difference: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    count = len(difference)
    if count < 2:
        return NAN
    error = float(difference.std(ddof=1) / np.sqrt(count))
    if not error:
        # Without any spread the test knows no noise: alike is alike, and a constant difference no chance.
        return 1.0 if not difference.any() else 0.0
    return float(2 * student.sf(abs(difference.mean()) / error, count - 1))
