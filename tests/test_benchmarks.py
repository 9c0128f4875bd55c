"""The benchmark compares what it says it compares, and its page shows what was measured. No time is tested."""

from __future__ import annotations

import copy
import importlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from triage import load_model, open_batch
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.worlds import load_world
from triage.worlds.write import write_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FOLDER = Path(__file__).parents[1] / "benchmarks" / "whole"


@pytest.fixture(scope="module")
def whole() -> Iterator[dict[str, ModuleType]]:
    names = ("page", "goals", "measuring", "steps", "pandas_features", "typical", "stages", "shapes")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield {name: importlib.import_module(name) for name in names}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "batch"
    write_world(load_world("nl-2017"), 600, 8, folder)
    return folder


@pytest.fixture(scope="module")
def results(whole: dict[str, ModuleType]) -> dict[str, Any]:
    return json.loads(whole["page"].RESULTS.read_text(encoding="utf-8"))


# What is compared -----------------------------------------------------------------------------------------


def test_pandas_computes_the_features_of_expert_number_for_number(
    whole: dict[str, ModuleType], world: Path
) -> None:
    names = whole["pandas_features"].NAMES
    assert names == list(load_model("expert").model.features)
    (part,) = open_batch(world).parts()
    as_of = int(open_batch(world).meta.as_of.timestamp())
    ours = build_features(View(part, np.full(len(part.cases), as_of)), names)
    theirs, _ = whole["pandas_features"].build_features(world)
    assert theirs.index.to_list() == part.cases.to_pylist()
    np.testing.assert_allclose(theirs.to_numpy(), ours, rtol=1e-12, atol=1e-6)
    # Of a world where one of them never moves, equality says nothing.
    assert np.count_nonzero([len(np.unique(column)) > 1 for column in ours.T]) > 20


def test_the_typical_script_computes_the_same(whole: dict[str, ModuleType], world: Path) -> None:
    pandas = whole["pandas_features"]
    expected, first = pandas.build_features(world)
    found = whole["typical"].make_features(world).loc[expected.index]
    np.testing.assert_allclose(found[pandas.NAMES].to_numpy(), expected.to_numpy(), rtol=1e-12, atol=1e-6)
    assert found["first"].to_list() == first.to_list()


def test_dense_world_has_27_rows_a_case_and_is_nl_2017_in_all_else(
    whole: dict[str, ModuleType], tmp_path: Path
) -> None:
    shapes = whole["shapes"]
    assert shapes.write_shape("sparse", tmp_path) == "nl-2017"
    dense = Path(shapes.write_shape("dense", tmp_path))
    here, there = (tomllib.loads(file.read_text(encoding="utf-8")) for file in (dense, shapes.SOURCE))
    for signal in shapes.MORE:
        assert here["signals"][signal].pop("bands") != there["signals"][signal].pop("bands")
    assert here == there
    write_world(load_world(str(dense)), 1_000, 8, tmp_path / "batch")
    assert 25 < sum(open_batch(tmp_path / "batch").meta.rows.values()) / 1_000 < 29


# How it is measured ---------------------------------------------------------------------------------------


def test_peak_memory_and_processor_time_are_those_of_the_process_and_of_those_it_started(
    whole: dict[str, ModuleType], tmp_path: Path
) -> None:
    fill = "held = b'x' * 300_000_000; sum(range(3_000_000))"
    through = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {fill!r}], check=True)"
    run = whole["measuring"].run
    for program in (fill, through):
        told = run([sys.executable, "-c", program], limit=60, log=tmp_path / "log")
        assert told["peak"] >= 300
        assert told["cpu"] > 0


@pytest.mark.parametrize(
    ("program", "limit", "told"),
    [
        ("raise SystemExit(4)", 60, "exit code 4"),
        ("import os; os.kill(os.getpid(), 9)", 60, "ended by signal 9"),
        ("import time; time.sleep(60)", 0.5, "not done in 0 s"),
    ],
)
def test_what_fails_is_told_and_has_no_figures(
    whole: dict[str, ModuleType], tmp_path: Path, program: str, limit: float, told: str
) -> None:
    command = [sys.executable, "-c", program]
    assert whole["measuring"].run(command, limit=limit, log=tmp_path / "log") == {"failed": told}


def test_time_belongs_to_the_innermost_file_of_the_package_also_within_other_libraries(
    whole: dict[str, ModuleType],
) -> None:
    watch = whole["stages"].Watch()
    found: list[str] = []

    def look(*_: object) -> str:
        found.append(watch.place(sys._getframe()))
        return ""

    from triage.worklist.reasons import show_points

    class Told(float):
        __format__ = look  # type: ignore[assignment]

    show_points(Told(1.0), whole=True)
    look()
    assert found == ["triage/worklist/reasons.py", "elsewhere"]


# What the page says ---------------------------------------------------------------------------------------


def test_page_shows_the_results(whole: dict[str, ModuleType], results: dict[str, Any]) -> None:
    page = whole["page"]
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.fill(text, results) == text, "python benchmarks/whole/page.py"
    assert re.findall(r"<!-- figures: ([a-z]+) -->", text) == list(page.BLOCKS)


def test_page_would_change_with_any_figure(whole: dict[str, ModuleType], results: dict[str, Any]) -> None:
    page = whole["page"]
    text = page.PAGE.read_text(encoding="utf-8")
    other = copy.deepcopy(results)
    for told in next(iter(other["worlds"]["dense"].values()))["steps"]["expert"]:
        told["wall"] += 10
    assert page.fill(text, other) != text


def test_results_name_no_machine_and_no_folder(results: dict[str, Any]) -> None:
    assert not [text for text in _texts(results) if re.search(r"(^|\s)/\w+/|\.local\b", text)]


def make_world(cases: int, parts: int = 2, **steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"cases": cases, "parts": parts, "rows": 6 * cases, "bytes": 300 * cases, "steps": steps}


def timed(*wall: float, cpu: float = 1.0, peak: float = 100.0) -> list[dict[str, Any]]:
    return [{"wall": one, "cpu": cpu, "peak": peak} for one in wall]


def judge(whole: dict[str, ModuleType], *worlds: dict[str, Any]) -> dict[str, list[str]]:
    told = whole["page"].write_goals({"worlds": {"dense": {str(world["cases"]): world for world in worlds}}})
    rows = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")]
    return {row[0]: row[2:] for row in rows}


def test_a_goal_is_judged_by_ratios_of_medians_on_the_largest_world_that_has_it(
    whole: dict[str, ModuleType],
) -> None:
    small = make_world(10, expert=timed(1, 2, 9), pandas=timed(8), floor=timed(1, cpu=0.4))
    large = make_world(20, expert=timed(2), pandas=timed(5), floor=timed(1, cpu=0.8))
    told = judge(whole, small, large)
    assert told["wall time, pandas and scikit-learn / `expert`, one process"] == ["4.00", "2.50", "**no**"]
    assert told["processor time, `expert` / decoding"] == ["2.5", "1.2", "yes"]
    assert told["processor time, `nl-2017/boosted` / decoding"] == ["-", "-", "not measured"]
    larger = make_world(30, expert=[{"failed": "ended by signal 9"}], pandas=timed(5))
    assert judge(whole, small, larger)["wall time, pandas and scikit-learn / `expert`, one process"] == [
        "4.00",
        "-",
        "yes",
    ]


def test_two_processes_are_judged_only_where_there_are_two_parts(whole: dict[str, ModuleType]) -> None:
    steps = {"expert": timed(3), "expert, 2 processes": timed(1.5)}
    name = "wall time, `expert`, one process / two processes"
    assert judge(whole, make_world(10, 1, **steps), make_world(20, 2, **steps))[name] == ["-", "2.00", "yes"]


def test_page_says_whether_others_used_the_machine(
    whole: dict[str, ModuleType], results: dict[str, Any]
) -> None:
    def tell(wall: float) -> str:
        worlds = {"sparse": {"10": make_world(10, floor=timed(wall, cpu=1.0))}}
        return " ".join(whole["page"].write_machine(results | {"worlds": worlds}).split())

    assert "1.05 times as long as a processor worked for it: it had a processor" in tell(1.05)
    assert "2.00 times as long as a processor worked for it: it waited for others" in tell(2.0)


def test_growth_of_memory_leaves_out_sixteen_bytes_a_case(whole: dict[str, ModuleType]) -> None:
    worlds = {
        "1000000": make_world(1_000_000, expert=timed(1, peak=516)),
        "5000000": make_world(5_000_000, expert=timed(1, peak=630)),
    }
    assert whole["goals"].compare_memory(worlds) == pytest.approx((630 / 516, 550 / 500))
    assert whole["goals"].compare_memory({"1000000": worlds["1000000"]}) is None


def test_a_step_that_failed_is_shown_as_failed(whole: dict[str, ModuleType]) -> None:
    world = make_world(10, expert=[{"failed": "not done in 900 s"}], floor=timed(1.0, 3.0, 2.0))
    told = whole["page"].write_worlds({"worlds": {"sparse": {"10": world}}})
    assert "| `triage score`, `expert`, one process | failed: not done in 900 s |" in told
    assert "| decoding the same Parquet, one thread | 2.0 (1.0 to 3.0) |" in told


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from _texts(value)
    elif isinstance(told, list):
        for value in told:
            yield from _texts(value)
