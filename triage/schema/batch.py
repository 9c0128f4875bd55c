"""A batch: a folder with one folder of Parquet parts a table, and ``batch.json``."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.schema.keys import mend_rows
from triage.schema.meta import META_FILE, BatchMeta, read_meta
from triage.schema.part import SET_ASIDE_SCHEMA, Part, no_set_aside
from triage.schema.places import read_ends
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.writing import require_plain, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    import pandas as pd

    from triage.schema.places import Place

PART_CASES = 50_000
# A part of many more rows takes more memory than a worker should need, and is read no faster.
PART_ROWS = 750_000
SHOWN_MATCHES = 5
SET_ASIDE_FILE = "set-aside/rows.parquet"
_WAITING = ("waits_for", "held")
# What a Parquet file says of itself, in bytes from its end, as a rule.
_FOOTER = 1 << 16
BATCH_CONTENTS = frozenset({*TABLES, META_FILE, "set-aside"})


@dataclass(frozen=True)
class Batch:
    """A batch whose parts are read one by one.

    Parameters
    ----------
    meta : BatchMeta
        What it says of itself.
    set_aside : pyarrow.Table
        Rows set aside when the batch was made; each part adds its own.
    folder : Path or Elsewhere, optional
        Where its files are; none where the batch is in memory.

    Other Parameters
    ----------------
    read_part : callable
        Index of a part -> the part. Of a batch in files it can be pickled, so that others can read a part.
    """

    meta: BatchMeta
    read_part: Callable[[int], Part]
    set_aside: pa.Table = field(default_factory=no_set_aside)
    folder: Place | None = None

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order; only one needs to be in memory."""
        for index in range(self.meta.parts):
            yield self.read_part(index)

    def without(self, parts: Collection[int]) -> Batch:
        """Return the batch without some of its parts, such as those that cannot be read."""
        kept = [index for index in range(self.meta.parts) if index not in parts]
        return replace(
            self,
            meta=replace(self.meta, parts=len(kept)),
            read_part=lambda index: self.read_part(kept[index]),
        )

    def to_frame(self, table: str) -> pd.DataFrame:
        """Return one table of the whole batch, such as ``reports``, as a frame.

        Raises
        ------
        InputRefusedError
            There is no such table.
        """
        if table not in TABLES:
            raise InputRefusedError(f"no table {table!r}", where=self.meta.name, expected=", ".join(TABLES))
        schema = TABLES[table].arrow_schema
        rows = [schema.empty_table(), *(part.tables[table].cast(schema) for part in self.parts())]
        frame: pd.DataFrame = pa.concat_tables(rows).to_pandas()
        return frame


def open_batch(path: Place) -> Batch:
    """Open a batch folder.

    Parameters
    ----------
    path : Path or Elsewhere
        A folder with ``batch.json``.

    Returns
    -------
    Batch
        Parts are read when asked for.

    Raises
    ------
    InputRefusedError
        There is no batch, it is of another version, a part is missing or damaged, row counts differ, or it is
        elsewhere and cannot be reached.
    """
    meta = read_meta(path / META_FILE)
    for name in TABLES:
        _check_row_count(path, name, meta)
    # Whoever else reads a part may have another working folder.
    folder = path.absolute() if isinstance(path, Path) else path
    aside = read_set_aside_rows(path / SET_ASIDE_FILE, meta)
    return Batch(meta, partial(_read_part, folder, meta.as_of), aside, folder)


def part_files(folder: Place, index: int) -> dict[str, Place]:
    """Return the file of each table of a part of a batch folder."""
    return {name: folder / name / _part_name(index) for name in TABLES}


def read_case_ids(folder: Place, index: int) -> pa.Array:
    """Return the ids of the cases of a part of a batch folder, sorted, and read nothing else of it."""
    reports = _read_parquet(part_files(folder, index)["reports"], ["case_id"])
    cases = pc.unique(reports["case_id"].combine_chunks().cast(pa.string())).drop_null()
    return cases.take(pc.sort_indices(cases))


def write_batch(path: Path, parts: Iterable[Part], meta: BatchMeta, *, force: bool = False) -> BatchMeta:
    """Write a batch folder, whole or not at all.

    Parameters
    ----------
    path : Path
        The folder to make.
    parts : iterable of Part
        Written as they come; only one needs to be in memory. One of more than `PART_ROWS` rows is cut.
    meta : BatchMeta
        Row counts, parts and rows set aside are filled in here.
    force : bool
        Replace a batch that is there.

    Returns
    -------
    BatchMeta
        As written.

    Raises
    ------
    OutputExistsError
        The folder exists and `force` is false.
    """
    with write_folder(path, contents=BATCH_CONTENTS, force=force) as folder:
        counts = dict.fromkeys(TABLES, 0)
        asides: list[pa.Table] = []
        written = 0
        pieces = (piece for part in parts for piece in _cut_large(part))
        for written, part in enumerate(pieces, start=1):
            for name, table in part.tables.items():
                counts[name] += table.num_rows
                _write_parquet(table, folder / name / _part_name(written - 1))
            asides.append(part.set_aside)
        aside = pa.concat_tables(asides) if asides else no_set_aside()
        if aside.num_rows:
            _write_parquet(aside, folder / SET_ASIDE_FILE)
        full = BatchMeta(**{**meta.__dict__, "rows": counts, "parts": written, "set_aside": aside.num_rows})
        (folder / META_FILE).write_text(full.as_json(), encoding="utf-8")
    return full


def find_case(batch: Batch, case: str) -> tuple[Part, int]:
    """Find a case by its id or by the beginning of it.

    Parameters
    ----------
    batch : Batch
        Searched part by part.
    case : str
        The case id, or so much of it that no other case begins like it.

    Returns
    -------
    part : Part
        The part that holds the case.
    row : int
        Its index in ``part.cases``.

    Raises
    ------
    InputRefusedError
        No case, or more than one, begins like that.
    """
    if case.startswith("file:"):
        raise InputRefusedError(
            "a document that could not be read, so no case",
            where=case,
            mend="triage open says which file it is",
        )
    matches: list[tuple[Part, int, str]] = []
    for part in batch.parts():
        for row, name in enumerate(part.cases.to_pylist()):
            if name == case:
                return part, row
            if case and name.startswith(case) and len(matches) < SHOWN_MATCHES:
                matches.append((part, row, name))
    if len(matches) == 1:
        return matches[0][0], matches[0][1]
    found = ", ".join(name for _, _, name in matches)
    raise InputRefusedError(
        f"{'more than one case begins' if matches else 'no case begins'} with '{case[:60]}'",
        where=batch.meta.name,
        expected="a case_id of the worklist" + (f", such as {found}" if found else ""),
        mend="give more of it"
        if matches
        else "copy it from the worklist; of a list made with --store, give the same --store",
    )


def split_part(part: Part, cases: int = PART_CASES) -> Iterator[Part]:
    """Cut a part into parts of at most `cases` whole cases."""
    total = len(part.cases)
    if total <= cases:
        yield part
        return
    bounds = {name: part.position(name) for name in TABLES}
    for start in range(0, total, cases):
        stop = min(start + cases, total)
        tables = {}
        for name, position in bounds.items():
            first, last = position.searchsorted([start, stop])
            tables[name] = part.tables[name].slice(first, last - first)
        rest = part.set_aside if start == 0 else no_set_aside()
        yield Part(tables, part.cases.slice(start, stop - start), rest, part.findings if start == 0 else [])


def _cut_large(part: Part) -> Iterator[Part]:
    """Cut a part of too many rows into pieces of as many whole cases each."""
    rows = sum(table.num_rows for table in part.tables.values())
    pieces = max(-(-rows // PART_ROWS), 1)
    return split_part(part, max(-(-len(part.cases) // pieces), 1))


def _part_name(index: int) -> str:
    return f"part-{index:05d}.parquet"


def _write_parquet(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    encoded = [f.name for f in table.schema if pa.types.is_dictionary(f.type) or pa.types.is_list(f.type)]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=3,
        use_dictionary=[*encoded, "case_id"],
        version="2.6",
    )


def read_set_aside_rows(file: Place, meta: BatchMeta) -> pa.Table:
    """Read the rows that were set aside when a batch was made.

    Raises
    ------
    InputRefusedError
        They cannot be read, or are not as many as the batch says.
    """
    there = meta.set_aside or (isinstance(file, Path) and file.exists())
    rows = _read_parquet(file) if there else no_set_aside()
    if rows.num_rows != meta.set_aside:
        raise _damaged(file, f"{rows.num_rows:,} rows set aside where {META_FILE} says {meta.set_aside:,}")
    try:
        for name in _WAITING:
            # Batches that were made before anything could wait have no such column.
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        return rows.select(SET_ASIDE_SCHEMA.names).cast(SET_ASIDE_SCHEMA)
    except (KeyError, pa.ArrowException) as error:
        raise _damaged(file, f"other columns ({str(error).splitlines()[0][:80]})") from error


def _read_part(path: Place, as_of: datetime, index: int) -> Part:
    raw, where = {}, {}
    for name, file in part_files(path, index).items():
        raw[name] = _read_parquet(file)
        where[name] = f"{name}/{file.name}"
        if "case_id" not in raw[name].column_names:
            raise InputRefusedError(
                "no column case_id",
                where=str(file),
                expected="every table of a batch to carry the case of each row",
                mend="make the batch again from its source with triage import or triage synth",
            )
    return settle(mend_rows(raw, where), where, as_of)


def _read_parquet(file: Place, columns: list[str] | None = None) -> pa.Table:
    try:
        # Arrow would take a relative path such as s3:/batch for a URL of its own.
        source = file.absolute() if isinstance(file, Path) else pa.BufferReader(file.read_bytes())
        if isinstance(file, Path):
            require_plain(file)
        # Read at one go: each column in one piece, where a data set would cut it into several.
        with pq.ParquetFile(source) as stored:
            table = stored.read(columns)
    except FileNotFoundError:
        raise _damaged(file, "no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, f"not a whole Parquet file ({str(error).splitlines()[0][:120]})") from error
    if missing := set(columns or ()) - set(table.column_names):
        raise _damaged(file, f"no column {', '.join(sorted(missing))}")
    if len(set(table.column_names)) < table.num_columns:
        raise _damaged(file, "a column that stands twice")
    return table


def _check_row_count(path: Place, name: str, meta: BatchMeta) -> None:
    """Compare the rows that the files hold with the rows that were written."""
    folder = path / name
    names = [_part_name(index) for index in range(meta.parts)]
    surplus: list[Place] = []
    if isinstance(folder, Path):
        found = sum(_count_rows(folder / name) for name in names)
        surplus += sorted(folder.glob("part-*.parquet"))[meta.parts :]
    else:
        # Nothing is listed there, so a part too many is found by its name.
        files = [folder / name for name in [*names, _part_name(meta.parts)]]
        ends = read_ends(files, _FOOTER)
        found = sum(_count_rows(file, next(ends)) for file in files[:-1])
        surplus += files[-1:] if next(ends) else []
    if surplus:
        raise _damaged(surplus[-1], f"a part more than the {meta.parts:,} that {META_FILE} says")
    promised = meta.rows.get(name, 0)
    if found != promised:
        raise _damaged(folder, f"{found:,} rows where {META_FILE} says {promised:,}")


def _count_rows(file: Place, end: bytes = b"") -> int:
    """Return how many rows a file says that it has; of one elsewhere its end may do."""
    try:
        if isinstance(file, Path):
            return int(pq.read_metadata(file.absolute()).num_rows)
        with suppress(pa.ArrowException, OSError):
            return int(pq.read_metadata(pa.BufferReader(end)).num_rows)
        return int(pq.read_metadata(pa.BufferReader(file.read_bytes())).num_rows)
    except FileNotFoundError:
        raise _damaged(file, "no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, f"not a whole Parquet file ({str(error).splitlines()[0][:120]})") from error


def _damaged(where: Place, found: str) -> InputRefusedError:
    return InputRefusedError(
        found,
        where=str(where),
        expected="the batch as it was written",
        mend="copy the batch again from where it was made, or make it again",
    )
