"""A part: one slice of a batch that holds whole cases, checked, mended and sorted by case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.declare import Kind, Table
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
    IMAGERY = "imagery"


ORPHANED = "belongs to no report of the batch"
SET_ASIDE_SCHEMA = pa.schema(
    [
        ("why", pa.string()),
        ("table", pa.string()),
        ("where", pa.string()),
        ("row", pa.int64()),
        ("report_id", pa.string()),
        ("reason", pa.string()),
        ("mend", pa.string()),
        # Of what waits: tokens of the number of its report, or of its person, and the row in codes, as JSON.
        ("waits_for", pa.string()),
        ("held", pa.string()),
    ]
)


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
    places : dict of str to array of int
        What `position` found so far.
    """

    tables: dict[str, pa.Table]
    cases: pa.Array
    set_aside: pa.Table
    findings: list[Finding]
    places: dict[str, NDArray[np.int64]] = field(default_factory=dict, repr=False, compare=False)

    def position(self, table: str) -> NDArray[np.int64]:
        """Return the index into `cases` of each row of a table, shape (n_rows,), ascending."""
        if table not in self.places:
            found = find_rows(self.tables[table]["case_id"], self.cases)
            self.places[table] = np.asarray(found).astype(np.int64)
        return self.places[table]


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
        numbers = np.arange(1, raw[name].num_rows + 1)
        table, numbers = keep_usable(rows, raw[name], declared, numbers, where=where[name])
        repeats = find_repeats(table, declared)
        set_repeats_aside(rows, table, declared, repeats, numbers, where=where[name])
        rows.tables[name] = table.filter(pa.array(~repeats.dropped)) if len(repeats.shared) else table
    return rows


def keep_usable(
    rows: Rows, raw: pa.Table, declared: Table, numbers: NDArray[np.int64], *, where: str, before: int = 0
) -> tuple[pa.Table, NDArray[np.int64]]:
    """Mend rows of one table, set aside those without a key, and name those without a name.

    Parameters
    ----------
    rows : Rows
        Takes the findings and the rows set aside.
    raw : pyarrow.Table
        As read: a whole table, or some rows of it.
    declared : Table
        What it should be.
    numbers : array of int, shape (n_rows,)
        By which number each row is told.
    where : str
        The file's name, for messages.
    before : int
        How many rows of the table were kept so far: names that are made go on from there.

    Returns
    -------
    table : pyarrow.Table
        The usable rows in their declared form.
    numbers : array of int
        Their numbers.

    Raises
    ------
    InputRefusedError
        The table lacks a column of its key.
    """
    require_key(raw.column_names, declared, where)
    mended = mend_table(raw, declared, where)
    rows.findings += [
        replace(found, row=int(numbers[found.row - 1])) if found.row else found for found in mended.findings
    ]
    kept = mended.usable
    place: dict[str, Any] = {"name": declared.name, "where": where, "why": Why.UNREADABLE}
    place["reason"] = "no readable key"
    set_aside(rows, mended.table, ~kept, numbers=numbers, **place)
    table, numbers = mended.table.filter(pa.array(kept)), numbers[kept]
    return _name_rows(rows, table, declared, numbers, where=where, before=before), numbers


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
            pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),
        ],
        schema=SET_ASIDE_SCHEMA,
    )
    rows.set_aside = pa.concat_tables([rows.set_aside, added])


def known_cases(part: Part, as_of: datetime) -> Part:
    """Return the cases of which a report was known at a time; cases that came later are not there yet."""
    reports = part.tables["reports"]
    visible = pc.less_equal(reports["known_at"], pa.scalar(as_of, reports["known_at"].type))
    cases = pc.unique(reports.filter(visible)["case_id"].combine_chunks())
    if len(cases) == len(part.cases):
        return part
    tables = {name: table.filter(pc.is_in(table["case_id"], cases)) for name, table in part.tables.items()}
    return Part(tables, cases.take(pc.sort_indices(cases)), part.set_aside, part.findings)


def find_rows(names: pa.ChunkedArray, among: pa.Array) -> pa.Array:
    """Return the place of each name among others, as `pyarrow.compute.index_in` does.

    Rows of one case mostly stand together, and to compare neighbours takes a tenth of the time of a look-up.

    Examples
    --------
    >>> find_rows(pa.chunked_array([["b", "b", "a", "c"]]), pa.array(["a", "b"])).to_pylist()
    [1, 1, 0, None]
    """
    flat = names.combine_chunks()
    flat = flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat
    if flat.null_count or not len(flat):
        return pc.index_in(flat, among)
    starts = np.append(True, np.asarray(pc.not_equal(flat[1:], flat[:-1])))
    found = pc.index_in(flat.filter(pa.array(starts)), among)
    return found.take(pa.array(np.cumsum(starts) - 1))


def require_key(names: Sequence[str], declared: Table, where: str) -> None:
    """Insist on the columns without which no row of a table can be told from another.

    Raises
    ------
    InputRefusedError
        One of them is not there.
    """
    needed = [column.name for column in declared.columns if column.required]
    missing = [name for name in needed if name not in names]
    if missing:
        found = ", ".join(shorten(name) for name in names[:10])
        raise InputRefusedError(
            f"no column {', '.join(missing)}",
            where=where,
            expected=f"the key of the table; found {found or 'no column'}",
            mend="check that this is the right file, and name its columns as in docs/data-dictionary.md",
        )


def _name_rows(
    rows: Rows, table: pa.Table, declared: Table, numbers: NDArray[np.int64], *, where: str, before: int
) -> pa.Table:
    """Give rows without a name of their own one: what they tell counts all the same."""
    for name in declared.key:
        nameless = np.asarray(table[name].is_null())
        if declared[name].required or declared[name].kind != Kind.TOKEN or not nameless.any():
            continue
        made = pa.array([f"row-{before + row + 1}" for row in range(table.num_rows)])
        filled = pc.if_else(pa.array(nameless), made, table[name])
        table = table.set_column(table.column_names.index(name), name, filled)
        row = int(numbers[np.flatnonzero(nameless)[0]])
        rows.findings.append(
            Finding(
                Level.NOTE, where, name, row, int(nameless.sum()), "no readable value",
                declared[name].allowed, "the row counts all the same; nothing can refer to it",
            )
        )  # fmt: skip
    return table


class Repeats(NamedTuple):
    """Rows that share a key.

    Parameters
    ----------
    shared : array of int
        The rows whose key another row has too.
    same, other : array of bool, shape (n_rows,)
        Rows that stand there once already, and reports that say something else than the one that counts.
    """

    shared: NDArray[np.int64]
    same: NDArray[np.bool_]
    other: NDArray[np.bool_]

    @property
    def dropped(self) -> NDArray[np.bool_]:
        """The rows that do not count."""
        return self.same | self.other


def find_repeats(table: pa.Table, declared: Table) -> Repeats:
    """Find rows that stand twice, and for a person to look at, reports that share a key and differ.

    Rows of other tables that share a key and differ all count: each tells something. Of differing reports
    the one that is escalated stays, else the first in the order of their content, so that the order of rows
    cannot matter.
    """
    first = _first_of_key(table, declared.key)
    shared = np.flatnonzero(np.bincount(first, minlength=len(first))[first] > 1)
    found = Repeats(shared, np.zeros(table.num_rows, dtype=bool), np.zeros(table.num_rows, dtype=bool))
    if not len(shared):
        return found
    content = dict(zip(shared.tolist(), table.take(pa.array(shared)).to_pylist(), strict=True))
    groups: dict[int, list[int]] = {}
    for row in shared.tolist():
        groups.setdefault(int(first[row]), []).append(row)
    for members in groups.values():
        ordered = sorted(members, key=lambda row: (not _is_escalated(content[row]), repr(content[row]), row))
        kept: list[dict[str, Any]] = []
        for row in ordered:
            if content[row] in kept:
                found.same[row] = True
            elif declared.name == "reports" and kept:
                found.other[row] = True
            else:
                kept.append(content[row])
    return found


def set_repeats_aside(
    rows: Rows,
    table: pa.Table,
    declared: Table,
    repeats: Repeats,
    numbers: NDArray[np.int64],
    *,
    where: str,
) -> None:
    """Set aside the rows that do not count because their key stands twice, and tell."""
    if not len(repeats.shared):
        return
    for why, mask, reason in (
        (Why.DUPLICATE, repeats.same, "the same row again"),
        (Why.UNREADABLE, repeats.other, "another report of the same key, with other values"),
    ):
        set_aside(rows, table, mask, name=declared.name, where=where, why=why, reason=reason, numbers=numbers)
    rows.findings.append(_repeated_finding(where, declared.key, numbers[repeats.shared]))


def _is_escalated(row: dict[str, Any]) -> bool:
    labels = set(row.get("report_annotations") or ())
    return row.get("escalated_by_reporter") == "asserted" or bool(labels & {"sextortion", "sadistic_online"})


def _first_of_key(table: pa.Table, key: tuple[str, ...]) -> NDArray[np.int64]:
    """Return, for each row, the first row that has its key."""
    columns = [pc.fill_null(table[name].cast(pa.string()), "") for name in key]
    # Mostly one column alone tells the rows apart, the last of the key before the others.
    if any(len(pc.unique(column)) == table.num_rows for column in reversed(columns)):
        return np.arange(table.num_rows)
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")
    codes = np.asarray(joined.combine_chunks().dictionary_encode().indices)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse])


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


def _repeated_finding(where: str, key: tuple[str, ...], numbers: NDArray[np.int64]) -> Finding:
    return Finding(
        Level.ROW,
        where,
        ", ".join(key),
        int(numbers[0]),
        len(numbers),
        "rows that share a key",
        "one row a key",
        "equal rows count once; of differing reports one counts, and a person must look at the others",
    )


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
