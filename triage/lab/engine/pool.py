"""The open pool: queues from which the next case is taken."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from triage.lab.engine.cases import ASIDE, BESIDE, MAIN, TOP, WAITING, look_into

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from triage.lab.engine.cases import Cases

    Ints = NDArray[np.int64]
    Bytes = NDArray[np.int8]


class Pool:
    """Queues by what is known now.

    Entries are never taken out of a queue when a case changes: each has the version that it was made for, and
    one that is out of date is passed over when its turn comes.

    Parameters
    ----------
    cases : Cases
        Whose state says who waits.
    queue, urgency : array of int, shape (n_versions,)
        The queue and the imminence of a case while each version holds.
    """

    def __init__(self, cases: Cases, queue: Bytes, urgency: Bytes) -> None:
        self._cases = cases
        self._state, self._version = look_into(cases.state), look_into(cases.version)
        self.take_queues(queue, urgency)
        self._drawn: deque[int] = deque()
        self._due: list[tuple[float, int]] = []
        self.begin_week()

    def begin_week(self) -> None:
        """Forget what the week before has opened."""
        # The lowest key that the order has opened; the last of the deadlines that were kept, with its case.
        self.lowest = np.inf
        self.kept = (-np.inf, -1)

    def take_queues(self, queue: Bytes, urgency: Bytes) -> None:
        """Begin anew, with empty queues."""
        self._queue, self._urgency = look_into(queue), look_into(urgency)
        self._top: list[tuple[int, float, int, int]] = []
        self._main: list[tuple[float, int, int]] = []
        self._beside: list[tuple[int, int, int]] = []
        # What was ranked when all were last put into order, the highest first.
        self._reserve = self._made_for = np.zeros(0, dtype=np.int64)
        self._reserve_key = np.zeros(0)
        self._place = 0

    def push(self, case: int, version: int, queue: int, key: float) -> None:
        """Put a case where it belongs by a version; cases that rest go nowhere."""
        if queue == MAIN:
            heappush(self._main, (-key, case, version))
        elif queue == TOP:
            heappush(self._top, (-self._urgency[version], -key, case, version))
        elif queue == BESIDE:
            heappush(self._beside, (-self._urgency[version], case, version))

    def rebuild(self) -> None:
        """Put all who wait into order again, by their present keys."""
        cases = self._cases
        waiting = np.flatnonzero((cases.state == WAITING) | (cases.state == ASIDE))
        queue = np.asarray(self._queue)[cases.version[waiting]]
        # Who was put aside comes back by the queue of the unit, unless on top.
        fresh = cases.state[waiting] == WAITING
        self._top, self._beside = [], []
        for which in (TOP, BESIDE):
            for case in waiting[queue == which].tolist():
                if self._state[case] == ASIDE and not self.is_urgent(case):
                    continue
                self.push(case, self._version[case], which, float(cases.key[case]))
        self._main, self._place = [], 0
        case = waiting[(queue == MAIN) & fresh]
        # A million entries are sorted at once in a tenth of the time that a heap of them takes.
        case = case[np.argsort(-cases.key[case], kind="stable")]
        self._reserve = case
        self._made_for = cases.version[case]
        self._reserve_key = -cases.key[case]

    def draw(self, cases: Iterable[int]) -> None:
        """Let cases that a lottery drew come before the ranked ones."""
        self._drawn.extend(cases)

    def promise(self, case: int, due_at: float) -> None:
        """Let a case with a deadline come before the ranked ones without."""
        heappush(self._due, (due_at, case))

    def take_top(self) -> int:
        """Take the next escalated case; -1 where there is none."""
        top, state, version = self._top, self._state, self._version
        while top:
            _, _, case, made_for = heappop(top)
            if version[case] == made_for and state[case] in {WAITING, ASIDE}:
                return case
        return -1

    def take_main(self) -> int:
        """Take the next ranked case: one drawn by lot, one that is due, the one ranked highest; or -1."""
        while self._drawn:
            case = self._drawn.popleft()
            if self._ranked(case):
                return case
        while self._due:
            due_at, case = heappop(self._due)
            if self._ranked(case):
                self.kept = max(self.kept, (due_at, case))
                return case
        return self._take_ranked()

    def _take_ranked(self) -> int:
        """Take the highest of the reserve and of what was pushed since it was laid out."""
        main, state, version = self._main, self._state, self._version
        while main and not (version[main[0][1]] == main[0][2] and state[main[0][1]] == WAITING):
            heappop(main)
        reserve = self._next_reserve()
        case = -1
        if reserve >= 0 and (not main or (float(self._reserve_key[self._place]), reserve) < main[0][:2]):
            self._place += 1
            case = reserve
        elif main:
            case = heappop(main)[1]
        if case >= 0:
            # Nothing with a deadline to be kept waited any more.
            self.lowest, self.kept = min(self.lowest, float(self._cases.key[case])), (np.inf, -1)
        return case

    def _next_reserve(self) -> int:
        """Go on to the next entry of the reserve that is not out of date; return its case, -1 at the end."""
        while self._place < len(self._reserve):
            case = int(self._reserve[self._place])
            if self._version[case] == self._made_for[self._place] and self._state[case] == WAITING:
                return case
            self._place += 1
        return -1

    def take_beside(self, *, urgent: bool = False) -> int:
        """Take the next child to protect: in crisis first (or only), then who waits longest; or -1."""
        beside, state, version = self._beside, self._state, self._version
        while beside and not (urgent and beside[0][0] > 0):
            _, case, made_for = heappop(beside)
            if version[case] == made_for and state[case] in {WAITING, ASIDE}:
                return case
        return -1

    def is_urgent(self, case: int) -> bool:
        """Return whether a case goes before all that is in hand, by what is known now."""
        version = self._version[case]
        queue = self._queue[version]
        return bool(queue == TOP or (queue == BESIDE and self._urgency[version] >= 0))

    def _ranked(self, case: int) -> bool:
        return bool(self._state[case] == WAITING and self._queue[self._version[case]] == MAIN)
