from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.scoring.tree_attribution import shapley_contributions
from triage.scoring.trees import LEAF, Tree, TreesModel

NAN = np.nan
COLUMNS = ("contact_record", "prior_reports", "minor_counterpart")
FIRST = Tree.of(
    [0, 1, LEAF, 0, LEAF, LEAF, 1, LEAF, LEAF],
    threshold=[0.5, 2, 0, -0.5, 0, 0, 7, 0, 0],
    value=[0, 0, -1, 0, 0.25, 0.5, 0, 1, 3],
    unknown_lower=[False, True, False, False, False, False, False, False, False],
    cover=[20, 5, 15, 6, 4],
)
SECOND = Tree.of(
    [2, 1, LEAF, LEAF, 0, LEAF, LEAF],
    threshold=[0.5, 4, 0, 0, 0.5, 0, 0],
    value=[0, 0, -0.5, 0.5, 0, 0.75, 2],
    unknown_lower=[False, True, False, False, False, False, False],
    cover=[10, 10, 20, 10],
)
MODEL = TreesModel("test", "log-odds", COLUMNS, (FIRST, SECOND))


def test_values_are_those_of_shap() -> None:
    """shap 0.51.0, both trees as a dictionary with the node counts above:

    m = dict(trees=[first, second])  # children_left, children_right, children_default, features, ...
    shap.TreeExplainer(m, feature_perturbation="tree_path_dependent").shap_values(X)
    """
    X = np.array([[1, NAN, 0], [-1, 3, 1], [0, NAN, -1], [1, 5, 1], [0, 8, 0]])
    parts, expected = shapley_contributions(MODEL, X)
    assert expected == pytest.approx(0.835, abs=1e-12)
    theirs = [
        [2.6825, 0.0825, -1.1],
        [-0.73833333, 0.42, 0.48333333],
        [-0.7175, -0.8925, -0.725],
        [1.72416667, -0.0925, 0.53333333],
        [-0.5425, 1.1325, -0.425],
    ]
    np.testing.assert_allclose(parts, theirs, atol=6e-9)


def value_of(tree: Tree, case: np.ndarray, known: set[int], node: int = 0) -> float:
    """Mean of the leaves where only some features are known."""
    if tree.feature[node] == LEAF:
        return float(tree.value[node])
    lower, upper = node + 1, int(tree.upper[node])
    if tree.feature[node] in known:
        x = case[tree.feature[node]]
        down = tree.unknown_lower[node] if np.isnan(x) else x <= tree.threshold[node]
        return value_of(tree, case, known, lower if down else upper)
    share = tree.cover[lower] / tree.cover[node]
    return float(
        share * value_of(tree, case, known, lower) + (1 - share) * value_of(tree, case, known, upper)
    )


def over_all_subsets(model: TreesModel, case: np.ndarray) -> np.ndarray:
    n = len(model.columns)
    result = np.zeros(n)
    for column in range(n):
        others = [other for other in range(n) if other != column]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for some in combinations(others, size):
                for tree in model.trees:
                    gain = value_of(tree, case, {*some, column}) - value_of(tree, case, set(some))
                    result[column] += weight * gain
    return result


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    feature, threshold, value, lower = [], [], [], []

    def grow(depth: int) -> None:
        split = depth < 4 and draw(st.integers(0, 4)) > 0
        feature.append(draw(st.integers(0, 3)) if split else LEAF)
        threshold.append(draw(st.sampled_from([-0.5, 0.5, 3.0])) if split else 0.0)
        lower.append(draw(st.booleans()) if split else False)
        value.append(draw(st.integers(-8, 8)) / 2)
        if split:
            grow(depth + 1)
            grow(depth + 1)

    grow(0)
    cover = [draw(st.integers(1, 50)) for column in feature if column == LEAF]
    return Tree.of(feature, threshold=threshold, value=value, unknown_lower=lower, cover=cover)


case_of_four = st.lists(st.sampled_from([-1.0, 0.0, 1.0, 5.0, NAN]), min_size=4, max_size=4)


@given(st.lists(trees(), min_size=1, max_size=3), case_of_four)
@settings(deadline=None, max_examples=40)
def test_values_are_those_of_the_definition(some: list[Tree], case: list[float]) -> None:
    columns = (*COLUMNS, "escalated")
    model, matrix = TreesModel("x", "points", columns, tuple(some), base=1.0), np.array([case])
    parts, expected = shapley_contributions(model, matrix)
    np.testing.assert_allclose(parts[0], over_all_subsets(model, matrix[0]), atol=1e-11)
    score = model.score(model.contributions(matrix))
    np.testing.assert_allclose(parts.sum(axis=1), score - expected, atol=1e-11)
