"""Exact Shapley values of a model of trees, for the few cases that are shown."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.trees import Tree, TreesModel

    Floats = NDArray[np.float64]


def shapley_contributions(model: TreesModel, matrix: Floats) -> tuple[Floats, float]:
    r"""Return the Shapley value of each feature in the score of each case.

    The game is the path-dependent one: :math:`v(S)` is the mean of a tree's leaves where splits on features
    in :math:`S` are answered by the case, and others by the shares of the training cases that went each way,

    .. math:: \phi_j = \sum_{S \not\ni j} \frac{|S|! (d - |S| - 1)!}{d!} \bigl(v(S \cup j) - v(S)\bigr).

    Leaf by leaf it needs only the features on the way to the leaf, and the sum over their subsets is the
    product of polynomials; it takes a time that is polynomial in the depth.

    Parameters
    ----------
    model : TreesModel
        With the cover of every node.
    matrix : array of float, shape (n_cases, n_features)
        Flags +1, 0, -1; numbers NaN where unknown.

    Returns
    -------
    contributions : array of float, shape (n_cases, n_features)
        They sum to the score minus `expected`, up to rounding.
    expected : float
        The score of nobody in particular: the mean of the leaves by their covers.

    References
    ----------
    Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for
    trees. Nature Machine Intelligence 2, 56-67 (Algorithm 2: the same values).

    Examples
    --------
    >>> from triage.scoring.trees import Tree, TreesModel
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3], cover=[3, 1])
    >>> model = TreesModel("example", "points", ("contact_record",), (tree,))
    >>> shapley_contributions(model, np.array([[1.0]]))
    (array([[3.]]), 0.0)
    """
    result = np.zeros(matrix.shape)
    expected = model.base
    for tree in model.trees:
        leaves = tree.leaves
        expected += float(tree.value[leaves] @ tree.cover[leaves] / tree.cover[0])
        taken = _answers(tree, matrix)
        for leaf in leaves.tolist():
            _add_leaf(tree, leaf, taken, result)
    return result, expected


def _answers(tree: Tree, matrix: Floats) -> dict[int, NDArray[np.bool_]]:
    """Return, for each split, which cases go to its lower side."""
    answers = {}
    for node in tree.splits:
        x = matrix[:, tree.feature[node]]
        answers[node] = np.where(np.isnan(x), tree.unknown_lower[node], x <= tree.threshold[node])
    return answers


def _add_leaf(tree: Tree, leaf: int, taken: dict[int, NDArray[np.bool_]], result: Floats) -> None:
    """Add what one leaf gives to each feature on the way to it."""
    share: dict[int, float] = {}
    follows: dict[int, NDArray[np.bool_]] = {}
    node = leaf
    while (above := int(tree.parent[node])) >= 0:
        column = int(tree.feature[above])
        on_the_way = taken[above] == (node == above + 1)
        share[column] = share.get(column, 1.0) * float(tree.cover[node] / tree.cover[above])
        follows[column] = follows[column] & on_the_way if column in follows else on_the_way
        node = above
    for column, own in share.items():
        others = [other for other in share if other != column]
        weight = _weigh_subsets([follows[other] for other in others], [share[other] for other in others])
        result[:, column] += tree.value[leaf] * (follows[column] - own) * weight


def _weigh_subsets(follows: list[NDArray[np.bool_]], share: list[float]) -> Any:
    """Return what the features asked before leave of a leaf, on average over all orders.

    Coefficient ``s`` of the product over features of ``share + follows * t`` is the sum over all sets of
    ``s`` features.
    """
    n = len(share)
    coefficients: list[Any] = [1.0]
    for own, z in zip(follows, share, strict=True):
        risen = [0.0, *(before * own for before in coefficients)]
        coefficients = [a * z + b for a, b in zip([*coefficients, 0.0], risen, strict=True)]
    return sum(factorial(s) * factorial(n - s) / factorial(n + 1) * c for s, c in enumerate(coefficients))
