"""Runs made by hand: three ways of working on four streams, with numbers that can be checked by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.lab.measures import CURVE_DAYS, MEASURES
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
    }  # fmt: skip
    return Runs(**(stated | more))


@pytest.fixture(scope="session")
def summary() -> Summary:
    """The three ways of working, with the shipped assumptions."""
    files: tuple[Path, ...] = (find_shipped("models", "staff", "nl-2017.toml"),)
    return summarise(make_runs(), cases=18_000, assumptions=read_assumptions(files[0]))
