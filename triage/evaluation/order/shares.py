"""Recall, precision and what follows from them at one cut, each with the interval that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.evaluation.figure import NAN, Figure
from triage.evaluation.proportions import clopper_pearson_interval, wilson_interval
from triage.evaluation.resampling import percentile_interval
from triage.evaluation.weighting import effective_count, kish_count

if TYPE_CHECKING:
    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.order.capacity import OverTies
    from triage.evaluation.ranking import Cut, Ranking
    from triage.evaluation.resampling import ResampledCounts

Interval = Literal["wilson", "clopper-pearson", "bootstrap"]
EXACT: Interval = "clopper-pearson"
NAMES = {"wilson": "Wilson", EXACT: "Clopper-Pearson"}
INFINITE = float("inf")


@dataclass(frozen=True, eq=False)
class IntervalChoice:
    """How intervals at a capacity are made.

    Parameters
    ----------
    kind : {"wilson", "clopper-pearson", "bootstrap"}
        For "bootstrap", `drawn` is there.
    confidence : float
        Their level.
    drawn : ResampledCounts or None
        What resamples hold at the capacity.
    origin : str
        How the resamples were drawn, for the method.
    """

    kind: Interval
    confidence: float
    drawn: ResampledCounts | None = None
    origin: str = ""


@dataclass(frozen=True)
class _Share:
    """Found out of a total, over ties at the cut, and what it is worth in independent trials."""

    found: OverTies
    total: float
    trials: float
    weighted: bool

    @property
    def estimate(self) -> float:
        # Sums of weights can pass their total by rounding alone.
        return min(self.found.expected / self.total, 1.0)


def measure_recall(
    ranking: Ranking, cut: Cut, found: OverTies, choice: IntervalChoice, denominator: str
) -> Figure:
    """Return the share of the cases with current abuse that are opened; there must be one."""
    rows, positives = int(ranking.positive_rows.sum()), ranking.positives
    of = f"those with current abuse among {denominator}"
    if cut.group == len(ranking.score) - 1 and not cut.splits:
        return Figure(1.0, 1.0, 1.0, rows, "all cases opened", of)
    share = min(found.expected / positives, 1.0)
    squared = ranking.positive_squared
    before, tied, after = (
        float(squared[: cut.group].sum()),
        float(squared[cut.group]),
        float(squared[cut.group + 1 :].sum()),
    )
    spread = before * (1 - share) ** 2 + tied * (cut.part - share) ** 2 + after * share**2
    trials = effective_count(share, spread / positives**2, kish_count(positives, before + tied + after))
    part = _Share(found, positives, trials, ranking.weighted)
    values = None if choice.drawn is None else _recalls(choice.drawn)
    low, high, method = _ends(part, values, choice)
    return Figure(part.estimate, low, high, rows, method, of)


def measure_precision(
    ranking: Ranking, cut: Cut, found: OverTies, choice: IntervalChoice, denominator: str
) -> Figure:
    """Return the share of the opened cases that have current abuse."""
    part = np.ones(cut.group + 1)
    part[-1] = cut.part
    opened = slice(0, cut.group + 1)
    share = min(found.expected / cut.k, 1.0)
    positive = float(part @ ranking.positive_squared[opened])
    negative = float(part @ ranking.weight_squared[opened]) - positive
    spread = positive * (1 - share) ** 2 + negative * share**2
    trials = effective_count(share, spread / cut.k**2, kish_count(cut.k, positive + negative))
    rows = int(ranking.rows[opened].sum()) if ranking.weighted else int(cut.k)
    values = None if choice.drawn is None else choice.drawn.found / choice.drawn.k
    low, high, method = _ends(_Share(found, cut.k, trials, ranking.weighted), values, choice)
    return Figure(share, low, high, rows, method, f"those opened first, of {denominator}")


def measure_lift(recall: Figure, ranking: Ranking, cut: Cut, choice: IntervalChoice) -> Figure:
    """Return the lift that goes with a recall, whose interval it has unless it was resampled itself."""
    lift = recall.times(ranking.cases / cut.k)
    drawn = choice.drawn
    if drawn is None or choice.origin not in recall.method:
        return lift
    values = _recalls(drawn) * (drawn.cases / drawn.k)
    low, high = percentile_interval(values, confidence=choice.confidence)
    return Figure(lift.estimate, low, high, lift.count, lift.method, lift.denominator)


def invert_precision(precision: Figure) -> Figure:
    """Return how many cases are opened for each one with current abuse, from the precision."""
    low = 1 / precision.high
    if precision.estimate == 0:
        return Figure(
            NAN,
            low,
            INFINITE,
            precision.count,
            f"not estimable: no case with current abuse among those opened; at least {low:.4g} have to be "
            f"opened for each one ({precision.method})",
            precision.denominator,
        )
    high = 1 / precision.low if precision.low > 0 else INFINITE
    method = f"1 / precision, {precision.method}"
    if high == INFINITE:
        method += "; without an upper end, as precision may be 0"
    return Figure(1 / precision.estimate, low, high, precision.count, method, precision.denominator)


def _ends(share: _Share, values: FloatArray | None, choice: IntervalChoice) -> tuple[float, float, str]:
    level = f"{100 * choice.confidence:g} %"
    if values is None:
        return _binomial_ends(share, choice)
    if share.found.best == 0 or share.found.worst >= share.total:
        low, high, method = _binomial_ends(share, IntervalChoice(EXACT, choice.confidence))
        return low, high, f"{method}: a bootstrap sees no doubt where none or all are found"
    low, high = percentile_interval(values, confidence=choice.confidence)
    method = f"bootstrap percentile {level}, {choice.origin}"
    lost = int(np.isnan(values).sum())
    if lost:
        method += f", {lost:,} of them without a case with current abuse left out"
    return low, high, method


def _binomial_ends(share: _Share, choice: IntervalChoice) -> tuple[float, float, str]:
    interval = clopper_pearson_interval if choice.kind == EXACT else wilson_interval
    counts = np.array([share.found.worst, share.found.best]) * (share.trials / share.total)
    low, high = interval(counts, share.trials, confidence=choice.confidence)
    method = f"{NAMES[choice.kind]} {100 * choice.confidence:g} %"
    if share.weighted:
        method = f"weighted (Hajek), {method} on an effective count of {share.trials:.1f}"
    if share.found.best > share.found.worst:
        method += ", widened over ties at the cut"
    return float(low[0]), float(high[1]), method


def _recalls(drawn: ResampledCounts) -> FloatArray:
    recalls = np.full(len(drawn.found), NAN)
    np.divide(drawn.found, drawn.positives, out=recalls, where=drawn.positives > 0)
    return recalls
