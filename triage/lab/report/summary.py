"""What a report needs to know of a comparison of ways of working, and nothing of how it was run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.evaluation.figure import Figure
from triage.lab.measures import CURVE_DAYS, HEADLINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.lab.optimise import Capacity
    from triage.lab.report.assumptions import Assumption
    from triage.lab.report.changed import Changed
    from triage.lab.runs import Runs

ORACLE = "oracle"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Difference:
    """One measure of one way less that of the first, on the same streams.

    Parameters
    ----------
    figure : Figure
        The mean of the paired differences with its interval.
    p_value : float
        That there is none, corrected by Holm's method for all that were asked; NaN where there is no test.
    """

    figure: Figure
    p_value: float

    def shown(self, confidence: float) -> bool:
        """Whether a difference is shown: corrected p-value and interval agree."""
        return self._is_beyond_zero() and self.p_value <= 1 - confidence

    def near(self, confidence: float) -> bool:
        """Whether only the correction for all that was asked keeps a difference from being shown."""
        return self._is_beyond_zero() and self.p_value > 1 - confidence

    def _is_beyond_zero(self) -> bool:
        return self.figure.estimable and (self.figure.low > 0 or self.figure.high < 0)


@dataclass(frozen=True)
class Summary:
    """A comparison of ways of working on the same streams of a world.

    Parameters
    ----------
    world, staff, what_if : str
        Their names; `what_if` is empty where nothing was changed.
    cases : int
        In the stream of each seed, as asked for.
    weeks, seeds : float and int
        How long each run lasts, and how many streams there are.
    ways : tuple of str
        Names; all others are compared with the first.
    figures : mapping of str to mapping of str to Figure
        Measure -> way -> mean over the seeds.
    differences : mapping of str to mapping of str to Difference
        Measure -> way (but the first) -> that way less the first.
    confidence : float
        Level of all intervals.
    curves : mapping of str to tuple of Figure
        Way -> share of the reachable children reached by each of `curve_days` after the first report.
    curve_days : tuple of int
        Days.
    assumptions : tuple of Assumption
        Of the files of this comparison.
    weekly : mapping of str to mapping of str to tuple of Figure
        What stood open at the start of each week (a name of `triage.lab.measures.WEEKLY`) -> way -> week by
        week.
    capacities : tuple of Capacity
        The smallest staff under each way, where a goal was asked for.
    detectives : int
        There from the start; 0 where not stated.
    changed : Changed, optional
        What a change of the reports or of the staff does, where one was asked for.
    """

    world: str
    staff: str
    what_if: str
    cases: int
    weeks: float
    seeds: int
    ways: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Figure]]
    differences: Mapping[str, Mapping[str, Difference]]
    confidence: float = 0.95
    curves: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    curve_days: tuple[int, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    weekly: Mapping[str, Mapping[str, tuple[Figure, ...]]] = field(default_factory=dict)
    capacities: tuple[Capacity, ...] = ()
    detectives: int = 0
    changed: Changed | None = None

    @property
    def first(self) -> str:
        """The way that all others are compared with."""
        return self.ways[0]

    @property
    def others(self) -> tuple[str, ...]:
        """All ways but the first."""
        return self.ways[1:]

    def figure(self, measure: str, way: str) -> Figure:
        """Return one measure of one way; not estimable where it was not measured."""
        found = self.figures.get(measure, {}).get(way)
        return Figure.not_estimable(NOT_MEASURED, 0, "all runs") if found is None else found

    def difference(self, measure: str, way: str) -> Difference:
        """Return one measure of one way less that of the first; not estimable where there is none."""
        found = self.differences.get(measure, {}).get(way)
        if found is not None:
            return found
        return Difference(Figure.not_estimable(NOT_MEASURED, 0, "all runs"), float("nan"))

    def leading(self) -> str:
        """Return the way that reaches the most children, of those that an agency could follow."""
        able = [way for way in self.ways if not is_oracle(way)] or list(self.ways)
        return max(able, key=lambda way: _number(self.figure("children_reached", way)))

    def every_figure(self) -> Iterator[tuple[str, str, Figure]]:
        """Give every figure with its measure and way, differences after them."""
        for measure, by_way in self.figures.items():
            for way, figure in by_way.items():
                yield measure, way, figure
        for measure, pairs in self.differences.items():
            for way, difference in pairs.items():
                yield f"{measure}, difference", f"{way} less {self.first}", difference.figure


def summarise(
    runs: Runs,
    *,
    cases: int,
    assumptions: tuple[Assumption, ...] = (),
    capacities: tuple[Capacity, ...] = (),
    detectives: int = 0,
    changed: Changed | None = None,
) -> Summary:
    """Return what a report tells of runs; all ways are compared with the first.

    Parameters
    ----------
    runs : Runs
        From `triage.lab.runs`.
    cases : int
        In the stream of each seed, as asked for.
    assumptions : tuple of Assumption
        Of the files that the runs rest on.
    capacities : tuple of Capacity
        From `triage.lab.optimise`.
    detectives : int
        There from the start.
    changed : Changed, optional
        From `triage.lab.report.changed.compare_change`.
    """
    first = runs.ways[0]
    compared = {way: _compare(runs, way, first) for way in runs.ways[1:]}
    corrected = _corrected(runs, first)
    return Summary(
        world=runs.world,
        staff=runs.staff,
        what_if=runs.what_if,
        cases=cases,
        weeks=runs.weeks,
        seeds=len(runs.seeds),
        ways=runs.ways,
        figures={name: {way: runs.figure(name, way) for way in runs.ways} for name in runs.values},
        differences={
            name: {way: Difference(compared[way][name], corrected[way, name]) for way in compared}
            for name in HEADLINES
            if name in runs.values
        },
        confidence=runs.confidence,
        curves={way: runs.curve(way) for way in runs.ways},
        curve_days=CURVE_DAYS,
        assumptions=assumptions,
        weekly={what: {way: runs.by_week(what, way) for way in runs.ways} for what in runs.weekly},
        capacities=capacities,
        detectives=detectives,
        changed=changed,
    )


def _compare(runs: Runs, way: str, first: str) -> dict[str, Figure]:
    known = (name for name in HEADLINES if name in runs.values)
    return {name: runs.difference(name, way, first).figure for name in known}


def _corrected(runs: Runs, first: str) -> dict[tuple[str, str], float]:
    frame = runs.compare(first)
    columns = (frame[name].tolist() for name in ("way", "measure", "p_holm"))
    return {(way, measure): float(p) for way, measure, p in zip(*columns, strict=True)}


def is_oracle(way: str) -> bool:
    """Say whether a way opens by the world's own chances, which no agency has.

    Examples
    --------
    >>> is_oracle("oracle+audit=0.05"), is_oracle("expert")
    (True, False)
    """
    return way.split("+", maxsplit=1)[0] == ORACLE


def _number(figure: Figure) -> float:
    return figure.estimate if figure.estimable else float("-inf")
