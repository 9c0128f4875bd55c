"""One address of a hotline's report becomes a row of ``files``; what was done there becomes outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.iccam.mapping import load_mapping
from triage.intake.iccam.members import ACTION, ASSESSMENT, ITEM, count_members, sort_members, words_of
from triage.intake.json_values import objects_of, text_of
from triage.intake.notes import Remark
from triage.intake.rows import FileRow
from triage.intake.values import Place, read_time
from triage.intake.words import names_somebody, read_country
from triage.schema.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


UNKNOWN_WORD = Remark(
    Level.FIELD,
    "",
    "a word or number that the mapping does not know",
    "a code of ICCAM",
    "counts as unknown; ask the hotline what it means",
)
_NO_ACTION = "none"


class Item(NamedTuple):
    """One address.

    Parameters
    ----------
    report : str
        Number of its report, where the item says so.
    number : str
        Its own number, else its address: what tells it from others of the report; never stored.
    country : str
        Where it is hosted; empty when unknown.
    source : bool
        Whether it is the address that was reported, rather than one that it shows.
    received_at, assessed_at : datetime or None
        When the hotline got it, and when it was last assessed.
    row : FileRow
        The row, without its file and report.
    outcomes : tuple
        What was done: kind and time.
    """

    report: str
    number: str
    country: str
    source: bool
    received_at: datetime | None
    assessed_at: datetime | None
    row: FileRow
    outcomes: tuple[tuple[str, datetime | None], ...]


def read_item(place: Place, found: Mapping[str, Any], *others: str) -> Item:
    """Read an address.

    Parameters
    ----------
    place : Place
        Where reading stands.
    found : mapping of str to object
        Members by folded name; those of the address may be an object within.
    *others : str
        What the object is besides, so that its other members are known.
    """
    inner = found.get("url")
    if isinstance(inner, dict):
        found = {**{name: value for name, value in found.items() if name != "url"}, **inner}
    count_members(place.gathered, found, ITEM, ASSESSMENT, *others)
    item = sort_members(found, ITEM)
    assessment, assessed_at = _last_assessment(place, item.get("assessments"))
    number = text_of(item.get("number")) or text_of(item.get("address"))
    return Item(
        text_of(item.get("report")),
        number,
        read_country(text_of(item.get("country"))),
        load_mapping().flag.get(next(iter(words_of(item.get("source"))), "")) == "yes",
        read_time(place, text_of(item.get("received")), "received_at"),
        assessed_at,
        _file_row(place, sort_members(found, ASSESSMENT) if assessment is None else assessment, assessed_at),
        tuple(read_outcomes(place, item.get("actions"))),
    )


def read_outcomes(place: Place, actions: object) -> Iterator[tuple[str, datetime | None]]:
    """Yield the outcomes that actions are; a bare number or word is an action too."""
    for action in actions if isinstance(actions, list) else [actions]:
        if isinstance(action, dict):
            count_members(place.gathered, action, ACTION)
            said = sort_members(action, ACTION)
            kind, at = said.get("type"), read_time(place, text_of(said.get("at")), "outcome_at")
        else:
            kind, at = action, None
        code = _code(place, kind, load_mapping().action, "outcome_kind", _NO_ACTION)
        if code != _NO_ACTION:
            yield code, at


def _last_assessment(place: Place, listed: object) -> tuple[dict[str, Any] | None, datetime | None]:
    """Return the latest of several assessments; they stand in order where they state no times."""
    last: dict[str, Any] | None = None
    last_at: datetime | None = None
    for some in objects_of(listed):
        count_members(place.gathered, some, ASSESSMENT)
        assessment = sort_members(some, ASSESSMENT)
        at = read_time(place, text_of(assessment.get("at")), "legal_class")
        if last_at is None or (at is not None and at >= last_at):
            last, last_at = assessment, at
    return last, last_at


def _file_row(place: Place, assessment: Mapping[str, Any], assessed_at: datetime | None) -> FileRow:
    mapping = load_mapping()
    flags = {
        name: _code(place, assessment.get(name), mapping.flag, "file_annotations", "unknown")
        for name in mapping.annotation
    }
    return FileRow(
        file_id="",
        report_id="",
        uploaded_at=None,
        severity_class="unknown",
        file_annotations=[mapping.annotation[name] for name, said in flags.items() if said == "yes"] or None,
        viewed_by_reporter="unknown",
        publicly_available="unknown",
        youngest_age_band=_code(place, assessment.get("age"), mapping.age, "youngest_age_band", "unknown"),
        legal_class=_code(
            place, assessment.get("classification"), mapping.classification, "legal_class", "unknown"
        ),
        enriched_at=assessed_at,
    )


def _code(place: Place, value: object, codes: Mapping[str, str], column: str, nothing: str) -> str:
    """Return the code of a value: of several, the one that stands first in the mapping."""
    words = [word for word in words_of(value) if names_somebody(word) or word in codes]
    known = {codes[word] for word in words if word in codes}
    if any(word not in codes for word in words):
        place.remark(UNKNOWN_WORD._replace(column=column))
    return next((code for code in codes.values() if code in known and code != "unknown"), nothing)
