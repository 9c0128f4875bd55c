from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.schema.batch import open_batch
from triage.schema.tables import TABLES
from triage.shipped import find_shipped


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="triage")
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The shipped sample as somebody else would hand it over: a file a table, in reverse."""
    sample = find_shipped("synthetic_data", "sample")
    (tmp_path / "tables").mkdir()
    for name in TABLES:
        rows = pq.read_table(sample / name / "part-00000.parquet", partitioning=None)
        pq.write_table(
            rows.take(pa.array(range(rows.num_rows)[::-1], pa.int64())),
            tmp_path / "tables" / f"{name}.parquet",
        )
    return tmp_path / "tables"


def test_parquet_tables_are_no_batch_until_they_are_partitioned(tables: Path, tmp_path: Path) -> None:
    assert f"triage partition {tables} --out BATCH" in run("check", tables, code=4).output
    run("partition", tables, "--out", tmp_path / "batch", "--cases", 100)
    assert "nothing wrong" in run("check", tmp_path / "batch").stdout
    sample, made = open_batch(find_shipped("synthetic_data", "sample")), open_batch(tmp_path / "batch")
    assert made.meta.parts == 2
    for name in TABLES:
        assert made.to_frame(name).equals(sample.to_frame(name)), name


def test_the_list_of_a_partitioned_batch_is_that_of_the_batch(tables: Path, tmp_path: Path) -> None:
    sample = find_shipped("synthetic_data", "sample")
    shutil.copy(sample / "batch.json", tables)
    run("partition", tables, "--out", tmp_path / "batch")
    for name, batch in (("made", tmp_path / "batch"), ("sample", sample)):
        run("score", batch, "--out", tmp_path / f"{name}.csv")
    made, expected = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in ("made", "sample"))
    ranks = [
        [line.split(",")[:3] for line in lines if not line.startswith("#")] for lines in (made, expected)
    ]
    assert ranks[0] == ranks[1]


def test_every_row_is_accounted_for_by_file(tables: Path, tmp_path: Path) -> None:
    files = pq.read_table(tables / "files.parquet")
    pq.write_table(pa.concat_tables([files, files.slice(0, 2)]), tables / "files.parquet")
    said = run("partition", tables, "--out", tmp_path / "batch", "--json", code=3).stdout
    told = json.loads(said)
    count = files.num_rows
    assert (told["rows_in"]["files"], told["rows"]["files"], told["set_aside"]) == (count + 2, count, 2)
    meta = json.loads((tmp_path / "batch" / "batch.json").read_text())
    (source,) = (entry for entry in meta["source_files"] if "files" in entry["records"])
    assert (source["kind"], source["records"], source["set_aside"]) == (
        "parquet",
        {"files": count + 2},
        {"files": 2},
    )
    assert (
        f"files: {count + 2:,} in, {count:,} in the batch, 2 set aside"
        in run("partition", tables, "--out", tmp_path / "again", code=3).stdout
    )


def test_an_output_within_the_source_or_that_is_there_is_refused(tables: Path, tmp_path: Path) -> None:
    assert "one of the inputs" in run("partition", tables, "--out", tables / "batch", code=4).output
    (tmp_path / "batch").mkdir()
    assert "already exists" in run("partition", tables, "--out", tmp_path / "batch", code=4).output
