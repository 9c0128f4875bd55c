"""Where the list is cut, for all groups alike: at capacities or at thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.order.capacity import cases_at
from triage.evaluation.ranking import Cut, cut_at

if TYPE_CHECKING:
    from triage.evaluation.ranking import Ranking


def find_cuts(
    ranking: Ranking, capacities: tuple[float, ...], thresholds: tuple[float, ...]
) -> tuple[Cut, ...]:
    """Return one cut for each number of opened cases, in the order given.

    Capacities or thresholds that open the same cases ask the same question and make one cut.
    """
    cuts = [cut_at(ranking, cases_at(one, ranking.cases, whole=ranking.whole)) for one in capacities]
    cuts += [cut_from(ranking, one) for one in thresholds]
    return tuple({cut.k: cut for cut in cuts}.values())


def cut_from(ranking: Ranking, threshold: float) -> Cut:
    """Return the cut after all cases that have at least this score; before the first where none has.

    Examples
    --------
    >>> from triage.evaluation.ranking import rank_cases
    >>> cut_from(rank_cases([1, 0, 1, 0], [9, 5, 5, 1]), 5)
    Cut(k=3.0, group=1, score=5, part=1.0)
    """
    groups = int(np.count_nonzero(ranking.score >= threshold))
    if groups == 0:
        return Cut(0.0, 0, ranking.score[0].item(), 0.0)
    return Cut(float(ranking.weight[:groups].sum()), groups - 1, ranking.score[groups - 1].item(), 1.0)
