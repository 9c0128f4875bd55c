"""``triage demo``: one world, one model, one worklist, one evaluation, in one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import console, force_option, json_option, program, progress, say_result

if TYPE_CHECKING:
    from triage.evaluation import Evaluation
    from triage.worklist.build import Worklist

WORLD, RECIPE = "nl-2017", "logistic"
CAPACITY = 0.023
HISTORY_YEARS = 3
EXPLAINED = 500
_FILES = {
    "worklist.csv",
    "worklist.html",
    "evaluation.json",
    "evaluation.txt",
    "evaluation.html",
    "reliability.png",
    "demo.json",
}
CONTENTS = frozenset({"batch", "batch-truth", "history", "history-truth", "model"} | _FILES)


@click.command("demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default="triage-demo", show_default=True, help="Folder to make."
)
@click.option(
    "--cases", type=click.IntRange(min=5_000), default=18_000, show_default=True, help="Cases a year."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same bytes."
)
@force_option
@json_option
def command(out: Path, cases: int, seed: int, *, force: bool, as_json: bool) -> None:
    """Show the whole way on synthetic cases.

    A model is trained on three years of a world, with its truth as outcomes; another year is scored, ranked
    and evaluated against arrival order, the urgency flag and the oracle of the world.
    """
    from triage.writing import write_folder

    with write_folder(out, contents=CONTENTS, force=force) as folder:
        with progress("working", 4) as done:
            _train(folder, cases, seed + 1)
            done(1)
            worklist = _rank(folder, cases, seed)
            done(2)
            evaluation = _evaluate(folder, worklist)
            done(1)
        result = {
            "world": WORLD,
            "seed": seed,
            "cases": cases,
            "worklist": worklist.as_dict(),
            "evaluation": evaluation.as_dict(),
        }
        (folder / "demo.json").write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")
    if not as_json:
        _show(worklist)
    say_result({"folder": str(out), **result}, _summary(out, evaluation), as_json=as_json)


def _train(folder: Path, cases: int, seed: int) -> None:
    from triage.evaluation.holdout import train_bundle
    from triage.schema.batch import open_batch
    from triage.scoring.bundle import save_bundle
    from triage.scoring.labels import read_label_file
    from triage.scoring.recipe import load_recipe
    from triage.worlds import load_world, write_world

    write_world(load_world(WORLD), HISTORY_YEARS * cases, seed, folder / "history")
    recipe = load_recipe(RECIPE)
    labels = read_label_file(folder / "history-truth" / "truth.parquet")
    save_bundle(folder / "model", train_bundle(open_batch(folder / "history"), recipe, labels), recipe.text)


def _rank(folder: Path, cases: int, seed: int) -> Worklist:
    from triage.schema.batch import open_batch
    from triage.scoring.bundle import load_bundle
    from triage.worklist.build import build_worklist
    from triage.worklist.explain import explain_cases
    from triage.worklist.exports import export, export_csv
    from triage.worklist.policy import Capacity
    from triage.worlds import load_world, write_world

    write_world(load_world(WORLD), cases, seed, folder / "batch")
    batch, bundle = open_batch(folder / "batch"), load_bundle(folder / "model")
    worklist = build_worklist(batch, bundle, Capacity(share=CAPACITY))
    export_csv(worklist.table, folder / "worklist.csv")
    first = worklist.table["case_id"].to_pylist()[:EXPLAINED]
    export(worklist, folder / "worklist.html", details=explain_cases(batch, bundle, first))
    return worklist


def _evaluate(folder: Path, worklist: Worklist) -> Evaluation:
    from triage.evaluation.displays.reliability import save_reliability
    from triage.evaluation.joining import evaluate_table
    from triage.worlds.reading import read_truth

    result = evaluate_table(worklist.table, read_truth(folder / "batch"), probability="probability")
    (folder / "evaluation.json").write_text(json.dumps(result.as_dict(), indent=1) + "\n", encoding="utf-8")
    (folder / "evaluation.txt").write_text(f"{result}\n", encoding="utf-8")
    result.save_html(folder / "evaluation.html")
    if result.probability is not None:
        save_reliability(result.probability.curve, result.probability.band, folder / "reliability.png")
    return result


def _show(worklist: Worklist) -> None:
    from triage.worklist.terminal import draw_worklist

    screen = console()
    for table in draw_worklist(worklist, 10):
        screen.print(table)


def _summary(out: Path, evaluation: Evaluation) -> str:
    files = ", ".join(sorted(f"{path.name}/" if path.is_dir() else path.name for path in out.iterdir()))
    explain = f"{program()} explain {out}/batch CASE --model {out}/model"
    return (
        f"{evaluation}\n\n{out}: {files}.\nAll of it is synthetic. Next, with a case of the list: {explain}"
    )
