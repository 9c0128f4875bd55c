"""Commands on a batch at a URL, as a person types them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner, Result

from tests.elsewhere import serve
from triage.cli import main

KEY = {"TRIAGE_KEY": "5a" * 32}
URL = "memory://elsewhere/batch"


def run(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words], env=KEY)
    assert done.exit_code == code, (done.output, done.stderr, done.exception)
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A synthetic batch, and a copy of it in the memory of this process."""
    folder = tmp_path_factory.mktemp("elsewhere") / "batch"
    run("synth", "nl-2017", "--cases", 400, "--seed", 4, "--out", folder)
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/elsewhere/batch", recursive=True)
    yield folder
    memory.rm("/elsewhere", recursive=True)


def test_a_list_of_a_url_is_the_list_of_the_folder(folder: Path, tmp_path: Path) -> None:
    run("score", folder, "--out", tmp_path / "here.csv")
    said = run("score", URL, "--out", tmp_path / "there.csv").stdout
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert f"triage explain {URL} CASE" in said


def test_the_record_and_the_list_do_not_say_where_the_batch_was(folder: Path, tmp_path: Path) -> None:
    run("score", URL, "--store", tmp_path / "record.sqlite", "--out", tmp_path / "list.jsonl")
    assert not [file for file in tmp_path.iterdir() if b"memory:/" in file.read_bytes()]
    run("score", folder, "--store", tmp_path / "other.sqlite", "--out", tmp_path / "other.jsonl")
    told = [
        json.loads((tmp_path / name).read_text().splitlines()[0]) for name in ("list.jsonl", "other.jsonl")
    ]
    assert told[0]["case_id"] == told[1]["case_id"]


def test_every_command_that_reads_a_batch_takes_a_url(folder: Path, tmp_path: Path) -> None:
    def same(*words: object, code: int = 0) -> None:
        here, there = (
            run(*(place if word == "BATCH" else word for word in words), code=code) for place in (folder, URL)
        )
        assert there.stdout.replace(URL, str(folder)) == here.stdout

    run("score", folder, "--out", tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        case = next(csv.DictReader(file))["case_id"]
    same("check", "BATCH")
    same("explain", "BATCH", case)
    same("stability", "BATCH", "--draws", 20)
    same("evaluate", tmp_path / "list.csv", "--outcomes", "BATCH", "--resamples", 0)
    same(
        "compare",
        tmp_path / "list.csv",
        "--score",
        "score",
        "--score",
        "waiting_hours",
        "--outcomes",
        "BATCH",
    )
    run("export", URL, "--as", "csv", "--out", tmp_path / "csv")
    run("export", folder, "--as", "csv", "--out", tmp_path / "csv-here")
    assert (tmp_path / "csv" / "reports.csv").read_bytes() == (
        tmp_path / "csv-here" / "reports.csv"
    ).read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_list_is_written_where_a_part_does_not_come(folder: Path, tmp_path: Path, jobs: int) -> None:
    run("partition", folder, "--cases", 100, "--out", tmp_path / "parts")
    with serve(tmp_path) as server:
        server.cut.add("parts/reports/part-00002.parquet")
        words = ["score", f"{server.url}/parts", "--jobs", jobs, "--out", tmp_path / "list.csv"]
        refused = run(*words, code=4)
    assert "parts/reports/part-00002.parquet: cannot be read" in refused.stderr
    assert not (tmp_path / "list.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score", "memory://nowhere", "--out", "list.csv"], "no batch.json"),
        (
            ["score", "s3://key:s3cr3t@bucket/batch", "--out", "list.csv"],
            "s3://bucket/batch: a name or a password",
        ),
        (["check", "s3://key:s3cr3t@bucket/batch", "--json"], "a name or a password"),
        (
            ["score", URL, "--out", "s3://key:s3cr3t@bucket/list.csv"],
            "s3:/bucket/list.csv: a URL; expected a path",
        ),
        (["export", URL, "--as", "csv", "--out", "gs://bucket/batch"], "write it here, then copy it"),
        (["synth", "nl-2017", "--cases", "20", "--out", "s3://bucket/batch"], "write it here, then copy it"),
        (["partition", URL, "--out", "batch"], "a URL; expected a folder of this machine"),
        (["partition", "x", "--out", "memory://batch"], "batch.json last"),
        (["rekey", URL, "--out", "batch"], "the references lie beside it"),
        (["open", URL, "case"], "the references lie beside it"),
        (["open", "case", "--store", "x.sqlite", "--batch", URL], "the references lie beside it"),
        (["forget", "case", "--store", "x.sqlite", "--batch", URL, "--yes"], "the references lie beside it"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run(*words, code=4)
    assert said in refused.output
    assert "s3cr3t" not in refused.output + refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_waits_in_a_batch_elsewhere_joins_its_report(tmp_path: Path) -> None:
    reports = Path(__file__).parents[1] / "intake" / "cybertipline"
    run("import", reports / "Flood_file1.xml", "--out", tmp_path / "monday", code=3)
    fsspec.filesystem("memory").put(str(tmp_path / "monday"), "/elsewhere/monday", recursive=True)
    # Its number in the name of the file is what the other waits for.
    report = shutil.copy(reports / "Flood_report1.xml", tmp_path / "tip_77003344.xml")
    told = []
    for name, place in (("here", tmp_path / "monday"), ("there", "memory://elsewhere/monday")):
        words = ["--waiting", place, "--out", tmp_path / name, "--json"]
        said = run("import", report, *words).stdout
        told.append(json.loads(said) | {"batch": ""})
    assert told[0] == told[1]
    assert told[0]["rows"]["files"] == 1
