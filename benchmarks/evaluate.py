"""How long an evaluation takes, beside the same numbers from scikit-learn, without and with a bootstrap.

python benchmarks/evaluate.py [CASES]
"""

import resource
import sys
import time

import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from triage.evaluation import evaluate

RUNS, DRAWS = 3, 5


def draw(cases):
    rng = np.random.default_rng(0)
    z = rng.normal(size=cases)
    outcome = (rng.random(cases) < expit(-5.5 + 1.8 * z)).astype(float)
    score = z + 0.5 * rng.normal(size=cases)
    return outcome, score, expit(-5.3 + 1.5 * score)


def peers(outcome, score, probability):
    return (
        roc_auc_score(outcome, score),
        average_precision_score(outcome, score),
        brier_score_loss(outcome, probability),
        log_loss(outcome, probability),
    )


def ours(result):
    return (
        result.model.auc.estimate,
        result.model.average_precision.estimate,
        result.probability.brier.score.estimate,
        result.probability.log_loss.score.estimate,
    )


def timed(work, runs=RUNS):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)), answer


def main(cases):
    outcome, score, probability = draw(cases)
    print(f"{cases:,} cases, {int(outcome.sum()):,} with current abuse; seconds, median of {RUNS}")
    theirs, numbers = timed(lambda: peers(outcome, score, probability))
    print(f"  scikit-learn, AUC, average precision, Brier, log loss, no interval    {theirs:7.2f}")
    rng = np.random.default_rng(1)

    def resample():
        rows = rng.integers(cases, size=cases)
        return peers(outcome[rows], score[rows], probability[rows])

    once, _ = timed(resample, DRAWS)
    print(f"  the same with a bootstrap of 999 resamples (from {DRAWS} timed)             {999 * once:7.0f}")
    quick, result = timed(lambda: evaluate(outcome, score, probability, resamples=0))
    figures = len(list(result.figures()))
    print(f"  evaluate, {figures} figures, closed-form intervals                        {quick:7.2f}")
    worst = max(abs(one - other) for one, other in zip(ours(result), numbers, strict=True))
    assert worst < 1e-9, worst
    full, page = timed(lambda: evaluate(outcome, score, probability).to_html(), 1)
    print(
        f"  evaluate with 199 draws for bands and tests, and the page ({len(page) / 1e6:.1f} MB)    {full:7.2f}"
    )
    print(f"  largest difference from scikit-learn {worst:.1e}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
