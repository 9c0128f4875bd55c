"""``triage open``: the way back from a case of the pool to the numbers that the senders gave its reports."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from triage.cli import main
from triage.intake.refs import write_refs
from triage.schema.batch import open_batch, write_batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
START = datetime(2024, 6, 3, tzinfo=UTC)


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result.output


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run(*arguments, "--json", code=code))
    return content


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_KEY", "00112233445566778899aabbccddeeff")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "record" / "record.sqlite"


@pytest.fixture
def make_batch(make_part, store: Path, tmp_path: Path):
    """Write a batch with references, as an import does, and put it into the record by a list."""
    store.parent.mkdir()

    def make(day: str, numbers: dict[str, str], **tables: Any) -> Path:
        folder = tmp_path / "in" / day
        folder.parent.mkdir(exist_ok=True)
        part: Part = make_part(reports=[{"report_id": report} for report in numbers], **tables)
        write_batch(folder, [part], BatchMeta(day, START + timedelta(days=DAYS.index(day))))
        write_refs(folder, [(report, number) for report, number in numbers.items() if number])
        run("score", folder, "--out", tmp_path / "list.csv", "--force", "--store", store)
        return folder

    return make


def of_one_person(*reports: str) -> list[dict[str, Any]]:
    return [{"person_id": "p", "report_id": report, "role": "reported"} for report in reports]


def listed(tmp_path: Path) -> dict[str, str]:
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["case_id"]: row["batch"] for row in csv.DictReader(file)}


def test_case_of_two_batches_is_opened_with_the_references_of_both(
    make_batch, store: Path, tmp_path: Path
) -> None:
    monday = make_batch("monday", {"a": "1001", "x": "9"}, persons=of_one_person("a"))
    make_batch("tuesday", {"b": "2002", "c": ""}, persons=of_one_person("b", "c"))
    case = next(name for name in listed(tmp_path) if name != "x")
    whole = {"a": ["1001"], "b": ["2002"], "c": []}
    for folders in (
        ["--batch", monday, "--batch", tmp_path / "in" / "tuesday"],
        ["--batch", tmp_path / "in"],
    ):
        found = answer("open", case, "--store", store, *folders)
        assert (found["case_id"], found["reports"], found["not_at_hand"]) == (case, whole, {})
        assert found["batches"] == {"a": ["monday"], "b": ["tuesday"], "c": ["tuesday"]}
    assert "c: the sender gave no number" in run("open", case, "--store", store, "--batch", tmp_path / "in")
    # The batch alone knows one report of it, by the name that the case has there.
    assert answer("open", monday, "a")["reports"] == {"a": ["1001"]}


def test_reports_of_a_batch_that_is_not_at_hand_are_named_with_it(
    make_batch, store: Path, tmp_path: Path
) -> None:
    monday = make_batch("monday", {"a": "1001"}, persons=of_one_person("a"))
    make_batch("tuesday", {"b": "2002"}, persons=of_one_person("b"))
    (case,) = listed(tmp_path)
    for arguments in ((monday, case), (case, "--batch", monday)):
        found = answer("open", *arguments, "--store", store)
        assert (found["reports"], found["not_at_hand"]) == ({"a": ["1001"], "b": []}, {"b": ["tuesday"]})
    told = run("open", case, "--store", store, "--batch", monday)
    assert "b: came with tuesday, which is not at hand: give --batch" in told


def test_without_a_folder_it_looks_where_the_record_lies_and_here(
    make_batch, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_batch("monday", {"a": "1001"})
    assert answer("open", "a", "--store", store)["not_at_hand"] == {"a": ["monday"]}
    monkeypatch.chdir(tmp_path / "in")
    assert answer("open", "a", "--store", store)["reports"] == {"a": ["1001"]}
    monkeypatch.chdir(tmp_path)
    write_refs(store.parent / "copy", [("a", "1001")])
    assert answer("open", "a", "--store", store)["reports"] == {"a": ["1001"]}


def test_earlier_names_lead_to_the_case_that_it_is_now(make_batch, store: Path, tmp_path: Path) -> None:
    make_batch(
        "monday",
        {"a": "1001", "b": "1002"},
        persons=[*of_one_person("a"), {"person_id": "q", "report_id": "b", "role": "reported"}],
    )
    before = set(listed(tmp_path))
    make_batch(
        "tuesday",
        {"c": "2002"},
        persons=[*of_one_person("c"), {"person_id": "q", "report_id": "c", "role": "reported"}],
    )
    (case,) = listed(tmp_path)
    assert before - {case}
    for name in before:
        found = answer("open", name, "--store", store, "--batch", tmp_path / "in")
        assert found == {
            "case_id": case,
            "reports": {"a": ["1001"], "b": ["1002"], "c": ["2002"]},
            "batches": {"a": ["monday"], "b": ["monday"], "c": ["tuesday"]},
            "not_at_hand": {},
        }


def test_decided_cases_open_and_of_forgotten_ones_it_says_that_they_may_be(
    make_batch, store: Path, tmp_path: Path
) -> None:
    make_batch("monday", {"a": "1001", "b": "1002"})
    run("record", "a", "--store", store, "--who", "1", "--decision", "closed", "--why", "quality")
    assert answer("open", "a", "--store", store, "--batch", tmp_path / "in")["reports"] == {"a": ["1001"]}
    unknown = CliRunner().invoke(main, ["open", "z", "--store", str(store)])
    assert "forgotten" not in unknown.stderr
    run("forget", "b", "--store", store, "--yes")
    gone = CliRunner().invoke(main, ["open", "b", "--store", str(store)])
    assert (gone.exit_code, "it may have been forgotten: 1 case was" in gone.stderr) == (4, True)


def test_column_batch_names_the_batches_of_each_case_and_each_leads_somewhere(
    make_batch, tmp_path: Path
) -> None:
    folders = {}
    for number, day in enumerate(DAYS):
        folders[day] = make_batch(
            day, {f"m{number}": "1", f"s{number}": "2"}, persons=of_one_person(f"m{number}")
        )
        batches = listed(tmp_path)
        many = next(case for case in batches if case.startswith("m"))
        assert {batches[f"s{before}"] for before in range(number + 1)} == set(DAYS[: number + 1])
        newest = " ".join(reversed(DAYS[max(number - 2, 0) : number + 1]))
        assert batches[many] == (newest if number < 3 else f"{newest} +{number - 2}")
    for single in (case for case in batches if case.startswith("s")):
        assert answer("open", folders[batches[single]], single)["reports"] == {single: ["2"]}


@pytest.mark.parametrize(
    "arguments", [("a",), ("b", "a", "c"), ("b", "a", "--batch", "."), ("b", "a", "--store", "r", "--batch", ".")]
)  # fmt: skip
def test_names_that_cannot_be_meant_are_refused(arguments: tuple[str, ...]) -> None:
    assert "give " in run("open", *arguments, code=2)


def test_folder_without_references_is_refused(make_batch, store: Path, tmp_path: Path) -> None:
    make_batch("monday", {"a": "1001"})
    (tmp_path / "empty").mkdir()
    run("open", "a", "--store", store, "--batch", tmp_path / "empty", code=4)
    run("open", "a", "--store", store, "--batch", tmp_path / "nowhere", code=4)


def test_what_could_not_be_read_opens_by_the_first_letters_that_the_list_prints(tmp_path: Path) -> None:
    sheet, batch = tmp_path / "contacts.csv", tmp_path / "batch"
    sheet.write_text("Contact number;Received;Who contacts us\n1;01/03/2024 08:00;child\n;02/03/2024;child\n")
    run("import", sheet, "--out", batch, code=3)
    (name,) = open_batch(batch).set_aside["where"].to_pylist()
    for letters in (name, name[:10]):
        assert answer("open", batch, letters)["reports"] == {name: ["file contacts.csv"]}
    run("open", batch, f"{name}0", code=4)
