"""``triage score`` by several processes, by a cluster, and after a run that died."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from triage.cli import main
from triage.schema.batch import open_batch, split_part, write_batch
from triage.worklist import gathering, spreading

KEY = {"TRIAGE_KEY": "5a" * 32}


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    assert run("synth", "nl-2017", "--cases", 120, "--seed", 4, "--out", folder / "whole").exit_code == 0
    whole = open_batch(folder / "whole")
    write_batch(
        folder / "batch", (piece for part in whole.parts() for piece in split_part(part, 40)), whole.meta
    )
    return folder / "batch"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=KEY)


def test_jobs_and_resume_write_the_same_file_and_leave_nothing(batch: Path, tmp_path: Path) -> None:
    assert run("score", batch, "--out", tmp_path / "one.csv").exit_code == 0
    many = run("score", batch, "--jobs", 2, "--resume", tmp_path / "done", "--out", tmp_path / "many.csv")
    assert many.exit_code == 0, many.output
    assert (tmp_path / "many.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["many.csv", "one.csv"]


@pytest.mark.parametrize(
    ("cases", "asked", "started"), [(40, [], []), (15, [], [2]), (15, ["--jobs", "1"], [])]
)
def test_a_batch_of_many_parts_is_scored_by_several_processes_unless_somebody_says_otherwise(
    batch: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cases: int,
    asked: list[str],
    started: list[int],
) -> None:
    whole = open_batch(batch)
    pieces = [piece for part in whole.parts() for piece in split_part(part, cases)]
    write_batch(tmp_path / "cut", pieces, whole.meta)
    found: list[int] = []

    def open_processes(jobs: int) -> object:
        found.append(jobs)
        return spreading.open_processes(jobs)

    monkeypatch.setattr(gathering, "open_processes", open_processes)
    monkeypatch.setattr(spreading, "count_jobs", lambda jobs: 2 if jobs < 0 else jobs)
    assert run("score", tmp_path / "cut", *asked, "--out", tmp_path / "cut.csv").exit_code == 0
    assert found == started
    assert run("score", batch, "--out", tmp_path / "one.csv").exit_code == 0
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_finished_parts_stay_when_the_list_cannot_be_written_and_are_taken_then(
    batch: Path, tmp_path: Path
) -> None:
    score = ["score", batch, "--resume", tmp_path / "done", "--out"]
    assert run(*score, tmp_path / "no-folder" / "list.csv").exit_code == 4
    held = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "done").iterdir()}
    assert len(held) == 6
    (tmp_path / "done" / "part-00001.arrow").write_bytes(b"")
    again = run(*score, tmp_path / "list.csv")
    assert again.exit_code == 0
    assert "part-00001.arrow: not as it was written; the part is scored again" in again.stderr
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "0"], "1 or more, or -1"),
        (["--resume", "done", "--store", "record.sqlite"], "without --store"),
        (["--scheduler", "tcp://127.0.0.1:1", "--store", "record.sqlite"], "without --store"),
        (["--resume", "lists"], "one of the other files"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run("score", batch, "--out", "lists/list.csv", *words)
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_csv_files_is_in_memory(batch: Path, tmp_path: Path) -> None:
    assert run("export", batch, "--as", "csv", "--out", tmp_path / "csv").exit_code == 0
    refused = run("score", tmp_path / "csv", "--resume", tmp_path / "done", "--out", tmp_path / "list.csv")
    assert refused.exit_code == 2
    assert "in memory" in refused.output
    assert run("score", tmp_path / "csv", "--jobs", 2, "--out", tmp_path / "list.csv").exit_code in {0, 3}
