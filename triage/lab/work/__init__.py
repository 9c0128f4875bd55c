"""Work: what an investigation costs, what it finds, and what becomes of cases that leave otherwise."""

from triage.lab.work.reading import list_works, load_work, parse_work
from triage.lab.work.work import Alternatives, Findings, Hours, Referral, Success, Work

__all__ = [
    "Alternatives",
    "Findings",
    "Hours",
    "Referral",
    "Success",
    "Work",
    "list_works",
    "load_work",
    "parse_work",
]
