"""How long a world takes to write, and how much memory.

Run: python benchmarks/synth.py [CASES] [WORLD]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from triage.worlds import load_world, simulate, write_world


def main(cases: int, name: str) -> None:
    world = load_world(name)
    start = time.perf_counter()
    for _ in simulate(world, cases, seed=1):
        pass
    drawn = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        meta = write_world(world, cases, 1, Path(folder) / "batch")
        written = time.perf_counter() - start
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cases:,} cases, {sum(meta.rows.values()):,} rows, {size / 1e6:.0f} MB")
    print(f"drawn {drawn:.2f} s, drawn and written {written:.2f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else "nl-2017")
