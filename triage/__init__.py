"""Ranks reports about online child sexual abuse by the likelihood of current abuse.

What a notebook needs is here, and is imported only when it is used:

>>> import triage
>>> triage.load_model("expert").model.unit
'points'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.errors import CapacityError, InputRefusedError, OutputExistsError, TriageError
    from triage.evaluation import (
        ComparisonDisplay,
        DecisionCurveDisplay,
        Evaluation,
        GroupsDisplay,
        PeriodsDisplay,
        RecallDisplay,
        ReliabilityDisplay,
        SelectionDisplay,
        compare,
        evaluate,
        evaluate_groups,
        evaluate_selected,
    )
    from triage.evaluation.calibrating import calibrate_bundle
    from triage.evaluation.holdout import train_bundle
    from triage.evaluation.joining import evaluate_table, join_outcomes
    from triage.evaluation.outcomes import gather_outcomes
    from triage.features.catalogue import FEATURES
    from triage.features.pipeline import FeaturePipeline
    from triage.intake.opening import open_any as open_batch
    from triage.lab.optimise import Goal, find_staff
    from triage.lab.report.displays import CurvesDisplay, ExpenseDisplay, WaysDisplay
    from triage.lab.report.staff_display import StaffDisplay
    from triage.lab.report.weeks_display import WeeksDisplay
    from triage.lab.runs import simulate_ways
    from triage.lab.staff import load_staff
    from triage.scoring.boosting import MonotoneBoostingClassifier
    from triage.scoring.bundle import Bundle, save_bundle
    from triage.scoring.calibration import fit_calibration
    from triage.scoring.informed.classifier import InformedLogisticClassifier
    from triage.scoring.loading import list_models, load_model
    from triage.scoring.logistic import SignedLogisticClassifier
    from triage.scoring.recipe import list_recipes, load_recipe
    from triage.scoring.scorecard.classifier import SparseScorecardClassifier
    from triage.scoring.signed_additive import SignedAdditiveClassifier
    from triage.worklist.build import build_worklist
    from triage.worklist.explain import explain_case, explain_cases
    from triage.worklist.exports import export
    from triage.worklist.policy import Capacity, load_policy
    from triage.worklist.scores import score_cases
    from triage.worklist.stability import measure_stability
    from triage.worlds import load_world, read_groups, read_truth, write_world, write_world_template
    from triage.worlds.describe import describe_world

_HOME = {
    "Bundle": "triage.scoring.bundle",
    "Capacity": "triage.worklist.policy",
    "CapacityError": "triage.errors",
    "ComparisonDisplay": "triage.evaluation",
    "CurvesDisplay": "triage.lab.report.displays",
    "DecisionCurveDisplay": "triage.evaluation",
    "Evaluation": "triage.evaluation",
    "ExpenseDisplay": "triage.lab.report.displays",
    "FEATURES": "triage.features.catalogue",
    "FeaturePipeline": "triage.features.pipeline",
    "Goal": "triage.lab.optimise",
    "GroupsDisplay": "triage.evaluation",
    "InformedLogisticClassifier": "triage.scoring.informed.classifier",
    "InputRefusedError": "triage.errors",
    "MonotoneBoostingClassifier": "triage.scoring.boosting",
    "OutputExistsError": "triage.errors",
    "PeriodsDisplay": "triage.evaluation",
    "RecallDisplay": "triage.evaluation",
    "ReliabilityDisplay": "triage.evaluation",
    "SelectionDisplay": "triage.evaluation",
    "SignedAdditiveClassifier": "triage.scoring.signed_additive",
    "SignedLogisticClassifier": "triage.scoring.logistic",
    "SparseScorecardClassifier": "triage.scoring.scorecard.classifier",
    "StaffDisplay": "triage.lab.report.staff_display",
    "TriageError": "triage.errors",
    "WaysDisplay": "triage.lab.report.displays",
    "WeeksDisplay": "triage.lab.report.weeks_display",
    "build_worklist": "triage.worklist.build",
    "calibrate_bundle": "triage.evaluation.calibrating",
    "compare": "triage.evaluation",
    "describe_world": "triage.worlds.describe",
    "evaluate": "triage.evaluation",
    "evaluate_groups": "triage.evaluation",
    "evaluate_selected": "triage.evaluation",
    "evaluate_table": "triage.evaluation.joining",
    "explain_case": "triage.worklist.explain",
    "explain_cases": "triage.worklist.explain",
    "export": "triage.worklist.exports",
    "find_staff": "triage.lab.optimise",
    "fit_calibration": "triage.scoring.calibration",
    "gather_outcomes": "triage.evaluation.outcomes",
    "join_outcomes": "triage.evaluation.joining",
    "list_models": "triage.scoring.loading",
    "list_recipes": "triage.scoring.recipe",
    "load_model": "triage.scoring.loading",
    "load_policy": "triage.worklist.policy",
    "load_recipe": "triage.scoring.recipe",
    "load_staff": "triage.lab.staff",
    "load_world": "triage.worlds",
    "measure_stability": "triage.worklist.stability",
    "open_batch": "triage.intake.opening",
    "read_groups": "triage.worlds",
    "read_truth": "triage.worlds",
    "save_bundle": "triage.scoring.bundle",
    "score_cases": "triage.worklist.scores",
    "simulate_ways": "triage.lab.runs",
    "train_bundle": "triage.evaluation.holdout",
    "write_world": "triage.worlds",
    "write_world_template": "triage.worlds",
}
_RENAMED = {"open_batch": "open_any"}

__all__ = [
    "FEATURES",
    "Bundle",
    "Capacity",
    "CapacityError",
    "ComparisonDisplay",
    "CurvesDisplay",
    "DecisionCurveDisplay",
    "Evaluation",
    "ExpenseDisplay",
    "FeaturePipeline",
    "Goal",
    "GroupsDisplay",
    "InformedLogisticClassifier",
    "InputRefusedError",
    "MonotoneBoostingClassifier",
    "OutputExistsError",
    "PeriodsDisplay",
    "RecallDisplay",
    "ReliabilityDisplay",
    "SelectionDisplay",
    "SignedAdditiveClassifier",
    "SignedLogisticClassifier",
    "SparseScorecardClassifier",
    "StaffDisplay",
    "TriageError",
    "WaysDisplay",
    "WeeksDisplay",
    "build_worklist",
    "calibrate_bundle",
    "compare",
    "describe_world",
    "evaluate",
    "evaluate_groups",
    "evaluate_selected",
    "evaluate_table",
    "explain_case",
    "explain_cases",
    "export",
    "find_staff",
    "fit_calibration",
    "gather_outcomes",
    "join_outcomes",
    "list_models",
    "list_recipes",
    "load_model",
    "load_policy",
    "load_recipe",
    "load_staff",
    "load_world",
    "measure_stability",
    "open_batch",
    "read_groups",
    "read_truth",
    "save_bundle",
    "score_cases",
    "simulate_ways",
    "train_bundle",
    "write_world",
    "write_world_template",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return __all__
