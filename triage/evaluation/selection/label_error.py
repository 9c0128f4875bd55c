"""What figures become when an investigation misses part of the current abuse, or leaves it undetermined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure, as_plain
from triage.evaluation.inputs import FloatArray, check_lengths, check_outcome
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.selection.cases import (
    LEAST_EFFECTIVE,
    Side,
    Target,
    check_inclusion,
    check_selected,
    split_list,
)
from triage.evaluation.selection.counts import share_interval
from triage.evaluation.selection.estimators import (
    ListFigures,
    Options,
    count_side,
    describe_method,
    one_minus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

Undetermined = Literal["left_out", "no", "yes"]
GRID = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)


@dataclass(frozen=True, eq=False)
class DetectionGrid:
    """Figures over a grid of how much current abuse investigations detect.

    Parameters
    ----------
    first, rest : array of shape (points,)
        Detection sensitivity among the cases opened first, and among the others: of those with current abuse
        that were investigated, the share for which it was found.
    precision, recall, found, missed, prevalence, lift : array of shape (points,)
        Corrected; NaN where the sensitivity is impossible, as more would have current abuse than there are.
    recall_low, recall_high, precision_low, precision_high : array of shape (points,)
        Their intervals.
    tipping : float
        The quotient of the sensitivities, rest over first, at which the lift would be 1.
    method : str
        What they rest on.
    """

    first: FloatArray
    rest: FloatArray
    precision: FloatArray
    precision_low: FloatArray
    precision_high: FloatArray
    recall: FloatArray
    recall_low: FloatArray
    recall_high: FloatArray
    found: FloatArray
    missed: FloatArray
    prevalence: FloatArray
    lift: FloatArray
    tipping: float
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return the grid, one row a point."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame({name: v for name, v in vars(self).items() if isinstance(v, np.ndarray)})

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict


@dataclass(frozen=True)
class TippingPoint:
    """How much worse detection would have to be somewhere to turn a conclusion round.

    Parameters
    ----------
    ratio : Figure
        Detection sensitivity where the conclusion gains over that where it loses, at which both are level.
        Below 1: the conclusion holds unless detection is so much worse there. Above 1: it does not hold even
        with equal detection.
    conclusion : str
        What would be turned round.
    """

    ratio: Figure
    conclusion: str

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.conclusion}: level at {self.ratio}"


def correct_detection(figures: ListFigures, *, first: float, rest: float | None = None) -> ListFigures:
    r"""Return what figures become when investigations detect only part of the current abuse.

    A *yes* is taken as true; a *no* may be abuse that was not found. With the sensitivities s of detection
    among the cases opened first, and t among the others,

    .. math:: \text{precision}' = \text{precision}/s, \quad
        \frac{\text{recall}'}{1 - \text{recall}'} = \frac{t}{s}\,\frac{\text{recall}}{1 - \text{recall}}

    so that with s = t the recall, and the lift, stay as they are.

    Parameters
    ----------
    figures : ListFigures
        From any estimator of this room.
    first, rest : float
        s and t, above 0 and at most 1; t is s where it is not given.

    Returns
    -------
    ListFigures
        Intervals are those of the figures, moved in the same way; s and t count as known. Not estimable where
        more cases than were opened would have current abuse.

    Raises
    ------
    InputRefusedError
        A sensitivity outside.

    References
    ----------
    Rogan, W. J., Gladen, B. (1978). Estimating prevalence from the results of a screening test. American
    Journal of Epidemiology 107, 71-76 (with a specificity of 1).

    Examples
    --------
    >>> half = Figure(0.5, 0.4, 0.6, 100, "", "all cases")
    >>> ten = Figure(10.0, 8.0, 12.0, 100, "", "all cases")
    >>> corrected = correct_detection(ListFigures(half, half, ten, ten, half), first=0.8, rest=0.4)
    >>> corrected.precision.brief(3), corrected.recall.brief(3), corrected.missed.brief(1)
    ('0.625 [0.500, 0.750]', '0.333 [0.250, 0.429]', '25.0 [20.0, 30.0]')
    """
    rest = first if rest is None else rest
    for value, name in ((first, "first"), (rest, "rest")):
        if not 0 < value <= 1:
            raise InputRefusedError(f"{value!r}", where=name, expected="a sensitivity above 0, at most 1")
    said = f"detection {first:g}" + ("" if rest == first else f" among those opened first, {rest:g} after")
    precision = _divide(figures.precision, first, said, most=1.0)
    size = figures.found.estimate / figures.precision.estimate if figures.precision.estimate > 0 else NAN
    return ListFigures(
        precision,
        _move_odds(figures.recall, rest / first, said),
        _divide(figures.found, first, said, most=size),
        _divide(figures.missed, rest, said, most=NAN),
        one_minus(precision) if precision.estimable else precision,
    )


def detection_grid(
    figures: ListFigures,
    cases: int,
    *,
    first: Sequence[float] = GRID,
    rest: Sequence[float] | None = None,
) -> DetectionGrid:
    r"""Return corrected figures over a grid of detection sensitivities, and where the lift is lost.

    Parameters
    ----------
    figures : ListFigures
        From any estimator of this room.
    cases : int
        How many are on the list.
    first, rest : sequence of float
        Sensitivities among the cases opened first, and the others, of the same length; the same for both
        where `rest` is not given.

    Returns
    -------
    DetectionGrid
        With the tipping point: the quotient t / s below which the first k would hold no more than k cases
        drawn at random, :math:`\frac{k}{n - k}\,\frac{1 - \text{recall}}{\text{recall}}`.

    Raises
    ------
    InputRefusedError
        A sensitivity outside 0 to 1, or grids of different length.

    Examples
    --------
    >>> half = Figure(0.5, 0.4, 0.6, 100, "", "all cases")
    >>> ten = Figure(10.0, 8.0, 12.0, 100, "", "all cases")
    >>> grid = detection_grid(
    ...     ListFigures(half, half, ten, ten, half), 100, first=[1.0, 1.0], rest=[1.0, 0.25]
    ... )
    >>> grid.recall, grid.lift, round(grid.tipping, 4)  # 20 of 100 cases are opened
    (array([0.5, 0.2]), array([2.5, 1. ]), 0.25)
    """
    s = np.asarray(first, dtype=np.float64)
    t = s if rest is None else np.asarray(rest, dtype=np.float64)
    check_lengths({"first": s, "rest": t})
    points = [
        correct_detection(figures, first=a, rest=b) for a, b in zip(s.tolist(), t.tolist(), strict=True)
    ]

    def column(name: str, part: str = "estimate") -> FloatArray:
        return np.array([getattr(getattr(point, name), part) for point in points], dtype=np.float64)

    k = figures.found.estimate / figures.precision.estimate if figures.precision.estimate > 0 else NAN
    recall = figures.recall.estimate
    tipping = k / (cases - k) * (1 - recall) / recall if recall > 0 and k < cases else NAN
    found, missed = column("found"), column("missed")
    return DetectionGrid(
        s,
        t,
        column("precision"),
        column("precision", "low"),
        column("precision", "high"),
        column("recall"),
        column("recall", "low"),
        column("recall", "high"),
        found,
        missed,
        (found + missed) / cases,
        column("recall") * cases / k,
        float(tipping),
        f"{figures.recall.method}; a yes is true, detection as given",
    )


def tipping_between(
    outcome: ArrayLike,
    score: ArrayLike,
    other_score: ArrayLike,
    inclusion: ArrayLike,
    capacity: float,
    *,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> TippingPoint:
    r"""Return how much worse detection would have to be where only another ranking opens cases.

    Two rankings open k cases each; those that both open do not matter. With the weighted counts A of current
    abuse that only the first opens, and B of what only the other opens, they are level when detection among
    the latter, over that among the former, is B / A.

    Parameters
    ----------
    outcome, score, inclusion, capacity, target, least_effective, confidence, denominator
        As for `horvitz_thompson_at`.
    other_score : array of shape (cases,)
        Of the other ranking, such as the order of arrival.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    Examples
    --------
    >>> tipping = tipping_between(
    ...     [1, 1, 0, 0, 1, 0], [6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6], [0.5] * 6, 3, least_effective=1
    ... )
    >>> tipping.ratio.estimate
    0.5
    """
    cases, others = check_selected(outcome, score, inclusion), check_selected(outcome, other_score, inclusion)
    options = Options(target, confidence, least_effective, denominator)
    one, other = (split_list(list_, (capacity,))[0].opened.part for list_ in (cases, others))
    conclusion = "more current abuse among the first k of the first ranking than of the other"
    of = f"those that one ranking opens first and the other does not, of {denominator}"
    only = np.maximum(one - other, 0), np.maximum(other - one, 0)
    sides = tuple(
        Side(part, float(part.sum()), f"that only the {name} ranking opens")
        for part, name in zip(only, ("first", "other"), strict=True)
    )
    counted = [count_side(cases, side, options) for side in sides]
    rows = sum(side.rows for side in counted)
    reason = counted[0].reason or counted[1].reason
    if reason:
        return TippingPoint(Figure.not_estimable(reason, rows, of), conclusion)
    gained, lost = (side.positive for side in counted)
    if gained.total == 0:
        reason = f"{NO_POSITIVES} that only the first ranking opens"
        return TippingPoint(Figure.not_estimable(reason, rows, of), conclusion)
    low, high = share_interval(lost, gained, confidence=confidence)
    top = high / (1 - high) if high < 1 else float("inf")
    method = describe_method("ratio of Horvitz-Thompson totals", options, gained, lost)
    return TippingPoint(Figure(lost.total / gained.total, low / (1 - low), top, rows, method, of), conclusion)


def treat_undetermined(
    outcome: ArrayLike,
    undetermined: ArrayLike,
    inclusion: ArrayLike | None = None,
    *,
    as_: Undetermined = "left_out",
) -> tuple[FloatArray, FloatArray]:
    """Return outcomes and inclusion probabilities with undetermined findings left out, or as no, or as yes.

    Evaluate all three ways: what they have in common does not depend on what was undetermined.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1, 0, NaN without outcome.
    undetermined : array of shape (cases,)
        Whether the investigation has ended without telling; the outcome is then not looked at.
    inclusion : array of shape (cases,), optional
        Probability that the investigation has ended.
    as_ : {"left_out", "no", "yes"}
        "left_out": as if not investigated; inclusion probabilities are multiplied by the share that was
        determined, so that sums of weights still reach all cases. That a finding is undetermined must then
        have nothing to do with current abuse. "no" and "yes" assume nothing.

    Raises
    ------
    InputRefusedError
        A column is not as described.

    Examples
    --------
    >>> outcome, inclusion = treat_undetermined([1, 0, None, None], [0, 0, 1, 0], [0.9, 0.6, 0.9, 0.6])
    >>> outcome, inclusion.round(4)
    (array([ 1.,  0., nan, nan]), array([0.6, 0.4, 0.6, 0.4]))
    """
    y, unclear = check_outcome(outcome, missing=True), check_outcome(undetermined) == 1
    p = check_inclusion(inclusion, len(y))
    check_lengths({"outcome": y, "undetermined": unclear, "inclusion": p})
    if as_ != "left_out":
        return np.where(unclear, float(as_ == "yes"), y), p
    y = np.where(unclear, np.nan, y)
    told = int(np.count_nonzero(~np.isnan(y)))
    ended = told + int(unclear.sum())
    return y, p * (told / ended if ended else 1.0)


def _divide(figure: Figure, by: float, said: str, *, most: float) -> Figure:
    if not figure.estimable:
        return figure
    moved = figure.times(1 / by)
    if moved.estimate > most * (1 + 1e-9):
        return Figure.not_estimable(
            f"with {said} more cases would have current abuse than there are",
            figure.count,
            figure.denominator,
        )
    high = min(moved.high, most) if most == most else moved.high  # noqa: PLR0124 - NaN is no limit
    return replace(moved, high=high, method=f"{figure.method}; {said}")


def _move_odds(figure: Figure, factor: float, said: str) -> Figure:
    if not figure.estimable:
        return figure

    def move(share: float) -> float:
        return share * factor / (1 - share + share * factor)

    return replace(
        figure,
        estimate=move(figure.estimate),
        low=move(figure.low),
        high=move(figure.high),
        method=f"{figure.method}; {said}",
    )
