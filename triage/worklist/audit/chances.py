"""What only the record may know of a list: with what chance it chose each case, by which score, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from triage.worklist.order import PAUSED, RANKED
from triage.worklist.policy import LANES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.worklist.audit.draw import Draw


def tell_chances(
    table: pa.Table, limit: int, draw: Draw | None, ranked: Sequence[str], hidden: Mapping[str, float]
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
    ranked : sequence of str
        The ranked cases, by the score alone.
    hidden : mapping of str to float
        The scores that the list does not show.

    Returns
    -------
    pyarrow.Table
        One row a row of the list: ``case_id``, ``inclusion``, ``audit``, ``score``, ``hidden``, whether the
        list leaves that score out, and ``place`` among the ranked ones by the score alone, from 1.
    """
    drawn = {ranked[place] for place in draw.slots.tolist()} if draw else set()
    chance = dict(zip(ranked, draw.probability.tolist(), strict=True)) if draw else {}
    place = {case: number for number, case in enumerate(ranked, start=1)}
    rows = table.select(["case_id", "lane", "rank", "score"]).to_pylist()
    ids = [row["case_id"] for row in rows]
    return pa.table(
        {
            "case_id": pa.array(ids, pa.string()),
            "inclusion": pa.array([_chance(row, limit, chance) for row in rows], pa.float64()),
            "audit": pa.array([case in drawn for case in ids], pa.bool_()),
            "score": pa.array([hidden.get(row["case_id"], row["score"]) for row in rows], pa.float64()),
            "hidden": pa.array([case in hidden for case in ids], pa.bool_()),
            "place": pa.array([place.get(case) for case in ids], pa.int64()),
        }
    )


def _chance(row: dict[str, Any], limit: int, chance: dict[str, float]) -> float:
    if row["lane"] == LANES[RANKED]:
        return chance.get(row["case_id"], float(row["rank"] <= limit))
    return float(row["lane"] != LANES[PAUSED])
