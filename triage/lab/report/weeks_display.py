"""Drawing of what stands open week by week; nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.displays.look import series_looks, take_axes, tidy_axes, title_of
from triage.lab.measures import WEEKLY
from triage.lab.report.series import draw_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from triage.evaluation.figure import Figure
    from triage.lab.runs import Runs

WEEKLY_TITLES = {"waiting": "The open pool", "unseen": "Children nobody has looked for"}


class WeeksDisplay:
    """What stands open at the start of each week, one line a way of working, with intervals.

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

    @classmethod
    def from_runs(cls, runs: Runs, what: str, *, ax: Axes | None = None) -> WeeksDisplay:
        """Draw what stood open week by week in runs (`triage.simulate_ways`).

        Parameters
        ----------
        runs : Runs
            From the lab.
        what : str
            ``waiting``, cases in the open pool, or ``unseen``, children nobody has looked for.
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        """
        weekly = {way: runs.by_week(what, way) for way in runs.ways}
        return cls(weekly, f"{WEEKLY[what].unit} {what}", WEEKLY_TITLES[what]).plot(ax)

    def plot(self, ax: Axes | None = None) -> WeeksDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        ways = tuple(self.weekly)
        for turn, (way, look) in enumerate(zip(ways, series_looks(ways), strict=True)):
            figures = self.weekly[way]
            draw_series(ax, range(len(figures)), figures, look, way, turn=turn, turns=len(ways))
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.set(xlabel="week", ylabel=self.counted, title=title_of(self.title, synthetic=True))
        tidy_axes(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self
