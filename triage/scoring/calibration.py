"""Calibration: from a score to a probability, with the band of the curve that gives it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MINIMUM_POSITIVES = 20
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
        Of the estimates.
    cases, positives : int
        What it was fitted on.
    denominator : str
        Of which cases the probability is a share.
    population : str
        Where those cases come from (`triage.schema.batch.BatchMeta.population`); it is shown nowhere else.

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
    denominator: str
    population: str

    @property
    def synthetic(self) -> bool:
        """Whether it was fitted on cases of a world."""
        return self.population.startswith("world ")

    @property
    def note(self) -> str:
        """What the probabilities are a share of, and what the range is."""
        kind = " (synthetic)" if self.synthetic else ""
        return (
            f"share of {self.denominator}{kind}; the range is that of the fitted curve, not of the one case"
        )

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
    population: str,
    minimum_positives: int = MINIMUM_POSITIVES,
) -> PlattCalibration:
    """Fit the curve on held-out, later cases by maximum likelihood.

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
    population : str
        Where the cases come from.
    minimum_positives : int
        With fewer effective positives (their weights over the largest weight of any case) there is no
        probability. The slope of a penalised score is not 1, so an intercept alone would be a guess.

    Raises
    ------
    NotCalibratedError
        There are too few positives, or the outcome does not rise with the score.

    Examples
    --------
    >>> score = np.repeat([-1.0, 1.0], 400)
    >>> outcome = np.r_[np.ones(100), np.zeros(300), np.ones(300), np.zeros(100)]
    >>> curve = fit_platt(score, outcome, denominator="all cases", population="world x")
    >>> round(float(curve.probability(np.array([1.0]))[0]), 6)
    0.75
    """
    positives = outcome > 0.5
    # Counted in the heaviest case: where a single one, of a kind that was hardly ever chosen, could outweigh
    # all that was found, the share of all cases is not known, however many of the others were positive.
    effective = float(positives.sum() if weight is None else weight[positives].sum() / weight.max())
    if effective < minimum_positives:
        raise NotCalibratedError(
            f"the later cases hold {effective:.0f} effective positives; {minimum_positives} are the fewest"
        )
    # Fitting needs scipy, which scoring with a bundle must not wait for.
    from triage.scoring.newton import NO_FIT, fit_logistic, why_no_slope  # noqa: PLC0415

    reason = "all later cases are positive" if positives.all() else why_no_slope(outcome, score)
    design = np.column_stack([np.ones(len(score)), score])
    fit = None if reason else fit_logistic(outcome, design, np.zeros(len(score)), weight)
    if fit is None:
        raise NotCalibratedError(f"no curve fits the later cases: {reason or NO_FIT}")
    intercept, slope = fit.coefficients
    if slope <= 0:
        raise NotCalibratedError("in the later cases the outcome does not rise with the score")
    return PlattCalibration(
        a=float(intercept),
        b=float(slope),
        variance_a=float(fit.covariance[0, 0]),
        variance_b=float(fit.covariance[1, 1]),
        covariance=float(fit.covariance[0, 1]),
        cases=len(score),
        positives=int(positives.sum()),
        denominator=denominator,
        population=population,
    )


def _expit(x: Floats) -> Floats:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
