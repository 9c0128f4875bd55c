"""The persons of a report about the exploitation of children, with their roles, accounts and devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.intake import notes
from triage.intake.goaml.payments import OUT
from triage.intake.people import add_person, bare_account, highest, merge_account
from triage.intake.rows import AccountRow, EventRow, PersonRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from triage.intake.goaml.parties import Body
    from triage.intake.goaml.payments import Side
    from triage.intake.goaml.who import Parties
    from triage.intake.values import Place

# Of two roles of one person the first stands.
_ROLES = ("reported", "conductor", "account_holder", "third_party")
_REPORTED, _CONDUCTOR, _HOLDER, _THIRD = _ROLES


@dataclass
class Cast:
    """Who plays which part in a report.

    Whoever the bank suspects is reported; where it suspects nobody, those whose payments it reports. Of the
    other sides only those are persons of the report who are natural persons, or suspected.

    Parameters
    ----------
    place : Place
        Where reading stands.
    parties : Parties
        All parties, settled.
    any_suspected : bool
        Whether the bank says of anybody that it suspects them.
    found : dict
        Token -> what is known of the person, and the role.
    """

    place: Place
    parties: Parties
    any_suspected: bool
    found: dict[str, tuple[Body, str]] = field(default_factory=dict)
    _events: set[str] = field(default_factory=set)

    def add_side(self, side: Side, *, subject: bool) -> None:
        """Add the persons of one side; a subject is whom a payment or an activity is about."""
        own = _HOLDER if side.party.client else _THIRD
        role = own
        if side.suspected == "asserted" or (
            subject and not self.any_suspected and side.suspected == "unknown"
        ):
            role = _REPORTED
        if subject or role == _REPORTED or side.party.main.is_person:
            self._add(side.party.main, role)
        for holder in side.party.holders:
            self._add(holder, own)
        if side.conductor is not None:
            suspected = side.conductor_suspected == "asserted"
            self._add(side.conductor, _REPORTED if suspected else _CONDUCTOR)

    def jurisdiction(self, sides: Iterable[Side]) -> tuple[str, str]:
        """Return where the reported persons seem to be, and what that rests on.

        An address, a phone number, else the country that the payment has on their side.
        """
        reported = [body for body, role in self.found.values() if role == _REPORTED]
        for basis, countries in (
            ("address", (body.address for body in reported)),
            ("phone", (body.phone for body in reported)),
            ("payment", (side.country for side in sides if self._role_of(side) == _REPORTED)),
        ):
            if country := next(filter(None, countries), ""):
                return country, basis
        return "ZZ", "none"

    def add_persons(self) -> None:
        """Make the rows of all persons."""
        for person_id, (body, role) in self.found.items():
            row = PersonRow(person_id, self.place.report_id, role, body.band, body.level)
            add_person(self.place, row)

    def add_account(self, side: Side, at: datetime | None) -> None:
        """Add the account of a person of the report and what was done with its devices, each thing once."""
        gathered, person_id = self.place.gathered, self.parties.token_of(side.party.main.handle)
        if person_id not in self.found:
            gathered.dropped["network_device"] += len(side.traces) + len(side.party.traces)
            return
        account, account_id = side.party.account, ""
        if account is not None:
            # The person is part of it: who holds an account is what a report says, and reports may differ.
            account_id = self.place.token("account", person_id, account.token)
            row = AccountRow(account_id, person_id, "payment", account.opened, account.status)
            merge_account(gathered, row)
        name = "purchase" if side.sign == OUT else "other"
        seen = [(trace.link, trace.at or at, name) for trace in side.traces]
        seen += [(trace.link, trace.at, "unknown") for trace in side.party.traces]
        if seen and not account_id:
            account_id = bare_account(self.place, person_id)
        for link, event_at, event in seen:
            event_id = self.place.token("event", self.place.report_id, account_id, event, link, str(event_at))
            if event_id not in self._events:
                self._events.add(event_id)
                gathered.network_events.append(
                    EventRow(event_id, account_id, event, event_at, link, "unknown")
                )

    def _role_of(self, side: Side) -> str:
        held = self.found.get(self.parties.token_of(side.party.main.handle))
        return held[1] if held else ""

    def _add(self, body: Body, role: str) -> None:
        person_id = self.parties.token_of(body.handle)
        held = self.found.get(person_id)
        if held is None:
            self.found[person_id] = body, role
            return
        if held[0] == body and held[1] == role:
            return
        if held[0].band != body.band and "unknown" not in {held[0].band, body.band}:
            self.place.remark(notes.BAND_CONFLICT)
        merged = _merge_bodies(held[0], body)
        self.found[person_id] = merged, min(held[1], role, key=_ROLES.index)


def _merge_bodies(first: Body, second: Body) -> Body:
    """Return what two blocks about one person say together; two ages that differ are unknown."""
    bands = {first.band, second.band} - {"unknown"}
    return first._replace(
        band=bands.pop() if len(bands) == 1 else "unknown",
        level=highest((first.level, second.level)),
        address=first.address or second.address,
        phone=first.phone or second.phone,
        is_person=first.is_person and second.is_person,
    )
