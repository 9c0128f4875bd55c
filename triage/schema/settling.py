"""Linked rows become a part: each row with its case, dated, and sorted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.findings import Finding, Level, shorten
from triage.schema.part import Part, Rows, Why, find_rows, set_aside
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ORPHANED = "belongs to no report of the batch"


def settle(
    rows: Rows,
    where: Mapping[str, str],
    as_of: datetime,
    numbers: Mapping[str, NDArray[np.int64]] | None = None,
) -> Part:
    """Turn linked rows into a part: orphans set aside, gaps in `known_at` closed, sorted by case.

    Parameters
    ----------
    rows : Rows
        Mended tables in which rows that found their case carry its id.
    where : mapping of table name to str
        File names, for messages.
    as_of : datetime
        Stands in for `known_at` where nothing else tells when a row was known.
    numbers : mapping of table name to array of int, optional
        By which number each row is told when it is set aside.

    Returns
    -------
    Part
        Every row belongs to a case that has a report.
    """
    _forget_future(rows, where.get("reports", "reports"), as_of)
    _drop_caseless(rows, where.get("reports", "reports"))
    reports = rows.tables["reports"]
    cases = pc.unique(reports["case_id"].combine_chunks().drop_null())
    cases = cases.take(pc.sort_indices(cases))
    received = pc.coalesce(reports["received_at"], reports["known_at"])
    latest = _latest_by_case(reports["case_id"], received, cases)
    tables, places = {}, {}
    for name, declared in TABLES.items():
        table = rows.tables[name]
        position = find_rows(table["case_id"], cases)
        orphan = np.asarray(position.is_null())
        if orphan.any():
            set_aside(
                rows,
                table,
                orphan,
                name=name,
                where=where.get(name, name),
                why=Why.ORPHAN,
                reason=ORPHANED,
                numbers=None if numbers is None else numbers[name],
            )
            rows.findings.append(orphan_finding(where.get(name, name), declared.parent, int(orphan.sum())))
            table, position = table.filter(pa.array(~orphan)), position.drop_null()
        if table["known_at"].null_count:
            came = (
                received
                if name == "reports"
                else _date_rows(name, table, position, reports, received, latest)
            )
            now = pa.scalar(as_of, table["known_at"].type)
            # What lies before us is known by now, whatever its clock says; a stated time of knowing stands.
            came = pc.if_else(pc.greater(came, now), now, came)
            known = pc.coalesce(table["known_at"], came, now)
            table = table.set_column(table.column_names.index("known_at"), "known_at", known)
        place = np.asarray(position).astype(np.int64)
        tables[name], places[name] = _sort(table, place, declared.key), np.sort(place)
    return Part(tables, cases, rows.set_aside, rows.findings, places)


def _date_rows(  # noqa: PLR0917 - a step of `settle`
    name: str, table: pa.Table, position: pa.Array, reports: pa.Table, received: pa.Array, latest: pa.Array
) -> pa.Array:
    """Return when the reports came with which rows came, as far as that can be told."""
    if name == "prior_records":
        # A register check comes some time after the report; nothing says how long.
        return pa.nulls(table.num_rows, latest.type)
    own = pc.take(latest, position)
    if name == "outcomes" or "report_id" not in table.column_names:
        return own
    # What came with a report was known when the report was, not when the case was last added to.
    report = pc.index_in(table["report_id"].combine_chunks(), reports["report_id"].combine_chunks())
    return pc.coalesce(pc.take(received, report), own)


def set_caseless_aside(
    rows: Rows,
    reports: pa.Table,
    caseless: NDArray[np.bool_],
    where: str,
    numbers: NDArray[np.int64] | None = None,
) -> None:
    """Set aside reports that carry no case, and tell."""
    set_aside(
        rows,
        reports,
        caseless,
        name="reports",
        where=where,
        why=Why.UNREADABLE,
        reason="belongs to no case",
        numbers=numbers,
    )
    rows.findings.append(orphan_finding(where, (), int(caseless.sum())))


def _drop_caseless(rows: Rows, where: str) -> None:
    """Set aside reports that carry no case; linking gives one to each, so the batch was changed."""
    reports = rows.tables["reports"]
    caseless = np.asarray(reports["case_id"].is_null())
    if caseless.any():
        set_caseless_aside(rows, reports, caseless, where)
        rows.tables["reports"] = reports.filter(pa.array(~caseless))


def _forget_future(rows: Rows, where: str, as_of: datetime) -> None:
    """Make reception times that lie more than a day after the batch unknown, and tell."""
    reports = rows.tables["reports"]
    received = reports["received_at"]
    limit = pa.scalar(as_of + timedelta(days=1), received.type)
    future = np.asarray(pc.fill_null(pc.greater(received, limit), False))
    if not future.any():
        return
    row = int(np.flatnonzero(future)[0])
    rows.findings.append(
        Finding(
            Level.FIELD,
            where,
            "received_at",
            row + 1,
            int(future.sum()),
            shorten(received[row].as_py()),
            f"a time before the batch was complete ({as_of:%Y-%m-%d %H:%M} UTC)",
            "counts as unknown; times without a zone are read as UTC",
        )
    )
    kept = pc.if_else(pa.array(~future), received, pa.scalar(None, received.type))
    at = reports.column_names.index("received_at")
    rows.tables["reports"] = reports.set_column(at, "received_at", kept)


def _latest_by_case(case_id: pa.ChunkedArray, times: pa.ChunkedArray, cases: pa.Array) -> pa.Array:
    grouped = pa.table({"case": case_id, "at": times}).group_by("case").aggregate([("at", "max")])
    return pc.take(grouped["at_max"].combine_chunks(), pc.index_in(cases, grouped["case"].combine_chunks()))


def _sort(table: pa.Table, position: NDArray[np.int64], key: tuple[str, ...]) -> pa.Table:
    """Sort rows by case, then by key, so that the order in which they came cannot matter."""
    order = [("position", "ascending"), *((name, "ascending") for name in key)]
    keyed = pa.table({"position": pa.array(position), **{name: _sortable(table[name]) for name in key}})
    indices = np.asarray(pc.sort_indices(keyed, sort_keys=order))
    if np.array_equal(indices, np.arange(len(indices))):
        return table
    return table.take(pa.array(indices))


def _sortable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def orphan_finding(where: str, parent: tuple[str, ...], count: int) -> Finding:
    """Return the finding on rows whose parent is not there, or on reports without a case."""
    table, column = parent or ("reports", "report_id")
    return Finding(
        Level.ROW,
        where,
        column,
        0,
        count,
        f"rows without their row in {table}",
        f"a {column} that stands in {table}",
        "they are set aside; add the missing rows and read again",
    )
