"""Which files a new list may replace: lists, and not the table that somebody made of the reports."""

from __future__ import annotations

import codecs
import zipfile
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from pathlib import Path

_STARTS = {".csv": b'"rank"', ".jsonl": b'{"rank"'}
_SHEET = b'name="About"'


def refuse_foreign(path: Path) -> None:
    """Refuse to replace a table that is no list of ours, whatever was said of replacing.

    Pages, Parquet files and queues are not looked into: nobody keeps a table of reports in one by hand.

    Parameters
    ----------
    path : Path
        Where a list is to be written.

    Raises
    ------
    InputRefusedError
        A file is there that begins otherwise.
    """
    if path.is_file() and path.stat().st_size and not _is_list(path):
        raise InputRefusedError(
            "a file that is no list of ours",
            where=str(path),
            expected="a list that was made before, to be replaced",
            mend="give another name, or remove the file yourself",
        )


def _is_list(path: Path) -> bool:
    ending = path.suffix.lower()
    if ending in _STARTS:
        with path.open("rb") as file:
            return file.read(64).removeprefix(codecs.BOM_UTF8).startswith(_STARTS[ending])
    if ending == ".xlsx":
        try:
            with zipfile.ZipFile(path) as book:
                return _SHEET in book.read("xl/workbook.xml")
        except (zipfile.BadZipFile, KeyError):
            return False
    return True
