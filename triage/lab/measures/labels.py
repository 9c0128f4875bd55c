"""The labels that a way of working leaves behind: what can still be known of the cases it did not choose.

Cases that the order of work opened tell nothing of those below the cut. Those that a logged lottery opened
do, each in proportion to one over its chance. Both are set against the truth of the world here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.evaluation.figure import Figure
from triage.evaluation.selection.estimators import hajek_at, hajek_prevalence
from triage.evaluation.selection.propensity import finishing_chance
from triage.lab.measures.measure import Measure
from triage.lab.measures.period import count_of, share_of
from triage.lab.trace import NO, YES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.measures.period import Period, Persons

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

LEAST_CHANCE = 0.2
LEAST_FINISHED = 0.5
BELOW_CUT = "cases below the cut that the lottery could have opened"

MEASURES = (
    Measure("labelled", "cases", "more", "Cases of which an investigation found yes or no."),
    Measure("labelled_by_lot", "cases", "more", "Those of them that were drawn by lot."),
    Measure(
        "without_chance",
        "share",
        "less",
        "Of the cases that the order of work did not open, those that no lottery could have opened either, or"
        " only with a tiny chance: nothing can be learned of them.",
    ),
    Measure(
        "prevalence_below",
        "share",
        "less",
        "Truth: current abuse among the cases that the order of work did not open.",
    ),
    Measure(
        "prevalence_below_with_chance",
        "share",
        "",
        "Truth: the same among those of them that the lottery could have opened, of which alone estimates can"
        " speak, on average over their wait.",
    ),
    Measure("prevalence_below_estimate", "share", "", "What the agency can estimate of that (Hajek)."),
    Measure("prevalence_below_low", "share", "", "Lower end of its 95 % interval."),
    Measure("prevalence_below_high", "share", "", "Upper end of its 95 % interval."),
    Measure("prevalence_below_held", "flag", "more", "Whether that interval holds that truth."),
    Measure(
        "recall",
        "share",
        "more",
        "Truth: cases with current abuse that the order of work opened, of those and the ones below the cut.",
    ),
    Measure(
        "recall_with_chance",
        "share",
        "",
        "Truth: the same, counting below the cut only what the lottery could have opened, on average over its"
        " wait.",
    ),
    Measure("recall_estimate", "share", "", "What the agency can estimate of that (Hajek)."),
    Measure("recall_low", "share", "", "Lower end of its 95 % interval."),
    Measure("recall_high", "share", "", "Upper end of its 95 % interval."),
    Measure("recall_held", "flag", "more", "Whether that interval holds that truth."),
    Measure(
        "estimable",
        "flag",
        "more",
        "Whether the labels can still tell how much abuse stands below the cut.",
    ),
)


@dataclass(frozen=True, eq=False)
class Labels:
    """The cases that stayed with the agency, one entry each, shape (n_cases,).

    Parameters
    ----------
    by_order : array of bool
        Whether the order of work opened it, or would have, had the lottery not been first.
    outcome : array of float
        What was found: 1 or 0; NaN where nothing was, or not yet.
    inclusion : array of float
        Probability with which it came to have a label by the end of the period.
    told_of : array of bool
        Whether estimates speak of it: it could have been opened, and that investigation have ended, with a
        chance that is not tiny.
    truth : array of bool
        Whether abuse went on while it was investigated; at the end of the period where it was not opened.
    on_average : array of float
        The same, for a case that was not opened on average over its wait: what would have been found, had a
        lottery opened it on any day.
    """

    by_order: Mask
    outcome: Floats
    inclusion: Floats
    told_of: Mask
    truth: Mask
    on_average: Floats


def measure_labels(period: Period, persons: Persons) -> dict[str, float]:
    """Return what the labels tell, and how far from the truth that is; see `MEASURES`."""
    labels = gather_labels(period, persons)
    below, told_of = ~labels.by_order, labels.told_of
    found, missed = (float(labels.on_average[told_of & side].sum()) for side in (~below, below))
    labelled = ~np.isnan(labels.outcome)
    return {
        "labelled": count_of(labelled),
        "labelled_by_lot": count_of(labelled & below),
        "without_chance": share_of(count_of(below & ~told_of), count_of(below)),
        "prevalence_below": share_of(count_of(labels.truth & below), count_of(below)),
        **_set_against(
            "prevalence_below",
            share_of(missed, count_of(below & told_of)),
            estimate_below(labels),
        ),
        "recall": share_of(count_of(labels.truth & ~below), count_of(labels.truth)),
        **_set_against(
            "recall",
            share_of(found, found + missed) if (below & told_of).any() else float("nan"),
            estimate_recall(labels),
        ),
        "estimable": float(estimate_below(labels).estimable),
    }


def gather_labels(period: Period, persons: Persons) -> Labels:
    """Bring a period to its labels, without cases referred abroad unopened, whose outcomes are not here.

    Estimates cannot speak of cases that no lottery could have opened, nor well of those with a tiny chance,
    such as the ones that arrived in the last week: a single one of them would count as much as all others
    together. So they speak of the cases with at least `LEAST_CHANCE` of the mean chance, and if opened, early
    enough for `LEAST_FINISHED` of the investigations to have ended. Both are known without any outcome.
    """
    opened = period.opened
    by_order = opened & (~period.audit | (period.inclusion >= 1))
    below = ~by_order
    chance = np.where(by_order, 1.0, np.nan_to_num(period.inclusion))
    least = LEAST_CHANCE * chance[below].mean() if below.any() else 0.0
    finished = np.ones(len(chance))
    for group in (opened & by_order, opened & below):
        if group.any():
            finished[group] = finishing_chance(
                period.opened_at[group], period.ended_at[group], period.end
            ).chance
    truth = np.where(opened, period.abused_meanwhile(persons), period.goes_on_at(period.end, persons))
    outcome = np.where(period.label == YES, 1.0, np.where(period.label == NO, 0.0, np.nan))
    told_of = (chance > 0) & (chance >= least) & (finished >= LEAST_FINISHED)
    stayed = opened | np.isnan(period.referred_at)
    on_average = np.where(opened, truth, period.abused_while_waiting(persons))
    return Labels(
        by_order=by_order[stayed],
        outcome=outcome[stayed],
        inclusion=(chance * finished)[stayed],
        told_of=told_of[stayed],
        truth=truth[stayed],
        on_average=on_average[stayed],
    )


def estimate_below(labels: Labels) -> Figure:
    """Return the share with current abuse among the cases below the cut, from those drawn by lot alone."""
    below = ~labels.by_order & labels.told_of
    if not below.any():
        return Figure.not_estimable("no lottery could have opened any", 0, BELOW_CUT)
    return hajek_prevalence(
        labels.outcome[below], labels.inclusion[below], target="list", denominator=BELOW_CUT
    )


def estimate_recall(labels: Labels) -> Figure:
    """Return the share of the cases with current abuse that the order of work opened, from labels alone."""
    by_order = labels.by_order[labels.told_of]
    opened = int(by_order.sum())
    if opened in {0, len(by_order)}:
        return Figure.not_estimable("all cases stand on one side of the cut", opened, BELOW_CUT)
    return hajek_at(
        labels.outcome[labels.told_of],
        by_order.astype(np.float64),
        labels.inclusion[labels.told_of],
        opened,
        target="list",
    ).recall


def _set_against(name: str, truth: float, figure: Figure) -> dict[str, float]:
    has_interval = not (np.isnan(figure.low) or np.isnan(figure.high) or np.isnan(truth))
    return {
        f"{name}_with_chance": truth,
        f"{name}_estimate": figure.estimate,
        f"{name}_low": figure.low,
        f"{name}_high": figure.high,
        f"{name}_held": float(figure.low <= truth <= figure.high) if has_interval else float("nan"),
    }
