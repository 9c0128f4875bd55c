"""Spiegelhalter's test that probabilities are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from triage.evaluation.figure import HypothesisTest
from triage.evaluation.inputs import check_cases
from triage.evaluation.order.capacity import ALL_CASES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def spiegelhalter_test(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    denominator: str = ALL_CASES,
) -> HypothesisTest:
    r"""Return Spiegelhalter's z test that the probabilities are right.

    Whether the Brier score is as large as right probabilities announce:

    .. math:: z = \frac{\sum_i w_i (y_i - p_i)(1 - 2 p_i)}{\sqrt{\sum_i w_i^2 (1 - 2 p_i)^2 p_i (1 - p_i)}}

    Two-sided; above 0 the score is worse than announced. The variance follows from the hypothesis, with
    weights too. It is blind to probabilities that are wrong in ways that leave the Brier score as announced.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    denominator : str
        Of which cases the test speaks.

    Returns
    -------
    HypothesisTest
        Not possible where all probabilities are 0, 1/2 or 1: the Brier score is then certain.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Spiegelhalter, D. J. (1986). Probabilistic prediction in patient management and clinical trials.
    Statistics in Medicine 5, 421-433.

    Examples
    --------
    >>> print(spiegelhalter_test([1, 0, 0, 1], [0.9, 0.2, 0.1, 0.6]).brief())
    statistic -0.843, p = 0.399
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    y, w, p = cases.outcome, cases.weight, np.asarray(cases.probability)
    lean = w * (1 - 2 * p)
    variance = float(lean**2 @ (p * (1 - p)))
    if variance == 0:
        return HypothesisTest.not_possible("all probabilities are 0, 1/2 or 1", len(y), denominator)
    z = float(lean @ (y - p)) / variance**0.5
    weighted = "weighted, " if cases.weighted else ""
    method = f"{weighted}Spiegelhalter's z test that the probabilities are right, two-sided"
    return HypothesisTest(z, 2 * float(ndtr(-abs(z))), len(y), method, denominator)
