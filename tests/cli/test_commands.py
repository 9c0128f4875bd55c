"""The commands as a person types them, with their exit codes."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from triage.cli import COMMANDS, main
from triage.intake.opening import open_any
from triage.schema.batch import SET_ASIDE_FILE, write_batch
from triage.shipped import find_shipped, list_shipped

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
FIXTURES = Path(__file__).parents[1] / "intake" / "cybertipline"


def run(*arguments: object, code: int = 0, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(
        main, [str(argument) for argument in arguments], env=env or {"TRIAGE_KEY": KEY}
    )
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    content = json.loads(run(*arguments, "--json", code=code).stdout)
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic batch, its truth beside it, and a bundle trained on it."""
    folder = tmp_path_factory.mktemp("year")
    run("synth", "nl-2017", "--cases", 20_000, "--seed", 3, "--out", folder / "batch")
    truth = folder / "batch-truth" / "truth.parquet"
    run("train", folder / "batch", "--out", folder / "bundle", "--outcomes", truth)
    return folder


def read_list(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = run("--help").output
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert "3 done, but rows were set aside" in " ".join(text.split())


# Commands that are several, with the names of their parts.
PARTS = {"audit": ("verify", "head", "show"), "outcomes": ("import", "export")}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
def test_every_command_explains_itself_and_answers_machines(name: str) -> None:
    assert "Usage:" in run(name, "--help").output
    for part in PARTS.get(name, ("",)):
        text = run(*filter(None, (name, part)), "--help").output
        assert "--json" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_asks_triage_itself(shell: str) -> None:
    assert f"_TRIAGE_COMPLETE={shell}_complete" in run("completion", shell).output


def test_commands_and_options_are_completed() -> None:
    for words, found in (("triage sc", "score"), ("triage score --sto", "--store")):
        asked = {
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
            "_TRIAGE_COMPLETE": "bash_complete",
        }
        answer = CliRunner(env=asked).invoke(main, prog_name="triage", complete_var="_TRIAGE_COMPLETE")
        assert f"plain,{found}" in answer.output


def test_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom triage.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'pyarrow', 'rich', 'sklearn') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_list_is_made_with_numpy_and_arrow_alone(year: Path, tmp_path: Path) -> None:
    """Each of the others takes longer to load than the list of a morning takes to make."""
    code = (
        "import sys\nfrom triage.cli import main\n"
        f"try:\n    main(['score', {str(year / 'batch')!r}, '--out', {str(tmp_path / 'list.csv')!r}])\n"
        "except SystemExit:\n    pass\n"
        "heavy = ('pandas', 'sklearn', 'scipy', 'matplotlib', 'sqlalchemy', 'openpyxl', 'joblib', 'fsspec')\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("[]")
    assert (tmp_path / "list.csv").exists()


def test_arrow_finds_pandas_where_somebody_wants_a_frame() -> None:
    code = (
        "from triage.cli.say import load_arrow_alone\nload_arrow_alone()\nimport pyarrow as pa\n"
        "print(pa.table({'a': [1, None]}).to_pandas()['a'].isna().tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, True]"


def test_wrong_usage_ends_with_2() -> None:
    for words in (["nonsense"], ["score"], ["synth", "nl-2017", "--cases", "many", "--out", "x"], ["check"]):
        run(*words, code=2)


def test_whole_way_from_a_world_to_a_list_to_an_evaluation(year: Path, tmp_path: Path) -> None:
    listed = answer("score", year / "batch", "--model", year / "bundle", "--out", tmp_path / "list.csv")
    assert listed["rows"] == 20_000
    rows = read_list(tmp_path / "list.csv")
    assert len(rows) == 20_000
    assert len({row["case_id"] for row in rows}) == 20_000
    assert listed["probabilities"].startswith("share of all cases (synthetic)")
    top = [row for row in rows if row["lane"] == "ranked"]
    assert [float(row["score"]) for row in top] == sorted((float(row["score"]) for row in top), reverse=True)

    truth = year / "batch-truth" / "truth.parquet"
    found = answer(
        "evaluate", tmp_path / "list.csv", "--outcomes", truth, "--probability", "probability",
        "--plot", tmp_path / "plot.png", "--capacity", "2.3%",
    )  # fmt: skip
    assert "synthetic" in json.dumps(found)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    text = run("evaluate", tmp_path / "list.csv", "--outcomes", truth).output
    for word in ("arrival order", "urgency flag only", "oracle", "model", "recall", "synthetic"):
        assert word in text


def test_an_evaluation_is_also_a_page_with_groups_and_periods(year: Path, tmp_path: Path) -> None:
    run("score", year / "batch", "--model", year / "bundle", "--out", tmp_path / "list.csv")
    truth = year / "batch-truth"
    words = [
        "evaluate", tmp_path / "list.csv", "--outcomes", truth / "truth.parquet", "--probability", "probability",
        "--group-file", truth / "groups.parquet", "--time", "received_at", "--period", "quarter",
        "--html", tmp_path / "page.html", "--resamples", 19,
    ]  # fmt: skip
    run(*words)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for part in ("Missed children by group", "By period", "arrival order", "Synthetic:"):
        assert part in page
    run(*words, code=4)


def test_a_batch_as_outcomes_says_which_exist_and_speaks_of_the_whole_list(
    year: Path, tmp_path: Path
) -> None:
    run("score", year / "batch", "--model", year / "bundle", "--out", tmp_path / "list.csv")
    found = answer("evaluate", tmp_path / "list.csv", "--outcomes", year / "batch", "--resamples", 0)
    assert found["synthetic"] is True
    assert found["weighted"] is True
    assert found["selection"]["cases"] == found["cases"] + found["left_out"]
    reasons = {row["reason"]: row for row in found["choice"]["reasons"]}
    assert {"random_audit", "reporter_escalation", "all"} <= set(reasons)
    assert reasons["all"]["yes"] == found["positives"]


def test_an_evaluation_never_writes_over_what_it_reads(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("case_id,score,current_abuse\n" + "".join(f"{n},{n},{n % 2}\n" for n in range(20)))
    before = table.read_bytes()
    for option in ("--html", "--plot"):
        error = answer("evaluate", table, option, table, "--force", code=4)["error"]
        assert "one of the inputs" in error["message"]
    assert table.read_bytes() == before
    run("evaluate", table, "--html", tmp_path / "x", "--plot", tmp_path / "x", code=2)
    assert not (tmp_path / "x").exists()


def test_columns_that_nobody_named_are_not_read_as_ours(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = "".join(f"{n},{n},{n % 2},yesterday,delphi,a\n" for n in range(20))
    table.write_text(f"case_id,score,current_abuse,received_at,oracle,lane\n{rows}")
    found = answer("evaluate", table, "--resamples", 0)
    assert [one["name"] for one in found["rankings"]] == ["model"]
    assert found["synthetic"] is False


def test_days_are_times_and_what_is_none_is_named_with_its_row(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = "".join(f"{n},{n},{n % 2},2024-0{1 + n % 3}-05,{'x' if n == 3 else ''}\n" for n in range(21))
    table.write_text(f"case_id,score,current_abuse,day,other\n{rows}")
    found = answer("evaluate", table, "--time", "day", "--resamples", 0)
    assert [one["label"] for one in found["periods"]["periods"]] == ["2024-01", "2024-02", "2024-03"]
    error = answer("evaluate", table, "--time", "other", code=4)["error"]
    assert error["where"] == "column other, row 4"
    assert "2024-03-01" in error["expected"]


def test_a_case_that_stands_twice_is_refused_by_its_name(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("case_id,score,current_abuse\na,1,1\nb,2,0\na,3,0\n")
    assert "case a twice" in answer("evaluate", table, code=4)["error"]["message"]
    assert answer("evaluate", table, "--reports", "--resamples", 0)["cases"] == 3


def test_any_table_of_reports_is_evaluated_by_its_own_columns(tmp_path: Path) -> None:
    rows = ["id,points,found,urgent,region", "1,9,yes,1,n", "2,7,no,0,s", "3,7,yes,0,n", "4,1,no,1,"]
    (tmp_path / "theirs.csv").write_text("\n".join(rows))
    found = answer(
        "evaluate", tmp_path / "theirs.csv", "--outcome", "found", "--score", "points", "--capacity", 2,
        "--baseline", "urgent", "--group", "region", "--reports",
    )  # fmt: skip
    assert found["unit"] == "reports"
    assert [ranking["name"] for ranking in found["rankings"]] == ["model", "urgent"]
    assert found["rankings"][0]["at"][0]["found"] == {"worst": 1, "expected": 1.5, "best": 2}
    assert "all reports" in found["rankings"][0]["at"][0]["recall"]["denominator"]
    assert found["groups"]["attributes"] == ["region"]


def test_recall_at_capacity_is_what_counting_by_hand_gives(year: Path, tmp_path: Path) -> None:
    run("score", year / "batch", "--model", year / "bundle", "--out", tmp_path / "list.csv")
    truth = pq.read_table(year / "batch-truth" / "truth.parquet").to_pylist()
    abused = {row["case_id"] for row in truth if row["current_abuse"]}
    scored = [row for row in read_list(tmp_path / "list.csv") if row["score"]]
    order = sorted(scored, key=lambda row: -float(row["score"]))
    # Where two cases do not share a score, counting needs no rule for ties.
    capacity = next(k for k in range(100, 200) if order[k - 1]["score"] != order[k]["score"])
    first = order[:capacity]
    by_hand = sum(row["case_id"] in abused for row in first) / sum(row["case_id"] in abused for row in scored)
    result = answer(
        "evaluate",
        tmp_path / "list.csv",
        "--outcomes",
        year / "batch-truth" / "truth.parquet",
        "--capacity",
        capacity,
    )
    (model,) = [ranking for ranking in result["rankings"] if ranking["name"] == "model"]
    assert model["at"][0]["recall"]["estimate"] == pytest.approx(by_hand)


def test_same_seed_gives_the_same_bytes_of_batch_bundle_and_list(year: Path, tmp_path: Path) -> None:
    run("synth", "nl-2017", "--cases", 20_000, "--seed", 3, "--out", tmp_path / "batch")
    truth = tmp_path / "batch-truth" / "truth.parquet"
    run("train", tmp_path / "batch", "--out", tmp_path / "bundle", "--outcomes", truth)
    for name in ("batch", "batch-truth", "bundle"):
        for file in (year / name).rglob("*"):
            if file.is_file():
                assert file.read_bytes() == (tmp_path / name / file.relative_to(year / name)).read_bytes()
    for name in ("one", "two"):
        run("score", tmp_path / "batch", "--out", tmp_path / f"{name}.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_training_on_investigated_cases_alone_works_and_says_what_they_are(tmp_path: Path) -> None:
    result = run("synth", "nl-2017", "--cases", 40_000, "--seed", 5, "--out", tmp_path / "many")
    assert "synthetic" in result.output
    trained = answer("train", tmp_path / "many", "--out", tmp_path / "bundle")
    cases = sum(period["cases"] for period in trained["periods"].values())
    assert 400 < cases < 1200  # 2 to 3 % of 40,000 cases, less those not yet closed
    assert (tmp_path / "bundle" / "card.md").exists()


def test_explanation_adds_up_to_the_score(year: Path, tmp_path: Path) -> None:
    for model in ("expert", year / "bundle"):
        run("score", year / "batch", "--model", model, "--out", tmp_path / "list.csv", "--force")
        row = next(row for row in read_list(tmp_path / "list.csv") if row["lane"] == "ranked")
        told = answer("explain", year / "batch", row["case_id"], "--model", model)
        assert told["intercept"] + sum(t["contribution"] for t in told["terms"]) == pytest.approx(
            float(row["score"])
        )
        assert run("explain", year / "batch", row["case_id"][:12], "--model", model).output.startswith("Case")


def test_second_run_over_an_existing_output_refuses_unless_forced(year: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('"rank","mine"')
    truth = year / "batch-truth" / "truth.parquet"
    shutil.copytree(year / "batch", tmp_path / "batch")
    shutil.copytree(year / "bundle", tmp_path / "bundle")
    commands: list[list[object]] = [
        ["score", year / "batch", "--out", tmp_path / "list.csv"],
        ["synth", "nl-2017", "--cases", 10, "--out", tmp_path / "batch"],
        ["train", year / "batch", "--out", tmp_path / "bundle", "--outcomes", truth],
        ["import", FIXTURES, "--out", tmp_path / "batch"],
        ["demo", "--out", tmp_path / "batch"],
    ]
    for command in commands:
        assert "--force" in run(*command, code=4).stderr
    assert (tmp_path / "list.csv").read_text() == '"rank","mine"'
    run(*commands[0], "--force")
    assert len(read_list(tmp_path / "list.csv")) == 20_000


def test_import_check_score_explain_of_outside_reports(tmp_path: Path) -> None:
    # The fixtures hold values that cannot be, which are told and end the import with 3.
    imported = answer("import", FIXTURES, "--out", tmp_path / "batch", "--received-at", "2024-03-02", code=3)
    assert imported["rows"]["reports"] == 3
    assert imported["set_aside"] == 0
    checked = answer("check", tmp_path / "batch")
    assert (checked["rows"], checked["synthetic"]) == (imported["rows"], False)
    listed = answer("score", tmp_path / "batch", "--out", tmp_path / "list.csv")
    assert listed["probabilities"].startswith("not calibrated here")
    rows = read_list(tmp_path / "list.csv")
    assert len(rows) == imported["cases"]
    assert not any(row["probability"] for row in rows)
    told = answer("explain", tmp_path / "batch", rows[0]["case_id"])
    assert told["case_id"] == rows[0]["case_id"]
    numbers = [answer("open", tmp_path / "batch", row["case_id"])["reports"] for row in rows]
    written = {
        text
        for file in FIXTURES.glob("*_file*.xml")
        for text in re.findall(r"<reportId>(\d+)<", file.read_text())
    }
    told = {number for case in numbers for some in case.values() for number in some}
    assert written < told
    assert told - written == {f"file {file.name}" for file in FIXTURES.glob("*_report*.xml")}


def test_file_that_cannot_be_read_is_first_on_the_list_and_ends_with_3(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES, tmp_path / "in")
    (tmp_path / "in" / "Broken_report1.xml").write_text("<report><incidentSummary>")
    answer("import", tmp_path / "in", "--out", tmp_path / "batch", code=3)
    listed = answer("score", tmp_path / "batch", "--out", tmp_path / "list.csv", code=3)
    assert listed["lanes"]["unreadable"] == 1
    first = read_list(tmp_path / "list.csv")[0]
    assert first["lane"] == "unreadable"
    opened = answer("open", tmp_path / "batch", first["case_id"])
    assert [some for found in opened["reports"].values() for some in found] == ["file Broken_report1.xml"]
    store = ("--store", tmp_path / "record.sqlite")
    answer("score", tmp_path / "batch", "--out", tmp_path / "pooled.csv", *store, code=3)
    pooled = answer("open", first["case_id"], *store)
    assert (pooled["reports"], pooled["not_at_hand"]) == (opened["reports"], {})
    assert list(pooled["batches"].values()) == [["batch"]]


def test_stray_file_in_the_folder_is_told_and_is_no_report(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES, tmp_path / "in")
    (tmp_path / "in" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" * 20)
    imported = answer("import", tmp_path / "in", "--out", tmp_path / "batch", code=3)
    assert imported["set_aside"] == 1
    listed = answer("score", tmp_path / "batch", "--out", tmp_path / "list.csv", code=3)
    assert listed["lanes"]["unreadable"] == 0
    assert "neither XML nor JSON nor a table" in run("check", tmp_path / "batch", code=3).output


@pytest.mark.parametrize(
    "key", ["", "short", "not hexadecimal at all, but long enough to be a key....................."]
)
def test_import_without_a_right_key_is_refused_and_writes_nothing(tmp_path: Path, key: str) -> None:
    result = run("import", FIXTURES, "--out", tmp_path / "batch", code=4, env={"TRIAGE_KEY": key})
    assert "TRIAGE_KEY" in result.stderr
    assert list(tmp_path.iterdir()) == []


def spoil_nothing_there(folder: Path) -> Path:
    return folder / "nowhere"


def spoil_other_kind(folder: Path) -> Path:
    (folder / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder / "x.png"


def spoil_truncated(folder: Path) -> Path:
    file = next((folder / "batch" / "files").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    return folder / "batch"


def spoil_empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.parametrize(
    "spoil", [spoil_nothing_there, spoil_other_kind, spoil_truncated, spoil_empty_folder]
)
def test_what_cannot_be_read_is_refused_by_every_command(
    year: Path, tmp_path: Path, spoil: Callable[[Path], Path]
) -> None:
    shutil.copytree(year / "batch", tmp_path / "batch")
    target = spoil(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for command in (
        ["check", target],
        ["score", target, "--out", tmp_path / "list.csv"],
        ["explain", target, "abc"],
        ["train", target, "--out", tmp_path / "bundle"],
    ):
        message = run(*command, code=4).stderr
        assert str(target) in message
        assert ";" in message  # what was expected, or what to do next
    assert sorted(tmp_path.rglob("*")) == before


def test_wrong_names_are_answered_with_the_right_ones(year: Path, tmp_path: Path) -> None:
    batch, out = year / "batch", tmp_path / "x"
    assert "expert" in run("score", batch, "--model", "exprt", "--out", f"{out}.csv", code=4).stderr
    assert "nl-2017" in run("synth", "nl-2071", "--cases", 10, "--out", out, code=4).stderr
    assert "logistic" in run("train", batch, "--recipe", "logistics", "--out", out, code=4).stderr
    assert (
        "a count such as 25"
        in run("score", batch, "--capacity", "lots", "--out", f"{out}.csv", code=2).stderr
    )
    assert "worklist" in run("explain", batch, "zzz", code=4).stderr
    truth = year / "batch-truth" / "truth.parquet"
    assert "oracle" in run("evaluate", truth, "--score", "points", code=4).stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_batch_or_a_model_says_is_text_to_the_terminal(tmp_path: Path) -> None:
    source = tmp_path / "csv"
    source.mkdir()
    (source / "reports.csv").write_text("report_id,received_at\nr1,2024-01-01\nr1,2024-01-02\n")
    (source / "persons.csv").write_text("person_id,report_id,role\np,r1,reported\n")
    (source / "prior_records.csv").write_text("record_id,person_id,record_kind\nk,p,contact_conviction\n")
    batch = open_any(source)
    write_batch(tmp_path / "batch", batch.parts(), batch.meta)
    aside = pq.read_table(tmp_path / "batch" / SET_ASIDE_FILE)
    said = pa.array(["\x1b]0;t\x07\x1b[31m"] * aside.num_rows)
    aside = aside.set_column(aside.column_names.index("reason"), "reason", said)
    pq.write_table(aside, tmp_path / "batch" / SET_ASIDE_FILE)
    told = run("check", tmp_path / "batch", code=3).output
    assert "?]0;t??[31m" in told
    assert "\x1b" not in told
    card = find_shipped("models", "expert.toml").read_text()
    (tmp_path / "card.toml").write_text(re.sub("(?m)^source = .*$", 'source = "[a] [/b]"', card))
    assert "[a] [/b]" in run("explain", source, "r1", "--model", tmp_path / "card.toml").output


def test_a_world_without_a_number_of_cases_has_its_own_size(tmp_path: Path) -> None:
    found = answer("synth", "nl-2017", "--out", tmp_path / "year", "--jobs", 2)
    assert 17_000 < found["rows"]["reports"] < 19_500
    assert "--cases" in run("synth", "clearinghouse", "--out", tmp_path / "all", code=2).stderr
    assert not (tmp_path / "all").exists()


def test_another_draw_says_so(tmp_path: Path) -> None:
    run("synth", "nl-2017", "--cases", 50, "--draw", 2, "--out", tmp_path / "batch")
    assert "draw 2" in run("check", tmp_path / "batch").output


def test_a_world_is_described_beside_what_is_published() -> None:
    told = run("synth", "nl-2017", "--describe", "--cases", 2_000).output
    for word in ("synthetic", "difference", "NCMEC 2025", "2,000 cases"):
        assert word in told
    found = answer("synth", "nl-2017", "--describe", "--cases", 2_000)
    assert {"quantity", "published", "world", "difference", "source"} <= set(found["quantities"][0])


def test_convicted_persons_are_drawn_and_can_be_scored(tmp_path: Path) -> None:
    run("synth", "nl-2017", "--convicted", 40, "--out", tmp_path / "batch")
    truth = pd.read_parquet(tmp_path / "batch-truth" / "convicted.parquet")
    assert (len(truth), int(truth["high_risk"].sum())) == (40, 18)
    run("score", tmp_path / "batch", "--out", tmp_path / "list.csv")
    options = ["--convicted", 40, "--cases", 5, "--out", tmp_path / "other"]
    assert "--cases" in run("synth", "nl-2017", *options, code=2).stderr


def test_a_batch_needs_a_folder() -> None:
    assert "--out" in run("synth", "nl-2017", "--cases", 5, code=2).stderr


def test_the_help_names_every_shipped_world() -> None:
    told = " ".join(run("synth", "--help").output.split())
    for name in list_shipped("synthetic_data", "worlds/*.toml"):
        assert re.search(rf"\b{name}[,.]", told)


def test_evaluation_takes_scores_of_anybody(tmp_path: Path) -> None:
    lines = ["who,points,found", *(f"c{i},{100 - i},{'yes' if i in {0, 1, 5} else 'no'}" for i in range(40))]
    (tmp_path / "theirs.csv").write_text("\n".join(lines))
    result = answer(
        "evaluate", tmp_path / "theirs.csv", "--outcome", "found", "--score", "points", "--capacity", 4
    )
    assert result["rankings"][0]["at"][0]["recall"]["estimate"] == pytest.approx(2 / 3)


def test_error_is_json_for_a_machine(tmp_path: Path) -> None:
    error = answer("check", tmp_path / "nowhere", code=4)["error"]
    assert {"found", "where", "expected", "mend", "message"} <= set(error)


def test_features_are_printed() -> None:
    assert len(answer("features")["features"]) >= 25
    assert "contact_record" in run("features").output


def test_demo_leaves_the_worklist_the_evaluation_and_the_model(tmp_path: Path) -> None:
    run("demo", "--out", tmp_path / "demo", "--cases", 6000)
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert {
        "worklist.csv",
        "evaluation.json",
        "evaluation.html",
        "evaluation.txt",
        "reliability.png",
        "model",
        "batch",
        "demo.json",
    } <= names
    assert len(read_list(tmp_path / "demo" / "worklist.csv")) == 6000
    run(
        "score",
        tmp_path / "demo" / "batch",
        "--model",
        tmp_path / "demo" / "model",
        "--out",
        tmp_path / "l.csv",
    )
    assert read_list(tmp_path / "l.csv") == read_list(tmp_path / "demo" / "worklist.csv")


def test_output_has_no_colour_when_piped(year: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "triage", "score", str(year / "batch"), "--out", str(tmp_path / "l.csv")]
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env={**os.environ, "FORCE_COLOR": ""}
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "Worklist, 20 of" in done.stdout


def test_list_is_never_written_into_its_own_batch(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "reports.csv").write_text("report_id\nr1\n")
    for name in ("reports.csv", "persons.csv"):
        run("score", tmp_path / "in", "--out", tmp_path / "in" / name, "--force", code=4)
    assert (tmp_path / "in" / "reports.csv").read_text() == "report_id\nr1\n"


def test_file_whose_name_is_no_text_is_imported_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    strange = os.fsencode(tmp_path / "in") + b"/r\xff.xml"
    Path(os.fsdecode(strange)).write_bytes((FIXTURES / "Pebble_report1.xml").read_bytes())
    imported = json.loads(run("import", tmp_path / "in", "--out", tmp_path / "b", "--json", code=0).stdout)
    assert imported["rows"]["reports"] == 1
    assert (tmp_path / "b-refs.sqlite").exists()


def test_interrupted_replacement_says_where_the_old_batch_is(tmp_path: Path) -> None:
    (tmp_path / ".b.x1.old").mkdir()
    assert ".b.x1.old" in run("check", tmp_path / "b", code=4).stderr


@pytest.mark.parametrize(
    "words",
    [
        ["synth", "PIPE", "--cases", 5, "--out", "OUT"],
        ["train", "SAMPLE", "--recipe", "PIPE", "--out", "OUT"],
        ["train", "SAMPLE", "--outcomes", "PIPE", "--out", "OUT"],
        ["score", "SAMPLE", "--model", "PIPE", "--out", "OUT.csv"],
        ["evaluate", "PIPE"],
        ["import", "SAMPLE", "--key-file", "PIPE", "--out", "OUT"],
    ],
    ids=lambda words: " ".join(map(str, words[:3])),
)
def test_pipe_is_refused_and_nothing_waits_for_it(tmp_path: Path, words: list[object]) -> None:
    os.mkfifo(tmp_path / "x.toml")
    names = {
        "PIPE": tmp_path / "x.toml", "OUT": tmp_path / "out", "OUT.csv": tmp_path / "out.csv",
        "SAMPLE": Path(__file__).parents[2] / "synthetic_data" / "sample",
    }  # fmt: skip
    run(*(names.get(str(word), word) for word in words), code=4)
    assert [path.name for path in tmp_path.iterdir()] == ["x.toml"]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of CSV: a missing child, and a report of which two versions came."""
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "reports.csv").write_text(
        "report_id,received_at,escalated_by_reporter\n"
        "r-child,2024-03-01T10:00:00Z,\n"
        "r-twice,2024-03-01T10:00:00Z,\n"
        "r-twice,2024-03-01T10:00:00Z,asserted\n"
    )
    (folder / "children.csv").write_text("child_id,report_id,crisis_code\nk,r-child,missing\n")
    return folder


def test_terminal_tells_what_puts_a_case_on_top(odd: Path, tmp_path: Path) -> None:
    shown = " ".join(run("score", odd, "--out", tmp_path / "list.csv", code=3).stdout.split())
    assert "a child in contact or in crisis; not known: who the reported person is" in shown


def test_lists_of_two_mornings_compare_where_two_versions_of_a_report_came(odd: Path, tmp_path: Path) -> None:
    for name, capacity in (("old.csv", 1), ("new.csv", 2)):
        run("score", odd, "--out", tmp_path / name, "--capacity", capacity, "--top", 0, code=3)
    assert answer("diff", tmp_path / "old.csv", tmp_path / "new.csv")["groups"] == {}


def test_explain_goes_by_the_policy_of_the_list(odd: Path, tmp_path: Path) -> None:
    text = (Path("models/policies/default.toml")).read_text()
    own = tmp_path / "own.toml"
    own.write_text(
        text + '\n[[youth]]\nname = "all"\nsays = "a child in crisis"\n'
        'when."children.crisis_code" = ["missing"]\n'
    )
    assert answer("explain", odd, "r-child")["lane"] == "escalated"
    assert answer("explain", odd, "r-child", "--policy", own)["lane"] == "youth"


def test_times_may_end_in_z_as_everywhere_else(odd: Path, tmp_path: Path) -> None:
    for name, time in (("a.csv", "2024-03-02T00:00:00Z"), ("b.csv", "2024-03-02T00:00:00")):
        run("score", odd, "--out", tmp_path / name, "--as-of", time, "--top", 0, code=3)
    due = [[row["due_at"] for row in read_list(tmp_path / name)] for name in ("a.csv", "b.csv")]
    assert due[0] == due[1]
