"""The rows of the list: what is shown of each case, in the order of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import choose_texts, join_texts, say_each
from triage.worklist.checks import choose_checks, join_checks
from triage.worklist.listing import instants, real, to_table, whole
from triage.worklist.missing import join_missing, tell_missing
from triage.worklist.order import RANKED, YOUTH, count_ties, give_due, join
from triage.worklist.policy import LANES
from triage.worklist.reasons import without_points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.scoring.calibration import Calibration
    from triage.worklist.order import Order
    from triage.worklist.policy import Policy
    from triage.worklist.score import ScoredPart
    from triage.worklist.standing import Standing

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_WELFARE = "a child to protect"
_TEXTS = ("sources", "country", "solvability", "rule")


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
    hidden: Mask,
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
    hidden : array of bool, shape (n_cases,)
        In the order of the list: nothing is told of these cases that would betray their place by the score
        (`triage.worklist.audit.hide_places`).
    same : dict of str to str
        Columns with the same value on every row.
    """
    rows = pa.array(order.row)
    facts = {name: join_texts([getattr(part.facts, name) for part in scored]).take(rows) for name in _TEXTS}
    cases = join_texts([part.case_id for part in scored]).take(rows)
    # No score is shown for a child.
    score = np.where((order.lane == YOUTH) | hidden, np.nan, order.score)
    probability, low, high = _probabilities(curve, score)
    until = join([part.facts.preserve_until for part in scored])[order.row]
    known = join([part.completeness for part in scored])[order.row]
    days_left = join([part.facts.evidence_days for part in scored])[order.row]
    due = give_due(tier, now, policy, until)
    place = np.empty(len(base.row), dtype=np.int64)
    place[base.row] = np.arange(len(base.row))
    at = place[order.row]
    hidden_by_score = np.zeros(len(hidden), dtype=bool)
    hidden_by_score[at] = hidden
    missing = join_missing([part.missing for part in scored], base.row)
    checks = join_checks([part.checks for part in scored], base.row)
    value = curve.probability if curve else None
    asked = choose_checks(checks, base, before=before, limit=limit, policy=policy, value=value)
    # Fewer rows below the cut than have that score by the count: one of them was drawn.
    counts_drawn = hidden.any() & (order.lane == RANKED)
    return to_table(
        {
            "rank": rank,
            "lane": pa.array(LANES).take(pa.array(order.lane)),
            "tier": whole(tier, tier > 0),
            "case_id": cases,
            "score": real(score),
            "probability": real(probability),
            "probability_low": real(low),
            "probability_high": real(high),
            "due_at": instants(due, due > 0),
            "received_at": instants(order.received, ~np.isnan(order.received)),
            "waiting_hours": real(np.round((now.timestamp() - order.received) / 3600, 1)),
            **{name: facts[name] for name in ("sources", "country", "solvability")},
            "reports": join([part.facts.reports for part in scored])[order.row],
            # The more is known of a case, the more there is to raise its score.
            "completeness": real(np.where(hidden, np.nan, np.round(known, 2))),
            "reasons": _reasons(scored, order, hidden),
            "missing": tell_missing(missing, base, before, policy, hidden_by_score).take(pa.array(at)),
            # Which check is worth most depends on the side of the cut on which the case stands.
            "check": pc.if_else(pa.array(hidden), None, asked.take(pa.array(at))),
            "tied": whole(count_ties(base)[at], ~counts_drawn),
            "imminence": say_each(policy.say, facts["rule"]),
            "preserve_until": instants(until, ~np.isnan(until)),
            "evidence_days": real(np.round(days_left, 1)),
            "aliases": standing.names_before(cases),
            **{name: pa.repeat(value, len(cases)) for name, value in same.items()},
        }
    )


def _probabilities(curve: Calibration | None, score: Floats) -> Floats:
    """Return the probability and both ends of its band, shape (3, n_cases); NaN without a score."""
    found, shown = np.full((3, len(score)), np.nan), ~np.isnan(score)
    if curve and shown.any():
        # A calibration by levels would take what is no number for the highest score of all.
        found[:, shown] = curve.probability(score[shown]), *curve.band(score[shown])
    return found


def _reasons(scored: Sequence[ScoredPart], order: Order, hidden: Mask) -> pa.Array:
    reasons = join_texts([part.reasons for part in scored]).take(pa.array(order.row))
    youth = choose_texts(order.imminence >= 0, f"{_WELFARE}, urgent", _WELFARE)
    reasons = choose_texts(order.lane == YOUTH, youth, reasons)
    if not hidden.any():
        return reasons
    bare = say_each(without_points, reasons.filter(pa.array(hidden)))
    return pc.replace_with_mask(reasons, pa.array(hidden), bare)
