import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import fisher_exact

from triage.evaluation import evaluate_groups
from triage.evaluation.groups.measures import MISSED, NEEDLESS, OBSERVED
from triage.evaluation.proportions import newcombe_interval


def _list(*groups):
    """Return outcome, score and group from name, found, missed, needlessly opened, and the rest."""
    rows = [
        (outcome, opened, name)
        for name, *counts in groups
        for (outcome, opened), count in zip([(1, 1), (1, 0), (0, 1), (0, 0)], counts, strict=True)
        for _ in range(count)
    ]
    outcome, opened, name = zip(*rows, strict=True)
    return np.array(outcome), np.array(opened), np.array(name)


def _audit(*groups, **options):
    outcome, opened, name = _list(*groups)
    return evaluate_groups(outcome, opened, name, capacity=int(opened.sum()), **options)


def test_a_group_of_which_more_is_missed_is_named():
    audit = _audit(("a", 40, 10, 20, 100), ("b", 10, 40, 20, 100), ("c", 30, 20, 20, 100))
    verdicts = {row.value: row.verdict for row in audit.of(MISSED)}
    assert verdicts == {
        "": "",
        "a": "fewer missed than elsewhere",
        "b": "more missed than elsewhere",
        "c": "no difference shown",
    }
    assert {row.value for row in audit.findings if row.measure == MISSED} == {"a", "b"}
    assert audit.sentence() == (
        "More missed than elsewhere: group b; fewer missed than elsewhere: group a; "
        "more needless intrusions than elsewhere: group b."
    )


def test_where_no_difference_is_shown_the_sentence_says_so():
    audit = _audit(("a", 30, 20, 20, 100), ("b", 30, 20, 20, 100))
    assert audit.sentence() == "No difference between a group and the other cases is shown."


def test_over_ties_groups_are_compared_by_what_is_expected():
    # All are tied and half is opened: half of each group's children are expected to be missed, in whatever order.
    outcome, group = np.repeat([1, 0, 1, 0], [20, 80, 40, 60]), np.repeat(["a", "b"], 100)
    audit = evaluate_groups(outcome, np.zeros(200), group, capacity=100)
    row = audit.of(MISSED)[1]
    assert (row.estimate, row.difference, row.p_value) == (0.5, 0, 1)
    assert (row.difference_low, row.difference_high) == pytest.approx(newcombe_interval(10, 20, 20, 40))
    assert (row.low, row.high) == (0, 1)


def test_a_group_that_is_intruded_upon_needlessly_is_named():
    audit = _audit(("a", 30, 20, 20, 100), ("b", 30, 20, 90, 100))
    verdicts = {row.value: row.verdict for row in audit.of(NEEDLESS)}
    assert verdicts["a"] == "fewer needless intrusions than elsewhere"
    assert verdicts["b"] == "more needless intrusions than elsewhere"
    assert {row.verdict for row in audit.of(MISSED)} == {"", "no difference shown"}


def test_two_groups_ask_one_question():
    audit = _audit(("a", 30, 20, 20, 100), ("b", 20, 30, 20, 100))
    p = [row.p_value for row in audit.of(MISSED)[1:]]
    assert p == pytest.approx([fisher_exact([[20, 30], [30, 20]]).pvalue] * 2, rel=1e-9)


def test_crossings_are_a_family_of_their_own():
    outcome, opened, name = _list(("a", 30, 20, 20, 100), ("b", 20, 30, 20, 100))
    other = np.random.default_rng(0).integers(0, 3, len(name))
    alone = evaluate_groups(outcome, opened, {"name": name}, capacity=90)
    both = evaluate_groups(outcome, opened, {"name": name, "other": other}, capacity=90)
    without = evaluate_groups(outcome, opened, {"name": name, "other": other}, capacity=90, crossings=())
    assert both.of(MISSED, attribute="name") == without.of(MISSED, attribute="name")
    # One more attribute with three values: one question becomes four.
    assert both.of(MISSED, attribute="name")[0].p_value == pytest.approx(
        4 * alone.of(MISSED, attribute="name")[0].p_value
    )


def test_few_cases_have_no_verdict_and_ten_have_one():
    for positives, verdict in ((9, "no verdict"), (10, "more missed than elsewhere")):
        audit = _audit(("a", 200, 50, 20, 500), ("b", 200, 50, 20, 500), ("c", 0, positives, 20, 100))
        assert audit.of(MISSED)[3].verdict == verdict


def test_a_group_with_few_others_has_no_verdict():
    audit = _audit(("a", 200, 50, 20, 500), ("b", 0, 9, 20, 100))
    assert [row.verdict for row in audit.of(MISSED)] == ["", "no verdict", "no verdict"]


def test_no_difference_shown_comes_with_the_difference_that_could_still_hide():
    (row,) = (row for row in _audit(("a", 8, 7, 9, 50), ("b", 9, 6, 9, 50)).of(MISSED) if row.value == "a")
    assert row.verdict == "no difference shown"
    assert row.difference_low < -0.2
    assert row.difference_high > 0.35


def test_probabilities_that_mean_different_things_are_named():
    rng = np.random.default_rng(1)
    p = expit(rng.normal(-2, 1, 8000))
    group = rng.choice(["a", "b"], 8000)
    outcome = rng.random(8000) < np.where(group == "b", 1.5, 0.7) * p
    audit = evaluate_groups(outcome, p, group, probability=p)
    assert [row.verdict for row in audit.of(OBSERVED)[1:]] == [
        "probabilities too high against elsewhere",
        "probabilities too low against elsewhere",
    ]
    # Wrong by the same factor everywhere is no difference between groups.
    same = evaluate_groups(rng.random(8000) < 1.4 * p, p, group, probability=p)
    assert {row.verdict for row in same.of(OBSERVED)[1:]} == {"no difference shown"}


def test_weights_make_tests_more_cautious_than_their_rows():
    outcome, opened, name = _list(("a", 40, 10, 20, 100), ("b", 25, 25, 20, 100))
    weight = np.random.default_rng(0).choice([0.2, 5.0], len(name))
    plain = evaluate_groups(outcome, opened, name, capacity=105)
    weighted = evaluate_groups(outcome, opened, name, weight=weight, capacity=0.3)
    rows = [audit.of(MISSED)[1] for audit in (plain, weighted)]
    assert rows[1].high - rows[1].low > rows[0].high - rows[0].low
    assert "effective count" in rows[1].method


# 400 lists leave a standard error of 0.011 in a rate of 0.05.
@pytest.mark.slow
def test_false_verdicts_are_rare_where_no_group_differs():
    rng = np.random.default_rng(7)
    lists, cases = 400, 6000
    seen = dict.fromkeys([(m, c) for m in (MISSED, NEEDLESS, OBSERVED) for c in (False, True)], 0)
    for _ in range(lists):
        z = rng.normal(size=cases)
        p = expit(-3 + 1.5 * z)
        groups = {
            "a": rng.integers(0, 2, cases),
            "b": rng.choice(4, cases, p=[0.5, 0.3, 0.15, 0.05]),
            "c": rng.integers(0, 5, cases),
            "d": rng.choice(3, cases, p=[0.8, 0.15, 0.05]),
        }
        audit = evaluate_groups(
            rng.random(cases) < p, np.round(p, 2), groups, probability=p, capacity=(0.05, 0.15)
        )
        for family in {(row.measure, row.attribute in audit.crossings) for row in audit.findings}:
            seen[family] += 1
    assert max(seen.values()) / lists <= 0.05 + 2 * 0.011


# 4000 draws leave a standard error of 0.0034 in a coverage of 0.95.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("missed", "positives"), [((0.3, 0.3), (15, 150)), ((0.7, 0.4), (30, 300)), ((0.9, 0.6), (60, 120))]
)
def test_the_difference_covers(missed, positives):
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(4000):
        counts = rng.binomial(positives, missed)
        audit = _audit(
            *((name, n - x, x, 5, 5) for name, n, x in zip("ab", positives, counts, strict=True)), smallest=0
        )
        row = audit.of(MISSED)[1]
        covered += row.difference_low <= missed[0] - missed[1] <= row.difference_high
    assert 0.94 <= covered / 4000 <= 0.97


def test_not_all_parities_can_hold_when_base_rates_differ():
    # The example of docs/groups.md: 1,000 cases in each of two groups, 40 and 10 with current abuse, and the
    # same precision and the same share of children missed: then the burden differs fourfold.
    audit = _audit(("north", 20, 20, 20, 940), ("south", 5, 5, 5, 985), smallest=0)
    rows = {(row.measure, row.value): row.estimate for row in audit.rows}
    for value in ("north", "south"):
        assert rows[MISSED, value] == 0.5
        assert rows[NEEDLESS, value] == 0.5
    false_positive_rate = {"north": 20 / 960, "south": 5 / 990}
    for value, base in (("north", 0.04), ("south", 0.01)):
        # Chouldechova (2017), equation 2.6.
        expected = base / (1 - base) * (1 - 0.5) / 0.5 * (1 - 0.5)
        assert false_positive_rate[value] == pytest.approx(expected)
    # The same share opened in both groups (demographic parity) with the same precision: all are found in the
    # south and none is to be missed, while most are missed in the north.
    audit = _audit(("north", 10, 30, 10, 950), ("south", 10, 0, 10, 980), smallest=0)
    rows = {(row.measure, row.value): row.estimate for row in audit.rows}
    assert (rows[MISSED, "north"], rows[MISSED, "south"]) == (0.75, 0)
    assert rows["share opened", "north"] == rows["share opened", "south"] == 0.02
