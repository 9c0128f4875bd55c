"""When rows were known that somebody wrote down without saying so, or with a time that lies ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.findings import Finding, Level
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.part import Rows


def stamp_enrichment(name: str, table: pa.Table, as_of: datetime) -> pa.Table:
    """Take enrichment columns without a time of enrichment as filled by now; nobody knows when.

    Parameters
    ----------
    name : str
        The table.
    table : pyarrow.Table
        As read.
    as_of : datetime
        Now.
    """
    if "enriched_at" not in TABLES[name] or "enriched_at" in table.column_names:
        return table
    return table.append_column("enriched_at", pa.array([as_of.isoformat()] * table.num_rows, pa.string()))


def forget_future_knowing(
    rows: Rows, table: pa.Table, as_of: datetime, where: str, numbers: NDArray[np.int64] | None = None
) -> pa.Table:
    """Take times of knowing that lie ahead as now: what is in a file is known by now.

    Parameters
    ----------
    rows : Rows
        Takes the findings.
    table : pyarrow.Table
        Mended rows.
    as_of : datetime
        Now.
    where : str
        The file's name, for messages.
    numbers : array of int, shape (n_rows,), optional
        By which number each row is told; else by its place.
    """
    for column in ("known_at", "enriched_at"):
        if column not in table.column_names:
            continue
        times, at = table[column], table.column_names.index(column)
        now = pa.scalar(as_of, times.type)
        ahead = pc.fill_null(pc.greater(times, now), False)
        if not pc.any(ahead).as_py():
            continue
        table = table.set_column(at, column, pc.if_else(ahead, now, times))
        first, count = pc.index(ahead, True).as_py(), pc.sum(ahead).as_py()
        row = first + 1 if numbers is None else int(numbers[np.asarray(ahead)].min())
        found, expected = "a time that lies ahead", "a time of knowing"
        rows.findings.append(
            Finding(Level.FIELD, where, column, row, count, found, expected, "counts as known now")
        )
    return table
