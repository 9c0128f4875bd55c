"""Texts made in one go are those that would be made one by one."""

from __future__ import annotations

import re
from itertools import count

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.features.catalogue import FEATURES
from triage.features.telling import tell, tell_each
from triage.features.telling.texts import enumerate_texts, look_up, number_rows, say_each, with_commas
from triage.schema.mend import mend_column
from triage.schema.tables import TABLES

# Plus zero, so that minus zero, which equals zero and reads differently, is none of them.
numbers = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, float("nan"), -1.0]),
    st.floats(allow_infinity=False).map(lambda n: n + 0.0),
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)


@given(st.lists(st.tuples(numbers, texts, st.booleans())))
@settings(deadline=None)  # the first call loads what Arrow computes with
def test_each_row_is_told_what_it_would_be_told_alone(rows: list[tuple[float, str, bool]]) -> None:
    columns = [np.array([row[0] for row in rows]), pa.array([row[1] for row in rows], pa.string())]
    told = say_each(lambda *row: repr(row), *columns, np.array([row[2] for row in rows], dtype=bool))
    assert told.to_pylist() == [repr(row) for row in rows]


def test_words_are_made_once_for_rows_that_are_alike() -> None:
    made = count()
    told = say_each(lambda _one, _other: str(next(made)), [5, 5, 7, 5], ["a", "a", "a", "b"])
    assert told.to_pylist() == ["0", "0", "1", "2"]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None]))))
def test_rows_have_one_number_exactly_where_they_are_alike(rows: list[tuple[int, str | None]]) -> None:
    which, first = number_rows(
        pa.array([row[0] for row in rows], pa.int64()), pa.array([row[1] for row in rows], pa.string())
    )
    distinct = list(dict.fromkeys(rows))
    assert [distinct[number] for number in which.tolist()] == rows
    assert first.tolist() == [rows.index(row) for row in distinct]


@given(st.lists(st.integers(0, 10**12)))
def test_numbers_have_their_commas(values: list[int]) -> None:
    written = with_commas(np.array(values, dtype=np.int64)).to_pylist()
    assert written == [f"{value:,}" for value in values]


@given(st.lists(st.lists(texts, max_size=4)))
def test_texts_of_a_case_are_joined_in_order(cases: list[list[str]]) -> None:
    flat = pa.array([text for case in cases for text in case], pa.string())
    joined = enumerate_texts(flat, np.array([len(case) for case in cases], dtype=np.int64), "; ")
    assert joined.to_pylist() == ["; ".join(case) for case in cases]


@given(st.lists(texts), st.dictionaries(texts, texts))
def test_what_is_not_known_stands_for_itself(asked: list[str], known: dict[str, str]) -> None:
    found = look_up(pa.array(asked, pa.string()), known, "?")
    assert found.to_pylist() == [known.get(text, "?") for text in asked]


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_sentences_of_many_cases_are_those_of_each(name: str) -> None:
    values = np.array([-1.0, 9.96, 1.04, 2.0, 37.5, np.nan, 1234.5, 0.0])
    if FEATURES[name].is_flag:
        values = np.array([-1.0, 0.0, 1.0, 0.0, 1.0, -1.0, 1.0, 0.0])
    facts = ["", "2 of 3", "2 of 3", "", "{}", "on 2024-01-01", "other", ""]
    told = tell_each(name, values, pa.array(facts)).to_pylist()
    assert told == [tell(name, value, fact) for value, fact in zip(values.tolist(), facts, strict=True)]


@given(st.lists(st.one_of(st.none(), st.text("aZ9._:-/ \n\xe9", max_size=70))), st.integers(0, 2))
def test_one_look_at_all_bytes_finds_what_a_pattern_finds(values: list[str | None], start: int) -> None:
    """A sliced column too: its bytes begin elsewhere."""
    raw = pa.array(values, pa.string())[start:]
    mended, bad = mend_column(raw, TABLES["reports"]["report_id"])
    for before, after, wrong in zip(raw.to_pylist(), mended.to_pylist(), bad.tolist(), strict=True):
        plain = (before or "").strip()
        right = bool(re.fullmatch(r"[A-Za-z0-9._:\-]{1,64}", plain))
        assert after == (plain if right else None)
        assert wrong == bool(plain and not right)
