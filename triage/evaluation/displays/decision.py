"""The decision curve: what opening by the probability is worth, beside opening by other rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.evaluation.displays.look import GREY, add_note, series_looks, take_axes, tidy_axes, title_of
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.usefulness.decision_curve import ALL, MODEL, NONE, DecisionCurve
from triage.evaluation.usefulness.net_benefit import decision_curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

Shown = Literal["standardised", "net_benefit"]
_LABELS = {
    "standardised": "standardised net benefit (1 is perfect)",
    "net_benefit": "net benefit (found cases, a case)",
}


class DecisionCurveDisplay:
    """Net benefit against the threshold from which on a case is opened.

    Parameters
    ----------
    curve : DecisionCurve
        From `triage.evaluation.decision_curve`.
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

    def __init__(self, curve: DecisionCurve, *, synthetic: bool = False) -> None:
        self.curve = curve
        self.synthetic = synthetic

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        probability: ArrayLike,
        *,
        thresholds: ArrayLike | None = None,
        orders: Mapping[str, ArrayLike] | None = None,
        flags: Mapping[str, ArrayLike] | None = None,
        weight: ArrayLike | None = None,
        confidence: float = 0.95,
        denominator: str = ALL_CASES,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> DecisionCurveDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.decision_curve`."""
        curve = decision_curve(
            outcome,
            probability,
            thresholds=thresholds,
            orders=orders,
            flags=flags,
            weight=weight,
            confidence=confidence,
            denominator=denominator,
        )
        return cls(curve, synthetic=synthetic).plot(ax)

    def plot(self, ax: Axes | None = None, *, measure: Shown = "standardised") -> DecisionCurveDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        measure : {"standardised", "net_benefit"}
            What stands on the upright axis.
        """
        ax = take_axes(ax)
        curve = self.curve
        percent = 100 * curve.threshold
        others = tuple(policy.name for policy in curve.policies if policy.name not in {MODEL, ALL, NONE})
        looks = dict(zip((MODEL, *others), series_looks((MODEL, *others)), strict=True))
        ax.axhline(0, color=GREY, linewidth=1, label=NONE)
        for policy in curve.policies:
            value = getattr(policy, measure)
            if policy.name == ALL:
                ax.plot(percent, value, color=GREY, linestyle="--", linewidth=1, label=ALL)
            elif policy.name != NONE:
                look = looks[policy.name]
                ax.plot(percent, value, color=look.colour, linestyle=look.line, label=policy.name)
        model = curve[MODEL]
        low, high = (getattr(model, f"{measure}_{end}") for end in ("low", "high"))
        ax.fill_between(percent, low, high, color=looks[MODEL].colour, alpha=0.15, linewidth=0)
        if percent[0] > 0:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
        top = max(float(np.nanmax(high, initial=0.0)), 1e-9)
        ax.set(
            xlim=(percent[0], percent[-1]),
            ylim=(-0.15 * top, 1.08 * top),
            xlabel="threshold: opened from this probability on (%)",
            ylabel=_LABELS[measure],
            title=title_of("Decision curve", synthetic=self.synthetic),
        )
        note = f"{curve.positives:,} of {curve.cases:,} with current abuse; band: interval of the model"
        add_note(ax, note, 0.01, 0.01, across="left", up="bottom")
        tidy_axes(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self
