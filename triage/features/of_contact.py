"""Contact with a child: channels, threads and what is coded of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Feature, Floats
    from triage.features.view import View


def contact_channel(view: View) -> Floats:
    """Whether a channel allows direct contact."""
    return view.reports.flag(view.reports.has("channels", "chat", "gaming", "phone"))


def offline_contact(view: View) -> Floats:
    """Whether a report tells of what happens outside the net."""
    return view.reports.flag(view.reports.has("channels", "offline"))


def minor_counterpart(view: View) -> Floats:
    """Whether somebody on the other side states to be under 18."""
    return view.own_threads.flag_of("counterpart_is_minor")


def minor_threads(view: View) -> Floats:
    """Count the threads with somebody who states to be under 18."""
    rows = view.own_threads
    return rows.count(rows.is_code("counterpart_is_minor", "asserted"))


def threads(view: View) -> Floats:
    """Count the threads."""
    rows = view.communications
    return rows.count(np.ones(len(rows), dtype=bool))


def days_since_contact(view: View) -> Floats:
    """Return the days from the last message to the latest report."""
    rows = view.communications
    return view.days_before_report(rows.largest(rows.seconds("last_message_at")))


def _coded(*codes: str) -> Compute:
    """Return a flag: asserted by a thread with such a code, denied where none of those read has it."""

    def compute(view: View) -> Floats:
        rows = view.communications
        return rows.flag(rows.has("contact_codes", *codes), rows.filled("contact_codes"))

    return compute


_contact = Domain("contact")
_GROOMING = "KIRAT step 3 (grooming, incitement); CASIC"


def _of_threads(name: str, codes: tuple[str, ...], what: str, evidence: str) -> Feature:
    return _contact.flag(
        name,
        +1,
        _coded(*codes),
        f"threads show {what}",
        evidence,
        denied=f"the threads that were read show no {what.removeprefix('a ')}",
        asks=f"whether threads show {what}",
        knowable=Knowable.ENRICHMENT,
    )


CONTACT = (
    _contact.flag(
        "contact_channel", +1, contact_channel, "contact by chat, game or phone", "CASIC; KIRAT step 3"
    ),
    _contact.flag(
        "offline_contact", +1, offline_contact, "something happens outside the net", "KIRAT step 3"
    ),
    _contact.flag(
        "minor_counterpart",
        +1,
        minor_counterpart,
        "in contact with somebody under 18",
        "KIRAT step 3; CASIC",
        denied="the other side states to be adult",
        asks="whether the other side is under 18",
    ),
    _contact.number(
        "minor_threads",
        +1,
        minor_threads,
        "threads with somebody under 18: {}",
        "KIRAT step 3; CASIC",
        unit="threads",
    ),
    _contact.number(
        "threads",
        +1,
        threads,
        "threads that are told of: {}",
        "Australian Federal Police triage study 2021: chats go with action",
        unit="threads",
    ),
    _of_threads("secrecy_or_gifts", ("secrecy", "gifts"), "secrecy or gifts", _GROOMING),
    _of_threads("off_platform_move", ("off_platform_move",), "a move to another platform", _GROOMING),
    _of_threads(
        "meeting",
        ("meeting_proposed", "meeting_arranged", "travel"),
        "a meeting, proposed or arranged",
        _GROOMING,
    ),
    _of_threads(
        "image_threat",
        ("image_threat", "payment_demand"),
        "threats with images or demands of payment",
        "FATF 2025 on sextortion",
    ),
    _of_threads(
        "directs_abuse",
        ("live_request", "direct_to_order"),
        "requests for live abuse or directions",
        "AUSTRAC and AIC on live-streamed abuse",
    ),
    _of_threads("claims_access", ("claims_access",), "claims of access to a child", "KIRAT steps 2 and 3"),
    _contact.number(
        "days_since_contact",
        -1,
        days_since_contact,
        "days from the last contact to the report: {}",
        "Dutch police: recent material and contact",
        unit="days",
        asks="when the last contact was",
    ),
)
