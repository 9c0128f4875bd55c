"""Outcomes over time as they would be, given how many there are in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

GRID = 200
# What is less likely than this, beside the likeliest, lies below the rounding of a Fourier transform.
NEGLIGIBLE = 1e-14


@dataclass(frozen=True, eq=False)
class CountLaw:
    """The law of a whole number on a window: ``chance[j]`` is that of ``first + j``."""

    first: int
    chance: FloatArray

    def plus(self, other: CountLaw) -> CountLaw:
        """Return the law of the sum of two independent numbers."""
        return _trim(self.first + other.first, np.convolve(self.chance, other.chance))


def count_laws(probability: FloatArray, step: NDArray[np.int64], steps: int) -> list[CountLaw]:
    r"""Return the law of the number of events in each step: a sum of independent Bernoulli draws.

    The Poisson binomial law, by inverting its characteristic function
    :math:`\prod_i (1 + p_i (e^{i\theta} - 1))` at equally spaced angles. With more than 200 different
    probabilities they are first moved to a grid of 200 on the logit scale; each is split between its
    neighbours, so that the mean stays and the variance changes by less than one part in a thousand.

    Parameters
    ----------
    probability : array of shape (cases,)
        Above 0 and below 1.
    step : array of shape (cases,)
        The step that each case falls into, from 0.
    steps : int
        How many there are.

    References
    ----------
    Hong, Y. (2013). On computing the distribution function for the Poisson binomial distribution.
    Computational Statistics & Data Analysis 59, 41-51.

    Examples
    --------
    >>> law = count_laws(np.array([0.5, 0.5]), np.array([0, 0]), 1)[0]
    >>> law.first, law.chance.round(12)
    (0, array([0.25, 0.5 , 0.25]))
    """
    grid, table = _tabulate(probability, step, steps)
    cases, mean = table.sum(axis=1), table @ grid
    spread = float(np.sqrt(np.max(table @ (grid * (1 - grid)))))
    window = 1 << int(np.ceil(np.log2(min(cases.max() + 1, 24 * spread + 64) + 1)))
    angle = 2 * np.pi * np.arange(window // 2 + 1) / window
    factor = 1 + grid[:, None] * np.expm1(1j * angle)[None, :]
    size = np.log(np.maximum(np.abs(factor), 1e-300))
    transform = np.exp(table @ size + 1j * (table @ np.angle(factor)))
    chances = np.maximum(np.fft.irfft(np.conj(transform), window, axis=1), 0.0)
    first = np.maximum(0, np.floor(mean).astype(np.int64) - window // 2)
    return [_trim(int(f), np.roll(row, -int(f))) for f, row in zip(first, chances, strict=True)]


def draw_counts(
    laws: list[CountLaw], total: int, resamples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the number of events in each step, given their number in all.

    An exact draw from the conditional law, step by step from the first: a count is as likely as its own
    chance times that of the rest in the steps that follow.

    Parameters
    ----------
    laws : list of CountLaw
        One for each step.
    total : int
        Events in all.
    resamples : int
        How many draws.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    array of shape (resamples, steps)

    Examples
    --------
    >>> laws = count_laws(np.full(6, 0.3), np.array([0, 0, 0, 1, 1, 2]), 3)
    >>> set(draw_counts(laws, 2, 50, np.random.default_rng(0)).sum(axis=1))
    {np.int64(2)}
    """
    rest = [CountLaw(0, np.ones(1))]
    for law in reversed(laws[1:]):
        rest.append(rest[-1].plus(law))
    counts = np.empty((resamples, len(laws)), dtype=np.int64)
    left = np.full(resamples, total)
    for index, law in enumerate(laws):
        after = rest[len(laws) - 1 - index]
        place = left[:, None] - (law.first + np.arange(len(law.chance)))[None, :] - after.first
        inside = (place >= 0) & (place < len(after.chance))
        weight = law.chance * np.where(inside, after.chance[np.where(inside, place, 0)], 0.0)
        ends = np.cumsum(weight, axis=1)
        drawn = rng.random(resamples) * ends[:, -1]
        counts[:, index] = law.first + np.sum(ends <= drawn[:, None], axis=1)
        left -= counts[:, index]
    return counts


def _tabulate(probability: FloatArray, step: NDArray[np.int64], steps: int) -> tuple[FloatArray, FloatArray]:
    """Return a grid of probabilities, and how many cases each step has at each of its points."""
    some = np.unique(probability[:100_000])
    grid: FloatArray = some if len(some) > GRID else np.unique(probability)
    if len(grid) <= GRID:
        place = np.searchsorted(grid, probability)
        return grid, _count(step * len(grid) + place, np.ones(len(step)), (steps, len(grid)))
    low, high = logit(probability.min()), logit(probability.max())
    grid = expit(np.linspace(low, high, GRID))
    place = np.clip(np.searchsorted(grid, probability, side="right") - 1, 0, GRID - 2)
    upper = np.clip((probability - grid[place]) / (grid[place + 1] - grid[place]), 0.0, 1.0)
    cell = step * GRID + place
    shape = (steps, GRID)
    return grid, _count(cell, 1 - upper, shape) + _count(cell + 1, upper, shape)


def _count(cell: NDArray[np.int64], part: FloatArray, shape: tuple[int, int]) -> FloatArray:
    table: FloatArray = np.bincount(cell, part, shape[0] * shape[1]).astype(np.float64)
    return table.reshape(shape)


def _trim(first: int, chance: FloatArray) -> CountLaw:
    kept = np.flatnonzero(chance > NEGLIGIBLE * chance.max())
    start, end = int(kept[0]), int(kept[-1]) + 1
    return CountLaw(first + start, chance[start:end])
