"""What a report says of the smallest staff that reaches a goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.report.section import Section
from triage.lab.report.showing import NONE, show_figure, show_number

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.lab.optimise import Capacity

# So nearly all are opened in time that more hands can hardly change anything.
NEARLY_ALL = 0.9
MOST_NAMED = 3
_WHO = (
    "Of the children whose abuse was going on or yet to come when a person was reported, those count who "
    "were reported early enough to be watched for as long."
)
_HOW = (
    "All staffs live through the same reports. Those who are added are experienced, keep to the shares of "
    "the units, and are there from the start. The children for each one more are those of the whole period, "
    "averaged over a tenth more of them, and may be reached later than the goal asks. The smallest "
    "staff is one that is sure enough and whose next larger ones are too. Luck may have helped it all the "
    "same: other periods, which had no part in the search, show without that luck what it reaches."
)


def answer_goal(capacities: tuple[Capacity, ...]) -> str:
    """Say in plain words how many detectives a goal takes under each way, and what one more brings.

    Parameters
    ----------
    capacities : tuple of Capacity
        One a way of working, all of the same goal and staff; at least one.
    """
    first = capacities[0]
    goal = first.goal
    takes = "; ".join(f"{one.way} {_show_staff(one)}" for one in capacities)
    brings = "; ".join(f"{one.way} {_show_each(one.marginal_now)}" for one in capacities)
    return (
        f"To reach {show_number(goal.share, 'share')} of the children within {goal.days:g} days "
        f"({100 * goal.confidence:g} % sure) takes, instead of {first.staff:,} detectives: {takes}. Each one "
        f"more than {first.staff:,} brings so many children: {brings}."
    )


def _show_staff(capacity: Capacity) -> str:
    if capacity.smallest is not None:
        return f"{capacity.smallest:,}"
    most = capacity.tried[-1]
    reach = show_figure(capacity.share(most), "share")
    return f"more than {most.detectives:,}, if any number does: these reach {reach}"


def staffing_section(capacities: tuple[Capacity, ...]) -> Section:
    """Return the smallest staff under each way of working, and what each one more brings."""
    first = capacities[0]
    return Section(
        title="How many detectives it takes",
        lead=(f"The goal: {first.goal}. {_WHO}", *(filter(None, map(_explain, capacities)))),
        header=(
            "way of working",
            "smallest staff",
            "reached in time by it, or by the most tried",
            "by it in other periods",
            f"children for each one more than {first.staff:,}",
            "for each one more than the smallest",
        ),
        rows=tuple(_staff_row(one) for one in capacities),
        notes=(_HOW, *(filter(None, map(_tell_breaks, capacities)))),
        picture="staffing",
    )


def _staff_row(capacity: Capacity) -> tuple[str, ...]:
    smallest, most = capacity.smallest, capacity.tried[-1]
    return (
        capacity.way,
        f"none up to {most.detectives:,}" if smallest is None else f"{smallest:,}",
        show_figure(capacity.share(most if smallest is None else capacity.at(smallest)), "share"),
        show_figure(capacity.checked, "share"),
        _show_each(capacity.marginal_now),
        _show_each(capacity.marginal),
    )


def _explain(capacity: Capacity) -> str:
    """Say why more hands do not help, where they do not."""
    most = capacity.tried[-1]
    opened = float(most.opened.mean())
    if capacity.smallest is not None or opened < NEARLY_ALL:
        return ""
    return (
        f"{capacity.way}: {most.detectives:,} detectives open a case about {show_number(opened, 'share')} of "
        "these children in time. What keeps them from the goal is no lack of hands, but how long an "
        "investigation takes and how often it finds nothing."
    )


def _tell_breaks(capacity: Capacity) -> str:
    if not capacity.breaks:
        return ""
    pairs = "; ".join(f"{low:,} against {high:,}" for low, high in capacity.breaks[:MOST_NAMED])
    if len(capacity.breaks) > MOST_NAMED:
        pairs += f" and {len(capacity.breaks) - MOST_NAMED} more times"
    return (
        f"{capacity.way}: fewer detectives reached more on average at {pairs}, so the smallest staff is "
        "known to within such steps only."
    )


def _show_each(figure: Figure) -> str:
    """Return children for each detective, of which there are few."""
    if not figure.estimable:
        return NONE
    return f"{figure.estimate:.2f} [{figure.low:.2f} to {figure.high:.2f}]"
