"""Persons and accounts of a report, as they are merged: what one block says and another says again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.intake import notes as remarks
from triage.intake.rows import FLAG_ORDER, AccountRow, PersonRow

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def add_person(place: Place, row: PersonRow) -> None:
    """Add a person to the report; a second block about the same person is merged into the first."""
    persons = place.gathered.persons
    held = persons.setdefault((row.person_id, row.report_id), row)
    if held is row:
        return
    place.remark(remarks.SAME_PERSON)
    band = held.age_band
    if held.age_band == "unknown":
        band = row.age_band
    elif held.role == row.role and row.age_band not in {"unknown", held.age_band}:
        place.remark(remarks.BAND_CONFLICT)
        band = "unknown"
    persons[row.person_id, row.report_id] = held._replace(
        age_band=band, identity_level=highest((held.identity_level, row.identity_level))
    )


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
