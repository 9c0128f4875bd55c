"""Merge rows about the same thing that stand on several lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.notes import Remark
from triage.intake.people import LEVELS
from triage.schema.declare import Column, Kind
from triage.schema.findings import Level
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections import Counter

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

# Beside the columns of a table: the place of the document; the report and the line of rows without a name.
DOCUMENT, TIE, LINE = "document", "tie", "line"
_LETTERS = {
    "files": "f", "children": "c", "network_events": "e", "communications": "m", "transactions": "t",
    "prior_records": "p",
}  # fmt: skip
# Of several statements the first of these stands; of other codes the one that stands first in the sheet.
_RANKED: dict[str, tuple[str, ...]] = {
    "source_priority": ("P1", "P2", "P3"),
    "role": TABLES["persons"]["role"].codes,
    "identity_level": LEVELS[::-1],
    "account_status": ("permanently_disabled", "temporarily_disabled", "reenabled", "active"),
    "identification": ("named", "previously_identified", "locatable", "handle_only", "unidentified"),
}
# Two bands of one person say that neither is known.
_AGREED = frozenset({"age_band"})
_EARLIEST = frozenset({"received_at", "known_at", "account_opened_at"})
_LATEST = frozenset({"incident_at", "last_message_at", "enriched_at"})
DISAGREE = Remark(
    Level.FIELD,
    "",
    "lines about one thing that do not agree",
    "one value",
    "the first stands, or the gravest where codes have ranks; of ages none",
)
# Where nothing is known.
_DEFAULTS = {
    "hash_status": "not_run",
    "platform_category": "other",
    "identity_level": "none",
    "jurisdiction_basis": "none",
    "jurisdiction_country": "ZZ",
    "source_system": "other",
}
_TEXT_KINDS = frozenset({Kind.CODE, Kind.TRI, Kind.COUNTRY})


def merge_rows(name: str, parts: list[pa.Table], told: Counter[str]) -> pa.Table:
    """Return one row for each key of a table; what one line says and another not is put together.

    Parameters
    ----------
    name : str
        The table.
    parts : list of pyarrow.Table
        Rows in order; codes are places among the declared codes, and `DOCUMENT` says where a row stood. Rows
        without a name are named after their report (`TIE`); equal ones are one unless `LINE` differs.
    told : Counter
        Takes the columns in which lines disagree.
    """
    rows = pa.concat_tables(parts, promote_options="permissive").combine_chunks()
    declared = TABLES[name]
    if name in _LETTERS:
        rows = _named(rows, declared.key[0], _LETTERS[name])
    if not rows.num_rows or name == "outcomes":
        return rows
    keys = [pc.fill_null(rows[column], "") for column in declared.key]
    joined = keys[0] if len(keys) == 1 else pc.binary_join_element_wise(*keys, " ")
    groups = np.asarray(_whole(joined).dictionary_encode().indices).astype(np.int64)
    count = int(groups.max()) + 1
    if count == rows.num_rows:
        return rows
    grouping = _Groups(groups, count)
    columns = {}
    for column in rows.column_names:
        values = _whole(rows[column])
        if column == DOCUMENT:
            columns[column] = values.take(grouping.first(np.ones(len(values), bool)))
            continue
        columns[column], disagreeing = _merge(grouping, values, declared[column])
        told[column] += disagreeing
    return pa.table(columns)


def as_canonical(name: str, rows: pa.Table) -> pa.Table:
    """Return rows with their codes as text, and what is unknown said so."""
    columns = {}
    for column in rows.column_names:
        values, declared = _whole(rows[column]), TABLES[name][column]
        if pa.types.is_int16(values.type):
            values = pa.array(declared.codes, pa.string()).take(values)
        unknown = _DEFAULTS.get(column, "unknown" if "unknown" in declared.codes else "")
        if unknown and declared.kind in _TEXT_KINDS:
            values = pc.fill_null(values, unknown)
        columns[column] = values
    return pa.table(columns)


def _named(rows: pa.Table, key: str, letter: str) -> pa.Table:
    """Name the rows that have no name after their report, one for each that says something of its own."""
    nameless = rows[key].is_null()
    rest = rows.drop_columns([column for column in (TIE, LINE) if column in rows.column_names])
    if not pc.any(nameless).as_py():
        return rest
    few, ties = rows.filter(nameless), _whole(rows[TIE].filter(nameless))
    told = [column for column in few.column_names if column not in {key, DOCUMENT, LINE}]
    first = _first_of_equal(few, told)
    codes = np.asarray(ties.take(pa.array(first)).dictionary_encode().indices)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    number = np.empty(len(codes), np.int64)
    number[order] = np.arange(len(codes)) - starts
    marks = pc.binary_join_element_wise(letter, pa.array(number).cast(pa.string()), "")
    names = pc.binary_join_element_wise(ties.take(pa.array(first)), marks, ":")
    kept = rest.filter(nameless).take(pa.array(first))
    kept = kept.set_column(kept.column_names.index(key), key, names)
    return pa.concat_tables([rest.filter(pc.invert(nameless)), kept]).combine_chunks()


def _first_of_equal(rows: pa.Table, told: list[str]) -> Ints:
    """Return the first of rows that say the same, and, where they have a line, stand on the same one."""
    stands = [DOCUMENT, LINE] if LINE in rows.column_names else []
    if stands:
        documents, lines = (np.asarray(rows[column]).astype(np.int64) for column in stands)
        if bool((np.diff(documents * 2**32 + lines) > 0).all()):
            return np.arange(rows.num_rows)
    cells = {column: _as_cell(_whole(rows[column])) for column in told}
    cells |= {column: rows[column] for column in stands} | {"row": pa.array(np.arange(rows.num_rows))}
    groups = pa.table(cells).group_by([*told, *stands], use_threads=False).aggregate([("row", "min")])
    return np.sort(np.asarray(groups["row_min"]))


def _as_cell(values: pa.Array) -> pa.Array:
    """Return values by which rows can be grouped: a set as one text."""
    return pc.fill_null(pc.binary_join(values, "|"), "") if pa.types.is_list(values.type) else values


class _Groups:
    """Rows that belong together, and the first of each that says something."""

    def __init__(self, groups: Ints, count: int) -> None:
        self.groups, self.count = groups, count
        self.order = np.argsort(groups, kind="stable")
        self.starts = np.searchsorted(groups[self.order], np.arange(count))

    def first(self, said: NDArray[np.bool_]) -> pa.Array:
        """Return the first row of each group that says something; null where none does."""
        rows = np.flatnonzero(said)
        found, at = np.unique(self.groups[rows], return_index=True)
        places = np.full(self.count, -1)
        places[found] = rows[at]
        return pa.array(places, mask=places < 0)

    def least(self, values: Ints) -> Ints:
        """Return the smallest value of each group."""
        return np.asarray(np.minimum.reduceat(values[self.order], self.starts))


def _merge(groups: _Groups, values: pa.Array, column: Column) -> tuple[pa.Array, int]:
    said = np.asarray(values.is_valid())
    if column.kind == Kind.CODES:
        return _union(groups, values), 0
    if column.kind == Kind.TIME and column.name in _EARLIEST | _LATEST:
        sign = 1 if column.name in _EARLIEST else -1
        never = np.iinfo(np.int64).max
        seconds = np.asarray(pc.fill_null(pc.cast(values, pa.int64()), 0))
        least = groups.least(np.where(said, sign * seconds, never))
        return pa.array(sign * np.where(least == never, 0, least), mask=least == never).cast(values.type), 0
    if pa.types.is_int16(values.type):
        return _merge_codes(groups, values, column)
    return values.take(groups.first(said)), 0


def _merge_codes(groups: _Groups, values: pa.Array, column: Column) -> tuple[pa.Array, int]:
    said = np.asarray(values.is_valid())
    places = np.asarray(pc.fill_null(values, 0)).astype(np.int64)
    beyond = len(column.codes) + 1
    low = groups.least(np.where(said, places, beyond))
    high = -groups.least(np.where(said, -places, 1))
    differ = (low < beyond) & (low != high)
    if column.kind == Kind.TRI:
        # Asserted stands before denied, and stands before it in the declaration.
        return pa.array(low.astype(np.int16), mask=low == beyond), int(differ.sum())
    if column.name in _AGREED:
        return pa.array(low.astype(np.int16), mask=(low == beyond) | differ), int(differ.sum())
    if column.name in _RANKED:
        ranks = np.full(len(column.codes), beyond)
        ranked = [column.codes.index(code) for code in _RANKED[column.name]]
        ranks[ranked] = np.arange(len(ranked))
        best = groups.least(np.where(said, ranks[places], beyond))
        back = np.append(ranked, 0).astype(np.int16)
        return pa.array(back[np.minimum(best, len(ranked))], mask=best >= len(ranked)), int(differ.sum())
    return values.take(groups.first(said)), int(differ.sum())


def _union(groups: _Groups, values: pa.Array) -> pa.Array:
    """Return the codes that any row of a group holds."""
    flat = values.flatten().dictionary_encode()
    owners = groups.groups[np.asarray(pc.list_parent_indices(values))]
    size = max(len(flat.dictionary), 1)
    pairs = np.unique(owners * size + np.asarray(flat.indices))
    counts = np.bincount(pairs // size, minlength=groups.count)
    offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
    known = np.append(counts > 0, True)
    codes = flat.dictionary.take(pa.array(pairs % size)) if len(pairs) else flat.dictionary.slice(0, 0)
    return pa.ListArray.from_arrays(pa.array(offsets, mask=~known), codes)


def _whole(values: pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
