import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.calibration.smooth import smooth_calibration

# R 4.2.2, base: f <- loess(y~p, d); e <- abs(d$p-fitted(f)); c(mean(e), median(e), quantile(e,.9), max(e))
# with the cases of conftest.py.
LOESS = {
    ("smooth", 60): (0.128804306048396, 0.12630760312961, 0.23297660580963, 0.352961475794258),
    ("smooth", 500): (0.0449180126976073, 0.0213438651828992, 0.104414475668772, 0.105205281033259),
    ("smooth", 3000): (0.0496040592263156, 0.0278404898945947, 0.122725116168126, 0.13214455387508),
    ("rare", 60): (0.0305904377802473, 0.0154716704679258, 0.0839528132366795, 0.178586909939791),
    ("rare", 500): (0.0106220039597315, 0.00865915379491758, 0.0187192694858906, 0.0410760408160849),
    ("rare", 3000): (0.00881252974117471, 0.00777950957739922, 0.0143114069905857, 0.0146512651313446),
    ("ties", 60): (0.12468213718186, 0.122146695025111, 0.24171603634063, 0.352070557360559),
    ("ties", 500): (0.0455927794533182, 0.0238197980254493, 0.10634834567484, 0.114375442656147),
    ("ties", 3000): (0.0497550954865504, 0.0278813882040635, 0.123703065555367, 0.133412647173859),
    ("few", 60): (0.0991903411582477, 0.11176975016058, 0.260951943414702, 0.260951943414702),
    ("few", 500): (0.0657150689357909, 0.0557860274986247, 0.101643589679883, 0.101643589679883),
    ("few", 3000): (0.0675967604738483, 0.0534436310310109, 0.0946408580934741, 0.0946408580934741),
    ("bump", 60): (0.178435922423643, 0.164105699361838, 0.337087844350177, 0.365344569631412),
    ("bump", 500): (0.0922637369672643, 0.0984530746530614, 0.148111508326954, 0.166250432620297),
    ("bump", 3000): (0.09239631975652, 0.0931007256296328, 0.150912760210812, 0.174558409748346),
}
# R 4.2.2, rms 6.5-0: val.prob(d$p, d$y, pl=FALSE)[c("Eavg", "E90", "Emax")]
LOWESS = {
    ("smooth", 500): (0.0445693306481502, 0.105052324722754, 0.115880545679649),
    ("ties", 500): (0.044953429008107, 0.105722725983278, 0.11854368117182),
    ("few", 500): (0.0636000201037875, 0.0890662231356442, 0.0890662231356442),
    ("rare", 3000): (0.00836539542881358, 0.012350649336349, 0.0131407147368811),
    ("smooth", 60): (0.0586318805148896, 0.107758212527344, 0.164777123343979),
}


def _four(smooth):
    return tuple(figure.estimate for figure in (smooth.ici, smooth.e50, smooth.e90, smooth.emax))


@pytest.mark.parametrize(("kind", "rows"), LOESS)
def test_the_four_figures_are_those_of_loess_in_r(made, kind, rows):
    smooth = smooth_calibration(*made(kind, rows), resamples=0)
    assert _four(smooth) == pytest.approx(LOESS[kind, rows], rel=1e-11)


@pytest.mark.parametrize(("kind", "rows"), LOWESS)
def test_with_lowess_they_are_those_of_val_prob(made, kind, rows):
    smooth = smooth_calibration(*made(kind, rows), smoother="lowess", resamples=0)
    mean, _, ninety, largest = _four(smooth)
    assert (mean, ninety, largest) == pytest.approx(LOWESS[kind, rows], rel=1e-11)


def test_probabilities_on_a_parabola_are_smoothed_without_loss():
    # Outcomes whose shares are 2 p^2 at each p: a local quadratic fits them exactly.
    p = np.repeat(np.arange(1, 8) / 10, 50)
    y = np.concatenate([np.arange(50) < k * k for k in range(1, 8)])
    away = np.abs(p - 2 * p**2)
    smooth = smooth_calibration(y, p, resamples=0)
    assert _four(smooth) == pytest.approx(
        (away.mean(), np.median(away), np.quantile(away, 0.9), away.max()), abs=1e-10
    )


def test_fits_beyond_the_ends_are_counted_and_cut_off_only_on_request():
    p = np.arange(1, 60) / 60
    y = p > 0.5
    kept, cut = (smooth_calibration(y, p, cut_off=cut_off, resamples=0) for cut_off in (False, True))
    assert kept.outside == cut.outside > 0
    assert f"{kept.outside} fits outside 0 to 1, kept" in kept.ici.method
    assert "cut off" in cut.ici.method
    assert kept.observed.min() < 0 <= cut.observed.min()
    assert cut.ici.estimate < kept.ici.estimate


CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0, 0.1, 0.15, 0.2, 0.5, 0.9, 1]), st.integers(1, 4)),
    min_size=6,
    max_size=40,
)


@settings(deadline=None)
@given(CASES, st.sampled_from(["loess", "lowess"]))
def test_whole_weights_are_repetitions(cases, smoother):
    y, p, w = map(np.array, zip(*cases, strict=True))
    weighted = smooth_calibration(y, p, weight=w, smoother=smoother, resamples=0)
    repeated = smooth_calibration(np.repeat(y, w), np.repeat(p, w), smoother=smoother, resamples=0)
    assert _four(weighted) == pytest.approx(_four(repeated), abs=1e-9, nan_ok=True)


def test_weights_count_in_proportion(made):
    y, p = made("smooth", 500)
    w = np.arange(500) % 4 + 0.5
    assert _four(smooth_calibration(y, p, weight=w, resamples=0)) == pytest.approx(
        _four(smooth_calibration(y, p, weight=7.3 * w, resamples=0)), rel=1e-9
    )


def test_the_order_of_rows_changes_nothing(made):
    y, p = made("ties", 500)
    order = np.random.default_rng(0).permutation(500)
    one, other = smooth_calibration(y, p, resamples=49), smooth_calibration(y[order], p[order], resamples=49)
    assert one.ici == other.ici


@pytest.mark.parametrize(
    ("outcome", "probability", "why"),
    [
        ([0, 1, 0, 1, 1], [0.2] * 5, "fewer than 4 distinct probabilities"),
        ([0, 1, 0, 1] * 5, [0.2, 0.3, 0.3, 0.4] * 5, "fewer than 4 distinct probabilities"),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], "holds fewer than 4 cases"),
    ],
)
def test_too_few_probabilities_or_cases_are_not_estimable(outcome, probability, why):
    smooth = smooth_calibration(outcome, probability)
    assert not smooth.emax.estimable
    assert why in smooth.ici.method
    assert smooth.to_frame().empty


def test_a_value_that_most_cases_share_widens_the_neighbourhood_where_r_stops():
    # R: "zero-width neighborhood. make span bigger". 900 cases at 0.01 of which 9 have current abuse.
    rng = np.random.default_rng(3)
    p = np.concatenate([np.full(900, 0.01), rng.uniform(0.02, 0.9, 100)])
    y = np.concatenate([np.arange(900) < 9, rng.random(100) < p[900:]])
    smooth = smooth_calibration(y, p, resamples=0)
    assert "neighbourhoods without width widened" in smooth.ici.method
    assert smooth.e50.estimate == pytest.approx(0, abs=1e-3)


def test_perfect_calibration_is_not_zero_and_is_told_beside():
    rng = np.random.default_rng(4)
    p = rng.beta(1, 4, 800)
    y = rng.random(800) < p
    smooth = smooth_calibration(y, p, resamples=199)
    for name in ("ici", "e50", "e90", "emax"):
        under = smooth.under_calibration[name]
        assert 0 < under.mean < under.quantile
        assert 0 < under.p_value <= 1
    assert smooth.ici.low == 0
    assert smooth.ici.estimate <= smooth.ici.high


def test_the_mean_under_calibration_is_that_of_many_new_outcomes():
    # Checked against 150 fresh smooths of outcomes drawn with the given probabilities.
    rng = np.random.default_rng(5)
    p = np.round(rng.beta(1, 4, 500), 2)
    fresh = [smooth_calibration(rng.random(500) < p, p, resamples=0).ici.estimate for _ in range(150)]
    under = smooth_calibration(rng.random(500) < p, p, resamples=999).under_calibration["ici"]
    assert under.mean == pytest.approx(np.mean(fresh), abs=4 * np.std(fresh) / 150**0.5)
    assert under.quantile == pytest.approx(np.quantile(fresh, 0.95), rel=0.2)


def test_gross_miscalibration_is_told_from_calibration():
    rng = np.random.default_rng(6)
    p = rng.uniform(0.01, 0.99, 2000)
    smooth = smooth_calibration(rng.random(2000) < p**3, p, resamples=199)
    truth = np.mean(p - p**3)
    assert smooth.under_calibration["ici"].p_value == 1 / 200
    assert 0 < smooth.ici.low <= truth <= smooth.ici.high


def test_curve_and_figures_turn_into_json_and_into_a_frame(made):
    smooth = smooth_calibration(*made("smooth", 60), resamples=19)
    frame = smooth.to_frame()
    assert frame.columns.to_list() == ["probability", "observed", "low", "high"]
    assert (frame["low"] <= frame["high"]).all()
    back = json.loads(json.dumps(smooth.as_dict(), allow_nan=False))
    assert set(back["under_calibration"]) == {"ici", "e50", "e90", "emax"}


def test_without_draws_there_are_estimates_alone(made):
    smooth = smooth_calibration(*made("smooth", 60), resamples=0)
    assert math.isnan(smooth.ici.low)
    assert "no draws" in smooth.ici.method
    assert smooth.under_calibration == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"smoother": "spline"},
        {"span": 0},
        {"span": 1.5},
        {"degree": 3},
        {"smoother": "lowess", "weight": [0.5] * 5},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputRefusedError):
        smooth_calibration([0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5], **wrong)


@pytest.mark.parametrize("smoother", ["loess", "lowess"])
@pytest.mark.parametrize("factor", [1e-6, 1e-20, 1e-50, 1e-150, 1e-200, 1e-300])
def test_the_curve_is_the_same_in_other_units(made, smoother, factor):
    outcome, p = made("smooth", 500)
    one = smooth_calibration(outcome, p, smoother=smoother, resamples=0)
    other = smooth_calibration(outcome, np.asarray(p) * factor, smoother=smoother, resamples=0)
    at = one.probability * factor
    assert np.interp(at, other.probability, other.observed) == pytest.approx(one.observed, abs=1e-9)


def test_loess_of_many_cases_is_the_same_in_other_units():
    rng = np.random.default_rng(7)
    p = rng.uniform(0, 1, 20_000)
    outcome = rng.random(20_000) < p
    one, other = (smooth_calibration(outcome, p * factor, resamples=0) for factor in (1, 1e-200))
    at = one.probability * 1e-200
    assert np.interp(at, other.probability, other.observed) == pytest.approx(one.observed, abs=1e-9)


@pytest.mark.parametrize("smoother", ["loess", "lowess"])
@pytest.mark.parametrize("factor", [1e-310, 1e-320, 5e-324])
def test_the_smallest_numbers_give_a_figure_or_a_reason(made, smoother, factor):
    outcome, p = made("smooth", 60)
    ici = smooth_calibration(outcome, np.asarray(p) * factor, smoother=smoother, resamples=19).ici
    assert 0 <= ici.estimate <= 1 or "fewer than 4 distinct" in ici.method


def test_neighbourhoods_too_narrow_for_a_slope_are_not_estimable():
    p = np.where(np.arange(100) < 90, 1e-200, 1.0) * (np.arange(100) + 1) / 101
    ici = smooth_calibration(np.arange(100) % 3 == 0, p).ici
    assert math.isnan(ici.estimate)
    assert "narrower than 1e-100" in ici.method
