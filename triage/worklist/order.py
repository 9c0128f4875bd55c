"""The order of the list: lanes, places, tiers, deadlines and ties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.features.telling.texts import is_among
from triage.worklist.facts import NOTHING_ESCALATES
from triage.worklist.policy import LANES, NOT_PLANNED, load_policy, tier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.worklist.facts import Facts
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]
    Mask = NDArray[np.bool_]

UNREADABLE, ESCALATED, YOUTH, RANKED, PAUSED = range(len(LANES))
MAIN_LANES = (UNREADABLE, ESCALATED, RANKED)
# What stands first within a lane: what escalates, then what a person lowered, then all else.
_URGENT, _LOWERED, _OTHER = range(3)
_DRAWN_AT_ONCE = 50_000
_LOOKED_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Ranking:
    """All that the order of a batch is made of, in the order in which its cases were scored.

    Parameters
    ----------
    lane, imminence : array of int, shape (n_cases,)
        As `lane_of` and the facts say.
    score, received : array of float, shape (n_cases,)
        Scores, and when the first report came, in seconds since 1970; NaN where not known.
    name : callable
        From row numbers to the ids of those cases: few are ever needed.
    """

    lane: NDArray[np.integer[Any]]
    imminence: NDArray[np.integer[Any]]
    score: Floats
    received: Floats
    name: Callable[[Ints], pa.Array]

    @classmethod
    def of(cls, cases: pa.Array, score: Floats, facts: Sequence[Facts]) -> Ranking:
        """Return the ranking of cases whose facts were gathered part by part."""

        def join(name: str, dtype: type) -> NDArray[Any]:
            return np.concatenate([np.zeros(0, dtype), *(getattr(part, name) for part in facts)])

        ends = np.cumsum([len(part.received) for part in facts])
        scores = np.split(score, ends[:-1]) if facts else []
        lanes = [lane_of(part, some) for part, some in zip(facts, scores, strict=True)]
        return cls(
            lane=np.concatenate([np.zeros(0, np.int64), *lanes]),
            imminence=join("imminence", np.int64),
            score=score,
            received=join("received", np.float64),
            name=lambda rows: cases.take(pa.array(rows)),
        )


@dataclass(frozen=True)
class Order:
    """All cases of the batch in the order of the list, shape (n_cases,) each.

    Parameters
    ----------
    row : array of int
        The index of each case as it was scored.
    lane, score, imminence : array
        Of each case, in the order of the list.
    seniority : array of int
        The place by waiting and the keyed hash, which decides among equal scores.
    lowered : array of bool
        Escalated cases that a person lowered.
    """

    row: Ints
    lane: Ints
    score: Floats
    imminence: Ints
    seniority: Ints
    lowered: Mask

    def at(self, place: Ints) -> Order:
        """Return the cases that stand at some places."""
        return Order(*(getattr(self, one.name)[place] for one in fields(self)))


def key_draws(key: str) -> Callable[[str], int]:
    """Return a keyed hash: from a case id to a number below 2**64 that nobody can foretell without the key.

    Parameters
    ----------
    key : str
        The seed; of one that is longer than 64 bytes, its BLAKE2b hash is the key.

    Examples
    --------
    >>> draw = key_draws("today")
    >>> draw("a") == draw("a"), draw("a") == draw("b"), draw("a") == key_draws("tomorrow")("a")
    (True, False, False)
    """
    seed = key.encode()
    if len(seed) > hashlib.blake2b.MAX_KEY_SIZE:
        seed = hashlib.blake2b(seed).digest()

    def draw(case: str) -> int:
        digest = hashlib.blake2b(case.encode(), digest_size=8, key=seed)
        return int.from_bytes(digest.digest(), "big")

    return draw


def order_cases(
    ranking: Ranking,
    draw: Callable[[str], int] | str,
    *,
    lowered: Collection[str] = frozenset(),
) -> Order:
    """Order the cases, whatever the order of rows and parts.

    By lane; within it what escalates first, and last of it what a person lowered; then by imminence, score,
    waiting and a keyed hash. In lane youth no score counts.

    Parameters
    ----------
    ranking : Ranking
        All cases.
    draw : callable or str
        A keyed hash from a case id to a number below 2**64, or the key of one.
    lowered : collection of str
        Cases that a recorded person lowered. They stay in lane escalated, after all others of it. A case
        that does not escalate is not changed by it.
    """
    draw = key_draws(draw) if isinstance(draw, str) else draw
    lane, score, imminence = ranking.lane, ranking.score, ranking.imminence
    seniority = _rank_waiting(ranking.received, ranking.name, draw)
    escalated = imminence > NOTHING_ESCALATES
    down = np.zeros(len(lane), dtype=bool)
    may = np.flatnonzero(escalated & ((lane == ESCALATED) | (lane == YOUTH)))
    if lowered:
        down[may] = is_among(ranking.name(may), lowered)
    row = np.lexsort((seniority, _by_score(lane, score), _group(lane, imminence, escalated, down)))
    row = row.astype(np.int32)
    return Order(row, lane[row], score[row], imminence[row], seniority[row], down[row])


def _group(lane: Ints, imminence: Ints, escalated: Mask, down: Mask) -> Ints:
    """Return one small key for all that stands before the score: lane, what is urgent, and how imminent."""
    group = lane.astype(np.int32)
    group *= _OTHER + 1
    group += _OTHER
    group[escalated] += _URGENT - _OTHER
    group[down] += _LOWERED - _URGENT
    group *= int(imminence.max(initial=NOTHING_ESCALATES)) + 2
    group -= imminence
    return group


def order_part(lane: Ints, imminence: Ints, score: Floats, received: Floats) -> Ints:
    """Return the order of the cases of one part, but for what a person lowered and the draw among equals."""
    return np.lexsort((_waiting(received), _by_score(lane, score), -imminence, lane))


def _by_score(lane: Ints, score: Floats) -> Floats:
    """Return what is smallest where the score is best; in youth, or where there is none, none counts."""
    best_first = np.negative(score)
    best_first[(lane == YOUTH) | ~np.isfinite(score)] = 0.0
    return best_first


def _waiting(received: Floats) -> Floats:
    """Return since when each case waits; one of which nobody knows it is taken to have waited longest."""
    return np.nan_to_num(received, nan=-np.inf) if np.isnan(received).any() else received


def _rank_waiting(received: Floats, name: Callable[[Ints], pa.Array], draw: Callable[[str], int]) -> Ints:
    """Return the place of each case by waiting, and among those that came in the same second by the draw."""
    waiting = _waiting(received)
    order = np.argsort(waiting, kind="stable")
    starts = np.ones(len(order), dtype=bool)
    # Not all at once: these lists are as long as the batch, and there are several already.
    for start in range(1, len(order), _LOOKED_AT_ONCE):
        ascending = waiting[order[start - 1 : start + _LOOKED_AT_ONCE]]
        starts[start : start + _LOOKED_AT_ONCE] = ascending[1:] != ascending[:-1]
    # A hash costs more than all else here: nothing is drawn for a case that waits as long as no other.
    alone = starts & np.append(starts[1:], True)
    shared = np.flatnonzero(~alone)
    among = order[shared]
    drawn = np.empty(len(among), dtype=np.uint64)
    for start in range(0, len(among), _DRAWN_AT_ONCE):
        some = slice(start, start + _DRAWN_AT_ONCE)
        drawn[some] = [draw(case) for case in name(among[some]).to_pylist()]
    order[shared] = among[np.lexsort((drawn, waiting[among]))]
    seniority = np.empty(len(order), dtype=np.int32)
    seniority[order] = np.arange(len(order), dtype=np.int32)
    return seniority


def lane_of(facts: Facts, score: Floats | None = None) -> Ints:
    """Return the lane of each case: a child is never ranked as a suspect, an escalated case never paused.

    Parameters
    ----------
    facts : Facts
        What is known of each case.
    score : array of float, shape (n_cases,), optional
        A case whose score is not finite could not be scored: it goes up to lane unreadable. In lane youth no
        score is needed.
    """
    failed = np.zeros(len(facts.youth), dtype=bool) if score is None else ~np.isfinite(score)
    return np.select(
        [facts.youth, failed, facts.escalated, facts.paused], [YOUTH, UNREADABLE, ESCALATED, PAUSED], RANKED
    )


def offset_lanes(lane: Ints, before: int) -> Ints:
    """Return what to add, in each lane, to a place in the order to get the rank.

    The main list is numbered through, and each list beside it on its own.

    Parameters
    ----------
    lane : array of int, shape (n_cases,)
        In the order of the list: lane stands after lane.
    before : int
        Rows of the main list before all cases.

    Examples
    --------
    >>> lane = np.array([ESCALATED, YOUTH, YOUTH, RANKED, PAUSED])
    >>> (np.arange(5) + offset_lanes(lane, 0)[lane]).tolist()
    [1, 1, 2, 2, 1]
    """
    starts = np.searchsorted(lane, np.arange(len(LANES) + 1))
    offset = np.full(len(LANES), before + 1)
    for beside in (YOUTH, PAUSED):
        offset[beside] = 1 - starts[beside]
    offset[RANKED] -= starts[YOUTH + 1] - starts[YOUTH]
    return offset


def give_tiers(order: Order, before: int, limit: int, policy: Policy | None = None) -> Ints:
    """Return tiers; 0 for paused cases, which have none.

    Parameters
    ----------
    order : Order
        The list.
    before : int
        Rows of the main list before all cases.
    limit : int
        Cases that can be opened.
    policy : Policy, optional
        Its deadlines count; those of the shipped ``default`` if left out.
    """
    tiers = (policy or load_policy()).tiers
    tier = np.zeros(len(order.lane), dtype=np.int8)
    tier[(order.lane == UNREADABLE) | (order.lane == ESCALATED)] = 1
    youth = order.lane == YOUTH
    tier[youth] = np.where(order.imminence[youth] > NOTHING_ESCALATES, 1, 2)
    tier[order.lowered] = 2
    ranked = order.lane == RANKED
    tier[ranked] = NOT_PLANNED
    places = np.flatnonzero(ranked)
    rank = places[: max(limit, 0)] + offset_lanes(order.lane, before)[RANKED]
    planned = [tier_of(place, limit, tiers) for place in rank.tolist() if place <= limit]
    tier[places[: len(planned)]] = planned
    return tier


def sort_within_tiers(
    order: Order, tier: Ints, axes: Callable[[Ints], pa.Table], policy: Policy
) -> Ints | None:
    """Order the ranked cases of each tier by the axes that the policy names, and then as they stand.

    Places and tiers stay as they are, so no case crosses the edge of a tier; what is not planned stays in
    the order of the score.

    Parameters
    ----------
    order : Order
        The list.
    tier : array of int, shape (n_cases,)
        As `give_tiers` gives them.
    axes : callable
        From row numbers to ``evidence_days`` and ``solvable`` of those cases.
    policy : Policy
        With the axes, the first of them first.

    Returns
    -------
    array of int, shape (n_cases,), or None
        Which place of `order` stands at each place now; None where all stay.
    """
    if not policy.order.within_tier:
        return None
    moved = np.flatnonzero((order.lane == RANKED) & (tier != NOT_PLANNED))
    told = axes(order.row[moved])
    days, solvable = (np.asarray(told[name]) for name in ("evidence_days", "solvable"))
    # What may be gone already is as little in a hurry as what has no end.
    by = {"evidence": np.where(days >= 0, days, np.inf), "solvability": -solvable}
    keys = [by[name] for name in reversed(policy.order.within_tier)]
    place = np.arange(len(tier))
    place[moved] = moved[np.lexsort((moved, *keys, tier[moved]))]
    return place


def give_due(tier: Ints, now: datetime, policy: Policy, preserve_until: Floats | None = None) -> Ints:
    """Return when each case is due, in seconds since 1970; -1 where it has no deadline.

    Parameters
    ----------
    tier : array of int, shape (n_cases,)
        As `give_tiers` gives them.
    now : datetime
        When the list is made.
    policy : Policy
        With the deadlines, and whether the end of the evidence moves them forward.
    preserve_until : array of float, shape (n_cases,), optional
        When the evidence ends; NaN where unknown.
    """
    ends = np.full(int(tier.max(initial=0)) + 1, -1)
    for one in policy.tiers:
        if one.number < len(ends):
            ends[one.number] = int((now + timedelta(days=one.days)).timestamp())
    due = ends[tier]
    if policy.order.due_before_evidence_ends and preserve_until is not None:
        ahead = (due > 0) & (preserve_until >= now.timestamp())
        due[ahead] = np.minimum(due[ahead], preserve_until[ahead].astype(np.int64))
    return due
