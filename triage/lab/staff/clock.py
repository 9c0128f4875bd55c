"""The clock of a place: how much work is done between two moments, and when a given amount will be done."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from triage.lab.stream import DAY

if TYPE_CHECKING:
    from triage.lab.staff.staff import Staff, Unit

WEEK = 7 * DAY


@dataclass(frozen=True)
class Clock:
    """Hours of one place, summed up from the start of the period; straight lines between the weeks.

    Parameters
    ----------
    start : float
        When the period begins, in seconds since 1970.
    spent : list of float, length n_weeks + 1
        Hours spent by the beginning of each week.
    done : list of float, length n_weeks + 1
        The same in hours of an average experienced detective.
    """

    start: float
    spent: list[float]
    done: list[float]

    def _read(self, sums: list[float], at: float) -> float:
        weeks = (at - self.start) / WEEK
        week = min(int(weeks), len(sums) - 2)
        return sums[week] + (weeks - week) * (sums[week + 1] - sums[week])

    def spend(self, since: float, until: float) -> float:
        """Return the hours spent between two moments of the period."""
        return self._read(self.spent, until) - self._read(self.spent, since)

    def work(self, since: float, until: float) -> float:
        """Return the work done between two moments, in hours of an average experienced detective."""
        return self._read(self.done, until) - self._read(self.done, since)

    def finish(self, since: float, hours: float) -> float:
        """Return when so much work will be done; infinity where not before the clock ends.

        Examples
        --------
        >>> clock = Clock(0.0, [0.0, 40.0, 40.0, 80.0], [0.0, 40.0, 40.0, 80.0])
        >>> clock.finish(0.0, 60.0) / WEEK
        2.5
        """
        goal = self._read(self.done, since) + hours
        week = bisect_left(self.done, goal)
        if week == len(self.done):
            return float("inf")
        if week == 0:
            return since
        before = self.done[week - 1]
        return max(since, self.start + WEEK * (week - 1 + (goal - before) / (self.done[week] - before)))


def lay_clock(staff: Staff, unit: Unit, start: float, weeks: int, since_week: int | None = None) -> Clock:
    """Lay out the clock of one place of a unit.

    Parameters
    ----------
    staff : Staff
        Holidays and how new detectives learn.
    unit : Unit
        Hours, caseload and speed.
    start : float
        When the period begins, in seconds since 1970.
    weeks : int
        How many to lay out.
    since_week : int, optional
        The week in which a new detective begins; the place is of an experienced one if left out.
    """
    week = np.arange(weeks)
    hours = np.full(weeks, unit.hours_a_week / unit.caseload)
    if staff.holidays:
        iso = [datetime.fromtimestamp(start + (one + 0.5) * WEEK, UTC).isocalendar().week for one in week]
        hours *= [staff.holidays.get(one, 1.0) for one in iso]
    speed = np.full(weeks, unit.speed)
    if since_week is not None:
        hours[week < since_week] = 0.0
        if staff.starter_weeks > 0:
            # Half a week on: the mean over the week of what grows evenly.
            grown = np.clip((week - since_week + 0.5) / staff.starter_weeks, 0.0, 1.0)
            speed *= staff.starter_speed + (1.0 - staff.starter_speed) * grown
    spent, done = np.cumsum(hours), np.cumsum(hours * speed)
    return Clock(start, [0.0, *spent.tolist()], [0.0, *done.tolist()])
