"""Which cases a policy opens at each threshold probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray, NumberArray

Rule = Literal["at least", "above"]


@dataclass(frozen=True, eq=False)
class Policy:
    """The part of each case that is opened at each threshold.

    Cases that are treated alike at every threshold share a profile, so that a million cases become a table
    of a few hundred rows.

    Parameters
    ----------
    name : str
        What it is called.
    profile : array of shape (cases,)
        The profile of each case.
    part : array of shape (profiles, thresholds)
        1 where cases of the profile are opened, 0 where not, between where the cut splits a tie.
    always : float or None
        1 or 0 where everything or nothing is opened by definition, whatever the cases.
    """

    name: str
    profile: NDArray[np.intp]
    part: FloatArray
    always: float | None = None


def open_always(name: str, opened: float, cases: int, thresholds: int) -> Policy:
    """Return the policy that opens every case (1), or none (0)."""
    profile = np.zeros(cases, dtype=np.intp)
    return Policy(name, profile, np.full((1, thresholds), opened), always=opened)


def open_by_probability(name: str, probability: FloatArray, threshold: FloatArray, rule: Rule) -> Policy:
    """Return the policy that opens a case when its probability reaches the threshold, or passes it."""
    side: Literal["left", "right"] = "right" if rule == "at least" else "left"
    reached = np.searchsorted(threshold, probability, side=side)
    # A case that reaches m of the rising thresholds is opened at the first m of them.
    part = np.arange(len(threshold) + 1)[:, np.newaxis] > np.arange(len(threshold))
    return Policy(name, reached, part.astype(np.float64))


def open_flagged(name: str, flag: FloatArray, thresholds: int) -> Policy:
    """Return the policy that opens the flagged cases, the same at every threshold."""
    part = np.repeat([[0.0], [1.0]], thresholds, axis=1)
    return Policy(name, flag.astype(np.intp), part)


def open_in_order(name: str, score: NumberArray, weight: FloatArray, opened: FloatArray) -> Policy:
    """Return the policy that opens as many cases as another does, highest score first.

    Parameters
    ----------
    name : str
        What it is called.
    score : array of shape (cases,)
        Higher is opened earlier.
    weight : array of shape (cases,)
        How many cases each row stands for.
    opened : array of shape (thresholds,)
        How many cases are opened at each threshold; never rises. Cases tied at the cut are opened in part.
    """
    _, level = np.unique(score, return_inverse=True)
    level = level.max() - level
    size = np.bincount(level, weights=weight)
    ends = np.cumsum(size)
    # Sums of weights are exact only up to rounding.
    slack = 1e-9 * ends[-1]
    full = np.searchsorted(-opened, -(ends - slack), side="right")
    touched = np.searchsorted(-opened, -(ends - size + slack), side="left")
    split = np.flatnonzero(touched > full)
    thresholds = len(opened)
    profile_of_level = full.copy()
    profile_of_level[split] = thresholds + 1 + np.arange(len(split))
    whole = np.arange(thresholds + 1)[:, np.newaxis] > np.arange(thresholds)
    room = (opened - (ends - size)[split, np.newaxis]) / size[split, np.newaxis]
    part = np.vstack([whole, np.clip(room, 0.0, 1.0)])
    return Policy(name, profile_of_level[level], part)


@dataclass(frozen=True, eq=False)
class Cells:
    """Cases by outcome, profile of a policy and profile of the model, as sums over the cells that hold any.

    Parameters
    ----------
    positive : array of shape (cells,)
        Whether the cases of the cell have current abuse.
    policy, model : array of shape (cells, thresholds)
        Part of these cases that the policy, and the model, opens.
    weight, squared, rows : array of shape (cells,)
        Sum of weights, sum of squared weights, and number of rows.
    """

    positive: NDArray[np.bool_]
    policy: FloatArray
    model: FloatArray
    weight: FloatArray
    squared: FloatArray
    rows: FloatArray


def tabulate(
    outcome: FloatArray, weight: FloatArray, policy: Policy, model: Policy, *, weighted: bool
) -> Cells:
    """Sum the cases over outcome and both profiles."""
    shape = (2, len(policy.part), len(model.part))
    index = (outcome.astype(np.intp) * shape[1] + policy.profile) * shape[2] + model.profile
    size = shape[0] * shape[1] * shape[2]
    rows: FloatArray = np.bincount(index, minlength=size).astype(np.float64)
    sums, squares = rows, rows
    if weighted:
        sums = np.asarray(np.bincount(index, weights=weight, minlength=size), dtype=np.float64)
        squares = np.asarray(np.bincount(index, weights=weight**2, minlength=size), dtype=np.float64)
    held = np.flatnonzero(rows)
    kind, own, models = np.unravel_index(held, shape)
    return Cells(kind == 1, policy.part[own], model.part[models], sums[held], squares[held], rows[held])
