"""The memory of scoring does not grow with the batch: parts are read, scored and let go one by one.

Peaks are of bytes that were asked for, by Arrow and by numpy and Python, in a process of its own: the same bytes
on every machine that has the same versions, whatever else runs there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from triage import load_world, open_batch, write_world
from triage.schema.batch import split_part, write_batch

if TYPE_CHECKING:
    from pathlib import Path

PART, PARTS = 2_000, 4
# The order of the list, and what waits to be written, may grow with the cases.
MOST = {"arrow": 1.3, "numpy": 1.3}

# A first run fills what is imported or kept once; only what the second one asks for is measured.
SCORE = """
import json, sys, tracemalloc
import pyarrow as pa
from triage.cli import main
from triage.worklist.tabulate import Listing

# As many rows at a time as suit these small parts.
Listing.blocks.__defaults__ = (500,)

def score(batch, out):
    words = ["score", batch, "--model", sys.argv[3], "--out", f"{out}.csv", "--out", f"{out}.parquet", "--top", "0"]
    try:
        main([*words, "--force", "--json"], standalone_mode=False)
    except SystemExit as end:
        assert not end.code, end.code

small, batch = sys.argv[1:3]
score(small, f"{batch}-list")
tracemalloc.start()
before = pa.default_memory_pool().bytes_allocated()
first = pa.default_memory_pool().max_memory()
score(batch, f"{batch}-list")
found = {"arrow": pa.default_memory_pool().max_memory() - before, "numpy": tracemalloc.get_traced_memory()[1]}
assert pa.default_memory_pool().max_memory() > first, "the first run took more than the one that is measured"
print(json.dumps(found), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a batch of four parts, one of the first of them, and one of a few cases."""
    home = tmp_path_factory.mktemp("memory")
    write_world(load_world("nl-2017"), PART * PARTS, 7, home / "world")
    whole = open_batch(home / "world")
    parts = [piece for part in whole.parts() for piece in split_part(part, PART)]
    write_batch(home / "many", parts, whole.meta)
    write_batch(home / "one", parts[:1], whole.meta)
    write_batch(home / "few", list(split_part(parts[0], 100))[:1], whole.meta)
    return home


def measure_peaks(home: Path, name: str, model: str) -> dict[str, int]:
    words = [sys.executable, "-c", SCORE, home / "few", home / name, model]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    peaks: dict[str, int] = json.loads(run.stderr.splitlines()[-1])
    return peaks


@pytest.mark.parametrize("model", ["expert", "nl-2017/additive"])
def test_four_parts_take_hardly_more_memory_than_one(batches: Path, model: str) -> None:
    one, many = (measure_peaks(batches, name, model) for name in ("one", "many"))
    ratio = {kind: many[kind] / one[kind] for kind in one}
    assert all(ratio[kind] <= most for kind, most in MOST.items()), f"{ratio}: {one} for one part, {many}"
