"""What the drawings of an evaluation show, each with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.displays.decision import DecisionCurveDisplay
from triage.evaluation.displays.groups import GroupsDisplay
from triage.evaluation.displays.periods import PeriodsDisplay
from triage.evaluation.displays.recall import RecallDisplay
from triage.evaluation.displays.reliability import ReliabilityDisplay
from triage.evaluation.groups.measures import MISSED
from triage.evaluation.report.picture import Plan, draw_plan

if TYPE_CHECKING:
    from triage.evaluation.report.picture import Picture
    from triage.evaluation.result import Evaluation


def draw_picture(name: str, evaluation: Evaluation) -> Picture | None:
    """Return a drawing of an evaluation by the name of its section; None where there is nothing to draw."""
    plan = _PLANS[name](evaluation)
    return None if plan is None else draw_plan(plan)


def _recall(evaluation: Evaluation) -> Plan:
    found = (
        f"{ranking.name} {100 * at.recall.estimate:.0f} % at {100 * at.share:.3g} % opened"
        for ranking in evaluation.rankings
        for at in ranking.at
        if at.recall.estimable
    )
    return Plan(
        (RecallDisplay(evaluation),),
        f"Recall against the share opened, one line an order: {'; '.join(found)}.",
        "How many of those with current abuse are found as more are opened. Points carry their intervals.",
    )


def _reliability(evaluation: Evaluation) -> Plan | None:
    if evaluation.probability is None:
        return None
    slope = evaluation.probability.logistic.line.slope.brief(2)
    return Plan(
        (ReliabilityDisplay(evaluation.probability.curve, evaluation.probability.band),),
        f"Observed share against probability, beside the diagonal; calibration slope {slope}.",
        "Each level line is a bin of cases; right probabilities lie on the diagonal, or within the band.",
        (6.0, 6.0),
    )


def _decision(evaluation: Evaluation) -> Plan | None:
    if evaluation.decision is None:
        return None
    return Plan(
        (DecisionCurveDisplay(evaluation.decision, synthetic=evaluation.synthetic),),
        "Standardised net benefit against the threshold, for the model, opening all and other orders.",
        "The higher, the better. The threshold says how many opened in vain one found case is worth.",
    )


def _groups(evaluation: Evaluation) -> Plan | None:
    audit = evaluation.groups
    rows = [row for row in audit.of(MISSED) if row.attribute in audit.attributes] if audit else []
    if audit is None or not rows:
        return None
    return Plan(
        (GroupsDisplay(audit),),
        f"Share of children missed, by group. {audit.sentence()}",
        "Of the cases with current abuse in each group, the share that is not opened, with its interval.",
        (7.2, 1.4 + 0.3 * len(rows)),
    )


def _periods(evaluation: Evaluation) -> Plan | None:
    if evaluation.periods is None:
        return None
    return Plan(
        (PeriodsDisplay(evaluation.periods, synthetic=evaluation.synthetic),),
        "Recall at capacity, period by period, with intervals; the numbers are in the table.",
        "Each period by itself: the capacity is a share of its own cases.",
    )


_PLANS = {
    "recall": _recall,
    "reliability": _reliability,
    "decision": _decision,
    "groups": _groups,
    "periods": _periods,
}
