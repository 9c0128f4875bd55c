"""A part: one slice of a batch that holds whole cases, checked, mended and sorted by case."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.findings import Finding, Level, shorten
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class Why(StrEnum):
    """Why a row or a document was set aside."""

    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    FOREIGN = "foreign"


SET_ASIDE_SCHEMA = pa.schema(
    [
        ("why", pa.string()),
        ("table", pa.string()),
        ("where", pa.string()),
        ("row", pa.int64()),
        ("report_id", pa.string()),
        ("reason", pa.string()),
        ("mend", pa.string()),
    ]
)
# More than one row a key is legal only where a report can end in several ways.
_REPEATABLE = frozenset({"outcomes"})


def no_set_aside() -> pa.Table:
    """Return an empty table of rows set aside."""
    return SET_ASIDE_SCHEMA.empty_table()


@dataclass
class Rows:
    """Tables in their declared form, with the rows set aside and what was found."""

    tables: dict[str, pa.Table]
    set_aside: pa.Table = field(default_factory=no_set_aside)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Whole cases, ready for features.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        All ten tables in their declared form, rows sorted by case.
    cases : pyarrow.Array of string, shape (n_cases,)
        The case ids, sorted.
    set_aside : pyarrow.Table
        Rows that could not be used, with the reason (columns of `SET_ASIDE_SCHEMA`).
    findings : list of Finding
        What the check found.
    """

    tables: dict[str, pa.Table]
    cases: pa.Array
    set_aside: pa.Table
    findings: list[Finding]

    def position(self, table: str) -> NDArray[np.int64]:
        """Return the index into `cases` of each row of a table, shape (n_rows,), ascending."""
        return np.asarray(pc.index_in(self.tables[table]["case_id"], self.cases)).astype(np.int64)


def mend_rows(raw: Mapping[str, pa.Table], where: Mapping[str, str]) -> Rows:
    """Mend every table; set aside rows without a key and rows that repeat a key.

    Parameters
    ----------
    raw : mapping of table name to pyarrow.Table
        As read; a table that is not there is empty.
    where : mapping of table name to str
        Name of the file each came from, for messages.

    Returns
    -------
    Rows
        All ten tables. Rows in = rows kept + rows set aside.

    Raises
    ------
    InputRefusedError
        A table lacks a column of its key, so that none of its rows can be told apart.
    """
    rows = Rows({})
    for name, declared in TABLES.items():
        if name not in raw:
            rows.tables[name] = declared.arrow_schema.empty_table()
            continue
        _require_key(raw[name], declared.key, where[name])
        mended = mend_table(raw[name], declared, where[name])
        rows.findings += mended.findings
        kept = mended.usable
        numbers = np.arange(1, len(kept) + 1)
        place = {"name": name, "where": where[name]}
        set_aside(
            rows, mended.table, ~kept, why=Why.UNREADABLE, reason="no readable key", numbers=numbers, **place
        )
        table, numbers = mended.table.filter(pa.array(kept)), numbers[kept]
        if name not in _REPEATABLE:
            table = _drop_repeats(rows, table, declared.key, numbers, **place)
        rows.tables[name] = table
    return rows


def settle(rows: Rows, where: Mapping[str, str], as_of: datetime) -> Part:
    """Turn linked rows into a part: orphans set aside, gaps in `known_at` closed, sorted by case.

    Parameters
    ----------
    rows : Rows
        Mended tables in which rows that found their case carry its id.
    where : mapping of table name to str
        File names, for messages.
    as_of : datetime
        Stands in for `known_at` where nothing else tells when a row was known.

    Returns
    -------
    Part
        Every row belongs to a case that has a report.
    """
    _forget_future(rows, where.get("reports", "reports"), as_of)
    reports = rows.tables["reports"]
    cases = pc.unique(reports["case_id"].combine_chunks().drop_null())
    cases = cases.take(pc.sort_indices(cases))
    received = pc.coalesce(reports["received_at"], reports["known_at"])
    latest = _latest_by_case(reports["case_id"], received, cases)
    tables = {}
    for name, declared in TABLES.items():
        table = rows.tables[name]
        position = pc.index_in(table["case_id"].combine_chunks(), cases)
        orphan = np.asarray(position.is_null())
        if orphan.any():
            set_aside(
                rows,
                table,
                orphan,
                name=name,
                where=where.get(name, name),
                why=Why.ORPHAN,
                reason="belongs to no report of the batch",
            )
            rows.findings.append(_orphan_finding(where.get(name, name), declared.parent, int(orphan.sum())))
            table, position = table.filter(pa.array(~orphan)), position.drop_null()
        own = received if name == "reports" else pc.take(latest, position)
        if name == "prior_records":
            # A register check comes some time after the report; nothing says how long.
            own = pa.nulls(table.num_rows, own.type)
        now = pa.scalar(as_of, table["known_at"].type)
        # What lies before us is known by now, whatever its clock says; a stated time of knowing stands.
        own = pc.if_else(pc.greater(own, now), now, own)
        known = pc.coalesce(table["known_at"], own, now)
        table = table.set_column(table.column_names.index("known_at"), "known_at", known)
        tables[name] = _sort(table, np.asarray(position), declared.key)
    return Part(tables, cases, rows.set_aside, rows.findings)


def set_aside(
    rows: Rows,
    table: pa.Table,
    mask: NDArray[np.bool_],
    *,
    name: str,
    where: str,
    why: Why,
    reason: str,
    numbers: NDArray[np.int64] | None = None,
) -> None:
    """Add the masked rows of a table to the rows set aside; of their content only the report's token."""
    count = int(mask.sum())
    if not count:
        return
    chosen = table.filter(pa.array(mask))
    ids = chosen["report_id"] if "report_id" in chosen.column_names else pa.nulls(count, pa.string())
    places = np.zeros(count, dtype=np.int64) if numbers is None else numbers[mask]
    added = pa.table(
        [
            pa.array([why.value] * count, pa.string()),
            pa.array([name] * count, pa.string()),
            pa.array([where] * count, pa.string()),
            pa.array(places, pa.int64()),
            ids,
            pa.array([reason] * count, pa.string()),
            pa.array(["look at the row in the source; mend it there and import again"] * count, pa.string()),
        ],
        schema=SET_ASIDE_SCHEMA,
    )
    rows.set_aside = pa.concat_tables([rows.set_aside, added])


def case_segments(position: NDArray[np.int64], n_cases: int) -> NDArray[np.int64]:
    """Return where each case's rows begin and end in a table sorted by case.

    Parameters
    ----------
    position : array of int, shape (n_rows,)
        Ascending index of each row's case.
    n_cases : int
        Number of cases.

    Returns
    -------
    array of int, shape (n_cases + 1,)
        Rows of case ``i`` are ``bounds[i]:bounds[i + 1]``.

    Examples
    --------
    >>> case_segments(np.array([0, 0, 2]), 3).tolist()
    [0, 2, 2, 3]
    """
    return np.searchsorted(position, np.arange(n_cases + 1))


def concat_rows(tables: Sequence[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    """Join the same tables of several sources end to end."""
    return {
        name: pa.concat_tables(
            [source[name] for source in tables if name in source], promote_options="permissive"
        )
        for name in TABLES
        if any(name in source for source in tables)
    }


def _require_key(table: pa.Table, key: tuple[str, ...], where: str) -> None:
    missing = [name for name in key if name not in table.column_names]
    if missing:
        found = ", ".join(shorten(name) for name in table.column_names[:10])
        raise InputRefusedError(
            f"no column {', '.join(missing)}",
            where=where,
            expected=f"the key of the table; found {found or 'no column'}",
            mend="check that this is the right file, and name its columns as in docs/data-dictionary.md",
        )


def _drop_repeats(
    rows: Rows, table: pa.Table, key: tuple[str, ...], numbers: NDArray[np.int64], *, name: str, where: str
) -> pa.Table:
    """Set aside rows whose key stands in an earlier row; where they differ from it, a person must look."""
    first = _first_of_key(table, key)
    repeated = np.flatnonzero(first != np.arange(table.num_rows))
    if not len(repeated):
        return table
    earlier = table.take(pa.array(first[repeated])).to_pylist()
    differs = [
        one != other for one, other in zip(table.take(pa.array(repeated)).to_pylist(), earlier, strict=True)
    ]
    for why, reason, chosen in (
        (Why.UNREADABLE, "the key stands in an earlier row, with other values", np.array(differs)),
        (Why.DUPLICATE, "the same row again", ~np.array(differs)),
    ):
        mask = np.zeros(table.num_rows, dtype=bool)
        mask[repeated[chosen]] = True
        set_aside(rows, table, mask, name=name, where=where, why=why, reason=reason, numbers=numbers)
    rows.findings.append(_repeated_finding(where, key, numbers[repeated]))
    return table.filter(pa.array(first == np.arange(table.num_rows)))


def _first_of_key(table: pa.Table, key: tuple[str, ...]) -> NDArray[np.int64]:
    """Return, for each row, the first row that has its key."""
    columns = [table[name] for name in key]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")
    if table.num_rows == 0 or pc.count_distinct(joined).as_py() == table.num_rows:
        return np.arange(table.num_rows)
    codes = np.asarray(joined.combine_chunks().dictionary_encode().indices)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse])


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


def _repeated_finding(where: str, key: tuple[str, ...], numbers: NDArray[np.int64]) -> Finding:
    return Finding(
        Level.ROW,
        where,
        ", ".join(key),
        int(numbers[0]),
        len(numbers),
        "a key that stands in an earlier row",
        "one row a key",
        "the later rows are set aside; where they differ, look which of them is right",
    )


def _orphan_finding(where: str, parent: tuple[str, ...], count: int) -> Finding:
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
