"""From the table of outcomes to one row a case of a list: chosen or not, finished or open, yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.selection.description import NO, NOT_CHOSEN, OPEN, UNDETERMINED, YES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

NEEDED = ("case_id", "selected_at", "outcome_at", "current_abuse_label")
_RANK = {"no": 1, "undetermined": 2, "yes": 3}


@dataclass(frozen=True, eq=False)
class ChosenCases:
    """What is known of the choice of every case of a list, in its order.

    Parameters
    ----------
    state : array of str, shape (cases,)
        "not_chosen", "open", "undetermined", "yes" or "no".
    outcome : array of shape (cases,)
        1, 0, NaN where the investigation is open, undetermined, or was never begun.
    undetermined : array of bool, shape (cases,)
        Whether it has ended without telling.
    inclusion : array of shape (cases,)
        Logged probability of being *chosen*; NaN where there is none, as for cases that were not.
    reason : array of str, shape (cases,)
        Why it was chosen; empty where it was not.
    selected_at, finished_at : array of datetime64, shape (cases,)
        NaT where there is none.
    """

    state: NDArray[np.str_]
    outcome: FloatArray
    undetermined: NDArray[np.bool_]
    inclusion: FloatArray
    reason: NDArray[np.str_]
    selected_at: NDArray[np.datetime64]
    finished_at: NDArray[np.datetime64]


def arrange_outcomes(case_id: Sequence[str], outcomes: pd.DataFrame) -> ChosenCases:
    """Bring the table of outcomes to one row a case of a list.

    As in training: what was found before the case was chosen does not count, a case that was opened twice is
    told by its first opening, and over several outcomes yes stands before undetermined before no. A case is
    open where it was chosen and nothing has been found since.

    Parameters
    ----------
    case_id : sequence of str, shape (cases,)
        All cases of the list.
    outcomes : pandas.DataFrame
        Columns ``case_id``, ``selected_at``, ``outcome_at``, ``current_abuse_label``; also
        ``inclusion_probability`` and ``selected_by`` where they were logged. Rows of cases that are not on
        the list are left out.

    Raises
    ------
    InputRefusedError
        A column is missing, or a case is on the list twice.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [
    ...     ("a", "2024-01-01", "2024-02-01", "yes", 0.5),
    ...     ("c", "2024-01-05", None, None, 0.1),
    ... ]
    >>> names = ["case_id", "selected_at", "outcome_at", "current_abuse_label", "inclusion_probability"]
    >>> chosen = arrange_outcomes(["a", "b", "c"], pd.DataFrame(rows, columns=names))
    >>> chosen.state.tolist(), chosen.outcome
    (['yes', 'not_chosen', 'open'], array([ 1., nan, nan]))
    """
    import pandas as pd  # noqa: PLC0415 - slow to import, and arrays need none of it

    missing = [name for name in NEEDED if name not in outcomes.columns]
    if missing:
        raise InputRefusedError(
            f"no column {', '.join(missing)}", where="outcomes", expected=", ".join(NEEDED)
        )
    index = pd.Index(np.asarray(case_id, dtype=object))
    if index.has_duplicates:
        twice = index[index.duplicated()][0]
        raise InputRefusedError(f"case {twice!s:.60} twice", where="case_id", expected="each case once")
    place = index.get_indexer(outcomes["case_id"].astype(object))
    rows = pd.DataFrame(
        {
            "place": place,
            "selected": pd.to_datetime(outcomes["selected_at"], utc=True).to_numpy("datetime64[s]"),
            "finished": pd.to_datetime(outcomes["outcome_at"], utc=True).to_numpy("datetime64[s]"),
            "rank": outcomes["current_abuse_label"].astype(object).map(_RANK).fillna(0).to_numpy(),
            "inclusion": _numbers(outcomes, "inclusion_probability"),
            "reason": _words(outcomes, "selected_by"),
        }
    )
    rows = rows[(rows["place"] >= 0) & rows["selected"].notna()]
    rows["found"] = rows["finished"] > rows["selected"]
    rows.loc[~rows["found"], "rank"] = 0
    # An opening that found something stands before one that did not.
    order = rows.sort_values(["place", "found", "selected", "rank"], ascending=[True, False, True, False])
    first = order.drop_duplicates("place")
    opened = first[["place", "selected", "found"]].merge(order, on=["place", "selected", "found"])
    told = opened.sort_values(["place", "rank"], ascending=[True, False]).drop_duplicates("place")
    return _spread(len(index), told)


def _spread(cases: int, told: pd.DataFrame) -> ChosenCases:
    at = told["place"].to_numpy()
    names = np.array([UNDETERMINED, NO, UNDETERMINED, YES])
    state = np.full(cases, NOT_CHOSEN, dtype="U12")
    state[at] = np.where(told["found"], names[told["rank"].to_numpy(dtype=np.int64)], OPEN)
    outcome = np.full(cases, np.nan)
    outcome[state == YES], outcome[state == NO] = 1.0, 0.0
    inclusion, reason = np.full(cases, np.nan), np.full(cases, "", dtype="U24")
    inclusion[at], reason[at] = told["inclusion"], told["reason"]
    selected, finished = np.full((2, cases), np.datetime64("NaT", "s"))
    selected[at] = told["selected"].to_numpy("datetime64[s]")
    finished[at] = told["finished"].where(told["found"]).to_numpy("datetime64[s]")
    return ChosenCases(state, outcome, state == UNDETERMINED, inclusion, reason, selected, finished)


def _numbers(table: pd.DataFrame, name: str) -> Any:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _words(table: pd.DataFrame, name: str) -> Any:
    if name not in table.columns:
        return np.full(len(table), "")
    return table[name].astype(object).fillna("").to_numpy()
