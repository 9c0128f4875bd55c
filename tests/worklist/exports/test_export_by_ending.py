import csv
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.worklist.build import WORKLIST_SCHEMA
from triage.worklist.exports import ENDINGS, export, export_all, export_table
from triage.worklist.exports.columns import COLUMNS


def cases_in(path):
    """Read the case ids back, in order, by the tool that would read such a file."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row["case_id"] for row in csv.DictReader(file)]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        header, *rows = sheet.iter_rows(values_only=True)
        return [row[header.index("case_id")] for row in rows]
    if path.suffix == ".parquet":
        return pq.read_table(path)["case_id"].to_pylist()
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line)["case_id"] for line in text.splitlines()]
    if path.name.endswith(".coop.json"):
        return [item["id"] for item in json.loads(text)["items"]]
    block = text.split('id="content">')[1].split("</script>")[0]
    column = json.loads(block)["columns"]["case_id"]
    return [column["words"][at] for at in column["at"]]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_file_holds_every_case_once_in_the_order_of_the_list(ending, worklist, tmp_path):
    path = tmp_path / f"list{ending}"
    export(worklist, path)
    assert cases_in(path) == worklist.table["case_id"].to_pylist()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_list_gives_the_same_bytes(ending, worklist, tmp_path):
    one, other = tmp_path / f"one{ending}", tmp_path / f"other{ending}"
    export(worklist, one)
    export(worklist, other)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_list_is_written_too(ending, worklist, tmp_path):
    worklist.table = worklist.table.slice(0, 0)
    path = tmp_path / f"list{ending}"
    export(worklist, path)
    assert cases_in(path) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_there_is_not_replaced_unless_asked(ending, worklist, tmp_path):
    path = tmp_path / f"list{ending}"
    path.write_text("mine")
    with pytest.raises(OutputExistsError):
        export(worklist, path)
    assert path.read_text() == "mine"
    export(worklist, path, force=True)
    assert cases_in(path)[0] == worklist.table["case_id"][0].as_py()
    assert list(tmp_path.iterdir()) == [path]


def test_a_list_without_the_later_columns_is_written_as_well(worklist, tmp_path):
    worklist.table = worklist.table.select(WORKLIST_SCHEMA.names[:21])
    for ending in ENDINGS:
        export(worklist, tmp_path / f"list{ending}")
        assert len(cases_in(tmp_path / f"list{ending}")) == worklist.table.num_rows


def test_another_ending_is_refused_with_those_that_can_be_written(worklist, tmp_path):
    with pytest.raises(InputRefusedError, match=r"\.csv, \.xlsx, \.jsonl, \.parquet, \.coop\.json, \.html"):
        export(worklist, tmp_path / "list.docx")


def test_the_ending_may_be_in_capitals(worklist, tmp_path):
    export(worklist, tmp_path / "LIST.CSV")
    assert len((tmp_path / "LIST.CSV").read_bytes()) > 0


def test_any_table_goes_to_the_files_for_tables(tmp_path):
    table = pa.table({"case_id": ["a", "=1"], "count": [1, None], "fund": [True, False]})
    for ending in (".csv", ".xlsx", ".jsonl", ".parquet"):
        export_table(table, tmp_path / f"claims{ending}", title="Claims")
        assert len(cases_in(tmp_path / f"claims{ending}")) == 2
    assert openpyxl.load_workbook(tmp_path / "claims.xlsx").sheetnames == ["Claims", "About"]
    with pytest.raises(InputRefusedError, match=r"\.csv"):
        export_table(table, tmp_path / "claims.html")


def test_every_column_of_the_list_is_explained():
    assert set(WORKLIST_SCHEMA.names) <= set(COLUMNS)


def test_the_page_for_analysts_explains_each_column_as_the_files_do():
    told = (Path(__file__).parents[3] / "docs" / "worklist.md").read_text(encoding="utf-8")
    assert [name for name, says in COLUMNS.items() if f"| `{name}` | {says} |" not in told] == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_several_files_are_written_in_one_go_as_each_alone(worklist, tmp_path, jobs):
    names = [f"list{ending}" for ending in (".csv", ".jsonl", ".parquet", ".coop.json", ".html")]
    told = []
    export_all(worklist, [tmp_path / name for name in names], written=told.append, jobs=jobs)
    assert told == [tmp_path / name for name in names]
    for name in names:
        export(worklist, tmp_path / f"alone-{name}")
        assert (tmp_path / name).read_bytes() == (tmp_path / f"alone-{name}").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_of_several_files_none_is_left_where_the_rows_cannot_be_made(worklist, tmp_path, jobs):
    good = worklist.blocks()

    def failing():
        yield good[0]
        raise ValueError

    worklist.blocks = failing
    paths = [tmp_path / f"list{ending}" for ending in (".csv", ".xlsx", ".html")]
    with pytest.raises(ValueError, match=r"^$"):
        export_all(worklist, paths, jobs=jobs)
    assert list(tmp_path.iterdir()) == []
