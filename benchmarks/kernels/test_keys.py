"""A million ids of files, each once: that this is so must be known of every part before it is scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage.schema.keys import find_repeats
from triage.schema.tables import TABLES

ROWS = 1_000_000
KEYS: dict[str, Any] = {
    "ids that stand once each": {
        HERE: lambda table: not len(find_repeats(table, TABLES["files"]).shared),
        "pyarrow": lambda table: len(pc.unique(table["file_id"])) == table.num_rows,
        "pandas": lambda table: table["file_id"].to_pandas().is_unique,
    }
}


@pytest.fixture(scope="module")
def files() -> pa.Table:
    tokens = np.random.default_rng(1).bytes(12 * ROWS).hex()
    return pa.table({"file_id": [tokens[24 * row : 24 * row + 24] for row in range(ROWS)]})


@pytest.mark.parametrize(("work", "way"), list_sides(KEYS))
def test_finding_out_that_ids_stand_once_each(benchmark: Any, files: pa.Table, work: str, way: str) -> None:
    def compare(found: bool, ours: bool) -> None:
        assert found
        assert ours

    measure(benchmark, KEYS, work, way, files, check=compare)
