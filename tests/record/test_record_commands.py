# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.record.conftest import KEY, header, row
from triage.cli import audit_, forget_, main, outcomes_, record_
from triage.intake.refs import refs_file, write_refs
from triage.record import Record, open_record
from triage.scoring.labels import read_label_file


@pytest.fixture
def listed(file: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("TRIAGE_KEY", KEY.secret.hex())
    record = open_record(file, KEY)
    record.keep_list(
        header(),
        [
            row("case-one", lane="escalated"),
            row("case-two", 2, audit=True, inclusion=0.25),
            row("other", 3, tier=5),
        ],
    )
    return record


def run(command: click.Command, *arguments: str, code: int = 0, text: str | None = None) -> str:
    result = CliRunner().invoke(main, [command.name or "", *arguments], input=text)
    assert result.exit_code == code, result.output
    return result.output


def run_json(command: click.Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(command, *arguments, "--json", code=code))
    return answer


def test_first_view_is_kept_before_the_place_on_the_list_is_shown(listed: Record, file: Path) -> None:
    answer = run_json(
        record_.command, "case-tw", "--store", str(file), "--who", "a", "--first-view", "unlikely"
    )
    assert answer["case_id"] == "case-two"
    assert answer["standing"] == {"rank": 2, "lane": "ranked", "tier": 1, "score": 8.0}
    assert answer["head"] == str(listed.head())


@pytest.mark.usefixtures("listed")
def test_place_on_the_list_is_told_as_the_list_tells_it(file: Path) -> None:
    told = run(record_.command, "case-two", "--store", str(file), "--who", "a", "--first-view", "unlikely")
    assert "first view: unlikely; on the list: rank 2, lane ranked, tier 1, score 8\n" in told


@pytest.mark.usefixtures("listed")
def test_audit_stays_hidden_from_who_works_with_the_record(file: Path) -> None:
    store = ["--store", str(file)]
    outputs = [
        run(record_.command, "case-two", *store, "--who", "a", "--first-view", "likely"),
        run(record_.command, "case-two", *store, "--who", "a", "--decision", "opened", "--json"),
        run(audit_.command, "show", *store, "--case", "case-two"),
        run(audit_.command, "show", *store, "--case", "case-two", "--json"),
        run(audit_.command, "show", *store, "--json"),
    ]
    assert all("case-two" in output for output in outputs[:4])
    for output in outputs:
        assert "inclusion" not in output
        assert 'audit"' not in output
        assert "0.25" not in output


def test_decision_and_finding_are_kept_together(listed: Record, file: Path) -> None:
    arguments = [
        "case-one",
        "--store",
        str(file),
        "--who",
        "a",
        "--decision",
        "opened",
        "--found",
        "child_safeguarded",
    ]
    run(record_.command, *arguments, code=2)
    run(record_.command, *arguments, "--current-abuse", "yes", "--source", "rumour", code=4)
    assert listed.states() == []
    output = run(record_.command, *arguments, "--current-abuse", "yes")
    assert f"head {listed.head()}" in output
    assert listed.outcomes()["current_abuse_label"].to_pylist() == ["yes"]


@pytest.mark.usefixtures("listed")
def test_wrong_use_is_refused_with_the_next_step(file: Path, tmp_path: Path) -> None:
    store = ["--store", str(file), "--who", "a"]
    assert "--first-view, --decision or --found" in run(record_.command, "case-one", *store, code=2)
    assert "more than one case begins" in run(record_.command, "case", *store, "--decision", "opened", code=4)
    assert "copy it from the worklist" in run(
        record_.command, "nobody", *store, "--decision", "opened", code=4
    )
    assert "give the reason with --why" in run(
        record_.command, "other", *store, "--decision", "opened", code=4
    )
    nowhere = ["--store", str(tmp_path / "none"), "--who", "a", "--decision", "opened"]
    assert "check --store" in run(record_.command, "case-one", *nowhere, code=4)
    assert not (tmp_path / "none").exists()


@pytest.mark.usefixtures("listed")
def test_outcomes_go_in_by_spreadsheet_and_out_for_training(file: Path, tmp_path: Path) -> None:
    store = ["--store", str(file)]
    sheet, out = tmp_path / "found.csv", tmp_path / "labels.csv"
    sheet.write_text(
        "case_id;outcome_kind;current_abuse_label;outcome_at\n"
        "case-one;child_safeguarded;yes;2024-02-01\ncase-two;no_offence;no;2024-02-02\n"
    )
    answer = run_json(outcomes_.command, "import", str(sheet), *store, "--who", "a")
    assert answer["rows"] == {"recorded": 2}
    assert "2 already there" in run(outcomes_.command, "import", str(sheet), *store, "--who", "a")
    run(outcomes_.command, "export", *store, "--out", str(out))
    assert read_label_file(out) == {"case-one": 1.0, "case-two": 0.0}
    run(outcomes_.command, "export", *store, "--out", str(out), code=4)
    run(outcomes_.command, "export", *store, "--out", str(tmp_path / "o.parquet"), "--all")
    run(outcomes_.command, "export", *store, "--out", str(tmp_path / "o.txt"), code=2)


def test_spreadsheet_with_a_bad_row_is_refused_row_by_row(listed: Record, file: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "found.csv"
    sheet.write_text(
        "case_id,outcome_kind,current_abuse,outcome_at\ncase-one,no_offence,no,2024-02-01\nnobody,no_offence,no,2024-02-01\n"
    )
    before = listed.head()
    output = run(outcomes_.command, "import", str(sheet), "--store", str(file), "--who", "a", code=4)
    assert "row 2 (nobody)" in output
    assert "1 refused, 1 waiting" in output
    assert listed.head() == before


@pytest.mark.usefixtures("listed")
def test_changed_record_gives_no_outcomes(file: Path, tmp_path: Path, tamper: Any) -> None:
    tamper("UPDATE leaves SET case_id = 'other' WHERE case_id = 'case-one'")
    run(outcomes_.command, "export", "--store", str(file), "--out", str(tmp_path / "o.csv"), code=4)
    assert not (tmp_path / "o.csv").exists()


def test_verify_ends_with_4_where_anything_was_changed(
    listed: Record, file: Path, tmp_path: Path, tamper: Any
) -> None:
    store, out = ["--store", str(file)], tmp_path / "head.txt"
    head = run(audit_.command, "head", *store, "--out", str(out)).strip()
    assert out.read_text() == f"{listed.head().full}\n"
    assert run(audit_.command, "head", *store) == f"{head}\n"
    assert "is part of it" in run(audit_.command, "verify", head, *store)
    assert "is part of it" in run(audit_.command, "verify", str(out), *store)
    assert "the end is not proved" in run(audit_.command, "verify", *store)
    assert "expected a head" in run(audit_.command, "verify", "yesterday", *store, code=4)
    tamper("DELETE FROM leaves WHERE seq = 3", "DELETE FROM entries WHERE seq = 3")
    assert run_json(audit_.command, "verify", *store)["intact"] is True
    assert "the end is missing" in run(audit_.command, "verify", str(out), *store, code=4)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("seq", [1, 2])
def test_verify_runs_where_every_other_command_refuses(file: Path, tamper: Any, seq: int) -> None:
    tamper(f"DELETE FROM entries WHERE seq = {seq}", f"DELETE FROM leaves WHERE seq = {seq}")
    run(audit_.command, "head", "--store", str(file), code=4)
    assert f"entry {seq} is missing" in run(audit_.command, "verify", "--store", str(file), code=4)


def test_forgetting_asks_and_names_what_is_out_of_reach(listed: Record, file: Path, tmp_path: Path) -> None:
    listed.keep_export("csv", "a" * 64, "monday.csv")
    write_refs(tmp_path / "batch", [("case-one", "4711")])
    arguments = ["case-one", "--store", str(file), "--batch", str(tmp_path / "batch")]
    run(forget_.command, *arguments, text="n\n", code=1)
    run(forget_.command, *arguments, "--json", code=2)
    run(forget_.command, "case-on", *arguments[1:], "--yes", code=4)
    assert listed.find_case("case-one") == "case-one"
    output = run(forget_.command, *arguments, text="y\n")
    assert "monday.csv" in output
    assert "1 references" in output
    assert b"4711" not in refs_file(tmp_path / "batch").read_bytes()
    answer = run_json(forget_.command, "case-two", "--store", str(file), "--yes", "--who", "a")
    assert answer["bytes_gone"] is True
    assert answer["head"] == str(listed.head())


@pytest.mark.parametrize("name", ["record", "outcomes", "audit", "forget"])
def test_help_imports_no_database(name: str) -> None:
    script = (
        f"import sys, triage.cli.{name}_; sys.exit('sqlalchemy' in sys.modules or 'pyarrow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
