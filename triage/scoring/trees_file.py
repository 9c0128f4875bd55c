"""Trees from a file: every node is checked before anything is used.

A file of trees may be forged. Here shape follows from the order of the nodes, numbers are bounded, and the
direction of every feature is proved from the leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.additive import check_name, check_source
from triage.scoring.grid import GRID
from triage.scoring.trees import (
    LARGEST_SUM,
    LEAF,
    MOST_LEAVES,
    Tree,
    TreesModel,
    find_upper,
    spread_cover,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_TREES = 10_000
MOST_NODES = 400_000
DEEPEST = 64
LARGEST_COVER = 1e15
MOST_WORK = 300_000_000
_UNITS = frozenset({"points", "log-odds", "level"})
_LARGEST_FLOAT = float(np.finfo(np.float64).max)


def parse_trees(content: Any, where: str) -> TreesModel:
    """Read a model from plain values, and refuse whatever is not exactly one.

    Parameters
    ----------
    content : object
        As `TreesModel.as_dict` gives it.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A key, a type, a number, the shape of a tree or the direction of a feature is not as it must be.
    """
    try:
        model = _parse(content)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"no model of trees: {type(error).__name__} {error}",
            where=where,
            expected="name, unit, features, base and the nodes of whole trees",
            mend="take the file from where it was made",
        ) from None
    refuse_wrong_direction(model, where)
    return model


def _parse(content: Any) -> TreesModel:
    columns = tuple(check_name(name) for name in _list(content["features"], len(FEATURES)))
    unknown = [name for name in columns if name not in FEATURES]
    if unknown or not columns or len(set(columns)) < len(columns):
        raise ValueError(f"features that are not of the catalogue, each once: {unknown[:3]}")
    unit = check_name(content["unit"])
    if unit not in _UNITS:
        raise ValueError(f"unit '{unit}'")
    trees = tuple(_trees(content, len(columns)))
    sources = {check_name(key): check_source(value) for key, value in content["sources"].items()}
    base = float(_whole(content["base"], LARGEST_SUM / GRID) * GRID)
    model = TreesModel(check_name(content["name"]), unit, columns, trees, base, sources)
    if not largest_sum(model) < LARGEST_SUM:
        raise ValueError("values whose sums are out of all proportion")
    return model


def _trees(content: Any, n_columns: int) -> Iterator[Tree]:
    feature = _wholes(content["feature"], MOST_NODES, LEAF, n_columns - 1)
    leaf = feature == LEAF
    n_leaves = int(leaf.sum())
    whole = _wholes(content["value"], MOST_NODES, -LARGEST_SUM / GRID, LARGEST_SUM / GRID)
    value: Floats = whole.astype(np.float64) * GRID
    threshold, lower = np.zeros(len(feature)), np.zeros(len(feature), dtype=bool)
    threshold[~leaf] = _numbers(content["threshold"], len(feature) - n_leaves, -_LARGEST_FLOAT)
    lower[~leaf] = _wholes(content["unknown_lower"], len(feature) - n_leaves, 0, 1) == 1
    cover = _numbers(content["cover"], n_leaves, 1e-9, LARGEST_COVER)
    if len(value) != len(feature):
        raise ValueError(f"{len(feature)} nodes with {len(value)} values")
    starts = _find_starts(leaf)
    if len(starts) > MOST_TREES:
        raise ValueError(f"{len(starts):,} trees; at most {MOST_TREES:,}")
    first_leaf = np.concatenate([[0], np.cumsum(leaf)])
    for start, end in zip(starts, [*starts[1:], len(feature)], strict=True):
        some = slice(start, end)
        find_upper(feature[some])
        covers = spread_cover(feature[some], cover[first_leaf[start] : first_leaf[end]])
        tree = Tree(feature[some], threshold[some], lower[some], value[some], covers)
        if len(tree.leaves) > MOST_LEAVES or tree.depth > DEEPEST:
            raise ValueError(f"a tree of {len(tree.leaves)} leaves, {tree.depth} deep")
        yield tree


def _find_starts(leaf: NDArray[np.bool_]) -> list[int]:
    """Return where each tree starts: after as many leaves as there are splits, and one more."""
    if not len(leaf):
        raise ValueError("no nodes")
    open_ways = np.cumsum(np.where(leaf, -1, 1))
    fewest = np.minimum.accumulate(np.concatenate([[0], open_ways]))
    ends = np.flatnonzero(np.diff(fewest) < 0)
    if not len(ends) or ends[-1] != len(leaf) - 1:
        raise ValueError("the nodes end before the tree does")
    return [0, *(int(end) + 1 for end in ends[:-1])]


def largest_sum(model: TreesModel) -> float:
    """Return a bound on every sum of parts and scores, whatever the case."""
    total = abs(model.base)
    for tree in model.trees:
        reach = np.zeros(len(tree.feature))
        reach[0] = abs(tree.value[0])
        for node in range(1, len(reach)):
            above = tree.parent[node]
            reach[node] = reach[above] + abs(tree.value[node] - tree.value[above])
        total += float(max(reach.max(), np.abs(tree.value).max()))
    return total


def refuse_wrong_direction(model: TreesModel, where: str) -> None:
    """Refuse a model in which a score could fall where the evidence rises, or rise where it falls.

    Raises
    ------
    InputRefusedError
        A tree has two cases that differ in one known value alone, and are ordered against the catalogue; or
        to see whether it has would take too long.
    """
    signs = np.array([FEATURES[name].sign for name in model.columns])
    work = 0
    for number, tree in enumerate(model.trees):
        for column in _columns_in_doubt(tree, signs):
            work += len(tree.leaves) ** 2 * len(tree.used)
            if work > MOST_WORK:
                raise InputRefusedError(
                    "trees too intricate to check", where=where, expected="trees with ordered splits"
                )
            if not keeps_direction(tree, column, int(signs[column])):
                way = "raise" if signs[column] > 0 else "lower"
                name = model.columns[column]
                raise InputRefusedError(
                    f"{name} points against the direction of the catalogue in tree {number}",
                    where=where,
                    expected=f"trees that {way} the score as the feature grows: denied, unknown, asserted",
                )


def _columns_in_doubt(tree: Tree, signs: NDArray[np.int64]) -> list[int]:
    """Return the signed columns that have a split with some leaf below it on the wrong side of one beyond.

    For all other columns the direction is proved by that alone.
    """
    doubt = set()
    least, most = tree.value.tolist(), tree.value.tolist()
    for node in reversed(tree.splits):
        lower, upper, column = node + 1, int(tree.upper[node]), int(tree.feature[node])
        least[node], most[node] = min(least[lower], least[upper]), max(most[lower], most[upper])
        if (signs[column] > 0 and most[lower] > least[upper]) or (
            signs[column] < 0 and least[lower] < most[upper]
        ):
            doubt.add(column)
    return sorted(doubt)


def keeps_direction(tree: Tree, column: int, sign: int) -> bool:
    """Prove or refute that a tree never falls (sign +1) or never rises (-1) as one column grows.

    It looks at every pair of leaves that two cases can reach that differ in this column alone, so the answer
    is exact. An unknown number (NaN) has no place in an order, and may stand on either side.

    Examples
    --------
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3])
    >>> keeps_direction(tree, 0, +1), keeps_direction(tree, 0, -1)
    (True, False)
    """
    low, high, unknown = _boxes(tree)
    value = sign * tree.value[tree.leaves]
    at = int(np.searchsorted(tree.used, column))
    meet = np.maximum(low[:, None], low[None]) < np.minimum(high[:, None], high[None])
    meet |= unknown[:, None] & unknown[None]
    meet[:, :, at] = True
    known = low[:, at] < high[:, at]
    below = (low[:, None, at] < high[None, :, at]) & known[:, None] & known[None]
    return not (meet.all(axis=2) & below & (value[:, None] > value[None])).any()


def _boxes(tree: Tree) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return which values, above `low` up to `high`, lead to each leaf, and whether NaN does.

    All have shape (n_leaves, n_used). No number is above the largest one: a box that starts there is empty.
    """
    shape = len(tree.feature), len(tree.used)
    low, high, unknown = np.full(shape, -np.inf), np.full(shape, _LARGEST_FLOAT), np.ones(shape, bool)
    row = np.searchsorted(tree.used, tree.feature)
    for node in range(1, len(tree.feature)):
        above, column = tree.parent[node], row[tree.parent[node]]
        low[node], high[node], unknown[node] = low[above], high[above], unknown[above]
        if node == above + 1:
            high[node, column] = min(high[node, column], tree.threshold[above])
        else:
            low[node, column] = max(low[node, column], tree.threshold[above])
        unknown[node, column] &= (node == above + 1) == tree.unknown_lower[above]
    return low[tree.leaves], high[tree.leaves], unknown[tree.leaves]


def _list(values: Any, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise TypeError(f"no list of at most {most:,}")
    return values


def _wholes(values: Any, most: int, low: float, high: float) -> NDArray[np.int64]:
    if any(type(value) is not int or not low <= value <= high for value in _list(values, most)):
        raise ValueError(f"no whole numbers from {low:g} to {high:g}")
    return np.array(values, dtype=np.int64)


def _numbers(values: Any, count: int, low: float, high: float = _LARGEST_FLOAT) -> Floats:
    listed = _list(values, count)
    if len(listed) != count or any(type(v) not in {int, float} or not low <= v <= high for v in listed):
        raise ValueError(f"no {count:,} numbers from {low:g} to {high:g}")
    return np.array(listed, dtype=np.float64)


def _whole(value: Any, largest: float) -> int:
    if type(value) is not int or not abs(value) <= largest:
        raise ValueError("no whole number, or one out of all proportion")
    return value
