"""How drawings look: colours, titles and axes, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
MARKERS = ("s", "^", "D", "v", "P")
TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)


@dataclass(frozen=True)
class Look:
    """Colour, marker and line of one series."""

    colour: str
    marker: str
    line: str


def series_looks(names: tuple[str, ...]) -> Iterator[Look]:
    """Give each series its look: ink for the first, black for an oracle, then the colours in turn."""
    turn = 0
    for index, name in enumerate(names):
        if index == 0:
            yield Look(INK, "o", "-")
        elif name == "oracle":
            yield Look("black", "*", "--")
        else:
            yield Look(COLOURS[turn % len(COLOURS)], MARKERS[turn % len(MARKERS)], "-")
            turn += 1


def take_axes(ax: Axes | None, size: tuple[float, float] = (6.5, 5.0)) -> Axes:
    """Return `ax`, or axes of a new figure of pyplot, as scikit-learn's displays do."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415 - it picks a backend, which only notebooks need

    axes: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return axes


def add_note(ax: Axes, text: str, x: float, y: float, *, across: str, up: str) -> None:
    """Write what the drawing rests on, small and grey, in a corner (shares of the axes)."""
    ax.text(x, y, text, transform=ax.transAxes, ha=across, va=up, color="dimgrey", fontsize="small")


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


def tidy_axes(ax: Axes, *, legend: Literal["upper left", "upper right"] = "upper left") -> None:
    """Draw the legend without a frame, two spines and a faint grid."""
    ax.legend(frameon=False, loc=legend)
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
