import csv
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.worklist.exports import export_csv
from triage.worklist.exports.csv_file import neutralise, neutralise_text

FORMULA = re.compile(r"[\s\u00a0\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def read(path, delimiter=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_letters_of_all_kinds_come_back(texts, tmp_path):
    export_csv(pa.table({"case_id": texts}), tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = [row["case_id"] for row in read(tmp_path / "list.csv")]
    assert [text.replace("'", "") for text in back] == [text.replace("'", "") for text in texts]


def test_no_cell_begins_as_a_formula(hostile, text_columns, tmp_path):
    export_csv(hostile.table, tmp_path / "list.csv")
    rows = read(tmp_path / "list.csv")
    assert not [row[name] for row in rows for name in text_columns if FORMULA.match(row[name])]


@given(st.text(st.sampled_from("=+-@;,|\t\n a1'\u00a0\u200b\uff1d\"")))
def test_no_text_begins_a_formula_whichever_delimiter_a_spreadsheet_expects(text):
    harmless = neutralise(pa.table({"x": [text]}))["x"][0].as_py()
    assert harmless.replace("'", "") == text.replace("'", "")
    pieces = [harmless, *re.split(r"[;,\t\r\n|]", harmless)]
    assert not [piece for piece in pieces if piece and FORMULA.match(piece)]


@given(st.text(st.characters(codec="utf-8")))
def test_text_without_such_signs_stays_as_it_is(text):
    plain = re.sub(r"[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]+", "", text)
    assert neutralise(pa.table({"x": [plain]}))["x"][0].as_py() == plain


_texts = st.text(st.sampled_from("=+-@;,|\t\r\n a1'\u00a0\u200b\uff1d\uff0b\uff0d\uff20\u4e00"), max_size=3)


@given(st.lists(st.one_of(st.none(), _texts), max_size=6), st.integers(0, 5), st.integers(0, 6))
def test_rows_without_such_signs_are_passed_over_alone(texts, start, size):
    some = pa.table({"x": pa.array(texts, pa.string())}).slice(start, size)
    each = [neutralise_text(pa.array([text], pa.string()))[0].as_py() for text in some["x"].to_pylist()]
    assert neutralise(some)["x"].to_pylist() == each


def test_a_negative_score_stays_a_number(tmp_path):
    export_csv(pa.table({"score": [-1.5]}), tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_text(encoding="utf-8-sig") == '"score"\n-1.5\n'


def test_a_semicolon_goes_with_a_decimal_comma(tmp_path):
    table = pa.table({"case_id": ["a;b"], "score": [-1.5], "reports": [3], "probability": [None]})
    export_csv(
        table.set_column(3, "probability", pa.array([None], pa.float64())),
        tmp_path / "list.csv",
        delimiter=";",
    )
    assert (tmp_path / "list.csv").read_text(encoding="utf-8-sig") == (
        '"case_id";"score";"reports";"probability"\n"a;b";"-1,5";3;\n'
    )


def test_other_delimiters_and_endings_are_refused(tmp_path):
    table = pa.table({"case_id": ["a"]})
    with pytest.raises(InputRefusedError, match="delimiter"):
        export_csv(table, tmp_path / "list.csv", delimiter="\t")
    with pytest.raises(InputRefusedError, match=r"\.csv"):
        export_csv(table, tmp_path / "list.docx")
    assert list(tmp_path.iterdir()) == []
