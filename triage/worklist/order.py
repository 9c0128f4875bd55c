"""The order of the list: lanes, places, tiers, deadlines and ties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from triage.features.telling.texts import is_among, join_texts
from triage.worklist.facts import NOTHING_ESCALATES
from triage.worklist.policy import LANES, NOT_PLANNED, load_policy, tier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.worklist.facts import Facts
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

UNREADABLE, ESCALATED, YOUTH, RANKED, PAUSED = range(len(LANES))
MAIN_LANES = (UNREADABLE, ESCALATED, RANKED)
# What stands first within a lane: what escalates, then what a person lowered, then all else.
_URGENT, _LOWERED, _OTHER = range(3)


class Rankable(Protocol):
    """What the order needs of the cases of a part: `triage.worklist.score.ScoredPart`."""

    @property
    def case_id(self) -> pa.Array:
        """Case ids."""

    @property
    def score(self) -> Floats:
        """Scores; NaN where the scoring failed."""

    @property
    def facts(self) -> Facts:
        """Their facts."""


@dataclass(frozen=True)
class Order:
    """All cases of the batch in the order of the list, shape (n_cases,) each.

    Parameters
    ----------
    row : array of int
        The index of each case as it was scored.
    lane, score, received, imminence : array
        Of each case, in the order of the list.
    seniority : array of int
        The place by waiting and the keyed hash, which decides among equal scores.
    lowered : array of bool
        Escalated cases that a person lowered.
    """

    row: Ints
    lane: Ints
    score: Floats
    received: Floats
    imminence: Ints
    seniority: Ints
    lowered: Mask


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
    scored: Sequence[Rankable],
    draw: Callable[[str], int] | str,
    *,
    lowered: Collection[str] = frozenset(),
) -> Order:
    """Order the cases, whatever the order of rows and parts.

    By lane; within it what escalates first, and last of it what a person lowered; then by imminence, score,
    waiting and a keyed hash. In lane youth no score counts.

    Parameters
    ----------
    scored : sequence of Rankable
        All parts.
    draw : callable or str
        A keyed hash from a case id to a number below 2**64, or the key of one.
    lowered : collection of str
        Cases that a recorded person lowered. They stay in lane escalated, after all others of it. A case
        that does not escalate is not changed by it.
    """
    draw = key_draws(draw) if isinstance(draw, str) else draw
    cases = join_texts([part.case_id for part in scored])
    score = join([part.score for part in scored])
    received = join([part.facts.received for part in scored])
    imminence = join([part.facts.imminence for part in scored]).astype(np.int64)
    lane = join([lane_of(part.facts, part.score) for part in scored]).astype(np.int64)
    escalated = imminence > NOTHING_ESCALATES
    down = is_among(cases, lowered)
    down &= escalated & ((lane == ESCALATED) | (lane == YOUTH))
    urgent = np.select([down, escalated], [_LOWERED, _URGENT], _OTHER)
    by_score = np.where((lane == YOUTH) | ~np.isfinite(score), 0.0, -score)
    # A case of which nobody knows how long it waits is taken to have waited longest.
    waiting = np.nan_to_num(received, nan=-np.inf)
    seniority = _rank_waiting(waiting, cases, draw)
    row = np.lexsort((seniority, by_score, -imminence, urgent, lane))
    return Order(row, lane[row], score[row], received[row], imminence[row], seniority[row], down[row])


def _rank_waiting(waiting: Floats, cases: pa.Array, draw: Callable[[str], int]) -> Ints:
    """Return the place of each case by waiting, and among those that came in the same second by the draw."""
    order = np.argsort(waiting, kind="stable")
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = waiting[order][1:] != waiting[order][:-1]
    group = np.cumsum(starts) - 1
    # A hash costs more than all else here: nothing is drawn for a case that waits as long as no other.
    shared = np.flatnonzero(np.bincount(group)[group] > 1)
    among = order[shared]
    drawn = np.array([draw(case) for case in cases.take(pa.array(among)).to_pylist()], dtype=np.uint64)
    order[shared] = among[np.lexsort((drawn, waiting[among]))]
    seniority = np.empty(len(order), dtype=np.int64)
    seniority[order] = np.arange(len(order))
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


def number_lanes(lane: Ints, before: int) -> Ints:
    """Give places: the main list is numbered through, and each list beside it on its own."""
    rank = np.zeros(len(lane), dtype=np.int64)
    main = np.isin(lane, MAIN_LANES)
    rank[main] = before + np.arange(1, main.sum() + 1)
    for beside in (YOUTH, PAUSED):
        rank[lane == beside] = np.arange(1, (lane == beside).sum() + 1)
    return rank


def give_tiers(order: Order, rank: Ints, limit: int, policy: Policy | None = None) -> Ints:
    """Return tiers; 0 for paused cases, which have none.

    Parameters
    ----------
    order : Order
        The list.
    rank : array of int, shape (n_cases,)
        Places from 1, as `number_lanes` gives them.
    limit : int
        Cases that can be opened.
    policy : Policy, optional
        Its deadlines count; those of the shipped ``default`` if left out.
    """
    tiers = (policy or load_policy()).tiers
    tier = np.zeros(len(rank), dtype=np.int64)
    tier[(order.lane == UNREADABLE) | (order.lane == ESCALATED)] = 1
    youth = order.lane == YOUTH
    tier[youth] = np.where(order.imminence[youth] > NOTHING_ESCALATES, 1, 2)
    tier[order.lowered] = 2
    ranked = order.lane == RANKED
    tier[ranked] = [
        tier_of(place, limit, tiers) if place <= limit else NOT_PLANNED for place in rank[ranked].tolist()
    ]
    return tier


def sort_within_tiers(order: Order, tier: Ints, facts: Sequence[Facts], policy: Policy) -> Order:
    """Order the ranked cases of each tier by the axes that the policy names, and then as they stand.

    Places and tiers stay as they are, so no case crosses the edge of a tier; what is not planned stays in
    the order of the score.

    Parameters
    ----------
    order : Order
        The list.
    tier : array of int, shape (n_cases,)
        As `give_tiers` gives them.
    facts : sequence of Facts
        Of all parts, in the order in which they were scored.
    policy : Policy
        With the axes, the first of them first.
    """
    if not policy.order.within_tier:
        return order
    days = join([part.evidence_days for part in facts])[order.row]
    axes = {
        # What may be gone already is as little in a hurry as what has no end.
        "evidence": np.where(days >= 0, days, np.inf),
        "solvability": -join([part.solvable for part in facts])[order.row],
    }
    keys = [axes[name] for name in reversed(policy.order.within_tier)]
    place = np.arange(len(tier))
    moved = (order.lane == RANKED) & (tier != NOT_PLANNED)
    by_tier = np.lexsort((place[moved], *(key[moved] for key in keys), tier[moved]))
    place[moved] = place[moved][by_tier]
    return replace(order, **{field.name: getattr(order, field.name)[place] for field in fields(order)})


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
    days = {one.number: one.days for one in policy.tiers}
    ends = {number: int((now + timedelta(days=day)).timestamp()) for number, day in days.items()}
    due = np.array([ends.get(number, -1) for number in tier.tolist()], dtype=np.int64)
    if policy.order.due_before_evidence_ends and preserve_until is not None:
        ahead = (due > 0) & (preserve_until >= now.timestamp())
        due[ahead] = np.minimum(due[ahead], preserve_until[ahead].astype(np.int64))
    return due


def count_ties(order: Order) -> Ints:
    """Count the cases of the ranked lane that share a score."""
    tied = np.ones(len(order.row), dtype=np.int64)
    ranked = order.lane == RANKED
    _, inverse, counts = np.unique(order.score[ranked], return_inverse=True, return_counts=True)
    tied[ranked] = counts[inverse]
    return tied


def join(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Join the arrays of the parts end to end."""
    return np.concatenate(arrays) if arrays else np.zeros(0)
