import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, d2_brier_score
from sklearn.metrics import log_loss as sklearn_log_loss

from triage.errors import InputRefusedError
from triage.evaluation.calibration.corp import brier_parts, log_loss_parts, score_decomposition
from triage.evaluation.calibration.scores import log_loss, score_skill

# score, miscalibration, discrimination, uncertainty with the cases of conftest.py from model-diagnostics
# 1.5.0, decompose(y, p, scoring_function=SquaredError() or LogLoss()); reliabilitydiag 0.2.1.9000 (R),
# summary(reliabilitydiag(X=p, y=y, region.level=NA), score=...), has the same to 12 digits.
DECOMPOSED = {
    ("smooth", 500, "brier"): (0.174846383554007, 0.00766666477043529, 0.0317442812164283, 0.198924),
    ("smooth", 500, "log"): (0.523243624975564, 0.0226563465299674, 0.0866095886234076, 0.587196867069004),
    ("ties", 500, "brier"): (0.1749854, 0.00616395918240309, 0.0301025591824031, 0.198924),
    ("ties", 500, "log"): (0.523771426574179, 0.0171146292003828, 0.0805400696952077, 0.587196867069004),
    ("few", 500, "brier"): (0.13743, 0.00489243120118427, 0.0627064312011843, 0.195244),
    ("few", 500, "log"): (0.429629082980372, 0.0154146904579792, 0.165025241320758, 0.579239633843151),
    ("rare", 3000, "brier"): (
        0.0371622765789599,
        0.000202243373285241,
        0.0011331890165476,
        0.0380932222222222,
    ),
    ("rare", 3000, "log"): (0.156346896614629, 0.00414030606110438, 0.0146767552771223, 0.166883345830647),
}
# The same with the weights of row i (from 0) i % 4 + 0.5.
WEIGHTED = {
    "brier": (0.17419294999999999, 0.006569679998353284, 0.030164479998353283, 0.19778774999999998),
    "log": (0.5215854557924244, 0.017658430903222833, 0.08081804797761072, 0.5847450728668123),
}


def _values(parts):
    return tuple(
        getattr(part, "estimate", part)
        for part in (parts.score, parts.miscalibration, parts.discrimination, parts.uncertainty)
    )


@pytest.mark.parametrize(("kind", "rows", "score"), DECOMPOSED)
def test_the_parts_are_those_of_two_other_libraries(made, kind, rows, score):
    y, p = made(kind, rows)
    expected = pytest.approx(DECOMPOSED[kind, rows, score], rel=1e-10)
    assert _values((brier_parts if score == "brier" else log_loss_parts)(y, p)) == expected
    assert _values(score_decomposition(y, p, score=score, resamples=0)) == expected


@pytest.mark.parametrize("score", WEIGHTED)
def test_the_weighted_parts_are_those_of_another_library(made, score):
    y, p = made("ties", 500)
    found = score_decomposition(y, p, weight=np.arange(500) % 4 + 0.5, score=score, resamples=0)
    assert _values(found) == pytest.approx(WEIGHTED[score], rel=1e-10)


CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.01, 0.1, 0.15, 0.2, 0.5, 0.9, 0.99]), st.integers(1, 4)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(CASES)
def test_the_log_loss_is_that_of_another_library(cases):
    y, p, w = map(np.array, zip(*cases, strict=True))
    assert log_loss(y, p).estimate == pytest.approx(sklearn_log_loss(y, p, labels=[0, 1]))
    weighted = sklearn_log_loss(y, p, sample_weight=w, labels=[0, 1])
    assert log_loss(y, p, weight=w).estimate == pytest.approx(weighted)


@settings(deadline=None)
@given(CASES, st.sampled_from(["brier", "log"]))
def test_the_parts_add_up_and_none_is_negative(cases, score):
    y, p, w = map(np.array, zip(*cases, strict=True))
    parts = score_decomposition(y, p, score=score, weight=w, resamples=0)
    total, miscalibration, discrimination, uncertainty = _values(parts)
    assert miscalibration - discrimination + uncertainty == pytest.approx(total, abs=1e-12)
    assert min(miscalibration, discrimination, uncertainty) >= 0
    fit = IsotonicRegression().fit(p, y, sample_weight=w).predict(p)
    if score == "brier":
        remaining = brier_score_loss(y, fit, sample_weight=w, pos_label=1, labels=[0, 1])
        assert total - miscalibration == pytest.approx(remaining, abs=1e-9)


def test_the_log_loss_of_a_forecast_of_zero_that_came_true_is_large_but_finite():
    figure = log_loss([1, 0], [0, 0.5])
    assert figure.estimate == pytest.approx((math.log(1e6) + math.log(2)) / 2)
    assert "1 probabilities of exactly 0 or 1 moved" in figure.method


@pytest.mark.parametrize("score", ["brier", "log"])
def test_the_interval_of_the_uncertainty_follows_the_share(score):
    # 8 of 20: Wilson 95 % is 0.2188 to 0.6134, which holds 1/2, where both uncertainties are largest.
    figure = score_decomposition(np.arange(20) < 8, np.full(20, 0.4), score=score, resamples=0).uncertainty
    assert figure.high == pytest.approx(0.25 if score == "brier" else math.log(2))
    low = 0.21880304
    expected = low * (1 - low) if score == "brier" else -low * math.log(low) - (1 - low) * math.log(1 - low)
    assert figure.low == pytest.approx(expected, rel=1e-4)


def test_the_skill_is_that_of_another_library(made):
    y, p = made("smooth", 500)
    assert score_skill(y, p).estimate == pytest.approx(d2_brier_score(y, p))


def test_the_skill_of_the_observed_share_is_nothing():
    for score in ("brier", "log"):
        assert score_skill([1, 0, 0, 0], [0.25] * 4, score=score).estimate == pytest.approx(0, abs=1e-12)
    assert "no case with" in score_skill([0, 0], [0.1, 0.2]).method
    assert score_skill([1, 0], [1.0, 0.0]).estimate == 1


def test_the_interval_of_the_skill_is_the_delta_method_by_jackknife():
    rng = np.random.default_rng(2)
    p = rng.beta(1, 4, 400)
    y = (rng.random(400) < p).astype(float)
    kept = ~np.eye(400, dtype=bool)
    ratios = np.array([1 - score_skill(y[row], p[row]).estimate for row in kept])
    error = math.sqrt(399 / 400 * ((np.log(ratios) - np.log(ratios).mean()) ** 2).sum())
    figure = score_skill(y, p)
    width = math.log((1 - figure.low) / (1 - figure.high)) / (2 * 1.959963984540054)
    assert width == pytest.approx(error, rel=0.01)


def test_right_probabilities_are_not_rejected_and_wrong_ones_are():
    rng = np.random.default_rng(3)
    p = rng.beta(1, 5, 1500)
    right, wrong = rng.random(1500) < p, rng.random(1500) < expit(1 + np.log(p / (1 - p)))
    for score in ("brier", "log"):
        found = score_decomposition(right, p, score=score, resamples=199)
        assert found.test.p_value > 0.05
        assert found.miscalibration.low == 0
        assert found.under_calibration.mean < found.under_calibration.quantile
        found = score_decomposition(wrong, p, score=score, resamples=199)
        assert found.test.p_value == 1 / 200
        assert found.miscalibration.low > 0
        assert found.discrimination.low > 0


def test_draws_are_repeatable_and_follow_the_seed():
    rng = np.random.default_rng(4)
    p = rng.beta(1, 5, 300)
    y = rng.random(300) < p
    first, again, other = (score_decomposition(y, p, resamples=99, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.under_calibration != other.under_calibration


def test_an_unknown_score_is_refused():
    with pytest.raises(InputRefusedError):
        score_decomposition([0, 1], [0.1, 0.2], score="spherical")


@pytest.mark.parametrize("seed", range(5))
def test_an_interval_that_is_widened_says_so_and_begins_at_a_clean_nought(seed):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 30, 300)
    parts = score_decomposition(rng.random(300) < p, p, resamples=49)
    for figure in (parts.miscalibration, parts.discrimination):
        assert figure.low <= figure.estimate <= figure.high
        assert "widened to hold the estimate" in figure.method
        assert figure.low > 1e-15 or math.copysign(1, figure.low) == 1
        assert figure.low == 0 or figure.low > 1e-15
