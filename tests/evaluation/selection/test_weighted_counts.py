from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, gamma, poisson

from triage.evaluation.selection.counts import (
    WeightedCount,
    choose_extra,
    effective_interval,
    share_interval,
    total_interval,
)


def weighted(counts: list[float], weights: list[float]) -> WeightedCount:
    x, w = np.array(counts, dtype=float), np.array(weights, dtype=float)
    return WeightedCount(float(w @ x), float(w**2 @ x), float(w.max()), float(w.max() ** 2))


def plain(count: float, weight: float = 1.0) -> WeightedCount:
    return WeightedCount(weight * count, weight**2 * count, weight, weight**2)


# Down's syndrome in Michigan 1950-1964, fifth and later children, standardised to all births by the mother's
# age: Table II of Fay and Feuer (1997), as in the example of asht::wspoissonTest 1.0.1.
XFIVE = [0, 8, 63, 112, 262, 295]
NFIVE = np.array([327, 30666, 123419, 149919, 104088, 34392])
NTOTAL = np.array([319933, 931318, 786511, 488235, 237863, 61313])
STANDARD = (1e5 * NTOTAL / (NFIVE * NTOTAL.sum())).tolist()


def test_the_total_and_its_upper_end_are_those_of_asht() -> None:
    # In R with qgamma and uniroot, as wspoissonTest(xfive, w, midp=TRUE) has it: the estimate is 75.52900745, the
    # interval from 59.71633434 to 173.08169095; with midp=FALSE from 67.70212042 to 188.30017273.
    count = weighted(XFIVE, STANDARD)
    low, high = total_interval(count)
    assert count.total == pytest.approx(75.52900745)
    assert high == pytest.approx(173.08169095)
    # The mid-p law alone would reach below the lower gamma limit of Fay and Feuer, which holds by itself.
    assert low == pytest.approx(67.70212042)


def test_a_total_of_zero_has_the_upper_end_of_asht() -> None:
    # The same for rep(0, 6): from 0 to 103.7454925.
    low, high = total_interval(weighted([0] * 6, STANDARD))
    assert (low, high) == (0.0, pytest.approx(103.7454925))


def test_unequal_weights_give_the_mid_p_interval_of_asht() -> None:
    # The same for counts 2, 1, 0, 4 of weight 1, 5, 20, 2.5: from 6.439472812 to 77.436212293.
    ends = total_interval(weighted([2, 1, 0, 4], [1, 5, 20, 2.5]))
    assert ends == pytest.approx((6.439472812, 77.436212293))


@pytest.mark.parametrize(("count", "weight"), [(1, 1.0), (3, 10.0), (40, 0.25)])
def test_with_equal_weights_the_total_has_the_mid_p_interval_of_a_poisson_count(
    count: int, weight: float
) -> None:
    low, high = (end / weight for end in total_interval(plain(count, weight)))
    # The definition: half the probability of what was seen, and all of what is more extreme, is 2.5 %.
    assert poisson.sf(count, low) + poisson.pmf(count, low) / 2 == pytest.approx(0.025)
    assert poisson.cdf(count - 1, high) + poisson.pmf(count, high) / 2 == pytest.approx(0.025)


@pytest.mark.parametrize(("count", "total"), [(3, 12), (17, 40), (1, 500), (399, 400)])
def test_with_equal_weights_a_share_has_the_mid_p_interval_of_a_binomial_count(
    count: int, total: int
) -> None:
    low, high = share_interval(plain(count, 7.0), plain(total - count, 7.0))
    assert binom.sf(count, total, low) + binom.pmf(count, total, low) / 2 == pytest.approx(0.025)
    assert binom.cdf(count - 1, total, high) + binom.pmf(count, total, high) / 2 == pytest.approx(0.025)


def test_a_share_of_none_or_all_has_one_sided_doubt() -> None:
    # Mid-p of 0 out of n: (1 - p)^n / 2 = 0.025.
    low, high = share_interval(plain(0), plain(20))
    assert (low, high) == (0.0, pytest.approx(1 - 0.05 ** (1 / 20)))
    assert share_interval(plain(20), plain(0)) == (pytest.approx(0.05 ** (1 / 20)), 1.0)
    assert np.isnan(share_interval(plain(0), plain(0))).all()


def test_what_is_known_without_doubt_adds_none() -> None:
    sure, other = WeightedCount(8.0, 0.0, 0.0, 0.0), WeightedCount(2.0, 0.0, 0.0, 0.0)
    assert share_interval(sure, other) == (0.8, 0.8)
    assert total_interval(sure) == (8.0, 8.0)
    # 30 +- gamma: 8 / (8 + B) lies where B does.
    counted = WeightedCount(30.0, 300.0, 0.0, 0.0)
    low, high = share_interval(sure, counted)
    law = gamma(3, scale=10)
    assert (low, high) == pytest.approx((8 / (8 + law.ppf(0.975)), 8 / (8 + law.ppf(0.025))))
    assert share_interval(counted, sure) == pytest.approx((1 - high, 1 - low))


def test_one_more_case_is_the_typical_one_unless_the_largest_would_move_the_total() -> None:
    assert choose_extra(100.0**2, typical=20.0, largest=150.0) == 20.0
    assert choose_extra(100.0**2, typical=20.0, largest=150.1) == 150.1
    assert choose_extra(100.0**2, typical=20.0, largest=15.0) == 15.0
    assert choose_extra(0.0, typical=20.0, largest=20.0) == 20.0


counts = st.lists(st.integers(0, 30), min_size=2, max_size=5)


@given(counts, st.floats(0.01, 100), st.sampled_from([0.5, 0.9, 0.99]))
def test_the_unit_of_the_weights_does_not_matter(x: list[int], unit: float, confidence: float) -> None:
    w = np.arange(1.0, len(x) + 1)
    one, other = weighted(x, w.tolist()), plain(5, 2.0)
    scaled, other_scaled = weighted(x, (unit * w).tolist()), plain(5, 2.0 * unit)
    ends = total_interval(one, confidence=confidence)
    assert np.allclose(np.array(ends) * unit, total_interval(scaled, confidence=confidence), rtol=1e-6)
    assert np.allclose(
        share_interval(one, other, confidence=confidence),
        share_interval(scaled, other_scaled, confidence=confidence),
        rtol=1e-6,
    )


@given(counts)
def test_a_share_and_its_complement_mirror_each_other(x: list[int]) -> None:
    one, other = weighted(x, np.arange(1.0, len(x) + 1).tolist()), plain(4, 3.0)
    low, high = share_interval(one, other)
    assert np.allclose(share_interval(other, one), (1 - high, 1 - low), atol=1e-9)
    assert low <= one.total / (one.total + other.total) <= high


@given(counts)
def test_ends_never_lie_beyond_the_gamma_limits(x: list[int]) -> None:
    count = weighted(x, [4.0**power for power in range(len(x))])
    low, high = total_interval(count)
    y, v, w = count.total, count.variance, count.extra
    fewest = gamma(y**2 / v, scale=v / y).ppf(0.025) if y else 0.0
    most = gamma((y + w) ** 2 / (v + w**2), scale=(v + w**2) / (y + w)).ppf(0.975)
    assert fewest * (1 - 1e-9) <= low <= y <= high <= most * (1 + 1e-9)


def test_an_effective_count_is_a_binomial_one() -> None:
    assert effective_interval(0.25, 12.0) == share_interval(plain(3), plain(9))


@pytest.mark.slow
def test_a_weighted_sum_of_poisson_counts_is_held_in_95_percent() -> None:
    # Weights as in a lottery of 1 in 2 to 1 in 20, three grids of expectations; extra weight by the rule.
    rng = np.random.default_rng(7)
    w = np.array([2.0, 5.0, 10.0, 20.0])
    held = []
    for means in ([10, 6, 4, 2], [20, 10, 3, 1], [2, 3, 5, 6]):
        truth, draws = float(w @ means), rng.poisson(means, (1000, 4))
        inside = 0
        for x in draws:
            total, variance = float(w @ x), float(w**2 @ x)
            typical = max(float(w.mean()), float(w[x > 0].max()) if x.any() else 0.0)
            extra = choose_extra(variance, typical, 20.0)
            low, high = total_interval(WeightedCount(total, variance, extra, extra**2))
            inside += low <= truth <= high
        held.append(inside / len(draws))
    assert 0.94 < np.mean(held) < 0.97
    assert min(held) > 0.93
