from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from triage.intake.link import attach_cases
from triage.schema.keys import mend_rows
from triage.schema.part import Part
from triage.schema.settling import settle
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may reach out: police data stay where they are."""

    def refuse(self: socket.socket, address: Any) -> None:
        # Notebook kernels talk to their own process over loopback.
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"tried to connect to {address}")
        connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def now() -> datetime:
    return NOW


def _as_table(rows: list[dict[str, Any]], required: list[str]) -> pa.Table:
    columns = list(dict.fromkeys([*required, *(column for row in rows for column in row)]))
    return pa.table({column: pa.array([row.get(column) for row in rows]) for column in columns})


@pytest.fixture
def make_part() -> Callable[..., Part]:
    """Make a part from rows written as dictionaries; reports get a reception time unless they have one."""

    def make(**tables: list[dict[str, Any]]) -> Part:
        for report in tables.get("reports", []):
            report.setdefault("received_at", "2024-03-01T12:00:00Z")
        raw = {
            name: _as_table(rows, [c.name for c in TABLES[name].columns if c.required])
            for name, rows in tables.items()
        }
        where = {name: f"{name}.csv" for name in raw}
        rows = mend_rows(raw, where)
        attach_cases(rows)
        return settle(rows, where, NOW)

    return make
