"""A list as Parquet, with what is said of it in the metadata of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from triage.writing import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from triage.worklist.exports.by_ending import Options


def write(table: pa.Table, path: Path, options: Options) -> None:
    """Write a list as Parquet; model, policy, batch, time and capacity stand in its metadata."""
    said = {name.encode(): line.encode() for name, line in options.about.as_lines().items()}
    with write_file(path, force=options.force) as partial:
        pq.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), **said}),
            partial,
            compression="zstd",
        )
