"""Recall along the whole list: what is found as more and more cases are opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.evaluation.figure import as_plain
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.ranking import Ranking, rank_cases

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from triage.evaluation.inputs import FloatArray

POINTS = 400


@dataclass(frozen=True, eq=False)
class GainsCurve:
    """The cumulative gains curve: recall against the share of the cases opened, joined by straight lines.

    Parameters
    ----------
    share : array of shape (points,)
        Share of the cases opened, rising from 0 to 1.
    recall : array of shape (points,)
        Share of the cases with current abuse among them; NaN where there is none.
    denominator : str
        Of which cases it speaks.
    """

    share: FloatArray
    recall: FloatArray
    denominator: str

    def as_dict(self) -> dict[str, Any]:
        """Return the curve as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a point."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame({"share": self.share, "recall": self.recall})


def gains_curve(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    points: int = POINTS,
    denominator: str = ALL_CASES,
) -> GainsCurve:
    """Return recall against the share of the cases that are opened.

    Between the ends of two groups of equal scores, recall averaged over all orders of the ties is a straight
    line, so that the curve through the ends is exact.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher is opened earlier.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    points : int
        Of more ends than this, so many are kept, closer together at the top of the list.
    denominator : str
        Of which cases the curve speaks.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    Examples
    --------
    >>> curve = gains_curve([1, 0, 1, 0], [9, 5, 5, 1])
    >>> curve.share, curve.recall
    (array([0.  , 0.25, 0.75, 1.  ]), array([0. , 0.5, 1. , 1. ]))
    """
    return measure_gains(rank_cases(outcome, score, weight), points=points, denominator=denominator)


def measure_gains(ranking: Ranking, *, points: int = POINTS, denominator: str = ALL_CASES) -> GainsCurve:
    """Return the gains curve of a ranking made before; see `gains_curve`."""
    share = np.cumsum(ranking.weight) / ranking.cases
    found = np.cumsum(ranking.positive)
    recall = found / found[-1] if found[-1] > 0 else np.full(len(found), np.nan)
    if len(share) > points:
        # Half of the points from the first thousandth on in equal ratios, half in equal steps.
        wanted = np.union1d(np.geomspace(1e-3, 1, points // 2), np.linspace(0, 1, points // 2 + 1)[1:])
        kept = np.unique(np.searchsorted(share, wanted, side="left").clip(max=len(share) - 1))
        share, recall = share[kept], recall[kept]
    start = 0.0 if found[-1] > 0 else np.nan
    return GainsCurve(np.append(0.0, share), np.append(start, recall), denominator)
