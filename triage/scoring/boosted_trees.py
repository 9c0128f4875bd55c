"""From boosting to plain trees: reading, scaling, merging and weighing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.grid import to_grid
from triage.scoring.trees import LEAF, Tree, spread_cover
from triage.scoring.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingRegressor

    from triage.scoring.signed_additive import SignedAdditiveClassifier

    Floats = NDArray[np.float64]

_LARGEST_FLOAT = float(np.finfo(np.float64).max)
_LEAST_COVER = 1e-6


def encode(matrix: Floats, edges: list[Floats]) -> Floats:
    """Return the number of the interval of each cell, so that few values remain to look at."""
    codes = np.empty_like(matrix)
    for column, some in enumerate(edges):
        x = matrix[:, column]
        codes[:, column] = np.where(np.isnan(x), np.nan, np.searchsorted(some, x, side="right"))
    return codes


def decode(tree: Tree, edges: list[Floats]) -> Tree:
    """Return a tree on numbers of intervals as one on the values themselves."""
    threshold = tree.threshold.copy()
    for node in tree.splits:
        # Up to code k is below edge k; a split that asks only whether a value is known is above all codes.
        some, code = edges[tree.feature[node]], tree.threshold[node]
        threshold[node] = _below(float(some[int(code)])) if code < len(some) else _LARGEST_FLOAT
    return Tree(tree.feature, threshold, tree.unknown_lower, tree.value, tree.cover)


def _below(edge: float) -> float:
    """Return the largest number that is below an edge; for a split, up to it is below the edge."""
    return float(np.nextafter(edge, -np.inf))


def read_regressor(regressor: HistGradientBoostingRegressor) -> tuple[float, list[Tree]]:
    """Return the constant and the trees of a fitted regressor of scikit-learn.

    Trees without a split are added to the constant. Its nodes are private to scikit-learn, so a test
    compares the sum with its predictions.
    """
    constant, trees = float(np.ravel(regressor._baseline_prediction)[0]), []  # noqa: SLF001
    for (predictor,) in regressor._predictors:  # noqa: SLF001
        nodes = predictor.nodes
        if len(nodes) == 1:
            constant += float(nodes["value"][0])
        else:
            trees.append(_read_nodes(nodes))
    return constant, trees


def _read_nodes(nodes: NDArray[Any]) -> Tree:
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if not nodes["is_leaf"][node]:
            waiting += [int(nodes["right"][node]), int(nodes["left"][node])]
    walked = nodes[order]
    leaf = walked["is_leaf"].astype(bool)
    return Tree.of(
        np.where(leaf, LEAF, walked["feature_idx"]).tolist(),
        threshold=np.where(leaf, 0.0, walked["num_threshold"]).tolist(),
        unknown_lower=(walked["missing_go_to_left"].astype(bool) & ~leaf).tolist(),
        value=np.where(leaf, walked["value"], 0.0).tolist(),
    )


def start_trees(start: SignedAdditiveClassifier, matrix: Floats) -> Iterator[Tree]:
    """Yield the step function of each column as a tree."""
    for column, (edges, levels) in enumerate(zip(start.edges_, start.levels_, strict=True)):
        feature, threshold, value = _halve(column, [_below(float(edge)) for edge in edges], levels)
        if not np.isin(matrix[:, column], (-1.0, 0.0, 1.0)).all():
            # Everything known is at most the largest number, so this asks whether a value is known.
            feature = [column, *feature, LEAF]
            threshold = [_LARGEST_FLOAT, *threshold, 0.0]
            value = [0.0, *value, float(start.unknown_[column])]
        if len(feature) > 1 and np.ptp(np.array(value)[np.array(feature) == LEAF]) > 0:
            yield Tree.of(feature, threshold=threshold, value=value)
        else:
            yield Tree.of([LEAF], threshold=[0.0], value=[float(levels[0])])


def _halve(column: int, edges: list[float], levels: Floats) -> tuple[list[int], list[float], list[float]]:
    """Return the nodes of a balanced tree that takes each level between its edges."""
    if not edges:
        return [LEAF], [0.0], [float(levels[0])]
    middle = len(edges) // 2
    lower = _halve(column, edges[:middle], levels[: middle + 1])
    upper = _halve(column, edges[middle + 1 :], levels[middle + 1 :])
    return (
        [column, *lower[0], *upper[0]],
        [edges[middle], *lower[1], *upper[1]],
        [0.0, *lower[2], *upper[2]],
    )


def scale(tree: Tree, factor: float) -> Tree:
    """Return a tree with all values multiplied."""
    return Tree(tree.feature, tree.threshold, tree.unknown_lower, to_grid(tree.value * factor), tree.cover)


def merge(trees: list[Tree]) -> list[Tree]:
    """Add up trees that ask the same questions."""
    alike: dict[bytes, Tree] = {}
    for tree in trees:
        key = tree.feature.tobytes() + tree.threshold.tobytes() + tree.unknown_lower.tobytes()
        if key in alike:
            value = alike[key].value + tree.value
            tree = Tree(tree.feature, tree.threshold, tree.unknown_lower, value, tree.cover)  # noqa: PLW2901
        alike[key] = tree
    return list(alike.values())


def weigh(trees: list[Tree], matrix: Floats, weight: Floats) -> Iterator[Tree]:
    """Yield the trees with the cover of all training cases; a split has the mean of its leaves."""
    passed = [np.zeros(len(tree.leaves)) for tree in trees]
    number = {id(tree): index for index, tree in enumerate(trees)}
    for rows, tree, leaf in walk(trees, matrix):
        passed[number[id(tree)]] += np.bincount(leaf, weight[rows], minlength=len(tree.leaves))
    for tree, leaf_cover in zip(trees, passed, strict=True):
        cover = spread_cover(tree.feature, np.fmax(leaf_cover, _LEAST_COVER))
        value = tree.value.copy()
        for node in reversed(tree.splits):
            lower, upper = node + 1, tree.upper[node]
            value[node] = (cover[lower] * value[lower] + cover[upper] * value[upper]) / cover[node]
        yield Tree(tree.feature, tree.threshold, tree.unknown_lower, to_grid(value), cover)
