"""Intervals and tests for two shares of the same cases, against published tables and R."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from triage.errors import InputRefusedError
from triage.evaluation.comparison.paired import mcnemar_test, newcombe_paired_interval, tango_interval


# Fagerland, Lydersen, Laake (2017), Statistical Analysis of Contingency Tables, chapter 8, and their R package
# contingencytables: Tango_asymptotic_score_CI_paired_2x2(rbind(c(both, first), c(second, neither))) and
# Newcombe_square_and_add_CI_paired_2x2(...). First two: Bentur et al. 2009, Cavo et al. 2012; third: the
# contact lens trial of Tango (1998).
@pytest.mark.parametrize(
    ("cells", "tango", "newcombe"),
    [
        ((1, 1, 7, 12), (-0.517, -0.026), (-0.507, -0.0256)),
        ((59, 6, 16, 80), (-0.124, -0.00543), (-0.119, -0.00463)),
        ((43, 0, 1, 0), (-0.118, 0.0594), (-0.118, 0.0597)),
        ((30, 0, 0, 14), (-0.0803, 0.0803), (-0.0517, 0.0517)),
        ((0, 29, 0, 25), (0.406, 0.663), (0.390, 0.663)),
    ],
)
def test_both_intervals_are_the_published_ones(cells, tango, newcombe):
    both, first, second, neither = cells
    found = tango_interval(first, second, sum(cells))
    assert [float(end) for end in found] == pytest.approx(tango, abs=6e-4)
    assert newcombe_paired_interval(both, first, second, neither) == pytest.approx(newcombe, abs=6e-4)


# R, with the share under d found by maximising the likelihood numerically instead of by Tango's formula:
# stat <- function(d) { q <- optimize(function(q) b*log(q+d) + c*log(q) + (n-b-c)*log(1-2*q-d),
#   c(max(0,-d), (1-d)/2), maximum=TRUE, tol=1e-14)$maximum; (b-c-n*d)/sqrt(n*(2*q+d*(1-d))) }
# uniroot(function(d) stat(d) - z, c(-1+1e-9, (b-c)/n), tol=1e-12), and stat(d) + z above.
@pytest.mark.parametrize(
    ("counts", "ends"),
    [
        ((1, 7, 21), (-0.517232277271276, -0.026003030283281)),
        ((6, 16, 161), (-0.1240234324530378, -0.0054333948131642)),
        ((40, 20, 160), (0.030864533670318, 0.218064244174573)),
        ((14, 5, 210), (0.0023987580678617, 0.0884841613201477)),
    ],
)
def test_tango_inverts_the_score_test(counts, ends):
    assert [float(end) for end in tango_interval(*counts)] == pytest.approx(ends, abs=1e-8)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.floats(0.5, 0.99))
def test_changing_places_changes_the_sign(b, c, rest, confidence):
    n = b + c + rest
    low, high = tango_interval(b, c, n, confidence=confidence)
    other_low, other_high = tango_interval(c, b, n, confidence=confidence)
    assert low == pytest.approx(-other_high)
    assert high == pytest.approx(-other_low)
    assert -1 <= low <= high <= 1
    if n:
        assert low <= (b - c) / n <= high


def test_without_any_pair_nothing_is_excluded():
    assert tango_interval(0, 0, 0) == (-1, 1)
    assert tango_interval(5, 0, 5)[1] == 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(b, c):
    expected = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_test(b, c).p_value == pytest.approx(expected)


def test_fractional_counts_interpolate():
    below, between, above = (mcnemar_test(2 + part, 8).p_value for part in (0, 0.5, 1))
    assert below < between < above


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (np.nan, 0, 5)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(InputRefusedError, match="paired shares"):
        tango_interval(*counts)


def test_newcombe_refuses_no_cases():
    with pytest.raises(InputRefusedError, match="paired shares"):
        newcombe_paired_interval(0, 0, 0, 0)
