"""Reported persons and recipients of a police download: persons, accounts, threads, earlier records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.cybertipline.mapping import load_mapping as load_cybertipline
from triage.intake.people import add_person, highest, name_person, plain_contact
from triage.intake.police.accounts import add_account, screen_name
from triage.intake.police.mapping import load_mapping
from triage.intake.police.members import (
    age_text,
    country_in,
    date_text,
    every,
    every_object,
    flag_in,
    has_word,
    take_members,
    text_in,
)
from triage.intake.rows import PersonRow, PriorRow
from triage.intake.traces import plain_number
from triage.intake.values import PERSON_BANDS, Place, StatedAge, agree_age, band_of
from triage.intake.words import calling_country, names_somebody

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.intake.police.accounts import Known

# Kinds of accounts beside another, as the mapping of submissions says.
NAMED, CHILD = "named", "child"
_STREETS = ("street1", "street", "address", "addressline1")


class Contact(NamedTuple):
    """An e-mail address or phone number as it is compared, whether it is verified, and its country."""

    text: str
    verified: bool
    country: str


class Somebody(NamedTuple):
    """A person as a download describes one.

    Parameters
    ----------
    members : dict
        What is kept of the object, by the mapping's names.
    person_id : str
        Token of the person.
    age : StatedAge
        What is stated of the age.
    emails, phones : list of Contact
        The verified ones first.
    accounts : tuple of (str, Somebody)
        Further accounts by kind: the person's own (``account``, `NAMED`), and those of a `CHILD` in reach.
    account_id : str
        Token of the account; empty where none is told of.
    """

    members: Mapping[str, Any]
    person_id: str
    age: StatedAge
    emails: list[Contact]
    phones: list[Contact]
    accounts: tuple[tuple[str, Somebody], ...] = ()
    account_id: str = ""

    @property
    def own(self) -> list[tuple[str, Somebody]]:
        """The accounts that are the person's own."""
        return [(kind, account) for kind, account in self.accounts if kind != CHILD]


def read_somebody(place: Place, content: Mapping[str, Any], number: str, group: str = "person") -> Somebody:
    """Read what identifies a person, and the age; no row is added."""
    members = take_members(place.gathered, content, group)
    emails, phones = _contacts(members, "email"), _contacts(members, "phone")
    person_id = name_person(
        place,
        text_in(members.get("espService")),
        text_in(members.get("espUserId")),
        screen_name(members),
        contacts=[
            (kind, some.text) for kind, found in (("email", emails), ("phone", phones)) for some in found[:1]
        ],
        number=number,
    )
    age = agree_age(
        place,
        years=age_text(members.get("approximateAge")),
        born=date_text(members.get("dateOfBirth")),
        disputed=flag_in(members.get("ageAssertionDiscrepancy")) == "asserted",
    )
    accounts = tuple(
        (_kind_of(account.members), account)
        for at, some in enumerate(every_object(members.get("associatedAccounts"), "associatedAccounts"))
        for account in [read_somebody(place, some, f"{number}.{at}", "account")]
    )
    if age == StatedAge():
        age = _age_of_accounts(account for kind, account in accounts if kind != CHILD)
    return Somebody(members, person_id, age, emails, phones, accounts)


def add_holder(
    place: Place,
    content: Mapping[str, Any],
    role: str,
    number: int,
    known: Known,
) -> Somebody:
    """Read a reported person or a recipient and add the person, the account and its events.

    Parameters
    ----------
    place : Place
        Where reading stands.
    content : mapping
        The object.
    role : str
        ``reported`` or ``recipient``.
    number : int
        Distinguishes the person among those of the role.
    known : Known
        What the report tells as a whole.
    """
    somebody = read_somebody(place, content, f"{role}{number}")
    members = somebody.members
    work = text_in(members.get("occupation"))
    row = PersonRow(
        somebody.person_id,
        place.report_id,
        role,
        band_of(somebody.age.years, PERSON_BANDS),
        highest([identity_of(somebody), *(_identity_of_account(*account) for account in somebody.own)]),
        "asserted" if work and has_word(work, load_mapping().child_facing) else "unknown",
    )
    add_person(place, row)
    account_id = add_account(place, members, somebody.person_id, known)
    for _, account in somebody.own:
        add_account(place, account.members, somebody.person_id, known)
    return somebody._replace(account_id=account_id)


def identity_of(somebody: Somebody) -> str:
    """Return how well a person is identified: the highest level reached.

    A name, a date of birth and an address together are what a civil register is asked by.
    """
    members = somebody.members
    names = [text_in(members.get(name)) for name in ("firstName", "lastName")]
    if any(names):
        addresses = every_object(members.get("addresses"), "addresses")
        street = any(text_in(address.get(name)) for address in addresses for name in _STREETS)
        return "civil_identity" if all(names) and text_in(members.get("dateOfBirth")) and street else "named"
    contacts = (*somebody.emails, *somebody.phones)
    if any(contact.verified for contact in contacts):
        return "verified_contact"
    return "handle" if contacts or has_handle(members) else "none"


def has_handle(members: Mapping[str, Any]) -> bool:
    """Say whether a name at a service is given."""
    single = any(text_in(members.get(name)) for name in ("espUserId", "profileUrl"))
    return single or any(
        text_in(some) for name in ("screenNames", "displayNames") for some in every(members.get(name), name)
    )


def add_records(place: Place, somebody: Somebody, *, victim: bool = False) -> None:
    """Add the earlier reports about a person, and the registry where the person is said to stand in it.

    A reporter's "no" is not a check of the registry and says nothing. Of a child nothing is added: earlier
    reports about a victim are no record.
    """
    numbers = [
        plain_number(part) or part
        for members in (somebody.members, *(account.members for _, account in somebody.own))
        for some in every(members.get("priorCTReports"), "priorCTReports")
        for part in _report_numbers(some)
    ]
    if victim:
        place.gathered.dropped["priorCTReports"] += len(set(numbers))
        return
    records = place.gathered.prior_records
    for number in dict.fromkeys(numbers):
        # Begins with the token of the earlier report, by which that report can be found.
        record_id = f"{place.token('source-report', number)}:{somebody.person_id}"
        records[record_id] = PriorRow(record_id, somebody.person_id, "prior_report", "other")
    if flag_in(somebody.members.get("convictedSexOffender")) == "asserted":
        record_id = place.token("registry", somebody.person_id)
        records[record_id] = PriorRow(record_id, somebody.person_id, "registry", "unknown")


def countries_of(place: Place, somebody: Somebody) -> dict[str, str]:
    """Return the countries that a person's statements name, by what they rest on; the first of each."""
    found: dict[str, str] = {}
    for location in every_object(somebody.members.get("espEstimatedLocations"), "espEstimatedLocations"):
        kept = take_members(place.gathered, location, "location")
        verified = flag_in(kept.get("verified")) == "asserted"
        found.setdefault("verified_location" if verified else "estimated", country_in(kept.get("country")))
    for address in every_object(somebody.members.get("addresses"), "addresses"):
        found.setdefault("address", country_in(address.get("country") or address.get("countrycode")))
    for phone in somebody.phones:
        found.setdefault("phone", phone.country)
    return {basis: country for basis, country in found.items() if country}


def _contacts(members: Mapping[str, Any], kind: str) -> list[Contact]:
    found = []
    for some in every(members.get(f"{kind}s"), f"{kind}s"):
        text, code, verified = text_in(some), "", False
        if isinstance(some, dict):
            code = text_in(some.get("countrycallingcode"))
            verified = flag_in(some.get("verified")) == "asserted"
        plain = plain_contact(kind, text, code)
        if plain and names_somebody(plain):
            found.append(Contact(plain, verified, calling_country(text, code) if kind == "phone" else ""))
    return sorted(found, key=lambda contact: not contact.verified)


def _report_numbers(some: object) -> list[str]:
    if isinstance(some, dict):
        some = some.get("value") or some.get("reportid") or some.get("id")
    return [part for part in text_in(some).replace(",", " ").replace(";", " ").split() if plain_number(part)]


def _kind_of(members: Mapping[str, Any]) -> str:
    kinds = load_cybertipline().associated_account
    return kinds.get(text_in(members.get("accountType")).lower(), "account")


def _identity_of_account(kind: str, account: Somebody) -> str:
    """Return how well an account identifies its holder: who pays under a name is named."""
    return highest([identity_of(account), NAMED if kind == NAMED else "none"])


def _age_of_accounts(accounts: Iterable[Somebody]) -> StatedAge:
    """Return the age that accounts agree on; none where they differ."""
    ages = {account.age for account in accounts} - {StatedAge()}
    return ages.pop() if len({band_of(age.years, PERSON_BANDS) for age in ages}) == 1 else StatedAge()
