"""A list as Parquet, with what is said of it in the metadata of the schema."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from triage.worklist.exports.by_ending import Options


@contextmanager
def open_list(path: Path, options: Options) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows of a list to a Parquet file.

    Model, policy, batch, time and capacity stand in the metadata of its schema.
    """
    said = {name.encode(): line.encode() for name, line in options.about.as_lines().items()}
    with write_file(path, force=options.force) as partial, ExitStack() as stack:
        files: list[pq.ParquetWriter] = []

        def add(table: pa.Table) -> None:
            if not files:
                schema = table.schema.with_metadata({**(table.schema.metadata or {}), **said})
                files.append(stack.enter_context(pq.ParquetWriter(partial, schema, compression="zstd")))
            files[0].write_table(table.cast(files[0].schema))

        yield add
