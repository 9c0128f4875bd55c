"""All parts of a batch, scored one by one, and what came with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from triage.features.telling.texts import join_texts
from triage.schema.part import known_cases
from triage.worklist.alarms import find_floods
from triage.worklist.score import score_part
from triage.worklist.standing import apply_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worklist.score import ScoredPart


@dataclass
class Gathered:
    """The scored parts of a batch, rows set aside, findings, floods, and how many were not known yet."""

    scored: list[ScoredPart]
    asides: list[pa.Table]
    findings: list[Finding]
    floods: list[str] = field(default_factory=list)
    not_yet_known: int = 0

    @property
    def aside(self) -> pa.Table:
        """All rows set aside."""
        return pa.concat_tables(self.asides)

    @property
    def cases(self) -> pa.Array:
        """Ids of the cases, in the order in which they were scored."""
        return join_texts([part.case_id for part in self.scored])

    def pause(self, paused: Collection[str]) -> None:
        """Pause cases that a person paused."""
        self.scored = [
            replace(part, facts=apply_pauses(part.facts, part.case_id, paused)) for part in self.scored
        ]


def score_parts(
    batch: Batch,
    model: Model,
    policy: Policy,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Gathered:
    """Score the parts of a batch.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    model : Model
        The model.
    policy : Policy
        Its rules say what escalates.
    now : datetime
        Only what was known by then counts.
    progress : callable, optional
        Called with the number of cases after each part.
    """
    gathered = Gathered([], [batch.set_aside], [])
    for whole_part in batch.parts():
        part = known_cases(whole_part, now)
        gathered.not_yet_known += len(whole_part.cases) - len(part.cases)
        gathered.scored += score_part(part, model, now, policy)
        gathered.asides.append(part.set_aside)
        gathered.findings += part.findings
        gathered.floods += find_floods(part, policy)
        if progress:
            progress(len(part.cases))
    return gathered
