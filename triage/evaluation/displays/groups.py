"""An audit by group as a forest of intervals, around the line of the whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.evaluation.displays.look import COLOURS, GREY, INK, PAGE_WIDTH, SMALL, take_axes, title_of
from triage.evaluation.groups.audit import evaluate_groups
from triage.evaluation.groups.measures import ALL, MISSED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from triage.evaluation.groups.result import GroupFigure, GroupFigures


class GroupsDisplay:
    """One measure of every group with its interval; groups in which a difference is shown stand out.

    A diamond and a colour mark them, so that they are seen in grey print, too.

    Parameters
    ----------
    audit : GroupFigures
        From `triage.evaluation.evaluate_groups`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, audit: GroupFigures) -> None:
        self.audit = audit

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        score: ArrayLike,
        groups: Any,
        *,
        capacity: float = 0.023,
        weight: ArrayLike | None = None,
        confidence: float = 0.95,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> GroupsDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.evaluate_groups`."""
        audit = evaluate_groups(
            outcome,
            score,
            groups,
            capacity=capacity,
            crossings=(),
            weight=weight,
            confidence=confidence,
            synthetic=synthetic,
        )
        return cls(audit).plot(ax)

    def plot(self, ax: Axes | None = None, *, measure: str = MISSED) -> GroupsDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        measure : str
            A measure of the audit, or how its name begins; at the first capacity that was given.
        """
        rows = self._rows(measure)
        name = rows[0].measure if rows else measure
        ax = take_axes(ax, (PAGE_WIDTH, 1.2 + 0.3 * len(rows)))
        whole = next((row for row in self.audit.of(measure) if row.attribute == ALL), None)
        if whole is not None and whole.estimable:
            ax.axvline(100 * whole.estimate, color=GREY, linestyle="--", linewidth=1, label="all cases")
        for place, row in enumerate(rows):
            _draw_group(ax, place, row)
        ax.set_yticks(range(len(rows)), [f"{row.attribute}: {row.value}" for row in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(0, 100)
        ax.set_xlabel(
            f"{name}, %, of {self.audit.denominator}\n"
            "diamond: differs from the other cases; dashed: all cases"
        )
        ax.set_title(title_of(f"By group: {name.partition(' (')[0]}", synthetic=self.audit.synthetic))
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", alpha=0.25)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _rows(self, measure: str) -> list[GroupFigure]:
        rows = [row for row in self.audit.of(measure) if row.attribute in self.audit.attributes]
        return [row for row in rows if row.k == rows[0].k or np.isnan(row.k)]


def _draw_group(ax: Axes, place: int, row: GroupFigure) -> None:
    if not row.estimable:
        said = "withheld" if row.withheld else "not estimable"
        ax.text(1, place, said, va="center", color="dimgrey", fontsize=SMALL)
        return
    colour, marker, size = (COLOURS[0], "D", 7) if row.found else (INK, "o", 5)
    ax.plot([100 * row.low, 100 * row.high], [place, place], color=colour, linewidth=1.5)
    ax.plot([100 * row.estimate], [place], marker=marker, color=colour, markersize=size, clip_on=False)
