"""What was observed where the probability said so: the reliability curve by isotonic regression."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import isotonic_regression

from triage.evaluation.figure import as_plain
from triage.evaluation.inputs import FloatArray, check_probability
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import Ranking, rank_cases

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Bins of cases whose probabilities the outcomes cannot tell apart, lowest first.

    Parameters
    ----------
    forecast_low, forecast_high : array of shape (bins,)
        Smallest and largest probability in the bin.
    forecast : array of shape (bins,)
        Mean probability in the bin.
    observed : array of shape (bins,)
        Share of the bin with current abuse; never falls from one bin to the next.
    low, high : array of shape (bins,)
        Interval of that share.
    count, positive_count : array of shape (bins,)
        Cases in the bin, and those with current abuse.
    method : str
        How bins and intervals were made.
    denominator : str
        Of which cases it speaks.
    synthetic : bool
        Whether the cases come from a world.
    """

    forecast_low: FloatArray
    forecast_high: FloatArray
    forecast: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    count: NDArray[np.int64]
    positive_count: NDArray[np.int64]
    method: str
    denominator: str
    synthetic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the curve as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a bin."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return pd.DataFrame({name: array for name, array in arrays.items() if isinstance(array, np.ndarray)})


@dataclass(frozen=True, eq=False)
class Pools:
    """Blocks of the isotonic regression of the outcome on the probability, lowest first, as sums.

    Parameters
    ----------
    start : array of shape (blocks,)
        First group of each block, counted in rising order of the probability.
    weight, positive : array of shape (blocks,)
        Cases and cases with current abuse, as sums of weights.
    """

    start: NDArray[np.int64]
    weight: FloatArray
    positive: FloatArray

    @property
    def observed(self) -> FloatArray:
        """Share of each block with current abuse: the recalibrated probability."""
        return self.positive / self.weight


def pool_adjacent(ranking: Ranking) -> Pools:
    """Pool neighbouring probabilities until the observed share rises from pool to pool.

    The isotonic regression of the outcome on the probability, by the pool-adjacent-violators algorithm;
    cases with the same probability stay together.

    References
    ----------
    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical distribution
    function for sampling with incomplete information. Annals of Mathematical Statistics 26, 641-647.

    Examples
    --------
    >>> pool_adjacent(rank_cases([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])).observed
    array([0. , 0.5, 1. ])
    """
    weight, positive = ranking.weight[::-1], ranking.positive[::-1]
    fit = isotonic_regression(positive / weight, weights=weight)
    start = np.asarray(fit.blocks[:-1], dtype=np.int64)
    return Pools(start, np.add.reduceat(weight, start), np.add.reduceat(positive, start))


def reliability_curve(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
    synthetic: bool = False,
) -> ReliabilityCurve:
    """Return observed shares against probabilities, in bins that isotonic regression chooses.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1; nothing is clipped.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the curve speaks.
    synthetic : bool
        Whether the cases come from a world; drawings say so.

    Returns
    -------
    ReliabilityCurve
        Intervals are Clopper-Pearson's in each bin, with weights on Kish's effective count. They take the
        bins as given although the outcomes chose them, and they hold for each bin alone, not for all at once.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Dimitriadis, T., Gneiting, T., Jordan, A. I. (2021). Stable reliability diagrams for probabilistic
    classifiers. Proceedings of the National Academy of Sciences 118, e2016191118.

    Examples
    --------
    >>> curve = reliability_curve([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    >>> curve.forecast, curve.observed, curve.count
    (array([0.1 , 0.25, 0.4 ]), array([0. , 0.5, 1. ]), array([1, 2, 1]))
    """
    ranking = rank_cases(outcome, check_probability(probability), weight)
    return measure_curve(ranking, confidence=confidence, denominator=denominator, synthetic=synthetic)


def measure_curve(
    ranking: Ranking, *, confidence: float = 0.95, denominator: str = ALL_CASES, synthetic: bool = False
) -> ReliabilityCurve:
    """Return the curve of cases ranked by their probability; see `reliability_curve`."""
    pools, forecast = pool_adjacent(ranking), ranking.score[::-1]
    rows, positive_rows, squared, product = (
        np.add.reduceat(column[::-1], pools.start)
        for column in (
            ranking.rows,
            ranking.positive_rows,
            ranking.weight_squared,
            ranking.weight * ranking.score,
        )
    )
    trials = pools.weight**2 / squared
    low, high = clopper_pearson_interval(pools.observed * trials, trials, confidence=confidence)
    weighted = " on Kish's effective count" if ranking.weighted else ""
    return ReliabilityCurve(
        forecast_low=forecast[pools.start],
        forecast_high=forecast[np.append(pools.start[1:], len(forecast)) - 1],
        forecast=product / pools.weight,
        observed=pools.observed,
        low=low,
        high=high,
        count=rows,
        positive_count=positive_rows,
        method=f"isotonic regression; Clopper-Pearson {100 * confidence:g} %{weighted} in each bin",
        denominator=denominator,
        synthetic=synthetic,
    )
