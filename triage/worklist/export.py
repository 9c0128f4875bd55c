"""Write the list to a file that the office can open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from triage.errors import InputRefusedError
from triage.writing import write_file

if TYPE_CHECKING:
    from pathlib import Path

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # tells a spreadsheet that the file is UTF-8
_FORMULA = r"^[=+\-@\t\r]"


def export_csv(table: pa.Table, path: Path, *, force: bool = False) -> None:
    """Write the list as CSV, UTF-8 with a byte order mark, whole or not at all.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.

    Parameters
    ----------
    table : pyarrow.Table
        The list.
    path : Path
        A file that ends in ``.csv``.
    force : bool
        Replace a file that is there.

    Raises
    ------
    InputRefusedError
        The name does not end in ``.csv``.
    OutputExistsError
        The file exists and `force` is false.
    """
    if path.suffix.lower() != ".csv":
        raise InputRefusedError(
            f"the ending '{path.suffix}'", where=str(path), expected="a name that ends in .csv"
        )
    with write_file(path, force=force) as partial, partial.open("wb") as file:
        file.write(BYTE_ORDER_MARK)
        pv.write_csv(neutralise(table), file)


def neutralise(table: pa.Table) -> pa.Table:
    """Return the table with times as text and no text that a spreadsheet would run.

    Examples
    --------
    >>> neutralise(pa.table({"case_id": ["=1+1", "a"]}))["case_id"].to_pylist()
    ["'=1+1", 'a']
    """
    columns = {}
    for name in table.column_names:
        values = table[name]
        if pa.types.is_timestamp(values.type):
            values = pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
        elif pa.types.is_string(values.type):
            risky = pc.fill_null(pc.match_substring_regex(values, _FORMULA), False)
            values = pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values)
        columns[name] = values
    return pa.table(columns)
