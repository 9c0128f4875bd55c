"""How many detectives it takes, and what one more adds."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.measures import gather_persons, look_at
from triage.lab.measures.period import count_of
from triage.lab.measures.reached import share_within, waiting_times
from triage.lab.optimise.search import Capacity, Tried, per_detective, search_smallest
from triage.lab.runs import Setting, mean_figure, share_out
from triage.lab.streaming import AGAIN_DAYS
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

# Times the staff as it is: beyond that nobody would look.
MOST = 16


def find_staff(
    world: World | str,
    ways: Sequence[Way | str],
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
    change: WhatIf | str | None = None,
    again_days: float | None = AGAIN_DAYS,
    confidence: float = 0.95,
) -> tuple[Capacity, ...]:
    """Return the smallest staff that reaches a goal, under each of several ways of working.

    What is found is checked on as many other streams, whose seeds follow.

    Parameters
    ----------
    world, ways, staff, cases, weeks, seeds, jobs, work, draw, change, again_days
        See `triage.lab.runs.simulate_ways`. The units of the staff keep their shares
        (`Staff.with_detectives`).
    goal : Goal
        What it shall reach.
    most : int, optional
        More detectives than that are not tried; by default 16 times those of the staff.
    confidence : float
        Level of the intervals.

    Returns
    -------
    tuple of triage.lab.optimise.Capacity
        One a way, in their order: the `smallest` number of detectives that reaches the goal, or None; what
        else was `tried`; the share that it reaches in other periods (`checked`); `to_frame` has a row a
        number.

    Raises
    ------
    InputRefusedError
        Something is not there or out of range, or no child could be watched for the days of the goal.
    """
    parsed = [parse_way(way) if isinstance(way, str) else way for way in ways]
    setting = Setting.of(
        world, parsed, cases=cases, weeks=weeks, work=work, draw=draw, change=change, again_days=again_days
    )
    most = most or MOST * staff.detectives
    # Refused here if it cannot be tried, and not after half of the search.
    staff.with_detectives(most)
    streams = share_out(setting.make, list(seeds), jobs)

    @cache
    def others() -> list[Stream]:
        later = range(max(seeds) + 1, max(seeds) + 1 + len(seeds))
        return share_out(setting.make, list(later), jobs)

    found = []
    for way in parsed:
        attempt = try_staff(setting, streams, way, staff, days=goal.days, jobs=jobs)

        def check(detectives: int, way: Way = way) -> Tried:
            return try_staff(setting, others(), way, staff, days=goal.days, jobs=jobs)(detectives)

        found.append(
            search_smallest(
                attempt,
                goal,
                way=way.name,
                start=staff.detectives,
                most=most,
                check=check,
                confidence=confidence,
            )
        )
    return tuple(found)


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
    change: WhatIf | str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what detectives added to a staff bring: one row a number of them.

    Parameters
    ----------
    more : sequence of int
        How many are added, or with a minus taken away.
    world, way, staff, cases, weeks, seeds, jobs, work, draw, change, confidence
        See `find_staff`. Those who are added are experienced, and there from the start.

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
    streams = share_out(setting.make, list(seeds), jobs)
    attempt = try_staff(setting, streams, way, staff, days=0.0, jobs=jobs)
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


def try_staff(
    setting: Setting, streams: Sequence[Stream], way: Way, staff: Staff, *, days: float, jobs: int = 1
) -> TryStaff:
    """Return what lives through streams with any number of detectives, each number once."""

    @cache
    def attempt(detectives: int) -> Tried:
        live = partial(_reach, setting, way, staff.with_detectives(detectives), days)
        found = np.array(share_out(live, streams, jobs), dtype=np.float64)
        return Tried(detectives, *found.T)

    return attempt


def _reach(
    setting: Setting, way: Way, staff: Staff, days: float, stream: Stream
) -> tuple[float, float, float]:
    period = look_at(stream, setting.live(stream, way, staff), until=setting.until(stream))
    persons = gather_persons(period)
    took, censored = waiting_times(period, persons)
    first_opened = np.full(len(persons.first_report), np.inf)
    np.fmin.at(first_opened, period.person, period.opened_at)
    opened = (first_opened - persons.first_report)[persons.reachable]
    return (
        share_within(took, censored, days),
        count_of(~np.isnan(persons.reached_at)),
        share_within(opened, censored, days),
    )
