from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.isotonic import IsotonicRegression

from triage.scoring.calibration import (
    IsotonicCalibration,
    NotCalibratedError,
    VennAbersCalibration,
    fit_calibration,
)
from triage.scoring.calibration.isotonic import fit_isotonic
from triage.scoring.calibration.levels import BandGrid, bound_rising, join_levels
from triage.scoring.calibration.venn_abers import fit_venn_abers

Draw = Callable[[int, int, float, float], tuple[np.ndarray, np.ndarray]]
BASIS: dict[str, Any] = {"cases": 24, "positives": 10, "denominator": "all cases", "population": "world w"}

labelled = st.lists(
    st.tuples(st.integers(-20, 20).map(lambda x: x / 4), st.integers(0, 1), st.integers(1, 9)),
    min_size=1,
    max_size=60,
)


@given(labelled, st.lists(st.integers(-99, 99).map(lambda x: x / 16), max_size=10))
def test_isotonic_is_that_of_scikit_learn(cases: list[tuple[float, int, int]], at: list[float]) -> None:
    score, outcome, weight = np.array(cases, dtype=float).T
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, outcome, sample_weight=weight)
    curve = fit_isotonic(score, outcome, weight, **BASIS)
    points = np.r_[score, at]
    np.testing.assert_allclose(curve.probability(points), theirs.predict(points), atol=1e-12)


def refit(score: np.ndarray, outcome: np.ndarray, at: float, added: int) -> float:
    """Venn-Abers by its definition."""
    model = IsotonicRegression(out_of_bounds="clip").fit(np.r_[score, at], np.r_[outcome, added])
    return float(model.predict([at])[0])


@settings(deadline=None, max_examples=60)
@given(labelled, st.lists(st.integers(-99, 99).map(lambda x: x / 16), min_size=1, max_size=5))
def test_pair_is_isotonic_regression_with_the_case_added_as_0_and_as_1(
    cases: list[tuple[float, int, int]], at: list[float]
) -> None:
    score, outcome, _ = np.array(cases, dtype=float).T
    points = np.r_[score[:4], at]
    p0, p1 = fit_venn_abers(score, outcome, None, **BASIS).pair(points)
    np.testing.assert_allclose(p0, [refit(score, outcome, x, 0) for x in points], atol=1e-12)
    np.testing.assert_allclose(p1, [refit(score, outcome, x, 1) for x in points], atol=1e-12)


def test_pair_is_that_of_the_venn_abers_package(small: Any) -> None:
    """venn-abers 1.5.4, VennAbers().fit and predict_proba on expit(score)."""
    at = np.array([-4.0, -3.0, -2.6, -1.8, -1.05, -0.6, 0.0, 0.3, 0.9, 1.5, 3.0])
    curve = fit_venn_abers(small.score, small.outcome, None, **BASIS)
    p0, p1 = curve.pair(at)
    np.testing.assert_allclose(p0, [0, 0, 0, 0.2, 2 / 9, 1 / 3, 0.5, 0.5, 0.5, 2 / 3, 0.75], atol=1e-12)
    np.testing.assert_allclose(p1, [0.25, 0.25, 0.3, 1 / 3, 3 / 7, 0.5, 2 / 3, 2 / 3, 1, 1, 1], atol=1e-12)
    merged = [
        0.2, 0.2, 0.23076923076923075, 0.29411764705882354, 0.35526315789473684, 0.42857142857142855,
        0.5714285714285715, 0.5714285714285715, 2 / 3, 0.75, 0.8,
    ]  # fmt: skip
    np.testing.assert_allclose(curve.probability(at), merged, atol=1e-12)


def test_one_case_gives_a_pair_that_says_next_to_nothing() -> None:
    """One negative at 0; a new case at 0 makes the mean of both outcomes 0 or 1/2."""
    curve = fit_venn_abers(np.zeros(1), np.zeros(1), None, **BASIS)
    p0, p1 = curve.pair(np.array([-1.0, 0.0, 1.0]))
    assert (p0.tolist(), p1.tolist()) == ([0.0, 0.0, 0.0], [0.5, 0.5, 1.0])


@pytest.mark.slow
def test_merged_probability_is_calibrated_whatever_the_score(draw: Draw) -> None:
    """Over 300 calibration sets of 300 with a score that is no log-odds: announced and found agree."""
    announced = found = 0.0
    for seed in range(300):
        score, outcome = draw(seed, 800, -1.0, 1.2)
        strange = np.sign(score) * np.abs(score) ** 3
        curve = fit_venn_abers(strange[:300], outcome[:300], None, **BASIS)
        p0, p1 = curve.pair(strange[300:])
        announced += float(np.where(outcome[300:] == 1, p1, p0).sum())
        found += float(outcome[300:].sum())
    # The one of the two that belongs to the outcome is exactly calibrated: mean(p_Y) = mean(Y).
    assert announced / found == pytest.approx(1.0, abs=0.02)


def test_unequal_weights_leave_the_pair_unknown(draw: Draw) -> None:
    score, outcome = draw(0, 2000, 0.0, 1.0)
    shared = {"denominator": "all cases", "population": "world w"}
    with pytest.raises(NotCalibratedError, match="equal chances"):
        fit_calibration("venn-abers", score, outcome, np.where(score > 0, 1.0, 2.0), **shared)
    fit_calibration("venn-abers", score, outcome, np.full(len(score), 7.0), **shared)


def test_points_however_near_are_told_apart() -> None:
    """The straight line between two neighbouring floats is still a line."""
    tiny = 5e-324
    curve = IsotonicCalibration(
        at=(0.0, tiny, 1.0), value=(0.1, 0.2, 0.4), grid=BandGrid((0.0,), (0.0,), (1.0,)), **BASIS
    )
    at = np.array([-1.0, 0.0, tiny, 0.5, 1.0, 9.0])
    np.testing.assert_allclose(curve.probability(at), [0.1, 0.1, 0.2, 0.3, 0.4, 0.4])


def test_levels_join_the_lowest_scores_and_keep_the_highest_single() -> None:
    score = np.arange(100.0)
    levels = join_levels(score, (score % 2 == 0).astype(float), most=10)
    assert len(levels.low) == 10
    assert levels.low[-5:].tolist() == levels.high[-5:].tolist() == [95, 96, 97, 98, 99]
    assert (levels.low[0], levels.high[4], levels.weight[:5].tolist()) == (0, 94, [19.0] * 5)
    assert levels.weight.sum() == 100
    assert (levels.low[1:] > levels.high[:-1]).all()


def test_joined_levels_are_venn_abers_of_the_joined_score() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=21_000)
    outcome = (rng.random(21_000) < 0.02 * np.exp(score / 2)).astype(float)
    curve = fit_venn_abers(score, outcome, None, **BASIS)
    assert len(curve.low) == 20_000
    low, high = np.array(curve.low), np.array(curve.high)
    joined = low[np.searchsorted(high, score)]
    for place in (0, 5000, 15_000, 19_900):
        p0, p1 = curve.pair(high[[place]])
        assert p0[0] == pytest.approx(refit(joined, outcome, low[place], 0), abs=1e-12)
        assert p1[0] == pytest.approx(refit(joined, outcome, low[place], 1), abs=1e-12)


def test_bound_of_one_score_is_clopper_pearson() -> None:
    """Forty cases at one score, ten positive: windows of 16 and 32 hold the same cases, so the level is halved."""
    grid = bound_rising(join_levels(np.zeros(40), np.r_[np.ones(10), np.zeros(30)]))
    low, high = beta.ppf(0.0125, 10, 31), beta.ppf(1 - 0.0125, 11, 30)
    assert (grid.low[0], grid.high[0]) == (pytest.approx(low), pytest.approx(high))
    below, above = grid.bounds(np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(below, [0.0, low, low])
    np.testing.assert_allclose(above, [high, high, 1.0])


@pytest.mark.parametrize("kind", ["isotonic", "venn-abers"])
@given(at=st.lists(st.floats(-1e5, 1e5) | st.floats(-6, 6), min_size=1, max_size=30))
def test_probability_never_falls_and_lies_in_its_band(kind: str, at: list[float]) -> None:
    curve = FITTED[kind]
    points = np.sort(np.array(at))
    p, (low, high) = curve.probability(points), curve.band(points)
    assert (np.diff(p) >= 0).all()
    assert (low <= p).all()
    assert (p <= high).all()
    assert (low >= 0).all()
    assert (high <= 1).all()


def _fitted() -> dict[str, IsotonicCalibration | VennAbersCalibration]:
    rng = np.random.default_rng(0)
    score = rng.normal(-1, 1.5, 1500).round(2)
    outcome = (rng.random(1500) < 1 / (1 + np.exp(1 - score))).astype(float)
    return {
        "isotonic": fit_isotonic(score, outcome, None, **BASIS),
        "venn-abers": fit_venn_abers(score, outcome, None, **BASIS),
    }


FITTED = _fitted()
