"""What a report says beyond its first sheet, in the order in which it matters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from triage.evaluation.report.section import Section
from triage.lab.measures import HEADLINES, MEASURES, WEEKLY, delays, downstream, expense, labels, reached
from triage.lab.report.showing import show_difference, show_figure
from triage.lab.report.staffing import staffing_section
from triage.lab.report.verdicts import judge
from triage.lab.whatif import WhatIf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.report.section import Cells
    from triage.lab.measures import Measure
    from triage.lab.report.summary import Summary

THEMES = (
    ("Children reached, and how soon", reached.MEASURES, "curves"),
    ("At whose expense", expense.MEASURES, "expense"),
    ("What waits", delays.MEASURES, ""),
    ("Handed over, disposed of otherwise, prosecuted", downstream.MEASURES, ""),
    ("What can still be learned from the cases that were opened", labels.MEASURES, "learned"),
)

QUARTER = 13


def describe_runs(summary: Summary) -> str:
    """Say in one sentence what was run."""
    what_if = "" if summary.what_if in {"", WhatIf().name} else f", with {summary.what_if}"
    came = summary.figure("cases", summary.first)
    with_it = f" ({came.estimate:,.0f} with the change)" if what_if and came.estimable else ""
    if summary.changed:
        what_if = f", with a change ({summary.changed.says})"
    of = f" ({summary.detectives:,} detectives)" if summary.detectives else ""
    return (
        f"World {summary.world}{what_if}: {summary.cases:,} cases{with_it}, {round(summary.weeks, 1):g} "
        f"weeks, staff {summary.staff}{of}; {summary.seeds} simulated periods, each lived through by every "
        "way of working on the same reports."
    )


def build_sections(summary: Summary) -> Iterator[Section]:
    """Give the sections of a report: children before everything else."""
    if summary.others:
        yield difference_section(summary)
    if summary.capacities:
        yield staffing_section(summary.capacities)
    for title, measures, picture in THEMES:
        section = theme_section(summary, title, measures, picture)
        if section.rows:
            yield section
        if measures is delays.MEASURES and summary.weekly:
            yield weeks_section(summary)


def difference_section(summary: Summary) -> Section:
    """Return every headline of each way less that of the first, paired over the streams."""
    rows = tuple(
        _difference_row(summary, MEASURES[name], way) for way in summary.others for name in HEADLINES
    )
    return Section(
        title=f"Each way of working against {summary.first}, on the same reports",
        lead=(
            "A difference is made period by period on the same reports, then averaged: shared luck is out.",
        ),
        header=("way of working", "measure", f"than {summary.first}", "p (Holm)", "in words"),
        rows=tuple(row for row in rows if row),
        picture="differences",
    )


def _difference_row(summary: Summary, measure: Measure, way: str) -> Cells:
    difference = summary.difference(measure.name, way)
    if not difference.figure.estimable:
        return ()
    p = difference.p_value
    said = "" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
    return (
        way,
        plain_name(measure.name),
        show_difference(difference.figure, measure),
        said,
        judge(difference, measure.name, summary.confidence).lower(),
    )


def weeks_section(summary: Summary) -> Section:
    """Return what stands open as the weeks go by, a quarter of a year a row."""
    rows = tuple(
        (
            f"{plain_name(what)}, week {week}",
            *(show_figure(by_way[way][week], WEEKLY[what].unit) for way in summary.ways),
        )
        for what, by_way in summary.weekly.items()
        for week in range(0, len(by_way[summary.first]), QUARTER)
    )
    return Section(
        title="What waits, week by week",
        header=("", *summary.ways),
        rows=rows,
        notes=tuple(f"{plain_name(name).capitalize()}: {WEEKLY[name].says[0].lower()}{WEEKLY[name].says[1:]}"
                    for name in summary.weekly),
        picture="weeks",
    )  # fmt: skip


def theme_section(summary: Summary, title: str, measures: tuple[Measure, ...], picture: str) -> Section:
    """Return one measure a row, one way a column."""
    measured = tuple(measure for measure in measures if measure.name in summary.figures)
    return Section(
        title=title,
        header=("", *summary.ways),
        rows=tuple(
            (
                plain_name(measure.name),
                *(show_figure(summary.figure(measure.name, way), measure.unit) for way in summary.ways),
            )
            for measure in measured
        ),
        notes=tuple(
            f"{plain_name(measure.name).capitalize()}: {measure.says[0].lower()}{measure.says[1:]}"
            for measure in measured
        ),
        picture=picture,
    )


def plain_name(name: str) -> str:
    """Return the name of a measure as words.

    Examples
    --------
    >>> plain_name("child_days_averted"), plain_name("median_days"), plain_name("p90_days")
    ('child-days averted', 'median days', '90 % quantile, days')
    """
    words = name.replace("child_days", "child-days").replace("p90_days", "90 % quantile, days")
    return words.replace("_", " ")
