"""How good a ranking and a probability are.

`evaluate` is the front door: outcomes and a score become an `Evaluation`, which prints itself and turns into
a frame, JSON, a page and pictures. Behind it is one function a statistic, and each returns a `Figure`: an
estimate, its interval, what it rests on and how it was made. Displays take these numbers and an ``ax``; they
load matplotlib only when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from triage.evaluation.calibration.band import ReliabilityBand, reliability_band
from triage.evaluation.calibration.binned import (
    BinnedCalibration,
    expected_calibration_error,
    hosmer_lemeshow,
)
from triage.evaluation.calibration.corp import (
    ScoreDecomposition,
    ScoreParts,
    brier_parts,
    brier_score,
    log_loss,
    log_loss_parts,
    score_decomposition,
    score_skill,
)
from triage.evaluation.calibration.endpoints import open_probability
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.calibration.logistic import (
    CalibrationLine,
    CalibrationTests,
    LogisticCalibration,
    calibration_in_the_large,
    calibration_line,
    calibration_tests,
    logistic_calibration,
)
from triage.evaluation.calibration.reliability import ReliabilityCurve, reliability_curve
from triage.evaluation.calibration.smooth import SmoothCalibration, smooth_calibration
from triage.evaluation.calibration.spiegelhalter import spiegelhalter_test
from triage.evaluation.comparison.at_capacity import precision_difference_at, recall_difference_at
from triage.evaluation.comparison.compare import compare
from triage.evaluation.comparison.difference import PairedComparison, compare_average_precision, compare_brier
from triage.evaluation.comparison.overlap import Overlap, rank_biased_overlap, rank_correlation
from triage.evaluation.comparison.paired import mcnemar_test, newcombe_paired_interval, tango_interval
from triage.evaluation.comparison.result import Comparison
from triage.evaluation.evaluate import evaluate
from triage.evaluation.figure import Figure, HypothesisTest
from triage.evaluation.groups.audit import evaluate_groups
from triage.evaluation.groups.completeness import band_completeness
from triage.evaluation.groups.result import GroupFigure, GroupFigures, GroupGap
from triage.evaluation.monitoring.alarm import CalibrationAlarm, DriftAlarm
from triage.evaluation.monitoring.breaks import BreakTest, break_test
from triage.evaluation.monitoring.drift import measure_drift
from triage.evaluation.monitoring.periods import PeriodEvaluation, evaluate_periods
from triage.evaluation.monitoring.reference import Reference, pin_reference
from triage.evaluation.monitoring.stability import population_stability_index
from triage.evaluation.multiplicity import adjust_holm
from triage.evaluation.order.at_capacity import AtCapacity, at_capacity
from triage.evaluation.order.auc import roc_auc
from triage.evaluation.order.auc_difference import AucComparison, compare_auc, compare_auc_unpaired
from triage.evaluation.order.capacity import OverTies, cases_at
from triage.evaluation.order.gain import ndcg_at
from triage.evaluation.order.gains import GainsCurve, gains_curve
from triage.evaluation.order.oracle import share_of_oracle
from triage.evaluation.order.partial import partial_auc
from triage.evaluation.order.precision_recall import average_precision
from triage.evaluation.order.single_figures import lift_at, number_needed_at, precision_at, recall_at
from triage.evaluation.order.threshold import AtThreshold, at_threshold
from triage.evaluation.order.threshold_choice import ThresholdChoice, threshold_at
from triage.evaluation.proportions import (
    agresti_coull_interval,
    clopper_pearson_interval,
    jeffreys_interval,
    newcombe_interval,
    wilson_interval,
)
from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures
from triage.evaluation.selection.augmented import augmented_at, augmented_prevalence
from triage.evaluation.selection.begg_greenes import begg_greenes, begg_greenes_at
from triage.evaluation.selection.bounds import bounds_at, monotone_bounds_at
from triage.evaluation.selection.description import check_lottery, describe_selection
from triage.evaluation.selection.estimators import (
    hajek_at,
    hajek_prevalence,
    horvitz_thompson_at,
    horvitz_thompson_prevalence,
)
from triage.evaluation.selection.figures import SelectedFigures
from triage.evaluation.selection.label_error import (
    correct_detection,
    detection_grid,
    tipping_between,
    treat_undetermined,
)
from triage.evaluation.selection.outcomes import arrange_outcomes
from triage.evaluation.selection.propensity import estimate_propensity, finishing_chance
from triage.evaluation.selection.selected import evaluate_selected
from triage.evaluation.usefulness.cost import expected_cost, threshold_for_costs
from triage.evaluation.usefulness.decision_curve import DecisionCurve
from triage.evaluation.usefulness.net_benefit import decision_curve, net_benefit
from triage.evaluation.usefulness.prevalence import precision_at_base_rate, shift_prior

if TYPE_CHECKING:
    from triage.evaluation.displays.comparison import ComparisonDisplay
    from triage.evaluation.displays.decision import DecisionCurveDisplay
    from triage.evaluation.displays.groups import GroupsDisplay
    from triage.evaluation.displays.periods import PeriodsDisplay
    from triage.evaluation.displays.recall import RecallDisplay
    from triage.evaluation.displays.reliability import ReliabilityDisplay
    from triage.evaluation.displays.selection import SelectionDisplay

__all__ = [
    "AtCapacity",
    "AtThreshold",
    "AucComparison",
    "BinnedCalibration",
    "BreakTest",
    "CalibrationAlarm",
    "CalibrationLine",
    "CalibrationTests",
    "Comparison",
    "ComparisonDisplay",
    "DecisionCurve",
    "DecisionCurveDisplay",
    "DriftAlarm",
    "Evaluation",
    "Figure",
    "GainsCurve",
    "GroupFigure",
    "GroupFigures",
    "GroupGap",
    "GroupsDisplay",
    "HypothesisTest",
    "LogisticCalibration",
    "OverTies",
    "Overlap",
    "PairedComparison",
    "PeriodEvaluation",
    "PeriodsDisplay",
    "ProbabilityFigures",
    "RankingFigures",
    "RecallDisplay",
    "Reference",
    "ReliabilityBand",
    "ReliabilityCurve",
    "ReliabilityDisplay",
    "ScoreDecomposition",
    "ScoreParts",
    "SelectedFigures",
    "SelectionDisplay",
    "SmoothCalibration",
    "ThresholdChoice",
    "adjust_holm",
    "agresti_coull_interval",
    "arrange_outcomes",
    "at_capacity",
    "at_threshold",
    "augmented_at",
    "augmented_prevalence",
    "average_precision",
    "band_completeness",
    "begg_greenes",
    "begg_greenes_at",
    "bounds_at",
    "break_test",
    "brier_parts",
    "brier_score",
    "calibration_in_the_large",
    "calibration_line",
    "calibration_tests",
    "cases_at",
    "check_lottery",
    "clopper_pearson_interval",
    "compare",
    "compare_auc",
    "compare_auc_unpaired",
    "compare_average_precision",
    "compare_brier",
    "correct_detection",
    "decision_curve",
    "describe_selection",
    "detection_grid",
    "estimate_propensity",
    "evaluate",
    "evaluate_groups",
    "evaluate_periods",
    "evaluate_selected",
    "expected_calibration_error",
    "expected_cost",
    "finishing_chance",
    "gains_curve",
    "hajek_at",
    "hajek_prevalence",
    "horvitz_thompson_at",
    "horvitz_thompson_prevalence",
    "hosmer_lemeshow",
    "jeffreys_interval",
    "lift_at",
    "log_loss",
    "log_loss_parts",
    "logistic_calibration",
    "mcnemar_test",
    "measure_drift",
    "monotone_bounds_at",
    "ndcg_at",
    "net_benefit",
    "newcombe_interval",
    "newcombe_paired_interval",
    "number_needed_at",
    "observed_over_expected",
    "open_probability",
    "partial_auc",
    "pin_reference",
    "population_stability_index",
    "precision_at",
    "precision_at_base_rate",
    "precision_difference_at",
    "rank_biased_overlap",
    "rank_correlation",
    "recall_at",
    "recall_difference_at",
    "reliability_band",
    "reliability_curve",
    "roc_auc",
    "score_decomposition",
    "score_skill",
    "share_of_oracle",
    "shift_prior",
    "smooth_calibration",
    "spiegelhalter_test",
    "tango_interval",
    "threshold_at",
    "threshold_for_costs",
    "tipping_between",
    "treat_undetermined",
    "wilson_interval",
]

_DRAWN = {
    "ComparisonDisplay": "triage.evaluation.displays.comparison",
    "DecisionCurveDisplay": "triage.evaluation.displays.decision",
    "GroupsDisplay": "triage.evaluation.displays.groups",
    "PeriodsDisplay": "triage.evaluation.displays.periods",
    "RecallDisplay": "triage.evaluation.displays.recall",
    "ReliabilityDisplay": "triage.evaluation.displays.reliability",
    "SelectionDisplay": "triage.evaluation.displays.selection",
}


def __getattr__(name: str) -> Any:
    if name in _DRAWN:
        return getattr(import_module(_DRAWN[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
