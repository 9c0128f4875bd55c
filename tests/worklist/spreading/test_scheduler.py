from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.elsewhere import serve
from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.worklist.build import build_worklist

from .conftest import Deadly, check_lost, same


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Two worker processes on this machine, which are replaced when they end."""
    import dask
    from distributed import LocalCluster

    quick = {"distributed.scheduler.allowed-failures": 1, "distributed.worker.profile.enabled": False}
    with (
        dask.config.set(quick),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
        ) as cluster,
    ):
        yield cluster.scheduler_address


def test_a_cluster_makes_the_same_list_also_where_a_worker_is_killed(
    scheduler: str, batch: Batch, bundle: Bundle, tmp_path: Path
) -> None:
    serial = build_worklist(batch, bundle)
    assert same(build_worklist(batch, bundle, scheduler=scheduler), serial)
    once = tmp_path / "killed"
    deadly = replace(batch, read_part=Deadly(batch.read_part, 2, once))
    assert same(build_worklist(deadly, bundle, scheduler=scheduler), serial)
    assert once.exists()


def test_a_part_that_always_kills_its_worker_is_named_and_the_rest_is_finished(
    scheduler: str, batch: Batch, bundle: Bundle
) -> None:
    deadly = replace(batch, read_part=Deadly(batch.read_part, 2))
    worklist = build_worklist(deadly, bundle, scheduler=scheduler)
    assert worklist.lost_parts == {2}
    check_lost(worklist, build_worklist(batch, bundle), batch.read_part(2).cases.to_pylist())


def test_a_scheduler_that_does_not_answer_is_refused(
    batch: Batch, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.worklist.spreading._ANSWER_SECONDS", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputRefusedError, match="no Dask scheduler answers"):
        build_worklist(batch, bundle, scheduler=address)


@pytest.mark.parametrize("address", ["nonsense://127.0.0.1:1", "tcp://127.0.0.1:port", "tcp://"])
def test_what_is_no_address_is_refused(
    batch: Batch, bundle: Bundle, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.worklist.spreading._ANSWER_SECONDS", 0.5)
    with pytest.raises(InputRefusedError, match="no Dask scheduler answers"):
        build_worklist(batch, bundle, scheduler=address)


def test_without_dask_the_mend_says_what_to_install(
    batch: Batch, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputRefusedError, match=r"pip install 'report-triage\[dask\]'"):
        build_worklist(batch, bundle, scheduler="tcp://127.0.0.1:8786")


def test_a_batch_in_memory_is_refused(batch: Batch, bundle: Bundle) -> None:
    held = Batch(batch.meta, batch.read_part, batch.set_aside)
    with pytest.raises(InputRefusedError, match="a batch in memory"):
        build_worklist(held, bundle, scheduler="tcp://127.0.0.1:8786")


def test_workers_open_a_batch_on_a_server_themselves(
    scheduler: str, batch: Batch, bundle: Bundle, folder: Path
) -> None:
    with serve(folder.parent) as server:
        there = open_any(f"{server.url}/{folder.name}")
        assert same(build_worklist(there, bundle, scheduler=scheduler), build_worklist(batch, bundle))
