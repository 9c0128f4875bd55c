"""Read delimited text (CSV) in blocks: every line becomes a row, or is named with what is wrong with it."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from triage.intake.header import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from triage.intake.header import Header

BLOCK_BYTES = 8 * 2**20
# A row that is longer, or that a quotation mark draws over more lines, is a mistake and not a row.
MOST_ROW_BYTES, MOST_ROW_LINES = 2**20, 1000
TOO_LONG = "a line that is too long"
QUOTE = "a quotation mark that is not closed, or stands where none can"
FIELDS = "too few or too many fields"
NUL = "a byte of value zero"
HEADER = "the header again"


class Lines(NamedTuple):
    """Rows of one block, and the lines that are none.

    Parameters
    ----------
    table : pyarrow.Table
        Text, in the columns "0", "1", ... of the header.
    numbers : array of int, shape (n_rows,)
        The line on which each row begins, the first of the document being 1.
    hashes : array of int, shape (n_rows,)
        Equal for equal lines, in this process.
    broken : list of (int, str)
        Number of a line that became no row, and why.
    blank : int
        Lines that hold nothing.
    recoded : int
        Lines that are no UTF-8 and were read as Windows-1252.
    """

    table: pa.Table
    numbers: NDArray[np.int64]
    hashes: NDArray[np.int64]
    broken: list[tuple[int, str]]
    blank: int = 0
    recoded: int = 0


def read_lines(blocks: Iterable[bytes], header: Header, *, loose: bool = True) -> Iterator[Lines]:
    r"""Yield the rows below a header, block by block.

    Each line that says something is a row or is in `broken`. Where quotation marks make one row of several
    lines, it counts as its first line.

    Parameters
    ----------
    blocks : iterable of bytes
        Of a text in UTF-8 without a byte order mark.
    header : Header
        As found at its beginning.
    loose : bool
        Whether a field in quotation marks may hold line breaks, and a line of separators holds nothing.

    Examples
    --------
    >>> from triage.intake.header import read_header
    >>> text = b'no,note\n1,"a\nb"\n2\n3,"c\n4,d\n'
    >>> found = list(read_lines([text], read_header(text)))
    >>> [(lines.table["0"].to_pylist(), lines.numbers.tolist()) for lines in found]
    [(['1'], [2]), (['4'], [6])]
    >>> [line for lines in found for line, why in lines.broken]
    [4, 5]
    """
    splitting = _Splitting(header, loose=loose)
    for block in chain(blocks, (None,)):
        yield splitting.take(block)


class _Splitting:
    """Splits blocks into rows; what a block leaves unfinished begins the next."""

    def __init__(self, header: Header, *, loose: bool) -> None:
        self.header, self.loose = header, loose
        self.rest, self.endless = b"", False
        self.number = 1
        self.header_lines = header.lines
        self.head = b""
        separator = re.escape(header.separator)
        field = rf'(?:"(?:[^"]|"")*"|[^"{separator}]*)'
        self.shape = f"^{field}(?:{separator}{field})*\n?$"
        self.blanks = b'" \t' + header.separator.encode() if loose else b""
        self.begins_blank = np.isin(np.arange(256), [*self.blanks, *b"\n"])

    def take(self, block: bytes | None) -> Lines:
        """Return the rows that end in a block; None says that there is no further block."""
        last = block is None
        content = self.rest + (block or b"")
        held = b"\r" if content.endswith(b"\r") and not last else b""
        content = content[: len(content) - len(held)]
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = content.split(b"\n")
        self.rest = b"" if last else lines.pop() + held
        if self.endless and (lines or last):
            lines, self.number, self.endless = lines[1:], self.number + 1, False
        if last and lines and not lines[-1]:
            lines.pop()
        broken = []
        if self.endless or (len(self.rest) > MOST_ROW_BYTES and not last):
            if not self.endless:
                broken.append((self.number + len(lines), TOO_LONG))
            self.rest, self.endless = held, True
        skipped = min(self.header_lines, len(lines))
        if skipped:
            self.header_lines -= skipped
            self.head = lines[skipped - 1]
        first = self.number + skipped
        self.number += len(lines)
        found = self._rows(lines[skipped:], first, last=last)
        return found._replace(broken=found.broken + broken)

    def _rows(self, lines: list[bytes], first: int, *, last: bool) -> Lines:
        # What few lines have is looked for in all of them at once.
        whole, recoded = b"\n".join(lines), 0
        if not _is_utf8(whole):
            lines, recoded = _recode(lines)
            whole = b"\n".join(lines)
        count = len(lines)
        reasons = self._odd_lines(lines, whole)
        spans = self._spans(lines, whole, reasons, last=last)
        inside = np.zeros(len(lines), bool)
        for place, end in spans.items():
            lines[place] = b" ".join(lines[place : end + 1])
            inside[place + 1 : end + 1] = True
        said = np.ones(len(lines), bool)
        said[self._blank_lines(lines, whole)] = False
        keep = said & ~inside
        keep[list(reasons)] = False
        broken = [(first + place, reason) for place, reason in reasons.items() if said[place]]
        numbers = np.flatnonzero(keep) + first
        if not keep.all():
            lines = [lines[place] for place in np.flatnonzero(keep)]
        if spans or len(lines) < count:
            whole = b"\n".join(lines)
        table, misfits = self._parse(whole)
        fits = np.ones(len(lines), bool)
        fits[misfits] = False
        broken += [(int(numbers[place]), FIELDS) for place in misfits]
        hashes = np.fromiter(map(hash, lines), np.int64, len(lines))
        blank = int((~said & ~inside).sum())
        return Lines(table, numbers[fits], hashes[fits], sorted(broken), blank, recoded)

    def _blank_lines(self, lines: list[bytes], whole: bytes) -> list[int]:
        """Return the places of lines that hold nothing."""
        if not whole:
            return list(range(len(lines)))
        starts = np.minimum(_starts(whole)[: len(lines)], len(whole) - 1)
        suspects = np.flatnonzero(self.begins_blank[np.frombuffer(whole, np.uint8)[starts]])
        return [place for place in suspects.tolist() if not lines[place].strip(self.blanks)]

    def _odd_lines(self, lines: list[bytes], whole: bytes) -> dict[int, str]:
        """Return the places of lines that are no rows whatever stands around them."""
        odd: dict[int, str] = {}
        if max(map(len, lines), default=0) > MOST_ROW_BYTES:
            odd |= {place: TOO_LONG for place, line in enumerate(lines) if len(line) > MOST_ROW_BYTES}
        if b"\0" in whole:
            odd |= {place: NUL for place, line in enumerate(lines) if b"\0" in line}
        if self.head and self.head in lines:
            odd |= {place: HEADER for place, line in enumerate(lines) if line == self.head}
        return odd

    def _spans(
        self, lines: list[bytes], whole: bytes, reasons: dict[int, str], *, last: bool
    ) -> dict[int, int]:
        """Return where rows of several lines begin and end; add to `reasons` lines that no reading closes.

        Lines at the end that the next block may close are taken off `lines` and wait for it.
        """
        spans: dict[int, int] = {}
        done = 0
        for place in self._misshapen(whole):
            if place < done or place in reasons or self._is_row(lines[place]):
                continue
            end = self._closing(lines, place) if self.loose else None
            if end == len(lines) and not last and not self.endless and _size(lines[place:]) < MOST_ROW_BYTES:
                self.rest = b"\n".join([*lines[place:], self.rest])
                self.number -= len(lines) - place
                del lines[place:]
                for later in [some for some in reasons if some >= place]:
                    del reasons[later]
                break
            if end is None or end == len(lines) or not self._is_row(*lines[place : end + 1]):
                reasons[place] = QUOTE
                continue
            spans[place], done = end, end + 1
            for some in range(place, done):
                reasons.pop(some, None)
        return spans

    def _misshapen(self, whole: bytes) -> list[int]:
        """Return the places of lines with quotation marks that do not simply hold fields."""
        if b'"' not in whole:
            return []
        starts = _starts(whole)
        ends = pa.py_buffer(np.append(starts, len(whole)))
        lines = pa.Array.from_buffers(pa.large_binary(), len(starts), [None, ends, pa.py_buffer(whole)])
        quoted = pc.indices_nonzero(pc.match_substring(lines, '"'))
        shaped = pc.match_substring_regex(lines.take(quoted), self.shape)
        return list(pc.filter(quoted, pc.invert(shaped)).to_pylist())

    @staticmethod
    def _closing(lines: list[bytes], place: int) -> int | None:
        """Return where the quotation marks of a line are closed; the number of lines where none does yet."""
        marks = lines[place].count(b'"')
        for end in range(place + 1, min(place + MOST_ROW_LINES, len(lines))):
            marks += lines[end].count(b'"')
            if marks % 2 == 0:
                return end
        return len(lines) if place + MOST_ROW_LINES >= len(lines) else None

    def _is_row(self, *lines: bytes) -> bool:
        if _size(lines) > MOST_ROW_BYTES:
            return False
        texts = [f"{line.decode('utf-8', 'replace')}\n" for line in lines]
        try:
            rows = list(csv.reader(texts, delimiter=self.header.separator, strict=True))
        except csv.Error:
            return False
        # A mark that opens here and closes by chance far below would swallow the lines between.
        return len(rows) == 1 and (len(lines) == 1 or len(rows[0]) == len(self.header.names))

    def _parse(self, rows: bytes) -> tuple[pa.Table, list[int]]:
        """Return rows as a table of text, and the places of those with too few or too many fields."""
        names = [str(place) for place in range(len(self.header.names))]
        if not rows:
            return pa.table({name: pa.array([], pa.string()) for name in names}), []
        misfits: list[int] = []

        def skip(row: pv.InvalidRow) -> str:
            misfits.append((row.number or 1) - 1)
            return "skip"

        content = rows + b"\n"
        table = pv.read_csv(
            pa.BufferReader(content),
            # One thread, so that rows have numbers; one block, so that none is cut.
            read_options=pv.ReadOptions(use_threads=False, column_names=names, block_size=len(content) + 1),
            parse_options=pv.ParseOptions(
                delimiter=self.header.separator, invalid_row_handler=skip, ignore_empty_lines=False
            ),
            convert_options=pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
        return table, misfits


def _starts(text: bytes) -> NDArray[np.int64]:
    """Return where the lines of a text begin."""
    return np.append(0, np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1)


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _recode(lines: list[bytes]) -> tuple[list[bytes], int]:
    """Return lines as UTF-8; those that are none are read as Windows-1252."""
    texts = [decode_text(line).encode() for line in lines]
    return texts, sum(text != line for text, line in zip(texts, lines, strict=True))


def _size(lines: Iterable[bytes]) -> int:
    return sum(map(len, lines))
