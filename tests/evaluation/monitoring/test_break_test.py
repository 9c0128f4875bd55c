from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binom, multivariate_hypergeom

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.break_evidence import Draws, residual_evidence
from triage.evaluation.monitoring.breaks import break_test
from triage.evaluation.monitoring.conditional import count_laws, draw_counts
from triage.evaluation.monitoring.times import cut_steps

START = np.datetime64("2020-01-01")
# Rows for R, one case a day:
#   i <- 0:299; y <- as.integer((i * 37) %% 100 < ifelse(i < 180, 20, 45))
#   p <- ((i * 53) %% 97 + 1) / 120
#   y2 <- as.integer((i * 41) %% 100 / 100 < ifelse(i < 120, p, pmin(1.5 * p, 1)))
CASE = np.arange(300)
Y = (np.where(CASE < 180, 20, 45) > (CASE * 37) % 100).astype(float)
P = ((CASE * 53) % 97 + 1) / 120
Y2 = (np.where(CASE < 120, P, np.minimum(1.5 * P, 1)) > (CASE * 41) % 100 / 100).astype(float)


def test_break_in_the_base_rate_agrees_with_strucchange() -> None:
    # R 4.2, strucchange: f <- gefp(y ~ 1, family = binomial, fit = glm); sctest(f, functional = supLM(0.15))
    # gives 21.6751024016, p = 9.95656e-05 by Hansen's approximation.
    found = break_test(Y, START + CASE).breaks[0]
    assert found.test.statistic == pytest.approx(21.6751024016, rel=1e-11)
    assert found.test.p_value == 0.001
    assert found.quantity == "base rate"


def test_break_in_calibration_is_the_score_test_of_glm() -> None:
    # R 4.2, for t in 45:255: z <- as.integer(i >= t); anova(glm(y2 ~ 1 + offset(qlogis(p)), binomial),
    # glm(y2 ~ 1 + z + offset(qlogis(p)), binomial), test = "Rao"), both with epsilon = 1e-15:
    # largest 5.02028709673 at t = 118; 2.69450904019 at 100; 0.465110817434 at 200.
    found = break_test(Y2, START + CASE, probability=P, trim=0.05).breaks[0]
    assert found.evidence[117] == pytest.approx(5.02028709673, rel=1e-7)
    assert found.evidence[99] == pytest.approx(2.69450904019, rel=1e-7)
    assert found.evidence[199] == pytest.approx(0.465110817434, rel=1e-7)
    assert found.date == str(START + 118)


def test_model_that_is_wrong_by_one_factor_throughout_has_no_break() -> None:
    rng = np.random.default_rng(8)
    p = expit(rng.normal(-2, 1, 3_000))
    y = rng.random(3_000) < expit(np.log(p / (1 - p)) + 1.5)
    days = START + rng.integers(0, 200, 3_000)
    shifted = break_test(y, days, probability=expit(np.log(p / (1 - p)) - 3)).breaks[0]
    found = break_test(y, days, probability=p).breaks[0]
    assert found.test.p_value > 0.05
    assert shifted.test.statistic == pytest.approx(found.test.statistic, rel=1e-9)


def test_break_is_found_where_it_is() -> None:
    rng = np.random.default_rng(4)
    p = expit(rng.normal(-2.5, 1, 6_000))
    day = rng.integers(0, 150, 6_000)
    y = rng.random(6_000) < expit(np.log(p / (1 - p)) + 0.9 * (day >= 90))
    found = break_test(y, START + day, probability=p).breaks[0]
    assert found.test.p_value == 0.001
    assert found.earliest <= str(START + 90) <= found.latest
    assert abs(np.datetime64(found.date) - (START + 90)) <= np.timedelta64(5, "D")
    assert found.before.estimate < found.after.estimate


def test_break_in_the_ranking_is_told_from_one_in_the_base_rate() -> None:
    rng = np.random.default_rng(5)
    y, day = rng.random(6_000) < 0.1, rng.integers(0, 100, 6_000)
    score = y * np.where(day < 50, 1.5, 0.2) + rng.normal(size=6_000)
    base, placement = break_test(y, START + day, score=score).breaks
    assert base.test.p_value > 0.05
    assert placement.test.p_value == 0.001
    assert placement.before.estimate > placement.after.estimate + 0.2
    assert placement.earliest <= str(START + 50) <= placement.latest


def test_evidence_of_the_placements_by_hand() -> None:
    # Two steps. Current abuse: 1 beats one of three others (1/3), then 3 beats all (1); mean 2/3.
    # Others: 0 and 2 in the first step, 2.5 in the second, with 2, 1 and 1 of the 2 above them: 1, 1/2, 1/2.
    # Their mean is 2/3. After less before: (1/3 + 1/3) - (1/12 + 1/6) ... as sums:
    # current abuse: +1/3 * (1/1 + 1/1) = 2/3; others: -1/6 * (1/1 + 1/2) = -1/4; moved 5/12.
    # Variances: ((1/3)^2 * 2) / 1 = 2/9, times (1 + 1); (1/9 + 1/36 + 1/36) / 2 = 1/12, times (1 + 1/2).
    found = break_test(
        [1, 0, 0, 1, 0],
        ["2020-01-01", "2020-01-01", "2020-01-01", "2020-01-02", "2020-01-02"],
        score=[1, 0, 2, 3, 2.5],
    ).breaks[1]
    assert found.evidence == pytest.approx([(5 / 12) ** 2 / (4 / 9 + 1 / 8)])


def test_probability_of_zero_that_is_wrong_is_evidence_and_no_error() -> None:
    y = np.r_[np.zeros(100), np.ones(5), np.zeros(95)]
    found = break_test(y, START + np.arange(200), probability=np.r_[np.full(100, 0.1), np.zeros(100)]).breaks[
        0
    ]
    assert found.test.p_value < 0.01
    assert "100 probabilities of exactly 0 or 1" in found.test.method


@pytest.mark.parametrize("outcome", [np.zeros(40), np.ones(40)])
def test_one_kind_of_cases_has_no_break(outcome: np.ndarray) -> None:
    result = break_test(outcome, START + np.arange(40), score=np.arange(40))
    assert np.isnan(result.p_value)
    assert all(one.date == "" and "not possible" in one.test.method for one in result.breaks)
    assert "not possible" in str(result)
    assert result.as_dict()["p_value"] is None


def test_one_day_has_no_break() -> None:
    result = break_test([1, 0, 1, 0], np.full(4, START), probability=np.full(4, 0.5), score=[1, 2, 3, 4])
    assert [one.date for one in result.breaks] == ["", ""]


@pytest.mark.parametrize("trim", [0, 0.5, -1, float("nan")])
def test_strange_trim_is_refused(trim: float) -> None:
    with pytest.raises(InputRefusedError, match="trim"):
        break_test([1, 0], ["2020-01-01", "2020-01-02"], trim=trim)


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="step"):
        break_test(np.arange(2_001) % 2, START + np.arange(2_001), step="day")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_rows_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p, s = rng.integers(0, 2, 60), rng.uniform(0.1, 0.9, 60), rng.integers(0, 9, 60)
    days, mixed = START + rng.integers(0, 12, 60), rng.permutation(60)
    first = break_test(y, days, probability=p, score=s, resamples=19)
    second = break_test(y[mixed], days[mixed], probability=p[mixed], score=s[mixed], resamples=19)
    for one, other in zip(first.breaks, second.breaks, strict=True):
        assert one.evidence == pytest.approx(other.evidence)


def test_law_of_a_sum_is_the_binomial_where_chances_are_equal() -> None:
    (law,) = count_laws(np.full(1_000, 0.03), np.zeros(1_000, dtype=np.int64), 1)
    chance = binom.pmf(law.first + np.arange(len(law.chance)), 1_000, 0.03)
    assert law.chance == pytest.approx(chance, abs=1e-14)
    assert chance.sum() == pytest.approx(1, abs=1e-12)


def test_law_of_a_sum_on_a_grid_keeps_the_mean_and_nearly_the_variance() -> None:
    p = expit(np.random.default_rng(0).normal(-4, 2, 5_000))
    (law,) = count_laws(p, np.zeros(5_000, dtype=np.int64), 1)
    values = law.first + np.arange(len(law.chance))
    mean = law.chance @ values
    assert mean == pytest.approx(p.sum(), rel=1e-9)
    assert law.chance @ (values - mean) ** 2 == pytest.approx((p * (1 - p)).sum(), rel=1e-3)


def test_draws_given_the_total_follow_the_conditional_law() -> None:
    # Enumerated: all outcomes of five cases with two events.
    p, step = np.array([0.2, 0.7, 0.5, 0.1, 0.9]), np.array([0, 0, 1, 1, 2])
    chance: dict[tuple[int, ...], float] = {}
    for y in itertools.product([0, 1], repeat=5):
        if sum(y) == 2:
            key = (y[0] + y[1], y[2] + y[3], y[4])
            chance[key] = chance.get(key, 0) + float(np.prod(np.where(y, p, 1 - p)))
    total, draws = sum(chance.values()), 40_000
    counts = draw_counts(count_laws(p, step, 3), 2, draws, np.random.default_rng(0))
    for key, value in chance.items():
        share = value / total
        seen = np.mean(np.all(counts == key, axis=1))
        assert abs(seen - share) < 4.5 * np.sqrt(share * (1 - share) / draws)


def test_draws_of_one_base_rate_are_hypergeometric() -> None:
    step = np.repeat([0, 1, 2], [5, 10, 15])
    counts = draw_counts(count_laws(np.full(30, 0.2), step, 3), 7, 40_000, np.random.default_rng(1))
    law = multivariate_hypergeom([5, 10, 15], 7)
    assert counts.mean(axis=0) == pytest.approx(law.mean(), abs=0.03)
    assert np.cov(counts.T) == pytest.approx(law.cov(), abs=0.04)


@pytest.mark.slow
def test_largest_statistic_has_the_law_of_andrews() -> None:
    # Andrews (2003), Econometrica 71, 395-397, table I, one parameter, 15 % trimmed: 7.12, 8.68, 12.16. These are
    # for continuous time; 365 steps stay a little below.
    rng = np.random.default_rng(0)
    days = cut_steps((START + rng.integers(0, 365, 200_000)).astype("datetime64[s]"), "day")
    y = (rng.random(200_000) < 0.02).astype(float)
    found = residual_evidence(y, None, days, Draws(9_999, 0, 0.15))
    assert not isinstance(found, str)
    assert np.quantile(found.largest, [0.9, 0.95, 0.99]) == pytest.approx([7.12, 8.68, 12.16], rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "level", "shift"), [(400, -2.5, 0.0), (2_000, -4.5, 1.5), (3_000, -2.0, -1.0)]
)
def test_level_is_kept_also_with_few_outcomes_and_a_wrong_model(
    rows: int, level: float, shift: float
) -> None:
    rng = np.random.default_rng(12)
    draws = 400
    sounded = np.zeros((draws, 2))
    for draw in range(draws):
        x = rng.normal(level, 1.2, rows)
        y = rng.random(rows) < expit(x + shift)
        result = break_test(
            y, START + rng.integers(0, 60, rows), probability=expit(x), score=x, resamples=99, seed=draw
        )
        sounded[draw] = [one.test.p_value <= 0.05 for one in result.breaks]
    # Exact tests: 5 % and three standard errors of 400 draws.
    assert np.all(sounded.mean(axis=0) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws))


@pytest.mark.slow
def test_neighbourhood_holds_the_date() -> None:
    rng = np.random.default_rng(13)
    held = []
    for draw in range(200):
        x, day = rng.normal(-2.5, 1.2, 2_000), rng.integers(0, 120, 2_000)
        y = rng.random(2_000) < expit(x + 0.7 * (day >= 60))
        found = break_test(y, START + day, probability=expit(x), resamples=19, seed=draw).breaks[0]
        held.append(found.earliest <= str(START + 60) <= found.latest)
    # 97 to 99 % measured: steps are discrete, so the set is wider than its 95 %.
    assert np.mean(held) >= 0.95
