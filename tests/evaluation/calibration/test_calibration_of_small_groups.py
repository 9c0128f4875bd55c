"""Every function has an answer for a handful of cases, whatever they are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.evaluation.calibration.band import reliability_band
from triage.evaluation.calibration.binned import expected_calibration_error, hosmer_lemeshow
from triage.evaluation.calibration.corp import score_decomposition
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.calibration.logistic import calibration_in_the_large, logistic_calibration
from triage.evaluation.calibration.scores import brier_score, log_loss, score_skill
from triage.evaluation.calibration.smooth import smooth_calibration
from triage.evaluation.calibration.spiegelhalter import spiegelhalter_test
from triage.evaluation.figure import Figure, HypothesisTest

SMALL = {
    "one case": ([1], [0.3]),
    "five without current abuse": ([0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]),
    "five with current abuse": ([1] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]),
    "five at one probability": ([0, 1, 0, 0, 1], [0.2] * 5),
    "nothing expected": ([0, 1, 0, 0, 0], [0.0] * 5),
    "all certain and right": ([0, 0, 1, 1, 1], [0, 0, 1, 1, 1]),
    "all certain and wrong": ([1, 1, 0, 0, 0], [0, 0, 1, 1, 1]),
    "six in order": ([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    "six in disorder": ([1, 0, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
}


def _all(y, p):
    logistic = logistic_calibration(y, p)
    smooth = smooth_calibration(y, p, resamples=29)
    parts = [score_decomposition(y, p, score=score, resamples=29) for score in ("brier", "log")]
    yield from (logistic.in_the_large, logistic.line.intercept, logistic.line.slope)
    yield from (logistic.tests.unreliability, logistic.tests.intercept, logistic.tests.slope)
    yield from (smooth.ici, smooth.e50, smooth.e90, smooth.emax)
    for part in parts:
        yield from (
            part.score,
            part.miscalibration,
            part.discrimination,
            part.uncertainty,
            part.skill,
            part.test,
        )
    yield from (observed_over_expected(y, p, interval=way) for way in ("clopper-pearson", "log", "shift"))
    for kind in ("width", "count"):
        for norm in (1, 2, math.inf):
            yield expected_calibration_error(y, p, kind=kind, norm=norm, resamples=29).error
    yield hosmer_lemeshow(y, p, groups=3, fitted_here=False)
    yield spiegelhalter_test(y, p)
    yield reliability_band(y, p, kind="simultaneous").test
    for kind in ("consistency", "confidence"):
        yield reliability_band(y, p, kind=kind, resamples=29).test


def _check(result):
    if isinstance(result, HypothesisTest):
        assert 0 <= result.p_value <= 1 or "not possible" in result.method
        return
    assert isinstance(result, Figure)
    if not result.estimable:
        assert result.method.startswith("not estimable: ")
        return
    bounded = not (math.isnan(result.low) or math.isnan(result.high))
    assert bounded or "no interval" in result.method
    assert not bounded or result.low - 1e-9 <= result.estimate <= result.high + 1e-9


@pytest.mark.parametrize("name", SMALL)
def test_small_groups_have_defined_answers(name):
    for result in _all(*SMALL[name]):
        _check(result)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0, 1e-9, 0.01, 0.3, 0.5, 0.7, 1])),
        min_size=1,
        max_size=9,
    )
)
def test_no_handful_of_cases_is_without_an_answer(cases):
    y, p = map(np.array, zip(*cases, strict=True))
    for result in _all(y, p):
        _check(result)


def test_a_group_without_current_abuse_says_so_and_gives_what_can_be_said():
    y, p = [0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]
    assert "no case with current abuse" in calibration_in_the_large(y, p).method
    assert "no case with current abuse" in score_skill(y, p).method
    assert observed_over_expected(y, p).estimate == 0
    assert brier_score(y, p).estimate == pytest.approx(0.55 / 5)
    assert log_loss(y, p).estimate == pytest.approx(-np.log([0.9, 0.8, 0.7, 0.6, 0.5]).mean())
    assert smooth_calibration(y, p).ici.method.startswith("not estimable")
