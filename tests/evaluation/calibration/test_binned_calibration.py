import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from triage.errors import InputRefusedError
from triage.evaluation.calibration.binned import expected_calibration_error, hosmer_lemeshow

# ResourceSelection::hoslem.test of version 0.3-6, whose body R 4.2.2 ran on the cases of conftest.py:
#   qq <- unique(quantile(yhat, probs=seq(0, 1, 1/g))); cut(yhat, breaks=qq, include.lowest=TRUE); xtabs; G - 2
HOSLEM = {
    ("smooth", 500, 10): (8.89977942280253, 8, 0.350820928369993),
    ("smooth", 500, 5): (7.814458703913, 3, 0.050006032813079),
    ("ties", 500, 10): (8.85018727377153, 8, 0.35509129989897),
    ("ties", 500, 5): (8.19693483232717, 3, 0.0421122534653652),
    ("few", 500, 10): (14.1060728626623, 3, 0.00276426777593974),
    ("rare", 3000, 10): (15.7325397385557, 8, 0.0463722497060011),
    ("rare", 3000, 5): (14.3530503529507, 3, 0.00246193242655424),
}


def _error(y, p, **options):
    return expected_calibration_error(y, p, resamples=0, **options).error.estimate


def test_bins_of_equal_width_have_their_upper_end():
    # (0, 0.5] holds 0, 0.3 and 0.5 with 1 of 3; (0.5, 1] holds 0.9 with 1 of 1.
    y, p = [0, 1, 0, 1], [0.0, 0.3, 0.5, 0.9]
    first, second = abs(1 / 3 - 0.8 / 3), abs(1 - 0.9)
    assert _error(y, p, bins=2) == pytest.approx(3 / 4 * first + 1 / 4 * second)
    assert _error(y, p, bins=2, norm=2) == pytest.approx(math.sqrt(3 / 4 * first**2 + 1 / 4 * second**2))
    assert _error(y, p, bins=2, norm=math.inf) == pytest.approx(max(first, second))


def test_bins_of_equal_count_keep_equal_probabilities_together():
    # Median 0.2 (type 7): [0.1, 0.2] holds five cases, (0.2, 0.9] three.
    y, p = [0, 0, 1, 0, 0, 1, 1, 0], [0.1, 0.2, 0.2, 0.2, 0.2, 0.6, 0.8, 0.9]
    expected = (5 * abs(1 / 5 - 0.9 / 5) + 3 * abs(2 / 3 - 2.3 / 3)) / 8
    assert _error(y, p, bins=2, kind="count") == pytest.approx(expected)


def test_the_reference_code_of_guo_and_others_gives_the_same(made):
    y, p = made("smooth", 500)
    edges, total = np.linspace(0, 1, 16), 0.0
    for low, high in itertools.pairwise(edges):
        inside = (p > low) & (p <= high)
        if inside.any():
            total += abs(y[inside].mean() - p[inside].mean()) * inside.mean()
    assert _error(y, p, bins=15) == pytest.approx(total)


def test_the_debiased_error_by_hand():
    # One bin, 2 of 4 where 0.3 was announced: 0.04 - 0.25/3 is below 0; 9 of 10: 0.36 - 0.09/9.
    assert _error([1, 1, 0, 0], [0.3] * 4, bins=1, norm=2, debiased=True) == 0
    y = np.arange(10) < 9
    assert _error(y, [0.3] * 10, bins=1, norm=2, debiased=True) == pytest.approx(math.sqrt(0.36 - 0.01))
    single = expected_calibration_error([1], [0.3], norm=2, debiased=True)
    assert "no bin with two cases" in single.error.method


CASES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0, 0.1, 0.15, 0.2, 0.5, 0.9, 1]), st.integers(1, 4)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(CASES, st.sampled_from(["width", "count"]), st.sampled_from([1, 2, math.inf]), st.integers(1, 12))
def test_whole_weights_are_repetitions_in_bins(cases, kind, norm, bins):
    y, p, w = map(np.array, zip(*cases, strict=True))
    weighted = _error(y, p, weight=w, kind=kind, norm=norm, bins=bins)
    repeated = _error(np.repeat(y, w), np.repeat(p, w), kind=kind, norm=norm, bins=bins)
    assert weighted == pytest.approx(repeated, abs=1e-12)


@settings(deadline=None)
@given(CASES, st.sampled_from(["width", "count"]))
def test_norms_are_ordered(cases, kind):
    y, p, _ = map(np.array, zip(*cases, strict=True))
    one, two, largest = (_error(y, p, kind=kind, norm=norm) for norm in (1, 2, math.inf))
    assert one <= two + 1e-12 <= largest + 2e-12


def test_right_probabilities_have_an_error_and_an_interval_that_begins_at_nothing():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 4, 600)
    found = expected_calibration_error(rng.random(600) < p, p)
    assert found.error.low == 0
    assert 0 < found.under_calibration.mean < found.under_calibration.quantile
    assert found.under_calibration.p_value > 0.05


def test_wrong_probabilities_are_told():
    rng = np.random.default_rng(2)
    p = rng.uniform(0, 1, 3000)
    found = expected_calibration_error(rng.random(3000) < p**2, p)
    truth = 1 / 2 - 1 / 3
    assert found.error.low < truth < found.error.high
    assert found.error.low > 0.1
    assert found.under_calibration.p_value == 1 / 1000


@pytest.mark.parametrize(("kind", "rows", "groups"), HOSLEM)
def test_hosmer_and_lemeshows_test_is_that_of_r(made, kind, rows, groups):
    test = hosmer_lemeshow(*made(kind, rows), groups=groups, fitted_here=True)
    assert (test.statistic, test.freedom, test.p_value) == pytest.approx(HOSLEM[kind, rows, groups], rel=1e-9)


def test_on_other_cases_its_degrees_of_freedom_are_the_groups(made):
    y, p = made("smooth", 500)
    here, elsewhere = (hosmer_lemeshow(y, p, fitted_here=fitted) for fitted in (True, False))
    assert (here.freedom, elsewhere.freedom) == (8, 10)
    assert elsewhere.p_value == pytest.approx(chi2.sf(here.statistic, 10))


def test_it_is_not_possible_without_groups_or_doubt():
    assert "fewer than 3" in hosmer_lemeshow([0, 1], [0.1, 0.2], groups=2, fitted_here=True).method
    certain = hosmer_lemeshow([0, 0, 1, 1], [0, 0, 0.5, 0.6], groups=2, fitted_here=False)
    assert "all probabilities are 0" in certain.method


@pytest.mark.parametrize(
    "wrong", [{"bins": 0}, {"kind": "depth"}, {"norm": 3}, {"debiased": True}, {"confidence": 0}]
)
def test_options_of_bins_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputRefusedError):
        expected_calibration_error([0, 1], [0.1, 0.2], **wrong)


def test_one_group_is_refused():
    with pytest.raises(InputRefusedError):
        hosmer_lemeshow([0, 1], [0.1, 0.2], groups=1, fitted_here=False)
