"""Models of trees: a score is a sum over trees, and its reasons follow the path through each of them.

Trees are plain arrays of numbers, scored by numpy alone. Nodes stand in the order in which a walk meets
them, the lower side first, so that the array itself is the shape of a tree: nothing points anywhere, and so
nothing can loop or point outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.grid import GRID, to_grid
from triage.scoring.rescoring import rescore_trees
from triage.scoring.walking import walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.scoring.model import Asked
    from triage.scoring.walking import Split

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LARGEST_SUM = 2.0**12
MOST_LEAVES = 256
LEAF = -1
PATH_ATTRIBUTION = (
    "path attribution: each split on the way of the case adds, to its own feature, the change it makes to the"
    " score; the parts add up to the score exactly, and where features act together the share of each"
    " depends on which is asked first"
)


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree as arrays over its nodes, in the order of a walk that takes the lower side first.

    The lower child of node ``i`` is ``i + 1``; the upper one follows the last node below that. A case goes
    to the lower side where its value is at most the threshold.

    Parameters
    ----------
    feature : array of int, shape (n_nodes,)
        Column of the split; -1 for a leaf.
    threshold : array of float, shape (n_nodes,)
        0 for a leaf.
    unknown_lower : array of bool, shape (n_nodes,)
        Whether an unknown value (NaN) goes to the lower side.
    value : array of float, shape (n_nodes,)
        The score of the tree for what is known at a node; that of a leaf is the final one. Multiples of
        2**-40.
    cover : array of float, shape (n_nodes,)
        How many cases passed a node in training; above 0, and that of a node is the sum of its children.

    Examples
    --------
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3])
    >>> tree.upper.tolist(), tree.depth
    ([2, -1, -1], 1)
    """

    feature: Integers
    threshold: Floats
    unknown_lower: NDArray[np.bool_]
    value: Floats
    cover: Floats

    @classmethod
    def of(
        cls,
        feature: Sequence[int],
        *,
        threshold: Sequence[float],
        value: Sequence[float],
        unknown_lower: Sequence[bool] | None = None,
        cover: Sequence[float] | None = None,
    ) -> Tree:
        """Return a tree from lists; unknown values go up unless told otherwise.

        Covers are those of the leaves, in order; 1 each where none are given.
        """
        columns = np.array(feature, dtype=np.int64)
        leaf = columns == LEAF
        counts = np.ones(int(leaf.sum())) if cover is None else np.array(cover, dtype=np.float64)
        return cls(
            columns,
            np.array(threshold, dtype=np.float64),
            np.zeros(len(columns), bool) if unknown_lower is None else np.array(unknown_lower, bool),
            to_grid(np.array(value, dtype=np.float64)),
            spread_cover(columns, counts),
        )

    @cached_property
    def upper(self) -> Integers:
        """The upper child of each node, -1 for a leaf."""
        return find_upper(self.feature)

    @cached_property
    def leaves(self) -> Integers:
        """The nodes that are leaves, in order."""
        return np.flatnonzero(self.feature == LEAF)

    @cached_property
    def splits(self) -> list[int]:
        """The nodes that are splits, in order."""
        return [int(node) for node in np.flatnonzero(self.feature != LEAF)]

    @cached_property
    def questions(self) -> list[tuple[int, int, Split]]:
        """Each split, its upper child and what it asks, from the leaves upward."""
        return [
            (
                node,
                int(self.upper[node]),
                (int(self.feature[node]), float(self.threshold[node]), bool(self.unknown_lower[node])),
            )
            for node in reversed(self.splits)
        ]

    @cached_property
    def parent(self) -> Integers:
        """The parent of each node, -1 for the root."""
        parent = np.full(len(self.feature), -1)
        for node in self.splits:
            parent[node + 1] = parent[self.upper[node]] = node
        return parent

    @property
    def depth(self) -> int:
        """The most splits on any way from the root to a leaf."""
        level = np.zeros(len(self.feature), dtype=np.int64)
        for node in range(1, len(level)):
            level[node] = level[self.parent[node]] + 1
        return int(level.max())

    @cached_property
    def used(self) -> Integers:
        """The columns that a split asks for, ascending."""
        return np.unique(self.feature[self.feature != LEAF])

    @cached_property
    def paths(self) -> Floats:
        """What each used column adds on the way to each leaf, shape (n_used, n_leaves); exact."""
        parts = np.zeros((len(self.used), len(self.feature)))
        row = np.searchsorted(self.used, self.feature)
        for node in range(1, len(self.feature)):
            above = self.parent[node]
            parts[:, node] = parts[:, above]
            parts[row[above], node] += self.value[node] - self.value[above]
        return np.ascontiguousarray(parts[:, self.leaves])


def find_upper(feature: Integers) -> Integers:
    """Return the upper child of each node, -1 for a leaf.

    Raises
    ------
    ValueError
        The nodes are not exactly one tree.

    Examples
    --------
    >>> find_upper(np.array([7, 3, -1, -1, -1])).tolist()
    [4, 3, -1, -1, -1]
    """
    upper = np.full(len(feature), -1)
    waiting: list[int] = []
    for node, column in enumerate(feature.tolist()):
        if column != LEAF:
            waiting.append(node)
        elif waiting:
            if node + 1 == len(feature):
                raise ValueError("the nodes end before the tree does")
            upper[waiting.pop()] = node + 1
        elif node + 1 < len(feature):
            raise ValueError("nodes that no way leads to")
    if waiting or not len(feature):
        raise ValueError("the nodes end before the tree does")
    return upper


def spread_cover(feature: Integers, leaf_cover: Floats) -> Floats:
    """Return the cover of every node from that of the leaves: what passes a split is what its children get.

    Examples
    --------
    >>> spread_cover(np.array([7, 3, -1, -1, -1]), np.array([2.0, 3.0, 5.0])).tolist()
    [10.0, 5.0, 2.0, 3.0, 5.0]
    """
    upper, leaf = find_upper(feature), feature == LEAF
    cover = np.zeros(len(feature))
    cover[leaf] = leaf_cover
    for node in np.flatnonzero(~leaf)[::-1]:
        cover[node] = cover[node + 1] + cover[upper[node]]
    return cover


@dataclass(frozen=True, eq=False)
class TreesModel:
    """A sum over trees.

    Parameters
    ----------
    name : str
        Shown on every list.
    unit : str
        ``points``, ``log-odds`` or ``level``.
    columns : tuple of str
        Features, in the order of the columns that the trees ask for.
    trees : tuple of Tree
        At least one.
    base : float
        Added to the sum over the trees; a multiple of 2**-40.
    sources : mapping of str to str
        What the part of a feature rests on, where the model states it.

    Notes
    -----
    All values are multiples of 2**-40, and no sum of them reaches 2**12. Sums and differences are thus exact
    in double precision: parts add up to the score to the last bit, in any order of summation.

    References
    ----------
    Saabas, A. (2014). Interpreting random forests.

    Examples
    --------
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3])
    >>> model = TreesModel("example", "points", ("contact_record",), (tree,), base=2.0)
    >>> parts = model.contributions(np.array([[1.0], [0.0]]))
    >>> parts.ravel().tolist(), model.score(parts).tolist()
    ([3.0, -1.0], [5.0, 1.0])
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    trees: tuple[Tree, ...]
    base: float = 0.0
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the columns of a matrix."""
        return list(self.columns)

    @cached_property
    def intercept(self) -> float:
        """The score before anything is asked: the base and the value of every root."""
        return self.base + float(sum(tree.value[0] for tree in self.trees))

    @property
    def reasons_note(self) -> str:
        """What kind of reasons the contributions are."""
        return PATH_ATTRIBUTION

    def contributions(self, matrix: Floats) -> Floats:
        """Return what each feature adds to the score of each case along its ways through the trees.

        Parameters
        ----------
        matrix : array of float, shape (n_cases, n_features)
            Flags +1, 0, -1; numbers NaN where unknown.

        Returns
        -------
        array of float, shape (n_cases, n_features)
            The score is the intercept plus the sum of a row.
        """
        parts = np.zeros((len(self.columns), len(matrix)))
        for rows, tree, leaf in walk(self.trees, matrix):
            at = leaf.astype(np.intp)
            for column, path in zip(tree.used, tree.paths, strict=True):
                parts[column, rows] += path.take(at)
        return parts.T

    def score(self, contributions: Floats) -> Floats:
        """Return the score of each case: the intercept plus its contributions, summed left to right."""
        total = np.full(len(contributions), self.intercept)
        for column in range(contributions.shape[1]):
            total += contributions[:, column]
        return total

    def rescore(self, matrix: Floats, asked: Sequence[Asked], score: Floats) -> list[list[Floats]]:
        """Return, for each question, the score of its cases after each of its answers; see `Model.rescore`.

        Only trees in which an answer moves a case are walked again: sums are exact, so that the rest stays.
        """
        return rescore_trees(self.trees, matrix, asked, score)

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain values; `triage.scoring.trees_file.parse_trees` reads them back.

        Nodes of all trees follow each other. Values are whole numbers of 2**-40; covers of splits are
        left out, as they are sums.
        """

        def nodes(name: str) -> Floats:
            return np.concatenate([getattr(tree, name) for tree in self.trees])

        leaf = nodes("feature") == LEAF
        return {
            "name": self.name,
            "unit": self.unit,
            "features": list(self.columns),
            "base": int(self.base / GRID),
            "feature": nodes("feature").tolist(),
            "threshold": nodes("threshold")[~leaf].tolist(),
            "unknown_lower": nodes("unknown_lower")[~leaf].astype(int).tolist(),
            "value": (nodes("value") / GRID).astype(np.int64).tolist(),
            "cover": nodes("cover")[leaf].tolist(),
            "sources": dict(self.sources),
        }
