import numpy as np
import pytest
from scipy.stats import beta, binom

from triage.errors import InputRefusedError
from triage.evaluation import clopper_pearson_interval, wilson_interval

# statsmodels 0.15.0, proportion_confint(count, total, alpha, method), "wilson" and "beta".
PUBLISHED = [
    (3, 12, 0.95, (0.08894166839405476, 0.5323053349335658), (0.05486064452799272, 0.5718584618781892)),
    (0, 10, 0.95, (0.0, 0.27753279986288926), (0.0, 0.30849710781876083)),
    (10, 10, 0.95, (0.7224672001371106, 1.0), (0.6915028921812392, 1.0)),
    (81, 263, 0.95, (0.2552885198782742, 0.36620957698280004), (0.25273674558527126, 0.3676219226013514)),
    (15, 148, 0.90, (0.06744326224687144, 0.14957293174640032), (0.06351844881935091, 0.15176837024062823)),
    (1, 29, 0.95, (0.006113214292762667, 0.17175521879320294), (0.000872646883579922, 0.17764429548872293)),
]


@pytest.mark.parametrize(("count", "total", "confidence", "wilson", "exact"), PUBLISHED)
def test_intervals_are_those_of_another_library(count, total, confidence, wilson, exact):
    assert wilson_interval(count, total, confidence=confidence) == pytest.approx(wilson, rel=1e-12)
    assert clopper_pearson_interval(count, total, confidence=confidence) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("interval", [wilson_interval, clopper_pearson_interval])
def test_nothing_out_of_nothing_excludes_nothing(interval):
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("interval", [wilson_interval, clopper_pearson_interval])
def test_arrays_broadcast_and_give_the_same_as_one_by_one(interval):
    low, high = interval([[0], [2], [5]], [5, 7])
    assert low.shape == high.shape == (3, 2)
    for row, count in enumerate([0, 2, 5]):
        for column, total in enumerate([5, 7]):
            assert (low[row, column], high[row, column]) == interval(count, total)


def test_wilson_ends_solve_the_score_equation():
    low, high = wilson_interval(4.5, 20)
    for end in (low, high):
        assert abs(4.5 / 20 - end) / np.sqrt(end * (1 - end) / 20) == pytest.approx(1.959963984540054)


def test_clopper_pearson_of_a_fractional_count_is_the_quantile_of_the_beta_law():
    low, high = clopper_pearson_interval(2.5, 9.5)
    assert (low, high) == pytest.approx((beta.ppf(0.025, 2.5, 8), beta.ppf(0.975, 3.5, 7)), rel=1e-10)


def test_clopper_pearson_covers_at_least_as_often_as_it_says():
    for total in (1, 7, 40):
        counts = np.arange(total + 1)
        low, high = clopper_pearson_interval(counts, total, confidence=0.9)
        for share in np.linspace(0.01, 0.99, 50):
            assert binom.pmf(counts, total, share)[(low <= share) & (share <= high)].sum() >= 0.9 - 1e-12


@pytest.mark.parametrize(("count", "total"), [(-1, 3), (4, 3), (np.nan, 3), (1, np.nan)])
def test_impossible_counts_are_refused(count, total):
    with pytest.raises(InputRefusedError, match="count <= total"):
        wilson_interval(count, total)


def test_an_impossible_confidence_is_refused():
    with pytest.raises(InputRefusedError, match="between 0 and 1"):
        wilson_interval(1, 2, confidence=95)
