"""Drawings of what was computed elsewhere: each takes numbers and an ``ax``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import IdentityTransform, ScaledTranslation

from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.reliability import ReliabilityCurve
    from triage.evaluation.result import Evaluation, RankingFigures

INK = "#1b3a57"
GREY = "#8a8a8a"
# Told apart with the common kinds of colour blindness (Okabe and Ito 2008).
COLOURS = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("s", "^", "D", "v", "P")
TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)


def draw_reliability(curve: ReliabilityCurve, ax: Axes) -> Axes:
    """Draw observed shares against probabilities, with an interval for each bin.

    A bin is a level line from its smallest to its largest probability; the point on it is its mean, larger
    the more cases it holds. Both axes have the same square-root scale: calibrated means on the diagonal, and
    the small probabilities, which most cases have, stay apart.

    Parameters
    ----------
    curve : ReliabilityCurve
        From `triage.evaluation.reliability_curve`.
    ax : matplotlib.axes.Axes
        Where to draw.
    """
    forecast, observed = 100 * curve.forecast, 100 * curve.observed
    spread = 100 * np.vstack([curve.observed - curve.low, curve.high - curve.observed])
    end = min(108 * max(float(curve.forecast_high.max()), float(curve.high.max()), 1e-4), 100.0)
    ax.set_xscale("function", functions=(_root, np.square))
    ax.set_yscale("function", functions=(_root, np.square))
    ticks = list(_spaced_ticks(end))
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle="--", label="calibrated", zorder=1)
    ax.errorbar(
        forecast,
        observed,
        yerr=spread.clip(min=0),
        fmt="none",
        ecolor=INK,
        elinewidth=1,
        alpha=0.45,
        label=curve.method.split("; ")[-1],
    )
    ax.hlines(observed, 100 * curve.forecast_low, 100 * curve.forecast_high, color=INK, linewidth=1.5)
    ax.scatter(
        forecast,
        observed,
        s=6 + 9 * np.log10(curve.count),
        color=INK,
        zorder=3,
        clip_on=False,
        label="bin of isotonic regression",
    )
    ax.set(
        xlim=(0, end),
        ylim=(0, end),
        xlabel="probability of current abuse (%, square-root scale)",
        ylabel="observed share with current abuse (%, square-root scale)",
    )
    ax.set_box_aspect(1)
    ax.set_title(_title("Reliability of the probability", synthetic=curve.synthetic), pad=12)
    note = f"{curve.count.sum():,} cases of {curve.denominator}"
    ax.text(
        0.98, 0.02, note, transform=ax.transAxes, ha="right", va="bottom", color="dimgrey", fontsize="small"
    )
    _tidy(ax)
    return ax


def draw_capacity(evaluation: Evaluation, ax: Axes) -> Axes:
    """Draw recall against the share of the cases that are opened, one line a ranking, with intervals.

    Parameters
    ----------
    evaluation : Evaluation
        From `triage.evaluation.evaluate`. Its rankings are shifted sideways by a few points, so that their
        intervals do not cover each other.
    ax : matplotlib.axes.Axes
        Where to draw.
    """
    end = min(108 * max(at.share for at in evaluation.model.at), 100.0)
    ax.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":", label="drawn at random", zorder=1)
    for index, (ranking, look) in enumerate(zip(evaluation.rankings, _looks(evaluation), strict=True)):
        _draw_recall(ranking, ax, look, shift=5 * (index - (len(evaluation.rankings) - 1) / 2))
    ax.set(
        xlim=(0, end),
        ylim=(0, 100),
        xlabel=f"cases opened, % of {evaluation.denominator}",
        ylabel="recall: % of the cases with current abuse that are opened",
        title=_title("Recall at capacity", synthetic=evaluation.synthetic),
    )
    note = f"{evaluation.positives:,} of {evaluation.cases:,} cases with current abuse\n"
    ax.text(
        0.99,
        0.99,
        f"{note}intervals {100 * evaluation.confidence:g} %, widened over ties at the cut",
        transform=ax.transAxes,
        ha="right",
        va="top",
        color="dimgrey",
        fontsize="small",
    )
    _tidy(ax)
    return ax


def save_reliability(curve: ReliabilityCurve, path: Path, *, force: bool = False) -> None:
    """Write the drawing of a reliability curve as a PNG, whole or not at all.

    Raises
    ------
    triage.errors.OutputExistsError
        `path` exists and `force` is false.
    """
    figure = Figure(figsize=(6.5, 6.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    draw_reliability(curve, figure.subplots())
    with write_file(path, force=force) as partial:
        figure.savefig(partial, format="png")


def _looks(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    turn = 0
    for ranking in evaluation.rankings:
        if ranking is evaluation.model:
            yield INK, "o", "-"
        elif ranking.name == "oracle":
            yield "black", "*", "--"
        else:
            yield COLOURS[turn % len(COLOURS)], MARKERS[turn % len(MARKERS)], "-"
            turn += 1


def _draw_recall(ranking: RankingFigures, ax: Axes, look: tuple[str, str, str], *, shift: float) -> None:
    at = sorted(ranking.at, key=lambda one: one.share)
    recall = 100 * np.array([(one.recall.estimate, one.recall.low, one.recall.high) for one in at]).T
    colour, marker, line = look
    figure = ax.get_figure(root=True)
    aside = ScaledTranslation(shift / 72, 0, figure.dpi_scale_trans) if figure else IdentityTransform()
    ax.errorbar(
        [100 * one.share for one in at],
        recall[0],
        yerr=np.vstack([recall[0] - recall[1], recall[2] - recall[0]]).clip(min=0),
        transform=ax.transData + aside,
        color=colour,
        marker=marker,
        linestyle=line,
        linewidth=1.5,
        elinewidth=1,
        markersize=6,
        capsize=2,
        label=ranking.name,
    )


def _spaced_ticks(end: float) -> Iterator[float]:
    last = -1.0
    for tick in TICKS:
        place = (tick / end) ** 0.5
        if place <= 1 and place - last > 0.04:
            last = place
            yield tick


def _root(percent: FloatArray) -> FloatArray:
    # Scales are tried out on numbers below 0 too.
    return np.sqrt(np.maximum(percent, 0))


def _tidy(ax: Axes) -> None:
    ax.legend(frameon=False, loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)


def _title(text: str, *, synthetic: bool) -> str:
    return f"{text} (synthetic)" if synthetic else text
