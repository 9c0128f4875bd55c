"""Linked rows become a part: each row with its case, dated, and sorted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.findings import Finding, Level, shorten
from triage.schema.part import Part, Rows, Why, set_aside
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

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
    positions = _find_positions(rows.tables, cases)
    tables, places = {}, {}
    for name, declared in TABLES.items():
        table, position = rows.tables[name], positions[name]
        orphan = position < 0
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
            table, position = table.filter(pa.array(~orphan)), position[~orphan]
        if table["known_at"].null_count:
            came = _date_rows(name, table, position, reports, positions["reports"])
            now = pa.scalar(as_of, table["known_at"].type)
            # What lies before us is known by now, whatever its clock says; a stated time of knowing stands.
            came = pc.if_else(pc.greater(came, now), now, came)
            known = pc.coalesce(table["known_at"], came, now)
            table = table.set_column(table.column_names.index("known_at"), "known_at", known)
        tables[name], places[name] = _sort(table, position, declared.key)
    return Part(tables, cases, rows.set_aside, rows.findings, places)


def _find_positions(tables: Mapping[str, pa.Table], cases: pa.Array) -> dict[str, Ints]:
    """Return the index of the case of each row of each table, -1 where there is none.

    All tables are looked up at once: the cases are put in order for that once, not ten times.
    """
    names = pa.chunked_array(
        [chunk for table in tables.values() for chunk in table["case_id"].chunks], pa.string()
    )
    found = np.asarray(pc.fill_null(pc.index_in(names, cases), -1)).astype(np.int64)
    ends = np.cumsum([table.num_rows for table in tables.values()])
    return dict(zip(tables, np.split(found, ends[:-1]), strict=True))


def _date_rows(
    name: str, table: pa.Table, position: Ints, reports: pa.Table, of_reports: Ints
) -> pa.ChunkedArray:
    """Return when the reports came with which rows came, as far as that can be told."""
    received = pc.coalesce(reports["received_at"], reports["known_at"])
    if name == "reports":
        return received
    if name == "prior_records":
        # A register check comes some time after the report; nothing says how long.
        return pa.nulls(table.num_rows, received.type)
    own = pc.take(_latest_by_case(of_reports, received), pa.array(position))
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


def _latest_by_case(position: Ints, times: pa.ChunkedArray) -> pa.Array:
    """Return the latest time of each case, in the order of the cases; every case has a report."""
    grouped = pa.table({"case": position, "at": times}).group_by("case").aggregate([("at", "max")])
    return grouped.sort_by("case")["at_max"].combine_chunks()


def _sort(table: pa.Table, position: Ints, key: tuple[str, ...]) -> tuple[pa.Table, Ints]:
    """Sort rows by case, then by key, so that the order in which they came cannot matter."""
    keys = {name: _sortable(table[name]) for name in key}
    if _are_sorted(position, list(keys.values())):
        return table, position
    order = [("position", "ascending"), *((name, "ascending") for name in key)]
    indices = pc.sort_indices(pa.table({"position": position, **keys}), sort_keys=order)
    return table.take(indices), np.sort(position)


def _are_sorted(position: Ints, keys: Sequence[pa.ChunkedArray]) -> bool:
    """Say whether no row must move; where a key has gaps, that is not looked into."""
    above, alike = position[1:] > position[:-1], position[1:] == position[:-1]
    for values in keys[:-1]:
        if values.null_count:
            return False
        above |= alike & np.asarray(pc.greater(values[1:], values[:-1]))
        alike &= np.asarray(pc.equal(values[1:], values[:-1]))
    last = keys[-1]
    if last.null_count or not (above | alike).all():
        return False
    return bool((above | np.asarray(pc.greater_equal(last[1:], last[:-1]))).all())


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
