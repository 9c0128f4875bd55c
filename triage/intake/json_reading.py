"""Read the records of a JSON document: one record, a list of records, or a record a line."""

from __future__ import annotations

import hashlib
import json
import marshal
import re
import zipfile
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.documents import Unreadable
from triage.intake.imagery import INSIDE, REFUSED, names_imagery
from triage.intake.json_values import (
    AGAIN,
    LARGER,
    decode_json,
    fold_name,
    make_decoder,
    parse_json,
    past_blanks,
    require_modest,
    scan_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.limits import Limits
    from triage.intake.notes import Remark

_NO_RECORD = "a record that is no JSON object"
_DAMAGES = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
_NAME = re.compile(r'"([^"\\]{1,64})"\s*:')


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
            intake.set_aside(document, table, _NO_RECORD, AGAIN, row=row)


def _read_whole(
    content: bytes, limits: Limits, tell: Callable[[Remark], None], inside: Collection[str]
) -> Iterator[tuple[int, Any]]:
    text = decode_json(content, tell)
    at = past_blanks(text, 0)
    if not text.startswith("[", at):
        whole = parse_json(content, limits, tell)
        listed = [whole[name] for name in inside if isinstance(whole, dict) and name in whole]
        if listed and isinstance(listed[0], list):
            yield from enumerate(listed[0], start=1)
        elif isinstance(whole, dict):
            yield 0, whole
        else:
            raise Unreadable(_NO_RECORD, AGAIN)
        return
    require_modest(text, limits, listed=True)
    decoder, row = make_decoder(tell), 0
    at = past_blanks(text, at + 1)
    if text.startswith("]", at):
        raise Unreadable("an empty list", "ask the sender whether there should be reports in it")
    while True:
        row += 1
        try:
            value, end = scan_value(text, at, decoder)
            yield row, value
            at = past_blanks(text, end)
            if text.startswith("]", at) and past_blanks(text, at + 1) == len(text):
                return
            if not text.startswith(",", at):
                row += 1
                raise Unreadable("no well-formed JSON from here to the end of the document", AGAIN)  # noqa: TRY301
            at = past_blanks(text, at + 1)
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
                    yield row, Unreadable("more than the limits allow; the rest is not read", LARGER)
                    break
                if line.strip(b"\xef\xbb\xbf \t\r\n"):
                    yield row, _read_line(line, limits, tell)
    except _DAMAGES:
        yield row + 1, Unreadable("the file breaks off here", AGAIN)
    document.digest = digest.hexdigest()


def _read_line(line: bytes, limits: Limits, tell: Callable[[Remark], None]) -> object:
    if names_imagery(line):
        return Unreadable(INSIDE, REFUSED)
    try:
        return parse_json(line, limits, tell)
    except Unreadable as error:
        return error
