from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from triage.evaluation.selection.augmented import augmented_at, augmented_prevalence, make_outcome_model
from triage.evaluation.selection.cases import check_selected
from triage.evaluation.selection.estimators import horvitz_thompson_at

SCORE = [6, 5, 4, 3, 2, 1]
RIGHT = np.array([0.8, 0.6, 0.5, 0.4, 0.3, 0.1])
INCLUSION = np.array([0.9, 0.5, 0.6, 0.3, 0.5, 0.4])


def chances(p):
    for drawn in product([0.0, 1.0], repeat=len(p)):
        y = np.array(drawn)
        yield y, float(np.prod(np.where(y == 1, p, 1 - p)))


def mean_of_totals(truth, inclusion, model) -> tuple[float, float]:
    """Return the mean of found and missed over all lotteries."""
    found = missed = 0.0
    for chosen, chance in chances(INCLUSION):
        outcome = np.where(chosen == 1, truth, np.nan)
        if not chosen[:3].any() or not chosen[3:].any():
            # One side without outcome: there the model stands alone.
            counts = model.copy()
            counts[chosen == 1] += ((truth - model) / inclusion)[chosen == 1]
            one, other = counts[:3].sum(), counts[3:].sum()
        else:
            at = augmented_at(outcome, SCORE, inclusion, 3, outcome_model=model, least_effective=0)
            one, other = at.found.estimate, at.missed.estimate
        found, missed = found + chance * one, missed + chance * other
    return found, missed


def test_with_right_probabilities_any_model_is_unbiased() -> None:
    truth = np.array([1.0, 0, 1, 1, 0, 0])
    for wrong in (np.full(6, 0.5), RIGHT[::-1].copy(), np.zeros(6)):
        assert mean_of_totals(truth, INCLUSION, wrong) == pytest.approx((2.0, 1.0))


def test_with_a_right_model_any_probabilities_are_unbiased() -> None:
    # The mean over all outcomes that the model gives, for every lottery that was not the logged one.
    wrong = np.array([0.2, 0.9, 0.3, 0.8, 0.1, 1.0])
    chosen = np.array([1, 0, 1, 1, 0, 1]) == 1
    found = missed = prevalence = 0.0
    for truth, chance in chances(RIGHT):
        outcome = np.where(chosen, truth, np.nan)
        at = augmented_at(outcome, SCORE, wrong, 3, outcome_model=RIGHT, least_effective=0)
        found, missed = found + chance * at.found.estimate, missed + chance * at.missed.estimate
        counts = RIGHT + np.where(chosen, (truth - RIGHT) / wrong, 0)
        prevalence += chance * counts.mean()
    assert found == pytest.approx(RIGHT[:3].sum())
    assert missed == pytest.approx(RIGHT[3:].sum())
    assert prevalence == pytest.approx(RIGHT.mean())


def test_with_both_wrong_it_is_biased() -> None:
    truth = np.array([1.0, 0, 1, 1, 0, 0])
    found, _ = mean_of_totals(truth, np.clip(INCLUSION * 2, 0, 1), np.zeros(6))
    assert abs(found - 2.0) > 0.3


def test_a_model_of_nothing_is_horvitz_thompson() -> None:
    rng = np.random.default_rng(2)
    score, inclusion = rng.normal(size=400), np.full(400, 0.4)
    outcome = np.where(rng.random(400) < inclusion, rng.random(400) < expit(score), np.nan)
    empty = augmented_at(outcome, score, inclusion, 40, outcome_model=np.zeros(400))
    plain = horvitz_thompson_at(outcome, score, inclusion, 40)
    for name in ("precision", "recall", "found", "missed"):
        assert getattr(empty, name).estimate == pytest.approx(getattr(plain, name).estimate)


def test_it_is_the_augmented_estimate_of_a_mean_with_its_influence_function() -> None:
    # By hand: m + R / pi (y - m) = .5 + 2 (.5), .5 - 2 (.5), .25, .25 + 4 (-.25)
    outcome, inclusion, model = [1, 0, None, 0], [0.5, 0.5, 0.25, 0.25], [0.5, 0.5, 0.25, 0.25]
    counts = np.array([1.5, -0.5, 0.25, -0.75])
    figure = augmented_prevalence(outcome, [4, 3, 2, 1], inclusion, outcome_model=model, least_effective=0)
    assert figure.estimate == pytest.approx(counts.mean())


def test_the_interval_is_that_of_the_influence_function() -> None:
    # With everything known for sure the counts are the outcomes, and the variance that of a share.
    rng = np.random.default_rng(3)
    outcome = (rng.random(500) < 0.3).astype(float)
    figure = augmented_prevalence(
        outcome, rng.normal(size=500), np.ones(500), outcome_model=np.full(500, 0.9)
    )
    p = outcome.mean()
    assert figure.estimate == pytest.approx(p)
    wald = 1.96 * np.sqrt(p * (1 - p) / 500)
    assert figure.high - figure.low == pytest.approx(2 * wald, rel=0.02)
    list_ = augmented_prevalence(
        outcome, rng.normal(size=500), np.ones(500), outcome_model=np.full(500, 0.9), target="list"
    )
    assert (list_.low, list_.high) == (list_.estimate, list_.estimate)


@pytest.mark.parametrize("regression", ["logistic", "isotonic"])
def test_the_regression_on_the_score_finds_the_curve(regression: str) -> None:
    rng = np.random.default_rng(4)
    place = (np.arange(20_000) + 0.5) / 20_000
    curve = expit(-2 + 0.8 * np.log(place / (1 - place)))
    inclusion = np.where(place > 0.8, 0.9, 0.2)
    outcome = np.where(rng.random(20_000) < inclusion, rng.random(20_000) < curve, np.nan)
    cases = check_selected(outcome, np.exp(5 * place), inclusion)
    model = make_outcome_model(cases, regression=regression)
    assert np.abs(model.expected - curve).mean() < 0.02


def test_the_regression_does_not_see_the_outcome_that_it_predicts() -> None:
    outcome = np.array([1.0] + [0.0] * 99)
    cases = check_selected(outcome, np.arange(100)[::-1], np.full(100, 0.5))
    model = make_outcome_model(cases)
    changed = outcome.copy()
    changed[0] = 0.0
    other = make_outcome_model(check_selected(changed, cases.score, cases.inclusion))
    assert model.expected[0] == pytest.approx(other.expected[0])
    assert not np.allclose(model.expected[1:], other.expected[1:])


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    score, inclusion = rng.integers(0, 40, 600), rng.choice([0.3, 0.6], 600)
    outcome = np.where(rng.random(600) < inclusion, rng.random(600) < score / 60, np.nan)
    order = rng.permutation(600)
    one = augmented_at(outcome, score, inclusion, 60)
    other = augmented_at(outcome[order], score[order], inclusion[order], 60)
    assert one.recall.estimate == pytest.approx(other.recall.estimate)
    assert one.precision.high == pytest.approx(other.precision.high)


def test_a_correction_below_nothing_is_cut_off_and_said() -> None:
    outcome = [1.0] * 20 + [0.0] * 20 + [None] * 60
    model = [0.5] * 20 + [0.9] * 20 + [0.0] * 60
    figure = augmented_prevalence(outcome, np.arange(100)[::-1], [0.2] * 100, outcome_model=model)
    assert figure.estimate == 0
    assert "-0.1" in figure.method or "wide" in figure.method


def test_without_a_lottery_there_is_no_augmented_figure() -> None:
    at = augmented_at([1, 0, None], [3, 2, 1], [None, None, None], 2, least_effective=0)
    assert "no logged lottery" in at.precision.method
