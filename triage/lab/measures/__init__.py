"""What a run of the lab is worth: each number that an agency, a minister or a researcher asks for."""

from triage.lab.measures.curve import CURVE_DAYS, draw_curve
from triage.lab.measures.every import HEADLINES, MEASURES, measure
from triage.lab.measures.measure import Measure
from triage.lab.measures.period import Period, Persons, gather_persons, look_at
from triage.lab.measures.weeks import WEEKLY, follow_weeks

__all__ = [
    "CURVE_DAYS",
    "HEADLINES",
    "MEASURES",
    "WEEKLY",
    "Measure",
    "Period",
    "Persons",
    "draw_curve",
    "follow_weeks",
    "gather_persons",
    "look_at",
    "measure",
]
