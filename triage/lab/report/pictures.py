"""What the drawings of a comparison show, each with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.report.picture import Plan, draw_plan
from triage.lab.measures import WEEKLY
from triage.lab.report.displays import CurvesDisplay, ExpenseDisplay, LearnedDisplay, WaysDisplay
from triage.lab.report.showing import show_figure
from triage.lab.report.staff_display import StaffDisplay
from triage.lab.report.staffing import answer_goal
from triage.lab.report.verdicts import REACHED
from triage.lab.report.weeks_display import WEEKLY_TITLES, WeeksDisplay

if TYPE_CHECKING:
    from triage.evaluation.report.picture import Picture
    from triage.lab.report.summary import Summary

BELOW = "prevalence_below"


def draw_picture(name: str, summary: Summary) -> Picture | None:
    """Return a drawing of a comparison by the name of its section; None where there is nothing to draw."""
    plan = _PLANS[name](summary)
    return None if plan is None else draw_plan(plan)


def _reached(summary: Summary) -> Plan:
    figures = {way: summary.figure(REACHED, way) for way in summary.ways}
    told = "; ".join(f"{way} {show_figure(figure, 'children')}" for way, figure in figures.items())
    return Plan(
        (WaysDisplay(figures, "children reached"),),
        f"Children reached, one line a way of working, with intervals: {told}.",
        "Mean over the simulated periods, with its interval.",
        (6.0, 1.3 + 0.4 * len(figures)),
    )


def _differences(summary: Summary) -> Plan | None:
    differences = {way: summary.difference(REACHED, way) for way in summary.others}
    if not differences:
        return None
    told = "; ".join(f"{way} {show_figure(one.figure, 'children')}" for way, one in differences.items())
    return Plan(
        (
            WaysDisplay(
                {way: one.figure for way, one in differences.items()},
                f"children reached, more than {summary.first}",
                against=0.0,
                found=frozenset(way for way, one in differences.items() if one.shown(summary.confidence)),
            ),
        ),
        f"Children reached by each way more than by {summary.first}, on the same reports: {told}.",
        "Right of the dashed line more children are reached. Coloured: the difference is shown.",
        (7.2, 1.4 + 0.35 * len(differences)),
    )


def _expense(summary: Summary) -> Plan:
    reached = {way: summary.figure(REACHED, way) for way in summary.ways}
    return Plan(
        (ExpenseDisplay(reached, {way: summary.figure("opened_in_vain", way) for way in summary.ways}),),
        "Children reached against cases opened in vain, one point a way of working; numbers in the tables.",
        "Each point is a way of working, with the intervals of both numbers.",
    )


def _curves(summary: Summary) -> Plan | None:
    if not summary.curves:
        return None
    return Plan(
        (CurvesDisplay(summary.curve_days, summary.curves),),
        "Share of the children reached, of those who could be, by days since the first report of them; "
        "the table holds the numbers at 30, 90 and 180 days.",
        "Of the children whose abuse went on at the first report: the share reached within so many days. "
        "Lines upright are intervals.",
    )


def _learned(summary: Summary) -> Plan | None:
    of = {
        name: {way: summary.figure(name, way) for way in summary.ways}
        for name in (BELOW, f"{BELOW}_estimate", f"{BELOW}_low", f"{BELOW}_high")
    }
    if not any(figure.estimable for figure in of[BELOW].values()):
        return None
    return Plan(
        (LearnedDisplay(*of.values()),),
        "Share with current abuse among what was not opened, as the opened cases alone can tell it, beside "
        "the truth, one line a way of working; the table holds the numbers.",
        "Means over the simulated periods. What a way never opens, not even by lot, it never learns about.",
        (7.2, 1.4 + 0.4 * len(summary.ways)),
    )


def _weeks(summary: Summary) -> Plan | None:
    if not summary.weekly:
        return None
    return Plan(
        tuple(
            WeeksDisplay(summary.weekly[what], f"{WEEKLY[what].unit} {what}", title)
            for what, title in WEEKLY_TITLES.items()
        ),
        "Cases that wait, and children being abused about whom no case was opened, at the start of each "
        "week, one line a way of working with intervals; the table holds them by quarter.",
        "Means over the simulated periods at the start of each week; lines upright are their intervals.",
        (10.0, 4.4),
    )


def _staffing(summary: Summary) -> Plan | None:
    if not summary.capacities:
        return None
    return Plan(
        (StaffDisplay(summary.capacities),),
        "Share of the children reached in time by the number of detectives, one line a way of working; "
        f"{answer_goal(summary.capacities)}",
        "Every staff that the search tried; bands are intervals. The goal is met where the lower end "
        "of a one-sided interval, not drawn here, is above the dashed line.",
    )


_PLANS = {
    "weeks": _weeks,
    "staffing": _staffing,
    "reached": _reached,
    "differences": _differences,
    "expense": _expense,
    "curves": _curves,
    "learned": _learned,
}
