"""All parts of a batch, scored one by one or many at once, and what came with them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.features.telling.texts import is_among
from triage.schema.batch import read_case_ids
from triage.schema.part import known_cases, no_set_aside
from triage.worklist.alarms import count_sources, find_floods
from triage.worklist.facts import NOTHING_ESCALATES
from triage.worklist.heap import give_back, keep_freed
from triage.worklist.order import PAUSED, RANKED, Ranking
from triage.worklist.routing import LISTS, ROUTES, Routed, find_lists
from triage.worklist.score import leave_unread, score_part
from triage.worklist.shelf import Shelf, pack_table, unpack_table
from triage.worklist.spreading import count_jobs, open_processes, open_scheduler, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.schema.findings import Finding
    from triage.schema.part import Part
    from triage.schema.places import Place
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy
    from triage.worklist.resuming import Finished
    from triage.worklist.routing import Told, Wishes
    from triage.worklist.score import ScoredPart

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]

_ORDERED = {"lane": np.int8, "imminence": np.int8, "score": np.float64, "received": np.float64}
_LOST = "what scored its part of the batch was ended"


@dataclass(frozen=True)
class PartScored:
    """All that the list needs of one part of a batch, packed small.

    Parameters
    ----------
    told : pyarrow.Buffer
        `triage.worklist.score.ScoredPart.cases` as an Arrow file.
    lane, imminence : array of int8, shape (n_cases,)
        What the order is made of, in the order of `told`.
    score, received : array of float, shape (n_cases,)
        The same.
    known : array of float, shape (3, n_checks)
        As in `ScoredPart`.
    routed : dict of str to pyarrow.Table
        What other lists say of its cases, by `ROUTES`.
    sources : dict of str to (int, int)
        Of each set of sources, its cases and how many of them are escalated.
    aside : pyarrow.Table
        Rows set aside.
    findings : list of Finding
        What the check found.
    alarms : list of str
        What the person in charge must know first.
    not_yet_known : int
        Cases that were not known yet at the as-of time.
    """

    told: pa.Buffer
    lane: NDArray[np.int8]
    imminence: NDArray[np.int8]
    score: Floats
    received: Floats
    known: Floats
    routed: dict[str, pa.Table]
    sources: dict[str, tuple[int, int]]
    aside: pa.Table
    findings: list[Finding]
    alarms: list[str]
    not_yet_known: int

    def __len__(self) -> int:
        """Return the number of cases that were scored."""
        return len(self.score)


def pack_part(
    scored: ScoredPart, aside: pa.Table, findings: list[Finding], alarms: list[str], not_yet_known: int
) -> PartScored:
    """Pack what came of a part."""
    cases = scored.cases
    columns = {name: np.asarray(cases[name]) for name in ("lane", "imminence", "score", "received")}
    return PartScored(
        told=pack_table(cases),
        **columns,
        known=scored.known,
        routed={name: getattr(scored.routed, name) for name in ROUTES},
        sources=count_sources(cases["sources"].combine_chunks(), columns["imminence"] > NOTHING_ESCALATES),
        aside=aside,
        findings=findings,
        alarms=alarms,
        not_yet_known=not_yet_known,
    )


class Gathered:
    """The scored parts of a batch: what the order needs in memory, and all else on shelves.

    Parameters
    ----------
    aside : pyarrow.Table
        Rows that were set aside when the batch was made.
    paused : collection of str
        Cases that a person paused.
    wishes, notified
        Who must not stand on the lists beside (`triage.worklist.routing.make_lists`).
    """

    def __init__(
        self,
        aside: pa.Table,
        paused: Collection[str] = (),
        wishes: Wishes | None = None,
        notified: Mapping[tuple[str, str], Told] | None = None,
    ) -> None:
        self.cases, self.routed = Shelf(), {name: Shelf() for name in ROUTES}
        self._aside = aside
        self._told: dict[int, tuple[pa.Table, list[Finding], list[str]]] = {}
        self.sources: dict[str, tuple[int, int]] = {}
        self.known: Floats | float = 0.0
        self.not_yet_known = 0
        self.lost: dict[int, int] = {}
        self.listed = dict.fromkeys(LISTS, 0)
        self._paused, self._wishes, self._notified = paused, wishes, notified
        self._columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _ORDERED}
        self._on_lists: list[NDArray[np.uint8]] = []

    def add(self, index: int, part: PartScored) -> None:
        """Add a part, as soon as it is there; nothing depends on which comes first."""
        self.cases.put(part.told, len(part))
        for name, table in part.routed.items():
            if not table.num_rows:
                continue
            self.routed[name].put(pack_table(table), table.num_rows)
        lane = part.lane
        if self._paused or any(table.num_rows for table in part.routed.values()):
            names = unpack_table(part.told, ["case_id"])["case_id"].combine_chunks()
            on, counts = find_lists(part.routed, names, self._wishes, self._notified)
            self.listed = {name: self.listed[name] + counts[name] for name in LISTS}
            if self._paused:
                stays = (lane != RANKED) | ~is_among(names, self._paused)
                lane = np.where(stays, lane, np.int8(PAUSED))
        else:
            on = np.zeros(len(part), dtype=np.uint8)
        self._on_lists.append(on)
        for name in _ORDERED:
            self._columns[name].append(lane if name == "lane" else getattr(part, name))
        for name, (cases, raised) in part.sources.items():
            before = self.sources.get(name, (0, 0))
            self.sources[name] = before[0] + cases, before[1] + raised
        self.known = self.known + part.known
        self._told[index] = part.aside, part.findings, part.alarms
        self.not_yet_known += part.not_yet_known

    def tell(self) -> tuple[pa.Table, list[Finding], list[str]]:
        """Return all rows set aside, what the check found, and the alarms, part after part."""
        told = [self._told[index] for index in sorted(self._told)]
        return (
            pa.concat_tables([self._aside, *(aside for aside, _, _ in told)]),
            [finding for _, findings, _ in told for finding in findings],
            [alarm for _, _, alarms in told for alarm in alarms],
        )

    def rank(self) -> Ranking:
        """Return what the order is made of; it is held here no longer."""
        columns = {
            name: np.concatenate([np.zeros(0, dtype), *self._columns.pop(name)])
            for name, dtype in _ORDERED.items()
        }
        return Ranking(**columns, name=self.name_cases)

    def name_cases(self, rows: Ints) -> pa.Array:
        """Return the ids of cases by their row numbers."""
        return self.cases.take(rows, ["case_id"])["case_id"].combine_chunks()

    @cached_property
    def on_lists(self) -> NDArray[np.uint8]:
        """On which of the lists beside it each case stands, a bit a list (`say_lists`)."""
        return np.concatenate([np.zeros(0, np.uint8), *self._on_lists])

    def read_routed(self) -> Routed:
        """Return what the other lists say of the cases."""
        return Routed(
            **{
                name: shelf.read_all() if len(shelf) else ROUTES[name].empty_table()
                for name, shelf in self.routed.items()
            }
        )


def score_parts(
    batch: Batch,
    model: Model,
    policy: Policy,
    now: datetime,
    progress: Callable[[int], None] | None = None,
    *,
    gathered: Gathered,
    jobs: int = 1,
    scheduler: str = "",
    resume: Finished | None = None,
) -> None:
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
    gathered : Gathered
        Takes the parts as they come.
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
    kept = {index for index, found in enumerate(prints) if resume and resume.find(index, found)}
    left = [index for index in range(batch.meta.parts) if index not in kept]
    with closing(_score_left(score, left, batch.folder, count_jobs(jobs), scheduler)) as coming:
        for index, found in chain(((one, None) for one in sorted(kept)), coming):
            part = found
            if index in kept and resume:
                # What was there when this began may have been taken away meanwhile.
                part = resume.find(index, prints[index]) or score(index)
            elif part is None:
                part = _read_ids(batch, index, model)
                gathered.lost[index] = len(part)
            elif resume:
                resume.keep(index, prints[index], part)
            gathered.add(index, part)
            if progress:
                progress(len(part))
    give_back()


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
    keep_freed()
    whole = read_part(index)
    part = known_cases(whole, now)
    not_yet_known = len(whole.cases) - len(part.cases)
    scored = score_part(part, model, policy, now)
    packed = pack_part(scored, part.set_aside, part.findings, find_floods(part, policy), not_yet_known)
    # What a part was made in would be held for the next one, and what that leaves unused beside it.
    del whole, part, scored
    pa.default_memory_pool().release_unused()
    return packed


def _score_left(
    score: Callable[[int], PartScored], left: Sequence[int], folder: Place | None, jobs: int, scheduler: str
) -> Generator[tuple[int, PartScored | None]]:
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
    return pack_part(leave_unread(cases, model, _LOST), no_set_aside(), [], [alarm], 0)
