"""Rows by their key: tables mended, and rows set aside that have no key or repeat one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.declare import Kind, Table
from triage.schema.findings import Finding, Level, shorten
from triage.schema.mend import mend_table
from triage.schema.part import Rows, Why, set_aside
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# An odd number, so that to multiply by it loses nothing; its bits are those of the golden ratio.
_ODD, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


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
    table, kept = mended.table, mended.usable
    if not kept.all():
        place: dict[str, Any] = {"name": declared.name, "where": where, "why": Why.UNREADABLE}
        place["reason"] = "no readable key"
        set_aside(rows, table, ~kept, numbers=numbers, **place)
        table, numbers = table.filter(pa.array(kept)), numbers[kept]
    return _name_rows(rows, table, declared, numbers, where=where, before=before), numbers


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
        places = pa.array(np.arange(before + 1, before + 1 + table.num_rows)).cast(pa.string())
        made = pc.binary_join_element_wise("row-", places, "")
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
    if any(_all_differ(column) for column in reversed(columns)):
        return np.arange(table.num_rows)
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")
    encoded = joined.combine_chunks().dictionary_encode()
    if len(encoded.dictionary) == table.num_rows:
        return np.arange(table.num_rows)
    codes = np.asarray(encoded.indices)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse])


def _all_differ(texts: pa.ChunkedArray) -> bool:
    """Say whether no text stands twice."""
    hashed = _hash_texts(texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks())
    if hashed is not None:
        hashed.sort()
        if (hashed[1:] != hashed[:-1]).all():
            return True
    # Equal hashes need not be equal texts.
    return len(pc.unique(texts)) == len(texts)


def _hash_texts(texts: pa.Array) -> NDArray[np.uint64] | None:
    """Return a hash of each text, where all are of one length, as tokens mostly are.

    Sorting them takes a tenth of what putting the texts in a table does. They need not be hard to foretell:
    where two are equal the texts are compared.
    """
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if not lengths["min"] or lengths["min"] != lengths["max"]:
        return None
    size = lengths["min"]
    _, offsets, content = texts.buffers()
    start = int(np.frombuffer(offsets, dtype=np.int32)[texts.offset])
    letters = np.frombuffer(content, dtype=f"S{size}", count=len(texts), offset=start)
    words = letters.astype(f"S{-(-size // 8) * 8}", copy=False).view(np.uint64).reshape(len(texts), -1)
    hashed = np.zeros(len(texts), dtype=np.uint64)
    for word in words.T:
        hashed = (hashed ^ word) * _ODD
        hashed ^= hashed >> _HALF
    return hashed


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
