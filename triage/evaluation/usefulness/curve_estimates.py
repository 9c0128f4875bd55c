"""Estimates and intervals of a decision curve, from a table of cases by outcome and opening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri

from triage.evaluation.figure import NAN
from triage.evaluation.inputs import FloatArray
from triage.evaluation.proportions import wilson_interval
from triage.evaluation.resampling import resample_cells
from triage.evaluation.usefulness.contrast import Contrast, effective_trials, measure_contrast

if TYPE_CHECKING:
    from triage.evaluation.usefulness.policies import Cells, Policy

Interval = Literal["score", "wald", "bootstrap"]
Ends = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Design:
    """What a decision curve is asked for.

    Parameters
    ----------
    threshold, exchange : array of shape (thresholds,)
        The probabilities, and their odds.
    prevalence : float or None
        Share with current abuse where it is not that of the sample.
    interval : {"score", "wald", "bootstrap"}
        Kind of interval.
    confidence : float
        Its level.
    resamples, seed : int
        Of the bootstrap.
    """

    threshold: FloatArray
    exchange: FloatArray
    prevalence: float | None
    interval: Interval
    confidence: float
    resamples: int
    seed: int

    @property
    def quantile(self) -> float:
        """Of the normal distribution, for two sides."""
        return float(ndtri((1 + self.confidence) / 2))


@dataclass(frozen=True, eq=False)
class Sums:
    """Cases at each threshold, by outcome: index 0 with current abuse, index 1 without.

    Parameters
    ----------
    opened, model_only, policy_only : array of shape (2, ..., thresholds)
        Opened by the policy; by the model and not by it; by it and not by the model.
    total : array of shape (2, ..., 1)
        All.
    """

    opened: FloatArray
    model_only: FloatArray
    policy_only: FloatArray
    total: FloatArray


@dataclass(frozen=True, eq=False)
class Estimates:
    """The four measures at each threshold; see `PolicyCurve`."""

    net_benefit: FloatArray
    standardised: FloatArray
    avoided: FloatArray
    gain: FloatArray


def add_up(cells: Cells, column: FloatArray) -> Sums:
    """Sum a column of the cells (weights, squared weights or resampled counts), which comes last in shape."""
    kinds = (cells.positive, ~cells.positive)
    opened, model_only, policy_only = (
        np.stack([column[..., kind] @ part[kind] for kind in kinds])
        for part in (
            cells.policy,
            cells.model * (1 - cells.policy),
            cells.policy * (1 - cells.model),
        )
    )
    total = np.stack([column[..., kind].sum(axis=-1, keepdims=True) for kind in kinds])
    return Sums(opened, model_only, policy_only, total)


def estimate(sums: Sums, design: Design) -> Estimates:
    """Return the four measures; NaN where their denominator is 0."""
    total, odds = sums.total, design.exchange
    share, rate = prevalence_and_rates(total, design)
    found, in_vain = rate * sums.opened
    missed, spared = rate * (total - sums.opened)
    gain, gain_in_vain = rate * (sums.model_only - sums.policy_only)
    benefit = found - odds * in_vain
    with np.errstate(divide="ignore", invalid="ignore"):
        return Estimates(
            net_benefit=benefit,
            standardised=np.where(share > 0, benefit / share, NAN),
            avoided=np.where(odds > 0, spared - missed / odds, NAN),
            gain=gain - odds * gain_in_vain,
        )


def prevalence_and_rates(total: FloatArray, design: Design) -> tuple[FloatArray, FloatArray]:
    """Return the share with current abuse, and what one case of each kind adds to a share of all cases."""
    everything = total.sum(axis=0)
    if design.prevalence is None:
        return total[0] / everything, np.broadcast_to(1 / everything, total.shape)
    share = np.full(everything.shape, design.prevalence)
    with np.errstate(divide="ignore", invalid="ignore"):
        return share, np.stack([share, 1 - share]) / np.where(total > 0, total, NAN)


def bootstrap_ends(cells: Cells, design: Design) -> dict[str, Ends]:
    """Return percentile intervals of the four measures from resampled cases."""
    drawn = resample_cells(cells.rows, design.resamples, design.seed).astype(np.float64)
    values = estimate(add_up(cells, drawn), design)
    tail = (1 - design.confidence) / 2
    ends = {}
    for name, array in vars(values).items():
        known = ~np.isnan(array).any(axis=0)
        low, high = (np.full(len(known), NAN) for _ in range(2))
        low[known], high[known] = np.quantile(array[:, known], [tail, 1 - tail], axis=0)
        ends[name] = (low, high)
    return ends


def closed_ends(policy: Policy, sums: Sums, squares: Sums, design: Design) -> dict[str, Ends]:
    """Return the closed-form intervals of the four measures, "score" or "wald"."""
    odds, one = design.exchange, np.ones_like(design.exchange)
    benefit = _Cells(((one, -odds),), (sums.opened,), (squares.opened,))
    # What a policy opens, or leaves, by definition is no count that could have come out otherwise.
    leaves_some, opens_some = float(policy.always != 1), float(policy.always != 0)
    gain = _Cells(
        ((one * leaves_some, -odds * leaves_some), (-one * opens_some, odds * opens_some)),
        (sums.model_only, sums.policy_only),
        (squares.model_only, squares.policy_only),
    )
    with np.errstate(divide="ignore"):
        back = np.where(odds > 0, 1 / odds, NAN)
    unopened = [table.total - table.opened for table in (sums, squares)]
    avoided = _Cells(((-back * leaves_some, one * leaves_some),), (unopened[0],), (unopened[1],))
    ends = {
        name: _ends(contrast, sums.total, squares.total, design)
        for name, contrast in (("net_benefit", benefit), ("avoided", avoided), ("gain", gain))
    }
    ends["standardised"] = _standardised_ends(policy, sums, squares, ends["net_benefit"], design)
    if policy.always == 0 or (policy.always == 1 and design.prevalence is not None):
        known = estimate(sums, design)
        ends["net_benefit"] = (known.net_benefit, known.net_benefit)
        ends["standardised"] = (known.standardised, known.standardised)
    return ends


@dataclass(frozen=True, eq=False)
class _Cells:
    """Values of cells, each for cases with current abuse and without, and the sums in these cells."""

    values: tuple[tuple[FloatArray, FloatArray], ...]
    sums: tuple[FloatArray, ...]
    squares: tuple[FloatArray, ...]

    def over(self, factor: dict[int, float], total: float, squared: float) -> Contrast:
        """Return the contrast over one sample, which holds some kinds of cases, each with a factor."""
        pairs = [(cell, kind) for cell in range(len(self.values)) for kind in factor]
        value, count, square = (
            np.stack(columns, axis=-1)
            for columns in (
                [self.values[cell][kind] * factor[kind] for cell, kind in pairs],
                [self.sums[cell][kind] for cell, kind in pairs],
                [self.squares[cell][kind] for cell, kind in pairs],
            )
        )
        return measure_contrast(value, count, square, total, squared)


def _ends(contrast: _Cells, total: FloatArray, squared: FloatArray, design: Design) -> Ends:
    if design.prevalence is None:
        blocks = [contrast.over({0: 1.0, 1: 1.0}, float(total.sum()), float(squared.sum()))]
    else:
        factors = (design.prevalence, 1 - design.prevalence)
        blocks = [
            contrast.over({kind: factors[kind]}, float(total[kind].sum()), float(squared[kind].sum()))
            for kind in (0, 1)
        ]
    middle = np.sum([block.estimate for block in blocks], axis=0)
    if np.isnan(middle).all():
        return middle, middle
    if design.interval == "wald":
        down = up = design.quantile * np.sqrt(np.sum([block.variance for block in blocks], axis=0))
    else:
        distances = [block.distances(design.confidence) for block in blocks]
        down, up = (np.sqrt(np.sum([one[end] ** 2 for one in distances], axis=0)) for end in (0, 1))
    return middle - down, middle + up


def _standardised_ends(policy: Policy, sums: Sums, squares: Sums, benefit: Ends, design: Design) -> Ends:
    positives, positives_squared = float(sums.total[0].sum()), float(squares.total[0].sum())
    if positives == 0:
        return NAN * benefit[0], NAN * benefit[1]
    if design.prevalence is not None:
        return benefit[0] / design.prevalence, benefit[1] / design.prevalence
    (found, in_vain), (found_squared, in_vain_squared) = sums.opened, squares.opened
    odds, recall, ratio = design.exchange, found / positives, in_vain / positives
    middle = recall - odds * ratio
    if design.interval == "wald":
        spread = found_squared * (1 - 2 * middle) + positives_squared * middle**2 + odds**2 * in_vain_squared
        half = design.quantile * np.sqrt(np.maximum(spread, 0.0)) / positives
        return middle - half, middle + half
    # Recall and the cases opened in vain for each with current abuse are uncorrelated; the second is the
    # odds of a share, so both have a Wilson interval.
    low, high = recall, recall
    if policy.always is None:
        low, high = _share_ends(recall, found_squared, positives, positives_squared, design)
    share, both = in_vain / (in_vain + positives), in_vain_squared + positives_squared
    bottom, top = (
        end / (1 - end) for end in _share_ends(share, in_vain_squared, in_vain + positives, both, design)
    )
    down = np.hypot(recall - low, odds * (top - ratio))
    up = np.hypot(high - recall, odds * (ratio - bottom))
    return middle - down, middle + up


def _share_ends(
    share: FloatArray,
    squared: FloatArray,
    total: float | FloatArray,
    total_squared: float | FloatArray,
    design: Design,
) -> Ends:
    share = np.minimum(share, 1.0)
    variance = (squared * (1 - 2 * share) + total_squared * share**2) / total**2
    kish = np.broadcast_to(np.asarray(total) ** 2 / total_squared, share.shape)
    trials = effective_trials(share * (1 - share), variance, kish)
    return wilson_interval(share * trials, trials, confidence=design.confidence)
