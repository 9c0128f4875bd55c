"""A block of cases while it is drawn: its hidden states, its reports, and what has been seen of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.columns import UNSEEN
from triage.worlds.emission import is_never

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.emission import Emission, Model
    from triage.worlds.ledger import Ledger
    from triage.worlds.tokens import Tokens

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DAY = 86_400


@dataclass
class Reports:
    """The reports of a block, sorted by case and token.

    Parameters
    ----------
    case : array of int, shape (n_reports,)
        Case of each.
    ids : Tokens
        Names.
    received : array of int, shape (n_reports,)
        Reception, in seconds since 1970.
    source : array of int, shape (n_reports,)
        Index into the declared source systems.
    first : array of int, shape (n_cases,)
        The earliest report of each case.
    """

    case: Codes
    ids: Tokens
    received: Codes
    source: Codes
    first: Codes


@dataclass
class Block:
    """Cases being drawn.

    Parameters
    ----------
    model : Model
        The world.
    rng : numpy.random.Generator
        The block's own.
    states : array of int, shape (n_cases,)
        Hidden state of each case.
    person : array of bool, shape (n_cases,)
        Whether a person is reported.
    person_ids : Tokens
        One a case.
    reports : Reports
        The reports.
    ledger : Ledger
        What can be seen at the as-of time.
    as_of : int
        End of the period, in seconds since 1970.
    """

    model: Model
    rng: np.random.Generator
    states: Codes
    person: Mask
    person_ids: Tokens
    reports: Reports
    ledger: Ledger
    as_of: int
    facts: dict[str, list[tuple[Codes, Codes]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.states)

    @property
    def case_ids(self) -> Tokens:
        """The names of the cases: the token of the earliest report."""
        return self.reports.ids.take(self.reports.first)

    def observe(
        self,
        name: str,
        case: Codes,
        *,
        given: Codes | None = None,
        where: Mask | None = None,
        visible: Mask | None = None,
    ) -> Codes:
        """Draw a signal for rows, and count what is seen of it.

        Parameters
        ----------
        name : str
            The signal.
        case : array of int, shape (n_rows,)
            Case of each row.
        given : array of int, optional
            Value of the known quantity on which the signal rests.
        where : array of bool, optional
            Rows that have the signal at all.
        visible : array of bool, optional
            Rows in which it can be seen at the as-of time.

        Returns
        -------
        array of int, shape (n_rows,)
            Index of the value; -1 where there is none.
        """
        emission = self.model.signals[name]
        return self._observe(("value", name), emission, case, given=given, where=where, visible=visible)

    def tell(
        self,
        name: str,
        case: Codes,
        source: Codes,
        *,
        where: Mask | None = None,
        visible: Mask | None = None,
    ) -> Mask:
        """Draw whether the reporter fills a signal in, and count it; shape (n_rows,)."""
        emission = self.model.told[name]
        codes = self._observe(("told", name), emission, case, given=source, where=where, visible=visible)
        return np.asarray(codes == 1)

    def _observe(
        self,
        key: tuple[str, str],
        emission: Emission,
        case: Codes,
        *,
        given: Codes | None,
        where: Mask | None,
        visible: Mask | None,
    ) -> Codes:
        rows = np.arange(len(case)) if where is None else np.flatnonzero(where)
        known = None if given is None else given[rows]
        drawn = emission.draw(self.rng.random(len(rows)), self.states[case[rows]], known)
        seen = slice(None) if visible is None else np.flatnonzero(visible[rows])
        self.ledger.note(key, emission, case[rows][seen], drawn[seen], None if known is None else known[seen])
        codes = np.full(len(case), UNSEEN, dtype=np.int64)
        codes[rows] = drawn
        return codes

    def number(self, name: str, codes: Codes) -> Codes:
        """Return a signal in whole numbers; 0 where the code is -1."""
        return self.model.signals[name].whole(self.rng, codes)

    def span(self, name: str, codes: Codes) -> Codes:
        """Return a signal in days as whole seconds."""
        return _seconds(self.model.signals[name].within(self.rng, codes))

    def delay(self, name: str, source: Codes) -> tuple[Codes, Mask]:
        """Draw how long something takes.

        Parameters
        ----------
        name : str
            The delay.
        source : array of int, shape (n_rows,)
            Source of the report.

        Returns
        -------
        seconds : array of int, shape (n_rows,)
            Length.
        happens : array of bool, shape (n_rows,)
            False where it never happens.
        """
        emission = self.model.delays[name]
        anywhere = np.zeros(len(source), dtype=np.int64)
        codes = emission.draw(self.rng.random(len(source)), anywhere, source)
        return _seconds(emission.within(self.rng, codes)), ~is_never(emission)[codes]

    def seen(self, times: Codes, happens: Mask) -> Mask:
        """Say what is known at the as-of time."""
        return np.asarray(happens & (times <= self.as_of))

    def remember(self, fact: str, case: Codes, known_at: Codes) -> None:
        """Keep a fact that the selection policy may look at."""
        self.facts.setdefault(fact, []).append((case, known_at))

    def has(self, signal: str, codes: Codes, *values: str) -> Mask:
        """Say which codes are one of some values or, for sets, contain one of them."""
        chosen = [bool({*value.split("|")} & {*values}) for value in self.model.signals[signal].values]
        return np.asarray([*chosen, False])[codes]


def _seconds(days: Floats) -> Codes:
    return np.asarray(np.floor(days * DAY), dtype=np.int64)
