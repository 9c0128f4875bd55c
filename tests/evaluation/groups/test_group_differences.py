import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from triage.errors import InputRefusedError
from triage.evaluation.groups.differences import fisher_p_value, round_to_null
from triage.evaluation.multiplicity import adjust_holm
from triage.evaluation.proportions import newcombe_interval

# Newcombe (1998), table II, method 10, as printed; the cases are his (a) to (h).
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]
# statsmodels 0.15.0, confint_proportions_2indep(..., method="newcomb", compare="diff", alpha=0.1).
STATSMODELS_90 = [
    ((56, 70, 48, 80), (0.07656419154407207, 0.31364458358294384)),
    ((5, 56, 0, 29), (-0.007255069182513882, 0.17229044004724364)),
    ((84, 101, 89, 105), (-0.10107666258717746, 0.06861398924919247)),
]


@pytest.mark.parametrize(("counts", "published"), NEWCOMBE)
def test_the_interval_is_that_of_newcombes_table(counts, published):
    assert newcombe_interval(*counts) == pytest.approx(published, abs=5.1e-5)


@pytest.mark.parametrize(("counts", "ends"), STATSMODELS_90)
def test_the_interval_is_that_of_another_library_at_another_level(counts, ends):
    assert newcombe_interval(*counts, confidence=0.9) == pytest.approx(ends, rel=1e-12)


def test_turning_the_samples_round_turns_the_interval_round():
    low, high = newcombe_interval([3, 9], [20, 10], [5, 3], [9, 10])
    turned_low, turned_high = newcombe_interval([5, 3], [9, 10], [3, 9], [20, 10])
    assert low == pytest.approx(-turned_high)
    assert high == pytest.approx(-turned_low)


def test_impossible_counts_are_refused():
    with pytest.raises(InputRefusedError, match="count <= total"):
        newcombe_interval(4, 3, 1, 2)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.data())
def test_fishers_p_value_is_scipys(total, other_total, data):
    count = data.draw(st.integers(0, total))
    other = data.draw(st.integers(0, other_total))
    table = [[count, total - count], [other, other_total - other]]
    assert fisher_p_value(count, total, other, other_total) == pytest.approx(
        fisher_exact(table).pvalue, rel=1e-9
    )


def test_fishers_p_value_is_that_of_r_even_far_out():
    # R 4.2: fisher.test(matrix(c(7, 13, 22, 18), 2))$p.value and fisher.test(matrix(c(532, 1369, 684, 630), 2))
    assert fisher_p_value(7, 29, 13, 31) == pytest.approx(0.177222714586062, rel=1e-12)
    assert fisher_p_value(532, 1216, 1369, 1999) == pytest.approx(2.15273021281843e-43, rel=1e-9)


def test_holm_is_that_of_another_library():
    # statsmodels 0.15.0, multipletests(p, method="holm")
    adjusted = adjust_holm([0.001, 0.04, 0.03, 0.005, 0.5, 0.012])
    assert adjusted == pytest.approx([0.006, 0.09, 0.09, 0.025, 0.5, 0.048], rel=1e-12)


def test_a_test_that_was_not_made_does_not_count():
    assert adjust_holm([0.02, np.nan, 0.03]) == pytest.approx([0.04, np.nan, 0.04], nan_ok=True)


@given(st.floats(0, 1), st.floats(0.5, 50), st.floats(0, 1), st.floats(0.5, 50))
def test_rounding_never_makes_a_difference_larger(share, trials, other, other_trials):
    table = round_to_null(share, trials, other, other_trials)
    if table is None:
        return
    count, total, other_count, other_total = table
    difference = count / total - other_count / other_total
    assert abs(difference) <= abs(share - other) + 1e-7
    assert difference * (share - other) > 0
    assert total <= trials + 1e-6
    assert other_total <= other_trials + 1e-6


def test_whole_counts_stay_as_they_are():
    assert round_to_null(7 / 29, 29.0, 13 / 31, 31.0) == (7, 29, 13, 31)
