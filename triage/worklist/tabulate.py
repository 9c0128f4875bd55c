"""The rows of the list: what is shown of each case, in the order of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worklist.checks import choose_checks, join_checks
from triage.worklist.listing import instants, pick, real, to_table, whole
from triage.worklist.missing import join_missing, tell_missing
from triage.worklist.order import YOUTH, count_ties, give_due, join
from triage.worklist.policy import LANES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.scoring.calibration import Calibration
    from triage.worklist.order import Order
    from triage.worklist.policy import Policy
    from triage.worklist.score import ScoredPart
    from triage.worklist.standing import Standing

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_WELFARE = "a child to protect"
_OF_FACTS = ("sources", "country", "solvability", "reports", "rule")


def tabulate_cases(
    scored: Sequence[ScoredPart],
    base: Order,
    order: Order,
    rank: Ints,
    tier: Ints,
    *,
    curve: Calibration | None,
    policy: Policy,
    now: datetime,
    before: int,
    limit: int,
    standing: Standing,
    same: dict[str, str],
) -> pa.Table:
    """Return one row a case, in the order of the list.

    Parameters
    ----------
    scored : sequence of ScoredPart
        All parts.
    base : Order
        By the score alone; ties, and the ranks under other answers, are told of it.
    order : Order
        Of the list.
    rank, tier : array of int, shape (n_cases,)
        In the order of the list.
    curve : Calibration, optional
        The one that belongs to these cases, if there is any.
    policy : Policy
        Its deadlines and words.
    now : datetime
        When the list is made.
    before : int
        Rows of the list before these: reports that could not be read.
    limit : int
        Cases that can be opened.
    standing : Standing
        Earlier names of cases.
    same : dict of str to str
        Columns with the same value on every row.
    """
    facts = {
        name: pick([value for part in scored for value in getattr(part.facts, name)], order.row)
        for name in _OF_FACTS
    }
    cases = pick([case for part in scored for case in part.case_id], order.row)
    # No score is shown for a child.
    score = np.where(order.lane == YOUTH, np.nan, order.score)
    probability, low, high = _probabilities(curve, score)
    until = join([part.facts.preserve_until for part in scored])[order.row]
    days_left = join([part.facts.evidence_days for part in scored])[order.row]
    due = give_due(tier, now, policy, until)
    place = np.empty(len(base.row), dtype=np.int64)
    place[base.row] = np.arange(len(base.row))
    at = place[order.row]
    missing = join_missing([part.missing for part in scored], base.row)
    checks = join_checks([part.checks for part in scored], base.row)
    value = curve.probability if curve else None
    return to_table(
        {
            "rank": rank,
            "lane": [LANES[lane] for lane in order.lane],
            "tier": whole(tier, tier > 0),
            "case_id": cases,
            "score": real(score),
            "probability": real(probability),
            "probability_low": real(low),
            "probability_high": real(high),
            "due_at": instants(due, due > 0),
            "received_at": instants(order.received, ~np.isnan(order.received)),
            "waiting_hours": real(np.round((now.timestamp() - order.received) / 3600, 1)),
            **{name: facts[name] for name in ("sources", "country", "solvability", "reports")},
            "completeness": real(np.round(join([part.completeness for part in scored])[order.row], 2)),
            "reasons": _reasons(scored, order),
            "missing": pick(tell_missing(missing, base, before, policy), at),
            "check": pick(
                choose_checks(checks, base, before=before, limit=limit, policy=policy, value=value), at
            ),
            "tied": count_ties(base)[at],
            "imminence": [policy.say(rule) for rule in facts["rule"]],
            "preserve_until": instants(until, ~np.isnan(until)),
            "evidence_days": real(np.round(days_left, 1)),
            "aliases": standing.names_before(cases),
            **{name: [value] * len(cases) for name, value in same.items()},
        }
    )


def _probabilities(curve: Calibration | None, score: Floats) -> Floats:
    """Return the probability and both ends of its band, shape (3, n_cases); NaN without a score."""
    found, shown = np.full((3, len(score)), np.nan), ~np.isnan(score)
    if curve and shown.any():
        # A calibration by levels would take what is no number for the highest score of all.
        found[:, shown] = curve.probability(score[shown]), *curve.band(score[shown])
    return found


def _reasons(scored: Sequence[ScoredPart], order: Order) -> list[str]:
    reasons = pick([reason for part in scored for reason in part.reasons], order.row)
    return [
        (f"{_WELFARE}, urgent" if urgent >= 0 else _WELFARE) if lane == YOUTH else reason
        for reason, lane, urgent in zip(reasons, order.lane.tolist(), order.imminence.tolist(), strict=True)
    ]
