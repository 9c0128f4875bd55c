"""Delays: deadlines, waits, and what nobody has looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.measure import Measure
from triage.lab.measures.period import any_by_person, count_of, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.measures.period import Period, Persons

    Floats = NDArray[np.float64]

MEASURES = (
    Measure("deadlines", "cases", "", "Cases with a deadline that fell in the period."),
    Measure(
        "deadlines_kept",
        "share",
        "more",
        "Those opened, referred or disposed of in time, of all whose deadline fell in the period.",
    ),
    Measure("median_wait_days", "days", "less", "Median days from arrival to opening, of the cases opened."),
    Measure(
        "longest_wait_days",
        "days",
        "less",
        "Longest wait of any case, to the end of the period where it still waits.",
    ),
    Measure("escalated", "cases", "", "Cases that were escalated at some time in the period."),
    Measure(
        "longest_wait_escalated_days",
        "days",
        "less",
        "Longest wait of any escalated case, from its escalation on.",
    ),
    Measure(
        "children_unseen",
        "children",
        "less",
        "Children abused at the end of the period, reported, and no case about them ever opened.",
    ),
    Measure(
        "oldest_unseen_days",
        "days",
        "less",
        "Days since the first report of the oldest of them; 0 without any.",
    ),
    Measure("mean_waiting", "cases", "", "Cases that wait, on average over the period."),
    Measure("largest_waiting", "cases", "", "Cases that wait, at the worst moment."),
)


def measure_delays(period: Period, persons: Persons) -> dict[str, float]:
    """Return what waited, and for how long; see `MEASURES`."""
    due = period.due_at <= period.end
    waited = period.arrival, np.fmin(period.left_at, period.end)
    escalated = ~np.isnan(period.escalated_at) & ~(period.left_at < period.escalated_at)
    seen = any_by_person(period, period.opened)
    unseen = any_by_person(period, period.goes_on_at(period.end, persons)) & ~seen
    opened = period.opened
    mean, largest = _count_waiting(period)
    return {
        "deadlines": count_of(due),
        "deadlines_kept": share_of(count_of(due & (period.left_at <= period.due_at)), count_of(due)),
        "median_wait_days": _median((period.opened_at - period.arrival)[opened]),
        "longest_wait_days": float((waited[1] - waited[0]).max(initial=0.0)),
        "escalated": count_of(escalated),
        "longest_wait_escalated_days": float((waited[1] - period.escalated_at)[escalated].max(initial=0.0)),
        "children_unseen": count_of(unseen),
        "oldest_unseen_days": float((period.end - persons.first_report)[unseen].max(initial=0.0)),
        "mean_waiting": mean,
        "largest_waiting": largest,
    }


def _median(days: Floats) -> float:
    return float(np.median(days)) if len(days) else float("nan")


def _count_waiting(period: Period) -> tuple[float, float]:
    """Return mean and largest number of cases that wait; nobody waits before the first moment."""
    lasts = np.diff(np.append(period.pool_at, period.end))
    return float((lasts * period.pool_size).sum() / period.end), float(period.pool_size.max(initial=0))
