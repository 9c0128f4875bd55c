from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from triage.errors import InputRefusedError
from triage.schema.batch import Batch, open_batch
from triage.scoring.bundle import Bundle
from triage.scoring.loading import load_model
from triage.worklist import spreading
from triage.worklist.build import build_worklist
from triage.worklist.spreading import choose_jobs, count_jobs

from .conftest import Deadly, check_lost, same


@pytest.mark.parametrize("model", ["expert", pytest.param("nl-2017/boosted", marks=pytest.mark.slow)])
def test_two_processes_make_the_list_of_one_and_of_the_batch_in_one_part(
    batch: Batch, whole: Path, model: str
) -> None:
    bundle = load_model(model)
    serial = build_worklist(batch, bundle)
    assert same(build_worklist(batch, bundle, jobs=2), serial)
    assert same(build_worklist(open_batch(whole), bundle), serial)


def test_what_is_found_is_told_in_the_order_of_the_parts(untidy: Path, bundle: Bundle) -> None:
    worklist = build_worklist(open_batch(untidy), bundle, jobs=2)
    assert [finding.where for finding in worklist.findings] == [
        f"files/part-0000{index}.parquet" for index in range(4)
    ]
    assert worklist.set_aside == 4


def test_a_process_that_is_killed_costs_nothing(batch: Batch, bundle: Bundle, tmp_path: Path) -> None:
    once = tmp_path / "killed"
    deadly = replace(batch, read_part=Deadly(batch.read_part, 2, once))
    assert same(build_worklist(deadly, bundle, jobs=2), build_worklist(batch, bundle))
    assert once.exists()


def test_a_part_that_always_kills_is_named_and_its_cases_stand_on_top(batch: Batch, bundle: Bundle) -> None:
    deadly = replace(batch, read_part=Deadly(batch.read_part, 2))
    worklist, good = build_worklist(deadly, bundle, jobs=2), build_worklist(batch, bundle)
    lost = batch.read_part(2).cases.to_pylist()
    assert worklist.lost_parts == {2}
    check_lost(worklist, good, lost)


def test_a_part_that_cannot_be_read_is_refused_as_by_one_process(
    batch: Batch, bundle: Bundle, tmp_path: Path
) -> None:
    def refusal(jobs: int) -> str:
        with pytest.raises(InputRefusedError) as refused:
            build_worklist(damaged, bundle, jobs=jobs)
        return str(refused.value)

    assert batch.folder
    shutil.copytree(batch.folder, tmp_path / "batch")
    damaged = open_batch(tmp_path / "batch")
    (tmp_path / "batch" / "files" / "part-00003.parquet").write_bytes(b"PAR1")
    told = refusal(2)
    assert told == refusal(1)
    assert "part-00003.parquet" in told


def test_a_batch_in_memory_is_scored_in_this_process(batch: Batch, bundle: Bundle) -> None:
    parts = list(batch.parts())
    held = Batch(batch.meta, lambda index: parts[index], batch.set_aside)
    assert same(build_worklist(held, bundle, jobs=2), build_worklist(batch, bundle))


def test_jobs_are_counted_as_joblib_counts() -> None:
    from joblib import effective_n_jobs

    assert [count_jobs(jobs) for jobs in (1, 5, -1, -2, -1000)] == [
        1,
        5,
        *map(effective_n_jobs, (-1, -2, -1000)),
    ]
    with pytest.raises(InputRefusedError, match="--jobs: 0; expected 1 or more"):
        count_jobs(0)


def test_processes_have_one_thread_each_whatever_the_first_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    from triage.worklist.spreading import open_processes

    with open_processes(2) as others:
        told = others.submit(count_threads, 0).result()
    assert told == {1}


def count_threads(_index: int) -> set[int]:
    import pyarrow as pa
    import sklearn.ensemble  # noqa: F401 - brings OpenMP
    from threadpoolctl import threadpool_info

    return {pool["num_threads"] for pool in threadpool_info()} | {pa.cpu_count()}


SLOW = """
import os, sys, time
from dataclasses import dataclass, replace
from pathlib import Path
from triage.schema.batch import open_batch
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist

@dataclass
class Slow:
    read_part: object

    def __call__(self, index):
        Path(sys.argv[2], f"{os.getpid()}-{index}").touch()
        time.sleep(0 if index else 600)
        return self.read_part(index)

if __name__ == "__main__":
    batch = open_batch(Path(sys.argv[1]))
    build_worklist(replace(batch, read_part=Slow(batch.read_part)), load_model("expert"), jobs=2, progress=print)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_the_processes(folder: Path, tmp_path: Path) -> None:
    script, pids = tmp_path / "slow.py", tmp_path / "pids"
    script.write_text(SLOW, encoding="utf-8")
    pids.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-u", str(script), str(folder), str(pids)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    # One of the two is at the first part by then, and the other has nothing more to do.
    assert run.stdout
    for _ in range(7):
        run.stdout.readline()
    processes = {int(file.name.split("-")[0]) for file in pids.iterdir()}
    assert len(processes) == 2
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert said.count(b"Traceback") == 1, said.decode()
    assert b"KeyboardInterrupt" in said
    wait_until(lambda: not any(map(is_alive, processes)))


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Any) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("processors", "parts", "jobs"),
    [(64, 7, 1), (64, 8, 2), (64, 15, 3), (64, 1_000, 4), (2, 1_000, 2), (1, 1_000, 1), (64, 0, 1)],
)
def test_unasked_no_more_processes_start_than_have_parts_enough(
    monkeypatch: pytest.MonkeyPatch, processors: int, parts: int, jobs: int
) -> None:
    monkeypatch.setattr(spreading, "count_jobs", lambda _: processors)
    assert choose_jobs(parts) == jobs
