import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from triage.evaluation import brier_parts, brier_score

CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0, 0.1, 0.15, 0.2, 0.5, 0.9, 1]), st.integers(1, 4)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(CASES)
def test_the_score_is_that_of_another_library(cases):
    y, p, w = map(np.array, zip(*cases, strict=True))
    assert brier_score(y, p).estimate == pytest.approx(np.mean((y - p) ** 2))
    weighted = brier_score_loss(y, p, sample_weight=w, pos_label=1, labels=[0, 1])
    assert brier_score(y, p, weight=w).estimate == pytest.approx(weighted)
    repeated = brier_score(np.repeat(y, w), np.repeat(p, w))
    assert brier_score(y, p, weight=w).estimate == pytest.approx(repeated.estimate)


def test_the_interval_by_hand():
    # Squared errors 0.25, 0.01, 0.04: mean 0.1, variance 0.0171, standard error sqrt(0.0171 / 3).
    figure = brier_score([1, 0, 0], [0.5, 0.1, 0.2])
    factor = math.exp(1.959963984540054 * math.sqrt(0.0171 / 3) / 0.1)
    assert (figure.estimate, figure.low, figure.high) == pytest.approx((0.1, 0.1 / factor, 0.1 * factor))


def test_equal_weights_change_no_end():
    plain, weighted = (brier_score([1, 0, 0], [0.5, 0.1, 0.2], weight=weight) for weight in (None, [3, 3, 3]))
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))


def test_equal_errors_have_no_interval_and_say_so():
    figure = brier_score([0, 0, 0], [0.1, 0.1, 0.1])
    assert figure.estimate == pytest.approx(0.01)
    assert math.isnan(figure.low)
    assert "all squared errors are equal" in figure.method


def test_the_parts_by_hand():
    # Recalibrated to 0, 1/2, 1/2, 1: C = (0 + 1/4 + 1/4 + 0) / 4 = 1/8; R = 1/4; B = 1.1 / 4.
    parts = brier_parts([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    assert parts.score.estimate == pytest.approx((0.01 + 0.64 + 0.09 + 0.36) / 4)
    assert parts.miscalibration == pytest.approx(1.1 / 4 - 1 / 8)
    assert parts.discrimination == pytest.approx(1 / 8)
    assert parts.uncertainty == pytest.approx(1 / 4)


@settings(deadline=None)
@given(CASES, st.booleans())
def test_the_parts_add_up_and_are_those_of_another_isotonic_regression(cases, weighted):
    y, p, w = map(np.array, zip(*cases, strict=True))
    w = w if weighted else np.ones(len(y))
    parts = brier_parts(y, p, weight=w if weighted else None)
    recalibrated = IsotonicRegression().fit(p, y, sample_weight=w).predict(p)
    remaining = np.average((recalibrated - y) ** 2, weights=w)
    share = np.average(y, weights=w)
    assert parts.miscalibration == pytest.approx(parts.score.estimate - remaining, abs=1e-9)
    assert parts.discrimination == pytest.approx(share * (1 - share) - remaining, abs=1e-9)
    assert parts.miscalibration >= 0
    assert parts.discrimination >= 0
    total = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert total == pytest.approx(parts.score.estimate, abs=1e-9)


def test_a_constant_forecast_of_the_observed_share_is_calibrated_and_discriminates_nothing():
    parts = brier_parts([1, 0, 0, 0], [0.25] * 4)
    assert (parts.miscalibration, parts.discrimination, parts.uncertainty) == pytest.approx((0, 0, 3 / 16))
