from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.features.kernels import any_where, count_distinct, count_where, largest, smallest, sum_of

_ROWS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.booleans(),
        st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)),
        st.integers(-2, 4),
    ),
    max_size=40,
).map(sorted)
N = 7


@given(_ROWS)
def test_segment_sums_are_what_a_loop_over_cases_gives(rows: list[tuple[int, bool, float, int]]) -> None:
    position = np.array([row[0] for row in rows], dtype=np.int64)
    mask = np.array([row[1] for row in rows], dtype=bool)
    values = np.array([row[2] for row in rows], dtype=np.float64)
    codes = np.array([row[3] for row in rows], dtype=np.int64)
    for case in range(N):
        own = [row for row in rows if row[0] == case]
        known = [row[2] for row in own if row[2] == row[2]]
        assert count_where(mask, position, N)[case] == sum(row[1] for row in own)
        assert any_where(mask, position, N)[case] == any(row[1] for row in own)
        np.testing.assert_equal(largest(values, position, N)[case], max(known, default=np.nan))
        np.testing.assert_equal(smallest(values, position, N)[case], min(known, default=np.nan))
        assert count_distinct(codes, position, N)[case] == len({row[3] for row in own if row[3] >= 0})
        plain = sum((0.0 if row[2] != row[2] else row[2] for row in own), 0.0)
        total = sum_of(np.nan_to_num(values), position, N)[case]
        assert total == pytest.approx(plain, abs=1e-6)


def test_distinct_values_are_counted_in_any_order_and_of_any_whole_number() -> None:
    position = np.array([0, 0, 0, 0, 2, 2])
    for kind in (np.int16, np.int32, np.int64):
        values = np.array([3, 1, 3, -1, 3, 3], dtype=kind)
        assert count_distinct(values, position, 3).tolist() == [2.0, 0.0, 1.0]


@pytest.mark.parametrize("kernel", [count_where, any_where])
def test_no_rows_mark_nothing(kernel) -> None:
    nothing = kernel(np.array([], dtype=bool), np.array([], dtype=np.int64), 2)
    assert nothing.tolist() == [0, 0]


def test_no_rows_have_no_values() -> None:
    values, position = np.array([]), np.array([], dtype=np.int64)
    assert sum_of(values, position, 2).tolist() == [0.0, 0.0]
    assert np.isnan(largest(values, position, 2)).all()
    assert np.isnan(smallest(values, position, 2)).all()
    assert count_distinct(position, position, 2).tolist() == [0.0, 0.0]
