"""The cards that the proof is about, and the boxes they are split into."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.bounding_loss import Rows

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cards:
    """The set of cards that the proof is about.

    Parameters
    ----------
    rows : Rows
        The loss.
    groups : array of int, shape (p,)
        Factor of each column, 0 to n_groups - 1.
    n_groups : int
        Number of factors.
    max_factors : int
        Most factors a card may use.
    below, above : array of float, shape (n_cells,)
        A column takes a value in one of the intervals [below, above]; for whole points each is one number.
        One of them is [0, 0].
    """

    rows: Rows
    groups: Integers
    n_groups: int
    max_factors: int
    below: Floats
    above: Floats


@dataclass(frozen=True)
class Box:
    """A part of the cards.

    Parameters
    ----------
    low, high : array of float, shape (p,)
        Range of each column.
    required : array of bool, shape (n_groups,)
        Factors with at least one column that is not 0.
    bound : float
        No card of the box has a smaller loss.
    point : array of float, shape (p + 1,)
        Points and intercept to start from.
    middle : array of float, shape (p + 1,)
        The like for the plain minimum over the box.
    share : array of float, shape (n_groups,)
        z, how much of each factor the relaxation takes.
    worth : array of float, shape (p,)
        What a unit of each column's diagonal is worth.
    values : array of float, shape (p,)
        Card with the smallest lower estimate.
    """

    low: Floats
    high: Floats
    required: Flags
    bound: float
    point: Floats
    middle: Floats
    share: Floats
    worth: Floats
    values: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Reach:
    """Log-odds that cards of interest can give to each row.

    Parameters
    ----------
    low, high : array of float, shape (n_rows,)
        Ranges.
    excess : float
        How far above its lower bound the loss could be when they were found; they are narrower where it is
        small.
    """

    low: Floats
    high: Floats
    excess: float


class OutOfTimeError(Exception):
    """The time limit came in the middle of a bound."""


def shut_box(cards: Cards, box: Box) -> Box | None:
    """Close all other factors when the required ones are as many as allowed; None when they are more."""
    nonzero = (box.low > 0) | (box.high < 0)
    required = box.required.copy()
    required[cards.groups[nonzero]] = True
    empty = np.bincount(cards.groups, (box.low < 0) | (box.high > 0), cards.n_groups) == 0
    if (box.low > box.high).any() or (required & empty).any() or required.sum() > cards.max_factors:
        return None
    if required.sum() < cards.max_factors:
        return replace(box, required=required)
    out = ~required[cards.groups]
    return replace(box, required=required, low=np.where(out, 0.0, box.low), high=np.where(out, 0.0, box.high))
