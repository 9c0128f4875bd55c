"""Columns of a table, ours or anybody's, as numbers, times and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it is empty."""
    values = _cast(table, name, pa.float64(), "numbers")
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)


def read_times(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as times in UTC, NaT where it is empty."""
    values = _cast(table, name, pa.timestamp("s", "UTC"), "times such as 2024-03-01T10:00:00Z")
    seconds = np.asarray(pc.fill_null(values.cast(pa.int64()), np.iinfo(np.int64).min))
    return seconds.astype("datetime64[s]")


def read_texts(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as text, None where it is missing."""
    return np.asarray(table[name].cast(pa.string()).to_pylist(), dtype=object)


def _cast(table: pa.Table, name: str, kind: pa.DataType, expected: str) -> pa.ChunkedArray:
    """Return a column as another type; empty text is taken as missing."""
    column = table[name]
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputRefusedError(
            str(error).splitlines()[0], where=f"column {name}", expected=expected
        ) from None
