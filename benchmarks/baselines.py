"""What lists that need no labels find, from the expert scorecard to a lottery: median and worst over draws.

Run: python benchmarks/baselines.py [WORLD] [DRAWS] [CASES]

Draw 0 is the world as written; in each other draw its effects are other ones. The share is the expected number of
cases with current abuse (the sum of the oracle's probabilities) among the first 2.3 % of the order of the score, of
that among the oracle's own first. Cases of equal score are taken by lot, on average over all lots. The lane of
escalated cases, which goes first on a list whatever the score, is left out: it is the score that is compared.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import triage
from triage.features.catalogue import build_features
from triage.features.view import View

CAPACITY = 0.023
MODELS = ("expert", "four-step", "rules", "urgency", "severity", "arrival", "random")


def expect(score: np.ndarray, oracle: np.ndarray, k: int) -> float:
    """Return the expected number of cases with abuse among the first k, ties by lot."""
    cut = np.sort(score)[-k]
    above, tied = score > cut, score == cut
    return float(oracle[above].sum() + (k - above.sum()) * oracle[tied].mean())


def try_draw(world: str, draw: int, cases: int, folder: Path) -> dict[str, float]:
    """Return the share of each model in one draw."""
    triage.write_world(triage.load_world(world), cases, 2, folder / "year", draw=draw)
    batch = triage.open_batch(folder / "year")
    models = {name: triage.load_model(name).model for name in MODELS}
    scores: dict[str, list[np.ndarray]] = {name: [] for name in MODELS}
    case: list[str] = []
    for part in batch.parts():
        view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
        case += part.cases.to_pylist()
        for name, model in models.items():
            matrix = build_features(view, model.features)
            scores[name].append(model.score(model.contributions(matrix)))
    truth = pq.read_table(folder / "year-truth" / "truth.parquet").to_pandas().set_index("case_id")
    oracle = truth["oracle"].reindex(case).to_numpy()
    k = round(CAPACITY * len(case))
    best = expect(oracle, oracle, k)
    return {name: expect(np.concatenate(parts), oracle, k) / best for name, parts in scores.items()}


def main(world: str, draws: int, cases: int) -> None:
    """Print the share of each draw, and the median and the worst over draws."""
    rows = []
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            rows.append({"draw": draw, **try_draw(world, draw, cases, Path(folder))})
    frame = pd.DataFrame(rows).set_index("draw")
    print(f"{world}, {cases:,} cases: share of what the oracle finds at {CAPACITY:.1%} (synthetic)")
    print(frame.round(3).to_string())
    print()
    print(frame.agg(["median", "min"]).rename(index={"min": "worst"}).round(3).to_string())


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else "nl-2017",
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        int(sys.argv[3]) if len(sys.argv) > 3 else 18_000,
    )
