"""Differences of what two lists find, from the cases that only one of them opens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.evaluation.comparison.paired import newcombe_paired_interval, tango_interval
from triage.evaluation.figure import Figure
from triage.evaluation.order.capacity import NO_POSITIVES
from triage.evaluation.resampling import percentile_interval
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from triage.evaluation.comparison.pair import Pair, PairOpened
    from triage.evaluation.inputs import FloatArray, NumberArray

Interval = Literal["score", "tango", "newcombe", "bootstrap"]
SAME_ORDER = "both order the cases alike"
ALL_OPENED = "both open all cases"
# Few cases make a poor design effect: the interval is never less than 0.45 times as long as with the cuts
# taken as given.
LEAST_EFFECT, MOST_EFFECT = 0.2, 1.5
# As if so many further cases that one list alone finds had shown a design effect of 1.
STEADYING = 2.0
# Opened by the first alone, the second alone, both, and none.
_IN_FIRST, _IN_SECOND = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class Options:
    """How two lists are compared; see `triage.evaluation.comparison.compare.compare`."""

    interval: Interval
    resamples: int
    seed: int
    confidence: float
    denominator: str
    names: tuple[str, str] = ("first", "second")
    ids: NumberArray | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """Difference of found cases, and cases with current abuse, in each resample."""

    found: FloatArray
    positives: FloatArray


@dataclass(frozen=True, eq=False)
class Lists:
    """Two lists cut at one capacity, as sums over who opens a case and whether it has current abuse.

    Parameters
    ----------
    opened : PairOpened
        The cases that at least one list opens.
    weight, squared : array of shape (4, 2)
        Sums of weights and of squared weights: opened by the first alone, the second alone, both, none;
        without current abuse, with it. Cases tied at a cut count with the part of them in each.
    rows, positive_rows : int
        All cases, and those with current abuse, as rows.
    margins : tuple of two float
        Share with current abuse at the place where each list ends.
    same_order : bool
        Whether both order all cases alike, ties included.
    weighted : bool
        Whether weights were given.
    drawn : Drawn or None
        Resamples, for "bootstrap".
    """

    opened: PairOpened
    weight: FloatArray
    squared: FloatArray
    rows: int
    positive_rows: int
    margins: tuple[float, float]
    same_order: bool
    weighted: bool
    drawn: Drawn | None

    @classmethod
    def of(cls, pair: Pair, opened: PairOpened, drawn: Drawn | None) -> Lists:
        """Sum over the parts of the opened cases."""
        ranking, y, w = pair.rankings[0], opened.outcome, opened.weight
        parts = np.stack([opened.only_first, opened.only_second, opened.both])
        tables = []
        for column, total, positive in (
            (w, ranking.weight, ranking.positive),
            (w**2, ranking.weight_squared, ranking.positive_squared),
        ):
            sums = np.stack([parts @ (column * (1 - y)), parts @ (column * y)], axis=-1)
            everything = np.array([total.sum() - positive.sum(), positive.sum()])
            tables.append(np.vstack([sums, np.maximum(everything - sums.sum(axis=0), 0.0)]))
        return cls(
            opened=opened,
            weight=tables[0],
            squared=tables[1],
            rows=len(pair.row),
            positive_rows=int(ranking.positive_rows.sum()),
            margins=opened.margins,
            same_order=pair.same_order,
            weighted=pair.cases.weighted,
            drawn=drawn,
        )

    @property
    def k(self) -> float:
        """Cases opened."""
        return self.opened.cuts[0].k

    @property
    def same(self) -> bool:
        """Whether both open the same cases, by their order or by chance."""
        return bool(self.weight[:2].sum() == 0)

    @property
    def why_certain(self) -> str:
        """Why the lists cannot differ whatever the cases; empty where they can."""
        if self.same_order:
            return SAME_ORDER
        return ALL_OPENED if self.k >= float(self.weight.sum()) * (1 - 1e-9) else ""

    @property
    def found_alone(self) -> tuple[float, float]:
        """Cases with current abuse that one list finds and the other does not."""
        return float(self.weight[0, 1]), float(self.weight[1, 1])

    @property
    def opened_alone(self) -> tuple[float, float]:
        """Cases that one list opens and the other does not."""
        return float(self.weight[0].sum()), float(self.weight[1].sum())


def recall_difference(lists: Lists, options: Options) -> Figure:
    """Return the difference of recall; see `recall_difference_at`."""
    of, positives = with_abuse(options.denominator), float(lists.weight[:, 1].sum())
    if positives == 0:
        return Figure.not_estimable(NO_POSITIVES, 0, of)
    kinds = np.array([0.0, 1.0])
    kish = kish_count(positives, float(lists.squared[:, 1].sum()))
    sample = _Sample(positives, kish, kinds, lists.positive_rows, of)
    drawn = None
    if lists.drawn is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = lists.drawn.found / lists.drawn.positives
    return _difference(lists, sample, drawn, options)


def found_difference(lists: Lists, options: Options) -> Figure:
    """Return the difference of found cases with current abuse; see `precision_difference_at`."""
    total = float(lists.weight.sum())
    kish = kish_count(total, float(lists.squared.sum()))
    sample = _Sample(total, kish, np.ones(2), lists.rows, options.denominator)
    drawn = None if lists.drawn is None else lists.drawn.found / total
    found = _difference(lists, sample, drawn, options).times(total)
    # Of very few cases the interval would reach beyond all that are opened.
    return replace(found, low=max(found.low, -lists.k), high=min(found.high, lists.k))


def with_abuse(denominator: str) -> str:
    """Return the denominator that is the cases with current abuse."""
    return f"those with current abuse among {denominator}"


@dataclass(frozen=True, eq=False)
class _Sample:
    """The cases that are pairs: their number, effective count, kinds that belong (0 or 1), rows and name."""

    total: float
    kish: float
    kinds: FloatArray
    rows: int
    denominator: str


def _difference(lists: Lists, sample: _Sample, drawn: FloatArray | None, options: Options) -> Figure:
    """Return (b - c) over the total of a sample."""
    certain = lists.why_certain
    if certain:
        return Figure(0.0, 0.0, 0.0, sample.rows, certain, sample.denominator)
    (b, c), level = lists.found_alone, f"{100 * options.confidence:g} %"
    estimate = (b - c) / sample.total
    # Where neither list finds a case alone, no resample tells how often it could.
    if drawn is not None and b + c > 0:
        low, high = percentile_interval(drawn, confidence=options.confidence)
        method = (
            f"paired bootstrap percentiles {level}, {options.resamples:,} resamples of cases ranked anew, "
            f"seed {options.seed}"
        )
        return Figure(estimate, low, high, sample.rows, method, sample.denominator)
    fixed = _variance(lists, sample, estimate, (0.0, 0.0))
    spread = (b + c) / sample.total - estimate**2
    trials = sample.kish
    if fixed > 0 and spread > 0:
        trials = min(trials, spread / fixed)
        if options.interval == "score":
            effect = _variance(lists, sample, estimate, lists.margins) / fixed
            trials /= _steady(effect, (b + c) * sample.kish / sample.total)
    low, high, method = _ends(lists, sample, trials, options)
    if lists.weighted:
        method = f"weighted (Hajek), {method} on an effective count of {trials:.1f}"
    return Figure(estimate, low, high, sample.rows, method, sample.denominator)


def _steady(effect: float, alone: float) -> float:
    """Return a design effect drawn towards 1, the more so the fewer cases one list alone finds."""
    kept = float(np.clip(effect, LEAST_EFFECT, MOST_EFFECT))
    return (alone * kept + STEADYING) / (alone + STEADYING)


def _ends(lists: Lists, sample: _Sample, trials: float, options: Options) -> tuple[float, float, str]:
    (b, c), scale, level = lists.found_alone, trials / sample.total, f"{100 * options.confidence:g} %"
    if options.interval == "newcombe":
        both = float(lists.weight[2, 1])
        neither = max(sample.total - both - b - c, 0.0)
        low, high = newcombe_paired_interval(
            *(scale * count for count in (both, b, c, neither)), confidence=options.confidence
        )
        return low, high, f"Newcombe's paired method 10, {level}"
    ends = tango_interval(scale * b, scale * c, trials, confidence=options.confidence)
    method = f"Tango's paired score interval {level}"
    if b + c == 0:
        method += ", neither finding a case alone"
    elif options.interval == "score":
        method += " with the variance of both cuts"
    return float(ends[0]), float(ends[1]), method


def _variance(lists: Lists, sample: _Sample, estimate: float, margins: tuple[float, float]) -> float:
    """Return the linearised variance of the difference, of cuts that move if the margins are not 0."""
    share = lists.k / float(lists.weight.sum())
    moved = -margins[0] * (_IN_FIRST - share) + margins[1] * (_IN_SECOND - share)
    change = np.outer(_IN_FIRST - _IN_SECOND, [0.0, 1.0]) - estimate * sample.kinds + moved[:, np.newaxis]
    return float(np.sum(lists.squared * change**2)) / sample.total**2
