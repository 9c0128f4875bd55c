from __future__ import annotations

import pytest

from triage.evaluation.figure import Figure
from triage.lab.measures import MEASURES
from triage.lab.report.showing import show_difference, show_figure, show_value


def figure(estimate: float, low: float, high: float) -> Figure:
    return Figure(estimate, low, high, 10, "t interval", "seeds")


@pytest.mark.parametrize(
    ("measure", "numbers", "said"),
    [
        ("children_reached", (48.0, 41.0, 55.0), "48.0 [41.0 to 55.0] more"),
        ("persons_intruded", (-12.0, -20.0, -4.0), "12.0 [4.0 to 20.0] fewer"),
        ("persons_intruded", (-1.0, -4.0, 2.0), "1.0 [-2.0 to 4.0] fewer"),
        ("reached_within_90", (0.23, 0.2, 0.26), "23.0 [20.0 to 26.0] percentage points more"),
    ],
)  # fmt: skip
def test_a_difference_is_told_in_the_direction_in_which_it_goes(
    measure: str, numbers: tuple[float, float, float], said: str
) -> None:
    assert show_difference(figure(*numbers), MEASURES[measure]) == said


def test_per_cent_stands_once_beside_an_interval() -> None:
    assert show_figure(figure(0.4, 0.3, 0.5), "share") == "40.0 % [30.0 to 50.0]"


def test_what_did_not_come_about_differs_from_what_could_not_be_measured() -> None:
    never = Figure.not_estimable("did not come about in 4 of 4 seeds", 4, "seeds")
    nothing = Figure.not_estimable("nothing to measure in 4 of 4 seeds", 4, "seeds")
    assert (show_value(never, "days"), show_value(nothing, "days")) == (
        "not within the period",
        "not estimable",
    )
