import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation import evaluate_groups
from triage.evaluation.calibration.logistic import calibration_in_the_large
from triage.evaluation.groups.calibration import compare_ratio, observed_over_expected_of
from triage.evaluation.groups.measures import (
    AUC,
    BASE_RATE,
    BURDEN,
    FALSE_POSITIVE,
    IN_THE_LARGE,
    MISSED,
    NEEDLESS,
    OBSERVED,
    OPENED,
    PRECISION,
)
from triage.evaluation.groups.shares import KINDS, _extremes
from triage.evaluation.order.at_capacity import at_capacity
from triage.evaluation.order.auc import roc_auc
from triage.evaluation.proportions import clopper_pearson_interval, wilson_interval

# ProPublica's table of two-year recidivism (compas-scores-two-years.csv, 7,214 defendants; high is a decile
# score of 5 or more), by sex and race: low and no recidivism, low and recidivism, high and none, high and it.
COMPAS = {
    ("Female", "African-American"): (241, 74, 164, 173),
    ("Female", "Asian"): (1, 1, 0, 0),
    ("Female", "Caucasian"): (257, 86, 111, 113),
    ("Female", "Hispanic"): (63, 24, 7, 9),
    ("Female", "Native American"): (1, 0, 0, 3),
    ("Female", "Other"): (46, 10, 6, 5),
    ("Male", "African-American"): (749, 458, 641, 1196),
    ("Male", "Asian"): (20, 2, 2, 6),
    ("Male", "Caucasian"): (882, 375, 238, 392),
    ("Male", "Hispanic"): (255, 105, 80, 94),
    ("Male", "Native American"): (4, 1, 3, 6),
    ("Male", "Other"): (162, 80, 30, 38),
}
HIGH = 3317
# fairlearn 0.15.0, MetricFrame over race: by_group of false_negative_rate, 1 - precision_score,
# selection_rate, the mean outcome and false_positive_rate; then difference() and ratio().
FAIRLEARN = {
    MISSED: {
        "African-American": 0.27985270910047344,
        "Asian": 0.3333333333333333,
        "Caucasian": 0.4772256728778468,
        "Hispanic": 0.5560344827586207,
        "Native American": 0.1,
        "Other": 0.6766917293233082,
    },
    NEEDLESS: {
        "African-American": 0.3702851885924563,
        "Asian": 0.25,
        "Caucasian": 0.40866510538641687,
        "Hispanic": 0.45789473684210524,
        "Native American": 0.25,
        "Other": 0.45569620253164556,
    },
    OPENED: {
        "African-American": 0.5882034632034632,
        "Asian": 0.25,
        "Caucasian": 0.3480032599837001,
        "Hispanic": 0.29827315541601257,
        "Native American": 0.6666666666666666,
        "Other": 0.20954907161803712,
    },
    BASE_RATE: {
        "African-American": 0.5143398268398268,
        "Asian": 0.28125,
        "Caucasian": 0.39364303178484106,
        "Hispanic": 0.3642072213500785,
        "Native American": 0.5555555555555556,
        "Other": 0.35278514588859416,
    },
    FALSE_POSITIVE: {
        "African-American": 0.44846796657381616,
        "Asian": 0.08695652173913043,
        "Caucasian": 0.23454301075268819,
        "Hispanic": 0.21481481481481482,
        "Native American": 0.375,
        "Other": 0.14754098360655737,
    },
}
GAPS = {
    MISSED: (0.5766917293233083, 0.14777777777777779),
    NEEDLESS: (0.20789473684210524, 0.5459770114942529),
    OPENED: (0.4571175950486295, 0.31432360742705573),
    BASE_RATE: (0.2743055555555556, 0.50625),
    FALSE_POSITIVE: (0.3615114448346857, 0.19389684039967595),
}


def _compas():
    rows = [
        (sex, race, high, recid)
        for (sex, race), counts in COMPAS.items()
        for (high, recid), count in zip([(0, 0), (0, 1), (1, 0), (1, 1)], counts, strict=True)
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=["sex", "race", "high", "recid"])


@pytest.fixture(scope="module")
def compas():
    table = _compas()
    return evaluate_groups(
        table.recid, table.high, table[["race", "sex"]], capacity=HIGH, smallest=0, crossings=()
    )


def _by_value(audit, measure, attribute):
    return {row.value: row for row in audit.of(measure, attribute=attribute)}


@pytest.mark.parametrize("measure", FAIRLEARN)
def test_rates_are_those_of_fairlearn(compas, measure):
    found = {value: row.estimate for value, row in _by_value(compas, measure, "race").items()}
    assert found == pytest.approx(FAIRLEARN[measure], rel=1e-12)


@pytest.mark.parametrize("measure", GAPS)
def test_gaps_are_those_of_fairlearn(compas, measure):
    (gap,) = (one for one in compas.gaps() if (one.measure, one.attribute) == (measure, "race"))
    assert (gap.difference, gap.ratio) == pytest.approx(GAPS[measure], rel=1e-12)


def test_rates_are_those_that_propublica_printed(compas):
    # Larson, Mattu, Kirchner, Angwin (2016): false negative rates 27.99 and 47.72 %, precision 0.63 and 0.59.
    missed = _by_value(compas, MISSED, "race")
    assert [round(100 * missed[race].estimate, 2) for race in ("African-American", "Caucasian")] == [
        27.99,
        47.72,
    ]
    # The false positive rates there are 44.85 and 23.45 %.
    opened = _by_value(compas, FALSE_POSITIVE, "race")
    assert [round(100 * opened[race].estimate, 2) for race in ("African-American", "Caucasian")] == [
        44.85,
        23.45,
    ]
    assert opened["Caucasian"].denominator == "those without current abuse in the group, among all cases"
    assert opened["Caucasian"].verdict == ""
    precision = _by_value(compas, PRECISION, "race")
    assert [round(precision[race].estimate, 2) for race in ("African-American", "Caucasian")] == [0.63, 0.59]


def test_disparities_are_those_of_aequitas(compas):
    # aequitas: fnr_disparity is the group's rate over that of the reference group.
    found = compas.disparities("missed", "race", "Caucasian")
    assert found["African-American"] == pytest.approx((532 / 1901) / (461 / 966), rel=1e-12)
    assert found["Caucasian"] == 1


def test_differences_to_all_others_are_those_of_other_libraries(compas):
    # statsmodels 0.15.0: proportion_confint(wilson), confint_proportions_2indep(newcomb) against all others;
    # scipy 1.17.1 fisher_exact, then multipletests(method="holm") over five races and one of two sexes.
    row = _by_value(compas, MISSED, "race")["Caucasian"]
    assert (row.count, row.low, row.high) == pytest.approx((966, 0.44588051326585604, 0.5087512468019153))
    assert row.difference == pytest.approx(461 / 966 - 755 / 2285)
    assert (row.difference_low, row.difference_high) == pytest.approx(
        (0.10986442192182155, 0.1836117107840811)
    )
    # Six races and one question about two sexes: seven tests. Fisher: 4.676871597953318e-15, the second smallest.
    assert row.p_value == pytest.approx(6 * 4.676871597953318e-15, rel=1e-6)
    assert row.verdict == "more missed than elsewhere"


def test_one_group_that_holds_everybody_is_the_list_itself():
    rng = np.random.default_rng(3)
    outcome, score, weight = rng.random(300) < 0.3, rng.integers(0, 12, 300), rng.random(300) + 0.2
    for w in (None, weight):
        at = at_capacity(outcome, score, 0.2, weight=w)
        audit = evaluate_groups(outcome, score, np.zeros(300), capacity=0.2, weight=w, smallest=0)
        for rows in (audit.of(MISSED), audit.of(PRECISION)):
            assert [row.value for row in rows] == ["", "0"]
            assert rows[0].estimate == rows[1].estimate
        missed, precision = audit.of(MISSED)[1], audit.of(PRECISION)[1]
        assert (1 - missed.estimate, 1 - missed.high, 1 - missed.low) == pytest.approx(
            (at.recall.estimate, at.recall.low, at.recall.high)
        )
        assert (precision.estimate, precision.low, precision.high) == pytest.approx(
            (at.precision.estimate, at.precision.low, at.precision.high)
        )
        assert math.isnan(missed.difference)
        assert missed.verdict == "no verdict"


def test_a_case_by_hand():
    # 9 | 7 7 7 | 3, three opened: two of the three tied. Group a has 9 and one 7, both with current abuse.
    audit = evaluate_groups(
        [1, 1, 0, 0, 1], [9, 7, 7, 7, 3], {"g": ["a", "a", "b", "b", "b"]}, capacity=3, smallest=0
    )
    rows = {(row.measure, row.value): row for row in audit.rows}
    assert rows[MISSED, "a"].estimate == pytest.approx((1 / 3) / 2)
    assert rows[NEEDLESS, "a"].estimate == pytest.approx(0)
    assert rows[NEEDLESS, "b"].estimate == pytest.approx(1)
    assert rows[OPENED, "a"].estimate == pytest.approx((1 + 2 / 3) / 2)
    assert math.isnan(rows[FALSE_POSITIVE, "a"].estimate)
    assert rows[FALSE_POSITIVE, "a"].method == "not estimable: none without current abuse"
    assert rows[FALSE_POSITIVE, "b"].estimate == pytest.approx((4 / 3) / 2)
    assert rows[BURDEN, "b"].estimate == pytest.approx(1000 * (4 / 3) / 3)
    assert rows[BASE_RATE, "b"].estimate == pytest.approx(1 / 3)
    # The tied case of a is opened in two of three orders: 0 or 1 of 2 missed.
    assert (rows[MISSED, "a"].low, rows[MISSED, "a"].high) == pytest.approx(
        (wilson_interval(0, 2)[0], wilson_interval(1, 2)[1])
    )
    assert "widened over ties" in rows[MISSED, "a"].method


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=6),
    st.integers(1, 6),
    st.sampled_from(sorted(KINDS)),
)
def test_shares_are_smallest_and_largest_over_all_orders_of_the_ties(cases, k, kind):
    # All cases are tied; the group is 1 in the second place.
    outcome, group = (np.array(column) for column in zip(*cases, strict=True))
    k = min(k, len(outcome))
    weight = np.zeros((1, 3, 2))
    for y in (0, 1):
        weight[0, 1, y] = np.sum((outcome == y) & (group == 1))
    least, most = _extremes(kind, weight, float(k), float(len(outcome)))
    seen = []
    for opened in itertools.combinations(range(len(outcome)), k):
        part = np.isin(np.arange(len(outcome)), opened).astype(float)
        x, d = KINDS[kind](part, outcome.astype(float))
        total = (d * np.ones(len(part)))[group == 1].sum()
        seen.append((x * np.ones(len(part)))[group == 1].sum() / total if total else np.nan)
    if np.isnan(seen).any():
        return
    assert least[0] / least[1] == pytest.approx(min(seen))
    assert most[0] / most[1] == pytest.approx(max(seen))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_weights_are_repetitions_and_rows_have_no_order(seed):
    rng = np.random.default_rng(seed)
    outcome, score = rng.integers(0, 2, 40), rng.integers(0, 6, 40)
    group, probability = rng.choice(["a", "b", ""], 40), rng.uniform(0.05, 0.95, 40)
    weight = rng.integers(0, 4, 40)
    kept = np.repeat(np.arange(40), weight)
    if kept.size < 2:
        return
    rng.shuffle(kept)
    one = evaluate_groups(
        outcome, score, group, probability=probability, weight=weight, capacity=5, smallest=0
    )
    other = evaluate_groups(
        outcome[kept], score[kept], group[kept], probability=probability[kept], capacity=5, smallest=0
    )
    first, second = ([(r.value, r.measure, r.k, r.estimate) for r in audit.rows] for audit in (one, other))
    assert [row[:2] for row in first] == [row[:2] for row in second]
    assert [row[3] for row in first] == pytest.approx([row[3] for row in second], nan_ok=True, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_groups_share_out_the_list(seed):
    rng = np.random.default_rng(seed)
    outcome, score = rng.integers(0, 2, 80), rng.integers(0, 9, 80)
    audit = evaluate_groups(outcome, score, {"g": rng.integers(0, 4, 80)}, capacity=(7, 0.3), smallest=0)
    for measure in (MISSED, BURDEN, OPENED, BASE_RATE):
        for k in {row.k for row in audit.of(measure) if row.k == row.k} or {None}:
            whole, *groups = audit.of(measure, k=k)
            assert sum(row.count for row in groups) == whole.count
            mean = sum(row.estimate * row.count for row in groups if row.count) / whole.count
            assert mean == pytest.approx(whole.estimate)


def test_a_name_says_nothing():
    rng = np.random.default_rng(5)
    outcome, score = rng.random(2000) < 0.1, rng.integers(0, 50, 2000)
    group = rng.choice(["a", "b", "c"], 2000, p=[0.9, 0.08, 0.02])
    renamed = np.select([group == "a", group == "b"], ["z", "y"], "x")
    one, other = (evaluate_groups(outcome, score, g, capacity=0.1) for g in (group, renamed))
    names = {"a": "z", "b": "y", "c": "x", "": ""}
    expected = {(names[r.value], r.measure): (r.estimate, r.p_value, r.verdict, r.withheld) for r in one.rows}
    found = {(r.value, r.measure): (r.estimate, r.p_value, r.verdict, r.withheld) for r in other.rows}
    assert found.keys() == expected.keys()
    for key, (estimate, p, verdict, withheld) in expected.items():
        assert found[key][:2] == pytest.approx((estimate, p), nan_ok=True)
        assert found[key][2:] == (verdict, withheld)


def test_where_all_cases_are_opened_nobody_is_missed():
    audit = evaluate_groups([1, 0, 1, 0], [4, 3, 2, 1], ["a", "a", "b", "b"], capacity=4, smallest=0)
    for row in audit.of(MISSED):
        assert (row.estimate, row.low, row.high) == (0, 0, 0)


def test_the_exact_interval_is_offered():
    rng = np.random.default_rng(2)
    outcome, score, group = rng.random(500) < 0.3, rng.normal(size=500), rng.integers(0, 2, 500)
    row = evaluate_groups(outcome, score, group, capacity=100, smallest=0, interval="clopper-pearson").of(
        NEEDLESS
    )[1]
    ends = clopper_pearson_interval(row.estimate * row.count, row.count)
    assert (row.low, row.high) == pytest.approx(ends)
    assert "Clopper-Pearson 95 %" in row.method


def test_calibration_in_a_group_is_that_of_its_cases_alone():
    rng = np.random.default_rng(4)
    p = rng.beta(1, 5, 3000)
    outcome, group, weight = rng.random(3000) < p**1.3, rng.integers(0, 3, 3000), rng.random(3000) + 0.1
    for w in (None, weight):
        audit = evaluate_groups(outcome, p, group, probability=p, weight=w, smallest=0)
        for value in range(3):
            of = group == value
            alone = calibration_in_the_large(outcome[of], p[of], weight=None if w is None else w[of])
            row = _by_value(audit, IN_THE_LARGE, "group")[str(value)]
            assert (row.estimate, row.low, row.high) == pytest.approx((alone.estimate, alone.low, alone.high))
            ratio = _by_value(audit, OBSERVED, "group")[str(value)]
            v = np.ones(of.sum()) if w is None else w[of]
            assert ratio.estimate == pytest.approx((v @ outcome[of]) / (v @ p[of]))
            if w is None:
                ends = clopper_pearson_interval(outcome[of].sum(), of.sum()) / p[of].mean()
                assert (ratio.low, ratio.high) == pytest.approx(ends)


def test_the_area_within_a_group_is_that_of_its_cases_alone():
    rng = np.random.default_rng(6)
    score = rng.normal(size=2000).round(1)
    outcome, group = rng.random(2000) < 1 / (1 + np.exp(2 - score)), rng.integers(0, 3, 2000)
    for weight in (None, rng.random(2000) + 0.1):
        audit = evaluate_groups(outcome, score, {"g": group, "h": group == 1}, weight=weight)
        for value in range(3):
            of = group == value
            w = None if weight is None else weight[of]
            alone, row = roc_auc(outcome[of], score[of], weight=w), _by_value(audit, AUC, "g")[str(value)]
            assert (row.estimate, row.low, row.high) == pytest.approx((alone.estimate, alone.low, alone.high))
            assert (row.method, row.count, row.verdict) == (alone.method, of.sum(), "")
        whole, *groups = audit.of(AUC)
        assert whole.estimate == pytest.approx(roc_auc(outcome, score, weight=weight).estimate)
        # Values of attributes only, not their crossings.
        assert {row.attribute for row in groups} == {"g", "h"}


def test_an_area_of_one_kind_of_cases_is_not_estimable():
    audit = evaluate_groups([1, 0, 1, 1], [4, 3, 2, 1], ["a", "a", "b", "b"], capacity=2, smallest=0)
    rows = _by_value(audit, AUC, "group")
    assert rows["a"].estimate == 1
    assert rows["b"].method == "not estimable: only one kind of cases"


def test_calibration_in_the_large_is_that_of_r():
    # R 4.2: glm(y ~ offset(qlogis(p)), family = binomial), coefficient and standard error.
    p, outcome = [0.1, 0.2, 0.4, 0.05, 0.3, 0.6, 0.15, 0.25], [0, 1, 1, 0, 0, 1, 0, 1]
    audit = evaluate_groups(outcome, p, ["a"] * 8, probability=p, capacity=2, smallest=0)
    row = audit.of(IN_THE_LARGE)[1]
    assert row.estimate == pytest.approx(1.27547720584351, rel=1e-9)
    assert (row.high - row.low) / 2 == pytest.approx(1.959963984540054 * 0.778291468450848, rel=1e-8)


def test_observed_over_expected_is_compared_as_two_poisson_means():
    # R 4.2: poisson.test(c(14, 30), c(8.5, 33.2))$p.value
    sums = np.zeros((2, 3, 2, 3))
    for place, (observed, cases) in enumerate([(14, 1000), (30, 4000)]):
        sums[place, 2, 1], sums[place, 2, 0] = observed, cases - observed
    one = observed_over_expected_of(sums[:1], np.array([8.5]), confidence=0.95)
    other = observed_over_expected_of(sums[1:], np.array([33.2]), confidence=0.95)
    assert compare_ratio(one, other, 0) == pytest.approx(0.0890131120248108, rel=1e-9)


def test_capacities_stand_one_after_the_other():
    rng = np.random.default_rng(0)
    outcome, score, group = rng.random(400) < 0.3, rng.normal(size=400), rng.integers(0, 2, 400)
    both = evaluate_groups(outcome, score, group, capacity=(20, 0.2), smallest=0)
    for k in (20, 80):
        alone = evaluate_groups(outcome, score, group, capacity=k, smallest=0)
        assert [r.estimate for r in both.of(MISSED, k=k)] == [r.estimate for r in alone.of(MISSED)]


def test_one_threshold_opens_the_same_cases_as_the_capacity_that_ends_there():
    table = _compas()
    groups = table[["race", "sex"]]
    fixed = evaluate_groups(table.recid, table.high, groups, threshold=0.5, smallest=0, crossings=())
    assert fixed.of(MISSED)[0].k == HIGH
    found = {value: row.estimate for value, row in _by_value(fixed, FALSE_POSITIVE, "race").items()}
    assert found == pytest.approx(FAIRLEARN[FALSE_POSITIVE], rel=1e-12)
    rng = np.random.default_rng(1)
    outcome, score, weight = rng.random(300) < 0.3, rng.integers(0, 9, 300), rng.integers(1, 4, 300)
    for w in (None, weight):
        fixed = evaluate_groups(outcome, score, score % 2, threshold=6, weight=w, smallest=0)
        opened = int(np.sum((np.ones(300) if w is None else w)[score >= 6]))
        assert fixed.of(MISSED)[0].k == opened
        capacity = evaluate_groups(outcome, score, score % 2, capacity=opened, weight=w, smallest=0)
        assert [row.estimate for row in fixed.rows] == pytest.approx(
            [row.estimate for row in capacity.rows], nan_ok=True
        )


def test_thresholds_that_open_the_same_cases_are_one_question():
    outcome, score, group = [1, 0, 1, 0], [4, 3, 2, 1], ["a", "a", "b", "b"]
    audit = evaluate_groups(outcome, score, group, threshold=(2.5, 2.9, 1.5), smallest=0)
    assert [row.k for row in audit.of(MISSED)] == [2, 2, 2, 3, 3, 3]


def test_a_threshold_above_all_scores_opens_nobody():
    audit = evaluate_groups([1, 0, 1, 0], [4, 3, 2, 1], ["a", "a", "b", "b"], threshold=9, smallest=0)
    assert {row.k for row in audit.of(MISSED)} == {0}
    assert [row.estimate for row in audit.of(MISSED)] == [1, 1, 1]
    assert [row.estimate for row in audit.of(FALSE_POSITIVE)] == [0, 0, 0]
    assert all("none opened" in row.method for row in audit.of(NEEDLESS))
    assert not audit.findings


def test_the_frame_has_a_row_a_group_measure_and_capacity(compas):
    frame = compas.to_frame()
    assert len(frame) == len(compas.rows) == 8 * (1 + 6 + 2)
    assert frame.columns.to_list()[:8] == [
        "attribute", "value", "measure", "k", "estimate", "low", "high", "count",
    ]  # fmt: skip
    assert compas.as_dict()["rows"][0]["measure"] == MISSED


def test_missed_children_come_first_in_the_text(compas):
    text = str(compas)
    assert text.index("Missed children") < text.index("Needless intrusions")
    assert "race" in text


def test_every_line_with_a_number_of_a_world_says_so():
    rng = np.random.default_rng(0)
    outcome, score = rng.random(400) < 0.3, rng.random(400)
    audit = evaluate_groups(outcome, score, rng.integers(0, 2, 400), probability=score, synthetic=True)
    for line in str(audit).splitlines():
        assert "synthetic" in line or "0." not in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"smallest": 2.5}, "whole number"),
        ({"smallest": -1}, "whole number"),
        ({"interval": "wald"}, "wilson"),
        ({"confidence": 95}, "between 0 and 1"),
        ({"capacity": 1.0}, "share such as"),
        ({"capacity": ()}, "at least one"),
        ({"capacity": 1, "threshold": 1}, "both a capacity and a threshold"),
        ({"threshold": float("nan")}, "a number such as"),
        ({"threshold": ("high",)}, "a number such as"),
        ({"crossings": [("group", "nothing")]}, "different names"),
        ({"groups": {"a": ["x"]}}, "different length"),
        ({"groups": {}}, "no attribute"),
        ({"groups": {"a": [["x"], ["y"]]}}, "one dimension"),
    ],
)
def test_other_input_is_refused(options, said):
    with pytest.raises(InputRefusedError, match=said):
        evaluate_groups([1, 0], [2, 1], **({"groups": ["x", "y"]} | options))


@pytest.mark.parametrize("probability", [5e-324, 1e-310])
def test_observed_over_expected_beyond_all_numbers_is_not_estimable(probability):
    outcome = np.arange(400) % 4 == 0
    audit = evaluate_groups(
        outcome, np.arange(400), np.arange(400) % 3, probability=np.full(400, probability), capacity=9
    )
    for row in audit.of(OBSERVED):
        assert math.isnan(row.estimate)
        assert math.isnan(row.high)
        assert math.isnan(row.p_value)
        assert row.method.startswith("not estimable")
