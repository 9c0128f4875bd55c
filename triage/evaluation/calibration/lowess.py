"""Local linear regression of the outcome on the probability as `lowess` in R has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.calibration.loess import LinearSmooth, Nodes, power_of_two

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray


def fit_lowess(
    x: FloatArray, count: NDArray[np.int64], share: FloatArray, start: NDArray[np.int64], *, span: float
) -> LinearSmooth:
    r"""Fit lowess without robustness steps to observed shares and return it as a linear map.

    Local lines on the nearest span n cases with tricube weights, at points at least 1 % of the range apart
    and linearly interpolated between them: R's ``lowess(p, y, f = span, iter = 0)``, as rms::val.prob has it.

    Parameters
    ----------
    x : array of shape (groups,)
        Distinct probabilities, rising, at least two.
    count : array of shape (groups,)
        How many cases have each.
    share : array of shape (groups,)
        Observed share of each.
    start : array of shape (cells,)
        First group of each cell of groups for which the linear map is wanted.
    span : float
        Share of the cases in a neighbourhood.

    References
    ----------
    Cleveland, W. S. (1979). Robust locally weighted regression and smoothing scatterplots. Journal of the
    American Statistical Association 74, 829-836.
    """
    ends, unit = np.cumsum(count), power_of_two(x)
    x = np.ldexp(x, -unit)
    near = max(2, min(int(ends[-1]), int(span * ends[-1] + 1e-7)))
    at, step, last = [0], 0.01 * float(x[-1] - x[0]), len(x) - 1
    while at[-1] < last:
        # The last point within a step of this one, or the next point where there is none.
        reached = int(np.searchsorted(x, x[at[-1]] + step, "right")) - 1
        at.append(max(min(reached, last), at[-1] + 1))
    operator, coefficient = np.zeros((len(at), len(start))), np.zeros(len(at))
    for index, group in enumerate(at):
        row = _local_line(x, count, ends, group, near)
        coefficient[index] = row @ share
        operator[index] = np.add.reduceat(row, start)
    return LinearSmooth(Nodes(x[at], smooth=False, exponent=unit), operator, coefficient, 0)


def _local_line(
    x: FloatArray, count: NDArray[np.int64], ends: NDArray[np.int64], group: int, near: int
) -> FloatArray:
    # The window slides right while that brings its farther end nearer, as the published code has it.
    low, high = 0, int(ends[-1]) - near
    while low < high:
        half = (low + high) // 2
        left, right = np.searchsorted(ends, [half, half + near], "right")
        low, high = (half + 1, high) if x[group] - x[left] > x[right] - x[group] else (low, half)
    left, right = np.searchsorted(ends, [low, low + near - 1], "right")
    width = max(x[group] - x[left], x[right] - x[group])
    distance = np.abs(x - x[group])
    weight = np.where(distance <= 0.999 * width, count, 0).astype(np.float64)
    weight *= np.where(
        distance > 0.001 * width, (1 - np.minimum(distance / max(width, 1e-300), 1) ** 3) ** 3, 1
    )
    weight /= weight.sum()
    middle = float(weight @ x)
    spread = float(weight @ (x - middle) ** 2)
    if np.sqrt(spread) > 0.001 * (x[-1] - x[0]):
        weight *= 1 + (x[group] - middle) / spread * (x - middle)
    return weight
