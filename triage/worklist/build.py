"""Build the list: put each scored case in its lane, order them, give tiers and dates."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.given import require_kind
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.worklist.alarms import find_blanket_sources, raise_alarms, tell_moves
from triage.worklist.audit import (
    draw_audit,
    hide_places,
    make_lottery,
    measure_audit,
    place_audit,
    tell_audit,
)
from triage.worklist.checks import find_cut
from triage.worklist.fingerprints import take_fingerprints
from triage.worklist.gathering import Gathered, score_parts
from triage.worklist.listing import WORKLIST_SCHEMA, gather_unreadable, keep_deadlines, list_unreadable, put
from triage.worklist.missing import Ladder, raise_by_answer
from triage.worklist.order import (
    ESCALATED,
    MAIN_LANES,
    RANKED,
    UNREADABLE,
    give_tiers,
    key_draws,
    offset_lanes,
    order_cases,
    sort_within_tiers,
)
from triage.worklist.policy import LANES, Policy, load_policy, take_capacity
from triage.worklist.score import list_checks
from triage.worklist.standing import Standing
from triage.worklist.tabulate import Listing
from triage.worklist.worklist import Worklist

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.intake.tokens import TokenKey
    from triage.scoring.calibration import Calibration
    from triage.worklist.audit.draw import Draw, Lottery
    from triage.worklist.order import Order
    from triage.worklist.policy import Capacity
    from triage.worklist.resuming import Finished
    from triage.worklist.routing import Wishes

    Ints = NDArray[np.integer[Any]]

__all__ = ["WORKLIST_SCHEMA", "Worklist", "build_worklist"]


def build_worklist(
    batch: Batch,
    bundle: Bundle,
    capacity: Capacity | float | None = None,
    *,
    policy: Policy | None = None,
    as_of: datetime | None = None,
    key: TokenKey | None = None,
    standing: Standing | None = None,
    wishes: Wishes | None = None,
    progress: Callable[[int], None] | None = None,
    jobs: int = 1,
    scheduler: str = "",
    resume: Finished | None = None,
) -> Worklist:
    """Rank every case of a batch.

    Parameters
    ----------
    batch : Batch
        Read part by part; the open pool (`triage.worklist.pool.open_pool`) where there is a record.
    bundle : Bundle
        The model, and its calibration if it has one that belongs to this batch.
    capacity : Capacity, int or float, optional
        How many cases can be opened, such as 25, or 0.023 of the list; as the policy says by default.
    policy : Policy, optional
        What people decide of the list; the one called ``default`` if left out.
    as_of : datetime, optional
        "Now"; the instant at which the batch was complete by default.
    key : TokenKey, optional
        The agency's key: with it nobody else can foretell how ties fall.
    standing : Standing, optional
        What the record knows. With it, and a key, audit slots are drawn: without a record nobody could
        use what they find.
    wishes : Wishes, optional
        The register of victims' wishes.
    progress : callable, optional
        Called with the number of cases after each part.
    jobs, scheduler, resume
        Who scores the parts, and where finished ones are kept (`triage.worklist.gathering.score_parts`); the
        list is the same.

    Returns
    -------
    Worklist
        Every case of the batch and every document of which a report could not be read, once.

    Raises
    ------
    InputRefusedError
        The batch, the bundle or the policy is something else, such as its name, or a part cannot be read.
    CapacityError
        The capacity is no count, no share and no pace.
    TriageError
        There is no room for temporary files.
    """
    require_kind(batch, Batch, "batch")
    require_kind(bundle, Bundle, "bundle")
    require_kind(policy, Policy, "policy", or_none=True)
    written = policy or load_policy()
    policy = written if capacity is None else written.with_capacity(take_capacity(capacity))
    now = as_of or batch.meta.as_of
    known = standing or Standing()
    gathered = Gathered(batch.set_aside, known.paused, wishes, known.notified)
    score_parts(
        batch, bundle.model, policy, now, progress,
        gathered=gathered, jobs=jobs, scheduler=scheduler, resume=resume,
    )  # fmt: skip
    aside, findings, told = gathered.tell()
    unreadable = gather_unreadable(aside)
    base = order_cases(gathered.rank(), key_draws(_tie_key(batch.meta.name, key)), lowered=known.lowered)
    limit = policy.capacity.of(len(base.row))
    ahead = len(unreadable) + int(np.isin(base.lane, (UNREADABLE, ESCALATED)).sum())
    ranked = np.flatnonzero(base.lane == RANKED)
    lottery = make_lottery(key.secret, known.digest or batch.meta.name) if key and standing else None
    draw = None
    if lottery and policy.audit.share:
        draw = draw_audit(
            gathered.name_cases(base.row[ranked]).to_pylist(),
            limit,
            policy.audit,
            lottery,
            tiers=policy.tiers,
            ahead=ahead,
            held=known.drawn,
        )
    tier = give_tiers(base, len(unreadable), limit, policy)
    place = _place(base, tier, draw, lottery, gathered, policy)
    curve, note = bundle.calibration_for(batch.meta.population)
    same = {
        "model": bundle.model.name,
        "policy": policy.name,
        "fingerprints": take_fingerprints(bundle, written, batch.meta, known.digest, limit),
    }
    first_rows = list_unreadable(unreadable, now, policy, {**same, "batch": batch.meta.name})
    n_main = len(unreadable) + int(np.isin(base.lane, MAIN_LANES).sum())
    units = policy.assign_units(min(n_main, max(limit, ahead)), len(base.row))
    listing = Listing(
        cases=gathered.cases,
        unreadable=keep_deadlines(put(first_rows, "unit", units[: len(unreadable)]), known.due_since, policy),
        base=base,
        place=place,
        offset=offset_lanes(base.lane, len(unreadable)),
        tier=tier,
        hidden=hide_places(base.lane, tier, policy),
        ladder=Ladder.of(base, len(unreadable), raise_by_answer(policy)),
        cut=find_cut(base, len(unreadable), limit),
        questions=list_checks(bundle.model),
        known=np.asarray(gathered.known),
        on_lists=gathered.on_lists,
        units=units,
        curve=curve,
        policy=policy,
        now=now,
        batch=batch.meta.name,
        standing=known,
        same=same,
    )
    lanes = {name: int((base.lane == lane).sum()) for lane, name in enumerate(LANES)}
    failed = lanes["unreadable"]
    lanes["unreadable"] += len(unreadable)
    banners = [*find_blanket_sources(gathered.sources, policy), *told]
    worklist = Worklist(
        listing=listing,
        batch=batch.meta.name,
        capacity=limit,
        lanes=lanes,
        listed=gathered.listed,
        tied_at_cut=_tied_at_cut(base.score[ranked], limit - ahead if draw is None else draw.above),
        probability_note=note,
        audit_notes=_tell_audit(draw, base.score[ranked], curve, hidden=bool(listing.hidden.any())),
        set_aside=aside.num_rows,
        not_yet_known=gathered.not_yet_known,
        findings=findings,
        alarms=[],
        as_of=now,
        policy=policy,
        synthetic=batch.meta.synthetic,
        lost_parts=frozenset(gathered.lost),
        draw=draw,
        read_routed=gathered.read_routed,
        wishes=wishes,
    )
    # Some of them are about the finished list.
    alarms = raise_alarms(
        lanes,
        limit,
        findings,
        policy,
        banners=[*banners, *_tell_moves(worklist, known)],
        not_scored=failed - sum(gathered.lost.values()),
        overdue=worklist.count_overdue(),
    )
    worklist.alarms.extend(alarms)
    return worklist


def _place(  # noqa: PLR0917 - a step of `build_worklist`
    base: Order, tier: Ints, draw: Draw | None, lottery: Lottery | None, gathered: Gathered, policy: Policy
) -> Ints | None:
    """Return which place by the score stands at each place of the list; None where all stay."""
    place = None
    order = base
    if draw and lottery:
        # The drawn cases stand at places that the lottery gives them.
        ranked = np.flatnonzero(base.lane == RANKED)
        place = np.arange(len(base.row))
        place[ranked] = ranked[place_audit(draw, lottery)]
        order = base.at(place)
    moved = sort_within_tiers(
        order, tier, lambda rows: gathered.cases.take(rows, ["evidence_days", "solvable"]), policy
    )
    if moved is None:
        return place
    return moved if place is None else place[moved]


def _tell_moves(worklist: Worklist, known: Standing) -> list[str]:
    if not known.digest:
        return []
    table = worklist.table
    lanes = dict(zip(table["case_id"].to_pylist(), table["lane"].to_pylist(), strict=True))
    return tell_moves(lanes, known.youth, known.came)


def _tie_key(batch: str, key: TokenKey | None) -> str:
    """Return what decides among equal cases; without the agency's key anybody can tell how ties fall."""
    return hashlib.blake2b(batch.encode(), key=key.secret[:64]).hexdigest()[:64] if key else batch


def _tied_at_cut(score: NDArray[np.float64], above: int) -> int:
    """Return how many ranked cases share the score at which the capacity ends; 0 where it splits no tie."""
    if not 0 < above < len(score) or score[above - 1] != score[above]:
        return 0
    return int((score == score[above]).sum())


def _tell_audit(
    draw: Draw | None, score: NDArray[np.float64], curve: Calibration | None, *, hidden: bool
) -> list[str]:
    if draw is None:
        return []
    return tell_audit(draw, measure_audit(draw, curve.probability(score) if curve else None), hidden=hidden)
