"""Fit what `pandas_list.py` scores with: the usual scikit-learn pipeline, on another world than the one it scores.

python benchmarks/whole/fit.py BATCH TRUTH OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import pandas as pd
from pandas_features import build_features
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(batch: Path, truth: Path, out: Path) -> None:
    features, _ = build_features(batch)
    found = pd.read_parquet(truth, columns=["case_id", "current_abuse"]).set_index("case_id")
    labels = found["current_abuse"].reindex(features.index).astype(bool)
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1_000))
    joblib.dump(pipeline.fit(features, labels), out)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
