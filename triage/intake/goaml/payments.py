"""One ``transaction`` of a bank's report: its sides, and for each customer a payment with a sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.intake.elements import count_unknown
from triage.intake.goaml.mapping import NEITHER, RECEIVER, SENDER
from triage.intake.goaml.money import channel_of, to_euro
from triage.intake.goaml.naming import said
from triage.intake.goaml.parties import (
    ACCOUNT,
    ENTITY,
    PERSON,
    Bank,
    is_said_true,
    read_party,
    read_person,
    traces_of,
)
from triage.intake.goaml.remarks import NO_RATE, NO_SIGN, UNKNOWN_CODE
from triage.intake.words import read_country

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from triage.intake.goaml.parties import Body, Party, Trace
    from triage.intake.xml import Element

OUT, IN, UNSIGNED = "out", "in", ""
_OPPOSITE = {OUT: IN, IN: OUT}
_SIDES = (
    ("t_from_my_client", "from", OUT, True),
    ("t_from", "from", OUT, False),
    ("t_to_my_client", "to", IN, True),
    ("t_to", "to", IN, False),
)
_KINDS = (PERSON, ACCOUNT, ENTITY)
# What is longer is no code, and could be a name.
_LONGEST_CODE = 6
_SIGN = {SENDER: OUT, RECEIVER: IN}


class Side(NamedTuple):
    """One side of a payment, or one party of an activity.

    Parameters
    ----------
    party : Party
        Who.
    sign : str
        ``out`` who pays, ``in`` who is paid, empty where that is not said.
    suspected : str
        What the bank holds of them, three-valued.
    country : str
        Where the money is on this side; empty when unknown.
    funds : str
        Code of what was paid with.
    conductor : Body or None
        Who acted for them.
    conductor_suspected : str
        What the bank holds of the one who acted.
    traces : tuple of Trace
        Devices of this payment.
    """

    party: Party
    sign: str
    suspected: str
    country: str
    funds: str
    conductor: Body | None
    conductor_suspected: str
    traces: tuple[Trace, ...]


class PaymentRow(NamedTuple):
    """A payment as it is for one side.

    Parameters
    ----------
    side : int
        Which side.
    handle : int
        Whose it is, among all parties.
    sign : str
        ``out``, ``in`` or empty.
    amount : Decimal or None
        In euro; out is negative.
    other : int or None
        The other side, among all parties.
    country : str or None
        Where the money is on the other side.
    """

    side: int
    handle: int
    sign: str
    amount: Decimal | None
    other: int | None
    country: str | None


class Payment(NamedTuple):
    """A transaction.

    Parameters
    ----------
    number : str
        The bank's number; empty where there is none.
    at : datetime or None
        When it was executed.
    channel : str
        How it was paid.
    rows : tuple of PaymentRow
        One for each side that has a row of its own.
    sides : tuple of Side
        All sides; not kept of reports that are not about children.
    """

    number: str
    at: datetime | None
    channel: str
    rows: tuple[PaymentRow, ...]
    sides: tuple[Side, ...]


def read_payment(bank: Bank, block: Element, number: int, currency: str) -> Payment:
    """Read a ``transaction``.

    Parameters
    ----------
    bank : Bank
        Where reading stands.
    block : Element
        The transaction.
    number : int
        Its place in the report.
    currency : str
        What ``amount_local`` is in.
    """
    dates = (block.value(name) for name in ("date_transaction", "value_date", "date_posting"))
    at = next((found for text in dates if text and (found := bank.time(text, "executed_at"))), None)
    foreign: list[tuple[str, str]] = []
    sides = [*_two_sides(bank, block, number, foreign), *_many_sides(bank, block, number, foreign)]
    local = block.value("amount_local")
    day = at.date() if at else None
    amount = to_euro([(currency, local), *_with_sign(foreign, local)], day, bank.mapping.rates)
    if amount is None and (local or foreign):
        bank.place.remark(NO_RATE)
    rows = tuple(_rows(sides, amount))
    if amount is not None and any(row.amount is None for row in rows):
        bank.place.remark(NO_SIGN)
    way = _code(bank, "transmode_code", block.value("transmode_code"), bank.mapping.transmode)
    channel = channel_of([*(side.funds for side in sides), way])
    return Payment(said(block.value("transactionnumber")), at, channel, rows, tuple(sides))


def read_activity(bank: Bank, activity: Element) -> Iterator[Side]:
    """Yield the parties of a report without payments."""
    for outer in activity.every("report_parties"):
        for place, party in enumerate(outer.every("report_party")):
            if side := _side_of_party(bank, party, f"activity{place}", []):
                yield side


def _two_sides(bank: Bank, block: Element, number: int, foreign: list[tuple[str, str]]) -> Iterator[Side]:
    for name, prefix, sign, client in _SIDES:
        for side in block.every(name):
            nameless = f"{number}{prefix}"
            found = ((kind, side.first(f"{prefix}_{kind}")) for kind in _KINDS)
            kind, inner = next(((kind, some) for kind, some in found if some is not None), (PERSON, None))
            conductor = side.first("t_conductor")
            if inner is None and conductor is None:
                continue
            acting = read_person(bank, conductor, f"{nameless}.by") if conductor is not None else None
            if inner is not None:
                party = read_party(bank, inner, kind, nameless, client=client)
            else:
                party = read_party(bank, conductor, PERSON, f"{nameless}.by", client=client)  # type: ignore[arg-type] # one of the two is there
            _add_foreign(side, f"{prefix}_foreign_currency", foreign)
            yield Side(
                party,
                sign,
                is_said_true(side.value(f"{prefix}_is_suspected")),
                read_country(side.value(f"{prefix}_country")),
                _code(bank, "funds_code", side.value(f"{prefix}_funds_code"), bank.mapping.funds),
                acting if inner is not None else None,
                is_said_true(side.value("conductor_is_suspected")),
                _traces(bank, side, f"{prefix}_transaction_additional_info"),
            )


def _many_sides(bank: Bank, block: Element, number: int, foreign: list[tuple[str, str]]) -> Iterator[Side]:
    for outer in block.every("involved_parties"):
        for place, party in enumerate(outer.every("party")):
            if side := _side_of_party(bank, party, f"{number}party{place}", foreign):
                yield side


def _side_of_party(bank: Bank, block: Element, nameless: str, foreign: list[tuple[str, str]]) -> Side | None:
    for kind in _KINDS:
        for name, client in ((f"{kind}_my_client", True), (kind, False)):
            if (inner := block.first(name)) is not None:
                role = _code(bank, "role", block.value("role"), bank.mapping.party_role)
                _add_foreign(block, "foreign_currency", foreign)
                return Side(
                    read_party(bank, inner, kind, nameless, client=client),
                    _SIGN.get(role, role if role == NEITHER else UNSIGNED),
                    is_said_true(block.value("is_suspected")),
                    read_country(block.value("country")),
                    _code(bank, "funds_code", block.value("funds_code"), bank.mapping.funds),
                    None,
                    "unknown",
                    _traces(bank, block, "transaction_additional_info"),
                )
    return None


def _rows(sides: list[Side], amount: Decimal | None) -> Iterator[PaymentRow]:
    """Yield the sides that have a row of their own, with the other side.

    The customers of the bank; where none is one, those whom the bank suspects, else the one who pays.
    """
    payers = [place for place, side in enumerate(sides) if side.sign != NEITHER]
    chosen = [place for place in payers if sides[place].party.client]
    chosen = chosen or [place for place in payers if sides[place].suspected == "asserted"]
    chosen = chosen or [place for place in payers if sides[place].sign == OUT][:1] or payers[:1]
    for place in chosen:
        sign = sides[place].sign
        others = [other for other in payers if other != place]
        if sign:
            others = [other for other in others if sides[other].sign == _OPPOSITE[sign]]
        # Of several who may face a side without a sign none is known to.
        facing = sides[others[0]] if others and (sign or len(others) == 1) else None
        yield PaymentRow(
            place,
            sides[place].party.main.handle,
            sign,
            amount if amount is None or sign == IN else -amount if sign == OUT else None,
            facing.party.main.handle if facing else None,
            (facing.country or None) if facing else None,
        )


def _code(bank: Bank, element: str, text: str, codes: Mapping[str, str]) -> str:
    """Return what a national code means; one that is not known is counted by its name."""
    code = text.upper()
    if not any(map(str.isalnum, code)):
        return "unknown"
    if code not in codes:
        bank.place.remark(UNKNOWN_CODE)
        short = code if len(code) <= _LONGEST_CODE else "?"
        count_unknown(bank.place.gathered.unknown, f"{element}:{short}")
        return "unknown"
    return codes[code]


def _add_foreign(block: Element, name: str, foreign: list[tuple[str, str]]) -> None:
    foreign += [
        (other.value("foreign_currency_code").upper(), other.value("foreign_amount"))
        for other in block.every(name)
    ]


def _with_sign(foreign: list[tuple[str, str]], local: str) -> Iterator[tuple[str, str]]:
    """Give amounts in other currencies the sign of the local one: they are written without."""
    for currency, amount in foreign:
        bare = amount.lstrip("+-")
        if bare.strip("0."):
            yield currency, f"-{bare}" if local.startswith("-") else bare


def _traces(bank: Bank, side: Element, name: str) -> tuple[Trace, ...]:
    return tuple(
        trace
        for outer in side.every(name)
        for device in outer.every("network_device")
        for trace in traces_of(bank, device, None)
    )
