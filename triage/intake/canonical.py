"""Open canonical tables that are no batch yet: Parquet or CSV, one file a table or many."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.intake.link import capped_findings, link_reports
from triage.intake.tables import not_a_table, read_csv_lines, read_set_aside, unreadable_parquet
from triage.schema.batch import PART_CASES, SET_ASIDE_FILE, read_set_aside_rows
from triage.schema.declare import Kind
from triage.schema.exporting import SET_ASIDE
from triage.schema.findings import printable
from triage.schema.meta import META_FILE, BatchMeta, read_meta
from triage.schema.part import no_set_aside
from triage.schema.partitioning import Partitioned, partition_batch
from triage.schema.source import Block, Source, SourceFile
from triage.schema.tables import TABLES
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from triage.schema.findings import Finding

BLOCK_ROWS = 2**16
ENDINGS = (".parquet", ".csv")
_CODED = {Kind.CODE, Kind.TRI, Kind.COUNTRY}
_LINE_BYTES = 64


def partition_folder(
    folder: Path,
    out: Path,
    as_of: datetime | None = None,
    *,
    cases: int = PART_CASES,
    anew: bool = False,
    force: bool = False,
) -> Partitioned:
    """Make a batch of a folder of canonical tables, however large, in whatever order.

    Parameters
    ----------
    folder : Path
        Of each table ``TABLE.parquet``, ``TABLE.csv`` or a folder ``TABLE`` with such files; a batch as well.
    out : Path
        The batch folder to make.
    as_of : datetime, optional
        The instant at which the data are complete. Default: what ``batch.json`` says, or else now.
    cases : int
        How many whole cases make a part.
    anew : bool
        Link the reports whatever cases they state.
    force : bool
        Replace a batch that is there.

    Raises
    ------
    InputRefusedError
        There are no reports, a table is there twice, or a file cannot be read.
    OutputExistsError
        The folder exists and `force` is false.
    """
    return partition_batch(
        find_tables(folder, out.name, as_of), out, _link, cases=cases, anew=anew, force=force
    )


def find_tables(folder: Path, name: str, as_of: datetime | None = None) -> Source:
    """Look at a folder of canonical tables.

    Parameters
    ----------
    folder : Path
        As in `partition_folder`.
    name : str
        Name of the batch to be, where the folder is none.
    as_of : datetime, optional
        As in `partition_folder`.

    Raises
    ------
    InputRefusedError
        There are no reports, a table is there twice, or a file cannot be read.
    """
    if not folder.is_dir():
        raise InputRefusedError(
            "is a file, not a folder" if folder.exists() else "no such folder",
            where=str(folder), expected="a folder of tables (reports.parquet, ...)", mend="check the path",
        )  # fmt: skip
    files: list[SourceFile] = []
    rows = 0
    for table in TABLES:
        for path in _files_of(folder, table):
            found, count = (_open_parquet if path.suffix == ".parquet" else _open_csv)(folder, path, table)
            files.append(found)
            rows += count
    if not any(file.table == "reports" for file in files):
        raise InputRefusedError(
            "no reports", where=str(folder), expected="reports.parquet, reports.csv or reports/ with such",
            mend="name the tables as in docs/data-dictionary.md",
        )  # fmt: skip
    others = sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}"))
    notes = [not_a_table(path) for path in others if path.stem not in {*TABLES, SET_ASIDE}]
    if (folder / META_FILE).is_file():
        meta = read_meta(folder / META_FILE)
        aside = read_set_aside_rows(folder / SET_ASIDE_FILE, meta)
        _require_rows(folder, files, meta)
        return Source(files, replace(meta, as_of=as_of or meta.as_of), rows, notes, aside, is_batch=True)
    aside = no_set_aside()
    if (folder / f"{SET_ASIDE}.csv").is_file():
        aside = read_set_aside(folder / f"{SET_ASIDE}.csv")
    now = datetime.now(UTC).replace(microsecond=0)
    return Source(files, BatchMeta(printable(name), as_of or now), rows, notes, aside)


def holds_parquet(folder: Path) -> bool:
    """Say whether a folder holds reports in Parquet files."""
    return (folder / "reports.parquet").is_file() or any((folder / "reports").glob("*.parquet"))


def _files_of(folder: Path, table: str) -> list[Path]:
    """Return the files of a table: one beside the others, or those of its folder."""
    alone = [folder / f"{table}{ending}" for ending in ENDINGS]
    ways = [[path] for path in alone if path.exists()]
    if (folder / table).is_dir():
        within = sorted(path for path in (folder / table).rglob("*") if path.is_file())
        ways.append([path for path in within if path.suffix in ENDINGS])
        odd = [path for path in within if path.suffix not in ENDINGS and not path.name.startswith((".", "_"))]
        if odd:
            raise InputRefusedError(
                "neither Parquet nor CSV", where=str(odd[0]), expected=f"files of {table}", mend="take it out"
            )  # fmt: skip
    if len(ways) > 1:
        found = ", ".join(str(way[0].relative_to(folder)) for way in ways if way)
        raise InputRefusedError(
            f"{table} stands there twice: {found}", where=str(folder),
            expected="one file a table, or one folder a table", mend="take out one of them",
        )  # fmt: skip
    return ways[0] if ways else []


def _open_parquet(folder: Path, path: Path, table: str) -> tuple[SourceFile, int]:
    require_plain(path)
    with _reading(path), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    names = _lower(schema.names, path)
    # Codes are few: read as a dictionary they are checked once each.
    coded = [
        field.name
        for field, name in zip(schema, names, strict=True)
        if name in TABLES[table] and TABLES[table][name].kind in _CODED and pa.types.is_string(field.type)
    ]

    def read() -> Iterator[Block]:
        start = 1
        with _reading(path), pq.ParquetFile(path, read_dictionary=coded) as file:
            for batch in file.iter_batches(BLOCK_ROWS):
                rows = pa.Table.from_batches([batch]).rename_columns(list(names))
                yield Block(rows, np.arange(start, start + rows.num_rows), np.zeros(0, np.int64))
                start += rows.num_rows

    return SourceFile(table, str(path.relative_to(folder)), names, _origin(path, "parquet"), read), rows


def _open_csv(folder: Path, path: Path, table: str) -> tuple[SourceFile, int]:
    names = _lower(read_csv_lines(path)[0], path)

    def read() -> Iterator[Block]:
        for lines in read_csv_lines(path)[1]:
            broken = np.array(sorted(line for line, _ in lines.broken), np.int64)
            yield Block(lines.table.rename_columns(list(names)), lines.numbers - 1, broken - 1)

    origin = _origin(path, "csv")
    return SourceFile(table, str(path.relative_to(folder)), names, origin, read), origin[
        "bytes"
    ] // _LINE_BYTES


def _lower(names: Sequence[str], path: Path) -> tuple[str, ...]:
    lower = tuple(name.lower() for name in names)
    if len(set(lower)) < len(lower):
        raise InputRefusedError(
            "a column name that stands twice",
            where=str(path),
            expected="each column once",
            mend="rename one of them",
        )
    return lower


def _origin(path: Path, kind: str) -> dict[str, Any]:
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
            "kind": kind,
        }


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    try:
        yield
    except pa.ArrowException as error:
        raise unreadable_parquet(path, error) from error


def _require_rows(folder: Path, files: list[SourceFile], meta: BatchMeta) -> None:
    """Insist that a batch holds what it says: else a part is missing."""
    found = dict.fromkeys(TABLES, 0)
    for file in files:
        if file.where.endswith(".parquet"):
            found[file.table] += pq.read_metadata(folder / file.where).num_rows
    for name, count in found.items():
        if count != meta.rows.get(name, 0):
            raise InputRefusedError(
                f"{count:,} rows where {META_FILE} says {meta.rows.get(name, 0):,}", where=str(folder / name),
                expected="the batch as it was written", mend="copy the batch again from where it was made",
            )  # fmt: skip


def _link(tables: Mapping[str, pa.Table]) -> tuple[pa.Array, list[Finding]]:
    linked = link_reports(tables)
    return linked.cases, capped_findings(linked)
