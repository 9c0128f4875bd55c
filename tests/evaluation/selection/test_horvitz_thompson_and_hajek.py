from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from triage.evaluation.order.single_figures import precision_at, recall_at
from triage.evaluation.selection.cases import check_selected, split_list, whole_list
from triage.evaluation.selection.estimators import (
    Options,
    count_side,
    count_split,
    hajek_at,
    hajek_prevalence,
    horvitz_thompson_at,
    horvitz_thompson_prevalence,
)

SCORE = [8, 7, 6, 5, 4, 3, 2, 1]
OUTCOME = [1, None, 0, 1, None, 1, 0, None]
INCLUSION = [0.5, 0.5, 0.25, 1.0, 0.2, 0.2, 0.1, 0.1]


def test_figures_of_eight_cases_by_hand() -> None:
    # Opened: weights 2 (yes), 4 (no), 1 (yes). After the cut: 5 (yes), 10 (no).
    ht = horvitz_thompson_at(OUTCOME, SCORE, INCLUSION, 4, least_effective=1)
    assert ht.found.estimate == 2 + 1
    assert ht.missed.estimate == 5
    assert ht.precision.estimate == 3 / 4
    assert ht.false_discovery.estimate == 1 / 4
    assert ht.recall.estimate == 3 / 8
    hajek = hajek_at(OUTCOME, SCORE, INCLUSION, 4, least_effective=1)
    assert hajek.precision.estimate == 3 / 7
    assert hajek.found.estimate == pytest.approx(4 * 3 / 7)
    assert hajek.missed.estimate == pytest.approx(4 * 5 / 15)
    assert hajek.recall.estimate == 3 / 8
    assert horvitz_thompson_prevalence(OUTCOME, INCLUSION, least_effective=1).estimate == 8 / 8
    assert hajek_prevalence(OUTCOME, INCLUSION, least_effective=1).estimate == pytest.approx(8 / 22)


def test_a_tied_case_counts_with_the_part_that_is_opened() -> None:
    # Three cases share two places: 2/3 of each weight.
    at = horvitz_thompson_at([1, 1, None, 0], [5, 3, 3, 3], [0.5, 0.5, 0.5, 0.25], 3, least_effective=0)
    assert at.found.estimate == pytest.approx(2 + 2 * 2 / 3)
    assert at.missed.estimate == pytest.approx(2 / 3)


def all_lotteries(inclusion: list[float]):
    """Yield every result of independent lotteries, with its probability."""
    p = np.array(inclusion)
    for drawn in product([False, True], repeat=len(p)):
        chosen = np.array(drawn)
        yield chosen, float(np.prod(np.where(chosen, p, 1 - p)))


def test_over_all_lotteries_the_mean_is_the_truth_and_the_mean_variance_is_the_variance() -> None:
    truth, score = np.array([1.0, 0, 1, 1, 0, 1]), [9, 8, 7, 6, 5, 4]
    inclusion = [0.5, 0.3, 0.8, 1.0, 0.25, 0.6]
    options = Options("list", least_effective=0)
    found, missed, variance = [], [], []
    for chosen, chance in all_lotteries(inclusion):
        cases = check_selected(np.where(chosen, truth, np.nan), score, inclusion)
        split = count_split(cases, split_list(cases, (3,))[0], options)
        one, other = split.opened.positive, split.rest.positive
        found.append((chance, one.total))
        missed.append((chance, other.total))
        variance.append((chance, one.variance))
    (p, totals), (_, others), (_, variances) = (np.array(column).T for column in (found, missed, variance))
    assert p @ totals == pytest.approx(2.0)
    assert p @ others == pytest.approx(2.0)
    assert p @ variances == pytest.approx(p @ (totals - 2.0) ** 2)


def test_the_variance_of_the_hajek_share_is_the_sandwich_of_a_weighted_mean() -> None:
    # statsmodels 0.15.0: WLS(y, ones, weights=w).fit(cov_type="HC0"): params 0.22522523, bse**2 0.03274968
    y, w = [1, 0, 0, 1, 0, 1, 0, 0], np.array([1, 2, 4, 4, 10, 20, 20, 50.0])
    cases = check_selected(y, np.arange(8), 1 / w)
    side = count_side(cases, whole_list(cases), Options(least_effective=0))
    yes, no = side.positive, side.negative
    share = yes.total / (yes.total + no.total)
    variance = ((1 - share) ** 2 * yes.variance + share**2 * no.variance) / (yes.total + no.total) ** 2
    assert share == pytest.approx(0.2252252252252)
    assert variance == pytest.approx(0.0327496799045)


def test_when_every_case_was_chosen_for_sure_the_figures_are_the_plain_ones() -> None:
    rng = np.random.default_rng(1)
    outcome, score = rng.integers(0, 2, 60), rng.integers(0, 9, 60)
    for at in (
        horvitz_thompson_at(outcome, score, np.ones(60), 20),
        hajek_at(outcome, score, np.ones(60), 20),
    ):
        assert at.precision.estimate == pytest.approx(precision_at(outcome, score, 20).estimate)
        assert at.recall.estimate == pytest.approx(recall_at(outcome, score, 20).estimate)


def test_of_this_very_list_nothing_is_in_doubt_once_all_is_known() -> None:
    at = hajek_at([1, 0, 1, 0], [4, 3, 2, 1], [1.0] * 4, 2, target="list", least_effective=1)
    assert (at.precision.low, at.precision.high) == (0.5, 0.5)
    assert (at.recall.low, at.recall.high) == (0.5, 0.5)
    population = hajek_at([1, 0, 1, 0], [4, 3, 2, 1], [1.0] * 4, 2, least_effective=1)
    assert population.precision.low < 0.1


def test_with_equal_probabilities_the_share_has_its_mid_p_interval() -> None:
    outcome = [1] * 7 + [0] * 33 + [None] * 160
    figure = hajek_prevalence(outcome, [0.2] * 200)
    assert figure.estimate == 7 / 40
    assert binom.sf(7, 40, figure.low) + binom.pmf(7, 40, figure.low) / 2 == pytest.approx(0.025)
    assert binom.cdf(6, 40, figure.high) + binom.pmf(7, 40, figure.high) / 2 == pytest.approx(0.025)
    assert figure.count == 40


def test_a_factor_on_all_probabilities_changes_horvitz_thompson_and_not_hajek() -> None:
    half = [p / 2 for p in INCLUSION]
    one, other = (hajek_at(OUTCOME, SCORE, p, 4, least_effective=1) for p in (INCLUSION, half))
    assert one.precision.estimate == other.precision.estimate
    assert one.recall.estimate == other.recall.estimate
    one, other = (horvitz_thompson_at(OUTCOME, SCORE, p, 4, least_effective=1) for p in (INCLUSION, half))
    assert other.found.estimate == 2 * one.found.estimate


def test_precision_stands_where_only_cases_after_the_cut_had_no_chance() -> None:
    inclusion = [*INCLUSION[:7], 0.0]
    at = hajek_at(OUTCOME, SCORE, inclusion, 4, least_effective=1)
    assert at.precision.estimable
    assert not at.missed.estimable
    assert "had no chance" in at.recall.method


def test_recall_is_not_estimable_when_nothing_was_seen_after_the_cut_but_the_missed_have_an_end() -> None:
    outcome = [1, 0, 1, None] + [0] * 20 + [None] * 20
    at = horvitz_thompson_at(outcome, np.arange(44)[::-1], [0.5] * 44, 4, least_effective=1)
    assert at.recall.method == ("not estimable: no case with current abuse has been seen after the cut")
    assert at.missed.estimate == 0
    # Mid-p of a Poisson count of 0 with weight 2: exp(-x / 2) / 2 = 0.025.
    assert at.missed.high == pytest.approx(-2 * np.log(0.05))


def test_without_any_current_abuse_recall_is_not_estimable_and_precision_is() -> None:
    at = hajek_at([0, 0, None, 0], [4, 3, 2, 1], [0.5] * 4, 2, least_effective=1)
    assert at.recall.method == "not estimable: no case with current abuse"
    assert at.precision.estimate == 0
    assert at.precision.high > 0.5


def test_a_list_opened_to_its_end_misses_nothing() -> None:
    at = hajek_at(OUTCOME, SCORE, INCLUSION, 8, least_effective=1)
    assert (at.recall.estimate, at.missed.estimate) == (1.0, 0.0)


def test_a_thin_figure_says_so() -> None:
    # One case in 400 has a weight beyond all that is in doubt among the others.
    outcome = [1] * 30 + [0] * 30 + [0] * 5 + [None] * 1995
    inclusion = [0.9] * 60 + [1 / 400] * 2000
    figure = horvitz_thompson_prevalence(outcome, inclusion, least_effective=1)
    assert "wide: one more case of weight 400 would change it" in figure.method
    assert figure.high > 400 / 2060


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_scale_of_scores_matters(random) -> None:
    order = list(range(8))
    random.shuffle(order)
    one = hajek_at(OUTCOME, SCORE, INCLUSION, 3, least_effective=1)
    shuffled = hajek_at(
        [OUTCOME[i] for i in order],
        [np.exp(SCORE[i]) for i in order],
        [INCLUSION[i] for i in order],
        3,
        least_effective=1,
    )
    for name in ("precision", "recall", "found", "missed"):
        first, second = getattr(one, name), getattr(shuffled, name)
        assert first.estimate == pytest.approx(second.estimate, nan_ok=True)
        assert (first.low, first.high) == pytest.approx((second.low, second.high), nan_ok=True)
