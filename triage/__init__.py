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
    from triage.evaluation import Evaluation, draw_capacity, draw_reliability, evaluate
    from triage.evaluation.holdout import train_bundle
    from triage.evaluation.joining import evaluate_table, join_outcomes
    from triage.features.catalogue import FEATURES, build_features
    from triage.features.view import View
    from triage.intake.opening import open_any as open_batch
    from triage.scoring.bundle import Bundle, save_bundle
    from triage.scoring.labels import read_label_file
    from triage.scoring.loading import load_model
    from triage.scoring.logistic import SignedLogisticClassifier
    from triage.scoring.recipe import load_recipe
    from triage.worklist.build import build_worklist
    from triage.worklist.explain import explain_case
    from triage.worklist.export import export_csv
    from triage.worklist.policy import Capacity
    from triage.worlds import load_world, write_world
    from triage.worlds.convicted import write_convicted
    from triage.worlds.describe import describe_world

_HOME = {
    "Bundle": "triage.scoring.bundle",
    "Capacity": "triage.worklist.policy",
    "Evaluation": "triage.evaluation",
    "FEATURES": "triage.features.catalogue",
    "SignedLogisticClassifier": "triage.scoring.logistic",
    "View": "triage.features.view",
    "build_features": "triage.features.catalogue",
    "build_worklist": "triage.worklist.build",
    "describe_world": "triage.worlds.describe",
    "draw_capacity": "triage.evaluation",
    "draw_reliability": "triage.evaluation",
    "evaluate": "triage.evaluation",
    "evaluate_table": "triage.evaluation.joining",
    "explain_case": "triage.worklist.explain",
    "export_csv": "triage.worklist.export",
    "join_outcomes": "triage.evaluation.joining",
    "load_model": "triage.scoring.loading",
    "load_recipe": "triage.scoring.recipe",
    "load_world": "triage.worlds",
    "open_batch": "triage.intake.opening",
    "read_label_file": "triage.scoring.labels",
    "save_bundle": "triage.scoring.bundle",
    "train_bundle": "triage.evaluation.holdout",
    "write_convicted": "triage.worlds.convicted",
    "write_world": "triage.worlds",
}
_RENAMED = {"open_batch": "open_any"}

__all__ = [
    "FEATURES",
    "Bundle",
    "Capacity",
    "Evaluation",
    "SignedLogisticClassifier",
    "View",
    "build_features",
    "build_worklist",
    "describe_world",
    "draw_capacity",
    "draw_reliability",
    "evaluate",
    "evaluate_table",
    "explain_case",
    "export_csv",
    "join_outcomes",
    "load_model",
    "load_recipe",
    "load_world",
    "open_batch",
    "read_label_file",
    "save_bundle",
    "train_bundle",
    "write_convicted",
    "write_world",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return __all__
