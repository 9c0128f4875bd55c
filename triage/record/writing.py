"""Write a table of the record as CSV or Parquet."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from triage.writing import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


def write_table(table: pa.Table, path: Path, *, force: bool = False) -> None:
    """Write a table by the ending of the file; CSV as UTF-8 with byte order mark, for office programs."""
    with write_file(path, force=force) as partial:
        if path.suffix == ".parquet":
            pq.write_table(table, partial, compression="zstd")
            return
        with partial.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(table.column_names)
            rows.writerows([_cell(value) for value in row.values()] for row in table.to_pylist())


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)
