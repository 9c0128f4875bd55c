"""Two scores on the same cases: how many more one finds, at each capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.comparison.compare import compare
from triage.evaluation.displays.look import GREY, INK, take_axes, title_of
from triage.evaluation.order.capacity import CAPACITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from triage.evaluation.comparison.result import Comparison


class ComparisonDisplay:
    """The paired difference of recall at each capacity, with its interval.

    Parameters
    ----------
    comparison : Comparison
        From `triage.evaluation.compare`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        *,
        names: tuple[str, str] = ("first", "second"),
        capacity: float | Iterable[float] = CAPACITIES,
        weight: ArrayLike | None = None,
        confidence: float = 0.95,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> ComparisonDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.compare`."""
        comparison = compare(
            outcome,
            first,
            second,
            names=names,
            capacity=capacity,
            weight=weight,
            confidence=confidence,
            synthetic=synthetic,
        )
        return cls(comparison).plot(ax)

    def plot(self, ax: Axes | None = None) -> ComparisonDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        comparison = self.comparison
        first, second = comparison.names
        ax = take_axes(ax)
        ends = 100 * np.array([(at.recall.estimate, at.recall.low, at.recall.high) for at in comparison.at]).T
        places = np.arange(len(comparison.at))
        ax.axhline(0, color=GREY, linestyle="--", linewidth=1)
        ax.errorbar(
            places,
            ends[0],
            yerr=np.vstack([ends[0] - ends[1], ends[2] - ends[0]]).clip(min=0),
            fmt="o",
            color=INK,
            elinewidth=1.5,
            capsize=3,
        )
        ax.set_xticks(places, [f"{at.k:,.0f}\n({100 * at.share:.3g} %)" for at in comparison.at])
        ax.set(
            xlim=(-0.5, len(places) - 0.5),
            xlabel=f"opened, of {comparison.denominator}\n{self._basis()}",
            ylabel=f"recall of {first} less that of {second} (% points)",
            title=title_of(f"{first} against {second}", synthetic=comparison.synthetic),
        )
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.25)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _basis(self) -> str:
        comparison = self.comparison
        return (
            f"above 0 {comparison.names[0]} finds more; {comparison.positives:,} with current abuse; "
            f"intervals {100 * comparison.confidence:g} %"
        )
