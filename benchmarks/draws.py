"""How good the models are when the effects of a world are other ones: median and worst over draws.

Run: python benchmarks/draws.py [WORLD] [DRAWS] [CASES]

Every draw trains on three years' worth of cases with their truth and ranks another year; draw 0 is the world as
written. Recall is of all cases with current abuse, among the first 2.3 % of the order of the score; its share is of
what the oracle finds there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import triage

CAPACITY = 0.023
HISTORY_YEARS = 3


def recall(order: np.ndarray, abuse: np.ndarray) -> float:
    """Return the share of the cases with abuse among the first ones of an order."""
    return float(abuse[order[: round(CAPACITY * len(order))]].sum() / abuse.sum())


def try_draw(world: str, draw: int, cases: int, folder: Path) -> dict[str, float]:
    """Return the recall of each model in one draw."""
    loaded = triage.load_world(world)
    triage.write_world(loaded, HISTORY_YEARS * cases, 1, folder / "history", draw=draw)
    triage.write_world(loaded, cases, 2, folder / "year", draw=draw)
    labels = triage.read_label_file(folder / "history-truth" / "truth.parquet")
    recipe = triage.load_recipe("logistic")
    models = {
        "expert": triage.load_model("expert"),
        "logistic": triage.train_bundle(triage.open_batch(folder / "history"), recipe, labels),
    }
    truth = pq.read_table(folder / "year-truth" / "truth.parquet").to_pandas().set_index("case_id")
    abuse = truth["current_abuse"].to_numpy()
    found = {"oracle": recall(np.argsort(-truth["oracle"].to_numpy(), kind="stable"), abuse)}
    batch = triage.open_batch(folder / "year")
    for name, model in models.items():
        table = triage.build_worklist(batch, model, triage.Capacity(share=CAPACITY)).table.to_pandas()
        score = table.set_index("case_id")["score"].reindex(truth.index).fillna(-np.inf).to_numpy()
        found[name] = recall(np.argsort(-score, kind="stable"), abuse)
    return found


def main(world: str, draws: int, cases: int) -> None:
    """Print the recall of each draw, and the share of the oracle over draws."""
    rows = []
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            rows.append({"draw": draw, **try_draw(world, draw, cases, Path(folder))})
    frame = pd.DataFrame(rows).set_index("draw")
    print(f"{world}, {cases:,} cases a year: recall at {CAPACITY:.1%} (synthetic)")
    print(frame.round(3).to_string())
    share = frame.drop(columns="oracle").div(frame["oracle"], axis=0)
    print("\nshare of what the oracle finds")
    print(share.agg(["median", "min"]).rename(index={"min": "worst"}).round(3).to_string())


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else "nl-2017",
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        int(sys.argv[3]) if len(sys.argv) > 3 else 18_000,
    )
