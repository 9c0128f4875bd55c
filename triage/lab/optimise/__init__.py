"""The optimiser for capacity: the smallest staff that reaches a goal, and what one more detective adds."""

from triage.lab.optimise.detectives import MOST, add_detectives, find_staff, try_staff
from triage.lab.optimise.goal import Goal
from triage.lab.optimise.search import Capacity, Tried, search_smallest

__all__ = [
    "MOST",
    "Capacity",
    "Goal",
    "Tried",
    "add_detectives",
    "find_staff",
    "search_smallest",
    "try_staff",
]
