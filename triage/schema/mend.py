"""Check a table against its declaration and mend it: a bad field becomes unknown, and is told.

One pass gives both the finding and the mended column, in Arrow, without a copy through Python. After it a
table has every declared column, in order, in its declared type, and codes stand in the order in which they
are declared, so that the code of a value is its index.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.declare import EXTENSION, Column, Kind, Table
from triage.schema.findings import Finding, Level, shorten
from triage.schema.times import EARLIEST, LATEST, are_within, parse_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

SET_SEPARATOR = "|"
SET_SEPARATORS = r"[|;,]"  # read all the same: no code holds one
SHOWN_VALUES = 5
_TOKEN = r"^[A-Za-z0-9._:\-]{1,64}$"  # noqa: S105 - a pattern for tokens, not a password
_DIGITS, _LETTERS, _TO_SMALL = np.uint8(ord("0")), np.uint8(ord("a")), np.uint8(ord("a") - ord("A"))
_OTHERS = frozenset(b"._:-")
_AT_ONCE = 1 << 16
_LONGEST_TOKEN = 64
_COUNTRY = "^[A-Z0-9]{2}$"
_UNREADABLE_TEXT = "cannot be read as text"


@dataclass(frozen=True)
class Mended:
    """A checked table, and what was wrong with it.

    Parameters
    ----------
    table : pyarrow.Table
        Every declared column, in order and in its declared type.
    usable : array of bool
        False for rows that lack what a row cannot do without.
    findings : list of Finding
        One entry a kind of mistake.
    """

    table: pa.Table
    usable: NDArray[np.bool_]
    findings: list[Finding]


def mend_table(table: pa.Table, declared: Table, where: str) -> Mended:
    """Bring a table into its declared form.

    Parameters
    ----------
    table : pyarrow.Table
        As read.
    declared : Table
        What it should be.
    where : str
        The file's name, for messages.

    Returns
    -------
    Mended
        The table, the rows that can be used, and the findings. No row is removed here.
    """
    findings = _superfluous(table, declared, where) + _missing(table, declared, where)
    columns: list[pa.Array] = []
    usable = np.ones(table.num_rows, dtype=bool)
    for column in declared.columns:
        if column.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, column.arrow_type))
            present = np.zeros(table.num_rows, dtype=bool)
        else:
            raw = _contiguous(table[column.name])
            mended, bad = mend_column(raw, column)
            findings += _bad_fields(raw, bad, column, where)
            columns.append(mended)
            present = np.asarray(mended.is_valid()) if column.required else usable
        if column.required:
            lacking = usable & ~present
            if lacking.any():
                usable &= present
                findings.append(_unusable(column, lacking, where))
    return Mended(pa.Table.from_arrays(columns, schema=declared.arrow_schema), usable, findings)


def mend_column(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    """Return a column in its declared type, and where a value had to become unknown.

    Parameters
    ----------
    raw : pyarrow.Array
        As read, of any type.
    column : Column
        What it should be.

    Returns
    -------
    mended : pyarrow.Array
        In the declared type; null where the value was empty or bad.
    bad : array of bool, shape (n_rows,)
        Where a value was there and could not be used.
    """
    if pa.types.is_null(raw.type):
        return pa.nulls(len(raw), column.arrow_type), np.zeros(len(raw), dtype=bool)
    try:
        return _MEND[column.kind](raw, column)
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError):
        # A column of a type that no conversion covers, or with text that is no text.
        present = np.asarray(raw.is_valid())
        return pa.nulls(len(raw), column.arrow_type), present


def _contiguous(values: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.unify_dictionaries()
    return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)


def _as_text(raw: pa.Array) -> pa.Array:
    """Return values as text without surrounding blanks; empty text is null."""
    if pa.types.is_dictionary(raw.type):
        raw = raw.dictionary_decode()
    if not pa.types.is_string(raw.type):
        try:
            raw = pc.cast(raw, pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            text = [_UNREADABLE_TEXT if value.is_valid else None for value in raw]
            raw = pa.array(text, pa.string())
    trimmed = pc.utf8_trim_whitespace(raw)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _true(mask: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(mask, False))


def _blank(values: pa.Array, bad: Mask) -> pa.Array:
    if not bad.any():
        return values
    return pc.if_else(pa.array(~bad), values, pa.scalar(None, values.type))


def _token(raw: pa.Array, _column: Column) -> tuple[pa.Array, Mask]:
    if _are_tokens(raw):
        return raw, np.zeros(len(raw), dtype=bool)
    text = _as_text(raw)
    bad = _true(pc.invert(pc.match_substring_regex(text, _TOKEN)))
    return _blank(text, bad), bad


def _are_tokens(raw: pa.Array) -> bool:
    """Say whether all texts are tokens, in one look at their bytes; a pattern takes ten times as long."""
    if not pa.types.is_string(raw.type) or not len(raw):
        return False
    lengths = pc.min_max(pc.binary_length(raw)).as_py()
    if lengths["min"] is None or not 1 <= lengths["min"] <= lengths["max"] <= _LONGEST_TOKEN:
        return False
    _, offsets, content = raw.buffers()
    first, last = np.frombuffer(offsets, dtype=np.int32)[[raw.offset, raw.offset + len(raw)]].tolist()
    letters = np.frombuffer(content, dtype=np.uint8)
    return all(
        _are_of_tokens(letters[start : min(start + _AT_ONCE, last)]) for start in range(first, last, _AT_ONCE)
    )


def _are_of_tokens(letters: NDArray[np.uint8]) -> bool:
    """Say whether all bytes may stand in a token: of unsigned ones, what is too small wraps round."""
    sound = letters - _DIGITS < len(string.digits)
    sound |= (letters | _TO_SMALL) - _LETTERS < len(string.ascii_lowercase)
    return bool(sound.all()) or set(letters[~sound].tolist()) <= _OTHERS


def _code(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    """Give each value its declared index; look at the dictionary alone where there is one."""
    declared = pa.array(column.codes, pa.string())
    if pa.types.is_dictionary(raw.type):
        if raw.type == column.arrow_type and raw.dictionary.equals(declared):
            return raw, np.zeros(len(raw), dtype=bool)
        found = pc.take(_index_of(_as_text(raw.dictionary), declared), raw.indices)
        empty = _true(pc.take(pc.is_null(_as_text(raw.dictionary)), raw.indices))
    else:
        text = _as_text(raw)
        found, empty = _index_of(text, declared), np.asarray(text.is_null())
    bad = np.asarray(raw.is_valid()) & np.asarray(found.is_null()) & ~empty
    return pa.DictionaryArray.from_arrays(found.cast(pa.int16()), declared), bad


def _index_of(text: pa.Array, declared: pa.Array) -> pa.Array:
    """Return the index of each code; capitals do not matter."""
    exact = pc.index_in(text, declared)
    if exact.null_count == text.null_count:
        return exact
    return pc.coalesce(exact, pc.index_in(pc.utf8_lower(text), pc.utf8_lower(declared)))


def _country(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    if raw.type == column.arrow_type and _are_countries(raw.dictionary):
        # Those that are there, in the order in which they come, as of texts.
        held = raw.indices.dictionary_encode()
        names = raw.dictionary.take(held.dictionary)
        return pa.DictionaryArray.from_arrays(held.indices.cast(pa.int16()), names), np.zeros(len(raw), bool)
    text = pc.utf8_upper(_as_text(raw))
    bad = _true(pc.invert(pc.match_substring_regex(text, _COUNTRY)))
    encoded = pc.dictionary_encode(_blank(text, bad))
    return encoded.cast(column.arrow_type), bad


def _are_countries(names: pa.Array) -> bool:
    shaped = pc.match_substring_regex(names, _COUNTRY)
    return not names.null_count and pc.all(shaped).as_py() and len(pc.unique(names)) == len(names)


def _codes(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    """Keep the codes of a set that are allowed; one that loses any is told, one that loses all unknown."""
    if not (pa.types.is_list(raw.type) or pa.types.is_large_list(raw.type)):
        raw = pc.split_pattern_regex(_as_text(raw), SET_SEPARATORS)
    declared, elements = pa.array(column.codes, pa.string()), pc.list_flatten(raw)
    # What lies unseen below an unknown set would come to light when rows are told by their elements.
    unseen = raw.offsets[-1].as_py() - raw.offsets[0].as_py() - len(elements)
    if pa.types.is_string(elements.type) and not unseen and pc.all(pc.is_in(elements, declared)).as_py():
        return raw.cast(column.arrow_type), np.zeros(len(raw), dtype=bool)
    lengths = pc.fill_null(pc.list_value_length(raw), 0)
    parents = np.repeat(np.arange(len(raw)), np.asarray(lengths))
    elements = _as_text(elements)
    known = _index_of(elements, declared)
    elements = pc.coalesce(pc.take(declared, known), elements)
    allowed = pc.is_valid(known)
    if column.open_codes:
        national = not column.name.endswith("annotations")
        pattern = _TOKEN if national else f"^{EXTENSION}[A-Za-z0-9_]{{1,60}}$"
        allowed = pc.or_(allowed, pc.fill_null(pc.match_substring_regex(elements, pattern), False))
    kept = _true(allowed)
    bad = np.zeros(len(raw), dtype=bool)
    bad[parents[~kept & np.asarray(elements.is_valid())]] = True
    counts = np.bincount(parents[kept], minlength=len(raw))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    # A set of which nothing can be read is unknown: an empty one would say that nothing was found.
    lost = bad & (counts == 0)
    missing = pa.array(np.append(np.asarray(raw.is_null()) | lost, False))
    masked = pc.if_else(missing, pa.scalar(None, pa.int32()), pa.array(offsets))
    return pa.ListArray.from_arrays(masked, elements.filter(pa.array(kept))), bad


def _time(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    if pa.types.is_timestamp(raw.type) or pa.types.is_date(raw.type):
        times, given = _as_seconds(raw, column), raw
    else:
        given = _as_text(raw)
        times = parse_times(given)
    if times.null_count == given.null_count and are_within(times):
        return times, np.zeros(len(raw), dtype=bool)
    within = pc.and_(
        pc.greater_equal(times, pa.scalar(EARLIEST, column.arrow_type)),
        pc.less(times, pa.scalar(LATEST, column.arrow_type)),
    )
    bad = np.asarray(given.is_valid()) & ~_true(within)
    return _blank(times, bad), bad


def _as_seconds(raw: pa.Array, column: Column) -> pa.Array:
    zoned = pa.types.is_timestamp(raw.type) and raw.type.tz is not None
    return pc.cast(
        raw if zoned else pc.cast(raw, pa.timestamp("s"), safe=False), column.arrow_type, safe=False
    )


def _number(raw: pa.Array, pattern: str, in_range: Callable[[Any], Any]) -> tuple[pa.Array, Mask]:
    """Read numbers as doubles; bad where the text is no such number or out of range."""
    text = _as_text(raw)
    present = np.asarray(text.is_valid())
    shaped = _blank(text, _true(pc.invert(pc.match_substring_regex(text, pattern))))
    numbers = pc.cast(shaped, pa.float64())
    return numbers, present & ~_true(in_range(numbers))


def _integer(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    numbers, bad = _number(raw, r"^\d{1,15}(\.0*)?$", lambda n: pc.greater_equal(n, 0.0))
    return pc.cast(_blank(numbers, bad), column.arrow_type, safe=False), bad


def _amount(raw: pa.Array, column: Column) -> tuple[pa.Array, Mask]:
    numbers, bad = _number(raw, r"^-?\d{1,12}(\.\d*)?$", lambda n: pc.less(pc.abs(n), 1e9))
    return pc.cast(pc.round(_blank(numbers, bad), 2), column.arrow_type, safe=False), bad


def _share(raw: pa.Array, _column: Column) -> tuple[pa.Array, Mask]:
    numbers, bad = _number(
        raw, r"^\d*\.?\d+([eE]-?\d+)?$", lambda n: pc.and_(pc.greater(n, 0.0), pc.less_equal(n, 1.0))
    )
    return _blank(numbers, bad), bad


_MEND: dict[Kind, Callable[[pa.Array, Column], tuple[pa.Array, Mask]]] = {
    Kind.TOKEN: _token,
    Kind.CODE: _code,
    Kind.TRI: _code,
    Kind.CODES: _codes,
    Kind.TIME: _time,
    Kind.COUNTRY: _country,
    Kind.INTEGER: _integer,
    Kind.AMOUNT: _amount,
    Kind.SHARE: _share,
}


def _superfluous(table: pa.Table, declared: Table, where: str) -> list[Finding]:
    return [
        Finding(
            Level.COLUMN,
            where,
            shorten(name),
            0,
            table.num_rows,
            "a column that is not declared",
            "the columns of docs/data-dictionary.md",
            "it is not read; rename it if it is one of those",
        )
        for name in table.column_names
        if name not in declared
    ]


def _missing(table: pa.Table, declared: Table, where: str) -> list[Finding]:
    """Tell of columns that the first version of the model counts on; times of knowing have a default."""
    missing = [
        column.name
        for column in declared.columns
        if column.core and column.name not in {*table.column_names, "case_id", "known_at", "enriched_at"}
    ]
    if not missing:
        return []
    return [
        Finding(
            Level.COLUMN,
            where,
            ", ".join(missing),
            0,
            1,
            "no such column" if len(missing) == 1 else "no such columns",
            "the columns of docs/data-dictionary.md",
            "what they would tell counts as unknown; add them if the source has them",
        )
    ]


def _bad_fields(raw: pa.Array, bad: Mask, column: Column, where: str) -> list[Finding]:
    if not bad.any():
        return []
    rows = np.flatnonzero(bad)
    values = [_as_found(raw[int(row)]) for row in rows[:1000]]
    first: dict[str, int] = {}
    for row, value in zip(rows, values, strict=False):
        first.setdefault(value, int(row) + 1)
    shown = list(first.items())[:SHOWN_VALUES]
    findings = [
        Finding(
            Level.FIELD,
            where,
            column.name,
            row,
            values.count(value),
            shorten(value),
            column.allowed,
            "counts as unknown",
        )
        for value, row in shown
    ]
    rest = len(rows) - sum(finding.count for finding in findings)
    if rest > 0:
        findings.append(
            Finding(
                Level.FIELD,
                where,
                column.name,
                0,
                rest,
                "other bad values",
                column.allowed,
                "count as unknown",
            )
        )
    return findings


def _as_found(value: pa.Scalar) -> str:
    try:
        return str(value.as_py())
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError):
        return f"a value of type {value.type}"


def _unusable(column: Column, lacking: Mask, where: str) -> Finding:
    return Finding(
        Level.ROW,
        where,
        column.name,
        int(np.flatnonzero(lacking)[0]) + 1,
        int(lacking.sum()),
        "no readable value",
        column.allowed,
        "the row is set aside; ask the sender for it",
    )
