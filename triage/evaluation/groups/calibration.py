"""Calibration in each group: observed over expected, and the shift on the logit scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from triage.evaluation.groups.measures import BASE_RATE
from triage.evaluation.groups.shares import Shares, share_of
from triage.evaluation.groups.sums import add_up
from triage.evaluation.proportions import clopper_pearson_interval, square_and_add

if TYPE_CHECKING:
    from triage.evaluation.groups.attributes import Codes
    from triage.evaluation.inputs import Cases, FloatArray

STEPS = 100
LONGEST = 2.0


@dataclass(frozen=True, eq=False)
class Ratios:
    """Observed over expected of every group.

    Parameters
    ----------
    estimate, low, high : array of shape (groups,)
        NaN where the probabilities sum to 0, or their mean is below the smallest normal number.
    share : Shares
        The observed share.
    mean : array of shape (groups,)
        The mean probability.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    share: Shares
    mean: FloatArray

    def minus(self, other: Ratios) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the difference to other ratios and its interval, by square-and-add."""
        ends = square_and_add(self.estimate, (self.low, self.high), other.estimate, (other.low, other.high))
        return self.estimate - other.estimate, *ends


def observed_over_expected_of(sums: FloatArray, expected: FloatArray, *, confidence: float) -> Ratios:
    """Return observed over expected of every group, as `observed_over_expected` does of all cases.

    Parameters
    ----------
    sums : array of shape (groups, 3, 2, 3)
        See `AtomSums.at`; the cut does not matter.
    expected : array of shape (groups,)
        Sums of weight times probability.
    confidence : float
        Level of the interval.
    """
    share = share_of(BASE_RATE, sums, 1.0, 0.0, confidence=confidence, interval="clopper-pearson")
    weight = sums[..., 1].sum(axis=(1, 2))
    # Below it numbers have too few digits to divide by, and ratios are beyond the largest number.
    enough = (weight > 0) & (expected >= weight * np.finfo(np.float64).tiny)
    mean = np.divide(expected, weight, out=np.full_like(weight, np.nan), where=enough)
    low, high = clopper_pearson_interval(
        np.nan_to_num(share.estimate) * share.trials, share.trials, confidence=confidence
    )
    return Ratios(share.estimate / mean, low / mean, high / mean, share, mean)


def compare_ratio(one: Ratios, other: Ratios, group: int) -> float:
    r"""Return the p-value of an exact test that observed over expected is the same in a group and elsewhere.

    Given the number observed in both, that of the group is binomial with probability
    :math:`E_g/(E_g + E_r)` where current abuse is rare (Poisson), and varies less where it is not: the test
    is then on the safe side. With weights, counts are effective and rounded towards the hypothesis.
    NaN where either ratio is not estimable.

    References
    ----------
    Przyborowski, J., Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series.
    Biometrika 31, 313-323.
    """
    trials = one.share.trials[group], other.share.trials[group]
    observed = one.share.estimate[group] * trials[0], other.share.estimate[group] * trials[1]
    expected = one.mean[group] * trials[0], other.mean[group] * trials[1]
    total = sum(observed)
    chance = expected[0] / sum(expected)
    slack = 1e-9 * max(1.0, total)
    if observed[0] > chance * total:
        count, rest = np.floor(observed[0] + slack), np.ceil(observed[1] - slack)
        crossed = count <= chance * (count + rest)
    else:
        count, rest = np.ceil(observed[0] - slack), np.floor(observed[1] + slack)
        crossed = count >= chance * (count + rest)
    if not np.isfinite(chance):
        return float("nan")
    if crossed:
        return 1.0
    from scipy.stats import binomtest  # noqa: PLC0415 - slow to import, and most callers audit no groups

    return float(binomtest(int(count), int(count + rest), chance).pvalue)


def shift_of(cases: Cases, offset: FloatArray, codes: Codes, groups: int) -> tuple[FloatArray, FloatArray]:
    r"""Return the shift that makes the probabilities right on average in each group, and its standard error.

    The solution a of :math:`\sum_i w_i\,(y_i - \operatorname{expit}(a + \operatorname{logit} p_i)) = 0`
    over the cases of the group, for all groups at once: one pass over the cases a step. Newton's steps are
    kept inside the interval in which the solution is known to lie. With weights the error is the sandwich's.

    Parameters
    ----------
    cases : Cases
        Their outcomes and weights count.
    offset : array of shape (cases,)
        Logits of the probabilities.
    codes : array of shape (cases,)
        The group of each case.
    groups : int
        How many there are.

    Returns
    -------
    shift, error : arrays of shape (groups,)
        NaN where a group has one kind of cases only.
    """

    def add(values: FloatArray) -> FloatArray:
        return add_up(codes, values, groups)

    w, y = cases.weight, cases.outcome
    observed, total = add(w * y), add(w)
    one_kind = (observed <= 0) | (add(w * (1 - y)) <= 0)
    share = np.where(one_kind, 0.5, observed / np.where(total > 0, total, 1.0))
    mean = np.clip(add(w * expit(offset)) / np.where(total > 0, total, 1.0), 1e-300, 1 - 1e-16)
    shift = logit(share) - logit(mean)
    low, high = np.full(groups, -np.inf), np.full(groups, np.inf)
    for _ in range(STEPS):
        likely = expit(offset + shift[codes])
        pull, information = observed - add(w * likely), add(w * likely * (1 - likely))
        low, high = np.where(pull > 0, shift, low), np.where(pull < 0, shift, high)
        step = np.divide(pull, information, out=np.sign(pull) * LONGEST, where=information > 0)
        step = np.clip(step, -LONGEST, LONGEST)
        settled = one_kind | (pull * step <= 1e-14)
        proposed = shift + step
        outside = (proposed <= low) | (proposed >= high)
        middle = (np.maximum(low, shift - LONGEST) + np.minimum(high, shift + LONGEST)) / 2
        shift = np.where(outside & ~settled, middle, proposed)
        if settled.all():
            break
    variance = 1 / np.where(information > 0, information, np.nan)
    if cases.weighted:
        variance = variance**2 * add((w * (y - likely)) ** 2)
    error = np.sqrt(variance)
    return np.where(one_kind, np.nan, shift), np.where(one_kind, np.nan, error)
