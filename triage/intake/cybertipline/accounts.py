"""The blocks of a report that describe the holder of an account: who it is, the account, its events."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from triage.intake.cybertipline import notes as remarks
from triage.intake.cybertipline.mapping import load_mapping, platform_word
from triage.intake.cybertipline.rows import FLAG_ORDER, AccountRow, EventRow, PersonRow
from triage.intake.cybertipline.values import Place, any_asserted, flag_of, is_true, read_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from triage.intake.cybertipline.rows import Gathered
    from triage.intake.xml import Element

LEVELS = ("none", "handle", "verified_contact", "named", "civil_identity")
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
# Where accounts are reported more than once, the gravest measure stands.
_STATUS_ORDER = ("permanently_disabled", "temporarily_disabled", "reenabled", "unknown")
# The same address and port stand in many homes at once: such a pair would join strangers.
_SHARED_NETWORKS = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


def person_token(place: Place, block: Element, person: Element | None, number: str) -> str:
    """Return the token of the person whom a block names.

    From the identifier at the service, else the screen name there, else an e-mail address or phone number,
    else one that holds in this report only. An identifier without a service holds in this report only,
    because two platforms may give the same one to two people; a word such as "unknown" names nobody.

    Parameters
    ----------
    place : Place
        Where reading stands.
    block, person : Element
        The block, and the element in it that holds what identifies the person.
    number : str
        Distinguishes the block in its report.
    """
    scope = block.value("espService") or place.scope
    if scope:
        identifier = block.value("espIdentifier")
        if _names_somebody(identifier):
            return place.token("person", scope, identifier)
        screen = block.value("screenName")
        if _names_somebody(screen):
            return place.token("person", "screen", scope, screen)
    for kind in ("email", "phone"):
        contact = _contact(person, kind)
        if _names_somebody(contact):
            return place.token("person", kind, contact)
    return place.token("person", place.report_id, number)


def _names_somebody(text: str) -> bool:
    return text.strip().lower() not in load_mapping().nobody


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
    service = block.value("espService") or place.scope
    handle = block.value("espIdentifier") or block.value("screenName")
    # The person is part of it: who holds an account is what a report says, and reports may differ.
    account_id = place.token("account", person_id, service, handle)
    events = [*_read_events(place, block, account_id)]
    opened = [event.event_at for event in events if event.event_name == "registration" and event.event_at]
    _merge_account(
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
        link = _device_token(place, event)
        proxied = False
    else:
        link = _address_token(place, event)
        proxied = any_asserted(event.every("possibleProxy"))
    return EventRow(
        event_id,
        account_id,
        load_mapping().event_name.get(event.value("eventName").lower(), "unknown"),
        read_time(place, event.value("dateTime"), "event_at"),
        link,
        "proxy_flagged" if proxied else "unknown",
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
    _merge_account(place.gathered, AccountRow(account_id, person_id))
    return account_id


def placeholder(place: Place) -> str:
    """Return the person who stands for nobody in particular in a report, adding the row when needed."""
    person_id = place.token("person", place.report_id, "placeholder")
    if (person_id, place.report_id) not in place.gathered.persons:
        place.remark(remarks.NO_REPORTED_PERSON)
        place.gathered.persons[person_id, place.report_id] = PersonRow(person_id, place.report_id, "other")
    return person_id


def _read_events(place: Place, block: Element, account_id: str) -> Iterable[EventRow]:
    for event in (*block.every("ipCaptureEvent"), *block.every("deviceId")):
        yield read_event(place, event, place.next_id("e"), account_id)


def _merge_account(gathered: Gathered, row: AccountRow) -> None:
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
    for contact in found:
        text = contact.text.strip()
        if kind == "email" and text:
            return text.lower()
        digits = "".join(letter for letter in text if letter.isdigit())
        if digits:
            code = "" if text.startswith("+") else contact.attribute("countryCallingCode").lstrip("+")
            return code + digits.lstrip("0") if code else digits
    return ""


def _address_token(place: Place, event: Element) -> str | None:
    """Return the token of address and port; none without a port, or for an address that many share."""
    port, text = event.value("port"), event.value("ipAddress")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        return None
    address = routable(text)
    if address is None:
        place.remark(remarks.BAD_ADDRESS)
        return None
    return place.token("address", address, str(int(port))) if address else None


def routable(text: str) -> str | None:
    """Return an address in its one written form; empty when many share it, None when it is no address.

    Examples
    --------
    >>> routable("2001:DB8::0:1"), routable("192.168.1.1"), routable("somewhere")
    ('2001:db8::1', '', None)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    shared = any(address.version == net.version and address in net for net in _SHARED_NETWORKS)
    return "" if shared else str(address)


def _device_token(place: Place, event: Element) -> str | None:
    """Return the token of a device; none for an identifier of nothing but zeros, which means "withheld"."""
    kind, value = event.value("idType").lower(), event.value("idValue").lower()
    return place.token("device", kind, value) if value.strip("0-: ") else None
