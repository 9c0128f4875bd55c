"""No calibration changes the order of the list, to the last bit; strict curves are strict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.scoring.calibration import BetaCalibration, LogitCurve, PlattCalibration, TemperatureCalibration
from triage.scoring.calibration.curve import to_probability

BASIS: dict[str, Any] = {"cases": 900, "positives": 300, "denominator": "all cases", "population": "world w"}
NONE = ((0.0,) * 3,) * 3
above = st.floats(1e-3, 100)
level = st.floats(-20, 20)
score = st.floats(-1e4, 1e4) | st.floats(-10, 10)


def platt(a: float, b: float) -> PlattCalibration:
    return PlattCalibration(a, b, 0.1, 0.1, 0.0, **BASIS)


platts = st.builds(platt, level, above)
temperatures = st.builds(lambda t: TemperatureCalibration(temperature=t, variance=0.01, **BASIS), above)
betas = st.builds(
    lambda c, slopes, center, scale: BetaCalibration(
        c=c, a=slopes[0], b=slopes[1], center=center, scale=scale, covariance=NONE, **BASIS
    ),
    level,
    st.tuples(above, above) | st.tuples(above, st.just(0.0)) | st.tuples(st.just(0.0), above),
    level,
    st.floats(0.1, 50),
)
curves = platts | temperatures | betas


@given(curves, st.lists(score, min_size=2, max_size=50))
def test_probability_never_falls_as_the_score_rises(curve: Any, scores: list[float]) -> None:
    ordered = np.sort(np.array(scores))
    assert (np.diff(curve.probability(ordered)) >= 0).all()


@given(curves, score, st.integers(1, 2000))
def test_neighbouring_floats_never_change_places(curve: Any, start: float, steps: int) -> None:
    """Where an exponential errs by a unit in the last place, a naive curve falls by one."""
    scores = [start]
    for _ in range(min(steps, 60)):
        scores.append(float(np.nextafter(scores[-1], np.inf)))
    assert (np.diff(curve.probability(np.array(scores))) >= 0).all()


@given(st.floats(-800, 800), st.integers(1, 200))
def test_logistic_function_never_falls_between_neighbours(start: float, steps: int) -> None:
    x = start + np.arange(steps) * np.spacing(start)
    assert (np.diff(to_probability(np.sort(x))) >= 0).all()


@given(platts | betas, st.floats(-8, 8), st.floats(1e-6, 5))
def test_logit_rises_strictly_with_the_score(curve: LogitCurve, z: float, gap: float) -> None:
    """Within eight deviations of the mean; farther out a curve with a slope of 0 on that side levels off."""
    center, scale = getattr(curve, "center", 0.0), getattr(curve, "scale", 1.0)
    low, high = curve.logit(np.array([center + scale * z, center + scale * (z + gap)]))
    assert low < high


@given(platts | betas, st.floats(-8, 8), st.floats(1e-6, 5))
def test_probability_rises_strictly_unless_it_is_saturated(curve: LogitCurve, z: float, gap: float) -> None:
    center, scale = getattr(curve, "center", 0.0), getattr(curve, "scale", 1.0)
    at = np.array([center + scale * z, center + scale * (z + gap)])
    (low, high), logits = curve.probability(at), curve.logit(at)
    # A step on the logit scale moves the probability by p (1 - p) of it; 2e-16 is the spacing of floats at 1.
    told_apart = logits[1] < 700 and (logits[1] - logits[0]) * low * (1 - high) > 4e-16 * high
    if told_apart and logits[1] - logits[0] > 2e-12:
        assert low < high


@given(curves, st.lists(score, min_size=1, max_size=20))
def test_band_contains_the_probability(curve: Any, scores: list[float]) -> None:
    points = np.array(scores)
    low, high = curve.band(points)
    p = curve.probability(points)
    assert ((low <= p) & (p <= high)).all()


def test_beta_curve_rises_as_its_formula_says() -> None:
    """At the mean q = 1/2: logit p = c + (b - a) ln 2."""
    curve = BetaCalibration(c=-1.0, a=3.0, b=2.0, center=5.0, scale=2.0, covariance=NONE, **BASIS)
    assert curve.logit(np.array([5.0]))[0] == pytest.approx(-1 - np.log(2))
    q = np.array([0.1, 0.9])
    at = 5 + 2 * np.log(q / (1 - q))
    np.testing.assert_allclose(curve.logit(at), -1 + 3 * np.log(q) - 2 * np.log(1 - q), rtol=1e-10)
