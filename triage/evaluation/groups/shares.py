"""Shares of a group at a cut: missed, needlessly opened, opened, with current abuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from triage.evaluation.groups.measures import (
    BASE_RATE,
    BURDEN,
    FALSE_POSITIVE,
    MISSED,
    NEEDLESS,
    OPENED,
    PRECISION,
)
from triage.evaluation.groups.sums import AFTER, BEFORE, ROWS, SQUARED, TIED, WEIGHT
from triage.evaluation.proportions import clopper_pearson_interval, square_and_add, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

Interval = Literal["wilson", "clopper-pearson"]

# Of each case: what counts as x and what as the total, from the part of it that is opened and its outcome.
_Kind: TypeAlias = "Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]"
KINDS: dict[str, _Kind] = {
    MISSED: lambda part, y: ((1 - part) * y, y + 0 * part),
    NEEDLESS: lambda part, y: (part * (1 - y), part + 0 * y),
    BURDEN: lambda part, y: (part * (1 - y), 1 + 0 * part * y),
    PRECISION: lambda part, y: (part * y, part + 0 * y),
    OPENED: lambda part, y: (part + 0 * y, 1 + 0 * part * y),
    FALSE_POSITIVE: lambda part, y: (part * (1 - y), (1 - y) + 0 * part),
    BASE_RATE: lambda part, y: (y + 0 * part, 1 + 0 * part * y),
}
NAMES = {"wilson": "Wilson", "clopper-pearson": "Clopper-Pearson"}
INTERVALS = {"wilson": wilson_interval, "clopper-pearson": clopper_pearson_interval}


@dataclass(frozen=True, eq=False)
class Shares:
    """One share of every group.

    Parameters
    ----------
    estimate : array of shape (groups,)
        NaN where the total is 0.
    trials : array of shape (groups,)
        Independent cases that the share is worth.
    rows : array of shape (groups,)
        Cases in the total; at a tie the expected number.
    low, high : array of shape (groups,)
        The interval, widened over ties.
    inner : two arrays of shape (groups,)
        The interval at the expected number, not widened.
    tied : array of bool, shape (groups,)
        Whether the interval is widened over ties.
    """

    estimate: FloatArray
    trials: FloatArray
    rows: FloatArray
    low: FloatArray
    high: FloatArray
    inner: tuple[FloatArray, FloatArray]
    tied: NDArray[np.bool_]

    def minus(self, other: Shares) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the difference of the expected shares and its interval, by square-and-add."""
        ends = square_and_add(self.estimate, self.inner, other.estimate, other.inner)
        return self.estimate - other.estimate, *ends


def share_of(
    kind: str, sums: FloatArray, part: float, tied_weight: float, *, confidence: float, interval: Interval
) -> Shares:
    r"""Return one share of every group.

    A case tied at the cut counts with the part of it that is opened, so numerator and denominator are
    expected numbers over all orders of the tied cases. The interval goes from the low end at the order that
    makes the group's share smallest to the high end at the order that makes it largest. With weights it is a
    ratio of sums of weights (Hajek) on an effective count (see `triage.evaluation.weighting`).

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    sums : array of shape (groups, 3, 2, 3)
        See `AtomSums.at`.
    part : float
        Part of the tied cases that is opened.
    tied_weight : float
        Weight of all cases tied at the cut, whatever their group.
    confidence : float
        Level of the interval.
    interval : {"wilson", "clopper-pearson"}
        Which interval.
    """
    opened = np.array([[1.0], [part], [0.0]])
    x, d = KINDS[kind](opened, np.array([[0.0, 1.0]]))
    count = np.einsum("gzy,zy->g", sums[..., WEIGHT], x)
    total = np.einsum("gzy,zy->g", sums[..., WEIGHT], d)
    rows = np.einsum("gzy,zy->g", sums[..., ROWS], d)
    share = np.minimum(_divide(count, total), 1.0)
    # The squared residual of a case in zone z with outcome y, times how much of it is in the total.
    value = np.divide(x, d, out=np.zeros_like(x), where=d > 0)
    residual = d * (value - np.nan_to_num(share)[:, None, None]) ** 2
    spread = np.einsum("gzy,gzy->g", sums[..., SQUARED], residual)
    kish = _divide(total**2, np.einsum("gzy,zy->g", sums[..., SQUARED], d), empty=0.0)
    trials = _effective(share, _divide(spread, total**2, empty=0.0), kish)
    if not sums[:, AFTER].any() and part == 1 and kind in {MISSED, OPENED, FALSE_POSITIVE}:
        nowhere = np.zeros(len(share), dtype=np.bool_)
        return Shares(share, trials, rows, share, share, (share, share), nowhere)
    least, most = _extremes(kind, sums[..., WEIGHT], part * tied_weight, tied_weight)
    scale = _divide(trials, total, empty=0.0)
    lows, highs = zip(
        *(
            INTERVALS[interval](np.clip(one, 0, all_) * scale, all_ * scale, confidence=confidence)
            for one, all_ in (least, most, (count, total))
        ),
        strict=True,
    )
    # Where an order of the ties opens nobody of the group, a share of the opened can be anything.
    gap = _divide(*most) - _divide(*least)
    empty = np.isnan(share)
    return Shares(
        estimate=share,
        trials=trials,
        rows=rows,
        low=np.where(empty, np.nan, lows[0]),
        high=np.where(empty, np.nan, highs[1]),
        inner=(np.where(empty, np.nan, lows[2]), np.where(empty, np.nan, highs[2])),
        tied=~empty & ~(np.abs(gap) <= 1e-12),
    )


def _extremes(
    kind: str, weight: FloatArray, room: float, tied_weight: float
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Return count and total at the orders of the tied cases that make a share smallest and largest."""
    (before0, before1), (tied0, tied1) = weight[:, BEFORE].T, weight[:, TIED].T
    positives, cases = weight[:, :, 1].sum(axis=1), weight.sum(axis=(1, 2))

    def reach(tied: FloatArray) -> tuple[FloatArray, FloatArray]:
        # How few and how many of these tied cases can be opened while `room` of all tied cases are.
        return np.maximum(0.0, room - (tied_weight - tied)), np.minimum(room, tied)

    if kind == MISSED:
        few, many = reach(tied1)
        return (positives - before1 - many, positives), (positives - before1 - few, positives)
    if kind in {NEEDLESS, PRECISION}:
        counted, before, against = (tied0, before0, tied1) if kind == NEEDLESS else (tied1, before1, tied0)
        elsewhere = np.maximum(tied_weight - tied0 - tied1, 0.0)
        base = before0 + before1
        other = np.minimum(room, against)
        own = np.maximum(0.0, room - elsewhere - other)
        least = before + own, base + own + other
        own = np.minimum(room, counted)
        other = np.maximum(0.0, room - elsewhere - own)
        return least, (before + own, base + own + other)
    if kind == BASE_RATE:
        return (positives, cases), (positives, cases)
    total = cases - positives if kind == FALSE_POSITIVE else cases
    tied, before = (tied0 + tied1, before0 + before1) if kind == OPENED else (tied0, before0)
    few, many = reach(tied)
    return (before + few, total), (before + many, total)


def _effective(share: FloatArray, variance: FloatArray, kish: FloatArray) -> FloatArray:
    # As `effective_count` of triage.evaluation.weighting, for many groups at once.
    inside = (variance > 0) & (share > 0) & (share < 1)
    ratio = np.divide(share * (1 - share), variance, out=np.full_like(kish, np.inf), where=inside)
    return np.minimum(kish, ratio)


def _divide(x: FloatArray, d: FloatArray, *, empty: float = np.nan) -> FloatArray:
    return np.divide(x, d, out=np.full_like(x, empty), where=d > 0)
