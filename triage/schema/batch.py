"""A batch: a folder with one folder of Parquet parts a table, and ``batch.json``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.schema.keys import mend_rows
from triage.schema.meta import META_FILE, BatchMeta, read_meta
from triage.schema.part import SET_ASIDE_SCHEMA, Part, no_set_aside
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.writing import require_plain, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

PART_CASES = 50_000
SHOWN_MATCHES = 5
SET_ASIDE_FILE = "set-aside/rows.parquet"
_WAITING = ("waits_for", "held")
BATCH_CONTENTS = frozenset({*TABLES, META_FILE, "set-aside"})


@dataclass(frozen=True)
class Batch:
    """A batch whose parts are read one by one.

    Parameters
    ----------
    meta : BatchMeta
        What it says of itself.
    read_part : callable
        Index of a part -> the part. Of a batch in files it can be pickled, so that others can read a part.
    set_aside : pyarrow.Table
        Rows set aside when the batch was made; each part adds its own.
    folder : Path, optional
        Where its files are; none where the batch is in memory.
    """

    meta: BatchMeta
    read_part: Callable[[int], Part]
    set_aside: pa.Table = field(default_factory=no_set_aside)
    folder: Path | None = None

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


def open_batch(path: Path) -> Batch:
    """Open a batch folder.

    Parameters
    ----------
    path : Path
        A folder with ``batch.json``.

    Returns
    -------
    Batch
        Parts are read when asked for.

    Raises
    ------
    InputRefusedError
        There is no batch, it is of another version, a part is missing or damaged, or row counts differ.
    """
    meta = read_meta(path / META_FILE)
    for name in TABLES:
        _check_row_count(path, name, meta)
    # Whoever else reads a part may have another working folder.
    folder = path.absolute()
    aside = read_set_aside_rows(path / SET_ASIDE_FILE, meta)
    return Batch(meta, partial(_read_part, folder, meta.as_of), aside, folder)


def part_files(folder: Path, index: int) -> dict[str, Path]:
    """Return the file of each table of a part of a batch folder."""
    return {name: folder / name / _part_name(index) for name in TABLES}


def read_case_ids(folder: Path, index: int) -> pa.Array:
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
        Written as they come; only one needs to be in memory.
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
        for written, part in enumerate(parts, start=1):
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


def read_set_aside_rows(file: Path, meta: BatchMeta) -> pa.Table:
    """Read the rows that were set aside when a batch was made.

    Raises
    ------
    InputRefusedError
        They cannot be read, or are not as many as the batch says.
    """
    rows = _read_parquet(file) if file.exists() else no_set_aside()
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


def _read_part(path: Path, as_of: datetime, index: int) -> Part:
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


def _read_parquet(file: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        require_plain(file)
        return pq.read_table(file, columns=columns, partitioning=None)
    except FileNotFoundError:
        raise _damaged(file, "no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, f"not a whole Parquet file ({str(error).splitlines()[0][:120]})") from error


def _check_row_count(path: Path, name: str, meta: BatchMeta) -> None:
    """Compare the rows that the files hold with the rows that were written."""
    found = 0
    parts = sorted((path / name).glob("part-*.parquet"))
    if len(parts) > meta.parts:
        raise _damaged(parts[-1], f"a part more than the {meta.parts:,} that {META_FILE} says")
    for index in range(meta.parts):
        file = path / name / _part_name(index)
        try:
            found += pq.read_metadata(file).num_rows
        except FileNotFoundError:
            raise _damaged(file, "no such file") from None
        except (pa.ArrowException, OSError) as error:
            raise _damaged(file, f"not a whole Parquet file ({str(error).splitlines()[0][:120]})") from error
    promised = meta.rows.get(name, 0)
    if found != promised:
        raise _damaged(path / name, f"{found:,} rows where {META_FILE} says {promised:,}")


def _damaged(where: Path, found: str) -> InputRefusedError:
    return InputRefusedError(
        found,
        where=str(where),
        expected="the batch as it was written",
        mend="copy the batch again from where it was made, or make it again",
    )
