"""What stands open at the start of each week: the pool, and the children whom nobody has looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.measure import Measure
from triage.lab.measures.period import any_by_person, count_of, gather_persons, look_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.measures.period import Period, Persons
    from triage.lab.stream import Stream
    from triage.lab.trace import Trace

    Floats = NDArray[np.float64]

WEEK_DAYS = 7.0
WEEKLY = {
    one.name: one
    for one in (
        Measure("waiting", "cases", "", "Cases that wait in the open pool."),
        Measure(
            "unseen",
            "children",
            "less",
            "Children being abused and reported by then, about whom no case was ever opened.",
        ),
    )
}


def follow_weeks(stream: Stream, trace: Trace, *, until: float | None = None) -> dict[str, Floats]:
    """Return what stood open at the start of the period and after each whole week of it; see `WEEKLY`.

    Parameters
    ----------
    stream : Stream
        What reached the agency, and what was true.
    trace : Trace
        What it did.
    until : float, optional
        The end of the run in seconds since 1970; by default that of the stream.
    """
    period = look_at(stream, trace, until=until)
    persons = gather_persons(period)
    moments = np.arange(0.0, period.end + 1e-9, WEEK_DAYS)
    place = np.searchsorted(period.pool_at, moments, side="right")
    return {
        "waiting": np.append(0, period.pool_size)[place].astype(np.float64),
        "unseen": _count_unseen(period, persons, moments),
    }


def _count_unseen(period: Period, persons: Persons, moments: Floats) -> Floats:
    first_opened = np.full(len(persons.first_report), np.inf)
    np.fmin.at(first_opened, period.person, period.opened_at)
    counts = []
    for moment in moments:
        reported = period.arrival <= moment
        abused = any_by_person(period, reported & period.goes_on_at(float(moment), persons))
        counts.append(count_of(abused & (first_opened > moment)))
    return np.array(counts)
