"""The optimiser for capacity: the smallest staff that reaches a goal, and what one more detective adds."""

from triage.lab.optimise.detectives import add_detectives, optimise, prepare
from triage.lab.optimise.goal import Goal
from triage.lab.optimise.search import Capacity, Tried, search_smallest

__all__ = ["Capacity", "Goal", "Tried", "add_detectives", "optimise", "prepare", "search_smallest"]
