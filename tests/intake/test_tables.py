from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist
from triage.worklist.policy import Capacity


def write(folder: Path, **files: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(folder: Path, now: datetime) -> Part:
    (part,) = open_any(folder, now).parts()
    return part


def test_folder_of_csv_files_becomes_cases(tmp_path: Path, now: datetime) -> None:
    part = read(
        write(
            tmp_path / "in",
            reports="report_id,received_at,channels\nr1,2024-03-01T10:00:00Z,chat|web\nr2,2024-03-02,\n",
            persons="person_id,report_id,role\np,r1,reported\np,r2,reported\n",
        ),
        now,
    )
    assert part.cases.to_pylist() == ["r1"]
    assert part.tables["reports"]["channels"].to_pylist() == [["chat", "web"], None]
    assert part.set_aside.num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        "report_id;incident_type\nr1;csam\n",
        '"report_id","incident_type"\n"r1","csam"\n',
        "\ufeffreport_id,incident_type\r\nr1,csam\r\n",
        " report_id , incident_type \n r1 , csam \n",
    ],
    ids=["semicolons", "quotes", "byte-order-mark", "blanks"],
)
def test_csv_as_offices_write_it_is_read(tmp_path: Path, now: datetime, text: str) -> None:
    part = read(write(tmp_path / "in", reports=text), now)
    assert part.tables["reports"]["report_id"].to_pylist() == ["r1"]
    assert part.tables["reports"]["incident_type"].to_pylist() == ["csam"]


def test_line_with_too_few_fields_is_set_aside_with_its_row(tmp_path: Path, now: datetime) -> None:
    part = read(write(tmp_path / "in", reports="report_id,incident_type\nr1,csam\nr2\nr3,csam\n"), now)
    assert part.tables["reports"]["report_id"].to_pylist() == ["r1", "r3"]
    (row,) = part.set_aside.to_pylist()
    assert (row["table"], row["row"]) == ("reports", 2)
    assert any(finding.row == 2 for finding in part.findings)


def test_file_that_is_no_utf8_still_gives_its_codes(tmp_path: Path, now: datetime) -> None:
    part = read(
        write(tmp_path / "in", reports="report_id,incident_type\nr1,csam\nr2,caf\xe9\n".encode("latin-1")),
        now,
    )
    assert part.tables["reports"]["incident_type"].to_pylist() == ["csam", None]


def test_file_of_no_table_is_not_read_and_told(tmp_path: Path, now: datetime) -> None:
    part = read(write(tmp_path / "in", reports="report_id\nr1\n", suspects="name\nx\n"), now)
    assert [finding.where for finding in part.findings if "no canonical table" in finding.found] == [
        "suspects.csv"
    ]


def test_batch_of_no_rows_is_a_batch(tmp_path: Path, now: datetime) -> None:
    assert len(read(write(tmp_path / "in", reports="report_id\n"), now).cases) == 0


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "neither batch.json nor reports.csv"),
        ({"persons": "person_id\n"}, "neither batch.json nor reports.csv"),
        ({"reports": ""}, "no header"),
        ({"reports": "report_id,report_id\nr1,r1\n"}, "stands twice"),
        ({"reports": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"}, "no column report_id"),
        ({"reports": "id\nr1\n"}, "no column report_id"),
        ({"reports": "report_id\nr1\n", "files": "file_id\nf1\n"}, "no column report_id"),
        ({"reports": "report_id\nr1\n".encode("utf-16")}, "UTF-16"),
        ({"reports": 'report_id,"\nr1,x\n'}, "quote in the header"),
    ],
    ids=[
        "empty folder",
        "no reports",
        "empty file",
        "double column",
        "an image",
        "no key",
        "no key in files",
        "UTF-16",
        "quote in the header",
    ],
)
def test_what_cannot_be_read_is_refused_with_the_next_step(
    tmp_path: Path, now: datetime, files: dict[str, str | bytes], found: str
) -> None:
    folder = write(tmp_path / "in", **files)
    with pytest.raises(InputRefusedError, match=found) as caught:
        read(folder, now)
    assert caught.value.where.endswith(("in", "reports.csv", "files.csv"))
    assert any(step in caught.value.mend for step in ("docs/data-dictionary.md", "CSV UTF-8"))


def test_path_that_is_no_folder_is_refused(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "x.xml").write_text("<report/>")
    with pytest.raises(InputRefusedError, match="triage import"):
        open_any(tmp_path / "x.xml", now)
    with pytest.raises(InputRefusedError, match="check the path"):
        open_any(tmp_path / "nowhere", now)


def test_stray_quote_takes_its_own_line_and_no_other(tmp_path: Path, now: datetime) -> None:
    lines = [f"r{i},csam" for i in range(1, 31)]
    lines[9], lines[19] = '"r10,csam', 'r20,csam"'
    part = read(write(tmp_path / "in", reports="\n".join(["report_id,incident_type", *lines])), now)
    assert part.tables["reports"].num_rows == 29
    assert part.tables["reports"]["incident_type"].null_count == 1  # row 20, whose quote opens nothing
    assert part.set_aside["row"].to_pylist() == [10]
    assert set(part.set_aside["why"].to_pylist()) == {"unreadable"}


def test_thousands_of_lines_that_cannot_be_read_take_one_place_on_the_list_which_says_how_many(
    tmp_path: Path, now: datetime
) -> None:
    lines = [
        "r1,csam",
        *(f"r{n},csam,web" for n in range(2, 1501)),
        *(f"no token {n},csam" for n in range(500)),
    ]
    batch = open_any(write(tmp_path / "in", reports="\n".join(["report_id,incident_type", *lines])), now)
    (part,) = batch.parts()
    assert part.tables["reports"].num_rows + part.set_aside.num_rows == len(lines)
    table = build_worklist(batch, load_model("expert"), Capacity(count=5)).table
    assert table["case_id"].to_pylist() == ["reports.csv", "r1"]
    assert table["reports"].to_pylist() == [1999, 1]
    reasons = table["reasons"].to_pylist()[0]
    assert "1,499 records, the first in row 2" in reasons
    assert "500 records, the first in row 1501" in reasons


def test_rows_in_are_rows_out_and_rows_set_aside_whatever_the_quotes(tmp_path: Path, now: datetime) -> None:
    @given(st.lists(st.text(alphabet="r1\",'a b", max_size=12).filter(str.strip), max_size=12))
    @settings(deadline=None, max_examples=80)
    def check(lines: list[str]) -> None:
        folder = write(tmp_path / "in", reports="\n".join(["report_id,incident_type", *lines]))
        part = read(folder, now)
        assert part.tables["reports"].num_rows + part.set_aside.num_rows == len(lines)

    check()


def test_header_in_capitals_is_the_same_header(tmp_path: Path, now: datetime) -> None:
    part = read(write(tmp_path / "in", reports="Report_ID,Incident_Type\nr1,CSAM\n"), now)
    assert part.tables["reports"]["incident_type"].to_pylist() == ["csam"]


def test_escalated_report_whose_clock_runs_ahead_stays_escalated(tmp_path: Path, now: datetime) -> None:
    text = "report_id,received_at,escalated_by_reporter\nr1,2024-06-01T01:59:00,asserted\nr2,2099-01-01,asserted\n"
    batch = open_any(write(tmp_path / "in", reports=text), now)
    worklist = build_worklist(batch, load_model("expert"), Capacity(count=5))
    assert worklist.table["lane"].to_pylist() == ["escalated", "escalated"]
    assert worklist.not_yet_known == 0


def test_child_in_crisis_counts_though_its_row_has_no_name(tmp_path: Path, now: datetime) -> None:
    children = "child_id,report_id,crisis_code\n,r1,in_contact_now\nc,r2,none\nc,r2,missing\n"
    batch = open_any(write(tmp_path / "in", reports="report_id\nr1\nr2\nr3\n", children=children), now)
    worklist = build_worklist(batch, load_model("expert"), Capacity(count=5))
    lanes = dict(zip(worklist.table["case_id"].to_pylist(), worklist.table["lane"].to_pylist(), strict=True))
    assert lanes == {"r1": "escalated", "r2": "escalated", "r3": "ranked"}


def test_times_of_knowing_in_the_future_are_no_times_of_knowing(tmp_path: Path, now: datetime) -> None:
    text = "report_id,known_at,escalated_by_reporter\nr1,2099-01-01,asserted\n"
    batch = open_any(write(tmp_path / "in", reports=text), now)
    worklist = build_worklist(batch, load_model("expert"), Capacity(count=5))
    assert worklist.table["lane"].to_pylist() == ["escalated"]


def test_of_two_reports_of_one_key_the_escalated_counts_whatever_their_order(
    tmp_path: Path, now: datetime
) -> None:
    rows = ["r1,asserted", "r1,"]
    for order in (rows, rows[::-1]):
        part = read(
            write(tmp_path / "in", reports="\n".join(["report_id,escalated_by_reporter", *order])), now
        )
        assert part.tables["reports"]["escalated_by_reporter"].to_pylist() == ["asserted"]
        assert part.set_aside["why"].to_pylist() == ["unreadable"]


def test_identifiers_that_differ_by_what_cannot_be_seen_are_not_the_same(
    tmp_path: Path, now: datetime
) -> None:
    part = read(write(tmp_path / "in", reports=b"report_id,incident_type\nr\x001,csam\nr1,csam\n"), now)
    assert part.tables["reports"]["report_id"].to_pylist() == ["r1"]
    assert part.set_aside["why"].to_pylist() == ["unreadable"]
