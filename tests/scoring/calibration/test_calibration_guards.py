"""When there is no probability, when only an intercept, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from triage.scoring.calibration import (
    BetaCalibration,
    Calibration,
    IsotonicCalibration,
    NotCalibratedError,
    NotIdentifiedError,
    PlattCalibration,
    VennAbersCalibration,
    calibrate,
    choose_calibration,
    correct_for_sampling,
    count_effective,
    fit_calibration,
)

Draw = Callable[[int, int, float, float], tuple[np.ndarray, np.ndarray]]
EARLIER = PlattCalibration(-0.5, 0.9, 0.04, 0.01, -0.015, 5000, 400, "all cases", "world w")


def fit(kind: str, cases: Any, weight: np.ndarray | None = None, **options: Any) -> Any:
    shared = {"denominator": "all cases", "population": "world w"}
    return fit_calibration(kind, cases[0], cases[1], weight, **(shared | options))


def with_positives(draw: Draw, positives: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cases of which exactly so many are positive."""
    score, outcome = draw(9, 40_000, -2.0, 0.8)
    kept = np.cumsum(outcome) <= positives
    return score[kept], outcome[kept]


@pytest.mark.parametrize("kind", ["platt", "beta", "temperature", "isotonic", "venn-abers", "intercept"])
def test_under_100_positives_only_the_intercept_is_refitted_and_it_says_so(draw: Draw, kind: str) -> None:
    curve = fit(kind, with_positives(draw, 99), earlier=EARLIER)
    assert (curve.kind, curve.b, curve.guard) == ("intercept", EARLIER.b, "few")
    assert "few positives: only the intercept was refitted, on 99 effective positives" in curve.note
    assert "the slope is that of world w" in curve.note


@pytest.mark.parametrize("kind", ["platt", "beta", "temperature", "isotonic", "venn-abers"])
def test_from_100_positives_on_the_curve_has_its_own_shape(draw: Draw, kind: str) -> None:
    curve = fit(kind, with_positives(draw, 100), earlier=EARLIER)
    assert (curve.kind, curve.guard) == (kind, "enough")
    assert "few" not in curve.note


def test_few_positives_without_an_earlier_curve_give_platt_and_it_says_so(draw: Draw) -> None:
    """The slope of points or of a penalised score is not 1: an intercept alone would be a guess."""
    for kind in ("beta", "venn-abers", "platt"):
        curve = fit(kind, with_positives(draw, 60))
        assert curve.kind == "platt"
        assert "few positives: 60 effective positives, and no earlier curve" in curve.note
        assert "the slope is fitted on them too" in curve.note


def test_the_few_make_a_wide_band(draw: Draw) -> None:
    at = np.array([0.0])
    few, many = (np.subtract(*fit("platt", with_positives(draw, k)).band(at)) for k in (60, 2000))
    assert abs(few[0]) > 3 * abs(many[0])


@pytest.mark.parametrize(
    ("earlier", "population", "denominator"),
    [
        (EARLIER, "agency 12345678", "all cases"),  # a slope learned in a world
        (EARLIER, "world w", "investigated cases"),
        (None, "world w", "all cases"),
    ],
)
def test_a_slope_is_not_carried_to_where_it_is_no_knowledge(
    draw: Draw, earlier: Calibration | None, population: str, denominator: str
) -> None:
    cases = with_positives(draw, 60)
    shared = {"earlier": earlier, "population": population, "denominator": denominator}
    assert fit("platt", cases, **shared).kind == "platt"
    with pytest.raises(NotCalibratedError, match="no intercept can be refitted"):
        fit("intercept", cases, **shared)


def test_a_slope_from_a_world_is_not_laundered_by_a_second_refit(draw: Draw) -> None:
    """Where a shape came from first is what counts."""
    refitted = fit("intercept", with_positives(draw, 60), earlier=EARLIER, population="world other")
    assert refitted.slope_from == "world w"
    again = fit("intercept", with_positives(draw, 60), earlier=refitted, population="world third")
    assert again.slope_from == "world w"


def test_kept_slope_that_the_cases_contradict_is_called_so(draw: Draw) -> None:
    """z of Wald for two independent slopes, 0.9 with variance 0.01 and the one that these cases have."""
    same, other = draw(20, 800, -2.0, 0.9), draw(21, 800, -3.0, 2.2)
    assert "another slope" not in fit("intercept", same, earlier=EARLIER).note
    curve = fit("intercept", other, earlier=EARLIER)
    fresh = fit("platt", other)
    b = EARLIER.b
    z = (fresh.b / b - 1) / np.sqrt(fresh.variance_b / b**2 + EARLIER.variance_b / b**2)
    assert z > 1.96
    assert curve.slope_z == pytest.approx(z, rel=1e-6)
    assert f"these cases point to another slope (z = {z:+.1f})" in curve.note


def test_a_curve_without_an_intercept_is_no_earlier_curve(draw: Draw) -> None:
    earlier = fit("isotonic", with_positives(draw, 300))
    assert fit("platt", with_positives(draw, 60), earlier=earlier).kind == "platt"


@pytest.mark.parametrize("kind", ["platt", "beta", "isotonic", "venn-abers", "intercept"])
@pytest.mark.parametrize(
    ("score", "outcome", "why"),
    [
        ([1.0, 2.0], [0.0, 0.0], "0 effective positives"),
        ([1.0, 2.0] * 50, [1.0] * 100, "all cases are positive"),
        (
            [float(i) for i in range(100)],
            [0.0] * 81 + [1.0] * 19,
            "19 effective positives; 20 are the fewest",
        ),
        ([1.0] * 300 + [2.0] * 300, [1.0] * 200 + [0.0] * 200 + [1.0] * 50 + [0.0] * 150, "does not rise"),
        ([3.0] * 600, [1.0, 0.0] * 300, "all values are equal"),
    ],
)
def test_no_probability_is_invented(kind: str, score: list[float], outcome: list[float], why: str) -> None:
    with pytest.raises(NotCalibratedError, match=why):
        fit(kind, (score, outcome), earlier=EARLIER)


def two_levels(low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 400 cases of score 0 and 400 of score 1, so many of each positive."""
    positive = [np.arange(400) < low, np.arange(400) < high]
    return np.repeat([0.0, 1.0], 400), np.concatenate(positive).astype(float)


def test_slope_that_chance_could_draw_gives_no_platt_curve() -> None:
    """By hand: the slope is the log odds ratio, and its variance the sum of one over each cell of the table.

    100 and 117 of 400: 0.2153 against 1.96 times 0.1594 = 0.3125. 100 and 130: 0.3677 against 0.3082.
    """
    with pytest.raises(NotCalibratedError, match="as far as chance lets see"):
        fit("platt", two_levels(100, 117))
    curve = fit("platt", two_levels(100, 130))
    assert curve.b == pytest.approx(np.log(130 * 300 / (270 * 100)), rel=1e-6)
    assert curve.variance_b == pytest.approx(1 / 100 + 1 / 300 + 1 / 130 + 1 / 270, rel=1e-6)


def test_refitted_intercept_keeps_a_slope_that_the_new_cases_alone_do_not_show() -> None:
    """The slope was shown by the cases on which it was fitted; the few of today need not show it again."""
    assert fit("intercept", two_levels(100, 117), earlier=EARLIER).b == EARLIER.b


@pytest.mark.parametrize("kind", ["platt", "beta"])
def test_separated_cases_have_no_logit_curve(kind: str) -> None:
    with pytest.raises(NotCalibratedError, match="separated"):
        fit(kind, ([1.0] * 300 + [2.0] * 300, [0.0] * 300 + [1.0] * 300))


def test_temperature_needs_a_share_that_is_one_half_at_zero() -> None:
    """All scores below 0 and most outcomes positive: no T above 0 says that."""
    with pytest.raises(NotCalibratedError, match="one half"):
        fit(
            "temperature",
            (np.tile([-2.0, -1.0], 200), np.r_[np.tile([1.0, 1.0], 150), np.tile([0.0, 1.0], 50)]),
        )
    with pytest.raises(NotCalibratedError, match="sign of the score"):
        fit("temperature", (np.tile([-1.0, 1.0], 200), np.tile([0.0, 1.0], 200)))


def test_positives_count_in_the_heaviest_case() -> None:
    """Four positives of weight 1, and a negative of weight 8 that could have been one."""
    assert count_effective(np.array([1.0, 1, 1, 1, 0]), np.array([1.0, 1, 1, 1, 8])) == 0.5
    assert count_effective(np.array([1.0, 1, 0]), np.array([3.0, 3, 3])) == 2
    assert count_effective(np.array([1.0, 1, 0])) == 2


def test_few_effective_positives_count_as_few(draw: Draw) -> None:
    score, outcome = draw(4, 2000, 0.0, 1.0)
    heavy = np.where(np.isin(np.arange(2000), np.flatnonzero(outcome)[:5]), 1e6, 1.0)
    with pytest.raises(NotCalibratedError, match="5 effective positives"):
        fit("platt", (score, outcome), heavy)


@pytest.mark.parametrize(
    ("score", "outcome", "weight"),
    [
        ([1.0, np.nan], [1.0, 0.0], None),
        ([1.0, 2.0], [1.0, 2.0], None),
        ([1.0, 2.0], [1.0], None),
        ([1.0, 2.0], [1.0, 0.0], [1.0, 0.0]),
        ([1.0, 2.0], [1.0, 0.0], [1.0, np.inf]),
        ([[1.0, 2.0]], [[1.0, 0.0]], None),
    ],
)
def test_columns_that_cannot_be_right_are_refused(score: Any, outcome: Any, weight: Any) -> None:
    with pytest.raises(ValueError, match=r"length|finite"):
        fit("platt", (score, outcome), weight)


def test_unknown_kind_is_refused_with_those_there_are(draw: Draw) -> None:
    with pytest.raises(ValueError, match="platt, beta, temperature, isotonic, venn-abers, intercept"):
        fit("spline", draw(0, 100, 0, 1))


def test_share_of_investigated_cases_says_that_the_share_of_all_is_not_identified(draw: Draw) -> None:
    curve = fit("platt", draw(0, 2000, 0.0, 1.0), denominator="investigated cases")
    assert curve.note.startswith(
        "share of investigated cases (synthetic); the range is that of the fitted curve"
    )
    assert "not identified for all cases" in curve.note
    assert "not identified" not in fit("platt", draw(0, 2000, 0.0, 1.0)).note


def test_probability_is_shown_on_its_own_population_alone() -> None:
    assert choose_calibration(EARLIER, "world w", "") == (EARLIER, EARLIER.note)
    assert choose_calibration(EARLIER, "agency 1", "") == (
        None,
        "not calibrated here: calibrated on world w, and this batch is of agency 1",
    )
    assert choose_calibration(None, "world w", "points") == (None, "not calibrated here: points")


def test_offset_of_a_case_control_sample_gives_the_curve_of_the_population(draw: Draw) -> None:
    """King and Zeng 2001: all positives, one negative in fifty; only the intercept moves, by ln(1/0.02)."""
    score, outcome = draw(10, 200_000, -3.0, 0.8)
    sampled = (outcome == 1) | (np.random.default_rng(0).random(len(score)) < 0.02)
    curve = fit("platt", (score[sampled], outcome[sampled]), denominator="the sample")
    right = correct_for_sampling(curve, 1.0, 0.02, chosen_by="outcome")
    assert right.a == pytest.approx(curve.a - np.log(50))
    assert (right.b, right.variance_a, right.denominator) == (curve.b, curve.variance_a, "all cases")
    assert right.a == pytest.approx(-3.0, abs=4 * np.sqrt(curve.variance_a))
    # The correction by base rates in the same paper: ln[(1 - tau) / tau * ybar / (1 - ybar)].
    tau, mean = outcome.mean(), outcome[sampled].mean()
    exact = correct_for_sampling(
        curve, 1.0, float((sampled & (outcome == 0)).sum() / (outcome == 0).sum()), chosen_by="outcome"
    )
    assert exact.a == pytest.approx(curve.a - np.log((1 - tau) / tau * mean / (1 - mean)))


def test_offset_moves_a_beta_curve_in_the_same_way(draw: Draw) -> None:
    curve = fit("beta", draw(11, 3000, -0.5, 0.8))
    right = correct_for_sampling(curve, 0.5, 0.1, chosen_by="outcome")
    assert isinstance(right, BetaCalibration)
    assert right.c == pytest.approx(curve.c - np.log(5))


def test_no_offset_repairs_selection_by_features(draw: Draw) -> None:
    cases = draw(12, 3000, -0.5, 0.8)
    plain, weighted = fit("platt", cases), fit("platt", cases, np.full(3000, 2.0))
    with pytest.raises(NotIdentifiedError, match="not identified"):
        correct_for_sampling(plain, 1.0, 0.1, chosen_by="features")
    assert correct_for_sampling(weighted, 1.0, 0.1, chosen_by="features") is weighted
    for shares in ((0.0, 0.5), (1.0, 1.5), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            correct_for_sampling(plain, *shares, chosen_by="outcome")
    with pytest.raises(ValueError, match="corrected for the sampling already"):
        correct_for_sampling(weighted, 1.0, 0.1, chosen_by="outcome")
    with pytest.raises(ValueError, match="expected 'outcome' or 'features'"):
        correct_for_sampling(plain, 1.0, 0.1, chosen_by="chance")  # type: ignore[arg-type]


def test_selection_by_features_biases_the_curve_and_weights_repair_it() -> None:
    """What is investigated is chosen by a fact that the score does not hold: why "not identified" is said."""
    rng = np.random.default_rng(1)
    score, fact = rng.normal(-2, 1, 100_000), rng.random(100_000) < 0.2
    outcome = (rng.random(100_000) < 1 / (1 + np.exp(-(score + 2 * fact)))).astype(float)
    inclusion = np.where(fact, 0.5, 0.05)
    chosen = rng.random(100_000) < inclusion
    truth = fit("platt", (score, outcome)).probability(np.array([-2.0]))
    naive = fit("platt", (score[chosen], outcome[chosen])).probability(np.array([-2.0]))
    curve = fit("platt", (score[chosen], outcome[chosen]), 1 / inclusion[chosen])
    low, high = curve.band(np.array([-2.0]))
    assert naive[0] > 1.5 * truth[0]
    assert low[0] < truth[0] < high[0]


def test_later_third_is_held_out_where_the_earlier_cases_are_enough(draw: Draw) -> None:
    score, outcome = draw(13, 3000, -1.0, 1.0)
    found = calibrate("platt", score, outcome, denominator="all cases", population="world w")
    early = fit("platt", (score[:2000], outcome[:2000]))
    assert found.how == "held out: the later third"
    assert found.held.tolist() == list(range(2000, 3000))
    assert found.calibration == early
    np.testing.assert_array_equal(found.probability, early.probability(score[2000:]))


def test_few_positives_are_cross_fitted_so_that_none_is_lost(draw: Draw) -> None:
    score, outcome = with_positives(draw, 60)
    found = calibrate("platt", score, outcome, denominator="all cases", population="world w")
    assert found.calibration == fit("platt", (score, outcome))
    assert "cross-fitted in 5" in found.how
    assert found.held.tolist() == list(range(len(score)))
    # Every fold of its own curve: announced and found agree without the curve having seen the case.
    assert found.probability.sum() == pytest.approx(outcome.sum(), rel=0.05)


def test_cross_fitted_probability_of_a_case_does_not_depend_on_its_own_outcome(draw: Draw) -> None:
    """Whether the fifth positive is one moves no probability of its fold by more than the fold's curve does."""
    score, outcome = with_positives(draw, 60)
    first = calibrate("platt", score, outcome, denominator="all cases", population="world w")
    moved = score.copy()
    place = int(np.flatnonzero(outcome)[4])
    moved[place] += 0.5  # its own curve never saw it: only the line is read at another place
    second = calibrate("platt", moved, outcome, denominator="all cases", population="world w")
    fold = [int(i) for value in (0, 1) for i in np.flatnonzero(outcome == value)[4::5] if i != place]
    np.testing.assert_array_equal(first.probability[fold], second.probability[fold])


def test_too_few_for_any_curve_are_refused_before_and_after_holding_out(draw: Draw) -> None:
    with pytest.raises(NotCalibratedError, match="19 effective positives"):
        calibrate("platt", *with_positives(draw, 19), denominator="all cases", population="world w")


def test_kinds_are_the_classes_that_carry_them(draw: Draw) -> None:
    cases = draw(15, 3000, -1.0, 1.0)
    assert isinstance(fit("isotonic", cases), IsotonicCalibration)
    assert isinstance(fit("venn-abers", cases), VennAbersCalibration)
    for kind in ("isotonic", "venn-abers"):
        assert "never for an order" in fit(kind, cases).note
