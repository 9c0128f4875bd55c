from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.worklist.build import WORKLIST_SCHEMA
from triage.worklist.export import export_csv

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("x")',
    'a"b',
    "a,b",
    "a;b",
    "line\nbreak",
    "é",
]


def table_of(*case_ids: str) -> pa.Table:
    return pa.Table.from_pylist(
        [{"case_id": case, "score": -1.5} for case in case_ids], schema=WORKLIST_SCHEMA
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_list_opens_in_a_spreadsheet_with_its_text_intact(tmp_path: Path) -> None:
    export_csv(table_of(*HOSTILE), tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert [row["case_id"].removeprefix("'") for row in read(tmp_path / "list.csv")] == HOSTILE


def test_no_cell_of_text_starts_as_a_formula(tmp_path: Path) -> None:
    export_csv(table_of(*HOSTILE), tmp_path / "list.csv")
    assert not [row["case_id"] for row in read(tmp_path / "list.csv") if row["case_id"][0] in "=+-@\t\r"]


def test_negative_score_stays_a_number(tmp_path: Path) -> None:
    export_csv(table_of("a"), tmp_path / "list.csv")
    assert float(read(tmp_path / "list.csv")[0]["score"]) == -1.5


def test_existing_list_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("mine")
    with pytest.raises(OutputExistsError):
        export_csv(table_of("a"), path)
    assert path.read_text() == "mine"
    export_csv(table_of("a"), path, force=True)
    assert read(path)[0]["case_id"] == "a"
    assert list(tmp_path.iterdir()) == [path]


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"\.csv"):
        export_csv(table_of("a"), tmp_path / "list.docx")
