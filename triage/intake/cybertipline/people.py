"""Reported persons and recipients of a CyberTipline report: persons, accounts, threads, earlier records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.intake.cybertipline.accounts import add_account, identity_of, person_token
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.values import flag_of, is_true, phone_country, read_age
from triage.intake.people import add_person, highest, placeholder
from triage.intake.rows import PersonRow, PriorRow
from triage.intake.traces import plain_number
from triage.intake.values import PERSON_BANDS, Place, StatedAge, band_of
from triage.intake.words import read_country

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from triage.intake.xml import Element

NO_COUNTRY = ("ZZ", "none")


class Holder(NamedTuple):
    """A person who was read from a block.

    Parameters
    ----------
    block : Element
        The block.
    person_id : str
        Token of the person.
    account_id : str
        Token of the account; empty where the block tells of none.
    age : StatedAge
        What is stated of the age.
    """

    block: Element
    person_id: str
    account_id: str
    age: StatedAge


def person_of(block: Element) -> Element | None:
    """Return the element of a block that holds what identifies the person."""
    return block.first(f"{block.name}Person")


def associated(block: Element, *, children: bool) -> list[Element]:
    """Return the associated accounts of a block: those of children in reach, or the person's own.

    The kind stands in the attribute ``type``, or with some clients in ``accountType``.
    """
    return [e for e in block.every("associatedAccount") if (associated_kind(e) == "child") == children]


def associated_kind(account: Element) -> str:
    """Return what an associated account is here: ``account``, ``named`` or ``child``."""
    kind = account.attribute("type") or account.attribute("accountType")
    return load_mapping().associated_account.get(kind.lower(), "account")


def read_holder(
    place: Place, block: Element, role: str, number: int, names: Sequence[tuple[str, str]]
) -> Holder:
    """Read a reported person or a recipient.

    Parameters
    ----------
    place : Place
        Where reading stands.
    block : Element
        ``personOrUserReported`` or ``intendedRecipient``.
    role : str
        ``reported`` or ``recipient``.
    number : int
        Distinguishes the block among those of its role.
    names : sequence of (str, str)
        Names of the platform that the report gives as a whole, with the elements they stand in.
    """
    person = person_of(block)
    person_id = person_token(place, block, person, f"{role}{number}")
    own = associated(block, children=False)
    age = _holder_age(place, person, own)
    levels = [identity_of(block, person)]
    levels += ["named" if associated_kind(e) == "named" else identity_of(e, e) for e in own]
    add_person(
        place, PersonRow(person_id, place.report_id, role, band_of(age.years, PERSON_BANDS), highest(levels))
    )
    account_id = add_account(place, block, person_id, names)
    for element in own:
        add_account(place, element, person_id, [("platform", element.value("platform"))])
    return Holder(block, person_id, account_id, age)


def add_prior_reports(place: Place, holder: Holder) -> None:
    """Add one record for each earlier report that the sender names.

    For a recipient who is a child they are left behind: earlier reports about a victim are no record.
    """
    numbers = prior_numbers(holder.block, associated(holder.block, children=False))
    if holder.block.name == "intendedRecipient" and holder.age.minor:
        place.gathered.dropped["priorCTReports"] += len(numbers)
        return
    for number in numbers:
        # Begins with the token of the earlier report, by which that report can be found.
        record_id = f"{place.token('source-report', number)}:{holder.person_id}"
        place.gathered.prior_records[record_id] = PriorRow(
            record_id, holder.person_id, "prior_report", "other"
        )


def prior_numbers(block: Element, accounts: Iterable[Element]) -> list[str]:
    """Return the distinct report numbers that a block and its accounts name."""
    found = [
        element.text.strip()
        for source in (block, *accounts)
        for name in ("priorCTReports", "priorCTReport")
        for element in source.every(name)
    ]
    return list(dict.fromkeys(plain_number(text) or text for text in found if text))


def add_open_cases(place: Place, law: Element | None, reported: Sequence[Holder]) -> None:
    """Add a record for each reported person that the police know already.

    A block that does nothing but deny that police were told says nothing.
    """
    if law is None or _denies_police(law):
        return
    for person_id in dict.fromkeys(holder.person_id for holder in reported) or [placeholder(place)]:
        record_id = place.token("open-case", place.report_id, person_id)
        place.gathered.prior_records[record_id] = PriorRow(record_id, person_id, "open_case", "unknown")


def read_jurisdiction(blocks: Sequence[Element]) -> tuple[str, str]:
    """Return where the reported persons seem to be, and what that rests on.

    The first of these that names a country: a verified location, an address, a calling code, an estimated
    location. IP addresses would stand before the last, and need a look-up that is not part of this.

    Parameters
    ----------
    blocks : sequence of Element
        The reported persons.

    Returns
    -------
    country, basis : str
        ``ZZ`` and ``none`` where nothing tells.
    """
    for basis, find in _BASES:
        for block in blocks:
            for country in find(block):
                if country:
                    return country, basis
    return NO_COUNTRY


def located(block: Element, *, verified: bool) -> list[str]:
    """Return the countries of a block's estimated locations, verified or not."""
    return [
        read_country(location.value("countryCode"))
        for location in block.every("estimatedLocation")
        if is_true(location.attribute("verified")) == verified
    ]


def _addressed(block: Element) -> list[str]:
    return [
        read_country(address.value("country")) for who in _names_of(block) for address in who.every("address")
    ]


def _called(block: Element) -> list[str]:
    return [phone_country(phone) for who in _names_of(block) for phone in who.every("phone")]


def _names_of(block: Element) -> list[Element]:
    person = person_of(block)
    own = associated(block, children=False)
    return own if person is None else [person, *own]


_BASES: tuple[tuple[str, Callable[[Element], list[str]]], ...] = (
    ("verified_location", lambda block: located(block, verified=True)),
    ("address", _addressed),
    ("phone", _called),
    ("estimated", lambda block: located(block, verified=False)),
)


def _holder_age(place: Place, person: Element | None, own: Sequence[Element]) -> StatedAge:
    """Return the stated age; where the block is silent, the one that its other accounts agree on."""
    age = read_age(place, person)
    silent = person is None or not (person.value("age") or person.value("dateOfBirth"))
    if silent and age.minor is None:
        others = {read_age(place, account) for account in own} - {StatedAge()}
        if len({band_of(other.years, PERSON_BANDS) for other in others}) == 1:
            return others.pop()
    return age


def _denies_police(law: Element) -> bool:
    told = [law.first("reportedToLe")]
    served = [law.first("servedLegalProcessDomestic"), law.first("servedLegalProcessInternational")]
    states = [flag_of(element) for element in (*told, *served)]
    return states[0] == "denied" and "asserted" not in states and not law.value("caseNumber")
