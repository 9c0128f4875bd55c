"""A column of 100,000 texts, one in a hundred bad, becomes one of its declared type: beside pandas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage.schema.declare import Column, Kind
from triage.schema.mend import mend_column
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 100_000
NO_DAY = "2024-02-30T10:00:00Z"
FIRST = {column.kind: column for table in reversed(TABLES.values()) for column in reversed(table.columns)}


def write(kind: Kind) -> Callable[[int], str]:
    """Return what makes the text of a row."""
    codes = FIRST[kind].codes
    some = codes[:3]
    return {
        Kind.TOKEN: lambda row: f"{row:032x}",
        Kind.CODE: lambda row: codes[row % len(codes)],
        Kind.TRI: lambda row: codes[row % len(codes)],
        Kind.CODES: lambda row: "|".join(some[: 1 + row % 3]),
        Kind.TIME: lambda row: f"2024-03-{1 + row % 28:02d}T10:{row % 60:02d}:00Z",
        Kind.COUNTRY: lambda row: ("NL", "DE", "US")[row % 3],
        Kind.INTEGER: lambda row: str(row % 90),
        Kind.AMOUNT: lambda row: f"{row % 900}.50",
        Kind.SHARE: lambda row: f"0.{1 + row % 99:02d}",
    }[kind]


def mend(column: Column, texts: pa.Array) -> np.ndarray:
    mended, _ = mend_column(texts, column)
    return np.asarray(mended.is_valid())


def in_pandas(column: Column, texts: pa.Array) -> np.ndarray:
    """Read the column as a careful analyst would."""
    values = texts.to_pandas()
    if column.kind in {Kind.CODE, Kind.TRI}:
        known_ones = values.where(values.isin(column.codes))
        return pd.Series(pd.Categorical(known_ones, categories=column.codes)).notna().to_numpy()
    if column.kind == Kind.CODES:
        known = set(column.codes)
        return values.map(lambda text: bool([code for code in text.split("|") if code in known])).to_numpy()
    if column.kind == Kind.TIME:
        return pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601").notna().to_numpy()
    if column.kind in {Kind.TOKEN, Kind.COUNTRY}:
        pattern = "[A-Z]{2}" if column.kind == Kind.COUNTRY else r"[A-Za-z0-9._:\-]{1,64}"
        return values.where(values.str.fullmatch(pattern)).notna().to_numpy()
    return pd.to_numeric(values, errors="coerce").notna().to_numpy()


MENDING = {
    f"a column of kind {kind}": {HERE: partial(mend, FIRST[kind]), "pandas": partial(in_pandas, FIRST[kind])}
    for kind in Kind
}
IMPOSSIBLE = {
    "a column of times with a day that no calendar has": {
        HERE: partial(mend, FIRST[Kind.TIME]),
        "pandas": partial(in_pandas, FIRST[Kind.TIME]),
    }
}


def texts_of(kind: Kind, bad: str, every: int) -> pa.Array:
    make = write(kind)
    return pa.array([bad if row % every == 0 else make(row) for row in range(ROWS)])


@pytest.mark.parametrize(("work", "way"), list_sides(MENDING))
def test_mending(benchmark: Any, work: str, way: str) -> None:
    texts = texts_of(Kind(work.removeprefix("a column of kind ")), "not ! this", 100)
    measure(benchmark, MENDING, work, way, texts, check=np.testing.assert_array_equal)


@pytest.mark.parametrize(("work", "way"), list_sides(IMPOSSIBLE))
def test_mending_of_one_impossible_day(benchmark: Any, work: str, way: str) -> None:
    texts = texts_of(Kind.TIME, NO_DAY, ROWS)
    measure(benchmark, IMPOSSIBLE, work, way, texts, check=np.testing.assert_array_equal)
