"""The drawings of a report, as SVG inside the page, each with its words."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet

from triage.evaluation.displays.decision import DecisionCurveDisplay
from triage.evaluation.displays.groups import GroupsDisplay
from triage.evaluation.displays.periods import PeriodsDisplay
from triage.evaluation.displays.recall import RecallDisplay
from triage.evaluation.displays.reliability import ReliabilityDisplay
from triage.evaluation.groups.measures import MISSED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from triage.evaluation.result import Evaluation

# Text stays text, so that it prints sharply; the same input gives the same bytes.
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "report-triage", "font.family": "sans-serif"}
_SIZE = (7.2, 4.6)


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


def draw_picture(name: str, evaluation: Evaluation) -> Picture | None:
    """Return a drawing of an evaluation by the name of its section; None where there is nothing to draw."""
    plan = _PLANS[name](evaluation)
    if plan is None:
        return None
    with mpl.rc_context(_STYLE):
        sheet = Sheet(figsize=plan.size, layout="constrained")
        plan.display.plot(sheet.subplots())
        content = io.BytesIO()
        FigureCanvasSVG(sheet)
        sheet.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    source = base64.b64encode(content.getvalue()).decode("ascii")
    return Picture(f"data:image/svg+xml;base64,{source}", plan.alt, plan.caption)


class _Display(Protocol):
    def plot(self, ax: Axes | None = None) -> object: ...


@dataclass(frozen=True)
class _Plan:
    display: _Display
    alt: str
    caption: str
    size: tuple[float, float] = _SIZE


def _recall(evaluation: Evaluation) -> _Plan:
    found = (
        f"{ranking.name} {100 * at.recall.estimate:.0f} % at {100 * at.share:.3g} % opened"
        for ranking in evaluation.rankings
        for at in ranking.at
        if at.recall.estimable
    )
    return _Plan(
        RecallDisplay(evaluation),
        f"Recall against the share opened, one line an order: {'; '.join(found)}.",
        "How many of those with current abuse are found as more are opened. Points carry their intervals.",
    )


def _reliability(evaluation: Evaluation) -> _Plan | None:
    if evaluation.probability is None:
        return None
    slope = evaluation.probability.logistic.line.slope.brief(2)
    return _Plan(
        ReliabilityDisplay(evaluation.probability.curve, evaluation.probability.band),
        f"Observed share against probability, beside the diagonal; calibration slope {slope}.",
        "Each level line is a bin of cases; right probabilities lie on the diagonal, or within the band.",
        (6.0, 6.0),
    )


def _decision(evaluation: Evaluation) -> _Plan | None:
    if evaluation.decision is None:
        return None
    return _Plan(
        DecisionCurveDisplay(evaluation.decision, synthetic=evaluation.synthetic),
        "Standardised net benefit against the threshold, for the model, opening all and other orders.",
        "The higher, the better. The threshold says how many opened in vain one found case is worth.",
    )


def _groups(evaluation: Evaluation) -> _Plan | None:
    audit = evaluation.groups
    rows = [row for row in audit.of(MISSED) if row.attribute in audit.attributes] if audit else []
    if audit is None or not rows:
        return None
    return _Plan(
        GroupsDisplay(audit),
        f"Share of children missed, by group. {audit.sentence()}",
        "Of the cases with current abuse in each group, the share that is not opened, with its interval.",
        (7.2, 1.4 + 0.3 * len(rows)),
    )


def _periods(evaluation: Evaluation) -> _Plan | None:
    if evaluation.periods is None:
        return None
    return _Plan(
        PeriodsDisplay(evaluation.periods, synthetic=evaluation.synthetic),
        "Recall at capacity, period by period, with intervals; the numbers are in the table.",
        "Each period by itself: the capacity is a share of its own cases.",
    )


_PLANS = {
    "recall": _recall,
    "reliability": _reliability,
    "decision": _decision,
    "groups": _groups,
    "periods": _periods,
}
