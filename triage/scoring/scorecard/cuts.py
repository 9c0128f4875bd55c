"""Binary columns: every statement about a case that a scorecard could give points for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UP, DOWN = 1, -1
_FLAG_VALUES = (-1.0, 0.0, 1.0)
_DENIED, _ASSERTED = -1.0, 1.0


@dataclass(frozen=True)
class Cuts:
    """Statements ``x >= edge`` (up) and ``x < edge`` (down) about the columns of a table.

    Of an unknown value (NaN) neither is true, so that it earns no points.

    Parameters
    ----------
    source : tuple of int
        Column of the table that each statement is about.
    edge : tuple of float
        Where it is cut.
    side : tuple of int
        `UP` or `DOWN`.
    """

    source: tuple[int, ...]
    edge: tuple[float, ...]
    side: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.source)

    def apply(self, X: Floats) -> NDArray[np.bool_]:
        """Return which statements are true of which cases.

        Parameters
        ----------
        X : array of float, shape (n_cases, n_columns)
            NaN where unknown.

        Returns
        -------
        array of bool, shape (n_cases, n_statements)

        Examples
        --------
        >>> cuts = Cuts((0, 0), (2.0, 2.0), (UP, DOWN))
        >>> cuts.apply(np.array([[1.0], [2.0], [np.nan]])).astype(int).tolist()
        [[0, 1], [1, 0], [0, 0]]
        """
        result = np.empty((len(X), len(self)), dtype=np.bool_)
        for index, (source, edge, side) in enumerate(zip(self.source, self.edge, self.side, strict=True)):
            x = X[:, source]
            result[:, index] = x >= edge if side == UP else x < edge
        return result

    def select(self, chosen: NDArray[np.intp]) -> Cuts:
        """Return some of the statements."""
        return Cuts(
            tuple(self.source[index] for index in chosen),
            tuple(self.edge[index] for index in chosen),
            tuple(self.side[index] for index in chosen),
        )


def find_cuts(X: Floats, positive: NDArray[np.bool_], weight: Floats, most: int) -> Cuts:
    """Choose the statements that a card may be made of.

    A column with few values is cut between every two of them; one with many at quantiles, in which either
    outcome counts half, so that the few positives have a say in where. Where unknown values are among the
    known ones, each cut makes two statements (``x >= edge`` and ``x < edge``), so that unknown may lie above,
    below or between; otherwise the second would only repeat the first. A flag (-1 denied, 0 unknown,
    1 asserted) makes ``asserted`` and ``denied``.

    Parameters
    ----------
    X : array of float, shape (n_cases, n_columns)
        NaN where unknown.
    positive : array of bool, shape (n_cases,)
        Outcomes.
    weight : array of float, shape (n_cases,)
        Above 0.
    most : int
        Most cuts a column.

    Examples
    --------
    >>> X = np.array([[0.0, -1.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> cuts = find_cuts(X, np.array([False, False, True, True]), np.ones(4), 10)
    >>> list(zip(cuts.source, cuts.edge, cuts.side))
    [(0, 1.0, 1), (1, -0.5, -1), (1, 0.5, 1)]
    """
    found: list[tuple[int, float, int]] = []
    for source in range(X.shape[1]):
        known = ~np.isnan(X[:, source])
        values, index = np.unique(X[known, source], return_inverse=True)
        if known.all() and values[0] == _DENIED and np.isin(values, _FLAG_VALUES).all():
            found += _cut_flag(source, values)
            continue
        masses = [
            np.bincount(index, weight[known] * (positive[known] == outcome), len(values)).astype(np.float64)
            for outcome in (False, True)
        ]
        edges = _cut_values(values, masses, most)
        # A column known throughout needs no second side; one with a single value but unknowns needs a first.
        sides = (UP,) if known.all() else (UP, DOWN)
        if not known.all() and len(values):
            found.append((source, float(values[0]), UP))
        found += [(source, edge, side) for side in sides for edge in edges]
    if not found:
        return Cuts((), (), ())
    source_, edge_, side_ = zip(*found, strict=True)
    return Cuts(source_, edge_, side_)


def _cut_flag(source: int, values: Floats) -> list[tuple[int, float, int]]:
    """Return `denied` and `asserted` for a flag; one of them where nothing is unknown."""
    asserted, denied = (source, 0.5, UP), (source, -0.5, DOWN)
    if values[-1] < _ASSERTED:
        return [denied] if len(values) > 1 else []
    return [denied, asserted] if len(values) == len(_FLAG_VALUES) else [asserted]


def _cut_values(values: Floats, masses: list[Floats], most: int) -> list[float]:
    """Return at most `most` edges between the distinct values, at quantiles of both outcomes alike."""
    if len(values) < 2:
        return []
    gaps = np.arange(len(values) - 1)
    if len(gaps) > most:
        # Sums of whole weights are exact, so that a weight of two is a row that stands twice.
        below = sum(np.cumsum(mass)[:-1] / max(mass.sum(), 1e-300) for mass in masses if mass.sum() > 0)
        below = below / sum(mass.sum() > 0 for mass in masses)
        wanted = np.arange(1, most + 1) / (most + 1)
        after = np.clip(np.searchsorted(below, wanted), 0, len(gaps) - 1)
        before = np.maximum(after - 1, 0)
        nearer = np.abs(below[before] - wanted) <= np.abs(below[after] - wanted)
        gaps = np.unique(np.where(nearer, before, after))
    return [simplest_between(float(values[gap]), float(values[gap + 1])) for gap in gaps]


def simplest_between(low: float, high: float) -> float:
    """Return the number above `low` and up to `high` that has the fewest decimals.

    Examples
    --------
    >>> simplest_between(2, 3), simplest_between(27.31, 31.2), simplest_between(-4.2, 1.5)
    (3.0, 30.0, 0.0)
    """
    if low < 0 <= high:
        return 0.0
    exponent = math.floor(math.log10(high - low)) + 1 if high - low > 0 else 0
    for place in range(exponent, exponent - 4, -1):
        # Decimal places are cut from the text, where 0.1 is 0.1.
        number = round(math.floor(round(high / 10.0**place, 9)) * 10.0**place, max(-place, 0))
        if low < number <= high:
            return number
    return high
