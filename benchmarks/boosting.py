"""Compare boosting libraries, and ours, on synthetic cases: share of the oracle at capacity, seconds, size.

Run as ``OMP_WAIT_POLICY=PASSIVE python benchmarks/boosting.py [CASES] [DRAW...]``. LightGBM and XGBoost take part where
they are installed. All fit 200 trees of depth 3 in one thread under the signs of the catalogue; the share is the sum of
the oracle over the first 2.3 % by score, over the same sum for the oracle's own first. Seconds are CPU seconds.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier

from triage import load_world, open_batch, write_world
from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.scoring.boosted_learning import (
    AdditiveOptions,
    BoostedOptions,
    learn_additive,
    learn_boosted,
)
from triage.scoring.learner import Lesson

CAPACITY = 0.023
SIGNS = [feature.sign for feature in FEATURES.values()]
TREES = {"learning_rate": 0.05, "max_depth": 3}


def make(folder: Path, cases: int, seed: int, draw: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    write_world(load_world("nl-2017"), cases, seed, folder / "batch", draw=draw)
    truth = pq.read_table(folder / "batch-truth" / "truth.parquet").to_pandas().set_index("case_id")
    batch = open_batch(folder / "batch")
    matrices, names = [], []
    for part in batch.parts():
        view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
        matrices.append(build_features(view, list(FEATURES)))
        names += part.cases.to_pylist()
    truth = truth.loc[names]
    return np.concatenate(matrices), truth["current_abuse"].to_numpy(float), truth["oracle"].to_numpy()


def share(score: np.ndarray, oracle: np.ndarray) -> float:
    k = round(CAPACITY * len(score))
    first = np.argsort(-score, kind="stable")[:k]
    return float(oracle[first].sum() / np.sort(oracle)[::-1][:k].sum())


def scikit_learn(matrix, y):
    model = HistGradientBoostingClassifier(
        max_iter=200,
        min_samples_leaf=100,
        l2_regularization=20,
        monotonic_cst=SIGNS,
        early_stopping=False,
        **TREES,
    )
    return model.fit(matrix, y).decision_function


def lightgbm(matrix, y):
    import lightgbm  # noqa: PLC0415

    model = lightgbm.LGBMClassifier(
        n_estimators=200, num_leaves=8, min_child_samples=100, reg_lambda=20, monotone_constraints=SIGNS, n_jobs=1,
        verbose=-1, **TREES,
    ).fit(matrix, y)  # fmt: skip
    return lambda new: model.predict(new, raw_score=True)


def xgboost(matrix, y):
    import xgboost  # noqa: PLC0415

    model = xgboost.XGBClassifier(
        n_estimators=200,
        reg_lambda=20,
        monotone_constraints=tuple(SIGNS),
        n_jobs=1,
        tree_method="hist",
        **TREES,
    ).fit(matrix, y)
    return lambda new: model.predict(new, output_margin=True)


def ours(learn, options):
    def fit(matrix, y):
        model = learn(Lesson("x", tuple(FEATURES), matrix, y, np.ones(len(y))), options).model
        return lambda new: model.score(model.contributions(new))

    return fit


def installed_megabytes(package: str) -> float:
    files = importlib.metadata.files(package) or []
    return sum(file.locate().stat().st_size for file in files if file.locate().exists()) / 1e6


RIVALS = {
    "scikit-learn": (scikit_learn, "scikit-learn"),
    "lightgbm": (lightgbm, "lightgbm"),
    "xgboost": (xgboost, "xgboost"),
    "ours, additive": (ours(learn_additive, AdditiveOptions()), "scikit-learn"),
    "ours, boosted": (ours(learn_boosted, BoostedOptions()), "scikit-learn"),
}


def main(cases: int, draws: list[int]) -> None:
    results: dict[str, list[tuple[float, float, float]]] = {}
    for draw in draws:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            matrix, y, _ = make(Path(one), cases, 1, draw)
            new, _, oracle = make(Path(other), cases, 2, draw)
        for name, (fit, package) in RIVALS.items():
            if importlib.util.find_spec(package.replace("scikit-learn", "sklearn")) is None:
                continue
            start = time.process_time()
            score = fit(matrix, y)
            middle = time.process_time()
            reached = share(score(new), oracle)
            results.setdefault(name, []).append((reached, middle - start, time.process_time() - middle))
    print(f"{cases:,} synthetic cases to learn from and as many to score, draws {draws}; medians")
    print("model              share   worst   fit s  score s  installed MB")
    for name, rows in results.items():
        reached, fit_s, score_s = (statistics.median(column) for column in zip(*rows, strict=True))
        size = installed_megabytes(RIVALS[name][1])
        worst = min(row[0] for row in rows)
        print(f"{name:18s} {reached:.3f}   {worst:.3f}  {fit_s:6.1f}  {score_s:7.2f}  {size:12.0f}")


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:]]
    main(sizes[0] if sizes else 100_000, sizes[1:] or [0])
