"""The beta curve: two slopes on the logit scale, one for low and one for high scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from triage.scoring.calibration.curve import NotCalibratedError
from triage.scoring.calibration.logit_curve import LogitCurve
from triage.scoring.grid import to_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.scoring.newton import LogisticFit

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BetaCalibration(LogitCurve):
    r"""The strictly increasing curve :math:`\operatorname{logit} p = c + a \ln q - b \ln(1 - q)`.

    With :math:`q = 1 / (1 + e^{-z})`, :math:`z = (s - m) / d` the score less its mean over its standard
    deviation, and :math:`a, b \ge 0`, not both 0. Far below the mean the slope in z is a, far above it b;
    :math:`a = b` is Platt's curve.

    Parameters
    ----------
    c, a, b : float
        Coefficients.
    center, scale : float
        m and d.
    covariance : tuple of tuple of float
        Of c, a and b, 3 x 3; rows of a coefficient that was held at 0 are 0.
    cases, positives, denominator, population, effective_positives, weighted
        See `Calibration`.
    slope_from
        See `LogitCurve`.

    References
    ----------
    Kull, M., Silva Filho, T. M., Flach, P. (2017). Beyond sigmoids: how to obtain well-calibrated
    probabilities from binary classifiers with beta calibration. Electronic Journal of Statistics 11,
    5052-5080.
    """

    c: float
    a: float
    b: float
    center: float
    scale: float
    covariance: tuple[tuple[float, float, float], ...]
    kind: str = "beta"
    shape: ClassVar[str] = "beta"
    names: ClassVar[tuple[str, ...]] = ("intercept", "slope below the mean", "slope above the mean")

    @property
    def formula(self) -> str:
        """The curve, for the card."""
        return (
            f"logit p = {self.c:.4f} + {self.a:.4f} ln q - {self.b:.4f} ln(1 - q),"
            f" logit q = (score {-self.center:+.4f}) / {self.scale:.4f}"
        )

    @property
    def coefficients(self) -> Floats:
        """The numbers c, a and b."""
        return np.array([self.c, self.a, self.b])

    @property
    def covariance_matrix(self) -> Floats:
        """Their covariance."""
        return np.array(self.covariance)

    def logit(self, score: Floats) -> Floats:
        """Return c + a ln q - b ln(1 - q)."""
        low, high = _logs(score, self.center, self.scale)
        return (self.c + self.a * low) + self.b * high

    def design(self, score: Floats) -> Floats:
        """Return ones, ln q and -ln(1 - q)."""
        return np.column_stack([np.ones(len(score)), *_logs(score, self.center, self.scale)])

    def with_numbers(self, coefficients: Floats, covariance: Floats, **rests_on: Any) -> Self:
        """Return the curve with other coefficients."""
        return replace(self, **_numbers(coefficients, covariance), **rests_on)


def fit_beta(score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any) -> BetaCalibration:
    """Fit the curve by maximum likelihood under its constraints.

    The likelihood is concave. Where its maximum breaks a constraint, the best admissible curve has a
    coefficient at 0, so the better of the curves with one of them left out is the exact solution.

    Raises
    ------
    NotCalibratedError
        There is no maximum, or the outcome does not rise with the score.
    """
    from triage.scoring.newton import why_no_slope  # noqa: PLC0415 - scoring must not wait for scipy

    if reason := why_no_slope(outcome, score):
        raise NotCalibratedError(f"no curve fits the cases: {reason}")
    center, scale = float(score.mean()), float(score.std())
    design = np.column_stack([np.ones(len(score)), *_logs(score, center, scale)])
    fits = _fit_faces(design, outcome, weight)
    if not fits:
        raise NotCalibratedError("the outcome does not rise with the score")
    w = np.ones(len(score)) if weight is None else weight
    coefficients, covariance = max(fits, key=lambda fit: _likelihood(fit[0], design, outcome, w))
    numbers = _numbers(coefficients, covariance)
    return BetaCalibration(center=center, scale=scale, **numbers, **rests_on)


def _fit_faces(design: Floats, outcome: Floats, weight: Floats | None) -> list[tuple[Floats, Floats]]:
    from triage.scoring.newton import fit_logistic  # noqa: PLC0415 - scoring must not wait for scipy

    def fit(columns: Sequence[int]) -> LogisticFit | None:
        found = fit_logistic(outcome, design[:, columns], np.zeros(len(design)), weight)
        return found if found is not None and (found.coefficients[1:] > 0).all() else None

    if both := fit([0, 1, 2]):
        return [(both.coefficients, both.covariance)]
    found = []
    for columns in ([0, 1], [0, 2]):
        if one := fit(columns):
            coefficients, covariance = np.zeros(3), np.zeros((3, 3))
            coefficients[columns] = one.coefficients
            covariance[np.ix_(columns, columns)] = one.covariance
            found.append((coefficients, covariance))
    return found


def _likelihood(coefficients: Floats, design: Floats, outcome: Floats, weight: Floats) -> float:
    logit = design @ coefficients
    return float(weight @ (outcome * logit - np.logaddexp(0, logit)))


def _logs(score: Floats, center: float, scale: float) -> tuple[Floats, Floats]:
    """Return ln q and -ln(1 - q); both never fall as the score rises, to the last bit (see the grid)."""
    z = to_grid((score - center) / scale)
    tail = np.log1p(np.exp(-np.abs(z)))
    return np.fmin(z, 0.0) - tail, np.fmax(z, 0.0) + tail


def _numbers(coefficients: Floats, covariance: Floats) -> dict[str, Any]:
    c, a, b = (float(value) for value in coefficients)
    # An inverse is symmetric but for rounding.
    even = (covariance + covariance.T) / 2
    return {"c": c, "a": a, "b": b, "covariance": tuple(map(tuple, even.tolist()))}
