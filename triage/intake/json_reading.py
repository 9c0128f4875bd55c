"""Read JSON that a stranger wrote: one record, a list of records, or a record a line, and limits.

What a document would fill is counted before it is built. Names of members are folded to small letters and
digits, since exports differ in their spelling; a number that is none, a name that stands twice and a text in
another encoding are told, and spoil nothing else.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import re
import zipfile
import zlib
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from triage.intake.documents import Unreadable
from triage.intake.imagery import REFUSED, names_imagery
from triage.intake.notes import Remark
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.limits import Limits

# Nothing that is read is longer; what is longer is free text, which is not kept.
MAX_TEXT = 8_192
_MAX_NAME = 64
_MAX_DIGITS = 30
_AGAIN = "ask the sender to send it again"
_LARGER = "ask the sender to split it, or raise the limit with --limit"
_DEEPER = (
    "look whether that can be, and raise the limit depth with --limit, or ask the sender to send it again"
)
_NO_JSON = "no well-formed JSON"
_NO_RECORD = "a record that is no JSON object"
_DAMAGES = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
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

_NAME = re.compile(r'"([^"\\]{1,64})"\s*:')
_OTHERS = bytes(sorted(set(range(256)) - set(b'"[]{},')))
_STEP, _COUNTS = np.zeros(256, np.int8), np.zeros(256, np.int8)
_STEP[[*b"[{"]], _STEP[[*b"]}"]], _COUNTS[[*b"[{,"]] = 1, -1, 1
_AT_ONCE = 2**20


class Record(NamedTuple):
    """One record of a document.

    Parameters
    ----------
    row : int
        Its place in the document, from 1; 0 where the document is one record.
    content : dict
        Its members by folded name.
    """

    row: int
    content: dict[str, Any]

    def fingerprint(self) -> bytes:
        """Return a hash that tells other contents of the same spelling; quick, and good for one run only."""
        return hashlib.sha256(marshal.dumps(self.content, 2)).digest()

    def digest(self) -> str:
        """Return a hash of what it says, the same however it is spaced and wherever it stands."""
        text = json.dumps(self.content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=8_192)
def fold_name(name: str) -> str:
    """Return the name of a member in small letters and digits.

    Examples
    --------
    >>> fold_name("reportedPersons"), fold_name("Reported_Persons")
    ('reportedpersons', 'reportedpersons')
    """
    return "".join(filter(str.isalnum, name[:_MAX_NAME])).lower()


def names_in(document: Document) -> frozenset[str]:
    """Return the folded names of members in the beginning of a document; none where it is no JSON.

    Raises
    ------
    Unreadable
        It cannot be opened, or is imagery.
    """
    return _names_in(document.beginning())


@lru_cache(maxsize=1)
def _names_in(beginning: bytes) -> frozenset[str]:
    if not beginning.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"{", b"[")):
        return frozenset()
    text = beginning.decode(json.detect_encoding(beginning), "replace")
    return frozenset(map(fold_name, _NAME.findall(text)))


def read_records(
    intake: Intake, document: Document, table: str = "reports", inside: Collection[str] = ()
) -> Iterator[Record]:
    """Yield the records of a document one by one, each counted; those that cannot be read are set aside.

    Parameters
    ----------
    intake : Intake
        All documents so far.
    document : Document
        One object, a list of objects, or one object a line.
    table : str
        What a record is.
    inside : collection of str
        Folded names of members under which an object may hold the list of records.

    Raises
    ------
    Unreadable
        Nothing of it can be read.
    """

    def tell(remark: Remark) -> None:
        intake.gathered.notes.add(remark, document.label)

    records = (
        _read_lines(intake, document, tell)
        if _is_lines(document.beginning())
        else _read_whole(intake.read_text(document), intake.limits, tell, inside)
    )
    for row, content in records:
        intake.count(document, table)
        if isinstance(content, dict):
            yield Record(row, content)
        elif isinstance(content, Unreadable):
            intake.set_aside(document, table, content.found, content.mend, why=content.why, row=row)
        else:
            intake.set_aside(document, table, _NO_RECORD, _AGAIN, row=row)


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
    text = _decode(content, tell)
    _require_modest(text, limits, listed=False)
    start = _past_blanks(text, 0)
    value, end = _scan(text, start, _decoder(tell))
    if _past_blanks(text, end) < len(text):
        raise Unreadable(_NO_JSON, _AGAIN)
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


def _read_whole(
    content: bytes, limits: Limits, tell: Callable[[Remark], None], inside: Collection[str]
) -> Iterator[tuple[int, Any]]:
    text = _decode(content, tell)
    at = _past_blanks(text, 0)
    if not text.startswith("[", at):
        whole = parse_json(content, limits, tell)
        listed = [whole[name] for name in inside if isinstance(whole, dict) and name in whole]
        if listed and isinstance(listed[0], list):
            yield from enumerate(listed[0], start=1)
        elif isinstance(whole, dict):
            yield 0, whole
        else:
            raise Unreadable(_NO_RECORD, _AGAIN)
        return
    _require_modest(text, limits, listed=True)
    decoder, row = _decoder(tell), 0
    at = _past_blanks(text, at + 1)
    if text.startswith("]", at):
        raise Unreadable("an empty list", "ask the sender whether there should be reports in it")
    while True:
        row += 1
        try:
            value, end = _scan(text, at, decoder)
            yield row, value
            at = _past_blanks(text, end)
            if text.startswith("]", at) and _past_blanks(text, at + 1) == len(text):
                return
            if not text.startswith(",", at):
                row += 1
                raise Unreadable("no well-formed JSON from here to the end of the document", _AGAIN)  # noqa: TRY301
            at = _past_blanks(text, at + 1)
        except Unreadable as error:
            if row == 1:
                raise
            found = f"{error.found}; how many reports are lost is not known"
            yield row, Unreadable(found, error.mend)
            return


def _is_lines(beginning: bytes) -> bool:
    """Say whether each line is an object of its own."""
    lines = [line for line in beginning.removeprefix(b"\xef\xbb\xbf").split(b"\n", 8) if line.strip()]
    return len(lines) > 1 and all(
        line.lstrip().startswith(b"{") and (line.rstrip().endswith(b"}") or place > 0)
        for place, line in enumerate(lines[:2])
    )


def _read_lines(
    intake: Intake, document: Document, tell: Callable[[Remark], None]
) -> Iterator[tuple[int, Any]]:
    limits, digest, row = intake.limits, hashlib.sha256(), 0
    document.size = 0
    try:
        with document.open() as file:
            while line := file.readline(limits.document_bytes + 1):
                digest.update(line)
                document.size += len(line)
                row += 1
                if (
                    document.size > limits.table_bytes
                    or row > limits.rows
                    or len(line) > limits.document_bytes
                ):
                    yield row, Unreadable("more than the limits allow; the rest is not read", _LARGER)
                    break
                if line.strip(b"\xef\xbb\xbf \t\r\n"):
                    yield row, _read_line(line, limits, tell)
    except _DAMAGES:
        yield row + 1, Unreadable("the file breaks off here", _AGAIN)
    document.digest = digest.hexdigest()


def _read_line(line: bytes, limits: Limits, tell: Callable[[Remark], None]) -> object:
    if names_imagery(line):
        return Unreadable("an image or a film inside a text", REFUSED)
    try:
        return parse_json(line, limits, tell)
    except Unreadable as error:
        return error


def _decode(content: bytes, tell: Callable[[Remark], None]) -> str:
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        if not encoding.startswith("utf-8"):
            raise Unreadable("a text in an encoding that cannot be read", "ask for UTF-8") from None
    tell(BAD_ENCODING)
    return content.decode("cp1252", "replace")


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _require_modest(text: str, limits: Limits, *, listed: bool) -> None:
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
            raise Unreadable(f"more than {limits.nodes:,} values", _LARGER)
        quotes, depth = int(quoted[-1]), int(level[-1]) if len(level) else depth


def _decoder(tell: Callable[[Remark], None]) -> json.JSONDecoder:
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


def _scan(text: str, at: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise Unreadable(_NO_JSON, _AGAIN) from None
