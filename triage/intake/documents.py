"""The documents that a person points at: files, folders, archives, the standard input."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from triage.errors import InputRefusedError
from triage.intake.imagery import HEAD_BYTES, REFUSED, name_document, name_imagery
from triage.schema.findings import Finding, Level
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from triage.intake.limits import Limits

STDIN = "-"
ZIP = b"PK\x03\x04"
# A reader is found by the beginning of a document, or by all of it where it is short.
PEEK_BYTES = 2**20
_DAMAGES = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
# Files that archiving programs and desktops leave behind.
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class Unreadable(Exception):  # noqa: N818 - not an error of this program: what became of a document
    """A document that is not read.

    Parameters
    ----------
    found : str
        Why not; never a text from the document.
    mend : str
        The next step.
    why : Why
        The code of the reason.
    table : str
        What it would have been.
    """

    def __init__(self, found: str, mend: str, why: Why = Why.UNREADABLE, table: str = "reports") -> None:
        super().__init__(found)
        self.found, self.mend, self.why, self.table = found, mend, why, table


@dataclass
class Document:
    """One document, of which no more is read than must be.

    Parameters
    ----------
    position : int
        From 1, among all.
    label : str
        Its name and where it stood; it may hold a report number and is never written.
    open : callable
        Opens it from the beginning.
    digest, size : str, int
        SHA-256 and bytes of the whole, once it has been read.

    Examples
    --------
    >>> document = Document.of("in/a.xml", b"<report/>")
    >>> document.name, document.beginning(), document.read(100), len(document.digest)
    ('a.xml', b'<report/>', b'<report/>', 64)
    """

    position: int
    label: str
    open: Callable[[], AbstractContextManager[BinaryIO]] = field(repr=False)
    digest: str = ""
    size: int = 0
    _beginning: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, label: str, content: bytes, position: int = 1) -> Document:
        """Return a document that is in memory."""
        return cls(position, label, lambda: io.BytesIO(content))

    @classmethod
    def at(cls, path: Path, position: int = 1) -> Document:
        """Return a file."""
        return cls(position, str(path), lambda: path.open("rb"))

    @property
    def name(self) -> str:
        """Its own name without the folders."""
        return self.label.replace("\\", "/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of its name, in small letters."""
        return Path(self.name).suffix.lower()

    def beginning(self) -> bytes:
        """Return its first `PEEK_BYTES` bytes.

        Raises
        ------
        Unreadable
            It cannot be opened, or it is imagery, of which only `HEAD_BYTES` are read.
        """
        if self._beginning is None:
            with self._opened() as file:
                head = file.read(HEAD_BYTES)
                if kind := name_imagery(head):
                    raise Unreadable(kind, REFUSED, Why.IMAGERY)
                if kind := name_document(head):
                    raise Unreadable(kind, "ask for the data, not for the document; nothing of it was read")
                self._beginning = head + file.read(PEEK_BYTES - len(head))
        return self._beginning

    def read(self, most: int) -> bytes:
        """Return all of it, and take its digest and size.

        Raises
        ------
        Unreadable
            As for the beginning, or it is larger than `most` bytes.
        """
        content = self.beginning()
        if len(content) == PEEK_BYTES and most >= PEEK_BYTES:
            with self._opened() as file:
                content = file.read(most + 1)
        if len(content) > most:
            raise _too_large(most)
        self.digest, self.size = hashlib.sha256(content).hexdigest(), len(content)
        return content

    def blocks(self, most: int, size: int) -> Iterator[bytes]:
        """Yield all of it in blocks of a size, and take its digest and size at the end.

        Raises
        ------
        Unreadable
            As for the beginning, or it is larger than `most` bytes.
        """
        self.beginning()
        digest, total = hashlib.sha256(), 0
        with self._opened() as file:
            while block := file.read(size):
                digest.update(block)
                total += len(block)
                if total > most:
                    raise _too_large(most)
                yield block
        self.digest, self.size = digest.hexdigest(), total

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with self.open() as file:
                yield file
        except _DAMAGES as error:
            # What zipfile says of a member with a password.
            locked = type(error) is RuntimeError
            raise Unreadable(
                "locked with a password" if locked else "the file cannot be opened",
                "ask for it without a password" if locked else "check its path and its permissions",
            ) from None


def _too_large(most: int) -> Unreadable:
    return Unreadable(
        f"larger than {most:,} bytes", "ask the sender to split it, or raise the limit with --limit"
    )


def find_documents(
    paths: Sequence[Path], limits: Limits, tell: Callable[[Finding], None]
) -> Iterator[Document]:
    """Yield the documents in files, folders and archives, in order of their names.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders; ``-`` is the standard input.
    limits : Limits
        Of archives.
    tell : callable
        Is told what is passed over: hidden files, devices, folders without permission.

    Raises
    ------
    InputRefusedError
        A path does not exist.
    """
    position = 0
    for path in paths:
        if str(path) != STDIN and not path.exists():
            raise InputRefusedError("no such file or folder", where=str(path), mend="check the path")
    for path in paths:
        for file in [path] if str(path) == STDIN else _files(path, tell):
            for document in _from_stdin(limits) if str(file) == STDIN else _from_file(file, limits, tell):
                position += 1
                document.position = position
                yield document


def _files(path: Path, tell: Callable[[Finding], None]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, inside in os.walk(path, onerror=lambda e: tell(_skipped(e.filename, "no permission"))):
        names.sort()
        for file in sorted(Path(folder) / name for name in inside):
            if file.name.startswith("."):
                tell(_skipped(str(file), "a hidden file", level=Level.NOTE))
            elif not file.is_file():
                tell(_skipped(str(file), "a broken link, a device or a pipe"))
            else:
                yield file


def _from_stdin(limits: Limits) -> Iterator[Document]:
    content = sys.stdin.buffer.read(limits.table_bytes + 1)
    yield from _perhaps_archive(Document.of(STDIN, content), limits, lambda _finding: None)


def _from_file(file: Path, limits: Limits, tell: Callable[[Finding], None]) -> Iterator[Document]:
    yield from _perhaps_archive(Document.at(file), limits, tell)


def _perhaps_archive(
    document: Document, limits: Limits, tell: Callable[[Finding], None]
) -> Iterator[Document]:
    """Yield a document, or the members of the archive that it is; a workbook stays whole."""
    try:
        packed = document.beginning().startswith(ZIP)
    except Unreadable:
        packed = False
    if not packed:
        yield document
        return
    try:
        with document.open() as file, zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if any(member.filename == "[Content_Types].xml" for member in members):
                yield document
                return
            size = sum(member.file_size for member in members)
            if len(members) > limits.members or size > limits.archive_bytes:
                yield _refused(
                    document.label,
                    f"an archive of {len(members):,} files and {size:,} bytes",
                    "ask the sender to split it, or raise the limits members and archive_bytes with --limit",
                )
                return
            for member in sorted(members, key=lambda some: some.filename):
                label = f"{document.label}/{member.filename}"
                if member.filename.startswith(_LITTER) or member.filename.endswith(_LITTER):
                    tell(_skipped(label, "a file of the archiving program", level=Level.NOTE))
                elif _is_archive(archive, member):
                    yield _refused(label, "an archive in an archive", "unpack it, and import what is in it")
                else:
                    yield Document(1, label, _opener(archive, member))
    except _DAMAGES:
        yield _refused(document.label, "a damaged archive", "ask the sender to send it again")


def _opener(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> Callable[[], AbstractContextManager[BinaryIO]]:
    # zipfile stops at the size that the archive states for a member, so the check of the sizes holds.
    return lambda: archive.open(member)  # type: ignore[return-value] # ZipExtFile reads bytes


def _is_archive(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    if member.flag_bits & 1:
        return False
    try:
        with archive.open(member) as file:
            return file.read(4) == ZIP and not member.filename.lower().endswith(".xlsx")
    except _DAMAGES:
        return False


def _refused(label: str, found: str, mend: str) -> Document:
    def refuse() -> AbstractContextManager[BinaryIO]:
        raise Unreadable(found, mend)

    return Document(1, label, refuse)


def _skipped(where: str, found: str, *, level: Level = Level.FIELD) -> Finding:
    return Finding(
        level, where, "", 0, 1, found, "a plain file", "it is not read; give it by name if it is a report"
    )
