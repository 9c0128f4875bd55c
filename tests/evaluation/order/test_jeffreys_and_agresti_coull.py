import numpy as np
import pytest
from scipy.stats import binom

from triage.errors import InputRefusedError
from triage.evaluation.proportions import agresti_coull_interval, jeffreys_interval, wilson_interval

# statsmodels 0.15.0, proportion_confint(count, total, 1 - confidence, method), "jeffreys" and "agresti_coull".
PUBLISHED = [
    (3, 12, 0.95, (0.07594232891948483, 0.5291910836265508), (0.08274891332347914, 0.5384980900041414)),
    (81, 263, 0.95, (0.2545219349910236, 0.36564749917408246), (0.25522066518999675, 0.3662774316710775)),
    (15, 148, 0.90, (0.06625036720885764, 0.14785302090954017), (0.0668353222957738, 0.15018087169749791)),
    (1, 29, 0.95, (0.003746173649057073, 0.15007768600223176), (0.0, 0.18628650856170612)),
    # At the ends statsmodels leaves Jeffreys' quantiles as they are: 4.79e-05 and 0.99995.
    (0, 10, 0.95, (0.0, 0.2171962675092106), (0.0, 0.3208873057505458)),
    (10, 10, 0.95, (0.7828037324907894, 1.0), (0.6791126942494543, 1.0)),
]
BOTH = pytest.mark.parametrize("interval", [jeffreys_interval, agresti_coull_interval])


@pytest.mark.parametrize(("count", "total", "confidence", "jeffreys", "agresti_coull"), PUBLISHED)
def test_intervals_are_those_of_another_library(count, total, confidence, jeffreys, agresti_coull):
    assert jeffreys_interval(count, total, confidence=confidence) == pytest.approx(jeffreys, rel=1e-12)
    assert agresti_coull_interval(count, total, confidence=confidence) == pytest.approx(
        agresti_coull, rel=1e-12
    )


@BOTH
def test_nothing_out_of_nothing_excludes_nothing(interval):
    assert interval(0, 0) == (0.0, 1.0)


@BOTH
def test_arrays_broadcast_and_give_the_same_as_one_by_one(interval):
    low, high = interval([[0], [2], [5]], [5, 7])
    assert low.shape == high.shape == (3, 2)
    for row, count in enumerate([0, 2, 5]):
        for column, total in enumerate([5, 7]):
            assert (low[row, column], high[row, column]) == interval(count, total)


@BOTH
def test_not_having_the_property_is_the_mirror_image(interval):
    low, high = interval(np.arange(13), 12.0)
    other_low, other_high = interval(12 - np.arange(13), 12.0)
    assert low == pytest.approx(1 - other_high)
    assert high == pytest.approx(1 - other_low)


def test_agresti_and_coulls_interval_holds_wilsons():
    counts = np.arange(31)
    low, high = agresti_coull_interval(counts, 30)
    narrow_low, narrow_high = wilson_interval(counts, 30)
    assert (low <= narrow_low + 1e-12).all()
    assert (high >= narrow_high - 1e-12).all()


@pytest.mark.parametrize(
    ("interval", "least", "most"), [(jeffreys_interval, 0.94, 0.96), (agresti_coull_interval, 0.95, 0.97)]
)
def test_they_hold_about_as_often_as_they_say(interval, least, most):
    # Brown, Cai and DasGupta (2001), figures 5 and 6: on average over shares, n = 50.
    counts, shares = np.arange(51), np.linspace(0.005, 0.995, 397)
    low, high = interval(counts, 50)
    held = [binom.pmf(counts, 50, p)[(low <= p) & (p <= high)].sum() for p in shares]
    assert least <= np.mean(held) <= most


@BOTH
@pytest.mark.parametrize(("count", "total"), [(-1, 3), (4, 3), (np.nan, 3), (1, np.nan)])
def test_impossible_counts_are_refused(interval, count, total):
    with pytest.raises(InputRefusedError, match="count <= total"):
        interval(count, total)
