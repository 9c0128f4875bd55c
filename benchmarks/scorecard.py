"""Time the learned scorecard, and hold it against FasterRisk on its public data sets.

Run as ``python benchmarks/scorecard.py [--data FOLDER] [--fasterrisk PYTHON]``. Without arguments it learns a card of
15 factors from 50,000 rows of 100 binary columns, and says how long that took.

With a folder of CSV files (a line of names, the outcome in the first column; such as
https://github.com/ustunb/risk-slim/tree/master/examples/data) it learns cards of 5, 10 and 15 factors in five folds.
Both learn from the same binary columns (`find_cuts` on the training folds) with points from -5 to 5. A line per
file and size says: the mean test AUC of ours, how much higher it is than that of FasterRisk's first card in the
same fold (mean over the folds, and its standard error), and our training loss as a share of theirs (mean, and the worst
fold). Folds share cases, so that the standard error is rather too small; `--repeats` divides anew. Tables beyond
`--most-rows` are reduced to that many cases, drawn by lot.

FasterRisk is run where it can be imported, or where the path of a Python that can import it is given: it needs older
versions of numpy and scikit-learn than this package. Seconds are of processor time, since a machine may have other
work.
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
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def divide(
    X: np.ndarray, y: np.ndarray, given: argparse.Namespace
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield training and test rows, of all repeats."""
    from sklearn.model_selection import StratifiedKFold

    for repeat in range(given.repeats):
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=given.seed + repeat).split(X, y)


def measure(X: np.ndarray, y: np.ndarray, given: argparse.Namespace) -> dict[int, dict[str, np.ndarray]]:
    """Return by size and by whose card: training loss, test AUC and seconds, a row per fold."""
    from sklearn.metrics import roc_auc_score

    from triage.scoring.scorecard.cuts import find_cuts

    rows: dict[int, dict[str, list[tuple[float, float, float]]]] = {size: {} for size in SIZES}
    for train, test in divide(X, y, given):
        cuts = find_cuts(X[train], y[train] > 0, np.ones(len(train)), 20)
        Z, other = cuts.apply(X[train]).astype(float), cuts.apply(X[test]).astype(float)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "arrays.npz"
            np.savez(file, Z=Z.astype(bool), y=y[train])
            for size in SIZES:
                fits = {"ours": fit_ours(Z, y[train], size)}
                if given.python:
                    fits["theirs"] = fit_theirs(file, size, given.python)
                for who, fit in fits.items():
                    auc = roc_auc_score(y[test], fit["log_odds"](other))
                    rows[size].setdefault(who, []).append((fit["loss"], auc, fit["seconds"]))
    return {size: {who: np.array(values) for who, values in whose.items()} for size, whose in rows.items()}


def print_comparison(name: str, size: int, ours: np.ndarray, theirs: np.ndarray | None) -> None:
    loss, auc, seconds = ours.mean(axis=0)
    line = f"{name:14} {size:3} {len(ours):6} {auc:9.5f}"
    if theirs is None:
        print(f"{line}   loss {loss:.5f}  {seconds:.1f} s", flush=True)
        return
    difference, ratio = ours[:, 1] - theirs[:, 1], ours[:, 0] / theirs[:, 0]
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    print(
        f"{line} {difference.mean():+11.5f} {error:9.5f} {ratio.mean():11.4f} {ratio.max():7.4f}"
        f" {seconds:9.1f} {theirs[:, 2].mean():8.1f}",
        flush=True,
    )


def compare_all(given: argparse.Namespace) -> None:
    if given.python:
        print(
            "                                        AUC: ours - theirs   loss: ours / theirs        seconds"
        )
        print(
            "set          size  folds  test AUC        mean  st.error        mean   worst      ours   theirs"
        )
    means = []
    for file in sorted(given.data.glob("*.csv")):
        table = np.genfromtxt(file, delimiter=",", skip_header=1)
        if len(table) > given.most_rows:
            table = np.random.default_rng(given.seed).permutation(table)[: given.most_rows]
        for size, whose in measure(table[:, 1:], (table[:, 0] > 0).astype(int), given).items():
            print_comparison(file.stem, size, whose["ours"], whose.get("theirs"))
            if given.python:
                means.append(float((whose["ours"] - whose["theirs"])[:, 1].mean()))
    if means:
        error = np.std(means, ddof=1) / np.sqrt(len(means))
        print(
            f"mean of the {len(means)} differences of test AUC: {np.mean(means):+.5f}, standard error {error:.5f}"
        )


def time_both(n: int, python: str | None) -> None:
    X, y = make_table(n, 100, 0)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fasterrisk")
    parser.add_argument("--rows", type=int, default=50_000, help="without --data: how many are made")
    parser.add_argument("--most-rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(given.child[0], int(given.child[1]))
        return
    found = sys.executable if importlib.util.find_spec("fasterrisk") else None
    given.python = given.fasterrisk or found
    if given.data is None:
        time_both(given.rows, given.python)
    else:
        compare_all(given)


if __name__ == "__main__":
    main()
