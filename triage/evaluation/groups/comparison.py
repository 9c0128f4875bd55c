"""Compare every group with all other cases: shares, differences, tests and verdicts, measure by measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, ndtri

from triage.evaluation.calibration.endpoints import moved_note, open_probability
from triage.evaluation.figure import NAN
from triage.evaluation.groups.areas import areas_of
from triage.evaluation.groups.calibration import compare_ratio, observed_over_expected_of, shift_of
from triage.evaluation.groups.cuts import find_cuts
from triage.evaluation.groups.differences import fisher_p_value, round_to_null
from triage.evaluation.groups.measures import (
    AUC,
    BASE_RATE,
    BURDEN,
    FALSE_POSITIVE,
    IN_THE_LARGE,
    MISSED,
    NEEDLESS,
    OBSERVED,
    OPENED,
    PRECISION,
    VERDICTS,
)
from triage.evaluation.groups.shares import NAMES, Interval, share_of
from triage.evaluation.groups.sums import ROWS, WEIGHT, membership, sum_atoms, sum_groups
from triage.evaluation.groups.withholding import Structure, Withheld, choose_withheld, read_structure
from triage.evaluation.inputs import Cases
from triage.evaluation.order.auc import measure_auc
from triage.evaluation.ranking import rank_cases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.groups.attributes import Atoms, Partition
    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.ranking import Cut, Ranking

    BoolArray = NDArray[np.bool_]

AT_CUT = (MISSED, NEEDLESS, BURDEN, PRECISION, OPENED, FALSE_POSITIVE)
THOUSAND = 1000.0


@dataclass(frozen=True)
class Options:
    """How an audit is made; see `evaluate_groups`."""

    capacities: tuple[float, ...]
    thresholds: tuple[float, ...]
    smallest: int
    interval: Interval
    confidence: float
    denominator: str


@dataclass(frozen=True, eq=False)
class Measured:
    """One measure at one capacity, of all groups and, in the last place, of the whole list.

    Parameters
    ----------
    measure : str
        What is measured.
    k : float
        Cases opened in the whole list; NaN where it does not matter.
    estimate, low, high, trials : array of shape (groups + 1,)
        The number, its interval, and the independent cases it is worth.
    rows : array of shape (groups + 1,)
        How many cases it rests on.
    tied : array of bool, shape (groups + 1,)
        Whether the interval is widened over ties.
    difference : three arrays of shape (groups + 1,)
        Estimate minus that of the others, and its interval; NaN for the whole list.
    p_value : array of shape (groups,)
        Not adjusted; NaN where no test is made.
    hidden : array of bool, shape (groups,)
        Whether the numbers are withheld.
    method : str
        How the interval was made, and how groups were compared.
    own_method : tuple of str
        How the interval of each group was made, where it differs from group to group.
    """

    measure: str
    k: float
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    trials: FloatArray
    rows: FloatArray
    tied: BoolArray
    difference: tuple[FloatArray, FloatArray, FloatArray]
    p_value: FloatArray
    hidden: BoolArray
    method: tuple[str, str]
    own_method: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Counts:
    """Rows of every group: cases, with current abuse, opened at each capacity, and found there."""

    cases: FloatArray
    positives: FloatArray
    opened: FloatArray
    found: FloatArray

    def withhold(self, structure: Structure, smallest: int) -> Withheld:
        return choose_withheld(
            structure,
            self.cases[:-1],
            self.positives[:-1],
            opened=self.opened[:, :-1],
            found=self.found[:, :-1],
            smallest=smallest,
        )


@dataclass(frozen=True, eq=False)
class _Ground:
    """What all measures rest on."""

    counts: _Counts
    withheld: Withheld
    options: Options


def compare_groups(
    cases: Cases, atoms: Atoms, partitions: tuple[Partition, ...], options: Options
) -> list[Measured]:
    """Return all measures of all groups: at each cut missed children first; then those without a cut."""
    ranking = rank_cases(cases.outcome, np.asarray(cases.score), cases.weight if cases.weighted else None)
    cuts = find_cuts(ranking, options.capacities, options.thresholds)
    summed = sum_atoms(cases, atoms, cuts)
    members = membership(partitions)
    sums = [_with_whole(sum_groups(members, summed.at(cut)), summed.at(cut)) for cut in cuts]
    counts = _count(sums, cuts)
    withheld = counts.withhold(read_structure(partitions, members), options.smallest)
    ground = _Ground(counts, withheld, options)
    measured = []
    for at, cut in enumerate(cuts):
        k = int(cut.k) if ranking.whole else cut.k
        measured += [_measure_share(kind, sums[at], cut, ground, at=at, k=k) for kind in AT_CUT]
    measured.append(_measure_share(BASE_RATE, sums[0], cuts[0], ground, at=0, k=NAN))
    measured.append(_measure_area(cases, ranking, atoms, partitions, ground))
    if cases.probability is not None:
        expected = _with_whole(sum_groups(members, summed.expected), summed.expected)
        measured.append(_measure_ratio(sums[0], expected, ground))
        measured.append(_measure_shift(cases, atoms, partitions, ground))
    return measured


def _with_whole(groups: FloatArray, atoms: FloatArray) -> FloatArray:
    """Append the sums of the whole list to those of the groups."""
    return np.concatenate([groups, atoms.sum(axis=0, keepdims=True)])


def _count(sums: list[FloatArray], cuts: tuple[Cut, ...]) -> _Counts:
    parts = [np.array([1.0, cut.part, 0.0]) for cut in cuts]
    rows = [one[..., ROWS] for one in sums]
    return _Counts(
        rows[0].sum(axis=(1, 2)),
        rows[0][:, :, 1].sum(axis=1),
        np.array([np.einsum("gzy,z->g", one, part) for one, part in zip(rows, parts, strict=True)]),
        np.array([one[:, :, 1] @ part for one, part in zip(rows, parts, strict=True)]),
    )


def _measure_share(kind: str, sums: FloatArray, cut: Cut, ground: _Ground, *, at: int, k: float) -> Measured:
    counts, options = ground.counts, ground.options
    tied_weight = float(sums[-1, 1, :, WEIGHT].sum())
    own, others = (
        share_of(kind, one, cut.part, tied_weight, confidence=options.confidence, interval=options.interval)
        for one in (sums, sums[-1] - sums)
    )
    total = {MISSED: counts.positives, NEEDLESS: counts.opened[at]}.get(kind)
    p_value = np.full(len(sums) - 1, NAN)
    if total is not None:
        for group in np.flatnonzero(_enough(total, options.smallest)):
            table = round_to_null(
                own.estimate[group], own.trials[group], others.estimate[group], others.trials[group]
            )
            p_value[group] = 1.0 if table is None else fisher_p_value(*table)
    scale = THOUSAND if kind == BURDEN else 1.0
    name = f"{NAMES[options.interval]} {100 * options.confidence:g} %"
    compared = "Newcombe's method 10" if options.interval == "wilson" else "square-and-add"
    tested = ", p by Fisher's exact test and Holm" if kind in VERDICTS else ""
    return Measured(
        measure=kind,
        k=k,
        estimate=own.estimate * scale,
        low=own.low * scale,
        high=own.high * scale,
        trials=own.trials,
        rows=own.rows,
        tied=own.tied,
        difference=tuple(_without_whole(one * scale) for one in own.minus(others)),  # type: ignore[arg-type] # three
        p_value=p_value,
        hidden=_hidden(kind, at, ground.withheld),
        method=(name, f"difference to all others by {compared}{tested}"),
    )


def _hidden(kind: str, at: int, withheld: Withheld) -> BoolArray:
    cases, positives = withheld.cases, withheld.positives
    opened, found = withheld.opened[at], withheld.found[at]
    needed = {
        MISSED: (positives, found),
        NEEDLESS: (opened, found),
        PRECISION: (opened, found),
        BURDEN: (cases, opened, found),
        OPENED: (cases, opened),
        FALSE_POSITIVE: (cases, positives, opened, found),
    }
    hidden: BoolArray = np.any(needed.get(kind, (cases, positives)), axis=0)
    return hidden


def _enough(total: FloatArray, smallest: int) -> BoolArray:
    least = max(smallest, 1)
    enough: BoolArray = (total[:-1] >= least) & (total[-1] - total[:-1] >= least)
    return enough


def _without_whole(difference: FloatArray) -> FloatArray:
    return np.append(difference[:-1], NAN)


def _measure_ratio(sums: FloatArray, expected: FloatArray, ground: _Ground) -> Measured:
    options = ground.options
    own, others = (
        observed_over_expected_of(one, at, confidence=options.confidence)
        for one, at in ((sums, expected), (sums[-1] - sums, np.maximum(expected[-1] - expected, 0.0)))
    )
    p_value = np.full(len(sums) - 1, NAN)
    for group in np.flatnonzero(_enough(ground.counts.positives, options.smallest)):
        p_value[group] = compare_ratio(own, others, int(group))
    level = f"{100 * options.confidence:g} %"
    return Measured(
        measure=OBSERVED,
        k=NAN,
        estimate=own.estimate,
        low=own.low,
        high=own.high,
        trials=own.share.trials,
        rows=own.share.rows,
        tied=np.zeros(len(expected), dtype=np.bool_),
        difference=tuple(_without_whole(one) for one in own.minus(others)),  # type: ignore[arg-type] # three
        p_value=p_value,
        hidden=ground.withheld.cases | ground.withheld.positives,
        method=(
            f"Clopper-Pearson {level} of the observed share over the mean probability",
            "difference to all others by square-and-add, p by the exact test of two Poisson means and Holm",
        ),
    )


def _measure_area(
    cases: Cases, ranking: Ranking, atoms: Atoms, partitions: tuple[Partition, ...], ground: _Ground
) -> Measured:
    """Measure the area under the ROC curve within the values of attributes, not of crossings."""
    confidence, size = ground.options.confidence, len(ground.counts.cases)
    order = np.argsort(np.asarray(cases.score))[::-1]
    falling = Cases(
        cases.outcome[order], cases.weight[order], np.asarray(cases.score)[order], None, cases.weighted
    )
    atom = atoms.case[order]
    figures = [
        area
        for one in partitions
        if len(one.attributes) == 1
        for area in areas_of(falling, one.codes[atom], len(one.labels), confidence=confidence)
    ]
    place = np.append(np.arange(len(figures)), size - 1)
    figures.append(measure_auc(ranking, confidence=confidence))
    columns, method = np.full((3, size), NAN), [""] * size
    for at, figure in zip(place.tolist(), figures, strict=True):
        columns[:, at], method[at] = (figure.estimate, figure.low, figure.high), figure.method
    nothing = np.full(size, NAN)
    return Measured(
        measure=AUC,
        k=NAN,
        estimate=columns[0],
        low=columns[1],
        high=columns[2],
        trials=nothing,
        rows=ground.counts.cases,
        tied=np.zeros(size, dtype=np.bool_),
        difference=(nothing, nothing, nothing),
        p_value=nothing[:-1],
        hidden=ground.withheld.cases | ground.withheld.positives,
        method=("", ""),
        own_method=tuple(method),
    )


def _measure_shift(
    cases: Cases, atoms: Atoms, partitions: tuple[Partition, ...], ground: _Ground
) -> Measured:
    """Measure calibration in the large of the values of attributes, not of crossings."""
    probability, moved = open_probability(np.asarray(cases.probability))
    offset = logit(probability)
    values = [one for one in partitions if len(one.attributes) == 1]
    fits = [shift_of(cases, offset, one.codes[atoms.case], len(one.labels)) for one in values]
    fits.append(shift_of(cases, offset, np.zeros(len(offset), dtype=np.int64), 1))
    size = len(ground.counts.cases)
    shift, error = np.full(size, NAN), np.full(size, NAN)
    place = np.append(np.arange(sum(len(one.labels) for one in values)), size - 1)
    shift[place], error[place] = (np.concatenate(part) for part in zip(*fits, strict=True))
    half = float(ndtri((1 + ground.options.confidence) / 2)) * error
    sandwich = " (weighted, sandwich variance)" if cases.weighted else ""
    note = moved_note(moved)
    nothing = np.full(size, NAN)
    return Measured(
        measure=IN_THE_LARGE,
        k=NAN,
        estimate=shift,
        low=shift - half,
        high=shift + half,
        trials=nothing,
        rows=ground.counts.cases,
        tied=np.zeros(size, dtype=np.bool_),
        difference=(nothing, nothing, nothing),
        p_value=nothing[:-1],
        hidden=ground.withheld.cases | ground.withheld.positives,
        method=(f"logistic with slope 1{note}, Wald {100 * ground.options.confidence:g} %{sandwich}", ""),
    )
