"""The front door: outcomes, a score and perhaps a probability become an evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.calibration.band import measure_band
from triage.evaluation.calibration.binned import measure_binned
from triage.evaluation.calibration.corp import measure_decomposition
from triage.evaluation.calibration.expected import measure_expected
from triage.evaluation.calibration.logistic import logistic_calibration
from triage.evaluation.calibration.reliability import measure_curve
from triage.evaluation.calibration.smooth import measure_smooth
from triage.evaluation.calibration.spiegelhalter import spiegelhalter_test
from triage.evaluation.columns import MODEL, ORACLE, Columns, check_columns, weigh_by_inclusion
from triage.evaluation.comparison.compare import compare
from triage.evaluation.groups.audit import evaluate_groups
from triage.evaluation.inputs import check_cases, check_confidence
from triage.evaluation.monitoring.breaks import break_test
from triage.evaluation.monitoring.periods import evaluate_periods
from triage.evaluation.order.at_capacity import measure_capacity
from triage.evaluation.order.auc import measure_auc
from triage.evaluation.order.capacity import CAPACITIES, cases_at
from triage.evaluation.order.gain import measure_ndcg
from triage.evaluation.order.gains import measure_gains
from triage.evaluation.order.oracle import measure_oracle_share
from triage.evaluation.order.partial import measure_partial_auc
from triage.evaluation.order.precision_recall import measure_average_precision
from triage.evaluation.ranking import Ranking, rank_cases
from triage.evaluation.resampling import check_resamples
from triage.evaluation.result import Evaluation, ProbabilityFigures, RankingFigures
from triage.evaluation.selection.selected import evaluate_selected
from triage.evaluation.usefulness.net_benefit import decision_curve
from triage.evaluation.usefulness.prevalence import measure_base_rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

    from triage.evaluation.ranking import Ranking
    from triage.evaluation.usefulness.prevalence import AtBaseRate

USUAL_SHARE = 0.023
FALSE_ALARMS = 0.1
RESAMPLES = 199
Unit = Literal["cases", "reports"]


def evaluate(
    outcome: ArrayLike,
    score: ArrayLike,
    probability: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: Any = None,
    *,
    capacity: float | Iterable[float] = CAPACITIES,
    oracle: ArrayLike | None = None,
    baselines: Mapping[str, ArrayLike] | None = None,
    inclusion: ArrayLike | None = None,
    time: ArrayLike | None = None,
    period: str = "month",
    unit: Unit = "cases",
    synthetic: bool = False,
    denominator: str | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a ranking, and the probabilities that go with it.

    All columns are taken by position: the index of a pandas Series is not looked at.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN or None for unknown. Rows without an outcome are left out of
        everything but the figures for the whole list, capacities included, and counted; the denominator says
        so.
    score : array of shape (cases,)
        The model's number for each case; higher is opened earlier.
    probability : array of shape (cases,), optional
        The calibrated reading of the score, from 0 to 1.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    group : mapping of name to array, DataFrame, table, or array of shape (cases,), optional
        Attributes for an audit by group; they are used for nothing else. See `evaluate_groups`.
    capacity : int, float, or several
        How many cases can be opened: whole numbers of cases, or shares above 0 and below 1 (rounded up).
    oracle : array of shape (cases,), optional
        In a world, the exact probability. It becomes a ranking of its own, and each ranking is also given
        as a share of what it reaches.
    baselines : mapping of name to array of shape (cases,), optional
        Other scores, such as arrival order or the reporter's urgency flag, to stand beside the model.
    inclusion : array of shape (cases,), optional
        The probability with which each case came to have an outcome, where it was logged (else NaN). With
        it, figures are also given for the whole list, of which only the chosen cases have outcomes (see
        `evaluate_selected`), and where it is known of every row with an outcome, one over it is the weight of
        all others unless `weight` is given.
    time : array of shape (cases,), optional
        When each case came in: figures by period, and a test for a break.
    period : str
        week, month, quarter or year.
    unit : {"cases", "reports"}
        What a row is.
    synthetic : bool
        Whether the cases come from a world; the word then stands beside every number.
    denominator : str, optional
        Of which cases the figures speak: by default all cases (or reports).
    confidence : float
        Level of all intervals.
    resamples, seed : int
        Draws for what has no closed form: bands, tests by simulation, intervals of ICI and ECE. 0 leaves
        these out: on a million rows the rest takes a few seconds.

    Returns
    -------
    Evaluation
        Figures, which print as a report and turn into a frame, JSON, a page and pictures.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, no case has an outcome, or a baseline is
        called ``model`` (or ``oracle`` beside an oracle).

    Examples
    --------
    >>> result = evaluate([1, 0, 1, 0, None], [5, 4, 3, 2, 1], capacity=2)
    >>> print(result.model.at[0].recall)
    0.5000 [0.0945, 0.9055] (2 of those with current abuse among all cases (1 ...); ...)
    >>> result.to_frame().columns.to_list()
    ['name', 'ranking', 'k', 'estimate', 'low', 'high', 'count', 'method', 'denominator']
    """
    check_confidence(confidence)
    everything = check_columns(
        outcome,
        score=score,
        probability=probability,
        weight=weight,
        group=group,
        oracle=oracle,
        baselines=baselines or {},
        inclusion=inclusion,
        time=time,
    )
    known = ~np.isnan(everything.outcome)
    left_out = int(np.count_nonzero(~known))
    if left_out == len(known):
        raise InputRefusedError("no case has an outcome", where="outcome", expected="0 or 1 in some rows")
    columns = weigh_by_inclusion(everything.only(known) if left_out else everything, len(known))
    notes = ["synthetic"] if synthetic else []
    whole = _note(denominator or f"all {unit}", notes)
    if columns.weight is not None and weight is None:
        notes.append(
            f"{len(known) - left_out:,} with an outcome, weighted by one over its logged probability"
        )
    elif left_out:
        notes.append(f"{left_out:,} without an outcome left out")
    options = _Options(
        capacities=_check_capacities(capacity),
        confidence=confidence,
        denominator=_note(denominator or f"all {unit}", notes),
        synthetic=synthetic,
        period=period,
        resamples=check_resamples(resamples) if resamples else 0,
        seed=seed,
    )
    rankings = {
        name: rank_cases(columns.outcome, score, columns.weight) for name, score in columns.scores.items()
    }
    return Evaluation(
        cases=len(columns.outcome),
        positives=int(columns.outcome.sum()),
        left_out=left_out,
        unit=unit,
        denominator=options.denominator,
        confidence=confidence,
        weighted=columns.weight is not None,
        synthetic=synthetic,
        rankings=tuple(
            _measure_ranking(name, rankings[name], columns, rankings.get(ORACLE), options)
            for name in rankings
        ),
        comparisons=_compare(columns, options),
        probability=_measure_probability(columns, rankings[MODEL], options),
        decision=_measure_decision(columns, options),
        what_if=_suppose(rankings[MODEL], options),
        groups=_audit(columns, options),
        selection=_select(everything, options, whole),
        **_follow(columns, options),
    )


@dataclass(frozen=True)
class _Options:
    capacities: tuple[float, ...]
    confidence: float
    denominator: str
    synthetic: bool
    period: str
    resamples: int
    seed: int

    @property
    def stated(self) -> dict[str, Any]:
        """What every statistic is told."""
        return {"confidence": self.confidence, "denominator": self.denominator}

    @property
    def drawn(self) -> dict[str, Any]:
        """What every statistic with draws is told."""
        return {**self.stated, "resamples": self.resamples, "seed": self.seed}

    def usual(self, cases: float) -> float:
        """Return the capacity nearest to what can usually be opened, 2.3 %."""
        shares = [abs(np.log((c if c < 1 else c / cases) / USUAL_SHARE)) for c in self.capacities]
        return self.capacities[int(np.argmin(shares))]


def _check_capacities(capacity: float | Iterable[float]) -> tuple[float, ...]:
    capacities = tuple(capacity) if np.iterable(capacity) else (capacity,)
    if not capacities:
        raise InputRefusedError("none", where="capacity", expected="a number of cases or a share, or several")
    for one in capacities:
        cases_at(one, 1)
    return tuple(dict.fromkeys(capacities))


def _note(denominator: str, notes: list[str]) -> str:
    return f"{denominator} ({'; '.join(notes)})" if notes else denominator


def _measure_ranking(
    name: str, ranking: Ranking, columns: Columns, best: Ranking | None, options: _Options
) -> RankingFigures:
    stated, capacities, shares = options.stated, options.capacities, []
    if best is not None:
        cases = check_cases(
            columns.outcome,
            score=columns.scores[name],
            probability=columns.oracle,
            weight=columns.weight,
        )
        shares = [measure_oracle_share(cases, ranking, best, capacity, **stated) for capacity in capacities]
    return RankingFigures(
        name=name,
        at=tuple(measure_capacity(ranking, capacity, **stated) for capacity in capacities),
        auc=measure_auc(ranking, **stated),
        average_precision=measure_average_precision(ranking, **stated),
        partial_auc=measure_partial_auc(ranking, max_fpr=FALSE_ALARMS, standardised=True, **stated),
        ndcg=tuple(measure_ndcg(ranking, capacity, **stated) for capacity in capacities),
        gains=measure_gains(ranking, denominator=options.denominator),
        oracle_share=tuple(shares),
    )


def _compare(columns: Columns, options: _Options) -> tuple[Any, ...]:
    return tuple(
        compare(
            columns.outcome,
            columns.scores[MODEL],
            score,
            names=(MODEL, name),
            capacity=options.capacities,
            weight=columns.weight,
            synthetic=options.synthetic,
            **options.stated,
        )
        for name, score in columns.baselines.items()
    )


def _measure_probability(columns: Columns, order: Ranking, options: _Options) -> ProbabilityFigures | None:
    if columns.probability is None:
        return None
    y, p, w = columns.outcome, columns.probability, columns.weight
    stated, drawn = options.stated, options.drawn
    cases = check_cases(y, score=columns.scores[MODEL], probability=p, weight=w)
    ranking = rank_cases(y, p, w)
    return ProbabilityFigures(
        logistic=logistic_calibration(y, p, weight=w, **stated),
        observed_over_expected=measure_expected(cases, **stated),
        observed_over_expected_at=tuple(
            measure_expected(cases, order, capacity, **stated) for capacity in options.capacities
        ),
        spiegelhalter=spiegelhalter_test(y, p, weight=w, denominator=options.denominator),
        brier=measure_decomposition(ranking, score="brier", **drawn),
        log_loss=measure_decomposition(ranking, score="log", **drawn),
        smooth=measure_smooth(ranking, **drawn),
        binned=measure_binned(ranking, kind="count", **drawn),
        curve=measure_curve(ranking, synthetic=options.synthetic, **stated),
        band=measure_band(ranking, **drawn) if options.resamples else None,
    )


def _measure_decision(columns: Columns, options: _Options) -> Any:
    if columns.probability is None:
        return None
    return decision_curve(
        columns.outcome,
        columns.probability,
        orders=columns.baselines,
        weight=columns.weight,
        **options.stated,
    )


def _suppose(ranking: Ranking, options: _Options) -> tuple[AtBaseRate, ...]:
    if not 0 < ranking.positives < ranking.cases:
        return ()
    return measure_base_rates(ranking, capacity=options.usual(ranking.cases), **options.stated)


def _audit(columns: Columns, options: _Options) -> Any:
    if not columns.groups:
        return None
    cases = len(columns.outcome) if columns.weight is None else float(columns.weight.sum())
    return evaluate_groups(
        columns.outcome,
        columns.scores[MODEL],
        columns.groups,
        probability=columns.probability,
        weight=columns.weight,
        capacity=options.usual(cases),
        synthetic=options.synthetic,
        confidence=options.confidence,
        denominator=options.denominator.removesuffix(" (synthetic)"),
    )


def _select(everything: Columns, options: _Options, whole: str) -> Any:
    if everything.inclusion is None:
        return None
    return evaluate_selected(
        everything.outcome,
        everything.scores[MODEL],
        everything.inclusion,
        capacity=options.capacities,
        confidence=options.confidence,
        denominator=whole,
    )


def _follow(columns: Columns, options: _Options) -> dict[str, Any]:
    if columns.time is None:
        return {}
    y, s, p, w = columns.outcome, columns.scores[MODEL], columns.probability, columns.weight
    cases = len(y) if w is None else float(w.sum())
    usual = options.usual(cases)
    periods = evaluate_periods(
        y,
        s,
        columns.time,
        probability=p,
        weight=w,
        period=options.period,
        capacity=usual if usual < 1 else min(usual / cases, 1 - 1e-9),
        **options.stated,
    )
    if not options.resamples:
        return {"periods": periods}
    breaks = break_test(
        y,
        columns.time,
        probability=p,
        score=s,
        resamples=max(options.resamples, 999),
        seed=options.seed,
        denominator=f"{len(y):,} with an outcome, each counted once"
        if w is not None
        else options.denominator,
    )
    return {"periods": periods, "breaks": breaks}
