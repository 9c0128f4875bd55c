"""How drawings look: colours, titles and axes, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.transforms import IdentityTransform, ScaledTranslation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from triage.evaluation.inputs import FloatArray

INK = "#1b3a57"
GREY = "#8a8a8a"
# Told apart with the common kinds of colour blindness (Okabe and Ito 2008).
COLOURS = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Told apart without colour, as in print.
MARKERS = ("s", "^", "D", "v", "P")
LINES = ("-.", (0, (1, 1)), (0, (6, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (9, 3)))
# Sixteen centimetres, the text of a page, and the smallest letters that are read there.
PAGE_WIDTH, SMALL = 6.3, 9.0
LEGEND_ROW = 15.0  # points
TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)


@dataclass(frozen=True)
class Look:
    """Colour, marker and line of one series."""

    colour: str
    marker: str
    line: Any


def series_looks(names: tuple[str, ...]) -> Iterator[Look]:
    """Give each series its look: ink for the first, black for an oracle, then the colours in turn."""
    turn = 0
    for index, name in enumerate(names):
        if index == 0:
            yield Look(INK, "o", "-")
        elif name == "oracle":
            yield Look("black", "*", "--")
        else:
            place = turn % len(COLOURS)
            yield Look(COLOURS[place], MARKERS[place], LINES[place])
            turn += 1


def take_axes(ax: Axes | None, size: tuple[float, float] = (PAGE_WIDTH, 5.0)) -> Axes:
    """Return `ax`, or axes of a new figure of pyplot, as scikit-learn's displays do."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415 - it picks a backend, which only notebooks need

    axes: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return axes


def add_note(ax: Axes, text: str, x: float, y: float, *, across: str, up: str) -> None:
    """Write what the drawing rests on, small and grey, in a corner (shares of the axes)."""
    ax.text(x, y, text, transform=ax.transAxes, ha=across, va=up, color="dimgrey", fontsize=SMALL)


def shift_aside(ax: Axes, points: float) -> Transform:
    """Return the transform of the data, moved sideways by some points, so that intervals stay apart."""
    figure = ax.get_figure(root=True)
    aside = ScaledTranslation(points / 72, 0, figure.dpi_scale_trans) if figure else IdentityTransform()
    return ax.transData + aside


def use_root_scale(ax: Axes, end: float) -> None:
    """Give both axes, in per cent, the same square-root scale, with ticks that keep apart."""
    ax.set_xscale("function", functions=(_root, np.square))
    ax.set_yscale("function", functions=(_root, np.square))
    ticks = list(_spaced_ticks(end))
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set(xlim=(0, end), ylim=(0, end))
    ax.set_box_aspect(1)


def tidy_axes(ax: Axes, *, columns: int = 3) -> None:
    """Put the legend between title and drawing, where it hides nothing; two spines, a faint grid."""
    rows = math.ceil(len(ax.get_legend_handles_labels()[1]) / columns)
    ax.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=SMALL,
        borderaxespad=0.2, columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip
    ax.set_title(ax.get_title(), pad=10 + LEGEND_ROW * rows)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)


def title_of(text: str, *, synthetic: bool) -> str:
    """Return a title that says so when the cases come from a world."""
    return f"{text} (synthetic)" if synthetic else text


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
