"""Open what holds a table: delimited text, a workbook, JSON Lines; all give lines of text in columns."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from triage.intake.delimited import BLOCK_BYTES, Lines, read_lines
from triage.intake.documents import ZIP, Unreadable
from triage.intake.header import (
    MOST_COLUMNS,
    UnreadableHeaderError,
    as_utf8,
    find_encoding,
    read_header,
)
from triage.intake.imagery import INSIDE, REFUSED, names_imagery, pictures_among
from triage.intake.json_values import fold_name, list_of, parse_json, text_of
from triage.intake.workbook import DAMAGES, MOST_BYTES, MOST_RATIO, open_sheets
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from triage.intake.documents import Document
    from triage.intake.limits import Limits
    from triage.intake.notes import Remark

_AT_ONCE = 20_000
_SPLIT = "ask the sender to split it, or raise the limit with --limit"
_MOST_LINE = 2**20
_OBJECTS = 200
_ENDINGS = (".csv", ".tsv", ".tab")
_LOOKED_AT = 20
# So much of two blocks is looked at together, for an image that begins where one ends.
_EDGE = 256
NO_OBJECT = "no JSON object with values"


class Table(NamedTuple):
    """A table in a document.

    Parameters
    ----------
    names : tuple of str
        Of its columns.
    lines : iterator of Lines
        What stands below.
    serials : bool
        Whether bare numbers can be dates.
    """

    names: tuple[str, ...]
    lines: Iterator[Lines]
    serials: bool = False


def kind_of(document: Document) -> str:
    """Say what holds a table: ``workbook``, ``lines`` (JSON), ``text``; empty where it is no table at all.

    Raises
    ------
    Unreadable
        It cannot be opened, is imagery, or calls itself a table and has no header.
    """
    beginning = document.beginning()
    if beginning.startswith(ZIP):
        return "workbook"
    head = beginning[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    if head.startswith(b"{"):
        return "lines"
    if head and head[:1] in b"<[":
        return ""
    try:
        names = _header(beginning).names
    except UnreadableHeaderError as error:
        if document.suffix not in _ENDINGS:
            return ""
        mend = "ask for a table with the names of its columns on the first line"
        raise Unreadable(error.found, mend) from None
    return "text" if len(names) > 1 else ""


def looks_like_table(document: Document) -> bool:
    """Say whether a document is a table of whatever columns: a letter with a comma in its first line is none.

    Raises
    ------
    Unreadable
        It cannot be opened, or is imagery.
    """
    kind = kind_of(document)
    if kind != "text" or document.suffix in _ENDINGS:
        return bool(kind)
    header = _header(document.beginning())
    text = b"".join(as_utf8([document.beginning()], find_encoding(document.beginning())))
    lines = text.split(b"\n", header.lines + _LOOKED_AT)[: header.lines + _LOOKED_AT]
    rows = sum(len(found.numbers) for found in read_lines([b"\n".join(lines)], header))
    said = sum(bool(line.strip()) for line in lines[header.lines :])
    return rows > 0 and rows >= 0.8 * said


def headers_of(document: Document, limits: Limits) -> list[tuple[str, ...]]:
    """Return the names of the columns of each table in a document; none where it holds none.

    Raises
    ------
    Unreadable
        It cannot be opened, or is imagery or a workbook that holds some.
    """
    kind = kind_of(document)
    if kind == "text":
        return [_header(document.beginning()).names]
    if kind == "lines":
        names = _names_in_objects(document.beginning(), limits)
        return [names] if names else []
    if kind == "workbook":
        with _opened_workbook(document, limits) as sheets:
            return [names for names, _ in sheets]
    return []


@contextmanager
def open_tables(
    document: Document,
    limits: Limits,
    tell: Callable[[Remark], None],
    wanted: Iterable[str] = (),
    headless: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda _fields: (),
) -> Iterator[Iterator[Table]]:
    """Open the tables of a document, one after the other.

    Parameters
    ----------
    document : Document
        What `headers_of` found tables in.
    limits : Limits
        What may pass.
    tell : callable
        Is told what is odd.
    wanted : iterable of str
        Columns to look for in JSON Lines, where the first objects need not have all.
    headless : callable
        Returns the columns of delimited text whose first line is a row; none where it names them.

    Raises
    ------
    Unreadable
        Nothing of it can be read, or it passes a limit.
    """
    kind = kind_of(document)
    if kind == "workbook":
        document.read(limits.table_bytes)
        with _opened_workbook(document, limits) as sheets:
            yield (Table(names, _sheet_lines(names, rows), serials=True) for names, rows in sheets)
    elif kind == "lines":
        names = _names_in_objects(document.beginning(), limits)
        names = tuple(dict.fromkeys([*names, *map(fold_name, wanted)]))
        yield iter([Table(names, _json_lines(document, names, limits, tell))])
    else:
        header = _header(document.beginning())
        blocks = document.blocks(limits.table_bytes, BLOCK_BYTES)
        blocks = _without_imagery(as_utf8(blocks, find_encoding(document.beginning())))
        if columns := headless(header.names):
            header = header._replace(names=columns, lines=header.lines - 1)
            yield iter([Table(columns, map(_below_header, read_lines(blocks, header)))])
        else:
            yield iter([Table(header.names, read_lines(blocks, header))])


def _below_header(lines: Lines) -> Lines:
    """Return lines numbered as if a header stood above them, as rows are everywhere."""
    broken = [(number + 1, why) for number, why in lines.broken]
    return lines._replace(numbers=lines.numbers + 1, broken=broken)


def _header(beginning: bytes) -> Any:
    return read_header(b"".join(as_utf8([beginning], find_encoding(beginning))))


def _without_imagery(blocks: Iterable[bytes]) -> Iterator[bytes]:
    edge = b""
    for block in blocks:
        if names_imagery(block) or (edge and names_imagery(edge + block[:_EDGE])):
            raise Unreadable(INSIDE, REFUSED)
        edge = block[-_EDGE:]
        yield block


@contextmanager
def _opened_workbook(
    document: Document, limits: Limits
) -> Iterator[Iterator[tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]]]:
    content = io.BytesIO(document.read(limits.table_bytes))
    try:
        with zipfile.ZipFile(content) as archive:
            members = archive.infolist()
        size = sum(member.file_size for member in members)
        names = [member.filename for member in members]
        if pictures_among(names) or any("/media/" in name for name in names):
            raise Unreadable("a workbook that holds pictures", REFUSED, Why.IMAGERY)
        if size > limits.table_bytes or (size > MOST_BYTES and size > MOST_RATIO * document.size):
            raise Unreadable(f"a workbook of {size:,} bytes when unpacked", _SPLIT)
        with open_sheets(content) as sheets:
            yield ((_names(rows), rows) for rows in sheets)
    except DAMAGES as error:
        raise Unreadable(
            f"a workbook that cannot be read ({type(error).__name__})",
            "save it again as XLSX, or as CSV UTF-8",
        ) from None


def _names(rows: Iterator[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the first row that says something, read off a sheet."""
    for row in islice(rows, 100):
        names = [" ".join(_cell(value).split()) for value in row[:MOST_COLUMNS]]
        while names and not names[-1]:
            names.pop()
        if names:
            return tuple(names)
    return ()


def _sheet_lines(names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> Iterator[Lines]:
    first, width = 2, len(names)
    while part := list(islice(rows, _AT_ONCE)):
        texts = [tuple(map(_cell, row[:width])) + ("",) * (width - len(row)) for row in part]
        written = (value for row in part for value in row if isinstance(value, str))
        if names_imagery("\n".join(written).encode("utf-8", "replace")):
            raise Unreadable(INSIDE, REFUSED)
        yield _as_lines(width, dict(enumerate(texts, start=first)), [])
        first += len(part)


def _cell(value: object) -> str:
    """Return a cell as text: dates as ISO 8601, whole numbers without a point, nothing for errors."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "" if value.startswith("#") and value.endswith(("!", "?", "/A")) else value.replace("\0", "")
    if isinstance(value, datetime):
        return value.isoformat(sep="T", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return text_of(value) if isinstance(value, int | float) else str(value)


def _names_in_objects(beginning: bytes, limits: Limits) -> tuple[str, ...]:
    """Return the names of values in the first objects."""
    names: dict[str, None] = {}
    lines = filter(bytes.strip, beginning.split(b"\n"))
    for line in islice(lines, _OBJECTS):
        found = _object(line, limits, lambda _remark: None)
        if not isinstance(found, str):
            names |= dict.fromkeys(found)
    return tuple(names)[:MOST_COLUMNS]


def _json_lines(
    document: Document, names: tuple[str, ...], limits: Limits, tell: Callable[[Remark], None]
) -> Iterator[Lines]:
    """Yield objects as lines of text."""
    rows: dict[int, tuple[str, ...]] = {}
    broken: list[tuple[int, str]] = []
    number, rest = 0, b""
    for block in (*document.blocks(limits.table_bytes, BLOCK_BYTES), b"\n"):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > _MOST_LINE:
            raise Unreadable("a line that is too long", _SPLIT)
        for line in lines:
            number += 1
            if not line.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            found = INSIDE if names_imagery(line) else _object(line, limits, tell)
            if isinstance(found, str):
                broken.append((number, found))
            else:
                rows[number] = tuple(found.get(name, "") for name in names)
        if len(rows) >= _AT_ONCE:
            yield _as_lines(len(names), rows, broken)
            rows, broken = {}, []
    yield _as_lines(len(names), rows, broken)


def _object(line: bytes, limits: Limits, tell: Callable[[Remark], None]) -> dict[str, str] | str:
    """Return the values of an object by name; what is wrong where there is none."""
    if len(line) > _MOST_LINE:
        return "a line that is too long"
    try:
        found = parse_json(line, limits, tell)
    except Unreadable as error:
        return error.found
    return _flat(found) if isinstance(found, dict) and found else NO_OBJECT


def _flat(given: dict[str, Any], above: str = "") -> dict[str, str]:
    """Return an object's single values by name, of objects within by both names; lists as sets."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{name}")
        else:
            found[f"{above}{name}"] = "|".join(filter(None, map(text_of, list_of(value)))).replace("\0", "")
    return found


def _as_lines(width: int, rows: dict[int, tuple[str, ...]], broken: list[tuple[int, str]]) -> Lines:
    said = {number: row for number, row in rows.items() if any(row)}
    columns = list(zip(*said.values(), strict=True)) or [()] * width
    table = pa.table({str(place): pa.array(column, pa.string()) for place, column in enumerate(columns)})
    hashes = np.fromiter(map(hash, said.values()), np.int64, len(said))
    numbers = np.fromiter(said, np.int64, len(said))
    return Lines(table, numbers, hashes, broken, len(rows) - len(said))
