"""The axes beside the score: what can be done about a case, and how long its evidence lasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from triage.features.telling.texts import glue, say_each
from triage.features.view import DAY
from triage.schema.tables import PERSONS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.features.view import View

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_IDENTITY = PERSONS["identity_level"].codes
NO_PERSON = -2


@dataclass(frozen=True)
class Solvability:
    """How far a case can be solved; it says nothing of danger. One entry per case, shape (n_cases,) each.

    Parameters
    ----------
    identity : array of int
        How well the best identified reported person is known: index into the codes of
        ``persons.identity_level``; -1 where that is not known of anybody, -2 where nobody is reported.
    country_known : array of bool
        Whether any report has a country of jurisdiction.
    accounts, addresses : array of float
        Accounts of the reported persons; distinct addresses or devices that used them.
    newest : array of float
        Days since the newest activity; NaN where none has a time.
    """

    identity: Ints
    country_known: Mask
    accounts: Floats
    addresses: Floats
    newest: Floats

    def tell(self) -> pa.Array:
        """Return it in words, such as "named, country known, 2 accounts, active 12 days ago"."""
        return glue(
            say_each(_say_person, self.identity, self.country_known),
            say_each(partial(_say_count, one="account", many="accounts"), self.accounts),
            say_each(partial(_say_count, one="address", many="addresses"), self.addresses),
            say_each(_say_active, np.trunc(self.newest)),
        )

    def key(self) -> Ints:
        """Return a number by which to sort, the most solvable largest.

        The better identified person counts first, then a known country, then any account or address. How
        many there are does not count: whoever is reported more often has more.
        """
        found = (self.accounts + self.addresses) > 0
        return np.asarray(4 * (self.identity - NO_PERSON) + 2 * self.country_known + found)


def _say_person(identity: int, country_known: bool) -> str:
    unknown = {NO_PERSON: "no person", -1: "identity not known", 0: "identity none"}
    person = unknown.get(identity) or _IDENTITY[identity].replace("_", " ")
    return f"{person}, country {'known' if country_known else 'unknown'}"


def _say_count(number: float, one: str, many: str) -> str:
    return f", {number:,.0f} {one if number == 1 else many}" if number else ""


def _say_active(days: float) -> str:
    return "" if np.isnan(days) else f", active {days:,.0f} day{'' if days == 1 else 's'} ago"


def find_solvability(view: View, country: pa.Array) -> Solvability:
    """Find how far each case can be solved.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    country : pyarrow.Array of string, shape (n_cases,)
        Countries of jurisdiction; empty where unknown.
    """
    persons, events = view.persons, view.network_events
    # An unknown code is -1 too.
    best = persons.largest(persons.codes("identity_level").astype(np.float64))
    return Solvability(
        identity=np.nan_to_num(best, nan=NO_PERSON).astype(np.int64),
        country_known=np.asarray(pc.not_equal(country, "")),
        accounts=view.accounts.count(np.ones(len(view.accounts), dtype=bool)),
        addresses=events.count_distinct(events.tokens("link_token")),
        newest=(view.as_of - _newest(view)) / DAY,
    )


def _newest(view: View) -> Floats:
    """Return the latest time of any activity, in seconds since 1970; what lies ahead is none yet."""
    newest = np.full(view.n_cases, np.nan)
    for rows, column in (
        (view.reports, "incident_at"),
        (view.files, "uploaded_at"),
        (view.network_events, "event_at"),
        (view.communications, "last_message_at"),
        (view.transactions, "executed_at"),
    ):
        times = rows.seconds(column)
        past = np.where(times <= view.as_of[rows.position], times, np.nan)
        newest = np.fmax(newest, rows.largest(past))
    return newest


@dataclass(frozen=True)
class Evidence:
    """How long what the senders hold is kept. One entry per case, shape (n_cases,) each.

    Parameters
    ----------
    preserve_until : array of float
        When the first sender may delete what it holds, in seconds since 1970: the earliest time still
        ahead, or where none is, the latest that has passed; NaN where no report has one.
    days : array of float
        Days until then; below 0, it may be gone.
    """

    preserve_until: Floats
    days: Floats


def find_evidence(view: View) -> Evidence:
    """Find how long the evidence of each case lasts.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    """
    rows = view.reports
    times = rows.seconds("preserve_until")
    ahead = times >= view.as_of[rows.position]
    next_end = rows.smallest(np.where(ahead, times, np.nan))
    until = np.where(np.isnan(next_end), rows.largest(times), next_end)
    return Evidence(until, (until - view.as_of) / DAY)
