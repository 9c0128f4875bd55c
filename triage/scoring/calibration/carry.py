"""Carry a curve over to the same model fitted again on more cases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.calibration.beta import BetaCalibration
from triage.scoring.calibration.platt import PlattCalibration, TemperatureCalibration, line_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.calibration.curve import Calibration

    Floats = NDArray[np.float64]


def carry_over(
    curve: Calibration, before: Floats, after: Floats, *, scale: float = 1.0, weight: Floats | None = None
) -> PlattCalibration | BetaCalibration:
    r"""Return the curve for the scores of a model that was fitted again.

    Nobody is left on whom the new fit could be calibrated. So the curve stays as steep as it is on the scale
    of log-odds, and moves until it expects as many positives as before among the cases of the first
    calibration: :math:`\sum_i w_i p(c + k s'_i) = \sum_i w_i p(s_i)`, solved for c.

    Parameters
    ----------
    curve : Calibration
        Of the model before; not isotonic.
    before, after : array of float, shape (n_cases,)
        Scores :math:`s` of the model before and :math:`s'` of the one fitted again, of the same cases.
    scale : float
        k: as many units of the score before are one unit of the score after, on the scale of log-odds.
    weight : array of float, shape (n_cases,), optional
        How many cases each one stands for.

    Raises
    ------
    ValueError
        The curve has no coefficients that could move.

    Examples
    --------
    >>> line = PlattCalibration(-1.0, 2.0, 0.1, 0.1, 0.0, 100, 50, "all cases", "world x")
    >>> carried = carry_over(line, np.array([0.0, 1.0]), np.array([2.0, 4.0]), scale=0.5)
    >>> round(carried.a, 6), round(carried.b, 6)
    (-3.0, 1.0)
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - scoring must not wait for scipy

    old = curve.as_line() if isinstance(curve, TemperatureCalibration) else curve
    if not isinstance(old, PlattCalibration | BetaCalibration):
        raise ValueError(f"a curve of kind {curve.kind} cannot be carried over")  # noqa: TRY004 - a kind of curve
    weight = np.ones(len(before)) if weight is None else weight
    scaled, expected = scale * after, weight @ old.probability(before)
    # Moved so far, every case lies below, or above, all of the scores before.
    low, high = before.min() - scaled.max(), before.max() - scaled.min()
    shift = float(
        brentq(
            lambda c: float(weight @ old.probability(scaled + c) - expected), low - 1, high + 1, xtol=1e-12
        )
    )
    if isinstance(old, BetaCalibration):
        return replace(old, center=(old.center - shift) / scale, scale=old.scale / scale)
    turn = np.array([[1.0, shift], [0.0, scale]])
    return replace(old, **line_numbers(turn @ old.coefficients, turn @ old.covariance_matrix @ turn.T))
