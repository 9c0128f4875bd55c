"""Drawing of the share of children reached by numbers of detectives; nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import NullLocator

from triage.evaluation.displays.look import GREY, add_note, series_looks, take_axes, tidy_axes, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from triage.lab.optimise import Capacity


class StaffDisplay:
    """The share of children reached in time, by the number of detectives, one line a way of working.

    Parameters
    ----------
    capacities : sequence of Capacity
        One a way of working, all of the same goal and staff.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, capacities: Sequence[Capacity]) -> None:
        self.capacities = tuple(capacities)

    def plot(self, ax: Axes | None = None) -> StaffDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        goal, staff = self.capacities[0].goal, self.capacities[0].staff
        ax.axhline(100 * goal.share, color=GREY, linestyle="--", linewidth=1)
        ax.axvline(staff, color=GREY, linestyle=":", linewidth=1)
        ways, top = tuple(one.way for one in self.capacities), 0.0
        for capacity, look in zip(self.capacities, series_looks(ways), strict=True):
            shares = [capacity.share(one).times(100) for one in capacity.tried]
            detectives = [one.detectives for one in capacity.tried]
            low, middle, high = ([getattr(one, end) for one in shares] for end in ("low", "estimate", "high"))
            ax.fill_between(detectives, low, high, color=look.colour, alpha=0.15, linewidth=0)
            ax.plot(
                detectives,
                middle,
                color=look.colour,
                linestyle=look.line,
                marker=look.marker,
                markersize=4,
                linewidth=1.2,
                label=capacity.way,
            )
            top = max(top, *high)
        # Room for the legend above all bands.
        ax.set_ylim(0, (1.08 + 0.07 * len(ways)) * max(top, 100 * goal.share))
        self._set_scale(ax)
        ax.set(
            xlabel="detectives (each step of the scale doubles them)",
            ylabel=f"children reached within {goal.days:g} days, %",
            title=title_of("How many detectives it takes", synthetic=True),
        )
        tidy_axes(ax)
        add_note(ax, "dashed: the goal; dotted: the staff as it is", 0.99, 0.01, across="right", up="bottom")
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _set_scale(self, ax: Axes) -> None:
        tried = [one.detectives for capacity in self.capacities for one in capacity.tried]
        ticks = [self.capacities[0].staff]
        while ticks[0] > 2 * min(tried):
            ticks.insert(0, round(ticks[0] / 2))
        while ticks[-1] < max(tried):
            ticks.append(2 * ticks[-1])
        if len(ticks) < 3:
            ticks = sorted({ticks[0], min(tried), max(tried)})
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
