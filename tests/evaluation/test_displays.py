import numpy as np
import pytest
from matplotlib.figure import Figure as Sheet
from scipy.special import expit

from triage.errors import OutputExistsError
from triage.evaluation import (
    ComparisonDisplay,
    DecisionCurveDisplay,
    GroupsDisplay,
    PeriodsDisplay,
    RecallDisplay,
    ReliabilityDisplay,
    SelectionDisplay,
    compare,
    decision_curve,
    evaluate,
    evaluate_groups,
    evaluate_periods,
    evaluate_selected,
    reliability_band,
    reliability_curve,
)
from triage.evaluation.displays.reliability import save_reliability


@pytest.fixture(scope="module")
def cases():
    rng = np.random.default_rng(2)
    z = rng.normal(size=3000)
    p = expit(-4 + 1.2 * z)
    return {
        "y": rng.random(3000) < p,
        "p": p,
        "random": rng.random(3000),
        "group": {"region": np.where(z > 0, "north", "south")},
        "time": np.datetime64("2024-01-01") + np.arange(3000) % 90,
    }


@pytest.fixture(scope="module")
def result(cases):
    return evaluate(
        cases["y"],
        cases["p"],
        cases["p"],
        oracle=cases["p"],
        baselines={"at random": cases["random"]},
        capacity=(30, 0.05, 0.02),
        synthetic=True,
        resamples=19,
    )


def axes():
    return Sheet().subplots()


def test_recall_is_drawn_as_it_was_measured(result):
    ax = axes()
    display = RecallDisplay(result).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert ax.get_title() == "Recall at capacity (synthetic)"
    assert "%" in ax.get_xlabel()
    assert "%" in ax.get_ylabel()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["drawn at random", "model", "oracle", "at random"]
    drawn = ax.containers[0].lines[0].get_xydata()
    at = sorted(result.model.at, key=lambda one: one.share)
    assert drawn == pytest.approx(np.array([(100 * one.share, 100 * one.recall.estimate) for one in at]))


def test_the_line_of_recall_runs_through_its_points(result):
    gains = result.model.gains
    for at in result.model.at:
        assert np.interp(at.share, gains.share, gains.recall) == pytest.approx(at.recall.estimate, abs=1e-9)


def test_reliability_is_drawn_as_it_was_measured(result):
    ax = axes()
    curve = result.probability.curve
    ReliabilityDisplay(curve).plot(ax)
    assert ax.get_title() == "Reliability of the probability (synthetic)"
    points = ax.collections[-1].get_offsets()
    assert np.asarray(points) == pytest.approx(100 * np.column_stack([curve.forecast, curve.observed]))


@pytest.mark.parametrize("kind", ["consistency", "confidence", "simultaneous"])
def test_the_band_is_drawn_as_it_was_measured(cases, kind):
    display = ReliabilityDisplay.from_predictions(cases["y"], cases["p"], band=kind, resamples=19, ax=axes())
    band = reliability_band(cases["y"], cases["p"], kind=kind, resamples=19)
    (drawn,) = [one for one in display.ax_.collections if f"{kind} band" in str(one.get_label())]
    corners = drawn.get_paths()[0].vertices
    for x, low, high in zip(band.probability, band.low, band.high, strict=True):
        at = corners[np.isclose(corners[:, 0], 100 * x), 1]
        assert at.min() <= 100 * low + 1e-9
        assert at.max() >= 100 * high - 1e-9


def test_the_decision_curve_is_drawn_as_it_was_measured(cases):
    display = DecisionCurveDisplay.from_predictions(
        cases["y"], cases["p"], orders={"at random": cases["random"]}, synthetic=True, ax=axes()
    )
    curve = decision_curve(cases["y"], cases["p"], orders={"at random": cases["random"]})
    assert display.ax_.get_title() == "Decision curve (synthetic)"
    lines = {line.get_label(): line for line in display.ax_.get_lines()}
    assert set(lines) == {"model", "open all", "open none", "at random"}
    for name in ("model", "at random"):
        assert lines[name].get_ydata() == pytest.approx(curve[name].standardised)
        assert lines[name].get_xdata() == pytest.approx(100 * curve.threshold)


def test_groups_are_drawn_as_they_were_measured(cases):
    display = GroupsDisplay.from_predictions(cases["y"], cases["p"], cases["group"], capacity=0.05, ax=axes())
    audit = evaluate_groups(cases["y"], cases["p"], cases["group"], capacity=0.05, crossings=())
    rows = [row for row in audit.of("missed") if row.attribute == "region"]
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["region: north", "region: south"]
    points = [line.get_xdata()[0] for line in display.ax_.get_lines() if line.get_marker() in {"o", "D"}]
    assert points == pytest.approx([100 * row.estimate for row in rows])


def test_a_group_that_differs_is_marked_by_a_diamond(cases):
    score = np.where(cases["group"]["region"] == "north", cases["p"], 0.0)
    audit = evaluate_groups(cases["y"], score, cases["group"], capacity=0.05, crossings=(), synthetic=True)
    assert [row.found for row in audit.of("missed", attribute="region")] == [True, True]
    ax = GroupsDisplay(audit).plot(axes()).ax_
    assert [line.get_marker() for line in ax.get_lines()].count("D") == 2
    assert ax.get_title() == "By group: missed children (synthetic)"
    assert ax.get_xlabel().startswith("missed children (false negative rate), %, of all cases (synthetic)\n")


def test_a_withheld_group_is_named_without_a_number(cases):
    group = {"region": np.where(np.arange(3000) < 5, "tiny", "rest")}
    display = GroupsDisplay.from_predictions(cases["y"], cases["p"], group, capacity=0.05, ax=axes())
    said = [text.get_text() for text in display.ax_.texts]
    assert "withheld" in said
    assert not [line for line in display.ax_.get_lines() if line.get_marker() in {"o", "D"}]


def test_a_comparison_is_drawn_as_it_was_measured(cases):
    display = ComparisonDisplay.from_predictions(
        cases["y"], cases["p"], cases["random"], names=("model", "at random"), ax=axes()
    )
    measured = compare(cases["y"], cases["p"], cases["random"])
    drawn = display.ax_.containers[0].lines[0].get_ydata()
    assert drawn == pytest.approx([100 * at.recall.estimate for at in measured.at])
    assert display.ax_.get_title() == "model against at random"
    assert "above 0 model finds more; " in display.ax_.get_xlabel()


def test_periods_are_drawn_as_they_were_measured(cases):
    display = PeriodsDisplay.from_predictions(cases["y"], cases["p"], cases["time"], capacity=0.05, ax=axes())
    measured = evaluate_periods(cases["y"], cases["p"], cases["time"], capacity=0.05)
    drawn = display.ax_.containers[0].lines[0].get_ydata()
    assert drawn == pytest.approx([one.recall.estimate for one in measured.periods])


def chosen(cases):
    inclusion = np.where(cases["p"] > 0.05, 0.9, 0.2)
    opened = np.random.default_rng(5).random(3000) < inclusion
    return np.where(opened, cases["y"], np.nan), inclusion


def test_selected_figures_are_drawn_as_they_were_measured(cases):
    outcome, inclusion = chosen(cases)
    display = SelectionDisplay.from_predictions(
        outcome, cases["p"], inclusion, capacity=0.05, truth=0.5, synthetic=True, ax=axes()
    )
    at = evaluate_selected(outcome, cases["p"], inclusion, capacity=0.05).at[0]
    ax = display.ax_
    assert ax.get_title() == "By each estimator: recall, first 150 of 3,000 (synthetic)"
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == [
        "naive", "Horvitz-Thompson", "Hajek", "augmented", "Begg-Greenes", "monotone bounds", "bounds"
    ]  # fmt: skip
    points = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
    shown = (at.naive, at.horvitz_thompson, at.hajek, at.augmented, at.begg_greenes)
    assert points == pytest.approx([100 * one.recall.estimate for one in shown])
    bars = [list(line.get_xdata()) for line in ax.get_lines() if line.get_linewidth() == 6]
    bounds = (at.monotone.recall, at.bounds.recall)
    assert np.array(bars) == pytest.approx(np.array([[100 * one.low, 100 * one.high] for one in bounds]))
    assert [list(line.get_xdata()) for line in ax.get_lines() if line.get_linestyle() == "--"] == [[50, 50]]


def test_what_is_not_estimable_is_named_without_a_number(cases):
    opened = cases["p"] >= np.sort(cases["p"])[-150]
    outcome = np.where(opened, cases["y"], np.nan)
    display = SelectionDisplay.from_predictions(
        outcome, cases["p"], opened.astype(float), capacity=0.05, ax=axes()
    )
    assert [text.get_text() for text in display.ax_.texts].count("not estimable") == 4


@pytest.mark.parametrize("measure", ["precision", "found", "missed"])
def test_every_figure_of_a_selection_can_be_drawn(cases, measure):
    outcome, inclusion = chosen(cases)
    figures = evaluate_selected(outcome, cases["p"], inclusion, capacity=0.05)
    ax = SelectionDisplay(figures).plot(axes(), measure=measure).ax_
    points = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
    scale = 100 if measure == "precision" else 1
    assert points[1] == pytest.approx(scale * getattr(figures.at[0].horvitz_thompson, measure).estimate)


def test_no_legend_hides_what_is_drawn(result):
    figures = result.probability
    for display in (
        RecallDisplay(result),
        ReliabilityDisplay(figures.curve, figures.band),
        DecisionCurveDisplay(result.decision),
    ):
        ax = display.plot(axes()).ax_
        ax.figure.canvas.draw()
        legend, title = ax.get_legend().get_window_extent(), ax.title.get_window_extent()
        assert legend.y0 >= ax.get_window_extent().y1 - 1
        assert title.y0 >= legend.y1 - 1


def test_the_lines_of_orders_are_told_apart_without_colour(cases):
    baselines = dict.fromkeys("abcde", cases["random"])
    result = evaluate(
        cases["y"], cases["p"], oracle=cases["p"], baselines=baselines, capacity=0.05, resamples=0
    )
    ax = RecallDisplay(result).plot(axes()).ax_
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) > 10]
    assert len(lines) == 7
    assert len({str(line._dash_pattern) for line in lines}) == 7


def test_a_drawing_of_real_cases_does_not_say_synthetic():
    ax = axes()
    ReliabilityDisplay(reliability_curve([0, 1, 0], [0.1, 0.2, 0.3])).plot(ax)
    assert ax.get_title() == "Reliability of the probability"


def test_a_drawing_without_current_abuse_is_still_a_drawing():
    empty = evaluate([0, 0, 0], [1, 2, 3], [0, 0, 0], capacity=1, resamples=9)
    for display in (
        RecallDisplay(empty),
        ReliabilityDisplay(empty.probability.curve, empty.probability.band),
        DecisionCurveDisplay(empty.decision),
    ):
        display.plot(axes()).figure_.canvas.draw()


def test_an_evaluation_draws_itself_on_one_sheet(result):
    import matplotlib.pyplot as plt

    sheet = result.plot()
    assert [ax.get_title() for ax in sheet.axes] == [
        "Recall at capacity (synthetic)",
        "Reliability of the probability (synthetic)",
        "Decision curve (synthetic)",
    ]
    plt.close(sheet)


def test_a_saved_curve_is_a_png_and_replaces_nothing_unasked(result, tmp_path):
    path = tmp_path / "reliability.png"
    curve = result.probability.curve
    save_reliability(curve, None, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputExistsError):
        save_reliability(curve, None, path)
    save_reliability(curve, None, path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["reliability.png"]
