"""How much the data speak for a break at each date, and how much they would without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from triage.evaluation.calibration.endpoints import moved_note, open_probability
from triage.evaluation.monitoring.conditional import count_laws, draw_counts
from triage.evaluation.order.capacity import NO_POSITIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray, NumberArray
    from triage.evaluation.monitoring.times import Steps

PERMUTED = 10_000
_CHUNK = 2_000_000
# The AUC on one side of a date needs other cases there too, but there are many of them.
_OTHERS_TRIM = 0.02


@dataclass(frozen=True)
class Draws:
    """How a search is made.

    Parameters
    ----------
    resamples, seed : int
        Of the draws without a break.
    trim : float
        Share left out at either end.
    """

    resamples: int
    seed: int
    trim: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """Score statistics of a break.

    Parameters
    ----------
    observed : array of shape (steps - 1,)
        For a break before each step but the first.
    largest : array of shape (resamples,)
        The largest over the dates searched, in draws without a break.
    searched : array of shape (steps - 1,)
        Which dates are searched.
    hypothesis : str
        What holds in the draws.
    """

    observed: FloatArray
    largest: FloatArray
    searched: NDArray[np.bool_]
    hypothesis: str


def residual_evidence(
    outcome: FloatArray, probability: FloatArray | None, steps: Steps, draws: Draws
) -> Evidence | str:
    """Return the evidence for a break in calibration, or without a probability in the base rate.

    See `break_test`. Returns the reason where there is no evidence to be had.
    """
    total = int(outcome.sum())
    if total in {0, len(outcome)}:
        return NO_POSITIVES if total == 0 else "no case without current abuse"
    given, moved = open_probability(np.full(len(outcome), 0.5) if probability is None else probability)
    p = _shift_to(logit(given), total)
    information = np.cumsum(steps.sum(p * (1 - p)))
    searched = _middle(information, draws.trim)
    if not searched.any():
        return "the cases come in too few steps"
    expected, before = steps.sum(p), information[:-1]
    variance = before * (information[-1] - before) / information[-1]

    def evidence(counts: FloatArray | NDArray[np.int64]) -> FloatArray:
        found: FloatArray = np.cumsum(counts - expected, axis=-1)[..., :-1] ** 2 / variance
        return found

    laws = count_laws(p, steps.index, len(steps.start))
    drawn = draw_counts(laws, total, draws.resamples, np.random.default_rng(draws.seed))
    of = (
        "one base rate"
        if probability is None
        else f"one shift of the log odds of the probability{moved_note(moved)}"
    )
    return Evidence(
        evidence(steps.sum(outcome)),
        np.max(evidence(drawn)[:, searched], axis=1),
        searched,
        f"{of} for all time, outcomes drawn given their number",
    )


def placement_evidence(outcome: FloatArray, score: NumberArray, steps: Steps, draws: Draws) -> Evidence | str:
    """Return the evidence for a break in the AUC; see `break_test`."""
    positive = outcome == 1
    kinds = (positive, ~positive)
    if min(np.count_nonzero(kind) for kind in kinds) < 2:
        return "fewer than two cases of a kind"
    parts = [_Placements.of(score, kind, steps, sign) for kind, sign in zip(kinds, (1, -1), strict=True)]
    searched = _middle(parts[0].ends, draws.trim) & _middle(parts[1].ends, _OTHERS_TRIM)
    variance = parts[0].variance * parts[0].balance + parts[1].variance * parts[1].balance
    if not searched.any() or not np.all(variance[searched] > 0):
        return "all scores of a kind are tied, or the cases come in too few steps"

    def evidence(sums: list[FloatArray]) -> FloatArray:
        moved = sum(
            np.cumsum(one, axis=-1)[..., :-1] * part.balance for one, part in zip(sums, parts, strict=True)
        )
        return np.divide(moved**2, variance, out=np.zeros(np.shape(moved)), where=variance > 0)

    rng = np.random.default_rng(draws.seed)
    drawn = evidence([part.permute(draws.resamples, rng) for part in parts])
    normal = any(len(part.values) > PERMUTED for part in parts)
    limit = f" (of a kind with more than {PERMUTED:,} cases: their normal limit)" if normal else ""
    return Evidence(
        evidence([part.sums for part in parts]),
        np.max(drawn[:, searched], axis=1),
        searched,
        f"neither kind's scores move, placements permuted over time{limit}",
    )


@dataclass(frozen=True, eq=False)
class _Placements:
    """The placements of one kind of cases among the other kind, in the order of time, less their mean.

    For current abuse: the share of the others below. For the others: the share of current abuse above, which
    is 1 less the share below. So a rise of either raises the AUC.
    """

    values: FloatArray
    ends: NDArray[np.int64]
    sums: FloatArray
    variance: float
    balance: FloatArray

    @classmethod
    def of(cls, score: NumberArray, kind: NDArray[np.bool_], steps: Steps, sign: int) -> _Placements:
        mine, step = score[kind], steps.index[kind]
        others = np.sort(score[~kind])
        below = (np.searchsorted(others, mine, "left") + np.searchsorted(others, mine, "right")) / 2
        values = sign * (below - below.mean()) / len(others)
        ends = np.cumsum(np.bincount(step, minlength=len(steps.start)))
        before = ends[:-1]
        after = ends[-1] - before
        balance = np.zeros(len(before))
        np.divide(ends[-1], before * after, out=balance, where=before * after > 0)
        return cls(
            values[np.argsort(step, kind="stable")],
            ends,
            np.bincount(step, values, len(steps.start)).astype(np.float64),
            float(values @ values) / (len(values) - 1),
            balance,
        )

    def permute(self, resamples: int, rng: np.random.Generator) -> FloatArray:
        """Return the sums of each step after random permutations of all placements."""
        count = np.diff(self.ends, prepend=0)
        if len(self.values) > PERMUTED:
            free = rng.standard_normal((resamples, len(count))) * np.sqrt(count * self.variance)
            bound: FloatArray = free - free.sum(axis=1, keepdims=True) * (count / self.ends[-1])
            return bound
        sums = np.empty((resamples, len(count)))
        rows = max(1, _CHUNK // len(self.values))
        for first in range(0, resamples, rows):
            size = min(rows, resamples - first)
            drawn = rng.permuted(np.broadcast_to(self.values, (size, len(self.values))), axis=1)
            running = np.concatenate([np.zeros((size, 1)), np.cumsum(drawn, axis=1)], axis=1)
            sums[first : first + size] = np.diff(running[:, self.ends], axis=1, prepend=0.0)
        return sums


def _shift_to(log_odds: FloatArray, total: int) -> FloatArray:
    """Return the probabilities with all log odds shifted by one number, so that they sum to a total."""
    level = float(logit(total / len(log_odds)))
    low, high = level - float(log_odds.max()), level - float(log_odds.min())
    shift = low if low == high else brentq(lambda a: float(expit(log_odds + a).sum()) - total, low, high)
    shifted: FloatArray = expit(log_odds + shift)
    return shifted


def _middle(running: FloatArray | NDArray[np.int64], trim: float) -> NDArray[np.bool_]:
    share = running[:-1] / running[-1]
    inside: NDArray[np.bool_] = (share >= trim - 1e-12) & (share <= 1 - trim + 1e-12)
    return inside
