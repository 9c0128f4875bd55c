"""Staff: who can open cases, how many at once, and when they work."""

from triage.lab.staff.clock import Clock, lay_clock
from triage.lab.staff.reading import list_staffs, load_staff, parse_staff
from triage.lab.staff.staff import Joining, Prosecution, Staff, Unit

__all__ = [
    "Clock",
    "Joining",
    "Prosecution",
    "Staff",
    "Unit",
    "lay_clock",
    "list_staffs",
    "load_staff",
    "parse_staff",
]
