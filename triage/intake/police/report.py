"""One report of a police download becomes rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.cybertipline.mapping import incident_code
from triage.intake.json_values import list_of, objects_of
from triage.intake.notes import Remark
from triage.intake.people import add_thread, note_sole_person
from triage.intake.police.accounts import Known
from triage.intake.police.children import add_children
from triage.intake.police.events import looked_up
from triage.intake.police.files import read_flags
from triage.intake.police.mapping import load_mapping
from triage.intake.police.members import (
    country_in,
    every,
    every_object,
    flag_in,
    take_members,
    text_in,
    time_text,
)
from triage.intake.police.people import Somebody, add_holder, add_records, countries_of
from triage.intake.rows import ReportRow
from triage.intake.traces import plain_number, routable
from triage.intake.values import Place, read_time
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.intake.rows import Gathered

SYSTEM = "cybertip_le_json"
NO_RECEPTION = Remark(
    Level.NOTE,
    "received_at",
    "a report that does not say when it was received",
    "dateReceived",
    "the time of the import stands for it",
)
# Where incidents name the platform, and the category that the place tells.
_NAMED = (
    ("chatincident", ("chatserviceorclient", "chatclient"), "messaging"),
    ("chatimincident", ("chatserviceorclient", "chatclient"), "messaging"),
    ("gamingincident", ("gamename", "game"), "gaming"),
    ("onlinegamingincident", ("gamename", "game"), "gaming"),
)
_BASES = ("verified_location", "address", "phone", "ip", "estimated")


class Parts(NamedTuple):
    """The parts of a report, by the mapping's names.

    Parameters
    ----------
    report, information, summary, ncmec : dict
        The whole, what was reported, its summary, and what NCMEC adds.
    scope : str
        The platform to which identifiers without a service belong.
    esp : str
        Name of the platform that reported.
    countries : dict of str to str
        IP address -> country, as NCMEC looked it up.
    """

    report: dict[str, Any]
    information: dict[str, Any]
    summary: dict[str, Any]
    ncmec: dict[str, Any]
    scope: str
    esp: str
    countries: dict[str, str]


def take_parts(gathered: Gathered, content: Mapping[str, Any]) -> Parts:
    """Take a report apart, and count what is left behind.

    Some exports have what was reported at the top.
    """
    known = load_mapping().members["report"]
    top = {name: value for name, value in content.items() if name in known}
    report = take_members(gathered, top, "report")
    inside = next(iter(objects_of(report.get("reportedInformation"))), None)
    others = {name: value for name, value in content.items() if name not in known}
    if inside is None:
        inside = others
    else:
        take_members(gathered, others, "report")
    information = take_members(gathered, inside, "information")
    summary = _first(gathered, information.get("incidentSummary"), "summary")
    esp = _first(gathered, information.get("reportingEsp"), "esp")
    ncmec = _first(gathered, report.get("additionalNcmecInformation"), "ncmec")
    name = text_in(esp.get("espName"))
    domains = (text_in(some).lower().rpartition("@")[2] for some in every(esp.get("emails"), "emails"))
    domain = next((f"@{domain}" for domain in domains if domain), "")
    scope = text_in(summary.get("platform")) or domain or name
    countries = looked_up(report.get("automatedInformation"))
    return Parts(report, information, summary, ncmec, scope, name, countries)


def report_number(content: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the report number without leading zeros, and whether one stands there that is no number."""
    known = load_mapping().members["report"]
    stated = [
        text_in(value) for name, value in content.items() if name in known and known[name].name == "reportId"
    ]
    text = next((text for text in stated if text), "")
    number = plain_number(text)
    return number, bool(text) and not number


def read_report(place: Place, parts: Parts, number: str) -> None:
    """Add the rows of a report, but for its files.

    Parameters
    ----------
    place : Place
        Where reading stands; its report is not among the rows yet.
    parts : Parts
        The parts.
    number : str
        The sender's report number; empty where there is none.
    """
    gathered = place.gathered
    known = Known(_platforms(parts), parts.countries)
    people = every_object(parts.information.get("reportedPeople"), "reportedPeople")
    reported = [add_holder(place, some, "reported", i, known) for i, some in enumerate(people)]
    gathered.reports[place.report_id] = _report_row(place, parts, reported, number)
    note_sole_person(place, [(somebody.person_id, somebody.account_id) for somebody in reported])
    for somebody in reported:
        add_records(place, somebody)
    people = every_object(parts.information.get("intendedRecipients"), "intendedRecipients")
    recipients = [add_holder(place, some, "recipient", i, known) for i, some in enumerate(people)]
    for recipient in recipients:
        add_records(place, recipient, victim=bool(recipient.age.minor))
        gathered.dropped["associatedAccounts"] += len(recipient.accounts) - len(recipient.own)
        add_thread(
            place,
            recipient.person_id,
            recipient.age.minor,
            [(one.person_id, one.account_id) for one in reported[:1]],
        )
    victims = every_object(parts.information.get("childVictims"), "childVictims")
    add_children(place, victims, recipients, reported)


def received_at(place: Place, parts: Parts) -> Place:
    """Return where reading stands once the report has said when it was received."""
    at = read_time(place, time_text(parts.report.get("dateReceived")), "received_at")
    if at is None:
        place.remark(NO_RECEPTION)
    return Place(place.gathered, place.label, place.report_id, parts.scope, at)


def _report_row(place: Place, parts: Parts, reported: Sequence[Somebody], number: str) -> ReportRow:
    summary, stated = parts.summary, text_in(parts.summary.get("incidentType"))
    escalated = _calls(summary.get("escalateToHighPriority"))
    country, basis = _jurisdiction(place, parts, reported)
    codes = load_mapping().report_annotation
    annotations = (
        read_flags(place, summary["reportAnnotations"], codes) if "reportAnnotations" in summary else []
    )
    return ReportRow(
        report_id=place.report_id,
        incident_at=read_time(place, time_text(summary.get("incidentDateTime")), "incident_at"),
        incident_type=incident_code(
            stated or text_in(parts.ncmec.get("ncmecClassification")),
            *map(text_in, every(summary.get("additionalIncidentTypes"), "additionalIncidentTypes")),
        ),
        channels=_channels(place.gathered, parts),
        escalated_by_reporter="asserted" if escalated else "unknown",
        escalation_reason="not_coded" if escalated else None,
        report_annotations=annotations or None,
        actionability=_actionability(parts, annotations),
        jurisdiction_country=country,
        jurisdiction_basis=basis,
        source_ref_hash=place.token("source-report", number) if number else None,
        source_system=SYSTEM,
        source_priority=_priority(parts),
        received_at=place.received_at,
    )


def _first(gathered: Gathered, value: object, group: str) -> dict[str, Any]:
    return take_members(gathered, next(iter(objects_of(value)), {}), group)


def _calls(value: object) -> bool:
    """Say whether a call for immediate attention says something, and not that there is none."""
    return flag_in(value) == "asserted" or (
        flag_in(value) == "unknown" and text_in(value).lower() not in {"", "unknown"}
    )


def _channels(gathered: Gathered, parts: Parts) -> list[str] | None:
    codes = load_mapping().channel
    found: dict[str, None] = {}
    for part in objects_of(parts.information.get("incidentDetails")):
        for name, incidents in take_members(gathered, part, "details").items():
            found[codes[name]] = None
            gathered.dropped[name] += len(list_of(incidents))
    return list(found) or None


def _platforms(parts: Parts) -> list[tuple[str, str]]:
    """Return the names of platforms in a report, each with the category that its place tells."""
    found = [(text_in(parts.summary.get("platform")), "")]
    for part in objects_of(parts.information.get("incidentDetails")):
        for name, leaves, category in _NAMED:
            for incident in objects_of(part.get(name)):
                found += [(text_in(incident.get(leaf)), category) for leaf in leaves]
    return [*found, (parts.esp, "")]


def _jurisdiction(place: Place, parts: Parts, reported: Sequence[Somebody]) -> tuple[str, str]:
    """Return where the reported persons seem to be, and what that rests on; the best basis first."""
    found = [countries_of(place, somebody) for somebody in reported]
    looked = [_of_addresses(somebody, parts.countries) for somebody in reported]
    for basis in _BASES:
        for told in (*found, *looked):
            if basis in told:
                return told[basis], basis
    routed = country_in(parts.ncmec.get("internationalCountry"))
    return (routed, "estimated") if routed else ("ZZ", "none")


def _of_addresses(somebody: Somebody, countries: Mapping[str, str]) -> dict[str, str]:
    captures = (
        every_object(somebody.members.get("sourceInformation"), "sourceInformation") if countries else []
    )
    found = (countries.get(routable(text_in(capture.get("value"))) or "", "") for capture in captures)
    country = next((country for country in found if country), "")
    return {"ip": country} if country else {}


def _actionability(parts: Parts, annotations: Sequence[str]) -> str:
    if flag_in(parts.information.get("batchedReport")) == "asserted":
        return "batch"
    if "informational" in annotations or flag_in(parts.report.get("informational")) == "asserted":
        return "informational"
    text = text_in(parts.ncmec.get("ncmecClassification")).lower()
    known = load_mapping().actionability
    return next((code for beginning, code in known.items() if text.startswith(beginning)), "unknown")


def _priority(parts: Parts) -> str:
    """Return NCMEC's own priority: its word before its number."""
    known = load_mapping().priority
    for some in (parts.ncmec.get("priority"), parts.report.get("priority")):
        numbered = some.get("priorityid") if isinstance(some, dict) else None
        text = text_in(some) or text_in(numbered)
        if text.lower() in known:
            return known[text.lower()]
    return "unknown"
