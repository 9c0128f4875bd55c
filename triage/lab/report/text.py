"""A comparison of ways of working as plain text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.report.text import align_columns
from triage.lab.measures import MEASURES
from triage.lab.report.page import FIRST_TABLE
from triage.lab.report.sections import describe_runs
from triage.lab.report.showing import show_figure
from triage.lab.report.verdicts import compare_ways, tell_change, what_to_know

if TYPE_CHECKING:
    from triage.lab.report.summary import Summary


def write_report(summary: Summary) -> str:
    """Return the first sheet of a report as text; every line with a number has the word synthetic."""
    rows = [
        (
            way,
            *(show_figure(summary.figure(name, way), MEASURES[name].unit) for name in FIRST_TABLE),
            "synthetic",
        )
        for way in summary.ways
    ]
    level = f"{100 * summary.confidence:g} %"
    lines = [
        f"{describe_runs(summary)} Intervals {level}. All of it is synthetic.",
        "",
        *align_columns([("", *FIRST_TABLE.values()), *rows]),
        "",
        *(f"{line} (synthetic)" for line in (*compare_ways(summary), *tell_change(summary))),
        "",
        *what_to_know(summary),
    ]
    return "\n".join(lines)
