"""Downstream: what was handed to others, and what waits for the prosecution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.measure import Measure
from triage.lab.measures.period import any_by_person, count_of
from triage.lab.trace import YES

if TYPE_CHECKING:
    from triage.lab.measures.period import Period, Persons

MEASURES = (
    Measure("referred", "cases", "", "Cases referred abroad."),
    Measure(
        "children_referred",
        "children",
        "",
        "Children being abused when a case about them was referred abroad; the lab does not"
        " know what is done"
        " there.",
    ),
    Measure("disposed", "cases", "", "Cases that left by an alternative disposal, without investigation."),
    Measure(
        "children_disposed",
        "children",
        "less",
        "Children being abused when a case about them was disposed of without investigation.",
    ),
    Measure("to_prosecute", "cases", "", "Cases whose investigation ended with current abuse found."),
    Measure("prosecuted", "cases", "more", "Those of them that the prosecution took up in the period."),
    Measure("prosecution_queue", "cases", "less", "Those of them that wait for it at the end."),
    Measure(
        "prosecution_wait_days",
        "days",
        "less",
        "Mean days that they waited for it, to the end where they still wait.",
    ),
)


def measure_downstream(period: Period, persons: Persons) -> dict[str, float]:
    """Return what left the agency, and what waits behind it; see `MEASURES`."""
    referred, disposed = ~np.isnan(period.referred_at), ~np.isnan(period.disposed_at)
    found = period.label == YES
    taken = found & ~np.isnan(period.prosecuted_at)
    waited = (np.fmin(period.prosecuted_at, period.end) - period.ended_at)[found]
    return {
        "referred": count_of(referred),
        "children_referred": count_of(any_by_person(period, period.goes_on_at(period.referred_at, persons))),
        "disposed": count_of(disposed),
        "children_disposed": count_of(any_by_person(period, period.goes_on_at(period.disposed_at, persons))),
        "to_prosecute": count_of(found),
        "prosecuted": count_of(taken),
        "prosecution_queue": count_of(found & ~taken),
        "prosecution_wait_days": float(waited.mean()) if len(waited) else float("nan"),
    }
