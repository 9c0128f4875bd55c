"""What a comparison says in plain words, for people who decide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from triage.lab.measures import MEASURES
from triage.lab.report.showing import NEVER, show_difference, show_value
from triage.lab.report.staffing import answer_goal
from triage.lab.report.summary import is_oracle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.lab.report.summary import Difference, Summary

REACHED = "children_reached"
FEW_SEEDS = 10
APART = "Not told apart"
# So many are named; more would bury what was found.
SHORT = 3
OFF = "escalation=off"

# What a change is told by, beside the children reached.
TOLD_OF_CHANGE = ("share_reached", "persons_intruded")
# How the headlines are called in a sentence; those in `TOLD` with their numbers.
WORDS = {
    REACHED: "children reached",
    "share_reached": "of all children abused",
    "child_days_averted": "child-days of abuse averted",
    "persons_intruded": "persons intruded upon",
    "reached_within_90": "children reached within 90 days",
    "opened_in_vain": "cases opened in vain",
    "deadlines_kept": "deadlines kept",
    "longest_wait_escalated_days": "longest wait of an escalated case",
    "oldest_unseen_days": "oldest unseen child",
    "hours_per_child": "hours for each child",
}
TOLD = ("child_days_averted", "persons_intruded")


def compare_ways(summary: Summary) -> Iterator[str]:
    """Give one sentence for each other way, against the first, on the same reports."""
    if not summary.others:
        yield "There is one way of working here. What it changes shows only beside another one."
    yield from (_compare(summary, way) for way in summary.others)
    if summary.capacities:
        yield answer_goal(summary.capacities)


def tell_change(summary: Summary) -> Iterator[str]:
    """Give one sentence for each way, with the change that was asked for against the same without it."""
    if summary.changed is None:
        return
    for way in summary.ways:
        differences = {name: by_way[way] for name, by_way in summary.changed.differences.items()}
        yield _say(f"{way}, with the change instead of without", differences, TOLD_OF_CHANGE, summary)


def _compare(summary: Summary, way: str) -> str:
    # That a share of all abused goes with the children reached needs no words where reports are the same.
    differences = {name: summary.difference(name, way) for name in WORDS if name != "share_reached"}
    return _say(f"{way} instead of {summary.first}", differences, TOLD, summary)


def _say(what: str, differences: Mapping[str, Difference], told: tuple[str, ...], summary: Summary) -> str:
    level = summary.confidence
    shown = {name for name in WORDS if name in differences and differences[name].shown(level)}
    if REACHED in shown:
        said = f"{show_difference(differences[REACHED].figure, MEASURES[REACHED])} {WORDS[REACHED]}"
    else:
        apart = show_difference(differences[REACHED].figure, MEASURES[REACHED])
        said = f"how many children are reached cannot be told apart ({apart})"
    also = [
        f"{show_difference(differences[name].figure, MEASURES[name])} {WORDS[name]}"
        for name in told
        if name in shown
    ]
    named: dict[str, list[str]] = {"Better": [], "Worse": [], APART: []}
    for name, words in WORDS.items():
        judged = judge(differences[name], name, level) if name in differences else ""
        if name != REACHED and judged and not (name in told and name in shown):
            named[judged].append(words)
    if len(named[APART]) > SHORT:
        named[APART] = ["the rest"]
    lists = (f" {kind}: {', '.join(listed)}." for kind, listed in named.items() if listed)
    return f"{what}: {'; '.join([said, *also])}.{''.join(lists)}"


def judge(difference: Difference, measure: str, confidence: float) -> str:
    """Say whether a difference is for better or worse; empty where that cannot be asked.

    Parameters
    ----------
    difference : Difference
        Of a headline.
    measure : str
        Its name.
    confidence : float
        At which a difference is shown.
    """
    if not difference.figure.estimable:
        return ""
    if not difference.shown(confidence):
        return APART
    return "Better" if (difference.figure.estimate > 0) == (MEASURES[measure].better == "more") else "Worse"


def what_to_know(summary: Summary) -> Iterator[str]:
    """Give in plain words what a reader must know before relying on the figures."""
    level = f"{100 * summary.confidence:g} %"
    few = f"Only {summary.seeds}" if summary.seeds < FEW_SEEDS else f"{summary.seeds}"
    yield (
        f"{few} simulated periods stand behind each number. The intervals ({level}) hold the chance in them, "
        "and none of the doubt about the assumptions, which is larger."
    )
    if any(one.near(summary.confidence) for one in _told_first(summary)):
        yield (
            "Many questions are asked of the same periods, and some would seem to have an answer by chance. "
            "So a difference may not be told apart although its own interval leaves 0 out."
        )
    yield from _assumed(summary)
    yield _tell_escalation(summary)
    if any("refer" in words for words in _list_words(summary)):
        yield (
            "The worlds verify the place of few reports and tell no country of a child, so next to nothing "
            "is found to refer. Persons abroad can be assumed in the work file ([referral] abroad)."
        )
    if any(is_oracle(way) for way in summary.ways):
        yield (
            "The oracle opens by the world's own chances. Nobody has them: it shows what could be reached "
            "at best by a better order alone."
        )
    never = [way for way in summary.ways if show_value(summary.figure("median_days", way), "days") == NEVER]
    if never:
        yield (
            f"Fewer than half of the children who could be reached are reached within the period by "
            f"{_list(never, summary)}, so there is no median time."
        )
    yield from _learning(summary)
    yield (
        "A child reached is a reported person whose abuse of at least one child was stopped. A person "
        "intruded upon was investigated while no abuse went on. The lab counts both and does not weigh them."
    )


def _told_first(summary: Summary) -> Iterator[Difference]:
    """Give the differences with which the sentences begin."""
    yield from (summary.difference(REACHED, way) for way in summary.others)
    if summary.changed is not None:
        yield from summary.changed.differences.get(REACHED, {}).values()


def _assumed(summary: Summary) -> Iterator[str]:
    if not summary.assumptions:
        return
    kinds = Counter(one.kind for one in summary.assumptions)
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    yield (
        "How long investigations take and how often they succeed has no public source. Of the tables of "
        f"assumptions about staff and work, {counted}; they stand at the end."
    )


def _tell_escalation(summary: Summary) -> str:
    off = [way for way, words in zip(summary.ways, _list_words(summary), strict=True) if OFF in words]
    if len(off) == len(summary.ways):
        return "Escalated cases stand in the order of all others, which the law of the list does not allow."
    but = f", but not by {_list(off, summary)}, which shows the order alone" if off else ""
    return f"Escalated cases are opened first, whatever the order{but}."


def _list_words(summary: Summary) -> list[list[str]]:
    return [way.replace(",", "+").split("+") for way in summary.ways]


def _learning(summary: Summary) -> Iterator[str]:
    blind = [way for way in summary.ways if summary.figure("estimable", way).estimate == 0]
    if blind:
        yield (
            "Too few cases, or none, are drawn by lot to tell afterwards how much abuse stands among those "
            f"that were not opened: under {_list(blind, summary)}."
        )


def _list(ways: list[str], summary: Summary) -> str:
    return "every way of working here" if len(ways) == len(summary.ways) > 1 else ", ".join(ways)


def show_leading(summary: Summary, measure: str) -> tuple[str, list[str]]:
    """Return a measure of the way that reaches the most children, and beside it the first and the oracle."""
    leading, unit = summary.leading(), MEASURES[measure].unit
    beside = [way for way in summary.ways if way != leading and (way == summary.first or is_oracle(way))]
    others = [f"{way}: {show_value(summary.figure(measure, way), unit)}" for way in beside]
    return show_value(summary.figure(measure, leading), unit), others
