"""Local quadratic regression of the outcome on the probability (loess): a linear map of shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

CELL = 0.2
MARGIN = 0.005
SINGULAR = 100 * np.finfo(np.float64).eps
MANY_ROWS, TELLABLE = 10_000, 1e-12
NARROWEST = 1e-100


@dataclass(frozen=True, eq=False)
class Nodes:
    """A smooth curve given by its values, and perhaps its slopes, at a few points.

    Parameters
    ----------
    at : array of shape (nodes,)
        The points, rising.
    smooth : bool
        Whether there are slopes: the curve is then cubic between two nodes (Hermite), else straight.
    exponent : int
        Nodes and slopes are in units of this power of two; see `power_of_two`.
    """

    at: FloatArray
    smooth: bool
    exponent: int

    def evaluate(self, x: FloatArray, coefficient: FloatArray) -> FloatArray:
        """Return the curve at `x`.

        Parameters
        ----------
        x : array of shape (points,)
            Within the first and the last node.
        coefficient : array of shape (nodes, ...) or (2 nodes, ...)
            Values at the nodes, then slopes where the curve is smooth; further axes are further curves.

        Returns
        -------
        array of shape (points, ...)
        """
        x, count = np.ldexp(x, -self.exponent), len(self.at)
        left = np.clip(np.searchsorted(self.at, x) - 1, 0, count - 2)
        width = self.at[left + 1] - self.at[left]
        h = (x - self.at[left]) / width
        more = (slice(None),) + (None,) * (coefficient.ndim - 1)
        if not self.smooth:
            straight: FloatArray = (1 - h)[more] * coefficient[left] + h[more] * coefficient[left + 1]
            return straight
        curve: FloatArray = ((1 - h) ** 2 * (1 + 2 * h))[more] * coefficient[left]
        curve += (h**2 * (3 - 2 * h))[more] * coefficient[left + 1]
        curve += (h * (1 - h) ** 2 * width)[more] * coefficient[count + left]
        curve += (h**2 * (h - 1) * width)[more] * coefficient[count + left + 1]
        return curve


@dataclass(frozen=True, eq=False)
class Groups:
    """Distinct probabilities, rising, and how many cases have each.

    Parameters
    ----------
    x, weight : array of shape (groups,)
        The probabilities and the number of cases.
    """

    x: FloatArray
    weight: FloatArray

    @property
    def total(self) -> float:
        """Number of cases."""
        return float(self.weight.sum())


@dataclass(frozen=True, eq=False)
class LinearSmooth:
    """A smooth of observed shares that is linear in them: fitted at nodes, interpolated between them.

    Parameters
    ----------
    nodes : Nodes
        Where it was fitted.
    operator : array of shape (coefficients, cells)
        Takes observed shares of cells to the values, and perhaps slopes, at the nodes.
    coefficient : array of shape (coefficients,)
        These values and slopes for the observed shares of the groups themselves.
    widened : int
        At how many nodes the neighbourhood had no width, and was widened.
    """

    nodes: Nodes
    operator: FloatArray
    coefficient: FloatArray
    widened: int


def fit_loess(
    groups: Groups, share: FloatArray, start: NDArray[np.int64], *, span: float, degree: int
) -> LinearSmooth | None:
    r"""Fit loess to the observed shares of groups and return it as a linear map.

    At each node q, a weighted least-squares polynomial in x - q on the nearest span n cases, with the weights

    .. math:: c_g\,\bigl(1 - (|x_g - q|/\rho)^3\bigr)^3

    where :math:`\rho` is the distance of the farthest of them. This is the algorithm of Cleveland and Grosse
    as in R's ``loess`` with its defaults (``surface = "interpolate", cell = 0.2``): nodes by a k-d tree whose
    cells hold at most 0.2 span n cases, cubic Hermite interpolation between them, least squares by a singular
    value decomposition that leaves out what cannot be determined. Where all cases of a neighbourhood are at
    one point or on its edge, R stops; here it is widened to the nearest degree + 2 distinct values.

    Parameters
    ----------
    groups : Groups
        At least two of them.
    share : array of shape (groups,)
        Observed share of each group.
    start : array of shape (cells,)
        First group of each cell of groups for which the linear map is wanted.
    span : float
        Share of the cases in a neighbourhood.
    degree : int
        0, 1 or 2.

    Returns
    -------
    LinearSmooth or None
        None where a neighbourhood is narrower than 1e-100 of the largest probability: a slope within it, and
        with it the curve outside it, would be beyond all numbers.

    References
    ----------
    Cleveland, W. S., Devlin, S. J. (1988). Locally weighted regression: an approach to regression analysis by
    local fitting. Journal of the American Statistical Association 83, 596-610.

    Cleveland, W. S., Grosse, E. (1991). Computational methods for local regression. Statistics and Computing
    1, 47-62.
    """
    ends = np.cumsum(groups.weight)
    near = neighbours(groups.total, span)
    unit = power_of_two(groups.x)
    x = np.ldexp(groups.x, -unit)
    at = _tree_nodes(x, ends, span)
    operator = np.zeros((2 * len(at), len(start)))
    coefficient = np.zeros(2 * len(at))
    widened = 0
    for index, node in enumerate(at):
        first, last, radius, wider = _neighbourhood(x, ends, node, near, degree)
        if degree and radius < NARROWEST:
            return None
        widened += wider
        window = slice(first, last)
        rows = _local_rows(x[window] - node, groups.weight[window], radius, degree)
        coefficient[[index, len(at) + index]] = rows @ share[window]
        cells = slice(int(np.searchsorted(start, first, "right")) - 1, int(np.searchsorted(start, last)))
        inside = np.maximum(start[cells] - first, 0)
        operator[[index, len(at) + index], cells] = np.add.reduceat(rows, inside, axis=1)
    return LinearSmooth(Nodes(at, smooth=True, exponent=unit), operator, coefficient, widened)


def power_of_two(x: FloatArray | float) -> int:
    """Return the exponent of the power of two just above all of `x`.

    In its units squares do not underflow, and scaling by a power of two changes no digit.
    """
    return int(np.frexp(np.max(np.abs(x)))[1])


def neighbours(total: float, span: float) -> float:
    """Return how many cases are in a neighbourhood: whole where the number of cases is."""
    return float(np.floor(total * span + 1e-5)) if total == round(total) else total * span


def _tree_nodes(x: FloatArray, ends: FloatArray, span: float) -> FloatArray:
    # Positions count cases from 1, as in the published code, so that cuts fall where it has them.
    margin = MARGIN * max(x[-1] - x[0], 1e-10 * max(abs(x[0]), abs(x[-1])) + 1e-30)
    low, high = float(x[0] - margin), float(x[-1] + margin)
    total = float(ends[-1])
    size = np.floor(total * (span * CELL)) if total == round(total) else total * (span * CELL)
    nodes = [low, high]
    waiting = [(1.0, total, low, high)]
    while waiting:
        first, last, left, right = waiting.pop(0)
        if last - first + 1 <= size:
            continue
        middle = _untied(ends, first, last)
        cut = float(x[_group_at(ends, middle)])
        if cut in {left, right}:
            continue
        nodes.append(cut)
        waiting += [(first, middle, left, cut), (middle + 1, last, cut, right)]
    return np.unique(nodes)


def _group_at(ends: FloatArray, position: float) -> int:
    return min(int(np.searchsorted(ends, position)), len(ends) - 1)


def _untied(ends: FloatArray, first: float, last: float) -> float:
    # The nearest position to the middle after which the value changes; the later of two equally near.
    middle = float(np.floor((first + last) / 2))
    group = _group_at(ends, middle)
    after = float(ends[group])
    before = float(ends[group - 1]) if group else 0.0
    if after == middle:
        return middle
    up, down = after - middle, middle - before
    # The published search tries 0, 1, -1, 2, -2 and so on, and gives up where it first leaves the cell.
    if up <= down:
        return after if after < last and up <= middle - first + 1 else middle
    return before if before >= first and down < last - middle else middle


def _neighbourhood(
    x: FloatArray, ends: FloatArray, node: float, near: float, degree: int
) -> tuple[int, int, float, bool]:
    def window(radius: float) -> tuple[int, int]:
        return int(np.searchsorted(x, node - radius)), int(np.searchsorted(x, node + radius, "right"))

    def mass(first: int, last: int) -> float:
        return float(ends[last - 1] - (ends[first - 1] if first else 0)) if last > first else 0.0

    below, above = 0.0, float(max(abs(x[0] - node), abs(x[-1] - node)))
    half = above / 2
    while below < half < above and above - below > 1e-15 * above:
        below, above = (below, half) if mass(*window(half)) >= near * (1 - 1e-12) else (half, above)
        half = (below + above) / 2
    first, last = window(above * (1 + 1e-12))
    unit = power_of_two(above)
    # Two values equally far but for rounding: the nearer one may already fill the neighbourhood.
    while last - first > 1:
        left = np.ldexp(x[first] - node, -unit) ** 2 >= np.ldexp(x[last - 1] - node, -unit) ** 2
        fewer = (first + 1, last) if left else (first, last - 1)
        if mass(*fewer) < near:
            break
        first, last = fewer
    distance = np.abs(x[first:last] - node)
    squared = np.ldexp(distance, -unit) ** 2
    if squared.min() < squared.max():
        return first, last, float(distance.max()), False
    order = np.sort(np.abs(x[max(first - degree - 2, 0) : last + degree + 2] - node))
    radius = float(order[min(degree + 1, len(order) - 1)]) * (1 + 1e-9)
    first, last = window(radius)
    return first, last, radius, True


def _local_rows(offset: FloatArray, weight: FloatArray, radius: float, degree: int) -> FloatArray:
    # Two rows: what takes observed shares to the value and to the slope of the local polynomial at offset 0.
    unit = power_of_two(radius)
    rows = _scaled_rows(np.ldexp(offset, -unit), weight, float(np.ldexp(radius, -unit)), degree)
    rows[1] = np.ldexp(rows[1], -unit)
    return rows


def _scaled_rows(offset: FloatArray, weight: FloatArray, radius: float, degree: int) -> FloatArray:
    squared = offset * offset
    ratio = np.sqrt(np.minimum(squared / radius**2, 1.0))
    falling = 1 - ratio * ratio * ratio
    local = weight * falling * falling * falling
    if len(offset) >= MANY_ROWS:
        rows = _orthogonal_rows(offset, local, degree)
        if rows is not None:
            return rows
    root = np.sqrt(local)
    design = np.column_stack([root, root * offset, root * squared][: degree + 1])
    norm = np.sqrt((design**2).sum(axis=0))
    norm[norm == 0] = 1.0
    q, r = np.linalg.qr(design / norm)
    u, size, v = np.linalg.svd(r, full_matrices=False)
    inverse = np.where(size > SINGULAR * size[0], 1 / np.where(size > 0, size, 1), 0)
    rows = np.zeros((2, len(offset)))
    kept = min(degree + 1, 2)
    rows[:kept] = (((v.T * inverse) @ u.T)[:kept] / norm[:kept, None]) @ q.T * root
    return rows


def _orthogonal_rows(offset: FloatArray, weight: FloatArray, degree: int) -> FloatArray | None:
    """Return the two rows by polynomials orthogonal in the weights; None where the weights cannot tell them.

    As exact as the singular value decomposition and ten times faster on many cases.

    References
    ----------
    Forsythe, G. E. (1957). Generation and use of orthogonal polynomials for data-fitting with a digital
    computer. Journal of the Society for Industrial and Applied Mathematics 5, 74-88.
    """
    rows = np.zeros((2, len(offset)))
    total = weight.sum()
    rows[0] = weight / total
    value, slope, before, size = 1.0, 0.0, 0.0, total
    scale, polynomial, earlier = 1.0, np.ones(len(offset)), np.zeros(len(offset))
    value_before, slope_before = 0.0, 0.0
    for _ in range(degree):
        weighted = weight * polynomial
        centre = float((weighted * polynomial * offset).sum()) / size
        polynomial, earlier = (offset - centre) * polynomial - before * earlier, polynomial
        value, value_before, slope, slope_before = (
            -centre * value - before * value_before,
            value,
            value - centre * slope - before * slope_before,
            slope,
        )
        weighted = weight * polynomial
        last, size = size, float((weighted * polynomial).sum())
        scale *= float((weight * offset * offset).sum()) / total
        if not size > total * scale * TELLABLE:
            return None
        before = size / last
        rows[0] += weighted * (value / size)
        rows[1] += weighted * (slope / size)
    return rows
