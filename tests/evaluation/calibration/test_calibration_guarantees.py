"""How often intervals and bands of calibration hold the truth, and tests reject it: known truths, many draws."""

import numpy as np
import pytest
from scipy.special import expit

from triage.evaluation.calibration.band import reliability_band
from triage.evaluation.calibration.binned import expected_calibration_error, hosmer_lemeshow
from triage.evaluation.calibration.corp import score_decomposition
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.calibration.logistic import calibration_tests
from triage.evaluation.calibration.scores import score_skill
from triage.evaluation.calibration.smooth import smooth_calibration
from triage.evaluation.calibration.spiegelhalter import spiegelhalter_test

pytestmark = pytest.mark.slow

# Centres of logits N(m, 1.3) whose mean probability is about 2 % and 20 %.
RARE, FREQUENT = -4.583, -1.774
SHAPES = {"right": (0.0, 1.0), "mild": (0.2, 0.85), "strong": (0.8, 0.5)}


def _draw(rng, rows, middle, shape):
    shift, slope = SHAPES[shape]
    x = rng.normal(0, 1.3, rows)
    chance = expit(middle + shift + slope * x)
    return rng.random(rows) < chance, expit(middle + x), chance


def _holds(figure, truth):
    return figure.low <= truth + 1e-12 and truth <= figure.high


# 80 draws leave a standard error of 0.025 in a coverage of 0.95; the floors are the documented minima less that.
@pytest.mark.parametrize("middle", [RARE, FREQUENT])
@pytest.mark.parametrize("shape", SHAPES)
def test_smooth_figures_hold_the_true_distance_as_often_as_documented(middle, shape):
    rng = np.random.default_rng(1)
    held = np.zeros(4)
    for seed in range(80):
        y, p, chance = _draw(rng, 1000, middle, shape)
        away = np.abs(p - chance)
        truths = away.mean(), np.median(away), np.quantile(away, 0.9), away.max()
        smooth = smooth_calibration(y, p, resamples=99, seed=seed)
        figures = smooth.ici, smooth.e50, smooth.e90, smooth.emax
        held += [_holds(figure, truth) for figure, truth in zip(figures, truths, strict=True)]
    assert np.all(held / 80 >= 0.84)
    assert held.mean() / 80 >= 0.91


@pytest.mark.parametrize("middle", [RARE, FREQUENT])
@pytest.mark.parametrize("rows", [150, 4000])
def test_p_values_under_calibration_are_uniform(middle, rows):
    rng = np.random.default_rng(2)
    values = np.empty((200, 3))
    for seed in range(200):
        y, p, _ = _draw(rng, rows, middle, "right")
        values[seed] = (
            smooth_calibration(y, p, resamples=39, seed=seed).under_calibration["ici"].p_value,
            score_decomposition(y, p, resamples=39, seed=seed).test.p_value,
            expected_calibration_error(y, p, resamples=39, seed=seed).under_calibration.p_value,
        )
    # Three standard errors of a share of 200 around 5 and 50 %.
    assert np.all(np.mean(values <= 0.05, axis=0) <= 0.05 + 3 * 0.0154)
    assert np.all(np.abs(np.mean(values <= 0.5, axis=0) - 0.5) <= 3 * 0.0354 + 0.01)


@pytest.mark.parametrize("middle", [RARE, FREQUENT])
@pytest.mark.parametrize("rows", [100, 3000])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_simultaneous_band_holds_the_whole_curve(middle, rows, shape):
    rng = np.random.default_rng(3)
    held, rejected = 0, 0
    for _ in range(200):
        y, p, chance = _draw(rng, rows, middle, shape)
        band = reliability_band(y, p, kind="simultaneous")
        at = np.searchsorted(np.sort(p), band.probability)
        truth = np.sort(chance)[at]
        held += np.all((band.low <= truth) & (truth <= band.high))
        rejected += not band.holds_diagonal
    # Exact: 0.95 less three standard errors; Bonferroni leaves it far above.
    assert held / 200 >= 0.95 - 3 * 0.0154
    assert shape != "right" or rejected / 200 <= 0.05 + 3 * 0.0154


@pytest.mark.parametrize("middle", [RARE, FREQUENT])
@pytest.mark.parametrize("shape", SHAPES)
def test_observed_over_expected_holds_the_true_ratio(middle, shape):
    rng = np.random.default_rng(4)
    held = np.zeros(2)
    for _ in range(500):
        y, p, chance = _draw(rng, 300, middle, shape)
        truth = chance.sum() / p.sum()
        held += [
            _holds(observed_over_expected(y, p, interval=way), truth) for way in ("clopper-pearson", "shift")
        ]
    # Exact intervals: 0.95 less three standard errors of 500 draws. The shifted one supposes a shift.
    assert held[0] / 500 >= 0.95 - 3 * 0.0097
    assert held[1] / 500 >= 0.92


@pytest.mark.parametrize("score", ["brier", "log"])
@pytest.mark.parametrize("shape", ["right", "strong"])
def test_the_skill_is_held(score, shape):
    rng = np.random.default_rng(5)
    _, p, chance = _draw(rng, 2_000_000, FREQUENT, shape)
    loss = {
        "brier": chance * (1 - p) ** 2 + (1 - chance) * p**2,
        "log": -chance * np.log(p) - (1 - chance) * np.log1p(-p),
    }[score].mean()
    share = chance.mean()
    best = {
        "brier": share * (1 - share),
        "log": -share * np.log(share) - (1 - share) * np.log1p(-share),
    }[score]
    held = np.mean(
        [
            _holds(score_skill(*_draw(rng, 1000, FREQUENT, shape)[:2], score=score), 1 - loss / best)
            for _ in range(1000)
        ]
    )
    assert 0.93 <= held <= 0.97


def test_closed_form_tests_reject_right_probabilities_as_often_as_they_say():
    rng = np.random.default_rng(6)
    rejected = np.zeros(5)
    for _ in range(1000):
        y, p, _ = _draw(rng, 800, FREQUENT, "right")
        tests = calibration_tests(y, p)
        rejected += [
            test.p_value <= 0.05
            for test in (
                tests.unreliability,
                tests.intercept,
                tests.slope,
                spiegelhalter_test(y, p),
                hosmer_lemeshow(y, p, fitted_here=False),
            )
        ]
    # 1,000 draws: 0.05 -/+ three standard errors of 0.0069.
    assert np.all(np.abs(rejected / 1000 - 0.05) <= 3 * 0.0069)
