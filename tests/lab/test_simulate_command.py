"""``triage simulate`` as a person types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.lab.asking import parse_what_if
from triage.lab.whatif import WhatIf, list_what_ifs, load_what_if
from triage.worlds import load_world

SMALL = ("nl-2017", "--cases", 300, "--seeds", 2, "--weeks", 26)
WAYS = ("--policy", "arrival", "--policy", "expert+audit=0.2", "--policy", "oracle")


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["simulate", *(str(argument) for argument in arguments)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lab") / "out"
    run(*SMALL, *WAYS, "--out", out)
    return out


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "runs.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_the_folder_holds_the_page_the_text_and_the_numbers(folder: Path, told: dict[str, Any]) -> None:
    names = {"report.html", "report.txt", "runs.json", "runs.csv", "measures.csv"}
    assert {path.name for path in folder.iterdir()} == names
    assert told["ways"] == ["arrival", "expert+audit=0.2", "oracle"]
    assert (told["seeds"], told["weeks"], told["synthetic"]) == ([0, 1], 26, True)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "300 cases, 26 weeks, staff nl-2017" in page
    assert "models/work" not in page
    assert "half_life_days" in page


def test_the_csv_holds_a_row_for_every_run_with_the_numbers_of_the_json(
    folder: Path, told: dict[str, Any]
) -> None:
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["way"], row["seed"]) for row in rows] == [
        (way, str(seed)) for way in told["ways"] for seed in (0, 1)
    ]
    opened = [float(row["cases_opened"]) for row in rows]
    assert opened == [number for way in told["values"]["cases_opened"] for number in way]
    assert min(opened) > 0


def test_the_summary_holds_every_measure_of_every_way_with_intervals(
    folder: Path, told: dict[str, Any]
) -> None:
    with (folder / "measures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["measure"], row["way"]) for row in rows] == [
        (measure, way) for measure in told["values"] for way in told["ways"]
    ]
    (mine,) = [row for row in rows if (row["measure"], row["way"]) == ("cases_opened", "oracle")]
    oracle, arrival = (told["values"]["cases_opened"][place] for place in (2, 0))
    assert float(mine["mean"]) == sum(oracle) / 2
    assert 0 < float(mine["low"]) < float(mine["mean"]) < float(mine["high"])
    assert float(mine["difference"]) == sum(oracle) / 2 - sum(arrival) / 2
    assert all(not row["difference"] for row in rows if row["way"] == "arrival")


def test_week_by_week_stands_in_the_json(told: dict[str, Any]) -> None:
    weeks = told["weekly"]["waiting"]
    assert (len(weeks), len(weeks[0]), len(weeks[0][0])) == (3, 2, 27)
    assert weeks[0][0][0] == 0
    assert weeks[0][0][-1] > 50


def test_the_smallest_staff_is_told_on_the_terminal_on_the_page_and_in_the_json(tmp_path: Path) -> None:
    asked = ("nl-2017", "--cases", 500, "--seeds", 2, "--policy", "oracle", "--policy", "expert",
             "--within", 180, "--most", 16, "--out", tmp_path / "out")  # fmt: skip
    text = " ".join(run(*asked, "--reach", 0.01, "--sure", 0.6).output.split())
    content = json.loads((tmp_path / "out" / "runs.json").read_text(encoding="utf-8"))
    oracle, expert = content["capacity"]
    assert (oracle["way"], expert["way"], oracle["staff"]) == ("oracle", "expert", 4)
    assert oracle["smallest"] <= 16
    said = f"1.0 % of the children within 180 days (60 % sure) takes, instead of 4 detectives: oracle {oracle['smallest']};"
    assert said in text
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "How many detectives it takes" in page
    assert said in " ".join(page.split())
    refused = run(*asked[:-2], "--reach", 0.95, "--json").stdout
    assert [one["smallest"] for one in json.loads(refused)["capacity"]] == [None, None]


@pytest.mark.parametrize("more", [("--seeds", 1), ("--seeds", 2, "--most", 1)])
def test_a_search_that_cannot_be_sure_is_refused_at_once(more: tuple[object, ...]) -> None:
    said = run("nl-2017", "--cases", 300, "--reach", 0.5, *more, code=2).stderr
    assert "--seeds 2" in said or "less than the staff" in said


def test_the_same_command_gives_the_same_bytes_whatever_the_processes(folder: Path, tmp_path: Path) -> None:
    run(*SMALL, *WAYS, "--jobs", 2, "--out", tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_terminal_gets_the_first_sheet_or_json(folder: Path, told: dict[str, Any]) -> None:
    text = (folder / "report.txt").read_text(encoding="utf-8")
    assert run(*SMALL, *WAYS).output == text
    answered = json.loads(run(*SMALL, *WAYS, "--json").stdout)
    assert answered["cases"] == 300
    assert {key: answered[key] for key in told} == told


def test_a_part_of_the_cases_has_a_part_of_the_staff_and_more_can_be_asked_for() -> None:
    ways = ("nl-2017", "--cases", 1_600, "--seeds", 1, "--weeks", 4, "--policy", "arrival", "--json")
    part = json.loads(run(*ways).stdout)["detectives"]
    assert 13 <= part <= 16
    assert json.loads(run(*ways, "--detectives", 300).stdout)["detectives"] in {
        2 * part - 1,
        2 * part,
        2 * part + 1,
    }


def test_a_what_if_changes_the_reports_that_come() -> None:
    ways = ("nl-2017", "--cases", 300, "--seeds", 1, "--policy", "arrival", "--json")
    asit, doubled = (json.loads(run(*ways, "--what-if", change).stdout) for change in ("", "volume=2"))
    assert doubled["what_if"] == "volume=2"
    assert doubled["values"]["cases"][0][0] > 1.7 * asit["values"]["cases"][0][0]


def test_what_a_change_does_is_told_against_the_same_without_it(tmp_path: Path) -> None:
    ways = ("nl-2017", "--cases", 1_000, "--seeds", 2, "--weeks", 13, "--policy", "expert")
    plain = json.loads(run(*ways, "--json").stdout)
    assert "changed" not in plain
    text = run(*ways, "--what-if", "growth-100", "--joining", 20, "--out", tmp_path / "out").output
    told = json.loads((tmp_path / "out" / "runs.json").read_text(encoding="utf-8"))
    assert told["changed"]["says"] == "reports double; 1 new detective joins"
    assert told["without_the_change"]["values"] == plain["values"]
    after, before = told["values"]["opened_in_vain"][0], plain["values"]["opened_in_vain"][0]
    figure = told["changed"]["differences"]["opened_in_vain"]["expert"]["figure"]
    assert figure["estimate"] == (sum(after) - sum(before)) / 2 > 0
    assert "with a change (reports double; 1 new detective joins): 1,000 cases (" in text
    assert "expert, with the change instead of without: " in text
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "What changes: reports double; 1 new detective joins" in page


def test_the_help_names_every_shipped_what_if() -> None:
    text = " ".join(run("--help").output.split()).replace("- ", "-")
    assert [name for name in list_what_ifs() if name not in text] == []


def test_what_ifs_are_read_as_they_are_written() -> None:
    world = load_world("nl-2017")
    assert parse_what_if("", world).name == WhatIf().name
    change = parse_what_if("noise=0.5 + platform_dark + drift=2017-07-01", world)
    assert (change.volume, change.noise_removed, change.switches) == (1.0, 0.5, ("platform_dark",))
    assert change.drift
    assert change.drift.start.isoformat() == "2017-07-01T00:00:00+00:00"


@pytest.mark.parametrize("name", list_what_ifs())
def test_a_shipped_what_if_is_asked_for_by_its_name(name: str) -> None:
    world = load_world("nl-2017")
    assert parse_what_if(name, world) == load_what_if(name, world)


@pytest.mark.parametrize(
    "text", ["volume=-1", "volume=x", "noise=2", "drift=1999-01-01", "drift=soon", "volume=2+volume=3", "a=b", "+"]
)  # fmt: skip
def test_a_what_if_that_cannot_be_meant_is_refused(text: str) -> None:
    assert "--what-if" in run(*SMALL, "--what-if", text, code=4).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--policy", "expert+nonsense=1"), "nonsense"),
        (("--policy", "no-such-model"), "no such model"),
        (("--policy", "arrival", "--policy", "arrival"), "stands twice"),
        (("--staff", "nobody"), "no such staff"),
        (("--work", "nothing"), "nothing"),
        (("--what-if", "no_such_change"), "no_such_change"),
        (("--weeks", "60"), "60 weeks"),
        (("--weeks", "4", "--policy", "arrival,4=expert"), "a change in week 4"),
        (("--weeks", "4", "--policy", "arrival,1=expert,9=oracle"), "a change in week 9"),
        (("--weeks", "4", "--what-if", "drift=2017-07-01"), "a drift from 2017-07-01 on"),
        (("--again-days", "nan"), "nan days"),
        (("--detectives", "1000000000"), "at most 1,000,000"),
        (("--joining", "1000000000"), "at most 1,000,000"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_its_name(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert (
        said
        in run("nl-2017", "--cases", 300, "--seeds", 1, *arguments, "--out", tmp_path / "x", code=4).stderr
    )
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [(("--reach", "nan"), "goal, share"), (("--reach", 0.3, "--within", "inf"), "goal, days"),
     (("--reach", 0.3, "--most", 1_000_000_000), "at most 1,000,000")],
)  # fmt: skip
def test_a_goal_that_cannot_be_meant_is_refused_before_anything_is_lived_through(
    more: tuple[object, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.lab.runs.running.make_stream", None)
    assert said in run("nl-2017", "--cases", 300, "--seeds", 2, "--policy", "arrival", *more, code=4).stderr


def test_detectives_who_are_rounded_away_are_not_passed_over_in_silence() -> None:
    assert "'--joining 10' is nobody" in run(*SMALL, "--joining", 10, code=2).stderr


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    kept = tmp_path / "kept"
    run(*SMALL, "--policy", "arrival", "--out", kept)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    # The page is written, and then somebody presses the keys.
    monkeypatch.setattr("triage.lab.report.write_report", stop)
    monkeypatch.setattr("triage.lab.runs.Runs.to_frame", stop)
    for out in (tmp_path / "new", kept):
        result = CliRunner().invoke(main, ["simulate", *map(str, SMALL), "--policy", "arrival", "--force",
                                           "--out", str(out)])  # fmt: skip
        assert result.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_an_output_that_is_there_is_kept_unless_asked(folder: Path, tmp_path: Path) -> None:
    assert "already exists" in run(*SMALL, *WAYS, "--out", folder, code=4).stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    assert "did not make" in run(*SMALL, *WAYS, "--out", tmp_path / "mine", "--force", code=4).stderr


def test_a_world_of_millions_is_not_simulated_by_accident() -> None:
    assert "--cases" in run("clearinghouse", code=2).stderr
