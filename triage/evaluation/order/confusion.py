"""Cases opened or not, with current abuse or not: the table of four counts, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import check_confidence
from triage.evaluation.order.auc import NO_NEGATIVES
from triage.evaluation.order.capacity import NO_POSITIVES
from triage.evaluation.order.linearised import NO_VARIANCE
from triage.evaluation.proportions import (
    agresti_coull_interval,
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from triage.evaluation.weighting import effective_count, kish_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Ranking

Interval = Literal["wilson", "clopper-pearson", "jeffreys", "agresti-coull"]
NONE_OPENED = "no case opened"
ALL_OPENED = "all cases opened"
TP, FP, FN, TN = range(4)
_INTERVALS = {
    "wilson": ("Wilson", wilson_interval),
    "clopper-pearson": ("Clopper-Pearson", clopper_pearson_interval),
    "jeffreys": ("Jeffreys", jeffreys_interval),
    "agresti-coull": ("Agresti-Coull", agresti_coull_interval),
}


@dataclass(frozen=True)
class Share:
    """A share of some cells of the table among others, and its interval.

    Parameters
    ----------
    estimate, low, high : float
        NaN, 0 and 1 where the cells are empty.
    variance : float
        Linearised; p(1 - p)/n without weights.
    count : int
        Rows in the cells among which it is a share.
    method : str
        How the interval was made.
    """

    estimate: float
    low: float
    high: float
    variance: float
    count: int
    method: str

    def figure(self, why_none: str, denominator: str) -> Figure:
        """Return the share as a figure, not estimable where the cells are empty."""
        if self.count == 0:
            return Figure.not_estimable(why_none, 0, denominator)
        return Figure(self.estimate, self.low, self.high, self.count, self.method, denominator)


@dataclass(frozen=True, eq=False)
class ConfusionTable:
    """Sums over the four cells: true positives, false positives, false negatives, true negatives.

    Parameters
    ----------
    rows : array of shape (4,)
        Cases in each cell.
    weight, squared : array of shape (4,)
        Sums of their weights and of the squares of these.
    weighted : bool
        Whether weights were given.
    interval : {"wilson", "clopper-pearson", "jeffreys", "agresti-coull"}
        Of the shares.
    confidence : float
        Level of all intervals.
    """

    rows: NDArray[np.int64]
    weight: FloatArray
    squared: FloatArray
    weighted: bool
    interval: Interval
    confidence: float

    @classmethod
    def of(
        cls, ranking: Ranking, opened: NDArray[np.bool_], interval: Interval, confidence: float
    ) -> ConfusionTable:
        """Sum a ranking of which these groups are opened.

        Raises
        ------
        InputRefusedError
            There is no such interval, or the confidence is none.
        """
        if interval not in _INTERVALS:
            names = ", ".join(f"{name!r}" for name in _INTERVALS)
            raise InputRefusedError(f"{interval!r}", where="interval", expected=f"one of {names}")
        rows, weight, squared = (
            np.array(
                [part[chosen].sum() for chosen in (opened, ~opened) for part in (positive, all_ - positive)]
            )
            for positive, all_ in (
                (ranking.positive_rows, ranking.rows),
                (ranking.positive, ranking.weight),
                (ranking.positive_squared, ranking.weight_squared),
            )
        )
        # Differences of sums of weights leave a trace where there is no case.
        weight, squared = np.where(rows > 0, weight, 0.0), np.where(rows > 0, squared, 0.0)
        return cls(rows, weight, squared, ranking.weighted, interval, check_confidence(confidence))

    @property
    def level(self) -> str:
        """The confidence level as text."""
        return f"{100 * self.confidence:g} %"

    def share(self, cells: Sequence[int], among: Sequence[int]) -> Share:
        """Return the share of the cases in these cells among those in more cells, with its interval."""
        rows, total = int(self.rows[list(among)].sum()), float(self.weight[list(among)].sum())
        name, interval = _INTERVALS[self.interval]
        if rows == 0:
            return Share(NAN, 0.0, 1.0, NAN, 0, "")
        count = float(self.weight[list(cells)].sum())
        share = min(count / total, 1.0)
        rest = [cell for cell in among if cell not in cells]
        positive, negative = float(self.squared[list(cells)].sum()), float(self.squared[rest].sum())
        variance = (positive * (1 - share) ** 2 + negative * share**2) / total**2
        method, trials = f"{name} {self.level}", total
        if self.weighted:
            trials = effective_count(share, variance, kish_count(total, positive + negative))
            count = share * trials
            method = f"weighted (Hajek), {method} on an effective count of {trials:.1f}"
        low, high = interval(count, trials, confidence=self.confidence)
        return Share(share, float(low), float(high), variance, rows, method)


def measure_f1(table: ConfusionTable, denominator: str) -> Figure:
    """Return F1 with an interval from that of the share TP / (TP + FP + FN), of which it is a rising map."""
    jaccard = table.share([TP], [TP, FP, FN])
    if table.rows[TP] + table.rows[FN] == 0:
        return Figure.not_estimable(NO_POSITIVES, int(table.rows.sum()), denominator)
    estimate, low, high = (2 * f / (1 + f) for f in (jaccard.estimate, jaccard.low, jaccard.high))
    method = f"{jaccard.method} of TP / (TP + FP + FN), mapped onto F1"
    of = f"those opened or with current abuse, of {denominator}"
    return Figure(estimate, low, high, jaccard.count, method, of)


def measure_matthews(table: ConfusionTable, denominator: str) -> Figure:
    """Return Matthews' correlation with an interval from its linearised variance on Fisher's z scale."""
    rows = int(table.rows.sum())
    for cells, reason in (
        ([TP, FN], NO_POSITIVES),
        ([FP, TN], NO_NEGATIVES),
        ([TP, FP], NONE_OPENED),
        ([FN, TN], ALL_OPENED),
    ):
        if table.rows[cells].sum() == 0:
            return Figure.not_estimable(reason, rows, denominator)
    shares = table.weight / table.weight.sum()
    positive, opened = shares[TP] + shares[FN], shares[TP] + shares[FP]
    # Outcome and decision in units of their standard deviations, cell by cell.
    outcome = (np.array([1, 0, 1, 0]) - positive) / math.sqrt(positive * (1 - positive))
    decision = (np.array([1, 1, 0, 0]) - opened) / math.sqrt(opened * (1 - opened))
    correlation = min(max(float(shares @ (outcome * decision)), -1.0), 1.0)
    moved = outcome * decision - correlation * (outcome**2 + decision**2) / 2
    variance = float(table.squared @ moved**2) / float(table.weight.sum()) ** 2
    name = f"{'weighted ' if table.weighted else ''}Matthews correlation"
    if not variance > NO_VARIANCE or abs(correlation) >= 1 - 1e-12:
        why = f"{name}, no interval: no case contradicts the others, so that there is no variance"
        return Figure(float(np.sign(correlation)), NAN, NAN, rows, why, denominator)
    half = float(ndtri((1 + table.confidence) / 2)) * math.sqrt(variance) / (1 - correlation**2)
    low, high = np.tanh(math.atanh(correlation) + np.array([-half, half]))
    method = f"{name}, delta method {table.level} on Fisher's z scale"
    return Figure(correlation, float(low), float(high), rows, method, denominator)


def measure_likelihood_ratio(table: ConfusionTable, *, opened: bool, denominator: str) -> Figure:
    """Return how much likelier it is with current abuse than without to be opened, or not to be opened."""
    with_abuse, without = (TP, FP) if opened else (FN, TN)
    above, below = table.share([with_abuse], [TP, FN]), table.share([without], [FP, TN])
    rows = int(table.rows.sum())
    if above.count == 0 or below.count == 0:
        return Figure.not_estimable(NO_POSITIVES if above.count == 0 else NO_NEGATIVES, rows, denominator)
    if above.estimate == below.estimate == 0:
        return Figure.not_estimable(NONE_OPENED if opened else ALL_OPENED, rows, denominator)
    if np.any(table.rows == 0):
        return _ratio_with_an_empty_cell(above, below, opened=opened, rows=rows, denominator=denominator)
    ratio = above.estimate / below.estimate
    variance = above.variance / above.estimate**2 + below.variance / below.estimate**2
    half = float(ndtri((1 + table.confidence) / 2)) * math.sqrt(variance)
    weighted = "weighted, " if table.weighted else ""
    method = f"{weighted}Simel, Samsa and Matchar's interval {table.level} on the log scale"
    return Figure(ratio, ratio * math.exp(-half), ratio * math.exp(half), rows, method, denominator)


def _ratio_with_an_empty_cell(
    above: Share, below: Share, *, opened: bool, rows: int, denominator: str
) -> Figure:
    # Simel's variance is infinite where a share is 0, and knows of no doubt in a share of 1.
    low, high = _divide_intervals(above, below)
    method = f"Donner and Zou's ratio of two intervals ({above.method}), as a cell of the table is empty"
    if below.estimate > 0:
        return Figure(above.estimate / below.estimate, low, high, rows, method, denominator)
    kind = "opened" if opened else "left"
    why = f"not estimable: no case without current abuse is {kind}; at least {low:.4g} by {method}"
    return Figure(NAN, low, high, rows, why, denominator)


def _divide_intervals(above: Share, below: Share) -> tuple[float, float]:
    """Return Donner and Zou's interval for the ratio of two independent shares from their own intervals."""
    a, b = above.estimate, below.estimate
    lowest, highest = above.low * (2 * a - above.low), above.high * (2 * a - above.high)
    near, far = below.low * (2 * b - below.low), below.high * (2 * b - below.high)
    # Written without a quotient of two zeros: far is 0 where the high end is twice the share.
    low = lowest / (a * b + math.sqrt(max((a * b) ** 2 - lowest * far, 0.0))) if lowest > 0 else 0.0
    high = (a * b + math.sqrt(max((a * b) ** 2 - highest * near, 0.0))) / near if near > 0 else math.inf
    return low, high
