"""What the person in charge must know before anybody works down the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from triage.schema.findings import Finding
    from triage.worklist.policy import Policy

# A value lost here can cost a child its place; the person in charge must hear of it first.
DECIDES = frozenset({"escalated_by_reporter", "report_annotations", "crisis_code", "received_at"})


def raise_alarms(
    lanes: Mapping[str, int],
    limit: int,
    findings: Sequence[Finding],
    policy: Policy,
    *,
    banners: Iterable[str],
    not_scored: int,
    overdue: int = 0,
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
    overdue : int
        Cases whose deadline has passed.
    """
    alarms = []
    if overdue:
        alarms.append(f"{overdue:,} cases are overdue: their deadline passed and nobody has dealt with them")
    urgent = lanes["unreadable"] + lanes["escalated"]
    at_pace = max(limit * policy.tiers[0].days // policy.tiers[-1].days, 1)
    if urgent > limit:
        alarms.append(
            f"{urgent:,} cases are unreadable or escalated, and only {limit:,} can be opened: ask for help"
        )
    elif urgent > at_pace:
        alarms.append(
            f"{urgent:,} cases are unreadable or escalated and due within 24 hours, where an even pace opens"
            f" {at_pace:,}: start with them"
        )
    if not_scored:
        alarms.append(
            f"{not_scored:,} cases could not be scored; they stand on top, for a person to look at:"
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


def find_blanket_sources(sources: Sequence[str], escalated: NDArray[np.bool_], policy: Policy) -> list[str]:
    """Return a banner for each source that escalates almost everything; its cases stay where they are.

    Parameters
    ----------
    sources : sequence of str
        Source systems of each case, blank-separated.
    escalated : array of bool, shape (n_cases,)
        Whether the case is escalated.
    policy : Policy
        From which share on, and from how many cases.

    Examples
    --------
    >>> import numpy as np
    >>> from triage.worklist.policy import load_policy
    >>> find_blanket_sources(["iccam"] * 40, np.ones(40, dtype=bool), load_policy("default"))
    ['iccam escalates 40 of its 40 cases (100%): an escalation by it says little; none is put lower for it']
    """
    counts: dict[str, list[int]] = {}
    for names, yes in zip(sources, escalated.tolist(), strict=True):
        for name in names.split():
            count = counts.setdefault(name, [0, 0])
            count[0] += 1
            count[1] += yes
    return [
        f"{name} escalates {raised:,} of its {cases:,} cases ({raised / cases:.0%}): an escalation by it says"
        " little; none is put lower for it"
        for name, (cases, raised) in sorted(counts.items())
        if cases >= policy.blanket.least and raised >= policy.blanket.share * cases
    ]
