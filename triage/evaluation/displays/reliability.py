"""The reliability diagram: what was observed where the probability said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet

from triage.evaluation.calibration.band import reliability_band
from triage.evaluation.calibration.reliability import ReliabilityCurve, reliability_curve
from triage.evaluation.displays.look import (
    GREY,
    INK,
    add_note,
    take_axes,
    tidy_axes,
    title_of,
    use_root_scale,
)
from triage.evaluation.order.capacity import ALL_CASES
from triage.writing import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from triage.evaluation.calibration.band import ReliabilityBand

BandKind = Literal["consistency", "confidence", "simultaneous"]


class ReliabilityDisplay:
    """Observed shares against probabilities, in bins that isotonic regression chose.

    A bin is a level line from its smallest to its largest probability; the point on it is its mean, larger
    the more cases it holds. Both axes have the same square-root scale: calibrated means on the diagonal, and
    the small probabilities, which most cases have, stay apart.

    Parameters
    ----------
    curve : ReliabilityCurve
        From `triage.evaluation.reliability_curve`.
    band : ReliabilityBand, optional
        From `triage.evaluation.reliability_band`. Without one, each bin has an interval of its own.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, curve: ReliabilityCurve, band: ReliabilityBand | None = None) -> None:
        self.curve = curve
        self.band = band

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        probability: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        band: BandKind | None = "consistency",
        resamples: int = 199,
        seed: int = 0,
        confidence: float = 0.95,
        denominator: str = ALL_CASES,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> ReliabilityDisplay:
        """Measure and draw.

        Parameters
        ----------
        outcome : array of shape (cases,)
            1 for current abuse, else 0.
        probability : array of shape (cases,)
            From 0 to 1.
        weight : array of shape (cases,), optional
            How many cases each row stands for.
        band : {"consistency", "confidence", "simultaneous"} or None
            See `triage.evaluation.reliability_band`; None draws an interval a bin.
        resamples, seed : int
            Of the band.
        confidence : float
            Level of band and intervals.
        denominator : str
            Of which cases it speaks.
        synthetic : bool
            Whether the cases come from a world; the title then says so.
        ax : matplotlib.axes.Axes, optional
            Where to draw; new axes of pyplot where it is not given.

        Raises
        ------
        InputRefusedError
            An array is not as described.
        """
        curve = reliability_curve(
            outcome,
            probability,
            weight=weight,
            confidence=confidence,
            denominator=denominator,
            synthetic=synthetic,
        )
        around = (
            None
            if band is None
            else reliability_band(
                outcome,
                probability,
                kind=band,
                weight=weight,
                resamples=resamples,
                seed=seed,
                confidence=confidence,
                denominator=denominator,
            )
        )
        return cls(curve, around).plot(ax)

    def plot(self, ax: Axes | None = None) -> ReliabilityDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax, (6.0, 6.0))
        curve = self.curve
        tops = [curve.forecast_high, curve.high if self.band is None else curve.observed]
        end = min(108 * max(float(top.max(initial=0.0)) for top in (*tops, np.array([1e-4]))), 100.0)
        use_root_scale(ax, end)
        ax.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle="--", label="calibrated", zorder=1)
        self._draw_uncertainty(ax)
        observed = 100 * curve.observed
        ax.hlines(observed, 100 * curve.forecast_low, 100 * curve.forecast_high, color=INK, linewidth=1.5)
        ax.scatter(
            100 * curve.forecast,
            observed,
            s=6 + 9 * np.log10(curve.count),
            color=INK,
            zorder=3,
            clip_on=False,
            label="bin of isotonic regression",
        )
        ax.set(
            xlabel="probability of current abuse (%, square-root scale)",
            ylabel="observed share with current abuse (%, square-root scale)",
            title=title_of("Reliability of the probability", synthetic=curve.synthetic),
        )
        note = f"{curve.count.sum():,} of {curve.denominator}"
        add_note(ax, note, 0.98, 0.02, across="right", up="bottom")
        tidy_axes(ax, columns=2)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _draw_uncertainty(self, ax: Axes) -> None:
        curve, band = self.curve, self.band
        if band is not None:
            low, high = 100 * band.low, 100 * band.high
            ax.fill_between(
                100 * band.probability,
                low,
                high,
                color=INK,
                alpha=0.15,
                linewidth=0,
                label=f"{band.kind} band {100 * band.confidence:g} %",
            )
            return
        spread = 100 * np.vstack([curve.observed - curve.low, curve.high - curve.observed])
        ax.errorbar(
            100 * curve.forecast,
            100 * curve.observed,
            yerr=spread.clip(min=0),
            fmt="none",
            ecolor=INK,
            elinewidth=1,
            alpha=0.45,
            label=curve.method.split("; ")[-1],
        )


def save_reliability(
    curve: ReliabilityCurve, band: ReliabilityBand | None, path: Path, *, force: bool = False
) -> None:
    """Write the drawing of a reliability curve as a PNG, whole or not at all.

    Raises
    ------
    triage.errors.OutputExistsError
        `path` exists and `force` is false.
    """
    sheet = Sheet(figsize=(6.5, 6.5), dpi=150, layout="constrained")
    FigureCanvasAgg(sheet)
    ReliabilityDisplay(curve, band).plot(sheet.subplots())
    with write_file(path, force=force) as partial:
        sheet.savefig(partial, format="png")
