"""What one cut of a score opens: found, missed, opened in vain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.order.capacity import OverTies, cases_at, found_at
from triage.evaluation.ranking import cut_at
from triage.evaluation.weighting import effective_count, kish_count

if TYPE_CHECKING:
    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Ranking


@dataclass(frozen=True)
class Opened:
    """Sums over the cases that a cut opens, and over all.

    Parameters
    ----------
    found, in_vain, positives, negatives : float
        Cases (sums of weights): opened with current abuse, opened without, all with, all without. Cases tied
        at the cut count with the part of them that is opened.
    found_squared, in_vain_squared, positives_squared, negatives_squared : float
        The same as sums of squared weights.
    over_ties : OverTies
        What is found over all orders of the cases tied at the cut.
    positive_rows, negative_rows : int
        Rows with current abuse, and without.
    weighted : bool
        Whether weights were given.
    """

    found: float
    in_vain: float
    positives: float
    negatives: float
    found_squared: float
    in_vain_squared: float
    positives_squared: float
    negatives_squared: float
    over_ties: OverTies
    positive_rows: int
    negative_rows: int
    weighted: bool

    @property
    def recall(self) -> tuple[float, float]:
        """Opened share of the cases with current abuse, and the effective count that it rests on."""
        return _share(self.found, self.found_squared, self.positives, self.positives_squared)

    @property
    def false_positive_rate(self) -> tuple[float, float]:
        """Opened share of the cases without current abuse, and the effective count that it rests on."""
        return _share(self.in_vain, self.in_vain_squared, self.negatives, self.negatives_squared)


def open_cases(ranking: Ranking, *, capacity: float | None, threshold: float | None) -> Opened:
    """Return what the first cases of a ranking hold: as many as a capacity, or all from a threshold on.

    Parameters
    ----------
    ranking : Ranking
        The cases by falling score.
    capacity : int or float, optional
        See `cases_at`.
    threshold : float, optional
        Cases with this score or a higher one are opened.

    Raises
    ------
    InputRefusedError
        Not exactly one of both is given, or the capacity is none.
    """
    if (capacity is None) == (threshold is None):
        raise InputRefusedError(
            "neither a capacity nor a threshold" if capacity is None else "both a capacity and a threshold",
            expected="one of the two",
        )
    negative, negative_squared = (
        ranking.weight - ranking.positive,
        ranking.weight_squared - ranking.positive_squared,
    )
    if capacity is not None:
        cut = cut_at(ranking, cases_at(capacity, ranking.cases, whole=ranking.whole))
        place = np.arange(len(ranking.score))
        part = np.where(place < cut.group, 1.0, np.where(place == cut.group, cut.part, 0.0))
        over_ties = found_at(ranking, cut)
    else:
        part = np.where(ranking.score >= threshold, 1.0, 0.0)
        over_ties = OverTies(*[float(part @ ranking.positive)] * 3)
    return Opened(
        found=over_ties.expected,
        in_vain=_sum(part, negative),
        positives=ranking.positives,
        negatives=float(negative.sum()),
        found_squared=_sum(part, ranking.positive_squared),
        in_vain_squared=_sum(part, negative_squared),
        positives_squared=float(ranking.positive_squared.sum()),
        negatives_squared=float(negative_squared.sum()),
        over_ties=over_ties,
        positive_rows=int(ranking.positive_rows.sum()),
        negative_rows=int(ranking.rows.sum() - ranking.positive_rows.sum()),
        weighted=ranking.weighted,
    )


def _sum(part: FloatArray, column: FloatArray) -> float:
    return float(part @ column)


def _share(opened: float, opened_squared: float, total: float, total_squared: float) -> tuple[float, float]:
    share = min(opened / total, 1.0)
    variance = (opened_squared * (1 - 2 * share) + total_squared * share**2) / total**2
    return share, effective_count(share, variance, kish_count(total, total_squared))
