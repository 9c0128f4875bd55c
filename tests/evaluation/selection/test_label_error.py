from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.figure import Figure
from triage.evaluation.selection.estimators import ListFigures, hajek_at
from triage.evaluation.selection.label_error import (
    correct_detection,
    detection_grid,
    tipping_between,
    treat_undetermined,
)


def figures(found: float, k: float, missed: float) -> ListFigures:
    def figure(value: float) -> Figure:
        return Figure(value, 0.8 * value, 1.1 * value, 50, "made up", "all cases")

    return ListFigures(
        figure(found / k),
        figure(found / (found + missed)),
        figure(found),
        figure(missed),
        figure(1 - found / k),
    )


def test_corrected_figures_by_hand() -> None:
    # 40 found of 100 opened and 10 missed; true: 40 / .8 = 50 and 10 / .5 = 20.
    corrected = correct_detection(figures(40, 100, 10), first=0.8, rest=0.5)
    assert corrected.found.estimate == pytest.approx(50)
    assert corrected.missed.estimate == pytest.approx(20)
    assert corrected.precision.estimate == pytest.approx(0.5)
    assert corrected.recall.estimate == pytest.approx(50 / 70)
    assert corrected.false_discovery.estimate == pytest.approx(0.5)
    assert corrected.precision.low == pytest.approx(0.8 * 0.4 / 0.8)


@given(st.floats(0.1, 1), st.floats(0.1, 1))
def test_recall_is_that_of_the_corrected_counts(first: float, rest: float) -> None:
    corrected = correct_detection(figures(10, 1000, 30), first=first, rest=rest)
    true = 10 / first, 30 / rest
    assert corrected.recall.estimate == pytest.approx(true[0] / sum(true))


def test_equal_detection_everywhere_leaves_recall_and_lift_alone() -> None:
    grid = detection_grid(figures(40, 100, 10), 1000, first=[1.0, 0.8, 0.6])
    assert np.allclose(grid.recall, 0.8)
    assert np.allclose(grid.lift, 8.0)
    assert np.allclose(grid.prevalence, 0.05 / np.array([1.0, 0.8, 0.6]))


def test_more_abuse_than_cases_is_impossible_and_said() -> None:
    corrected = correct_detection(figures(40, 100, 10), first=0.3)
    assert corrected.precision.method.startswith("not estimable: with detection 0.3 more cases")
    assert not corrected.found.estimable
    assert not corrected.false_discovery.estimable
    assert np.isnan(detection_grid(figures(40, 100, 10), 1000, first=[0.3]).precision[0])


def test_the_tipping_point_is_where_the_lift_is_one() -> None:
    grid = detection_grid(figures(40, 100, 160), 1000)
    # Recall 0.2 with a tenth opened: odds 1 / 4 against 1 / 9.
    assert grid.tipping == pytest.approx(4 / 9)
    at = detection_grid(figures(40, 100, 160), 1000, first=[0.9], rest=[0.9 * grid.tipping])
    assert at.lift[0] == pytest.approx(1.0)
    assert len(grid.to_frame()) == len(grid.first)
    assert grid.as_dict()["tipping"] == pytest.approx(4 / 9)


def test_a_sensitivity_outside_is_refused() -> None:
    for value in (0.0, 1.2, float("nan")):
        with pytest.raises(InputRefusedError, match="sensitivity"):
            correct_detection(figures(1, 2, 3), first=value)
    with pytest.raises(InputRefusedError, match="different length"):
        detection_grid(figures(1, 2, 3), 10, first=[1.0, 0.5], rest=[1.0])


def test_figures_that_are_not_estimable_stay_so() -> None:
    none = Figure.not_estimable("no case", 0, "all cases")
    corrected = correct_detection(ListFigures(none, none, none, none, none), first=0.5)
    assert not corrected.recall.estimable


def test_a_ranking_beats_another_unless_detection_is_so_much_worse_for_the_other() -> None:
    # Only the first opens: weights 2 and 2 with abuse; only the other: 4 with abuse.
    outcome = [1, 1, 0, 1, 0, 0, 1, 0]
    score, other = [8, 7, 6, 5, 4, 3, 2, 1], [5, 1, 2, 8, 4, 3, 7, 6]
    inclusion = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
    # Both open cases 1 and 4; the first also 2 and 3, the other 7 and 8.
    tipping = tipping_between(outcome, score, other, inclusion, 4, least_effective=1)
    assert tipping.ratio.estimate == 4 / 2
    assert tipping.ratio.low < 2 < tipping.ratio.high
    assert str(tipping).startswith("more current abuse among the first k")


def test_two_rankings_without_a_difference_have_no_tipping_point() -> None:
    tipping = tipping_between([1, 0, 1], [3, 2, 1], [3, 2, 1], [0.5] * 3, 2, least_effective=1)
    assert "no case with an outcome that only the first ranking opens" in tipping.ratio.method


def test_undetermined_is_left_out_or_no_or_yes() -> None:
    outcome, unclear, inclusion = [1, 0, None, None], [0, 0, 1, 0], [0.6] * 4
    assert treat_undetermined(outcome, unclear, inclusion, as_="no")[0].tolist()[:3] == [1, 0, 0]
    assert treat_undetermined(outcome, unclear, inclusion, as_="yes")[0].tolist()[:3] == [1, 0, 1]
    left_out, scaled = treat_undetermined(outcome, unclear, inclusion)
    assert np.isnan(left_out[2:]).all()
    assert scaled == pytest.approx([0.4] * 4)


def test_what_is_left_out_is_between_no_and_yes() -> None:
    rng = np.random.default_rng(9)
    score, inclusion = rng.normal(size=800), np.full(800, 0.5)
    truth = rng.random(800) < 1 / (1 + np.exp(2 - score))
    finished = rng.random(800) < 0.5
    unclear = finished & (rng.random(800) < 0.1)
    outcome = np.where(finished & ~unclear, truth, np.nan)
    precision = {}
    for way in ("no", "left_out", "yes"):
        y, p = treat_undetermined(outcome, unclear, inclusion, as_=way)
        precision[way] = hajek_at(y, score, p, 0.25).precision.estimate
    assert precision["no"] < precision["left_out"] < precision["yes"]
