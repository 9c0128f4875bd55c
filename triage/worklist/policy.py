"""The policy of the list: lanes, tiers, deadlines and capacity."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from triage.errors import TriageError

LANES = ("unreadable", "escalated", "youth", "ranked", "paused")
NOT_PLANNED = 5


class CapacityError(TriageError):
    """A capacity that is neither a count nor a share."""


@dataclass(frozen=True)
class Tier:
    """A deadline class.

    Parameters
    ----------
    number : int
        1 is the most urgent.
    days : int
        Days from the making of the list to its deadline.
    """

    number: int
    days: int


# 24 hours, 7, 14 and 30 days: the response times that police recommend for the four levels of risk.
TIERS = (Tier(1, 1), Tier(2, 7), Tier(3, 14), Tier(4, 30))


@dataclass(frozen=True)
class Capacity:
    """How many cases can be opened before the last deadline, in 30 days.

    Parameters
    ----------
    count : int or None
        A number of cases.
    share : float or None
        Or a share of the cases of the batch.
    """

    count: int | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if (self.count is None) == (self.share is None):
            raise CapacityError("a capacity", expected="either a count or a share")
        if self.count is not None and (
            isinstance(self.count, bool) or self.count != int(self.count) or self.count < 1
        ):
            raise CapacityError(f"capacity {self.count}", expected="a whole number of 1 or more, or share=")
        if self.share is not None and not 0 < self.share <= 1:
            raise CapacityError(f"a share of {self.share}", expected="a share above 0, at most 1")

    def of(self, n_cases: int) -> int:
        """Return the number of cases that can be opened; a count is itself, a share is rounded up.

        Examples
        --------
        >>> Capacity(share=0.023).of(18_000)
        414
        """
        if self.count is not None:
            return self.count
        # As the number is written: 7 % of 100 is 7, though 0.07 * 100 in binary is a little more.
        return math.ceil(Fraction(str(self.share)) * n_cases)


def parse_capacity(text: str) -> Capacity:
    """Read a capacity: a count such as ``25``, or a share such as ``2.3%`` or ``0.023``.

    Raises
    ------
    CapacityError
        It is neither.

    Examples
    --------
    >>> parse_capacity("2.3%").share, parse_capacity("25").count
    (0.023, 25)
    """
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(%?)\s*", text)
    if match:
        number = float(match[1])
        if match[2] and 0 < number <= 100:
            return Capacity(share=round(number / 100, 12))
        if not match[2] and number == round(number) and number >= 1:
            return Capacity(count=int(number))
        if not match[2] and 0 < number < 1:
            return Capacity(share=number)
    raise CapacityError(
        f"capacity '{text[:40]}'", expected="a count such as 25, or a share such as 2.3% or 0.023"
    )


def tier_of(position: int, capacity: int) -> int:
    """Return the tier of a place on the list.

    The capacity is what can be opened by the last deadline, at an even pace. So the first place that must
    be reached within ``d`` days lies at ``capacity * d / 30``: whoever works down the list at that pace
    keeps every deadline. Beyond the capacity nothing is promised.

    Parameters
    ----------
    position : int
        Place on the list, from 1.
    capacity : int
        Cases that can be opened.

    Examples
    --------
    >>> [tier_of(position, 30) for position in (1, 2, 7, 8, 30, 31)]
    [1, 2, 2, 3, 4, 5]
    """
    last = TIERS[-1].days
    for tier in TIERS:
        if position * last <= capacity * tier.days:
            return tier.number
    return NOT_PLANNED


def days_of(tier: int) -> int:
    """Return the days until the deadline of a tier from 1 to 4."""
    return TIERS[tier - 1].days
