"""Whole files and folders, or nothing; and nothing of anybody else's."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.writing import require_plain, write_file, write_folder

OURS = frozenset({"batch.json", "reports"})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with write_file(tmp_path / "a.csv") as partial:
        partial.write_text("new")
        assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_interrupted_file_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(error), write_file(tmp_path / "a.csv", force=True) as partial:
        partial.write_text("half")
        raise error
    assert (tmp_path / "a.csv").read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_interrupted_folder_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "batch.json").write_text("old")
    with pytest.raises(KeyboardInterrupt), write_folder(tmp_path / "b", contents=OURS, force=True) as partial:
        (partial / "batch.json").write_text("half")
        raise KeyboardInterrupt
    assert (tmp_path / "b" / "batch.json").read_text() == "old"
    assert names(tmp_path) == ["b"]


def test_exchange_that_fails_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "batch.json").write_text("old")
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with (
        pytest.raises(OSError, match="No space"),
        write_folder(tmp_path / "b", contents=OURS, force=True) as partial,
    ):
        (partial / "batch.json").write_text("new")
    assert (tmp_path / "b" / "batch.json").read_text() == "old"


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError, match="meanwhile"), write_file(tmp_path / "a.csv") as partial:
        partial.write_text("ours")
        (tmp_path / "a.csv").write_text("theirs")
    assert (tmp_path / "a.csv").read_text() == "theirs"
    with (
        pytest.raises(OutputExistsError, match="meanwhile"),
        write_folder(tmp_path / "b", contents=OURS) as partial,
    ):
        (partial / "batch.json").write_text("ours")
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "batch.json").write_text("theirs")
    assert (tmp_path / "b" / "batch.json").read_text() == "theirs"
    assert names(tmp_path) == ["a.csv", "b"]


def test_force_replaces_only_what_this_program_makes(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "batch.json").write_text("{}")
    (tmp_path / "web" / "thesis.tex").write_text("x")
    (tmp_path / "plain").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "pipe")
    for name in ("web", "plain", "link", "pipe"):
        with pytest.raises(InputRefusedError), write_folder(tmp_path / name, contents=OURS, force=True):
            raise AssertionError("nothing may be written")
    for name in ("web", "link", "pipe"):
        with pytest.raises(InputRefusedError), write_file(tmp_path / name, force=True):
            raise AssertionError("nothing may be written")
    assert names(tmp_path) == ["link", "pipe", "plain", "web"]
    assert (tmp_path / "web" / "thesis.tex").read_text() == "x"


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="no such folder"), write_file(tmp_path / "nowhere" / "a.csv"):
        raise AssertionError("nothing may be written")


def test_pipe_is_never_read_from(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputRefusedError, match="not a plain file"):
        require_plain(tmp_path / "pipe")


def leave_half(path: Path, *, folder: bool) -> None:
    """Be killed in the middle of a write."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    with write_folder(path, contents=OURS) if folder else write_file(path) as partial:
        (partial / "batch.json" if folder else partial).write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_killed_process_left_goes_with_the_next_write_of_the_same_output(
    tmp_path: Path, folder: bool
) -> None:
    others = [".a.csv.x.partial", ".a.csv.partial", ".b.csv.abcdefgh.partial", "a.csv.abcdefgh.partial"]
    for name in others:
        (tmp_path / name).write_text("somebody else's")
    (tmp_path / ".a.csv.abcdefgh.partial").symlink_to(tmp_path / others[0])
    leave_half(tmp_path / "a.csv", folder=folder)
    assert len(names(tmp_path)) == len(others) + 2
    with write_folder(tmp_path / "a.csv", contents=OURS) if folder else write_file(tmp_path / "a.csv") as new:
        (new / "batch.json" if folder else new).write_text("whole")
    assert names(tmp_path) == sorted([*others, ".a.csv.abcdefgh.partial", "a.csv"])


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_another_process_is_writing_is_not_swept(tmp_path: Path, folder: bool) -> None:
    begun, go_on = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        with (
            write_folder(tmp_path / "a", contents=OURS, force=True)
            if folder
            else write_file(tmp_path / "a", force=True) as partial
        ):
            (partial / "batch.json" if folder else partial).write_text("second")
            os.write(begun[1], b".")
            os.read(go_on[0], 1)
        os._exit(0)
    os.read(begun[0], 1)
    with write_folder(tmp_path / "a", contents=OURS) if folder else write_file(tmp_path / "a") as partial:
        (partial / "batch.json" if folder else partial).write_text("first")
    os.write(go_on[1], b".")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "a" / "batch.json" if folder else tmp_path / "a").read_text() == "second"
    assert names(tmp_path) == ["a"]


def test_without_locks_only_what_is_a_day_old_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.writing.fcntl", None)
    new, old = tmp_path / ".a.aaaaaaaa.partial", tmp_path / ".a.bbbbbbbb.partial"
    for path, age in ((new, 80_000), (old, 90_000)):
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)
    with write_file(tmp_path / "a") as partial:
        partial.write_text("whole")
    assert names(tmp_path) == [".a.aaaaaaaa.partial", "a"]
