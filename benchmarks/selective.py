"""Learning from the cases that somebody chose: naive, weighted, and with the truth of as many cases at random.

Run: python benchmarks/selective.py [WORLD] [DRAWS] [CASES]

In every draw the world's own policy opens 2.3 % of CASES cases, by urgency and a thin lottery. Each recipe learns from their
findings, every case counting the same, weighted by one over the logged chance, and so with a cap; and, which no agency
can, from the truth of as many cases drawn at random. Shares of the oracle, as in models.py, on 60,000 other cases.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import triage
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.scoring.gathering import LabelledCases, gather_labelled
from triage.scoring.labels import read_label_file
from triage.scoring.training import learn

CAPACITY = 0.023
TEST_CASES = 60_000
RECIPES = ("logistic", "additive", "informed")


def main(world: str, draws: int, cases: int) -> None:
    """Print the median share of each recipe and way of learning, and each draw."""
    rows = []
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            rows += try_draw(world, draw, cases, Path(folder))
        print(pd.DataFrame(rows).query("draw == @draw").to_string(index=False), flush=True)
    table = pd.DataFrame(rows).pivot_table("share", "recipe", "learned from", aggfunc=["median", "min"])
    print(
        f"\n{world}, {cases:,} cases of which 2.3 % were opened, {draws} draws (synthetic): share of the oracle"
    )
    print(table.round(3).to_string())


def try_draw(world: str, draw: int, cases: int, folder: Path) -> list[dict]:
    """Return the share of each recipe and way of learning in one draw."""
    loaded = triage.load_world(world)
    triage.write_world(loaded, cases, 1, folder / "past", draw=draw)
    triage.write_world(loaded, TEST_CASES, 2, folder / "next", draw=draw)
    past = triage.open_batch(folder / "past")
    names = tuple(triage.FEATURES)
    opened = gather_labelled(past, names)
    truth = read_label_file(folder / "past-truth" / "truth.parquet")
    everything = gather_labelled(past, names, truth)
    some = np.random.default_rng(draw).choice(len(everything.outcome), len(opened.outcome), replace=False)
    matrix, oracle = rank_cases(folder, names)
    best = np.sort(oracle)[-round(CAPACITY * len(oracle)) :].sum()
    rows = []
    for name in RECIPES:
        recipe = triage.load_recipe(name)
        ways: list[tuple[str, str, LabelledCases]] = [
            *((f"opened, weights {weights}", weights, opened) for weights in ("none", "capped", "inverse")),
            ("truth of as many at random", "none", everything.rows(np.sort(some))),
        ]
        for way, weights, labelled in ways:
            model = learn(replace(recipe, weights=weights), labelled).model
            score = model.score(model.contributions(matrix[:, [names.index(n) for n in model.features]]))
            first = np.argsort(-score, kind="stable")[: round(CAPACITY * len(oracle))]
            rows.append(
                {
                    "draw": draw,
                    "recipe": name,
                    "learned from": way,
                    "labels": len(labelled.outcome),
                    "positive": int(labelled.outcome.sum()),
                    "share": oracle[first].sum() / best,
                }
            )
    return rows


def rank_cases(folder: Path, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the features and the oracle of the cases to be ranked."""
    truth = pq.read_table(folder / "next-truth" / "truth.parquet").to_pandas().set_index("case_id")["oracle"]
    batch = triage.open_batch(folder / "next")
    now = int(batch.meta.as_of.timestamp())
    matrices, cases = [], []
    for part in batch.parts():
        matrices.append(build_features(View(part, np.full(len(part.cases), now)), names))
        cases += part.cases.to_pylist()
    return np.concatenate(matrices), truth.loc[cases].to_numpy()


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else "nl-2017",
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        int(sys.argv[3]) if len(sys.argv) > 3 else 200_000,
    )
