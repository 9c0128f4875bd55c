"""Parse JSON that a stranger wrote: what a document would fill is counted before it is built.

Names of members are folded to small letters and digits, since exports differ in their spelling; a number that
is none, a name that stands twice and a text in another encoding are told, and spoil nothing else.
"""

from __future__ import annotations

import json
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.intake.documents import Unreadable
from triage.intake.notes import Remark
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.intake.limits import Limits

# Nothing that is read is longer; what is longer is free text, which is not kept.
MAX_TEXT = 8_192
AGAIN = "ask the sender to send it again"
LARGER = "ask the sender to split it, or raise the limit with --limit"
NO_JSON = "no well-formed JSON"
_MAX_NAME = 64
_MAX_DIGITS = 30
_TOO_MANY = (
    "ask the sender to split it, to make it a plain list of reports or to write a report a line, or raise the"
    " limit nodes with --limit"
)
_DEEPER = (
    "look whether that can be, and raise the limit depth with --limit, or ask the sender to send it again"
)
_BLANKS = " \t\r\n\ufeff"

SAME_NAME = Remark(
    Level.FIELD,
    "",
    "one name twice in a JSON object",
    "each name once",
    "the last that says something counts",
)
BAD_NUMBER = Remark(
    Level.FIELD, "", "a number that is none or is out of range", "a finite number", "counts as unknown"
)
BAD_ENCODING = Remark(
    Level.FIELD,
    "",
    "a text that is not UTF-8",
    "UTF-8",
    "read as Windows-1252, so a name with accents may link to nothing; ask the sender for UTF-8",
)

_OTHERS = bytes(sorted(set(range(256)) - set(b'"[]{},')))
_STEP, _COUNTS = np.zeros(256, np.int8), np.zeros(256, np.int8)
_STEP[[*b"[{"]], _STEP[[*b"]}"]], _COUNTS[[*b"[{,"]] = 1, -1, 1
_AT_ONCE = 2**20


@lru_cache(maxsize=8_192)
def fold_name(name: str) -> str:
    """Return the name of a member in small letters and digits.

    Examples
    --------
    >>> fold_name("reportedPersons"), fold_name("Reported_Persons")
    ('reportedpersons', 'reportedpersons')
    """
    return "".join(filter(str.isalnum, name[:_MAX_NAME])).lower()


def parse_json(content: bytes, limits: Limits, tell: Callable[[Remark], None]) -> Any:
    """Return a value in which the members of objects have folded names.

    Parameters
    ----------
    content : bytes
        JSON in UTF-8, UTF-16 or UTF-32.
    limits : Limits
        Of depth and number of values.
    tell : callable
        Is told what is odd.

    Raises
    ------
    Unreadable
        It is no JSON, or passes a limit.

    Examples
    --------
    >>> from triage.intake.limits import Limits
    >>> parse_json(b'{"Report_Id": 71, "port": NaN}', Limits(), lambda remark: print(remark.found))
    a number that is none or is out of range
    {'reportid': 71, 'port': None}
    """
    text = decode_json(content, tell)
    require_modest(text, limits, listed=False)
    start = past_blanks(text, 0)
    value, end = scan_value(text, start, make_decoder(tell))
    if past_blanks(text, end) < len(text):
        raise Unreadable(NO_JSON, AGAIN)
    return value


def text_of(value: object) -> str:
    """Return a single value as text without blanks around it; empty for null, lists and objects.

    Examples
    --------
    >>> text_of(" a "), text_of(71), text_of(71.0), text_of(True), text_of(None), text_of([1])
    ('a', '71', '71', 'true', '', '')
    """
    if isinstance(value, str):
        return value[:MAX_TEXT].strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value) if isinstance(value, int) else ""


def list_of(value: object) -> list[Any]:
    """Return a list as it is, nothing as an empty list, and anything else as a list of one.

    Examples
    --------
    >>> list_of([1, 2]), list_of(None), list_of({"a": 1})
    ([1, 2], [], [{'a': 1}])
    """
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def objects_of(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list, or the one object that stands in its place.

    Examples
    --------
    >>> objects_of([{"a": 1}, 2, None]), objects_of({"a": 1}), objects_of("a")
    ([{'a': 1}], [{'a': 1}], [])
    """
    return [some for some in list_of(value) if isinstance(some, dict)]


def decode_json(content: bytes, tell: Callable[[Remark], None]) -> str:
    """Return the text of a document in UTF-8, UTF-16 or UTF-32; else as Windows-1252, and told.

    Raises
    ------
    Unreadable
        It cannot be decoded.
    """
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        if not encoding.startswith("utf-8"):
            raise Unreadable("a text in an encoding that cannot be read", "ask for UTF-8") from None
    tell(BAD_ENCODING)
    return content.decode("cp1252", "replace")


def past_blanks(text: str, at: int) -> int:
    """Return the place of the first letter from a place on that is no blank."""
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def require_modest(text: str, limits: Limits, *, listed: bool) -> None:
    """Refuse what nests too deep or holds too many values, a record each where it is a list of records."""
    # Pairs of backslashes go first, so that the backslash that is left before a quotation mark escapes it.
    bare = text.encode("utf-8", "surrogatepass").replace(rb"\\", b"").replace(rb"\"", b"")
    bare = bare.translate(None, _OTHERS)
    deepest = limits.depth + listed
    quotes = depth = values = 0
    for start in range(0, len(bare), _AT_ONCE):
        marks = np.frombuffer(bare, np.uint8, min(_AT_ONCE, len(bare) - start), start)
        quoted = quotes + np.cumsum(marks == ord('"'), dtype=np.int64)
        outside = marks[quoted % 2 == 0]
        level = depth + np.cumsum(_STEP[outside], dtype=np.int64)
        if level.max(initial=0) > deepest:
            raise Unreadable(f"values nested deeper than {limits.depth} levels", _DEEPER)
        counted = values + np.cumsum(_COUNTS[outside], dtype=np.int64)
        values = int(counted[-1]) if len(counted) else values
        most = values
        if listed:
            ends = counted[(outside == ord(",")) & (level == 1)]
            most = max(np.diff(ends, prepend=0, append=values))
            values -= int(ends[-1]) if len(ends) else 0
        if most > limits.nodes:
            raise Unreadable(
                f"more than {limits.nodes:,} values{' in one record' if listed else ''}", _TOO_MANY
            )
        quotes, depth = int(quoted[-1]), int(level[-1]) if len(level) else depth


def make_decoder(tell: Callable[[Remark], None]) -> json.JSONDecoder:
    """Return a decoder that folds the names of members, and tells of what is odd."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {fold_name(name): value for name, value in pairs}
        if len(found) < len(pairs):
            tell(SAME_NAME)
            found |= {fold_name(name): value for name, value in pairs if value is not None}
        return found

    def no_number(_text: str) -> None:
        tell(BAD_NUMBER)

    def whole(digits: str) -> int | None:
        if len(digits) > _MAX_DIGITS:
            tell(BAD_NUMBER)
            return None
        return int(digits)

    def broken(digits: str) -> float | None:
        number = float(digits)
        if not isfinite(number):
            tell(BAD_NUMBER)
            return None
        return number

    return json.JSONDecoder(
        object_pairs_hook=members, parse_int=whole, parse_float=broken, parse_constant=no_number, strict=False
    )


def scan_value(text: str, at: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    """Return the value that begins at a place, and where it ends.

    Raises
    ------
    Unreadable
        There is none.
    """
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise Unreadable(NO_JSON, AGAIN) from None
