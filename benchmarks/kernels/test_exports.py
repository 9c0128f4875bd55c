"""A list of 20,000 cases as files: beside what writes such files without looking at what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage import export

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.kernels.conftest import World
    from triage.worklist.build import Worklist


def with_ours(worklist: Worklist, path: Path) -> None:
    export(worklist, path, force=True)


EXPORTS: dict[str, Any] = {
    ".csv": {
        HERE: with_ours,
        "pyarrow, formulas and all": lambda worklist, path: pv.write_csv(worklist.table, path),
        "pandas, formulas and all": lambda worklist, path: worklist.to_frame().to_csv(path, index=False),
    },
    ".parquet": {
        HERE: with_ours,
        "pyarrow": lambda worklist, path: pq.write_table(worklist.table, path, compression="zstd"),
    },
    ".jsonl": {
        HERE: with_ours,
        "pandas": lambda worklist, path: worklist.to_frame().to_json(
            path, orient="records", lines=True, date_format="iso"
        ),
    },
}


@pytest.mark.parametrize(("work", "way"), list_sides(EXPORTS))
def test_exports(benchmark: Any, world: World, tmp_path: Path, work: str, way: str) -> None:
    measure(benchmark, EXPORTS, work, way, world.worklist, tmp_path / f"list{work}")
