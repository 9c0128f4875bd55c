"""Rows of outcomes: which cases were chosen to be opened, and what was found, as far as it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.schema.tables import TABLES
from triage.worlds.file.catalogue import LABELS
from triage.worlds.file.world import CURRENT
from triage.worlds.rows.columns import UNSEEN, build_table, code_column, time_column
from triage.worlds.selection import REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.file.world import Chances
    from triage.worlds.selection import Selection

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

COLUMNS = TABLES["outcomes"]
OPEN = "open"


def draw_outcomes(block: Block, selection: Selection, current: Mask) -> pa.Table:
    """Draw what investigations found; nothing that would be known only after the as-of time is told.

    A case that was chosen by the as-of time and whose investigation goes on has a row of kind ``open``, known
    since it was chosen, without label and outcome time: from these rows one can tell how many of the
    investigations begun at a time have ended.

    Parameters
    ----------
    block : Block
        The cases.
    selection : Selection
        Which were opened.
    current : array of bool, shape (n_cases,)
        The truth, of which an investigation sees part.
    """
    reports = block.reports
    length = block.delay("investigation", selection.report)[0]
    end = selection.at + length
    case = np.flatnonzero(selection.chosen & (selection.at <= block.as_of))
    open_ = end[case] > block.as_of
    label, kind, who = _draw_findings(block, current[case], open_)
    at = selection.at[case]
    columns = {
        "report_id": reports.ids.take(selection.report[case]).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "outcome_kind": code_column(COLUMNS["outcome_kind"], COLUMNS["outcome_kind"].codes, kind),
        "selected_at": time_column(at),
        "outcome_at": time_column(end[case], open_),
        "current_abuse_label": code_column(COLUMNS["current_abuse_label"], LABELS, label),
        "label_source": code_column(COLUMNS["label_source"], COLUMNS["label_source"].codes, who),
        "selected_by": code_column(COLUMNS["selected_by"], REASONS, selection.reason[case]),
        "inclusion_probability": pa.array(selection.probability[case], pa.float64()),
        "policy_id": pa.array(selection.policies, pa.string()).take(pa.array(selection.policy[case])),
        "known_at": time_column(np.where(open_, at, end[case])),
    }
    return build_table("outcomes", columns, len(case))


def _draw_findings(block: Block, current: Mask, open_: Mask) -> tuple[Codes, Codes, Codes]:
    """Draw label, kind and source of each investigation that has ended; the others are of kind ``open``."""
    outcomes, ended = block.model.world.outcomes, np.flatnonzero(~open_)
    label, who = np.full((2, len(open_)), UNSEEN, dtype=np.int64)
    kind = np.full(len(open_), COLUMNS["outcome_kind"].codes.index(OPEN), dtype=np.int64)
    label[ended] = _draw(
        block, "current_abuse_label", [outcomes.labels[name] for name in CURRENT], current[ended] * 1
    )
    kind[ended] = _draw(block, "outcome_kind", [outcomes.kinds[name] for name in LABELS], label[ended])
    who[ended] = _draw(block, "label_source", [outcomes.label_source], np.zeros(len(ended), dtype=np.int64))
    return label, kind, who


def _draw(block: Block, column: str, chances: Sequence[Chances], given: Codes) -> Codes:
    """Draw a code of a column, as its place among the declared codes."""
    declared = COLUMNS[column].codes
    table = np.zeros((len(chances), len(declared)))
    for row, one in enumerate(chances):
        table[row, [declared.index(value) for value in one.values]] = one.rules[0].weights
    cumulative = np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True)
    return np.asarray((block.rng.random(len(given))[:, None] >= cumulative[given]).sum(axis=1), np.int64)
