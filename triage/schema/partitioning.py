"""Make a batch of canonical tables in any order, in memory that does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.schema.batch import PART_CASES, write_batch
from triage.schema.keys import require_key
from triage.schema.meta import MOST_PARTS
from triage.schema.part import Part, no_set_aside
from triage.schema.routing import Routing
from triage.schema.tables import TABLES
from triage.writing import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from triage.schema.findings import Finding
    from triage.schema.meta import BatchMeta
    from triage.schema.routing import Link
    from triage.schema.source import Source


@dataclass(frozen=True)
class Partitioned:
    """What became of a source.

    Parameters
    ----------
    meta : BatchMeta
        As written. Its source files say how many rows each held and how many were set aside.
    cases : int
        How many there are.
    came, aside : dict of str to int
        Rows of each table that came in, and of these the rows set aside.
    findings : list of Finding
        What was found.
    """

    meta: BatchMeta
    cases: int
    came: dict[str, int]
    aside: dict[str, int]
    findings: list[Finding]


def partition_batch(
    source: Source,
    out: Path,
    link: Link,
    *,
    cases: int = PART_CASES,
    anew: bool = False,
    force: bool = False,
) -> Partitioned:
    """Write a batch from canonical tables in any order: the same as if they were read all at once.

    A report's case is what it states; where no report states one, the reports are linked. Any other row's
    case is what it states, or else its parent's.

    Parameters
    ----------
    source : Source
        The tables.
    out : Path
        The batch folder to make, whole or not at all. Beside it is room needed for what waits.
    link : callable
        Columns of mended tables that tie reports -> the case of each report, and findings.
    cases : int
        How many whole cases make a part.
    anew : bool
        Link the reports whatever they state.
    force : bool
        Replace a batch that is there.

    Raises
    ------
    InputRefusedError
        A file cannot be read, lacks its key, or there are too many rows to link, or too many parts.
    OutputExistsError
        The folder exists and `force` is false.
    """
    for file in source.files:
        require_key(file.columns, TABLES[file.table], file.where)
    sources = [dict(file.origin) for file in source.files]
    meta = replace(source.meta, source_files=[*source.meta.source_files, *sources])
    with scratch_folder(out) as scratch:
        run = Routing(source, scratch, link, anew=anew)

        def parts() -> Iterator[Part]:
            yield from cut_parts(run.ranges(), cases)
            # `batch.json` is written after the last part, when it is known what became of every row.
            run.account.fill(sources)

        written = write_batch(out, parts(), meta, force=force)
    account = run.account
    return Partitioned(written, run.cases, *account.by_table(), account.findings())


def cut_parts(parts: Iterable[Part], cases: int) -> Iterator[Part]:
    """Yield parts of so many whole cases, but for the last, from parts of any size, cases in order."""
    held: list[Part] = []
    number, count = 0, 0
    for part in parts:
        held.append(part)
        count += len(part.cases)
        # The last part is held until all are read: what was set aside last is written with it.
        if count > cases:
            whole = _join(held)
            start = 0
            while count - start > cases:
                number += 1
                yield _slice(whole, start, start + cases, number)
                start += cases
            held, count = [_slice(whole, start, count, number + 1)], count - start
    yield _join(held)


def _join(parts: list[Part]) -> Part:
    tables = {name: pa.concat_tables([part.tables[name] for part in parts]) for name in TABLES}
    cases = pa.concat_arrays([part.cases for part in parts])
    aside = pa.concat_tables([part.set_aside for part in parts])
    places, before = {}, 0
    for name in TABLES:
        found, before = [], 0
        for part in parts:
            found.append(part.position(name) + before)
            before += len(part.cases)
        places[name] = np.concatenate(found)
    return Part(
        {name: table.unify_dictionaries() for name, table in tables.items()}, cases, aside, [], places
    )


def _slice(part: Part, start: int, stop: int, number: int) -> Part:
    if number >= MOST_PARTS:
        raise InputRefusedError(
            f"more than {MOST_PARTS - 1:,} parts", expected="fewer, larger parts", mend="raise --cases"
        )
    tables, places = {}, {}
    for name in TABLES:
        first, last = part.position(name).searchsorted([start, stop])
        tables[name] = part.tables[name].slice(first, last - first)
        places[name] = part.position(name)[first:last] - start
    rest = part.set_aside if start == 0 else no_set_aside()
    return Part(tables, part.cases.slice(start, stop - start), rest, [], places)
