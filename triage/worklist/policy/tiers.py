"""The tiers: deadlines that can be kept by working down the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LANES = ("unreadable", "escalated", "youth", "ranked", "paused")
NOT_PLANNED = 5


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


def tier_of(position: int, capacity: int, tiers: Sequence[Tier] = TIERS) -> int:
    """Return the tier of a place on the list.

    The capacity is what can be opened by the last deadline, at an even pace. So the places that are
    reached within ``d`` days end at ``capacity * d / last``: whoever works down the list at that pace
    keeps every deadline. Beyond the capacity nothing is promised.

    Parameters
    ----------
    position : int
        Place on the list, from 1.
    capacity : int
        Cases that can be opened.
    tiers : sequence of Tier
        In order.

    Examples
    --------
    >>> [tier_of(position, 30) for position in (1, 2, 7, 8, 30, 31)]
    [1, 2, 2, 3, 4, 5]
    """
    last = tiers[-1].days
    for tier in tiers:
        if position * last <= capacity * tier.days:
            return tier.number
    return NOT_PLANNED


def days_of(tier: int, tiers: Sequence[Tier] = TIERS) -> int:
    """Return the days until the deadline of a tier from 1 to the last."""
    return tiers[tier - 1].days
