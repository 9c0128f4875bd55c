"""Evaluate a list or any table of scores, joined with its outcomes by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.evaluate import CAPACITIES, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from triage.evaluation.result import Evaluation

CASE, ORACLE = "case_id", "oracle"
ARRIVAL, URGENCY, LIST_ORDER = "arrival order", "urgency flag only", "list with escalations"
_TRUE, _FALSE = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")


def join_outcomes(scores: pa.Table, outcomes: pa.Table) -> pa.Table:
    """Add the columns of a table of outcomes to a table of scores, by ``case_id``.

    Parameters
    ----------
    scores, outcomes : pyarrow.Table
        Both with ``case_id``; a case stands once in `outcomes`.

    Returns
    -------
    pyarrow.Table
        The rows of `scores`, in their order; null where a case has no outcome. Where both have a column of
        one name, that of the outcomes stands.

    Raises
    ------
    InputRefusedError
        A case stands twice in `outcomes`, or no case stands in both.
    """
    for name, table in (("scores", scores), ("outcomes", outcomes)):
        if CASE not in table.column_names:
            raise InputRefusedError(f"no column {CASE}", where=name, expected="case_id in both tables")
    keys = outcomes[CASE].combine_chunks().cast(pa.string())
    if pc.count_distinct(keys).as_py() < len(keys):
        raise InputRefusedError("a case that stands twice", where="outcomes", expected="one row a case")
    row = pc.index_in(scores[CASE].cast(pa.string()), keys)
    if row.null_count == len(row):
        raise InputRefusedError(
            "no case of the scores stands in the outcomes",
            expected="the same case ids in both",
            mend="use the outcomes of the batch that was scored",
        )
    kept = [name for name in scores.column_names if name == CASE or name not in outcomes.column_names]
    joined = scores.select(kept)
    for name in outcomes.column_names:
        if name != CASE:
            joined = joined.append_column(name, pc.take(outcomes[name], row))
    return joined


def evaluate_table(
    table: pa.Table,
    *,
    outcome: str,
    score: str,
    probability: str | None = None,
    capacity: Iterable[float] = CAPACITIES,
    synthetic: bool = False,
) -> Evaluation:
    """Evaluate a table of scores with outcomes, ours or anybody else's.

    Rows without a score (unreadable reports, children in the lane youth) are left out and counted in the
    denominator. Where the table is a worklist, arrival order, the urgency flag and the order of the list
    with its escalations stand beside the model; where it holds the oracle of a world, so does the oracle.

    Parameters
    ----------
    table : pyarrow.Table
        One row per case.
    outcome, score, probability : str
        Names of columns; outcomes are 1 and 0, yes and no, or true and false.
    capacity : iterable of float
        Counts or shares.
    synthetic : bool
        Whether the cases come from a world; taken as true where the table holds an oracle.

    Raises
    ------
    InputRefusedError
        A column is missing or not as described.
    """
    names = [name for name in (outcome, score, probability) if name is not None]
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise InputRefusedError(
            f"no column {', '.join(missing)}", expected=f"one of {', '.join(table.column_names[:40])}"
        )
    scored = ~np.isnan(_numbers(table, score))
    kept = table.filter(pa.array(scored))
    left_out = int(len(scored) - scored.sum())
    note = f"all cases but {left_out:,} that have no score" if left_out else "all cases"
    oracle = _numbers(kept, ORACLE) if ORACLE in kept.column_names else None
    calibrated = probability is not None and not np.isnan(_numbers(kept, probability)).all()
    return evaluate(
        _outcomes(kept[outcome], outcome),
        _numbers(kept, score),
        _numbers(kept, probability) if probability and calibrated else None,
        capacity=capacity,
        oracle=oracle,
        baselines=_baselines(kept),
        synthetic=synthetic or oracle is not None,
        denominator=note,
    )


def _baselines(table: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Return arrival order, urgency and list order where the columns of a worklist are there."""
    found: dict[str, NDArray[np.float64]] = {}
    names = set(table.column_names)
    if "received_at" in names:
        received = table["received_at"]
        if pa.types.is_string(received.type):
            received = pc.if_else(pc.equal(received, ""), pa.scalar(None, pa.string()), received)
        seconds = received.cast(pa.timestamp("s", "UTC")).cast(pa.int64()).cast(pa.float64())
        found[ARRIVAL] = -np.nan_to_num(np.asarray(pc.fill_null(seconds, np.nan)), nan=0.0)
    if "lane" in names:
        found[URGENCY] = np.asarray(pc.equal(table["lane"].cast(pa.string()), "escalated")).astype(np.float64)
    if {"lane", "rank"} <= names:
        found[LIST_ORDER] = _list_order(table)
    return found


def _list_order(table: pa.Table) -> NDArray[np.float64]:
    """Return a score that falls down the list, whatever the order of the rows; paused cases come last."""
    rank = _numbers(table, "rank")
    paused = np.asarray(pc.equal(table["lane"].cast(pa.string()), "paused"))
    return -np.where(paused, rank + np.nanmax(rank, initial=0.0), rank)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    column = table[name]
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    try:
        values = column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise InputRefusedError(
            str(error).splitlines()[0], where=f"column {name}", expected="numbers"
        ) from None
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)


def _outcomes(values: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
    text = pc.utf8_lower(values.cast(pa.string()))
    yes, no = pc.is_in(text, pa.array(_TRUE)), pc.is_in(text, pa.array(_FALSE))
    known = np.asarray(text.is_valid()) & np.asarray(pc.not_equal(pc.fill_null(text, ""), "undetermined"))
    known &= np.asarray(pc.not_equal(pc.fill_null(text, ""), ""))
    strange = known & ~np.asarray(yes) & ~np.asarray(no)
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        raise InputRefusedError(
            f"'{str(values[row].as_py())[:40]}'",
            where=f"column {name}, row {row + 1}",
            expected="1 or 0, yes or no, true or false; empty or undetermined where unknown",
        )
    return np.where(known, np.asarray(yes).astype(np.float64), np.nan)
