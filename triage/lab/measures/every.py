"""All measures of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.lab.measures import delays, downstream, expense, labels, reached
from triage.lab.measures.period import gather_persons, look_at

if TYPE_CHECKING:
    from triage.lab.stream import Stream
    from triage.lab.trace import Trace

MEASURES = {
    one.name: one
    for room in (reached, expense, delays, downstream, labels)
    for one in room.MEASURES
}  # fmt: skip

# What a head of unit reads first; comparisons are adjusted for as many tests as stand here.
HEADLINES = (
    "children_reached",
    "share_reached",
    "reached_within_90",
    "child_days_averted",
    "opened_in_vain",
    "persons_intruded",
    "deadlines_kept",
    "longest_wait_escalated_days",
    "oldest_unseen_days",
    "hours_per_child",
)


def measure(stream: Stream, trace: Trace, *, until: float | None = None) -> dict[str, float]:
    """Return every measure of one run, by its name in `MEASURES`.

    Parameters
    ----------
    stream : Stream
        What reached the agency, and what was true.
    trace : Trace
        What it did.
    until : float, optional
        The end of the run in seconds since 1970; by default that of the stream. Nothing after it counts,
        but for abuse that was averted.

    Returns
    -------
    dict of str to float
        NaN where there is nothing to measure, such as deadlines without deadlines; infinite where what is
        asked does not come about in the period, such as half of the children reached.

    Raises
    ------
    InputRefusedError
        The trace is not of this stream.
    """
    period = look_at(stream, trace, until=until)
    persons = gather_persons(period)
    return {
        **reached.measure_reached(period, persons),
        **expense.measure_expense(period, persons),
        **delays.measure_delays(period, persons),
        **downstream.measure_downstream(period, persons),
        **labels.measure_labels(period, persons),
    }
