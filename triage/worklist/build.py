"""Build the list: put each scored case in its lane, order them, give tiers and dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.schema.findings import Level
from triage.schema.part import Why, known_cases
from triage.worklist.order import (
    ESCALATED,
    MAIN_LANES,
    RANKED,
    UNREADABLE,
    YOUTH,
    Order,
    count_ties,
    give_tiers,
    join,
    number_lanes,
    order_cases,
    place_of,
)
from triage.worklist.policy import LANES, TIERS, Capacity, days_of
from triage.worklist.reasons import Missing, tell_missing
from triage.worklist.score import ScoredPart, score_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.scoring.bundle import Bundle

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_WELFARE = "a child to protect"
# A value lost here can cost a child its place; the person in charge must hear of it first.
DECIDES = frozenset({"escalated_by_reporter", "report_annotations", "crisis_code", "received_at"})

WORKLIST_SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("lane", pa.string()),
        ("tier", pa.int64()),
        ("case_id", pa.string()),
        ("score", pa.float64()),
        ("probability", pa.float64()),
        ("probability_low", pa.float64()),
        ("probability_high", pa.float64()),
        ("due_at", pa.timestamp("s", tz="UTC")),
        ("received_at", pa.timestamp("s", tz="UTC")),
        ("waiting_hours", pa.float64()),
        ("reports", pa.int64()),
        ("sources", pa.string()),
        ("country", pa.string()),
        ("solvability", pa.string()),
        ("completeness", pa.float64()),
        ("reasons", pa.string()),
        ("missing", pa.string()),
        ("tied", pa.int64()),
        ("model", pa.string()),
        ("batch", pa.string()),
    ]
)


@dataclass(frozen=True)
class Worklist:
    """The list.

    Parameters
    ----------
    table : pyarrow.Table
        One row per case and per unreadable report, in order (columns of `WORKLIST_SCHEMA`).
    capacity : int
        Cases that can be opened.
    lanes : dict of str to int
        Cases a lane.
    tied_at_cut : int
        Cases that share the score at which the capacity ends; 0 where the end splits no tie.
    probability_note : str
        What the probabilities are a share of, or why there are none.
    set_aside : int
        Rows set aside, of all tables.
    not_yet_known : int
        Cases of the batch of which no report was known at the as-of time; they are not on the list.
    findings : list of Finding
        What the check of the batch found.
    alarms : list of str
        What the person in charge must know first.
    """

    table: pa.Table
    capacity: int
    lanes: dict[str, int]
    tied_at_cut: int
    probability_note: str
    set_aside: int
    not_yet_known: int
    findings: list[Finding]
    alarms: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return what is said of the list, for machines."""
        return {
            "rows": self.table.num_rows,
            "capacity": self.capacity,
            "lanes": self.lanes,
            "tied_at_cut": self.tied_at_cut,
            "probabilities": self.probability_note,
            "set_aside": self.set_aside,
            "not_yet_known": self.not_yet_known,
            "alarms": self.alarms,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def build_worklist(
    batch: Batch,
    bundle: Bundle,
    capacity: Capacity,
    *,
    as_of: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Worklist:
    """Rank every case of a batch.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    bundle : Bundle
        The model, and its calibration if it has one that belongs to this batch.
    capacity : Capacity
        How many cases can be opened.
    as_of : datetime, optional
        "Now"; the instant at which the batch was complete by default.
    progress : callable, optional
        Called with the number of cases after each part.

    Returns
    -------
    Worklist
        Every case of the batch and every unreadable report, once.
    """
    now = as_of or batch.meta.as_of
    scored: list[ScoredPart] = []
    asides, findings = [batch.set_aside], []
    not_yet = 0
    for whole in batch.parts():
        part = known_cases(whole, now)
        not_yet += len(whole.cases) - len(part.cases)
        scored.append(score_part(part, bundle.model, now))
        asides.append(part.set_aside)
        findings += part.findings
        if progress:
            progress(len(part.cases))
    aside = pa.concat_tables(asides)
    unreadable = [
        row for row in aside.to_pylist() if row["table"] == "reports" and row["why"] == Why.UNREADABLE.value
    ]
    order = order_cases(scored, batch.meta.name)
    limit = capacity.of(len(order.row))
    _, note = bundle.calibration_for(batch.meta.population)
    table = _tabulate(scored, order, unreadable=unreadable, limit=limit, now=now, bundle=bundle, batch=batch)
    lanes = {name: int((order.lane == lane).sum()) for lane, name in enumerate(LANES)}
    lanes["unreadable"] = len(unreadable)
    return Worklist(
        table=table,
        capacity=limit,
        lanes=lanes,
        tied_at_cut=_tied_at_cut(table, limit),
        probability_note=note,
        set_aside=aside.num_rows,
        not_yet_known=not_yet,
        findings=findings,
        alarms=_alarms(lanes, limit, findings),
    )


def _tabulate(
    scored: list[ScoredPart],
    order: Order,
    *,
    unreadable: list[dict[str, Any]],
    limit: int,
    now: datetime,
    bundle: Bundle,
    batch: Batch,
) -> pa.Table:
    rank = number_lanes(order.lane, len(unreadable))
    tier = give_tiers(order, rank, limit)
    suspect = order.lane != YOUTH  # no score is shown for a child
    score = np.where(suspect, order.score, np.nan)
    probability, low, high = _probabilities(bundle, score, batch.meta.population)
    due = np.array(
        [int((now + timedelta(days=days_of(t))).timestamp()) if t in range(1, 5) else -1 for t in tier]
    )
    facts = {
        name: [value for part in scored for value in getattr(part.facts, name)]
        for name in ("sources", "country", "solvability", "reports")
    }
    columns = {
        "rank": rank,
        "lane": [LANES[lane] for lane in order.lane],
        "tier": _whole(tier, tier > 0),
        "case_id": _pick([case for part in scored for case in part.case_id], order.row),
        "score": _real(score),
        "probability": _real(probability),
        "probability_low": _real(low),
        "probability_high": _real(high),
        "due_at": _whole(due, due > 0).cast(WORKLIST_SCHEMA.field("due_at").type),
        "received_at": _whole(order.received, ~np.isnan(order.received)).cast(
            WORKLIST_SCHEMA.field("received_at").type
        ),
        "waiting_hours": _real(np.round((now.timestamp() - order.received) / 3600, 1)),
        **{name: _pick(values, order.row) for name, values in facts.items()},
        "completeness": _real(np.round(join([part.completeness for part in scored])[order.row], 2)),
        "reasons": _reasons(scored, order),
        "missing": _missing(scored, order, bundle, len(unreadable)),
        "tied": count_ties(order),
        "model": [bundle.model.name] * len(rank),
        "batch": [batch.meta.name] * len(rank),
    }
    arrays = [
        pa.array(columns[name]).cast(kind.type)
        for name, kind in zip(WORKLIST_SCHEMA.names, WORKLIST_SCHEMA, strict=True)
    ]
    listed = pa.Table.from_arrays(arrays, schema=WORKLIST_SCHEMA)
    return pa.concat_tables([_unreadable_rows(unreadable, now, batch.meta.name), listed])


def _probabilities(bundle: Bundle, score: Floats, population: str) -> tuple[Floats, Floats, Floats]:
    curve, _ = bundle.calibration_for(population)
    if curve is None:
        nothing = np.full(len(score), np.nan)
        return nothing, nothing, nothing
    return curve.probability(score), *curve.band(score)


def _reasons(scored: list[ScoredPart], order: Order) -> list[str]:
    reasons = _pick([reason for part in scored for reason in part.reasons], order.row)
    return [
        (f"{_WELFARE}, urgent" if urgent >= 0 else _WELFARE) if lane == YOUTH else reason
        for reason, lane, urgent in zip(reasons, order.lane.tolist(), order.imminence.tolist(), strict=True)
    ]


def _missing(scored: list[ScoredPart], order: Order, bundle: Bundle, before: int) -> list[str]:
    """Tell what is missing; for ranked cases, with the ranks that the answers would give."""
    model = bundle.model
    if not scored:
        return []
    whole = Missing(
        *(np.concatenate([getattr(part.missing, f) for part in scored])[order.row] for f in _PARTS_OF_MISSING)
    )
    ranked = order.lane == RANKED
    ahead = before + int((order.lane == ESCALATED).sum())

    def ranks(score: Floats) -> Ints:
        return ahead + place_of(score, order)

    told = np.full(len(ranked), "", dtype=object)
    told[ranked] = tell_missing(model, _some(whole, ranked), ranks)
    others = ~ranked & (order.lane != YOUTH)
    told[others] = tell_missing(model, _some(whole, others), None)
    return list(told)


_PARTS_OF_MISSING = ("feature", "if_no", "if_yes")


def _some(missing: Missing, mask: NDArray[np.bool_]) -> Missing:
    return Missing(*(getattr(missing, name)[mask] for name in _PARTS_OF_MISSING))


def _tied_at_cut(table: pa.Table, limit: int) -> int:
    """Return how many ranked cases share the score at which the capacity ends; 0 where it splits no tie."""
    main = table.filter(pa.array(np.isin(table["lane"].to_pylist(), [LANES[lane] for lane in MAIN_LANES])))
    if not 0 < limit < main.num_rows:
        return 0
    inside, outside = (main.slice(place, 1).to_pylist()[0] for place in (limit - 1, limit))
    split = inside["lane"] == outside["lane"] == LANES[RANKED] and inside["score"] == outside["score"]
    return int(inside["tied"]) if split else 0


def _alarms(lanes: dict[str, int], limit: int, findings: list[Finding]) -> list[str]:
    alarms = []
    urgent = lanes["unreadable"] + lanes["escalated"]
    at_pace = max(limit * TIERS[0].days // TIERS[-1].days, 1)
    if urgent > limit:
        alarms.append(
            f"{urgent:,} cases are unreadable or escalated, and only {limit:,} can be opened: ask for help"
        )
    elif urgent > at_pace:
        alarms.append(
            f"{urgent:,} cases are unreadable or escalated and due within 24 hours, where an even pace opens"
            f" {at_pace:,}: start with them"
        )
    lost = sorted(
        {
            name
            for finding in findings
            for name in finding.column.split(", ")
            if name in DECIDES and _loses(finding)
        }
    )
    if lost:
        alarms.append(
            f"{', '.join(lost)}: values are missing or cannot be read that decide on escalation or waiting:"
            " triage check says where"
        )
    if not any(lanes.values()):
        alarms.append("no case in this batch")
    return alarms


def _loses(finding: Finding) -> bool:
    return finding.level in {Level.FIELD, Level.COLUMN}


def _unreadable_rows(rows: list[dict[str, Any]], now: datetime, batch: str) -> pa.Table:
    listed = [
        {
            "rank": place,
            "lane": LANES[UNREADABLE],
            "tier": 1,
            "case_id": row["report_id"] or _name_of(row),
            "due_at": now + timedelta(days=days_of(1)),
            "reports": 1,
            "reasons": f"{row['where']}, row {row['row']}: {row['reason']}",
            "missing": row["mend"],
            "tied": 1,
            "batch": batch,
        }
        for place, row in enumerate(rows, start=1)
    ]
    return pa.Table.from_pylist(listed, schema=WORKLIST_SCHEMA)


def _name_of(row: dict[str, Any]) -> str:
    """Name what has no report token: a document by its own, a row by its place."""
    where = str(row["where"])
    return where if where.startswith("file:") else f"{where}:{row['row']}"


def _pick(values: list[Any], row: Ints) -> list[Any]:
    return [values[index] for index in row.tolist()]


def _real(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _whole(values: NDArray[Any], known: NDArray[np.bool_]) -> pa.Array:
    return pa.array(np.where(known, values, 0).astype(np.int64), mask=~known)
