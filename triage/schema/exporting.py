"""Write a batch for others: CSV, JSON Lines, or a Frictionless data package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from triage.errors import InputRefusedError
from triage.schema.declare import EXTENSION, Kind
from triage.schema.part import SET_ASIDE_SCHEMA, Why
from triage.schema.tables import TABLES
from triage.writing import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.schema.batch import Batch
    from triage.schema.declare import Column, Table

FORMS = ("csv", "jsonl", "frictionless")
PACKAGE_FILE = "datapackage.json"
SET_ASIDE = "set-aside"
EXPORT_CONTENTS = frozenset(
    {f"{name}.{ending}" for name in (*TABLES, SET_ASIDE) for ending in ("csv", "jsonl")} | {PACKAGE_FILE}
)
_TYPES = {
    Kind.TIME: ("datetime", "%Y-%m-%dT%H:%M:%SZ"),
    Kind.INTEGER: ("integer", "default"),
    Kind.AMOUNT: ("number", "default"),
    Kind.SHARE: ("number", "default"),
}
_ASIDE = {
    "why": "Why it was set aside",
    "table": "The table that it would be a row of",
    "where": "The document, by a keyed hash, or the file of the batch",
    "row": "Its place in the document, from 1 below a header",
    "report_id": "Token of the report that it belongs to or repeats",
    "reason": "What is wrong with it",
    "mend": "What to do",
    "waits_for": "Tokens of the report numbers or persons that it waits for, with blanks between them",
    "held": "Of what waits: its row in codes and tokens, as JSON",
}
_ISO = "%Y-%m-%dT%H:%M:%SZ"


def export_batch(batch: Batch, out: Path, form: str, *, force: bool = False) -> dict[str, int]:
    """Write the tables of a batch, one file each, part by part.

    The files hold what the batch holds: tokens, codes and times, which remain personal data. The way back to
    the senders' numbers is not in them.

    Parameters
    ----------
    batch : Batch
        The batch.
    out : Path
        The folder to make.
    form : str
        One of `FORMS`. ``csv`` can be read again (`triage check`, `triage score`); ``frictionless`` is the
        same with a ``datapackage.json`` beside it, which says what each column is and may hold.
    force : bool
        Replace an earlier export.

    Returns
    -------
    dict of str to int
        Rows a file, those set aside among them.

    Raises
    ------
    InputRefusedError
        Another form.

    References
    ----------
    Frictionless Data, "Tabular Data Package" and "Table Schema", version 1 of the specifications.
    """
    if form not in FORMS:
        raise InputRefusedError(f"the form {form[:40]!r}", expected=", ".join(FORMS))
    write = _write_lines if form == "jsonl" else _write_csv
    ending = "jsonl" if form == "jsonl" else "csv"
    rows = {}
    with write_folder(out, contents=EXPORT_CONTENTS, force=force) as folder:
        for name, declared in TABLES.items():
            # One table after the other, so that no more than a part is in memory.
            parts = (part.tables[name] for part in batch.parts())
            rows[name] = write(folder / f"{name}.{ending}", declared.arrow_schema, parts)
        aside = (table for table in (batch.set_aside, *(part.set_aside for part in batch.parts())))
        rows[SET_ASIDE] = write(folder / f"{SET_ASIDE}.{ending}", SET_ASIDE_SCHEMA, aside)
        if form == "frictionless":
            package = describe_package(batch, rows)
            (folder / PACKAGE_FILE).write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    return rows


def describe_package(batch: Batch, rows: dict[str, int]) -> dict[str, Any]:
    """Return the ``datapackage.json`` of a batch."""
    return {
        "profile": "tabular-data-package",
        "name": "report-triage-batch",
        "title": f"Batch {batch.meta.name}",
        "description": "Reports in codes and tokens. Tokens are personal data."
        + (" All of it is synthetic." if batch.meta.synthetic else ""),
        "created": batch.meta.as_of.strftime(_ISO),
        "resources": [
            *(
                _describe_file(name, declared.means, _describe_table(declared))
                for name, declared in TABLES.items()
                if name in rows
            ),
            _describe_file(SET_ASIDE, "What could not be used, and why", _describe_set_aside()),
        ],
    }


def _describe_file(name: str, means: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{name}.csv",
        "description": means,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }


def _describe_set_aside() -> dict[str, Any]:
    constraints: dict[str, Any] = {
        "why": {"required": True, "enum": [why.value for why in Why]},
        "table": {"required": True, "enum": list(TABLES)},
        "where": {"required": True},
        "reason": {"required": True},
    }
    return {
        "fields": [
            {
                "name": field.name,
                "type": "integer" if pa.types.is_integer(field.type) else "string",
                "format": "default",
                "description": _ASIDE[field.name],
                **({"constraints": constraints[field.name]} if field.name in constraints else {}),
            }
            for field in SET_ASIDE_SCHEMA
        ],
        "missingValues": [""],
    }


def _describe_table(declared: Table) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_describe_column(column, declared) for column in declared.columns],
        "missingValues": [""],
        "primaryKey": list(declared.key),
    }
    parent = declared.parent
    if parent and TABLES[parent[0]].key == (parent[1],):
        schema["foreignKeys"] = [
            {"fields": parent[1], "reference": {"resource": parent[0], "fields": parent[1]}}
        ]
    return schema


def _describe_column(column: Column, declared: Table) -> dict[str, Any]:
    kind, form = _TYPES.get(column.kind, ("string", "default"))
    constraints: dict[str, Any] = {"required": True} if column.name in declared.key else {}
    if column.kind in {Kind.CODE, Kind.TRI} and column.codes and not column.open_codes:
        constraints["enum"] = list(column.codes)
    elif column.kind == Kind.CODES:
        code = "|".join(column.codes) + (
            "|" * bool(column.codes) + EXTENSION + ".+" if column.open_codes else ""
        )
        constraints["pattern"] = rf"^({code})(\|({code}))*$" if column.codes else ".*"
    return {
        "name": column.name,
        "type": kind,
        "format": form,
        "description": column.means + (f" ({column.unit})" if column.unit else ""),
        **({"constraints": constraints} if constraints else {}),
    }


def _write_csv(file: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    rows = 0
    text = pa.schema([(field.name, pa.string()) for field in schema])
    with pv.CSVWriter(file, text, write_options=pv.WriteOptions(quoting_style="needed")) as writer:
        for table in tables:
            rows += table.num_rows
            plain = [_as_text(table[field.name]) for field in schema]
            writer.write_table(pa.Table.from_arrays(plain, schema=text))
    return rows


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values as they stand in CSV: sets divided by ``|``, times in UTC, else nothing."""
    if pa.types.is_list(values.type):
        return pc.binary_join(values, "|")
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, format=_ISO)
    return values.cast(pa.string())


def _write_lines(file: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    rows = 0
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    with file.open("w", encoding="utf-8", newline="\n") as lines:
        for table in tables:
            rows += table.num_rows
            for name in times:
                table = table.set_column(table.column_names.index(name), name, _as_text(table[name]))  # noqa: PLW2901 - the same rows with times as text
            for row in table.select(schema.names).to_pylist():
                # What is not known is left out, as it is in the sources.
                told = {name: value for name, value in row.items() if value is not None}
                lines.write(json.dumps(told, default=float, ensure_ascii=False) + "\n")
    return rows
