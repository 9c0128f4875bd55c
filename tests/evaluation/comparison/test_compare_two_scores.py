"""Two scores on the same cases: what only one of them finds."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.isotonic import IsotonicRegression

from triage.errors import InputRefusedError
from triage.evaluation.comparison.at_capacity import precision_difference_at, recall_difference_at
from triage.evaluation.comparison.compare import compare
from triage.evaluation.comparison.paired import tango_interval
from triage.evaluation.order.at_capacity import at_capacity

# Ten cases, four with current abuse. First opens a to d, second opens c to f.
OUTCOME = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
FIRST = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
SECOND = [4, 3, 10, 9, 8, 7, 6, 5, 2, 1]


def test_what_each_finds_by_hand():
    (at,) = compare(OUTCOME, FIRST, SECOND, names=("rules", "model"), capacity=4).at
    # First finds 3 of 4, second 2 of 4; a and b are found by the first alone, f by the second alone.
    assert (at.only_first, at.only_second) == (2, 1)
    assert at.recall.estimate == pytest.approx(1 / 4)
    assert at.precision.estimate == pytest.approx(1 / 4)
    assert at.found.estimate == pytest.approx(1)
    assert at.missed.estimate == pytest.approx(-1)
    assert (at.missed.low, at.missed.high) == (-at.found.high, -at.found.low)
    assert at.test.p_value == pytest.approx(binomtest(1, 3).pvalue)
    assert (at.overlap.in_both, at.overlap.only_first, at.overlap.only_second) == (2, 2, 2)
    assert at.overlap.jaccard == pytest.approx(2 / 6)
    assert at.verdict == "rules and model cannot be told apart on these cases"
    assert at.entering.case.tolist() == [4, 5]
    assert at.leaving.case.tolist() == [0, 1]
    assert at.entering.outcome.tolist() == [0, 1]


def test_a_difference_beyond_chance_is_named_and_only_then():
    outcome = np.repeat([1, 0], [40, 960])
    good = np.concatenate([np.arange(40, 0, -1) + 2000.0, np.arange(960, 0, -1)])
    bad = -good
    (at,) = compare(outcome, good, bad, names=("a", "b"), capacity=40).at
    assert at.recall.estimate == 1
    assert at.verdict == "a finds more of the cases with current abuse than b"
    (at,) = compare(outcome, bad, good, names=("a", "b"), capacity=40).at
    assert at.verdict == "b finds more of the cases with current abuse than a"


def _found_alone(found, **options):
    """Compare lists of 100 of 2,000 cases: both find 20 with current abuse, the first alone finds more."""
    # Order by the first: found alone, 20 found by both, others up to 100. The second opens others instead.
    outcome = np.zeros(2000)
    outcome[: found + 20] = 1
    first = np.arange(2000, 0, -1.0)
    second = first.copy()
    second[:found] = -np.arange(found)
    (at,) = compare(outcome, first, second, names=("a", "b"), capacity=100, **options).at
    return at


def test_a_winner_is_named_only_where_the_interval_and_mcnemars_test_agree():
    # Of b found by the first alone and none by the second, the exact p-value is 2 / 2^b.
    four = _found_alone(4)
    assert (four.only_first, four.only_second) == (4, 0)
    assert four.test.p_value == pytest.approx(0.125)
    assert four.recall.low > 0
    assert four.verdict == "a and b cannot be told apart on these cases"
    assert _found_alone(5).verdict == "a and b cannot be told apart on these cases"
    six = _found_alone(6)
    assert six.test.p_value == pytest.approx(0.03125)
    assert six.verdict == "a finds more of the cases with current abuse than b"
    assert _found_alone(6, confidence=0.99).verdict == "a and b cannot be told apart on these cases"


def test_with_weights_there_is_no_exact_test_and_the_interval_decides_alone():
    at = _found_alone(4, weight=np.ones(2000))
    assert at.recall.low > 0
    assert at.verdict == "a finds more of the cases with current abuse than b"


def test_inclusion_probabilities_are_weights_of_one_over_them_that_add_up_to_the_list():
    outcome = [*OUTCOME, None, None]
    one, two, chance = [*FIRST, 0, -1], [*SECOND, 0, -1], np.array([1, 0.5] * 5)
    compared = compare(outcome, one, two, inclusion=[*chance, np.nan, np.nan], capacity=4)
    weight = 1 / chance * 12 / (1 / chance).sum()
    (at,) = compared.at
    (expected,) = compare(OUTCOME, FIRST, SECOND, weight=weight, capacity=4).at
    assert compared.weighted
    assert at.k == 4
    assert [at.recall.estimate, at.recall.low] == pytest.approx(
        [expected.recall.estimate, expected.recall.low]
    )
    assert (
        compared.denominator == "all cases (10 with an outcome, weighted by one over its logged probability)"
    )
    assert compared.notes == ()
    given = compare(outcome, one, two, weight=np.ones(12), inclusion=[*chance, 1, 1], capacity=4)
    assert given.denominator == "all cases (2 without an outcome left out)"


@pytest.mark.parametrize("unknown", [np.nan, 0.0])
def test_without_all_inclusion_probabilities_the_figures_are_naive_and_say_so(unknown):
    compared = compare(OUTCOME, FIRST, SECOND, inclusion=[unknown, *[0.5] * 9], capacity=4)
    assert not compared.weighted
    assert compared.denominator == "all cases (naive: only the 10 cases with an outcome)"
    (at,) = compared.at
    assert at.recall.estimate == pytest.approx(1 / 4)
    assert "Note: naive" in str(compared)


def test_a_score_that_is_upside_down_is_pointed_out():
    rng = np.random.default_rng(4)
    y = rng.random(500) < 0.3
    good, noise = y + rng.normal(size=500), rng.normal(size=500)
    hint = "a lower value of rank seems to mean earlier; negate it"
    assert compare(y, good, -good, names=("score", "rank"), capacity=50).notes == (hint,)
    upside = compare(y, -good, good, names=("rank", "score"), capacity=50)
    assert upside.notes == (hint,)
    assert f"Note: {hint}" in str(upside)
    assert compare(y, good, noise, capacity=50).notes == ()


def test_a_capacity_of_all_cases_or_more_is_said():
    text = str(compare(OUTCOME, FIRST, SECOND, capacity=[4, 10, 50]))
    assert "First 4 cases opened (40 %)" in text
    assert text.count("All 10 cases opened (100 %)") == 2


def test_the_same_lists_differ_by_exactly_0():
    (at,) = compare(OUTCOME, FIRST, np.exp(FIRST), capacity=4).at
    for figure in (at.recall, at.precision, at.found, at.missed):
        assert (figure.estimate, figure.low, figure.high) == (0, 0, 0)
    assert at.verdict == "first and second open the same cases"
    assert at.test.p_value == 1


@pytest.mark.parametrize("interval", ["score", "tango", "newcombe", "bootstrap"])
def test_different_scores_that_happen_to_open_the_same_cases_might_not_on_other_cases(interval):
    # First and second open a to d; e and f change places. Three of four with current abuse are found.
    second = [10, 9, 8, 7, 5, 6, 4, 3, 2, 1]
    (at,) = compare(OUTCOME, FIRST, second, capacity=4, interval=interval).at
    for figure in (at.recall, at.precision, at.found, at.missed):
        assert figure.estimate == 0
        assert figure.low < 0 < figure.high
        assert figure.low == pytest.approx(-figure.high)
    assert (at.missed.low, at.missed.high) == (-at.found.high, -at.found.low)
    assert at.verdict == "first and second open the same cases"
    if interval != "newcombe":
        # R package contingencytables, Tango_asymptotic_score_CI_paired_2x2 of (30, 0, 0, 14): 0.0803, which is
        # z^2/(44 + z^2).
        z2 = 1.959963984540054**2
        assert at.recall.high == pytest.approx(z2 / (4 + z2))
        assert at.found.high == pytest.approx(10 * z2 / (10 + z2))
        assert "neither finding a case alone" in at.recall.method


def test_lists_that_differ_only_in_cases_without_current_abuse_have_an_interval():
    # First opens a, b, c, d; second a, b, c, e.
    (at,) = compare(OUTCOME, FIRST, [10, 9, 8, 6, 7, 5, 4, 3, 2, 1], capacity=4).at
    assert at.recall.low < at.recall.estimate == 0 < at.recall.high
    assert at.verdict == "first and second cannot be told apart on these cases"


def test_where_all_cases_are_opened_the_lists_cannot_differ():
    (at,) = compare(OUTCOME, FIRST, SECOND, capacity=10).at
    for figure in (at.recall, at.precision, at.found, at.missed):
        assert (figure.estimate, figure.low, figure.high) == (0, 0, 0)
    assert at.recall.method == "both open all cases"


def test_ties_are_part_of_the_order():
    tied = [10, 9, 8, 7, 6, 5, 4, 3, 1, 1]
    (at,) = compare(OUTCOME, FIRST, tied, capacity=4).at
    assert at.recall.low < 0 < at.recall.high
    (at,) = compare(OUTCOME, tied, np.exp(tied), capacity=4).at
    assert (at.recall.low, at.recall.high) == (0, 0)


def test_one_case_found_alone_proves_nothing():
    rng = np.random.default_rng(0)
    for _ in range(50):
        z, noise = rng.normal(size=(2, 300))
        y = rng.random(300) < 1 / (1 + np.exp(-2 - 2 * z))
        (at,) = compare(y, z, z + 0.05 * noise, capacity=9).at
        if at.only_first + at.only_second <= 2:
            assert at.recall.low <= 0 <= at.recall.high


def test_ties_at_a_cut_count_as_expected_and_are_shared_as_far_as_possible():
    # First opens a and 1/2 of the tied b and c; second opens b and 1/2 of the tied a and c.
    (at,) = compare([1, 0, 1, 0], [3, 2, 2, 1], [2, 3, 2, 1], capacity=2).at
    assert at.overlap.in_both == pytest.approx(0.5 + 0.5 + 0.5)
    assert at.only_first == pytest.approx(0.5)
    assert at.only_second == 0
    assert at.recall.estimate == pytest.approx(0.25)
    assert at.entering.case.tolist() == [1]
    assert at.entering.part.tolist() == [0.5]


def test_a_verdict_that_another_order_of_ties_could_turn_says_so():
    # Both open 60. The first finds 40 of 50 for certain; the second is constant, so it finds 6 on average, but
    # all 50 in the best order.
    outcome = np.repeat([1, 0, 1], [40, 450, 10])
    (at,) = compare(outcome, np.arange(500, 0, -1), np.ones(500), capacity=60).at
    assert at.second.found.best == 50
    assert at.verdict == (
        "first finds more of the cases with current abuse than second, on average over the orders of tied cases"
    )
    # Of 30 opened, the second finds 30 at best, and so does the first.
    (at,) = compare(outcome, np.arange(500, 0, -1), np.ones(500), capacity=30).at
    assert at.verdict == "first finds more of the cases with current abuse than second"


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40
    ).filter(lambda rows: any(row[0] for row in rows)),
    st.integers(1, 40),
)
def test_differences_are_those_of_the_two_lists_taken_alone(rows, k):
    y, one, two = (np.array(column) for column in zip(*rows, strict=True))
    (at,) = compare(y, one, two, capacity=k).at
    first, second = at_capacity(y, one, k), at_capacity(y, two, k)
    assert at.recall.estimate == pytest.approx(first.recall.estimate - second.recall.estimate, abs=1e-12)
    assert at.precision.estimate == pytest.approx(
        first.precision.estimate - second.precision.estimate, abs=1e-12
    )
    assert at.found.estimate == pytest.approx(first.found.expected - second.found.expected, abs=1e-12)
    assert at.overlap.in_both + at.overlap.only_first == pytest.approx(at.k)
    assert at.overlap.only_first == pytest.approx(at.overlap.only_second)
    assert at.recall.low <= at.recall.estimate + 1e-9
    assert at.recall.high >= at.recall.estimate - 1e-9


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)),
        min_size=2,
        max_size=25,
    ).filter(lambda rows: any(row[0] * row[3] for row in rows)),
    st.randoms(),
)
def test_weights_are_repetitions_and_the_order_of_rows_is_irrelevant(rows, random):
    y, one, two, w = (np.array(column) for column in zip(*rows, strict=True))
    again = np.repeat(np.arange(len(y)), w)
    random.shuffle(again)
    weighted = compare(y, one, two, weight=w, capacity=0.3)
    repeated = compare(y[again], one[again], two[again], capacity=0.3)
    for figure, other in zip(weighted.figures(), repeated.figures(), strict=True):
        if "correlation" not in figure[0]:
            assert figure[3].estimate == pytest.approx(other[3].estimate, abs=1e-9, nan_ok=True)


def test_with_the_cuts_as_given_the_interval_is_tangos():
    figure = recall_difference_at(OUTCOME, FIRST, SECOND, 4, interval="tango")
    low, high = tango_interval(2, 1, 4)
    assert (figure.low, figure.high) == pytest.approx((low, high))
    figure = precision_difference_at(OUTCOME, FIRST, SECOND, 4, interval="tango")
    low, high = tango_interval(2, 1, 10)
    # No more than all opened cases can differ.
    assert (figure.low, figure.high) == pytest.approx((10 / 4 * low, min(10 / 4 * high, 1)), abs=1e-9)


def test_the_design_effect_is_that_of_the_linearised_difference_case_by_case():
    rng = np.random.default_rng(1)
    n, k = 2000, 100
    z = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(3 - 1.5 * z))).astype(float)
    one, two = z + rng.normal(size=n), z + rng.normal(size=n)
    opened = [score >= np.sort(score)[-k] for score in (one, two)]
    margin = []
    for score in (one, two):
        fitted = IsotonicRegression().fit(score, y).predict(np.sort(score)[::-1][k - 1 : k + 1])
        margin.append(fitted.mean())
    b, c, positives = *(np.sum(y * (opened[i] & ~opened[1 - i])) for i in (0, 1)), y.sum()
    for figure, total, member in (
        (recall_difference_at(y, one, two, k), positives, y),
        (precision_difference_at(y, one, two, k).times(k / n), n, np.ones(n)),
    ):
        difference = (b - c) / total
        fixed = y * (opened[0] * 1.0 - opened[1]) - member * difference
        moving = fixed - margin[0] * (opened[0] - k / n) + margin[1] * (opened[1] - k / n)
        # Two further cases found by one list alone count as showing an effect of 1.
        effect = ((b + c) * np.sum(moving**2) / np.sum(fixed**2) + 2) / (b + c + 2)
        trials = total / effect
        low, high = tango_interval(b * trials / total, c * trials / total, trials)
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-9)


def test_the_paired_bootstrap_agrees_with_the_closed_form_in_a_large_sample():
    rng = np.random.default_rng(2)
    z = rng.normal(size=8000)
    y = rng.random(8000) < 1 / (1 + np.exp(3 - 1.5 * z))
    scores = z + rng.normal(size=8000), (z + rng.normal(size=8000)).round(1)
    closed = compare(y, *scores, capacity=[0.02, 0.1]).at
    drawn = compare(y, *scores, capacity=[0.02, 0.1], interval="bootstrap", resamples=1500).at
    for one, two in zip(closed, drawn, strict=True):
        for figure, other in ((one.recall, two.recall), (one.precision, two.precision)):
            assert figure.estimate == other.estimate
            assert other.high - other.low == pytest.approx(figure.high - figure.low, rel=0.12)
    assert "1,500 resamples of cases ranked anew, seed 0" in drawn[0].recall.method


def test_rows_without_an_outcome_are_left_out_and_counted_and_ids_stay_right():
    outcome = [None, *OUTCOME]
    compared = compare(outcome, [99, *FIRST], [99, *SECOND], capacity=4, ids=list("xabcdefghij"))
    assert compared.left_out == 1
    assert compared.denominator == "all cases (1 without an outcome left out)"
    (at,) = compared.at
    assert at.leaving.case.tolist() == ["a", "b"]


def test_rows_of_weight_0_are_as_if_they_were_not_there():
    weight = [0, *np.ones(10)]
    (at,) = compare([1, *OUTCOME], [99, *FIRST], [99, *SECOND], weight=weight, capacity=4).at
    assert at.recall.estimate == pytest.approx(1 / 4)
    assert at.leaving.case.tolist() == [1, 2]
    assert at.test.method.startswith("not possible")


def test_without_current_abuse_recall_is_not_estimable_but_found_is_0():
    compared = compare([0] * 10, FIRST, SECOND, capacity=4)
    (at,) = compared.at
    assert not at.recall.estimable
    assert at.found.estimate == 0
    assert at.found.low < 0 < at.found.high
    assert "not estimable" in str(compared)


def test_a_comparison_prints_and_is_a_frame_and_plain_values():
    rng = np.random.default_rng(3)
    y = rng.random(400) < 0.1
    p, q = rng.random(400), rng.random(400)
    compared = compare(
        y, p, q, names=("rules", "model"), probability_first=p, probability_second=q, synthetic=True
    )
    lines = str(compared).splitlines()
    assert lines[0].startswith("Comparison of rules and model on all cases (synthetic): 400 cases")
    for line in lines:
        if (
            any(letter.isdigit() for letter in line)
            and "intervals" not in line
            and "(1 is best)" not in line[:50]
        ):
            assert "synthetic" in line
    frame = compared.to_frame()
    assert set(frame.of) == {"rules", "model", "difference", "both"}
    assert {"recall", "missed", "AUC", "average precision", "Brier score"} <= set(frame.name)
    plain = json.loads(json.dumps(compared.as_dict(), allow_nan=False))
    assert "_entering" not in plain["at"][0]
    changes = compared.changes()
    assert changes.columns.to_list() == ["k", "change", "case", "part", "outcome", "first", "second"]
    assert len(changes) == sum(2 * at.overlap.only_first for at in compared.at)
    assert isinstance(changes, pd.DataFrame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ("a", "a")}, "'a' twice"),
        ({"probability_first": np.full(10, 0.5)}, "only probability_first"),
        ({"interval": "wald"}, "'score', 'tango', 'newcombe' or 'bootstrap'"),
        ({"interval": "bootstrap", "weight": np.ones(10)}, "weights"),
        ({"ids": [1, 2]}, "columns of different length"),
        ({"capacity": 1.5}, "capacity"),
    ],
)
def test_what_is_not_as_described_is_refused(options, message):
    with pytest.raises(InputRefusedError, match=message):
        compare(OUTCOME, FIRST, SECOND, **options)


def test_no_outcome_at_all_is_refused():
    with pytest.raises(InputRefusedError, match="no case has an outcome"):
        compare([None, None], [1, 2], [2, 1], capacity=1)
