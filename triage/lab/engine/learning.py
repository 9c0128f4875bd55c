"""Learning an order again from what opened cases were found to be, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.lab.trace import YES
from triage.lab.work.work import IDENTITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.stream import Versions

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

# Fewer of either kind teach nothing.
ENOUGH = 10
PENALTY = 1.0
_STEPS = 100
_CLOSE = 1e-10


@dataclass(frozen=True)
class Learned:
    """A logistic regression on the score and on what the list shows beside it.

    Parameters
    ----------
    centre, scale : float
        Of the score, over the cases that it was learned from.
    lowest : float
        Stands for a score that could not be computed.
    weights : array of float, shape (n_columns,)
        The constant first.
    """

    centre: float
    scale: float
    lowest: float
    weights: Floats

    def score(self, versions: Versions, scores: Floats, index: Ints) -> Floats:
        """Return the log-odds while each version holds."""
        design = _lay_out(versions, scores, index, centre=self.centre, scale=self.scale, lowest=self.lowest)
        return np.asarray(design @ self.weights)


def learn_order(
    versions: Versions, scores: Floats, index: Ints, label: Ints, weight: Floats
) -> Learned | None:
    """Learn an order from opened cases.

    The features of the models are not in a stream, so what is learned anew is how much the score counts
    against what the list shows beside it: how well the person is identified, whether the case escalates.

    Parameters
    ----------
    versions : Versions
        Of the stream.
    scores : array of float, shape (n_versions,)
        Of the model.
    index : array of int, shape (n_opened,)
        The version in which each case was opened.
    label : array of int, shape (n_opened,)
        0 for no and 1 for yes.
    weight : array of float, shape (n_opened,)
        Of each case; only their ratios count.

    Returns
    -------
    Learned or None
        Nothing below ten cases of either label.
    """
    target = label == YES
    if min(int(target.sum()), int((~target).sum())) < ENOUGH:
        return None
    known = scores[index]
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    centre, scale, lowest = float(known.mean()), float(known.std()) or 1.0, float(known.min())
    design = _lay_out(versions, scores, index, centre=centre, scale=scale, lowest=lowest)
    return Learned(centre, scale, lowest, fit_logistic(design, target, weight / weight.mean()))


def fit_logistic(design: Floats, target: NDArray[np.bool_], weight: Floats) -> Floats:
    """Fit a ridge logistic regression by Newton's method; the first column bears no penalty.

    Parameters
    ----------
    design : array of float, shape (n, n_columns)
        Its first column is 1.
    target : array of bool, shape (n,)
        What is to be foretold.
    weight : array of float, shape (n,)
        Of each row.

    Returns
    -------
    array of float, shape (n_columns,)

    Examples
    --------
    >>> design = np.ones((4, 1))
    >>> round(float(fit_logistic(design, np.array([True, False, False, False]), np.ones(4))[0]), 4)
    -1.0986
    """
    ridge = PENALTY * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -30.0, 30.0)))
        slope = design.T @ (weight * (target - chance)) - ridge @ beta
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve + _CLOSE * np.eye(len(beta)), slope)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _CLOSE:
            break
    return beta


def _lay_out(
    versions: Versions, scores: Floats, index: Ints, *, centre: float, scale: float, lowest: float
) -> Floats:
    score = scores[index]
    score = np.where(np.isfinite(score), score, lowest)
    # The first identity level is the one that the others are compared with.
    identity = [(versions.identity[index] == level) * 1.0 for level in range(1, len(IDENTITIES) - 1)]
    nobody = (versions.identity[index] < 0) * 1.0
    urgent = (versions.imminence[index] >= 0) * 1.0
    return np.column_stack([np.ones(len(index)), (score - centre) / scale, *identity, nobody, urgent])
