"""A process that is ended at any moment leaves the record as it was before a write, or after it."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.record.conftest import KEY, header, row
from tests.record.test_pool import reports
from triage.errors import InputRefusedError
from triage.intake.refs import write_refs
from triage.record import Head, Record, open_record

KILLED = 9


def in_child(work: Callable[[], None]) -> int:
    """Run something in a copy of this process; return its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads: the copy uses none of them
        child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nothing of the test may run in the copy
        os._exit(1)


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def do_everything(store: str, batch: Path, told: Path) -> None:
    """Work through a morning, and write down every head when it has been answered."""

    def tell(head: Head | None) -> None:
        with told.open("a") as file:
            file.write(f"{head}\n")

    record = open_record(store, KEY)
    tell(record.head())
    tell(record.keep_rows("b1", {}, {"reports": reports("c1", "c2")}))
    tell(record.keep_members({"c1": "c1", "c2": "c2"}))
    tell(record.keep_list(header(), [row("c1"), row("c2", 2, tier=5)]))
    tell(record.decide("c1", "a", "opened"))
    tell(record.forget("c1", [batch]).head)


def exit_at(statement: int) -> None:
    """End this process, with nothing tidied up, in front of a statement that is not a query."""
    seen = 0

    def count(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        nonlocal seen
        if sql.startswith(
            ("BEGIN IMMEDIATE", "CREATE", "INSERT", "UPDATE", "COMMIT", "PRAGMA application_id =")
        ):
            seen += 1
            if seen == statement:
                os._exit(KILLED)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", lambda connection: count(connection, None, "COMMIT"))


def assert_kept(record: Record, answered: list[str]) -> None:
    """Everything that was answered is there, and nothing half."""
    checked = record.verify(answered[-1] if answered else None)
    assert checked.breaks == []
    kept = {f"{entry['seq']}:{entry['mac'][:16]}" for entry in record.entries()}
    assert kept >= set(answered)


def heads_in(told: Path) -> list[str]:
    return told.read_text().split() if told.exists() else []


def test_process_ended_before_any_statement_leaves_a_whole_record(tmp_path: Path) -> None:
    statement, status = 0, KILLED
    while status == KILLED:
        statement += 1
        folder = tmp_path / str(statement)
        folder.mkdir()
        write_refs(folder / "batch", [("c1", "1")])
        store, told = folder / "record.sqlite", folder / "told"

        def work(statement: int = statement, store: Path = store, told: Path = told) -> None:
            exit_at(statement)
            do_everything(str(store), store.parent / "batch", told)

        status = status_of(in_child(work))
        record = open_record(store, KEY)
        assert_kept(record, heads_in(told))
    assert status == 0
    assert statement > 30


def work_without_end(store: str, told: Path) -> None:
    record = open_record(store, KEY)
    number = 0
    while True:
        number += 1
        head = record.keep_list(header(f"b{os.getpid()}-{number}"), [row("c1"), row("c2", 2, tier=5)])
        with told.open("a") as file:
            file.write(f"{head}\n")


def kill_at_random(store: str, told: Path, times: int) -> Record:
    moments = random.Random(20240301)  # noqa: S311 - moments, no secrets
    record = open_record(store, KEY)
    for _ in range(times):
        child = in_child(lambda: work_without_end(store, told))
        time.sleep(moments.uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        assert status_of(child) == -signal.SIGKILL
    lines = heads_in(told)
    # The last line may be half written: it was never answered.
    answered = [line for line in lines if len(line.partition(":")[2]) == 16]
    assert len(answered) >= len(lines) - times
    assert_kept(record, answered)
    return record


def test_process_killed_at_random_moments_leaves_a_whole_record(store: str, tmp_path: Path) -> None:
    record = kill_at_random(store, tmp_path / "told", 12)
    record.keep_list(header("last"), [row("c1")])
    assert record.verify().intact


@pytest.mark.slow
def test_two_hundred_kills_leave_a_whole_record(store: str, tmp_path: Path) -> None:
    record = kill_at_random(store, tmp_path / "told", 200)
    assert len(record.lists()) > 20


def test_processes_that_record_at_once_make_one_chain(store: str) -> None:
    """They also begin the record at once: one begins it, the others find it there."""

    def work(name: int) -> None:
        record = open_record(store, KEY)
        for number in range(15):
            record.keep_list(header(f"b{name}-{number}"), [row(f"c{name}")])
        record.decide(f"c{name}", str(name), "opened")

    children = [in_child(lambda name=name: work(name)) for name in range(3)]  # type: ignore[misc]
    assert [status_of(child) for child in children] == [0, 0, 0]
    record = open_record(store, KEY)
    checked = record.verify()
    assert checked.intact
    assert checked.entries == 1 + 3 * 16
    assert len({header["batch"] for header in record.lists()}) == 45
    assert [state.state for state in record.states()] == ["open"] * 3


def test_case_is_opened_by_one_of_two_who_try_at_once(store: str) -> None:
    open_record(store, KEY).keep_list(header(), [row("c1")])

    def work(name: int) -> None:
        open_record(store, KEY).decide("c1", str(name), "opened")

    children = [in_child(lambda name=name: work(name)) for name in range(2)]  # type: ignore[misc]
    assert sorted(status_of(child) for child in children) == [0, 1]
    assert len(open_record(store, KEY).entries(case="c1")) == 2


def test_disk_that_is_full_loses_the_entry_and_none_before_it(file: Path) -> None:
    record = open_record(file, KEY)
    record.keep_list(header(), [row("c1")])
    before = record.head()

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 50_000,) * 2)
        with pytest.raises(
            InputRefusedError, match="nothing of this entry was kept, the entries before it are"
        ):
            record.keep_list(header("b2"), [row(f"c{number}", number + 1) for number in range(5_000)])

    assert status_of(in_child(work)) == 0
    assert record.head() == before
    assert record.verify(str(before)).intact
    record.keep_list(header("b3"), [row("c2")])
