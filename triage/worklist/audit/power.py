"""What the audit slots of a list can estimate, and what they cannot."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.worklist.audit.draw import Draw, Stratum

    Floats = NDArray[np.float64]

# Fewer positives than this, of equal weight, say too little of a share.
ENOUGH = 10.0
CONFIDENCE = 0.95


@dataclass(frozen=True)
class AuditPower:
    """What the slots of one list are good for.

    Parameters
    ----------
    slots : int
        Cases drawn.
    below : int
        Cases below the cut, of which they were drawn.
    expected : float
        Cases of current abuse expected among the drawn; NaN without probabilities.
    effective : float
        As many of equal weight would say as much (Kish); NaN without probabilities.
    lists : float
        Lists like this one until `ENOUGH` are reached; NaN without probabilities or hope.
    largest_rate : float
        Largest share of current abuse below the cut that is compatible with finding none in the slots.
    confidence : float
        Of that bound, one-sided.
    """

    slots: int
    below: int
    expected: float
    effective: float
    lists: float
    largest_rate: float
    confidence: float = CONFIDENCE

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for a machine; what is not known is null."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def measure_audit(draw: Draw, probability: Floats | None = None) -> AuditPower:
    r"""Measure what the slots of a list can estimate.

    Parameters
    ----------
    draw : Draw
        What was drawn.
    probability : array of float, shape (n_ranked,), optional
        Calibrated probability of current abuse of each ranked case; NaN or nothing where there is none.

    Returns
    -------
    AuditPower

    Notes
    -----
    In stratum :math:`h` of :math:`N_h` cases with mean probability :math:`p_h`, :math:`n_h` are drawn, each
    with the weight :math:`w_h = N_h / n_h`. Expected are :math:`\sum n_h p_h` positives, which are worth
    :math:`(\sum n_h p_h w_h)^2 / \sum n_h p_h w_h^2` of equal weight (Kish 1965, section 11.7).

    Where no slot finds anything, the largest share is that of
    :math:`\max \sum N_h p_h / \sum N_h` over all :math:`p` with :math:`\prod (1 - p_h)^{n_h} \ge \alpha`:
    the truth is one of these but in a share :math:`\alpha` of lotteries. In one stratum it is
    :math:`1 - \alpha^{1/n}` (Clopper and Pearson), about :math:`3 / n` (the rule of three).
    """
    sizes = np.array([stratum.cases for stratum in draw.strata], dtype=np.float64)
    slots = np.array([stratum.slots for stratum in draw.strata], dtype=np.float64)
    expected = effective = math.nan
    if probability is not None and len(sizes):
        edges = np.cumsum([0, *sizes[:-1]]).astype(int)
        free = np.delete(probability, draw.held)[draw.above :]
        positives = slots * np.add.reduceat(free, edges) / sizes
        weight = sizes / slots
        expected = float(positives.sum())
        effective = float((positives @ weight) ** 2 / (positives @ weight**2)) if expected > 0 else expected
    return AuditPower(
        slots=len(draw.chosen),
        below=len(draw.probability) - draw.above - len(draw.held),
        expected=expected,
        effective=effective,
        lists=math.ceil(ENOUGH / effective) if effective > 0 else math.nan,
        largest_rate=bound_without_finds(draw.strata),
    )


def bound_without_finds(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> float:
    """Return the largest share of positives below the cut that is compatible with none in the slots.

    Parameters
    ----------
    strata : sequence of Stratum
        Cases and slots of each.
    confidence : float
        One-sided.

    Returns
    -------
    float
        At most the share that was not looked at; 1 without slots. It is exact for one large stratum, and a
        little large otherwise. Formula: see `measure_audit`.

    Examples
    --------
    >>> from triage.worklist.audit import Stratum
    >>> round(bound_without_finds([Stratum(1_000, 30)]), 4)
    0.095
    """
    if not strata:
        return 1.0
    sizes = np.array([stratum.cases for stratum in strata], dtype=np.float64)
    slots = np.array([stratum.slots for stratum in strata], dtype=np.float64)
    chance = slots / sizes
    # At the largest, the share of negatives of a stratum grows with its chance. Where it would pass one, the
    # stratum is clean, and the others bear the doubt.
    order = np.argsort(chance, kind="stable")
    for bearing in range(len(strata), 0, -1):
        few = order[:bearing]
        logs = (math.log(1 - confidence) - float(slots[few] @ np.log(chance[few]))) / float(slots[few].sum())
        negative = np.minimum(math.exp(logs) * chance, 1.0)
        if math.exp(logs) * chance[few].max() <= 1.0:
            break
    negative[order[bearing:]] = 1.0
    return float(min(sizes @ (1.0 - negative), (sizes - slots).sum()) / sizes.sum())


def tell_audit(draw: Draw, power: AuditPower, *, hidden: bool = False) -> list[str]:
    """Tell in sentences what the slots can and cannot estimate.

    Parameters
    ----------
    draw : Draw
        What was drawn.
    power : AuditPower
        What `measure_audit` says of it.
    hidden : bool
        Whether the list hides the scores of the cases among which the drawn stand.
    """
    if not power.slots:
        if not power.below:
            return ["no audit slots: every ranked case can be opened"]
        if len(draw.held):
            held = f"{len(draw.held):,} of earlier lists {'has' if len(draw.held) == 1 else 'have'} not been"
            return [
                f"no case was drawn: {held} opened yet and hold{'s' if len(draw.held) == 1 else ''} the slots"
            ]
        return ["no audit slots: what the list misses below its cut cannot be estimated from this list"]
    chances = [stratum.cases / stratum.slots for stratum in draw.strata]
    spread = _one_in(chances[0]) + (f" to {_one_in(chances[-1])}" if len(chances) > 1 else "")
    cases = math.floor(power.largest_rate * power.below)
    marked = "but a score far below its neighbours' does"
    if hidden:
        marked = "and no score is shown of the planned cases among which they stand"
    drawn = (
        f"{_drawn(power.slots)} by lot among the {power.below:,} ranked cases below the cut, each with"
        f" a chance of {spread}; nothing marks them on the list, {marked}"
    )
    bound = (
        f"if none of them is found to be current abuse, up to {power.largest_rate:.1%} of the cases below the"
        f" cut ({cases:,}) may still be ({power.confidence:.0%}, one-sided)"
    )
    silent = "they say nothing of single cases, nor of the lanes without a lottery: escalated, youth, paused"
    return [drawn, _tell_expected(power), bound, silent]


def _tell_expected(power: AuditPower) -> str:
    if math.isnan(power.expected):
        return (
            "how many cases of current abuse to expect among them is not known without calibrated"
            f" probabilities; below {ENOUGH:.0f}, the share that is missed is not estimable"
        )
    told = (
        f"expected among them: {power.expected:.2g} cases of current abuse, worth {power.effective:.2g} of"
        " equal weight"
    )
    if power.effective >= ENOUGH:
        return f"{told}: enough to estimate the share that is missed"
    later = f"; about {power.lists:,.0f} such lists would do" if math.isfinite(power.lists) else ""
    return f"{told}: the share that is missed is not estimable below {ENOUGH:.0f}{later}"


def _drawn(count: int) -> str:
    return "1 case was drawn" if count == 1 else f"{count:,} cases were drawn"


def _one_in(cases: float) -> str:
    return f"1 in {cases:,.0f}" if cases >= 10 else f"1 in {cases:.2g}"
