"""Search the smallest staff that meets a goal.

All numbers of detectives live through the same streams with the same luck, so that more of them nearly always
reach as many children. Where they do not, a number may be sure enough by luck: so the search halves the span,
and then goes up until a few numbers in a row are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure, as_plain
from triage.lab.runs.intervals import mean_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from triage.lab.optimise.goal import Goal

    Floats = NDArray[np.float64]

LOOK_ABOVE = 2
MARGINAL_STEP = 0.1


class TryStaff(Protocol):
    """Live through all streams with so many detectives."""

    def __call__(self, detectives: int) -> Tried:
        """Return what came of it."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What a number of detectives came to, seed by seed.

    Parameters
    ----------
    detectives : int
        How many.
    share : array of shape (seeds,)
        Share of the children reached within the days of the goal.
    children : array of shape (seeds,)
        Children reached in all.
    opened : array of shape (seeds,)
        Share of the children of whose person a case was opened within these days, reached or not.
    """

    detectives: int
    share: Floats
    children: Floats
    opened: Floats


@dataclass(frozen=True, eq=False)
class Capacity:
    """The smallest staff that reaches a goal.

    Parameters
    ----------
    goal : Goal
        What was asked.
    way : str
        Under which way of working.
    staff : int
        Detectives of the staff as it is.
    smallest : int or None
        So many detectives; None where not even the most that were tried reach it. The next `LOOK_ABOVE`
        numbers above reach it too.
    tried : tuple of Tried
        All that were tried, by rising number.
    breaks : tuple of (int, int)
        Numbers of detectives of which the smaller reached more on average than the larger: where the search
        by halves might have been misled.
    marginal_now, marginal : Figure
        Children reached in the period for each detective more than `staff`, and than `smallest`: the mean
        over the next tenth of a staff of that size, at least one. The second is not estimable where there is
        no smallest.
    checked : Figure
        Share that `smallest` reaches in other periods, which had no part in the search. The search takes the
        first staff that is sure enough, also one that luck lifted over the goal; here that luck is gone.
    confidence : float
        Level of the intervals.
    """

    goal: Goal
    way: str
    staff: int
    smallest: int | None
    tried: tuple[Tried, ...] = field(repr=False)
    breaks: tuple[tuple[int, int], ...]
    marginal_now: Figure
    marginal: Figure
    checked: Figure
    confidence: float

    def share(self, tried: Tried) -> Figure:
        """Return the share that a staff reaches, with its interval over seeds."""
        return mean_figure(tried.share, "share", confidence=self.confidence)

    def at(self, detectives: int) -> Tried:
        """Return what a number of detectives that was tried came to."""
        return next(one for one in self.tried if one.detectives == detectives)

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with one row a number of detectives that was tried."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = []
        for one in self.tried:
            share, opened = self.share(one), mean_figure(one.opened, "share", confidence=self.confidence)
            children = mean_figure(one.children, "children", confidence=self.confidence)
            rows.append({
                "detectives": one.detectives,
                "share": share.estimate, "share_low": share.low, "share_high": share.high,
                "sure_of": self.goal.sure_of(one.share), "met": self.goal.met_by(one.share),
                "seeds_met": float(np.mean(one.share >= self.goal.share)), "opened": opened.estimate,
                "children": children.estimate, "children_low": children.low, "children_high": children.high,
            })  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """Return in plain words how many detectives the goal takes, and what one more brings."""
        from triage.lab.report.staffing import answer_goal  # noqa: PLC0415 - it takes capacities

        return answer_goal((self,))

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict


def search_smallest(
    attempt: TryStaff,
    goal: Goal,
    *,
    way: str,
    start: int,
    most: int,
    check: TryStaff | None = None,
    confidence: float = 0.95,
) -> Capacity:
    """Find the smallest number of detectives that meets a goal.

    It doubles or halves from `start` until the goal lies between two numbers, halves the span between them,
    and then goes up to the first number that meets it together with the next `LOOK_ABOVE` ones, in case more
    detectives did not always reach more.

    Parameters
    ----------
    attempt : callable
        Number of detectives -> what came of it.
    goal : Goal
        What shall be reached.
    way : str
        For the result.
    start, most : int
        The staff as it is, where the search begins, and the largest number to try.
    check : callable, optional
        As `attempt`, on other streams.
    confidence : float
        Level of the intervals.
    """
    if not 1 <= start <= most:
        raise InputRefusedError(
            f"{start} to {most} detectives", where="most", expected="at least the staff as it is"
        )
    tried: dict[int, Tried] = {}

    def meets(detectives: int) -> bool:
        tried[detectives] = attempt(detectives)
        return goal.met_by(tried[detectives].share)

    fails, works = _bracket(meets, start, most)
    if works is not None:
        while works - fails > 1:
            middle = (works + fails) // 2
            fails, works = (fails, middle) if meets(middle) else (middle, works)
        works = _look_above(meets, works, most)
    ordered = tuple(tried[number] for number in sorted(tried))
    nobody = Figure.not_estimable("no staff that was tried reaches the goal", 0, "seeds")

    def add_some(base: int) -> Figure:
        # A single one more changes who is free when, and that noise drowns what they reach.
        step = max(1, round(base * MARGINAL_STEP))
        return per_detective(attempt(base), attempt(base + step), confidence=confidence)

    checked = nobody
    if works is not None:
        checked = Figure.not_estimable("there are no other periods", 0, "seeds")
        if check is not None:
            checked = mean_figure(check(works).share, "share", confidence=confidence)
    return Capacity(
        goal=goal,
        way=way,
        staff=start,
        smallest=works,
        tried=ordered,
        breaks=find_breaks(ordered),
        marginal_now=add_some(start),
        marginal=nobody if works is None else add_some(works),
        checked=checked,
        confidence=confidence,
    )


def find_breaks(tried: Sequence[Tried]) -> tuple[tuple[int, int], ...]:
    """Return neighbours among the numbers tried of which the smaller reached more on average."""
    return tuple(
        (fewer.detectives, more.detectives)
        for fewer, more in pairwise(tried)
        if fewer.share.mean() > more.share.mean()
    )


def per_detective(base: Tried, more: Tried, *, confidence: float = 0.95) -> Figure:
    """Return the children that each added detective reached, seed by seed on the same streams."""
    return mean_figure(
        (more.children - base.children) / (more.detectives - base.detectives), confidence=confidence
    )


def _bracket(meets: Callable[[int], bool], start: int, most: int) -> tuple[int, int | None]:
    """Return a number that fails and one that works; nobody fails, and None where the most do."""
    if meets(start):
        works = start
        while works > 1:
            lower = works // 2
            if not meets(lower):
                return lower, works
            works = lower
        return 0, 1
    fails = start
    while fails < most:
        higher = min(2 * fails, most)
        if meets(higher):
            return fails, higher
        fails = higher
    return fails, None


def _look_above(meets: Callable[[int], bool], works: int, most: int) -> int | None:
    """Return the first number from one on that works with its next ones; None where the most does not."""
    number, in_a_row = works, 1
    while in_a_row <= LOOK_ABOVE and number < most:
        number += 1
        in_a_row = in_a_row + 1 if meets(number) else 0
    return number - in_a_row + 1 if in_a_row else None
