"""Runs: several ways of working on the same streams, seed by seed, and what is sure of their differences."""

from triage.lab.runs.changing import measure_change
from triage.lab.runs.intervals import PairedTest, compare_paired, mean_figure
from triage.lab.runs.result import Runs
from triage.lab.runs.running import Setting, repeat, share_out, simulate_ways

__all__ = [
    "PairedTest",
    "Runs",
    "Setting",
    "compare_paired",
    "mean_figure",
    "measure_change",
    "repeat",
    "share_out",
    "simulate_ways",
]
