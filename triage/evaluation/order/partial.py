"""How well a score separates in the part of the ROC curve that matters: few false alarms, or few missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import FloatArray, check_confidence
from triage.evaluation.order.auc import why_no_area
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.order.linearised import (
    NO_VARIANCE,
    VariancePart,
    degrees_of_freedom,
    logit_interval,
    steady_variance,
)
from triage.evaluation.proportions import clopper_pearson_interval
from triage.evaluation.ranking import Ranking, rank_cases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = Literal["steadied", "jackknife"]


def partial_auc(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    max_fpr: float | None = None,
    min_tpr: float | None = None,
    standardised: bool = True,
    weight: ArrayLike | None = None,
    interval: Interval = "steadied",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the partial area under the ROC curve, over low false positive rates or high recall.

    With the ROC curve R (recall against the false positive rate, joined by straight lines through ties),

    .. math:: P_c = \int_0^c R(t)\,dt \quad\text{for}\quad c = \text{max\_fpr}; \qquad
        P_c = \int_{1-c}^1 \bigl(1 - R^{-1}(s)\bigr)\,ds \quad\text{for}\quad 1 - c = \text{min\_tpr}

    from 0 to c; chance has :math:`c^2/2` in both. Standardised after McClish it is 1 for a flawless order and
    1/2 for chance, whatever c:

    .. math:: \tfrac12\left(1 + \frac{P_c - c^2/2}{c - c^2/2}\right)

    The variance is the infinitesimal jackknife's: what each case, weighted a little more, does to
    :math:`P_c`, the bound of the false positive rate moving with the other cases. With c = 1 it is DeLong's.
    The interval is symmetric for :math:`S = P_c / c` on the logit scale.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher means likelier.
    max_fpr : float, optional
        The largest false positive rate, above 0 and at most 1 (focus on specificity).
    min_tpr : float, optional
        The smallest recall, at least 0 and below 1 (focus on sensitivity). One of the two must be given.
    standardised : bool
        After McClish, as above; else the plain area.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    interval : {"steadied", "jackknife"}
        "jackknife": with that variance and Student's t at Satterthwaite's degrees of freedom. "steadied": the
        same, mixed with S (1 - S)/m as if that had 7 degrees of freedom (see
        `triage.evaluation.order.linearised.steady_variance`), m being the cases with current abuse (the
        others, for `min_tpr`).
    confidence : float
        Level of the interval.
    denominator : str
        Of which cases the figure speaks.

    Returns
    -------
    Figure
        Not estimable when one of the two kinds of cases is missing. Below the diagonal the standardised area
        is less than 1/2, and is given (the R package pROC gives none there unless asked to). Where the
        variance is 0, the low end of a flawless order follows from that of the whole area, and the high end
        of nothing found from the number of cases with current abuse (of the others, for `min_tpr`).

    Raises
    ------
    InputRefusedError
        An array is not as described, or not exactly one bound is given, or it is out of range, or
        there is no such interval.

    Notes
    -----
    Simulated for normal scores (800 draws each; with current abuse as, twice and half as spread; areas of
    0.6, 0.76, 0.9 and 0.96; rates up to 5 and 20 %; 10, 20, 50 and 100 cases with current abuse, 200 and
    1,000 others), the 95 % interval holds the partial area in 96.4 % of draws on average and 90.2 % at
    least ("jackknife" 95.7 and 80.5). The least is at rates up to 5 % of 200 others, which are 10 cases.

    References
    ----------
    McClish, D. K. (1989). Analyzing a portion of the ROC curve. Medical Decision Making 9, 190-195.

    Robin, X., Turck, N., Hainard, A., Tiberti, N., Lisacek, F., Sanchez, J.-C., Mueller, M. (2011). pROC: an
    open-source package for R and S+ to analyze and compare ROC curves. BMC Bioinformatics 12, 77.

    Efron, B. (1982). The Jackknife, the Bootstrap and Other Resampling Plans. SIAM, chapter 6.

    Examples
    --------
    Up to half of the two other cases, recall is 1/2 throughout: the area is 1/4, and chance has 1/8.

    >>> partial_auc([1, 0, 1, 0], [4, 3, 2, 1], max_fpr=0.5, standardised=False).estimate
    0.25
    >>> partial_auc([1, 0, 1, 0], [4, 3, 2, 1], max_fpr=0.5).estimate  # (1 + (2/8 - 1/8) / (4/8 - 1/8)) / 2
    0.6666666666666666
    """
    return measure_partial_auc(
        rank_cases(outcome, score, weight),
        max_fpr=max_fpr,
        min_tpr=min_tpr,
        standardised=standardised,
        interval=interval,
        confidence=confidence,
        denominator=denominator,
    )


def measure_partial_auc(
    ranking: Ranking,
    *,
    max_fpr: float | None = None,
    min_tpr: float | None = None,
    standardised: bool = True,
    interval: Interval = "steadied",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    """Return the partial area of a ranking made before; see `partial_auc`."""
    width, over = _check_bound(max_fpr, min_tpr)
    if interval not in {"steadied", "jackknife"}:
        raise InputRefusedError(f"{interval!r}", where="interval", expected="'steadied' or 'jackknife'")
    confidence = check_confidence(confidence)
    rows, positive_rows = int(ranking.rows.sum()), int(ranking.positive_rows.sum())
    reason = why_no_area(rows, positive_rows)
    if reason:
        return Figure.not_estimable(reason, rows, denominator)
    up, along = _axes(ranking)
    # The curve seen from its other corner is that of the reversed score for the other outcome.
    area = _Area.of(up, along, width) if min_tpr is None else _Area.of(along.reversed(), up.reversed(), width)
    low, high, method = _interval(area, width, interval, confidence)
    name = f"{'weighted ' if ranking.weighted else ''}partial area over {over}"
    kinds = f"{positive_rows:,} cases with current abuse against {rows - positive_rows:,}"
    if not standardised:
        return Figure(area.area, low, high, rows, f"{name}, {method}; {kinds}", denominator)
    chance = width**2 / 2
    estimate, low, high = ((1 + (end - chance) / (width - chance)) / 2 for end in (area.area, low, high))
    method = f"{name}, standardised after McClish, {method}; {kinds}"
    return Figure(estimate, low, high, rows, method, denominator)


@dataclass(frozen=True, eq=False)
class _Kind:
    """Weights of one kind of cases over the groups of a ranking, and sums of squared weights."""

    weight: FloatArray
    squared: FloatArray

    def reversed(self) -> _Kind:
        return _Kind(self.weight[::-1], self.squared[::-1])


@dataclass(frozen=True)
class _Area:
    """A partial area, and what its variance is made of: the kind that lifts the curve, and the other."""

    area: float
    parts: tuple[VariancePart, VariancePart]

    @classmethod
    def of(cls, up: _Kind, along: _Kind, width: float) -> _Area:
        """Integrate the curve of `up` over the first `width` of `along`."""
        step, rise = along.weight / along.weight.sum(), up.weight / up.weight.sum()
        end = np.minimum(np.cumsum(step), 1.0)
        # The group in which the bound falls; 1e-12 is for a bound at the end of a group, but for rounding.
        cut = min(int(np.searchsorted(end, width - 1e-12)), len(end) - 1)
        start = end[cut] - step[cut]
        part = min((width - start) / step[cut], 1.0) if step[cut] > 0 else 1.0
        # A case that lifts the curve at a group adds what is left of the width.
        left = np.zeros(len(end))
        left[:cut] = width - (end - step / 2)[:cut]
        left[cut] = max(width - start, 0.0) * part / 2 if part < 1 else width - start - step[cut] / 2
        area = min(float(rise @ left), width)
        # One of the other kind pushes the curve aside, by what lies between it and the bound.
        height = np.cumsum(rise) - rise / 2
        top = float(rise[:cut].sum()) + part * float(rise[cut])
        pushed = np.zeros(len(end))
        pushed[:cut] = height[:cut] - top
        pushed[cut] = -float(rise[cut]) * part**2 / 2
        pushed -= float(step @ pushed)
        return cls(
            area,
            (
                VariancePart.of(left - area, float(up.weight.sum()), up.squared),
                VariancePart.of(pushed, float(along.weight.sum()), along.squared),
            ),
        )


def _axes(ranking: Ranking) -> tuple[_Kind, _Kind]:
    return (
        _Kind(ranking.positive, ranking.positive_squared),
        _Kind(ranking.weight - ranking.positive, ranking.weight_squared - ranking.positive_squared),
    )


def _interval(area: _Area, width: float, interval: Interval, confidence: float) -> tuple[float, float, str]:
    level = f"{100 * confidence:g} %"
    variance = sum(part.variance for part in area.parts)
    share = area.area / width
    if variance > NO_VARIANCE and 0 < share < 1:
        spread = variance / width**2, degrees_of_freedom(area.parts)
        method = f"infinitesimal jackknife {level} on the logit scale"
        if interval == "steadied":
            spread = steady_variance(*spread, share * (1 - share) / area.parts[0].count)
            method += ", steadied by the binomial variance"
        low, high = logit_interval(share, *spread, confidence)
        return low * width, high * width, method
    if share == 0:
        high = float(clopper_pearson_interval(0, area.parts[0].count, confidence=confidence)[1])
        return 0.0, high * width, f"Clopper-Pearson {level}, as none lies above the bound"
    if share >= 1 - 1e-12:
        pairs = min(part.count for part in area.parts)
        whole = float(clopper_pearson_interval(pairs, pairs, confidence=confidence)[0])
        low = max(width - (1 - whole), 0.0)
        return low, width, f"Clopper-Pearson {level} on {pairs:.6g} separate pairs of the whole area"
    return NAN, NAN, "no interval: no variance, or fewer than two cases of a kind"


def _check_bound(max_fpr: float | None, min_tpr: float | None) -> tuple[float, str]:
    if max_fpr is not None and min_tpr is None and 0 < max_fpr <= 1:
        return float(max_fpr), f"false positive rates up to {max_fpr:g}"
    if min_tpr is not None and max_fpr is None and 0 <= min_tpr < 1:
        return 1 - float(min_tpr), f"recall from {min_tpr:g} on"
    raise InputRefusedError(
        f"max_fpr {max_fpr!r} and min_tpr {min_tpr!r}",
        where="partial area",
        expected="either max_fpr, above 0 and at most 1, or min_tpr, at least 0 and below 1",
    )
