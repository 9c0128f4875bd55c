"""Drawings show the numbers that they are given, and compute none."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from triage.evaluation.figure import Figure
from triage.lab.report.displays import CurvesDisplay, ExpenseDisplay, LearnedDisplay, WaysDisplay
from triage.lab.report.staff_display import StaffDisplay
from triage.lab.report.weeks_display import WeeksDisplay

from .conftest import WAYS, make_capacity, make_runs


def axes() -> Axes:
    ax = Sheet().subplots()
    assert isinstance(ax, Axes)
    return ax


def figure(estimate: float, low: float = float("nan"), high: float = float("nan")) -> Figure:
    return Figure(estimate, low, high, 10, "t interval", "seeds")


NOTHING = Figure.not_estimable("no lottery", 0, "seeds")


def points(ax: Axes, marker: str) -> list[float]:
    return [float(line.get_xdata()[0]) for line in ax.get_lines() if line.get_marker() == marker]


def intervals(ax: Axes) -> list[list[list[float]]]:
    (bars,) = ax.containers[0].lines[2]
    return [segment.tolist() for segment in bars.get_segments()]


def test_ways_are_drawn_as_they_were_measured() -> None:
    shown = {"arrival": figure(12, 10, 14), "expert": figure(60, 51, 69), "rules": NOTHING}
    display = WaysDisplay(shown, "children reached").plot(axes())
    assert points(display.ax_, "o") == [12, 60]
    spans = [line.get_xdata().tolist() for line in display.ax_.get_lines() if len(line.get_xdata()) == 2]
    assert spans == [[10, 14], [51, 69]]
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["arrival", "expert", "rules"]
    assert [text.get_text() for text in display.ax_.texts] == ["not estimable"]
    assert "(synthetic)" in display.ax_.get_title()


def test_differences_stand_beside_a_line_at_zero_and_those_shown_stand_out() -> None:
    shown = {"expert": figure(48, 41, 55), "urgency": figure(1, -3, 5)}
    display = WaysDisplay(shown, "more", against=0.0, found=frozenset({"expert"})).plot(axes())
    assert display.ax_.get_lines()[0].get_xdata() == [0.0, 0.0]
    assert (points(display.ax_, "D"), points(display.ax_, "o")) == ([48], [1])


def test_reached_stands_against_opened_in_vain() -> None:
    display = ExpenseDisplay({"expert": figure(60, 51, 69)}, {"expert": figure(620, 600, 640)}).plot(axes())
    drawn = display.ax_.containers[0].lines[0].get_xydata()
    assert drawn.tolist() == [[620, 60]]


def test_curves_are_drawn_in_per_cent() -> None:
    curve = [figure(0, 0, 0), figure(0.1, 0.05, 0.2), NOTHING]
    display = CurvesDisplay((0, 5, 10), {"expert": curve}).plot(axes())
    assert display.ax_.get_lines()[0].get_ydata() == pytest.approx([0, 10, np.nan], nan_ok=True)
    assert [[5.0, 5.0], [5.0, 20.0]] in intervals(display.ax_)


def test_runs_are_drawn_by_the_name_of_a_measure_in_its_unit() -> None:
    runs = make_runs()
    display = WaysDisplay.from_runs(runs, "children_reached", ax=axes())
    assert points(display.ax_, "o") == pytest.approx([12, 60, 75])
    assert display.ax_.get_xlabel().startswith("children reached\nmean over 4 seeds; intervals 95 %")
    shares = WaysDisplay.from_runs(runs, "share_reached", ax=axes())
    assert points(shares.ax_, "o") == pytest.approx([8, 40, 50])
    assert shares.ax_.get_xlabel().startswith("share reached (%)\n")
    assert (
        "child days averted\n"
        in WaysDisplay.from_runs(runs, "child_days_averted", ax=axes()).ax_.get_xlabel()
    )


def test_differences_of_runs_are_paired_and_those_shown_stand_out() -> None:
    runs = make_runs()
    ax = WaysDisplay.from_runs(runs, "children_reached", less="arrival", ax=axes()).ax_
    assert points(ax, "D") == pytest.approx([48, 63])
    assert [text.get_text() for text in ax.get_yticklabels()] == list(WAYS[1:])
    alike = WaysDisplay.from_runs(runs, "deadlines_kept", less="arrival", ax=axes()).ax_
    assert (points(alike, "D"), points(alike, "o")) == ([], pytest.approx([0, 0]))


def test_other_drawings_of_runs_hold_the_figures_of_the_runs() -> None:
    runs = make_runs()
    curves = CurvesDisplay.from_runs(runs, ax=axes())
    assert curves.curves["oracle"] == runs.curve("oracle")
    weeks = WeeksDisplay.from_runs(runs, "unseen", ax=axes())
    assert weeks.weekly["oracle"] == runs.by_week("unseen", "oracle")
    assert weeks.ax_.get_ylabel() == "children unseen"
    expense = ExpenseDisplay.from_runs(runs, ax=axes())
    assert expense.vain["arrival"] == runs.figure("opened_in_vain", "arrival")
    learned = LearnedDisplay.from_runs(runs, ax=axes())
    assert points(learned.ax_, "D") == pytest.approx([0.4])


def test_weeks_are_drawn_with_their_intervals() -> None:
    weekly = {"expert": [figure(0, 0, 0), figure(10, 8, 12), figure(30, 25, 36)]}
    display = WeeksDisplay(weekly, "cases", "The pool").plot(axes())
    assert display.ax_.get_lines()[0].get_ydata() == pytest.approx([0, 10, 30])
    assert intervals(display.ax_) == [[[0, 0], [0, 0]], [[1, 8], [1, 12]], [[2, 25], [2, 36]]]


def test_staffs_are_drawn_as_they_were_tried_beside_the_goal_and_the_staff_as_it_is() -> None:
    display = StaffDisplay([make_capacity("expert", 280), make_capacity("oracle", None)]).plot(axes())
    goal, staff = display.ax_.get_lines()[:2]
    assert (goal.get_ydata()[0], staff.get_xdata()[0]) == (50, 150)
    drawn = [one.get_xydata() for one in display.ax_.get_lines()[2:]]
    assert drawn[0] == pytest.approx(np.array([[150, 25], [280, 51], [300, 52]]))
    assert drawn[1] == pytest.approx(np.array([[150, 25], [300, 30]]))
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["150", "300"]


def test_intervals_of_several_lines_stand_at_other_points() -> None:
    weekly = {way: [figure(week, week, week + 1) for week in range(60)] for way in ("arrival", "expert")}
    ax = WeeksDisplay(weekly, "cases", "The pool").plot(axes()).ax_
    first, second = ({segment[0, 0] for segment in one.lines[2][0].get_segments()} for one in ax.containers)
    assert len(first) == len(second) == 6
    assert not first & second


def test_an_estimate_stands_beside_the_truth_and_none_is_said_to_be_none() -> None:
    truths = {"expert": NOTHING, "audited": figure(0.004)}
    display = LearnedDisplay(
        truths,
        {"expert": NOTHING, "audited": figure(0.005)},
        {"expert": NOTHING, "audited": figure(0.001)},
        {"expert": NOTHING, "audited": figure(0.011)},
    ).plot(axes())
    assert points(display.ax_, "D") == pytest.approx([0.4])
    assert points(display.ax_, "o") == pytest.approx([0.5])
    assert [text.get_text() for text in display.ax_.texts] == ["no estimate, or not in every period"]
