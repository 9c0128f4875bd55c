"""The blocks of a report that describe the holder of an account: who it is, the account, its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.values import any_asserted, flag_of, is_true
from triage.intake.people import merge_account, name_account, name_person, plain_contact
from triage.intake.rows import AccountRow, EventRow
from triage.intake.traces import address_token, device_token
from triage.intake.values import Place, read_time
from triage.intake.words import platform_word

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from triage.intake.xml import Element

HANDLES = ("espIdentifier", "screenName", "profileUrl", "displayName")
CONTACTS = ("phone", "email", "address")
_ACCOUNT_SIGNS = (
    *HANDLES,
    "espService",
    "profileBio",
    "compromisedAccount",
    "groupIdentifier",
    "accountTemporarilyDisabled",
    "accountPermanentlyDisabled",
    "ipCaptureEvent",
    "deviceId",
)


def person_token(place: Place, block: Element, person: Element | None, number: str) -> str:
    """Return the token of the person whom a block names.

    Parameters
    ----------
    place : Place
        Where reading stands.
    block, person : Element
        The block, and the element in it that holds what identifies the person.
    number : str
        Distinguishes the block in its report.
    """
    contacts = ((kind, _contact(person, kind)) for kind in ("email", "phone"))
    return name_person(
        place,
        block.value("espService"),
        block.value("espIdentifier"),
        block.value("screenName"),
        contacts=contacts,
        number=number,
    )


def identity_of(block: Element, person: Element | None) -> str:
    """Return how well a block identifies a person: the highest level reached.

    A name, a date of birth and an address together are what a civil register is asked by.
    """
    if person is not None:
        if person.value("firstName") or person.value("lastName"):
            full = person.value("firstName") and person.value("lastName") and person.value("dateOfBirth")
            street = any(address.value("address") for address in person.every("address"))
            return "civil_identity" if full and street else "named"
        contacts = [*person.every("phone"), *person.every("email")]
        if any(is_true(contact.attribute("verified")) for contact in contacts):
            return "verified_contact"
        if contacts:
            return "handle"
    return "handle" if any(block.value(name) for name in HANDLES) else "none"


def add_account(place: Place, block: Element, person_id: str, names: Iterable[tuple[str, str]] = ()) -> str:
    """Add the account that a block describes, with its events, and return its token.

    Parameters
    ----------
    place : Place
        Where reading stands.
    block : Element
        The block.
    person_id : str
        Whose account it is.
    names : iterable of (str, str)
        Further names of the platform, each with the element it stands in.

    Returns
    -------
    str
        Token of the account; empty where the block says nothing of an account.
    """
    if not any(sign in block.children for sign in _ACCOUNT_SIGNS):
        return ""
    handle = block.value("espIdentifier") or block.value("screenName")
    account_id = name_account(place, person_id, block.value("espService"), handle)
    events = [*_read_events(place, block, account_id)]
    opened = [event.event_at for event in events if event.event_name == "registration" and event.event_at]
    merge_account(
        place.gathered,
        AccountRow(
            account_id,
            person_id,
            platform_category([("espService", block.value("espService")), *names]),
            min(opened, default=None),
            _account_status(place, block),
            flag_of(block.first("compromisedAccount")),
            "asserted" if block.value("groupIdentifier") else "unknown",
        ),
    )
    place.gathered.network_events += events
    return account_id


def platform_category(names: Iterable[tuple[str, str]]) -> str:
    """Return the category of the first name that a word of the mapping fits.

    Examples
    --------
    >>> platform_category([("espService", "ACME"), ("gameName", "Unheard Of")])
    'gaming'
    """
    by_element = load_mapping().platform_by_element
    fallback = ""
    for element, text in names:
        if text:
            category = platform_word(text)
            if category:
                return category
            fallback = fallback or by_element.get(element, "")
    return fallback or "other"


def read_event(place: Place, event: Element, event_id: str, account_id: str) -> EventRow:
    """Return the row of an ``ipCaptureEvent`` or ``deviceId``."""
    if event.name == "deviceId":
        link = device_token(place, event.value("idType"), event.value("idValue"))
        proxied = False
    else:
        link = address_token(place, event.value("ipAddress"), event.value("port"))
        proxied = any_asserted(event.every("possibleProxy"))
    return EventRow(
        event_id,
        account_id,
        load_mapping().event_name.get(event.value("eventName").lower(), "unknown"),
        read_time(place, event.value("dateTime"), "event_at"),
        link,
        "proxy_flagged" if proxied else "unknown",
    )


def _read_events(place: Place, block: Element, account_id: str) -> Iterable[EventRow]:
    for event in (*block.every("ipCaptureEvent"), *block.every("deviceId")):
        yield read_event(place, event, place.next_id("e"), account_id)


def _account_status(place: Place, block: Element) -> str:
    """Return the last measure: an account that came back is `reenabled` unless it was banned after that."""
    paused = [e for e in block.every("accountTemporarilyDisabled") if flag_of(e) == "asserted"]
    banned = [e for e in block.every("accountPermanentlyDisabled") if flag_of(e) == "asserted"]
    back = [e.attribute("reenabledDate") for e in paused if e.attribute("reenabledDate")]
    if back and not _later(place, banned, back):
        return "reenabled"
    if banned:
        return "permanently_disabled"
    return "temporarily_disabled" if paused else "unknown"


def _later(place: Place, banned: list[Element], back: list[str]) -> bool:
    bans = [read_time(place, e.attribute("disabledDate"), "account_status") for e in banned]
    returns = [read_time(place, text, "account_status") for text in back]
    ban, latest_return = _latest(bans), _latest(returns)
    return ban is not None and latest_return is not None and ban > latest_return


def _latest(times: list[datetime | None]) -> datetime | None:
    return max((at for at in times if at), default=None)


def _contact(person: Element | None, kind: str) -> str:
    """Return an e-mail address or phone number as it is compared; a verified one before others."""
    if person is None:
        return ""
    found = sorted(person.every(kind), key=lambda contact: not is_true(contact.attribute("verified")))
    plain = (plain_contact(kind, some.text, some.attribute("countryCallingCode")) for some in found)
    return next((contact for contact in plain if contact), "")
