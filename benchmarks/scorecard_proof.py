"""How far from the best possible a scorecard is shown to be, and in what time.

Run: python benchmarks/scorecard_proof.py [SECONDS]

Correlated flags, points from -5 to 5 with no signs given, three points a unit of log-odds. The first card is a plain
backward selection, rounded; the proof may improve it. *Sparse* tables have effects in 15 columns, *dense* ones in
all: there a card of few factors is much worse than all columns, and little can be shown in a minute.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from scipy.special import expit, ndtri
from sklearn.linear_model import LogisticRegression

from triage.scoring.scorecard.bound import certify, certify_over_scales

POINTS, MULTIPLIER = 5, 3.0
TASKS = [
    # rows, columns, columns with an effect, most factors, shift of the log-odds
    (5_000, 40, 15, 4, -0.7),
    (5_000, 40, 15, 8, -0.7),
    (5_000, 40, 15, 12, -0.7),
    (50_000, 100, 15, 15, -0.7),
    (50_000, 100, 25, 15, -0.7),
    (50_000, 100, 25, 15, -5.0),
    (5_000, 40, 40, 8, -0.7),
]


def draw(rows, columns, used, shift, seed=0):
    rng = np.random.default_rng(seed)
    normal = np.sqrt(0.7) * rng.normal(size=(rows, columns)) + np.sqrt(0.3) * rng.normal(size=(rows, 1))
    matrix = (normal < ndtri(rng.uniform(0.08, 0.5, columns))).astype(float)
    effects = np.zeros(columns)
    effects[:used] = rng.choice([-1, 1], used) * rng.uniform(0.15, 1.2, used)
    sums = matrix @ effects
    return matrix, (rng.random(rows) < expit(sums - sums.mean() + shift)).astype(int)


def select(matrix, outcome, most):
    """Drop the columns of least Wald statistic, a quarter of the rest at a time, and round."""
    kept = np.arange(matrix.shape[1])
    while True:
        model = LogisticRegression(C=1e4, max_iter=500).fit(matrix[:, kept], outcome)
        if len(kept) <= most:
            break
        chance = model.predict_proba(matrix[:, kept])
        design = np.column_stack([matrix[:, kept], np.ones(len(matrix))])
        covariance = np.linalg.inv(design.T @ (design * chance.prod(axis=1)[:, None]))
        wald = model.coef_[0] ** 2 / np.diag(covariance)[:-1]
        kept = kept[np.sort(np.argsort(wald)[max(1, (len(kept) - most) // 4) :])]
    points = np.zeros(matrix.shape[1], dtype=int)
    points[kept] = np.clip(np.round(model.coef_[0] * MULTIPLIER), -POINTS, POINTS)
    return points


def main(seconds):
    print(f"at most {seconds:g} s a proof, to a gap of 0.5 %")
    for rows, columns, used, most, shift in TASKS:
        matrix, outcome = draw(rows, columns, used, shift)
        question = {
            "low": np.full(columns, -POINTS),
            "high": np.full(columns, POINTS),
            "groups": np.arange(columns),
            "max_factors": most,
            "incumbent_points": select(matrix, outcome, most),
            "time_limit": seconds,
        }
        start = time.perf_counter()
        one = certify(matrix, outcome, np.ones(rows), multiplier=MULTIPLIER, **question)
        middle = time.perf_counter()
        question["incumbent_points"] = one.improved_points
        every = certify_over_scales(
            matrix,
            outcome,
            np.ones(rows),
            multipliers=(2.0, 4.0),
            incumbent_multiplier=MULTIPLIER,
            **question,
        )
        end = time.perf_counter()
        print(
            f"{rows:6,} x {columns:3}, {used:3} effects, K={most:2}, {outcome.mean():6.2%} positive: loss {one.loss:.5f}, "
            f"gap {one.gap:7.3%} in {middle - start:5.1f} s, {one.nodes:4} nodes; "
            f"any scale 2-4: {every.gap:7.3%} in {end - middle:5.1f} s",
            flush=True,
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
