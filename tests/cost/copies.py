"""Batches that hold the same cases several times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.batch import write_batch
from triage.schema.declare import Kind
from triage.schema.keys import mend_rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from triage.schema.batch import Batch


def write_copies(batch: Batch, times: int, out: Path) -> None:
    """Write a batch of one part that holds every case so many times, each copy with tokens of its own.

    Whatever can be said of a case is then said of each of its copies, so that what is done once for a distinct
    value is done as often as for one copy, and what is done for each case, so many times as often.
    """
    part = batch.read_part(0)
    tables = {name: _copy(table, name, times) for name, table in part.tables.items()}
    where = {name: name for name in tables}
    write_batch(out, [settle(mend_rows(tables, where), where, batch.meta.as_of)], batch.meta)


def _copy(table: pa.Table, name: str, times: int) -> pa.Table:
    tokens = [column.name for column in TABLES[name].columns if column.kind == Kind.TOKEN]
    copies = []
    for number in range(times):
        columns = {
            column: pc.binary_join_element_wise(f"copy-{number}-", table[column], "")
            if column in tokens
            else table[column]
            for column in table.column_names
        }
        copies.append(pa.table(columns))
    return pa.concat_tables(copies)
