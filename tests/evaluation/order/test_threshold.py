import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import (
    accuracy_score,
    class_likelihood_ratios,
    confusion_matrix,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.order.threshold import at_threshold
from triage.evaluation.proportions import (
    agresti_coull_interval,
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)

Z = norm.ppf(0.975)
INTERVALS = {
    "wilson": wilson_interval,
    "clopper-pearson": clopper_pearson_interval,
    "jeffreys": jeffreys_interval,
    "agresti-coull": agresti_coull_interval,
}
CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=40)


def _of_counts(tp, fp, fn, tn):
    """Outcomes and scores that make these counts at a threshold of 1."""
    return np.repeat([1, 0, 1, 0], [tp, fp, fn, tn]), np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])


def _figures(at):
    return {name: value for name, value in vars(at).items() if isinstance(value, Figure)}


def test_all_figures_by_hand():
    # 30 of 40 found, 20 of 160 opened in vain.
    at = at_threshold(*_of_counts(30, 20, 10, 140), 1)
    assert (at.tp, at.fp, at.fn, at.tn) == (30, 20, 10, 140)
    expected = {
        "recall": (30, 40),
        "specificity": (140, 160),
        "precision": (30, 50),
        "negative_predictive_value": (140, 150),
        "false_positive_rate": (20, 160),
        "false_negative_rate": (10, 40),
        "false_discovery_rate": (20, 50),
        "false_omission_rate": (10, 150),
        "share_opened": (50, 200),
        "accuracy": (170, 200),
    }
    for name, (count, total) in expected.items():
        figure = getattr(at, name)
        assert figure.estimate == pytest.approx(count / total)
        assert (figure.low, figure.high) == pytest.approx(wilson_interval(count, total))
        assert figure.count == total
    assert at.f1.estimate == pytest.approx(60 / 90)
    assert at.matthews_correlation.estimate == pytest.approx(4000 / math.sqrt(50 * 40 * 160 * 150))
    assert at.positive_likelihood_ratio.estimate == pytest.approx(6)
    assert at.negative_likelihood_ratio.estimate == pytest.approx(2 / 7)


@settings(deadline=None, max_examples=40)
@given(CASES, st.integers(-4, 4), st.sampled_from(["at least", "above"]))
def test_the_figures_are_those_of_another_library(cases, threshold, rule):
    y, score = map(np.array, zip(*cases, strict=True))
    opened = (score >= threshold if rule == "at least" else score > threshold).astype(int)
    at = at_threshold(y, score, threshold, rule=rule)
    tn, fp, fn, tp = confusion_matrix(y, opened, labels=[0, 1]).ravel()
    assert (at.tp, at.fp, at.fn, at.tn) == (tp, fp, fn, tn)
    assert at.accuracy.estimate == pytest.approx(accuracy_score(y, opened))
    shares = precision_recall_fscore_support(y, opened, labels=[0, 1], zero_division=np.nan)
    for figure, value in (
        (at.precision, shares[0][1]),
        (at.recall, shares[1][1]),
        (at.negative_predictive_value, shares[0][0]),
        (at.specificity, shares[1][0]),
    ):
        assert figure.estimate == pytest.approx(value, nan_ok=True)
    if tp + fn:
        assert at.f1.estimate == pytest.approx(shares[2][1])
    else:
        assert not at.f1.estimable
    if min(tp + fn, fp + tn, tp + fp, fn + tn) > 0:
        assert at.matthews_correlation.estimate == pytest.approx(matthews_corrcoef(y, opened), abs=1e-12)
    else:
        assert not at.matthews_correlation.estimable
    if tp + fn and fp and tn:
        assert (
            at.positive_likelihood_ratio.estimate,
            at.negative_likelihood_ratio.estimate,
        ) == pytest.approx(class_likelihood_ratios(y, opened, labels=[0, 1]))


@settings(deadline=None, max_examples=40)
@given(CASES, st.data())
def test_the_weighted_figures_are_those_of_another_library(cases, data):
    y, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(y), max_size=len(y))))
    opened = (score >= 0).astype(int)
    at = at_threshold(y, score, 0, weight=weight)
    tn, fp, fn, tp = confusion_matrix(y, opened, labels=[0, 1], sample_weight=weight).ravel()
    assert (at.tp, at.fp, at.fn, at.tn) == pytest.approx((tp, fp, fn, tn), abs=1e-9)
    if min(tp, fp, fn, tn) > 0:
        expected = matthews_corrcoef(y, opened, sample_weight=weight)
        assert at.matthews_correlation.estimate == pytest.approx(expected, abs=1e-9)
        shares = precision_recall_fscore_support(y, opened, labels=[1], sample_weight=weight)
        for figure, (value,) in zip((at.precision, at.recall, at.f1), shares, strict=False):
            assert figure.estimate == pytest.approx(value)


@pytest.mark.parametrize("interval", INTERVALS)
def test_shares_have_the_interval_that_was_asked_for(interval):
    at = at_threshold(*_of_counts(30, 20, 10, 140), 1, interval=interval, confidence=0.9)
    expected = INTERVALS[interval](30, 40, confidence=0.9)
    assert (at.recall.low, at.recall.high) == pytest.approx(expected)
    low, high = (2 * end / (1 + end) for end in INTERVALS[interval](30, 60, confidence=0.9))
    assert (at.f1.low, at.f1.high) == pytest.approx((low, high))


def test_likelihood_ratios_have_the_interval_of_simel_samsa_and_matchar():
    # In R, as epi.tests of the package epiR has it, with se <- 670 / 744; sp <- 640 / 842; z <- qnorm(0.975):
    # (se / (1 - sp)) * exp(c(-1, 1) * z * sqrt((1 - se) / (744 * se) + sp / (842 * (1 - sp)))), and
    # ((1 - se) / sp) * exp(c(-1, 1) * z * sqrt(se / (744 * (1 - se)) + (1 - sp) / (842 * sp))).
    at = at_threshold(*_of_counts(670, 202, 74, 640), 1)
    for figure, expected in (
        (at.positive_likelihood_ratio, (3.7537261790695196, 3.3206884355074808, 4.2432346488051333)),
        (at.negative_likelihood_ratio, (0.1308551747311828, 0.1050643235119225, 0.1629770809116312)),
    ):
        assert (figure.estimate, figure.low, figure.high) == pytest.approx(expected, rel=1e-12)


def _donner_zou(one, ends, other, other_ends):
    """The ends of a ratio from those of its parts, as Donner and Zou (2012) write them."""
    (l1, u1), (l2, u2) = ends, other_ends
    product, bottom = one * other, l2 * (2 * other - l2)
    top = u2 * (2 * other - u2)
    low = (product - math.sqrt(product**2 - l1 * (2 * one - l1) * top)) / top
    high = (product + math.sqrt(product**2 - u1 * (2 * one - u1) * bottom)) / bottom if bottom else math.inf
    return low, high


def test_a_likelihood_ratio_of_nothing_found_has_an_upper_end():
    figure = at_threshold(*_of_counts(0, 4, 9, 30), 1).positive_likelihood_ratio
    expected = _donner_zou(0, wilson_interval(0, 9), 4 / 34, wilson_interval(4, 34))
    assert figure.estimate == 0
    assert (figure.low, figure.high) == pytest.approx(expected)


def test_a_likelihood_ratio_over_nothing_is_not_estimable_but_has_a_lower_end():
    at = at_threshold(*_of_counts(6, 0, 3, 30), 1)
    expected = _donner_zou(6 / 9, wilson_interval(6, 9), 0, wilson_interval(0, 30))
    figure = at.positive_likelihood_ratio
    assert not figure.estimable
    assert (figure.low, figure.high) == pytest.approx(expected)
    assert figure.high == math.inf
    assert f"at least {figure.low:.4g}" in figure.method
    assert at.as_dict()["positive_likelihood_ratio"]["high"] is None


def test_a_likelihood_ratio_of_all_opened_is_one_in_doubt():
    at = at_threshold(*_of_counts(6, 30, 0, 0), 1)
    figure = at.positive_likelihood_ratio
    expected = _donner_zou(1, wilson_interval(6, 6), 1, wilson_interval(30, 30))
    assert figure.estimate == 1
    assert (figure.low, figure.high) == pytest.approx(expected)
    assert "all cases opened" in at.negative_likelihood_ratio.method


def test_a_recall_of_one_adds_its_doubt_to_the_likelihood_ratio():
    figure = at_threshold(*_of_counts(6, 5, 0, 25), 1).positive_likelihood_ratio
    expected = _donner_zou(1, wilson_interval(6, 6), 5 / 30, wilson_interval(5, 30))
    assert figure.estimate == pytest.approx(6)
    assert (figure.low, figure.high) == pytest.approx(expected)
    assert "a cell of the table is empty" in figure.method


def test_matthews_variance_is_that_of_phi():
    # Bishop, Fienberg and Holland (1975), section 11.3, with margins p1, p2 of the rows and q1, q2 of the columns.
    table = np.array([[30, 20], [10, 140]])
    n = table.sum()
    (p1, p2), (q1, q2) = table.sum(axis=1) / n, table.sum(axis=0) / n
    root = math.sqrt(p1 * p2 * q1 * q2)
    phi = (30 * 140 - 20 * 10) / n**2 / root
    skewed = phi * (1 + phi**2 / 2) * (p1 - p2) * (q1 - q2) / root
    spread = (p1 - p2) ** 2 / (p1 * p2) + (q1 - q2) ** 2 / (q1 * q2)
    variance = (1 - phi**2 + skewed - 0.75 * phi**2 * spread) / n
    figure = at_threshold(*_of_counts(30, 20, 10, 140), 1).matthews_correlation
    half = Z * math.sqrt(variance) / (1 - phi**2)
    assert (figure.low, figure.high) == pytest.approx(
        (math.tanh(math.atanh(phi) - half), math.tanh(math.atanh(phi) + half))
    )


def test_intervals_of_f1_and_matthews_correlation_are_as_wide_as_resampling_says():
    tp, fp, fn, tn = np.random.default_rng(0).multinomial(2000, [0.15, 0.1, 0.05, 0.7], 20_000).T
    f1 = 2 * tp / (2 * tp + fp + fn)
    matthews = (tp * tn - fp * fn) / np.sqrt(1.0 * (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    at = at_threshold(*_of_counts(300, 200, 100, 1400), 1)
    for figure, drawn in ((at.f1, f1), (at.matthews_correlation, matthews)):
        assert (figure.high - figure.low) / (2 * Z) == pytest.approx(drawn.std(), rel=0.02)


def test_weights_widen_by_the_linearised_variance():
    # Log likelihood ratio: each case moves it by (1 - p)/p or -1 of its share, by its weight.
    rng = np.random.default_rng(4)
    y, score, w = rng.integers(0, 2, 80), rng.integers(0, 3, 80), rng.uniform(0.5, 4, 80)
    opened = score >= 1
    variance = 0.0
    for kind in (1, 0):
        weight, chosen = w[y == kind], opened[y == kind]
        p = weight[chosen].sum() / weight.sum()
        variance += (weight**2 @ (chosen - p) ** 2) / (weight.sum() * p) ** 2
    figure = at_threshold(y, score, 1, weight=w).positive_likelihood_ratio
    assert math.log(figure.high / figure.low) == pytest.approx(2 * Z * math.sqrt(variance))


@settings(deadline=None, max_examples=40)
@given(CASES, st.data())
def test_whole_weights_count_as_repetitions_for_the_estimates(cases, data):
    y, score = map(np.array, zip(*cases, strict=True))
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(y), max_size=len(y))))
    weighted = at_threshold(y, score, 1, weight=weight)
    repeated = at_threshold(np.repeat(y, weight), np.repeat(score, weight), 1)
    for name, figure in _figures(weighted).items():
        assert figure.estimate == pytest.approx(getattr(repeated, name).estimate, nan_ok=True, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(CASES, st.floats(0.1, 10))
def test_equal_weights_change_no_end(cases, unit):
    y, score = map(np.array, zip(*cases, strict=True))
    plain, weighted = at_threshold(y, score, 1), at_threshold(y, score, 1, weight=np.full(len(y), unit))
    for name, figure in _figures(plain).items():
        other = getattr(weighted, name)
        assert (figure.low, figure.high) == pytest.approx((other.low, other.high), nan_ok=True, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(CASES, st.integers(-4, 4), st.sampled_from(list(INTERVALS)))
def test_the_opposite_score_and_outcome_at_the_opposite_rule_mirror_the_figures(cases, threshold, interval):
    y, score = map(np.array, zip(*cases, strict=True))
    one = at_threshold(y, score, threshold, interval=interval)
    other = at_threshold(1 - y, -score, -threshold, rule="above", interval=interval)
    for name, mirrored in (
        ("recall", "specificity"),
        ("precision", "negative_predictive_value"),
        ("false_positive_rate", "false_negative_rate"),
        ("accuracy", "accuracy"),
        ("matthews_correlation", "matthews_correlation"),
    ):
        a, b = getattr(one, name), getattr(other, mirrored)
        assert (a.estimate, a.low, a.high) == pytest.approx(
            (b.estimate, b.low, b.high), nan_ok=True, abs=1e-12
        )


@settings(deadline=None, max_examples=40)
@given(CASES, st.randoms(), st.sampled_from(list(INTERVALS)))
def test_rows_may_come_in_any_order_and_intervals_hold_the_estimates(cases, random, interval):
    before = at_threshold(*zip(*cases, strict=True), 1, interval=interval)
    random.shuffle(cases)
    after = at_threshold(*zip(*cases, strict=True), 1, interval=interval)
    assert before.as_dict() == after.as_dict()
    for figure in _figures(before).values():
        if not math.isnan(figure.estimate + figure.low):
            assert figure.low - 1e-12 <= figure.estimate <= figure.high + 1e-12


def test_complements_have_the_mirrored_interval():
    at = at_threshold(*_of_counts(7, 3, 2, 40), 1)
    for one, other in (
        (at.recall, at.false_negative_rate),
        (at.specificity, at.false_positive_rate),
        (at.precision, at.false_discovery_rate),
        (at.negative_predictive_value, at.false_omission_rate),
    ):
        assert (one.estimate, one.low, one.high) == pytest.approx(
            (1 - other.estimate, 1 - other.high, 1 - other.low)
        )


def test_nothing_opened_leaves_precision_unknown_and_recall_at_zero():
    at = at_threshold([1, 0, 1, 0], [1, 2, 3, 4], 5)
    assert not at.precision.estimable
    assert "no case opened" in at.precision.method
    assert (at.recall.estimate, at.f1.estimate, at.specificity.estimate) == (0, 0, 1)
    assert "no case opened" in at.matthews_correlation.method
    assert "no case opened" in at.positive_likelihood_ratio.method


def test_without_current_abuse_recall_is_not_estimable_but_specificity_is():
    at = at_threshold([0, 0, 0], [1, 2, 3], 2)
    for figure in (at.recall, at.f1, at.matthews_correlation, at.positive_likelihood_ratio):
        assert "no case with current abuse" in figure.method
        assert not figure.estimable
    assert at.specificity.estimate == pytest.approx(1 / 3)
    assert at.precision.estimate == 0


def test_without_other_cases_specificity_is_not_estimable():
    at = at_threshold([1, 1], [1, 2], 2)
    assert "no case without current abuse" in at.specificity.method
    assert at.recall.estimate == 0.5


def test_a_flawless_decision_has_a_correlation_of_one_without_an_interval():
    figure = at_threshold([1, 1, 0, 0], [4, 3, 2, 1], 3).matthews_correlation
    assert figure.estimate == 1
    assert math.isnan(figure.low)
    assert "no interval" in figure.method


def test_infinite_scores_and_thresholds_have_their_place():
    assert at_threshold([1, 0], [np.inf, 1.0], np.inf).tp == 1
    assert at_threshold([1, 0], [np.inf, 1.0], np.inf, rule="above").fn == 1


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"threshold": np.nan}, "threshold"),
        ({"threshold": "high"}, "threshold"),
        ({"threshold": [1]}, "threshold"),
        ({"rule": "below"}, "rule"),
        ({"interval": "wald"}, "interval"),
        ({"confidence": 95}, "confidence"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, where):
    with pytest.raises(InputRefusedError, match=where):
        at_threshold([1, 0], [2, 1], **{"threshold": 1.5, **options})


def test_results_become_plain_values_and_frames():
    at = at_threshold([1, 1, 0, 0], [4, 2, 3, 1], 3)
    assert json.loads(json.dumps(at.as_dict()))["recall"]["estimate"] == 0.5
    frame = at.to_frame()
    assert list(frame["name"]) == list(_figures(at))
    assert (frame["threshold"] == 3).all()


@pytest.mark.slow
def test_intervals_that_are_no_shares_hold_as_often_as_the_docstring_says():
    rng, held = np.random.default_rng(0), []
    grid = itertools.product((50, 200, 1000), (0.05, 0.3), (0.6, 0.9), (0.9, 0.99))
    for n, positive, recall, specificity in grid:
        p = np.array([recall, 1 - specificity, 1 - recall, specificity]) * ([positive, 1 - positive] * 2)
        margins = (p[0] + p[1]) * (p[0] + p[2]) * (p[3] + p[1]) * (p[3] + p[2])
        truth = {
            "f1": 2 * p[0] / (2 * p[0] + p[1] + p[2]),
            "matthews_correlation": (p[0] * p[3] - p[1] * p[2]) / math.sqrt(margins),
            "positive_likelihood_ratio": recall / (1 - specificity),
            "negative_likelihood_ratio": (1 - recall) / specificity,
        }
        inside = {name: [] for name in truth}
        for counts in rng.multinomial(n, p, 300):
            at = at_threshold(*_of_counts(*counts), 1)
            for name, value in truth.items():
                figure = getattr(at, name)
                if not math.isnan(figure.low):
                    inside[name].append(figure.low <= value <= figure.high)
        held.append([np.mean(draws) for draws in inside.values()])
    # 7,200 draws leave a standard error of 0.003 on average, and 300 one of 0.013 to 0.02 in a cell.
    assert np.mean(held, axis=0) == pytest.approx([0.953, 0.944, 0.957, 0.945], abs=0.01)
    assert (np.min(held, axis=0) >= np.array([0.933, 0.823, 0.913, 0.891]) - 0.05).all()
