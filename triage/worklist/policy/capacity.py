"""How many cases can be opened before the last deadline, and by whom."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import CapacityError

if TYPE_CHECKING:
    from collections.abc import Mapping

LAST_DAY = 30


@dataclass(frozen=True)
class Capacity:
    """How many cases can be opened before the last deadline.

    Parameters
    ----------
    count : int or None
        A number of cases.
    share : float or None
        Or a share of the cases on the list.
    per_day : float or None
        Or a number of cases a day; 0.5 is one in two days.
    days : int
        Days to the last deadline, for `per_day`.
    parts : tuple of Capacity
        Or the capacities of the units, which add up.

    Raises
    ------
    CapacityError
        Not exactly one of them is given, or it is impossible.
    """

    count: int | None = None
    share: float | None = None
    per_day: float | None = None
    days: int = LAST_DAY
    parts: tuple[Capacity, ...] = ()

    def __post_init__(self) -> None:
        given = [name for name in ("count", "share", "per_day") if getattr(self, name) is not None]
        if len(given) + bool(self.parts) != 1:
            found = " and ".join([*given, *(["units"] if self.parts else [])])
            raise CapacityError(
                f"{found} contradict" if found else "no capacity",
                expected="exactly one of count, share and per_day",
            )
        if self.count is not None and (not _is_number(self.count, int) or self.count < 1):
            raise CapacityError(f"capacity {self.count}", expected="a whole number of 1 or more, or a share")
        if self.share is not None and not (_is_number(self.share, int, float) and 0 < self.share <= 1):
            raise CapacityError(f"a share of {self.share}", expected="a share above 0, at most 1")
        if self.per_day is not None and not (
            _is_number(self.per_day, int, float) and 1 <= self.per_day * self.days < math.inf
        ):
            raise CapacityError(
                f"{self.per_day} a day",
                expected=f"a number with which at least one case is opened in {self.days} days",
            )

    def of(self, n_cases: int) -> int:
        """Return the number of cases that can be opened.

        A count is itself; a share is rounded up; a number per day, times the days, is rounded down.

        Examples
        --------
        >>> Capacity(share=0.023).of(18_000), Capacity(per_day=0.5).of(18_000)
        (414, 15)
        >>> Capacity(parts=(Capacity(count=10), Capacity(share=0.01))).of(500)
        15
        """
        if self.parts:
            return sum(part.of(n_cases) for part in self.parts)
        if self.count is not None:
            return self.count
        # As the number is written: 7 % of 100 is 7, though 0.07 * 100 in binary is a little more.
        if self.per_day is not None:
            return math.floor(Fraction(str(self.per_day)) * self.days)
        return math.ceil(Fraction(str(self.share)) * n_cases)

    def __str__(self) -> str:
        """Return the capacity as a person would write it."""
        if self.parts:
            return " + ".join(str(part) for part in self.parts)
        if self.count is not None:
            return f"{self.count:,}"
        return f"{self.per_day:g} a day" if self.per_day is not None else f"{self.share:.4g} of the cases"


def _is_number(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def take_capacity(capacity: Capacity | float) -> Capacity:
    """Return a capacity that is written as a number: a whole number of cases, or a share below 1.

    Raises
    ------
    CapacityError
        It is neither.

    Examples
    --------
    >>> take_capacity(25).count, take_capacity(0.023).share
    (25, 0.023)
    """
    if isinstance(capacity, Capacity):
        return capacity
    if _is_number(capacity, float) and 0 < capacity < 1:
        return Capacity(share=float(capacity))
    if _is_number(capacity, int, float) and capacity >= 1 and capacity == int(capacity):
        return Capacity(count=int(capacity))
    raise CapacityError(f"capacity {capacity!r}", expected="a count such as 25, or a share such as 0.023")


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


def share_places(capacities: Mapping[str, int], places: int) -> list[str]:
    """Give each place of the list, from the first on, to a unit, so that all get cases as good.

    Parameters
    ----------
    capacities : mapping of str to int
        Cases that each unit can open; one that can open none gets none.
    places : int
        Places to give.

    Returns
    -------
    list of str, length places
        The unit of each place; empty texts where there are no units.

    Notes
    -----
    The rule of Sainte-Laguë: the next place goes to the unit with the largest :math:`w / (2 s + 1)`, with
    capacity :math:`w` and :math:`s` places so far; of equal ones, to the first that is written. So down
    the list, at every length, each unit has its share but for rounding, and as many places as all can open
    give each what it can open.

    Examples
    --------
    >>> share_places({"north": 2, "south": 1}, 6)
    ['north', 'south', 'north', 'north', 'south', 'north']
    """
    able = {unit: size for unit, size in capacities.items() if size > 0}
    if not able:
        return [""] * places
    sizes = list(able.values())
    # No unit gets more than this in so many places: its share of whole rounds, and one round more.
    most = [min(places * size // sum(sizes) + size + 1, places) for size in sizes]
    turn = np.concatenate([(2 * np.arange(n) + 1) / size for n, size in zip(most, sizes, strict=True)])
    unit = np.repeat(np.arange(len(sizes)), most)
    names = list(able)
    return [names[index] for index in unit[np.lexsort((unit, turn))[:places]].tolist()]
