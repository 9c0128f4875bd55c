"""Who is reported, and how complete the picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.of_report import batched
from triage.schema.tables import ADULT_BANDS, MINOR_BANDS

if TYPE_CHECKING:
    from triage.features.feature import Floats
    from triage.features.view import View


_MIDDLE = {
    "0-12": 10.0, "13-15": 14.5, "16-17": 17.0, "18-24": 21.5, "25-39": 32.5, "40-59": 50.0, "60+": 67.0,
}  # fmt: skip


def person_reported(view: View) -> Floats:
    """Whether a person is reported; a report that names none leaves it open who it was."""
    return view.persons.flag(np.ones(len(view.persons), dtype=bool))


def persons_reported(view: View) -> Floats:
    """Count the reported persons of the case."""
    rows = view.persons
    return rows.count_distinct(rows.tokens("person_id"))


def reported_minor(view: View) -> Floats:
    """Whether a reported person states to be under 18; denied where all ages stated are adult."""
    rows = view.persons
    return rows.flag(rows.is_code("age_band", *MINOR_BANDS), rows.is_code("age_band", *ADULT_BANDS))


def reported_age(view: View) -> Floats:
    """Return about the middle of the age band that the oldest reported person states."""
    rows = view.persons
    return rows.largest(rows.translate("age_band", _MIDDLE))


def passed_on(view: View) -> Floats:
    """Whether somebody received the material."""
    rows = view.everybody
    return rows.flag(rows.is_code("role", "recipient"))


_completeness = Domain("completeness")

COMPLETENESS = (
    _completeness.flag(
        "person_reported",
        +1,
        person_reported,
        "a person is reported",
        "own judgement: without a person nobody can be abusing",
        asks="who the reported person is",
        usual=1.0,
    ),
    _completeness.number(
        "persons_reported", 0, persons_reported, "reported persons: {}", "no effect published", unit="persons"
    ),
    _completeness.flag(
        "reported_minor",
        0,
        reported_minor,
        "the reported person states to be under 18",
        "CPORT on reoffending; no effect on current abuse published; audited for fairness",
        denied="the reported person states to be adult",
    ),
    _completeness.number(
        "reported_age",
        0,
        reported_age,
        "age that the reported person states, in years: {}",
        "CPORT on reoffending; no effect on current abuse published; audited for fairness",
        unit="years",
    ),
    _completeness.flag("passed_on", 0, passed_on, "somebody received the material", "no effect published"),
    _completeness.flag(
        "batched", -1, batched, "from a bundle of viral reports", "CyberTipline batched reports"
    ),
)
