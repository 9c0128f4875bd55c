"""The whole way, from Parquet to a list on disk, beside decoding alone and beside pandas.

python benchmarks/whole/run.py [CASES...] [--rounds N] [--keep FOLDER] [--results FILE]

Worlds of 10,000 and 100,000 cases, or of as many as are said, with 27 rows a case and with six. Every step is a process of its own; the steps take
turns, round by round, since the speed of a machine drifts. The results are written after every world, to
benchmarks/results/whole.json and from there into docs/performance.md. Per million cases it takes about 1.2 GB of disk
for both worlds and 0.7 GB for one list of `expert`, 1 GB with a learned model, which goes when it has been measured.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import page
from measuring import describe_machine, describe_software, run
from shapes import SHAPES, WORLD, write_shape
from steps import HERE, SMALL_CASES, STARTS, STEPS, TRIAGE, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED, FIT_SEED, FIT_CASES = 41, 42, 20_000
START_ROUNDS = 7
BYTES_A_CASE = 2_100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="*", type=int, default=[10_000, 100_000], metavar="CASES")
    parser.add_argument("--rounds", type=int, help="of every step; fewer for large worlds otherwise")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the worlds there for another run")
    parser.add_argument("--results", type=Path, default=HERE.parent / "results" / "whole.json")
    asked = parser.parse_args()
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        worlds = asked.keep or Path(home) / "worlds"
        worlds.mkdir(parents=True, exist_ok=True)
        bench = Bench(worlds.resolve(), Path(home))
        bench.fit()
        results: dict[str, Any] = {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": machine,
            "versions": describe_software(),
            "world": WORLD,
            "starts": bench.measure_starts(asked.rounds or START_ROUNDS),
            "worlds": {shape: {} for shape in SHAPES},
        }
        for cases, shape in product(sorted(set(asked.cases)), SHAPES):
            told = bench.measure_world(shape, cases, asked.rounds or count_rounds(cases))
            results["worlds"][shape][str(cases)] = told
            asked.results.parent.mkdir(exist_ok=True)
            asked.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            if asked.results == parser.get_default("results"):
                page.main()


def count_rounds(cases: int) -> int:
    return 5 if cases <= 10_000 else 3 if cases <= 100_000 else 2 if cases <= 1_000_000 else 1


def count_seconds(cases: int) -> float:
    """Return how long a step may take before it is ended."""
    return 900 + cases / 500


class Bench:
    """Worlds on disk, and what is measured on them."""

    def __init__(self, worlds: Path, home: Path) -> None:
        self.worlds, self.home = worlds, home
        self.fitted = home / "pipeline.joblib"

    def run(self, command: list[str], cases: int = 0) -> dict[str, Any]:
        return run(command, limit=count_seconds(cases), log=self.home / "log.txt")

    def make_world(self, cases: int, seed: int = SEED, shape: str = "sparse") -> tuple[Path, dict[str, Any]]:
        """Write a world, if it was not kept; return its folder and what writing it took."""
        folder = self.worlds / f"{WORLD}-{shape}-{seed}-{cases}"
        if (folder / "batch.json").exists():
            return folder, {}
        need, free = cases * BYTES_A_CASE, shutil.disk_usage(self.worlds).free
        if free < need:
            sys.exit(f"{cases:,} cases need {need / 1e9:.1f} GB of disk; free are {free / 1e9:.1f} GB")
        size = ["--cases", str(cases), "--seed", str(seed), "--jobs", "2"]
        world = write_shape(shape, self.home)
        told = self.run([*TRIAGE, "synth", world, *size, "--out", str(folder)], cases)
        if "failed" in told:
            sys.exit(f"the world of {cases:,} cases could not be written: {told['failed']}")
        return folder, told

    def fit(self) -> None:
        """Fit the pipeline that is compared with; of no part of this the time is told."""
        folder, _ = self.make_world(FIT_CASES, FIT_SEED)
        truth = folder.with_name(f"{folder.name}-truth") / "truth.parquet"
        told = self.run([sys.executable, str(HERE / "fit.py"), str(folder), str(truth), str(self.fitted)])
        if "failed" in told:
            sys.exit(f"the pipeline could not be fitted: {told['failed']}")

    def measure_starts(self, rounds: int) -> dict[str, Any]:
        folder, _ = self.make_world(SMALL_CASES)
        # Once for nothing: what Python compiles, it compiles once.
        self.take_turns(STARTS, folder, SMALL_CASES, 1)
        return self.take_turns(STARTS, folder, SMALL_CASES, rounds)

    def measure_world(self, shape: str, cases: int, rounds: int) -> dict[str, Any]:
        folder, written = self.make_world(cases, shape=shape)
        meta = json.loads((folder / "batch.json").read_text(encoding="utf-8"))
        files = [file for file in folder.rglob("*") if file.is_file()]
        print(f"{cases:,} cases, {SHAPES[shape]}, {meta['parts']} parts, {rounds} rounds", flush=True)
        return {
            "cases": cases,
            "rows": sum(meta["rows"].values()),
            "parts": meta["parts"],
            "bytes": sum(file.stat().st_size for file in files),
            "written": written,
            "steps": self.take_turns(STEPS, folder, cases, rounds),
        }

    def take_turns(self, steps: tuple[Step, ...], folder: Path, cases: int, rounds: int) -> dict[str, Any]:
        """Run every step in every round; one that failed is not run again."""
        results: dict[str, list[dict[str, Any]]] = {}
        for number in range(rounds):
            for step in steps:
                so_far = results.get(step.name, [])
                failed = any("failed" in told for told in so_far)
                if failed or (step.once and number) or (step.most and cases > step.most):
                    continue
                told = self.measure(step, folder, cases)
                results.setdefault(step.name, []).append(told)
                print(
                    f"  {step.name:22}",
                    json.dumps({k: v for k, v in told.items() if k != "told"}),
                    flush=True,
                )
        return results

    def measure(self, step: Step, folder: Path, cases: int) -> dict[str, Any]:
        """Run a step in an empty folder for what it writes."""
        out = self.home / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        names = {"batch": str(folder), "out": str(out), "fitted": str(self.fitted)}
        if "{scheduler}" in step.command:
            with open_cluster() as (address, ask):
                told = self.run(step.fill(**names, scheduler=address), cases)
                workers = ask()
            if not workers:
                told = {"failed": "a worker ended"}
            if "failed" not in told:
                told |= {"cpu": round(told["cpu"] + workers["cpu"], 3), "worker_peak": workers["peak"]}
        else:
            told = self.run(step.fill(**names), cases)
        if step.told and "failed" not in told:
            told["told"] = json.loads((out / step.told).read_text(encoding="utf-8"))
        elif "failed" not in told and any(out.iterdir()):
            told["bytes_out"] = sum(file.stat().st_size for file in out.iterdir())
        shutil.rmtree(out, ignore_errors=True)
        return told


@contextmanager
def open_cluster() -> Iterator[tuple[str, Any]]:
    """Start a Dask cluster; give its address, and a function that asks it what it has used."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "cluster.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        reads, writes = process.stdout, process.stdin

        def ask() -> dict[str, Any]:
            """Return nothing where it is gone, or one of its workers is."""
            with suppress(BrokenPipeError):
                writes.write("\n")
                writes.flush()
            told: dict[str, Any] = json.loads(reads.readline() or "{}")
            return told

        try:
            yield json.loads(reads.readline())["address"], ask
        finally:
            with suppress(BrokenPipeError):
                writes.close()


if __name__ == "__main__":
    main()
