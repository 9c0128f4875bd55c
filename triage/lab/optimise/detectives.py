"""How many detectives it takes, and what one more adds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.measures import gather_persons, look_at
from triage.lab.measures.period import count_of
from triage.lab.measures.reached import share_within, waiting_times
from triage.lab.optimise.search import Capacity, Tried, per_detective, search_smallest
from triage.lab.runs import Setting, mean_figure, share_out
from triage.lab.ways import Way, parse_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from triage.lab.optimise.goal import Goal
    from triage.lab.optimise.search import TryStaff
    from triage.lab.staff import Staff
    from triage.lab.stream import Stream
    from triage.lab.whatif import WhatIf
    from triage.lab.work import Work
    from triage.worlds import World


def optimise(
    world: World | str,
    way: Way | str,
    staff: Staff,
    goal: Goal,
    *,
    cases: int,
    weeks: int | None = None,
    seeds: Sequence[int] = range(10),
    most: int | None = None,
    jobs: int = 1,
    work: Work | None = None,
    draw: int = 0,
    change: WhatIf | None = None,
    confidence: float = 0.95,
) -> Capacity:
    """Return the smallest staff that reaches a goal under a way of working.

    Parameters
    ----------
    world, way, staff, cases, weeks, seeds, jobs, work, draw, change
        See `triage.lab.runs.run`. The units of the staff keep their shares (`Staff.with_detectives`).
    goal : Goal
        What it shall reach.
    most : int, optional
        More detectives than that are not tried; by default 16 times those of the staff.
    confidence : float
        Level of the intervals.

    Raises
    ------
    InputRefusedError
        Something is not there or out of range, or no child could be watched for the days of the goal.
    """
    way = parse_way(way) if isinstance(way, str) else way
    setting = Setting.of(world, [way], cases=cases, weeks=weeks, work=work, draw=draw, change=change)
    attempt = prepare(setting, way, staff, days=goal.days, seeds=seeds, jobs=jobs)
    most = most or 16 * staff.detectives
    return search_smallest(
        attempt, goal, way=way.name, start=staff.detectives, most=most, confidence=confidence
    )


def add_detectives(
    world: World | str,
    way: Way | str,
    staff: Staff,
    more: Sequence[int],
    *,
    cases: int,
    weeks: int | None = None,
    seeds: Sequence[int] = range(10),
    jobs: int = 1,
    work: Work | None = None,
    draw: int = 0,
    change: WhatIf | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what detectives added to a staff bring: one row a number of them.

    Parameters
    ----------
    more : sequence of int
        How many are added, or with a minus taken away.
    world, way, staff, cases, weeks, seeds, jobs, work, draw, change, confidence
        See `optimise`. Those who are added are experienced, and there from the start.

    Returns
    -------
    pandas.DataFrame
        ``detectives``; ``added``; ``children``, more reached than by the staff as it is, and ``a_detective``,
        the same for each one added, with their paired t intervals ``_low`` and ``_high``.

    Raises
    ------
    InputRefusedError
        Something is not there or out of range, or nobody is added or left.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    way = parse_way(way) if isinstance(way, str) else way
    setting = Setting.of(world, [way], cases=cases, weeks=weeks, work=work, draw=draw, change=change)
    wrong = [added for added in more if not added or staff.detectives + added < 1]
    if wrong:
        raise InputRefusedError(
            f"{wrong[0]} added to {staff.detectives}",
            where="more",
            expected="some added or taken away, and somebody left",
        )
    attempt = prepare(setting, way, staff, days=0.0, seeds=seeds, jobs=jobs)
    base = attempt(staff.detectives)
    rows = []
    for added in more:
        children = mean_figure(
            attempt(staff.detectives + added).children - base.children, confidence=confidence
        )
        each = per_detective(base, attempt(staff.detectives + added), confidence=confidence)
        rows.append({
            "detectives": staff.detectives + added, "added": added,
            "children": children.estimate, "children_low": children.low, "children_high": children.high,
            "a_detective": each.estimate, "a_detective_low": each.low, "a_detective_high": each.high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def prepare(
    setting: Setting, way: Way, staff: Staff, *, days: float, seeds: Sequence[int], jobs: int = 1
) -> TryStaff:
    """Make the streams once, and return what lives through them with any number of detectives."""
    streams = share_out(setting.make, list(seeds), jobs)
    known: dict[int, Tried] = {}

    def attempt(detectives: int) -> Tried:
        if detectives not in known:
            live = partial(_reach, setting, way, staff.with_detectives(detectives), days)
            found = np.array(share_out(live, streams, jobs), dtype=np.float64)
            known[detectives] = Tried(detectives, found[:, 0], found[:, 1])
        return known[detectives]

    return attempt


def _reach(setting: Setting, way: Way, staff: Staff, days: float, stream: Stream) -> tuple[float, float]:
    period = look_at(stream, setting.live(stream, way, staff), until=setting.until(stream))
    persons = gather_persons(period)
    return share_within(*waiting_times(period, persons), days), count_of(~np.isnan(persons.reached_at))
