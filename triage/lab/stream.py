"""The stream: what an agency of a world learns, case by case and moment by moment, and the truth beside it.

A stream is made once and lived through under every way of working, so that ways are compared on the same
cases. All that a way of working may see stands in `Versions`, each from its own moment on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

DAY = 86_400.0


@dataclass(frozen=True)
class Versions:
    """What is known of the cases, in versions: one entry a version, shape (n_versions,) each.

    A version holds from `at` until the next one of the same case. Entries are sorted by case and time; the
    first version of a case is its arrival.

    Parameters
    ----------
    case : array of int
        Index of the case.
    at : array of float
        From when on it holds, in seconds since 1970.
    lane : array of int
        Index into `triage.worklist.policy.LANES`.
    imminence : array of int
        Of the escalation rule that holds; -1 where none does.
    solvable : array of int
        How far the case can be solved, larger is further (`triage.worklist.axes.Solvability.key`).
    identity : array of int
        Index into the codes of ``persons.identity_level``; -1 for nobody.
    evidence_end : array of float
        When the sender may delete what it holds; NaN where unknown.
    foreign : array of bool
        Whether person and children are verified to be abroad.
    learned : array of int
        How many times something came after the first report. A case that is looked at again because time
        has passed has learned nothing.
    scores : mapping of str to array of float
        The score of each model that was asked for, by its name; ``oracle`` is the exact posterior of current
        abuse given all that is known in that version, and nothing later.
    """

    case: Ints
    at: Floats
    lane: Ints
    imminence: Ints
    solvable: Ints
    identity: Ints
    evidence_end: Floats
    foreign: Mask
    learned: Ints
    scores: Mapping[str, Floats]


@dataclass(frozen=True)
class Truth:
    """What is true of the cases and nobody in the world knows; one entry a case, shape (n_cases,) each.

    Parameters
    ----------
    situation : array of int
        Index into `situations`.
    situations : tuple of str
        Names.
    person : array of int
        Whom the case is about: equal numbers are the same person.
    onset, end : array of float
        When the abuse of the person began and ends if nobody intervenes, in seconds since 1970; NaN where
        there is none. Beyond the period of the world `end` is drawn from the same law of spells.
    """

    situation: Ints
    situations: tuple[str, ...]
    person: Ints
    onset: Floats
    end: Floats


@dataclass(frozen=True)
class Stream:
    """Everything that reaches an agency in a period.

    Parameters
    ----------
    world : str
        Its name.
    seed, draw : int
        Of the world.
    start, end : float
        The period, in seconds since 1970.
    case_id : list of str, length n_cases
        In order of arrival.
    arrival : array of float, shape (n_cases,)
        When the first report of each case was known.
    versions : Versions
        What can be known, and from when.
    truth : Truth
        What is true.
    luck : array of float, shape (n_cases, 4)
        Even numbers from 0 to 1 that decide, whatever the way of working: how long an investigation takes,
        whether it succeeds, what label it leaves, and a spare one. So a comparison of two ways is paired.
    """

    world: str
    seed: int
    draw: int
    start: float
    end: float
    case_id: list[str]
    arrival: Floats
    versions: Versions
    truth: Truth
    luck: Floats
