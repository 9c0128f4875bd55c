"""Columns of a table as numbers or codes, and which of them are worth watching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.inputs import check_probability

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from triage.evaluation.inputs import FloatArray

MOST_CATEGORIES = 200
_FIRST = 1000
_YES, _NO, _UNDETERMINED = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no"), "undetermined"
# Their values say where a case stands on this list, when it was scored or by what (`check` counts cases of
# its batch), not what kind of case it is: on every new list they are others.
NEVER_WATCHED = frozenset(
    {"rank", "tied", "batch", "model", "tier", "waiting_hours", "check", "fingerprints"}
)
# What is found out later, and what only a world knows.
OUTCOMES = frozenset(
    {"current_abuse", "outcome", "oracle", "situation", "selection_probability", "onset", "end", "abuse_ever"}
)


def as_table(table: pa.Table | pd.DataFrame) -> pa.Table:
    """Return a table, or a pandas frame without its index, as a table.

    Raises
    ------
    InputRefusedError
        It is neither, or a column of the frame holds values of several kinds.
    """
    if isinstance(table, pa.Table):
        return table
    expected = "a pyarrow.Table or a pandas.DataFrame, with one kind of values a column"
    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except AttributeError:
        raise InputRefusedError(type(table).__name__, where="table", expected=expected) from None
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise InputRefusedError(
            f"a frame that is no table ({str(error)[:120]})", where="table", expected=expected
        ) from None


def read_probabilities(table: pa.Table, name: str) -> FloatArray | None:
    """Return a column of probabilities, NaN where there is none; None without the column or numbers in it.

    Raises
    ------
    InputRefusedError
        A value outside 0 and 1, with its row.
    """
    numbers = read_numbers(table[name]) if name in table.column_names else None
    if numbers is not None:
        check_probability(np.where(np.isnan(numbers), 0.0, numbers), f"column {name}")
    return numbers


def choose_columns(table: pa.Table, leave_out: Collection[str] = ()) -> tuple[list[str], dict[str, str]]:
    """Choose the columns of a table of scores that are worth watching.

    Parameters
    ----------
    table : pyarrow.Table
        One row per case.
    leave_out : collection of str
        Further names to leave out, such as that of the outcome.

    Returns
    -------
    chosen : list of str
        Numbers and codes.
    left_out : dict of str to str
        The other columns, and why: identifiers, times, outcomes, free text, and what is empty.

    Examples
    --------
    >>> table = pa.table({"case_id": ["a", "b"], "score": ["1.5", ""], "lane": ["ranked", "ranked"]})
    >>> choose_columns(table)
    (['score', 'lane'], {'case_id': 'an identifier'})
    """
    chosen, left_out = [], {}
    for name in table.column_names:
        reason = _why_not(name, table[name], leave_out)
        if reason:
            left_out[name] = reason
        else:
            chosen.append(name)
    return chosen, left_out


def read_numbers(column: pa.ChunkedArray) -> FloatArray | None:
    """Return a column as numbers, NaN where there is none; None where it holds anything else.

    Text counts as missing where it is empty.
    """
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_temporal(kind) or pa.types.is_nested(kind):
        return None
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = _without_blanks(column)
    try:
        # A column of codes is told from its first values; the cast of all of it is slow to fail.
        column.slice(0, _FIRST).cast(pa.float64())
        values = column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)


def read_codes(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return a column as text, null where it is empty.

    Raises
    ------
    InputRefusedError
        Its values have no text, such as lists.
    """
    try:
        return _without_blanks(column.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputRefusedError(
            f"{column.type} values", where=f"column {name}", expected="numbers or codes"
        ) from None


def is_time(column: pa.ChunkedArray) -> bool:
    """Tell whether a column holds dates or times, also as text."""
    if pa.types.is_temporal(column.type):
        return True
    if not pa.types.is_string(column.type):
        return False
    known = _without_blanks(column).drop_null()
    if len(known) == 0:
        return False
    return bool(pc.all(pc.match_substring_regex(known, r"^\d{4}-\d\d-\d\d([T ]|$)")).as_py())


def _why_not(name: str, column: pa.ChunkedArray, leave_out: Collection[str]) -> str:
    if name.endswith("_id") or name == "id":
        return "an identifier"
    if name in NEVER_WATCHED:
        return "depends on the list, not on the cases"
    if name in OUTCOMES or name in leave_out:
        return "an outcome"
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return "neither numbers nor codes"
    if is_time(column):
        return "times"
    return _why_no_values(name, column)


def _why_no_values(name: str, column: pa.ChunkedArray) -> str:
    numbers = read_numbers(column)
    if numbers is not None:
        return "" if np.isfinite(numbers).any() else "empty"
    codes = read_codes(column, name)
    different = pc.count_distinct(codes).as_py()
    if different == 0:
        return "empty"
    if different > min(MOST_CATEGORIES, max(10, len(codes) // 10)):
        return f"free text ({different:,} different values)"
    return ""


def _without_blanks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
