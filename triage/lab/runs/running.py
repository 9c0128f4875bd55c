"""Live every way of working through the stream of every seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.asking import parse_what_if
from triage.lab.engine import simulate
from triage.lab.measures import MEASURES, WEEKLY, draw_curve, follow_weeks, measure
from triage.lab.runs.result import Runs
from triage.lab.stream import DAY
from triage.lab.streaming import AGAIN_DAYS, make_stream
from triage.lab.ways import Way, parse_way
from triage.lab.whatif import WhatIf
from triage.lab.work import load_work
from triage.worlds import World, load_world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from triage.lab.staff import Staff
    from triage.lab.stream import Stream
    from triage.lab.trace import Trace
    from triage.lab.work import Work
    from triage.scoring.bundle import Bundle

    Floats = NDArray[np.float64]

WEEK_DAYS = 7
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Setting:
    """All that the runs of a comparison have in common.

    Parameters
    ----------
    world : World
        Where the streams come from.
    cases : int
        How many arrive in the period of the world, if nothing is changed.
    weeks : int or None
        How long each run lasts, from the start of the period; None for all of it.
    models : mapping of str to Bundle
        Whose scores the ways need, by name.
    work : Work
        What investigations cost and find.
    draw : int
        Which draw of the world's effects.
    change : WhatIf
        What differs from the world as it is.
    again_days : float or None
        After how many days without news a waiting case is scored anew; None for never.
    """

    world: World
    cases: int
    weeks: int | None
    models: Mapping[str, Bundle]
    work: Work
    draw: int = 0
    change: WhatIf = field(default_factory=WhatIf)
    again_days: float | None = AGAIN_DAYS

    @classmethod
    def of(
        cls,
        world: World | str,
        ways: Sequence[Way],
        *,
        cases: int,
        weeks: int | None = None,
        work: Work | None = None,
        draw: int = 0,
        change: WhatIf | str | None = None,
        again_days: float | None = AGAIN_DAYS,
    ) -> Setting:
        """Load what the ways need, and check that the period holds the weeks.

        Raises
        ------
        InputRefusedError
            A world or a model is not there, or the period is shorter.
        """
        from triage.scoring.loading import load_model  # noqa: PLC0415 - slow to import

        world = load_world(world) if isinstance(world, str) else world
        whole = _count_weeks(world)
        if weeks is not None and not 1 <= weeks <= whole:
            raise InputRefusedError(
                f"{weeks} weeks", where="weeks", expected=f"1 to the {whole:.1f} weeks of {world.name}"
            )
        change = parse_what_if(change, world) if isinstance(change, str) else change or WhatIf()
        _refuse_later(world, whole if weeks is None else weeks, ways, change)
        names = dict.fromkeys(name for way in ways for name in way.models)
        models = {name: load_model(name) for name in names}
        return cls(world, cases, weeks, models, work or load_work(), draw, change, again_days)

    @property
    def lasts(self) -> float:
        """How long each run lasts, in weeks."""
        return _count_weeks(self.world) if self.weeks is None else float(self.weeks)

    def make(self, seed: int) -> Stream:
        """Make the stream of a seed."""
        return make_stream(
            self.world,
            self.cases,
            seed,
            models=self.models,
            draw=self.draw,
            change=self.change,
            again_days=self.again_days,
        )

    def live(self, stream: Stream, way: Way, staff: Staff) -> Trace:
        """Live through a stream."""
        return simulate(stream, way, staff, self.work, weeks=self.weeks)

    def until(self, stream: Stream) -> float:
        """Return when the run of a stream ends, in seconds since 1970."""
        return stream.end if self.weeks is None else stream.start + self.weeks * WEEK_DAYS * DAY


def simulate_ways(
    world: World | str,
    ways: Sequence[Way | str],
    staff: Staff,
    *,
    cases: int,
    weeks: int | None = None,
    seeds: Sequence[int] = range(10),
    jobs: int = 1,
    work: Work | None = None,
    draw: int = 0,
    change: WhatIf | str | None = None,
    again_days: float | None = AGAIN_DAYS,
    confidence: float = 0.95,
) -> Runs:
    """Live every way of working through the same streams, and measure each.

    The stream of a seed is made once; all ways of working meet its cases, with the same luck, so that their
    differences hold nothing of the chance of the stream.

    Parameters
    ----------
    world : World or str
        A world, or its name.
    ways : sequence of Way or str
        Ways of working, or their texts (`triage.lab.ways.parse_way`); each name once.
    staff : Staff
        Who works; `Staff.for_cases` gives the part of a staff that meets a part of the cases.
    cases : int
        How many arrive in the period of the world, if nothing is changed.
    weeks : int, optional
        How long each run lasts, from the start of the period; all of it by default.
    seeds : sequence of int
        One stream each.
    jobs : int
        Processes; each takes whole seeds. Results do not depend on it.
    work : Work, optional
        What investigations cost and find; the shipped one by default.
    draw : int
        Which draw of the world's effects.
    change : WhatIf or str, optional
        What differs from the world as it is, or its text (`triage.lab.asking.parse_what_if`), such as
        ``"growth-100"``.
    again_days : float, optional
        After how many days without news a waiting case is scored anew (`make_stream`); None for never.
    confidence : float
        Level of the intervals.

    Raises
    ------
    InputRefusedError
        Something is not there or out of range.
    """
    parsed = [parse_way(way) if isinstance(way, str) else way for way in ways]
    setting = Setting.of(
        world, parsed, cases=cases, weeks=weeks, work=work, draw=draw, change=change, again_days=again_days
    )
    return repeat(setting, parsed, staff, seeds=seeds, jobs=jobs, confidence=confidence)


def repeat(
    setting: Setting,
    ways: Sequence[Way],
    staff: Staff,
    *,
    seeds: Sequence[int],
    jobs: int = 1,
    confidence: float = 0.95,
) -> Runs:
    """Live ways of working through the streams of a setting; see `simulate_ways`."""
    names = tuple(way.name for way in ways)
    for what, found in (("ways", names), ("seeds", tuple(seeds))):
        if not found or len(set(found)) < len(found):
            raise InputRefusedError(
                f"{len(found)} of them, {len(set(found))} different",
                where=what,
                expected="at least one, each once",
            )
    by_seed = share_out(partial(_live_all, setting, ways, staff), list(seeds), jobs)
    values = {
        name: np.array([[lived[0][way][name] for lived in by_seed] for way in range(len(ways))])
        for name in MEASURES
    }
    return Runs(
        world=setting.world.name,
        staff=staff.name,
        what_if=setting.change.name,
        weeks=setting.lasts,
        ways=names,
        seeds=tuple(seeds),
        values=values,
        curves=np.array([[lived[1][way] for lived in by_seed] for way in range(len(ways))]),
        confidence=confidence,
        weekly={
            name: np.array([[lived[2][way][name] for lived in by_seed] for way in range(len(ways))])
            for name in WEEKLY
        },
    )


def share_out(do: Callable[[Item], Found], items: Sequence[Item], jobs: int) -> list[Found]:
    """Do something with every item, in several processes where asked; results in the order given."""
    if jobs == 1 or len(items) == 1:
        return [do(item) for item in items]
    from joblib import Parallel, delayed  # noqa: PLC0415 - slow to import, and mostly not needed

    with Parallel(n_jobs=jobs, batch_size=1) as parallel:
        return list(parallel(delayed(do)(item) for item in items))


def _count_weeks(world: World) -> float:
    return (world.end - world.start).total_seconds() / DAY / WEEK_DAYS


def _refuse_later(world: World, weeks: float, ways: Sequence[Way], change: WhatIf) -> None:
    """Refuse what would come only after the end, and so change nothing without a word."""
    for way in ways:
        if way.change_week >= weeks:
            raise InputRefusedError(
                f"a change in week {way.change_week}", where=f"way {way.name}", expected=_until(weeks)
            )
        if way.then is not None:
            _refuse_later(world, weeks, [way.then], change)
    if change.drift and (change.drift.start - world.start).total_seconds() / DAY / WEEK_DAYS >= weeks:
        raise InputRefusedError(
            f"a drift from {change.drift.start.date()} on", where="what if", expected=_until(weeks)
        )


def _until(weeks: float) -> str:
    return f"before the end of the {round(weeks, 1):g} weeks that are lived through"


def _live_all(
    setting: Setting, ways: Sequence[Way], staff: Staff, seed: int
) -> tuple[list[dict[str, float]], list[Floats], list[dict[str, Floats]]]:
    stream = setting.make(seed)
    until = setting.until(stream)
    traces = [setting.live(stream, way, staff) for way in ways]
    return (
        [measure(stream, trace, until=until) for trace in traces],
        [draw_curve(stream, trace, until=until) for trace in traces],
        [follow_weeks(stream, trace, until=until) for trace in traces],
    )
