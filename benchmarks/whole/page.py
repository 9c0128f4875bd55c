"""Write the results of `run.py` into docs/performance.md, between its marks.

python benchmarks/whole/page.py
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goals import GOALS, GROWTH_GOAL, START_GOALS, compare_memory, median
from shapes import SHAPES
from steps import MODELS, STARTS, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "whole.json"
PAGE = ROOT / "docs" / "performance.md"
MARKED = re.compile(r"(<!-- figures: ([a-z]+) -->\n)(.*?)(<!-- end of figures -->)", re.DOTALL)
WIDTH = 118
# Files that take less of the whole are shown together.
SMALLEST_SHARE = 0.03
# Wall time over processor time from which a machine counts as shared.
SHARED = 1.25
ALONE = ("floor", "expert", "pandas", "additive", "boosted")


def main() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


def fill(text: str, results: dict[str, Any]) -> str:
    """Return the page with the results between its marks."""
    return MARKED.sub(lambda mark: f"{mark[1]}\n{BLOCKS[mark[2]](results)}\n\n{mark[4]}", text)


def write_machine(results: dict[str, Any]) -> str:
    """Say what was measured on what, and when."""
    machine = results["machine"]
    load = ", ".join(f"{load:g}" for load in machine["load"])
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    said = (
        f"Measured on {results['date']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']:g} GB of memory, {machine['system']}; load average at the start {load} (over 1, 5 "
        f"and 15 minutes). {versions}."
    )
    sizes = [
        f"- {int(cases):,} cases, {SHAPES[shape]}: {world['rows']:,} rows in {_count(world['parts'], 'part')}, "
        f"{world['bytes'] / 1e6:,.0f} MB of Parquet"
        for shape, worlds in results["worlds"].items()
        for cases, world in worlds.items()
    ]
    return "\n".join(
        [*textwrap.wrap(f"{said} {_tell_company(results)}", WIDTH, break_on_hyphens=False), "", *sizes]
    )


def _tell_company(results: dict[str, Any]) -> str:
    """Say whether others used the machine meanwhile, by the steps that one process does alone."""
    steps = [world["steps"] for worlds in results["worlds"].values() for world in worlds.values()]
    rounds = [one for some in steps for name in ALONE for one in some.get(name, []) if "failed" not in one]
    if not rounds:
        return ""
    waited = sum(one["wall"] for one in rounds) / sum(one["cpu"] for one in rounds)
    told = f"What one process does alone took {waited:.2f} times as long as a processor worked for it"
    if waited > SHARED:
        return (
            told + ": it waited for others, or for the disk, so wall times and their ratios say little here."
        )
    return told + ": it had a processor to itself."


def write_goals(results: dict[str, Any]) -> str:
    """Set the ratios beside their goals; whether one is reached is judged on the largest world that has it."""
    return _by_shape(results, _write_goals_of)


def _by_shape(results: dict[str, Any], write: Callable[[dict[str, Any]], str]) -> str:
    """Return what is written of the worlds of each shape, each under its heading."""
    told = ((f"### {SHAPES[shape].capitalize()}", worlds) for shape, worlds in results["worlds"].items())
    return "\n\n".join(f"{heading}\n\n{write(worlds)}" for heading, worlds in told if worlds)


def _write_goals_of(worlds: dict[str, Any]) -> str:
    rows = []
    for goal in GOALS:
        figures = [goal.compute(world) for world in worlds.values()]
        known = [figure for figure in figures if figure is not None]
        shown = ("-" if figure is None else f"{figure:,.{goal.digits}f}" for figure in figures)
        rows.append((goal.about, goal.say(), *shown, _judge(known and goal.is_reached(known[-1]), known)))
    growth = compare_memory(worlds)
    said = "not measured: it takes worlds of one and of five million cases"
    if growth:
        as_it_is, without = growth
        said = f"{as_it_is:.2f}; without 16 bytes a case for the order {without:.2f}"
        said += f" ({_judge(without <= GROWTH_GOAL, [without])})"
    heads = ("what", "goal", *(f"{int(cases):,}" for cases in worlds), "reached")
    last = f"Peak memory of `expert` at 5,000,000 over 1,000,000 cases, goal at most {GROWTH_GOAL:g}: {said}."
    return f"{_table(heads, rows)}\n\n" + "\n".join(textwrap.wrap(last, WIDTH))


def write_worlds(results: dict[str, Any]) -> str:
    """Give wall time, processor time and peak memory of every step on every world."""
    return _by_shape(results, _write_worlds_of)


def _write_worlds_of(worlds: dict[str, Any]) -> str:
    parts = []
    for cases, world in worlds.items():
        rows = []
        for step in STEPS:
            rounds = world["steps"].get(step.name)
            if not step.about or not rounds:
                continue
            failed = [one["failed"] for one in rounds if "failed" in one]
            figures = (
                (f"failed: {failed[0]}", "-", "-", "-") if failed else _figures(world["steps"], step.name)
            )
            rows.append((step.about, *figures))
        heads = ("what", "wall s", "processor s", "peak MB", "rounds")
        parts.append(f"{int(cases):,} cases{_tell_output(world)}:\n\n{_table(heads, rows)}")
    return "\n\n".join(parts)


def _tell_output(world: dict[str, Any]) -> str:
    written = median(world["steps"], "expert", "bytes_out")
    return "" if written is None else f" (`.csv` and `.parquet` with `expert`: {written / 1e6:,.0f} MB)"


def _figures(steps: dict[str, Any], name: str) -> tuple[str, str, str, str]:
    wall, cpu = (
        _spread([one[figure] for one in steps[name]], steps, name, figure) for figure in ("wall", "cpu")
    )
    peak = f"{median(steps, name, 'peak'):,.0f}"
    worker = median(steps, name, "worker_peak")
    return wall, cpu, peak if worker is None else f"{peak}, a worker {worker:,.0f}", str(len(steps[name]))


def _spread(values: Sequence[float], steps: dict[str, Any], name: str, figure: str) -> str:
    middle = f"{median(steps, name, figure):,.1f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.1f} to {max(values):,.1f})"


def write_starts(results: dict[str, Any]) -> str:
    """Give what a small batch takes from the shell, and what starting alone takes."""
    rows = []
    for step in STARTS:
        wall, goal = median(results["starts"], step.name, "wall"), START_GOALS.get(step.name)
        cpu = median(results["starts"], step.name, "cpu")
        if wall is None:
            rows.append((step.about, "failed", "-", "-", "-"))
        elif goal is None:
            rows.append((step.about, f"{wall:.2f}", f"{cpu:.2f}", "-", "-"))
        else:
            judged = _judge(wall < goal, [wall])
            rows.append((step.about, f"{wall:.2f}", f"{cpu:.2f}", f"under {goal:g}", judged))
    return _table(("what", "wall s", "processor s", "goal", "reached"), rows)


def write_stages(results: dict[str, Any]) -> str:
    """Give where the processor time goes, by file of the package, on the largest world that tells it."""
    return _by_shape(results, _write_stages_of)


def _write_stages_of(worlds: dict[str, Any]) -> str:
    parts = []
    for name in ("expert", "boosted"):
        told = [
            (cases, world["steps"][f"stages, {name}"][0]["told"])
            for cases, world in worlds.items()
            if "told" in world["steps"].get(f"stages, {name}", [{}])[0]
        ]
        if not told:
            continue
        cases, files = told[-1]
        whole = sum(one["seconds"] for one in files)
        large = [one for one in files if one["seconds"] >= SMALLEST_SHARE * whole]
        rest = whole - sum(one["seconds"] for one in large)
        rows = [_stage(one["file"], one["about"], one["seconds"], whole) for one in large]
        rows.append(_stage(f"{len(files) - len(large)} others", "", rest, whole))
        heads = ("file", "what it does", "processor s", "share")
        parts.append(f"`triage score`, `{MODELS[name]}`, {int(cases):,} cases:\n\n{_table(heads, rows)}")
    return "\n\n".join(parts)


def _stage(name: str, about: str, seconds: float, whole: float) -> tuple[str, str, str, str]:
    return f"`{name}`" if "/" in name else name, about, f"{seconds:,.2f}", f"{100 * seconds / whole:.0f} %"


def _judge(reached: object, known: Sequence[float]) -> str:
    if not known:
        return "not measured"
    return "yes" if reached else "**no**"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


BLOCKS = {
    "machine": write_machine,
    "goals": write_goals,
    "worlds": write_worlds,
    "starts": write_starts,
    "stages": write_stages,
}

if __name__ == "__main__":
    main()
