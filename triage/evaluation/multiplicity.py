"""P-values of several tests, read together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import FloatArray


def adjust_holm(p_value: ArrayLike) -> FloatArray:
    r"""Return p-values adjusted by Holm's step-down procedure.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\{(m - j + 1)\,p_{(j)},\ 1\}

    Parameters
    ----------
    p_value : array of shape (tests,)
        NaN where no test was made: it stays NaN and does not count.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6, 65-70.

    Examples
    --------
    >>> adjust_holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_value, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    order, steps = rank_tests(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def rank_tests(p: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the tests in rising order of their p-value, and what Holm makes of each before the maximum."""
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    return order, np.minimum(p[order] * np.arange(len(order), 0, -1), 1.0)
