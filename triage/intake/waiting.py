"""Rows that came before their report wait among the rows set aside, in codes, and join it when it comes."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.declare import Kind
from triage.schema.part import Why
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.intake.tokens import TokenKey
    from triage.schema.batch import Batch
    from triage.schema.part import Rows

Held = dict[str, list[dict[str, Any]]]
# What became of a row that waits.
_WAITS, _JOINED, _THERE = "waits", "joined", "there"
_AGAIN = {
    "why": Why.DUPLICATE.value,
    "reason": "the same record again: it is with its report already",
    "mend": "nothing to do",
    "waits_for": None,
    "held": None,
}


def awaited(aside: pa.Table) -> frozenset[str]:
    """Return the tokens of the report numbers and of the persons that rows set aside wait for."""
    return frozenset(
        token for tokens in pc.drop_null(aside["waits_for"]).to_pylist() for token in tokens.split()
    )


def read_waiting(batches: Sequence[Batch], key: TokenKey) -> pa.Table | None:
    """Return what earlier batches set aside; None without batches.

    Raises
    ------
    InputRefusedError
        A batch was made with another key: nothing in it would find its report.
    """
    for batch in batches:
        if batch.meta.key_check != key.check():
            raise InputRefusedError(
                "another key", where=batch.meta.name, expected="the key with which it was made",
                mend="give the same key as then, or bring it to this one with triage rekey",
            )  # fmt: skip
    return pa.concat_tables([batch.set_aside for batch in batches]) if batches else None


def adopt(rows: Rows, earlier: pa.Table | None = None) -> list[dict[str, Any]]:
    """Give what waited to the report with the number, or to the person, that it waited for; in place.

    Parameters
    ----------
    rows : Rows
        Mended tables, not yet linked. What finds its report leaves the rows set aside.
    earlier : pyarrow.Table, optional
        Rows that earlier batches set aside. What finds its report among `rows` becomes rows of them, the rest
        is left where it is.

    Returns
    -------
    list of dict
        The rows of `rows.set_aside` that joined. One that is there already stays set aside, as a duplicate.
    """
    own = rows.set_aside.to_pylist() if awaited(rows.set_aside) else []
    others = earlier.to_pylist() if earlier is not None and awaited(earlier) else []
    came = _Arrived(rows.tables)
    new: Held = {}
    joined, kept = [], []
    for row in own:
        fate = came.take(row, new)
        if fate == _JOINED:
            joined.append(row)
        else:
            kept.append(row | _AGAIN if fate == _THERE else row)
    for row in others:
        came.take(row, new)
    for name, found in new.items():
        _append(rows, name, found)
    if kept != own:
        rows.set_aside = pa.Table.from_pylist(kept, schema=rows.set_aside.schema)
    return joined


class _Arrived:
    """The reports and reported persons that are there."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.tables = tables
        self.keys: dict[str, set[tuple[str, ...]]] = {}
        reports, persons, accounts = (
            tables[name].select(columns).to_pylist()
            for name, columns in (
                ("reports", ["source_ref_hash", "report_id"]),
                ("persons", ["person_id", "report_id", "role"]),
                ("accounts", ["person_id", "account_id"]),
            )
        )
        # The first stands, whatever comes after it.
        self.reports = {row["source_ref_hash"]: row["report_id"] for row in reversed(reports)}
        self.reports.pop(None, None)
        self.reported: dict[str, set[str]] = {}
        for row in persons:
            if row["role"] == "reported":
                self.reported.setdefault(row["report_id"], set()).add(row["person_id"])
        self.persons = frozenset().union(*self.reported.values())
        self.accounts: dict[str, str] = {row["person_id"]: row["account_id"] for row in reversed(accounts)}

    def take(self, row: Mapping[str, Any], new: Held) -> str:
        """Add what a row holds to the new rows where its report or person is there, and it is not."""
        for token in (row["waits_for"] or "").split():
            report = self.reports.get(token, "")
            if report or token in self.persons:
                held = json.loads(row["held"])
                if not self._is_new(row["table"], held, "" if report else token):
                    return _THERE
                self._join(held, report, token, new)
                return _JOINED
        return _WAITS

    def _is_new(self, table: str, held: Held, person: str) -> bool:
        """Say whether the record that waited is not among the rows, and take note of it."""
        there = self.keys.setdefault(table, set())
        if not there:
            there.update(
                zip(*(self.tables[table][key].to_pylist() for key in TABLES[table].key), strict=True)
            )
        tied = {"person_id": person} if person else {}
        keys = {tuple((row | tied)[key] for key in TABLES[table].key) for row in held.get(table, [])}
        fresh = not keys <= there or not keys
        there |= keys
        return fresh

    def _join(self, rows: Held, report: str, person: str, new: Held) -> None:
        """Add rows to a report, or, without one, to a person."""
        for name, found in rows.items():
            for held in found:
                if report and "report_id" in held:
                    held["report_id"] = report
                if report and "account_id" in held and not held["account_id"]:
                    held["account_id"] = self._account(report, new)
                if not report and "person_id" in held:
                    held["person_id"] = person
                new.setdefault(name, []).append(held)

    def _account(self, report: str, new: Held) -> str:
        """Return the account of the one reported person, else of one who stands for nobody in particular."""
        persons = self.reported.get(report, set())
        if len(persons) == 1:
            (person,) = persons
        else:
            person = f"{report}:p"
            if person not in self.accounts:
                new.setdefault("persons", []).append(
                    {"person_id": person, "report_id": report, "role": "other"}
                )
        if person not in self.accounts:
            self.accounts[person] = f"{person}:a"
            new.setdefault("accounts", []).append({"account_id": f"{person}:a", "person_id": person})
        return self.accounts[person]


def _append(rows: Rows, name: str, found: list[dict[str, Any]]) -> None:
    """Append rows in the declared types; a row of the same key is there already and stays."""
    declared = TABLES[name]
    table = rows.tables[name]
    columns = [column for column in declared.columns if column.name in table.column_names]
    there = set(zip(*(table[key].to_pylist() for key in declared.key), strict=True))
    fresh = {tuple(row[key] for key in declared.key): row for row in reversed(found)}
    values = [
        {column.name: _value(row.get(column.name), column.kind) for column in columns}
        for key, row in reversed(fresh.items())
        if key not in there
    ]
    added = pa.Table.from_pylist(values, pa.schema([(column.name, column.arrow_type) for column in columns]))
    rows.tables[name] = pa.concat_tables([table, added.select(table.column_names).cast(table.schema)])


def _value(value: Any, kind: Kind) -> Any:
    """Return a value as it was before it was written as JSON."""
    if value is None:
        return None
    if kind == Kind.TIME:
        return datetime.fromisoformat(value)
    return Decimal(value) if kind == Kind.AMOUNT else value
