"""Where entries are kept: one database, one writer at a time, an entry whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from triage.errors import InputRefusedError
from triage.record.chain import SALT_BYTES, START, Head, bind, commit_entry, commit_leaf, stamp
from triage.record.schema import ENTRIES, LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from triage.intake.tokens import TokenKey
    from triage.record.chain import Leaf

WAIT_SECONDS = 60
_LOCK = 0x7472696167650001
_ROWS_AT_ONCE = 10_000
GO_BACK = "keep it as it is, as evidence, and go on from a copy"
VERIFY = f"triage audit verify says which entry; {GO_BACK}"


@dataclass(frozen=True)
class Store:
    """An open database with the key of its chain.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        SQLite or PostgreSQL.
    name : str
        For messages; without a password.
    key : TokenKey
        The agency's key.
    chain : bytes
        The key of the chain, made from it.
    clock : callable
        Says what time it is.
    """

    engine: Engine
    name: str
    key: TokenKey
    chain: bytes
    clock: Callable[[], datetime]

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that no other writer can be in; what it wrote stays, or nothing of it.

        Raises
        ------
        InputRefusedError
            The database cannot be written to, is busy for a minute, or its end is not as it was written.
        """
        with self._in_transaction(writes=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one unchanging view of the record, whose end and count of entries have been checked.

        Raises
        ------
        InputRefusedError
            The database cannot be read, or an entry is not there or not as it was written.
        """
        with self.looking() as connection:
            self.check_end(connection)
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Give one unchanging view of the database, as it is."""
        options = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        with self._in_transaction(**options) as connection:
            yield connection

    def append(self, connection: Connection, kind: str, leaves: Sequence[Leaf]) -> Head:
        """Add one entry with its leaves, in the transaction of the caller.

        Returns
        -------
        Head
            The new end of the chain.

        Raises
        ------
        InputRefusedError
            The end is not as it was written, or the database did not keep what it was given.
        """
        last = self.check_end(connection)
        seq, previous = (last.seq + 1, last.mac) if last else (1, START)
        at = stamp(self.clock())
        salts = os.urandom(SALT_BYTES * len(leaves))
        rows = []
        for place, leaf in enumerate(leaves):
            salt = salts[SALT_BYTES * place : SALT_BYTES * (place + 1)]
            rows.append(
                {
                    "seq": seq,
                    "place": place,
                    "commitment": commit_leaf(salt, leaf.payload),
                    "salt": salt,
                    "payload": leaf.payload,
                    "case_id": leaf.case_id,
                }
            )
        commitment = commit_entry(kind, at, (row["commitment"] for row in rows))  # type: ignore[misc] # bytes
        mac = bind(self.chain, seq, commitment, previous)
        entry = {
            "seq": seq,
            "at": at,
            "kind": kind,
            "commitment": commitment,
            "previous": previous,
            "mac": mac,
        }
        connection.execute(insert(ENTRIES), entry)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            connection.execute(insert(LEAVES), rows[start : start + _ROWS_AT_ONCE])
        kept = connection.execute(select(func.count()).where(LEAVES.c.seq == seq)).scalar()
        written = connection.execute(select(ENTRIES.c.mac).where(ENTRIES.c.seq == seq)).scalar()
        if kept != len(rows) or written != mac:
            raise InputRefusedError(
                "the database does not keep what it is given", where=self.name, mend=VERIFY
            )
        return Head(seq, mac)

    def next_number(self, connection: Connection) -> int:
        """Return the number that the next entry will have."""
        last = self.check_end(connection)
        return last.seq + 1 if last else 1

    def check_end(self, connection: Connection) -> Row[tuple[int, str, str, bytes, bytes, bytes]] | None:
        """Return the last entry after looking whether it, and the count of entries, are as written.

        Raises
        ------
        InputRefusedError
            They are not: nothing is built on a chain that was changed.
        """
        last = connection.execute(select(ENTRIES).order_by(ENTRIES.c.seq.desc()).limit(1)).one_or_none()
        if last is None:
            return None
        count = connection.execute(select(func.count()).select_from(ENTRIES)).scalar()
        if count != last.seq or bind(self.chain, last.seq, last.commitment, last.previous) != last.mac:
            found = (
                "entries are missing" if count != last.seq else f"entry {last.seq} is not as it was written"
            )
            raise InputRefusedError(found, where=self.name, mend=VERIFY)
        return last

    @contextmanager
    def _in_transaction(self, **options: Any) -> Iterator[Connection]:
        with (
            self._refusing(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Turn what a database complains about into a message without statements, values or passwords."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            said = str(getattr(error, "orig", None) or error).strip().splitlines()
            raise InputRefusedError(
                f"cannot be used ({said[0][:160] if said else type(error).__name__})",
                where=self.name,
                expected="the record's database, free within a minute",
                mend=(
                    "check path, permissions, space and who else is at work; nothing of this entry was kept,"
                    " the entries before it are: triage audit show tells which"
                ),
            ) from error
