"""Drawings of what the lab measured elsewhere: nothing is computed here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from triage.evaluation.displays.look import (
    COLOURS,
    GREY,
    INK,
    PAGE_WIDTH,
    SMALL,
    add_note,
    series_looks,
    take_axes,
    tidy_axes,
    title_of,
)
from triage.lab.measures import CURVE_DAYS, MEASURES
from triage.lab.report.series import draw_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from triage.evaluation.figure import Figure
    from triage.lab.measures import Measure
    from triage.lab.runs import Runs

FOUND, ALIKE = COLOURS[0], INK


class WaysDisplay:
    """One measure of every way of working, each with its interval, below each other.

    Parameters
    ----------
    figures : mapping of str to Figure
        Way -> the measure over the seeds.
    measure : str
        What is measured, with its unit: the label of the axis.
    against : float, optional
        Where a dashed line goes: 0 for differences, the truth for estimates.
    found : collection of str
        Ways that stand out, by colour and a diamond.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(
        self,
        figures: Mapping[str, Figure],
        measure: str,
        *,
        against: float | None = None,
        found: frozenset[str] = frozenset(),
    ) -> None:
        self.figures, self.measure, self.against, self.found = dict(figures), measure, against, found

    @classmethod
    def from_runs(
        cls, runs: Runs, measure: str, *, less: str | None = None, ax: Axes | None = None
    ) -> WaysDisplay:
        """Draw a measure of runs, or how far each way differs in it from one of them.

        Parameters
        ----------
        runs : Runs
            From `triage.simulate_ways`.
        measure : str
            A name of `triage.lab.measures.MEASURES`, such as ``children_reached``.
        less : str, optional
            A way: drawn are then the paired differences with it, and those stand out that are shown after
            Holm's correction over all ways.
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        """
        factor, label = _in_unit(MEASURES[measure])
        title = _say(measure).capitalize()
        basis = f"mean over {len(runs.seeds):,} seeds; intervals {100 * runs.confidence:g} %"
        if less is None:
            figures = {way: runs.figure(measure, way).times(factor) for way in runs.ways}
            return cls(figures, f"{label}\n{basis}").plot(ax, title=title)
        tested = runs.compare(less, [measure]).set_index("way")["p_holm"]
        figures = {
            way: runs.difference(measure, way, less).figure.times(factor) for way in runs.ways if way != less
        }
        found = frozenset(
            way
            for way, figure in figures.items()
            if (figure.low > 0 or figure.high < 0) and tested[way] <= 1 - runs.confidence
        )
        basis += "; diamond: a difference is shown"
        shown = cls(figures, f"{label}, less those of {less}\n{basis}", against=0.0, found=found)
        return shown.plot(ax, title=f"{title}, against {less}")

    def plot(self, ax: Axes | None = None, *, title: str = "") -> WaysDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax, (PAGE_WIDTH, 1.3 + 0.35 * len(self.figures)))
        if self.against is not None:
            ax.axvline(self.against, color=GREY, linestyle="--", linewidth=1)
        for place, (way, figure) in enumerate(self.figures.items()):
            _draw_interval(ax, place, figure, FOUND if way in self.found else ALIKE)
        ax.set_yticks(range(len(self.figures)), list(self.figures))
        ax.set_ylim(len(self.figures) - 0.5, -0.5)
        if self.against is None:
            ax.set_xlim(left=0)
        ax.set_xlabel(self.measure)
        ax.set_title(title_of(title or self.measure, synthetic=True))
        _tidy_rows(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self


class ExpenseDisplay:
    """Children reached against cases opened in vain: how many, and at whose expense.

    Parameters
    ----------
    reached, vain : mapping of str to Figure
        Way -> the measure over the seeds.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, reached: Mapping[str, Figure], vain: Mapping[str, Figure]) -> None:
        self.reached, self.vain = dict(reached), dict(vain)

    @classmethod
    def from_runs(cls, runs: Runs, *, ax: Axes | None = None) -> ExpenseDisplay:
        """Draw what runs came to (`triage.simulate_ways`)."""
        reached, vain = (
            {way: runs.figure(measure, way) for way in runs.ways}
            for measure in ("children_reached", "opened_in_vain")
        )
        return cls(reached, vain).plot(ax)

    def plot(self, ax: Axes | None = None) -> ExpenseDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        ways = tuple(self.reached)
        for way, look in zip(ways, series_looks(ways), strict=True):
            up, across = self.reached[way], self.vain[way]
            if not (up.estimable and across.estimable):
                continue
            ax.errorbar(
                [across.estimate],
                [up.estimate],
                xerr=_ends(across),
                yerr=_ends(up),
                color=look.colour,
                marker=look.marker,
                linestyle="none",
                elinewidth=1,
                capsize=2,
                label=way,
            )
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.set(
            xlabel="cases opened in vain",
            ylabel="children reached",
            title=title_of("How many, and at whose expense", synthetic=True),
        )
        if ax.containers:
            tidy_axes(ax)
        add_note(ax, "higher and further left is better", 0.99, 0.01, across="right", up="bottom")
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self


class CurvesDisplay:
    """How soon children are reached: the share of them by days since the first report, one line a way.

    Parameters
    ----------
    days : sequence of int
        Since the first report.
    curves : mapping of str to sequence of Figure
        Way -> share reached by each of these days; not estimable where nobody was watched for as long.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, days: Sequence[int], curves: Mapping[str, Sequence[Figure]]) -> None:
        self.days, self.curves = tuple(days), dict(curves)

    @classmethod
    def from_runs(cls, runs: Runs, *, ax: Axes | None = None) -> CurvesDisplay:
        """Draw how soon children were reached in runs (`triage.simulate_ways`)."""
        return cls(CURVE_DAYS, {way: runs.curve(way) for way in runs.ways}).plot(ax)

    def plot(self, ax: Axes | None = None) -> CurvesDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        ways = tuple(self.curves)
        for turn, (way, look) in enumerate(zip(ways, series_looks(ways), strict=True)):
            shares = [figure.times(100) for figure in self.curves[way]]
            draw_series(ax, self.days, shares, look, way, turn=turn, turns=len(ways))
        ax.set_xlim(0, self.days[-1])
        ax.set_ylim(bottom=0)
        ax.set(
            xlabel="days since the first report",
            ylabel="children reached, % of those who could be",
            title=title_of("How soon children are reached", synthetic=True),
        )
        tidy_axes(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self


class LearnedDisplay:
    """The share with current abuse below the cut: as the opened cases can tell it, beside the truth.

    Parameters
    ----------
    truths, estimates, lows, highs : mapping of str to Figure
        Way -> the share as it is, as the agency can estimate it, and the ends of its interval: means over
        seeds.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(
        self,
        truths: Mapping[str, Figure],
        estimates: Mapping[str, Figure],
        lows: Mapping[str, Figure],
        highs: Mapping[str, Figure],
    ) -> None:
        self.truths, self.estimates, self.lows, self.highs = dict(truths), estimates, lows, highs

    @classmethod
    def from_runs(cls, runs: Runs, *, ax: Axes | None = None) -> LearnedDisplay:
        """Draw what can be learned from the opened cases of runs (`triage.simulate_ways`)."""
        below = "prevalence_below"
        names = (below, f"{below}_estimate", f"{below}_low", f"{below}_high")
        return cls(*({way: runs.figure(name, way) for way in runs.ways} for name in names)).plot(ax)

    def plot(self, ax: Axes | None = None) -> LearnedDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax, (PAGE_WIDTH, 1.3 + 0.4 * len(self.truths)))
        for place, way in enumerate(self.truths):
            ends = self.estimates[way], self.lows[way], self.highs[way]
            if all(figure.estimable for figure in ends):
                middle, low, high = (100 * figure.estimate for figure in ends)
                ax.plot([low, high], [place, place], color=INK, linewidth=1.5)
                ax.plot([middle], [place], marker="o", color=INK, markersize=5)
            else:
                _say_nothing(ax, place, "no estimate, or not in every period")
            if self.truths[way].estimable:
                truth = 100 * self.truths[way].estimate
                ax.plot([truth], [place], marker="D", color=COLOURS[0], markersize=6, linestyle="none")
        ax.set_yticks(range(len(self.truths)), list(self.truths))
        ax.set_ylim(len(self.truths) - 0.5, -0.5)
        ax.set_xlim(left=0)
        ax.set_xlabel(
            "current abuse among cases not opened, %\ndiamond: truth; dot and line: what the agency can know"
        )
        ax.set_title(title_of("What can still be learned", synthetic=True))
        _tidy_rows(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self


def _tidy_rows(ax: Axes) -> None:
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", alpha=0.25)


def _say_nothing(ax: Axes, place: int, said: str) -> None:
    ax.text(0.01, place, said, va="center", color="dimgrey", fontsize=SMALL,
            transform=ax.get_yaxis_transform())  # fmt: skip


def _ends(figure: Figure) -> list[list[float]] | None:
    if math.isnan(figure.low) or math.isnan(figure.high):
        return None
    return [[max(figure.estimate - figure.low, 0.0)], [max(figure.high - figure.estimate, 0.0)]]


def _draw_interval(ax: Axes, place: int, figure: Figure, colour: str) -> None:
    if not figure.estimable:
        _say_nothing(ax, place, "not estimable")
        return
    ax.plot([figure.low, figure.high], [place, place], color=colour, linewidth=1.5)
    # Told apart in grey print, too.
    marker, size = ("D", 7) if colour == FOUND else ("o", 5)
    ax.plot([figure.estimate], [place], marker=marker, color=colour, markersize=size)


def _say(measure: str) -> str:
    return measure.replace("_", " ")


def _in_unit(measure: Measure) -> tuple[float, str]:
    """Return by what a measure is multiplied to be drawn, and the label of its axis."""
    if measure.unit == "share":
        return 100.0, f"{_say(measure.name)} (%)"
    said = _say(measure.name)
    return 1.0, said if measure.unit in said else f"{said} ({measure.unit})"
