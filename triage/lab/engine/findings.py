"""What investigations find: the only place where the engine looks at the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from triage.lab.engine.cases import BESIDE, TOP
from triage.lab.stream import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.engine.cases import Cases
    from triage.lab.staff import Unit
    from triage.lab.stream import Stream
    from triage.lab.work import Work

    Floats = NDArray[np.float64]


class Investigations:
    """Draws of hours and outcomes, and who has been reached.

    Parameters
    ----------
    stream : Stream
        Truth and luck.
    work : Work
        Hours, success and findings.
    cases : Cases
        Written when a case is opened and when it ends.
    abroad_from : array of float, shape (n_cases,)
        Finite for cases about persons abroad.
    """

    def __init__(self, stream: Stream, work: Work, cases: Cases, abroad_from: Floats) -> None:
        self._stream, self._work, self._cases = stream, work, cases
        self._abroad = np.isfinite(abroad_from)
        self._reached: dict[int, float] = {}
        self.expected, self.opened, self.escalated = 0.0, 0, 0

    def open(self, case: int, unit: Unit, at: float, queue: int) -> None:
        """Fix how much work a case is and how likely it succeeds, by what is known now."""
        cases, versions, work = self._cases, self._stream.versions, self._work
        version = int(cases.version[case])
        identity, learned = int(versions.identity[version]), int(versions.learned[version])
        gone = at > versions.evidence_end[version]
        waited = max(0.0, (at - self._stream.arrival[case]) / DAY)
        cases.opened_at[case], cases.opened_version[case] = at, version
        cases.left[case] = work.hours.draw(identity, learned, float(self._stream.luck[case, 0]))
        chance = work.success.find(identity, waited, gone=bool(gone), skill=unit.success)
        cases.chance[case] = chance * (work.referral.success if self._abroad[case] else 1.0)
        if queue == BESIDE:
            cases.left[case] *= work.hours.youth
            return
        # What an agency plans with.
        self.expected += work.hours.expect(identity, learned)
        self.opened += 1
        self.escalated += queue == TOP

    def end(self, case: int, at: float) -> None:
        """Note what an investigation found."""
        cases, truth = self._cases, self._stream.truth
        person, opened = int(truth.person[case]), cases.opened_at[case]
        over = min(float(truth.end[case]), self._reached.get(person, math.inf))
        # Comparisons with an unknown moment, where there is no abuse, are false.
        abused = bool(truth.onset[case] <= at and truth.end[case] > opened and over > opened)
        found = abused and bool(self._stream.luck[case, 1] < cases.chance[case])
        cases.ended_at[case] = at
        cases.label[case] = self._work.findings.label(
            float(self._stream.luck[case, 2]), abused=abused, found=found
        )
        if found and over > at:
            self._reached[person] = at

    def reached_at(self) -> Floats:
        """Return when each case was reached: with the person, for all cases that had come by then."""
        reached = np.full(len(self._stream.arrival), np.nan)
        if self._reached:
            person = self._stream.truth.person
            names = np.fromiter(self._reached, dtype=np.int64)
            when = np.fromiter(self._reached.values(), dtype=np.float64)
            order = np.argsort(names)
            names, when = names[order], when[order]
            place = np.minimum(np.searchsorted(names, person), len(names) - 1)
            known = (names[place] == person) & (self._stream.arrival <= when[place])
            reached[known] = when[place[known]]
        return reached
