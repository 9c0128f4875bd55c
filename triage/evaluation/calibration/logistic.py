"""Whether probabilities are right on average, overall and among the cases that are opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, ndtri

from triage.evaluation.capacity import ALL_CASES, NO_POSITIVES, cases_at, found_at
from triage.evaluation.figure import Figure, format_count
from triage.evaluation.inputs import Cases, FloatArray, check_cases, check_confidence
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import cut_at, opened_part, rank_cases
from triage.evaluation.weighting import effective_count, kish_count
from triage.scoring.newton import NO_FIT, LogisticFit, fit_logistic, why_no_slope

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CLIP = 1e-6


@dataclass(frozen=True)
class CalibrationLine:
    """The straight line, on the logit scale, that turns probabilities into what was observed.

    Parameters
    ----------
    intercept : Figure
        0 for calibrated probabilities.
    slope : Figure
        1 for calibrated probabilities; below 1 they are too extreme, above 1 too timid.
    """

    intercept: Figure
    slope: Figure


def calibration_in_the_large(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the shift on the logit scale that would make the probabilities right on average.

    The a in :math:`\operatorname{logit} P(y = 1) = a + \operatorname{logit} p`, the slope fixed at 1, by
    maximum likelihood with Wald's interval. 0 is right; above 0 the probabilities are too low.

    Probabilities below 1e-6 or above 1 - 1e-6, so exactly 0 and 1 too, are set to these bounds before the
    logit is taken; the method says how many were.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for. The variance is then the sandwich.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Not estimable when one of the two kinds of cases is missing.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.

    Van Calster, B., Nieboer, D., Vergouwe, Y., De Cock, B., Pencina, M. J., Steyerberg, E. W. (2016). A
    calibration hierarchy for risk models was defined: from utopia to empirical data. Journal of Clinical
    Epidemiology 74, 167-176.

    Examples
    --------
    >>> print(calibration_in_the_large([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]).brief())  # logit(1/4) = -1.0986
    -1.0986 [-3.3618, 1.1646]
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    reason = _one_kind(cases.outcome)
    offset, note = _clipped_logit(np.asarray(cases.probability))
    fit = None if reason else _fit(cases, np.ones((len(offset), 1)), offset)
    if fit is None:
        return Figure.not_estimable(reason or NO_FIT, len(offset), denominator)
    method = f"logistic with slope 1{note}"
    return _wald(fit, 0, cases, method, confidence=confidence, denominator=denominator)


def calibration_line(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> CalibrationLine:
    r"""Return intercept and slope of the logistic recalibration, fitted together.

    a and b in :math:`\operatorname{logit} P(y = 1) = a + b\,\operatorname{logit} p`, by maximum likelihood
    with Wald's intervals. Probabilities are clipped, and weights enter, as in `calibration_in_the_large`.

    Returns
    -------
    CalibrationLine
        Not estimable when one kind of cases is missing, when all probabilities are equal, and when the
        likelihood has no maximum because the probabilities separate the two kinds (they may touch).

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.

    Albert, A., Anderson, J. A. (1984). On the existence of maximum likelihood estimates in logistic
    regression models. Biometrika 71, 1-10.

    Examples
    --------
    Four cases at 1/4 of which one has current abuse, four at 3/4 of which three have, lie on the line. The
    variance of the slope is that of a log odds ratio, 1/1 + 1/3 + 1/3 + 1/1, over (2 log 3) squared.

    >>> line = calibration_line([1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4)
    >>> print(line.slope.brief())
    1.0000 [-0.4567, 2.4567]
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    x, note = _clipped_logit(np.asarray(cases.probability))
    reason = _one_kind(cases.outcome) or why_no_slope(cases.outcome, x)
    fit = None if reason else _fit(cases, np.column_stack([np.ones(len(x)), x]), np.zeros(len(x)))
    if fit is None:
        missing = Figure.not_estimable(reason or NO_FIT, len(x), denominator)
        return CalibrationLine(missing, missing)
    method = f"logistic recalibration{note}"
    intercept, slope = (
        _wald(fit, index, cases, method, confidence=confidence, denominator=denominator) for index in (0, 1)
    )
    return CalibrationLine(intercept, slope)


def observed_over_expected(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    score: ArrayLike | None = None,
    capacity: float | None = None,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return how many cases with current abuse there were for each that the probabilities announced.

    .. math:: O/E = \sum_i y_i / \sum_i p_i

    The interval is Clopper-Pearson's for the observed share, divided by the mean probability, which is taken
    as given. Outcomes with unequal probabilities vary less than binomially, so it is on the wide side.

    Parameters
    ----------
    outcome, probability, weight, confidence, denominator
        See `calibration_in_the_large`; with weights the interval is on an effective count.
    score : array of shape (cases,), optional
        The order in which cases are opened; that of the probability when it is not given.
    capacity : int or float, optional
        Only the first k cases count; see `cases_at`. Cases tied at the cut count with the part of them that
        is opened, and the interval is widened over their orders.

    Returns
    -------
    Figure
        Not estimable when the probabilities sum to 0.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Debray, T. P. A., et al. (2017). A guide to systematic review and meta-analysis of prediction model
    performance. BMJ 356, i6460.

    Examples
    --------
    >>> print(observed_over_expected([1, 1, 0, 0, 0], [0.5, 0.25, 0.25, 0.0, 0.0]).brief(3))
    2.000 [0.264, 4.267]
    """
    cases = check_cases(outcome, score=score, probability=probability, weight=weight)
    y, w, p = cases.outcome, cases.weight, np.asarray(cases.probability)
    part, worst, best = np.ones(len(y)), float(w @ y), float(w @ y)
    if capacity is not None:
        order = p if cases.score is None else cases.score
        ranking = rank_cases(y, order, w if cases.weighted else None)
        cut = cut_at(ranking, cases_at(capacity, ranking.cases, whole=ranking.whole))
        part, found = opened_part(cut, order), found_at(ranking, cut)
        worst, best, denominator = (
            found.worst,
            found.best,
            f"the first {format_count(cut.k)} of {denominator}",
        )
    opened = part * w
    total, expected, observed = float(opened.sum()), float(opened @ p), float(opened @ y)
    rows = int(np.count_nonzero(part)) if cases.weighted else round(total)
    if expected == 0:
        return Figure.not_estimable("the probabilities sum to 0", rows, denominator)
    share, mean = observed / total, expected / total
    spread = float(opened @ (w * (y - share) ** 2)) / total**2
    trials = effective_count(share, spread, kish_count(total, float(opened @ w)))
    counts = np.array([worst, best]) * (trials / total)
    low, high = clopper_pearson_interval(counts, trials, confidence=confidence)
    method = f"Clopper-Pearson {100 * confidence:g} % of the observed share over the mean probability"
    if cases.weighted:
        method = f"weighted, {method}, on an effective count of {trials:.1f}"
    return Figure(observed / expected, float(low[0]) / mean, float(high[1]) / mean, rows, method, denominator)


def _one_kind(outcome: FloatArray) -> str:
    if not outcome.any():
        return NO_POSITIVES
    return "no case without current abuse" if outcome.all() else ""


def _clipped_logit(probability: FloatArray) -> tuple[FloatArray, str]:
    clipped = np.clip(probability, CLIP, 1 - CLIP)
    moved = int(np.count_nonzero(clipped != probability))
    return logit(clipped), f", {moved:,} probabilities clipped at {CLIP:g} from 0 or 1" if moved else ""


def _fit(cases: Cases, design: FloatArray, offset: FloatArray) -> LogisticFit | None:
    return fit_logistic(cases.outcome, design, offset, cases.weight if cases.weighted else None)


def _wald(
    fit: LogisticFit, index: int, cases: Cases, method: str, *, confidence: float, denominator: str
) -> Figure:
    estimate = float(fit.coefficients[index])
    half = float(ndtri((1 + check_confidence(confidence)) / 2) * fit.covariance[index, index] ** 0.5)
    sandwich = " (weighted, sandwich variance)" if cases.weighted else ""
    method = f"{method}, Wald {100 * confidence:g} %{sandwich}"
    return Figure(estimate, estimate - half, estimate + half, len(cases.outcome), method, denominator)
