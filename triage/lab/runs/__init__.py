"""Runs: several ways of working on the same streams, seed by seed, and what is sure of their differences."""

from triage.lab.runs.intervals import PairedTest, compare_paired, mean_figure
from triage.lab.runs.result import Runs
from triage.lab.runs.running import Setting, repeat, run, share_out

__all__ = [
    "PairedTest",
    "Runs",
    "Setting",
    "compare_paired",
    "mean_figure",
    "repeat",
    "run",
    "share_out",
]
