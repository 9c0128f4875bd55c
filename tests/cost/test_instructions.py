"""No loop over cases in Python, from the files of a batch to those of its list, and beside that way.

A batch and one that holds the same cases four times over: there are four times as many cases, and as many distinct
values to make words of. What is done for a distinct value, a column or a part takes as many instructions in both.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import triage
from tests.cost.copies import write_copies
from tests.cost.instructions import ROOMS, count_growth, count_instructions
from triage.intake.canonical import partition_folder
from triage.intake.tables import read_csv_folder
from triage.schema.batch import open_batch
from triage.schema.exporting import export_batch
from triage.scoring.trees import TreesModel

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from triage.scoring.bundle import Bundle
    from triage.worklist.build import Worklist

CASES, COPIES = 400, 4
ADDED = CASES * (COPIES - 1)
ONE, FOUR, OTHERS = "one", "four", "others"
# Two are the fewest that a function executes which is called for each case.
LEAST_LOOP = 1.5
# Of a whole way, but for what is allowed: how many times the instructions of the batch the copies may take.
MOST = 1.05
# For words of values that no earlier case had; a sentence takes a hundred, and a case shows up to five.
MOST_FOR_WORDS = 200
TREES = 60

# What is done in Python for each case: how many instructions at most, and why it may be.
_ORDERING = {
    "worklist/order.py: key_draws": (45, "a keyed hash for each case that waits as long as another"),
    "worklist/order.py: _rank_waiting": (20, "asks for that hash"),
}
_MISTAKES = {
    "schema/mend.py: _bad_fields": (20, "looks at up to 1,000 bad values of a column, to show some"),
    "schema/mend.py: _as_found": (10, "the same"),
}
_LINES = {
    "worklist/exports/lines.py: open_list": (600, "a line of JSON a case, by the standard library"),
    "worklist/exports/lines.py: plain_value": (700, "the same"),
}


@dataclass(frozen=True)
class Batches:
    """Where the batches are: each as a folder, as CSV, and as CSV with mistakes; and their lists."""

    home: Path
    lists: dict[str, Worklist]

    def folder(self, name: str, form: str = "") -> Path:
        return self.home / f"{name}{form}"


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Batches:
    home = tmp_path_factory.mktemp("batches")
    world = triage.load_world("nl-2017")
    triage.write_world(world, CASES, 7, home / "world")
    triage.write_world(world, CASES * COPIES, 8, home / OTHERS)
    for name, times in ((ONE, 1), (FOUR, COPIES)):
        write_copies(open_batch(home / "world"), times, home / name)
        export_batch(open_batch(home / name), home / f"{name}-csv", "csv")
        shutil.copytree(home / f"{name}-csv", home / f"{name}-mistakes")
        _make_mistakes(home / f"{name}-mistakes" / "files.csv")
    lists = {
        name: triage.build_worklist(open_batch(home / name), triage.load_model("expert"))
        for name in (ONE, FOUR)
    }
    # Their rows are made here, so that an export is counted alone.
    assert all(worklist.table and not worklist.hidden for worklist in lists.values())
    return Batches(home, lists)


def _make_mistakes(path: Path) -> None:
    """Put into every seventh row a code that is none, into others no name, or no report to belong to."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        wrong = {0: ("hash_status", "no-such-status"), 1: ("file_id", ""), 2: ("report_id", "")}
        column, value = wrong.get(number % 7, ("file_id", row["file_id"]))
        row[column] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def score(bundle: Bundle, batches: Batches, name: str) -> None:
    assert triage.build_worklist(open_batch(batches.folder(name)), bundle).table


def export(ending: str, batches: Batches, name: str) -> None:
    triage.export(batches.lists[name], batches.home / f"list{ending}", force=True)


def check(batches: Batches, name: str) -> None:
    for part in triage.open_batch(batches.folder(name)).parts():
        assert not part.findings


def compute_features(batches: Batches, name: str) -> None:
    triage.FeaturePipeline().fit_transform(open_batch(batches.folder(name)))


def read_csv(form: str, batches: Batches, name: str) -> None:
    as_of = batches.lists[name].as_of
    assert list(read_csv_folder(batches.folder(name, form), as_of).parts())


def partition(batches: Batches, name: str) -> None:
    as_of = batches.lists[name].as_of
    partition_folder(batches.folder(name, "-csv"), batches.home / "cut", as_of, force=True)


def load_boosted() -> Bundle:
    """Return the boosted bundle with a few of its trees: it is cases that are counted, not trees."""
    bundle = triage.load_model("nl-2017/boosted")
    assert isinstance(bundle.model, TreesModel)
    return replace(bundle, model=replace(bundle.model, trees=bundle.model.trees[:TREES]))


# Each way, and what it may do for each case.
WAYS: dict[str, tuple[Callable[[], Callable[[Batches, str], None]], dict[str, tuple[int, str]]]] = {
    "score by expert": (lambda: partial(score, triage.load_model("expert")), _ORDERING),
    "score by an additive model": (
        lambda: partial(score, triage.load_model("nl-2017/additive")),
        _ORDERING,
    ),
    "score by a boosted model": (lambda: partial(score, load_boosted()), _ORDERING),
    "list as CSV": (lambda: partial(export, ".csv"), {}),
    "list as Parquet": (lambda: partial(export, ".parquet"), {}),
    "list as JSON Lines": (lambda: partial(export, ".jsonl"), _LINES),
    "check": (lambda: check, {}),
    "features": (lambda: compute_features, {}),
    "read CSV": (lambda: partial(read_csv, "-csv"), {}),
    "read CSV with mistakes": (lambda: partial(read_csv, "-mistakes"), _MISTAKES),
    "partition CSV": (lambda: partition, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_function_executes_more_for_more_cases_but_for_those_that_may(way: str, batches: Batches) -> None:
    make, allowed = WAYS[way]
    few, many = count_both(make(), batches)
    growth = find_loops(few, many)
    loops = {name: count for name, count in growth.items() if count > allowed.get(name, (LEAST_LOOP, ""))[0]}
    assert not loops, f"instructions for each case more, in a function: {loops}"
    needless = sorted(set(allowed) - set(growth))
    assert not needless, f"these loop no more; take them out of what is allowed: {needless}"
    rest = [sum(count for name, count in counts.items() if name not in allowed) for counts in (few, many)]
    assert rest[1] <= MOST * rest[0]


def test_no_function_of_the_evaluation_executes_more_for_more_cases() -> None:
    # Searches for the ends of intervals take a round more or less, whatever the size: many cases, so as not to see it.
    cases = 10 * CASES
    draws = np.random.default_rng(0)
    outcome, score = draws.integers(0, 2, cases), draws.normal(size=cases).round(2)
    days = np.datetime64("2024-01-01") + np.arange(cases) % 300
    columns = outcome, score, 1 / (1 + np.exp(-score)), np.where(outcome > 0, "a", "b"), days

    def evaluate(times: int) -> None:
        *figures, group, time = (np.tile(values, times) for values in columns)
        str(triage.evaluate(*figures, group={"group": group}, time=time, resamples=5))

    evaluate(1)
    few, many = (count_instructions(partial(evaluate, times)) for times in (1, COPIES))
    growth = count_growth(few, many, cases * (COPIES - 1))
    assert not {name: count for name, count in growth.items() if count > LEAST_LOOP}
    assert many.total() <= MOST * few.total()


@pytest.mark.parametrize("model", ["expert", "nl-2017/additive"])
def test_cases_that_differ_cost_little_more_than_their_copies(model: str, batches: Batches) -> None:
    # Here every value can be new, so that a loop over distinct values would be one over cases.
    work = partial(score, triage.load_model(model), batches)
    work(ONE)
    few, many = (count_instructions(partial(work, name)).total() for name in (ONE, OTHERS))
    assert 0 < many - few <= MOST_FOR_WORDS * ADDED


@pytest.mark.parametrize(
    "body",
    [
        "for _ in part.cases: pass",
        "[None for case in part.cases]",
        "any(False for case in part.cases)",
        "list(map(lambda case: case, part.cases))",
        "np.vectorize(lambda case: 0)(np.arange(len(part.cases)))",
    ],
)
def test_a_loop_over_cases_that_somebody_puts_in_is_found(
    body: str, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.schema.batch.settle", plant(body))
    assert set(find_loops(*count_both(check, batches))) == {"planted.py: settle"}


def plant(body: str) -> Any:
    """Return the step that ends the reading of a part with a loop behind it, as if in a file of the package."""
    from triage.schema.settling import settle

    source = (
        f"def settle(rows, where, as_of):\n    part = whole(rows, where, as_of)\n    {body}\n    return part"
    )
    room: dict[str, Any] = {"whole": settle, "np": np}
    exec(compile(source, str(ROOMS / "planted.py"), "exec"), room)  # noqa: S102 - the text above
    return room["settle"]


def test_instructions_are_counted_one_by_one_and_only_in_the_folder() -> None:
    def go_round(times: int) -> None:
        for _ in range(times):
            pass

    def count(times: int) -> int:
        return count_instructions(partial(go_round, times), Path(__file__).parent).total()

    # A round: the next number, its name, and the way back.
    assert count(1001) - count(1) == 3 * 1000
    assert not count_instructions(partial(go_round, 100), ROOMS)


def count_both(work: Callable[[Batches, str], None], batches: Batches) -> tuple[Counter[str], Counter[str]]:
    """Return what the batch and its copies take, after a run that fills what is kept between runs."""
    work(batches, ONE)
    few, many = (count_instructions(partial(work, batches, name)) for name in (ONE, FOUR))
    return few, many


def find_loops(few: Counter[str], many: Counter[str]) -> dict[str, float]:
    growth = count_growth(few, many, ADDED)
    return {name: count for name, count in growth.items() if count > LEAST_LOOP}
