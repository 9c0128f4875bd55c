"""All parts of a batch, scored one by one or many at once, and what came with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from triage.errors import InputRefusedError
from triage.features.telling.texts import join_texts
from triage.schema.batch import read_case_ids
from triage.schema.part import known_cases, no_set_aside
from triage.worklist.alarms import find_floods
from triage.worklist.score import leave_unread, score_part
from triage.worklist.spreading import count_jobs, open_processes, open_scheduler, spread
from triage.worklist.standing import apply_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.schema.part import Part
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worklist.resuming import Finished
    from triage.worklist.score import ScoredPart

_LOST = "what scored its part of the batch was ended"


@dataclass(frozen=True)
class PartScored:
    """All that the list needs of one part of a batch.

    Parameters
    ----------
    scored : list of ScoredPart
        One, as a rule; more where the scoring of a case failed.
    aside : pyarrow.Table
        Rows set aside.
    findings : list of Finding
        What the check found.
    alarms : list of str
        What the person in charge must know first.
    not_yet_known : int
        Cases that were not known yet at the as-of time.
    """

    scored: list[ScoredPart]
    aside: pa.Table
    findings: list[Finding]
    alarms: list[str]
    not_yet_known: int

    def __len__(self) -> int:
        """Return the number of cases that were scored."""
        return sum(len(piece.case_id) for piece in self.scored)


@dataclass
class Gathered:
    """The scored parts of a batch, rows set aside, findings, alarms, and how many were not known yet.

    `lost` counts the cases of each part that nobody could score.
    """

    scored: list[ScoredPart]
    asides: list[pa.Table]
    findings: list[Finding]
    alarms: list[str] = field(default_factory=list)
    not_yet_known: int = 0
    lost: dict[int, int] = field(default_factory=dict)

    @property
    def aside(self) -> pa.Table:
        """All rows set aside."""
        return pa.concat_tables(self.asides)

    @property
    def cases(self) -> pa.Array:
        """Ids of the cases, in the order in which they were scored."""
        return join_texts([part.case_id for part in self.scored])

    def add(self, part: PartScored) -> None:
        """Add a part."""
        self.scored += part.scored
        self.asides.append(part.aside)
        self.findings += part.findings
        self.alarms += part.alarms
        self.not_yet_known += part.not_yet_known

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
    *,
    jobs: int = 1,
    scheduler: str = "",
    resume: Finished | None = None,
) -> Gathered:
    """Score the parts of a batch; what comes of it does not depend on who scores them.

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
    jobs : int
        Processes, as joblib counts them: -1 is one for each processor. A batch in memory, and a single part,
        are scored in this process.
    scheduler : str
        Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``. Its workers score the parts; they read
        the batch under the same path.
    resume : Finished, optional
        Keeps each finished part, and gives back those that an earlier run left.

    Raises
    ------
    InputRefusedError
        `scheduler` or `resume` is given with a batch in memory, no scheduler answers, or a part cannot be
        read.
    """
    if batch.folder is None and (scheduler or resume):
        raise InputRefusedError(
            "a batch in memory (the open pool, or a folder of CSV files)",
            where=batch.meta.name,
            expected="a batch folder with --scheduler and with --resume",
            mend="leave out that option, or make a batch folder with triage import",
        )
    score = partial(score_one, batch.read_part, model, policy, now)
    prints = resume.take_prints(batch, model, policy, now) if resume else []
    parts: dict[int, PartScored] = {}
    lost: dict[int, int] = {}
    for index, found in enumerate(prints):
        kept = resume.find(index, found) if resume else None
        if kept:
            parts[index] = kept
    left = [index for index in range(batch.meta.parts) if index not in parts]
    for index, part in _score_left(score, left, batch.folder, count_jobs(jobs), scheduler):
        if part is None:
            parts[index] = _read_ids(batch, index, model)
            lost[index] = len(parts[index])
        else:
            parts[index] = part
            if resume:
                resume.keep(index, prints[index], part)
        if progress:
            progress(len(parts[index]))
    gathered = Gathered([], [batch.set_aside], [], lost=dict(sorted(lost.items())))
    for index in range(batch.meta.parts):
        gathered.add(parts.pop(index))
    return gathered


def score_one(
    read_part: Callable[[int], Part], model: Model, policy: Policy, now: datetime, index: int
) -> PartScored:
    """Read one part of a batch and score it: a pure function that can be sent elsewhere.

    Parameters
    ----------
    read_part : callable
        Of a batch: index of a part -> the part.
    model, policy, now
        As of `score_parts`.
    index : int
        Of the part.
    """
    whole = read_part(index)
    part = known_cases(whole, now)
    return PartScored(
        scored=list(score_part(part, model, now, policy)),
        aside=part.set_aside,
        findings=part.findings,
        alarms=find_floods(part, policy),
        not_yet_known=len(whole.cases) - len(part.cases),
    )


def _score_left(
    score: Callable[[int], PartScored], left: Sequence[int], folder: Path | None, jobs: int, scheduler: str
) -> Iterator[tuple[int, PartScored | None]]:
    """Score parts by whoever there is, in any order; nothing comes of one that ends who scores it."""
    if scheduler and left:
        with open_scheduler(scheduler) as others:
            yield from spread(score, left, others)
    elif folder is not None and min(jobs, len(left)) > 1:
        with open_processes(min(jobs, len(left))) as others:
            yield from spread(score, left, others)
    else:
        for index in left:
            yield index, score(index)


def _read_ids(batch: Batch, index: int, model: Model) -> PartScored:
    """Return the cases of a part that nobody could score: on top, for a person to look at."""
    assert batch.folder is not None  # noqa: S101 - who scores in this process loses no part
    cases = read_case_ids(batch.folder, index)
    one = len(cases) == 1
    alarm = (
        f"part {index + 1:,} of {batch.meta.parts:,} of the batch ended what scored it, alone as well:"
        f" {'its 1 case stands' if one else f'its {len(cases):,} cases stand'} on top, unscored, and of"
        f" {'it' if one else 'them'} only the id was read; score again with more memory for each process"
    )
    return PartScored([leave_unread(cases, model, _LOST)], no_set_aside(), [], [alarm], 0)
