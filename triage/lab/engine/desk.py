"""The desk: places at which investigations are in hand."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from triage.lab.engine.cases import ASIDE, BESIDE, IN_HAND, MAIN, TOP, look_into
from triage.lab.staff import lay_clock
from triage.lab.staff.clock import WEEK

if TYPE_CHECKING:
    from triage.lab.engine.cases import Cases
    from triage.lab.engine.pool import Pool
    from triage.lab.staff import Staff

_LANES = {"escalated": TOP, "ranked": MAIN, "youth": BESIDE}
FINISH, JOIN, REFER = range(3)
Event = tuple[float, int, int, int]


class Desk:
    """Who has what in hand.

    Parameters
    ----------
    staff : Staff
        Its units and their clocks.
    cases : Cases
        State of every case.
    pool : Pool
        From which cases are taken.
    agenda : list of (time, kind, int, int)
        A heap of what will happen; ends of investigations are put on it.
    start : float
        When the period begins, in seconds since 1970.
    weeks : int
        For which clocks are laid out.
    busy_hours : float
        Mean hours of the cases that are in hand when the period begins; 0 where nobody is busy then.
    """

    def __init__(
        self,
        staff: Staff,
        cases: Cases,
        pool: Pool,
        agenda: list[Event],
        *,
        start: float,
        weeks: int,
        busy_hours: float,
    ) -> None:
        self._cases, self._pool, self._agenda = cases, pool, agenda
        self._state, self._runs = look_into(cases.state), look_into(cases.runs)
        self.units = staff.units
        self.takes = [frozenset(_LANES[lane] for lane in unit.lanes) for unit in staff.units]
        self.takers = [
            [u for u, takes in enumerate(self.takes) if queue in takes] for queue in (TOP, MAIN, BESIDE)
        ]
        self.clocks = [lay_clock(staff, unit, start, weeks) for unit in staff.units]
        self.groups: list[tuple[int, int, int]] = []
        self.free: list[list[int]] = [[] for _ in staff.units]
        self.idle = [0, 0, 0]
        self.hand: dict[int, tuple[int, int, float]] = {}
        self._aside: list[list[tuple[float, int]]] = [[] for _ in staff.units]
        # By the queue of what may interrupt; whether a case goes before it is asked when one does.
        self._victims: dict[int, list[tuple[float, int, int]]] = {TOP: [], BESIDE: []}
        self._set_places(staff, start, weeks, busy_hours)

    def _set_places(self, staff: Staff, start: float, weeks: int, busy_hours: float) -> None:
        for index, unit in enumerate(staff.units):
            self.groups.append((index, index, unit.places))
            for place in range(unit.places):
                if busy_hours:
                    share = (place + 0.5) / unit.places
                    free_at = self.clocks[index].finish(start, busy_hours * share)
                    heappush(self._agenda, (free_at, JOIN, index, index))
                else:
                    self.join(index, index)
            for joining in unit.joining:
                clock = len(self.clocks)
                self.clocks.append(lay_clock(staff, unit, start, weeks, joining.week))
                self.groups.append((index, clock, joining.detectives * unit.caseload))
                for _ in range(joining.detectives * unit.caseload):
                    heappush(self._agenda, (start + joining.week * WEEK, JOIN, index, clock))

    def join(self, unit: int, clock: int) -> None:
        """Let a place become free."""
        self.free[unit].append(clock)
        for queue in self.takes[unit]:
            self.idle[queue] += 1

    def find_free(self, queue: int) -> int:
        """Return the unit with most free places that takes a queue; -1 where nobody is free."""
        best, most = -1, 0
        for unit in self.takers[queue]:
            if len(self.free[unit]) > most:
                best, most = unit, len(self.free[unit])
        return best

    def next_for(self, unit: int) -> int:
        """Take the next case for a unit: urgent, put aside, ranked, beside; -1 where nothing waits."""
        takes, case = self.takes[unit], -1
        if TOP in takes:
            case = self._pool.take_top()
        if case < 0 and BESIDE in takes:
            case = self._pool.take_beside(urgent=True)
        if case < 0:
            case = self._take_aside(unit)
        if case < 0 and MAIN in takes:
            case = self._pool.take_main()
        if case < 0 and BESIDE in takes:
            case = self._pool.take_beside()
        return case

    def _take_aside(self, unit: int) -> int:
        aside = self._aside[unit]
        while aside:
            _, case = heappop(aside)
            if self._state[case] == ASIDE:
                return case
        return -1

    def begin(self, case: int, unit: int, at: float, queue: int) -> None:
        """Begin or take up the investigation of a case that is of a queue now."""
        clock = self.free[unit].pop()
        for taken in self.takes[unit]:
            self.idle[taken] -= 1
        self._state[case] = IN_HAND
        self._runs[case] += 1
        self.hand[case] = (unit, clock, at)
        self._cases.unit[case] = unit
        run = self._runs[case]
        until = self.clocks[clock].finish(at, float(self._cases.left[case]))
        heappush(self._agenda, (until, FINISH, case, run))
        by = BESIDE if queue == BESIDE else TOP
        if by in self.takes[unit]:
            heappush(self._victims[by], (float(self._cases.key[case]), -case, run))

    def stop(self, case: int, at: float) -> int:
        """Take a case out of hand, account for its hours, and return the unit whose place is free now."""
        unit, clock, since = self.hand.pop(case)
        cases = self._cases
        cases.hours[case] += self.clocks[clock].spend(since, at)
        cases.left[case] = max(0.0, cases.left[case] - self.clocks[clock].work(since, at))
        self.join(unit, clock)
        return unit

    def put_aside(self, at: float, queue: int) -> int:
        """Put aside what stands lowest of what a queue may interrupt; return its unit, -1 for none."""
        victims = self._victims[queue]
        while victims:
            _, negative, run = heappop(victims)
            case = -negative
            if self._state[case] == IN_HAND and self._runs[case] == run and not self._pool.is_urgent(case):
                unit = self.stop(case, at)
                self._state[case] = ASIDE
                self._cases.interruptions[case] += 1
                heappush(self._aside[unit], (-float(self._cases.key[case]), case))
                return unit
        return -1

    def close(self, at: float) -> None:
        """Account for the hours of all that is still in hand."""
        for case in list(self.hand):
            self.stop(case, at)
