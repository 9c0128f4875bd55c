"""The same on a server that a team shares."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import make_url

from tests.record.conftest import KEY
from tests.record.test_verifying import breaks, fill
from triage.record import open_record


def test_server_refuses_to_change_what_was_written(database: str) -> None:
    record = open_record(database, KEY)
    head = str(fill(record))
    for statement in (
        "UPDATE entries SET kind = 'export' WHERE seq = 5",
        "DELETE FROM entries WHERE seq = 7",
        "TRUNCATE entries, leaves",
        "DELETE FROM leaves WHERE seq = 5",
        "UPDATE leaves SET payload = 'x' WHERE seq = 5",
    ):
        with (
            psycopg.connect(database) as connection,
            pytest.raises(psycopg.errors.RaiseException, match="only added to"),
        ):
            connection.execute(statement)
    assert record.verify(head).intact


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER TABLE entries DISABLE TRIGGER entries_no_change", "trigger entries_no_change"),
        ("DROP TRIGGER leaves_no_delete ON leaves", "no trigger leaves_no_delete"),
        (
            "CREATE OR REPLACE FUNCTION record_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "function record_refuse",
        ),
        ("CREATE RULE quiet AS ON INSERT TO entries DO INSTEAD NOTHING", "a rule"),
    ],
)
def test_server_that_was_prepared_for_a_fraud_is_found(database: str, statement: str, says: str) -> None:
    record = open_record(database, KEY)
    head = str(fill(record))
    with psycopg.connect(database) as connection:
        connection.execute(statement)
    assert says in breaks(record, head)


def test_server_row_that_was_changed_past_its_triggers_is_found(database: str) -> None:
    record = open_record(database, KEY)
    head = str(fill(record))
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE leaves SET case_id = 'c2' WHERE seq = 5")
        connection.execute("DELETE FROM entries WHERE seq = 6")
    found = breaks(record, head)
    assert "entry 5, leaf 0: filed under another case" in found
    assert "entry 6 is missing" in found


def test_user_without_rights_to_change_can_work_forget_and_verify(database: str) -> None:
    """As the documentation advises: the tables belong to somebody else."""
    open_record(database, KEY)
    worker = f"worker_of_{make_url(database).database}"
    with psycopg.connect(database) as connection:
        connection.execute(f"CREATE ROLE {worker} LOGIN")
        connection.execute(f"GRANT SELECT, INSERT ON entries, leaves TO {worker}")
        connection.execute(f"GRANT UPDATE ON leaves TO {worker}")
    try:
        record = open_record(database.replace("postgres:@", f"{worker}:@"), KEY, create=False)
        head = str(fill(record))
        gone = record.forget("c2")
        assert gone.leaves
        assert not gone.bytes_gone
        assert record.verify(head).intact
    finally:
        with psycopg.connect(database) as connection:
            connection.execute(f"DROP OWNED BY {worker}")
            connection.execute(f"DROP ROLE {worker}")
