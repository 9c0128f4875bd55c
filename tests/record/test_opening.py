from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.record.conftest import KEY, header, row
from triage.errors import InputRefusedError
from triage.intake.tokens import TokenKey
from triage.record import open_record


def test_record_is_begun_where_there_is_none_and_opened_where_there_is(store: str) -> None:
    first = open_record(store, KEY)
    first.keep_list(header(), [row("c1")])
    again = open_record(store, KEY)
    assert (first.begun, again.begun) == (True, False)
    assert again.head() == first.head()
    assert again.verify(str(first.head())).intact


def test_nothing_is_begun_unless_asked(store: str) -> None:
    with pytest.raises(InputRefusedError, match="no record"):
        open_record(store, KEY, create=False)
    assert not Path(store).exists()


def test_only_the_owner_can_read_the_file(file: Path) -> None:
    open_record(file, KEY)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_write_is_safe_on_the_disk_before_it_is_answered(file: Path) -> None:
    record = open_record(file, KEY)
    with record._store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_another_key_is_refused(store: str) -> None:
    open_record(store, KEY)
    with pytest.raises(InputRefusedError, match="another key"):
        open_record(store, TokenKey(bytes(32)))


def test_what_is_no_record_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database")
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE refs (report_id text)")
    for path in (text, other, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(InputRefusedError):
            open_record(path, KEY)
        assert not path.is_file() or path.read_bytes()[100:] == before[100:]
    with pytest.raises(InputRefusedError, match="folder"):
        open_record(tmp_path / "nowhere" / "record.sqlite", KEY)
    with pytest.raises(InputRefusedError, match="mysql://"):
        open_record("mysql://host/database", KEY)


def test_file_that_a_killed_process_left_empty_is_begun(file: Path) -> None:
    file.touch()
    with pytest.raises(InputRefusedError, match="no record"):
        open_record(file, KEY, create=False)
    assert open_record(file, KEY).verify().entries == 1


def test_record_whose_tables_were_removed_is_not_begun_anew(file: Path) -> None:
    open_record(file, KEY)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DROP TABLE leaves")
        database.execute("DROP TABLE entries")
    with pytest.raises(InputRefusedError, match="tables were removed"):
        open_record(file, KEY)


def test_password_is_never_shown(server: str) -> None:
    address = server.replace("postgres:@", "postgres:hunter2@").replace("/postgres?", "/nowhere?")
    with pytest.raises(InputRefusedError) as caught:
        open_record(address, KEY)
    assert "hunter2" not in str(caught.value)
    assert "nowhere" in str(caught.value)
