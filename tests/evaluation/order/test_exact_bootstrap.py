"""Resamples drawn from counts have the distribution of resamples drawn row by row."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from triage.errors import InputRefusedError
from triage.evaluation.ranking import rank_cases
from triage.evaluation.resampling import percentile_interval, resample_at, resample_cells


def _counts_of_a_resample(outcome, score, rows, k):
    """Found among the first k, in the mean over orders of ties, and cases with current abuse."""
    falling = sorted(((score[row], outcome[row]) for row in rows), reverse=True)
    cut = falling[k - 1][0]
    before = [y for s, y in falling if s > cut]
    tied = [y for s, y in falling if s == cut]
    found = sum(before) + Fraction((k - len(before)) * sum(tied), len(tied))
    return float(found), sum(outcome[row] for row in rows)


@pytest.mark.parametrize(
    ("outcome", "score", "k"),
    [
        ([1, 0, 1, 0], [4, 3, 2, 1], 2),
        ([1, 0, 1, 0], [4, 3, 3, 1], 2),
        ([1, 0, 0, 1], [2, 2, 1, 1], 3),
        ([0, 1, 1, 0], [1, 1, 1, 1], 1),
        ([1, 0, 1, 0, 1], [5, 5, 5, 2, 2], 4),
        ([1, 0, 1], [3, 2, 1], 3),
    ],
)
def test_every_resample_comes_as_often_as_when_all_are_counted(outcome, score, k):
    rows = range(len(outcome))
    chance = Counter(
        _counts_of_a_resample(outcome, score, drawn, k)
        for drawn in itertools.product(rows, repeat=len(outcome))
    )
    resamples = 50_000
    drawn = resample_at(rank_cases(outcome, score), k, resamples=resamples, seed=3)
    seen = Counter(zip(drawn.found.tolist(), drawn.positives.tolist(), strict=True))
    near = {(round(found, 9), positives): count for (found, positives), count in seen.items()}
    cells = {(round(found, 9), positives): count for (found, positives), count in chance.items()}
    assert near.keys() <= cells.keys()
    expected = np.array(list(cells.values())) * (resamples / len(outcome) ** len(outcome))
    observed = np.array([near.get(cell, 0) for cell in cells])
    assert chisquare(observed, expected).pvalue > 1e-3


@pytest.mark.parametrize("levels", [6, 1_000_000])
def test_resamples_are_those_of_drawing_rows(levels):
    rng = np.random.default_rng(5)
    outcome = (rng.random(80) < 0.3).astype(int)
    score = rng.integers(0, levels, 80) + 0.3 * levels * outcome
    k, resamples = 17, 4000
    rows = [
        _counts_of_a_resample(outcome.tolist(), score.tolist(), rng.integers(0, 80, 80), k)
        for _ in range(resamples)
    ]
    drawn = resample_at(rank_cases(outcome, score), k, resamples=resamples, seed=6)
    for by_rows, by_counts in (
        (np.array([found for found, _ in rows]), drawn.found),
        (np.array([positives for _, positives in rows]), drawn.positives),
        (np.array([found / positives for found, positives in rows]), drawn.found / drawn.positives),
    ):
        edges = np.unique(np.quantile(by_rows, np.linspace(0, 1, 15)))[1:-1]
        table = [
            np.bincount(np.digitize(values, edges), minlength=len(edges) + 1)
            for values in (by_rows, by_counts)
        ]
        assert chi2_contingency(table).pvalue > 1e-3


def test_found_and_positives_have_the_means_that_resampling_keeps():
    # P is binomial(n, P/n). With all cases opened, all of them are found.
    outcome, score = np.repeat([1, 0], [30, 270]), np.arange(300)
    drawn = resample_at(rank_cases(outcome, score), 300, resamples=20_000)
    assert np.array_equal(drawn.found, drawn.positives)
    assert drawn.positives.mean() == pytest.approx(30, abs=4 * np.sqrt(27 / 20_000))
    assert drawn.positives.var() == pytest.approx(27, rel=0.05)


def test_a_million_cases_take_no_longer_than_their_groups():
    outcome = np.zeros(1_000_000)
    outcome[:5000] = 1
    drawn = resample_at(rank_cases(outcome, np.arange(1_000_000)), 1000, resamples=9)
    assert drawn.cases == 1_000_000
    assert drawn.found.shape == (9,)


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others():
    ranking = rank_cases(np.arange(200) % 3 == 0, np.arange(200) % 17)
    first, again, other = (resample_at(ranking, 40, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.found, again.found)
    assert not np.array_equal(first.found, other.found)


def test_weights_are_refused_with_what_to_do_instead():
    with pytest.raises(InputRefusedError, match="wilson"):
        resample_at(rank_cases([1, 0], [2, 1], [1.0, 2.0]), 1)


@pytest.mark.parametrize("resamples", [0, -3, 2.5])
def test_less_than_one_resample_is_refused(resamples):
    with pytest.raises(InputRefusedError, match="resamples"):
        resample_at(rank_cases([1, 0], [2, 1]), 1, resamples=resamples)


def test_cells_are_multinomial():
    counts = np.array([[40, 10], [0, 50]])
    drawn = resample_cells(counts, 40_000, seed=1).reshape(40_000, 4)
    assert (drawn.sum(axis=1) == 100).all()
    assert (drawn[:, 2] == 0).all()
    # Mean n p, variance n p (1 - p), covariance -n p q.
    assert drawn.mean(axis=0) == pytest.approx(counts.ravel(), abs=0.1)
    assert np.cov(drawn.T)[0] == pytest.approx([24, -4, 0, -20], abs=0.6)


def test_no_rows_have_resamples_without_rows():
    assert not resample_cells([0, 0], 3).any()


@pytest.mark.parametrize("counts", [[1.5], [-1, 2], [np.nan], []])
def test_counts_that_are_not_whole_are_refused(counts):
    with pytest.raises(InputRefusedError, match="whole"):
        resample_cells(counts, 3)


def test_more_numbers_than_memory_has_room_for_are_refused():
    with pytest.raises(InputRefusedError, match="100,000,000"):
        resample_cells(np.ones(1_000_000), 999)


def test_the_percentile_interval_leaves_out_what_is_not_estimable():
    assert percentile_interval([np.nan, *range(101)], confidence=0.9) == pytest.approx((5, 95))
    assert np.isnan(percentile_interval([np.nan])).all()
