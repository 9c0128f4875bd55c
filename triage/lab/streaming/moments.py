"""When something new is known of a case: the moments at which it is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.lab.stream import DAY
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.schema.part import Part

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# What an investigation found is no news of a case that waits for one.
_NO_NEWS = "outcomes"


@dataclass(frozen=True)
class News:
    """What comes to be known of cases, one entry a case and second, sorted by both.

    Parameters
    ----------
    case : array of int, shape (n_news,)
        Index of the case.
    at : array of int, shape (n_news,)
        When, in seconds since 1970.
    report : array of bool, shape (n_news,)
        Whether a report is among it.
    """

    case: Ints
    at: Ints
    report: Mask


def list_news(part: Part, until: int) -> News:
    """List when rows of a part come to be known, and when columns of them are filled in.

    Parameters
    ----------
    part : Part
        Whole cases, sorted.
    until : int
        What comes later is left out, in seconds since 1970.
    """
    cases, moments, kinds = [], [], []
    for name, declared in TABLES.items():
        if name == _NO_NEWS:
            continue
        position, table = part.position(name), part.tables[name]
        for column in ("known_at", "enriched_at"):
            if column not in declared:
                continue
            given = np.asarray(table[column].is_valid())
            seconds = np.asarray(pc.fill_null(table[column].cast(pa.int64()), 0))
            counts = given & (seconds <= until)
            cases.append(position[counts])
            moments.append(seconds[counts])
            kinds.append(np.full(int(counts.sum()), name == "reports" and column == "known_at"))
    case, at, report = np.concatenate(cases), np.concatenate(moments), np.concatenate(kinds)
    order = np.lexsort((~report, at, case))
    case, at, report = case[order], at[order], report[order]
    # Of what comes in the same second a report stands first.
    new = np.append(True, (np.diff(case) != 0) | (np.diff(at) != 0))[: len(case)]
    return News(case[new], at[new], report[new])


def choose_moments(news: News, n_cases: int, until: int, again: int | None = None) -> tuple[Ints, Ints, Ints]:
    """Return at which moments each case is looked at: at every report, and when late knowledge comes.

    A report makes a version at once. Late knowledge does too, unless the version before it is less than a
    day old: then it waits until that day is over. So whatever comes within a day is gathered into one
    version, and when a version is made depends on nothing that comes after it.

    Parameters
    ----------
    news : News
        Of some cases; the first of each is a report.
    n_cases : int
        How many cases there are.
    until : int
        No moment is later, in seconds since 1970.
    again : int, optional
        A case is looked at again after so many seconds in which nothing came, at least a day.

    Returns
    -------
    case, at : array of int, shape (n_versions,)
        Sorted by both.
    learned : array of int, shape (n_versions,)
        How many moments of the case up to this one, but the first, brought something.

    Examples
    --------
    >>> hour = 3600
    >>> news = News(
    ...     np.zeros(4, dtype=int), np.array([0, 2, 5, 30]) * hour, np.array([True, False, False, True])
    ... )
    >>> (choose_moments(news, 1, 100 * hour)[1] // hour).tolist()
    [0, 24, 30]
    """
    start = np.searchsorted(news.case, np.arange(n_cases + 1))
    place, end = start[:-1].copy(), start[1:]
    far = np.iinfo(np.int64).max
    padded_at = np.append(news.at, far)
    next_report = _find_next_report(news)
    going = np.flatnonzero((end > place) & (padded_at[place] <= until))
    last = padded_at[place]
    found_case, found_at, found_news = [going], [last[going]], [np.zeros(len(going), dtype=np.int64)]
    while len(going):
        while len(behind := going[(place[going] < end[going]) & (padded_at[place[going]] <= last[going])]):
            place[behind] += 1
        waits = place[going] < end[going]
        own = np.where(waits, place[going], len(news.at))
        report = np.where(next_report[own] < end[going], next_report[own], len(news.at))
        at = np.where(waits, np.maximum(padded_at[own], last[going] + int(DAY)), far)
        at = np.minimum(at, padded_at[report])
        next_look = far if again is None else last[going] + again
        brings, at = at <= next_look, np.minimum(at, next_look)
        kept = at <= until
        going, at = going[kept], at[kept]
        found_case.append(going)
        found_at.append(at)
        found_news.append(brings[kept].astype(np.int64))
        last[going] = at
    case, moment, brought = (np.concatenate(found) for found in (found_case, found_at, found_news))
    order = np.lexsort((moment, case))
    case, sums = case[order], np.cumsum(brought[order])
    # The first moment of a case brings nothing more, so its sum is that of the cases before.
    learned = sums - sums[np.searchsorted(case, case)]
    return case, moment[order], learned


def _find_next_report(news: News) -> Ints:
    """Return the place of the first report from each entry on; the number of entries where there is none."""
    places = np.where(news.report, np.arange(len(news.at)), len(news.at))
    return np.append(np.minimum.accumulate(places[::-1])[::-1], len(news.at))
