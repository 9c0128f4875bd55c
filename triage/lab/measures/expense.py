"""At whose expense: cases opened in vain, persons intruded upon, hours of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.measure import Measure
from triage.lab.measures.period import any_by_person, count_of, share_of

if TYPE_CHECKING:
    from triage.lab.measures.period import Period, Persons

MEASURES = (
    Measure("cases", "cases", "", "Cases that arrived in the period."),
    Measure("cases_opened", "cases", "", "Cases of which an investigation began."),
    Measure(
        "opened_in_vain",
        "cases",
        "less",
        "Cases investigated while no child was being abused by the person: never, not yet, no longer, or"
        " freed.",
    ),
    Measure("share_in_vain", "share", "less", "Those, of all cases opened."),
    Measure(
        "investigations_failed",
        "cases",
        "less",
        "Cases investigated while a child was being abused, that ended without any child of that person"
        " being reached.",
    ),
    Measure(
        "persons_intruded",
        "persons",
        "less",
        "Persons investigated of whom no abuse went on during any investigation.",
    ),
    Measure(
        "persons_intruded_never",
        "persons",
        "less",
        "Those of them who had not abused at any time before either.",
    ),
    Measure("hours", "hours", "", "Hours of work on cases."),
    Measure("hours_in_vain", "hours", "less", "Those of them on cases opened in vain."),
    Measure("hours_per_child", "hours", "less", "Hours of work on cases, for each child reached."),
)


def measure_expense(period: Period, persons: Persons) -> dict[str, float]:
    """Return what it took, and whom it burdened; see `MEASURES`."""
    opened = period.opened
    going_on = period.abused_meanwhile(persons)
    before = opened & (period.onset <= period.opened_at)
    vain = opened & ~going_on
    not_reached = np.isnan(persons.reached_at)[period.person]
    failed = going_on & ~np.isnan(period.ended_at) & not_reached
    intruded = any_by_person(period, opened) & ~any_by_person(period, going_on)
    hours, reached = float(period.hours.sum()), count_of(~np.isnan(persons.reached_at))
    return {
        "cases": float(len(period.arrival)),
        "cases_opened": count_of(opened),
        "opened_in_vain": count_of(vain),
        "share_in_vain": share_of(count_of(vain), count_of(opened)),
        "investigations_failed": count_of(failed),
        "persons_intruded": count_of(intruded),
        "persons_intruded_never": count_of(intruded & ~any_by_person(period, before)),
        "hours": hours,
        "hours_in_vain": float(period.hours[vain].sum()),
        "hours_per_child": hours / reached if reached else float("inf") if hours else float("nan"),
    }
