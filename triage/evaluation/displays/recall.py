"""Recall at capacity: what is found as more cases are opened, one line an order."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.displays.look import (
    GREY,
    Look,
    series_looks,
    shift_aside,
    take_axes,
    tidy_axes,
    title_of,
)
from triage.evaluation.evaluate import evaluate
from triage.evaluation.order.capacity import CAPACITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from triage.evaluation.result import Evaluation, RankingFigures

LINE = 80


class RecallDisplay:
    """Recall against the share of the cases that are opened, with intervals at the capacities.

    Parameters
    ----------
    evaluation : Evaluation
        From `triage.evaluation.evaluate`. Its orders are shifted sideways by a few points, so that their
        intervals do not cover each other.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.
    """

    ax_: Axes

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @classmethod
    def from_predictions(
        cls,
        outcome: ArrayLike,
        score: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        baselines: Mapping[str, ArrayLike] | None = None,
        oracle: ArrayLike | None = None,
        capacity: float | Iterable[float] = CAPACITIES,
        confidence: float = 0.95,
        synthetic: bool = False,
        ax: Axes | None = None,
    ) -> RecallDisplay:
        """Measure and draw; the arguments are those of `triage.evaluation.evaluate`."""
        result = evaluate(
            outcome,
            score,
            weight=weight,
            baselines=baselines,
            oracle=oracle,
            capacity=capacity,
            confidence=confidence,
            synthetic=synthetic,
        )
        return cls(result).plot(ax)

    def plot(self, ax: Axes | None = None) -> RecallDisplay:
        """Draw on `ax`, or on new axes of pyplot; nothing is computed anew."""
        ax = take_axes(ax)
        evaluation = self.evaluation
        end = min(108 * max(at.share for at in evaluation.model.at), 100.0)
        ax.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":", label="drawn at random", zorder=1)
        names = tuple(ranking.name for ranking in evaluation.rankings)
        for index, (ranking, look) in enumerate(zip(evaluation.rankings, series_looks(names), strict=True)):
            _draw_order(ranking, ax, look, shift=5 * (index - (len(names) - 1) / 2))
        ax.set(
            xlim=(0, end),
            ylim=(0, 100),
            xlabel=f"{fill(f'opened, % of {evaluation.denominator}', LINE)}\n{self._basis()}",
            ylabel="recall: % of those with current abuse that are opened",
            title=title_of("Recall at capacity", synthetic=evaluation.synthetic),
        )
        tidy_axes(ax)
        self.ax_, self.figure_ = ax, ax.get_figure(root=True)
        return self

    def _basis(self) -> str:
        evaluation = self.evaluation
        return (
            f"{evaluation.positives:,} of {evaluation.cases:,} with current abuse; "
            f"intervals {100 * evaluation.confidence:g} %, widened over ties at the cut,\n"
            "drawn a little beside their place so that none hides another"
        )


def _draw_order(ranking: RankingFigures, ax: Axes, look: Look, *, shift: float) -> None:
    gains = ranking.gains
    ax.plot(100 * gains.share, 100 * gains.recall, color=look.colour, linestyle=look.line, linewidth=1.3)
    at = sorted(ranking.at, key=lambda one: one.share)
    recall = 100 * np.array([(one.recall.estimate, one.recall.low, one.recall.high) for one in at]).T
    ax.errorbar(
        [100 * one.share for one in at],
        recall[0],
        yerr=np.vstack([recall[0] - recall[1], recall[2] - recall[0]]).clip(min=0),
        transform=shift_aside(ax, shift),
        color=look.colour,
        marker=look.marker,
        linestyle="none",
        elinewidth=1,
        markersize=6,
        capsize=2,
        label=ranking.name,
    )
