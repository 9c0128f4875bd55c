"""The paired bootstrap of what two lists find, with the number of opened cases fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.resampling import RESAMPLES, check_resamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.evaluation.comparison.pair import Pair
    from triage.evaluation.inputs import FloatArray


def resample_pair(
    pair: Pair, k: Sequence[int], *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Draw cases with replacement, rank them by both scores anew, and open the first k of each.

    The same cases are drawn for both lists, so that what they share stays shared; the scores at which the
    lists end move, as they do when other cases come. Cases tied at a cut count with the part of them that is
    opened. A resample of a million cases takes about 50 ms.

    Parameters
    ----------
    pair : Pair
        Cases without weights.
    k : sequence of int
        Cases opened.
    resamples, seed : int
        How many resamples, and the seed of ``np.random.default_rng``.

    Returns
    -------
    found : array of shape (resamples, 2, capacities)
        Cases with current abuse that each list finds.
    positives : array of shape (resamples,)
        Cases with current abuse in the resample.

    Raises
    ------
    InputRefusedError
        The cases have weights.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1-26.
    """
    if pair.cases.weighted:
        raise InputRefusedError(
            "weights",
            where="interval 'bootstrap'",
            expected="cases that stand for themselves alone",
            mend="take the interval 'score', whose effective count knows the weights",
        )
    rng, cases = np.random.default_rng(seed), len(pair.row)
    orders = [np.argsort(group, kind="stable") for group in pair.groups]
    starts = [np.cumsum(ranking.rows) - ranking.rows for ranking in pair.rankings]
    outcomes = [pair.cases.outcome[order].astype(np.int64) for order in orders]
    found = np.empty((check_resamples(resamples), 2, len(k)))
    positives, abused = np.empty(resamples), pair.cases.outcome == 1
    for draw in range(resamples):
        times = np.bincount(rng.integers(cases, size=cases), minlength=cases)
        positives[draw] = times[abused].sum()
        for side in (0, 1):
            drawn = times[orders[side]]
            size = np.add.reduceat(drawn, starts[side])
            positive = np.add.reduceat(drawn * outcomes[side], starts[side])
            found[draw, side] = _find(size, positive, k)
    return found, positives


def _find(size: NDArray[np.int64], positive: NDArray[np.int64], k: Sequence[int]) -> FloatArray:
    ends = np.cumsum(size)
    group = np.searchsorted(ends, k)
    before = np.cumsum(positive)[group] - positive[group]
    part = (np.asarray(k) - (ends[group] - size[group])) / size[group]
    found: FloatArray = before + positive[group] * part
    return found
