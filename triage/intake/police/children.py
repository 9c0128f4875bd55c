"""The children of a police download, and what is said of the access that a reported person has to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake import notes as remarks
from triage.intake.notes import Remark
from triage.intake.police.mapping import load_mapping
from triage.intake.police.members import code_in, every, flag_in, text_in
from triage.intake.police.people import CHILD, add_records, countries_of, has_handle, read_somebody
from triage.intake.rows import ChildRow
from triage.intake.values import CHILD_BANDS, Place, band_of
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.intake.police.people import Somebody

ACCESS_CONFLICT = Remark(
    Level.NOTE,
    "access_level",
    "access to the child victim, and none to children",
    "one statement",
    "the access counts; look at the report in the source system",
)
NOT_CODED = Remark(
    Level.FIELD,
    "access_level",
    "access to a child in words that the mapping does not know",
    "yes, no or unknown",
    "counts as unknown; look at the report in the source system",
)
RELATION_NOT_CODED = Remark(
    Level.FIELD,
    "relation_to_suspect",
    "a relation to the child in words that the mapping does not know",
    "a relation such as father, teacher, neighbour",
    "counts as unknown; look at the report in the source system",
)
_GRAVEST = ("lives_with", "unsupervised", "unspecified", "supervised", "online", "unknown", "none")
_NO_REACH = frozenset({"unknown", "none"})
_IDENTIFICATIONS = ("named", "locatable", "handle_only", "unidentified")


class Tie(NamedTuple):
    """What is said of a reported person and children.

    Parameters
    ----------
    person_id : str or None
        The reported person.
    relation, access : str
        Codes, of the child of the report.
    others : str
        Code of the access to children at all.
    """

    person_id: str | None = None
    relation: str = "unknown"
    access: str = "unknown"
    others: str = "unknown"

    @property
    def of_victim(self) -> bool:
        """Whether something is said of the child of the report."""
        return self.relation != "unknown" or self.access != "unknown"

    @property
    def to_victim(self) -> str:
        """The access to the child of the report; who has access to no child has none to this one."""
        return "none" if self.access == "unknown" and self.others == "none" else self.access


def read_tie(place: Place, somebody: Somebody) -> Tie:
    """Return what is said of the access that a reported person has."""
    members = somebody.members
    relation = text_in(members.get("relationshipToChildVictim"))
    code = code_in(relation, load_mapping().relation)
    if relation and code == "unknown" and relation.lower() != "unknown":
        place.remark(RELATION_NOT_CODED)
    tie = Tie(
        somebody.person_id,
        code,
        _read_access(place, members.get("accessToChildVictim")),
        _read_access(place, members.get("accessToChildren")),
    )
    if tie.others == "none" and tie.access not in {"none", "unknown"}:
        place.remark(ACCESS_CONFLICT)
    return tie


def add_children(
    place: Place,
    victims: Sequence[Mapping[str, Any]],
    recipients: Sequence[Somebody],
    reported: Sequence[Somebody],
) -> None:
    """Add the victims, the recipients under 18, and the children whom only a statement of access mentions.

    Parameters
    ----------
    place : Place
        Where reading stands.
    victims : sequence of mapping
        The objects of ``childVictims``.
    recipients, reported : sequence of Somebody
        Those who were read.
    """
    ties = {somebody.person_id: read_tie(place, somebody) for somebody in reported}
    told = sorted((tie for tie in ties.values() if tie.of_victim), key=_gravity)
    only = next(iter(ties.values())) if len(ties) == 1 else Tie()
    tie = told[0] if told else only
    rows: dict[str, ChildRow] = {}
    for number, content in enumerate(victims):
        child = read_somebody(place, content, f"victim{number}")
        add_records(place, child, victim=True)
        place.gathered.dropped["associatedAccounts"] += len(child.accounts)
        if child.age.minor is False:
            place.remark(remarks.ADULT_VICTIM)
        _add(place, rows, child, tie)
    for recipient in recipients:
        if recipient.age.minor:
            _add(place, rows, recipient, Tie(only.person_id))
    for somebody in reported:
        _add_in_reach(place, rows, somebody)
    if told and not victims:
        rows["told"] = _unseen(place, tie)
    place.gathered.dropped["accessToChildVictim"] += len(told[1:])
    for said in ties.values():
        if said.others not in _NO_REACH and not any(_in_reach(row, said) for row in rows.values()):
            rows[f"others {said.person_id}"] = _unseen(place, Tie(said.person_id, access=said.others))
        elif said.others == "none" and not rows:
            place.gathered.dropped["accessToChildren"] += 1
    place.gathered.children += rows.values()


def identification_of(child: Somebody) -> str:
    """Return whether a child can be found: by name, by school or contact data, by a handle."""
    members = child.members
    if any(text_in(members.get(name)) for name in ("firstName", "lastName")):
        return "named"
    addresses = every(members.get("addresses"), "addresses")
    if child.emails or child.phones or addresses or text_in(members.get("schoolName")):
        return "locatable"
    return "handle_only" if has_handle(members) else "unidentified"


def _add_in_reach(place: Place, rows: dict[str, ChildRow], somebody: Somebody) -> None:
    """Add the children whose accounts stand beside a reported person as those of parent and child.

    The reported person is the parent unless the stated ages say otherwise.
    """
    for kind, child in somebody.accounts:
        if kind == CHILD and (somebody.age.minor or child.age.minor is False):
            place.remark(remarks.ADULT_ASSOCIATED)
            place.gathered.dropped["associatedAccounts"] += 1
        elif kind == CHILD:
            _add(place, rows, child, Tie(somebody.person_id, "parent", "unspecified"))


def _gravity(tie: Tie) -> int:
    return _GRAVEST.index(tie.to_victim)


def _in_reach(row: ChildRow, tie: Tie) -> bool:
    return row.person_id == tie.person_id and row.access_level not in _NO_REACH


def _add(place: Place, rows: dict[str, ChildRow], child: Somebody, tie: Tie) -> None:
    """Add a child; a recipient who is a victim too adds to that row what it lacks."""
    row = ChildRow(
        place.next_id("c"),
        place.report_id,
        tie.person_id,
        tie.relation,
        tie.to_victim,
        band_of(child.age.years, CHILD_BANDS),
        identification_of(child),
        countries_of(place, child).get("verified_location"),
    )
    held = rows.setdefault(child.person_id, row)
    if held is not row:
        place.remark(remarks.SAME_CHILD)
        rows[child.person_id] = held._replace(
            age_band=row.age_band if held.age_band == "unknown" else held.age_band,
            identification=min(held.identification, row.identification, key=_IDENTIFICATIONS.index),
            country=held.country or row.country,
        )


def _unseen(place: Place, tie: Tie) -> ChildRow:
    """Return the row of a child of whom only the access is told."""
    child_id = place.next_id("c")
    access = tie.to_victim
    return ChildRow(child_id, place.report_id, tie.person_id, tie.relation, access, "unknown", "unidentified")


def _read_access(place: Place, value: object) -> str:
    flag, text = flag_in(value), text_in(value)
    if flag == "denied":
        return "none"
    code = code_in(text, load_mapping().access)
    if code != "unknown":
        return code
    if flag == "unknown" and text and text.lower() != "unknown":
        place.remark(NOT_CODED)
    return "unspecified" if flag == "asserted" else "unknown"
