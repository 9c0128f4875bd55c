from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from triage.lab.stream import DAY, Stream, Truth, Versions
from triage.lab.trace import NEVER_OPENED, OPEN, Trace
from triage.worklist.policy import LANES

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_700_000_000.0
NEVER = float("nan")


def moment(day: float) -> float:
    return START + day * DAY


def _label(case: dict[str, Any]) -> int:
    return case.get("label", OPEN if "opened" in case else NEVER_OPENED)


def make_lived(
    cases: list[dict[str, Any]],
    *,
    days: float = 100,
    pool: tuple[list[float], list[int]] = ([], []),
) -> tuple[Stream, Trace]:
    """Make a stream and a trace by hand: one dictionary a case, times in days since the start."""

    def times(name: str) -> np.ndarray:
        return np.array([moment(case.get(name, NEVER)) for case in cases])

    def values(name: str, default: Any) -> np.ndarray:
        return np.array([case.get(name, default) for case in cases])

    first = [(number, case["arrival"], LANES.index("ranked")) for number, case in enumerate(cases)]
    later = [
        (number, case["escalated"], LANES.index("escalated"))
        for number, case in enumerate(cases)
        if "escalated" in case
    ]
    version = sorted(first + later)
    none = np.zeros(len(version), dtype=np.int64)
    stream = Stream(
        world="by hand", seed=0, draw=0, start=START, end=moment(days),
        case_id=[f"c{number}" for number in range(len(cases))],
        arrival=times("arrival"),
        versions=Versions(
            case=np.array([case for case, _, _ in version], dtype=np.int64),
            at=np.array([moment(at) for _, at, _ in version]),
            lane=np.array([lane for _, _, lane in version], dtype=np.int64),
            imminence=none, solvable=none, identity=none,
            evidence_end=none * NEVER, foreign=none > 0, learned=none, scores={},
        ),
        truth=Truth(
            situation=np.zeros(len(cases), dtype=np.int64), situations=("any",),
            person=values("person", 0), onset=times("onset"), end=times("end"),
        ),
        luck=np.zeros((len(cases), 4)),
    )  # fmt: skip
    trace = Trace(
        way="by hand", staff="nobody",
        opened_at=times("opened"), ended_at=times("ended"), label=np.array([_label(case) for case in cases]),
        reached_at=times("reached"), hours=values("hours", 0.0), unit=values("unit", -1),
        interruptions=values("interruptions", 0), audit=values("audit", False),
        inclusion=values("inclusion", 0.0), due_at=times("due"), referred_at=times("referred"),
        disposed_at=times("disposed"), prosecuted_at=times("prosecuted"),
        pool_at=np.array([moment(at) for at in pool[0]]), pool_size=np.array(pool[1], dtype=np.int64),
    )  # fmt: skip
    return stream, trace


@pytest.fixture
def live() -> Callable[..., tuple[Stream, Trace]]:
    return make_lived
