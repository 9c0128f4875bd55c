"""The children of a CyberTipline report: victims, recipients under 18, children whose account is in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.intake import notes as remarks
from triage.intake.cybertipline.accounts import CONTACTS, HANDLES, person_token
from triage.intake.cybertipline.people import associated, located, person_of
from triage.intake.cybertipline.values import read_age
from triage.intake.rows import ChildRow
from triage.intake.values import CHILD_BANDS, Place, band_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.intake.cybertipline.people import Holder
    from triage.intake.xml import Element

IDENTIFICATIONS = ("named", "locatable", "handle_only", "unidentified")
_NAMES = ("firstName", "lastName")


class Reported(NamedTuple):
    """The reported persons of a report, and which it is where there is exactly one."""

    persons: frozenset[str]
    only: str | None

    @classmethod
    def of(cls, holders: Iterable[Holder]) -> Reported:
        """Gather them once a report: a hostile one can name a hundred thousand."""
        persons = frozenset(holder.person_id for holder in holders)
        return cls(persons, next(iter(persons)) if len(persons) == 1 else None)


class Tie(NamedTuple):
    """How a child is tied to a reported person."""

    person_id: str | None = None
    relation: str = "unknown"
    access: str = "unknown"


def add_victim(place: Place, block: Element, number: int, reported: Reported) -> str:
    """Add the child of a ``victim`` block, and return the token by which a recipient can be the same child.

    Its accounts and their events are left behind: a child has no row among persons.
    """
    age = read_age(place, person_of(block))
    if age.minor is False:
        place.remark(remarks.ADULT_VICTIM)
    country = next((found for found in located(block, verified=True) if found), None)
    _add(place, block, _tie(place, block, reported), age.years, country)
    return person_token(place, block, person_of(block), f"victim{number}")


def add_recipient_child(place: Place, recipient: Holder, reported: Reported, held: dict[str, int]) -> None:
    """Add the child behind a recipient who is under 18.

    Parameters
    ----------
    place : Place
        Where reading stands.
    recipient : Holder
        The recipient.
    reported : Reported
        The reported persons.
    held : dict of str to int
        The children of the report who have a handle, by its token, with their place among all children;
        grows. A recipient who is one of them adds to that row what it lacks.
    """
    if not recipient.age.minor:
        return
    rows = place.gathered.children
    country = next((found for found in located(recipient.block, verified=True) if found), None)
    _add(place, recipient.block, Tie(reported.only), recipient.age.years, country)
    index = held.setdefault(recipient.person_id, len(rows) - 1)
    if index < len(rows) - 1:
        place.remark(remarks.SAME_CHILD)
        first, second = rows[index], rows.pop()
        rows[index] = first._replace(
            age_band=second.age_band if first.age_band == "unknown" else first.age_band,
            identification=min(first.identification, second.identification, key=IDENTIFICATIONS.index),
            country=first.country or second.country,
        )


def add_children_in_reach(place: Place, holder: Holder) -> None:
    """Add the children whose accounts stand beside a reported person as parent or guardian.

    The sender says that the two accounts are those of a parent and a child. The reported person is the
    parent unless the stated ages say otherwise: a reported person under 18, or an adult account.
    """
    for account in associated(holder.block, children=True):
        age = read_age(place, account)
        left = place.gathered.dropped
        for name in ("ipCaptureEvent", "deviceId", "priorCTReport", "priorCTReports"):
            left[name] += len(account.every(name))
        if holder.age.minor or age.minor is False:
            place.remark(remarks.ADULT_ASSOCIATED)
            left["associatedAccount"] += 1
        else:
            _add(place, account, Tie(holder.person_id, "parent", "unspecified"), age.years, None)


def identification_of(block: Element) -> str:
    """Return whether a child can be found by what a block says.

    A name, else a school or other contact data (also a parent's), else a handle.
    """
    person = person_of(block) or block
    own = associated(block, children=False)
    if any(who.value(name) for who in (person, *own) for name in _NAMES):
        return "named"
    parents = associated(block, children=True)
    reachable = any(who.children.get(name) for who in (person, *own, *parents) for name in CONTACTS)
    if block.value("schoolName") or reachable:
        return "locatable"
    if any(who.value(name) for who in (block, *own, *parents) for name in HANDLES):
        return "handle_only"
    return "unidentified"


def _add(place: Place, block: Element, tie: Tie, years: int | None, country: str | None) -> None:
    place.gathered.children.append(
        ChildRow(
            place.next_id("c"),
            place.report_id,
            tie.person_id,
            tie.relation,
            tie.access,
            band_of(years, CHILD_BANDS),
            identification_of(block),
            country,
        )
    )


def _tie(place: Place, block: Element, reported: Reported) -> Tie:
    """Tie a victim to the reported person; as parent when the parent's account is the reported one."""
    for account in associated(block, children=True):
        parent = person_token(place, account, account, "")
        if parent in reported.persons:
            return Tie(parent, "parent", "unspecified")
    return Tie(reported.only)
