"""A list as CSV that a spreadsheet opens with its letters, its numbers and nothing that runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from triage.errors import InputRefusedError
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from triage.worklist.exports.by_ending import Options

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # tells a spreadsheet that the file is UTF-8
DELIMITERS = (",", ";")
# Blanks and marks that nobody sees do not keep a spreadsheet from reading on; some take wide signs too.
_SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = rf"^[\pZ\pC]*{_SIGNS}"
# Opened with another delimiter than it was written with, a file breaks its cells at these.
_BROKEN = rf"([;,\t\r\n|][\pZ\pC]*)({_SIGNS})"
_UNSEEN_START = r"^[\t\r\n]"
# Text in which none of these bytes is has none of the above; 0xef is the first byte of each wide sign.
_TELLING_BYTES = b"=+-@\xef\t\r\n"


def export_csv(table: pa.Table, path: Path, *, force: bool = False, delimiter: str = ",") -> None:
    """Write the list as CSV, UTF-8 with a byte order mark, whole or not at all.

    Text that a spreadsheet would take for a formula gets an apostrophe in front. Where ``;`` divides the
    cells a comma divides the decimals: an office in which the one is usual takes a decimal point for a
    thousand or for a date.

    Parameters
    ----------
    table : pyarrow.Table
        The list.
    path : Path
        A file that ends in ``.csv``.
    force : bool
        Replace a file that is there.
    delimiter : str
        ``,`` or ``;``.

    Raises
    ------
    InputRefusedError
        The name does not end in ``.csv``, or the delimiter is another.
    OutputExistsError
        The file exists and `force` is false.
    """
    with write_csv(path, force=force, delimiter=delimiter) as add:
        add(table)


@contextmanager
def write_csv(path: Path, *, force: bool, delimiter: str) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows to a CSV file; as of `export_csv`."""
    if path.suffix.lower() != ".csv":
        raise InputRefusedError(
            f"the ending '{path.suffix}'", where=str(path), expected="a name that ends in .csv"
        )
    if delimiter not in DELIMITERS:
        raise InputRefusedError(f"the delimiter '{delimiter}'", where=str(path), expected="',' or ';'")
    with write_file(path, force=force) as partial, partial.open("wb") as file:
        file.write(BYTE_ORDER_MARK)

        def add(table: pa.Table) -> None:
            plain = neutralise(table)
            header = file.tell() == len(BYTE_ORDER_MARK)
            options = pv.WriteOptions(include_header=header, delimiter=delimiter)
            pv.write_csv(_with_decimal_comma(plain) if delimiter == ";" else plain, file, options)

        yield add


def open_list(path: Path, options: Options) -> AbstractContextManager[Callable[[pa.Table], None]]:
    """Give a function that adds rows of a list to a CSV file."""
    return write_csv(path, force=options.force, delimiter=options.delimiter)


def neutralise(table: pa.Table) -> pa.Table:
    """Return the table with times as text and no text that a spreadsheet would run.

    An apostrophe stands before whatever would begin a formula, at the start of a cell and where a
    spreadsheet that expects another delimiter would break the cell.

    Examples
    --------
    >>> neutralise(pa.table({"case_id": ["=1+1", "a", "a;=1"]}))["case_id"].to_pylist()
    ["'=1+1", 'a', "a;'=1"]
    """
    columns = {}
    for name in table.column_names:
        values = table[name]
        if pa.types.is_timestamp(values.type):
            values = _as_text(values)
        elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            # Tables of pandas have long strings, which Arrow does not join with short ones.
            values = values.cast(pa.string()).combine_chunks()
            if _may_begin_formula(values):
                distinct = values.dictionary_encode()
                values = neutralise_text(distinct.dictionary).take(distinct.indices)
        columns[name] = values
    return pa.table(columns)


def _as_text(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times as text, in UTC and whole seconds."""
    plain = times.cast(pa.timestamp("s", times.type.tz), safe=False).cast(pa.timestamp("s")).cast(pa.string())
    # Between day and hour Arrow writes a blank; to write it by a format takes four times as long.
    return pc.binary_join_element_wise(pc.utf8_replace_slice(plain, 10, 11, "T"), "Z", "")


def _may_begin_formula(values: pa.StringArray) -> bool:
    """Say whether `neutralise_text` could change any of the texts; where that is not sure, yes."""
    if not len(values):
        return False
    _, places, content = values.buffers()
    ends = np.frombuffer(places, np.int32)[values.offset :][[0, len(values)]].tolist()
    if content is None or ends[0] == ends[1]:
        return False
    held = content[ends[0] : ends[1]].to_pybytes()
    return any(byte in held for byte in _TELLING_BYTES)


def neutralise_text(values: pa.Array) -> pa.Array:
    """Return text in which nothing begins a formula."""
    broken = pc.replace_substring_regex(values, _BROKEN, r"\1'\2")
    risky = pc.or_(
        pc.match_substring_regex(broken, _FORMULA), pc.match_substring_regex(broken, _UNSEEN_START)
    )
    in_front = pc.binary_join_element_wise("'", broken, "")
    return pc.if_else(pc.fill_null(risky, False), in_front, broken)


def _with_decimal_comma(table: pa.Table) -> pa.Table:
    columns = {}
    for name in table.column_names:
        values = table[name]
        if pa.types.is_floating(values.type):
            values = pc.replace_substring(pc.cast(values, pa.string()), ".", ",")
        columns[name] = values
    return pa.table(columns)
