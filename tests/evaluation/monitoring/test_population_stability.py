from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, ncx2

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.stability import EmptyBins, population_stability_index
from triage.evaluation.multiplicity import adjust_holm

REFERENCE, CURRENT = [40, 30, 30, 0], [10, 50, 30, 10]
Counts = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=8)


def test_index_by_hand() -> None:
    # (0.4 - 0.1) log 4 + (0.5 - 0.3) log(5/3) + (0.4 - 0.3) log(4/3); the same in optbinning 1.0.0 by
    # optbinning.binning.metrics.jeffrey.
    found = population_stability_index([40, 30, 30], [10, 50, 40], empty="strict")
    assert found.index.estimate == pytest.approx(0.5468216403343436, rel=1e-13)


@pytest.mark.parametrize("empty", ["half", "epsilon", "strict"])
def test_without_an_empty_bin_every_rule_gives_the_formula_of_the_textbook(empty: EmptyBins) -> None:
    # Siddiqi (2006): (0.25 - 0.5) log(0.25 / 0.5) + (0.75 - 0.5) log(0.75 / 0.5).
    found = population_stability_index([100, 100, 0], [50, 150, 0], empty=empty)
    assert found.index.estimate == pytest.approx(0.25 * np.log(3), rel=1e-13)
    assert "added" not in found.index.method


def test_where_a_bin_is_empty_on_one_side_half_a_case_is_added_to_every_bin() -> None:
    p, q = (np.array(side) + 0.5 for side in (REFERENCE, CURRENT))
    p, q = p / 102, q / 102
    found = population_stability_index(REFERENCE, CURRENT)
    assert found.index.estimate == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=1e-13)
    assert "half a case added to every bin" in found.index.method


def test_epsilon_is_the_rule_of_feature_engine() -> None:
    # feature-engine 1.9.4, DropHighPSIFeatures()._observation_frequency_per_bin of these counts, then its
    # formula: 1.208138185459481.
    found = population_stability_index(REFERENCE, CURRENT, empty="epsilon")
    assert found.index.estimate == pytest.approx(1.208138185459481, rel=1e-13)


def test_strict_index_of_an_empty_bin_is_not_estimable() -> None:
    found = population_stability_index(REFERENCE, CURRENT, empty="strict")
    assert not found.index.estimable
    assert "infinite" in found.index.method
    assert np.isnan(found.test.p_value)


def test_bins_empty_on_both_sides_change_nothing() -> None:
    with_empty = population_stability_index([60, 40, 0], [500, 700, 0])
    assert with_empty.index.estimate == population_stability_index([60, 40], [500, 700]).index.estimate


def test_value_by_chance_is_that_of_yurdakul_and_naranjo() -> None:
    found = population_stability_index(np.full(10, 100), np.full(10, 40))
    scale = 1 / 1000 + 1 / 400
    assert found.unchanged == pytest.approx(9 * scale)
    assert found.critical_95 == pytest.approx(chi2.ppf(0.95, 9) * scale)
    assert found.critical_99 == pytest.approx(chi2.ppf(0.99, 9) * scale)
    assert found.test.freedom == 9


def test_interval_inverts_the_noncentral_law() -> None:
    found = population_stability_index([500, 300, 200], [100, 90, 110])
    scale = 1 / 1000 + 1 / 300
    statistic = found.index.estimate / scale
    assert ncx2.cdf(statistic, 2, found.index.low / scale) == pytest.approx(0.975, abs=1e-6)
    assert ncx2.cdf(statistic, 2, found.index.high / scale) == pytest.approx(0.025, abs=1e-6)
    assert found.test.p_value == pytest.approx(chi2.sf(statistic, 2))


def test_no_change_has_an_index_of_zero_and_an_interval_from_zero() -> None:
    found = population_stability_index([50, 50], [50, 50])
    assert (found.index.estimate, found.index.low, found.test.p_value) == (0, 0, 1)


def test_sparse_bins_are_permuted() -> None:
    # Fisher's exact test of 3/3 against 0/3 gives 2/20 on both sides.
    found = population_stability_index([3, 0], [0, 3], resamples=9_999)
    assert found.test.p_value == pytest.approx(0.1, abs=0.01)
    assert "permutations" in found.test.method


def test_the_rule_for_empty_bins_holds_for_each_permutation_by_itself() -> None:
    # Of six cases three each, the split is 3/0, 2/1, 1/2 or 0/3 in 1, 9, 9 and 1 of 20 ways. 2/1 against 1/2
    # has no empty bin: (1/3) log 2 twice. An index as large as that is passed by all.
    found = population_stability_index([2, 1], [1, 2], resamples=999)
    assert found.index.estimate == pytest.approx(2 / 3 * np.log(2))
    assert found.test.p_value == 1
    # 3/0 against 0/3, half a case added to each: (3.5 - 0.5)/4 log 7 twice.
    assert found.critical_95 == pytest.approx(1.5 * np.log(7))


def test_value_to_expect_in_sparse_bins_is_the_mean_of_the_permutations() -> None:
    # One case among 1,000 and bins of 990 and 11: it falls into either as often as their sizes say.
    n, m = np.array([990, 10]), np.array([0, 1])
    found = population_stability_index(n, m, resamples=20_000)

    def index(reference: list[int], current: list[int]) -> float:
        p, q = (np.array(side) + 0.5 for side in (reference, current))
        return float(((q / q.sum() - p / p.sum()) * np.log(q / q.sum() / (p / p.sum()))).sum())

    mean = (990 * index([989, 11], [1, 0]) + 11 * index([990, 10], [0, 1])) / 1001
    assert found.unchanged == pytest.approx(mean, rel=0.05)
    assert found.unchanged < found.critical_99


def test_p_value_of_a_sparse_change_falls_below_one_over_the_permutations() -> None:
    found = population_stability_index([990, 5, 5], [500, 250, 2])
    assert found.test.p_value < 1e-20


def test_distance_is_that_of_scipy() -> None:
    found = population_stability_index(REFERENCE, CURRENT)
    assert found.jensen_shannon == pytest.approx(jensenshannon(REFERENCE, CURRENT, base=2))
    assert population_stability_index([5, 0], [0, 5]).jensen_shannon == pytest.approx(1)


@pytest.mark.parametrize(
    ("reference", "current", "reason"),
    [([0, 0], [1, 2], "no cases in the reference"), ([3, 1], [0, 0], "no cases"), ([5], [7], "one bin")],
)
def test_what_cannot_be_compared_is_not_estimable(
    reference: list[int], current: list[int], reason: str
) -> None:
    found = population_stability_index(reference, current)
    assert reason in found.index.method
    assert str(found).startswith("not estimable (")
    assert "nan" not in str(found)


@pytest.mark.parametrize(
    ("reference", "current"),
    [([1, 2], [1, 2, 3]), ([1.5, 2], [1, 2]), ([-1, 2], [1, 2]), ([[1]], [[2]]), ([np.nan, 1], [1, 1])],
)
def test_what_is_no_count_is_refused(reference: list[float], current: list[float]) -> None:
    with pytest.raises(InputRefusedError):
        population_stability_index(reference, current)
    with pytest.raises(InputRefusedError, match="empty"):
        population_stability_index([1, 2], [1, 2], empty="zero")  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(Counts)
def test_index_is_symmetric_and_does_not_know_the_order_of_bins(counts: list[tuple[int, int]]) -> None:
    n, m = (np.array(side) for side in zip(*counts, strict=True))
    there = population_stability_index(n, m, resamples=9)
    back = population_stability_index(m[::-1], n[::-1], resamples=9)
    assert there.index.estimate == pytest.approx(back.index.estimate, nan_ok=True)
    if "permutations" not in there.test.method:
        assert there.unchanged == pytest.approx(back.unchanged, nan_ok=True)
    if there.index.estimable:
        assert there.index.estimate >= 0
        assert 0 <= there.jensen_shannon <= 1
        assert 0 < there.test.p_value <= 1


def test_p_values_are_adjusted_as_in_r() -> None:
    # By p.adjust of R, method holm.
    assert adjust_holm([0.01, 0.04, 0.03, 0.005, 0.2]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])
    assert adjust_holm([0.01, float("nan"), 0.03]) == pytest.approx([0.02, np.nan, 0.03], nan_ok=True)
    assert list(adjust_holm([])) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bins", "n", "m", "tilt"),
    [
        (10, 20_000, 1_000, 0.3), (10, 2_000, 500, 0.15), (10, 2_000, 500, 0.6), (5, 300, 300, 0.3),
        (20, 100_000, 100, 0.0), (20, 100_000, 100, 0.5), (10, 20_000, 1_000, 0.0),
        (20, 100_000, 200, 0.0), (10, 90, 90, 0.0), (5, 100_000, 30, 0.0),
    ],
)  # fmt: skip
def test_interval_and_level_hold_what_they_say(bins: int, n: int, m: int, tilt: float) -> None:
    rng = np.random.default_rng(7)
    p = np.full(bins, 1 / bins)
    q = p * np.exp(tilt * np.linspace(-1, 1, bins))
    q /= q.sum()
    truth, draws = float(((q - p) * np.log(q / p)).sum()), 600
    held, sounded = [], []
    for draw in range(draws):
        found = population_stability_index(
            rng.multinomial(n, p), rng.multinomial(m, q), resamples=199, seed=draw
        )
        held.append(found.index.low <= truth + 1e-12 and truth <= found.index.high)
        sounded.append(found.test.p_value <= 0.05)
    # Approximate: 93.5 to 97.3 % measured over this grid with more draws.
    assert np.mean(held) >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / draws)
    if tilt == 0:
        assert np.mean(sounded) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.slow
@pytest.mark.parametrize(("bins", "n", "m"), [(20, 100_000, 620), (10, 310, 310), (5, 1_000, 180)])
def test_where_bins_are_not_sparse_chi_squared_sounds_in_5_percent(bins: int, n: int, m: int) -> None:
    # All bins are filled, so this is the formula of the textbook; chi-squared holds to first order only.
    rng, draws = np.random.default_rng(8), 20_000
    q, p = (rng.multinomial(size, np.full(bins, 1 / bins), size=draws) / size for size in (m, n))
    index = ((q - p) * np.log(q / p)).sum(axis=1)
    level = np.mean(index > chi2.isf(0.05, bins - 1) * (1 / n + 1 / m))
    assert 0.045 <= level <= 0.065
