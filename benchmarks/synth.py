"""How long a world takes to draw and to write, and how much memory.

Run: python benchmarks/synth.py [CASES] [WORLD] [JOBS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from triage.worlds import load_world, simulate, write_world


def main(cases: int, name: str, jobs: int) -> None:
    """Draw a world, then draw and write it in this process and in several."""
    world = load_world(name)
    start = time.perf_counter()
    for _ in simulate(world, cases, seed=1):
        pass
    print(f"{name}, {cases:,} cases, drawn alone: {time.perf_counter() - start:.1f} s")
    for number in dict.fromkeys((1, jobs)):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            meta = write_world(world, cases, 1, Path(folder) / "batch", jobs=number)
            written = time.perf_counter() - start
            size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows = f"{sum(meta.rows.values()):,} rows, {size / 1e6:.0f} MB"
        print(f"drawn and written, jobs {number}: {written:.1f} s, {rows}; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        sys.argv[2] if len(sys.argv) > 2 else "nl-2017",
        int(sys.argv[3]) if len(sys.argv) > 3 else 2,
    )
