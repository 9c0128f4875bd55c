import json

import numpy as np
import pytest
from scipy.stats import beta, binom

from triage.errors import InputRefusedError
from triage.evaluation.calibration.band import reliability_band

# R 4.2.2, reliabilitydiag 0.2.1.9000: reliabilitydiag(X=d$p, y=d$y, region.level=.95,
# region.method="resampling", region.position=..., n.boot=3000)$X$regions, made("few", 500) of conftest.py.
DIAGONAL = (
    [0.01087, 0.04762, 0.11842, 0.25, 0.39474, 0.71084],
    [0.09494, 0.16667, 0.28571, 0.44738, 0.60976, 0.88235],
)
ESTIMATE = (
    [0.0, 0.0204, 0.05405, 0.16248, 0.31424, 0.64767],
    [0.05618, 0.10938, 0.18295, 0.34248, 0.5281, 0.83517],
)


@pytest.mark.parametrize(("kind", "expected"), [("consistency", DIAGONAL), ("confidence", ESTIMATE)])
def test_the_bands_are_those_of_reliabilitydiag(made, kind, expected):
    band = reliability_band(*made("few", 500), kind=kind, resamples=3000)
    assert band.probability.tolist() == [0.05, 0.1, 0.2, 0.35, 0.5, 0.8]
    # Both are quantiles of 3,000 draws, whose own noise is up to about 0.007.
    assert band.low == pytest.approx(np.array(expected[0]), abs=0.012)
    assert band.high == pytest.approx(np.array(expected[1]), abs=0.012)


def test_where_the_estimate_is_certain_the_confidence_band_is_interpolated():
    p = np.repeat([0.1, 0.2, 0.3, 0.4], 50)
    y = np.concatenate([np.arange(50) < 5, np.zeros(50), np.zeros(50), np.arange(50) < 25])
    y[:50] = 0
    y[0] = 0
    band = reliability_band(y, p, kind="confidence", resamples=199)
    assert band.observed.tolist()[:3] == [0, 0, 0]
    inner = np.interp([0.2, 0.3], [0.1, 0.4], band.high[[0, 3]])
    assert band.high[1:3] == pytest.approx(inner)


def test_the_simultaneous_band_by_hand():
    # Two probabilities make three runs, each bounded at 0.05 / 6 on either side.
    band = reliability_band([0] * 9 + [1] * 9, [0.5] * 9 + [0.6] * 9, kind="simultaneous")
    level = 0.05 / 6
    high = [min(beta.isf(level, 1, 9), beta.isf(level, 10, 9)), 1.0]
    low = [0.0, max(beta.ppf(level, 9, 1), beta.ppf(level, 9, 10))]
    assert band.low == pytest.approx(low)
    assert band.high == pytest.approx(high)
    smallest = min(binom.cdf(0, 9, 0.5), binom.sf(8, 9, 0.6), binom.cdf(9, 18, 0.5), binom.sf(8, 18, 0.6))
    assert band.test.statistic == pytest.approx(smallest)
    assert band.test.p_value == pytest.approx(6 * smallest)
    assert not band.holds_diagonal


def test_the_diagonal_leaves_the_band_exactly_where_the_test_rejects():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = np.round(rng.uniform(0.05, 0.95, 300), 1 + seed % 2)
        y = rng.random(300) < p ** rng.choice([1, 1.6, 2.2])
        band = reliability_band(y, p, kind="simultaneous")
        assert band.holds_diagonal == (band.test.p_value >= 0.05 - 1e-12)


def test_on_cells_the_band_says_less_than_at_each_probability_but_nothing_false():
    rng = np.random.default_rng(1)
    p = np.sort(rng.uniform(0, 1, 5000))
    band = reliability_band(rng.random(5000) < p, p, kind="simultaneous")
    assert "on 150 cells" in band.method
    assert np.all(np.diff(band.low) >= 0)
    assert np.all(np.diff(band.high) >= 0)
    assert np.all(band.low <= band.high)
    assert np.all(np.diff(band.probability) >= 0)
    assert band.holds_diagonal


def test_consistency_bands_narrow_with_more_cases():
    rng = np.random.default_rng(2)
    widths = []
    for rows in (200, 20_000):
        p = rng.uniform(0.2, 0.8, rows)
        band = reliability_band(rng.random(rows) < p, p, resamples=99)
        widths.append(np.mean((band.high - band.low)[len(band.low) // 4 : -len(band.low) // 4]))
    assert widths[1] < widths[0] / 2


def test_the_band_turns_into_json_and_into_a_frame(made):
    y, p = made("few", 60)
    for kind in ("consistency", "confidence", "simultaneous"):
        band = reliability_band(y, p, kind=kind, resamples=49)
        assert band.to_frame().columns.to_list() == ["probability", "observed", "low", "high"]
        assert json.loads(json.dumps(band.as_dict(), allow_nan=False))["kind"] == kind


def test_pointwise_bands_are_no_test():
    assert "at each point alone" in reliability_band([0, 1], [0.1, 0.2], resamples=9).test.method


def test_weights_go_with_draws_but_not_with_the_guarantee():
    y, p, w = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], [1, 2, 1, 2]
    assert np.isfinite(reliability_band(y, p, weight=w, resamples=99).high).all()
    with pytest.raises(InputRefusedError, match="guarantee"):
        reliability_band(y, p, weight=w, kind="simultaneous")


@pytest.mark.parametrize("wrong", [{"kind": "pointwise"}, {"resamples": 0}, {"confidence": 1.0}])
def test_options_of_the_band_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputRefusedError):
        reliability_band([0, 1], [0.1, 0.2], **wrong)
