"""How much of what the oracle finds each model finds, over draws of a world: median and worst.

Run: python benchmarks/models.py [WORLD] [DRAWS] [CASES] [--selective] [MODEL ...]

Every draw trains on CASES cases with their truth (with --selective on the outcomes of those that the world's own policy
opened) and ranks another 100,000 cases of the same draw; draw 0 is the world as written. The share is the sum of the
oracle's probabilities over the first 2.3 % by score, ties by lot, divided by the same sum over the oracle's own first
2.3 %; beside it that of the list with its escalations. Slope and observed over expected are those of the probabilities of
that other batch.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import triage
from triage.scoring.labels import read_label_file

CAPACITY = 0.023
TEST_CASES = 100_000
RECIPES = ("logistic", "informed", "scorecard", "additive", "boosted")
NAMED = ("expert", "four-step", "rules", "urgency", "severity", "arrival", "random")


def main(arguments: list[str]) -> None:
    """Print a row per draw and model, then the median and the worst of each."""
    selective = "--selective" in arguments
    given = [word for word in arguments if word != "--selective"]
    world = given[0] if given else "nl-2017"
    draws = int(given[1]) if len(given) > 1 else 10
    cases = int(given[2]) if len(given) > 2 else 100_000
    models = given[3:] or [*NAMED, *RECIPES]
    rows = []
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            for row in try_draw(
                triage.load_world(world), draw, cases, models, Path(folder), selective=selective
            ):
                rows.append({"draw": draw, **row})
                print(pd.Series(rows[-1]).to_dict(), flush=True)
    frame = pd.DataFrame(rows)
    print(
        f"\n{world}, {cases:,} cases{' as opened by its policy' if selective else ''} (synthetic), {draws} draws"
    )
    columns = ["share", "list", "slope", "oe_top", "seconds"]
    print(frame.groupby("model", sort=False)[columns].median().round(3).to_string())
    print("\nworst share")
    print(frame.groupby("model", sort=False)["share"].min().round(3).to_string())


def try_draw(world, draw: int, cases: int, models: list[str], folder: Path, *, selective: bool) -> list[dict]:
    """Return the figures of each model in one draw."""
    triage.write_world(world, cases, 1, folder / "history", draw=draw)
    triage.write_world(world, TEST_CASES, 2, folder / "year", draw=draw)
    labels = None if selective else read_label_file(folder / "history-truth" / "truth.parquet")
    truth = pq.read_table(folder / "year-truth" / "truth.parquet").to_pandas().set_index("case_id")
    history, year = triage.open_batch(folder / "history"), triage.open_batch(folder / "year")
    found = []
    for name in models:
        start = time.perf_counter()
        bundle = (
            triage.train_bundle(history, triage.load_recipe(name), labels)
            if name in RECIPES
            else triage.load_model(name)
        )
        seconds = time.perf_counter() - start
        listed = triage.build_worklist(year, bundle, triage.Capacity(share=CAPACITY)).table.to_pandas()
        found.append({"model": name, **measure(listed, truth), "seconds": seconds})
    return found


def measure(listed: pd.DataFrame, truth: pd.DataFrame) -> dict[str, float]:
    """Return the shares of the oracle, by score and in the order of the list, and how the probabilities fit."""
    table = listed.set_index("case_id").reindex(truth.index)
    oracle, abuse = truth["oracle"].to_numpy(), truth["current_abuse"].to_numpy(float)
    k = round(CAPACITY * len(truth))
    # Cases without a score, children to protect, are last by score.
    score = table["score"].fillna(-np.inf).to_numpy()
    place = -table["rank"].fillna(np.inf).to_numpy()
    best = expect(oracle, oracle, k)
    p = table["probability"].to_numpy(float)
    known = ~np.isnan(p)
    figures = {"slope": np.nan, "oe_top": np.nan}
    if known.any():
        figures["slope"] = triage.evaluate(
            abuse[known], p[known], p[known], resamples=0
        ).probability.logistic.line.slope.estimate
        expected = expect(score, np.nan_to_num(p), k)
        figures["oe_top"] = expect(score, np.where(known, abuse, 0.0), k) / expected
    return {"share": expect(score, oracle, k) / best, "list": expect(place, oracle, k) / best, **figures}


def expect(score: np.ndarray, value: np.ndarray, k: int) -> float:
    """Return the expected sum of a value over the first k by score, cases of equal score taken by lot."""
    cut = np.sort(score)[-k]
    above, tied = score > cut, score == cut
    return float(value[above].sum() + (k - above.sum()) * value[tied].mean())


if __name__ == "__main__":
    main(sys.argv[1:])
