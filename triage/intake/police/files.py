"""The files of a police download."""

from __future__ import annotations

import hashlib
import marshal
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake import notes as remarks
from triage.intake.cybertipline.mapping import load_mapping as load_cybertipline
from triage.intake.json_values import fold_name
from triage.intake.people import account_for_events
from triage.intake.police.events import read_events
from triage.intake.police.mapping import load_mapping
from triage.intake.police.members import every, every_object, flag_in, take_members, text_in, time_text
from triage.intake.rows import FileRow
from triage.intake.values import read_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from triage.intake.rows import EventRow
    from triage.intake.values import Place

_CLASS = re.compile(r"(?:category\s*)?([AB][12])\b", re.IGNORECASE)


class ReportedFile(NamedTuple):
    """A file that is not a row yet.

    Parameters
    ----------
    file_number : str
        The sender's name of the file; a hash of all that is said where there is none.
    content : str
        Hash of all that is said.
    row : FileRow
        The row, still without its file.
    events : list of EventRow
        Its events, still without account.
    """

    file_number: str
    content: str
    row: FileRow
    events: list[EventRow]


def read_file(
    place: Place, content: dict[str, Any], tags: Mapping[str, str], countries: Mapping[str, str]
) -> ReportedFile:
    """Read a file of ``uploadedFiles``; no row is added.

    Parameters
    ----------
    place : Place
        Where reading stands.
    content : mapping
        The object.
    tags : mapping of str to str
        NCMEC's tag -> code.
    countries : mapping of str to str
        IP address -> country.
    """
    members = take_members(place.gathered, content, "file")
    digest = hashlib.sha256(marshal.dumps(content, 2)).hexdigest()
    events = read_events(place, members.get("sourceInformation"), "", countries)
    severity = _severity(place, text_in(members.get("industryClassification")))
    row = FileRow(
        file_id="",
        report_id=place.report_id,
        uploaded_at=_uploaded_at(place, members, events),
        severity_class=severity,
        file_annotations=_annotations(place, members, tags),
        viewed_by_reporter=flag_in(members.get("viewedByEsp")),
        publicly_available=flag_in(members.get("publiclyAvailable")),
        youngest_age_band=load_cybertipline().youngest.get(severity[0], "unknown"),
    )
    number = text_in(members.get("fileId")) or text_in(members.get("submittalId")) or digest
    return ReportedFile(number, digest, row, events)


def add_file(place: Place, file: ReportedFile, number: str) -> bool:
    """Add the row of a file; return False where it is a row already.

    Parameters
    ----------
    place : Place
        Where reading stands.
    file : ReportedFile
        The file.
    number : str
        The sender's report number; empty where there is none.
    """
    gathered = place.gathered
    file_id = place.token("file", number or place.report_id, file.file_number)
    held = gathered.file_contents.get(file_id)
    if held is not None and held != (place.report_id, file.content):
        place.remark(remarks.SAME_FILE_ID)
        file_id = place.token("file", place.report_id, file.file_number, file.content)
        held = gathered.file_contents.get(file_id)
    if held is not None:
        return False
    gathered.file_contents[file_id] = (place.report_id, file.content)
    gathered.files[file_id] = file.row._replace(file_id=file_id)
    if file.events:
        account_id = account_for_events(place)
        gathered.network_events += [event._replace(account_id=account_id) for event in file.events]
    return True


def read_flags(place: Place, value: object, folded: Mapping[str, str]) -> list[str]:
    """Return the codes of a group of flags: an object of flags, or a list of their names.

    Of an object a name without a code becomes ``ext:NAME``; the entries of a list are texts, so that one
    without a code is only counted.
    """
    found: list[str] = []
    for some in every_flag(value):
        if isinstance(some, dict) and "value" not in some:
            names = [name for name, flag in some.items() if flag_in(flag) == "asserted" or _is_told(flag)]
            known = [folded[name] for name in names if name in folded]
            others = [
                "".join(filter(str.isalpha, name)) for name in names if name not in folded and name.isascii()
            ]
            found += [*known, *(f"ext:{name[:40]}" for name in others[:20] if name)]
        elif (name := fold_name(text_in(some))) in folded:
            found.append(folded[name])
        elif name:
            place.gathered.unknown["annotation"] += 1
    return list(dict.fromkeys(found))


def every_flag(value: object) -> list[Any]:
    """Return what may hold flags, as a list."""
    return value if isinstance(value, list) else [value]


def _is_told(flag: object) -> bool:
    """Say whether a flag has details in the place of a yes."""
    return flag_in(flag) == "unknown" and isinstance(flag, str) and len(text_in(flag)) > len("unknown")


def _severity(place: Place, text: str) -> str:
    found = _CLASS.match(text)
    if found is None:
        if text:
            place.remark(remarks.BAD_CLASS)
        return "unknown"
    return found[1].upper()


def _annotations(place: Place, members: Mapping[str, Any], tags: Mapping[str, str]) -> list[str] | None:
    codes = load_mapping().file_annotation
    found = read_flags(place, members["fileAnnotations"], codes) if "fileAnnotations" in members else []
    if flag_in(members.get("potentialMeme")) == "asserted":
        found.append(codes["potentialmeme"])
    for group in every_object(members.get("ncmecTags"), "groups"):
        for tag in every(group.get("tags", group), "tags"):
            text = text_in(tag).lower()
            if text in tags:
                found.append(tags[text])
            elif text:
                place.gathered.unknown["ncmectags"] += 1
    return list(dict.fromkeys(found)) or None


def _uploaded_at(place: Place, members: Mapping[str, Any], events: list[EventRow]) -> datetime | None:
    """Return when a file was uploaded: as is said, else its first upload, else its first unnamed event."""
    stated = read_time(place, time_text(members.get("uploadedToEspTimestamp")), "uploaded_at")
    uploads = [event.event_at for event in events if event.event_name == "upload" and event.event_at]
    unnamed = [event.event_at for event in events if event.event_name == "unknown" and event.event_at]
    return stated or min(uploads, default=None) or min(unnamed, default=None)
