"""The front door: outcomes, a score and perhaps a probability become an evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.brier import brier_parts
from triage.evaluation.calibration import calibration_in_the_large, calibration_line, observed_over_expected
from triage.evaluation.capacity import ALL_CASES, measure_capacity
from triage.evaluation.discrimination import measure_auc
from triage.evaluation.inputs import (
    Cases,
    FloatArray,
    NumberArray,
    check_cases,
    check_confidence,
    check_lengths,
    check_outcome,
    check_probability,
    check_score,
    check_weight,
)
from triage.evaluation.oracle import measure_oracle_share
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.reliability import reliability_curve
from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

CAPACITIES = (0.01, 0.023, 0.05, 0.10)
MODEL = "model"
ORACLE = "oracle"


def evaluate(
    outcome: ArrayLike,
    score: ArrayLike,
    probability: ArrayLike | None = None,
    *,
    capacity: float | Iterable[float] = CAPACITIES,
    weight: ArrayLike | None = None,
    oracle: ArrayLike | None = None,
    baselines: Mapping[str, ArrayLike] | None = None,
    synthetic: bool = False,
    denominator: str = ALL_CASES,
    confidence: float = 0.95,
) -> Evaluation:
    """Evaluate a ranking, and the probabilities that go with it.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN or None for unknown. Rows without an outcome are left out of
        everything, capacities included, and counted; the denominator says so.
    score : array of shape (cases,)
        The model's number for each case; higher is opened earlier.
    probability : array of shape (cases,), optional
        The calibrated reading of the score, from 0 to 1.
    capacity : int, float, or several
        How many cases can be opened: whole numbers of cases, or shares above 0 and below 1 (rounded up).
    weight : array of shape (cases,), optional
        How many cases each row stands for, such as one over its inclusion probability.
    oracle : array of shape (cases,), optional
        In a world, the exact probability. It becomes a ranking of its own, and each ranking is also given
        as a share of what it reaches.
    baselines : mapping of name to array of shape (cases,), optional
        Other scores, such as arrival order or the reporter's urgency flag, to stand beside the model.
    synthetic : bool
        Whether the cases come from a world; the word then stands beside every number.
    denominator : str
        Of which cases the figures speak: all cases, or those that were investigated.
    confidence : float
        Level of all intervals.

    Returns
    -------
    Evaluation
        Figures, which print as a report and turn into a frame.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, no case has an outcome, or a baseline is
        called ``model`` (or ``oracle`` beside an oracle).

    Examples
    --------
    >>> result = evaluate([1, 0, 1, 0, None], [5, 4, 3, 2, 1], capacity=2)
    >>> print(result.model.at[0].recall)
    0.5000 [0.0945, 0.9055] (2 of cases with current abuse among all cases (1 ...); ...)
    >>> result.to_frame().columns.to_list()
    ['name', 'ranking', 'k', 'estimate', 'low', 'high', 'count', 'method', 'denominator']
    """
    check_confidence(confidence)
    columns = _check_columns(outcome, score, probability, weight, oracle=oracle, baselines=baselines or {})
    known = ~np.isnan(columns.outcome)
    left_out = int(np.count_nonzero(~known))
    if left_out == len(known):
        raise InputRefusedError("no case has an outcome", where="outcome", expected="0 or 1 in some rows")
    if left_out:
        columns = columns.only(known)
    notes = ["synthetic"] if synthetic else []
    notes += [f"{left_out:,} without an outcome left out"] if left_out else []
    options = _Options(
        capacities=tuple(capacity) if np.iterable(capacity) else (capacity,),
        confidence=confidence,
        denominator=f"{denominator} ({'; '.join(notes)})" if notes else denominator,
        synthetic=synthetic,
    )
    return Evaluation(
        cases=len(columns.outcome),
        positives=int(columns.outcome.sum()),
        left_out=left_out,
        denominator=options.denominator,
        confidence=confidence,
        weighted=weight is not None,
        synthetic=synthetic,
        rankings=_measure_rankings(columns, options),
        probability=None if columns.probability is None else _measure_probability(columns, options),
    )


@dataclass(frozen=True, eq=False)
class _Columns:
    outcome: FloatArray
    scores: dict[str, NumberArray]
    probability: FloatArray | None
    weight: FloatArray | None
    oracle: FloatArray | None

    def only(self, kept: NumberArray) -> _Columns:
        return _Columns(
            self.outcome[kept],
            {name: score[kept] for name, score in self.scores.items()},
            None if self.probability is None else self.probability[kept],
            None if self.weight is None else self.weight[kept],
            None if self.oracle is None else self.oracle[kept],
        )


@dataclass(frozen=True)
class _Options:
    capacities: tuple[float, ...]
    confidence: float
    denominator: str
    synthetic: bool


def _check_columns(
    outcome: ArrayLike,
    score: ArrayLike,
    probability: ArrayLike | None,
    weight: ArrayLike | None,
    *,
    oracle: ArrayLike | None,
    baselines: Mapping[str, ArrayLike],
) -> _Columns:
    scores = {MODEL: check_score(score)}
    exact = None if oracle is None else check_probability(oracle, ORACLE)
    if exact is not None:
        scores[ORACLE] = exact
    taken = sorted(scores.keys() & baselines.keys())
    if taken:
        raise InputRefusedError(
            f"a baseline called {taken[0]!r}", where="baselines", expected="a name of its own"
        )
    scores |= {name: check_score(values, name) for name, values in baselines.items()}
    columns = _Columns(
        outcome=check_outcome(outcome, missing=True),
        scores=scores,
        probability=None if probability is None else check_probability(probability),
        weight=check_weight(weight),
        oracle=exact,
    )
    check_lengths(
        {
            "outcome": columns.outcome,
            **{("score" if name == MODEL else name): values for name, values in scores.items()},
            "probability": columns.probability,
            "weight": columns.weight,
        }
    )
    return columns


def _measure_rankings(columns: _Columns, options: _Options) -> tuple[RankingFigures, ...]:
    y, w = columns.outcome, columns.weight
    best = None if columns.oracle is None else rank_cases(y, columns.oracle, w)
    measured = []
    for name, score in columns.scores.items():
        cases = check_cases(y, score=score, probability=columns.oracle, weight=w)
        ranking = rank_cases(y, score, w)
        measured.append(_measure_ranking(name, cases, ranking, best, options))
    return tuple(measured)


def _measure_ranking(
    name: str, cases: Cases, ranking: Ranking, best: Ranking | None, options: _Options
) -> RankingFigures:
    confidence, denominator = options.confidence, options.denominator
    at, shares = [], []
    for capacity in options.capacities:
        at.append(measure_capacity(ranking, capacity, confidence=confidence, denominator=denominator))
        if best is not None:
            shares.append(
                measure_oracle_share(
                    cases, ranking, best, capacity, confidence=confidence, denominator=denominator
                )
            )
    auc = measure_auc(ranking, confidence=confidence, denominator=denominator)
    return RankingFigures(name, tuple(at), auc, tuple(shares))


def _measure_probability(columns: _Columns, options: _Options) -> ProbabilityFigures:
    y, p, w = columns.outcome, np.asarray(columns.probability), columns.weight
    confidence, denominator = options.confidence, options.denominator
    return ProbabilityFigures(
        in_the_large=calibration_in_the_large(y, p, weight=w, confidence=confidence, denominator=denominator),
        line=calibration_line(y, p, weight=w, confidence=confidence, denominator=denominator),
        observed_over_expected=observed_over_expected(
            y, p, weight=w, confidence=confidence, denominator=denominator
        ),
        observed_over_expected_at=tuple(
            observed_over_expected(
                y,
                p,
                score=columns.scores[MODEL],
                capacity=capacity,
                weight=w,
                confidence=confidence,
                denominator=denominator,
            )
            for capacity in options.capacities
        ),
        brier=brier_parts(y, p, weight=w, confidence=confidence, denominator=denominator),
        curve=reliability_curve(
            y, p, weight=w, confidence=confidence, denominator=denominator, synthetic=options.synthetic
        ),
    )
