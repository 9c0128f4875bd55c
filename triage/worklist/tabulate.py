"""The rows of the list: what is shown of each case, made some thousands at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import choose_texts, look_up, say_each
from triage.worklist.checks import choose_checks
from triage.worklist.listing import WORKLIST_SCHEMA, instants, keep_deadlines, real, to_table, whole
from triage.worklist.missing import tell_missing
from triage.worklist.order import MAIN_LANES, RANKED, YOUTH, give_due
from triage.worklist.policy import LANES
from triage.worklist.reasons import without_points
from triage.worklist.routing import say_lists
from triage.worklist.score import checks_of, missing_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.scoring.calibration import Calibration
    from triage.worklist.checks import Cut
    from triage.worklist.missing import Ladder
    from triage.worklist.order import Order
    from triage.worklist.policy import Policy
    from triage.worklist.shelf import Shelf
    from triage.worklist.standing import Standing

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]
    Mask = NDArray[np.bool_]

# So many rows of the list are in memory at once.
AT_ONCE = 16_384
_WELFARE = "a child to protect"


@dataclass(frozen=True)
class Listing:
    """A list whose rows are made when they are asked for.

    Parameters
    ----------
    cases : Shelf
        What was told of each case when it was scored (`triage.worklist.score.ScoredPart.cases`).
    unreadable : pyarrow.Table
        The first rows of the list: reports that could not be read.
    base : Order
        By the score alone; ties, and the ranks under other answers, are told of it.
    place : array of int, shape (n_cases,), or None
        Which place of `base` stands at each place of the list; None where all stay.
    offset : array of int, shape (n_lanes,)
        What to add to a place to get the rank (`triage.worklist.order.offset_lanes`).
    tier : array of int, shape (n_cases,)
        In the order of the list.
    hidden : array of bool, shape (n_cases,)
        In the order of the list: nothing is told of these cases that would betray their place by the score
        (`triage.worklist.audit.hide_places`).
    ladder : Ladder
        Of `base`.
    cut : Cut or None
        Of `base`.
    questions : list of int
        The register checks that the model has a use for.
    known : array of float, shape (3, n_checks)
        What is known of their answers (`triage.worklist.score.ScoredPart`).
    on_lists : array of uint8, shape (n_cases,)
        In the order in which the cases were scored: the lists beside it (`triage.worklist.routing`).
    units : list of str
        The unit of each of the first places of the main list.
    curve : Calibration or None
        The one that belongs to these cases, if there is any.
    policy : Policy
        Its deadlines and words.
    now : datetime
        When the list is made.
    batch : str
        The name of the batch.
    standing : Standing
        What the record knows of cases.
    same : dict of str to str
        Columns with the same value on every row.
    """

    cases: Shelf
    unreadable: pa.Table
    base: Order
    place: Ints | None
    offset: Ints
    tier: Ints
    hidden: Mask
    ladder: Ladder
    cut: Cut | None
    questions: list[int]
    known: Floats
    on_lists: NDArray[np.uint8]
    units: list[str]
    curve: Calibration | None
    policy: Policy
    now: datetime
    batch: str
    standing: Standing
    same: dict[str, str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.unreadable.num_rows) + len(self.tier)

    def blocks(self, at_once: int = AT_ONCE) -> Iterator[pa.Table]:
        """Yield all rows in the order of the list, at least one table of them."""
        for start in range(0, max(len(self), 1), at_once):
            yield self.rows(start, start + at_once)

    def rows(self, start: int, stop: int) -> pa.Table:
        """Return some rows of the list (columns of `WORKLIST_SCHEMA`).

        Parameters
        ----------
        start, stop : int
            From the first row, 0, to the one after the last.
        """
        before = self.unreadable.num_rows
        told = [self.unreadable.slice(start, max(min(stop, before) - start, 0))] if start < before else []
        cases = np.arange(max(start - before, 0), max(min(stop - before, len(self.tier)), 0))
        if len(cases):
            told.append(self._tabulate(cases))
        return pa.concat_tables([WORKLIST_SCHEMA.empty_table(), *told]).combine_chunks()

    def places(self, listed: Ints) -> Ints:
        """Return the places in `base` of the cases at some places of the list."""
        return listed if self.place is None else self.place[listed]

    def name_cases(self, listed: Ints) -> pa.Array:
        """Return the ids of the cases at some places of the list."""
        return self._name(self.base.row[self.places(listed)])

    def name_by_score(self, lane: int) -> pa.Array:
        """Return the ids of the cases of a lane, by the score alone."""
        return self._name(self.base.row[self.base.lane == lane])

    def tell_listed(self) -> pa.Table:
        """Return the cases that stand on a list beside it, in order: id, lane, tier and when they came."""
        row = self.base.row[self.places(np.arange(len(self.tier)))]
        listed = np.flatnonzero(self.on_lists[row])
        told = self.cases.take(row[listed], ["case_id", "received"])
        received = np.asarray(told["received"])
        return pa.table(
            {
                "case_id": told["case_id"],
                "lane": pa.array(LANES).take(pa.array(self.base.lane[self.places(listed)])),
                "tier": self.tier[listed],
                "received_at": instants(received, ~np.isnan(received)),
            }
        )

    def _name(self, rows: Ints) -> pa.Array:
        return self.cases.take(rows, ["case_id"])["case_id"].combine_chunks()

    def _tabulate(self, listed: Ints) -> pa.Table:
        """Return the rows of cases at some places of the list, without the unreadable ones before them."""
        at = self.places(listed)
        base = self.base.at(at)
        told = self.cases.take(base.row)
        cases = told["case_id"].combine_chunks()
        rank, tier, hidden = listed + self.offset[base.lane], self.tier[listed], self.hidden[listed]
        # No score is shown for a child.
        score = np.where((base.lane == YOUTH) | hidden, np.nan, base.score)
        probability, low, high = self._probabilities(score)
        received, until, days_left, known = (
            np.asarray(told[name]) for name in ("received", "preserve_until", "evidence_days", "completeness")
        )
        due = give_due(tier, self.now, self.policy, until)
        # Fewer rows below the cut than have that score by the count: one of them was drawn.
        counts_drawn = self.hidden.any() & (base.lane == RANKED)
        table = to_table(
            {
                "rank": rank,
                "lane": pa.array(LANES).take(pa.array(base.lane)),
                "tier": whole(tier, tier > 0),
                "case_id": cases,
                "score": real(score),
                "probability": real(probability),
                "probability_low": real(low),
                "probability_high": real(high),
                "due_at": instants(due, due > 0),
                "received_at": instants(received, ~np.isnan(received)),
                "waiting_hours": real(np.round((self.now.timestamp() - received) / 3600, 1)),
                **{name: told[name].combine_chunks() for name in ("sources", "country", "solvability")},
                "reports": told["reports"].combine_chunks(),
                # The more is known of a case, the more there is to raise its score.
                "completeness": real(np.where(hidden, np.nan, np.round(known, 2))),
                "reasons": _say_reasons(told["reasons"].combine_chunks(), base, hidden),
                "missing": tell_missing(missing_of(told), self.ladder, at, hidden),
                # Which check is worth most depends on the side of the cut on which the case stands.
                "check": pc.if_else(pa.array(hidden), None, self._choose_checks(told, base, at)),
                "tied": whole(self.ladder.count_tied(at), ~counts_drawn),
                "batch": look_up(cases, self.standing.batches, self.batch),
                "unit": self._find_units(base, rank),
                "imminence": say_each(self.policy.say, told["rule"].combine_chunks()),
                "preserve_until": instants(until, ~np.isnan(until)),
                "evidence_days": real(np.round(days_left, 1)),
                "lists": say_lists(self.on_lists[base.row]),
                "aliases": self.standing.names_before(cases),
                **{name: pa.repeat(value, len(cases)) for name, value in self.same.items()},
            }
        )
        return keep_deadlines(table, self.standing.due_since, self.policy)

    def _probabilities(self, score: Floats) -> Floats:
        """Return the probability and both ends of its band, shape (3, n); NaN without a score."""
        found, shown = np.full((3, len(score)), np.nan), ~np.isnan(score)
        if self.curve and shown.any():
            # A calibration by levels would take what is no number for the highest score of all.
            found[:, shown] = self.curve.probability(score[shown]), *self.curve.band(score[shown])
        return found

    def _choose_checks(self, told: pa.Table, base: Order, at: Ints) -> pa.Array:
        value = self.curve.probability if self.curve else None
        checks = checks_of(told, self.questions, self.known)
        return choose_checks(checks, base.lane, at, cut=self.cut, policy=self.policy, value=value)

    def _find_units(self, base: Order, rank: Ints) -> pa.Array:
        """Return to which unit each case is dealt; an empty text beyond the last place that is dealt."""
        dealt = np.isin(base.lane, MAIN_LANES) & (rank <= len(self.units))
        which = np.where(dealt, rank - 1, len(self.units))
        return pa.array([*self.units, ""], pa.string()).take(pa.array(which))


def _say_reasons(reasons: pa.Array, order: Order, hidden: Mask) -> pa.Array:
    youth = choose_texts(order.imminence >= 0, f"{_WELFARE}, urgent", _WELFARE)
    reasons = choose_texts(order.lane == YOUTH, youth, reasons)
    if not hidden.any():
        return reasons
    bare = say_each(without_points, reasons.filter(pa.array(hidden)))
    return pc.replace_with_mask(reasons, pa.array(hidden), bare)
