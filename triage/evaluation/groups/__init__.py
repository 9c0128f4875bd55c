"""Whose children are missed and who is intruded upon, by group."""

from triage.evaluation.groups.audit import evaluate_groups
from triage.evaluation.groups.completeness import band_completeness
from triage.evaluation.groups.differences import newcombe_interval
from triage.evaluation.groups.result import GroupFigure, GroupFigures, GroupGap

__all__ = [
    "GroupFigure",
    "GroupFigures",
    "GroupGap",
    "band_completeness",
    "evaluate_groups",
    "newcombe_interval",
]
