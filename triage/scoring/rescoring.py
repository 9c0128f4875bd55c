"""Models of trees scored again under answers: only what an answer can move is walked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.walking import BLOCK, ask, choose, number_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from triage.scoring.model import Answer, Asked
    from triage.scoring.trees import Tree
    from triage.scoring.walking import Bytes, Split

    Floats = NDArray[np.float64]
    Rows = slice | NDArray[np.int64]


def rescore_trees(
    trees: Sequence[Tree], matrix: Floats, asked: Sequence[Asked], score: Floats
) -> list[list[Floats]]:
    """Return, for each question, the score of its cases after each of its answers; see `Model.rescore`.

    Trees in which an answer sends no case another way give what they gave, as sums are exact. Of the
    others, both what the cases answered and the parts of a tree below which nothing changes are taken from
    before. What is asked of most cases is tried on all: so the ways before are found once for all of it.

    Examples
    --------
    >>> from triage.scoring.model import Asked
    >>> from triage.scoring.trees import Tree
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3])
    >>> question = Asked(np.array([1]), [{0: np.ones(1)}])
    >>> rescore_trees([tree], np.zeros((2, 1)), [question], np.array([-1.0, -1.0]))
    [[array([3.])]]
    """
    after = [[score[one.cases] for _ in one.answers] for one in asked]
    for rows, places in _divide(asked, len(matrix)):
        under: dict[_Under, tuple[Floats, slice]] = {}
        for index, place in places.items():
            here = asked[index].cases[place] - rows.start if isinstance(rows, slice) else slice(None)
            for answer, total in zip(asked[index].answers, after[index], strict=True):
                cut = {
                    column: values if len(values) == 1 else values[place] for column, values in answer.items()
                }
                under[_Under(cut, matrix, rows, here)] = total, place
        _find_changes(trees, matrix, rows, list(under))
        for one, (total, place) in under.items():
            total[place] += one.change[one.here]
    return after


def _divide(asked: Sequence[Asked], size: int) -> Iterator[tuple[Rows, dict[int, slice]]]:
    """Yield rows of the matrix to walk at once, and of which questions and which of their cases they are."""
    common = [index for index, one in enumerate(asked) if 2 * len(one.cases) > size]
    for start in range(0, size, BLOCK):
        ends = (start, start + BLOCK)
        places = {index: slice(*np.searchsorted(asked[index].cases, ends).tolist()) for index in common}
        yield slice(*ends), {index: place for index, place in places.items() if place.start < place.stop}
    for index, one in enumerate(asked):
        if index not in common:
            for start in range(0, len(one.cases), BLOCK):
                place = slice(start, start + BLOCK)
                yield one.cases[place], {index: place}


def _find_changes(trees: Sequence[Tree], matrix: Floats, rows: Rows, under: Sequence[_Under]) -> None:
    """Find what each answer adds to the scores of some rows."""
    changing: dict[int, list[_Under]] = {}
    for one in under:
        for column in one.changed:
            changing.setdefault(column, []).append(one)
    moving = []
    for tree in trees:
        asking = dict.fromkeys(one for column in tree.used.tolist() for one in changing.get(column, ()))
        moving.append((tree, [one for one in asking if one.moves(tree)]))
    used = {column for tree, some in moving if some for column in tree.used.tolist()}
    columns = {column: matrix[rows, column] for column in used}
    before: dict[Split, Bytes] = {}
    for tree, some in moving:
        if some:
            value, number = tree.value[tree.leaves], number_nodes(tree, columns, before)
            held = value.take(number[0])
            for one in some:
                one.change += value.take(one.reach(tree, number, before)) - held


class _Under:
    """Some rows under an answer; `change` is what it adds to their scores.

    Of rows that are not asked, which are walked with the others, it says nothing.
    """

    def __init__(self, answer: Answer, matrix: Floats, rows: Rows, here: Rows) -> None:
        self.here = here
        self.changed: dict[int, Floats] = {}
        self._held: dict[int, Floats] = {}
        self._ways: dict[Split, Bytes | None] = {}
        for column, values in answer.items():
            held = matrix[rows, column]
            asked = held[here]
            # What is not known of a case is not known of any that is asked.
            alike = (asked == asked[0]).all() or np.isnan(asked).all()
            self._held[column] = asked[:1] if alike else held
            self.changed[column] = values
            if len(values) > 1:
                self.changed[column] = held.copy()
                self.changed[column][here] = values
        self.change = np.zeros(len(matrix[rows, 0]))

    def moves(self, tree: Tree) -> bool:
        """Say whether a split of a tree sends any case another way than before."""
        return any(
            split[0] in self.changed and self._find_way(split) is not None for _, _, split in tree.questions
        )

    def _find_way(self, split: Split) -> Bytes | None:
        """Return the way after a split whose column changes; nothing where no case takes another one."""
        if split not in self._ways:
            way = ask(self.changed, *split)
            self._ways[split] = way if (way != ask(self._held, *split)).any() else None
        return self._ways[split]

    def reach(self, tree: Tree, number: list[Bytes], before: dict[Split, Bytes]) -> Bytes:
        """Return the number of the leaf that each case reaches.

        `number` is what `number_nodes` found of the tree, and `before` the ways that cases took.
        """
        moved: dict[int, Bytes] = {}
        for node, upper, split in tree.questions:
            below, above = moved.get(node + 1), moved.get(upper)
            way = self._find_way(split) if split[0] in self.changed else None
            if way is None and below is None and above is None:
                continue
            below = number[node + 1] if below is None else below
            above = number[upper] if above is None else above
            if way is None:
                moved[node] = choose(below, above, before[split])
            else:
                # One answer for all needs no choice between two.
                moved[node] = choose(below, above, way) if len(way) > 1 else above if way[0] else below
        return moved[0]
