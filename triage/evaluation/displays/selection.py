"""What a list is worth when only the chosen cases have outcomes: every estimate beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from triage.evaluation.displays.look import GREY, INK, PAGE_WIDTH, SMALL, take_axes, title_of
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.selection.bounds import Bounds
from triage.evaluation.selection.figures import BOUNDED, WEIGHTED
from triage.evaluation.selection.selected import evaluate_selected

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from triage.evaluation.figure import Figure
    from triage.evaluation.selection.figures import SelectedFigures

Shown = Literal["recall", "precision", "found", "missed"]
_NAMES = {
    "naive": "naive",
    "horvitz_thompson": "Horvitz-Thompson",
    "hajek": "Hajek",
    "augmented": "augmented",
    "begg_greenes": "Begg-Greenes",
    "monotone": "monotone bounds",
    "bounds": "bounds",
}
_LABELS = {
    "recall": "recall: % of those with current abuse that are opened",
    "precision": "precision: % of the opened with current abuse",
    "found": "cases with current abuse among the opened",
    "missed": "cases with current abuse that are not opened",
}


class SelectionDisplay:
    """One figure of a list by every estimator: points with intervals, bars for bounds.

    Where bounds are themselves estimated, a line beyond the bar is the interval for what they bound.

    Parameters
    ----------
    figures : SelectedFigures
        From `triage.evaluation.evaluate_selected`.
    truth : float, optional
        In a world, what the figure is when every outcome is known, as a share or a count: a line.
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

    def __init__(
        self, figures: SelectedFigures, *, truth: float | None = None, synthetic: bool = False
    ) -> None:
        self.figures = figures
        self.truth = truth
        self.synthetic = synthetic

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        score: ArrayLike,
        inclusion: ArrayLike | None = None,
        *,
        capacity: float = 0.023,
        confidence: float = 0.95,
        denominator: str = ALL_CASES,
        truth: float | None = None,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> SelectionDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.evaluate_selected`."""
        figures = evaluate_selected(
            outcome, score, inclusion, capacity=capacity, confidence=confidence, denominator=denominator
        )
        return cls(figures, truth=truth, synthetic=synthetic).plot(ax)

    def plot(self, ax: Axes | None = None, *, measure: Shown = "recall") -> SelectionDisplay:
        """Draw on `ax`, or on new axes of pyplot, at the first capacity; nothing is computed anew.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        measure : {"recall", "precision", "found", "missed"}
            Which figure.
        """
        names = (*WEIGHTED, *BOUNDED)
        ax = take_axes(ax, (PAGE_WIDTH, 1.4 + 0.32 * len(names)))
        at = self.figures.at[0]
        share = measure in {"recall", "precision"}
        scale = 100.0 if share else 1.0
        for place, name in enumerate(names):
            _draw_row(ax, place, getattr(getattr(at, name), measure), scale)
        if self.truth is not None:
            ax.axvline(scale * self.truth, color=GREY, linestyle="--", linewidth=1.2, zorder=0)
        ax.set_yticks(range(len(names)), [_NAMES[name] for name in names])
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(0, 100 if share else None)
        ax.set_xlabel(f"{_LABELS[measure]}\n{self._basis()}")
        opened = f"first {at.k:,.0f} of {self.figures.cases:,}"
        ax.set_title(title_of(f"By each estimator: {measure}, {opened}", synthetic=self.synthetic))
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", alpha=0.25)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _basis(self) -> str:
        figures = self.figures
        truth = "" if self.truth is None else "; dashed: the truth"
        return f"{figures.positives:,} with current abuse among {figures.labelled:,} outcomes{truth}"


def _draw_row(ax: Axes, place: int, figure: Figure | Bounds, scale: float) -> None:
    if not figure.estimable:
        ax.annotate(
            "not estimable", (0, place), (4, 0), textcoords="offset points", va="center", color="dimgrey",
            fontsize=SMALL,
        )  # fmt: skip
        return
    ends = [scale * figure.low, scale * figure.high]
    if isinstance(figure, Bounds):
        limits = [scale * figure.low_limit, scale * figure.high_limit]
        ax.plot(limits, [place, place], color=INK, linewidth=1.5)
        ax.plot(ends, [place, place], color=INK, linewidth=6, alpha=0.4, solid_capstyle="butt")
        return
    ax.plot(ends, [place, place], color=INK, linewidth=1.5)
    ax.plot([scale * figure.estimate], [place], marker="o", color=INK, markersize=6)
