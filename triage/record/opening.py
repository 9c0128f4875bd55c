"""Open a record: a file of its own, or a database that a team shares."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from triage.errors import InputRefusedError
from triage.record.chain import Leaf, chain_key, to_json
from triage.record.reading import read_entries
from triage.record.record import Record
from triage.record.schema import holds_anything, is_marked, is_ours, make_schema
from triage.record.store import GO_BACK, WAIT_SECONDS, Store
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from triage.intake.tokens import TokenKey

BEGUN, FORMAT = "begun", 1
_OWNER_ONLY = 0o600
_SQLITE = b"SQLite format 3\x00"
_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?://")
_SETTINGS = (
    f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA cell_size_check = ON",
)


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def open_record(
    store: str | Path,
    key: TokenKey,
    *,
    create: bool = True,
    clock: Callable[[], datetime] = now_utc,
) -> Record:
    """Open a record, or begin one.

    Parameters
    ----------
    store : str or Path
        A file (SQLite, readable by its owner only), or ``postgresql://user@host/database``.
    key : TokenKey
        The agency's key. The key of the chain is made from it; it is kept nowhere.
    create : bool
        Begin a record where there is none.
    clock : callable
        Says what time it is.

    Returns
    -------
    Record
        It holds no connection between two calls, so there is nothing to close.

    Raises
    ------
    InputRefusedError
        There is no record, it is something else, it was begun with another key, or it was changed.

    Examples
    --------
    >>> import tempfile
    >>> from triage.intake.tokens import TokenKey
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record = open_record(Path(folder) / "record.sqlite", TokenKey(bytes(16)))
    ...     record.verify().entries
    1
    """
    shared = bool(_POSTGRES.match(str(store)))
    opened = (
        _open_postgres(str(store), key, clock) if shared else _open_file(store, key, clock, create=create)
    )
    with opened.looking() as connection:
        empty = not holds_anything(connection)
        emptied = empty and is_marked(connection)
    if emptied:
        raise InputRefusedError("a record whose tables were removed", where=opened.name, mend=GO_BACK)
    if empty and not create:
        raise _no_record(opened.name)
    begun = empty and _begin_record(opened)
    with opened.looking() as connection:
        _check_beginning(opened, connection)
    return Record(opened, begun=begun)


def _open_file(store: str | Path, key: TokenKey, clock: Callable[[], datetime], *, create: bool) -> Store:
    if "://" in str(store):
        raise InputRefusedError(
            f"'{str(store).split('://')[0][:20]}://'", where="--store", expected="a file, or postgresql://..."
        )
    path = Path(store)
    if not path.exists():
        if not create:
            raise _no_record(str(path))
        _make_file(path)
    require_plain(path)
    with path.open("rb") as file:
        start = file.read(len(_SQLITE))
    if start not in {b"", _SQLITE}:
        raise InputRefusedError("no record", where=str(path), expected="a file that triage made")
    address = f"{path.resolve().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        # No transaction begins by itself: each says whether it writes.
        return sqlite3.connect(address, uri=True, isolation_level=None, timeout=WAIT_SECONDS)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return Store(engine, str(path), key, chain_key(key), clock)


def _make_file(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputRefusedError("no such folder", where=str(path.parent), mend="make it first")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ONLY))
    except FileExistsError:  # another process began it meanwhile
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _set_up(connection: sqlite3.Connection, _pool: Any) -> None:
    for setting in _SETTINGS:
        connection.execute(setting)
    end = time.monotonic() + WAIT_SECONDS
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    # The change to WAL does not wait for others by itself, so it is tried again.
    while mode != "wal":
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            if mode != "wal":
                found = f"journal mode {mode}, where a write-ahead log is needed"
                raise sqlite3.OperationalError(found)
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgres(store: str, key: TokenKey, clock: Callable[[], datetime]) -> Store:
    try:
        url = make_url(store).set(drivername="postgresql+psycopg")
        engine = _postgres_engine(url)
    except ArgumentError:
        raise InputRefusedError(
            "not an address of a database", where="--store", expected="postgresql://user@host/database"
        ) from None
    except ModuleNotFoundError:
        raise InputRefusedError(
            "psycopg is not installed",
            where="--store postgresql://",
            mend="pip install 'report-triage[postgres]', or use a file",
        ) from None
    return Store(
        engine,
        url.set(drivername="postgresql").render_as_string(hide_password=True),
        key,
        chain_key(key),
        clock,
    )


def _postgres_engine(url: Any) -> Engine:
    return create_engine(url, poolclass=NullPool, hide_parameters=True)


def _begin_record(store: Store) -> bool:
    """Begin the record, unless another process did meanwhile."""
    with store.writing() as connection:
        if holds_anything(connection):
            return False
        make_schema(connection)
        payload = {"format": FORMAT, "key_check": store.key.check(), "name": os.urandom(16).hex()}
        store.append(connection, BEGUN, [Leaf(to_json(payload))])
    return True


def _check_beginning(store: Store, connection: Connection) -> None:
    """Refuse what is no record, and another key. What was changed is found when it is read, or verified."""
    if not is_ours(connection):
        raise InputRefusedError(
            "a database that is no record", where=store.name, mend="choose another --store"
        )
    try:
        begun = next(read_entries(store, connection, (BEGUN,), bound=False)).payloads[0]
    except (StopIteration, IndexError, InputRefusedError):
        return
    if begun.get("key_check") != store.key.check():
        raise InputRefusedError(
            "begun with another key",
            where=store.name,
            expected=f"the key whose check word is {begun.get('key_check')}",
            mend="give the agency's key in TRIAGE_KEY or with --key-file",
        )
    if begun.get("format") != FORMAT:
        raise InputRefusedError(
            f"format {begun.get('format')}",
            where=store.name,
            expected=f"format {FORMAT}",
            mend="use the version of triage that wrote it, or a later one",
        )


def _no_record(where: str) -> InputRefusedError:
    return InputRefusedError(
        "no record",
        where=where,
        expected="a file or database that triage score --store began",
        mend="check --store",
    )
