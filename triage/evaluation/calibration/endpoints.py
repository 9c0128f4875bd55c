"""Probabilities of exactly 0 and 1, whose logit and logarithm do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from triage.evaluation.inputs import FloatArray

OPEN = 1e-6


def open_probability(probability: FloatArray) -> tuple[FloatArray, int]:
    """Return probabilities strictly between 0 and 1, whose logit and logarithm exist, and how many moved.

    Only probabilities of exactly 0 or 1 move: to 1e-6 from the end or, where another probability is nearer to
    that end than 2e-6, to half the distance of the nearest other one, so that the order stays. All others
    remain as they are, however small.

    Parameters
    ----------
    probability : array of shape (cases,)
        From 0 to 1.

    Returns
    -------
    open : array of shape (cases,)
    moved : int

    Examples
    --------
    >>> open_probability(np.array([0.0, 0.5, 1.0]))
    (array([1.00000e-06, 5.00000e-01, 9.99999e-01]), 2)
    >>> open_probability(np.array([0.0, 1e-9]))
    (array([5.e-10, 1.e-09]), 1)
    """
    zero, one = probability == 0, probability == 1
    moved = int(np.count_nonzero(zero)) + int(np.count_nonzero(one))
    if not moved:
        return probability, 0
    opened = probability.copy()
    inner = probability[~(zero | one)]
    nearest = float(inner.min()) if inner.size else 0.5
    opened[zero] = OPEN if nearest >= 2 * OPEN else max(nearest / 2, np.nextafter(0, 1))
    nearest = 1 - float(inner.max()) if inner.size else 0.5
    opened[one] = 1 - OPEN if nearest >= 2 * OPEN else min(1 - nearest / 2, np.nextafter(1, 0))
    return opened, moved


def moved_note(moved: int) -> str:
    """Say in a method's text how many probabilities `open_probability` moved; empty where none."""
    return f", {moved:,} probabilities of exactly 0 or 1 moved inside" if moved else ""
