"""Build the list: put each scored case in its lane, order them, give tiers and dates."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import join_texts, look_up
from triage.worklist.alarms import find_blanket_sources, raise_alarms, tell_moves
from triage.worklist.audit import (
    draw_audit,
    hide_places,
    make_lottery,
    measure_audit,
    no_draw,
    place_audit,
    tell_audit,
    tell_chances,
)
from triage.worklist.fingerprints import take_fingerprints
from triage.worklist.gathering import score_parts
from triage.worklist.listing import (
    WORKLIST_SCHEMA,
    gather_unreadable,
    keep_deadlines,
    list_unreadable,
    put,
)
from triage.worklist.order import (
    ESCALATED,
    MAIN_LANES,
    RANKED,
    UNREADABLE,
    Order,
    give_tiers,
    join,
    key_draws,
    number_lanes,
    order_cases,
    sort_within_tiers,
)
from triage.worklist.policy import LANES, load_policy, take_capacity
from triage.worklist.routing import join_routed, make_lists, name_lists
from triage.worklist.standing import Standing
from triage.worklist.tabulate import tabulate_cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

    from triage.intake.tokens import TokenKey
    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.scoring.bundle import Bundle
    from triage.scoring.calibration import Calibration
    from triage.worklist.audit.draw import Draw, Lottery
    from triage.worklist.policy import Capacity, Policy
    from triage.worklist.resuming import Finished
    from triage.worklist.routing import Wishes

__all__ = ["WORKLIST_SCHEMA", "Worklist", "build_worklist"]


@dataclass(frozen=True)
class Worklist:
    """The list.

    Parameters
    ----------
    table : pyarrow.Table
        One row per case and per unreadable document, in order (columns of `WORKLIST_SCHEMA`), as it may be
        shown.
    batch : str
        The name of the batch that it was made with.
    lists : dict of str to pyarrow.Table
        The lists beside it, on which its cases also stand: who else must hear of them.
    capacity : int
        Cases that can be opened.
    lanes : dict of str to int
        Cases a lane.
    tied_at_cut : int
        Cases that share the score at which the capacity ends; 0 where the end splits no tie.
    probability_note : str
        What the probabilities are a share of, or why there are none.
    audit_notes : list of str
        What the audit slots can tell and what not; empty where none were drawn.
    set_aside : int
        Rows set aside, of all tables.
    not_yet_known : int
        Cases of the batch of which no report was known at the as-of time; they are not on the list.
    findings : list of Finding
        What the check of the batch found.
    alarms : list of str
        What the person in charge must know first.
    hidden : frozenset of str
        Cases of which nothing is shown that betrays their place in the order (`hide_scores` of the policy).
    chances : pyarrow.Table
        ``case_id``, ``inclusion``, the probability with which this list opens the case, ``audit``, whether
        it was drawn, ``score``, that of hidden cases too, ``hidden``, and ``place`` among the ranked ones by
        the order alone. For the record alone: who works down the list must not know.
    lottery : dict
        What `Draw.describe` says of it, for the record.
    as_of : datetime
        The "now" of the list.
    policy : Policy
        By which it was made.
    synthetic : bool
        Whether no real report is behind it.
    lost_parts : frozenset of int
        Parts of the batch whose scoring ends the process: their cases stand on top, unread.
    """

    table: pa.Table
    batch: str
    lists: dict[str, pa.Table]
    capacity: int
    lanes: dict[str, int]
    tied_at_cut: int
    probability_note: str
    audit_notes: list[str]
    set_aside: int
    not_yet_known: int
    findings: list[Finding]
    alarms: list[str]
    hidden: frozenset[str] = field(repr=False)
    chances: pa.Table = field(repr=False)
    lottery: dict[str, Any] = field(repr=False)
    as_of: datetime
    policy: Policy
    synthetic: bool
    lost_parts: frozenset[int] = frozenset()

    def to_frame(self) -> pd.DataFrame:
        """Return the list as a frame: one row a case, in order, with the columns of `WORKLIST_SCHEMA`."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def __repr__(self) -> str:
        """Return what is said of the list, in a few lines."""
        lanes = ", ".join(f"{name} {count:,}" for name, count in self.lanes.items() if count)
        lines = [
            f"Worklist of {self.batch}, as of {self.as_of:%Y-%m-%d %H:%M} UTC",
            f"  {self.table.num_rows:,} rows ({lanes}); {self.capacity:,} can be opened",
            f"  probability: {self.probability_note}",
            *(f"  alarm: {alarm}" for alarm in self.alarms),
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return what is said of the list, for machines."""
        return {
            "rows": self.table.num_rows,
            "capacity": self.capacity,
            "lanes": self.lanes,
            "lists": {name: table.num_rows for name, table in self.lists.items()},
            "tied_at_cut": self.tied_at_cut,
            "probabilities": self.probability_note,
            "audit": self.audit_notes,
            "hidden": len(self.hidden),
            "set_aside": self.set_aside,
            "not_yet_known": self.not_yet_known,
            "policy": self.policy.name,
            "alarms": self.alarms,
            "findings": [finding.as_dict() for finding in self.findings],
        }


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
    """
    written = policy or load_policy()
    policy = written if capacity is None else written.with_capacity(take_capacity(capacity))
    now = as_of or batch.meta.as_of
    known = standing or Standing()
    gathered = score_parts(
        batch, bundle.model, policy, now, progress, jobs=jobs, scheduler=scheduler, resume=resume
    )
    gathered.pause(known.paused)
    unreadable = gather_unreadable(gathered.aside)
    ties = key_draws(_tie_key(batch.meta.name, key))
    base = order_cases(gathered.scored, ties, lowered=known.lowered)
    limit = policy.capacity.of(len(base.row))
    ahead = len(unreadable) + int(np.isin(base.lane, (UNREADABLE, ESCALATED)).sum())
    lottery = make_lottery(key.secret, known.digest or batch.meta.name) if key and standing else None
    ranked = gathered.cases.take(pa.array(base.row[base.lane == RANKED]))
    draw = None
    if lottery and policy.audit.share:
        draw = draw_audit(
            ranked.to_pylist(),
            limit,
            policy.audit,
            lottery,
            tiers=policy.tiers,
            ahead=ahead,
            held=known.drawn,
        )
    order = _place_drawn(base, draw, lottery)
    rank = number_lanes(order.lane, len(unreadable))
    tier = give_tiers(order, rank, limit, policy)
    order = sort_within_tiers(order, tier, [part.facts for part in gathered.scored], policy)
    hides = hide_places(order.lane, tier, policy)
    same = {
        "model": bundle.model.name,
        "policy": policy.name,
        "fingerprints": take_fingerprints(bundle, written, batch.meta, known.digest, limit),
    }
    curve, note = bundle.calibration_for(batch.meta.population)
    table = tabulate_cases(
        gathered.scored, base, order, rank, tier, curve=curve, policy=policy,
        now=now, before=len(unreadable), limit=limit, standing=known, hidden=hides, same=same,
    )  # fmt: skip
    table = pa.concat_tables([list_unreadable(unreadable, now, policy, same), table])
    cases = table["case_id"].combine_chunks()
    table = put(table, "batch", look_up(cases, known.batches, batch.meta.name))
    table = keep_deadlines(table, known.due_since, policy)
    table = _assign_units(table, max(limit, ahead), len(base.row), policy)
    lists = make_lists(
        join_routed([part.routed for part in gathered.scored]), table,
        as_of=now, referral=policy.referral, wishes=wishes, tracked=known.tracked,
        notified=known.notified,
    )  # fmt: skip
    table = put(table, "lists", name_lists(lists, cases))
    lanes = {name: int((order.lane == lane).sum()) for lane, name in enumerate(LANES)}
    failed = lanes["unreadable"]
    lanes["unreadable"] += len(unreadable)
    banners = find_blanket_sources(
        join_texts([part.facts.sources for part in gathered.scored]),
        join([part.facts.escalated for part in gathered.scored]).astype(bool),
        policy,
    )
    hidden_cases = gathered.cases.take(pa.array(order.row[hides])).to_pylist()
    hidden = dict(zip(hidden_cases, order.score[hides].tolist(), strict=True))
    return Worklist(
        table=table,
        batch=batch.meta.name,
        lists=lists,
        capacity=limit,
        lanes=lanes,
        tied_at_cut=_tied_at_cut(base, limit - ahead if draw is None else draw.above),
        probability_note=note,
        audit_notes=_tell_audit(draw, base, curve, hidden=bool(hidden)),
        set_aside=gathered.aside.num_rows,
        not_yet_known=gathered.not_yet_known,
        findings=gathered.findings,
        alarms=raise_alarms(
            lanes,
            limit,
            gathered.findings,
            policy,
            banners=[*banners, *gathered.alarms, *_tell_moves(table, known)],
            not_scored=failed - sum(gathered.lost.values()),
            overdue=_count_overdue(table, now),
        ),
        hidden=frozenset(hidden),
        chances=tell_chances(table, limit, draw, ranked, hidden),
        lottery=(draw or no_draw(len(ranked), limit - ahead)).describe(base.score[base.lane == RANKED]),
        as_of=now,
        policy=policy,
        synthetic=batch.meta.synthetic,
        lost_parts=frozenset(gathered.lost),
    )


def _count_overdue(table: pa.Table, now: datetime) -> dict[str, int]:
    """Count the cases whose deadline has passed, by lane in the order of the list."""
    passed = pc.less(table["due_at"], pa.scalar(now, table["due_at"].type))
    return dict(Counter(table["lane"].filter(passed).to_pylist()))


def _tell_moves(table: pa.Table, known: Standing) -> list[str]:
    if not known.digest:
        return []
    lanes = dict(zip(table["case_id"].to_pylist(), table["lane"].to_pylist(), strict=True))
    return tell_moves(lanes, known.youth, known.came)


def _tie_key(batch: str, key: TokenKey | None) -> str:
    """Return what decides among equal cases; without the agency's key anybody can tell how ties fall."""
    return hashlib.blake2b(batch.encode(), key=key.secret[:64]).hexdigest()[:64] if key else batch


def _place_drawn(base: Order, draw: Draw | None, lottery: Lottery | None) -> Order:
    """Return the order with the drawn cases at places that the lottery gives them."""
    if draw is None or lottery is None:
        return base
    place = np.arange(len(base.row))
    ranked = np.flatnonzero(base.lane == RANKED)
    place[ranked] = ranked[place_audit(draw, lottery)]
    return replace(base, **{part.name: getattr(base, part.name)[place] for part in fields(base)})


def _assign_units(table: pa.Table, most: int, n_cases: int, policy: Policy) -> pa.Table:
    """Deal the first cases out to the units of the policy: what escalates also beyond the capacity."""
    listed = pc.is_in(table["lane"], pa.array([LANES[lane] for lane in MAIN_LANES]))
    main = np.flatnonzero(listed)[:most]
    which = np.full(table.num_rows, len(main))
    which[main] = np.arange(len(main))
    units = pa.array([*policy.assign_units(len(main), n_cases), ""], pa.string())
    return put(table, "unit", units.take(pa.array(which)))


def _tied_at_cut(base: Order, above: int) -> int:
    """Return how many ranked cases share the score at which the capacity ends; 0 where it splits no tie."""
    score = base.score[base.lane == RANKED]
    if not 0 < above < len(score) or score[above - 1] != score[above]:
        return 0
    return int((score == score[above]).sum())


def _tell_audit(draw: Draw | None, base: Order, curve: Calibration | None, *, hidden: bool) -> list[str]:
    if draw is None:
        return []
    score = base.score[base.lane == RANKED]
    power = measure_audit(draw, curve.probability(score) if curve else None)
    return tell_audit(draw, power, hidden=hidden)
