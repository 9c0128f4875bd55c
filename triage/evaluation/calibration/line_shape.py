"""The line of logistic recalibration as a calibration curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from triage.evaluation.calibration.endpoints import open_probability
from triage.scoring.newton import fit_logistic, why_no_slope

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.evaluation.calibration.cells import Cells
    from triage.evaluation.inputs import FloatArray


def fit_line(cells: Cells) -> Callable[[FloatArray], FloatArray] | None:
    """Fit logistic recalibration to the shares of cells and return it as a function of the probability.

    Returns
    -------
    callable or None
        Takes probabilities to recalibrated ones; None where the line does not exist.

    Examples
    --------
    >>> from triage.evaluation.calibration.cells import make_cells
    >>> from triage.evaluation.ranking import rank_cases
    >>> line = fit_line(make_cells(rank_cases([1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4)))
    >>> line(np.array([0.25, 0.5])).round(6)
    array([0.25, 0.5 ])
    """
    x = logit(open_probability(cells.forecast)[0])
    kinds = np.concatenate([cells.positive < cells.weight, cells.positive > 0])
    outcome = np.repeat([0.0, 1.0], len(x))[kinds]
    if outcome.all() or not outcome.any() or why_no_slope(outcome, np.tile(x, 2)[kinds]):
        return None
    fit = fit_logistic(cells.share, np.column_stack([np.ones(len(x)), x]), np.zeros(len(x)), cells.weight)
    if fit is None:
        return None
    intercept, slope = fit.coefficients

    def line(probability: FloatArray) -> FloatArray:
        chance: FloatArray = expit(intercept + slope * logit(open_probability(probability)[0]))
        return chance

    return line
