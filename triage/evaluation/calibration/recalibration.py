"""Fits of logistic recalibration, and the intervals of their coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import logit, ndtri

from triage.errors import InputRefusedError
from triage.evaluation.calibration.endpoints import moved_note, open_probability
from triage.evaluation.figure import NAN
from triage.evaluation.inputs import Cases, FloatArray, check_cases, check_confidence
from triage.evaluation.order.capacity import NO_POSITIVES
from triage.scoring.newton import NO_FIT, LogisticFit, fit_logistic, why_no_slope

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = Literal["wald", "profile"]
MANY, BINS = 20_000, 1000


@dataclass(frozen=True, eq=False)
class Fits:
    """The recalibration with slope 1 and the one with a slope, or why there are none."""

    cases: Cases
    x: FloatArray
    shift: LogisticFit | None
    why_no_shift: str
    line: LogisticFit | None
    why_no_line: str
    note: str

    @classmethod
    def of(
        cls,
        outcome: ArrayLike,
        probability: ArrayLike,
        weight: ArrayLike | None,
        interval: Interval,
        *,
        line: bool = True,
    ) -> Fits:
        """Check the columns and fit; without `line` only the recalibration with slope 1."""
        cases = check_cases(outcome, probability=probability, weight=weight)
        _check_interval(interval, weighted=cases.weighted)
        opened, moved = open_probability(np.asarray(cases.probability))
        x = logit(opened)
        why_no_shift = _one_kind(cases.outcome)
        why_no_line = why_no_shift or why_no_slope(cases.outcome, x)
        shift = None if why_no_shift else _fit(cases, np.ones((len(x), 1)), x)
        both = _fit(cases, line_design(x), np.zeros(len(x))) if line and not why_no_line else None
        return cls(cases, x, shift, why_no_shift or NO_FIT, both, why_no_line or NO_FIT, moved_note(moved))


@dataclass(frozen=True, eq=False)
class Model:
    """What a fit was made from."""

    cases: Cases
    design: FloatArray
    offset: FloatArray


def _check_interval(interval: Interval, *, weighted: bool) -> None:
    if interval not in {"wald", "profile"}:
        raise InputRefusedError(f"{interval!r}", where="interval", expected="'wald' or 'profile'")
    if interval == "profile" and weighted:
        raise InputRefusedError(
            "a profile likelihood with weights",
            where="interval",
            expected="'wald' with weights",
            mend="leave out interval, or the weights",
        )


def _one_kind(outcome: FloatArray) -> str:
    if not outcome.any():
        return NO_POSITIVES
    return "no case without current abuse" if outcome.all() else ""


def line_design(x: FloatArray) -> FloatArray:
    """Return the design of a line in x."""
    return np.column_stack([np.ones(len(x)), x])


def _fit(cases: Cases, design: FloatArray, offset: FloatArray) -> LogisticFit | None:
    weight = cases.weight if cases.weighted else None
    if len(offset) <= MANY:
        return fit_logistic(cases.outcome, design, offset, weight)
    # From a good start two steps are enough: from the same cases in narrow bins, carried over by the offset.
    start = _fit_bins(cases.outcome, design, offset, weight)
    first = np.zeros(design.shape[1]) if start is None else start.coefficients
    fit = fit_logistic(cases.outcome, design, offset + design @ first, weight)
    return None if fit is None else LogisticFit(first + fit.coefficients, fit.covariance)


def _fit_bins(
    outcome: FloatArray, design: FloatArray, offset: FloatArray, weight: FloatArray | None
) -> LogisticFit | None:
    key = offset + design.sum(axis=1)
    lowest, highest = float(key.min()), float(key.max())
    bins = ((key - lowest) / max(highest - lowest, 1e-300) * (BINS - 1)).astype(np.int64)
    counts = np.bincount(bins, weight, BINS)
    held = counts > 0

    def mean(column: FloatArray) -> FloatArray:
        sums = np.bincount(bins, column if weight is None else weight * column, BINS)
        share: FloatArray = sums[held] / counts[held]
        return share

    return fit_logistic(
        mean(outcome),
        np.column_stack([mean(column) for column in design.T]),
        mean(offset),
        counts[held].astype(np.float64),
    )


def interval_ends(
    fit: LogisticFit, index: int, model: Model, interval: Interval, confidence: float
) -> tuple[float, float, str]:
    """Return the interval of one coefficient, and how it was made."""
    level = 100 * check_confidence(confidence)
    z = float(ndtri((1 + confidence) / 2))
    estimate, error = float(fit.coefficients[index]), float(fit.covariance[index, index]) ** 0.5
    if interval == "wald":
        sandwich = " (weighted, sandwich variance)" if model.cases.weighted else ""
        return estimate - z * error, estimate + z * error, f"Wald {level:g} %{sandwich}"
    most = log_likelihood(model.cases, model.offset + model.design @ fit.coefficients)
    ends = [_profile_end(fit, index, model, side * error, most - z**2 / 2) for side in (-1, 1)]
    return ends[0], ends[1], f"profile likelihood {level:g} %"


def _profile_end(fit: LogisticFit, index: int, model: Model, step: float, target: float) -> float:
    column, others = model.design[:, index], np.delete(model.design, index, axis=1)

    def above(value: float) -> float:
        offset = model.offset + value * column
        if others.shape[1]:
            inner = _fit(model.cases, others, offset)
            if inner is None:
                return NAN
            offset = offset + others @ inner.coefficients
        return log_likelihood(model.cases, offset) - target

    near = float(fit.coefficients[index])
    far = near + 2 * step
    for _ in range(30):
        reached = above(far)
        if not reached > 0:
            break
        step *= 2
        near, far = far, far + step
    else:
        return NAN
    return NAN if np.isnan(reached) else float(brentq(above, near, far, xtol=1e-10, rtol=1e-12))


def log_likelihood(cases: Cases, eta: FloatArray) -> float:
    """Return the log likelihood of outcomes whose chances have the logit eta."""
    return float(cases.weight @ (cases.outcome * eta - np.logaddexp(0, eta)))
