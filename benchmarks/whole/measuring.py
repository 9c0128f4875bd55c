"""Run a command as a process of its own: wall and processor time, peak memory. And say what machine this is.

Linux only: what a process and those it waited for have used is told by the system when it ends. Nothing heavy may be
imported here, since a process begins with the peak of the one that starts it.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("report-triage", "numpy", "pandas", "pyarrow", "scikit-learn", "joblib", "distributed")
LAST_WORDS = 1_500
# 3: done, but rows were set aside or values could not be read.
DONE = (0, 3)


def run(command: list[str], *, limit: float, log: Path) -> dict[str, Any]:
    """Run a command to its end.

    Parameters
    ----------
    command : list of str
        The program and its arguments.
    limit : float
        Seconds after which it is ended.
    log : Path
        File for what it says.

    Returns
    -------
    dict
        ``wall`` and ``cpu`` in seconds, that of its own processes included; ``peak``, of the largest of them, in
        MB (10^6 bytes). Or ``failed``, how it ended.
    """
    with log.open("wb") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        _offer_first(process.pid)
        timer = threading.Timer(limit, _end, (process.pid,))
        timer.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            raise
        finally:
            timer.cancel()
        wall = time.perf_counter() - start
    # The system was asked already; Popen must not ask again.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in DONE:
        how = "ended by signal" if process.returncode < 0 else "exit code"
        late = wall >= limit
        last = log.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:]
        print(f"{' '.join(command)}\n{last}", file=sys.stderr)
        return {"failed": f"not done in {limit:,.0f} s" if late else f"{how} {abs(process.returncode)}"}
    return {
        "wall": round(wall, 3),
        "cpu": round(used.ru_utime + used.ru_stime, 3),
        "peak": round(used.ru_maxrss * 1024 / 1e6, 1),
    }


def _offer_first(pid: int) -> None:
    """Where memory runs out, this process is the one to end, and not the one that measures."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on; no name of the machine and no path."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def describe_software() -> dict[str, str]:
    """Return the versions of Python and of the libraries that do the work."""
    versions = {"Python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _first(file: str, key: str) -> str:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return " ".join(value.split())
    return platform.processor() or "unknown"
