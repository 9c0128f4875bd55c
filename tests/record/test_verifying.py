"""What somebody could do who can write to the file and has not the key, and what somebody could who has."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.record.conftest import KEY, Clock, header, row
from triage.errors import InputRefusedError
from triage.record import Head, Record, open_record
from triage.record.chain import commit_entry

Tamper = Callable[..., None]


def fill(record: Record) -> Head:
    """Write entries 2 to 7: the rest of a list, the list, an export, two decisions, a finding of nothing."""
    record.keep_list(header(), [row("c1"), row("c2", 2, tier=3), row("c3", 3, tier=5)])
    record.keep_export("csv", "a" * 64, "list.csv")
    record.decide("c1", "a", "opened")
    record.decide("c2", "a", "opened")
    return record.decide("c1", "a", "closed")


@pytest.fixture
def head(record: Record) -> str:
    return str(fill(record))


def breaks(record: Record, head: str | None = None) -> str:
    checked = record.verify(head)
    assert checked.intact == (not checked.breaks)
    return "\n".join(checked.breaks)


def test_untouched_record_is_intact(any_record: Record) -> None:
    head = fill(any_record)
    checked = any_record.verify(str(head))
    assert checked.intact
    assert (checked.entries, checked.erased, checked.head) == (7, 0, str(head))
    assert any_record.verify(head.full).intact
    assert any_record.verify().against == ""


def test_head_that_was_kept_stays_part_of_the_record(record: Record) -> None:
    heads = [str(record.head())]
    for step in (fill, lambda some: some.decide("c2", "a", "closed"), lambda some: some.forget("c3")):
        step(record)
        heads.append(str(record.head()))
        assert all(record.verify(head).intact for head in heads)


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("UPDATE entries SET at = '2024-03-02T00:00:00.000000+00:00' WHERE seq = 5", 5),
        ("UPDATE entries SET kind = 'export' WHERE seq = 5", 5),
        ("UPDATE entries SET mac = zeroblob(32) WHERE seq = 5", 5),
        ("UPDATE entries SET previous = zeroblob(32) WHERE seq = 5", 5),
        ("UPDATE entries SET commitment = zeroblob(32) WHERE seq = 5", 5),
        (
            "UPDATE leaves SET payload = CAST(replace(CAST(payload AS TEXT), 'opened', 'closed') AS BLOB) WHERE seq = 5",
            5,
        ),
        ("UPDATE leaves SET salt = zeroblob(16) WHERE seq = 5", 5),
        ("UPDATE leaves SET commitment = zeroblob(32) WHERE seq = 5", 5),
        ("UPDATE leaves SET case_id = 'c2' WHERE seq = 5", 5),
        ("UPDATE leaves SET case_id = NULL WHERE seq = 5", 5),
        ("UPDATE leaves SET payload = NULL WHERE seq = 5", 5),
        ("UPDATE leaves SET payload = NULL, salt = NULL, case_id = NULL WHERE seq = 5", 5),
        ("DELETE FROM leaves WHERE seq = 3 AND place = 2", 3),
        ("UPDATE leaves SET place = place + 10 WHERE seq = 5", 5),
        ("INSERT INTO leaves SELECT 5, 7, commitment, salt, payload, case_id FROM leaves WHERE seq = 6", 5),
        ("INSERT INTO leaves SELECT 99, 0, commitment, salt, payload, case_id FROM leaves WHERE seq = 6", 99),
        ("DELETE FROM entries WHERE seq = 5", 5),
        ("DELETE FROM entries WHERE seq = 1", 1),
    ],
)
def test_every_change_is_found_and_named(
    record: Record, head: str, tamper: Tamper, statement: str, entry: int
) -> None:
    tamper(statement)
    assert f"entry {entry}" in breaks(record, head)
    assert f"entry {entry}" in breaks(record)


@pytest.mark.usefixtures("head")
def test_payload_rewritten_with_its_commitments_still_misses_the_key(
    record: Record, file: Path, tamper: Tamper
) -> None:
    """Everything that can be computed without the key is made to fit."""
    with closing(sqlite3.connect(file)) as database:
        salt, payload = database.execute("SELECT salt, payload FROM leaves WHERE seq = 5").fetchone()
        at, kind = database.execute("SELECT at, kind FROM entries WHERE seq = 5").fetchone()
    forged = payload.replace(b"opened", b"closed")
    leaf = hashlib.sha256(salt + forged).digest()
    tamper(
        f"UPDATE leaves SET payload = X'{forged.hex()}', commitment = X'{leaf.hex()}' WHERE seq = 5",
        f"UPDATE entries SET commitment = X'{commit_entry(kind, at, [leaf]).hex()}' WHERE seq = 5",
    )
    assert breaks(record) == "entry 5 does not fit its MAC: changed, moved, or written without the key"
    with pytest.raises(InputRefusedError, match="entry 5"):
        record.states()


@pytest.mark.usefixtures("head")
def test_entries_that_changed_places_are_found(record: Record, tamper: Tamper) -> None:
    swap = [
        f"UPDATE {table} SET seq = {new} WHERE seq = {old}"
        for old, new in ((5, 100), (6, 5), (100, 6))
        for table in ("entries", "leaves")
    ]
    tamper(*swap)
    found = breaks(record)
    assert "entry 5 does not fit its MAC" in found
    assert "entry 6 does not fit its MAC" in found


def test_entry_put_in_without_the_key_is_found(record: Record, head: str, tamper: Tamper) -> None:
    tamper(
        "INSERT INTO entries SELECT 8, at, kind, commitment, (SELECT mac FROM entries WHERE seq = 7), mac FROM entries WHERE seq = 6",
        "INSERT INTO leaves SELECT 8, place, commitment, salt, payload, case_id FROM leaves WHERE seq = 6",
    )
    assert "entry 8 does not fit its MAC" in breaks(record, head)
    with pytest.raises(InputRefusedError, match="entry 8"):
        record.decide("c2", "a", "closed")


def test_tail_that_was_cut_off_is_found_by_a_head_alone(record: Record, head: str, tamper: Tamper) -> None:
    tamper("DELETE FROM leaves WHERE seq > 5", "DELETE FROM entries WHERE seq > 5")
    assert breaks(record) == ""
    assert breaks(record, head) == "the end is missing: the head is entry 7, the record ends with 5"


def test_older_copy_put_back_is_found_by_a_head(record: Record, file: Path, tmp_path: Path) -> None:
    fill(record)
    shutil.copy(file, tmp_path / "copy")
    head = str(record.decide("c2", "a", "closed"))
    shutil.copy(tmp_path / "copy", file)
    assert "the end is missing" in breaks(open_record(file, KEY), head)


def test_record_rebuilt_with_the_key_is_found_by_a_head(tmp_path: Path) -> None:
    """The same words at the same times, written by somebody who has the key: the salts give it away."""
    records = [open_record(tmp_path / name, KEY, clock=Clock()) for name in ("first", "second")]
    first, second = (str(fill(record)) for record in records)
    assert records[1].verify(second).intact
    assert breaks(records[1], first) == "entry 7 is not the one of the head: the record was written anew"


@pytest.mark.usefixtures("head")
def test_entries_of_another_record_with_the_same_key_do_not_fit(
    record: Record, tamper: Tamper, tmp_path: Path
) -> None:
    other = open_record(tmp_path / "other.sqlite", KEY, clock=Clock())
    fill(other)
    tamper(
        f"ATTACH '{tmp_path / 'other.sqlite'}' AS other",
        *(f"DELETE FROM main.{table} WHERE seq = 7" for table in ("leaves", "entries")),
        *(
            f"INSERT INTO main.{table} SELECT * FROM other.{table} WHERE seq = 7"
            for table in ("entries", "leaves")
        ),
    )
    assert "entry 7 does not follow the one before" in breaks(record)


@pytest.mark.usefixtures("head")
def test_forgotten_payload_that_was_put_back_is_found(
    record: Record, file: Path, tamper: Tamper, tmp_path: Path
) -> None:
    shutil.copy(file, tmp_path / "before.sqlite")
    record.forget("c2")
    assert breaks(record) == ""
    tamper(
        f"ATTACH '{tmp_path / 'before.sqlite'}' AS old",
        "UPDATE main.leaves SET (salt, payload, case_id) = (SELECT salt, payload, case_id FROM old.leaves AS o"
        " WHERE o.seq = main.leaves.seq AND o.place = main.leaves.place) WHERE main.leaves.seq = 6",
    )
    assert "entry 6, leaf 0: forgotten, and it has come back" in breaks(record)


@pytest.mark.usefixtures("head")
def test_forgetting_excuses_no_other_erasure(record: Record, tamper: Tamper) -> None:
    record.forget("c3")
    tamper("UPDATE leaves SET payload = NULL, salt = NULL, case_id = NULL WHERE seq = 6")
    assert breaks(record) == "entry 6, leaf 0: erased, and no entry says that it was asked for"
    with pytest.raises(InputRefusedError, match="entry 6"):
        record.states()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER quiet BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER other AFTER INSERT ON leaves BEGIN UPDATE leaves SET case_id = NULL; END",
        "DROP TRIGGER entries_no_update",
        "CREATE VIEW entry AS SELECT * FROM entries",
        "CREATE TABLE notes (what text)",
    ],
)
def test_tables_that_were_prepared_for_a_fraud_are_found(
    record: Record, head: str, file: Path, statement: str
) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)
    assert breaks(record, head)


@pytest.mark.usefixtures("head")
def test_database_that_swallows_what_it_is_given_is_noticed_at_once(record: Record, file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TRIGGER quiet BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(InputRefusedError):
        record.decide("c2", "a", "closed")


def test_values_of_another_type_are_a_break_and_no_crash(record: Record, head: str, file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE type = 'table'")
    with closing(sqlite3.connect(file)) as database, database:
        sql = [line for (line,) in database.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
        for name in ("entries_no_update", "leaves_only_erased"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE entries SET mac = 'text' WHERE seq = 4")
        for line in sql:
            if "UPDATE ON" in line:
                database.execute(line)
    assert breaks(record, head)


def test_index_that_hides_rows_is_found(record: Record, head: str, file: Path) -> None:
    """Whoever looks a case up by an index that was emptied would not see what was decided on it."""
    with closing(sqlite3.connect(file)) as database, database:
        page, size = (
            database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'leaves_by_case'").fetchone()[
                0
            ],
            database.execute("PRAGMA page_size").fetchone()[0],
        )
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    start = (page - 1) * size
    content[start + 3 : start + 5] = (0).to_bytes(2, "big")  # the number of cells on the page
    file.write_bytes(content)
    assert "damaged" in breaks(record, head)


def test_damaged_file_is_a_break_and_no_crash(record: Record, head: str, file: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in range(8192, len(content), 97):
        content[place] ^= 0xFF
    file.write_bytes(content)
    assert breaks(record, head)


def test_file_refuses_to_change_what_was_written(record: Record, head: str, file: Path) -> None:
    for statement in (
        "UPDATE entries SET kind = 'export' WHERE seq = 5",
        "DELETE FROM entries",
        "DELETE FROM leaves WHERE seq = 5",
        "UPDATE leaves SET payload = X'00' WHERE seq = 5",
        "UPDATE leaves SET payload = NULL, salt = NULL, case_id = NULL, commitment = X'00' WHERE seq = 5",
    ):
        with (
            closing(sqlite3.connect(file)) as database,
            pytest.raises(sqlite3.IntegrityError, match="only added to"),
        ):
            database.execute(statement)
    assert record.verify(head).intact
