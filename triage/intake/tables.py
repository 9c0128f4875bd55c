"""Read a folder of CSV files, one a canonical table."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pv

from triage.errors import InputRefusedError
from triage.intake.link import attach_cases
from triage.schema.batch import Batch, BatchMeta
from triage.schema.findings import Finding, Level
from triage.schema.part import SET_ASIDE_SCHEMA, mend_rows, settle
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_MEND = "put one CSV file a table into the folder (reports.csv, persons.csv, ...); docs/data-dictionary.md"


def read_csv_folder(folder: Path, as_of: datetime) -> Batch:
    """Read a folder of CSV files as a batch of one part.

    Parameters
    ----------
    folder : Path
        Holds ``reports.csv`` and any of the other tables; ``,`` or ``;`` between fields, ``|`` within a set.
    as_of : datetime
        The instant at which the batch is complete.

    Returns
    -------
    Batch
        Checked, mended, linked into cases. Its one part tells what was found and set aside.

    Raises
    ------
    InputRefusedError
        There is no ``reports.csv``, or a file cannot be read as CSV at all.
    """
    files = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    if "reports" not in files:
        raise InputRefusedError(
            "neither batch.json nor reports.csv", where=str(folder), expected="a batch", mend=_MEND
        )
    raw, where, broken, notes = {}, {}, [], []
    for stem, path in files.items():
        if stem not in TABLES:
            notes.append(_not_a_table(path))
            continue
        raw[stem], lines = _read_csv(path)
        where[stem] = path.name
        broken += [_broken_line(stem, path.name, line) for line in lines]
        notes += [_broken_finding(path.name, lines)] if lines else []
    rows = mend_rows(raw, where)
    rows.findings += notes
    rows.set_aside = pa.concat_tables([rows.set_aside, pa.Table.from_pylist(broken, schema=SET_ASIDE_SCHEMA)])
    attach_cases(rows)
    part = settle(rows, where, as_of)
    counts = {name: table.num_rows for name, table in part.tables.items()}
    meta = BatchMeta(name=folder.name, as_of=as_of, rows=counts, set_aside=part.set_aside.num_rows)
    return Batch(meta, lambda _index: part)


def _read_csv(path: Path) -> tuple[pa.Table, list[int]]:
    """Read every column as text; return the numbers of the lines that have too few or too many fields."""
    head = _head(path)
    broken: list[int] = []

    def skip(row: pv.InvalidRow) -> str:
        broken.append(row.number or 0)
        return "skip"

    names = [name.strip().strip('"') for name in head.split(_separator(head))]
    if not head.strip() or len(set(names)) < len(names):
        raise InputRefusedError(
            "no header" if not head.strip() else "a column name that stands twice",
            where=str(path),
            expected="a first line with the names of the columns",
            mend=_MEND,
        )
    options = {
        "parse_options": pv.ParseOptions(
            delimiter=_separator(head), newlines_in_values=True, invalid_row_handler=skip
        ),
        "convert_options": pv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    }
    encoding = "utf-8" if _is_utf8(path) else "latin-1"
    try:
        # One thread, so that line numbers are known.
        table = pv.read_csv(
            path, read_options=pv.ReadOptions(use_threads=False, encoding=encoding), **options
        )
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise InputRefusedError(
            f"cannot be read as CSV ({str(error).splitlines()[0][:120]})", where=str(path), mend=_MEND
        ) from error
    return table.rename_columns([name.strip() for name in table.column_names]), broken


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.readline(1 << 20).removeprefix(codecs.BOM_UTF8).decode("latin-1").rstrip("\r\n")
    except OSError as error:
        raise InputRefusedError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 22):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _separator(head: str) -> str:
    return ";" if head.count(";") > head.count(",") else ","


def _broken_line(table: str, where: str, line: int) -> dict[str, object]:
    return {
        "table": table,
        "where": where,
        "row": line - 1,
        "report_id": None,
        "reason": "the line has too few or too many fields",
        "mend": "look at the line in the source; mend it there and read again",
    }


def _broken_finding(where: str, lines: list[int]) -> Finding:
    return Finding(
        Level.ROW,
        where,
        "",
        lines[0] - 1,
        len(lines),
        "too few or too many fields",
        "as many fields as the header",
        "the row is set aside; look for a stray separator or quote",
    )


def _not_a_table(path: Path) -> Finding:
    return Finding(
        Level.NOTE,
        path.name,
        "",
        0,
        1,
        "a file that is no canonical table",
        ", ".join(f"{name}.csv" for name in TABLES),
        "it is not read",
    )
