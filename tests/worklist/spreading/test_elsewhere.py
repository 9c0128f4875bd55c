"""Parts that others read by the URL of the batch, which they open themselves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.elsewhere import Server, serve
from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.worklist.build import build_worklist
from triage.worklist.resuming import Finished

from .conftest import same


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serve(folder.parent) as server:
        yield server


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_list_of_a_batch_on_a_server_is_that_of_its_folder(
    batch: Batch, bundle: Bundle, server: Server, jobs: int
) -> None:
    there = open_any(f"{server.url}/cut")
    assert same(build_worklist(there, bundle, jobs=jobs), build_worklist(batch, bundle))


def test_two_processes_open_one_archive(batch: Batch, bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", folder.parent, folder.name)
    there = open_any(f"zip://{folder.name}::file://{archive}")
    assert same(build_worklist(there, bundle, jobs=2), build_worklist(batch, bundle))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_part_that_is_cut_off_on_the_way_is_refused(bundle: Bundle, server: Server, jobs: int) -> None:
    there = open_any(f"{server.url}/cut")
    server.cut.add("cut/files/part-00003.parquet")
    with pytest.raises(InputRefusedError, match=r"cut/files/part-00003\.parquet: cannot be read"):
        build_worklist(there, bundle, jobs=jobs)


def test_a_run_that_died_goes_on_from_a_server(
    batch: Batch, bundle: Bundle, server: Server, tmp_path: Path
) -> None:
    there, finished = open_any(f"{server.url}/cut"), Finished(tmp_path / "finished", print)
    build_worklist(there, bundle, resume=finished)
    (tmp_path / "finished" / "part-00003.json").unlink()
    server.asked.clear()
    assert same(build_worklist(there, bundle, resume=finished), build_worklist(batch, bundle))
    # All once to see that they are the same, and the missing part once more to score it.
    read = [name for what, name, _ in server.asked if what == "OPEN" and "/files/" in name]
    assert sorted(read) == sorted(f"cut/files/part-0000{index}.parquet" for index in [*range(8), 3])
