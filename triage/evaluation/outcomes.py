"""Outcomes of a batch, case by case: what was found, and how likely it was to become known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.evaluation.selection.outcomes import NEEDED, arrange_outcomes
from triage.evaluation.selection.propensity import finishing_chance
from triage.given import require_kind
from triage.schema.batch import Batch
from triage.scoring.labels import CASE

OUTCOME, INCLUSION, REASON, STATE = "current_abuse", "inclusion_probability", "selected_by", "state"


def gather_outcomes(batch: Batch) -> pa.Table:
    """Return what is known of every case of a batch, and the probability with which it came to be known.

    That probability is the logged one of being chosen, times the chance that an investigation which began
    then has ended by the batch's as-of time (see `finishing_chance`), times the share of the ended ones that
    were determined: an investigation is taken to stay undetermined as often whatever the truth. It is null
    for cases chosen so lately that no investigation can have ended: the figures speak of the others.

    Parameters
    ----------
    batch : Batch
        Read part by part.

    Returns
    -------
    pyarrow.Table
        One row a case: ``case_id``; ``current_abuse`` 1, 0 or null; ``inclusion_probability``, null where
        none was logged; ``selected_by``; and ``state``: not_chosen, open, undetermined, yes or no.

    Raises
    ------
    InputRefusedError
        The batch is something else, such as its path, or no case of it was chosen.
    """
    require_kind(batch, Batch, "batch")
    ids, rows = [], []
    for part in batch.parts():
        ids.append(part.cases.cast(pa.string()))
        rows.append(part.tables["outcomes"].select([*NEEDED, INCLUSION, REASON]))
    cases = pa.concat_arrays(ids)
    choice = arrange_outcomes(cases.to_pylist(), pa.concat_tables(rows).to_pandas())
    chosen = choice.state != "not_chosen"
    if not chosen.any():
        raise InputRefusedError(
            "no case that was chosen to be opened",
            where=batch.meta.name,
            expected="outcomes with selected_at",
            mend="give a file with the outcomes to --outcomes",
        )
    as_of = np.datetime64(batch.meta.as_of.replace(tzinfo=None), "us")
    inclusion = choice.inclusion.copy()
    inclusion[chosen] *= finishing_chance(
        choice.selected_at[chosen], choice.finished_at[chosen], as_of
    ).chance
    inclusion[inclusion == 0] = np.nan
    ended = chosen & (choice.state != "open")
    inclusion *= np.isin(choice.state, ["yes", "no"]).sum() / max(int(ended.sum()), 1)
    return pa.table(
        {
            CASE: cases,
            OUTCOME: pa.array(choice.outcome, from_pandas=True),
            INCLUSION: pa.array(inclusion, from_pandas=True),
            REASON: pa.array(choice.reason.tolist(), pa.string()),
            STATE: pa.array(choice.state.tolist(), pa.string()),
        }
    )
