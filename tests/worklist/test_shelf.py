"""What is put on a shelf comes back row by row, and lies nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.worklist import shelf
from triage.worklist.shelf import Shelf, pack_table

SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=4)


def table_of(start: int, rows: int) -> pa.Table:
    numbers = np.arange(start, start + rows)
    return pa.table(
        {
            "case_id": pa.array([f"case {number}" for number in numbers], pa.string()),
            "score": np.where(numbers % 3, numbers / 7, np.nan),
            "question": pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(numbers, 3)), 3),
        }
    )


def fill(sizes: list[int]) -> tuple[Shelf, pa.Table]:
    """Put parts of these sizes on a shelf, and return them in one table too."""
    held, tables = Shelf(), []
    for size in sizes:
        table = table_of(sum(map(len, tables)), size)
        held.put(pack_table(table), size)
        tables.append(table)
    return held, pa.concat_tables(tables).combine_chunks()


@given(SIZES, st.data())
@settings(deadline=None)
def test_rows_come_back_in_the_order_in_which_they_are_asked_for(sizes: list[int], data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "LOT", 3)
        held, whole = fill(sizes)
        assert len(held) == sum(sizes)
        for _ in range(3):
            some = st.lists(st.integers(0, sum(sizes) - 1), max_size=20) if sum(sizes) else st.just([])
            rows = np.array(data.draw(some), dtype=np.int64)
            columns = data.draw(st.sampled_from([None, ["case_id"], ["question", "score"]]))
            expected = whole.select(columns or whole.column_names).take(pa.array(rows))
            assert str(held.take(rows, columns).to_pylist()) == str(expected.to_pylist())
            assert held.take(rows, columns).schema == expected.schema


def test_a_shelf_of_nothing_has_no_rows() -> None:
    assert len(Shelf()) == 0
    assert Shelf().take(np.zeros(0, dtype=np.int64), ["case_id"]).num_rows == 0


def test_nothing_lies_in_the_folder_of_temporary_files(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held, whole = fill([5, 5])
    assert list(tmp_path.iterdir()) == []
    assert held.take(np.arange(10), ["case_id"])["case_id"].to_pylist() == whole["case_id"].to_pylist()


HOLD = """
import time
import pyarrow as pa
from triage.worklist.shelf import Shelf, pack_table

held = Shelf()
held.put(pack_table(pa.table({"case_id": [f"token-{number}" for number in range(100_000)]})), 100_000)
print("there", flush=True)
time.sleep(600)
"""


def test_a_process_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert process.stdout.readline() == b"there\n"
        process.kill()
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, signal
from triage.errors import TriageError
from triage.worklist.shelf import Shelf, pack_table
import pyarrow as pa, numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
try:
    Shelf().put(pack_table(pa.table({"x": np.random.default_rng(0).random(5_000)})), 5_000)
except TriageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
def test_where_there_is_no_room_it_is_said_what_to_do() -> None:
    said = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True).stdout
    assert "File too large" in said
    assert tempfile.gettempdir() in said
    assert "TMPDIR" in said
