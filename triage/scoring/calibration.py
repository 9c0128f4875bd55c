"""Calibration: from a score to a probability, with the band of the curve that gives it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MINIMUM_POSITIVES = 100
FEWEST_POSITIVES = 10
_NORMAL_95 = 1.959963984540054


class NotCalibratedError(ValueError):
    """No honest probability can be given; the message says why."""


@dataclass(frozen=True)
class PlattCalibration:
    r"""The strictly increasing curve :math:`\operatorname{logit} p = a + b s` with :math:`b > 0`.

    Parameters
    ----------
    a, b : float
        Intercept and slope.
    variance_a, variance_b, covariance : float
        Of the estimates; those of a fixed slope are 0.
    cases, positives : int
        What it was fitted on.
    slope_fitted : bool
        False where too few positives allowed only the intercept to be fitted.
    denominator : str
        Of which cases the probability is a share.
    synthetic : bool
        Whether it was fitted on a synthetic batch.
    world : str
        The world, if any.

    Notes
    -----
    Platt, J. (1999). Probabilistic outputs for support vector machines. Here the score is on the scale of
    log-odds, and targets are not smoothed.
    """

    a: float
    b: float
    variance_a: float
    variance_b: float
    covariance: float
    cases: int
    positives: int
    slope_fitted: bool
    denominator: str
    synthetic: bool
    world: str

    def probability(self, score: Floats) -> Floats:
        """Return the probability of each score, strictly increasing in it."""
        return _expit(self.a + self.b * score)

    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper end of the 95 % band of the curve at each score.

        It is the uncertainty about the curve, by the delta method on the logit scale; it is not the
        uncertainty about the one case.
        """
        center = self.a + self.b * score
        variance = self.variance_a + 2 * score * self.covariance + score**2 * self.variance_b
        half = _NORMAL_95 * np.sqrt(np.fmax(variance, 0.0))
        return _expit(center - half), _expit(center + half)

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration as plain values."""
        return asdict(self)


def fit_platt(
    score: Floats,
    outcome: Floats,
    weight: Floats | None = None,
    *,
    denominator: str,
    synthetic: bool,
    world: str = "",
    minimum_positives: int = MINIMUM_POSITIVES,
) -> PlattCalibration:
    """Fit the curve on held-out, later cases.

    Parameters
    ----------
    score : array of float, shape (n_cases,)
        On the scale of log-odds.
    outcome : array of float, shape (n_cases,)
        1 for current abuse, 0 for none.
    weight : array of float, shape (n_cases,), optional
        Inverse of the probability with which each case was chosen. Variances are then robust (sandwich).
    denominator : str
        Of which cases the probability will be a share.
    synthetic : bool
        Whether the cases are synthetic.
    world : str
        The world they come from.
    minimum_positives : int
        With fewer effective positives the slope stays 1 and only the intercept is fitted.

    Raises
    ------
    NotCalibratedError
        One outcome is missing, there are fewer than ten effective positives (Kish), or the outcome does not
        rise with the score.

    Examples
    --------
    >>> score = np.repeat([-1.0, 1.0], 400)
    >>> outcome = np.r_[np.ones(100), np.zeros(300), np.ones(300), np.zeros(100)]
    >>> curve = fit_platt(score, outcome, denominator="all cases", synthetic=True)
    >>> round(float(curve.probability(np.array([1.0]))[0]), 6)
    0.75
    """
    positives = outcome > 0.5
    if not positives.any() or positives.all():
        raise NotCalibratedError("the later cases do not hold both outcomes")
    counted = np.ones(int(positives.sum())) if weight is None else weight[positives]
    effective = counted.sum() ** 2 / (counted**2).sum()
    if effective < FEWEST_POSITIVES:
        raise NotCalibratedError(
            f"the later cases hold {effective:.0f} effective positives, and {FEWEST_POSITIVES} are the fewest"
        )
    fit_slope = effective >= minimum_positives
    intercept, slope, covariance = _fit(score, outcome, weight, fit_slope=bool(fit_slope))
    if slope <= 0:
        raise NotCalibratedError("in the later cases the outcome does not rise with the score")
    return PlattCalibration(
        a=intercept,
        b=slope,
        variance_a=float(covariance[0, 0]),
        variance_b=float(covariance[1, 1]),
        covariance=float(covariance[0, 1]),
        cases=len(score),
        positives=int(positives.sum()),
        slope_fitted=bool(fit_slope),
        denominator=denominator,
        synthetic=synthetic,
        world=world,
    )


def _fit(
    score: Floats, outcome: Floats, weight: Floats | None, *, fit_slope: bool
) -> tuple[float, float, Floats]:
    """Return intercept, slope and their covariance; a slope that is not fitted is 1 and exact."""
    # Fitting needs scipy, which scoring with a bundle must not wait for.
    from triage.scoring.newton import fit_logistic, why_no_slope  # noqa: PLC0415

    ones = np.ones((len(score), 1))
    if fit_slope:
        reason = why_no_slope(outcome, score)
        if reason:
            raise NotCalibratedError(f"no finite curve fits: {reason}")
        fit = fit_logistic(outcome, np.column_stack([ones, score]), np.zeros(len(score)), weight)
    else:
        fit = fit_logistic(outcome, ones, score, weight)
    if fit is None:
        raise NotCalibratedError("the fit of the curve did not converge")
    if fit_slope:
        return float(fit.coefficients[0]), float(fit.coefficients[1]), fit.covariance
    return float(fit.coefficients[0]), 1.0, np.array([[float(fit.covariance[0, 0]), 0.0], [0.0, 0.0]])


def _expit(x: Floats) -> Floats:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
