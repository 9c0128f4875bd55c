from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triage.schema import keys
from triage.schema.keys import find_repeats
from triage.schema.tables import TABLES

LENGTHS = st.integers(1, 64)
LETTERS = "abAB01._:-"


def tokens(length: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.text(LETTERS, min_size=length, max_size=length), max_size=40)


def find(ids: list[str], first: int = 0) -> list[int]:
    """Return which of some files share their id, of a slice of a longer column."""
    table = pa.table({"file_id": pa.array(ids, pa.string())}).slice(first)
    return find_repeats(table, TABLES["files"]).shared.tolist()


@settings(deadline=None)
@given(LENGTHS.flatmap(tokens), st.integers(0, 3))
@example(["aaaaaaaab", "aaaaaaaaa"], 0)
def test_ids_of_one_length_repeat_exactly_where_a_set_says_so(ids: list[str], first: int) -> None:
    left = ids[first:]
    assert find(ids, first) == [row for row, one in enumerate(left) if left.count(one) > 1]


@settings(deadline=None)
@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=40))
def test_ids_of_many_lengths_repeat_exactly_where_a_set_says_so(ids: list[str]) -> None:
    assert find(ids) == [row for row, one in enumerate(ids) if ids.count(one) > 1]


def test_equal_hashes_are_no_equal_ids(monkeypatch) -> None:
    monkeypatch.setattr(keys, "_hash_texts", lambda texts: np.zeros(len(texts), dtype=np.uint64))
    assert find(["aa", "ab", "ac"]) == []
    assert find(["aa", "ab", "aa"]) == [0, 2]
