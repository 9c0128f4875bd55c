"""The open pool: queues from which the next case is taken."""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
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

    def take_queues(self, queue: Bytes, urgency: Bytes) -> None:
        """Begin anew, with empty queues."""
        self._queue, self._urgency = look_into(queue), look_into(urgency)
        self._top: list[tuple[int, float, int, int]] = []
        self._main: list[tuple[float, int, int]] = []
        self._beside: list[tuple[int, int, int]] = []

    def push(self, case: int, version: int, queue: int, key: float) -> None:
        """Put a case where it belongs by a version; cases that rest go nowhere."""
        if queue == MAIN:
            heappush(self._main, (-key, case, version))
        elif queue == TOP:
            heappush(self._top, (-self._urgency[version], -key, case, version))
        elif queue == BESIDE:
            heappush(self._beside, (-self._urgency[version], case, version))

    def rebuild(self) -> None:
        """Put all who wait into the queues again, by their present keys."""
        cases = self._cases
        waiting = np.flatnonzero((cases.state == WAITING) | (cases.state == ASIDE))
        version = cases.version[waiting]
        queue = np.asarray(self._queue)[version]
        urgency = -np.asarray(self._urgency)[version].astype(np.int64)
        # Who was put aside comes back by the queue of the unit, unless on top.
        fresh = cases.state[waiting] == WAITING
        for which in (TOP, MAIN, BESIDE):
            here = (queue == which) & (fresh | (which == TOP))
            case = waiting[here].tolist()
            now = version[here].tolist()
            key = (-cases.key[waiting[here]]).tolist()
            urgent = urgency[here].tolist()
            if which == TOP:
                self._top = list(zip(urgent, key, case, now, strict=True))
                heapify(self._top)
            elif which == MAIN:
                self._main = list(zip(key, case, now, strict=True))
                heapify(self._main)
            else:
                self._beside = list(zip(urgent, case, now, strict=True))
                heapify(self._beside)

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
            _, case = heappop(self._due)
            if self._ranked(case):
                return case
        main, state, version = self._main, self._state, self._version
        while main:
            _, case, made_for = heappop(main)
            if version[case] == made_for and state[case] == WAITING:
                return case
        return -1

    def take_beside(self) -> int:
        """Take the next child to protect: in crisis first, then who waits longest; or -1."""
        beside, state, version = self._beside, self._state, self._version
        while beside:
            _, case, made_for = heappop(beside)
            if version[case] == made_for and state[case] == WAITING:
                return case
        return -1

    def is_top(self, case: int) -> bool:
        """Return whether a case escalates by what is known now."""
        return bool(self._queue[self._version[case]] == TOP)

    def _ranked(self, case: int) -> bool:
        return bool(self._state[case] == WAITING and self._queue[self._version[case]] == MAIN)
