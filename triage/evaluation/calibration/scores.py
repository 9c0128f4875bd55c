"""The Brier score and the log loss of probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import entr, ndtri, xlog1py, xlogy

from triage.errors import InputRefusedError
from triage.evaluation.calibration.endpoints import moved_note, open_probability
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import Cases, FloatArray, check_cases, check_confidence, check_probability
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

Score = Literal["brier", "log"]


def brier_score(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the mean squared difference between probability and outcome.

    .. math:: B = \sum_i w_i (p_i - y_i)^2 / \sum_i w_i

    The interval is that of a mean on the log scale, :math:`B \exp(\pm z\,se/B)`: squared errors are skewed
    where current abuse is rare, and the score cannot be negative. With weights se is the linearised standard
    error of the Hajek ratio. Nothing is clipped.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    probability : array of shape (cases,)
        From 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Without an interval (NaN) where all squared errors are equal: they do not show how they vary.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review
    78, 1-3.

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.1]).estimate  # (0.25 + 0.01) / 2
    0.13
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    return Losses.of_cases(cases, BRIER).figure(BRIER, confidence, denominator)


def log_loss(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the mean negative log likelihood of the outcomes, in natural units.

    .. math:: L = -\sum_i w_i [y_i \log p_i + (1 - y_i) \log(1 - p_i)] / \sum_i w_i

    Also called logarithmic score, ignorance or cross-entropy. The interval is as for `brier_score`.
    Probabilities of exactly 0 and 1 are moved as `open_probability` says; the method says how many were.

    Parameters, errors: see `brier_score`.

    References
    ----------
    Good, I. J. (1952). Rational decisions. Journal of the Royal Statistical Society B 14, 107-114.

    Examples
    --------
    >>> print(log_loss([1, 0], [0.5, 0.5]).brief())  # log 2
    0.6931 [no interval]
    """
    cases = check_cases(outcome, probability=probability, weight=weight)
    return Losses.of_cases(cases, LOG).figure(LOG, confidence, denominator)


def score_skill(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    score: Score = "brier",
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return by which part the score is better than that of the observed share for everyone.

    .. math:: 1 - S / UNC

    For the Brier score this is the Brier skill score, or scaled Brier score; with the log loss, McFadden's
    R squared of the probabilities as they are. 1 is perfect, 0 no better than the observed share, and below 0
    worse. The interval is normal on the scale of :math:`\log(S/UNC)`, with the linearised standard error of
    that ratio.

    Parameters
    ----------
    outcome, probability, weight, confidence, denominator
        See `brier_score`.
    score : {"brier", "log"}
        Which score.

    Returns
    -------
    Figure
        Not estimable when one of the two kinds of cases is missing.

    Raises
    ------
    InputRefusedError
        An array or an option is not as described.

    Notes
    -----
    Simulated, the 95 % interval holds the truth in 94 to 96 % of draws with 100 or more cases with current
    abuse, in 93 to 95 % with 40 of them, and in 89 to 92 % with 10.

    References
    ----------
    Steyerberg, E. W., et al. (2010). Assessing the performance of prediction models: a framework for
    traditional and novel measures. Epidemiology 21, 128-138 (which divides by the score of the mean
    probability; equal where that is the observed share).

    Examples
    --------
    >>> print(f"{score_skill([1, 0, 0, 0], [0.7, 0.1, 0.1, 0.1]).estimate:.3f}")  # 1 - 0.03 / 0.1875
    0.840
    """
    ranking = rank_cases(outcome, check_probability(probability), weight)
    return measure_skill(ranking, score, confidence=confidence, denominator=denominator)


def measure_skill(
    ranking: Ranking, score: Score, *, confidence: float = 0.95, denominator: str = ALL_CASES
) -> Figure:
    """Return the skill for cases ranked by their probability; see `score_skill`."""
    loss, rows = find_loss(score), int(ranking.rows.sum())
    positive_rows = int(ranking.positive_rows.sum())
    if positive_rows in {0, rows}:
        kind = "no case with current abuse" if positive_rows == 0 else "no case without current abuse"
        return Figure.not_estimable(kind, rows, denominator)
    losses = Losses.of_ranking(ranking, loss)
    share, mean = ranking.positives / ranking.cases, losses.mean
    best = float(loss.entropy(share))
    method = f"1 - {loss.name} / {loss.name} of the observed share{moved_note(losses.moved)}"
    if mean == 0:
        return Figure(1.0, NAN, NAN, rows, f"{method}; no interval: no error at all", denominator)
    outcome = np.repeat([1.0, 0.0], len(ranking.score))
    slope = 1 - 2 * share if loss is BRIER else float(np.log((1 - share) / share))
    pull = (losses.values - mean) / mean - slope * (outcome - share) / best
    z, ratio = float(ndtri((1 + check_confidence(confidence)) / 2)), mean / best
    factor = float(np.exp(z * losses.error_of(pull)))
    method = f"{method}, normal {100 * confidence:g} % on the log scale of the ratio"
    return Figure(1 - ratio, 1 - ratio * factor, 1 - ratio / factor, rows, method, denominator)


@dataclass(frozen=True, eq=False)
class Loss:
    """A score: its value for both outcomes, and for a share of outcomes forecast by another share."""

    name: str
    positive: Callable[[FloatArray], FloatArray]
    negative: Callable[[FloatArray], FloatArray]
    entropy: Callable[[Any], Any]
    opens: bool
    most: float

    def expected(self, share: FloatArray, forecast: FloatArray) -> FloatArray:
        """Return the mean score of a forecast where a share of the cases has current abuse."""
        if self.opens:
            return -xlogy(share, forecast) - xlog1py(1 - share, -forecast)  # type: ignore[no-any-return]
        return share * (1 - forecast) ** 2 + (1 - share) * forecast**2


BRIER = Loss(
    "Brier score",
    positive=lambda p: (1 - p) ** 2,
    negative=lambda p: p**2,
    entropy=lambda share: share * (1 - share),
    opens=False,
    most=1.0,
)
LOG = Loss(
    "log loss",
    positive=lambda p: -np.log(p),
    negative=lambda p: -np.log1p(-p),
    entropy=lambda share: entr(share) + entr(1 - share),
    opens=True,
    most=np.inf,
)


def find_loss(score: Score) -> Loss:
    """Return the score of a name, or refuse the name."""
    if score not in {"brier", "log"}:
        raise InputRefusedError(f"{score!r}", where="score", expected="'brier' or 'log'")
    return BRIER if score == "brier" else LOG


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses of rows, or of the two kinds of cases in each group, and how many cases have each."""

    values: FloatArray
    weight: FloatArray
    squared: FloatArray
    rows: int
    moved: int
    weighted: bool

    @classmethod
    def of_cases(cls, cases: Cases, loss: Loss) -> Losses:
        """Return the losses of rows."""
        p, moved = np.asarray(cases.probability), 0
        if loss.opens:
            p, moved = open_probability(p)
        values = np.where(cases.outcome == 1, loss.positive(p), loss.negative(p))
        return cls(values, cases.weight, cases.weight**2, len(p), moved, cases.weighted)

    @classmethod
    def of_ranking(cls, ranking: Ranking, loss: Loss) -> Losses:
        """Return the losses of groups, their cases with current abuse first."""
        p, moved = np.asarray(ranking.score, dtype=np.float64), 0
        if loss.opens:
            p, _ = open_probability(p)
            moved = int(ranking.rows[p != ranking.score].sum())
        other = ranking.weight - ranking.positive, ranking.weight_squared - ranking.positive_squared
        return cls(
            np.concatenate([loss.positive(p), loss.negative(p)]),
            np.concatenate([ranking.positive, other[0]]),
            np.concatenate([ranking.positive_squared, other[1]]),
            int(ranking.rows.sum()),
            moved,
            ranking.weighted,
        )

    @property
    def total(self) -> float:
        """Number of cases (sum of weights)."""
        return float(self.weight.sum())

    @property
    def mean(self) -> float:
        """Mean loss."""
        return float(self.weight @ self.values) / self.total

    def error_of(self, deviation: FloatArray) -> float:
        """Return the standard error of the mean of deviations that are 0 on average."""
        kish = kish_count(self.total, float(self.squared.sum()))
        variance = float(self.squared @ deviation**2) / self.total**2 * kish / (kish - 1)
        return math.sqrt(variance)

    def figure(self, loss: Loss, confidence: float, denominator: str) -> Figure:
        """Return the mean loss with its interval."""
        mean, held = self.mean, self.values[self.weight > 0]
        kind = f"{'weighted mean' if self.weighted else 'mean'}{moved_note(self.moved)}"
        if held.min() == held.max():
            what = "squared errors" if loss is BRIER else "losses"
            reason = f"{kind}; no interval: all {what} are equal"
            return Figure(mean, NAN, NAN, self.rows, reason, denominator)
        z = float(ndtri((1 + check_confidence(confidence)) / 2))
        factor = float(np.exp(z * self.error_of(self.values - mean) / mean))
        method = f"{kind}, normal {100 * confidence:g} % on the log scale"
        return Figure(mean, mean / factor, min(mean * factor, loss.most), self.rows, method, denominator)
