"""Means over seeds, and paired differences, with t intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from triage.evaluation.figure import NAN, Figure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SEEDS = "seeds"


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


def mean_figure(values: ArrayLike, *, confidence: float = 0.95) -> Figure:
    """Return the mean of a value that each seed gave once, with its t interval.

    The interval is for the mean over all streams of this world, not for the next year: a single year varies
    more. Where a seed gave no number, the mean of the others would be one over chosen seeds: there is none.

    Parameters
    ----------
    values : array of shape (seeds,)
        NaN where there was nothing to measure, infinite where it did not come about.
    confidence : float
        Level of the interval.

    Examples
    --------
    >>> print(mean_figure([1, 2, 3]))
    2.0000 [-0.4841, 4.4841] (3 of seeds; mean over seeds, t interval 95 %)
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
    half = float(student.ppf((1 + confidence) / 2, count - 1) * value.std(ddof=1) / np.sqrt(count))
    return Figure(
        mean, mean - half, mean + half, count, f"mean over seeds, t interval {100 * confidence:g} %", SEEDS
    )


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
