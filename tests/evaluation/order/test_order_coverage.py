"""How often the intervals of rank statistics hold the truth, on the grids that their docstrings publish."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from triage.evaluation.order.at_capacity import measure_capacity
from triage.evaluation.order.auc import measure_auc
from triage.evaluation.order.gain import measure_ndcg
from triage.evaluation.order.partial import measure_partial_auc
from triage.evaluation.order.precision_recall import measure_average_precision
from triage.evaluation.ranking import rank_cases

pytestmark = pytest.mark.slow


def _normal(area, spread):
    """Scores N(0, 1), and N(shift, spread) with current abuse, so that the area under the curve is as given."""
    shift = norm.ppf(area) * np.hypot(1, spread)
    return lambda rng, m, n: (rng.normal(shift, spread, m), rng.normal(size=n))


def _exponential(area):
    odds = area / (1 - area)
    return lambda rng, m, n: (rng.exponential(odds, m), rng.exponential(1, n))


def _mirrored(area):
    odds = area / (1 - area)
    return lambda rng, m, n: (-rng.exponential(1, m), -rng.exponential(odds, n))


def _mixed(area):
    # A share 1 - area of the cases with current abuse looks like the others: half of their pairs are wrong.
    lost = 1 - area
    shift = norm.ppf((area - lost / 2) / (1 - lost)) * np.sqrt(2)
    return lambda rng, m, n: (rng.normal(size=m) + shift * (rng.random(m) >= lost), rng.normal(size=n))


SHAPES = {
    "normal": lambda area: _normal(area, 1),
    "wide": lambda area: _normal(area, 2),
    "narrow": lambda area: _normal(area, 0.5),
    "exponential": _exponential,
    "mirrored": _mirrored,
    "mixed": _mixed,
}
AREAS, POSITIVES, OTHERS = (0.6, 0.76, 0.9, 0.96, 0.99), (10, 20, 50, 100), (200, 1000)


def _share_that_holds(figures, truth):
    return np.mean([figure.low <= truth <= figure.high for figure in figures])


# 300 draws leave a standard error of 0.013 in one coverage of 0.95, and of 0.002 in the mean of 40.
def test_the_area_under_the_roc_curve():
    rng, covered = np.random.default_rng(20), {name: {} for name in ("steadied", "logit", "delong")}
    for shape, draw_for in SHAPES.items():
        for area in AREAS:
            draw = draw_for(area)
            for m, n in ((m, n) for m in POSITIVES for n in OTHERS):
                outcome = np.repeat([1, 0], [m, n])
                rankings = [rank_cases(outcome, np.concatenate(draw(rng, m, n))) for _ in range(300)]
                for interval, cells in covered.items():
                    figures = [measure_auc(ranking, interval=interval) for ranking in rankings]
                    cells[shape, area, m, n] = _share_that_holds(figures, area)
    every = {interval: np.array(list(cells.values())) for interval, cells in covered.items()}
    normal = np.array([value for (shape, *_), value in covered["steadied"].items() if shape == "normal"])
    assert 0.95 <= every["steadied"].mean() <= 0.965
    assert 0.95 <= normal.mean() <= 0.97
    assert normal.min() >= 0.90
    assert every["steadied"].min() >= 0.77
    assert every["delong"].mean() < every["logit"].mean() < every["steadied"].mean()


@pytest.mark.parametrize("spread", [1, 2])
def test_average_precision(spread):
    rng, covered = np.random.default_rng(21), {name: [] for name in ("steadied", "jackknife", "binomial")}
    for area in (0.7, 0.86, 0.96):
        shift = norm.ppf(area) * np.hypot(1, spread)
        for share in (0.01, 0.05, 0.3):
            truth = _average_precision(share, shift, spread)
            for positives in (10, 30, 100):
                n = round(positives / share)
                draws = []
                while len(draws) < 300:
                    outcome = rng.random(n) < share
                    if outcome.sum() >= 2:
                        score = rng.normal(size=n)
                        score[outcome] = shift + spread * score[outcome]
                        draws.append(rank_cases(outcome, score))
                for interval, cells in covered.items():
                    figures = [measure_average_precision(ranking, interval=interval) for ranking in draws]
                    cells.append(_share_that_holds(figures, truth))
    assert 0.94 <= np.mean(covered["steadied"]) <= 0.97
    assert min(covered["steadied"]) >= 0.87
    assert min(covered["steadied"]) >= min(covered["jackknife"]) - 0.01


def _average_precision(share, shift, spread):
    def precision_at(cut):
        found = share * norm.sf(cut, shift, spread)
        return norm.pdf(cut, shift, spread) * found / (found + (1 - share) * norm.sf(cut))

    return quad(precision_at, -12, 30, limit=800, points=[0, 1, 2, 3, 4, 5])[0]


@pytest.mark.parametrize("spread", [0.5, 1, 2])
def test_the_partial_area(spread):
    rng, covered = np.random.default_rng(22), {"steadied": [], "jackknife": []}
    for area in (0.6, 0.76, 0.9, 0.96):
        draw, shift = _normal(area, spread), norm.ppf(area) * np.hypot(1, spread)
        for bound in (0.05, 0.2):
            truth = quad(lambda x, shift=shift: norm.sf((norm.isf(x) - shift) / spread), 0, bound)[0]
            for m, n in ((m, n) for m in POSITIVES for n in OTHERS):
                outcome = np.repeat([1, 0], [m, n])
                draws = [rank_cases(outcome, np.concatenate(draw(rng, m, n))) for _ in range(300)]
                for interval, cells in covered.items():
                    figures = [
                        measure_partial_auc(ranking, max_fpr=bound, standardised=False, interval=interval)
                        for ranking in draws
                    ]
                    cells.append(_share_that_holds(figures, truth))
    assert 0.94 <= np.mean(covered["steadied"]) <= 0.97
    assert min(covered["steadied"]) >= 0.86


@pytest.mark.parametrize("spread", [1, 2])
def test_the_discounted_gain(spread):
    # The truth is the mean over the draws; at capacities that most draws fill flawlessly it says little.
    rng, covered = np.random.default_rng(23), {"all": []}
    for area in (0.7, 0.86, 0.96):
        shift = norm.ppf(area) * np.hypot(1, spread)
        for share in (0.02, 0.2):
            for n in (500, 2000):
                draws = []
                for _ in range(400):
                    outcome = rng.random(n) < share
                    score = rng.normal(size=n)
                    score[outcome] = shift + spread * score[outcome]
                    draws.append(rank_cases(outcome, score))
                for capacity in (10, 50, 0.1, None):
                    figures = [measure_ndcg(ranking, capacity) for ranking in draws]
                    gains = np.array([figure.estimate for figure in figures])
                    if np.mean(gains > 1 - 1e-12) < 0.5:
                        covered["all"].append(_share_that_holds(figures, gains.mean()))
    assert 0.94 <= np.mean(covered["all"]) <= 0.98
    assert min(covered["all"]) >= 0.86


def test_recall_and_precision_at_capacity():
    rng = np.random.default_rng(24)
    kinds = ("wilson", "clopper-pearson", "bootstrap")
    covered = {(name, kind): [] for name in ("recall", "precision") for kind in kinds}
    for n in (500, 2000):
        for share, shift, opened in (
            (share, shift, opened) for share in (0.02, 0.1) for shift in (1, 2) for opened in (0.02, 0.1)
        ):
            cut = brentq(
                lambda x, share=share, shift=shift, opened=opened: (
                    (1 - share) * norm.sf(x) + share * norm.sf(x - shift) - opened
                ),
                -5,
                9,
            )
            truth = {"recall": norm.sf(cut - shift), "precision": share * norm.sf(cut - shift) / opened}
            draws = []
            for _ in range(400):
                outcome = rng.random(n) < share
                if outcome.any():
                    draws.append(rank_cases(outcome, rng.normal(size=n) + shift * outcome))
            for kind in kinds:
                at = [
                    measure_capacity(ranking, opened, interval=kind, resamples=399, seed=seed)
                    for seed, ranking in enumerate(draws)
                ]
                for name, value in truth.items():
                    figures = [getattr(one, name) for one in at]
                    covered[name, kind].append(_share_that_holds(figures, value))
    for name in ("recall", "precision"):
        assert 0.935 <= np.mean(covered[name, "bootstrap"]) <= 0.97
        assert np.mean(covered[name, "clopper-pearson"]) >= 0.95
    assert np.mean(covered["recall", "wilson"]) >= 0.95
    assert 0.935 <= np.mean(covered["precision", "wilson"]) <= 0.965
    assert min(min(values) for values in covered.values()) >= 0.86
