import zipfile
from datetime import UTC, datetime

import openpyxl
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.worklist.exports import export, export_table, workbook


@pytest.fixture
def sheet(worklist, tmp_path):
    export(worklist, tmp_path / "list.xlsx")
    return openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets[0]


def column_of(sheet, name):
    header = [cell.value for cell in sheet[1]]
    return [row[header.index(name)] for row in sheet.iter_rows(min_row=2)]


def test_the_header_stays_in_sight_and_every_column_can_be_filtered(sheet, worklist):
    assert [cell.value for cell in sheet[1]] == worklist.table.column_names
    assert sheet.freeze_panes == "E2"
    assert sheet.auto_filter.ref == sheet.dimensions


def test_numbers_are_numbers_and_dates_are_dates(sheet, worklist):
    assert [cell.value for cell in column_of(sheet, "score")] == worklist.table["score"].to_pylist()
    due = column_of(sheet, "due_at")[0]
    assert due.is_date
    assert due.value.replace(tzinfo=UTC) == datetime(2024, 6, 2, tzinfo=UTC)
    assert "UTC" in due.number_format
    assert column_of(sheet, "due_at")[-1].value is None


def test_each_tier_has_a_colour_of_its_own_beside_its_number(sheet):
    colours = {
        cell.value: cell.fill.fgColor.rgb for cell in column_of(sheet, "tier") if cell.value in {1, 2, 3}
    }
    assert len(set(colours.values())) == 3


def test_no_cell_is_a_formula_or_a_link(hostile, tmp_path):
    export(hostile, tmp_path / "list.xlsx")
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    for sheet in book:
        assert not [cell for row in sheet for cell in row if cell.data_type == "f" or cell.hyperlink]
    ids = [cell.value for cell in column_of(book.worksheets[0], "case_id")]
    assert not [text for text in ids if text.lstrip().startswith(("=", "+", "-", "@"))]
    with zipfile.ZipFile(tmp_path / "list.xlsx") as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    assert not [
        name for name, content in inside.items() if b"<f>" in content or b'Target="http://example' in content
    ]
    assert not [name for name in inside if "externalLink" in name or "vba" in name]


def test_text_comes_back_as_it_was_but_for_the_apostrophe(texts, tmp_path):
    # What no XML can hold is left to the other files.
    held = [text for text in texts if text.isprintable() and text != "_x0041_"]
    export_table(pa.table({"case_id": held}), tmp_path / "list.xlsx")
    back = [
        cell.value
        for cell in column_of(openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets[0], "case_id")
    ]
    assert [text.replace("'", "") for text in back] == [text.replace("'", "") for text in held]


def test_the_second_sheet_says_what_the_list_is(worklist, tmp_path):
    export(worklist, tmp_path / "list.xlsx")
    about = openpyxl.load_workbook(tmp_path / "list.xlsx")["About"]
    said = {row[0]: row[1] for row in about.iter_rows(values_only=True)}
    assert said["alarm"] == "more escalated than can be opened"
    assert said["as_of"] == "2024-06-01T00:00:00Z"
    assert said["synthetic"].startswith("yes")
    assert said["rank"].startswith("Place on the list")


def test_a_text_longer_than_a_cell_is_cut_with_a_mark(tmp_path):
    export_table(pa.table({"reasons": ["a" * 40_000]}), tmp_path / "list.xlsx")
    held = openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets[0]["A2"].value
    assert len(held) == 32_767
    assert held.endswith(" […]")


def test_more_rows_than_a_sheet_holds_are_refused_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(InputRefusedError, match="3 rows"):
        export_table(pa.table({"case_id": ["a", "b", "c"]}), tmp_path / "list.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_title_that_no_sheet_can_have_is_mended(tmp_path):
    for title in ("a[1]:b/c*?", "'", "About", "x" * 60):
        export_table(pa.table({"a": [1]}), tmp_path / "list.xlsx", title=title, force=True)
        assert len(openpyxl.load_workbook(tmp_path / "list.xlsx").sheetnames) == 2
