"""Cases in the order of a score: groups of equal scores, and where a capacity cuts through them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.inputs import FloatArray, NumberArray, check_cases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Ranking:
    """Sums over groups of cases with the same score, highest score first.

    Every rank statistic here is a function of these sums, so that one sort serves them all and ties are
    never broken by the order of the file.

    Parameters
    ----------
    score : array of shape (groups,)
        The distinct scores, falling.
    rows, positive_rows : array of shape (groups,)
        Cases, and cases with current abuse, in each group.
    weight, positive : array of shape (groups,)
        The same as sums of weights.
    weight_squared, positive_squared : array of shape (groups,)
        The same as sums of squared weights.
    weighted : bool
        Whether weights were given.
    whole : bool
        Whether all weights are whole numbers, so that they can be read as repetitions of a case.
    """

    score: NumberArray
    rows: NDArray[np.int64]
    positive_rows: NDArray[np.int64]
    weight: FloatArray
    positive: FloatArray
    weight_squared: FloatArray
    positive_squared: FloatArray
    weighted: bool
    whole: bool

    @property
    def cases(self) -> float:
        """Number of cases (sum of weights)."""
        return float(self.weight.sum())

    @property
    def positives(self) -> float:
        """Number of cases with current abuse (sum of weights)."""
        return float(self.positive.sum())


@dataclass(frozen=True)
class Cut:
    """Where a capacity falls among the groups of a ranking.

    Parameters
    ----------
    k : float
        Number of cases opened (sum of weights).
    group : int
        The group of equal scores in which the last place falls.
    score : float
        The score of that group.
    part : float
        The part of that group that is opened, above 0 and at most 1.
    """

    k: float
    group: int
    score: float
    part: float

    @property
    def splits(self) -> bool:
        """Whether the cut falls inside the group, not at its end."""
        return self.part < 1


def rank_cases(outcome: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> Ranking:
    """Sort cases by falling score and sum them over groups of equal scores.

    Parameters
    ----------
    outcome : array of shape (cases,)
        0 or 1, none missing.
    score : array of shape (cases,)
        Higher is opened earlier.
    weight : array of shape (cases,), optional
        How many cases each row stands for; rows of weight 0 are as if they were not there.

    Raises
    ------
    InputRefusedError
        An array is not as described, or they differ in length.

    Examples
    --------
    >>> ranking = rank_cases([1, 0, 1, 0], [9, 5, 5, 1])
    >>> ranking.score, ranking.weight, ranking.positive
    (array([9, 5, 1]), array([1., 2., 1.]), array([1., 1., 0.]))
    """
    cases = check_cases(outcome, score=score, weight=weight)
    y, s, w = cases.outcome, np.asarray(cases.score), cases.weight
    order = np.argsort(s)[::-1]
    s, y = s[order], y[order]
    starts = np.flatnonzero(np.concatenate(([True], s[1:] != s[:-1])))
    rows = np.diff(np.append(starts, len(s)))
    positive_rows = np.add.reduceat(y, starts)
    counts = rows.astype(np.float64)
    weights, positive, squared, positive_squared = counts, positive_rows, counts, positive_rows
    if cases.weighted:
        w = w[order]
        weights, positive, squared, positive_squared = (
            np.add.reduceat(column, starts) for column in (w, w * y, w**2, w**2 * y)
        )
    return Ranking(
        score=s[starts],
        rows=rows,
        positive_rows=positive_rows.astype(np.int64),
        weight=weights,
        positive=positive,
        weight_squared=squared,
        positive_squared=positive_squared,
        weighted=cases.weighted,
        whole=bool(np.all(w == np.floor(w))),
    )


def group_rows(score: NumberArray) -> NDArray[np.int64]:
    """Return for each case the number of its group of equal scores, 0 for the highest.

    Examples
    --------
    >>> group_rows(np.array([9, 1, 5, 5]))
    array([0, 2, 1, 1])
    """
    order = np.argsort(score)[::-1]
    falling = score[order]
    groups = np.empty(len(score), dtype=np.int64)
    groups[order] = np.cumsum(np.concatenate(([False], falling[1:] != falling[:-1])))
    return groups


def cut_at(ranking: Ranking, k: float) -> Cut:
    """Find where the first `k` cases end; `k` above the number of cases means all.

    Examples
    --------
    >>> cut_at(rank_cases([1, 0, 1, 0], [9, 5, 5, 1]), 2)
    Cut(k=2.0, group=1, score=5, part=0.5)
    """
    ends = np.cumsum(ranking.weight)
    k = float(min(k, ends[-1]))
    # Sums of weights are exact only up to rounding; a cut that near the end of a group is at its end.
    slack = 1e-9 * k
    group = int(np.searchsorted(ends, k - slack))
    size = ranking.weight[group]
    room = k - (ends[group] - size)
    part = 1.0 if room > size - slack else float(room / size)
    return Cut(k, group, ranking.score[group].item(), part)


def share_at_margin(ranking: Ranking, cut: Cut) -> float:
    r"""Return the share of current abuse among the cases around a cut: what one place more or less is worth.

    Over whole groups of ties that hold the :math:`2\sqrt{k}` rows before the cut and as many after it, so
    that neither the order of the file nor the one case at the cut decides.

    Examples
    --------
    >>> ranking = rank_cases([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1))
    >>> share_at_margin(ranking, cut_at(ranking, 2))  # 2 before the cut, 3 after it
    0.4
    """
    ends = np.cumsum(ranking.rows)
    opened = int(ends[cut.group])
    reach = 2 * math.isqrt(opened) + 1
    first = min(int(np.searchsorted(ends, max(opened - reach, 0), side="right")), cut.group)
    last = min(int(np.searchsorted(ends, opened + reach)), len(ends) - 1)
    near = slice(first, last + 1)
    return float(ranking.positive[near].sum() / ranking.weight[near].sum())


def opened_part(cut: Cut, score: NumberArray) -> FloatArray:
    """Return for each case the part of it that is opened: 1 before the cut, 0 after, between at the cut.

    Over all orders of the tied cases this is the probability that the case is among the first k.
    """
    return np.where(score > cut.score, 1.0, np.where(score == cut.score, cut.part, 0.0))
