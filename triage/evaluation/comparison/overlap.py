"""How alike two orders of the same cases are, whatever the outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import check_lengths, check_score
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.ranking import group_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import FloatArray


@dataclass(frozen=True)
class Overlap:
    """The first k cases of two lists, side by side.

    Cases tied at a cut are in a list with the part of them that is opened, and a case that is in part in
    both lists is shared as far as possible: one drawing decides the ties of both.

    Parameters
    ----------
    in_both : float
        Cases that both open. With weights: sum of weights.
    only_first, only_second : float
        Cases that one opens and the other does not.
    jaccard : float
        Cases that both open, of those that at least one opens.
    rank_biased : float
        See `rank_biased_overlap`, to depth k with a persistence of 1 - 1/k; NaN with weights.
    """

    in_both: float
    only_first: float
    only_second: float
    jaccard: float
    rank_biased: float


def rank_correlation(
    first: ArrayLike,
    second: ArrayLike,
    *,
    kind: Literal["spearman", "kendall"] = "spearman",
    denominator: str = ALL_CASES,
) -> Figure:
    """Return how alike two scores order all cases: 1 the same order, -1 the reverse, 0 unrelated.

    Parameters
    ----------
    first, second : array of shape (cases,)
        Two scores.
    kind : {"spearman", "kendall"}
        Spearman's rho, with middle ranks for ties; or Kendall's tau-b, about a second for a million cases.
    denominator : str
        Of which cases it speaks.

    Returns
    -------
    Figure
        Without an interval: it describes these cases. Not estimable where a score is constant. It weighs the
        end of the list like its top; `rank_biased_overlap` looks at the top.

    Raises
    ------
    InputRefusedError
        An array is not as described, or they differ in length.

    References
    ----------
    Kendall, M. G. (1945). The treatment of ties in ranking problems. Biometrika 33, 239-251.

    Examples
    --------
    >>> rank_correlation([4, 3, 2, 1], [4, 3, 1, 2]).estimate
    0.8
    """
    s1, s2 = check_score(first, "first"), check_score(second, "second")
    rows = check_lengths({"first": s1, "second": s2})
    groups = group_rows(s1), group_rows(s2)
    return correlate_groups(*groups, kind=kind, rows=rows, denominator=denominator)


def correlate_groups(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    kind: Literal["spearman", "kendall"] = "spearman",
    rows: int,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the rank correlation from groups of equal scores found before; see `rank_correlation`."""
    if first.max() == 0 or second.max() == 0:
        return Figure.not_estimable("a constant score", rows, denominator)
    if kind == "kendall":
        from scipy.stats import kendalltau  # noqa: PLC0415 - slow to import, and seldom asked for

        value = float(kendalltau(first, second).statistic)
    else:
        one, two = _middle_rank(first), _middle_rank(second)
        value = float(one @ two / np.sqrt((one @ one) * (two @ two)))
    name = "Kendall's tau-b" if kind == "kendall" else "Spearman's rho"
    return Figure(value, NAN, NAN, rows, f"{name}; no interval: it describes these cases", denominator)


def rank_biased_overlap(
    first: ArrayLike, second: ArrayLike, *, depth: int, persistence: float | None = None
) -> float:
    r"""Return the rank-biased overlap of the tops of two orders: 1 the same, 0 nothing in common.

    The mean agreement over depths, weighted by a reader who goes on from each case with probability p, and
    extrapolated from the last depth (RBO_EXT):

    .. math:: A_k\,p^k + \frac{1 - p}{p} \sum_{d=1}^k A_d\,p^d,\quad
        A_d = \frac{2\,|S_{:d} \cap T_{:d}|}{|S_{:d}| + |T_{:d}|}

    Tied cases all have the first of their places, so that the top d may hold more than d.

    Parameters
    ----------
    first, second : array of shape (cases,)
        Two scores; higher is opened earlier.
    depth : int
        k, how many places are looked at.
    persistence : float, optional
        p; 1 - 1/k where it is not given: the reader then opens k cases on average.

    Raises
    ------
    InputRefusedError
        An array is not as described, or depth or persistence is outside.

    References
    ----------
    Webber, W., Moffat, A., Zobel, J. (2010). A similarity measure for indefinite rankings. ACM Transactions
    on Information Systems 28, 20, sections 4.3 (extrapolation) and 4.4 (ties).

    Examples
    --------
    >>> round(rank_biased_overlap([3, 2, 1], [3, 1, 2], depth=3, persistence=0.5), 4)
    0.875
    """
    s1, s2 = check_score(first, "first"), check_score(second, "second")
    rows = check_lengths({"first": s1, "second": s2})
    if not 1 <= depth <= rows:
        raise InputRefusedError(f"{depth!r}", where="depth", expected=f"a number of cases, 1 to {rows:,}")
    p = 1 - 1 / depth if persistence is None else persistence
    if not 0 <= p < 1:
        raise InputRefusedError(f"{p!r}", where="persistence", expected="0 or more, below 1")
    return overlap_of_places(first_place(group_rows(s1)), first_place(group_rows(s2)), depth, p)


def first_place(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each case the first place of its group of equal scores, from 0."""
    size = np.bincount(group)
    places: NDArray[np.int64] = (np.cumsum(size) - size)[group]
    return places


def overlap_of_places(
    first: NDArray[np.int64], second: NDArray[np.int64], depth: int, persistence: float
) -> float:
    """Return the rank-biased overlap from the places of the cases; see `rank_biased_overlap`."""
    shared, one, two = (
        np.cumsum(np.bincount(place[place < depth], minlength=depth))
        for place in (np.maximum(first, second), first, second)
    )
    agreement = 2 * shared / (one + two)
    decay = persistence ** np.arange(depth)
    rest = agreement[-1] * persistence**depth
    return float(rest + (1 - persistence) * (agreement @ decay))


def _middle_rank(group: NDArray[np.int64]) -> FloatArray:
    size = np.bincount(group)
    rank = np.cumsum(size) - (size - 1) / 2
    centred: FloatArray = (rank - (len(group) + 1) / 2)[group]
    return centred
