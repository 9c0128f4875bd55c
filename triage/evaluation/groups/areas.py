"""The area under the ROC curve in each group: how well the score orders its cases among themselves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.order.auc import measure_auc
from triage.evaluation.ranking import Ranking

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.evaluation.groups.attributes import Codes
    from triage.evaluation.inputs import Cases


def areas_of(falling: Cases, codes: Codes, groups: int, *, confidence: float) -> tuple[Figure, ...]:
    """Return the area under the ROC curve of the cases of each group, as `roc_auc` does of all cases.

    Parameters
    ----------
    falling : Cases
        By falling score.
    codes : array of shape (cases,)
        The group of each of these cases; every group has some.
    groups : int
        How many groups there are.
    confidence : float
        Level of the intervals.

    Examples
    --------
    >>> from triage.evaluation.inputs import check_cases
    >>> cases = check_cases([1, 0, 0, 1], score=[4, 3, 2, 1])
    >>> areas = areas_of(cases, np.array([0, 0, 1, 1]), 2, confidence=0.95)
    >>> [area.estimate for area in areas]
    [1.0, 0.0]
    """
    # Small whole numbers are sorted in one pass, and within a group the order by score stays.
    order = np.argsort(codes.astype(np.int16), kind="stable")
    code, score, y = codes[order], np.asarray(falling.score)[order], falling.outcome[order]
    new = np.concatenate(([True], (score[1:] != score[:-1]) | (code[1:] != code[:-1])))
    starts = np.flatnonzero(new)
    rows = np.diff(np.append(starts, len(score)))
    positive_rows = np.add.reduceat(y, starts)
    weight = squared = rows.astype(np.float64)
    positive = positive_squared = positive_rows
    if falling.weighted:
        w = falling.weight[order]
        weight, positive, squared, positive_squared = (
            np.add.reduceat(column, starts) for column in (w, w * y, w**2, w**2 * y)
        )
    ends = np.searchsorted(code[starts], np.arange(groups + 1)).tolist()
    return tuple(
        measure_auc(
            Ranking(
                score=score[starts[first:end]],
                rows=rows[first:end],
                positive_rows=positive_rows[first:end].astype(np.int64),
                weight=weight[first:end],
                positive=positive[first:end],
                weight_squared=squared[first:end],
                positive_squared=positive_squared[first:end],
                weighted=falling.weighted,
                whole=False,
            ),
            confidence=confidence,
        )
        for first, end in itertools.pairwise(ends)
    )
