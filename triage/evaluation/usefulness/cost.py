"""What missing and opening cost, once somebody says what each is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.inputs import check_confidence
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.ranking import rank_cases
from triage.evaluation.usefulness.contrast import measure_contrast
from triage.evaluation.usefulness.opened import Opened, open_cases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PER = 1000


def expected_cost(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    cost_missed: float,
    cost_opened_in_vain: float,
    cost_opened: float = 0.0,
    capacity: float | None = None,
    threshold: float | None = None,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the expected cost per 1,000 cases of opening those above a threshold, or the first k.

    With the missed cases M, those opened in vain V and all opened K, of n cases,

    .. math:: C = \frac{1000}{n} \left(c_{missed} M + c_{vain} V + c_{opened} K\right)

    The costs are value judgements of whoever uses the list, in any unit. None are shipped: no number says
    what a child's further abuse weighs against a search of somebody who did nothing. At the threshold that
    fits the costs (`threshold_for_costs`) the cost falls by :math:`c_{missed} - c_{opened}` for each unit of
    net benefit.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher is opened earlier; a probability where the threshold is one.
    cost_missed : float
        Of a case with current abuse that is not opened.
    cost_opened_in_vain : float
        Of a case without current abuse that is opened, on top of `cost_opened`.
    cost_opened : float
        Of each case that is opened: the work.
    capacity : int or float, optional
        Cases that are opened, see `cases_at`. Either this or a threshold is given.
    threshold : float, optional
        Cases with this score or a higher one are opened.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        The interval is put together from the Wilson intervals of the shares missed, found and opened in
        vain (see `contrast_distances`), with weights on an effective count. At a capacity the number of
        opened cases is fixed, so only the missed and the found are uncertain; it is widened over the orders
        of the cases tied at the cut.

    Raises
    ------
    InputRefusedError
        An array is not as described, a cost is negative or not finite, or not exactly one of capacity and
        threshold is given.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI 2001, 973-978.

    Examples
    --------
    >>> cost = expected_cost(
    ...     [1, 0, 1, 0, 0], [5, 4, 3, 2, 1], capacity=2, cost_missed=50, cost_opened_in_vain=1
    ... )
    >>> print(cost.brief(0))
    10200 [1895, 31465]
    """
    check_confidence(confidence)
    costs = _check_costs(cost_missed, cost_opened_in_vain, cost_opened)
    ranking = rank_cases(outcome, score, weight)
    opened = open_cases(ranking, capacity=capacity, threshold=threshold)
    found = opened.over_ties
    if threshold is not None:
        middle, low, high = _at_threshold(opened, costs, confidence)
    else:
        middle, _, _ = _at_capacity(opened, found.expected, costs, confidence)
        low = _at_capacity(opened, found.best, costs, confidence)[1]
        high = _at_capacity(opened, found.worst, costs, confidence)[2]
    method = (
        f"cost per {PER:,} cases, Wilson intervals of its shares put together (MOVER) {100 * confidence:g} %"
    )
    if opened.weighted:
        method = f"weighted (Hajek), {method}, variance linearised"
    if found.best > found.worst:
        method += ", widened over ties at the cut"
    rows = opened.positive_rows + opened.negative_rows
    return Figure(PER * middle, PER * low, PER * high, rows, method, denominator)


def threshold_for_costs(*, cost_missed: float, cost_opened_in_vain: float, cost_opened: float = 0.0) -> float:
    r"""Return the probability from which on opening a case costs less than leaving it.

    Opening costs :math:`c_{opened} + (1 - p)\,c_{vain}`, leaving :math:`p\,c_{missed}`; they are equal at

    .. math:: t = \frac{c_{vain} + c_{opened}}{c_{vain} + c_{missed}}

    so that without a cost of opening as such the odds of t are the ratio of both costs.

    Parameters
    ----------
    cost_missed, cost_opened_in_vain, cost_opened : float
        As in `expected_cost`, in any one unit: the user's judgement.

    Raises
    ------
    InputRefusedError
        A cost is negative or not finite, or opening costs as much as missing, so that nothing is worth
        opening.

    References
    ----------
    Pauker, S. G., Kassirer, J. P. (1980). The threshold approach to clinical decision making. New England
    Journal of Medicine 302, 1109-1117.

    Examples
    --------
    >>> threshold_for_costs(cost_missed=99, cost_opened_in_vain=1)
    0.01
    """
    missed, in_vain, opened = _check_costs(cost_missed, cost_opened_in_vain, cost_opened)
    if opened >= missed:
        raise InputRefusedError(
            f"opening costs {opened:g}, missing {missed:g}",
            where="costs",
            expected="a missed case that costs more than opening one",
        )
    return (in_vain + opened) / (in_vain + missed)


class _Costs(NamedTuple):
    missed: float
    in_vain: float
    work: float


def _at_threshold(opened: Opened, costs: _Costs, confidence: float) -> tuple[float, float, float]:
    return _ends(
        opened,
        [costs.missed, costs.work, costs.in_vain + costs.work],
        [opened.positives - opened.found, opened.found, opened.in_vain],
        [
            opened.positives_squared - opened.found_squared,
            opened.found_squared,
            opened.in_vain_squared,
        ],
        confidence,
    )


def _at_capacity(
    opened: Opened, found: float, costs: _Costs, confidence: float
) -> tuple[float, float, float]:
    # All k opened cases cost as if in vain; each found one takes that back.
    k = opened.found + opened.in_vain
    fixed = k * (costs.in_vain + costs.work) / (opened.positives + opened.negatives)
    squared = opened.found_squared * (found / opened.found if opened.found else 1.0)
    squared = min(squared, opened.positives_squared)
    middle, low, high = _ends(
        opened,
        [costs.missed, -costs.in_vain],
        [opened.positives - found, found],
        [opened.positives_squared - squared, squared],
        confidence,
    )
    return fixed + middle, fixed + low, fixed + high


def _ends(
    opened: Opened, value: list[float], count: list[float], square: list[float], confidence: float
) -> tuple[float, float, float]:
    total = opened.positives + opened.negatives
    squared = opened.positives_squared + opened.negatives_squared
    contrast = measure_contrast(np.array(value), np.array(count), np.array(square), total, squared)
    down, up = contrast.distances(confidence)
    middle = float(contrast.estimate)
    return middle, middle - float(down), middle + float(up)


def _check_costs(missed: float, in_vain: float, opened: float) -> _Costs:
    for name, cost in (
        ("cost_missed", missed),
        ("cost_opened_in_vain", in_vain),
        ("cost_opened", opened),
    ):
        if not (math.isfinite(cost) and cost >= 0):
            raise InputRefusedError(f"{cost!r}", where=name, expected="a finite number, 0 or more")
    if missed == 0:
        raise InputRefusedError("0", where="cost_missed", expected="a number above 0")
    return _Costs(float(missed), float(in_vain), float(opened))
