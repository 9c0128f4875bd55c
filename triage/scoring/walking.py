"""The leaf of each tree that a case reaches, for many cases at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from triage.scoring.trees import Tree

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]
    Columns = Mapping[int, Floats] | Floats
    Split = tuple[int, float, bool]

BLOCK = 16_384


def walk(trees: Iterable[Tree], matrix: Floats) -> Iterable[tuple[slice, Tree, Bytes]]:
    """Yield, for blocks of cases and each tree, the number of the leaf that each case reaches.

    Instead of following every case, all splits are asked of all cases, and the answers select, from the
    leaves upward, which number is handed on: a few operations on bytes a node, without a branch.
    """
    trees = tuple(trees)
    for start in range(0, len(matrix), BLOCK):
        rows = slice(start, start + BLOCK)
        columns = np.ascontiguousarray(matrix[rows].T)
        asked: dict[Split, Bytes] = {}
        for tree in trees:
            reached = number_nodes(tree, columns, asked)[0]
            yield rows, tree, reached if tree.splits else np.zeros(columns.shape[1], dtype=np.uint8)


def number_nodes(tree: Tree, columns: Columns, asked: dict[Split, Bytes]) -> list[Bytes]:
    """Return, for each node, the number of the leaf that each case reaches if it passes there.

    Parameters
    ----------
    tree : Tree
        With at most 256 leaves.
    columns : mapping of int to array of float, shape (n_cases,), or array of such
        Features of a block of cases.
    asked : dict
        What the cases answered to the splits asked so far; more is put in.
    """
    number: list[Any] = [None] * len(tree.feature)
    for count, leaf in enumerate(tree.leaves.tolist()):
        number[leaf] = np.uint8(count)
    for node, upper, split in tree.questions:
        if split not in asked:
            asked[split] = ask(columns, *split)
        number[node] = choose(number[node + 1], number[upper], asked[split])
    return number


def choose(lower: Bytes, upper: Bytes, up: Bytes) -> Bytes:
    """Return the upper number where the answer is 255, the lower one where it is 0."""
    chosen: Bytes = lower ^ ((lower ^ upper) & up)
    return chosen


def ask(columns: Columns, column: int, threshold: float, unknown_lower: bool) -> Bytes:
    """Return 255 for cases that go up, 0 for the others; every comparison with NaN is false."""
    x = columns[column]
    up = x > threshold if unknown_lower else ~(x <= threshold)
    return np.asarray(np.negative(up.view(np.uint8)))


def sum_leaves(trees: Iterable[Tree], matrix: Floats) -> Floats:
    """Return the sum of the leaves that each case reaches, shape (n_cases,)."""
    total = np.zeros(len(matrix))
    for rows, tree, leaf in walk(trees, matrix):
        total[rows] += tree.value[tree.leaves].take(leaf)
    return total
