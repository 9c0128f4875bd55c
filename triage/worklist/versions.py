"""Rows that came in several batches: what names them, and what all versions of them tell together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from triage.schema.declare import Table

# Rows without a key of their own are numbered when read; the number names nothing outside the batch.
_NAMELESS = r"^row-(\d+)$"
_NUMBERED = r"^row-(?:[0-9a-f]{8}-)?\d+$"


def name_apart(table: pa.Table, digest: str) -> pa.Table:
    """Keep apart rows of two batches that had no name of their own and were numbered."""
    return _rename(table, _NAMELESS, rf"row-{digest[:8]}-\1")


def name_none(table: pa.Table) -> pa.Table:
    """Take away what rows without a name of their own were given: it says nothing of what they tell."""
    return _rename(table, _NUMBERED, "")


def _rename(table: pa.Table, pattern: str, name: str) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) and field.name != "case_id":
            named = pc.replace_substring_regex(table[field.name], pattern, name)
            table = table.set_column(place, field.name, named)
    return table


def place_apart(aside: pa.Table, digest: str) -> pa.Table:
    """Keep apart what was set aside from files of one name: each batch of tables has a ``reports.csv``.

    A document has a name of its own (``file:...``), which no other document has.
    """
    apart = pc.binary_join_element_wise(digest[:8], aside["where"], "/")
    where = pc.if_else(pc.starts_with(aside["where"], "file:"), aside["where"], apart)
    return aside.set_column(aside.column_names.index("where"), "where", where)


def join_versions(versions: list[pa.Table], name: str) -> pa.Table:
    """Return the rows of a table that came in several batches, the oldest first.

    Of a key that came in several, the rows of the newest stand, with what they leave open filled from the
    ones before; sets of codes are united, and a reporter's escalation stays. Rows that share a key inside
    one batch all stand, as they do there. So do rows of one key that hang on different reports, persons or
    accounts: a child that two reports mention stays with both.

    Parameters
    ----------
    versions : list of pyarrow.Table
        The same table of each batch, in declared form.
    name : str
        Of the table.
    """
    declared = TABLES[name]
    whole = pa.concat_tables([declared.arrow_schema.empty_table(), *versions], promote_options="permissive")
    whole = whole.select(declared.arrow_schema.names).cast(declared.arrow_schema)
    if sum(version.num_rows > 0 for version in versions) < 2:
        return whole
    names = dict.fromkeys((*declared.key, *declared.parent[1:]))
    key = [whole[column].cast(pa.string()) for column in names]
    joined = pc.binary_join_element_wise(*(pc.fill_null(column, "") for column in key), " ").combine_chunks()
    codes = np.asarray(joined.dictionary_encode().indices)
    source = np.repeat(np.arange(len(versions)), [version.num_rows for version in versions])
    newest = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(newest, codes, source)
    again = np.zeros(len(codes), dtype=bool)
    again[codes[source < newest[codes]]] = True
    rows = np.flatnonzero(again[codes])
    if not len(rows):
        return whole
    groups: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for row, content in zip(rows.tolist(), whole.take(pa.array(rows)).to_pylist(), strict=True):
        groups.setdefault(int(codes[row]), []).append((int(source[row]), content))
    merged = [content for members in groups.values() for content in _merge(members)]
    joined_rows = _in_declared_order(pa.Table.from_pylist(merged, schema=declared.arrow_schema), declared)
    return pa.concat_tables([whole.filter(pa.array(~again[codes])), joined_rows])


def _in_declared_order(rows: pa.Table, declared: Table) -> pa.Table:
    """Return rows whose codes have the numbers of the declaration: whatever reads a code reads its number."""
    for place, column in enumerate(declared.columns):
        if column.codes and pa.types.is_dictionary(rows.schema.field(place).type):
            codes = pa.array(column.codes, pa.string())
            numbers = pc.index_in(rows[column.name].cast(pa.string()).combine_chunks(), codes).cast(
                pa.int16()
            )
            rows = rows.set_column(
                place, rows.schema.field(place), pa.DictionaryArray.from_arrays(numbers, codes)
            )
    return rows


def _merge(members: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the newest rows of one key, filled from the older ones."""
    last = max(index for index, _ in members)
    older = [row for index, row in sorted(members, key=lambda member: -member[0]) if index < last]
    merged = []
    for index, row in members:
        if index == last:
            whole = dict(row)
            for before in older:
                whole = {column: _combine(column, value, before[column]) for column, value in whole.items()}
            merged.append(whole)
    return merged


def _combine(column: str, newer: Any, older: Any) -> Any:
    """Return what is known of a column from two versions of a row."""
    if newer is None or older is None:
        return older if newer is None else newer
    if isinstance(newer, list):
        return sorted({*newer, *older})
    if column == "known_at":
        return min(newer, older)
    if newer == "unknown" or (column == "escalated_by_reporter" and older == "asserted"):
        return older
    return newer
