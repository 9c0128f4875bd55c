"""How many cases a capacity opens, and how many of those with current abuse are among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from triage.evaluation.ranking import Cut, Ranking

NO_POSITIVES = "no case with current abuse"
ALL_CASES = "all cases"
CAPACITIES = (0.01, 0.023, 0.05, 0.10)


@dataclass(frozen=True)
class OverTies:
    """A number over all orders of the cases that are tied at the cut.

    Parameters
    ----------
    worst, best : float
        With the tied cases in the order that serves children least, and best.
    expected : float
        The mean over all orders (the hypergeometric mean, so it may be fractional).
    """

    worst: float
    expected: float
    best: float


def cases_at(capacity: float, cases: float, *, whole: bool = True) -> float:
    """Return how many cases a capacity opens.

    Parameters
    ----------
    capacity : int or float
        A whole number of cases, 1 or more (above `cases` it means all); or a share of the cases, a float
        strictly between 0 and 1. The type decides, so that 1 is one case and 1.0 is refused.
    cases : float
        How many there are.
    whole : bool
        Round a share up to a whole case, as it must be when cases are opened one by one: a share then never
        opens fewer cases than it says, and at least one. The share counts as the decimal number it is
        written as: 0.1 of 30 cases is 3, not the 4 that binary rounding would give.

    Raises
    ------
    InputRefusedError
        Any other capacity.

    Examples
    --------
    >>> cases_at(0.023, 1000), cases_at(0.1, 30), cases_at(50, 30)
    (23, 3, 30)
    """
    kind = np.asarray(capacity).dtype.kind if np.ndim(capacity) == 0 else "several"
    if kind in "iu" and capacity >= 1:
        return min(int(capacity), cases)
    if kind == "f" and 0 < capacity < 1:
        exact = Fraction(str(capacity)) * Fraction(cases)
        return math.ceil(exact) if whole else float(exact)
    raise InputRefusedError(
        f"{capacity!r}",
        where="capacity",
        expected="a whole number of cases, 1 or more, or a share such as 0.023, above 0 and below 1",
    )


def found_at(ranking: Ranking, cut: Cut) -> OverTies:
    """Return the cases with current abuse before a cut, over all orders of the cases tied at it."""
    before = float(ranking.positive[: cut.group].sum())
    tied, tied_positive = float(ranking.weight[cut.group]), float(ranking.positive[cut.group])
    if not cut.splits:
        return OverTies(*[before + tied_positive] * 3)
    room = tied * cut.part
    return OverTies(
        worst=before + max(0.0, room - (tied - tied_positive)),
        expected=before + tied_positive * cut.part,
        best=before + min(room, tied_positive),
    )
