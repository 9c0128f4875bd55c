"""Lists that hide scores are not for evaluation: the cases that they plan would be left out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.tables import read_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

# By these columns our own worklist is told from anybody else's table.
WORKLIST = frozenset({"case_id", "rank", "lane", "tier", "received_at"})
_RANKED = "ranked"


def require_shown(table: pa.Table, score: str, marks: Sequence[str] = ("",)) -> None:
    """Refuse a worklist of which the policy hides scores (`hide_scores`).

    A ranked case always has a score, so one without is one whose score is hidden, and it is a planned one:
    figures of what is left would leave out the very cases that the list opens.

    Parameters
    ----------
    table : pyarrow.Table
        Any table of scores; only a worklist can be refused.
    score : str
        The column that is read; a column of somebody's own, filled for those cases, passes.
    marks : sequence of str
        What the columns of each of several joined tables end in.

    Raises
    ------
    InputRefusedError
        Scores are hidden.

    Examples
    --------
    >>> require_shown(pa.table({"score": [0.5, None]}), "score")
    """
    mark = next((mark for mark in marks if mark and score.endswith(mark)), "")
    named = {name: f"{name}{mark}" for name in WORKLIST}
    columns = {name: full if full in table.column_names else name for name, full in named.items()}
    if score not in table.column_names or not set(columns.values()) <= set(table.column_names):
        return
    ranked = np.asarray(pc.fill_null(pc.equal(table[columns["lane"]].cast(pa.string()), _RANKED), False))
    if not ranked.any():
        return
    hidden = int(np.isnan(read_numbers(table.filter(pa.array(ranked)), score)).sum())
    if hidden:
        raise InputRefusedError(
            f"{hidden:,} ranked cases without a score: the policy of this list hides it (hide_scores)",
            where=f"column {score}",
            expected="a list that shows the score of every ranked case; these are the cases that it plans",
            mend=(
                "score the batch again under a policy that shows scores, without --store, out of sight of"
                " those who work on the cases"
            ),
        )
