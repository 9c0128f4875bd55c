"""Drawing of what stands open week by week; nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.displays.look import series_looks, take_axes, tidy_axes, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from triage.evaluation.figure import Figure


class WeeksDisplay:
    """What stands open at the start of each week, one line a way of working, with a band for its interval.

    Parameters
    ----------
    weekly : mapping of str to sequence of Figure
        Way -> week by week, from the start of the period.
    counted : str
        What stands open: the label of the axis.
    title : str
        Of the drawing.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, weekly: Mapping[str, Sequence[Figure]], counted: str, title: str) -> None:
        self.weekly, self.counted, self.title = dict(weekly), counted, title

    def plot(self, ax: Axes | None = None) -> WeeksDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        ways = tuple(self.weekly)
        for way, look in zip(ways, series_looks(ways), strict=True):
            figures = self.weekly[way]
            week = np.arange(len(figures))
            low, middle, high = (
                [getattr(one, end) for one in figures] for end in ("low", "estimate", "high")
            )
            ax.fill_between(week, low, high, color=look.colour, alpha=0.18, linewidth=0)
            ax.plot(week, middle, color=look.colour, linestyle=look.line, linewidth=1.5, label=way)
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.set(xlabel="week", ylabel=self.counted, title=title_of(self.title, synthetic=True))
        tidy_axes(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self
