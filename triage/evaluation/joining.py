"""Evaluate a list or any table of scores, joined with its outcomes and attributes by case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.columns import ORACLE
from triage.evaluation.evaluate import RESAMPLES, evaluate
from triage.evaluation.hidden import WORKLIST, require_shown
from triage.evaluation.order.capacity import CAPACITIES
from triage.evaluation.outcomes import OUTCOME, REASON, STATE
from triage.evaluation.selection.description import NOT_CHOSEN, describe_selection
from triage.evaluation.tables import read_numbers, read_texts, read_times
from triage.scoring.labels import CASE, parse_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.evaluate import Unit
    from triage.evaluation.result import Evaluation

# By these columns the truth of a world is told from anybody else's table.
TRUTH = frozenset({ORACLE, "selection_probability", "situation"})
ARRIVAL, URGENCY, LIST_ORDER = "arrival order", "urgency flag only", "list with escalations"


def as_table(table: pa.Table | pd.DataFrame) -> pa.Table:
    """Return a table of Arrow, also of a pandas frame; its index is not looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> as_table(pd.DataFrame({"case_id": ["a"], "score": [2]})).column_names
    ['case_id', 'score']
    """
    return table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)


def join_outcomes(
    scores: pa.Table | pd.DataFrame, outcomes: pa.Table | pd.DataFrame, what: str = "outcomes"
) -> pa.Table:
    """Add the columns of a table of outcomes, or of attributes, to a table of scores, by ``case_id``.

    Parameters
    ----------
    scores, outcomes : pyarrow.Table or pandas.DataFrame
        Both with ``case_id``; a case stands once in `outcomes`.
    what : str
        What the second table is called in errors.

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
    scores, outcomes = as_table(scores), as_table(outcomes)
    for name, table in (("scores", scores), (what, outcomes)):
        if CASE not in table.column_names:
            raise InputRefusedError(f"no column {CASE}", where=name, expected="case_id in both tables")
    keys = outcomes[CASE].combine_chunks().cast(pa.string())
    if pc.count_distinct(keys).as_py() < len(keys):
        raise InputRefusedError("a case that stands twice", where=what, expected="one row a case")
    row = pc.index_in(scores[CASE].cast(pa.string()), keys)
    if row.null_count == len(row):
        raise InputRefusedError(
            f"no case of the scores stands in the {what}",
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
    table: pa.Table | pd.DataFrame,
    outcomes: pa.Table | pd.DataFrame | None = None,
    *,
    outcome: str = OUTCOME,
    score: str = "score",
    probability: str | None = None,
    weight: str | None = None,
    groups: Sequence[str] = (),
    baselines: Sequence[str] = (),
    inclusion: str | None = None,
    time: str | None = None,
    period: str = "month",
    capacity: Iterable[float] = CAPACITIES,
    unit: Unit = "cases",
    synthetic: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a table of scores with outcomes, ours or anybody else's.

    Rows without a score (unreadable reports, children in the lane youth) are left out and counted in the
    denominator. Where the table is a worklist, arrival order, the urgency flag and the order of the list
    with its escalations stand beside the model; where it holds the oracle of a world, so does the oracle.

    Parameters
    ----------
    table : pyarrow.Table or pandas.DataFrame
        One row per case, or per report.
    outcomes : pyarrow.Table or pandas.DataFrame, optional
        What became known of the cases, such as the truth of a world: it is joined by ``case_id``, see
        `join_outcomes`.
    outcome, score, probability, weight, inclusion, time : str
        Names of columns; see `triage.evaluation.evaluate`. Outcomes are 1 and 0, yes and no, or true and
        false.
    groups, baselines : sequence of str
        Names of columns: attributes for an audit by group, and other scores.
    period : str
        week, month, quarter or year.
    capacity : iterable of float
        Counts or shares.
    unit : {"cases", "reports"}
        What a row is.
    synthetic : bool
        Whether the cases come from a world; taken as true where the table holds an oracle.
    resamples, seed : int
        Of what has no closed form.

    Raises
    ------
    InputRefusedError
        A column is missing or not as described, or the table is a worklist that hides scores.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"case_id": ["a", "b", "c"], "score": [3, 2, 1]})
    >>> found = pd.DataFrame({"case_id": ["c", "a", "b"], "current_abuse": ["no", "yes", "no"]})
    >>> evaluate_table(scores, found, capacity=[1]).model.at[0].recall.estimate
    1.0
    """
    table = as_table(table) if outcomes is None else join_outcomes(table, outcomes)
    named = [outcome, score, probability, weight, inclusion, time, *groups, *baselines]
    missing = [name for name in named if name is not None and name not in table.column_names]
    if missing:
        raise InputRefusedError(
            f"no column {', '.join(missing)}; the columns are {', '.join(table.column_names[:40])}",
            expected="the name of a column",
            mend="name it (--outcome, --score, ...), or join the outcomes by case_id (--outcomes)",
        )
    if unit == "cases" and CASE in table.column_names:
        _refuse_twice(table[CASE])
    require_shown(table, score)
    scored = ~np.isnan(read_numbers(table, score))
    kept = table.filter(pa.array(scored))
    left_out = int(len(scored) - scored.sum())
    of_a_world = set(kept.column_names) >= TRUTH
    oracle = read_numbers(kept, ORACLE) if of_a_world else None
    calibrated = probability is not None and not np.isnan(read_numbers(kept, probability)).all()
    result = evaluate(
        parse_labels(kept[outcome], outcome),
        read_numbers(kept, score),
        read_numbers(kept, probability) if probability and calibrated else None,
        None if weight is None else read_numbers(kept, weight),
        {name: read_texts(kept, name) for name in groups} or None,
        capacity=capacity,
        oracle=oracle,
        baselines=_list_orders(kept) | {name: read_numbers(kept, name) for name in baselines},
        inclusion=None if inclusion is None else read_numbers(kept, inclusion),
        time=None if time is None else read_times(kept, time),
        period=period,
        unit=unit,
        synthetic=synthetic or oracle is not None,
        denominator=f"all {unit} but {left_out:,} that have no score" if left_out else None,
        resamples=resamples,
        seed=seed,
    )
    if inclusion is None or not {STATE, REASON} <= set(kept.column_names):
        return result
    # Outcomes of a record name only the cases that were chosen.
    states = [state or NOT_CHOSEN for state in kept[STATE].to_pylist()]
    choice = describe_selection(states, read_numbers(kept, inclusion), reason=read_texts(kept, REASON))
    return replace(result, choice=choice)


def _refuse_twice(cases: pa.ChunkedArray) -> None:
    named = cases.combine_chunks().drop_null()
    if pc.count_distinct(named).as_py() == len(named):
        return
    counted = pc.value_counts(named)
    twice = counted.filter(pc.greater(counted.field("counts"), 1))[0]["values"]
    raise InputRefusedError(
        f"case {str(twice)[:60]} twice",
        where=f"column {CASE}",
        expected="one row a case",
        mend="leave out the repetition, or say --reports where a row is a report",
    )


def _list_orders(table: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Return arrival order, urgency and list order where the columns of a worklist are there."""
    found: dict[str, NDArray[np.float64]] = {}
    # Somebody else's column of one of these names is not ours to read.
    if not set(table.column_names) >= WORKLIST:
        return found
    received = read_times(table, "received_at")
    found[ARRIVAL] = -np.where(np.isnat(received), 0, received.astype(np.int64)).astype(np.float64)
    found[URGENCY] = np.asarray(pc.equal(table["lane"].cast(pa.string()), "escalated")).astype(np.float64)
    found[LIST_ORDER] = _list_order(table)
    return found


def _list_order(table: pa.Table) -> NDArray[np.float64]:
    """Return a score that falls down the list, whatever the order of the rows; paused cases come last."""
    rank = read_numbers(table, "rank")
    paused = np.asarray(pc.equal(table["lane"].cast(pa.string()), "paused"))
    return -np.where(paused, rank + np.nanmax(rank, initial=0.0), rank)
