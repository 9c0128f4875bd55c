"""JSON from strangers: limits hold before memory is filled, and what is odd is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.documents import Document, Unreadable
from triage.intake.json_reading import names_in
from triage.intake.json_values import BAD_ENCODING, BAD_NUMBER, SAME_NAME, parse_json
from triage.intake.limits import Limits

_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**28), 10**28),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inside: st.one_of(
        st.lists(inside, max_size=4), st.dictionaries(st.text("abcxyz", max_size=3), inside, max_size=4)
    ),
)


def parse(content, **limits):
    told = []
    return parse_json(content, Limits(**limits), told.append), told


def depth_of(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth_of, inside), default=0)


def size_of(value):
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    # A container counts for itself and for its members but the first.
    return 0 if inside is None else 1 + max(0, len(inside) - 1) + sum(map(size_of, inside))


@given(_VALUES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_what_was_written_is_read(value, encoding):
    assert parse(json.dumps(value, ensure_ascii=False).encode(encoding, "surrogatepass")) == (value, [])


@given(_VALUES)
def test_the_limits_are_exact(value):
    content, depth, size = json.dumps(value).encode(), depth_of(value), size_of(value)
    parse(content, depth=depth, nodes=size)
    for name, limit in (("depth", depth), ("nodes", size)):
        if limit:
            with pytest.raises(Unreadable):
                parse(content, **{name: limit - 1})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b'"',
        b'{"a":}',
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1}}',
        b"\xff\xfe{",
        b'{"a": 1} // x',
        b"\x00" * 8,
    ],
)
def test_what_is_no_json_is_unreadable(content):
    with pytest.raises(Unreadable):
        parse(content)


def test_brackets_and_quotation_marks_inside_texts_do_not_count():
    text = '[[[[{{{{,,,,"\\' * 50
    assert parse(json.dumps({"a": text}).encode(), depth=1, nodes=1) == ({"a": text}, [])


def test_limits_hold_over_pieces_of_a_large_document():
    # A list of 400,000 texts is more than one piece of what is measured at once.
    content = json.dumps(["["] * 400_000).encode()
    assert len(parse(content)[0]) == 400_000
    with pytest.raises(Unreadable, match="values"):
        parse(content, nodes=399_999)
    with pytest.raises(Unreadable, match="nested"):
        parse(content[:-1] + b"," + b"[" * 60 + b"]" * 60 + b"]")


def test_depth_beyond_what_the_parser_bears_is_unreadable():
    with pytest.raises(Unreadable):
        parse(b"[" * 200_000 + b"]" * 200_000, depth=10**9)


def test_a_number_that_is_none_is_unknown_and_told():
    for written in (b"NaN", b"-Infinity", b"1e999", b"9" * 5_000):
        assert parse(b'{"a": ' + written + b', "b": 1}') == ({"a": None, "b": 1}, [BAD_NUMBER])


def test_of_a_name_that_stands_twice_the_last_that_says_something_counts():
    assert parse(b'{"A_b": 1, "ab": 2, "AB": null}') == ({"ab": 2}, [SAME_NAME])


def test_another_encoding_is_read_and_told():
    assert parse('{"a": "é"}'.encode("latin-1")) == ({"a": "é"}, [BAD_ENCODING])


def test_names_are_found_at_any_depth_and_not_inside_texts():
    content = b'{"a": [{"reported_Persons" : 1}], "b": "\\"hidden\\": 1", "c": {}}'
    assert names_in(Document.of("x", content)) == {"a", "reportedpersons", "b", "c"}
    assert names_in(Document.of("x", b'<a b="c">"d": 1</a>')) == frozenset()
