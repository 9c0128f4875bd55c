"""Tables on the command line: with a mapping, with a template, and those that need no import."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import main

SHEET = "Case no;Received;User name;Platform;Notes\n7;2024-03-01;zed;Kik;secret words\n8;2024-03-02;zed;Kik;\n;2024-03-02;x;Kik;\n"


def run(*words: object) -> Result:
    return CliRunner(env={"TRIAGE_KEY": "11" * 32}).invoke(main, [str(word) for word in words])


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(SHEET)
    return path


def test_a_template_imports_the_sheet_it_was_made_for(tmp_path, sheet):
    template = run("import", "--template", sheet)
    assert template.exit_code == 0
    (tmp_path / "my.toml").write_text(template.output, encoding="utf-8")
    out = tmp_path / "B"
    done = run("import", sheet, "--mapping", tmp_path / "my.toml", "--out", out)
    assert "1 case from 1 file" in done.output
    assert "reports: 3 in, 2 read, 1 set aside" in done.output
    # 3: something is set aside, which check and score say again.
    assert run("check", out).exit_code == 3
    assert run("score", out, "--out", tmp_path / "L.csv").exit_code in {0, 3}
    kept = "".join(str(pq.read_table(path).to_pylist()) for path in out.rglob("*.parquet"))
    kept += (out / "batch.json").read_text()
    assert '"mapping": "my-sheet 1"' in (out / "batch.json").read_text()
    assert "zed" not in kept
    assert "secret" not in kept


def test_a_table_that_no_mapping_knows_is_set_aside_with_the_next_step(tmp_path, sheet):
    done = run("import", sheet, "--out", tmp_path / "B")
    assert done.exit_code == 3
    assert "triage import --template" in done.output
    assert "import again with --force" in done.output


def test_a_report_that_nobody_can_read_stands_on_a_list_though_it_came_alone(tmp_path):
    (tmp_path / "broken.xml").write_text("<report><incidentSummary>")
    done = run("import", tmp_path / "broken.xml", "--out", tmp_path / "B")
    assert done.exit_code == 3
    assert "reports: 1 in, 0 read, 1 set aside" in done.output
    assert run("score", tmp_path / "B", "--out", tmp_path / "list.jsonl").exit_code == 3
    (row,) = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text().splitlines()]
    assert (row["rank"], row["lane"], row["tier"], row["reports"]) == (1, "unreadable", 1, 1)
    assert "not well-formed XML" in row["reasons"]


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 an image", b"a letter to somebody"])
def test_what_is_no_report_at_all_makes_no_batch(tmp_path, content):
    (tmp_path / "note").write_bytes(content)
    done = run("import", tmp_path / "note", "--out", tmp_path / "B")
    assert done.exit_code == 4
    assert "none of 1 files holds a report" in done.output
    assert not (tmp_path / "B").exists()


@pytest.mark.parametrize("make", ["folder", "batch"])
def test_canonical_tables_need_no_import(tmp_path, make):
    folder = tmp_path / "in"
    folder.mkdir()
    if make == "folder":
        (folder / "reports.csv").write_text("report_id,incident_type\nr1,csam\n")
    else:
        (folder / "batch.json").write_text("{}")
    done = run("import", folder, "--out", tmp_path / "B")
    assert done.exit_code != 0
    assert "needs no import" in done.output


def test_a_mapping_that_is_wrong_is_refused_before_anything_is_written(tmp_path, sheet):
    (tmp_path / "my.toml").write_text("format = 9")
    done = run("import", sheet, "--mapping", tmp_path / "my.toml", "--out", tmp_path / "B")
    assert done.exit_code != 0
    assert "format = 9" in done.output
    assert not (tmp_path / "B").exists()


@pytest.mark.parametrize("words", [["import"], ["import", "x.csv"], ["import", "--template", "a", "b"]])
def test_what_is_missing_is_asked_for(words):
    assert run(*words).exit_code == 2
