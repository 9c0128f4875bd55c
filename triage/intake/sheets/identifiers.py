"""Tokens of reports, persons, accounts, devices and rows in the columns of a sheet.

The recipes are those of the other formats, so that the same person is the same person in each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from triage.intake import notes as remarks
from triage.intake.sheets.columns import BAD, TEXT, by_word, join
from triage.intake.traces import DEVICE, FIRST_FREE_PORT, routable

if TYPE_CHECKING:
    from triage.intake.sheets.checking import Filling
    from triage.intake.sheets.columns import Columns

# The scope of a mapping whose report numbers are those of NCMEC, which other formats carry too.
NCMEC = "ncmec"
_NOTHING = pa.scalar(None, TEXT)


def report_numbers(columns: Columns, report: tuple[str, ...]) -> pa.Array:
    """Return the sender's numbers of reports: digits without the zeros that workbooks eat, else the text."""
    text = columns.naming(*report)
    digits = pc.match_substring_regex(text, r"^[0-9]{1,30}$")
    plain = pc.utf8_ltrim(text, characters="0")
    return pc.if_else(digits, pc.if_else(pc.equal(plain, ""), pa.scalar("0"), plain), text)


def line_messages(columns: Columns) -> pa.Array:
    """Return all that stands on each line as one text, for lines that are reports without a number."""
    fields = [pc.fill_null(column.combine_chunks(), "") for column in columns.table.columns]
    return join("report", columns.scope, *fields)


def person_messages(filling: Filling | None, columns: Columns) -> pa.Array:
    """Return what makes each person's token; null where nothing identifies the person.

    The identifier at a service, else the screen name there, else an e-mail address, else a phone number, else
    the sheet's own number of the person.
    """
    if filling is None:
        return pa.nulls(len(columns), TEXT)
    parts = filling.parts
    service = _service(filling, columns)
    email = pc.utf8_lower(columns.naming(*parts.get("email", ())))
    digits = pc.replace_substring_regex(columns.naming(*parts.get("phone", ())), r"\D", "")
    phone = pc.if_else(pc.equal(digits, ""), _NOTHING, digits)
    return pc.coalesce(
        join("person", service, columns.naming(*parts.get("identifier", ()))),
        join("person", "screen", service, columns.naming(*parts.get("screen_name", ()))),
        join("person", "email", email),
        join("person", "phone", phone),
        join("person", "own", columns.scope, columns.naming(*parts.get("own", ()))),
    )


def account_messages(filling: Filling | None, columns: Columns, person: pa.Array) -> pa.Array:
    """Return what makes each account's token: whose it is, the service and the name there."""
    bare = join("account", person)
    if filling is None:
        return bare
    handle = columns.text(*filling.parts.get("identifier", ()), *filling.parts.get("screen_name", ()))
    service = _service(filling, columns)
    said = pc.or_(handle.is_valid(), service.is_valid())
    full = join("account", person, pc.fill_null(service, ""), pc.fill_null(handle, ""))
    return pc.if_else(said, full, bare)


def number_messages(scope: str, numbers: pa.Array) -> pa.Array:
    """Return what makes the tokens of report numbers; those of NCMEC are the same in all formats."""
    return join("source-report", *(() if scope == NCMEC else (scope,)), numbers)


def link_tokens(filling: Filling, columns: Columns) -> pa.Array:
    """Return the token of an address with its port, else of a device; null where many share it."""
    parts = filling.parts
    found = pa.nulls(len(columns), TEXT)
    if "address" in parts:
        digits = columns.text(*parts["port"])
        digits = pc.if_else(pc.match_substring_regex(digits, "^[0-9]{1,5}$"), digits, _NOTHING)
        port = pc.cast(digits, pa.int32())
        own = pc.and_(pc.greater_equal(port, FIRST_FREE_PORT), pc.less(port, 65_536))
        port = pc.if_else(own, port, pa.scalar(None, pa.int32()))
        # Without a port an address is shared by many, and whether it can be read does not matter.
        stated = pc.if_else(port.is_valid(), columns.text(*parts["address"]), _NOTHING)
        routed, bad = by_word(stated, _route, TEXT)
        columns.remark(remarks.BAD_ADDRESS, bad)
        found = columns.tokens(join("address", routed, pc.cast(port, TEXT)))
    if "device" in parts:
        device = pc.utf8_lower(columns.text(*parts["device"]))
        # Nothing but zeros means "withheld".
        device = pc.if_else(pc.equal(pc.utf8_trim(device, characters="0-: "), ""), _NOTHING, device)
        kind = columns.text(*parts.get("device_type", ()))
        kind = pc.utf8_lower(pc.fill_null(kind, filling.options.get("device_type_is", "")))
        token = columns.tokens(join("device", kind, device))
        found = pc.coalesce(found, pc.binary_join_element_wise(DEVICE, token, ""))
    return found


def _service(filling: Filling, columns: Columns) -> pa.Array:
    stated = columns.text(*filling.parts.get("service", ()))
    always = filling.options.get("service_is")
    return pc.utf8_lower(pc.fill_null(stated, always) if always else stated)


def _route(address: str) -> object:
    routed = routable(address)
    return BAD if routed is None else routed or None
