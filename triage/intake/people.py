"""Persons and accounts of a report, as they are merged: what one block says and another says again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.intake import notes as remarks
from triage.intake.rows import FLAG_ORDER, AccountRow, PersonRow, ThreadRow
from triage.intake.words import names_somebody

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.intake.rows import Gathered
    from triage.intake.values import Place

LEVELS = ("none", "handle", "verified_contact", "named", "civil_identity")
# Where accounts are reported more than once, the gravest measure stands.
_STATUS_ORDER = ("permanently_disabled", "temporarily_disabled", "reenabled", "unknown")


def highest(levels: Iterable[str]) -> str:
    """Return the highest of several levels of identity.

    Examples
    --------
    >>> highest(["handle", "named", "none"])
    'named'
    """
    return max(levels, key=LEVELS.index, default="none")


def name_person(
    place: Place,
    service: str,
    identifier: str,
    screen_name: str,
    *,
    contacts: Iterable[tuple[str, str]],
    number: str,
) -> str:
    """Return the token of a person, the same in every format.

    From the identifier at the service, else the screen name there, else an e-mail address or phone number,
    else one that holds in this report only. An identifier without a service holds in this report only,
    because two platforms may give the same one to two people; a word such as "unknown" names nobody. Capitals
    count in a name and not in the name of a service.

    Parameters
    ----------
    place : Place
        Where reading stands.
    service : str
        The service that the identifier belongs to; where it is empty the report's platform stands for it.
    identifier, screen_name : str
        As the service gives them; either may be empty.
    contacts : iterable of (str, str)
        ``email`` or ``phone``, and the contact as `plain_contact` returns it.
    number : str
        Distinguishes the person in the report.
    """
    scope = (service or place.scope).lower()
    if scope:
        if names_somebody(identifier):
            return place.token("person", scope, identifier)
        if names_somebody(screen_name):
            return place.token("person", "screen", scope, screen_name)
    for kind, contact in contacts:
        if names_somebody(contact):
            return place.token("person", kind, contact)
    return place.token("person", place.report_id, number)


def plain_contact(kind: str, text: str, calling_code: str = "") -> str:
    """Return an e-mail address or phone number as it is compared.

    Parameters
    ----------
    kind : str
        ``email`` or ``phone``.
    text : str
        As it is written.
    calling_code : str
        The calling code, where the source gives it apart.

    Examples
    --------
    >>> plain_contact("email", " A@Example.com "), plain_contact("phone", "06 1234", "+31")
    ('a@example.com', '3161234')
    """
    text = text.strip()
    if kind == "email":
        return text.lower()
    digits = "".join(filter(str.isdigit, text))
    code = "" if text.startswith("+") else calling_code.lstrip("+")
    return code + digits.lstrip("0") if code and digits else digits


def name_account(place: Place, person_id: str, service: str, handle: str) -> str:
    """Return the token of an account.

    The person is part of it: who holds an account is what a report says, and reports may differ.
    """
    return place.token("account", person_id, (service or place.scope).lower(), handle)


def note_sole_person(place: Place, holders: Sequence[tuple[str, str]]) -> None:
    """Remember whose account events belong to that the report ties to nobody.

    Parameters
    ----------
    place : Place
        Where reading stands.
    holders : sequence of (str, str)
        Tokens of the reported persons, and of their accounts, which may be empty.
    """
    if len({person_id for person_id, _ in holders}) == 1:
        account_id = next((account_id for _, account_id in holders if account_id), "")
        place.gathered.sole_reported[place.report_id] = holders[0][0]
        place.gathered.accounts_for_events[place.report_id] = account_id


def add_person(place: Place, row: PersonRow) -> None:
    """Add a person to the report; a second block about the same person is merged into the first, and told."""
    held = place.gathered.persons.get((row.person_id, row.report_id))
    if held is not None:
        place.remark(remarks.SAME_PERSON)
        if held.role == row.role and _bands_conflict(held, row):
            place.remark(remarks.BAND_CONFLICT)
    merge_person(place.gathered, row)


def merge_person(gathered: Gathered, row: PersonRow) -> None:
    """Add a person; what another block of the report says of the same is merged into it.

    The first role stands, and of two roles the age of the first; of one role two ages cancel each other.
    """
    persons = gathered.persons
    held = persons.setdefault((row.person_id, row.report_id), row)
    if held is row:
        return
    band = held.age_band
    if held.age_band == "unknown":
        band = row.age_band
    elif held.role == row.role and _bands_conflict(held, row):
        band = "unknown"
    persons[row.person_id, row.report_id] = held._replace(
        age_band=band,
        identity_level=highest((held.identity_level, row.identity_level)),
        child_facing_role=min(held.child_facing_role, row.child_facing_role, key=FLAG_ORDER.index),
    )


def _bands_conflict(held: PersonRow, row: PersonRow) -> bool:
    return "unknown" not in {held.age_band, row.age_band} and held.age_band != row.age_band


def merge_account(gathered: Gathered, row: AccountRow) -> None:
    """Add an account; what another block says of the same is merged into it."""
    held = gathered.accounts.setdefault(row.account_id, row)
    if held is not row:
        opened = [at for at in (held.account_opened_at, row.account_opened_at) if at]
        gathered.accounts[row.account_id] = AccountRow(
            held.account_id,
            held.person_id,
            row.platform_category if held.platform_category == "other" else held.platform_category,
            min(opened, default=None),
            min(held.account_status, row.account_status, key=_STATUS_ORDER.index),
            min(held.compromised, row.compromised, key=FLAG_ORDER.index),
            min(held.group_member, row.group_member, key=FLAG_ORDER.index),
        )


def account_for_events(place: Place) -> str:
    """Return the account for what a report does not tie to a person.

    That is the account of the reported person where there is exactly one, else a placeholder's.
    """
    gathered = place.gathered
    held = gathered.accounts_for_events.get(place.report_id)
    if held:
        return held
    person_id = gathered.sole_reported.get(place.report_id) or placeholder(place)
    account_id = bare_account(place, person_id)
    gathered.accounts_for_events[place.report_id] = account_id
    return account_id


def bare_account(place: Place, person_id: str) -> str:
    """Add an account of which nothing is known but whose it is."""
    account_id = place.token("account", person_id)
    merge_account(place.gathered, AccountRow(account_id, person_id))
    return account_id


def placeholder(place: Place) -> str:
    """Return the person who stands for nobody in particular in a report, adding the row when needed."""
    person_id = place.token("person", place.report_id, "placeholder")
    if (person_id, place.report_id) not in place.gathered.persons:
        place.remark(remarks.NO_REPORTED_PERSON)
        place.gathered.persons[person_id, place.report_id] = PersonRow(person_id, place.report_id, "other")
    return person_id


def add_thread(place: Place, recipient: str, minor: bool | None, reported: Sequence[tuple[str, str]]) -> None:
    """Add the contact between the first reported person and a recipient.

    Parameters
    ----------
    place : Place
        Where reading stands.
    recipient : str
        Token of the recipient.
    minor : bool or None
        Whether the recipient is under 18, where that is stated.
    reported : sequence of (str, str)
        Tokens of the reported persons and of their accounts; of the latter empty ones where none is told.
    """
    if reported:
        person_id, account_id = reported[0]
        account_id = account_id or bare_account(place, person_id)
    else:
        account_id = bare_account(place, placeholder(place))
    stated = {True: "asserted", False: "denied", None: "unknown"}[minor]
    thread_id = place.token("thread", place.report_id, account_id, recipient)
    row = ThreadRow(thread_id, account_id, recipient, stated)
    held = place.gathered.communications.setdefault(thread_id, row)
    if FLAG_ORDER.index(stated) < FLAG_ORDER.index(held.counterpart_is_minor):
        place.gathered.communications[thread_id] = row
