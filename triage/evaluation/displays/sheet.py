"""The main drawings of an evaluation on one sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from triage.evaluation.displays.decision import DecisionCurveDisplay
from triage.evaluation.displays.recall import RecallDisplay
from triage.evaluation.displays.reliability import ReliabilityDisplay

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet

    from triage.evaluation.result import Evaluation


def draw_sheet(evaluation: Evaluation) -> Sheet:
    """Draw recall at capacity, and with probabilities reliability and decision curve, side by side."""
    columns = 1 if evaluation.probability is None else 3
    sheet, axes = plt.subplots(1, columns, figsize=(6.5 * columns, 5.5), layout="constrained", squeeze=False)
    RecallDisplay(evaluation).plot(axes[0, 0])
    if evaluation.probability is not None:
        ReliabilityDisplay(evaluation.probability.curve, evaluation.probability.band).plot(axes[0, 1])
    if evaluation.decision is not None:
        DecisionCurveDisplay(evaluation.decision, synthetic=evaluation.synthetic).plot(axes[0, 2])
    return sheet
