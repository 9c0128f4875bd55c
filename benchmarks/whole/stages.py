"""Where the processor time of ``triage score`` goes, by file of the package, as JSON.

python benchmarks/whole/stages.py BATCH MODEL OUT

A timer looks in every two milliseconds of processor time: what passed since its last look belongs to the innermost
function of the package that runs, also where that has called another library. So it holds whatever functions are
called, and costs next to nothing, which a profiler does not.
"""

from __future__ import annotations

import ast
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import triage
from triage.cli import main as triage_command

if TYPE_CHECKING:
    from types import FrameType

HOME = Path(triage.__file__).resolve().parent
INTERVAL = 0.002
IMPORTS, ELSEWHERE = "imports", "elsewhere"
NO_FILES = {IMPORTS: "modules are loaded", ELSEWHERE: "no function of the package is at work"}


class Watch:
    """Adds processor time up by the file it is spent for."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.files: dict[str, str] = {}
        self.last = 0.0

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self.look)
        self.last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def look(self, _signal: int, frame: FrameType | None) -> None:
        now = time.process_time()
        self.seconds[self.place(frame)] += now - self.last
        self.last = now

    def place(self, frame: FrameType | None) -> str:
        while frame is not None:
            code = frame.f_code
            if code.co_filename not in self.files:
                self.files[code.co_filename] = _name(code.co_filename)
            name = self.files[code.co_filename]
            if name:
                return IMPORTS if code.co_name == "<module>" else name
            frame = frame.f_back
        return ELSEWHERE


def _name(file: str) -> str:
    if file.startswith("<frozen importlib"):
        return IMPORTS
    path = Path(file)
    return f"triage/{path.relative_to(HOME).as_posix()}" if path.is_relative_to(HOME) else ""


def describe(name: str) -> str:
    """Return what a file says of itself, in its first line."""
    told = ast.get_docstring(ast.parse((HOME.parent / name).read_text(encoding="utf-8"))) or ""
    return told.partition("\n")[0].replace("``", "`")


def main(batch: str, model: str, out: str) -> None:
    Path(out).mkdir(parents=True, exist_ok=True)
    words = ["score", batch, "--model", model, "--jobs", "1", "--top", "0", "--force"]
    words += ["--out", f"{out}/list.csv", "--out", f"{out}/list.parquet"]
    watch = Watch()
    watch.start()
    try:
        triage_command(words, standalone_mode=False)
    finally:
        watch.stop()
    told = [
        {
            "file": name,
            "about": NO_FILES.get(name) or describe(name),
            "seconds": round(seconds, 3),
        }
        for name, seconds in watch.seconds.most_common()
    ]
    Path(out, "stages.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
