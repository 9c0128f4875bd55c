"""Models of trees scored again under answers: only what an answer can move is walked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.scoring.walking import BLOCK, ask, choose, number_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from triage.scoring.model import Answer
    from triage.scoring.trees import Tree
    from triage.scoring.walking import Bytes, Split

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


def rescore_trees(
    trees: Sequence[Tree], matrix: Floats, cases: Integers, answers: Sequence[Answer], score: Floats
) -> list[Floats]:
    """Return, for each of several answers, the score of some cases after it; see `Model.rescore`.

    Trees that ask for nothing that changes give what they gave, as sums are exact. Of the others, both what
    the cases answered and the parts of a tree below which nothing changes are taken from before.

    Examples
    --------
    >>> import numpy as np
    >>> from triage.scoring.trees import Tree
    >>> tree = Tree.of([0, -1, -1], threshold=[0.5, 0, 0], value=[0, -1, 3])
    >>> rescore_trees([tree], np.zeros((2, 1)), np.array([1]), [{0: np.ones(1)}], np.array([-1.0]))
    [array([3.])]
    """
    after = [score.copy() for _ in answers]
    changing = {column for answer in answers for column in answer}
    asking = [tree for tree in trees if not changing.isdisjoint(tree.used.tolist())]
    used = {column for tree in asking for column in tree.used.tolist()}
    for start in range(0, len(cases), BLOCK):
        block = slice(start, start + BLOCK)
        columns = {column: matrix[cases[block], column] for column in used}
        asked: dict[Split, Bytes] = {}
        under = [_Under(answer, block, asked) for answer in answers]
        for tree in asking:
            value, number = tree.value[tree.leaves], number_nodes(tree, columns, asked)
            before = value.take(number[0])
            for total, changes in zip(after, under, strict=True):
                if not changes.columns.keys().isdisjoint(tree.used.tolist()):
                    total[block] += value.take(changes.reach(tree, number)) - before
    return after


class _Under:
    """A block of cases under an answer: `asked` is what they answered before."""

    def __init__(self, answer: Answer, block: slice, asked: dict[Split, Bytes]) -> None:
        self.columns = {
            column: values if len(values) == 1 else values[block] for column, values in answer.items()
        }
        self._before = asked
        self._after: dict[Split, Bytes] = {}

    def reach(self, tree: Tree, number: list[Bytes]) -> Bytes:
        """Return the number of the leaf that each case reaches; `number` is what `number_nodes` found."""
        moved: dict[int, Bytes] = {}
        for node, upper, split in tree.questions:
            below, above = moved.get(node + 1), moved.get(upper)
            changes = split[0] in self.columns
            if not changes and below is None and above is None:
                continue
            below = number[node + 1] if below is None else below
            above = number[upper] if above is None else above
            if not changes:
                moved[node] = choose(below, above, self._before[split])
                continue
            if split not in self._after:
                self._after[split] = ask(self.columns, *split)
            up = self._after[split]
            # One answer for all needs no choice between two.
            moved[node] = choose(below, above, up) if len(up) > 1 else above if up[0] else below
        return moved[0]
