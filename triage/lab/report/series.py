"""A line with intervals at some of its points, so that several lines stay apart, in grey print, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from triage.evaluation.displays.look import Look
    from triage.evaluation.figure import Figure

MARKED = 6


def draw_series(
    ax: Axes,
    across: Sequence[float],
    figures: Sequence[Figure],
    look: Look,
    label: str,
    *,
    turn: int,
    turns: int,
) -> None:
    """Draw figures as a line, with a marker and an interval at about six of its points.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    across : sequence of float
        Where each figure stands.
    figures : sequence of Figure
        As many; nothing is drawn where one is not estimable.
    look : Look
        Colour, marker and line.
    label : str
        For the legend.
    turn, turns : int
        Which of how many lines this is: each marks other points, so that no interval covers another.
    """
    low, middle, high = (
        np.array([getattr(one, end) for one in figures], dtype=np.float64)
        for end in ("low", "estimate", "high")
    )
    step = max(1, len(figures) // MARKED)
    every = (round(step * (turn + 0.5) / turns) % step, step)
    ax.errorbar(
        across,
        middle,
        yerr=np.vstack([middle - low, high - middle]).clip(min=0),
        errorevery=every,
        markevery=every,
        color=look.colour,
        linestyle=look.line,
        marker=look.marker,
        markersize=5,
        linewidth=1.3,
        elinewidth=1,
        capsize=2,
        label=label,
    )
