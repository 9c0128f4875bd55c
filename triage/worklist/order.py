"""The order of the list: lanes, places, tiers and ties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.worklist.policy import LANES, NOT_PLANNED, tier_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.worklist.facts import Facts
    from triage.worklist.score import ScoredPart

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

UNREADABLE, ESCALATED, YOUTH, RANKED, PAUSED = range(len(LANES))
MAIN_LANES = (UNREADABLE, ESCALATED, RANKED)


@dataclass(frozen=True)
class Order:
    """All cases of the batch in the order of the list.

    `row` is the index of each as it was scored; `seniority` its place by waiting and the keyed hash, which
    decides among equal scores.
    """

    row: Ints
    lane: Ints
    score: Floats
    received: Floats
    imminence: Ints
    seniority: Ints


def order_cases(scored: Sequence[ScoredPart], salt: str) -> Order:
    """Order by lane, imminence, score, waiting and a keyed hash, whatever the order of rows and parts."""
    cases = [case for part in scored for case in part.case_id]
    score = join([part.score for part in scored])
    received = join([part.facts.received for part in scored])
    imminence = join([part.facts.imminence for part in scored]).astype(np.int64)
    lane = join([lane_of(part.facts) for part in scored]).astype(np.int64)
    tie = np.array([_draw(case, salt) for case in cases], dtype=np.uint64)
    by_score = np.where(lane == YOUTH, 0.0, -score)
    # A case of which nobody knows how long it waits is taken to have waited longest.
    waiting = np.nan_to_num(received, nan=-np.inf)
    seniority = np.empty(len(cases), dtype=np.int64)
    seniority[np.lexsort((tie, waiting))] = np.arange(len(cases))
    row = np.lexsort((seniority, by_score, -imminence, lane))
    return Order(row, lane[row], score[row], received[row], imminence[row], seniority[row])


def place_of(score: Floats, order: Order) -> Ints:
    """Return the place, from 1, that each ranked case would take in its lane with other scores.

    Parameters
    ----------
    score : array of float, shape (n_ranked, n_answers)
        The score of each ranked case under each answer.
    order : Order
        The list as it stands.
    """
    ranked = order.lane == RANKED
    now, seniority = order.score[ranked], order.seniority[ranked]
    level = np.unique(np.concatenate([-now, -score.ravel()]), return_inverse=True)[1]
    size = len(order.lane)
    stands = level[: len(now)] * size + seniority
    would = level[len(now) :].reshape(score.shape) * size + seniority[:, None]
    ahead = np.searchsorted(np.sort(stands), would)
    return np.asarray(1 + ahead - (stands[:, None] < would))


def lane_of(facts: Facts) -> Ints:
    """Return the lane of each case: a child is never ranked as a suspect, an escalated case never paused."""
    return np.select([facts.youth, facts.escalated, facts.paused], [YOUTH, ESCALATED, PAUSED], RANKED)


def number_lanes(lane: Ints, before: int) -> Ints:
    """Give places: the main list is numbered through, and each list beside it on its own."""
    rank = np.zeros(len(lane), dtype=np.int64)
    main = np.isin(lane, MAIN_LANES)
    rank[main] = before + np.arange(1, main.sum() + 1)
    for beside in (YOUTH, PAUSED):
        rank[lane == beside] = np.arange(1, (lane == beside).sum() + 1)
    return rank


def give_tiers(order: Order, rank: Ints, limit: int) -> Ints:
    """Return tiers; 0 for paused cases, which have none."""
    tier = np.zeros(len(rank), dtype=np.int64)
    tier[order.lane == ESCALATED] = 1
    youth = order.lane == YOUTH
    tier[youth] = np.where(order.imminence[youth] >= 0, 1, 2)
    ranked = order.lane == RANKED
    tier[ranked] = [
        tier_of(place, limit) if place <= limit else NOT_PLANNED for place in rank[ranked].tolist()
    ]
    return tier


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


def _draw(case: str, salt: str) -> int:
    digest = hashlib.blake2b(case.encode(), digest_size=8, key=salt.encode()[:64])
    return int.from_bytes(digest.digest(), "big")
