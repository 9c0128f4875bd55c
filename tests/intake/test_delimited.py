"""Delimited text: every line is a row or is named, wherever blocks are cut."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.intake import delimited
from triage.intake.delimited import HEADER, NUL, QUOTE, TOO_LONG, read_lines
from triage.intake.header import UnreadableHeaderError, as_utf8, find_encoding, read_header


def read(content: bytes, cut: int = 10**9):
    """Return the rows with their lines, the broken lines, and how many are blank."""
    content = b"".join(as_utf8([content], find_encoding(content)))
    header = read_header(content)
    blocks = [content[at : at + cut] for at in range(0, len(content), cut)]
    rows, broken, blank = [], [], 0
    for lines in read_lines(blocks, header):
        columns = [column.to_pylist() for column in lines.table.columns]
        rows += list(zip(lines.numbers.tolist(), *columns, strict=True))
        broken += lines.broken
        blank += lines.blank
        assert len(lines.hashes) == len(lines.numbers) == lines.table.num_rows
    return rows, sorted(broken), blank


def test_fields_in_quotes_may_hold_separators_breaks_and_quotes():
    rows, broken, _ = read(b'a;b\n1;"x;y"\n2;"line\none\n"\n3;"say ""so"""\n')
    assert rows == [(2, "1", "x;y"), (3, "2", "line one "), (6, "3", 'say "so"')]
    assert broken == []


def test_a_stray_quote_takes_its_own_line_and_no_other():
    lines = [b"a,b", *(f"{i},x".encode() for i in range(2, 40))]
    lines[9], lines[29] = b'"10,x', b'30,x"'
    rows, broken, _ = read(b"\n".join(lines))
    assert broken == [(10, QUOTE)]
    assert [row[0] for row in rows] == [line for line in range(2, 40) if line != 10]


def test_the_header_again_and_a_zero_byte_are_no_rows():
    _, broken, _ = read(b"a,b\n1,2\na,b\n3,\x004\n")
    assert broken == [(3, HEADER), (4, NUL)]


@pytest.mark.parametrize("cut", [7, 64, 10**6])
def test_an_endless_line_is_one_broken_line(monkeypatch, cut):
    monkeypatch.setattr(delimited, "MOST_ROW_BYTES", 100)
    rows, broken, _ = read(b"a,b\n1,2\n" + b"x" * 1000 + b"\n3,4\n" + b"y" * 1000, cut)
    assert broken == [(3, TOO_LONG), (5, TOO_LONG)]
    assert [row[0] for row in rows] == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_of_offices_give_the_same_rows(encoding):
    content = "naam,plaats\r\nJosé,Zürich\r\n".encode(encoding)
    assert read(content) == ([(2, "José", "Zürich")], [], 0)


def test_lines_of_separators_hold_nothing():
    assert read(b"a;b\n;\n1;2\n\n;;;\n") == ([(3, "1", "2")], [], 3)


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "no header"), (b"\n \n", "no header"), (b'a,"b\n1,2\n', "not closed"), (b"," * 5000, "columns")],
)
def test_a_text_without_a_header_says_why(content, found):
    with pytest.raises(UnreadableHeaderError, match=found):
        read_header(content)


_TEXT = st.text(alphabet='ab1"",;\n\r\x00 é', max_size=60)


@given(_TEXT, st.integers(1, 40))
@settings(deadline=None, max_examples=300)
def test_where_blocks_are_cut_changes_nothing_and_no_line_is_lost(text, cut):
    content = ("a,b\n" + text).encode()
    rows, broken, blank = read(content)
    assert read(content, cut) == (rows, broken, blank)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = {row[0] for row in rows} | {line for line, _ in broken}
    assert len(starts) == len(rows) + len(broken)
    # What is neither is blank, or inside quotation marks that began above.
    silent = [n for n, line in enumerate(lines, 2) if n not in starts and line.strip('", \t')]
    spanning = {line for line, *fields in rows if any(" " in field for field in fields)}
    assert all(any(start < n for start in spanning) for n in silent)


@given(st.lists(st.tuples(*[st.text(alphabet="ab\",;\n é'", max_size=8)] * 2), max_size=12))
@settings(deadline=None, max_examples=150)
def test_what_a_csv_writer_writes_comes_back(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("first", "second"), *table])
    rows, broken, blank = read(path.read_bytes())
    assert broken == []
    given = [tuple(field.replace("\n", " ") for field in row) for row in table]
    assert [row[1:] for row in rows] == [row for row in given if any(field.strip('", \t') for field in row)]
    assert blank >= 0
