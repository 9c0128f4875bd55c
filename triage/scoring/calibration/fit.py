"""Fit a calibration: which curve the positives are enough for, and that curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from triage.scoring.calibration.beta import fit_beta
from triage.scoring.calibration.curve import (
    ENOUGH_POSITIVES,
    MINIMUM_POSITIVES,
    NORMAL_95,
    Calibration,
    NotCalibratedError,
    count_effective,
)
from triage.scoring.calibration.isotonic import fit_isotonic
from triage.scoring.calibration.logit_curve import INTERCEPT, LogitCurve, refit_intercept
from triage.scoring.calibration.platt import (
    PlattCalibration,
    TemperatureCalibration,
    fit_line,
    fit_temperature,
)
from triage.scoring.calibration.venn_abers import fit_venn_abers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGEST_COEFFICIENT = 1e6


class _Fit(Protocol):
    def __call__(
        self, score: Floats, outcome: Floats, weight: Floats | None, **rests_on: Any
    ) -> Calibration: ...


_FITS: dict[str, _Fit] = {
    "platt": fit_line,
    "beta": fit_beta,
    "temperature": fit_temperature,
    "isotonic": fit_isotonic,
    "venn-abers": fit_venn_abers,
}
KINDS = (*_FITS, INTERCEPT)


def fit_calibration(
    kind: str,
    score: Floats,
    outcome: Floats,
    weight: Floats | None = None,
    *,
    denominator: str,
    population: str,
    minimum_positives: float = MINIMUM_POSITIVES,
    earlier: Calibration | None = None,
) -> Calibration:
    """Fit a curve from the score to a probability on cases on which the model was not fitted.

    With fewer than `ENOUGH_POSITIVES` effective positives only the intercept of the `earlier` curve is
    refitted, whatever the kind asked for. Where no earlier curve can be used there is nothing to refit, and
    an intercept alone would be a guess, because the slope of a penalised score, or of points, is not 1; then
    Platt's curve is fitted, the one of fewest coefficients, and its note says so. With fewer than
    `minimum_positives` there is no probability.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    score : array of float, shape (n_cases,)
        Of one model; on the log-odds scale for ``temperature``.
    outcome : array of float, shape (n_cases,)
        1 for current abuse, 0 for none.
    weight : array of float, shape (n_cases,), optional
        One over the probability with which each case was chosen; variances are then the sandwich.
    denominator : str
        Of which cases the probability is a share.
    population : str
        Where the cases come from.
    minimum_positives : float
        Effective positives (`count_effective`) below which there is no probability.
    earlier : Calibration, optional
        An earlier calibration of the same model. It is used where `why_not_earlier` finds nothing against it.

    Raises
    ------
    NotCalibratedError
        There are too few positives, or the outcome does not rise with the score.
    ValueError
        An argument is not as described.

    Examples
    --------
    >>> score = np.repeat([-1.0, 1.0], 400)
    >>> outcome = np.r_[np.ones(100), np.zeros(300), np.ones(300), np.zeros(100)]
    >>> curve = fit_calibration("platt", score, outcome, denominator="all cases", population="world x")
    >>> curve.probability(np.array([1.0])).round(6)
    array([0.75])
    >>> curve.guard
    'enough'
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}; expected one of {', '.join(KINDS)}")
    score, outcome, weight = _check_cases(score, outcome, weight)
    effective = count_effective(outcome, weight)
    if effective < minimum_positives:
        raise NotCalibratedError(
            f"there are {effective:.0f} effective positives; {minimum_positives:g} are the fewest"
        )
    _require_rise(score, outcome, weight)
    rests_on: dict[str, Any] = {
        "cases": len(score),
        "positives": int(outcome.sum()),
        "denominator": denominator,
        "population": population,
        "effective_positives": effective,
        "weighted": weight is not None,
    }
    against = why_not_earlier(earlier, denominator=denominator, population=population)
    few = effective < ENOUGH_POSITIVES
    if kind == INTERCEPT and against:
        raise NotCalibratedError(f"no intercept can be refitted: {against}")
    if kind == INTERCEPT or (few and not against):
        curve: Calibration = _refit(earlier, score, outcome, weight, rests_on)
    else:
        curve = _FITS["platt" if few else kind](score, outcome, weight, **rests_on)
        _require_clear_rise(curve)
    _require_proportion(curve)
    return curve


def why_not_earlier(earlier: Calibration | None, *, denominator: str, population: str) -> str:
    """Say why the shape of an earlier curve may not be kept; empty where it may.

    Parameters
    ----------
    earlier : Calibration or None
        The earlier calibration.
    denominator, population : str
        Of the new cases. A slope learned in a world is no knowledge about an agency, and the slope among
        investigated cases is not that among all.
    """
    if earlier is None:
        return "there is no earlier curve"
    if not isinstance(earlier, LogitCurve | TemperatureCalibration):
        return f"the earlier curve ({earlier.kind}) has no intercept"
    if earlier.denominator != denominator:
        return f"the earlier curve gives a share of {earlier.denominator}, not of {denominator}"
    origin = getattr(earlier, "slope_from", "") or earlier.population
    if origin.startswith("world ") and not population.startswith("world "):
        return "the earlier curve was fitted on synthetic cases"
    return ""


def _refit(
    earlier: Calibration | None,
    score: Floats,
    outcome: Floats,
    weight: Floats | None,
    rests_on: dict[str, Any],
) -> Calibration:
    line = earlier.as_line() if isinstance(earlier, TemperatureCalibration) else earlier
    curve = (
        refit_intercept(line, score, outcome, weight, **rests_on) if isinstance(line, LogitCurve) else None
    )
    if curve is None:
        raise NotCalibratedError("no intercept fits the cases: the fit did not converge")
    return curve


def _check_cases(
    score: Floats, outcome: Floats, weight: Floats | None
) -> tuple[Floats, Floats, Floats | None]:
    score, outcome = np.asarray(score, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    weight = None if weight is None else np.asarray(weight, dtype=np.float64)
    if score.ndim != 1 or any(x is not None and x.shape != score.shape for x in (outcome, weight)):
        raise ValueError("score, outcome and weight are not of one length")
    if not np.isfinite(score).all() or not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("scores must be finite and outcomes 1 or 0")
    if weight is not None and not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("weights must be finite and above 0")
    return score, outcome, weight


def _require_rise(score: Floats, outcome: Floats, weight: Floats | None) -> None:
    """Refuse cases in which positives do not score higher on average: the fitted slope has that sign."""
    if outcome.all():
        raise NotCalibratedError("no curve fits the cases: all cases are positive")
    if not outcome.any() or score.min() == score.max():
        raise NotCalibratedError("no curve fits the cases: all values are equal")
    w = np.ones(len(score)) if weight is None else weight
    positive = outcome > 0.5
    above = np.average(score[positive], weights=w[positive])
    if above <= np.average(score[~positive], weights=w[~positive]):
        raise NotCalibratedError("the outcome does not rise with the score")


def _require_clear_rise(curve: Calibration) -> None:
    """Refuse a line whose slope is not told from 0: the score carries nothing that the curve could read."""
    if isinstance(curve, PlattCalibration) and curve.b <= NORMAL_95 * math.sqrt(curve.variance_b):
        raise NotCalibratedError("the outcome does not rise with the score, as far as chance lets see")


def _require_proportion(curve: Calibration) -> None:
    line = curve.as_line() if isinstance(curve, TemperatureCalibration) else curve
    if isinstance(line, LogitCurve):
        numbers = np.r_[line.coefficients, line.covariance_matrix.ravel(), 1 / line.coefficients[1:].max()]
        if not (np.abs(numbers) < LARGEST_COEFFICIENT).all():
            raise NotCalibratedError("no curve fits the cases: its coefficients are out of all proportion")
