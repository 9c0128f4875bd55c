"""``triage score`` with a record, lists beside it and several files, and ``triage explain`` of what it lists."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from triage.cli import main
from triage.features import catalogue
from triage.intake.tokens import load_key
from triage.record import Record, open_record
from triage.shipped import find_shipped

REPORT = {"received_at": "2024-03-01T12:00:00Z", "source_system": "iccam"}


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result.output


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run(*arguments, "--json", code=code))
    return content


def score(batch: Path, *arguments: object, out: Path, code: int = 0) -> dict[str, Any]:
    return answer("score", batch, "--out", out, "--force", *arguments, code=code)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_KEY", "00112233445566778899aabbccddeeff")


@pytest.fixture
def write_batch(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of CSV tables; each report has a time and a source."""

    def write(name: str, **tables: list[dict[str, str]]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for table, rows in tables.items():
            whole = [REPORT | row for row in rows] if table == "reports" else rows
            with (folder / f"{table}.csv").open("w", newline="") as file:
                names = list(dict.fromkeys(column for row in whole for column in row))
                lines = csv.DictWriter(file, names)
                lines.writeheader()
                lines.writerows(whole)
        return folder

    return write


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "record.sqlite"


def opened(store: Path) -> Record:
    return open_record(store, load_key(), create=False)


def page_facts(page: Path) -> dict[str, str]:
    """Return what the page tells of each case that can be opened in it."""
    text = page.read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    content = json.loads(block)
    names = content["columns"]["case_id"]
    case = [names["words"][at] for at in names["at"]]
    return {case[int(row)]: told["facts"] for row, told in content["details"]["cases"].items()}


def test_every_file_of_a_list_and_of_the_lists_beside_it_is_known_to_the_record(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    """What forgetting cannot reach must at least be named."""
    batch = write_batch(
        "monday",
        reports=[{"report_id": "a"}],
        files=[
            {"file_id": "f", "report_id": "a", "hash_status": "no_match", "victim_status": "unidentified"}
        ],
    )
    out, folder = tmp_path / "list.csv", tmp_path / "beside"
    listed = score(batch, "--store", store, "--lists", folder, "--out", tmp_path / "list.coop.json", out=out)
    assert listed["lists"] == {
        "referral": 0, "notice": 1, "identification": 1, "notification": 0, "claims": 0,
    }  # fmt: skip
    again = ("score", batch, "--out", tmp_path / "again.csv", "--force")
    assert "beside it: 1 notice, 1 identification (--lists FOLDER writes them)" in run(*again)
    assert f"1 identification (in {folder})" in run(*again, "--lists", folder)
    gone = answer("forget", "a", "--store", store, "--yes")
    made = {
        "list.csv": out,
        "list.coop.json": tmp_path / "list.coop.json",
        "beside/notice.csv": folder / "notice.csv",
        "beside/identification.csv": folder / "identification.csv",
    }
    assert {export["name"]: export["sha256"] for export in gone["exports"]} == {
        name: sha256(file.read_bytes()).hexdigest() for name, file in made.items()
    }


def test_delimiter_and_wishes_hold_for_the_lists_beside_it(
    write_batch: Callable[..., Path], tmp_path: Path
) -> None:
    victims = [
        {"child_id": f"c{name}", "report_id": name, "identification": "previously_identified"}
        for name in "ab"
    ]
    files = [{"file_id": f"f{name}", "report_id": name, "victim_status": "identified"} for name in "ab"]
    batch = write_batch(
        "monday", reports=[{"report_id": "a"}, {"report_id": "b"}], children=victims, files=files
    )
    wishes = tmp_path / "wishes.csv"
    wishes.write_text("token,wish\nca,do_not_tell\nca,tell\ncb,tell\n")
    out, folder = tmp_path / "list.csv", tmp_path / "beside"
    listed = score(batch, "--wishes", wishes, "--lists", folder, "--delimiter", ";", out=out)
    assert listed["wishes_contradicted"] == 1
    told = (folder / "notification.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(";")[1].strip('"') for line in told] == ["victim", "cb"]
    assert out.read_text(encoding="utf-8-sig").startswith('"rank";"lane"')
    assert "one of the inputs" in run("score", batch, "--wishes", wishes, "--out", wishes, "--force", code=4)


def test_output_that_would_be_refused_is_refused_before_anything_is_kept(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    batch = write_batch("monday", reports=[{"report_id": "a"}])
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    fresh = ["--out", tmp_path / "fresh.csv"]
    for words, code in (
        (["--out", tmp_path / "list.docx"], 2),
        ([*fresh, "--out", tmp_path / "." / "fresh.csv"], 2),
        (["--out", tmp_path / "there.csv"], 4),
        ([*fresh, "--lists", tmp_path / "full", "--force"], 4),
        (["--out", tmp_path / "new" / "claims.csv", "--lists", tmp_path / "new", "--force"], 2),
        (["--out", store], 4),
    ):
        run("score", batch, "--store", store, *words, code=code)
    assert not store.exists()
    assert not (tmp_path / "fresh.csv").exists()


def test_ties_fall_by_the_key_without_a_record_too(write_batch: Callable[..., Path], tmp_path: Path) -> None:
    batch = write_batch("monday", reports=[{"report_id": f"r{n:02}"} for n in range(40)])
    orders = []
    for number, secret in enumerate(("00" * 16, "11" * 16)):
        (tmp_path / f"{number}.key").write_text(secret)
        score(batch, "--key-file", tmp_path / f"{number}.key", out=tmp_path / "list.csv")
        orders.append([row["case_id"] for row in read_rows(tmp_path / "list.csv")])
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_list_with_a_report_that_came_twice_with_other_values_can_be_evaluated_and_compared(
    write_batch: Callable[..., Path], tmp_path: Path
) -> None:
    """No name stands twice on a list, so every command that reads one can."""
    other = {"report_id": "a", "incident_type": "travel"}
    batch = write_batch(
        "monday", reports=[{"report_id": "a", "incident_type": "csam"}, other, {"report_id": "b"}]
    )
    out, outcomes = tmp_path / "list.csv", tmp_path / "outcomes.csv"
    score(batch, out=out, code=3)
    assert [row["case_id"] for row in read_rows(out)] == ["reports.csv", "a", "b"]
    outcomes.write_text("case_id,current_abuse\na,1\nb,0\n")
    assert "recall" in run("evaluate", out, "--outcomes", outcomes)
    assert answer("diff", out, out)["unchanged"] == 3


def test_head_that_is_told_stands_for_the_list_and_all_its_files(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    listed = score(
        write_batch("monday", reports=[{"report_id": "a"}]), "--store", store, out=tmp_path / "l.csv"
    )
    assert listed["head"] == str(opened(store).head())
    assert (listed["new"], listed["reopened"], listed["decided"]) == (1, 0, 0)


def test_page_tells_of_each_case_what_the_policy_of_the_list_says(
    write_batch: Callable[..., Path], tmp_path: Path
) -> None:
    """By the policy for hotlines a child that reports solicitation escalates; by the default it does not."""
    batch = write_batch(
        "monday",
        reports=[{"report_id": "a", "reporter_type": "child", "report_annotations": "csam_solicitation"}],
    )
    page = tmp_path / "list.html"
    listed = score(batch, "--policy", "hotline", out=page)
    assert listed["lanes"]["escalated"] == 1
    assert "a child reports that somebody solicits material" in page_facts(page)["a"]
    told = [answer("explain", batch, "a", *more)["lane"] for more in ([], ["--policy", "hotline"])]
    assert told == ["ranked", "escalated"]


def test_case_that_cannot_be_scored_keeps_no_other_from_the_page(
    write_batch: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = write_batch("monday", reports=[{"report_id": name} for name in "abcde"])
    build = catalogue.build_features

    def fail(view: Any, names: Any) -> Any:
        if "c" in view.part.cases.to_pylist():
            raise ZeroDivisionError
        return build(view, names)

    for module in ("score", "explain"):
        monkeypatch.setattr(f"triage.worklist.{module}.build_features", fail)
    page, out = tmp_path / "list.html", tmp_path / "list.csv"
    score(batch, "--out", out, out=page)
    assert set(page_facts(page)) == {"a", "b", "d", "e"}
    first = read_rows(out)[0]
    assert (first["case_id"], first["lane"]) == ("c", "unreadable")
    assert "could not be scored" in run("explain", batch, "c", "--json", code=4)
    shown = {row["case_id"]: row["score"] for row in read_rows(out)}
    assert answer("explain", batch, "b")["score"] == float(shown["b"])


def test_case_of_an_earlier_batch_is_explained_with_all_that_the_record_has_of_it(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    person = {"person_id": "p", "role": "reported"}
    monday = write_batch(
        "monday", reports=[{"report_id": "a"}, {"report_id": "z"}], persons=[person | {"report_id": "a"}]
    )
    tuesday = write_batch("tuesday", reports=[{"report_id": "b"}], persons=[person | {"report_id": "b"}])
    for batch in (monday, tuesday):
        score(batch, "--store", store, out=tmp_path / "list.csv")
    rows = {row["case_id"]: row for row in read_rows(tmp_path / "list.csv")}
    assert set(rows) == {"a", "z"}
    head = opened(store).head()
    for case, reports in (("a", 2), ("z", 1)):
        told = answer("explain", tuesday, case, "--store", store)
        assert told["facts"].startswith(f"{reports} report")
        assert told["score"] == pytest.approx(float(rows[case]["score"]))
    # Explaining keeps nothing, and a case that was decided can still be explained.
    assert opened(store).head() == head
    opened(store).decide("z", "officer 7", "opened", "quality")
    assert answer("explain", tuesday, "z", "--store", store)["case_id"] == "z"
    run("explain", tuesday, "z", code=4)


def test_policy_says_which_cases_the_score_gives_a_place(write_batch: Callable[..., Path]) -> None:
    batch = write_batch(
        "monday",
        reports=[
            {"report_id": "a", "reporter_type": "child", "report_annotations": "csam_solicitation"},
            {"report_id": "b"},
        ],
    )
    asked = ["stability", batch, "--capacity", 1, "--draws", 5]
    assert answer(*asked)["places_by_score"] == 1
    assert answer(*asked, "--policy", "hotline")["places_by_score"] == 0


def test_forgetting_by_an_earlier_name_asks_about_the_case_that_bears_it_now(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    people = [{"person_id": name, "report_id": report, "role": "reported"} for name, report in ("pa", "qb")]
    monday = write_batch("monday", reports=[{"report_id": "a"}, {"report_id": "b"}], persons=people)
    joins = [{"person_id": name, "report_id": "c", "role": "reported"} for name in "pq"]
    tuesday = write_batch("tuesday", reports=[{"report_id": "c"}], persons=joins)
    for batch in (monday, tuesday):
        score(batch, "--store", store, out=tmp_path / "list.csv")
    opened(store).decide("a", "officer 7", "opened")
    asked = CliRunner().invoke(main, ["forget", "b", "--store", str(store)], input="n\n")
    assert "case b, open: erase" in asked.stderr


def test_score_that_the_policy_hides_is_told_by_the_record_to_nobody_who_works_on_the_case(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "blind.toml"
    text = find_shipped("models", "policies", "default.toml").read_text(encoding="utf-8")
    text = text.replace("hide_scores = false", "hide_scores = true").replace("share = 0.023", "count = 10")
    policy.write_text(text, encoding="utf-8")
    names = [f"r{number:02}" for number in range(40)]
    batch = write_batch(
        "monday",
        reports=[{"report_id": name} for name in names],
        persons=[{"person_id": f"p{name}", "report_id": name, "role": "reported"} for name in names],
        prior_records=[
            {"record_id": name, "person_id": f"p{name}", "record_kind": "contact_conviction", "known_at": "2024-01-01T00:00:00Z"}
            for name in names[:20]
        ],
    )  # fmt: skip
    out = tmp_path / "list.csv"
    listed = score(batch, "--store", store, "--policy", policy, "--as-of", "2024-03-02", out=out)
    rows = {row["case_id"]: row for row in read_rows(out)}
    hidden = [case for case, row in rows.items() if not row["score"]]
    assert listed["hidden"] == len(hidden) == 10
    (seq,) = [entry["seq"] for entry in opened(store).headers()]
    kept = {row["case_id"]: row for row in opened(store).list_rows(seq)}
    assert {case for case, row in kept.items() if row.get("hidden")} == set(hidden)
    assert all(isinstance(row["score"], float) for row in kept.values())
    assert sum(row["audit"] for row in kept.values()) == 1
    seen = next(case for case in rows if case not in hidden)
    for case in (hidden[0], seen):
        view = ("record", case, "--store", store, "--who", "a", "--first-view", "likely")
        assert ("score" in answer(*view)["standing"]) == (case == seen)
        said = answer("audit", "show", "--store", store, "--case", case)["entries"]
        told = [leaf for entry in said for leaf in entry["says"] if "rank" in leaf]
        assert [("score" in leaf, "audit" in leaf) for leaf in told] == [(case == seen, False)]
        explained = answer("explain", batch, case, "--store", store, "--policy", policy)
        assert explained["hidden_on_the_list"] == (case != seen)
        assert isinstance(explained["score"], float)
        warned = "no longer looks at it without knowing" in run("explain", batch, case, "--store", store)
        assert warned == (case != seen)
    assert "ranked cases without a score" in run("evaluate", out, "--outcome", "tier", code=4)
    assert "explain shows it" in run("score", batch, "--policy", policy, "--out", tmp_path / "again.csv")


def test_where_a_file_cannot_be_written_it_is_said_what_was_kept_and_what_not(
    write_batch: Callable[..., Path], store: Path, tmp_path: Path
) -> None:
    """The name leaves no room for that of the temporary file beside it: as good as a full disk."""
    batch, long = write_batch("monday", reports=[{"report_id": "a"}]), tmp_path / f"{'x' * 250}.csv"
    first = tmp_path / "first.csv"
    error = answer("score", batch, "--store", store, "--out", first, "--out", long, code=4)["error"]
    (kept,) = opened(store).lists()
    assert f"not written: {first}, {long}; the list is in the record (entry {kept['seq']})" in error["mend"]
    assert not kept["exports"]
    assert not first.exists()
    assert not long.exists()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_force_replaces_a_list_and_never_the_table_of_the_reports(
    write_batch: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    batch, out = write_batch("monday", reports=[{"report_id": "a"}]), tmp_path / f"file.{ending}"
    out.write_bytes(b"Case;Received\n7;today\n")
    refused = answer("score", batch, "--out", out, "--force", code=4)
    assert "no list of ours" in refused["error"]["message"]
    assert out.read_bytes() == b"Case;Received\n7;today\n"
    out.unlink()
    score(batch, out=out)
    score(batch, out=out)
