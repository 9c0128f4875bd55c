"""A scikit-learn classifier that is a card of small integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from triage.scoring.scorecard.choice import choose_card
from triage.scoring.scorecard.cuts import find_cuts
from triage.scoring.scorecard.limits import set_limits
from triage.scoring.scorecard.printed import Scorecard
from triage.scoring.scorecard.rounding import scale_card
from triage.scoring.scorecard.rows import gather_rows
from triage.scoring.scorecard.search import Effort, search_cards
from triage.scoring.two_classes import LogOddsClassifier, check_signs

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from triage.scoring.scorecard.cuts import Cuts
    from triage.scoring.scorecard.limits import Limits
    from triage.scoring.scorecard.rounding import Card
    from triage.scoring.scorecard.rows import Rows

    Floats = NDArray[np.float64]

_COUNTS = ("thresholds", "columns")
_LARGEST = 10**6


class SparseScorecardClassifier(LogOddsClassifier):
    r"""A scorecard: few statements about a case, each worth a small whole number of points.

    Every column of the table is cut into statements ``x >= edge`` and ``x < edge`` (see
    `triage.scoring.scorecard.cuts.find_cuts`). Whole points :math:`w`, a multiplier :math:`m` and an
    intercept :math:`b` are sought jointly for the least weighted mean logistic loss

    .. math:: \frac{1}{\sum_i v_i} \sum_i v_i \log\bigl(1 + \exp(-y_i (z_i^\top w + b) / m)\bigr)
        + \frac{\lambda}{\sum_i v_i} \lVert w \rVert_0

    with :math:`z_i` the statements that are true of case i and :math:`y_i = \pm 1`: by beam search over sets
    of statements, a pool of near-equal sets, rounding along many multipliers, and exchanges of single
    statements until none gains. All points about one column push the same way, so that its shape is a
    monotone step function. An unknown value (NaN) makes no statement true, and so has 0 points. No statement
    is worth more on the log-odds than 5, or the logarithm of the weight of the rarer outcome if that is more.

    Parameters
    ----------
    max_factors : int, default=15
        Most factors on the card; what a factor is, `count` says.
    max_points : int or (int, int), default=5
        Points are whole numbers from ``-max_points`` to ``max_points``, or from the first to the second.
    signs : array-like of int, shape (n_features,), optional
        By column of the table: +1 where the score may not fall as the column grows, -1 where it may not
        rise, 0 where either is allowed.
    count : {"thresholds", "columns"}, default="thresholds"
        With ``"thresholds"`` each statement with points is a factor, as FasterRisk counts. With ``"columns"``
        all statements about one column of the table are one factor.
    max_steps : int or None, default=3
        With ``count="columns"``, most statements of a factor; None for any number.
    max_cuts : int, default=20
        Most cuts of a column that are considered.
    penalty : float, default=0.0
        Nats of log-likelihood that each statement must earn to stay (1 is Akaike's price, half the logarithm
        of the sum of weights is Schwarz's).
    beam_width : int, default=10
        Sets of statements kept of each size.
    pool_size : int, default=50
        Most near-equal sets that are rounded, and most cards in `pool_`.
    pool_gap : float, default=0.05
        Largest loss above that of the best card, relative to it, in the pool.
    auc_gap : float, default=0.002
        Of the cards in the pool whose loss is at most this much above the least, relative to it, the one with
        the highest AUC on the training cases is taken; with 0 the one of least loss.
    kicks : int, default=0
        How often the best card is disturbed at random and improved again.
    certify_seconds : float, default=0.0
        Time for the proof of how far the card can be from the best; 0 for none.
    certify_nodes : int or None, default=None
        Most parts into which the proof splits all cards. With a limit that is reached before the time is
        up, the proof, and so the card, is the same on every machine.
    random_state : int or None, default=0
        Seed of the kicks; None is 0.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    cuts_ : Cuts
        All statements that were considered.
    points_ : array of int, shape (n_statements,)
        Of each; mostly 0.
    intercept_ : float
        In points.
    multiplier_ : float
        Points per unit of the log-odds.
    card_ : Scorecard
        The statements with points; `print` it.
    factors_ : list of (str, int)
        Its statements in words, with their points.
    pool_ : list of Scorecard
        Near-equal cards, that of least loss first; `card_` is one of them.
    loss_ : float
        Mean logistic loss of the card, in nats, without the price.
    lower_bound_, gap_ : float or None
        No card within the limits with this multiplier has a loss below `lower_bound_`; `gap_` is how far
        the loss is above it, relative to the loss. None without proof.

    References
    ----------
    Liu, J., Zhong, C., Li, B., Seltzer, M., Rudin, C. (2022). FasterRisk: fast and accurate interpretable
    risk scores. NeurIPS 35. arXiv 2210.05846.

    Ustun, B., Rudin, C. (2019). Learning optimized risk scores. Journal of Machine Learning Research 20,
    150, 1-75.

    Examples
    --------
    >>> X = np.repeat([[0.0, 1.0], [1.0, 2.0], [1.0, 9.0], [0.0, 9.0]], 10, axis=0)
    >>> y = np.repeat([0, 1, 0, 1, 0, 1, 0, 1], [9, 1, 6, 4, 2, 8, 6, 4])
    >>> model = SparseScorecardClassifier(max_factors=2, max_points=3).fit(X, y)
    >>> print(model)
    column 0 >= 1   +1
    column 1 >= 9   +1
    log-odds = (points - 1.226) / 0.5581
    >>> model.card_.total(X[[0, 25]]).tolist()
    [0, 2]
    """

    def __init__(  # noqa: PLR0917 - scikit-learn's estimators take theirs by position too
        self,
        max_factors: int = 15,
        max_points: int | tuple[int, int] = 5,
        signs: ArrayLike | None = None,
        count: str = "thresholds",
        max_steps: int | None = 3,
        max_cuts: int = 20,
        penalty: float = 0.0,
        beam_width: int = 10,
        pool_size: int = 50,
        pool_gap: float = 0.05,
        auc_gap: float = 0.002,
        kicks: int = 0,
        certify_seconds: float = 0.0,
        certify_nodes: int | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.max_factors = max_factors
        self.max_points = max_points
        self.signs = signs
        self.count = count
        self.max_steps = max_steps
        self.max_cuts = max_cuts
        self.penalty = penalty
        self.beam_width = beam_width
        self.pool_size = pool_size
        self.pool_gap = pool_gap
        self.auc_gap = auc_gap
        self.kicks = kicks
        self.certify_seconds = certify_seconds
        self.certify_nodes = certify_nodes
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn a card.

        Parameters
        ----------
        X : array-like of float, shape (n_cases, n_features)
            NaN where unknown.
        y : array-like, shape (n_cases,)
            Two distinct values.
        sample_weight : array-like of float, shape (n_cases,), optional
            Weights; a weight of two equals a row that stands twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There are not exactly two classes with weight, or a parameter is impossible.
        """
        matrix, second, weight = self._take_cases(X, y, sample_weight)
        self._refuse_impossible()
        positive = second == 1
        self.cuts_ = find_cuts(matrix, positive, weight, self.max_cuts)
        truth = self.cuts_.apply(matrix)
        rows = gather_rows(truth, positive, weight)
        limits = self._limits(self.cuts_, rows.largest)
        cards = search_cards(rows, limits, self._effort())
        self.lower_bound_: float | None = None
        self.gap_: float | None = None
        if self.certify_seconds > 0 and len(self.cuts_):
            cards = self._certify(cards, rows, limits)
        self._take(cards, choose_card(cards, rows, self.auc_gap))
        return self

    def _take(self, cards: list[Card], chosen: int) -> None:
        names = getattr(self, "feature_names_in_", None)
        names = [f"column {index}" for index in range(self.n_features_in_)] if names is None else names
        self.pool_ = [_print_card(card, self.cuts_, tuple(map(str, names))) for card in cards]
        self.card_, card = self.pool_[chosen], cards[chosen]
        self.points_, self.loss_ = card.points, card.loss
        self.intercept_, self.multiplier_ = card.intercept, card.multiplier
        if self.lower_bound_ is not None:
            # A card of another scale may lie below what was proved for the one that was searched.
            self.gap_ = max(0.0, 1.0 - self.lower_bound_ / card.loss) if card.loss > 0 else 0.0
        self.factors_ = list(zip(self.card_.say(), self.card_.points.tolist(), strict=True))

    def _certify(self, cards: list[Card], rows: Rows, limits: Limits) -> list[Card]:
        from triage.scoring.scorecard.bound import certify  # noqa: PLC0415 - only who wants a proof pays

        best = cards[choose_card(cards, rows, self.auc_gap)]
        twice = np.repeat(np.arange(len(rows.truth)), 2)
        mass = np.column_stack([rows.positive, rows.negative]).ravel()
        proof = certify(
            rows.truth[twice].astype(np.float64)[mass > 0],
            np.tile([1.0, 0.0], len(rows.truth))[mass > 0],
            mass[mass > 0],
            low=limits.low,
            high=limits.high,
            groups=limits.factor,
            max_factors=limits.most_factors,
            multiplier=best.multiplier,
            incumbent_points=best.points,
            incumbent_intercept=best.intercept / best.multiplier,
            time_limit=self.certify_seconds,
            max_nodes=self.certify_nodes,
            seed=self.random_state or 0,
        )
        improved = np.asarray(proof.improved_points).astype(np.int64)
        self.lower_bound_ = float(proof.lower_bound)
        if limits.admit(improved):
            better = scale_card(improved, rows, self.penalty / rows.weight)
            if all(better.cost < card.cost - 1e-12 for card in cards):
                cards = [better, *cards]
        return cards

    def _effort(self) -> Effort:
        return Effort(
            self.beam_width, self.pool_size, self.pool_gap, self.penalty, self.kicks, self.random_state or 0
        )

    def _limits(self, cuts: Cuts, largest: float) -> Limits:
        return set_limits(
            cuts,
            check_signs(self.signs, self.n_features_in_),
            self._range(),
            most_factors=self.max_factors,
            most_steps=self.max_steps,
            by_column=self.count == "columns",
            largest=largest,
        )

    def _range(self) -> tuple[int, int]:
        if isinstance(self.max_points, tuple | list):
            return int(self.max_points[0]), int(self.max_points[-1])
        return -int(self.max_points), int(self.max_points)

    def _refuse_impossible(self) -> None:
        _whole("max_factors", self.max_factors, 1)
        _whole("max_cuts", self.max_cuts, 1)
        _whole("beam_width", self.beam_width, 1)
        _whole("pool_size", self.pool_size, 1)
        _whole("kicks", self.kicks, 0)
        _real("penalty", self.penalty)
        _real("pool_gap", self.pool_gap)
        _real("auc_gap", self.auc_gap)
        _real("certify_seconds", self.certify_seconds)
        if self.max_steps is not None:
            _whole("max_steps", self.max_steps, 1)
        if self.certify_nodes is not None:
            _whole("certify_nodes", self.certify_nodes, 1)
        if self.random_state is not None:
            _whole("random_state", self.random_state, 0)
        if self.count not in _COUNTS:
            raise ValueError(f"count must be {' or '.join(_COUNTS)}, and is {self.count!r}.")
        if not isinstance(self.max_points, tuple | list):
            _whole("max_points", self.max_points, 1)
            return
        _whole("max_points", self.max_points[0], -_LARGEST)
        _whole("max_points", self.max_points[-1], 0)
        low, high = self._range()
        if not low <= 0 <= high or low == high or len(self.max_points) > 2:
            raise ValueError(f"max_points must be a number, or least <= 0 <= most, and is {self.max_points}.")

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""
        matrix = self._take_matrix(X)
        return self.card_.log_odds(matrix)

    def to_frame(self) -> pd.DataFrame:
        """Return the card, a row per statement with points: ``column``, ``statement``, ``points``."""
        check_is_fitted(self)
        return self.card_.to_frame()

    def __str__(self) -> str:
        return str(self.card_) if hasattr(self, "card_") else repr(self)


def _print_card(card: Card, cuts: Cuts, names: tuple[str, ...]) -> Scorecard:
    held = np.flatnonzero(card.points)
    return Scorecard(cuts.select(held), card.points[held], card.intercept, card.multiplier, card.loss, names)


def _whole(name: str, value: object, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= int(value) <= _LARGEST:  # type: ignore[call-overload] # it is whole
        raise ValueError(f"{name} must be a whole number of at least {least}, and is {value!r}.")


def _real(name: str, value: object) -> None:
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not 0 <= float(value) < np.inf:  # type: ignore[arg-type] # it is real
        raise ValueError(f"{name} must be a number of at least 0, and is {value!r}.")
