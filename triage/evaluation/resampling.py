"""Bootstrap resamples of counts, drawn from their own distribution instead of row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Ranking

RESAMPLES = 999
LARGEST = 100_000_000


@dataclass(frozen=True, eq=False)
class ResampledCounts:
    """What bootstrap resamples of a ranking hold at one capacity.

    Parameters
    ----------
    found : array of shape (resamples,)
        Cases with current abuse among the first k; the mean over all orders of the cases tied at the cut.
    positives : array of shape (resamples,)
        Cases with current abuse in all of the resample.
    k, cases : int
        Cases opened, and all cases: the same in every resample.
    """

    found: FloatArray
    positives: NDArray[np.int64]
    k: int
    cases: int


def resample_at(ranking: Ranking, k: int, *, resamples: int = RESAMPLES, seed: int = 0) -> ResampledCounts:
    r"""Draw what the nonparametric bootstrap finds at a capacity, in constant time and memory a resample.

    A resample draws n rows with replacement and opens its own first k, so that the score at the cut moves
    as it does when other cases come. Its counts have a distribution that needs no rows. Let a row be a place
    in the falling order, spread evenly over its n-th part of (0, 1). The n places drawn are then uniform,
    the k-th of them is :math:`U \sim \text{Beta}(k, n - k + 1)`, and given U the k - 1 before it are uniform
    on (0, U) and the n - k after it on (U, 1). With the scores of U's group on :math:`(F_{g-1}, F_g]`,

    .. math:: A \sim \text{Bin}(k - 1,\ F_{g-1}/U), \qquad
        B \sim \text{Bin}\!\left(n - k,\ \tfrac{F_g - U}{1 - U}\right)

    cases lie before the group and, after place U, still in it; so the group holds T = k - A + B of which
    k - A are opened. The cases with current abuse among A, T and the rest are binomial with the shares of
    current abuse before, in and after the group. This is exact, not an approximation.

    Parameters
    ----------
    ranking : Ranking
        Of cases without weights.
    k : int
        Cases opened, from 1 to all.
    resamples : int
        How many resamples.
    seed : int
        Of ``np.random.default_rng``.

    Raises
    ------
    InputRefusedError
        The ranking has weights. Rows that stand for unequal numbers of cases make the number of cases, and
        with it the cut, vary in a way that depends on how the weights came about; the linearised interval
        speaks for them. Or there is less than one resample.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1-26.

    David, H. A., Nagaraja, H. N. (2003). Order Statistics, 3rd edition. Wiley, section 2.5 (order
    statistics as a Markov chain: given one, those before and after it are independent uniform samples).

    Examples
    --------
    >>> from triage.evaluation.ranking import rank_cases
    >>> drawn = resample_at(rank_cases([1, 0, 1, 0], [4, 3, 2, 1]), 2, resamples=3)
    >>> drawn.found.shape, drawn.k, drawn.cases
    ((3,), 2, 4)
    """
    if ranking.weighted:
        raise InputRefusedError(
            "weights",
            where="interval 'bootstrap'",
            expected="cases that stand for themselves alone",
            mend="take the interval 'wilson', whose effective count knows the weights",
        )
    resamples, rng = check_resamples(resamples), np.random.default_rng(seed)
    ends, positives = np.cumsum(ranking.rows), np.cumsum(ranking.positive_rows)
    n, total = int(ends[-1]), int(positives[-1])
    place = rng.beta(k, n - k + 1, resamples)
    group = np.minimum(np.searchsorted(ends, place * n), len(ends) - 1)
    last, size = ends[group], ranking.rows[group]
    first = last - size
    before = rng.binomial(k - 1, _share(first / n, place))
    beyond = rng.binomial(n - k, _share(last / n - place, 1 - place))
    tied, opened = k - before + beyond, k - before
    in_group = ranking.positive_rows[group]
    before_group = positives[group] - in_group
    found = rng.binomial(before, _share(before_group, first))
    tied_positive = rng.binomial(tied, in_group / size)
    after = rng.binomial(n - before - tied, _share(total - positives[group], n - last))
    return ResampledCounts(
        found=np.asarray(found + tied_positive * (opened / tied), dtype=np.float64),
        positives=found + tied_positive + after,
        k=k,
        cases=n,
    )


def resample_cells(counts: ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Draw the counts that bootstrap resamples of the rows behind a table of counts would have.

    A row drawn with replacement falls in a cell with the cell's share, so the cells are multinomial. Any
    statistic of the counts can be resampled from them, however many rows there are.

    Parameters
    ----------
    counts : array of whole numbers, of any shape
        Rows in each cell.
    resamples : int
        How many resamples.
    seed : int
        Of ``np.random.default_rng``.

    Returns
    -------
    array of shape (resamples, *counts.shape)
        8 bytes a number, held all at once.

    Raises
    ------
    InputRefusedError
        Counts that are not whole or below 0, less than one resample, or more than 100 million numbers.

    Examples
    --------
    >>> drawn = resample_cells([[3, 1], [0, 6]], resamples=5)
    >>> drawn.shape, drawn.sum(axis=(1, 2))
    ((5, 2, 2), array([10, 10, 10, 10, 10]))
    """
    table = np.asarray(counts, dtype=np.float64)
    if not np.all((table >= 0) & (table == np.floor(table)) & np.isfinite(table)) or table.size == 0:
        raise InputRefusedError(
            "counts that are not whole", where="counts", expected="whole numbers, 0 or more"
        )
    if check_resamples(resamples) * table.size > LARGEST:
        raise InputRefusedError(
            f"{resamples:,} resamples of {table.size:,} cells",
            where="resamples",
            expected=f"at most {LARGEST:,} numbers in all",
            mend="draw fewer resamples at a time, with a seed for each",
        )
    total = table.sum()
    shares = table.ravel() / total if total else np.full(table.size, 1 / table.size)
    drawn = np.random.default_rng(seed).multinomial(int(total), shares, size=resamples)
    return drawn.reshape(resamples, *table.shape).astype(np.int64, copy=False)


def percentile_interval(values: ArrayLike, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of resampled values; NaN values (not estimable there) do not count.

    References
    ----------
    Efron, B., Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, section 13.3.

    Examples
    --------
    >>> low, high = percentile_interval(range(101), confidence=0.9)
    >>> print(f"{low:.1f} {high:.1f}")
    5.0 95.0
    """
    array = np.asarray(values, dtype=np.float64)
    kept = array[~np.isnan(array)]
    if kept.size == 0:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)


def check_resamples(resamples: int) -> int:
    """Return the number of resamples, at least 1.

    Raises
    ------
    InputRefusedError
        It is less, or no whole number.
    """
    if np.asarray(resamples).dtype.kind not in "iu" or resamples < 1:
        raise InputRefusedError(f"{resamples!r}", where="resamples", expected="a whole number, 1 or more")
    return int(resamples)


def _share(part: FloatArray | NDArray[np.int64], whole: FloatArray | NDArray[np.int64]) -> FloatArray:
    # Nothing is drawn where the whole is empty, and rounding may pass the ends.
    share = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return np.clip(share, 0.0, 1.0)
