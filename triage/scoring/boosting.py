"""Boosted trees that keep given directions, on top of an additive start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from triage.scoring.boosted_trees import decode, encode, merge, read_regressor, scale, start_trees, weigh
from triage.scoring.grid import to_grid
from triage.scoring.signed_additive import SignedAdditiveClassifier, cut
from triage.scoring.two_classes import LogOddsClassifier, check_signs
from triage.scoring.walking import sum_leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from triage.scoring.trees import Tree

    Floats = NDArray[np.float64]

_MOST_INTERVALS = 64
_LEAST_VARIANCE = 1e-9


class MonotoneBoostingClassifier(LogOddsClassifier):
    r"""Gradient boosting that starts from an additive model and keeps given directions.

    With few positives most of what can be known is in single facts, and greedy trees find little of it.
    So a `SignedAdditiveClassifier` comes first, and trees are boosted on what it leaves over. Several
    runs, each on some of the cases and some of the columns a split, are averaged.

    Trees are those of scikit-learn's `HistGradientBoostingRegressor`, fitted in rounds to the
    working response :math:`z = (y - p) / (p (1 - p))` with weights :math:`w\,p (1 - p)`; after each round
    :math:`p` is computed anew. With one tree a round that is Newton boosting of the logistic loss.

    Parameters
    ----------
    signs : array-like of int, shape (n_features,), optional
        +1 where the score may not fall as the column grows, -1 where it may not rise, 0 for free.
    penalty, intervals : float, int
        Of the additive start.
    runs : int
        How many runs are averaged.
    rounds : int
        Rounds a run.
    trees : int
        Trees a round.
    learning_rate : float
        Share of each tree that is taken.
    max_depth : int
        Most splits on a way; at most 8.
    min_samples_leaf : int
        Fewest cases in a leaf.
    l2 : float
        Penalty of a leaf, in units of :math:`w\,p (1 - p)`.
    row_share, column_share : float
        Cases a run, and columns a split, that are looked at.
    random_state : int, RandomState instance or None
        Which cases and columns.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    trees_ : tuple of Tree
        The start, one a column, and the boosted ones. The cover of a node is the weight of all training
        cases that pass it.
    base_ : float
        Added to the sum over the trees.
    start_ : SignedAdditiveClassifier
        The start.

    Notes
    -----
    It runs in one thread, so that the result does not depend on how many there are, and so that threads do
    not wait for each other on a shared machine.

    References
    ----------
    Friedman, J., Hastie, T. and Tibshirani, R. (2000). Additive logistic regression: a statistical view of
    boosting. Annals of Statistics 28, 337-407.

    Examples
    --------
    >>> X = np.repeat([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], 200, axis=0)
    >>> y = (np.arange(800) % 200 < np.repeat([20, 40, 40, 160], 200)).astype(int)
    >>> model = MonotoneBoostingClassifier(signs=[1, 1], random_state=0).fit(X, y)
    >>> bool((np.diff(model.decision_function([[0, 0], [0, 1], [1, 1]])) > 0).all())
    True
    """

    def __init__(  # noqa: PLR0917
        self,
        signs: ArrayLike | None = None,
        penalty: float = 3.0,
        intervals: int = 32,
        runs: int = 4,
        rounds: int = 2,
        trees: int = 50,
        learning_rate: float = 0.02,
        max_depth: int = 3,
        min_samples_leaf: int = 50,
        l2: float = 100.0,
        row_share: float = 0.6,
        column_share: float = 0.3,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.signs = signs
        self.penalty = penalty
        self.intervals = intervals
        self.runs = runs
        self.rounds = rounds
        self.trees = trees
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2 = l2
        self.row_share = row_share
        self.column_share = column_share
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to outcomes.

        Parameters
        ----------
        X : array-like of float, shape (n_cases, n_features)
            NaN where unknown.
        y : array-like, shape (n_cases,)
            Two distinct values.
        sample_weight : array-like of float, shape (n_cases,), optional
            Weights of the cases in the loss.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There are not exactly two classes, or a parameter is out of its range.
        """
        matrix, positive, weight = self._take_cases(X, y, sample_weight)
        if not 1 <= self.max_depth <= 8:
            raise ValueError(f"max_depth must be from 1 to 8, and is {self.max_depth}.")
        signs = check_signs(self.signs, matrix.shape[1])
        self.start_ = SignedAdditiveClassifier(self.penalty, self.intervals, signs)
        self.start_.fit(matrix, positive, sample_weight=weight)
        margin = self.start_.decision_function(matrix)
        edges = [cut(column, _MOST_INTERVALS, weight) for column in matrix.T]
        codes = encode(matrix, edges)
        random = check_random_state(self.random_state)
        base, boosted = self.start_.intercept_, []
        with threadpool_limits(limits=1, user_api="openmp"):
            for _ in range(self.runs):
                size = max(1, round(self.row_share * len(matrix)))
                rows = np.sort(random.permutation(len(matrix))[:size])
                run = self._boost(
                    codes[rows],
                    positive[rows],
                    weight[rows],
                    margin=margin[rows],
                    signs=signs,
                    random=random,
                )
                for constant, trees in run:
                    base += constant / self.runs
                    boosted += [scale(tree, 1 / self.runs) for tree in trees]
        self.base_ = float(to_grid(np.array(base)))
        grown = [*start_trees(self.start_, matrix), *(decode(tree, edges) for tree in merge(boosted))]
        self.trees_ = tuple(weigh(grown, matrix, weight))
        return self

    def _boost(
        self,
        codes: Floats,
        positive: Floats,
        weight: Floats,
        *,
        margin: Floats,
        signs: NDArray[np.int64],
        random: np.random.RandomState,
    ) -> Iterator[tuple[float, list[Tree]]]:
        """Yield the constant and the trees of each round of a run."""
        for _ in range(self.rounds):
            probability = expit(margin)
            variance = np.fmax(probability * (1 - probability), _LEAST_VARIANCE)
            regressor = HistGradientBoostingRegressor(
                learning_rate=self.learning_rate,
                max_iter=self.trees,
                max_depth=self.max_depth,
                max_leaf_nodes=None,
                min_samples_leaf=self.min_samples_leaf,
                l2_regularization=self.l2,
                max_features=self.column_share,
                monotonic_cst=signs,
                early_stopping=False,
                random_state=random.randint(2**31 - 1),
            )
            regressor.fit(codes, (positive - probability) / variance, sample_weight=weight * variance)
            constant, trees = read_regressor(regressor)
            margin = margin + constant + sum_leaves(trees, codes)
            yield constant, trees

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""
        matrix = self._take_matrix(X)
        return self.base_ + sum_leaves(self.trees_, matrix)
