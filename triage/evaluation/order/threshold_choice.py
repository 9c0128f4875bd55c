"""Which threshold reaches a goal with the fewest cases opened, and what that opens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.order.auc import NO_NEGATIVES
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.order.confusion import FN, FP, NONE_OPENED, TN, TP, ConfusionTable, Interval
from triage.evaluation.order.threshold_figures import ThresholdFigures
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CHOSEN_HERE = "the threshold was chosen on these cases, which the interval does not know"


@dataclass(frozen=True)
class ThresholdChoice(ThresholdFigures):
    """The threshold that reaches a goal, and what it opens.

    Parameters
    ----------
    goal : {"recall", "specificity"}
        What was to be reached.
    level : float
        How much of it.
    threshold : float
        Open when the score is at least this. Infinity where nothing may be opened; NaN where the goal is not
        estimable.
    k, share : float
        Cases opened, and as a share of the cases: how many must be opened to find that share of the cases
        with current abuse. With weights: of sums of weights. NaN where the goal is not estimable.
    recall, specificity, precision : Figure
        At this threshold.
    work_saved : Figure
        Work saved over sampling: the share of the cases left, less the share that could be left in a random
        order at the same recall.
    """

    goal: Literal["recall", "specificity"]
    level: float
    threshold: float
    k: float
    share: float
    recall: Figure
    specificity: Figure
    precision: Figure
    work_saved: Figure


def threshold_at(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    recall: float | None = None,
    specificity: float | None = None,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ThresholdChoice:
    r"""Return the threshold that reaches a recall with the fewest cases opened, or keeps a specificity.

    For a recall it is the highest score t such that the cases with a score of at least t hold at least that
    share of the cases with current abuse; for a specificity the lowest t such that at least that share of the
    other cases lies below it (a higher one would keep it too, and find less). Cases of equal score are opened
    all or none, so more may be reached than was asked for. Then

    .. math:: WSS = \frac{TN + FN}{n} - (1 - \text{recall})

    with the recall that is reached.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher means likelier.
    recall, specificity : float, optional
        The share to reach, above 0 and at most 1. One of the two must be given.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    interval : {"wilson", "clopper-pearson", "jeffreys", "agresti-coull"}
        Of the figures that were not the goal, taking the threshold as given.
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    ThresholdChoice
        Without a figure where the goal has no case to be measured on.

    Raises
    ------
    InputRefusedError
        An array is not as described, or not exactly one goal is given, or it is out of range.

    Notes
    -----
    What other cases will have of the goal at this threshold is known without any model, although the
    threshold was chosen here: with m cases with current abuse, of which
    :math:`r = \lceil m \cdot \text{level} \rceil` are needed, the recall of the population from the r-th
    highest of their scores on has the law
    :math:`\text{Beta}(r, m - r + 1)` whatever the score, so that it is below the goal about as often as not.
    The interval of the goal has the low end of that law, and the high end of Clopper and Pearson for those
    that are found (ties may add to r); it is the interval of Wilks. With weights, m is Kish's effective
    count. The other figures have the interval of a threshold that is given; it moves with the cases, so
    theirs are too short. Work saved has none for that reason.

    References
    ----------
    Cohen, A. M., Hersh, W. R., Peterson, K., Yen, P.-Y. (2006). Reducing workload in systematic review
    preparation using automated citation classification. Journal of the American Medical Informatics
    Association 13, 206-219.

    Wilks, S. S. (1941). Determination of sample sizes for setting tolerance limits. Annals of Mathematical
    Statistics 12, 91-96.

    Examples
    --------
    >>> choice = threshold_at([1, 1, 0, 1, 0, 0, 1, 0], [9, 8, 7, 5, 4, 3, 2, 1], recall=0.75)
    >>> choice.threshold, choice.k, choice.share
    (5.0, 4.0, 0.5)
    >>> choice.work_saved.estimate  # 4/8 are left, a random order could leave 1/4
    0.25
    """
    return measure_threshold_at(
        rank_cases(outcome, score, weight),
        recall=recall,
        specificity=specificity,
        interval=interval,
        confidence=confidence,
        denominator=denominator,
    )


def measure_threshold_at(
    ranking: Ranking,
    *,
    recall: float | None = None,
    specificity: float | None = None,
    interval: Interval = "wilson",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ThresholdChoice:
    """Return the threshold that reaches a goal from a ranking made before; see `threshold_at`."""
    goal, level = _check_goal(recall, specificity)
    positive_rows, rows = int(ranking.positive_rows.sum()), int(ranking.rows.sum())
    opened = _opened_groups(ranking, goal, level)
    table = ConfusionTable.of(ranking, opened, interval, confidence)
    reason = NO_POSITIVES if goal == "recall" else NO_NEGATIVES
    if (positive_rows if goal == "recall" else rows - positive_rows) == 0:
        none = Figure.not_estimable(f"{reason}, so that no threshold is chosen", rows, denominator)
        return ThresholdChoice(goal, level, NAN, NAN, NAN, none, none, none, none)
    k = float(table.weight[TP] + table.weight[FP])
    share = k / ranking.cases
    found = table.share([TP], [TP, FN]).figure(NO_POSITIVES, f"those with current abuse among {denominator}")
    spared = table.share([TN], [FP, TN]).figure(
        NO_NEGATIVES, f"those without current abuse among {denominator}"
    )
    precise = table.share([TP], [TP, FP]).figure(NONE_OPENED, f"those opened, of {denominator}")
    saved = Figure.not_estimable(NO_POSITIVES, rows, denominator)
    if found.estimable:
        why = "share left less 1 - recall; no interval, as the threshold was chosen on these cases"
        saved = Figure((1 - share) - (1 - found.estimate), NAN, NAN, rows, why, denominator)
    wilks = _of_goal(table, goal, level, found if goal == "recall" else spared)
    return ThresholdChoice(
        goal,
        level,
        float(ranking.score[opened][-1]) if opened.any() else math.inf,
        k,
        share,
        recall=wilks if goal == "recall" else _noted(found),
        specificity=wilks if goal == "specificity" else _noted(spared),
        precision=_noted(precise),
        work_saved=saved,
    )


def _check_goal(
    recall: float | None, specificity: float | None
) -> tuple[Literal["recall", "specificity"], float]:
    if recall is not None and specificity is None and 0 < recall <= 1:
        return "recall", float(recall)
    if specificity is not None and recall is None and 0 < specificity <= 1:
        return "specificity", float(specificity)
    raise InputRefusedError(
        f"recall {recall!r} and specificity {specificity!r}",
        where="threshold",
        expected="one of the two, above 0 and at most 1",
    )


def _opened_groups(ranking: Ranking, goal: str, level: float) -> NDArray[np.bool_]:
    # Sums of weights are exact only up to rounding: a goal missed by less is reached.
    if goal == "recall":
        before = np.cumsum(ranking.positive) - ranking.positive
        return np.asarray(before < level * ranking.positives * (1 - 1e-12))
    negative = ranking.weight - ranking.positive
    room = (1 - level) * float(negative.sum())
    return np.asarray(np.cumsum(negative) <= room + 1e-12 * float(negative.sum()))


def _of_goal(table: ConfusionTable, goal: str, level: float, reached: Figure) -> Figure:
    """Return the figure of the goal with the interval of a threshold that was chosen to reach it."""
    cells = [TP, FN] if goal == "recall" else [TN, FP]
    total = float(table.weight[cells].sum())
    trials = kish_count(total, float(table.squared[cells].sum())) if table.weighted else total
    needed = level * trials if table.weighted else math.ceil(level * trials * (1 - 1e-12))
    low = clopper_pearson_interval(needed, trials, confidence=table.confidence)[0]
    high = clopper_pearson_interval(reached.estimate * trials, trials, confidence=table.confidence)[1]
    basis = f", on an effective count of {trials:.1f}" if table.weighted else ""
    chosen = f"threshold chosen to reach {level:g} here"
    method = f"{chosen}; interval of Wilks {table.level} for other cases{basis}"
    return Figure(reached.estimate, float(low), float(high), reached.count, method, reached.denominator)


def _noted(figure: Figure) -> Figure:
    if not figure.estimable:
        return figure
    method = f"{figure.method}; {CHOSEN_HERE}"
    return Figure(figure.estimate, figure.low, figure.high, figure.count, method, figure.denominator)
