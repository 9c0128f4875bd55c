"""A drawing inside a page, as SVG that needs nothing else."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Text stays text, so that it prints sharply; the same input gives the same bytes.
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "report-triage", "font.family": "sans-serif"}


@dataclass(frozen=True)
class Picture:
    """A drawing inside a page.

    Parameters
    ----------
    source : str
        The SVG as a ``data:`` address; nothing is loaded from elsewhere.
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        How to read it.
    """

    source: str
    alt: str
    caption: str


class Display(Protocol):
    """What can be drawn on axes."""

    def plot(self, ax: Axes | None = None) -> object:
        """Draw on `ax`."""


@dataclass(frozen=True)
class Plan:
    """What a drawing will show.

    Parameters
    ----------
    displays : tuple of Display
        Side by side.
    alt, caption : str
        See `Picture`.
    size : tuple of float
        Width and height in inches.
    """

    displays: tuple[Display, ...]
    alt: str
    caption: str
    size: tuple[float, float] = (7.2, 4.6)


def draw_plan(plan: Plan) -> Picture:
    """Return the drawing that was planned."""
    with mpl.rc_context(_STYLE):
        sheet = Sheet(figsize=plan.size, layout="constrained")
        panels = sheet.subplots(1, len(plan.displays), squeeze=False)[0]
        for display, ax in zip(plan.displays, panels, strict=True):
            display.plot(ax)
        content = io.BytesIO()
        FigureCanvasSVG(sheet)
        sheet.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    source = base64.b64encode(content.getvalue()).decode("ascii")
    return Picture(f"data:image/svg+xml;base64,{source}", plan.alt, plan.caption)
