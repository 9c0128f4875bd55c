from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema.part import Part


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
        ({"reports": "report_id\nr1\n", "files": "report_id\nr1\n"}, "no column file_id"),
    ],
    ids=[
        "empty folder",
        "no reports",
        "empty file",
        "double column",
        "an image",
        "no key",
        "no key in files",
    ],
)
def test_what_cannot_be_read_is_refused_with_the_next_step(
    tmp_path: Path, now: datetime, files: dict[str, str | bytes], found: str
) -> None:
    folder = write(tmp_path / "in", **files)
    with pytest.raises(InputRefusedError, match=found) as caught:
        read(folder, now)
    assert caught.value.where
    assert caught.value.mend


def test_path_that_is_no_folder_is_refused(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "x.xml").write_text("<report/>")
    with pytest.raises(InputRefusedError, match="triage import"):
        open_any(tmp_path / "x.xml", now)
    with pytest.raises(InputRefusedError, match="check the path"):
        open_any(tmp_path / "nowhere", now)
