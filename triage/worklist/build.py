"""Build the list: put each scored case in its lane, order them, give tiers and dates."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.schema.part import known_cases
from triage.worklist.alarms import find_blanket_sources, raise_alarms
from triage.worklist.audit import draw_audit, make_lottery, measure_audit, place_audit, tell_audit
from triage.worklist.listing import WORKLIST_SCHEMA, is_unreadable, keep_deadlines, list_unreadable, pick, put
from triage.worklist.order import (
    ESCALATED,
    MAIN_LANES,
    PAUSED,
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
from triage.worklist.policy import LANES, load_policy
from triage.worklist.routing import join_routed, make_lists, name_lists
from triage.worklist.score import score_part
from triage.worklist.standing import Standing, apply_pauses
from triage.worklist.tabulate import tabulate_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from triage.intake.tokens import TokenKey
    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.scoring.bundle import Bundle
    from triage.scoring.calibration import Calibration
    from triage.scoring.model import Model
    from triage.worklist.audit.draw import Draw, Lottery
    from triage.worklist.policy import Capacity, Policy
    from triage.worklist.routing import Wishes
    from triage.worklist.score import ScoredPart

__all__ = ["WORKLIST_SCHEMA", "Worklist", "build_worklist"]

_DIGITS = 8


@dataclass(frozen=True)
class Worklist:
    """The list.

    Parameters
    ----------
    table : pyarrow.Table
        One row per case and per unreadable report, in order (columns of `WORKLIST_SCHEMA`).
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
    chances : pyarrow.Table
        ``case_id``, ``inclusion``, the probability with which this list opens the case, and ``audit``,
        whether it was drawn. For the record alone: who works down the list must not know.
    as_of : datetime
        The "now" of the list.
    policy : Policy
        By which it was made.
    synthetic : bool
        Whether no real report is behind it.
    """

    table: pa.Table
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
    chances: pa.Table = field(repr=False)
    as_of: datetime
    policy: Policy
    synthetic: bool

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
            "set_aside": self.set_aside,
            "not_yet_known": self.not_yet_known,
            "policy": self.policy.name,
            "alarms": self.alarms,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def build_worklist(
    batch: Batch,
    bundle: Bundle,
    capacity: Capacity | None = None,
    *,
    policy: Policy | None = None,
    as_of: datetime | None = None,
    key: TokenKey | None = None,
    standing: Standing | None = None,
    wishes: Wishes | None = None,
    progress: Callable[[int], None] | None = None,
) -> Worklist:
    """Rank every case of a batch.

    Parameters
    ----------
    batch : Batch
        Read part by part; the open pool (`triage.worklist.pool.open_pool`) where there is a record.
    bundle : Bundle
        The model, and its calibration if it has one that belongs to this batch.
    capacity : Capacity, optional
        How many cases can be opened; as the policy says by default.
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

    Returns
    -------
    Worklist
        Every case of the batch and every unreadable report, once.
    """
    policy = policy or load_policy()
    policy = policy.with_capacity(capacity) if capacity else policy
    now = as_of or batch.meta.as_of
    known = standing or Standing()
    gathered = _score_parts(batch, bundle.model, policy, now, progress)
    gathered.pause(known.paused)
    unreadable = [row for row in gathered.aside.to_pylist() if is_unreadable(row)]
    ties = key_draws(_tie_key(batch.meta.name, key))
    base = order_cases(gathered.scored, ties, lowered=known.lowered)
    limit = policy.capacity.of(len(base.row))
    ahead = len(unreadable) + int(np.isin(base.lane, (UNREADABLE, ESCALATED)).sum())
    lottery = make_lottery(key.secret, known.digest or batch.meta.name) if key and standing else None
    ranked = pick(gathered.cases, base.row[base.lane == RANKED])
    draw = None
    if lottery and policy.audit.share:
        draw = draw_audit(
            ranked, limit, policy.audit, lottery, tiers=policy.tiers, ahead=ahead, held=known.drawn
        )
    order = _place_drawn(base, draw, lottery)
    rank = number_lanes(order.lane, len(unreadable))
    tier = give_tiers(order, rank, limit, policy)
    order = sort_within_tiers(order, tier, [part.facts for part in gathered.scored], policy)
    same = {
        "model": bundle.model.name,
        "batch": batch.meta.name,
        "policy": policy.name,
        "fingerprints": _fingerprints(bundle, policy, batch, known),
    }
    curve, note = bundle.calibration_for(batch.meta.population)
    table = tabulate_cases(
        gathered.scored, base, order, rank, tier, curve=curve, policy=policy,
        now=now, before=len(unreadable), limit=limit, standing=known, same=same,
    )  # fmt: skip
    table = pa.concat_tables([list_unreadable(unreadable, now, policy, same), table])
    table = keep_deadlines(table, known.urgent_since, policy)
    table = _assign_units(table, max(limit, ahead), len(base.row), policy)
    lists = make_lists(
        join_routed([part.routed for part in gathered.scored]), table,
        as_of=now, referral=policy.referral, wishes=wishes, tracked=known.tracked,
    )  # fmt: skip
    named = name_lists(lists)
    table = put(table, "lists", [named.get(case, "") for case in table["case_id"].to_pylist()])
    lanes = {name: int((order.lane == lane).sum()) for lane, name in enumerate(LANES)}
    failed = lanes["unreadable"]
    lanes["unreadable"] += len(unreadable)
    banners = find_blanket_sources(
        [name for part in gathered.scored for name in part.facts.sources],
        join([part.facts.escalated for part in gathered.scored]).astype(bool),
        policy,
    )
    return Worklist(
        table=table,
        lists=lists,
        capacity=limit,
        lanes=lanes,
        tied_at_cut=_tied_at_cut(base, limit - ahead if draw is None else draw.above),
        probability_note=note,
        audit_notes=_tell_audit(draw, base, curve),
        set_aside=gathered.aside.num_rows,
        not_yet_known=gathered.not_yet_known,
        findings=gathered.findings,
        alarms=raise_alarms(
            lanes,
            limit,
            gathered.findings,
            policy,
            banners=banners,
            not_scored=failed,
            overdue=_count_overdue(table, now),
        ),
        chances=_tell_chances(table, limit, draw, ranked),
        as_of=now,
        policy=policy,
        synthetic=batch.meta.synthetic,
    )


@dataclass
class _Gathered:
    """All parts of a batch, scored."""

    scored: list[ScoredPart]
    asides: list[pa.Table]
    findings: list[Finding]
    not_yet_known: int = 0

    @property
    def aside(self) -> pa.Table:
        return pa.concat_tables(self.asides)

    @property
    def cases(self) -> list[str]:
        return [case for part in self.scored for case in part.case_id]

    def pause(self, paused: Collection[str]) -> None:
        self.scored = [
            replace(part, facts=apply_pauses(part.facts, part.case_id, paused)) for part in self.scored
        ]


def _count_overdue(table: pa.Table, now: datetime) -> int:
    return sum(due is not None and due < now for due in table["due_at"].to_pylist())


def _tie_key(batch: str, key: TokenKey | None) -> str:
    """Return what decides among equal cases; without the agency's key anybody can tell how ties fall."""
    return hashlib.blake2b(batch.encode(), key=key.secret[:64]).hexdigest()[:64] if key else batch


def _score_parts(
    batch: Batch,
    model: Model,
    policy: Policy,
    now: datetime,
    progress: Callable[[int], None] | None,
) -> _Gathered:
    gathered = _Gathered([], [batch.set_aside], [])
    for whole_part in batch.parts():
        part = known_cases(whole_part, now)
        gathered.not_yet_known += len(whole_part.cases) - len(part.cases)
        gathered.scored += score_part(part, model, now, policy)
        gathered.asides.append(part.set_aside)
        gathered.findings += part.findings
        if progress:
            progress(len(part.cases))
    return gathered


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
    main = np.flatnonzero(np.isin(table["lane"].to_pylist(), [LANES[lane] for lane in MAIN_LANES]))[:most]
    units = np.full(table.num_rows, "", dtype=object)
    units[main] = policy.assign_units(len(main), n_cases)
    return put(table, "unit", units.tolist())


def _tied_at_cut(base: Order, above: int) -> int:
    """Return how many ranked cases share the score at which the capacity ends; 0 where it splits no tie."""
    score = base.score[base.lane == RANKED]
    if not 0 < above < len(score) or score[above - 1] != score[above]:
        return 0
    return int((score == score[above]).sum())


def _tell_audit(draw: Draw | None, base: Order, curve: Calibration | None) -> list[str]:
    if draw is None:
        return []
    score = base.score[base.lane == RANKED]
    return tell_audit(draw, measure_audit(draw, curve.probability(score) if curve else None))


def _tell_chances(table: pa.Table, limit: int, draw: Draw | None, ranked: Sequence[str]) -> pa.Table:
    """Return with what probability this list chooses each case, and which hold an audit slot."""
    drawn = {ranked[place] for place in draw.slots.tolist()} if draw else set()
    chance = dict(zip(ranked, draw.probability.tolist(), strict=True)) if draw else {}
    shown = table.select(["case_id", "lane", "rank"]).to_pylist()
    ids = table["case_id"].to_pylist()
    return pa.table(
        {
            "case_id": pa.array(ids, pa.string()),
            "inclusion": pa.array([_chance(row, limit, chance) for row in shown], pa.float64()),
            "audit": pa.array([case in drawn for case in ids], pa.bool_()),
        }
    )


def _chance(row: dict[str, Any], limit: int, chance: dict[str, float]) -> float:
    if row["lane"] == LANES[RANKED]:
        return chance.get(row["case_id"], float(row["rank"] <= limit))
    return float(row["lane"] != LANES[PAUSED])


def _fingerprints(bundle: Bundle, policy: Policy, batch: Batch, known: Standing) -> str:
    """Return the first digits of the hashes of what the list was made with: what differs, differs here."""
    curve = bundle.calibration.as_dict() if bundle.calibration else None
    model = json.dumps([bundle.model.as_dict(), curve], sort_keys=True, default=str)
    # Where the parts of a batch end says nothing of what is in it.
    told = json.dumps({**asdict(batch.meta), "parts": 0}, sort_keys=True, default=str)
    prints = {
        "model": hashlib.sha256(model.encode()).hexdigest(),
        "policy": policy.digest,
        "batch": known.digest or hashlib.sha256(told.encode()).hexdigest(),
    }
    return " ".join(f"{name}:{digest[:_DIGITS]}" for name, digest in prints.items())
