"""Spells of abuse: a two-state Markov chain in continuous time, in its steady state.

A person who abuses stops at the rate ``1 / lasts``; one who does not begins at the rate that keeps the share
of those who abuse constant. With ``c`` that share and ``r`` the sum of both rates (Norris, Markov Chains,
1997, section 2.1)::

    P(abuses at t + d | abuses at t)     = c + (1 - c) exp(-r d)
    P(abuses at t + d | does not at t)   = c - c exp(-r d)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


MOST_TURNS = 3_000


@dataclass(frozen=True)
class Spells:
    """When each of some persons abused, over one period.

    Parameters
    ----------
    at_start : array of bool, shape (n_persons,)
        Whether abuse goes on at the start of the period.
    changes : array of float, shape (n_persons, n_changes)
        Ascending times, in seconds since 1970, at which it ends or begins; beyond the period none is missed.
    ongoing_since, ongoing_until : array of float, shape (n_persons,)
        Onset of a spell that goes on at the start of the period, and end of one that goes on at its end.
    """

    at_start: Mask
    changes: Floats
    ongoing_since: Floats
    ongoing_until: Floats

    def at(self, person: Codes, moment: Codes) -> Mask:
        """Say whether persons abuse at moments, one each."""
        turns = (self.changes[person] <= np.asarray(moment)[:, None]).sum(axis=1)
        return np.asarray(self.at_start[person] ^ (turns % 2 == 1))

    def latest(self, end: int) -> tuple[Floats, Floats]:
        """Return onset and end of the latest spell that began by `end`; nan where there is none."""
        turns = (self.changes <= end).sum(axis=1)
        going_on = self.at_start ^ (turns % 2 == 1)
        padded = np.column_stack([self.ongoing_since, self.changes])
        everyone = np.arange(len(turns))
        onset = padded[everyone, np.where(going_on, turns, np.maximum(turns - 1, 0))]
        until = np.where(going_on, self.ongoing_until, padded[everyone, turns])
        none = ~going_on & (turns == 0)
        return np.where(none, np.nan, onset), np.where(none, np.nan, until)


def draw_spells(rng: np.random.Generator, share: Floats, lasts: Floats, start: int, end: int) -> Spells:
    """Draw the spells of persons.

    Parameters
    ----------
    rng : numpy.random.Generator
        The block's own.
    share : array, shape (n_persons,)
        Share of the time in which each abuses.
    lasts : array, shape (n_persons,)
        Mean length of a spell, in seconds.
    start, end : int
        The period, in seconds since 1970.
    """
    active = rng.random(len(share)) < share
    since = np.where(active, start - rng.exponential(lasts), np.nan)
    with np.errstate(divide="ignore"):
        pauses = np.where(share > 0, lasts * (1 - share) / np.maximum(share, 1e-300), np.inf)
    moment, state, columns = np.full(len(share), float(start)), active.copy(), []
    while True:
        wait = rng.exponential(1.0, len(share)) * np.where(state, lasts, pauses)
        moment = moment + wait
        columns.append(moment)
        state = ~state
        if not (moment <= end).any():
            break
        if len(columns) > MOST_TURNS:
            raise InputRefusedError(
                "abuse that begins and ends too often", where="lasts, current", expected="longer spells"
            )
    changes = np.column_stack(columns)
    turns = (changes <= end).sum(axis=1)
    return Spells(active, changes, since, changes[np.arange(len(share)), turns])


def joint_rate(share: Floats, lasts: Floats) -> Floats:
    """Return the sum of both rates, ``1 / (lasts * (1 - share))``."""
    return np.asarray(1 / (lasts * (1 - share)))
