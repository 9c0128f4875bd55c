"""A list as JSON Lines: one object a row, in the order of the list, for machines."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from triage.worklist.exports.by_ending import Options

AT_ONCE = 10_000


@contextmanager
def open_list(path: Path, options: Options) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows to JSON Lines: ASCII, times in UTC, null for what is not known."""
    with write_file(path, force=options.force) as partial, partial.open("w", encoding="ascii") as file:

        def add(table: pa.Table) -> None:
            for batch in table.to_batches(max_chunksize=AT_ONCE):
                for row in batch.to_pylist():
                    file.write(json.dumps({name: plain_value(value) for name, value in row.items()}))
                    file.write("\n")

        yield add


def plain_value(value: Any) -> Any:
    """Return a value as JSON has it: a time as text, what is not a number as null.

    Examples
    --------
    >>> plain_value(float("nan")) is None, plain_value(2.5)
    (True, 2.5)
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return None if isinstance(value, float) and not math.isfinite(value) else value
