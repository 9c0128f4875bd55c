from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from triage.features.kernels import any_where, count_where, largest, smallest

_ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6))),
    max_size=40,
).map(sorted)
N = 7


@given(_ROWS)
def test_segment_sums_are_what_a_loop_over_cases_gives(rows: list[tuple[int, bool, float]]) -> None:
    position = np.array([row[0] for row in rows], dtype=np.int64)
    mask = np.array([row[1] for row in rows], dtype=bool)
    values = np.array([row[2] for row in rows], dtype=np.float64)
    for case in range(N):
        own = [row for row in rows if row[0] == case]
        known = [row[2] for row in own if row[2] == row[2]]
        assert count_where(mask, position, N)[case] == sum(row[1] for row in own)
        assert any_where(mask, position, N)[case] == any(row[1] for row in own)
        np.testing.assert_equal(largest(values, position, N)[case], max(known, default=np.nan))
        np.testing.assert_equal(smallest(values, position, N)[case], min(known, default=np.nan))
