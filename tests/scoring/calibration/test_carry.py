"""A curve carried over to the same model, fitted again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from triage.scoring.calibration import PlattCalibration, TemperatureCalibration, fit_calibration
from triage.scoring.calibration.carry import carry_over

RESTS_ON = {"cases": 5000, "positives": 400, "denominator": "all cases", "population": "world w"}
LINE = PlattCalibration(-0.5, 0.9, 0.04, 0.01, -0.015, **RESTS_ON)
SCORE = np.linspace(-6, 3, 200)


def test_scores_on_another_scale_get_the_probabilities_they_had() -> None:
    points = 4.0 * (SCORE + 1.5)
    carried = carry_over(LINE, SCORE, points, scale=0.25)
    assert carried.probability(points) == pytest.approx(LINE.probability(SCORE))
    for new, old in zip(carried.band(points), LINE.band(SCORE), strict=True):
        assert new == pytest.approx(old)


def test_as_many_positives_are_expected_as_before_and_the_line_is_as_steep() -> None:
    after = SCORE + np.random.default_rng(0).normal(1.0, 0.7, len(SCORE))
    weight = np.linspace(1, 5, len(SCORE))
    carried = carry_over(LINE, SCORE, after, weight=weight)
    assert weight @ carried.probability(after) == pytest.approx(weight @ LINE.probability(SCORE))
    assert carried.b == LINE.b
    assert (carried.cases, carried.positives, carried.population) == (5000, 400, "world w")


def test_line_through_the_origin_may_move() -> None:
    curve = TemperatureCalibration(temperature=2.0, variance=0.01, **RESTS_ON)
    carried = carry_over(curve, SCORE, SCORE + 1.0)
    assert carried.probability(SCORE + 1.0) == pytest.approx(expit(SCORE / 2))


def test_beta_curve_is_carried_over_as_it_is() -> None:
    rng = np.random.default_rng(1)
    score = rng.normal(-2, 2, 20_000)
    outcome = (rng.random(len(score)) < expit(score)).astype(float)
    curve = fit_calibration("beta", score, outcome, denominator="all cases", population="world w")
    points = 5.0 * (score + 3.0)
    carried = carry_over(curve, score, points, scale=0.2)
    assert carried.probability(points) == pytest.approx(curve.probability(score))


def test_curve_of_steps_is_not_carried_over() -> None:
    score, outcome = np.arange(400.0), np.repeat([0.0, 1.0], 200)
    curve = fit_calibration("isotonic", score, outcome, denominator="all cases", population="world w")
    with pytest.raises(ValueError, match="isotonic"):
        carry_over(curve, score, score)
