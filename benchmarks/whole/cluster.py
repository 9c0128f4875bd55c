"""A local Dask cluster of two worker processes: started, warmed up, and asked what its processes have used.

python benchmarks/whole/cluster.py

Prints its address as JSON when the workers are ready. For each line that it reads it prints ``cpu``, the processor
seconds of workers and scheduler since the line before, and ``peak``, that of the larger worker in MB. It ends when
there is nothing more to read.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import psutil
from distributed import LocalCluster

WORKERS = 2


def warm_up() -> int:
    """Import what scoring needs, as a worker that has run before has done."""
    triage = importlib.import_module("triage")
    triage.build_worklist.__name__  # noqa: B018 - names of the package are imported when they are asked for
    triage.load_model("expert")
    return os.getpid()


def used(pids: list[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(one.user + one.system for one in times)


def peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    with (
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=None,
        ) as cluster,
        cluster.get_client() as client,
    ):
        workers = list(client.run(warm_up).values())
        everybody = [*workers, os.getpid()]
        before = used(everybody)
        print(json.dumps({"address": cluster.scheduler_address}), flush=True)
        for _ in sys.stdin:
            now = used(everybody)
            told = {"cpu": round(now - before, 3), "peak": round(max(map(peak, workers)), 1)}
            print(json.dumps(told), flush=True)
            before = now


if __name__ == "__main__":
    main()
