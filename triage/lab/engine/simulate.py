"""Live through a stream under one way of working."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.engine.abroad import find_abroad
from triage.lab.engine.cases import (
    ABSENT,
    ASIDE,
    ENDED,
    IN_HAND,
    LEFT,
    MAIN,
    RESTING,
    WAITING,
    Cases,
    find_queues,
    find_urgency,
    look_into,
)
from triage.lab.engine.desk import FINISH, JOIN, REFER, Desk
from triage.lab.engine.findings import Investigations
from triage.lab.engine.pool import Pool
from triage.lab.engine.ranking import Ranking
from triage.lab.engine.tracing import make_trace
from triage.lab.engine.weekly import make_list, settle_lots
from triage.lab.staff.clock import WEEK
from triage.lab.stream import DAY
from triage.lab.ways import parse_way

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.engine.desk import Event
    from triage.lab.staff import Staff
    from triage.lab.stream import Stream
    from triage.lab.trace import Trace
    from triage.lab.ways import Way
    from triage.lab.work import Work

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def simulate(stream: Stream, way: Way | str, staff: Staff, work: Work, *, weeks: int | None = None) -> Trace:
    """Live through a stream under one way of working.

    Reports arrive and make their case wait; who is free takes the next case by the way of working; an
    investigation takes the hours that luck and identity give it, and finds abuse that goes on with the chance
    that they give it. The truth is looked at when an investigation ends, and nowhere else. Each week a list
    is made: deadlines are given, the lottery is drawn, the lowest may leave, and what can be learned is.

    Parameters
    ----------
    stream : Stream
        What arrives, what can be known of it and when, and what is true.
    way : Way or str
        How cases are chosen; a text is read by `parse_way`.
    staff : Staff
        Who works.
    work : Work
        What an investigation costs and finds.
    weeks : int, optional
        After which the period ends, if it is not over before.

    Returns
    -------
    Trace
        The same to the byte for the same input.

    Raises
    ------
    InputRefusedError
        The stream does not have the score that the way asks for, or there is no week.
    """
    if weeks is not None and weeks < 1:
        raise InputRefusedError(f"weeks = {weeks}", where="simulate", expected="1 or more")
    run = Run(stream, parse_way(way) if isinstance(way, str) else way, staff, work, weeks)
    run.live()
    return make_trace(run)


class Run:
    """One run of the engine; `simulate` is its face.

    Parameters
    ----------
    stream, way, staff, work, weeks
        As for `simulate`.
    """

    def __init__(self, stream: Stream, way: Way, staff: Staff, work: Work, weeks: int | None) -> None:
        self.stream, self.staff, self.work = stream, staff, work
        self.name, self.way = way.name, way
        self.end = stream.end if weeks is None else min(stream.end, stream.start + weeks * WEEK)
        self.cases = Cases(len(stream.arrival))
        self.agenda: list[Event] = []
        self.urgency = find_urgency(stream.versions)
        self.queue = find_queues(stream.versions, escalate=way.escalate)
        self.pool = Pool(self.cases, self.queue, self.urgency)
        self.ranking = Ranking(stream, way)
        self.abroad_from = find_abroad(stream, work.referral)
        self.findings = Investigations(stream, work, self.cases, self.abroad_from)
        whole_weeks = int(np.ceil((self.end - stream.start) / WEEK)) + 1
        busy = float(np.mean(work.hours.mean)) if staff.busy_at_start else 0.0
        self.desk = Desk(
            staff, self.cases, self.pool, self.agenda, start=stream.start, weeks=whole_weeks, busy_hours=busy
        )
        self.paces: list[tuple[float, int]] = []
        self.waiting, self.pool_at, self.pool_size = 0, [stream.start], [0]
        self._take_views()

    def _take_views(self) -> None:
        cases = self.cases
        self._state, self._version = look_into(cases.state), look_into(cases.version)
        self._key = look_into(cases.key)
        self._promised = look_into(cases.promised)

    def live(self) -> None:
        """Go through the period week by week."""
        versions, start = self.stream.versions, self.stream.start
        order = np.argsort(versions.at, kind="stable")
        order = order[versions.at[order] < self.end]
        at = versions.at[order]
        for week in range(int(np.ceil((self.end - start) / WEEK))):
            monday = start + week * WEEK
            self.advance(monday)
            settle_lots(self)
            if week == self.way.change_week and self.way.then is not None:
                self.change_way(self.way.then)
            make_list(self, week, monday)
            low = 0 if week == 0 else int(np.searchsorted(at, monday))
            self._hear_all(order[low : int(np.searchsorted(at, monday + WEEK))])
        self.advance(self.end)
        settle_lots(self)
        self.desk.close(self.end)

    def change_way(self, way: Way) -> None:
        """Work in another way from now on."""
        self.way, self.ranking = way, Ranking(self.stream, way)
        self.queue = find_queues(self.stream.versions, escalate=way.escalate)
        self.pool.take_queues(self.queue, self.urgency)
        self.rank_again()

    def rank_again(self) -> None:
        """Put all who have come into order again, by what is known of them now."""
        here = np.flatnonzero(self.cases.state != ABSENT)
        self.cases.key[here] = self.ranking.key(self.cases.version[here])
        self.pool.rebuild()

    def _hear_all(self, news: Ints) -> None:
        versions, agenda, hear = self.stream.versions, self.agenda, self.hear
        rows = zip(
            versions.at[news].tolist(),
            versions.case[news].tolist(),
            news.tolist(),
            self.queue[news].tolist(),
            self.ranking.key(news).tolist(),
            self._know_abroad(news).tolist(),
            strict=True,
        )
        for at, case, version, queue, key, abroad_at in rows:
            if agenda and agenda[0][0] <= at:
                self.advance(at)
            hear(at, case, version, queue, key)
            if abroad_at < self.end:
                heappush(agenda, (abroad_at + self.refer_after(version) * DAY, REFER, case, version))

    def _know_abroad(self, news: Ints) -> Floats:
        """Return when cases in news are known to be abroad; infinite where never, or nobody asks."""
        at = self.stream.versions.at[news]
        if not self.way.refer_foreign:
            return np.full(len(news), np.inf)
        by_lot = np.maximum(at, self.abroad_from[self.stream.versions.case[news]])
        return np.where(self.stream.versions.foreign[news], at, by_lot)

    def refer_after(self, version: int) -> float:
        """Return the days until a foreign case is sent abroad: one where it escalates."""
        return 1.0 if self.urgency[version] >= 0 else self.work.referral.days

    def hear(self, at: float, case: int, version: int, queue: int, key: float) -> None:
        """Learn something of a case: that it is there, or that something has changed."""
        state = self._state[case]
        self._version[case], self._key[case] = version, key
        if state == ABSENT or (state == LEFT and self.urgency[version] >= 0):
            self.enter(case, at)
        elif state not in {WAITING, ASIDE} or (state == ASIDE and not self.pool.is_urgent(case)):
            return
        if self.urgency[version] >= 0 and state != ASIDE:
            self.promise(case, at + DAY)
        if queue == RESTING:
            return
        self.pool.push(case, version, queue, key)
        if queue == MAIN and self._promised[case]:
            self.renew(case)
        if self.desk.idle[queue]:
            self.fill(at, queue)
        if self.staff.interrupt and self._state[case] in {WAITING, ASIDE} and self.pool.is_urgent(case):
            unit = self.desk.put_aside(at, queue)
            if unit >= 0:
                self.give_work(unit, at)

    def enter(self, case: int, at: float) -> None:
        """Let a case wait in the open pool."""
        self._state[case] = WAITING
        self.count(at, 1)

    def leave(self, case: int, at: float) -> None:
        """Let a case leave the pool unopened."""
        self._state[case] = LEFT
        self.count(at, -1)

    def count(self, at: float, change: int) -> None:
        """Note how many wait."""
        self.waiting += change
        self.pool_at.append(at)
        self.pool_size.append(self.waiting)

    def promise(self, case: int, due_at: float) -> None:
        """Give a case a deadline, if it has none that is earlier."""
        self.cases.due_at[case] = min(float(self.cases.due_at[case]), due_at)

    def renew(self, case: int) -> None:
        """Put a case that came back to the ranked into the queues in which it stood."""
        if self.cases.drawn[case]:
            self.pool.draw([case])
        if self.way.deadlines and np.isfinite(self.cases.due_at[case]):
            self.pool.promise(case, float(self.cases.due_at[case]))

    def fill(self, at: float, queue: int) -> None:
        """Give work to whoever is free for a queue."""
        unit = self.desk.find_free(queue)
        if unit >= 0:
            self.give_work(unit, at)

    def fill_all(self, at: float) -> None:
        """Give work to all who are free."""
        for unit in range(len(self.desk.free)):
            while self.desk.free[unit] and self.give_work(unit, at):
                pass

    def give_work(self, unit: int, at: float) -> bool:
        """Give the next case to a unit that has a free place; return whether there was one."""
        case = self.desk.next_for(unit)
        if case < 0:
            return False
        queue = int(self.queue[self._version[case]])
        if self._state[case] == WAITING:
            self.findings.open(case, self.desk.units[unit], at, queue)
            self.count(at, -1)
        self.desk.begin(case, unit, at, queue)
        return True

    def advance(self, until: float) -> None:
        """Let everything on the agenda happen up to a moment."""
        agenda = self.agenda
        while agenda and agenda[0][0] <= until:
            at, kind, first, second = heappop(agenda)
            if kind == FINISH:
                if self._state[first] == IN_HAND and self.cases.runs[first] == second:
                    self.finish(first, at)
            elif kind == JOIN:
                self.desk.join(first, second)
                self.give_work(first, at)
            else:
                self.refer(first, at)

    def finish(self, case: int, at: float) -> None:
        """End an investigation, and begin the next."""
        unit = self.desk.stop(case, at)
        self._state[case] = ENDED
        self.findings.end(case, at)
        self.give_work(unit, at)

    def refer(self, case: int, at: float) -> None:
        """Send a case abroad, if it still waits and is still known to be foreign."""
        version = self._version[case]
        cases = self.cases
        known = self.stream.versions.foreign[version] or self.abroad_from[case] <= at
        if self._state[case] != WAITING or not known:
            return
        if np.isnan(cases.referred_at[case]):
            cases.referred_at[case] = at
            cases.hours[case] += self.work.referral.hours
        if self.queue[version] == MAIN and self.urgency[version] < 0:
            self.leave(case, at)
