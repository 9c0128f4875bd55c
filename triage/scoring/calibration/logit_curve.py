"""Curves that are a sum on the logit scale: their band, and the refit of their intercept."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from triage.scoring.calibration.curve import NORMAL_95, Calibration, to_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INTERCEPT = "intercept"
FARTHEST_Z = 1000.0


@dataclass(frozen=True)
class LogitCurve(Calibration):
    r"""A curve :math:`\operatorname{logit} p = \theta_0 + \theta_1 g_1(s) + \dots`, strictly increasing in s.

    Parameters
    ----------
    slope_from : str
        The population of the earlier curve whose shape was kept, where only the intercept was refitted
        (`kind` is then ``intercept``).
    slope_z : float
        The new cases' slope against the one that was kept, in standard errors of the difference.
    """

    slope_from: str = ""
    slope_z: float = 0.0
    shape: ClassVar[str]

    @abstractmethod
    def logit(self, score: Floats) -> Floats:
        """Return the logarithm of the odds of each score."""

    @abstractmethod
    def design(self, score: Floats) -> Floats:
        """Return what the coefficients are multiplied with, shape (n_cases, n_coefficients), ones first."""

    @property
    @abstractmethod
    def coefficients(self) -> Floats:
        """The coefficients, intercept first."""

    @property
    @abstractmethod
    def covariance_matrix(self) -> Floats:
        """Covariance of the coefficients."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""

    @abstractmethod
    def with_numbers(self, coefficients: Floats, covariance: Floats, **rests_on: Any) -> Self:
        """Return the curve with other coefficients, and what these rest on."""

    @property
    def estimates(self) -> dict[str, tuple[float, float, float]]:
        """Each coefficient with its 95 % interval (Wald)."""
        half = NORMAL_95 * np.sqrt(np.fmax(np.diag(self.covariance_matrix), 0.0))
        values = zip(self.names, self.coefficients, half, strict=True)
        return {name: (float(x), float(x - d), float(x + d)) for name, x, d in values}

    def probability(self, score: Floats) -> Floats:
        """Return the probability of each score, strictly increasing in it but for the last bits."""
        return to_probability(self.logit(score))

    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the 95 % band of the curve, by the delta method on the logit scale."""
        center, design = self.logit(score), self.design(score)
        variance = ((design @ self.covariance_matrix) * design).sum(axis=1)
        half = NORMAL_95 * np.sqrt(np.fmax(variance, 0.0))
        return to_probability(center - half), to_probability(center + half)

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration as plain values."""
        content = super().as_dict()
        return content | {"curve": self.shape} if self.kind == INTERCEPT else content

    def _remarks(self) -> list[str]:
        effective = f"{self._effective:.0f} effective positives"
        few = self.guard == "few"
        if self.kind == INTERCEPT:
            how = f"{'few positives: ' if few else ''}only the intercept was refitted, on {effective}"
            against = (
                f"these cases point to another slope (z = {self.slope_z:+.1f}), and the range is too short"
            )
            doubt = [against] if abs(self.slope_z) > NORMAL_95 else []
            return [f"{how}; the slope is that of {self.slope_from}", *doubt]
        if few:
            why = f"few positives: {effective}, and no earlier curve whose intercept alone could be refitted"
            return [why, "the slope is fitted on them too, and the range is wide"]
        return []


def refit_intercept(
    earlier: LogitCurve, score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any
) -> LogitCurve | None:
    r"""Refit the intercept of a curve, its shape kept; None where there is no maximum.

    Given the shape, :math:`\partial\theta_0/\partial\theta_j = -\bar g_j`, the mean of the column under the
    weights :math:`w_i p_i (1 - p_i)`; so the uncertainty of the earlier slope stays in the band:

    .. math:: V(\theta_0) = V_{new} + \bar g^\top \Sigma \bar g, \qquad
        C(\theta_0, \theta_j) = -(\Sigma \bar g)_j.

    Parameters
    ----------
    earlier : LogitCurve
        Fitted on other cases, for scores of the same model.
    score, outcome, weight : array of float, shape (n_cases,)
        The new cases.
    **rests_on
        What the new curve rests on: the fields of `Calibration`.
    """
    from triage.scoring.newton import fit_logistic  # noqa: PLC0415 - scoring must not wait for scipy

    offset = earlier.logit(score)
    fit = fit_logistic(outcome, np.ones((len(score), 1)), offset, weight)
    if fit is None:
        return None
    shift = float(fit.coefficients[0])
    p = to_probability(offset + shift)
    pull = p * (1 - p) if weight is None else weight * p * (1 - p)
    means = (pull @ earlier.design(score)[:, 1:]) / pull.sum()
    covariance = earlier.covariance_matrix.copy()
    slopes = covariance[1:, 1:]
    covariance[0, 0] = fit.covariance[0, 0] + means @ slopes @ means
    covariance[0, 1:] = covariance[1:, 0] = -(slopes @ means)
    coefficients = earlier.coefficients + np.r_[shift, np.zeros(len(means))]
    return earlier.with_numbers(
        coefficients,
        covariance,
        kind=INTERCEPT,
        slope_from=earlier.slope_from or earlier.population,
        slope_z=_compare_slopes(earlier, offset, outcome, weight),
        **rests_on,
    )


def _compare_slopes(earlier: LogitCurve, logit: Floats, outcome: Floats, weight: Floats | None) -> float:
    """Fit a line to the logits of the earlier curve; its slope is 1 where the shape still holds."""
    from triage.scoring.newton import fit_logistic, why_no_slope  # noqa: PLC0415 - ditto

    if why_no_slope(outcome, logit):
        return 0.0
    center = logit.mean()
    design = np.column_stack([np.ones(len(logit)), logit - center])
    fit = fit_logistic(outcome, design, np.zeros(len(logit)), weight)
    if fit is None:
        return 0.0
    slopes = earlier.coefficients[1:]
    before = earlier.covariance_matrix[1:, 1:].sum() / slopes.sum() ** 2
    z = float((fit.coefficients[1] - 1) / np.sqrt(fit.covariance[1, 1] + before))
    return float(np.clip(z, -FARTHEST_Z, FARTHEST_Z))
