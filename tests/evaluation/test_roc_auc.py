import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from triage.errors import InputRefusedError
from triage.evaluation import clopper_pearson_interval, roc_auc

Z = 1.959963984540054
BOTH = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=2, max_size=60).filter(
    lambda cases: len({outcome for outcome, _ in cases}) == 2
)


def _delong_by_definition(outcome, score):
    """Structural components over all pairs, as DeLong, DeLong and Clarke-Pearson (1988) write them."""
    outcome, score = np.asarray(outcome), np.asarray(score, dtype=float)
    x, y = score[outcome == 1], score[outcome == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    one, other = v10.var(ddof=1) / len(x), v01.var(ddof=1) / len(y)
    freedom = (one + other) ** 2 / (one**2 / (len(x) - 1) + other**2 / (len(y) - 1))
    return psi.mean(), one + other, freedom


@settings(deadline=None, max_examples=40)
@given(BOTH)
def test_the_area_is_that_of_another_library(cases):
    outcome, score = zip(*cases, strict=True)
    assert roc_auc(outcome, score).estimate == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(BOTH, st.data())
def test_the_weighted_area_is_that_of_another_library(cases, data):
    outcome, score = zip(*cases, strict=True)
    weight = data.draw(st.lists(st.floats(0.1, 10), min_size=len(cases), max_size=len(cases)))
    expected = roc_auc_score(outcome, score, sample_weight=weight)
    assert roc_auc(outcome, score, weight=weight).estimate == pytest.approx(expected, abs=1e-9)


def test_the_variance_is_delongs_by_definition():
    rng = np.random.default_rng(3)
    for cases, levels in ((40, 5), (300, 1000), (300, 8)):
        outcome = rng.integers(0, 2, cases)
        score = rng.integers(0, levels, cases) + levels * 0.3 * outcome
        area, variance, freedom = _delong_by_definition(outcome, score)
        figure = roc_auc(outcome, score, interval="delong")
        assert (figure.high - figure.low) / 2 == pytest.approx(Z * math.sqrt(variance))
        on_logit = roc_auc(outcome, score, interval="logit")
        half = t.ppf(0.975, freedom) * math.sqrt(variance) / (area * (1 - area))
        ends = expit(logit(area) + np.array([-half, half]))
        assert (on_logit.low, on_logit.high) == pytest.approx(ends)


def test_the_steadied_variance_mixes_delongs_with_hanley_and_mcneils():
    rng = np.random.default_rng(6)
    for m, n, shift in ((15, 60, 2.0), (60, 15, 2.0), (15, 60, -1.0)):
        outcome = np.repeat([1, 0], [m, n])
        score = rng.normal(size=m + n) + shift * outcome
        area, variance, freedom = _delong_by_definition(outcome, score)
        # Hanley and McNeil (1982): Q1 = A/(2 - A), Q2 = 2 A^2/(1 + A), as written there; the larger of the area and
        # of the reversed score's.
        model = max(
            (a * (1 - a) + (m - 1) * (a / (2 - a) - a**2) + (n - 1) * (2 * a**2 / (1 + a) - a**2)) / (m * n)
            for a in (area, 1 - area)
        )
        mixed = (freedom * variance + 7 * model) / (freedom + 7)
        half = t.ppf(0.975, freedom + 7) * math.sqrt(mixed) / (area * (1 - area))
        figure = roc_auc(outcome, score)
        assert (figure.low, figure.high) == pytest.approx(expit(logit(area) + np.array([-half, half])))


def test_the_plain_interval_is_that_of_r():
    # R, pROC 1.18.0: i <- 0:199; y <- as.integer((i * 37) %% 101 < 30)
    # ci.auc(roc(y, (i * 61) %% 97 + 25 * y), method = "delong"); ci.auc(roc(y, (i * 29) %% 13 + 2 * y), ...)
    i = np.arange(200)
    y = ((i * 37) % 101 < 30).astype(int)
    for score, expected in (
        ((i * 61) % 97 + 25 * y, (0.6209887217920869, 0.6982810433946388, 0.7755733649971908)),
        ((i * 29) % 13 + 2 * y, (0.5682119199991793, 0.6502584445245823, 0.7323049690499852)),
    ):
        figure = roc_auc(y, score, interval="delong")
        assert (figure.low, figure.estimate, figure.high) == pytest.approx(expected, rel=1e-12)


def test_a_published_example_with_many_ties():
    # Turck et al. (2010), WFNS grade 1 to 5 and outcome of 113 patients; area and DeLong variance as given by
    # the tests of the R package pROC: 0.823678861788618 and 0.00146991470882363.
    poor, good = [2, 12, 1, 8, 18], [37, 20, 3, 8, 4]
    outcome = np.repeat([1, 0], [41, 72])
    grade = np.concatenate([np.repeat(np.arange(1, 6), poor), np.repeat(np.arange(1, 6), good)])
    figure = roc_auc(outcome, grade, interval="delong")
    half = Z * math.sqrt(0.00146991470882363)
    assert figure.estimate == pytest.approx(0.823678861788618, abs=1e-14)
    assert (figure.low, figure.high) == pytest.approx((0.823678861788618 - half, 0.823678861788618 + half))


@settings(deadline=None, max_examples=40)
@given(BOTH, st.randoms())
def test_only_the_order_of_the_scores_matters(cases, random):
    before = roc_auc(*zip(*cases, strict=True))
    random.shuffle(cases)
    outcome, score = zip(*cases, strict=True)
    assert roc_auc(outcome, np.arctan(score)) == before


@settings(deadline=None, max_examples=40)
@given(BOTH)
def test_the_opposite_score_and_the_opposite_outcome_give_the_complement(cases):
    outcome, score = map(np.array, zip(*cases, strict=True))
    area = roc_auc(outcome, score)
    for other in (roc_auc(outcome, -score), roc_auc(1 - outcome, score)):
        assert (other.estimate, other.low, other.high) == pytest.approx(
            (1 - area.estimate, 1 - area.high, 1 - area.low), abs=1e-9
        )


@settings(deadline=None, max_examples=40)
@given(BOTH, st.data())
def test_whole_weights_count_as_repetitions_for_the_estimate(cases, data):
    outcome, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(cases), max_size=len(cases))))
    repeated = roc_auc(np.repeat(outcome, weight), np.repeat(score, weight))
    assert roc_auc(outcome, score, weight=weight).estimate == pytest.approx(repeated.estimate)


@settings(deadline=None, max_examples=40)
@given(BOTH)
def test_equal_weights_change_no_end(cases):
    outcome, score = zip(*cases, strict=True)
    plain, weighted = roc_auc(outcome, score), roc_auc(outcome, score, weight=[2.5] * len(cases))
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(BOTH, st.sampled_from(["steadied", "logit", "delong"]))
def test_the_interval_holds_the_estimate_and_stays_within_zero_and_one(cases, interval):
    figure = roc_auc(*zip(*cases, strict=True), interval=interval)
    assert 0 <= figure.low <= figure.estimate <= figure.high <= 1


@pytest.mark.parametrize(("outcome", "why"), [([0, 0], "no case with"), ([1, 1], "no case without")])
def test_one_kind_of_cases_alone_is_not_estimable(outcome, why):
    figure = roc_auc(outcome, [1, 2])
    assert not figure.estimable
    assert why in figure.method


def test_perfect_order_leaves_doubt_from_the_pairs_that_share_no_case():
    figure = roc_auc([1] * 4 + [0] * 9, range(13, 0, -1))
    assert (figure.estimate, figure.high) == (1, 1)
    assert figure.low == pytest.approx(0.025 ** (1 / 4))
    reversed_order = roc_auc([0] * 9 + [1] * 4, range(13, 0, -1))
    assert (reversed_order.low, reversed_order.estimate) == (0, 0)
    assert reversed_order.high == pytest.approx(1 - 0.025 ** (1 / 4))


def test_a_constant_score_is_chance_with_a_wide_interval():
    figure = roc_auc([1, 1, 0, 0, 0], [7] * 5)
    assert figure.estimate == 0.5
    assert (figure.low, figure.high) == pytest.approx(clopper_pearson_interval(1, 2))


def test_a_single_case_with_current_abuse_leaves_nearly_everything_open():
    figure = roc_auc([1] + [0] * 99, range(100, 0, -1))
    assert (figure.estimate, figure.high) == (1, 1)
    assert figure.low == pytest.approx(0.025)


def test_an_unknown_interval_is_refused():
    with pytest.raises(InputRefusedError, match="interval"):
        roc_auc([1, 0, 1, 0], [4, 2, 1, 3], interval="probit")
