"""Cells of neighbouring probabilities: what resampling draws from, however many cases there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Ranking

FEWEST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Cells:
    """Cases with neighbouring probabilities, lowest first, as sums. Outcomes play no part in their choice.

    Parameters
    ----------
    start : array of shape (cells,)
        First distinct probability of each cell, counted in rising order.
    forecast : array of shape (cells,)
        Mean probability.
    lowest, highest : array of shape (cells,)
        Smallest and largest probability.
    weight, positive : array of shape (cells,)
        Cases, and cases with current abuse, as sums of weights.
    trials : array of shape (cells,)
        Rows in each cell; with weights, Kish's effective count, rounded, at least 1.
    exact : bool
        Whether each cell holds one probability only.
    """

    start: NDArray[np.int64]
    forecast: FloatArray
    lowest: FloatArray
    highest: FloatArray
    weight: FloatArray
    positive: FloatArray
    trials: NDArray[np.int64]
    exact: bool

    @property
    def share(self) -> FloatArray:
        """Observed share of each cell."""
        return self.positive / self.weight

    @property
    def part(self) -> FloatArray:
        """Each cell's part of all cases."""
        part: FloatArray = self.weight / self.weight.sum()
        return part

    @property
    def note(self) -> str:
        """Say in a method's text what the cells are; empty where each holds one probability."""
        return "" if self.exact else f" on {len(self.start):,} cells of neighbouring probabilities"


def make_cells(ranking: Ranking, most: int = 1000) -> Cells:
    """Join neighbouring probabilities into at most `most` cells.

    Cells are even in the mean of two measures: their part of the cases, and their part of the variance
    p(1 - p) that right probabilities announce. So the few cases with high probabilities, where current abuse
    is rare, are not thrown together. Equal probabilities stay together. Where there are no more than `most`
    distinct probabilities, each is a cell of its own.

    Parameters
    ----------
    ranking : Ranking
        Cases in the order of the probability.
    most : int
        How many cells at most; with weights also at most one for 20 rows, so that effective counts, which are
        rounded, are not small.

    Examples
    --------
    >>> from triage.evaluation.ranking import rank_cases
    >>> cells = make_cells(rank_cases([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]), 2)
    >>> cells.forecast, cells.share
    (array([0.2, 0.4]), array([0.33333333, 1.        ]))
    """
    probability, weight = np.asarray(ranking.score)[::-1], ranking.weight[::-1]
    rows = int(ranking.rows.sum())
    groups = len(probability)
    if groups > most and ranking.weighted:
        most = max(min(most, rows // FEWEST_ROWS), 1)
    start = np.arange(groups)
    if groups > most:
        variance = weight * probability * (1 - probability)
        measure = weight / weight.sum() + variance / max(variance.sum(), 1e-300)
        before = (np.cumsum(measure) - measure) / measure.sum()
        # A cell takes the groups that begin in its part.
        cell = np.minimum((before * most * (1 + 1e-12)).astype(np.int64), most - 1)
        start = np.flatnonzero(np.concatenate(([True], cell[1:] != cell[:-1])))
    sums = [
        np.add.reduceat(column, start)
        for column in (weight, ranking.positive[::-1], ranking.weight_squared[::-1], weight * probability)
    ]
    kish = np.rint(sums[0] ** 2 / sums[2])
    lowest, highest = probability[start], probability[np.append(start[1:], groups) - 1]
    return Cells(
        start=start,
        forecast=np.clip(sums[3] / sums[0], lowest, highest),
        lowest=lowest,
        highest=highest,
        weight=sums[0],
        positive=sums[1],
        trials=np.maximum(kish, 1).astype(np.int64),
        exact=len(start) == groups,
    )


def draw_shares(cells: Cells, chance: FloatArray, resamples: int, rng: np.random.Generator) -> FloatArray:
    """Draw observed shares of cells whose cases have current abuse with a given chance.

    Parameters
    ----------
    cells : Cells
        How many independent cases each cell is worth.
    chance : array of shape (cells,)
        Probability of current abuse in each.
    resamples : int
        How many draws.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array of shape (resamples, cells)
    """
    shares: FloatArray = rng.binomial(cells.trials, chance, (resamples, len(chance))) / cells.trials
    return shares
