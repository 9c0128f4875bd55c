"""Make a part of pandas frames: the door for tables that somebody holds in a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.intake.link import attach_cases
from triage.schema.declare import Kind
from triage.schema.findings import Level
from triage.schema.keys import mend_rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.schema.times import EARLIEST

if TYPE_CHECKING:
    from datetime import datetime

    from triage.schema.part import Part, Rows

SHOWN = 5
SUPERFLUOUS = "a column that is not declared"


def read_frames(tables: Mapping[str, pd.DataFrame]) -> tuple[Part, datetime]:
    """Make a part of frames: checked, mended, linked where it is not linked yet.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Canonical tables by name.

    Returns
    -------
    part : Part
        Whole cases, sorted.
    complete : datetime
        The latest time at which anything in them was received, known or filled in.

    Raises
    ------
    ValueError
        A table or a column is not as it must be.
    """
    _check_tables(tables)
    raw = {name: _as_arrow(frame, name) for name, frame in tables.items()}
    where = {name: f"tables[{name!r}]" for name in raw}
    try:
        rows = mend_rows(raw, where)
    except InputRefusedError as error:
        raise ValueError(str(error)) from error
    complete = _latest(rows)
    _stamp_enrichment(rows, tables, complete)
    if _has_cases(rows, tables["reports"]):
        _follow_parents(rows, tables)
    else:
        attach_cases(rows)
    part = settle(rows, where, complete)
    _tell(part)
    return part, complete


def _check_tables(tables: object) -> None:
    if not isinstance(tables, Mapping):
        raise ValueError(  # noqa: TRY004 - scikit-learn's convention
            f"tables: found {type(tables).__name__}; expected a mapping of names to DataFrames, or a Batch"
        )
    for name, frame in tables.items():
        if name not in TABLES:
            raise ValueError(f"tables: found {name!r}; expected tables among {', '.join(TABLES)}")
        if not isinstance(frame, pd.DataFrame):
            raise ValueError(f"tables[{name!r}]: found {type(frame).__name__}; expected a pandas DataFrame")  # noqa: TRY004 - ditto
        twice = frame.columns[frame.columns.duplicated()].tolist()
        if twice:
            raise ValueError(f"tables[{name!r}]: found column {twice[0]!r} twice; expected each once")
    if "reports" not in tables:
        raise ValueError(f"tables: found {', '.join(tables) or 'none'}; expected at least 'reports'")


def _as_arrow(frame: pd.DataFrame, name: str) -> pa.Table:
    """Return the declared columns of a frame; of the others only their names, to be told."""
    columns = {}
    for label, column in frame.items():
        known = str(label) in TABLES[name]
        columns[str(label)] = _as_array(column, name, str(label)) if known else pa.nulls(len(frame))
    return pa.table(columns)


def _as_array(column: pd.Series[Any], name: str, label: str) -> pa.Array:
    declared = TABLES[name][label]
    where = f"tables[{name!r}], column {label!r}"
    if declared.kind == Kind.TOKEN and pd.api.types.is_float_dtype(column) and column.notna().any():
        raise ValueError(f"{where}: found numbers with a point; expected ids as strings")
    plain = column
    if column.dtype == object:
        plain = column.map(lambda value: sorted(value) if isinstance(value, set | frozenset) else value)
    try:
        return pa.Array.from_pandas(plain)
    except (pa.ArrowException, TypeError, ValueError) as error:
        found = ", ".join(sorted({type(value).__name__ for value in column.dropna()})[:SHOWN])
        raise ValueError(f"{where}: found values of type {found}; expected {declared.allowed}") from error


def _latest(rows: Rows) -> datetime:
    """Return the latest time of receiving, knowing or filling in; what has no time is known by then."""
    latest = [EARLIEST]
    for name, table in rows.tables.items():
        stamps = [c for c in ("received_at", "known_at", "enriched_at") if c in TABLES[name]]
        latest += [found for c in stamps if (found := pc.max(table[c]).as_py()) is not None]
    return max(latest)


def _stamp_enrichment(rows: Rows, tables: Mapping[str, pd.DataFrame], complete: datetime) -> None:
    """Take enrichment columns without a column of times as filled by the end; nobody knows when."""
    for name, table in rows.tables.items():
        if "enriched_at" in TABLES[name] and name in tables and "enriched_at" not in tables[name].columns:
            at = table.column_names.index("enriched_at")
            stamps = pa.repeat(pa.scalar(complete, table["enriched_at"].type), table.num_rows)
            rows.tables[name] = table.set_column(at, "enriched_at", stamps)


def _has_cases(rows: Rows, reports: pd.DataFrame) -> bool:
    """Say whether reports are linked already; refuse those of which only some are."""
    case = rows.tables["reports"]["case_id"]
    if "case_id" not in reports.columns or case.null_count == len(case):
        return False
    if case.null_count:
        raise ValueError(
            f"tables['reports'], column 'case_id': found {case.null_count:,} empty; expected a case for every"
            " report, or no column case_id, to have them linked"
        )
    return True


def _follow_parents(rows: Rows, tables: Mapping[str, pd.DataFrame]) -> None:
    """Give rows of tables without a case the case of what they belong to, in place."""
    for name, declared in TABLES.items():
        if not declared.parent or name not in tables or "case_id" in tables[name].columns:
            continue
        parent, key = declared.parent
        table, parents = rows.tables[name], rows.tables[parent]
        if parent == "persons":
            # A person belongs to the case in which that person is the reported one.
            reported = pc.fill_null(pc.equal(parents["role"].cast(pa.string()), "reported"), False)
            parents = pa.concat_tables([parents.filter(reported), parents.filter(pc.invert(reported))])
        found = pc.index_in(table[key].combine_chunks(), parents[key].combine_chunks(), skip_nulls=True)
        cases = pc.take(parents["case_id"].combine_chunks(), found)
        rows.tables[name] = table.set_column(table.column_names.index("case_id"), "case_id", cases)


def _tell(part: Part) -> None:
    """Warn of values that count as unknown, rows that do not count and columns that are not read."""
    told = {Level.FIELD, Level.ROW}
    found = [str(one) for one in part.findings if one.level in told or one.found == SUPERFLUOUS]
    if found:
        more = f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        warnings.warn("; ".join(found[:SHOWN]) + more, UserWarning, stacklevel=2)
