"""What the engine keeps of every case while time goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.worklist.order import ESCALATED, PAUSED, RANKED, UNREADABLE, YOUTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.stream import Versions

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.int8]

ABSENT, WAITING, IN_HAND, ASIDE, ENDED, LEFT = range(6)
# Queues of the engine. What escalates is on top, or among the ranked where the way does not escalate.
TOP, MAIN, BESIDE, RESTING = range(4)
MOST_URGENT = 127


class Cases:
    """State of every case, shape (n_cases,) each.

    Single entries are read and written through memoryviews, whose access takes two thirds of the time that
    that of an array takes; the lists of a week use the arrays.

    Parameters
    ----------
    count : int
        How many there are.
    """

    def __init__(self, count: int) -> None:
        self.state = np.full(count, ABSENT, dtype=np.int8)
        self.version = np.full(count, -1, dtype=np.int64)
        self.key = np.zeros(count)
        self.runs = np.zeros(count, dtype=np.int64)
        self.drawn = np.zeros(count, dtype=np.bool_)
        self.promised = np.zeros(count, dtype=np.bool_)
        self.due_at = np.full(count, np.inf)
        # The deadline to be kept that a case drawn by lot would have, had it been passed over.
        self.held_due = np.full(count, np.inf)
        # Logarithm of the chance that no lottery drew the case.
        self.spared = np.zeros(count)
        self.left = np.zeros(count)
        self.chance = np.zeros(count)
        self.opened_version = np.full(count, -1, dtype=np.int64)
        self.opened_at, self.ended_at = np.full((2, count), np.nan)
        self.referred_at, self.disposed_at = np.full((2, count), np.nan)
        self.hours = np.zeros(count)
        self.label = np.zeros(count, dtype=np.int64)
        self.unit = np.full(count, -1, dtype=np.int64)
        self.interruptions = np.zeros(count, dtype=np.int64)


def look_into(array: NDArray[Any]) -> Any:
    """Return a view through which single entries are read and written as plain numbers.

    Examples
    --------
    >>> view = look_into(np.array([2.5]))
    >>> view[0]
    2.5
    """
    # Of the memoryview that this is, type checkers know neither that it has numbers nor which.
    return array.data


def find_queues(versions: Versions, *, escalate: bool) -> Bytes:
    """Return the queue to which a case belongs while each version holds, shape (n_versions,)."""
    queue = np.full(int(versions.lane.max(initial=PAUSED)) + 1, RESTING, dtype=np.int8)
    queue[RANKED], queue[YOUTH] = MAIN, BESIDE
    queue[[UNREADABLE, ESCALATED]] = TOP if escalate else MAIN
    return queue[versions.lane]


def find_urgency(versions: Versions) -> Bytes:
    """Return the imminence while each version holds; what cannot be read comes before all."""
    urgency = np.clip(versions.imminence, -1, MOST_URGENT - 1)
    return np.where(versions.lane == UNREADABLE, MOST_URGENT, urgency).astype(np.int8)
