"""What the differences between groups show, once all that were tested are taken together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.evaluation.figure import NAN
from triage.evaluation.groups.measures import (
    ALL,
    AUC,
    FALSE_POSITIVE,
    IN_THE_LARGE,
    MISSED,
    NEEDLESS,
    NO_DIFFERENCE,
    NO_VERDICT,
    OBSERVED,
    PRECISION,
    VERDICTS,
)
from triage.evaluation.groups.result import GroupFigure
from triage.evaluation.multiplicity import adjust_holm, rank_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from triage.evaluation.groups.attributes import Partition
    from triage.evaluation.groups.comparison import Measured, Options
    from triage.evaluation.inputs import FloatArray

_OF = {
    MISSED: "those with current abuse",
    NEEDLESS: "those opened",
    PRECISION: "those opened",
    FALSE_POSITIVE: "those without current abuse",
}
_OF_VALUES = {AUC, IN_THE_LARGE}
_EMPTY = {
    MISSED: "none with current abuse",
    NEEDLESS: "none opened",
    PRECISION: "none opened",
    FALSE_POSITIVE: "none without current abuse",
    OBSERVED: "the probabilities sum to 0, or their mean is below 2.3e-308",
    IN_THE_LARGE: "only one kind of cases",
    AUC: "only one kind of cases",
}


def judge(
    measured: list[Measured], partitions: tuple[Partition, ...], options: Options, *, weighted: bool
) -> Iterator[GroupFigure]:
    """Give one row a group, measure and capacity, with adjusted p-value and verdict.

    Families of tests are, for each measure, the values of all attributes at all capacities, and all
    crossings at all capacities.
    """
    adjusted = {
        measure: _adjust([one for one in measured if one.measure == measure], partitions, options)
        for measure in VERDICTS
    }
    names = [(ALL, "")] + [(one.name, value) for one in partitions for value in one.labels]
    values = sum(len(one.labels) for one in partitions if len(one.attributes) == 1)
    order = np.append(len(names) - 1, np.arange(len(names) - 1))
    for one in measured:
        p_value, rejected = next(adjusted[one.measure]) if one.measure in VERDICTS else (None, None)
        for (attribute, value), group in zip(names, order.tolist(), strict=True):
            if one.measure in _OF_VALUES and values <= group < len(names) - 1:
                continue
            row = _row(one, group, options, whole=group == len(names) - 1, weighted=weighted)
            row |= {"attribute": attribute, "value": value, "p_value": NAN, "verdict": ""}
            if p_value is not None and rejected is not None and group < len(names) - 1:
                row["p_value"] = float(p_value[group])
                row["verdict"] = _verdict(one, group, rejected=bool(rejected[group]))
            yield GroupFigure(**row)


def _adjust(
    family: list[Measured], partitions: tuple[Partition, ...], options: Options
) -> Iterator[tuple[FloatArray, NDArray[np.bool_]]]:
    """Give adjusted p-values as they may be shown, and which tests are significant, capacity by capacity."""
    if not family:
        return
    p_value = np.array([one.p_value for one in family])
    hidden = np.array([one.hidden for one in family])
    shown, rejected = np.full(p_value.shape, NAN), np.zeros(p_value.shape, dtype=np.bool_)
    crossed = np.repeat(
        [len(one.attributes) > 1 for one in partitions], [len(one.labels) for one in partitions]
    )
    twin = _find_twins(partitions)
    for kind in (~crossed, crossed):
        tested = p_value[:, kind & (twin < 0)].ravel()
        secret = hidden[:, kind & (twin < 0)].ravel()
        verdict = adjust_holm(tested) <= 1 - options.confidence
        place = np.ix_(np.arange(len(family)), np.flatnonzero(kind & (twin < 0)))
        rejected[place] = verdict.reshape(len(family), -1)
        shown[place] = _show(tested, secret, verdict, options.confidence).reshape(len(family), -1)
    second = np.flatnonzero(twin >= 0)
    shown[:, second], rejected[:, second] = shown[:, twin[second]], rejected[:, twin[second]]
    yield from zip(np.where(hidden, NAN, shown), rejected, strict=True)


def _find_twins(partitions: tuple[Partition, ...]) -> NDArray[np.int64]:
    """Return for the second of two groups that share out all cases the first: both ask the same question."""
    twin = np.full(sum(len(one.labels) for one in partitions), -1)
    start = 0
    for one in partitions:
        if len(one.labels) == 2:
            twin[start + 1] = start
        start += len(one.labels)
    return twin


def _show(
    p: FloatArray, secret: NDArray[np.bool_], rejected: NDArray[np.bool_], confidence: float
) -> FloatArray:
    """Return Holm's p-values without what the withheld ones among them would tell."""
    order, steps = rank_tests(p)
    shown = np.full(p.shape, NAN)
    shown[order] = np.maximum.accumulate(np.where(secret[order], 0.0, steps))
    # A smaller p-value that is withheld, and not significant, decided here.
    return np.where((shown <= 1 - confidence) & ~rejected, NAN, shown)


def _verdict(one: Measured, group: int, *, rejected: bool) -> str:
    if rejected:
        more, fewer = VERDICTS[one.measure]
        return more if one.difference[0][group] > 0 else fewer
    if one.hidden[group] or math.isnan(one.p_value[group]):
        return NO_VERDICT
    return NO_DIFFERENCE


def _row(one: Measured, group: int, options: Options, *, whole: bool, weighted: bool) -> dict[str, Any]:
    where = "" if whole else "in the group, "
    of = f"{_OF[one.measure]} {where}among " if one.measure in _OF else f"those {where}among " * (not whole)
    withheld = not whole and bool(one.hidden[group])
    numbers = (one.estimate, one.low, one.high, *one.difference)
    estimate, low, high, difference, difference_low, difference_high = (
        NAN if withheld else float(column[group]) for column in numbers
    )
    return {
        "measure": one.measure,
        "k": one.k,
        "estimate": estimate,
        "low": low,
        "high": high,
        "count": None if withheld else round(float(one.rows[group])),
        "difference": difference,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "withheld": withheld,
        "method": _method(one, group, options, withheld=withheld, whole=whole, weighted=weighted),
        "denominator": f"{of}{options.denominator}",
    }


def _method(
    one: Measured, group: int, options: Options, *, withheld: bool, whole: bool, weighted: bool
) -> str:
    if withheld:
        return f"withheld: fewer than {options.smallest}, or needed so that no such number can be worked out"
    if math.isnan(one.estimate[group]):
        return f"not estimable: {_EMPTY[one.measure]}"
    interval, compared = one.method
    if one.own_method:
        interval = one.own_method[group]
    if weighted and not math.isnan(one.trials[group]):
        interval = f"weighted (Hajek), {interval} on an effective count of {one.trials[group]:.1f}"
    if one.tied[group]:
        interval += ", widened over ties at the cut"
    return interval if whole or not compared else f"{interval}; {compared}"
