"""A block of cases while it is drawn: its hidden states, its reports, and what has been seen of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.rows.columns import UNSEEN
from triage.worlds.state.ledger import NEVER
from triage.worlds.state.model import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.rows.tokens import Tokens
    from triage.worlds.state.emission import Emission
    from triage.worlds.state.ledger import Ledger
    from triage.worlds.state.model import Model
    from triage.worlds.state.spells import Spells

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


@dataclass
class Persons:
    """The true persons of a block: those of the cases, then those of wrong tokens.

    Parameters
    ----------
    hidden : dict of str to array of int, shape (n_persons,)
        Situation and nuisances of each.
    share : array, shape (n_persons,)
        Share of the time in which each abuses.
    spells : Spells
        When each abused.
    """

    hidden: dict[str, Codes]
    share: Floats
    spells: Spells


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
    person : array of int, shape (n_reports,)
        The true person.
    first : array of int, shape (n_cases,)
        The earliest report of each case.
    """

    case: Codes
    ids: Tokens
    received: Codes
    person: Codes
    first: Codes

    def __len__(self) -> int:
        return len(self.case)


@dataclass
class Block:
    """Cases being drawn.

    Parameters
    ----------
    model : Model
        The world.
    rng : numpy.random.Generator
        The block's own.
    named : array of bool, shape (n_cases,)
        Whether a person is reported.
    bundled : array of int, shape (n_cases,)
        Further persons whom the one report of a case names, because it bundles several.
    person_ids : Tokens
        The token of the reported person, one a case.
    persons : Persons
        Who they truly are.
    reports : Reports
        The reports.
    known, hidden : dict of str to array of int, shape (n_reports,)
        What is known of each report (source, platform, era), and what is hidden.
    ledger : Ledger
        What can be seen at the as-of time.
    facts : dict of str to list of (array, array)
        Fact -> cases and times at which it became known (`remember`).
    """

    model: Model
    rng: np.random.Generator
    named: Mask
    bundled: Codes
    person_ids: Tokens
    persons: Persons
    reports: Reports
    known: dict[str, Codes]
    hidden: dict[str, Codes]
    ledger: Ledger
    facts: dict[str, list[tuple[Codes, Codes]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.named)

    @property
    def case_ids(self) -> Tokens:
        """The names of the cases: the token of the earliest report."""
        return self.reports.ids.take(self.reports.first)

    @property
    def source(self) -> Codes:
        """Source of each report, as an index into the declared source systems."""
        return self.known["source"]

    @property
    def as_of(self) -> int:
        """End of the period, in seconds since 1970."""
        return self.model.as_of

    def observe(
        self,
        name: str,
        report: Codes,
        *,
        given: Codes | None = None,
        where: Mask | None = None,
        since: Codes | None = None,
    ) -> Codes:
        """Draw a signal for rows, and count what is seen of it.

        Parameters
        ----------
        name : str
            The signal.
        report : array of int, shape (n_rows,)
            The report to which each row belongs; facts of a case belong to its earliest.
        given : array of int, optional
            Value of the fact on which the signal rests.
        where : array of bool, optional
            Rows that have the signal at all.
        since : array of int, optional
            From when on it can be seen in each row (`since`); from the reception of the report on by default.

        Returns
        -------
        array of int, shape (n_rows,)
            Index of the value; -1 where there is none.
        """
        emission = self.model.signals[name]
        return self._observe(("value", name), emission, report, given=given, where=where, since=since)

    def tell(
        self, name: str, report: Codes, *, where: Mask | None = None, since: Codes | None = None
    ) -> Mask:
        """Draw whether the reporter fills a signal in, and count it; shape (n_rows,)."""
        emission = self.model.told[name]
        codes = self._observe(("told", name), emission, report, given=None, where=where, since=since)
        return np.asarray(codes == 1)

    def _observe(
        self,
        key: tuple[str, str],
        emission: Emission,
        report: Codes,
        *,
        given: Codes | None,
        where: Mask | None,
        since: Codes | None,
    ) -> Codes:
        rows = np.arange(len(report)) if where is None else np.flatnonzero(where)
        on = report[rows]
        if given is None:
            known = emission.place(emission.known, self.known, on)
        else:
            facts = {axis: codes[on] for axis, codes in self.known.items()} | {"given": given[rows]}
            known = emission.place(emission.known, facts, np.arange(len(rows)))
        drawn = emission.draw(
            self.rng.random(len(rows)), known, emission.place(emission.hidden, self.hidden, on)
        )
        seen_from = self.reports.received[on] if since is None else since[rows]
        self.ledger.note(key, emission, on, known, drawn, since=seen_from)
        codes = np.full(len(report), UNSEEN, dtype=np.int64)
        codes[rows] = drawn
        return codes

    def number(self, name: str, codes: Codes) -> Codes:
        """Return a signal in whole numbers; 0 where the code is -1."""
        return self.model.signals[name].whole(self.rng, codes)

    def span(self, name: str, codes: Codes) -> Codes:
        """Return a signal in days as whole seconds."""
        return _seconds(self.model.signals[name].within(self.rng, codes))

    def delay(self, name: str, report: Codes) -> tuple[Codes, Mask]:
        """Draw how long something takes.

        Parameters
        ----------
        name : str
            The delay.
        report : array of int, shape (n_rows,)
            The report of each row.

        Returns
        -------
        seconds : array of int, shape (n_rows,)
            Length.
        happens : array of bool, shape (n_rows,)
            False where it never happens.
        """
        emission = self.model.delays[name]
        known = emission.place(emission.known, self.known, report)
        codes = emission.draw(self.rng.random(len(report)), known, np.zeros_like(known))
        return _seconds(emission.within(self.rng, codes)), ~emission.never()[codes]

    def since(self, times: Codes, happens: Mask) -> Codes:
        """Return from when on something is known; `NEVER` where it never comes to be."""
        return np.where(happens, times, NEVER)

    def remember(self, fact: str, case: Codes, known_at: Codes) -> None:
        """Keep a fact that the selection policy may look at."""
        self.facts.setdefault(fact, []).append((case, known_at))

    def knew(self, fact: str, at: Codes) -> Mask:
        """Say for which cases a remembered fact was known at a time, one a case."""
        known = np.zeros(len(self), dtype=bool)
        for case, known_at in self.facts.get(fact, []):
            known[case[known_at <= at[case]]] = True
        return known

    def has(self, signal: str, codes: Codes, *values: str) -> Mask:
        """Say which codes are one of some values or, for sets, contain one of them."""
        chosen = [bool({*value.split("|")} & {*values}) for value in self.model.signals[signal].values]
        return np.asarray([*chosen, False])[codes]


def _seconds(days: Floats) -> Codes:
    return np.asarray(np.floor(days * DAY), dtype=np.int64)
