"""What the person in charge must know before anybody works down the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import number_rows
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from triage.schema.findings import Finding
    from triage.schema.part import Part
    from triage.worklist.policy import Policy

# A value lost here can cost a child its place; the person in charge must hear of it first.
DECIDES = frozenset({"escalated_by_reporter", "report_annotations", "crisis_code", "received_at"})

YOUTH, NAMED = "youth", 5


def raise_alarms(
    lanes: Mapping[str, int],
    limit: int,
    findings: Sequence[Finding],
    policy: Policy,
    *,
    banners: Iterable[str],
    not_scored: int,
    overdue: Mapping[str, int],
) -> list[str]:
    """Return what must be heard first, in sentences.

    Parameters
    ----------
    lanes : mapping of str to int
        Cases a lane.
    limit : int
        Cases that can be opened.
    findings : sequence of Finding
        What the check of the batch found.
    policy : Policy
        Its deadlines.
    banners : iterable of str
        Sources that escalate everything.
    not_scored : int
        Cases whose scoring failed.
    overdue : mapping of str to int
        Cases whose deadline has passed, by lane.
    """
    alarms = []
    if overdue:
        late = sum(overdue.values())
        lanes_of = ", ".join(f"{count:,} in lane {lane}" for lane, count in overdue.items())
        alarms.append(
            f"{_cases(late)} overdue ({lanes_of}): the deadline passed and nobody has dealt with"
            f" {'it' if late == 1 else 'them'}"
        )
    urgent = lanes["unreadable"] + lanes["escalated"]
    at_pace = max(limit * policy.tiers[0].days // policy.tiers[-1].days, 1)
    if urgent > limit:
        room = f"only {limit:,} can be opened" if limit else "the capacity, a share of all cases, is none"
        alarms.append(f"{_cases(urgent)} unreadable or escalated, and {room}: ask for help")
    elif urgent > at_pace:
        alarms.append(
            f"{_cases(urgent)} unreadable or escalated and due within 24 hours, where an even pace opens"
            f" {at_pace:,}: start with them"
        )
    if not_scored:
        alarms.append(
            f"{not_scored:,} {'case' if not_scored == 1 else 'cases'} could not be scored and"
            f" {'stands' if not_scored == 1 else 'stand'} on top, for a person to look at:"
            " choose another --model"
        )
    alarms += banners
    lost = sorted(
        {
            name
            for finding in findings
            for name in finding.column.split(", ")
            if name in DECIDES and finding.level in {Level.FIELD, Level.COLUMN}
        }
    )
    if lost:
        alarms.append(
            f"{', '.join(lost)}: values are missing or cannot be read that decide on escalation or waiting:"
            " triage check says where"
        )
    if not any(lanes.values()):
        alarms.append("no case in this batch")
    return alarms


def _cases(count: int) -> str:
    return "1 case is" if count == 1 else f"{count:,} cases are"


def count_sources(sources: pa.Array, escalated: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    """Count the cases of each set of sources, and how many of them are escalated.

    Examples
    --------
    >>> import numpy as np
    >>> import pyarrow as pa
    >>> count_sources(pa.array(["iccam", "police iccam", "iccam"]), np.array([True, False, False]))
    {'iccam': (2, 1), 'police iccam': (1, 0)}
    """
    which, first = number_rows(sources)
    cases, raised = np.bincount(which), np.bincount(which, weights=escalated).astype(int)
    names = sources.take(pa.array(first)).to_pylist()
    return dict(zip(names, zip(cases.tolist(), raised.tolist(), strict=True), strict=True))


def find_blanket_sources(counts: Mapping[str, tuple[int, int]], policy: Policy) -> list[str]:
    """Return a banner for each source that escalates almost everything; its cases stay where they are.

    Parameters
    ----------
    counts : mapping of str to (int, int)
        Of each set of sources, joined by blanks, its cases and how many of them are escalated.
    policy : Policy
        From which share on, and from how many cases.

    Examples
    --------
    >>> from triage.worklist.policy import load_policy
    >>> find_blanket_sources({"iccam": (40, 40)}, load_policy("default"))
    ['iccam escalates 40 of its 40 cases (100%): an escalation by it says little; none is put lower for it']
    """
    by_name: dict[str, list[int]] = {}
    for names, (number, raised) in counts.items():
        for name in names.split():
            count = by_name.setdefault(name, [0, 0])
            count[0] += number
            count[1] += raised
    return [
        f"{name} escalates {raised:,} of its {cases:,} cases ({raised / cases:.0%}): an escalation by it says"
        " little; none is put lower for it"
        for name, (cases, raised) in sorted(by_name.items())
        if cases >= policy.blanket.least and raised >= policy.blanket.share * cases
    ]


def find_floods(part: Part, policy: Policy) -> list[str]:
    """Return an alarm for each case of very many reports, which may be of more than one person.

    Every report with the token of a reported person is linked into the one case that has the token, and has
    no place of its own: whoever sends a token again and again can bury what others say of somebody else.

    Parameters
    ----------
    part : Part
        Whole cases.
    policy : Policy
        From how many reports on.
    """
    counts = np.bincount(part.position("reports"), minlength=len(part.cases))
    alarms = []
    for case in np.flatnonzero(counts >= policy.flood.reports).tolist():
        name = part.cases[case].as_py()
        reports, persons = (
            table.filter(pc.equal(table["case_id"], name))
            for table in (part.tables["reports"], part.tables["persons"])
        )
        sources = len(reports["source_system"].unique().drop_null())
        named = persons.filter(pc.equal(persons["role"].cast(pa.string()), "reported"))["person_id"].unique()
        kinds = "1 kind of source" if sources == 1 else f"{sources:,} kinds of source"
        who = "one reported person" if len(named) == 1 else f"{len(named):,} reported persons"
        matter = "one person" if len(named) == 1 else "one matter"
        alarms.append(
            f"{counts[case]:,} reports{f' from {kinds}' if sources else ''} are one case, {name}, by {who}:"
            f" see whether it is {matter}; they hold one place on the list"
        )
    return alarms


def tell_moves(lanes: Mapping[str, str], youth: Collection[str], came: Collection[str]) -> list[str]:
    """Tell which cases went to lane youth, or out of it, since the last list: one report can do that.

    Parameters
    ----------
    lanes : mapping of str to str
        The lane of each case on the list.
    youth : collection of str
        Cases that stood in lane youth on the last list.
    came : collection of str
        Cases that were not on the last list.

    Examples
    --------
    >>> tell_moves({"a": "youth", "b": "youth", "c": "youth"}, youth=["b"], came=["c"])
    ['1 case moved to lane youth, off the ranking, since the last list: see who is said to be under age (a)']
    """
    before = {*youth, *came}
    moved = sorted(case for case, lane in lanes.items() if lane == YOUTH and case not in before)
    left = sorted(case for case in youth if lanes.get(case, YOUTH) != YOUTH)
    return [
        f"{len(cases):,} {'case' if len(cases) == 1 else 'cases'} {went}"
        f" ({', '.join(cases[:NAMED])}{', ...' if len(cases) > NAMED else ''})"
        for cases, went in (
            (
                moved,
                "moved to lane youth, off the ranking, since the last list: see who is said to be under age",
            ),
            (left, "left lane youth since the last list: see who is said to be an adult"),
        )
        if cases
    ]
