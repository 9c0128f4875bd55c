"""Keep a list in the record, with what it was made of and the chance of each case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.record import Head, Record
    from triage.worklist.build import Worklist
    from triage.worklist.pool import Pool

_KEPT = ("case_id", "rank", "lane", "tier", "lists")
_KNOWN = ("score", "inclusion", "audit", "place")


def keep_worklist(record: Record, worklist: Worklist, pool: Pool) -> Head:
    """Keep a list in the record: what was shown, and with what probability each case was.

    Parameters
    ----------
    record : Record
        Where to.
    worklist : Worklist
        The list.
    pool : Pool
        What it was made of.

    Returns
    -------
    Head
        The new end of the record.
    """
    header: dict[str, Any] = {
        "as_of": worklist.as_of,
        "model": worklist.model,
        "policy": worklist.policy.name,
        "policy_digest": worklist.policy.digest,
        "batch": pool.digest,
        "rows": pool.rows,
        "fingerprints": worklist.fingerprints,
        "capacity": worklist.capacity,
        "alarms": worklist.alarms,
        **worklist.lottery,
    }
    rows: dict[str, dict[str, Any]] = {}
    shown = worklist.table.select(_KEPT).to_pylist()
    for row, chance in zip(shown, worklist.chances.to_pylist(), strict=True):
        # Two rows that could not be read may bear one name: the place further up counts.
        told = row | {name: chance[name] for name in _KNOWN} | ({"hidden": True} if chance["hidden"] else {})
        rows.setdefault(row["case_id"], told)
    return record.keep_list(header, list(rows.values()))
