"""From a million rows, sorted by case, to one number for each of 100,000 cases: beside pandas' groupby."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage.features import kernels

CASES, ROWS = 100_000, 1_000_000


@dataclass(frozen=True)
class Rows:
    """Rows of a table."""

    case: np.ndarray
    mask: np.ndarray
    number: np.ndarray
    code: np.ndarray


@pytest.fixture(scope="module")
def rows() -> Rows:
    draws = np.random.default_rng(1)
    # A tenth of the cases has no row.
    case = np.sort(draws.choice(np.flatnonzero(np.arange(CASES) % 10), ROWS))
    number = np.where(draws.random(ROWS) < 0.1, np.nan, draws.normal(size=ROWS).round(3))
    return Rows(case, draws.random(ROWS) < 0.3, number, draws.integers(-1, 9, ROWS))


def group(values: np.ndarray, rows: Rows) -> Any:
    return pd.Series(values).groupby(rows.case, sort=False)


def every(found: pd.Series, empty: Any) -> np.ndarray:
    return found.reindex(np.arange(CASES), fill_value=empty).to_numpy()


SUMS = {
    "marked rows of a case": {
        HERE: lambda r: kernels.count_where(r.mask, r.case, CASES),
        "pandas": lambda r: every(group(r.mask, r).sum(), 0),
    },
    "whether a case has a marked row": {
        HERE: lambda r: kernels.any_where(r.mask, r.case, CASES),
        "pandas": lambda r: every(group(r.mask, r).any(), empty=False),
    },
    "sum of a case": {
        HERE: lambda r: kernels.sum_of(np.nan_to_num(r.number), r.case, CASES),
        "pandas": lambda r: every(group(r.number, r).sum(), 0.0),
    },
    "largest of a case": {
        HERE: lambda r: kernels.largest(r.number, r.case, CASES),
        "pandas": lambda r: every(group(r.number, r).max(), np.nan),
    },
    "distinct values of a case": {
        HERE: lambda r: kernels.count_distinct(r.code, r.case, CASES),
        "pandas": lambda r: every(group(np.where(r.code < 0, np.nan, r.code), r).nunique(), 0),
    },
}


@pytest.mark.parametrize(("work", "way"), list_sides(SUMS))
def test_sums(benchmark: Any, rows: Rows, work: str, way: str) -> None:
    measure(benchmark, SUMS, work, way, rows, check=lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9))
