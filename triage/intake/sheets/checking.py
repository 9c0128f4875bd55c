"""Check what a mapping says of a column, so that a mistake is told before a sheet is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.sheets.kinds import DIRECTIVES, NAMES, NO, PERSONAL, RECIPES, WAYS, YES
from triage.intake.values import CHILD_BANDS, PERSON_BANDS
from triage.schema.declare import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.intake.checking import Checking

# What the program itself fills: where a row belongs, and what ties it to others.
_OWN = frozenset({"case_id", "report_id", "policy_id"})
_TIES = frozenset({("accounts", "person_id"), ("transactions", "person_id"), ("prior_records", "person_id")})
_TIES |= {("children", "person_id"), ("network_events", "account_id"), ("communications", "account_id")}
_TIES |= {("files", "account_id"), ("reports", "source_ref_hash")}
BANDS = {("persons", "age_band"): PERSON_BANDS, ("children", "age_band"): CHILD_BANDS}
BANDS["files", "youngest_age_band"] = (*CHILD_BANDS, (150, "18+"))


class Filling(NamedTuple):
    """How a column is filled.

    Parameters
    ----------
    column : Column
        The canonical column.
    way : str
        A name of `WAYS`.
    parts : mapping of str to tuple of str
        Setting -> columns of the sheet.
    options : mapping
        The other settings.
    """

    column: Column
    way: str
    parts: Mapping[str, tuple[str, ...]]
    options: Mapping[str, Any]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the sheet that it reads."""
        return tuple(column for columns in self.parts.values() for column in columns)


def read_filling(check: Checking, table: str, column: Column, given: Any, zone: str) -> Filling:
    """Return how a column is filled.

    Parameters
    ----------
    check : Checking
        Where the mapping is.
    table : str
        The canonical table.
    column : Column
        Its column.
    given : object
        What the mapping says: a code, or a table of settings.
    zone : str
        Time zone of times without an offset.

    Raises
    ------
    InputRefusedError
        It cannot be filled in that way.
    """
    if column.name in _OWN - {"report_id"} or (column.name == "report_id") or (table, column.name) in _TIES:
        raise check.refused("a column that the import fills itself", expected="leave it out")
    if not isinstance(given, dict):
        given = {"constant": given}
    way = next((name for name in WAYS if name in given), None)
    if way is None:
        raise check.refused(f"{', '.join(given) or 'nothing'}", expected="one of " + ", ".join(WAYS))
    known = WAYS[way]
    if column.kind not in known.fills:
        fit = [name for name, other in WAYS.items() if column.kind in other.fills]
        raise check.refused(f"{way} for a {column.kind.value}", expected="one of " + ", ".join(fit))
    check.settings(given, dict.fromkeys([way, *known.columns, *known.others]))
    parts = {name: check.columns(given[name], name) for name in known.columns if name in given}
    options = {name: given[name] for name in known.others if name in given}
    read = _SPECIAL.get(way)
    if read:
        parts, options = read(check, table, column, given)
    elif way in {"code", "country"}:
        options = _look_up(check, column, given)
    elif way in {"age", "minor", "born", "time"}:
        options = _moment(check, given, zone)
    _keep_nothing_personal(check, way, parts)
    if way in {"age", "born"} and (table, column.name) not in BANDS:
        raise check.refused("an age for something else", expected="one of " + ", ".join(map(".".join, BANDS)))
    return Filling(column, way, parts, options)


def _keep_nothing_personal(check: Checking, way: str, parts: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse to keep as a number or time what names a person, or to take a name for an identifier."""
    personal = {"number": PERSONAL, "time": PERSONAL, "token": NAMES}.get(way, frozenset())
    for part, columns in parts.items():
        if way == "token" and part != "own":
            continue
        for column in columns:
            if personal & set(re.findall(r"[a-z]+", column.lower())):
                found = f"the personal column {column!r} would be kept" if way != "token" else (
                    f"the name {column!r} as an identifier, which two people can share"
                )  # fmt: skip
                raise check.refused(
                    found, expected="a column that names nobody; a date of birth goes into { born = ... }"
                )


def _look_up(check: Checking, column: Column, given: Mapping[str, Any]) -> dict[str, Any]:
    words = given.get("words", {})
    if not isinstance(words, dict):
        raise check.refused(f"words = {words!r}", expected='words = { "word in the sheet" = "code" }')
    table = {" ".join(word.lower().split()): check.code(column, code) for word, code in words.items()}
    own = {code: code for code in column.codes} if not words else {}
    other = check.code(column, given["other"]) if "other" in given else None
    return {"words": own | table, "other": other}


def _flags(check: Checking, given: Mapping[str, Any]) -> dict[str, Any]:
    yes = check.words(given["yes"], "yes") if "yes" in given else YES
    no = check.words(given["no"], "no") if "no" in given else tuple(word for word in NO if word not in yes)
    if set(yes) & set(no):
        raise check.refused("a word that means yes and no", expected="either")
    return {"yes": frozenset(yes), "no": frozenset(no)}


def _moment(check: Checking, given: Mapping[str, Any], zone: str) -> dict[str, Any]:
    formats = given.get("formats", [])
    if not isinstance(formats, list):
        raise check.refused(f"formats = {formats!r}", expected='a list, such as ["%d/%m/%Y %H:%M"]')
    for text in formats:
        used = re.findall(r"%(.)", text) if isinstance(text, str) else []
        if not used or not set(used) <= DIRECTIVES or not set(used) & set("Yy"):
            raise check.refused(
                f"the format {text!r}",
                expected="day, month and year as %d, %m and %Y, time as %H:%M:%S; ISO 8601 needs no format",
            )
    return {"formats": tuple(formats), "zone": check.zone(given["zone"]) if "zone" in given else zone}


def _read_token(
    check: Checking, table: str, column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    made_of = RECIPES.get((table, column.name), ())
    inner = check.inside("token")
    constants = {f"{name}_is" for name in ("service", "device_type") if name in made_of}
    inner.settings(given["token"], (*made_of, *sorted(constants)))
    parts = {name: inner.columns(text, name) for name, text in given["token"].items() if name in made_of}
    options = {name: inner.text(given["token"][name], name) for name in constants if name in given["token"]}
    if not parts:
        raise inner.refused("a token of nothing", expected="one of " + ", ".join(made_of))
    if "address" in parts and "port" not in parts:
        raise inner.refused(
            "an address without a port, which many share", expected="port, or a device in its place"
        )
    return parts, options


def _read_present(
    check: Checking, _table: str, column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    named = given["present"]
    if column.kind == Kind.TRI:
        return {"asserted": check.columns(named, "present")}, {}
    if not isinstance(named, dict):
        raise check.refused(f"present = {named!r}", expected="{ code = [columns], ... }, the highest first")
    return {check.code(column, code): check.columns(names, code) for code, names in named.items()}, {}


def _read_set(
    check: Checking, _table: str, column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    if isinstance(given["set"], dict):
        return {
            check.code(column, code): check.columns(names, code) for code, names in given["set"].items()
        }, {"boxes": True, **_flags(check, given)}
    split = given.get("split", "")
    if not isinstance(split, str):
        raise check.refused(f"split = {split!r}", expected="what stands between two words")
    return {"set": check.columns(given["set"], "set")}, {"split": split, **_look_up(check, column, given)}


def _read_flag(
    check: Checking, _table: str, _column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    return {"flag": check.columns(given["flag"], "flag")}, _flags(check, given)


def _read_platform(
    check: Checking, _table: str, column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    if column.name != "platform_category":
        raise check.refused("a platform for something else", expected="platform_category")
    return {"platform": check.columns(given["platform"], "platform")}, {}


def _read_number(
    check: Checking, _table: str, _column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    decimal = given.get("decimal", ".")
    if decimal not in {".", ","}:
        raise check.refused(f"decimal = {decimal!r}", expected='"." or ","')
    return {"number": check.columns(given["number"], "number")}, {"decimal": decimal}


def _read_constant(
    check: Checking, _table: str, column: Column, given: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    value = given["constant"]
    if column.kind == Kind.CODES and isinstance(value, list):
        return {}, {"constant": [check.code(column, code) for code in value]}
    code = check.code(column, value)
    return {}, {"constant": [code] if column.kind == Kind.CODES else code}


_SPECIAL = {
    "token": _read_token,
    "present": _read_present,
    "set": _read_set,
    "flag": _read_flag,
    "platform": _read_platform,
    "number": _read_number,
    "constant": _read_constant,
}
