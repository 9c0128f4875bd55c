"""Time the learned scorecard, and hold it against FasterRisk on its public data sets.

Run as ``python benchmarks/scorecard.py [--data FOLDER] [--fasterrisk PYTHON]``. Without arguments it learns a card of
15 factors from 50,000 rows of 100 binary columns. With a folder of CSV files (the outcome in the first column; such
as https://github.com/ustunb/risk-slim/tree/master/examples/data) it learns cards of 5, 10 and 15 factors in five
folds, and prints the loss on the training folds and the AUC on the others. FasterRisk is run on the same binary
columns where it can be imported, or where the path of a Python that can import it is given: it needs older versions
of numpy and scikit-learn than this package. Seconds are of processor time, since a machine may have other work.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# FasterRisk's own environment, where this file runs as a child, has neither this package nor a new scikit-learn.
# ruff: noqa: N803, N806, PLC0415

FOLDS, SIZES = 5, (5, 10, 15)


def make_table(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlated binary columns, of which 20 matter, and an outcome that one row in twenty has."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 5)) @ rng.normal(size=(5, p)) * 0.4
    X = (common + rng.normal(size=(n, p)) > rng.uniform(-0.5, 2.0, p)).astype(float)
    weights = np.zeros(p)
    weights[rng.choice(p, 20, replace=False)] = rng.normal(0, 1.0, 20)
    eta = X @ weights
    eta -= np.quantile(eta, 0.9) + 1.5
    return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)


def fit_ours(Z: np.ndarray, y: np.ndarray, size: int) -> dict[str, object]:
    from triage.scoring.scorecard import SparseScorecardClassifier

    start = time.process_time()
    model = SparseScorecardClassifier(max_factors=size).fit(Z, y)
    return {"loss": model.loss_, "seconds": time.process_time() - start, "log_odds": model.decision_function}


def fit_theirs(file: Path, size: int, python: str) -> dict[str, object]:
    """Run FasterRisk in a process of its own: this file, with the arrays in a file."""
    done = subprocess.run(
        [python, __file__, "--child", str(file), str(size)], check=True, capture_output=True, text=True
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return {
        "loss": told["loss"],
        "seconds": told["seconds"],
        "log_odds": lambda other: (other @ np.array(told["points"]) + told["intercept"]) / told["multiplier"],
    }


def run_child(file: str, size: int) -> None:
    from fasterrisk.fasterrisk import RiskScoreOptimizer

    arrays = np.load(file)
    Z, y = arrays["Z"].astype(float), 2.0 * arrays["y"] - 1.0
    start = time.process_time()
    optimiser = RiskScoreOptimizer(Z, y, k=size)
    optimiser.optimize()
    multiplier, intercept, points = optimiser.get_models(0)
    loss = np.logaddexp(0, -y * (intercept + Z @ points) / multiplier).mean()
    print(
        json.dumps(
            {
                "loss": float(loss), "seconds": time.process_time() - start, "points": points.tolist(),
                "intercept": float(intercept), "multiplier": float(multiplier),
            }
        )
    )  # fmt: skip


def compare(name: str, X: np.ndarray, y: np.ndarray, python: str | None) -> None:
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    from triage.scoring.scorecard.cuts import find_cuts

    rows: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, y):
        cuts = find_cuts(X[train], y[train] > 0, np.ones(len(train)), 20)
        Z, other = cuts.apply(X[train]).astype(float), cuts.apply(X[test]).astype(float)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "arrays.npz"
            np.savez(file, Z=Z.astype(bool), y=y[train])
            for size in SIZES:
                fits = {"ours": fit_ours(Z, y[train], size)}
                if python:
                    fits["FasterRisk"] = fit_theirs(file, size, python)
                for who, fit in fits.items():
                    auc = roc_auc_score(y[test], fit["log_odds"](other))
                    rows.setdefault((size, who), []).append((fit["loss"], auc, fit["seconds"]))
    for (size, who), values in sorted(rows.items()):
        loss, auc, seconds = np.mean(values, axis=0)
        print(
            f"{name:14} {size:3} factors  {who:10}  loss {loss:.5f}  test AUC {auc:.5f}  {seconds:8.1f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fasterrisk")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(given.child[0], int(given.child[1]))
        return
    python = given.fasterrisk or (sys.executable if importlib.util.find_spec("fasterrisk") else None)
    if given.data is None:
        X, y = make_table(given.rows, 100, 0)
        ours = fit_ours(X, y, 15)
        print(
            f"{len(X):,} x {X.shape[1]}, 15 factors: ours {ours['seconds']:.1f} s, loss {ours['loss']:.6f}",
            flush=True,
        )
        if python:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "arrays.npz"
                np.savez(file, Z=X.astype(bool), y=y)
                theirs = fit_theirs(file, 15, python)
            print(f"FasterRisk {theirs['seconds']:.1f} s, loss {theirs['loss']:.6f}")
        return
    for file in sorted(given.data.glob("*.csv")):
        table = np.genfromtxt(file, delimiter=",", skip_header=1)
        compare(file.stem, table[:, 1:], (table[:, 0] > 0).astype(int), python)


if __name__ == "__main__":
    main()
