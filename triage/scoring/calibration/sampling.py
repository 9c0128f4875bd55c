"""The offset for cases that were sampled by their outcome."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from triage.scoring.calibration.curve import ALL_CASES, NotIdentifiedError

if TYPE_CHECKING:
    from triage.scoring.calibration.logit_curve import LogitCurve

    Curve = TypeVar("Curve", bound=LogitCurve)


def correct_for_sampling(
    curve: Curve,
    sampled_share_positive: float,
    sampled_share_negative: float,
    *,
    chosen_by: Literal["outcome", "features"],
    denominator: str = ALL_CASES,
) -> Curve:
    r"""Turn a curve fitted on a case-control sample into that of the population it was drawn from.

    .. math:: \theta_0' = \theta_0 - \ln(f_1 / f_0)

    The slope needs no correction. This holds only where the chance of being sampled depends on the outcome
    and, given the outcome, on nothing else. Where cases were selected by their features, as investigators do,
    no offset repairs the curve: it must be fitted with weights.

    Parameters
    ----------
    curve : LogitCurve
        Platt's or the beta curve, fitted on the sample without weights.
    sampled_share_positive, sampled_share_negative : float
        Shares of the population's positives, f1, and negatives, f0, that are in the sample; known, not
        estimated: the band does not count them.
    chosen_by : {"outcome", "features"}
        What the chance of being sampled depended on.
    denominator : str
        Of which cases the corrected probability is a share.

    Raises
    ------
    NotIdentifiedError
        Cases were chosen by their features, and the curve was not fitted with weights. With weights it is
        right as it stands and is returned unchanged.
    ValueError
        A share is not above 0 and at most 1, or weights have corrected for the sampling already.

    References
    ----------
    King, G., Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9, 137-163,
    "prior correction".

    Prentice, R. L., Pyke, R. (1979). Logistic disease incidence models and case-control studies. Biometrika
    66, 403-411.

    Examples
    --------
    >>> from triage.scoring.calibration import PlattCalibration
    >>> curve = PlattCalibration(0.0, 1.0, 0.01, 0.01, 0.0, 800, 400, "the sample", "agency 1")
    >>> right = correct_for_sampling(curve, 1.0, 0.01, chosen_by="outcome")
    >>> right.probability(np.array([0.0])).round(6)  # odds of 1 to 1 become 1 to 100
    array([0.009901])
    """
    if chosen_by == "features":
        if curve.weighted:
            return curve
        raise NotIdentifiedError(
            "not identified: cases were chosen by their features, and an offset corrects only sampling by the"
            " outcome; fit with weights, one over the probability of being chosen"
        )
    if chosen_by != "outcome":
        raise ValueError(f"chosen_by {chosen_by!r}; expected 'outcome' or 'features'")
    if curve.weighted:
        raise ValueError("the curve was fitted with weights, which have corrected for the sampling already")
    shares = sampled_share_positive, sampled_share_negative
    if not all(0 < share <= 1 for share in shares):
        raise ValueError("sampled shares must be above 0 and at most 1")
    coefficients = curve.coefficients
    coefficients[0] -= math.log(shares[0] / shares[1])
    return curve.with_numbers(coefficients, np.asarray(curve.covariance_matrix), denominator=denominator)
