import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from triage.evaluation import clopper_pearson_interval, reliability_curve

CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0, 0.1, 0.15, 0.2, 0.5, 0.9, 1]), st.integers(1, 4)),
    min_size=1,
    max_size=40,
)


def test_bins_by_hand():
    # 0.1: 0 of 1. 0.2: 1 of 1 falls to 0.3: 0 of 2, pooled to 1 of 3. 0.4: 1 of 1.
    curve = reliability_curve([0, 1, 0, 0, 1], [0.1, 0.2, 0.3, 0.3, 0.4])
    assert curve.observed == pytest.approx([0, 1 / 3, 1])
    assert curve.forecast == pytest.approx([0.1, 0.8 / 3, 0.4])
    assert curve.forecast_low.tolist() == [0.1, 0.2, 0.4]
    assert curve.forecast_high.tolist() == [0.1, 0.3, 0.4]
    assert curve.count.tolist() == [1, 3, 1]
    assert curve.positive_count.tolist() == [0, 1, 1]
    low, high = clopper_pearson_interval([0, 1, 1], [1, 3, 1])
    assert curve.low == pytest.approx(low)
    assert curve.high == pytest.approx(high)


@settings(deadline=None)
@given(CASES, st.booleans())
def test_the_curve_is_that_of_another_isotonic_regression(cases, weighted):
    y, p, w = map(np.array, zip(*cases, strict=True))
    curve = reliability_curve(y, p, weight=w if weighted else None)
    expected = IsotonicRegression().fit(p, y, sample_weight=w if weighted else None).predict(p)
    bins = np.searchsorted(curve.forecast_high, p)
    assert np.all(curve.forecast_low[bins] <= p)
    assert curve.observed[bins] == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(CASES)
def test_bins_rise_hold_all_cases_and_lie_within_their_intervals(cases):
    y, p, _ = map(np.array, zip(*cases, strict=True))
    curve = reliability_curve(y, p)
    assert np.all(np.diff(curve.observed) > -1e-12)
    assert np.all(np.diff(curve.forecast) > 0)
    assert curve.count.sum() == len(y)
    assert curve.positive_count.sum() == y.sum()
    assert np.all((curve.low <= curve.observed + 1e-12) & (curve.observed <= curve.high + 1e-12))
    assert curve.count @ curve.forecast == pytest.approx(p.sum())


def test_the_curve_turns_into_json_and_into_a_frame():
    curve = reliability_curve([0, 1], [0.1, 0.2], synthetic=True)
    assert json.loads(json.dumps(curve.as_dict(), allow_nan=False))["synthetic"] is True
    assert curve.to_frame().columns.to_list() == [
        "forecast_low",
        "forecast_high",
        "forecast",
        "observed",
        "low",
        "high",
        "count",
        "positive_count",
    ]
