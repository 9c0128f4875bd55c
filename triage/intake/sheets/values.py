"""Codes, flags, sets, numbers and countries in the columns of a sheet.

Codes come as their places among the codes of the column, so that rows can be merged by rank; null is unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.notes import Remark
from triage.intake.sheets.columns import BAD, TEXT, Bad, by_word, sentence
from triage.intake.sheets.moments import fill_age, fill_minor, fill_time
from triage.intake.words import platform_word, read_country
from triage.schema.declare import Kind
from triage.schema.findings import Level
from triage.schema.mend import SET_SEPARATORS, mend_column

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.intake.sheets.checking import Filling
    from triage.intake.sheets.columns import Columns

NO_WORD = Remark(
    Level.FIELD,
    "",
    "a word that the mapping does not know",
    "the words of the mapping",
    "counts as unknown; add it to words in the mapping",
)
NO_NUMBER = Remark(Level.FIELD, "", "a number that cannot be read", "a number", "counts as unknown")
NO_COUNTRY = Remark(
    Level.FIELD, "", "a country that is not known", "two letters (ISO 3166-1)", "counts as unknown"
)
_UNKNOWN = frozenset({"unknown", "not known", "n/a", "na", "-", "?"})
_PLACE = pa.int16()
_SETS = pa.list_(TEXT)


def fill(filling: Filling, columns: Columns, table: str) -> pa.Array:
    """Return the values of a column; tokens are made elsewhere."""
    if filling.way == "time":
        return fill_time(filling, columns, table)
    if filling.way in {"age", "born"}:
        return fill_age(filling, columns, table)
    return _FILL[filling.way](filling, columns)


def _code(filling: Filling, columns: Columns) -> pa.Array:
    codes = filling.column.codes
    words, other = filling.options["words"], filling.options["other"]

    def read(text: str) -> int | Bad | None:
        word = sentence(text)
        code = words.get(word, None if word in _UNKNOWN else other or BAD)
        # Unknown is nothing: what another line of the report says stands before it.
        return code if code is None or code is BAD else _place(codes, code)

    return _told(filling, columns, read, _PLACE, NO_WORD)


def _place(codes: tuple[str, ...], code: str) -> int | None:
    return None if code == "unknown" else codes.index(code)


def _flag(filling: Filling, columns: Columns) -> pa.Array:
    return _told(filling, columns, _flag_reader(filling), _PLACE, NO_WORD)


def _flag_reader(filling: Filling) -> Callable[[str], int | Bad | None]:
    yes, no = filling.options["yes"], filling.options["no"]
    asserted, denied = 0, 2  # places in the declaration of flags

    def read(text: str) -> int | Bad | None:
        word = sentence(text)
        if word in yes:
            return asserted
        return denied if word in no else None if word in _UNKNOWN else BAD

    return read


def _country(filling: Filling, columns: Columns) -> pa.Array:
    words, other = filling.options["words"], filling.options["other"]

    def read(text: str) -> str | Bad | None:
        word = sentence(text)
        return words.get(word) or read_country(text) or (None if word in _UNKNOWN else other or BAD)

    return _told(filling, columns, read, TEXT, NO_COUNTRY)


def _number(filling: Filling, columns: Columns) -> pa.Array:
    text = columns.text(*filling.columns)
    thousands = r"[ '\x{00a0}\x{202f},]" if filling.options["decimal"] == "." else r"[ '\x{00a0}\x{202f}.]"
    text = pc.replace_substring_regex(text, thousands, "")
    if filling.options["decimal"] == ",":
        text = pc.replace_substring(text, ",", ".")
    found, bad = mend_column(text, filling.column)
    columns.remark(NO_NUMBER._replace(column=filling.column.name), bad)
    return found


def _present(filling: Filling, columns: Columns) -> pa.Array:
    found = pa.nulls(len(columns), _PLACE)
    for code, read in filling.parts.items():
        place = pa.scalar(_place(filling.column.codes, code), _PLACE)
        mask = pa.array(columns.filled(*read))
        found = pc.coalesce(found, pc.if_else(mask, place, pa.scalar(None, _PLACE)))
    return found


def _set(filling: Filling, columns: Columns) -> pa.Array:
    if filling.options.get("boxes"):
        return _boxes(filling, columns)
    words, other = filling.options["words"], filling.options["other"]
    split = re.compile(re.escape(filling.options["split"]) or SET_SEPARATORS)
    lost: dict[str, bool] = {}

    def read(text: str) -> list[str] | None:
        given = [word for word in map(sentence, split.split(text)) if word and word not in _UNKNOWN]
        codes = [words.get(word, other) for word in given]
        lost[text] = None in codes
        return list(dict.fromkeys(code for code in codes if code)) or None

    text = columns.text(*filling.columns)
    found, _ = by_word(text, read, _SETS)
    if any(lost.values()):
        _, bad = by_word(text, lambda word: BAD if lost[word] else None, _PLACE)
        columns.remark(NO_WORD._replace(column=filling.column.name), bad)
    return found


def _boxes(filling: Filling, columns: Columns) -> pa.Array:
    """Return the codes of boxes that are ticked; where none is filled in, nothing is known."""
    reader = _flag_reader(filling)
    ticked = np.zeros((len(columns), len(filling.parts)), bool)
    for place, (_, read) in enumerate(filling.parts.items()):
        flags, bad = by_word(columns.text(*read), reader, _PLACE)
        columns.remark(NO_WORD._replace(column=filling.column.name), bad)
        ticked[:, place] = np.asarray(pc.fill_null(pc.equal(flags, 0), False))
    codes = pa.array(list(filling.parts), TEXT)
    _, which = np.nonzero(ticked)
    counts = ticked.sum(axis=1)
    offsets = pa.array(np.append(0, np.cumsum(counts)).astype(np.int32), mask=np.append(counts == 0, False))
    return pa.ListArray.from_arrays(offsets, codes.take(pa.array(which)))


def _platform(filling: Filling, columns: Columns) -> pa.Array:
    codes = filling.column.codes
    found, _ = by_word(
        columns.text(*filling.columns), lambda text: codes.index(platform_word(text) or "other"), _PLACE
    )
    return found


def _constant(filling: Filling, columns: Columns) -> pa.Array:
    value = filling.options["constant"]
    if filling.column.kind == Kind.CODES:
        # pyarrow repeats a list no fewer than one time.
        return pa.repeat(pa.scalar(value, _SETS), max(1, len(columns))).slice(0, len(columns))
    if filling.column.kind == Kind.COUNTRY:
        return pa.repeat(pa.scalar(value, TEXT), len(columns))
    return pa.repeat(pa.scalar(_place(filling.column.codes, value), _PLACE), len(columns))


def _told(
    filling: Filling,
    columns: Columns,
    read: Callable[[str], object],
    kind: pa.DataType,
    remark: Remark,
) -> pa.Array:
    found, bad = by_word(columns.text(*filling.columns), read, kind)
    columns.remark(remark._replace(column=filling.column.name), bad)
    return found


_FILL: dict[str, Callable[[Filling, Columns], pa.Array]] = {
    "code": _code,
    "flag": _flag,
    "minor": fill_minor,
    "country": _country,
    "number": _number,
    "present": _present,
    "set": _set,
    "platform": _platform,
    "constant": _constant,
}
