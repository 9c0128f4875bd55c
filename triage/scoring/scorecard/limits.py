"""What a card may hold: points within a range, signs, and a number of factors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.cuts import DOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.scoring.scorecard.cuts import Cuts

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Limits:
    """Bounds on the points of each statement, and how many may have any.

    Parameters
    ----------
    low, high : array of int, shape (n_columns,)
        Range of the points of each statement; signs are in it.
    source : array of int, shape (n_columns,)
        Column of the table that each statement is about. Statements about one column share a direction.
    side : array of int, shape (n_columns,)
        +1 for ``x >= edge``, -1 for ``x < edge``.
    factor : array of int, shape (n_columns,)
        Statements of the same number count as one factor.
    most_factors : int
        Most factors with points.
    most_steps : int
        Most statements with points in one factor.
    largest : float
        Most that a statement may add to the log-odds.
    """

    low: Integers
    high: Integers
    source: Integers
    side: Integers
    factor: Integers
    most_factors: int
    most_steps: int
    largest: float

    @property
    def finest(self) -> float:
        """The smallest multiplier: there the largest points stand for `largest`."""
        return float(max(np.abs(self.low).max(), np.abs(self.high).max(), 1)) / self.largest

    def open(self, held: Sequence[int], direction: Floats) -> tuple[Integers, Integers]:
        """Return the range of points that each further statement may have beside those of a card.

        Parameters
        ----------
        held : sequence of int
            Statements of the card.
        direction : array of float, shape (n_held,)
            Their points, or anything of the same sign; 0 binds nobody.

        Returns
        -------
        low, high : array of int, shape (n_columns,)
            Both 0 where a statement may not join.
        """
        low, high = self.low.copy(), self.high.copy()
        held_columns = np.asarray(held, dtype=np.int64)
        steps = np.bincount(self.factor[held_columns], minlength=int(self.factor.max()) + 1)
        full = steps[self.factor] >= self.most_steps
        if (steps > 0).sum() >= self.most_factors:
            full |= steps[self.factor] == 0
        full[held_columns] = True
        for column, sign in zip(held_columns, np.sign(direction), strict=True):
            kin = (self.source == self.source[column]) & ~full
            way = sign * self.side[column] * self.side
            low[kin & (way > 0)] = np.maximum(low[kin & (way > 0)], 0)
            high[kin & (way < 0)] = np.minimum(high[kin & (way < 0)], 0)
        low[full], high[full] = 0, 0
        return low, high

    def select(self, columns: NDArray[np.intp]) -> Limits:
        """Return the limits on some of the statements alone."""
        return replace(
            self, low=self.low[columns], high=self.high[columns], source=self.source[columns],
            side=self.side[columns], factor=self.factor[columns],
        )  # fmt: skip

    def admit(self, points: Integers) -> bool:
        """Tell whether a card is within all limits."""
        held = np.flatnonzero(points)
        if ((points < self.low) | (points > self.high)).any():
            return False
        if not len(held):
            return True
        _, steps = np.unique(self.factor[held], return_counts=True)
        if len(steps) > self.most_factors or steps.max() > self.most_steps:
            return False
        way = np.sign(points[held]) * self.side[held]
        return all(len(set(way[self.source[held] == one])) == 1 for one in set(self.source[held]))


def set_limits(
    cuts: Cuts, signs: NDArray[np.int_], points: tuple[int, int], *, most_factors: int,
    most_steps: int | None, by_column: bool, largest: float = 5.0,
) -> Limits:  # fmt: skip
    """Return the limits that follow from signs, a range of points and a count of factors.

    Parameters
    ----------
    cuts : Cuts
        The statements.
    signs : array of int, shape (n_table_columns,)
        +1 for a score that may not fall as the column grows, -1 for one that may not rise, 0 for either.
    points : (int, int)
        Least and most points.
    most_factors : int
        Most factors.
    most_steps : int or None
        Most statements a factor; None for any number. Only where statements of a column count as one.
    by_column : bool
        Whether statements about the same column count as one factor; otherwise each is one.
    largest : float
        Most that a statement may add to the log-odds.

    Examples
    --------
    >>> from triage.scoring.scorecard.cuts import DOWN, UP, Cuts
    >>> limits = set_limits(
    ...     Cuts((0, 0), (1.0, 1.0), (UP, DOWN)),
    ...     np.array([1]),
    ...     (-5, 5),
    ...     most_factors=1,
    ...     most_steps=None,
    ...     by_column=True,
    ... )
    >>> limits.low.tolist(), limits.high.tolist()
    ([0, -5], [5, 0])
    """
    source, side = np.array(cuts.source, dtype=np.int64), np.array(cuts.side, dtype=np.int64)
    way = signs[source] * np.where(side == DOWN, -1, 1)
    return Limits(
        low=np.where(way > 0, 0, points[0]).astype(np.int64),
        high=np.where(way < 0, 0, points[1]).astype(np.int64),
        source=source,
        side=side,
        factor=source if by_column else np.arange(len(source)),
        most_factors=most_factors,
        most_steps=len(source) if not by_column else most_steps or len(source),
        largest=largest,
    )
