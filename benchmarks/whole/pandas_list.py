"""The well-written pipeline: pandas features, a fitted scikit-learn pipeline, three reasons a case, CSV and Parquet.

python benchmarks/whole/pandas_list.py BATCH PIPELINE OUT

It checks no row, puts no case in a lane, asks for nothing that is missing and tells no facts behind a reason.
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pandas_features import NAMES, build_features

REASONS = 3


def tell_largest(parts: np.ndarray) -> pd.Series:
    """Name the largest contributions of each case, all cases at a time."""
    largest = np.argpartition(-np.abs(parts), REASONS, axis=1)[:, :REASONS]
    sizes = np.take_along_axis(parts, largest, axis=1)
    order = np.argsort(-np.abs(sizes), axis=1)
    largest, sizes = (np.take_along_axis(some, order, axis=1) for some in (largest, sizes))
    words = pd.Series(NAMES)
    told = [
        words.take(largest[:, place]).reset_index(drop=True) + " (" + _say(sizes[:, place]) + ")"
        for place in range(REASONS)
    ]
    return told[0].str.cat(told[1:], sep="; ")


def _say(sizes: np.ndarray) -> pd.Series:
    """Write numbers with two digits: there are few different ones."""
    codes, values = pd.factorize(sizes.round(2))
    return pd.Series([f"{value:+.2f}" for value in values]).take(codes).reset_index(drop=True)


def main(batch: Path, fitted: Path, out: Path) -> None:
    features, received = build_features(batch)
    pipeline = joblib.load(fitted)
    model = pipeline[-1]
    parts = pipeline[:-1].transform(features) * model.coef_[0]
    score = parts.sum(axis=1) + model.intercept_[0]
    table = pd.DataFrame(
        {
            "case_id": features.index,
            "score": score.round(4),
            "probability": 1.0 / (1.0 + np.exp(-score)),
            "received_at": received.to_numpy(),
            "reasons": tell_largest(parts),
        }
    ).sort_values(["score", "received_at"], ascending=[False, True], kind="stable")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / "list.csv", index=False)
    table.to_parquet(out / "list.parquet", index=False, compression="zstd")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
