from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.scoring.model import Asked
from triage.scoring.trees import LEAF, Tree, TreesModel

# contact_record, prior_reports, minor_counterpart
FIRST = Tree.of(
    [0, 1, LEAF, 0, LEAF, LEAF, 1, LEAF, LEAF],
    threshold=[0.5, 2, 0, -0.5, 0, 0, 7, 0, 0],
    value=[0.25, 0, -1, 0.375, 0.25, 0.5, 2, 1, 3],
    unknown_lower=[False, True, False, False, False, False, False, False, False],
    cover=[20, 5, 15, 6, 4],
)
SECOND = Tree.of(
    [2, 1, LEAF, LEAF, 0, LEAF, LEAF],
    threshold=[0.5, 4, 0, 0, 0.5, 0, 0],
    value=[0.5, 0, -0.5, 0.5, 1.25, 0.75, 2],
    unknown_lower=[False, True, False, False, False, False, False],
    cover=[10, 10, 20, 10],
)
COLUMNS = ("contact_record", "prior_reports", "minor_counterpart")
MODEL = TreesModel("test", "log-odds", COLUMNS, (FIRST, SECOND), base=-3.0)
NAN = np.nan


def follow(tree: Tree, case: np.ndarray) -> list[int]:
    """The nodes on the way of a case, one question at a time."""
    way = [0]
    while tree.feature[way[-1]] != LEAF:
        node = way[-1]
        x = case[tree.feature[node]]
        lower = tree.unknown_lower[node] if np.isnan(x) else x <= tree.threshold[node]
        way.append(node + 1 if lower else int(tree.upper[node]))
    return way


def test_score_and_parts_by_hand() -> None:
    parts = MODEL.contributions(np.array([[1.0, NAN, 0.0], [-1.0, 3.0, 1.0]]))
    # 0.25 -(record)-> 2 -(unknown goes up)-> 3, and 0.5 -(counterpart)-> 0 -(unknown goes down)-> -0.5
    np.testing.assert_array_equal(parts[0], [1.75, 1.0 - 0.5, -0.5])
    # 0.25 -> 0 -> 0.375 -> 0.25, and 0.5 -> 1.25 -> 0.75
    np.testing.assert_array_equal(parts[1], [-0.25 - 0.125 - 0.5, 0.375, 0.75])
    np.testing.assert_array_equal(MODEL.score(parts), [-3 + 3 - 0.5, -3 + 0.25 + 0.75])


def test_score_is_the_intercept_and_the_parts() -> None:
    assert MODEL.intercept == -3 + 0.25 + 0.5


cells = st.lists(
    st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0, 4.0, 5.0, 7.0, 9.0, NAN]), min_size=3, max_size=3),
    min_size=1,
    max_size=30,
)


@given(cells)
@settings(deadline=None)
def test_every_case_ends_where_following_it_ends(rows: list[list[float]]) -> None:
    matrix = np.array(rows)
    followed = [sum(tree.value[follow(tree, case)[-1]] for tree in MODEL.trees) - 3.0 for case in matrix]
    np.testing.assert_array_equal(MODEL.score(MODEL.contributions(matrix)), followed)


@st.composite
def trees(draw: st.DrawFn, n_columns: int = 3, deepest: int = 4) -> Tree:
    feature, threshold, value, lower = [], [], [], []

    def grow(depth: int) -> None:
        split = depth < deepest and draw(st.booleans())
        feature.append(draw(st.integers(0, n_columns - 1)) if split else LEAF)
        threshold.append(draw(st.sampled_from([-0.5, 0.5, 3.0])) if split else 0.0)
        lower.append(draw(st.booleans()) if split else False)
        value.append(draw(st.floats(-4, 4)))
        if split:
            grow(depth + 1)
            grow(depth + 1)

    grow(0)
    return Tree.of(feature, threshold=threshold, value=value, unknown_lower=lower)


@given(st.lists(trees(), min_size=1, max_size=6), cells)
@settings(deadline=None, max_examples=40)
def test_parts_add_up_to_the_last_bit_in_any_order(some: list[Tree], rows: list[list[float]]) -> None:
    model, matrix = TreesModel("x", "points", COLUMNS, tuple(some), 0.1 // 2**-40 * 2**-40), np.array(rows)
    parts = model.contributions(matrix)
    leaves = [sum(tree.value[follow(tree, case)[-1]] for tree in some) for case in matrix]
    np.testing.assert_array_equal(model.score(parts), np.array(leaves) + model.base)
    np.testing.assert_array_equal(model.score(parts), parts[:, ::-1].sum(axis=1) + model.intercept)


@given(cells)
@settings(deadline=None)
def test_case_has_the_same_score_alone_and_among_others(rows: list[list[float]]) -> None:
    matrix = np.array(rows)
    many = np.tile(matrix, (17_000 // len(matrix) + 1, 1))  # more than one block
    alone = [MODEL.score(MODEL.contributions(case[None]))[0] for case in matrix]
    np.testing.assert_array_equal(MODEL.score(MODEL.contributions(many))[-len(matrix) :], alone)


@given(cells, st.sampled_from([0, 2]), st.sampled_from([-1.0, 1.0]))
def test_rescored_case_has_the_score_of_the_changed_one(
    rows: list[list[float]], column: int, level: float
) -> None:
    # More than one block; of the questions one is asked of most cases and two of few.
    matrix = np.tile(np.array(rows), (40_000 // len(rows) + 1, 1))
    changed = matrix.copy()
    changed[:, column] = level
    score = MODEL.score(MODEL.contributions(matrix))
    expected = MODEL.score(MODEL.contributions(changed))
    every = np.arange(len(matrix))
    questions = [
        Asked(cases, [{column: np.array([level])}, {column: changed[cases, column]}, {}])
        for cases in (every[::3], every[every % 4 > 0], every[-1:])
    ]
    for question, rescored in zip(questions, MODEL.rescore(matrix, questions, score), strict=True):
        for found, after in zip(rescored, (expected, expected, score), strict=True):
            np.testing.assert_array_equal(found, after[question.cases])


def test_no_case_gives_no_score() -> None:
    assert MODEL.contributions(np.empty((0, 3))).shape == (0, 3)


def test_note_says_what_kind_the_reasons_are() -> None:
    assert MODEL.reasons_note.startswith("path attribution")
