"""Find the encoding, the separator and the names of columns of delimited text (CSV)."""

from __future__ import annotations

import codecs
import csv
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_COLUMNS = 4096
_SEPARATORS = (";", ",", "\t", "|")


class UnreadableHeaderError(Exception):
    """A first line that names no columns; `found` says why, without quoting it."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Header(NamedTuple):
    """The first line that says something.

    Parameters
    ----------
    names : tuple of str
        Of the columns, without blanks around them.
    separator : str
        What stands between fields.
    lines : int
        Lines that it takes, and that stand before it.
    """

    names: tuple[str, ...]
    separator: str
    lines: int


def find_encoding(beginning: bytes) -> str:
    r"""Return the encoding of a text, by its mark or its zero bytes; UTF-8 where nothing tells.

    Examples
    --------
    >>> find_encoding("a;b".encode("utf-16")), find_encoding("a;b".encode("utf-16-be")), find_encoding(b"a;b")
    ('utf-16', 'utf-16-be', 'utf-8')
    """
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = beginning[:512]
    for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        if head[start::2].count(0) > 0.7 * len(head[start::2]) and not head[1 - start :: 2].count(0):
            return encoding
    return "utf-8"


def as_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield blocks of a text as UTF-8 without a byte order mark; what cannot be decoded is left as it is."""
    if encoding == "utf-8":
        first = True
        for block in blocks:
            yield block.removeprefix(codecs.BOM_UTF8) if first else block
            first = False
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode()


def read_header(beginning: bytes) -> Header:
    r"""Find the header of a text in UTF-8.

    Parameters
    ----------
    beginning : bytes
        Of the text, or all of it.

    Raises
    ------
    UnreadableHeaderError
        There is none.

    Examples
    --------
    >>> read_header(b'sep=;\n"Case no"; Received \n1;2\n')
    Header(names=('Case no', 'Received'), separator=';', lines=2)
    """
    text = decode_text(beginning).replace("\r\n", "\n").replace("\r", "\n")
    skipped, separator = 0, ""
    lines = text.split("\n")
    for line in lines:
        if line.lower().startswith("sep=") and len(line) == 5:
            separator = line[4]
        elif line.strip():
            break
        skipped += 1
    else:
        raise UnreadableHeaderError("no header")
    separator = separator or max(_SEPARATORS, key=_unquoted(lines[skipped]).count)
    # A header of a form can hold whole questions, over several lines.
    reader = csv.reader(
        (f"{line}\n" for line in islice(lines, skipped, skipped + 100)), delimiter=separator, strict=True
    )
    try:
        fields = next(reader)
    except csv.Error:
        raise UnreadableHeaderError("a quote in the header that is not closed") from None
    names = tuple(" ".join(name.split()) for name in fields)
    if len(names) > MOST_COLUMNS:
        raise UnreadableHeaderError(f"more than {MOST_COLUMNS:,} columns")
    return Header(names, separator, skipped + reader.line_num)


def decode_text(content: bytes) -> str:
    """Return a text in UTF-8, or in Windows-1252 where it must be; a letter that is cut off is left out."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if error.end == len(content) and error.start > len(content) - 4 and "end of data" in error.reason:
            return content[: error.start].decode()
        return content.decode("cp1252", "replace")


def _unquoted(line: str) -> str:
    return "".join(line.split('"')[::2])
