"""One CyberTipline ``report`` becomes rows."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from triage.intake import notes as remarks
from triage.intake.cybertipline.accounts import read_event
from triage.intake.cybertipline.children import (
    Reported,
    add_children_in_reach,
    add_recipient_child,
    add_victim,
)
from triage.intake.cybertipline.mapping import incident_code, load_mapping
from triage.intake.cybertipline.people import (
    add_open_cases,
    add_prior_reports,
    read_holder,
    read_jurisdiction,
)
from triage.intake.cybertipline.values import is_true, read_codes
from triage.intake.people import account_for_events, add_thread, note_sole_person
from triage.intake.rows import ReportRow
from triage.intake.values import Place, read_time
from triage.intake.xml import Element

ESCALATE = "escalateToHighPriority"

if TYPE_CHECKING:
    from triage.intake.rows import Gathered

_NOTHING = Element("")


def read_report(gathered: Gathered, root: Element, report_id: str, label: str) -> None:
    """Add the rows of a report.

    Parameters
    ----------
    gathered : Gathered
        All rows so far.
    root : Element
        The ``report`` element.
    report_id : str
        Token of the report; it is not among the rows yet.
    label : str
        Name of the document, for messages.
    """
    summary = root.first("incidentSummary") or _NOTHING
    place = Place(gathered, label, report_id, _scope(root, summary))
    gathered.reports[report_id] = _report_row(place, root, summary)
    names = [("platform", summary.value("platform")), *_names_by_channel(root)]
    blocks = root.every("personOrUserReported")
    reported = [read_holder(place, block, "reported", i, names) for i, block in enumerate(blocks)]
    note_sole_person(place, [(holder.person_id, holder.account_id) for holder in reported])
    known = Reported.of(reported)
    for holder in reported:
        add_prior_reports(place, holder)
        add_children_in_reach(place, holder)
    children: dict[str, int] = {}
    for i, block in enumerate(root.every("victim")):
        handle = add_victim(place, block, i, known)
        children.setdefault(handle, len(gathered.children) - 1)
    for i, block in enumerate(root.every("intendedRecipient")):
        recipient = read_holder(place, block, "recipient", i, names)
        add_prior_reports(place, recipient)
        add_recipient_child(place, recipient, known, children)
        add_thread(
            place,
            recipient.person_id,
            recipient.age.minor,
            [(one.person_id, one.account_id) for one in reported[:1]],
        )
    add_open_cases(place, root.first("lawEnforcement"), reported)
    _add_exchange_events(place, root)


def _add_exchange_events(place: Place, root: Element) -> None:
    """Add the events of file exchanges, which stand in the report and under no person."""
    for details in _choices(root, "peer2peerIncident"):
        for event in details.every("ipCaptureEvent"):
            row = read_event(place, event, place.next_id("e"), account_for_events(place))
            place.gathered.network_events.append(row)


def _report_row(place: Place, root: Element, summary: Element) -> ReportRow:
    annotations = _annotations(summary)
    escalated = any(
        _says_something(call) for some in root.every("incidentSummary") for call in some.every(ESCALATE)
    )
    if not escalated and summary.first(ESCALATE) is not None:
        place.remark(remarks.BLANK_ESCALATION)
    country, basis = read_jurisdiction(root.every("personOrUserReported"))
    return ReportRow(
        report_id=place.report_id,
        incident_at=read_time(place, summary.value("incidentDateTime"), "incident_at"),
        incident_type=incident_code(summary.value("incidentType"), *_other_types(summary)),
        channels=_channels(root),
        escalated_by_reporter="asserted" if escalated else "unknown",
        escalation_reason="not_coded" if escalated else None,
        report_annotations=annotations,
        actionability=_actionability(root, annotations),
        jurisdiction_country=country,
        jurisdiction_basis=basis,
    )


def _other_types(summary: Element) -> list[str]:
    found = [*summary.every("additionalIncidentTypes"), *summary.every("additionalIncidentType")]
    inside = (some for outer in found for some in chain.from_iterable(outer.children.values()))
    return [element.text.strip() for element in (*found, *inside)]


def _says_something(element: Element) -> bool:
    """Say whether an element holds text, itself or in what stands within it."""
    if element.text.strip():
        return True
    return any(_says_something(child) for children in element.children.values() for child in children)


def _scope(root: Element, summary: Element) -> str:
    """Return the platform to which identifiers without a service belong.

    The platform that the report names, else the domain from which its sender writes: within it the same
    identifier is the same account.
    """
    platform = summary.value("platform")
    if platform:
        return platform
    for reporter in root.every("reporter"):
        for person in chain(reporter.every("reportingPerson"), reporter.every("contactPerson")):
            for email in person.every("email"):
                domain = email.text.strip().lower().rpartition("@")[2]
                if domain:
                    return f"@{domain}"
    return ""


def _channels(root: Element) -> list[str] | None:
    known = load_mapping().channel
    names = chain.from_iterable(details.children for details in root.every("internetDetails"))
    return list(dict.fromkeys(known.get(name, "unknown") for name in names)) or None


def _annotations(summary: Element) -> list[str] | None:
    codes = load_mapping().report_annotation
    groups = [read_codes(group.children, codes) or [] for group in summary.every("reportAnnotations")]
    return list(dict.fromkeys(chain.from_iterable(groups))) or None


def _actionability(root: Element, annotations: list[str] | None) -> str:
    """Return how complete the sender holds the report to be; a batch has not more, whatever else it says."""
    if root.first("batchedReport") is not None:
        return "batch"
    hosted_elsewhere = any(
        is_true(page.attribute("thirdPartyHostedContent")) for page in _choices(root, "webPageIncident")
    )
    return "informational" if hosted_elsewhere or "informational" in (annotations or ()) else "unknown"


def _choices(root: Element, name: str) -> list[Element]:
    return [choice for details in root.every("internetDetails") for choice in details.every(name)]


def _names_by_channel(root: Element) -> list[tuple[str, str]]:
    """Return the names that a contact channel gives: the chat client, the game."""
    places = (("chatImIncident", "chatClient"), ("onlineGamingIncident", "gameName"))
    return [(leaf, choice.value(leaf)) for group, leaf in places for choice in _choices(root, group)]
