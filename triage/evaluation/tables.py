"""Columns of a table, ours or anybody's, as numbers, times and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIMES = "days or times such as 2024-03-01 or 2024-03-01T10:00:00Z"


def read_numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it is empty."""
    values = _cast(table, name, pa.float64(), "numbers")
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)


def read_times(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as times in UTC, NaT where it is empty; a day is its first instant, no zone is UTC."""
    column = table[name]
    if not pa.types.is_string(column.type):
        values = _cast(table, name, pa.timestamp("s", "UTC"), TIMES)
        seconds = np.asarray(pc.fill_null(values.cast(pa.int64()), np.iinfo(np.int64).min))
        return seconds.astype("datetime64[s]")
    import pandas as pd  # noqa: PLC0415 - slow to import, and most tables hold times as times

    texts = column.to_pandas().replace("", None)
    times = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
    wrong = np.asarray(times.isna() & texts.notna())
    if wrong.any():
        _refuse(name, column, int(np.argmax(wrong)), TIMES)
    instants: NDArray[Any] = times.dt.tz_localize(None).to_numpy("datetime64[s]")
    return instants


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
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        _refuse(name, column, _first_wrong(column, kind), expected)


def _first_wrong(column: pa.ChunkedArray, kind: pa.DataType) -> int:
    for row, value in enumerate(column):
        try:
            value.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return row
    return 0


def _refuse(name: str, column: pa.ChunkedArray, row: int, expected: str) -> NoReturn:
    text = str(column[row].as_py())
    comma = text.count(",") == 1 and text.replace(",", "").replace("-", "").isdigit()
    raise InputRefusedError(
        f"'{text[:40]}'",
        where=f"column {name}, row {row + 1}",
        expected=expected,
        mend="write a decimal point, not a comma" if comma else "name another column, or mend the table",
    )
