import numpy as np
import pytest
from matplotlib.figure import Figure as Sheet

from triage.errors import OutputExistsError
from triage.evaluation import draw_capacity, draw_reliability, evaluate, reliability_curve, save_reliability


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(2)
    p = rng.beta(1, 30, 3000)
    y = rng.random(3000) < p
    return evaluate(
        y,
        p,
        p,
        oracle=p,
        baselines={"at random": rng.random(3000)},
        capacity=(30, 0.05, 0.02),
        synthetic=True,
    )


def test_the_capacity_drawing_shows_the_numbers_it_was_given(result):
    ax = Sheet().subplots()
    assert draw_capacity(result, ax) is ax
    assert ax.get_title() == "Recall at capacity (synthetic)"
    assert "%" in ax.get_xlabel()
    assert "%" in ax.get_ylabel()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["drawn at random", "model", "oracle", "at random"]
    drawn = ax.containers[0].lines[0].get_xydata()
    at = sorted(result.model.at, key=lambda one: one.share)
    assert drawn == pytest.approx(np.array([(100 * one.share, 100 * one.recall.estimate) for one in at]))


def test_the_reliability_drawing_shows_the_numbers_it_was_given(result):
    ax = Sheet().subplots()
    curve = result.probability.curve
    draw_reliability(curve, ax)
    assert ax.get_title() == "Reliability of the probability (synthetic)"
    points = ax.collections[-1].get_offsets()
    assert np.asarray(points) == pytest.approx(100 * np.column_stack([curve.forecast, curve.observed]))


def test_a_drawing_of_real_cases_does_not_say_synthetic():
    ax = Sheet().subplots()
    draw_reliability(reliability_curve([0, 1, 0], [0.1, 0.2, 0.3]), ax)
    assert ax.get_title() == "Reliability of the probability"


def test_a_drawing_without_current_abuse_is_still_a_drawing():
    empty = evaluate([0, 0, 0], [1, 2, 3], [0, 0, 0], capacity=1)
    sheet = Sheet()
    draw_capacity(empty, sheet.subplots())
    sheet.canvas.draw()
    draw_reliability(empty.probability.curve, Sheet().subplots())


def test_a_saved_curve_is_a_png_and_replaces_nothing_unasked(result, tmp_path):
    path = tmp_path / "reliability.png"
    save_reliability(result.probability.curve, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputExistsError):
        save_reliability(result.probability.curve, path)
    save_reliability(result.probability.curve, path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["reliability.png"]
