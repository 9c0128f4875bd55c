"""How often intervals hold the truth: worlds drawn many times, with the truth from theory or a huge draw."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from triage.evaluation import brier_score, recall_at, share_of_oracle

DRAWS = 2000
SHARE = 0.05


def _covered(figures, truth):
    return np.mean([figure.low <= truth <= figure.high for figure in figures])


# 2000 draws leave a standard error of 0.005 in a coverage of 0.95.
@pytest.mark.slow
def test_recall_covers_at_a_share():
    # Scores N(0, 1), and N(1.5, 1) with current abuse, 3 %: the cut solves 0.97 S(t) + 0.03 S(t - 1.5) = 5 %.
    grid = np.linspace(0, 4, 400_001)
    cut = grid[np.argmin(np.abs(0.97 * norm.sf(grid) + 0.03 * norm.sf(grid - 1.5) - SHARE))]
    rng = np.random.default_rng(1)
    figures = []
    for _ in range(DRAWS):
        outcome = rng.random(2000) < 0.03
        figures.append(recall_at(outcome, rng.normal(size=2000) + 1.5 * outcome, SHARE))
    assert 0.94 <= _covered(figures, norm.sf(cut - 1.5)) <= 0.985


@pytest.mark.slow
def test_brier_covers_where_current_abuse_is_rare():
    # p is Beta(1, 49): E[p (1 - p)] = 1/50 - 2/(50 * 51).
    truth = 1 / 50 - 2 / (50 * 51)
    rng = np.random.default_rng(3)
    figures = []
    for _ in range(DRAWS):
        p = rng.beta(1, 49, 2000)
        figures.append(brier_score(rng.random(2000) < p, p))
    assert 0.93 <= _covered(figures, truth) <= 0.97


@pytest.mark.slow
def test_the_share_of_the_oracle_covers():
    rng = np.random.default_rng(4)

    def draw(cases):
        z = rng.normal(size=cases)
        return z + rng.normal(0, 0.8, cases), expit(-5 + 1.6 * z)

    truth = np.mean([share_of_oracle(*draw(1_000_000), SHARE).estimate for _ in range(10)])
    figures = [share_of_oracle(*draw(2000), SHARE) for _ in range(DRAWS)]
    assert 0.93 <= _covered(figures, truth) <= 0.97
