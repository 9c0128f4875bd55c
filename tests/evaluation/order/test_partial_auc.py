import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from triage.errors import InputRefusedError
from triage.evaluation.order.auc import roc_auc
from triage.evaluation.order.partial import partial_auc

BOTH = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=40).filter(
    lambda cases: len({outcome for outcome, _ in cases}) == 2
)
BOUND = st.sampled_from([0.01, 0.1, 0.25, 1 / 3, 0.5, 0.77, 0.999])

# R, pROC 1.18.0:
#   i <- 0:199; y <- as.integer((i * 37) %% 101 < 30)
#   a <- (i * 61) %% 97 + 25 * y; b <- (i * 29) %% 13 + 2 * y
#   auc(roc(y, a), partial.auc = c(1, 0.95), partial.auc.focus = "specificity", partial.auc.correct = FALSE) ...
# with allow.invalid.partial.auc.correct = TRUE. Focus, bound, plain, corrected; for a, then for b.
ROW = np.arange(200)
Y = ((ROW * 37) % 101 < 30).astype(int)
SCORES = {"a": (ROW * 61) % 97 + 25 * Y, "b": (ROW * 29) % 13 + 2 * Y}
OF_R = [
    ("a", {"max_fpr": 0.05}, 0.01190354910445968, 0.6092671703021505),
    ("a", {"max_fpr": 0.2}, 0.06206274792643345, 0.6168409664623152),
    ("a", {"min_tpr": 0.95}, 0.01345744680851065, 0.6252045826513911),
    ("a", {"min_tpr": 0.8}, 0.06755860079336456, 0.6321072244260127),
    ("b", {"max_fpr": 0.05}, 0.008984976887519269, 0.5793330962822488),
    ("b", {"max_fpr": 0.2}, 0.05210818608005768, 0.5891894057779381),
    ("b", {"min_tpr": 0.95}, 0.009056737588652492, 0.5800691034733588),
    ("b", {"min_tpr": 0.8}, 0.05253836598950193, 0.5903843499708388),
]


@pytest.mark.parametrize(("score", "bound", "plain", "corrected"), OF_R)
def test_the_areas_are_those_of_r(score, bound, plain, corrected):
    area = partial_auc(Y, SCORES[score], **bound, standardised=False)
    assert area.estimate == pytest.approx(plain, rel=1e-12)
    assert partial_auc(Y, SCORES[score], **bound).estimate == pytest.approx(corrected, rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(BOTH, BOUND, st.data())
def test_the_standardised_area_is_that_of_another_library(cases, bound, data):
    outcome, score = map(np.array, zip(*cases, strict=True))
    weight = data.draw(st.none() | st.lists(st.floats(0.1, 10), min_size=len(cases), max_size=len(cases)))
    expected = roc_auc_score(outcome, score, max_fpr=bound, sample_weight=weight)
    assert partial_auc(outcome, score, max_fpr=bound, weight=weight).estimate == pytest.approx(
        expected, abs=1e-9
    )


@settings(deadline=None, max_examples=40)
@given(BOTH, BOUND)
def test_high_recall_is_a_low_false_positive_rate_seen_from_the_other_corner(cases, bound):
    outcome, score = map(np.array, zip(*cases, strict=True))
    expected = roc_auc_score(1 - outcome, -score, max_fpr=bound)
    assert partial_auc(outcome, score, min_tpr=1 - bound).estimate == pytest.approx(expected, abs=1e-9)


def test_an_area_by_hand():
    # Recall is 1/2 up to a false positive rate of 1/3, then rises with it in a tie to 1 at 2/3.
    area = partial_auc([1, 0, 1, 0, 0], [9, 8, 7, 7, 1], max_fpr=0.5, standardised=False)
    assert area.estimate == pytest.approx(1 / 3 * 1 / 2 + 1 / 6 * (1 / 2 + 3 / 4) / 2)


@settings(deadline=None, max_examples=40)
@given(BOTH)
def test_the_whole_curve_has_the_whole_area_and_delongs_variance(cases):
    outcome, score = zip(*cases, strict=True)
    whole = roc_auc(outcome, score, interval="logit")
    for bound in ({"max_fpr": 1.0}, {"min_tpr": 0.0}):
        for standardised in (True, False):
            area = partial_auc(outcome, score, **bound, standardised=standardised, interval="jackknife")
            assert area.estimate == pytest.approx(whole.estimate, abs=1e-12)
            if "jackknife" in area.method:
                assert (area.low, area.high) == pytest.approx((whole.low, whole.high), abs=1e-9)


@pytest.mark.parametrize("bound", [{"max_fpr": 0.23}, {"min_tpr": 0.6}])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_variance_is_the_infinitesimal_jackknife_by_definition(bound, weighted):
    rng = np.random.default_rng(4)
    outcome = np.repeat([1, 0], [20, 30])
    score = rng.integers(0, 20, 50) + 5 * outcome
    weight = rng.uniform(0.5, 3, 50) if weighted else np.ones(50)

    def area_of(weights):
        return partial_auc(outcome, score, **bound, weight=weights, standardised=False).estimate

    parts = []
    for kind in (1, 0):
        rows = np.flatnonzero(outcome == kind)
        change = [
            (area_of(weight + 1e-6 * (ROW[:50] == row)) - area_of(weight - 1e-6 * (ROW[:50] == row))) / 2e-6
            for row in rows
        ]
        w = weight[rows]
        count = w.sum() ** 2 / (w @ w)
        parts.append((float(w**2 @ np.array(change) ** 2) * count / (count - 1), count))
    width = bound.get("max_fpr") or 1 - bound["min_tpr"]
    share = area_of(weight) / width
    variance = sum(part for part, _ in parts) / width**2
    freedom = (variance * width**2) ** 2 / sum(part**2 / (count - 1) for part, count in parts)
    lifts = parts[0][1] if "max_fpr" in bound else parts[1][1]
    steadied = (freedom * variance + 7 * share * (1 - share) / lifts) / (freedom + 7)
    for interval, spread, degrees in (("jackknife", variance, freedom), ("steadied", steadied, freedom + 7)):
        half = t.ppf(0.975, degrees) * math.sqrt(spread) / (share * (1 - share))
        figure = partial_auc(
            outcome,
            score,
            **bound,
            standardised=False,
            interval=interval,
            weight=weight if weighted else None,
        )
        ends = width * expit(logit(share) + np.array([-half, half]))
        assert (figure.low, figure.high) == pytest.approx(ends, rel=1e-5)


@settings(deadline=None, max_examples=40)
@given(BOTH, BOUND, st.booleans(), st.randoms())
def test_only_the_order_of_the_scores_matters_and_the_interval_holds_the_area(cases, bound, low_fpr, random):
    option = {"max_fpr": bound} if low_fpr else {"min_tpr": bound}
    before = partial_auc(*zip(*cases, strict=True), **option)
    random.shuffle(cases)
    outcome, score = zip(*cases, strict=True)
    after = partial_auc(outcome, np.arctan(score), **option)
    assert (after.estimate, after.low, after.high) == pytest.approx(
        (before.estimate, before.low, before.high), nan_ok=True, abs=1e-12
    )
    if not math.isnan(before.low):
        assert before.low <= before.estimate + 1e-12
        assert before.estimate <= before.high + 1e-12


def test_chance_is_one_half_and_a_flawless_order_is_one():
    assert partial_auc([1, 0, 1, 0], [5] * 4, max_fpr=0.1).estimate == pytest.approx(0.5)
    flawless = partial_auc([1] * 9 + [0] * 9, range(18, 0, -1), max_fpr=0.5)
    assert (flawless.estimate, flawless.high) == (1, pytest.approx(1))
    # The whole area is at least 0.025^(1/9), and the missing part of it may all lie below the bound.
    low = (0.5 - (1 - 0.025 ** (1 / 9)) - 0.125) / 0.375
    assert flawless.low == pytest.approx((1 + low) / 2)


def test_nothing_above_the_bound_has_an_upper_end():
    figure = partial_auc([0] * 8 + [1] * 4, range(12, 0, -1), max_fpr=0.25, standardised=False)
    assert (figure.estimate, figure.low) == (0, 0)
    assert figure.high == pytest.approx(0.25 * (1 - 0.025 ** (1 / 4)))


def test_a_constant_score_has_no_interval():
    assert "no interval" in partial_auc([1, 1, 0, 0], [5] * 4, max_fpr=0.1).method


def test_one_kind_alone_is_not_estimable():
    assert "no case without" in partial_auc([1, 1], [1, 2], max_fpr=0.1).method
    assert "no case with " in partial_auc([0, 0], [1, 2], min_tpr=0.9).method


@pytest.mark.parametrize(
    "bound",
    [
        {},
        {"max_fpr": 0.1, "min_tpr": 0.9},
        {"max_fpr": 0},
        {"max_fpr": 1.1},
        {"min_tpr": 1},
        {"min_tpr": -0.1},
    ],
)
def test_other_bounds_are_refused(bound):
    with pytest.raises(InputRefusedError, match="either max_fpr"):
        partial_auc([1, 0], [2, 1], **bound)


def test_an_unknown_interval_is_refused():
    with pytest.raises(InputRefusedError, match="interval"):
        partial_auc([1, 0], [2, 1], max_fpr=0.1, interval="delong")
