"""The list: its rows, the lists beside it, and what is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.worklist.audit import no_draw, tell_chances
from triage.worklist.order import RANKED
from triage.worklist.routing import make_lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import pandas as pd

    from triage.schema.findings import Finding
    from triage.worklist.audit.draw import Draw
    from triage.worklist.policy import Policy
    from triage.worklist.routing import Routed, Wishes
    from triage.worklist.tabulate import Listing


@dataclass(frozen=True)
class Worklist:
    """The list.

    Its rows lie outside of memory and are made when they are asked for: `blocks` yields them some thousands
    at a time, and `table`, `lists` and `chances` hold them all.

    Parameters
    ----------
    batch : str
        The name of the batch that it was made with.
    capacity : int
        Cases that can be opened.
    lanes : dict of str to int
        Cases a lane.
    listed : dict of str to int
        How many rows the lists beside it have.
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
    as_of : datetime
        The "now" of the list.
    policy : Policy
        By which it was made.
    synthetic : bool
        Whether no real report is behind it.
    lost_parts : frozenset of int
        Parts of the batch whose scoring ends the process: their cases stand on top, unread.

    Other Parameters
    ----------------
    listing : Listing
        Makes the rows.
    draw : Draw or None
        The audit slots, where any could be drawn.
    read_routed : callable
        Returns what the lists beside it are made of.
    wishes : Wishes or None
        The register of victims' wishes.
    """

    listing: Listing = field(repr=False)
    batch: str
    capacity: int
    lanes: dict[str, int]
    listed: dict[str, int]
    tied_at_cut: int
    probability_note: str
    audit_notes: list[str]
    set_aside: int
    not_yet_known: int
    findings: list[Finding]
    alarms: list[str]
    as_of: datetime
    policy: Policy
    synthetic: bool
    lost_parts: frozenset[int] = frozenset()
    draw: Draw | None = field(default=None, repr=False)
    read_routed: Callable[[], Routed] = field(kw_only=True, repr=False)
    wishes: Wishes | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of rows: one a case, and one a document that could not be read."""
        return len(self.listing)

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.listing.same["model"]

    @property
    def fingerprints(self) -> str:
        """The first letters of the hashes of model, policy and batch, and the capacity."""
        return self.listing.same["fingerprints"]

    @cached_property
    def table(self) -> pa.Table:
        """All rows in order (columns of `triage.worklist.listing.WORKLIST_SCHEMA`), as they may be shown."""
        return pa.concat_tables(self.listing.blocks()).combine_chunks()

    def blocks(self) -> Iterator[pa.Table]:
        """Yield the rows of `table` in order, some thousands at a time; one table without rows if none."""
        yield from [self.table] if "table" in self.__dict__ else self.listing.blocks()

    def rows(self, start: int, stop: int) -> pa.Table:
        """Return some rows of `table`, from the first, 0, to the one after the last."""
        whole = self.__dict__.get("table")
        return self.listing.rows(start, stop) if whole is None else whole.slice(start, max(stop - start, 0))

    @cached_property
    def lists(self) -> dict[str, pa.Table]:
        """The lists beside it, on which its cases also stand: who else must hear of them."""
        return make_lists(
            self.read_routed(),
            self.listing.tell_listed(),
            as_of=self.as_of,
            referral=self.policy.referral,
            wishes=self.wishes,
            tracked=self.listing.standing.tracked,
            notified=self.listing.standing.notified,
        )

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Cases of which nothing is shown that betrays their place (`hide_scores` of the policy)."""
        return frozenset(self._hidden_scores)

    @cached_property
    def _hidden_scores(self) -> dict[str, float]:
        listing, place = self.listing, np.flatnonzero(self.listing.hidden)
        cases = listing.name_cases(place).to_pylist()
        return dict(zip(cases, listing.base.score[listing.places(place)].tolist(), strict=True))

    @cached_property
    def chances(self) -> pa.Table:
        """What the list chose each case by; for the record alone, as who works down the list must not know.

        ``case_id``, ``inclusion``, the probability with which this list opens the case, ``audit``, whether
        it was drawn, ``score``, that of hidden cases too, ``hidden``, and ``place`` among the ranked ones by
        the order alone.
        """
        ranked = self.listing.name_by_score(RANKED)
        return tell_chances(self.table, self.capacity, self.draw, ranked, self._hidden_scores)

    @cached_property
    def lottery(self) -> dict[str, Any]:
        """What `Draw.describe` says of the audit slots, for the record."""
        score = self.listing.base.score[self.listing.base.lane == RANKED]
        ahead = self.lanes["unreadable"] + self.lanes["escalated"]
        return (self.draw or no_draw(len(score), self.capacity - ahead)).describe(score)

    def count_overdue(self) -> dict[str, int]:
        """Count the cases whose deadline has passed, by lane in the order of the list."""
        # Deadlines that are given now lie ahead; only the record keeps older ones.
        if not self.listing.standing.due_since:
            return {}
        passed = pc.less(self.table["due_at"], pa.scalar(self.as_of, self.table["due_at"].type))
        return dict(Counter(self.table["lane"].filter(passed).to_pylist()))

    def to_frame(self) -> pd.DataFrame:
        """Return the list as a frame: one row a case, in order, with the columns of `WORKLIST_SCHEMA`."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def __repr__(self) -> str:
        """Return what is said of the list, in a few lines."""
        lanes = ", ".join(f"{name} {count:,}" for name, count in self.lanes.items() if count)
        lines = [
            f"Worklist of {self.batch}, as of {self.as_of:%Y-%m-%d %H:%M} UTC",
            f"  {len(self):,} rows ({lanes}); {self.capacity:,} can be opened",
            f"  probability: {self.probability_note}",
            *(f"  alarm: {alarm}" for alarm in self.alarms),
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return what is said of the list, for machines."""
        return {
            "rows": len(self),
            "capacity": self.capacity,
            "lanes": self.lanes,
            "lists": self.listed,
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
