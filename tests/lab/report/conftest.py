"""Runs made by hand: three ways of working on four streams, with numbers that can be checked by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.evaluation.figure import Figure
from triage.lab.measures import CURVE_DAYS, MEASURES
from triage.lab.optimise import Capacity, Goal, Tried
from triage.lab.report.assumptions import read_assumptions
from triage.lab.report.summary import Summary, summarise
from triage.lab.runs import Runs
from triage.shipped import find_shipped

WAYS = ("arrival", "expert+audit=0.05", "oracle")
NOISE = np.array([-1.0, 1.0, -2.0, 2.0])
# One mean a way of working; the four streams lie around it.
MEANS: dict[str, tuple[float, float, float]] = {
    "children_reached": (12, 60, 75),
    "share_reached": (0.08, 0.40, 0.50),
    "reached_within_90": (0.02, 0.25, 0.35),
    "median_days": (np.inf, np.inf, 210),
    "child_days_averted": (6_000, 31_000, 40_000),
    "opened_in_vain": (680, 620, 600),
    "persons_intruded": (676, 615, 590),
    "deadlines_kept": (0.61, 0.61, 0.61),
    "longest_wait_escalated_days": (300, 20, 120),
    "oldest_unseen_days": (350, 349, 340),
    "hours_per_child": (9_600, 1_900, 1_500),
    "estimable": (0, 1, 0),
    "prevalence_below": (np.nan, 0.004, np.nan),
    "prevalence_below_estimate": (np.nan, 0.005, np.nan),
    "prevalence_below_low": (np.nan, 0.001, np.nan),
    "prevalence_below_high": (np.nan, 0.011, np.nan),
}


def make_runs(ways: tuple[str, ...] = WAYS, **more: Any) -> Runs:
    """Runs whose values lie evenly around `MEANS`; deadlines alike for all ways, to the last digit."""
    values = {}
    for name, means in MEANS.items():
        spread = 1.0 if MEASURES[name].unit == "children" else 0.01
        scale = 0.0 if MEASURES[name].unit == "flag" else spread
        rows = [mean * (1 + scale * NOISE / 20) if np.isfinite(mean) else np.full(4, mean) for mean in means]
        values[name] = np.array(rows[: len(ways)], dtype=np.float64)
    days = np.array(CURVE_DAYS)
    curves = np.array([top * (1 - np.exp(-days / 120)) for top in (0.08, 0.4, 0.5)][: len(ways)])
    stated = {
        "world": "nl-2017", "staff": "nl-2017", "what_if": "", "weeks": 52.0, "ways": ways,
        "seeds": (0, 1, 2, 3), "values": values, "confidence": 0.95,
        "curves": np.repeat(curves[:, None, :], 4, axis=1),
        "weekly": {
            name: np.linspace(0, top, 53) * np.ones((len(ways), 4, 1)) * (1 + NOISE[:, None] / 20)
            for name, top in (("waiting", 15_000), ("unseen", 90))
        },
    }  # fmt: skip
    return Runs(**(stated | more))


def make_capacity(way: str, smallest: int | None, opened: float = 0.97) -> Capacity:
    """A search from 150 detectives to 300, who reach a half and the goal."""
    shares = {150: 0.25, 280: 0.51, 300: 0.52} if smallest else {150: 0.25, 300: 0.3}
    tried = tuple(
        Tried(number, share * (1 + NOISE / 40), 100 * share + NOISE, np.full(4, opened))
        for number, share in shares.items()
    )
    nothing = Figure.not_estimable("nothing", 0, "seeds")
    each = Figure(0.123, 0.08, 0.166, 4, "t", "seeds")
    return Capacity(
        Goal(0.5, 90), way, 150, smallest, tried, ((280, 300),) if smallest else (), each,
        each if smallest else nothing, Figure(0.49, 0.4, 0.58, 4, "t", "seeds") if smallest else nothing, 0.95,
    )  # fmt: skip


@pytest.fixture(scope="session")
def summary() -> Summary:
    """The three ways of working, with the shipped assumptions."""
    files: tuple[Path, ...] = (find_shipped("models", "staff", "nl-2017.toml"),)
    return summarise(make_runs(), cases=18_000, assumptions=read_assumptions(files[0]))
