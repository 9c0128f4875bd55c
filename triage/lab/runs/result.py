"""Runs: several ways of working on the same streams, seed by seed, with what is sure of their differences."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure, as_plain
from triage.evaluation.multiplicity import adjust_holm
from triage.lab.measures import CURVE_DAYS, HEADLINES, MEASURES, WEEKLY
from triage.lab.runs.intervals import PairedTest, compare_paired, mean_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """What every way of working came to, on the streams of several seeds.

    Parameters
    ----------
    world, staff : str
        Of which world, and with which staff.
    what_if : str
        What was changed of the world (`triage.lab.whatif.WhatIf.name`).
    weeks : float
        How long each run lasted.
    ways : tuple of str, length n_ways
        By name.
    seeds : tuple of int, length n_seeds
        Every way lived through the stream of every seed.
    values : mapping of str to array of shape (n_ways, n_seeds)
        Measure (a name of `triage.lab.measures.MEASURES`) -> what it was.
    curves : array of shape (n_ways, n_seeds, n_days)
        Share of the reachable children reached by each of `triage.lab.measures.CURVE_DAYS` after the first
        report.
    confidence : float
        Level of all intervals.
    weekly : mapping of str to array of shape (n_ways, n_seeds, n_weeks)
        What stood open at the start of each week (a name of `triage.lab.measures.WEEKLY`).

    Examples
    --------
    >>> runs = Runs(
    ...     world="nl-2017", staff="team", what_if="as it is", weeks=52, ways=("expert", "arrival"),
    ...     seeds=(0, 1, 2), values={"children_reached": np.array([[12.0, 15.0, 14.0], [4.0, 6.0, 6.0]])},
    ...     curves=np.zeros((2, 3, len(CURVE_DAYS))), confidence=0.95,
    ... )  # fmt: skip
    >>> runs.figure("children_reached", "arrival").brief(2)
    '5.33 [3.11, 9.13]'
    >>> runs.difference("children_reached", "expert", "arrival").figure.brief(2)
    '8.33 [6.90, 9.77]'
    """

    world: str
    staff: str
    what_if: str
    weeks: float
    ways: tuple[str, ...]
    seeds: tuple[int, ...]
    values: Mapping[str, Floats] = field(repr=False)
    curves: Floats = field(repr=False)
    confidence: float
    weekly: Mapping[str, Floats] = field(default_factory=dict, repr=False)

    def of(self, measure: str, way: str) -> Floats:
        """Return a measure of a way, one value a seed.

        Raises
        ------
        InputRefusedError
            There is no such measure, or no such way.
        """
        for name, names, where in ((measure, tuple(self.values), "measure"), (way, self.ways, "way")):
            if name not in names:
                raise InputRefusedError(
                    f"{name!r} is not here", where=where, expected="one of " + ", ".join(names)
                )
        return np.asarray(self.values[measure][self.ways.index(way)], dtype=np.float64)

    def figure(self, measure: str, way: str) -> Figure:
        """Return the mean of a measure over the seeds, with its interval."""
        values = self.of(measure, way)
        return mean_figure(values, MEASURES[measure].unit, confidence=self.confidence)

    def difference(self, measure: str, first: str, second: str) -> PairedTest:
        """Return the mean difference of a measure between two ways on the same streams."""
        return compare_paired(self.of(measure, first), self.of(measure, second), confidence=self.confidence)

    def curve(self, way: str) -> tuple[Figure, ...]:
        """Return the share of children reached by each of `CURVE_DAYS`, with intervals over seeds."""
        return self._average(self.curves[self.ways.index(way)], "share")

    def by_week(self, what: str, way: str) -> tuple[Figure, ...]:
        """Return what stood open at the start of each week, by its name in `weekly`, with intervals."""
        return self._average(self.weekly[what][self.ways.index(way)], WEEKLY[what].unit)

    def _average(self, drawn: Floats, unit: str) -> tuple[Figure, ...]:
        return tuple(mean_figure(one, unit, confidence=self.confidence) for one in drawn.T)

    def summarise(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a frame with one row a way and measure: the mean, and the paired difference with the first.

        Both with their intervals; NaN where there is no number, and for the difference of the first way. The
        column ``says`` tells in plain words what is measured.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        none = Figure.not_estimable("the first way itself", 0, "seeds")
        rows = [
            {
                "way": way, "measure": name, "unit": MEASURES[name].unit, "better": MEASURES[name].better,
                "mean": figure.estimate, "low": figure.low, "high": figure.high,
                "difference": apart.estimate, "difference_low": apart.low, "difference_high": apart.high,
                "seeds": figure.count, "method": figure.method, "says": MEASURES[name].says,
            }
            for name in measures or self.values
            for way in self.ways
            for figure, apart in ((
                self.figure(name, way),
                none if way == self.ways[0] else self.difference(name, way, self.ways[0]).figure,
            ),)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def compare(self, against: str | None = None, measures: Sequence[str] = HEADLINES) -> pd.DataFrame:
        """Return a frame with one row a pair of ways and measure: the paired difference, way less against.

        P-values are adjusted by Holm's procedure over all rows of the frame.

        Parameters
        ----------
        against : str, optional
            The way that all others are set against; by default every pair is compared once.
        measures : sequence of str
            Which measures.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        known = [name for name in measures if name in self.values]
        rows = [
            {
                "way": first, "against": second, "measure": name, "difference": test.figure.estimate,
                "low": test.figure.low, "high": test.figure.high, "seeds": test.figure.count,
                "p_value": test.p_value, "unit": MEASURES[name].unit, "better": MEASURES[name].better,
                "method": test.figure.method,
            }
            for first, second in self.pairs(against)
            for name in known
            for test in (self.difference(name, first, second),)
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=list(COMPARED))
        frame["p_holm"] = adjust_holm(frame["p_value"].to_numpy(dtype=np.float64))
        return frame

    def compare_with(self, before: Runs) -> pd.DataFrame:
        """Return a frame with one row a headline and way: what a change did to it, seed by seed.

        Parameters
        ----------
        before : Runs
            The same seeds without the change, with all of these ways.

        Returns
        -------
        pandas.DataFrame
            ``measure``, ``way``, ``unit``, ``better``; ``before`` and ``after``, the means; ``difference``,
            after less before, with its paired t interval ``low`` and ``high``; ``p_value``, and ``p_holm``,
            corrected by Holm's procedure over all rows.

        Raises
        ------
        InputRefusedError
            The seeds are others, or a way is not there.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        from triage.lab.runs.changing import measure_change  # noqa: PLC0415 - it takes runs

        rows = [
            {
                "measure": one.measure, "way": one.way,
                "unit": MEASURES[one.measure].unit, "better": MEASURES[one.measure].better,
                "before": before.figure(one.measure, one.way).estimate,
                "after": self.figure(one.measure, one.way).estimate,
                "difference": one.figure.estimate, "low": one.figure.low, "high": one.figure.high,
                "p_value": one.p_value, "p_holm": one.p_holm,
            }
            for one in measure_change(before, self)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def pairs(self, against: str | None = None) -> list[tuple[str, str]]:
        """Return the pairs of ways that `compare` sets against each other."""
        if against is not None:
            if against not in self.ways:
                raise InputRefusedError(
                    f"{against!r} is not here", where="way", expected="one of " + ", ".join(self.ways)
                )
            return [(way, against) for way in self.ways if way != against]
        return [(one, other) for place, one in enumerate(self.ways) for other in self.ways[place + 1 :]]

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with one row a way and seed, one column a measure."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        return pd.DataFrame(
            {
                "way": np.repeat(self.ways, len(self.seeds)),
                "seed": np.tile(self.seeds, len(self.ways)),
                **{name: value.ravel() for name, value in self.values.items()},
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what was run, the values of every seed, means and paired differences, as JSON can hold it.

        Numbers that are not finite become None.
        """
        return as_plain(  # type: ignore[no-any-return] # a dict becomes a dict
            {
                "world": self.world, "staff": self.staff, "what_if": self.what_if, "weeks": self.weeks,
                "ways": self.ways, "seeds": self.seeds, "confidence": self.confidence, "synthetic": True,
                "values": dict(self.values), "curve_days": CURVE_DAYS, "curves": self.curves,
                "weekly": dict(self.weekly),
                "means": self.summarise().to_dict("records"),
                "differences": self.compare().to_dict("records"),
            }
        )  # fmt: skip

    def to_json(self, **more: Any) -> str:
        """Return `as_dict` as JSON, with more beside it."""
        return json.dumps(self.as_dict() | more, indent=1, allow_nan=False)


COMPARED = (
    "way", "against", "measure", "difference", "low", "high", "seeds", "p_value", "unit", "better", "method",
)  # fmt: skip
