"""The front door: outcomes and two scores become a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.comparison.at_capacity import check_interval, compare_at
from triage.evaluation.comparison.difference import compare_brier, measure_average_precisions
from triage.evaluation.comparison.found_alone import Options
from triage.evaluation.comparison.overlap import correlate_groups
from triage.evaluation.comparison.pair import pair_scores
from triage.evaluation.comparison.result import Comparison
from triage.evaluation.inputs import (
    check_confidence,
    check_lengths,
    check_outcome,
    check_probability,
    check_score,
    check_weight,
)
from triage.evaluation.order.auc_difference import measure_auc_difference
from triage.evaluation.order.capacity import ALL_CASES, CAPACITIES
from triage.evaluation.resampling import RESAMPLES
from triage.evaluation.selection.cases import check_inclusion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from triage.evaluation.comparison.found_alone import Interval

NAIVE = (
    "naive, as the probability of having an outcome is not known of every case that has one: the figures "
    "take the cases with an outcome to be like the others, though most were chosen for looking bad"
)


def compare(
    outcome: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    names: tuple[str, str] = ("first", "second"),
    probability_first: ArrayLike | None = None,
    probability_second: ArrayLike | None = None,
    capacity: float | Iterable[float] = CAPACITIES,
    weight: ArrayLike | None = None,
    inclusion: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    interval: Interval = "score",
    resamples: int = RESAMPLES,
    seed: int = 0,
    synthetic: bool = False,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Comparison:
    """Compare two scores on the same cases: what each finds that the other misses, and if that is chance.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN or None for unknown. Rows without an outcome are left out of
        everything, capacities included, and counted; the denominator says so.
    first, second : array of shape (cases,)
        Two scores; higher is opened earlier in both. Every difference is the first less the second.
    names : tuple of two str
        What they are called.
    probability_first, probability_second : array of shape (cases,), optional
        Their calibrated readings, from 0 to 1; given both, or none.
    capacity : int, float, or several
        How many cases can be opened: whole numbers of cases, or shares above 0 and below 1 (rounded up).
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    inclusion : array of shape (cases,), optional
        Probability with which a case came to have an outcome, above 0, NaN where it is unknown. Where that of
        every case with an outcome is known and no weights are given, these weigh one over it, scaled to add
        up to the number of rows, and the figures speak of all rows; else, without weights, the figures are
        naive, which the denominator and a note say.
    ids : array of shape (cases,), optional
        What the cases are called in the lists of those that enter and leave; else their rows, from 0.
    interval : {"score", "tango", "newcombe", "bootstrap"}
        Of the differences at capacity; see `recall_difference_at`.
    resamples, seed : int
        For "bootstrap".
    synthetic : bool
        Whether the cases come from a world; the word then stands beside every number.
    confidence : float
        Level of all intervals. They are not widened for being several: of twenty independent comparisons
        without a difference, one excludes 0 by chance.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    Comparison
        Figures, which print as a report and turn into a frame, and the cases that change lists. A winner is
        named only where the interval of the recall difference excludes 0 and, without weights, the p-value of
        McNemar's exact test is at most 1 less the confidence.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, no case has an outcome, or only one
        probability is given.

    Notes
    -----
    Cases on which one of the scores was fitted favour that one, and no interval knows it.

    Examples
    --------
    >>> compared = compare([1, 0, 1, 0, 0, 1], [6, 5, 4, 3, 2, 1], [6, 2, 3, 4, 1, 5], capacity=2)
    >>> at = compared.at[0]
    >>> at.only_first, at.only_second, at.entering.case, at.leaving.case
    (0.0, 1.0, array([5]), array([1]))
    >>> print(at.verdict)
    first and second cannot be told apart on these cases
    """
    check_confidence(confidence)
    y, w = check_outcome(outcome, missing=True), check_weight(weight)
    chance = None if inclusion is None else check_inclusion(inclusion, len(y))
    scores = check_score(first, "first"), check_score(second, "second")
    given = {"probability_first": probability_first, "probability_second": probability_second}
    probabilities = {
        name: check_probability(values, name) for name, values in given.items() if values is not None
    }
    labels = None if ids is None else np.asarray(ids)
    check_lengths(
        {
            "outcome": y,
            "first": scores[0],
            "second": scores[1],
            "weight": w,
            "inclusion": chance,
            "ids": labels,
        }
        | probabilities
    )
    if len(probabilities) == 1:
        raise InputRefusedError(
            f"only {next(iter(probabilities))}", expected="probabilities of both scores, or of none"
        )
    known = np.flatnonzero(~np.isnan(y))
    left_out = len(y) - len(known)
    if len(known) == 0:
        raise InputRefusedError("no case has an outcome", where="outcome", expected="0 or 1 in some rows")
    weights = None if w is None else w[known]
    marks, notes = ["synthetic"] if synthetic else [], []
    if chance is not None and w is None:
        if np.all(chance[known] > 0):
            weights = 1 / chance[known]
            # They add up to the list, so that a capacity means the same on both.
            weights *= len(y) / weights.sum()
            marks.append(f"{len(known):,} with an outcome, weighted by one over its logged probability")
        else:
            marks.append(f"naive: only the {len(known):,} cases with an outcome")
            notes.append(NAIVE)
    elif left_out:
        marks.append(f"{left_out:,} without an outcome left out")
    denominator = f"{denominator} ({'; '.join(marks)})" if marks else denominator
    labels = known if labels is None else labels[known]
    y, probabilities = y[known], {name: values[known] for name, values in probabilities.items()}
    options = Options(
        interval=check_interval(interval, weighted=weights is not None),
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        denominator=denominator,
        names=_check_names(names),
        ids=labels,
    )
    pair = pair_scores(y, scores[0][known], scores[1][known], weights)
    rows = len(pair.row)
    auc = measure_auc_difference(pair.cases, pair.scores[1], confidence=confidence, denominator=denominator)
    notes += [
        f"a lower value of {name} seems to mean earlier; negate it"
        for name, area in zip(options.names, (auc.first, auc.second), strict=True)
        if area.high < 0.5
    ]
    return Comparison(
        names=options.names,
        cases=rows,
        positives=int(pair.cases.outcome.sum()),
        left_out=left_out,
        denominator=denominator,
        confidence=confidence,
        weighted=weights is not None,
        synthetic=synthetic,
        at=compare_at(pair, tuple(capacity) if np.iterable(capacity) else (capacity,), options),
        auc=auc,
        average_precision=measure_average_precisions(
            pair.cases, pair.rankings, pair.groups, confidence=confidence, denominator=denominator
        ),
        rank_correlation=correlate_groups(*pair.groups, rows=rows, denominator=denominator),
        brier=compare_brier(
            y, *probabilities.values(), weight=weights, confidence=confidence, denominator=denominator
        )
        if probabilities
        else None,
        notes=tuple(notes),
    )


def _check_names(names: tuple[str, str]) -> tuple[str, str]:
    first, second = names
    if first == second:
        raise InputRefusedError(
            f"{first!r} twice", where="names", expected="a name of its own for each score"
        )
    return first, second
