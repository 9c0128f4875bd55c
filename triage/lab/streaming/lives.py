"""Whom each case is about, and when that person abuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Lives:
    """One entry a case of a block, shape (n_cases,) each, as in `triage.lab.stream.Truth`."""

    situation: Ints
    person: Ints
    onset: Floats
    end: Floats


def tell_lives(block: Block) -> Lives:
    """Return situation, person, and one spell of abuse a person.

    The spell is the one that goes on when the person is first reported, or else the next that begins in the
    period, or else the last before it. A spell that goes on at the end of the period ends when the law of
    spells lets it; nothing is cut off.
    """
    person = block.reports.person[block.reports.first]
    arrival = block.reports.received[block.reports.first]
    reported = np.full(len(block.persons.share), np.iinfo(np.int64).max)
    np.minimum.at(reported, person, arrival)
    onset, end = _pick_spell(block, person, reported[person])
    return Lives(block.persons.hidden["situation"][person], person, onset, end)


def _pick_spell(block: Block, person: Ints, moment: Ints) -> tuple[Floats, Floats]:
    spells = block.persons.spells
    # Turn number 0 is the onset of a spell that goes on when the period begins.
    turns = np.column_stack([spells.ongoing_since, spells.changes])[person]
    rows = np.arange(len(person))
    last = (spells.changes[person] <= moment[:, None]).sum(axis=1)
    going_on = spells.at_start[person] ^ (last % 2 == 1)
    coming = ~going_on & (turns[rows, last + 1] <= block.as_of)
    first = np.where(going_on, last, np.where(coming, last + 1, last - 1))
    none = first < 0
    first = np.maximum(first, 0)
    onset, end = turns[rows, first], turns[rows, first + 1]
    return np.where(none, np.nan, onset), np.where(none, np.nan, end)
