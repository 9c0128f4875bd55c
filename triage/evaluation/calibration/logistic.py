"""Whether probabilities are right on average and in their spread: intercept, slope, and their tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from triage.evaluation.calibration.recalibration import (
    Fits,
    Interval,
    Model,
    interval_ends,
    line_design,
    log_likelihood,
)
from triage.evaluation.figure import NAN, Figure, HypothesisTest
from triage.evaluation.order.capacity import ALL_CASES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.scoring.newton import LogisticFit


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


@dataclass(frozen=True)
class CalibrationTests:
    """Tests that the line of logistic recalibration is the diagonal.

    Parameters
    ----------
    unreliability : HypothesisTest
        That intercept is 0 and slope is 1, together.
    intercept : HypothesisTest
        That the intercept is 0, given that the slope is 1 (in the large).
    slope : HypothesisTest
        That the slope is 1, whatever the intercept.
    unreliability_index : Figure
        The first statistic less its degrees of freedom, for each case: U of rms::val.prob.
    """

    unreliability: HypothesisTest
    intercept: HypothesisTest
    slope: HypothesisTest
    unreliability_index: Figure


@dataclass(frozen=True)
class LogisticCalibration:
    """All that logistic recalibration tells about probabilities.

    Parameters
    ----------
    in_the_large : Figure
        See `calibration_in_the_large`.
    line : CalibrationLine
        See `calibration_line`.
    tests : CalibrationTests
        See `calibration_tests`.
    """

    in_the_large: Figure
    line: CalibrationLine
    tests: CalibrationTests


def calibration_in_the_large(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wald",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the shift on the logit scale that would make the probabilities right on average.

    The a in :math:`\operatorname{logit} P(y = 1) = a + \operatorname{logit} p`, the slope fixed at 1, by
    maximum likelihood. 0 is right; above 0 the probabilities are too low. Probabilities of exactly 0 and 1
    are moved as `open_probability` says, and the method says how many were.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for. The variance is then the sandwich.
    interval : {"wald", "profile"}
        "wald": estimate -/+ z standard errors, as most tools report it. "profile": all values that a
        likelihood-ratio test does not reject; asymmetric, better with few cases with current abuse, slower,
        and without weights only.
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
        An array is not as described, or a profile is asked for with weights.

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
    fits = Fits.of(outcome, probability, weight, interval, line=False)
    return _in_the_large(fits, interval, confidence, denominator)


def calibration_line(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wald",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> CalibrationLine:
    r"""Return intercept and slope of the logistic recalibration, fitted together.

    a and b in :math:`\operatorname{logit} P(y = 1) = a + b\,\operatorname{logit} p`, by maximum likelihood
    with intervals, weights, and probabilities of 0 and 1 as in `calibration_in_the_large`.

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
    fits = Fits.of(outcome, probability, weight, interval)
    return _line(fits, interval, confidence, denominator)


def calibration_tests(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    denominator: str = ALL_CASES,
) -> CalibrationTests:
    r"""Return tests that the probabilities need no logistic recalibration.

    Likelihood-ratio tests: with :math:`\ell(a, b)` the log likelihood of the line,

    .. math::
        \chi^2_U = 2[\ell(\hat a, \hat b) - \ell(0, 1)],\quad
        \chi^2_a = 2[\ell(\tilde a, 1) - \ell(0, 1)],\quad
        \chi^2_b = 2[\ell(\hat a, \hat b) - \ell(\tilde a, 1)]

    on 2, 1 and 1 degrees of freedom; the last two add up to the first. With weights the likelihood is none,
    and they are Wald tests with the sandwich covariance, which do not add up. Where all probabilities are
    equal there is no slope, and the first test is the second, on 1 degree of freedom.

    Parameters
    ----------
    outcome, probability, weight, denominator
        See `calibration_in_the_large`.

    Returns
    -------
    CalibrationTests
        Without a result where the line, or its intercept given slope 1, is not estimable.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.

    Miller, M. E., Hui, S. L., Tierney, W. M. (1991). Validation techniques for logistic regression models.
    Statistics in Medicine 10, 1213-1226.

    Harrell, F. E. (2015). Regression Modeling Strategies, 2nd edition. Springer, section 10.9.

    Examples
    --------
    Four of eight have current abuse where 1/4 was announced: 2 [8 log(1/2) - 4 log(1/4) - 4 log(3/4)].

    >>> tests = calibration_tests([1, 1, 1, 1, 0, 0, 0, 0], [0.25] * 8)
    >>> print(tests.intercept.brief())
    statistic 2.301 on 1 degrees of freedom, p = 0.129
    """
    return _tests(Fits.of(outcome, probability, weight, "wald"), denominator)


def logistic_calibration(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    interval: Interval = "wald",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> LogisticCalibration:
    """Return `calibration_in_the_large`, `calibration_line` and `calibration_tests` from the same fits.

    Parameters, errors: see `calibration_in_the_large`.

    Examples
    --------
    >>> all_of_it = logistic_calibration([1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4)
    >>> print(all_of_it.in_the_large.brief(), all_of_it.line.slope.brief())
    0.0000 [-1.6003, 1.6003] 1.0000 [-0.4567, 2.4567]
    """
    fits = Fits.of(outcome, probability, weight, interval)
    return LogisticCalibration(
        _in_the_large(fits, interval, confidence, denominator),
        _line(fits, interval, confidence, denominator),
        _tests(fits, denominator),
    )


def _in_the_large(fits: Fits, interval: Interval, confidence: float, denominator: str) -> Figure:
    rows = len(fits.x)
    if fits.shift is None:
        return Figure.not_estimable(fits.why_no_shift, rows, denominator)
    model = Model(fits.cases, np.ones((rows, 1)), fits.x)
    low, high, kind = interval_ends(fits.shift, 0, model, interval, confidence)
    method = f"logistic with slope 1{fits.note}, {kind}"
    return Figure(float(fits.shift.coefficients[0]), low, high, rows, method, denominator)


def _line(fits: Fits, interval: Interval, confidence: float, denominator: str) -> CalibrationLine:
    rows = len(fits.x)
    if fits.line is None:
        missing = Figure.not_estimable(fits.why_no_line, rows, denominator)
        return CalibrationLine(missing, missing)
    model = Model(fits.cases, line_design(fits.x), np.zeros(rows))
    figures = []
    for index in (0, 1):
        low, high, kind = interval_ends(fits.line, index, model, interval, confidence)
        method = f"logistic recalibration{fits.note}, {kind}"
        figures.append(Figure(float(fits.line.coefficients[index]), low, high, rows, method, denominator))
    return CalibrationLine(*figures)


def _tests(fits: Fits, denominator: str) -> CalibrationTests:
    rows = len(fits.x)
    if fits.shift is None:
        none = HypothesisTest.not_possible(fits.why_no_shift, rows, denominator)
        index = Figure.not_estimable(fits.why_no_shift, rows, denominator)
        return CalibrationTests(none, none, none, index)
    weighted = fits.cases.weighted
    kind = "Wald test with sandwich variance" if weighted else "likelihood-ratio test"

    def test(statistic: float, freedom: int, hypothesis: str) -> HypothesisTest:
        # Rounding alone can take a ratio of likelihoods below 0.
        statistic = max(statistic, 0.0)
        method = f"{kind} that {hypothesis}{fits.note}"
        p_value = float(chdtrc(freedom, statistic))
        return HypothesisTest(statistic, p_value, rows, method, denominator, float(freedom))

    both, first, second = (_wald_statistics if weighted else _likelihood_ratios)(fits, fits.shift)
    intercept = test(first, 1, "the intercept is 0, given slope 1")
    if fits.line is not None:
        unreliability = test(both, 2, "intercept is 0 and slope is 1")
        return CalibrationTests(
            unreliability, intercept, test(second, 1, "the slope is 1"), _index(unreliability)
        )
    missing = HypothesisTest.not_possible(fits.why_no_line, rows, denominator)
    if fits.x.min() == fits.x.max():
        return CalibrationTests(intercept, intercept, missing, _index(intercept))
    index = Figure.not_estimable(fits.why_no_line, rows, denominator)
    return CalibrationTests(missing, intercept, missing, index)


def _likelihood_ratios(fits: Fits, shift: LogisticFit) -> tuple[float, float, float]:
    none = log_likelihood(fits.cases, fits.x)
    shifted = log_likelihood(fits.cases, fits.x + shift.coefficients[0])
    if fits.line is None:
        return NAN, 2 * (shifted - none), NAN
    intercept, slope = fits.line.coefficients
    both = log_likelihood(fits.cases, intercept + slope * fits.x)
    return 2 * (both - none), 2 * (shifted - none), 2 * (both - shifted)


def _wald_statistics(fits: Fits, shift: LogisticFit) -> tuple[float, float, float]:
    first = float(shift.coefficients[0] ** 2 / shift.covariance[0, 0])
    if fits.line is None:
        return NAN, first, NAN
    away = fits.line.coefficients - np.array([0.0, 1.0])
    both = float(away @ np.linalg.solve(fits.line.covariance, away))
    return both, first, float(away[1] ** 2 / fits.line.covariance[1, 1])


def _index(test: HypothesisTest) -> Figure:
    index = (test.statistic - test.freedom) / test.count
    method = "(statistic - degrees of freedom) / cases; no interval"
    return Figure(index, NAN, NAN, test.count, method, test.denominator)
