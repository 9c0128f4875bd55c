"""Accounts in a police download, with their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.people import merge_account, name_account
from triage.intake.police.events import read_events
from triage.intake.police.members import every, flag_in, text_in
from triage.intake.rows import AccountRow
from triage.intake.words import platform_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.intake.values import Place

_ACCOUNT_SIGNS = (
    *("espUserId", "espService", "screenNames", "displayNames", "profileUrl", "sourceInformation"),
    *("compromisedAccount", "groupIdentifier", "accountTemporarilyDisabled", "accountPermanentlyDisabled"),
)


class Known(NamedTuple):
    """What a report tells as a whole.

    Parameters
    ----------
    platforms : list of (str, str)
        Names of the platform, each with the category that its place tells.
    countries : mapping of str to str
        IP address -> country, as NCMEC looked it up.
    """

    platforms: list[tuple[str, str]]
    countries: Mapping[str, str]


def add_account(place: Place, members: Mapping[str, Any], person_id: str, known: Known) -> str:
    """Add an account with its events, and return its token; empty where nothing is said of one.

    Parameters
    ----------
    place : Place
        Where reading stands.
    members : mapping of str to object
        What is kept of the object.
    person_id : str
        Whose account it is.
    known : Known
        What the report tells as a whole.
    """
    if not any(sign in members for sign in _ACCOUNT_SIGNS):
        return ""
    service = text_in(members.get("espService"))
    account_id = name_account(
        place, person_id, service, text_in(members.get("espUserId")) or screen_name(members)
    )
    events = read_events(place, members.get("sourceInformation"), account_id, known.countries)
    opened = [event.event_at for event in events if event.event_name == "registration" and event.event_at]
    names = [(service, ""), (text_in(members.get("platform")), ""), *known.platforms]
    merge_account(
        place.gathered,
        AccountRow(
            account_id,
            person_id,
            platform_category(names),
            min(opened, default=None),
            _account_status(members),
            flag_in(members.get("compromisedAccount")),
            "asserted" if text_in(members.get("groupIdentifier")) else "unknown",
        ),
    )
    place.gathered.network_events += events
    return account_id


def screen_name(members: Mapping[str, Any]) -> str:
    """Return the first screen name; empty where none is given."""
    names = (text_in(some) for some in every(members.get("screenNames"), "screenNames"))
    return next((name for name in names if name), "")


def platform_category(names: Iterable[tuple[str, str]]) -> str:
    """Return the category of the first name that a known word fits, else the one that a place tells.

    Examples
    --------
    >>> platform_category([("ACME", ""), ("Unheard Of", "gaming")])
    'gaming'
    """
    names = [(name, category) for name, category in names if name]
    fitting = next((category for name, _ in names if (category := platform_word(name))), "")
    return fitting or next((category for _, category in names if category), "other")


def _account_status(members: Mapping[str, Any]) -> str:
    paused = members.get("accountTemporarilyDisabled")
    if isinstance(paused, dict) and text_in(paused.get("reenableddate")):
        return "reenabled"
    if flag_in(members.get("accountPermanentlyDisabled")) == "asserted":
        return "permanently_disabled"
    return "temporarily_disabled" if flag_in(paused) == "asserted" else "unknown"
