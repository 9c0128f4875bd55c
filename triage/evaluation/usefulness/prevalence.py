"""What precision would be where current abuse is rarer or more frequent than in the cases at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.special import expit, logit, ndtri

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.inputs import check_confidence, check_probability
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.ranking import rank_cases
from triage.evaluation.usefulness.opened import Opened, open_cases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Ranking

BASE_RATES = (0.0025, 0.005, 0.01, 0.02, 0.05)
ASSUMPTION = "recall and false positive rate as they are"


@dataclass(frozen=True)
class AtBaseRate:
    """What a cut of the score would mean at another base rate: a what-if, no measurement.

    Parameters
    ----------
    base_rate : float
        Share of cases with current abuse that is supposed.
    precision : Figure
        Share of the opened cases that would have current abuse.
    opened_per_found : Figure
        Cases to open for each found one with current abuse: one over precision.
    opened : float
        Share of all cases that the same cut would open.
    """

    base_rate: float
    precision: Figure
    opened_per_found: Figure
    opened: float


def precision_at_base_rate(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    capacity: float | None = None,
    threshold: float | None = None,
    base_rates: Iterable[float] = BASE_RATES,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> tuple[AtBaseRate, ...]:
    r"""Return what precision would be at other base rates, for the cases opened by a capacity or a threshold.

    With the recall r of the cut and its false positive rate f (opened share of the cases without current
    abuse), at a base rate :math:`\pi`,

    .. math:: \text{precision} = \frac{r \pi}{r \pi + f (1 - \pi)}

    It supposes that r and f carry over: that cases with current abuse look there as they look here, and
    cases without do too. A population with another mix of cases breaks that; then only its own outcomes tell.

    The interval is symmetric on the logit scale, from the delta method, with the base rate taken as known:

    .. math:: \widehat{var}(\text{logit}) = \frac{1 - r}{r\,P} + \frac{1 - f}{f\,N}

    over P cases with current abuse and N without. Where r or f is 0 or 1, the interval is the adjusted one
    of the same authors: both shares are pulled to the middle by :math:`z^2/2` cases of each kind. That one
    is stretched to the estimate where it would leave it out.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher is opened earlier.
    capacity : int or float, optional
        Cases that are opened, see `cases_at`. Either this or a threshold is given.
    threshold : float, optional
        Cases with this score or a higher one are opened.
    base_rates : iterable of float
        Supposed shares of cases with current abuse, above 0 and below 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for; P and N then become effective counts.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases recall and false positive rate were taken.

    Returns
    -------
    tuple of AtBaseRate
        One for each base rate. Not estimable without cases of both kinds, or where none are opened.

    Raises
    ------
    InputRefusedError
        An array is not as described, or not exactly one of capacity and threshold is given.

    References
    ----------
    Mercaldo, N. D., Lau, K. F., Zhou, X. H. (2007). Confidence intervals for predictive values with an
    emphasis to case-control studies. Statistics in Medicine 26, 2170-2183.

    Examples
    --------
    >>> outcome, score = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [9, 8, 7, 1, 6, 5, 4, 3, 2, 1]
    >>> for at in precision_at_base_rate(outcome, score, capacity=5, base_rates=[0.01]):
    ...     print(f"{at.base_rate:.0%}: {at.precision.brief(3)}, opened {at.opened:.3f}")
    1%: 0.022 [0.006, 0.075], opened 0.337
    """
    return measure_base_rates(
        rank_cases(outcome, score, weight),
        capacity=capacity,
        threshold=threshold,
        base_rates=base_rates,
        confidence=confidence,
        denominator=denominator,
    )


def measure_base_rates(
    ranking: Ranking,
    *,
    capacity: float | None = None,
    threshold: float | None = None,
    base_rates: Iterable[float] = BASE_RATES,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> tuple[AtBaseRate, ...]:
    """Return precision at other base rates from a ranking made before; see `precision_at_base_rate`."""
    opened = open_cases(ranking, capacity=capacity, threshold=threshold)
    rates = [_check_base_rate(rate) for rate in base_rates]
    check_confidence(confidence)
    return tuple(_at_base_rate(opened, rate, confidence, denominator) for rate in rates)


def shift_prior(probability: ArrayLike, *, base_rate: float, new_base_rate: float) -> FloatArray:
    r"""Return probabilities as they would be where the base rate is another: an intercept shift.

    .. math:: \text{logit}\,p' = \text{logit}\,p + \text{logit}\,\pi' - \text{logit}\,\pi

    It supposes that cases with current abuse look the same in both places, and so do those without. The
    order of the cases stays, as do probabilities of exactly 0 and 1.

    Parameters
    ----------
    probability : array of shape (cases,)
        From 0 to 1, calibrated where the base rate is `base_rate`.
    base_rate, new_base_rate : float
        Share of cases with current abuse there, and where the probabilities shall hold.

    Raises
    ------
    InputRefusedError
        A probability is none, or a base rate is not above 0 and below 1.

    References
    ----------
    Saerens, M., Latinne, P., Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori
    probabilities: a simple procedure. Neural Computation 14, 21-41.

    King, G., Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9, 137-163.

    Examples
    --------
    >>> shift_prior([0.0, 0.5, 1.0], base_rate=0.5, new_base_rate=0.01)
    array([0.  , 0.01, 1.  ])
    """
    p = check_probability(probability)
    old, new = _check_base_rate(base_rate), _check_base_rate(new_base_rate)
    with_abuse, without = p * (new / old), (1 - p) * ((1 - new) / (1 - old))
    return with_abuse / (with_abuse + without)


def _at_base_rate(opened: Opened, rate: float, confidence: float, denominator: str) -> AtBaseRate:
    of = f"{denominator}, what if {100 * rate:.4g} % of them had current abuse ({ASSUMPTION})"
    rows = opened.positive_rows + opened.negative_rows
    if not (opened.positive_rows and opened.negative_rows):
        reason = "no case without current abuse" if opened.positive_rows else NO_POSITIVES
        nothing = Figure.not_estimable(reason, rows, of)
        return AtBaseRate(rate, nothing, nothing, math.nan)
    recall, in_vain = opened.recall[0], opened.false_positive_rate[0]
    share = recall * rate + in_vain * (1 - rate)
    if share == 0:
        nothing = Figure.not_estimable("no case is opened", rows, of)
        return AtBaseRate(rate, nothing, nothing, 0.0)
    low, high, kind = _logit_ends(opened, rate, confidence)
    weighted = "weighted (Hajek), on effective counts; " if opened.weighted else ""
    method = f"what if; {weighted}{kind} {100 * confidence:g} % (Mercaldo et al.), base rate taken as known"
    value = recall * rate / share
    low, high = min(low, value), max(high, value)
    precision = Figure(value, low, high, rows, method, of)
    if recall == 0:
        reason = f"none found among the opened; at least {1 / high:.1f} at {100 * confidence:g} %"
        return AtBaseRate(rate, precision, Figure.not_estimable(reason, rows, of), share)
    per_found = replace(precision, estimate=1 / precision.estimate, low=1 / high, high=1 / low)
    return AtBaseRate(rate, precision, per_found, share)


def _logit_ends(opened: Opened, rate: float, confidence: float) -> tuple[float, float, str]:
    z = float(ndtri((1 + confidence) / 2))
    (recall, positives), (in_vain, negatives) = opened.recall, opened.false_positive_rate
    kind = "logit interval"
    if not (0 < recall < 1 and 0 < in_vain < 1):
        kind = "adjusted logit interval"
        recall = (recall * positives + z**2 / 2) / (positives + z**2)
        in_vain = (in_vain * negatives + z**2 / 2) / (negatives + z**2)
        positives, negatives = positives + z**2, negatives + z**2
    middle = math.log(recall / in_vain) + float(logit(rate))
    half = z * math.sqrt((1 - recall) / (recall * positives) + (1 - in_vain) / (in_vain * negatives))
    return float(expit(middle - half)), float(expit(middle + half)), kind


def _check_base_rate(rate: float) -> float:
    if not 0 < rate < 1:
        raise InputRefusedError(
            f"{rate!r}", where="base rate", expected="a share above 0 and below 1, such as 0.01"
        )
    return float(rate)
