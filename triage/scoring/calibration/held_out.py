"""Calibrate on some cases, and read the probabilities of others, to be held against their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.calibration.curve import ENOUGH_POSITIVES, NotCalibratedError, count_effective
from triage.scoring.calibration.fit import fit_calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.calibration.curve import Calibration

    Floats = NDArray[np.float64]

HELD_SHARE, FOLDS = 1 / 3, 5
FEWEST_HELD = 10


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A calibration, and probabilities of cases on which the curve that gave them was not fitted.

    Parameters
    ----------
    calibration : Calibration
        The curve to use.
    held : array of int
        Places of the cases that were held out.
    probability : array of float
        Theirs; empty where there is no way to hold cases out.
    how : str
        How they were held out.
    """

    calibration: Calibration
    held: NDArray[np.int64]
    probability: Floats
    how: str


def calibrate(
    kind: str, score: Floats, outcome: Floats, weight: Floats | None = None, **options: Any
) -> Calibrated:
    """Fit on the earlier cases and hold out the later third; with few positives fit on all and cross-fit.

    A third is held out where the earlier two thirds have enough effective positives for a curve of their own
    and the later third has ten positives at least. Otherwise a third would cost the curve more than
    the check is worth, and a check on so few would tell nothing: the curve is fitted on all cases, and each
    fifth gets its probabilities from a curve fitted on the other four. That checks the way of fitting, not
    the very curve, and not whether it lasts.

    Parameters
    ----------
    kind : str
        See `fit_calibration`.
    score, outcome, weight : array of float, shape (n_cases,)
        The cases, in order of time.
    **options
        Further arguments of `fit_calibration`.

    Raises
    ------
    NotCalibratedError
        No honest probability can be given.

    Examples
    --------
    >>> score = np.tile([-1.0, 1.0], 600)
    >>> outcome = np.tile([0.0, 1, 0, 1, 0, 1, 1, 0], 150)
    >>> found = calibrate("platt", score, outcome, denominator="all cases", population="world x")
    >>> found.how, len(found.held)
    ('held out: the later third', 400)
    """
    n = len(score)
    first = n - round(n * HELD_SHARE)
    early = None if weight is None else weight[:first]
    enough = count_effective(outcome[:first], early) >= ENOUGH_POSITIVES if first else False
    if enough and outcome[first:].sum() >= FEWEST_HELD:
        curve = fit_calibration(kind, score[:first], outcome[:first], early, **options)
        held = np.arange(first, n)
        return Calibrated(curve, held, curve.probability(score[first:]), "held out: the later third")
    curve = fit_calibration(kind, score, outcome, weight, **options)
    try:
        probability = _cross_fit(kind, score, outcome, weight, options)
    except NotCalibratedError as error:
        return Calibrated(curve, np.arange(0), np.empty(0), f"nothing could be held out: {error}")
    return Calibrated(
        curve, np.arange(n), probability, f"too few positives to hold out the latest: cross-fitted in {FOLDS}"
    )


def _cross_fit(
    kind: str, score: Floats, outcome: Floats, weight: Floats | None, options: dict[str, Any]
) -> Floats:
    fold = np.empty(len(score), dtype=np.int64)
    for value in (0.0, 1.0):  # each fold gets its part of the few positives
        of_value = np.flatnonzero(outcome == value)
        fold[of_value] = np.arange(len(of_value)) % FOLDS
    probability = np.empty(len(score))
    for one in range(FOLDS):
        rest = fold != one
        curve = fit_calibration(
            kind,
            score[rest],
            outcome[rest],
            None if weight is None else weight[rest],
            **(options | {"minimum_positives": 0}),
        )
        probability[~rest] = curve.probability(score[~rest])
    return probability
