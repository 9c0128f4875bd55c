"""Read the first sheet of an XLSX workbook."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Lists of cases unpack to some twenty times their size, and take a minute for each hundred million bytes.
MOST_BYTES, MOST_RATIO = 50_000_000, 60


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
    # Slow to import, and most tables are not of this kind.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > most_bytes and size > MOST_RATIO * path.stat().st_size:
            raise InputRefusedError(f"{size:,} bytes when unpacked", where=str(path), mend="split it")
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            lines = book.worksheets[0].iter_rows(values_only=True)
            names = [str(name or "") for name in next(lines, ())]
            for line in lines:
                yield dict(zip(names, line, strict=False))
        finally:
            book.close()
    except (OSError, KeyError, ValueError, IndexError, zipfile.BadZipFile, InvalidFileException) as error:
        raise InputRefusedError(
            f"cannot be read ({type(error).__name__})", where=str(path), expected="an XLSX workbook"
        ) from error
