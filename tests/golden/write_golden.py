"""Write the golden vectors again: `make models` does, and look at every difference before keeping it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import triage
from triage.features.catalogue import build_features
from triage.features.of_baselines import BASELINES
from triage.features.view import View
from triage.scoring.loading import list_models

HERE = Path(__file__).resolve().parent
CASES, SEED = 500, 20_170


def main() -> None:
    """Write the features of 500 cases, and what each feature adds to the score of each model."""
    names = [*triage.FEATURES, *BASELINES]
    with tempfile.TemporaryDirectory() as folder:
        triage.write_world(triage.load_world("nl-2017"), CASES, SEED, Path(folder) / "batch")
        batch = triage.open_batch(Path(folder) / "batch")
        now = int(batch.meta.as_of.timestamp())
        parts = [build_features(View(part, np.full(len(part.cases), now)), names) for part in batch.parts()]
    features = pd.DataFrame(np.concatenate(parts), columns=names)
    # Rounded, so that the file stays readable; the models read the rounded values.
    features = features.round(4) + 0.0
    features.to_csv(HERE / "features.csv", index_label="case", lineterminator="\n")
    rows = []
    for name in list_models():
        model = triage.load_model(name).model
        added = model.contributions(features[model.features].to_numpy())
        score = model.score(added)
        frame = pd.DataFrame(added, columns=model.features).assign(score=score)
        long = frame.reset_index(names="case").melt("case", var_name="part", value_name="adds")
        rows.append(long[long["adds"] != 0].assign(model=name))
    golden = pd.concat(rows)[["model", "case", "part", "adds"]].sort_values(["model", "case", "part"])
    golden.to_parquet(HERE / "contributions.parquet", index=False, compression="zstd")


if __name__ == "__main__":
    main()
