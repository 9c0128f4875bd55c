"""Compare two scores of one table, or of two tables joined by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.columns import ORACLE
from triage.evaluation.comparison.compare import compare
from triage.evaluation.hidden import require_shown
from triage.evaluation.order.capacity import CAPACITIES
from triage.evaluation.tables import read_numbers
from triage.scoring.labels import CASE, parse_labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.evaluation.comparison.result import Comparison

_FIRST, _SECOND = " (first)", " (second)"


def join_tables(first: pa.Table, second: pa.Table) -> tuple[pa.Table, str]:
    """Join two tables of scores by ``case_id``: the cases that stand in both.

    Parameters
    ----------
    first, second : pyarrow.Table
        Both with ``case_id``, in which a case stands once.

    Returns
    -------
    table : pyarrow.Table
        The rows of the first that the second has too. Columns that both have stand twice, as ``name
        (first)`` and ``name (second)``.
    note : str
        How many cases stand in one table alone; empty where none does.

    Raises
    ------
    InputRefusedError
        There is no ``case_id``, a case stands twice, or no case stands in both.

    Examples
    --------
    >>> table, note = join_tables(
    ...     pa.table({"case_id": ["a", "b"], "score": [2.0, 1.0]}),
    ...     pa.table({"case_id": ["b", "c"], "score": [5.0, 4.0]}),
    ... )
    >>> table.to_pylist(), note
    ([{'case_id': 'b', 'score (first)': 1.0, 'score (second)': 5.0}], '2 that stand in one file alone')
    """
    for name, table in (("first file", first), ("second file", second)):
        if CASE not in table.column_names:
            raise InputRefusedError(f"no column {CASE}", where=name, expected="case_id in both files")
        if pc.count_distinct(table[CASE]).as_py() < table.num_rows:
            raise InputRefusedError("a case that stands twice", where=name, expected="one row a case")
    keys = second[CASE].combine_chunks().cast(pa.string())
    row = pc.index_in(first[CASE].cast(pa.string()), keys)
    shared = row.is_valid()
    count = pc.sum(shared).as_py()
    if not count:
        raise InputRefusedError(
            "no case stands in both files",
            expected="the same case ids in both",
            mend="compare lists of the same batch",
        )
    kept, taken = first.filter(shared), second.take(row.filter(shared))
    columns = {CASE: kept[CASE]}
    for table, other, mark in ((kept, taken, _FIRST), (taken, kept, _SECOND)):
        for name in table.column_names:
            if name != CASE:
                columns[f"{name}{mark}" if name in other.column_names else name] = table[name]
    alone = first.num_rows + second.num_rows - 2 * count
    return pa.table(columns), f"{alone:,} that stand in one file alone" if alone else ""


def joined_name(table: pa.Table, name: str, *, second: bool) -> str:
    """Return what a column of the first or the second file is called after the join."""
    marked = f"{name}{_SECOND if second else _FIRST}"
    return marked if marked in table.column_names else name


def compare_table(
    table: pa.Table,
    *,
    outcome: str,
    scores: tuple[str, str],
    names: tuple[str, str],
    probabilities: tuple[str, str] | None = None,
    weight: str | None = None,
    inclusion: str | None = None,
    capacity: float | Iterable[float] = CAPACITIES,
    synthetic: bool = False,
    note: str = "",
) -> Comparison:
    """Compare two scores of a table with outcomes.

    Rows without both scores are left out and counted in the denominator.

    Parameters
    ----------
    table : pyarrow.Table
        One row a case.
    outcome : str
        Column of outcomes: 1 and 0, yes and no, or true and false.
    scores : tuple of two str
        Columns of scores; higher is opened earlier.
    names : tuple of two str
        What the scores are called.
    probabilities : tuple of two str, optional
        Columns of their calibrated readings; as good as not given where one is empty throughout.
    weight : str, optional
        Column with how many cases a row stands for.
    inclusion : str, optional
        Column with the probability of having an outcome; see `triage.evaluation.comparison.compare.compare`.
    capacity : int, float, or several
        Counts or shares.
    synthetic : bool
        Whether the cases come from a world; taken as true where the table holds an oracle.
    note : str
        What was left out before.

    Raises
    ------
    InputRefusedError
        A column is missing or not as described, or a list hides scores.
    """
    asked = [outcome, *scores, *(probabilities or ()), weight, inclusion]
    missing = [name for name in dict.fromkeys(asked) if name and name not in table.column_names]
    if missing:
        raise InputRefusedError(
            f"no column {', '.join(missing)}", expected=f"one of {', '.join(table.column_names[:40])}"
        )
    for name in scores:
        require_shown(table, name, (_FIRST, _SECOND))
    scored = ~(np.isnan(read_numbers(table, scores[0])) | np.isnan(read_numbers(table, scores[1])))
    if not scored.any():
        raise InputRefusedError(
            "no case with both scores", where=", ".join(scores), expected="two scores a case"
        )
    kept = table.filter(pa.array(scored))
    without = int(len(scored) - scored.sum())
    notes = [note] if note else []
    notes += [f"{without:,} without both scores"] if without else []
    first, second = (read_numbers(kept, name) for name in scores)
    readings = [read_numbers(kept, name) for name in probabilities or ()]
    if any(np.isnan(reading).all() for reading in readings):
        readings = []
    ids = kept[CASE].cast(pa.string()).to_numpy() if CASE in kept.column_names else np.flatnonzero(scored)
    return compare(
        parse_labels(kept[outcome], outcome),
        first,
        second,
        names=names,
        probability_first=readings[0] if readings else None,
        probability_second=readings[1] if readings else None,
        capacity=capacity,
        weight=None if weight is None else read_numbers(kept, weight),
        inclusion=None if inclusion is None else read_numbers(kept, inclusion),
        ids=ids,
        synthetic=synthetic or any(name.startswith(ORACLE) for name in kept.column_names),
        denominator=f"all cases but {' and '.join(notes)}" if notes else "all cases",
    )


def tabulate_changes(comparison: Comparison) -> pa.Table:
    """Return the cases that one list opens and the other does not, as a table to write.

    Returns
    -------
    pyarrow.Table
        Columns ``k``, ``change`` (enters the second list, or leaves it), ``case_id``, ``part`` (below 1 for
        cases tied at a cut), ``outcome``, ``first_score``, ``second_score``.
    """
    frame = comparison.changes().rename(
        columns={"case": CASE, "first": "first_score", "second": "second_score"}
    )
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return table.set_column(table.column_names.index(CASE), CASE, table[CASE].cast(pa.string()))
