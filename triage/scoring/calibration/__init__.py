"""From a score to a probability, with the band of the curve that gives it, and when there is none."""

from triage.scoring.calibration.beta import BetaCalibration
from triage.scoring.calibration.choose import choose_calibration
from triage.scoring.calibration.curve import (
    ALL_CASES,
    ENOUGH_POSITIVES,
    INVESTIGATED_CASES,
    MINIMUM_POSITIVES,
    Calibration,
    NotCalibratedError,
    NotIdentifiedError,
    count_effective,
)
from triage.scoring.calibration.fit import KINDS, fit_calibration, why_not_earlier
from triage.scoring.calibration.held_out import Calibrated, calibrate
from triage.scoring.calibration.isotonic import IsotonicCalibration
from triage.scoring.calibration.logit_curve import LogitCurve
from triage.scoring.calibration.parse import parse_calibration
from triage.scoring.calibration.platt import PlattCalibration, TemperatureCalibration
from triage.scoring.calibration.sampling import correct_for_sampling
from triage.scoring.calibration.venn_abers import VennAbersCalibration

__all__ = [
    "ALL_CASES",
    "ENOUGH_POSITIVES",
    "INVESTIGATED_CASES",
    "KINDS",
    "MINIMUM_POSITIVES",
    "BetaCalibration",
    "Calibrated",
    "Calibration",
    "IsotonicCalibration",
    "LogitCurve",
    "NotCalibratedError",
    "NotIdentifiedError",
    "PlattCalibration",
    "TemperatureCalibration",
    "VennAbersCalibration",
    "calibrate",
    "choose_calibration",
    "correct_for_sampling",
    "count_effective",
    "fit_calibration",
    "parse_calibration",
    "why_not_earlier",
]
