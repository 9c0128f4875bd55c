"""Read CSV: a folder of canonical tables, or one table of scores."""

from __future__ import annotations

import codecs
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.intake.delimited import BLOCK_BYTES, Lines, read_lines
from triage.intake.header import UnreadableHeaderError, find_encoding, read_header
from triage.intake.imagery import INSIDE, REFUSED, names_imagery
from triage.intake.link import attach_cases
from triage.schema.batch import Batch
from triage.schema.exporting import SET_ASIDE
from triage.schema.findings import Finding, Level, printable
from triage.schema.keys import mend_rows
from triage.schema.knowing import forget_future_knowing, stamp_enrichment
from triage.schema.meta import BatchMeta
from triage.schema.part import SET_ASIDE_SCHEMA, Rows, Why, no_set_aside
from triage.schema.settling import settle
from triage.schema.source import BROKEN, broken_finding
from triage.schema.tables import TABLES
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

_HEAD_BYTES = 2**20
_EDGE = 512
_MEND = "put one CSV file a table into the folder (reports.csv, persons.csv, ...); docs/data-dictionary.md"


class _Lines(NamedTuple):
    """A CSV file as text.

    Parameters
    ----------
    table : pyarrow.Table
        Its rows.
    numbers : array of int, shape (n_rows,)
        The line of each row, the header being line 1.
    broken : list of int
        The lines that are no rows.
    """

    table: pa.Table
    numbers: NDArray[np.int64]
    broken: list[int]


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
    raw, where, numbers, broken, notes = {}, {}, {}, [], []
    aside = files.pop(SET_ASIDE, None)
    for stem, path in files.items():
        if stem not in TABLES:
            notes.append(not_a_table(path))
            continue
        found = _read_csv(path)
        raw[stem] = found.table.rename_columns([name.lower() for name in found.table.column_names])
        where[stem], numbers[path.name] = path.name, found.numbers
        broken += [_broken_line(stem, path.name, line) for line in found.broken]
        notes += [broken_finding(path.name, found.broken[0] - 1, len(found.broken))] if found.broken else []
    rows = mend_rows({name: stamp_enrichment(name, table, as_of) for name, table in raw.items()}, where)
    for name, file in where.items():
        rows.tables[name] = forget_future_knowing(rows, rows.tables[name], as_of, file)
    _number_as_in_file(rows, numbers)
    rows.findings += notes
    earlier = read_set_aside(aside) if aside else no_set_aside()
    rows.set_aside = pa.concat_tables(
        [earlier, rows.set_aside, pa.Table.from_pylist(broken, schema=SET_ASIDE_SCHEMA)]
    )
    attach_cases(rows)
    part = settle(rows, where, as_of)
    counts = {name: table.num_rows for name, table in part.tables.items()}
    meta = BatchMeta(name=printable(folder.name), as_of=as_of, rows=counts, set_aside=part.set_aside.num_rows)
    return Batch(meta, lambda _index: part)


def _number_as_in_file(rows: Rows, numbers: dict[str, NDArray[np.int64]]) -> None:
    """Give rows the numbers that they have in their files: broken and empty lines are no rows, and count."""

    def number(where: str, row: int) -> int:
        lines = numbers.get(where, ())
        return int(lines[row - 1]) - 1 if 0 < row <= len(lines) else row

    rows.findings = [replace(found, row=number(found.where, found.row)) for found in rows.findings]
    aside = rows.set_aside
    counted = aside["row"].to_numpy().copy()
    for where, lines in numbers.items():
        here = np.asarray(pc.equal(aside["where"], where)) & (counted > 0) & (counted <= len(lines))
        counted[here] = lines[counted[here] - 1] - 1
    at = aside.column_names.index("row")
    rows.set_aside = aside.set_column(at, "row", pa.array(counted, pa.int64()))


def read_set_aside(path: Path) -> pa.Table:
    """Read what an export says was set aside, so that no report is lost on the way out and in again."""
    table, _, broken = _read_csv(path)
    if broken or table.column_names != SET_ASIDE_SCHEMA.names:
        raise InputRefusedError(
            "other columns" if not broken else f"{len(broken):,} lines that cannot be read",
            where=str(path), expected=", ".join(SET_ASIDE_SCHEMA.names), mend="export the batch again",
        )  # fmt: skip
    said = {
        name: pc.if_else(pc.equal(table[name], ""), pa.scalar(None, pa.string()), table[name])
        for name in table.column_names
    }
    digits = pc.match_substring_regex(said["row"], "^[0-9]{1,15}$")
    said["row"] = pc.if_else(digits, said["row"], pa.scalar(None, pa.string()))
    return pa.table(said).cast(SET_ASIDE_SCHEMA)


def read_scores(path: Path, columns: tuple[str, ...]) -> pa.Table:
    """Read a table of scores or outcomes, ours or anybody's, and insist on columns.

    Parameters
    ----------
    path : Path
        A Parquet file (``.parquet``), or a CSV file, of which every column is read as text.
    columns : tuple of str
        Columns that must be there.

    Raises
    ------
    InputRefusedError
        The file cannot be read, a line has too few or too many fields, or a column is not there.
    """
    table = _read_parquet(path) if path.suffix == ".parquet" else _read_whole_csv(path)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputRefusedError(
            f"no column {', '.join(missing)}",
            where=str(path),
            expected=f"columns {', '.join(columns)}; found {', '.join(table.column_names[:30])}",
        )
    return table


def _read_parquet(path: Path) -> pa.Table:
    require_plain(path)
    try:
        # Arrow would take a relative path such as s3:/list.parquet for a URL of its own.
        return pq.read_table(path.absolute())
    except (pa.ArrowException, OSError) as error:
        raise unreadable_parquet(path, error) from error


def unreadable_parquet(path: Path, error: Exception) -> InputRefusedError:
    """Return the error on a file that is no Parquet, or damaged."""
    return InputRefusedError(
        f"cannot be read ({str(error).splitlines()[0][:120]})", where=str(path), expected="a Parquet file"
    )


def _read_whole_csv(path: Path) -> pa.Table:
    table, _, broken = _read_csv(path)
    if broken:
        raise InputRefusedError(
            f"{len(broken):,} lines that cannot be read, the first line {broken[0]}",
            where=str(path),
            expected="as many fields on each line as in the header",
        )
    return table


def _read_csv(path: Path) -> _Lines:
    """Read every column as text."""
    names, found = read_csv_lines(path)
    blocks = list(found)
    table = pa.concat_tables([lines.table for lines in blocks]).rename_columns(list(names))
    numbers = np.concatenate([lines.numbers for lines in blocks])
    return _Lines(table, numbers, sorted(line for lines in blocks for line, _ in lines.broken))


def read_csv_lines(path: Path) -> tuple[tuple[str, ...], Iterator[Lines]]:
    """Return the names of the columns of a CSV file, and its lines block by block.

    Parameters
    ----------
    path : Path
        UTF-8, with a header.

    Raises
    ------
    InputRefusedError
        It cannot be read, has no header, or holds an image. An image is found where it stands, so that blocks
        before it may have been given.
    """
    try:
        header = read_header(_beginning(path))
    except UnreadableHeaderError as error:
        raise _no_header(path, error.found) from None
    if len(set(header.names)) < len(header.names):
        raise _no_header(path, "a column name that stands twice")
    # No canonical column holds a line break, so a quote that is not closed on its line is a mistake.
    return header.names, read_lines(_blocks(path), header, loose=False)


def _no_header(path: Path, found: str) -> InputRefusedError:
    return InputRefusedError(
        found, where=str(path), expected="a first line with the names of the columns", mend=_MEND
    )


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a file, without a byte order mark."""
    require_plain(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(_HEAD_BYTES)
    except OSError as error:
        raise InputRefusedError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if find_encoding(beginning) != "utf-8":
        raise InputRefusedError(
            "UTF-16 text", where=str(path), expected="UTF-8", mend="save it as CSV UTF-8 and read again"
        )
    return beginning.removeprefix(codecs.BOM_UTF8)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file without a byte order mark."""
    edge = b""
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK_BYTES), b""):
            # An image may begin in one block and go on in the next.
            if names_imagery(block) or (edge and names_imagery(edge + block[:_EDGE])):
                raise InputRefusedError(
                    INSIDE, where=str(path), expected="codes, tokens and times", mend=REFUSED
                )
            yield block if edge else block.removeprefix(codecs.BOM_UTF8)
            edge = block[-_EDGE:]


def _broken_line(table: str, where: str, line: int) -> dict[str, object]:
    return {"why": Why.UNREADABLE.value, "table": table, "where": where, "row": line - 1, **BROKEN}


def not_a_table(path: Path) -> Finding:
    """Return the finding on a file that is none of the tables."""
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
