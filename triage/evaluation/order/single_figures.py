"""Recall, precision, lift and the number needed to open at a capacity, each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.order.at_capacity import at_capacity
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.resampling import RESAMPLES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.evaluation.figure import Figure
    from triage.evaluation.order.shares import Interval


def recall_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of the cases with current abuse that are among the first k.

    The estimate is the mean over all orders of the cases tied at the cut. With a cases of which p have
    current abuse before the ties, and m tied cases of which q have it, of which r = k - a are opened,

    .. math:: \text{recall} = (p + q\,r/m) / P

    Its interval has the P cases with current abuse as independent trials. With weights the estimate is a
    ratio of sums of weights (Hajek), and count and total of the interval are scaled to an effective count
    (see `triage.evaluation.weighting`).

    Parameters, errors: see `at_capacity`.

    References
    ----------
    McSherry, F., Najork, M. (2008). Computing information retrieval performance measures efficiently in the
    presence of tied scores. ECIR 2008, LNCS 4956, 414-421.

    Examples
    --------
    >>> recall_at([1, 0, 0, 1], [4, 3, 2, 1], 0.5).estimate
    0.5
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).recall


def precision_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the share of the first k cases that have current abuse.

    Estimate, ties and interval as for `recall_at`, with the k opened cases as trials. It is estimable
    without any case with current abuse: then it is 0 of k, with an interval.

    Parameters, errors: see `at_capacity`.

    Examples
    --------
    >>> precision_at([1, 0, 0, 1], [4, 3, 2, 1], 1).estimate
    1.0
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).precision


def lift_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return how many times more cases with current abuse the first k hold than k cases drawn at random.

    .. math:: \text{lift} = \frac{\text{precision}}{P/n} = \text{recall} \cdot \frac{n}{k}

    n and k are fixed by the list, so the interval is that of recall times n/k, resampled P and all.

    Parameters, errors: see `at_capacity`.

    Examples
    --------
    >>> lift_at([1, 0, 0, 1], [4, 3, 2, 1], 1).estimate
    2.0
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).lift


def number_needed_at(
    outcome: ArrayLike,
    score: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wilson",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the number needed to open: cases opened for each one with current abuse among them.

    .. math:: \text{needed} = 1 / \text{precision}

    Known elsewhere as the number needed to evaluate, or to screen. Its interval is that of the precision,
    inverted; where precision may be 0 it has no upper end (infinity). Where nothing was found the number is
    not estimable, but the lower end, one over the upper end of precision, is known and given.

    Parameters, errors: see `at_capacity`.

    References
    ----------
    Romero-Brufau, S., Huddleston, J. M., Escobar, G. J., Liebow, M. (2015). Why the C-statistic is not
    informative to evaluate early warning scores and what metrics to use. Critical Care 19, 285.

    Examples
    --------
    >>> number_needed_at([1, 0, 0, 1], [4, 3, 2, 1], 2).estimate
    2.0
    >>> print(number_needed_at([0, 0, 1], [3, 2, 1], 2))
    not estimable (2 of those opened first, of all cases; no case with current abuse among those opened;
    at least 1.521 have to be opened for each one (Wilson 95 %))
    """
    return at_capacity(
        outcome,
        score,
        capacity,
        weight=weight,
        interval=interval,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
    ).needed
