"""Read XLSX workbooks: of a formula the value that was stored with it, dates as they are, no pictures."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Lists of cases unpack to some twenty times their size, and take a minute for each hundred million bytes.
MOST_BYTES, MOST_RATIO = 50_000_000, 60
MOST_ROWS = 1_048_576
DAMAGES = (
    OSError, EOFError, KeyError, ValueError, IndexError, TypeError, AttributeError, RuntimeError, zlib.error,
    zipfile.BadZipFile, ParseError, DefusedXmlException,
)  # fmt: skip


def read_workbook(path: Path, most_bytes: int = MOST_BYTES) -> Iterator[dict[str, Any]]:
    """Yield the rows of the first sheet below its header, by the names of the columns; empty rows too.

    Parameters
    ----------
    path : Path
        An XLSX file. Of a formula the value is read that was stored with it.
    most_bytes : int
        When unpacked, that are let pass whatever the size of the file: a small one can hold more than any
        memory.

    Raises
    ------
    InputRefusedError
        It is no workbook, or too large.
    """
    try:
        with path.open("rb") as file:
            size = unpacked_size(file)
            if size > most_bytes and size > MOST_RATIO * path.stat().st_size:
                raise InputRefusedError(f"{size:,} bytes when unpacked", where=str(path), mend="split it")
            with open_sheets(file) as sheets:
                lines = sheets[0]
                names = [str(name or "") for name in next(lines, ())]
                for line in lines:
                    yield dict(zip(names, line, strict=False))
    except DAMAGES as error:
        raise InputRefusedError(
            f"cannot be read ({type(error).__name__})", where=str(path), expected="an XLSX workbook"
        ) from error


def unpacked_size(file: BinaryIO) -> int:
    """Return the bytes of a workbook when unpacked, as its archive states them."""
    with zipfile.ZipFile(file) as archive:
        return sum(member.file_size for member in archive.infolist())


@contextmanager
def open_sheets(file: BinaryIO) -> Iterator[list[Iterator[tuple[Any, ...]]]]:
    """Open a workbook: for each sheet its rows, each the values of its cells.

    Parameters
    ----------
    file : binary file
        A workbook; links to other files are not followed.
    """
    # Slow to import, and most tables are not of this kind.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    with warnings.catch_warnings():
        # What openpyxl warns of quotes cells.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except InvalidFileException as error:
            raise ValueError(str(error)) from error
        try:
            for sheet in book.worksheets:
                # What a sheet says of its own size need not be true, and neither need the number of a row.
                sheet.reset_dimensions()
            yield [sheet.iter_rows(max_row=MOST_ROWS, values_only=True) for sheet in book.worksheets]
        finally:
            book.close()
