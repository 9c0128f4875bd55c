"""Two scores of the same cases, ranked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.calibration.reliability import pool_adjacent
from triage.evaluation.comparison.overlap import first_place
from triage.evaluation.inputs import Cases, check_cases, check_score
from triage.evaluation.order.capacity import cases_at
from triage.evaluation.ranking import cut_at, group_rows, opened_part, rank_cases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import FloatArray, NumberArray
    from triage.evaluation.ranking import Cut, Ranking


@dataclass(frozen=True, eq=False)
class Pair:
    """Cases with two scores, in the order of the first, highest first.

    Parameters
    ----------
    cases : Cases
        Outcome, weight and first score.
    row : array of shape (cases,)
        The row of each case in the arrays that were given.
    scores : tuple of two arrays of shape (cases,)
        First and second.
    groups : tuple of two arrays of shape (cases,)
        Number of the group of equal scores, 0 for the highest.
    places : tuple of two arrays of shape (cases,)
        First place of that group, from 0.
    rankings : tuple of two Ranking
        Sums over these groups.
    precision : tuple of two arrays of shape (groups,)
        Share with current abuse at each group, as the isotonic regression on the score has it.
    """

    cases: Cases
    row: NDArray[np.int64]
    scores: tuple[NumberArray, NumberArray]
    groups: tuple[NDArray[np.int64], NDArray[np.int64]]
    places: tuple[NDArray[np.int64], NDArray[np.int64]]
    rankings: tuple[Ranking, Ranking]
    precision: tuple[FloatArray, FloatArray]

    @property
    def same_order(self) -> bool:
        """Whether both scores order all cases alike, ties included."""
        return bool(np.array_equal(*self.groups))


@dataclass(frozen=True, eq=False)
class PairOpened:
    """The cases that at least one of two lists opens at a capacity.

    Parameters
    ----------
    cuts : tuple of two Cut
        Where the lists end.
    index : array of shape (opened,)
        Which cases of the pair.
    only_first, only_second, both : array of shape (opened,)
        The part of each case that one list alone opens, and that both do. Cases tied at a cut are opened in
        part; what one drawing can give to both lists counts as shared.
    outcome, weight : array of shape (opened,)
        Of these cases.
    margins : tuple of two float
        Share with current abuse at the place where each list ends.
    """

    cuts: tuple[Cut, Cut]
    index: NDArray[np.int64]
    only_first: FloatArray
    only_second: FloatArray
    both: FloatArray
    outcome: FloatArray
    weight: FloatArray
    margins: tuple[float, float]


def pair_scores(
    outcome: ArrayLike, first: ArrayLike, second: ArrayLike, weight: ArrayLike | None = None
) -> Pair:
    """Check outcomes and two scores, and rank the cases by each.

    Raises
    ------
    InputRefusedError
        An array is not as described, or they differ in length.
    """
    scores = check_score(first, "first"), check_score(second, "second")
    cases = check_cases(outcome, score=scores[0], weight=weight)
    check_cases(outcome, score=scores[1])
    kept = np.flatnonzero(np.asarray(weight) > 0) if cases.weighted else np.arange(len(cases.outcome))
    # Sorted by the first score, all later sorts by it cost nothing.
    order = np.argsort(np.asarray(cases.score), kind="stable")[::-1]
    row = kept[order]
    one, two = scores[0][row], scores[1][row]
    y, w = cases.outcome[order], cases.weight[order]
    weights = w if cases.weighted else None
    groups = group_rows(one), group_rows(two)
    rankings = rank_cases(y, one, weights), rank_cases(y, two, weights)
    return Pair(
        cases=Cases(y, w, one, None, cases.weighted),
        row=row,
        scores=(one, two),
        groups=groups,
        places=(first_place(groups[0]), first_place(groups[1])),
        rankings=rankings,
        precision=(_local_precision(rankings[0]), _local_precision(rankings[1])),
    )


def open_pair(pair: Pair, capacity: float) -> PairOpened:
    """Return what both lists open at a capacity."""
    one, two = pair.rankings
    k = cases_at(capacity, one.cases, whole=one.whole)
    cuts = cut_at(one, k), cut_at(two, k)
    in_one, in_two = (opened_part(cut, score) for cut, score in zip(cuts, pair.scores, strict=True))
    index = np.flatnonzero((in_one > 0) | (in_two > 0))
    in_one, in_two = in_one[index], in_two[index]
    return PairOpened(
        cuts=cuts,
        index=index,
        only_first=np.maximum(in_one - in_two, 0.0),
        only_second=np.maximum(in_two - in_one, 0.0),
        both=np.minimum(in_one, in_two),
        outcome=pair.cases.outcome[index],
        weight=pair.cases.weight[index],
        margins=(_margin(cuts[0], pair.precision[0]), _margin(cuts[1], pair.precision[1])),
    )


def _local_precision(ranking: Ranking) -> FloatArray:
    pools = pool_adjacent(ranking)
    lengths = np.diff(np.append(pools.start, len(ranking.score)))
    rising: FloatArray = np.repeat(pools.observed, lengths)
    return rising[::-1]


def _margin(cut: Cut, precision: FloatArray) -> float:
    # A cut between two groups lies between their shares.
    after = cut.group if cut.splits else min(cut.group + 1, len(precision) - 1)
    return float(precision[cut.group] + precision[after]) / 2
