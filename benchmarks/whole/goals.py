"""What was to be reached, and what the figures say of it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Compute = Callable[[dict[str, Any]], float | None]

ORDER_BYTES_A_CASE = 16
MILLION = 1_000_000
TWO = "expert, 2 processes"


def median(steps: dict[str, Any], name: str, of: str) -> float | None:
    """Return the median of a figure over the rounds; none where the step did not run or failed."""
    rounds = steps.get(name) or [{}]
    told = [one["told"] if "told" in one and of not in one else one for one in rounds]
    if any(of not in one for one in told):
        return None
    return float(statistics.median(one[of] for one in told))


def divide(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


@dataclass(frozen=True)
class Goal:
    """A figure of one world, and what it should be.

    Parameters
    ----------
    about : str
        What it is.
    at_most, at_least : float, optional
        The goal.
    compute : callable
        What was measured of a world -> the figure, or none where that was not measured.
    digits : int
        Shown after the point.
    unit : str
        Shown behind the goal.
    """

    about: str
    compute: Compute
    at_most: float | None = None
    at_least: float | None = None
    digits: int = 1
    unit: str = ""

    def is_reached(self, figure: float) -> bool:
        return (self.at_most is None or figure <= self.at_most) and (
            self.at_least is None or figure >= self.at_least
        )

    def say(self) -> str:
        bound = f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"
        return f"{bound} {self.unit}".strip()


def figure(name: str, of: str) -> Compute:
    return lambda world: median(world["steps"], name, of)


def ratio(one: tuple[str, str], other: tuple[str, str]) -> Compute:
    return lambda world: divide(median(world["steps"], *one), median(world["steps"], *other))


def seconds_of_a_million(world: dict[str, Any]) -> float | None:
    """Return the shorter wall time of one process and of two."""
    told = [median(world["steps"], name, "wall") for name in ("expert", TWO)]
    known = [one for one in told if one is not None]
    return min(known) if world["cases"] == MILLION and known else None


def gain_of_two(world: dict[str, Any]) -> float | None:
    """Return how many times faster two processes are; a batch of one part is scored by one in any case."""
    return ratio(("expert", "wall"), (TWO, "wall"))(world) if world["parts"] > 1 else None


GOALS = (
    Goal(
        "wall time, pandas and scikit-learn / `expert`, one process",
        ratio(("pandas", "wall"), ("expert", "wall")),
        at_least=3,
        digits=2,
    ),
    Goal(
        "wall time, pandas and scikit-learn / `expert`, two processes",
        ratio(("pandas", "wall"), (TWO, "wall")),
        at_least=3,
        digits=2,
    ),
    Goal("processor time, `expert` / decoding", ratio(("expert", "cpu"), ("floor", "cpu")), at_most=2),
    Goal(
        "processor time, `nl-2017/additive` / decoding",
        ratio(("additive", "cpu"), ("floor", "cpu")),
        at_most=2,
    ),
    Goal(
        "processor time, `nl-2017/boosted` / decoding", ratio(("boosted", "cpu"), ("floor", "cpu")), at_most=3
    ),
    Goal("wall time of a million cases, `expert`, two cores", seconds_of_a_million, at_most=20, unit="s"),
    *(
        Goal(f"peak memory, {shown}", figure(name, "peak"), at_most=600, digits=0, unit="MB")
        for name, shown in (
            ("expert", "`expert`"),
            ("additive", "`nl-2017/additive`"),
            ("boosted", "`nl-2017/boosted`"),
        )
    ),
    Goal(
        "peak memory of a Dask worker, `expert`",
        figure("expert, Dask", "worker_peak"),
        at_most=600,
        digits=0,
        unit="MB",
    ),
    Goal(
        "wall time, `expert`, one process / two processes",
        gain_of_two,
        at_least=1.6,
        digits=2,
    ),
    Goal(
        "processor time, `expert`, two Dask workers / one process",
        ratio(("expert, Dask", "cpu"), ("expert", "cpu")),
        at_most=1.25,
        digits=2,
    ),
    *(
        Goal(
            f"processor time, scoring with reasons / without, {shown}",
            ratio((f"reasons, {name}", "with_reasons"), (f"reasons, {name}", "scoring")),
            at_most=1.5,
            digits=2,
        )
        for name, shown in (("expert", "`expert`"), ("additive", "`nl-2017/additive`"))
    ),
)

# Wall seconds from the shell.
START_GOALS = {"cold, expert": 1.0, "cold, additive": 1.0, "cold, boosted": 4.0, "help": 0.2, "import": 0.3}
GROWTH_GOAL = 1.15


def compare_memory(worlds: dict[str, Any]) -> tuple[float, float] | None:
    """Return the peak at five million cases over that at one, as it is and without 16 bytes a case."""
    peaks = [
        median(worlds.get(str(cases), {}).get("steps", {}), "expert", "peak")
        for cases in (5 * MILLION, MILLION)
    ]
    if None in peaks:
        return None
    large, small = (float(peak or 0) for peak in peaks)
    order = MILLION * ORDER_BYTES_A_CASE / 1e6
    return large / small, (large - 5 * order) / (small - order)
