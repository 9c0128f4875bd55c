"""How much of what any ranking could find a ranking finds, in a world where that is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

from triage.evaluation.figure import NAN, Figure, format_count
from triage.evaluation.inputs import (
    Cases,
    FloatArray,
    NumberArray,
    check_cases,
    check_confidence,
    check_probability,
)
from triage.evaluation.order.capacity import ALL_CASES, OverTies, cases_at
from triage.evaluation.ranking import Cut, Ranking, cut_at, opened_part, rank_cases
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def share_of_oracle(
    score: ArrayLike,
    oracle: ArrayLike,
    capacity: float,
    *,
    weight: ArrayLike | None = None,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the oracle's probabilities among the first k of a score as a share of the most that k can hold.

    .. math:: R = \frac{A}{B} = \frac{\sum_i f_i q_i}{\sum_i g_i q_i}

    with q the oracle's probability, f the part of each case that the score opens and g the part that the
    oracle opens. Cases tied at the cut count with the part of them that is opened: the mean over all their
    orders. It uses no outcomes, so it is far less noisy than a ratio of recalls.

    The interval speaks of other cases from the same world. It is linearised, with the fixed number k taken
    into account by what is found at the margin, :math:`c_A` and :math:`c_B` (the mean of q over about
    :math:`4\sqrt{k}` cases around the cut, and q at the oracle's own cut):

    .. math:: d_i = f_i (q_i - c_A) - R\, g_i (q_i - c_B),\quad
        \widehat{var}(R) = \frac{n}{n - 1} \frac{\sum_i (d_i - \bar d)^2}{B^2}

    and symmetric on the logit scale. Where the cut splits a tie it goes from the worst to the best order.

    Parameters
    ----------
    score : array of shape (cases,)
        Higher is opened earlier. The order of a list, escalations and all, is a score too: its rank, negated.
    oracle : array of shape (cases,)
        The exact probability of current abuse in the world.
    capacity : int or float
        A number of cases or a share of them; see `triage.evaluation.order.capacity.cases_at`.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Not estimable where the oracle's probabilities are all 0. Exactly 1, without an interval, where the
        first k are as good as the oracle's own.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    The margin terms are the influence function of a mean above a quantile: Serfling, R. J. (1980).
    Approximation Theorems of Mathematical Statistics. Wiley, section 2.5 and chapter 6.

    Examples
    --------
    >>> share_of_oracle([3, 2, 1, 0], [0.4, 0.1, 0.8, 0.0], 2).estimate  # (0.4 + 0.1) / (0.8 + 0.4)
    0.41666666666666663
    """
    q = check_probability(oracle, "oracle")
    # Rankings sum an outcome, which is of no use here.
    none = np.zeros(len(q))
    cases = check_cases(none, score=score, probability=q, weight=weight)
    given = cases.weight if cases.weighted else None
    return measure_oracle_share(
        cases,
        rank_cases(cases.outcome, np.asarray(cases.score), given),
        rank_cases(cases.outcome, np.asarray(cases.probability), given),
        capacity,
        confidence=confidence,
        denominator=denominator,
    )


def measure_oracle_share(
    cases: Cases,
    ranking: Ranking,
    best: Ranking,
    capacity: float,
    *,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the share of the oracle from rankings made before; see `share_of_oracle`.

    Parameters
    ----------
    cases : Cases
        With the score, and the oracle's probability as probability.
    ranking, best : Ranking
        Of these cases by the score, and by the oracle's probability; with any outcome.
    """
    q, w, s = np.asarray(cases.probability), cases.weight, np.asarray(cases.score)
    k = cases_at(capacity, ranking.cases, whole=ranking.whole)
    cut, top = cut_at(ranking, k), cut_at(best, k)
    f, g = opened_part(cut, s), opened_part(top, q)
    most = float((g * w) @ q)
    rows = int(np.count_nonzero(f)) if cases.weighted else int(cut.k)
    of = f"the first {format_count(cut.k)} of {denominator}"
    if most == 0:
        return Figure.not_estimable("the oracle's probabilities are all 0", rows, of)
    reached = _reached(cut, s, q, w, f)
    if reached.expected >= most * (1 - 1e-12):
        return Figure(1.0, NAN, NAN, rows, "as good as the oracle's own first k; no interval", of)
    share = reached.expected / most
    margin = f * (q - _margin(ranking, cut, s, q, w)) - share * g * (q - top.score)
    error = _standard_error(margin, w) / most
    low, high, method = _ends(reached, most, error, check_confidence(confidence))
    return Figure(share, low, high, rows, f"weighted, {method}" if cases.weighted else method, of)


def _reached(cut: Cut, score: NumberArray, q: FloatArray, weight: FloatArray, part: FloatArray) -> OverTies:
    expected = float((part * weight) @ q)
    if not cut.splits:
        return OverTies(expected, expected, expected)
    before, tied = score > cut.score, score == cut.score
    found, room = float(weight[before] @ q[before]), cut.part * float(weight[tied].sum())
    falling = np.argsort(-q[tied])
    worst, best = (
        found + _fill(q[tied][order], weight[tied][order], room) for order in (falling[::-1], falling)
    )
    return OverTies(worst, expected, best)


def _fill(q: FloatArray, weight: FloatArray, room: float) -> float:
    taken = np.clip(room - (np.cumsum(weight) - weight), 0, weight)
    return float(taken @ q)


def _margin(ranking: Ranking, cut: Cut, score: NumberArray, q: FloatArray, weight: FloatArray) -> float:
    # Whole groups of ties, so that the order of the file cannot matter.
    ends = np.cumsum(ranking.rows)
    opened, reach = int(ends[cut.group]), 2 * math.isqrt(int(ends[cut.group])) + 1
    first = ranking.score[np.searchsorted(ends, max(opened - reach, 0), side="right").clip(max=cut.group)]
    last = ranking.score[min(int(np.searchsorted(ends, opened + reach)), len(ends) - 1)]
    near = (score <= first) & (score >= last)
    return float(weight[near] @ q[near]) / float(weight[near].sum())


def _standard_error(margin: FloatArray, weight: FloatArray) -> float:
    total = float(weight.sum())
    kish = kish_count(total, float(weight @ weight))
    if kish <= 1 + 1e-12:
        return NAN
    centred = margin - float(weight @ margin) / total
    return math.sqrt(float(weight**2 @ centred**2) * kish / (kish - 1))


def _ends(reached: OverTies, most: float, error: float, confidence: float) -> tuple[float, float, str]:
    share = reached.expected / most
    if share == 0 or not error > 0:
        return NAN, NAN, "no interval: nothing found, or a single case"
    half = float(ndtri((1 + confidence) / 2)) * error / (share * (1 - share))
    method = f"linearised over cases, {100 * confidence:g} % on the logit scale"
    if reached.best > reached.worst:
        method += ", widened over ties at the cut"
    ends = np.array([reached.worst, min(reached.best, most)]) / most
    low, high = expit(logit(ends) + np.array([-half, half]))
    return float(low), float(high), method
