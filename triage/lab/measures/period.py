"""The cases of a period, what happened to them in it, and what was true of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.stream import DAY
from triage.worklist.policy import LANES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.stream import Stream
    from triage.lab.trace import Trace

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_TIMES = ("opened_at", "ended_at", "reached_at", "referred_at", "disposed_at", "prosecuted_at")


@dataclass(frozen=True, eq=False)
class Period:
    """What a period holds, one entry a case that arrived in it, shape (n_cases,) each.

    Times are in days since the start of the period; NaN where it did not happen, or only after the end.

    Parameters
    ----------
    end : float
        Its length in days.
    arrival : array of float
        First report.
    person : array of int
        Whom the case is about, as a code from 0.
    onset, spell_end : array of float
        When the abuse began and when it ends by itself, the end also beyond the period; NaN without abuse.
    opened_at, ended_at, reached_at, referred_at, disposed_at, prosecuted_at : array of float
        As in `triage.lab.trace.Trace`.
    due_at : array of float
        The earliest deadline, also beyond the period.
    label : array of int
        As in the trace.
    hours : array of float
        Work that went into the case.
    audit : array of bool
        Whether it was drawn by lot.
    inclusion : array of float
        Probability of being opened in the period, over the lotteries; 1 where it would be without them.
    escalated_at : array of float
        When the case first stood in the lane of the escalated.
    pool_at, pool_size : array, shape (n_moments,)
        How many cases waited, from each moment until the next.
    """

    end: float
    arrival: Floats
    person: Ints
    onset: Floats
    spell_end: Floats
    opened_at: Floats
    ended_at: Floats
    reached_at: Floats
    referred_at: Floats
    disposed_at: Floats
    prosecuted_at: Floats
    due_at: Floats
    label: Ints
    hours: Floats
    audit: Mask
    inclusion: Floats
    escalated_at: Floats
    pool_at: Floats
    pool_size: Ints

    @property
    def opened(self) -> Mask:
        """Whether the case was opened."""
        return ~np.isnan(self.opened_at)

    @property
    def left_at(self) -> Floats:
        """When the case stopped waiting: opened, referred or disposed of, whichever came first."""
        return first_of(self.opened_at, self.referred_at, self.disposed_at)

    def goes_on_at(self, moment: Floats | float, persons: Persons) -> Mask:
        """Say whether abuse goes on at a moment, the child not yet reached; no where the moment is NaN."""
        return self._goes_on(moment, moment, persons)

    def abused_meanwhile(self, persons: Persons) -> Mask:
        """Say whether there was abuse to be found: it went on at some time while the case was investigated.

        Also where the investigation did not find it; no for a case that was not opened.
        """
        return self._goes_on(self.opened_at, np.fmin(self.ended_at, self.end), persons)

    def abused_while_waiting(self, persons: Persons) -> Floats:
        """Return the share of its wait in which abuse went on; of a wait without length, whether it did."""
        until = np.fmin(self.left_at, self.end)
        # Without abuse onset and end are NaN, and so must the overlap be; only being freed may never happen.
        freed = np.fmin(until, persons.reached_at[self.person])
        overlap = np.minimum(self.spell_end, freed) - np.maximum(self.onset, self.arrival)
        waited = until - self.arrival
        share = np.divide(overlap, waited, out=np.zeros(len(waited)), where=waited > 0)
        at_once = self.goes_on_at(until, persons)
        return np.where(waited > 0, np.where(overlap > 0, share, 0.0), at_once)

    def _goes_on(self, first: Floats | float, last: Floats | float, persons: Persons) -> Mask:
        free = persons.reached_at[self.person] < first
        return np.asarray((self.onset <= last) & (first < self.spell_end) & ~free)


@dataclass(frozen=True, eq=False)
class Persons:
    """What the period holds, one entry a person, shape (n_persons,) each; times as in `Period`.

    Parameters
    ----------
    first_report : array of float
        When the first case about the person arrived.
    reached_at : array of float
        When the child was reached.
    abused : array of bool
        Whether abuse went on at some time in the period.
    reachable : array of bool
        Whether it still went on, or was yet to begin, when the person was first reported.
    """

    first_report: Floats
    reached_at: Floats
    abused: Mask
    reachable: Mask


def look_at(stream: Stream, trace: Trace, *, until: float | None = None) -> Period:
    """Return what a stream and a trace hold up to a moment.

    Parameters
    ----------
    stream : Stream
        What reached the agency, and what was true.
    trace : Trace
        What it did; one entry a case of the stream.
    until : float, optional
        The end of the period in seconds since 1970; by default that of the stream.

    Raises
    ------
    InputRefusedError
        Stream and trace differ in length, or the period is empty.
    """
    until = stream.end if until is None else until
    cases = len(stream.arrival)
    wrong = [field.name for field in fields(trace) if field.name in _LENGTH_OF_CASES and
             len(getattr(trace, field.name)) != cases]  # fmt: skip
    if wrong:
        raise InputRefusedError(
            f"{len(getattr(trace, wrong[0])):,} entries",
            where=f"trace, {wrong[0]}",
            expected=f"one for each of {cases:,} cases of the stream",
            mend="take a trace of this very stream",
        )
    if not stream.start < until:
        raise InputRefusedError(
            "a period that ends before it begins", where="until", expected="a time after the stream's start"
        )
    kept = stream.arrival < until
    moments = trace.pool_at < until
    happened = {name: _days(stream, getattr(trace, name)[kept], until) for name in _TIMES}
    label = np.where(np.isnan(happened["ended_at"]), -1, trace.label[kept])
    return Period(
        end=(until - stream.start) / DAY,
        arrival=_days(stream, stream.arrival[kept]),
        person=np.unique(stream.truth.person[kept], return_inverse=True)[1].astype(np.int64),
        onset=_days(stream, stream.truth.onset[kept]),
        spell_end=_days(stream, stream.truth.end[kept]),
        due_at=_days(stream, trace.due_at[kept]),
        label=label.astype(np.int64),
        hours=np.asarray(trace.hours[kept], dtype=np.float64),
        audit=np.asarray(trace.audit[kept], dtype=bool),
        inclusion=np.asarray(trace.inclusion[kept], dtype=np.float64),
        escalated_at=_escalation(stream, until)[kept],
        pool_at=_days(stream, trace.pool_at[moments]),
        pool_size=trace.pool_size[moments],
        **happened,
    )


_LENGTH_OF_CASES = frozenset({*_TIMES, "due_at", "label", "hours", "audit", "inclusion"})


def gather_persons(period: Period) -> Persons:
    """Bring a period to one entry a person: reaching the child in one case reaches it in all."""
    count = int(period.person.max(initial=-1)) + 1
    first_report, reached_at = np.full((2, count), np.inf)
    np.minimum.at(first_report, period.person, period.arrival)
    np.fmin.at(reached_at, period.person, period.reached_at)
    abused, reachable = np.zeros((2, count), dtype=bool)
    in_period = (period.onset <= period.end) & (period.spell_end > 0)
    abused[period.person[in_period]] = True
    after_report = in_period & (period.spell_end > first_report[period.person])
    reachable[period.person[after_report]] = True
    return Persons(first_report, np.where(np.isinf(reached_at), np.nan, reached_at), abused, reachable)


def first_of(*times: Floats) -> Floats:
    """Return the earliest of several times of each case; NaN where there is none."""
    earliest: Floats = np.fmin.reduce(times)
    return earliest


def any_by_person(period: Period, cases: Mask) -> Mask:
    """Say of each person whether any of their cases is among those given."""
    found = np.zeros(int(period.person.max(initial=-1)) + 1, dtype=bool)
    found[period.person[cases]] = True
    return found


def count_of(mask: Mask) -> float:
    """Return how many are true, as a number that stands beside shares and days."""
    return float(np.count_nonzero(mask))


def share_of(part: float, whole: float) -> float:
    """Return a share; NaN of nothing."""
    return part / whole if whole else float("nan")


def _escalation(stream: Stream, until: float) -> Floats:
    versions = stream.versions
    escalated = (versions.lane == LANES.index("escalated")) & (versions.at <= until)
    earliest = np.full(len(stream.arrival), np.nan)
    np.fmin.at(earliest, versions.case[escalated], versions.at[escalated])
    return _days(stream, earliest)


def _days(stream: Stream, times: Floats, until: float = np.inf) -> Floats:
    days: Floats = (np.asarray(times, dtype=np.float64) - stream.start) / DAY
    return np.where(times <= until, days, np.nan) if np.isfinite(until) else days
