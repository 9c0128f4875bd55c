"""The ways in which a column can be filled from a sheet, with what each of them may be told."""

from __future__ import annotations

from typing import NamedTuple

from triage.schema.declare import Kind

# Of flags in words, where the mapping gives none of its own.
YES = ("yes", "y", "true", "1", "x")
NO = ("no", "n", "false", "0")
PERSON = ("identifier", "screen_name", "email", "phone", "own")


class Way(NamedTuple):
    """A way of filling a column.

    Parameters
    ----------
    fills : tuple of Kind
        Kinds of columns that it can fill.
    columns : tuple of str
        Settings that name columns of the sheet: one, or a list; the way's own name is among them unless its
        value is no column.
    others : tuple of str
        Settings that hold something else.
    """

    fills: tuple[Kind, ...]
    columns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


WAYS: dict[str, Way] = {
    "token": Way((Kind.TOKEN,)),
    "code": Way((Kind.CODE, Kind.TRI), ("code",), ("words", "other")),
    "flag": Way((Kind.TRI,), ("flag",), ("yes", "no")),
    "minor": Way((Kind.TRI,), ("minor", "born"), ("formats",)),
    "time": Way((Kind.TIME,), ("time",), ("formats", "zone")),
    "age": Way((Kind.CODE,), ("age", "born"), ("formats",)),
    "born": Way((Kind.CODE,), ("born",), ("formats",)),
    "country": Way((Kind.COUNTRY,), ("country",), ("words",)),
    "number": Way((Kind.INTEGER, Kind.AMOUNT, Kind.SHARE), ("number",), ("decimal",)),
    "present": Way((Kind.TRI, Kind.CODE)),
    "set": Way((Kind.CODES,), (), ("split", "words", "other", "yes")),
    "platform": Way((Kind.CODE,), ("platform",)),
    "constant": Way((Kind.CODE, Kind.TRI, Kind.CODES, Kind.COUNTRY)),
}

# What a token may be made of; the same identifier gives the same token in every format.
RECIPES: dict[tuple[str, str], tuple[str, ...]] = {
    ("persons", "person_id"): (*PERSON, "service"),
    ("communications", "counterpart_id"): (*PERSON, "service"),
    ("accounts", "account_id"): ("identifier", "screen_name", "service"),
    ("network_events", "link_token"): ("address", "port", "device", "device_type"),
    ("prior_records", "record_id"): ("own", "report_number"),
    ("files", "file_id"): ("own",),
    ("children", "child_id"): ("own",),
    ("network_events", "event_id"): ("own",),
    ("communications", "thread_id"): ("own",),
    ("transactions", "transaction_id"): ("own",),
    ("transactions", "counterparty_token"): ("own",),
}
NAMES = frozenset({"name", "names", "naam", "surname", "firstname", "lastname", "fullname"})
_CONTACTS = "username nickname mail email phone telephone tel mobile address adres street postcode zip"
_OTHERS = "birth dob born geboren iban passport ssn bsn ip url nick"
# Words in the name of a sheet's column that say that it names a person: no number or time is read from it.
PERSONAL = NAMES | set(_CONTACTS.split()) | set(_OTHERS.split())
DIRECTIVES = frozenset("dmYyHMSbBIp")
