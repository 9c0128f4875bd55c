"""The parties of a payment: persons, accounts and firms become tokens, bands and codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from triage.intake.goaml.naming import (
    calling_code_of,
    contact_tokens,
    document_tokens,
    folded,
    is_iban,
    plain,
    said,
)
from triage.intake.goaml.who import Names, Parties
from triage.intake.traces import address_token, device_token
from triage.intake.values import PERSON_BANDS, Place, agree_age, band_of, read_time
from triage.intake.words import calling_country, read_country

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from triage.intake.goaml.mapping import GoamlMapping
    from triage.intake.xml import Element

_LONGEST_DATE = 10
PERSON, ACCOUNT, ENTITY = "person", "account", "entity"


class Body(NamedTuple):
    """A person or a firm, or whoever holds an account that names nobody.

    Parameters
    ----------
    handle : int
        Among all parties.
    band, level : str
        Age band, and how well identified.
    address, phone : str
        Country of an address and of a phone number; empty when unknown.
    is_person : bool
        Whether it is a natural person, as far as is known.
    """

    handle: int
    band: str = "unknown"
    level: str = "none"
    address: str = ""
    phone: str = ""
    is_person: bool = True


class AccountFacts(NamedTuple):
    """An account: token, when it was opened, what the bank did with it."""

    token: str
    opened: datetime | None
    status: str


class Trace(NamedTuple):
    """A device or address that was seen: link token and time."""

    link: str
    at: datetime | None


class Party(NamedTuple):
    """One party.

    Parameters
    ----------
    main : Body
        Who pays or is paid.
    holders : tuple of Body
        Others who hold the account.
    account : AccountFacts or None
        The account, where one is named.
    client : bool
        Whether it is a customer of the reporting bank.
    traces : tuple of Trace
        Its devices.
    """

    main: Body
    holders: tuple[Body, ...]
    account: AccountFacts | None
    client: bool
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """Where reading of a bank's report stands.

    Parameters
    ----------
    place : Place
        Rows so far, label, report; its scope is the bank's number.
    mapping : GoamlMapping
        Codes.
    parties : Parties
        Grows.
    """

    place: Place
    mapping: GoamlMapping
    parties: Parties

    def token(self, kind: str, *parts: str) -> str:
        """Return a token."""
        return self.place.token(kind, *parts)

    def time(self, text: str, column: str) -> datetime | None:
        """Read a time, local where it has no zone; none where it stands for "not known"."""
        if text and _day_of(text) in self.mapping.no_date:
            return None
        return read_time(self.place, text, column, self.mapping.zone)


def read_party(bank: Bank, block: Element, kind: str, nameless: str, *, client: bool) -> Party:
    """Read one party.

    Parameters
    ----------
    bank : Bank
        Where reading stands.
    block : Element
        The person, account or firm.
    kind : str
        Which of these it is.
    nameless : str
        Tells a party that is named by nothing from others of the report.
    client : bool
        Whether it is a customer of the reporting bank.
    """
    if kind == ACCOUNT:
        return _read_account(bank, block, nameless, client=client)
    read = read_person if kind == PERSON else _read_entity
    return Party(read(bank, block, nameless), (), None, client, tuple(_traces(bank, block)))


def read_person(bank: Bank, block: Element, nameless: str) -> Body:
    """Read a natural person."""
    stated = said(block.value("birthdate"))
    day = _day_of(stated)
    if day in bank.mapping.no_date:
        stated, day = "", None
    born = day.isoformat() if day else ""
    first = folded(block.value("first_name"))
    last = folded(block.value("prefix")) + folded(block.value("last_name"))
    documents = list(document_tokens(bank.place, block))
    strong = list(documents)
    if first and last and born:
        strong.append(bank.token("person", "born", last, first, born))
    strong = strong or [
        bank.token("person", bank.place.scope, bank.place.report_id, last, first)
        if last or first
        else bank.token("person", bank.place.scope, bank.place.report_id, nameless)
    ]
    contacts = tuple(contact_tokens(bank.place, block))
    addresses = [address for outer in block.every("addresses") for address in outer.every("address")]
    street = any(said(address.value("address")) for address in addresses)
    named = bool(first or last)
    if documents or (first and last and born and street):
        level = "civil_identity"
    else:
        level = "named" if named else "handle" if contacts else "none"
    phones = (
        calling_country(said(phone.value("tph_number")), calling_code_of(phone))
        for outer in block.every("phones")
        for phone in outer.every("phone")
    )
    countries = (read_country(address.value("country_code")) for address in addresses)
    return Body(
        bank.parties.add(Names(tuple(dict.fromkeys(strong)), contacts)),
        band_of(agree_age(bank.place, years="", born=stated).years, PERSON_BANDS),
        level,
        next(filter(None, countries), ""),
        next(filter(None, phones), ""),
    )


def traces_of(bank: Bank, block: Element, at: datetime | None) -> Iterator[Trace]:
    """Yield the device or the address that a ``network_device`` names; first the device."""
    place, number = bank.place, said(block.value("device_number"))
    if number and (link := device_token(place, "device_number", number)):
        yield Trace(link, at)
    for address in block.every("ip_address"):
        seen = bank.time(address.value("last_seen_date") or address.value("first_seen_date"), "event_at")
        for name in ("ipv4", "ipv6"):
            text = said(address.value(name))
            if text and (link := address_token(place, text, address.value("cgn_port"))):
                yield Trace(link, at or seen)


def _read_account(bank: Bank, block: Element, nameless: str, *, client: bool) -> Party:
    holders = list(_holders(bank, block, nameless))
    entity = block.first("t_entity")
    token, account = _account(bank, block)
    if holders:
        main, others = holders[0], tuple(holders[1:])
    elif entity is not None:
        main, others = _read_entity(bank, entity, nameless), ()
    else:
        own = token or bank.token("person", bank.place.scope, bank.place.report_id, nameless)
        main = Body(bank.parties.add(Names((own,))), level="handle" if token else "none")
        others = ()
    blocks = [block, *(inner for holder in _holding(block) for inner in _persons_in(holder))]
    traces = tuple(trace for some in blocks for trace in _traces(bank, some))
    return Party(main, others, account, client, traces)


def _account(bank: Bank, block: Element) -> tuple[str, AccountFacts | None]:
    """Return the token of whoever holds the account, as far as only its number is known, and the account."""
    iban = plain(block.value("iban")) or plain(block.value("account"))
    if not iban:
        return "", None
    if not is_iban(iban):
        where = said(block.value("swift")) or said(block.value("institution_code"))
        iban = f"{plain(where) or bank.place.scope} {iban}"
    code = block.value("status_code").upper()
    return bank.token("person", "account", iban), AccountFacts(
        bank.token("account", "bank", iban),
        bank.time(block.value("opened"), "account_opened_at"),
        bank.mapping.account_status.get(code, "unknown"),
    )


def _holding(block: Element) -> list[Element]:
    later = [h for outer in block.every("related_persons") for h in outer.every("account_related_person")]
    return [*block.every("signatory"), *later]


def _persons_in(holder: Element) -> list[Element]:
    return [*holder.every("t_person"), *holder.every("person")]


def _holders(bank: Bank, block: Element, nameless: str) -> Iterator[Body]:
    """Yield those who hold an account, the primary one first."""
    found = sorted(_holding(block), key=lambda holder: not _is_true(holder.value("is_primary")))
    for place, holder in enumerate(found):
        for person in _persons_in(holder) or ([holder] if holder.value("last_name") else []):
            yield read_person(bank, person, f"{nameless}.{place}")


def _read_entity(bank: Bank, block: Element, nameless: str) -> Body:
    number = plain(block.value("incorporation_number"))
    tax = plain(block.value("tax_number"))
    country = read_country(block.value("incorporation_country_code"))
    name = folded(block.value("name"))
    strong = [bank.token("person", "firm", country, number)] if number else []
    strong += [bank.token("person", "tax", country, tax)] if tax else []
    if not strong:
        scope = ("firm", name) if name else (bank.place.scope, bank.place.report_id, nameless)
        strong = [bank.token("person", *scope)]
    level = "named" if number or tax or name else "none"
    return Body(bank.parties.add(Names(tuple(strong))), level=level, is_person=False)


def _traces(bank: Bank, block: Element) -> Iterable[Trace]:
    for outer in block.every("network_devices"):
        for device in outer.every("network_device"):
            yield from traces_of(bank, device, None)


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:_LONGEST_DATE])
    except ValueError:
        return None


def _is_true(text: str) -> bool:
    return text.lower() in {"1", "true"}


def is_said_true(text: str) -> str:
    """Return the three-valued reading of a boolean.

    Examples
    --------
    >>> is_said_true("1"), is_said_true("false"), is_said_true("")
    ('asserted', 'denied', 'unknown')
    """
    if _is_true(text):
        return "asserted"
    return "denied" if text.lower() in {"0", "false"} else "unknown"
