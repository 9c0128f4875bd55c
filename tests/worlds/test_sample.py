"""The sample batch that is shipped is what the shipped world makes."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from triage.schema.batch import open_batch
from triage.schema.tables import TABLES
from triage.shipped import find_shipped
from triage.worlds import load_world, write_world

CASES, SEED = 200, 2017


def test_sample_is_valid_synthetic_and_small() -> None:
    batch = open_batch(find_shipped("synthetic_data", "sample"))
    (part,) = batch.parts()
    assert batch.meta.synthetic
    assert len(part.cases) == CASES
    assert not part.findings
    assert not part.set_aside.num_rows
    assert (
        sum(file.stat().st_size for file in find_shipped("synthetic_data", "sample").rglob("*.parquet"))
        < 400_000
    )


def test_sample_is_what_the_world_makes_today(tmp_path: Path) -> None:
    """Values, not bytes: another version of the Parquet library may write other bytes."""
    write_world(load_world("nl-2017"), CASES, SEED, tmp_path / "sample")
    for name in TABLES:
        made, kept = (
            pq.read_table(folder / name)
            for folder in (tmp_path / "sample", find_shipped("synthetic_data", "sample"))
        )
        assert made.to_pylist() == kept.to_pylist(), "the world changed: make the sample again"
    truth, kept = (
        pq.read_table(folder / "truth.parquet").to_pylist()
        for folder in (tmp_path / "sample-truth", find_shipped("synthetic_data", "sample-truth"))
    )
    assert truth == kept
