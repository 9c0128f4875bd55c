"""Figures period by period, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.evaluation.displays.look import GREY, INK, add_note, take_axes, title_of
from triage.evaluation.monitoring.periods import PeriodEvaluation, evaluate_periods

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

Measure = Literal["recall", "precision", "auc", "base_rate", "observed_over_expected"]
_LABELS = {
    "recall": "recall at capacity",
    "precision": "precision at capacity",
    "auc": "area under the ROC curve",
    "base_rate": "share with current abuse",
    "observed_over_expected": "observed over expected",
}


class PeriodsDisplay:
    """One figure of every period with its interval, from the first period to the last.

    Parameters
    ----------
    periods : PeriodEvaluation
        From `triage.evaluation.evaluate_periods`.
    synthetic : bool
        Whether the cases come from a world; the title then says so.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, periods: PeriodEvaluation, *, synthetic: bool = False) -> None:
        self.periods = periods
        self.synthetic = synthetic

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        score: ArrayLike,
        time: ArrayLike,
        *,
        probability: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        capacity: float = 0.023,
        confidence: float = 0.95,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> PeriodsDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.evaluate_periods`."""
        periods = evaluate_periods(
            outcome,
            score,
            time,
            probability=probability,
            weight=weight,
            capacity=capacity,
            confidence=confidence,
        )
        return cls(periods, synthetic=synthetic).plot(ax)

    def plot(self, ax: Axes | None = None, *, measure: Measure = "recall") -> PeriodsDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        periods = self.periods.periods
        figures = [getattr(period, measure) for period in periods]
        ends = np.array(
            [(one.estimate, one.low, one.high) if one else (np.nan,) * 3 for one in figures], dtype=np.float64
        ).T
        places = np.arange(len(periods))
        ax.errorbar(
            places,
            ends[0],
            yerr=np.vstack([ends[0] - ends[1], ends[2] - ends[0]]).clip(min=0),
            color=INK,
            marker="o",
            linewidth=1,
            elinewidth=1,
            capsize=2,
        )
        if measure == "observed_over_expected":
            ax.axhline(1, color=GREY, linestyle="--", linewidth=1)
        step = max(1, len(periods) // 12)
        ax.set_xticks(places[::step], [period.label for period in periods][::step], rotation=45, ha="right")
        ax.set(
            ylabel=_LABELS[measure],
            title=title_of(f"By period: {_LABELS[measure]}", synthetic=self.synthetic),
        )
        ax.set_ylim(bottom=0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25)
        note = f"intervals {100 * self.periods.confidence:g} %, each by itself; {self.periods.denominator}"
        add_note(ax, note, 0.99, 0.99, across="right", up="top")
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self
