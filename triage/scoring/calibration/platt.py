"""Platt's curve, a line on the logit scale, and the line through the origin (temperature)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from triage.scoring.calibration.curve import Calibration, NotCalibratedError
from triage.scoring.calibration.logit_curve import LogitCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Line:
    a: float
    b: float
    variance_a: float
    variance_b: float
    covariance: float


@dataclass(frozen=True)
class PlattCalibration(LogitCurve, _Line):
    r"""The strictly increasing curve :math:`\operatorname{logit} p = a + b s` with :math:`b > 0`.

    Parameters
    ----------
    a, b : float
        Intercept and slope.
    variance_a, variance_b, covariance : float
        Of the estimates.
    cases, positives, denominator, population, effective_positives, weighted
        See `Calibration`.
    slope_from
        See `LogitCurve`.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines and comparisons to regularized
    likelihood methods. Advances in Large Margin Classifiers, 61-74. Here targets are not smoothed.

    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.
    """

    kind: str = "platt"
    shape: ClassVar[str] = "platt"
    names: ClassVar[tuple[str, ...]] = ("intercept", "slope")

    @property
    def formula(self) -> str:
        """The curve, for the card."""
        return f"logit p = {self.a:.4f} + {self.b:.4f} x score"

    @property
    def coefficients(self) -> Floats:
        """Intercept and slope."""
        return np.array([self.a, self.b])

    @property
    def covariance_matrix(self) -> Floats:
        """Their covariance."""
        return np.array([[self.variance_a, self.covariance], [self.covariance, self.variance_b]])

    def logit(self, score: Floats) -> Floats:
        """Return a + b s."""
        return self.a + self.b * score

    def design(self, score: Floats) -> Floats:
        """Return ones and the score."""
        return np.column_stack([np.ones(len(score)), score])

    def with_numbers(self, coefficients: Floats, covariance: Floats, **rests_on: Any) -> Self:
        """Return the curve with other coefficients."""
        return replace(self, **line_numbers(coefficients, covariance), **rests_on)


@dataclass(frozen=True, kw_only=True)
class TemperatureCalibration(Calibration):
    r"""The curve :math:`\operatorname{logit} p = s / T` with :math:`T > 0`, for scores on the log-odds scale.

    Parameters
    ----------
    temperature : float
        T; above 1 the scores were too far from 0.
    variance : float
        Of 1/T.
    cases, positives, denominator, population, effective_positives, weighted
        See `Calibration`.

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y., Weinberger, K. Q. (2017). On calibration of modern neural networks. ICML.
    """

    temperature: float
    variance: float
    kind: str = "temperature"

    @property
    def formula(self) -> str:
        """The curve, for the card."""
        return f"logit p = score / {self.temperature:.4f}"

    @property
    def estimates(self) -> dict[str, tuple[float, float, float]]:
        """The slope 1/T with its 95 % interval (Wald)."""
        return {"slope": self.as_line().estimates["slope"]}

    def as_line(self) -> PlattCalibration:
        """Return the same curve as a line with intercept 0."""
        shared = {field.name: getattr(self, field.name) for field in fields(Calibration)}
        numbers = line_numbers(np.array([0.0, 1 / self.temperature]), np.diag([0.0, self.variance]))
        return PlattCalibration(**numbers, **(shared | {"kind": "platt"}))

    def probability(self, score: Floats) -> Floats:
        """Return the probability of each score, strictly increasing in it but for the last bits."""
        return self.as_line().probability(score)

    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the 95 % band of the curve, by the delta method on the logit scale."""
        return self.as_line().band(score)


def fit_line(score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any) -> PlattCalibration:
    r"""Fit :math:`\operatorname{logit} p = a + b s` by maximum likelihood.

    Raises
    ------
    NotCalibratedError
        There is no maximum, or the slope is not above 0.
    """
    from triage.scoring.newton import NO_FIT, fit_logistic, why_no_slope  # noqa: PLC0415 - ditto

    if reason := why_no_slope(outcome, score):
        raise NotCalibratedError(f"no curve fits the cases: {reason}")
    # Scores may lie far from 0, where intercept and slope could not be told apart by the numbers.
    center, scale = float(score.mean()), float(score.std())
    design = np.column_stack([np.ones(len(score)), (score - center) / scale])
    fit = fit_logistic(outcome, design, np.zeros(len(score)), weight)
    if fit is None:
        raise NotCalibratedError(f"no curve fits the cases: {NO_FIT}")
    back = np.array([[1.0, -center / scale], [0.0, 1.0 / scale]])
    coefficients, covariance = back @ fit.coefficients, back @ fit.covariance @ back.T
    if coefficients[1] <= 0:
        raise NotCalibratedError("the outcome does not rise with the score")
    return PlattCalibration(**line_numbers(coefficients, covariance), **rests_on)


def fit_temperature(
    score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any
) -> TemperatureCalibration:
    r"""Fit :math:`\operatorname{logit} p = s / T` by maximum likelihood.

    Raises
    ------
    NotCalibratedError
        There is no maximum, or T is not above 0.
    """
    from triage.scoring.newton import NO_FIT, fit_logistic  # noqa: PLC0415 - scoring must not wait for scipy

    if np.all(score * (2 * outcome - 1) >= 0):
        raise NotCalibratedError("no curve fits the cases: the sign of the score separates the two kinds")
    fit = fit_logistic(outcome, score[:, None], np.zeros(len(score)), weight)
    if fit is None:
        raise NotCalibratedError(f"no curve fits the cases: {NO_FIT}")
    slope = float(fit.coefficients[0])
    if slope <= 0:
        raise NotCalibratedError(
            "the share of outcomes does not rise from one half as the score rises from 0"
        )
    return TemperatureCalibration(temperature=1 / slope, variance=float(fit.covariance[0, 0]), **rests_on)


def line_numbers(coefficients: Floats, covariance: Floats) -> dict[str, Any]:
    """Return the numbers of a line by their names."""
    return {
        "a": float(coefficients[0]),
        "b": float(coefficients[1]),
        "variance_a": float(covariance[0, 0]),
        "variance_b": float(covariance[1, 1]),
        "covariance": float(covariance[0, 1]),
    }
