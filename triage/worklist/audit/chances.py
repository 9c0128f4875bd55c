"""What only the record may know of a list: with what chance it chose each case, by which score, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.worklist.order import PAUSED, RANKED
from triage.worklist.policy import LANES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worklist.audit.draw import Draw


def tell_chances(
    table: pa.Table, limit: int, draw: Draw | None, ranked: pa.Array, hidden: Mapping[str, float]
) -> pa.Table:
    """Return with what probability a list chooses each case, which hold an audit slot, and every score.

    Parameters
    ----------
    table : pyarrow.Table
        The list as it is shown.
    limit : int
        Cases that can be opened.
    draw : Draw, optional
        What was drawn, if anything was.
    ranked : pyarrow.Array of string
        The ranked cases, by the score alone.
    hidden : mapping of str to float
        The scores that the list does not show.

    Returns
    -------
    pyarrow.Table
        One row a row of the list: ``case_id``, ``inclusion``, ``audit``, ``score``, ``hidden``, whether the
        list leaves that score out, and ``place`` among the ranked ones by the score alone, from 1.
    """
    cases, lane = table["case_id"].combine_chunks(), table["lane"].combine_chunks()
    at = pc.index_in(cases, ranked)
    place = np.asarray(pc.fill_null(at, -1)).astype(np.int64)
    chance = pc.cast(pc.less_equal(table["rank"], limit), pa.float64()).combine_chunks()
    drawn = np.zeros(len(cases), dtype=bool)
    if draw:
        chance = pc.coalesce(pa.array(draw.probability).take(at), chance)
        drawn = (place >= 0) & np.isin(place, draw.slots)
    beside = pc.if_else(pc.equal(lane, LANES[PAUSED]), 0.0, 1.0)
    left_out = pc.index_in(cases, pa.array(list(hidden), pa.string()))
    return pa.table(
        {
            "case_id": cases,
            "inclusion": pc.if_else(pc.equal(lane, LANES[RANKED]), chance, beside),
            "audit": pa.array(drawn),
            "score": pc.coalesce(
                pa.array(list(hidden.values()), pa.float64()).take(left_out), table["score"].combine_chunks()
            ),
            "hidden": pc.is_valid(left_out),
            "place": pc.add(at.cast(pa.int64()), 1),
        }
    )
