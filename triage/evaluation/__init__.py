"""How good a ranking and a probability are.

`evaluate` is the front door: outcomes and a score become an `Evaluation`, which prints itself, turns into a
frame and into JSON. Behind it is one function a statistic, and each returns a `Figure`: an estimate, its
interval, what it rests on and how it was made. Drawings take these numbers and an ``ax``; they load
matplotlib only when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from triage.evaluation.brier import BrierParts, brier_parts, brier_score
from triage.evaluation.calibration import (
    CalibrationLine,
    calibration_in_the_large,
    calibration_line,
    observed_over_expected,
)
from triage.evaluation.capacity import (
    AtCapacity,
    OverTies,
    at_capacity,
    cases_at,
    lift_at,
    precision_at,
    recall_at,
)
from triage.evaluation.discrimination import roc_auc
from triage.evaluation.evaluate import evaluate
from triage.evaluation.figure import Figure
from triage.evaluation.oracle import share_of_oracle
from triage.evaluation.proportions import clopper_pearson_interval, wilson_interval
from triage.evaluation.reliability import ReliabilityCurve, reliability_curve
from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures

if TYPE_CHECKING:
    from triage.evaluation.plots import draw_capacity, draw_reliability, save_reliability

__all__ = [
    "AtCapacity",
    "BrierParts",
    "CalibrationLine",
    "Evaluation",
    "Figure",
    "OverTies",
    "ProbabilityFigures",
    "RankingFigures",
    "ReliabilityCurve",
    "at_capacity",
    "brier_parts",
    "brier_score",
    "calibration_in_the_large",
    "calibration_line",
    "cases_at",
    "clopper_pearson_interval",
    "draw_capacity",
    "draw_reliability",
    "evaluate",
    "lift_at",
    "observed_over_expected",
    "precision_at",
    "recall_at",
    "reliability_curve",
    "roc_auc",
    "save_reliability",
    "share_of_oracle",
    "wilson_interval",
]

_DRAWN = {"draw_capacity", "draw_reliability", "save_reliability"}


def __getattr__(name: str) -> Any:
    if name in _DRAWN:
        return getattr(import_module("triage.evaluation.plots"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
