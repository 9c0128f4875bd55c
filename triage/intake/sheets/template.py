"""Write a mapping to start from, for a sheet where one is given."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.intake.documents import Document, Unreadable
from triage.intake.limits import Limits
from triage.intake.sheets.sources import headers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEAD = """\
# How a table becomes reports. Look at every line, above all at those marked "guess"; then:
#     triage import SHEET --mapping THIS.toml --out BATCH
# All that can be said here is in docs/formats/tables.md, the columns to fill in docs/data-dictionary.md.
format = 1
name = "my-sheet"  # small letters, digits and dashes; stored with what is imported
version = 1  # raise it with every change
scope = "my-agency"  # whose numbers these are: number 7 of another scope is another report
zone = "Europe/Amsterdam"  # of times that are written without an offset
"""
_SAMPLE = (
    "Report number", "Received", "Priority", "Platform", "User name", "E-mail", "Age of suspect", "Urgent",
    "Age of child", "Relation", "IP address", "Port", "Time of log-in", "Notes",
)  # fmt: skip
# A table, the column in it, what the name of a sheet's column must hold (and not hold), and how it is read.
_TIME, _CODE = "{{ time = {}, formats = {} }}", "{{ code = {}, words = {} }}"
_FLAG = '{{ flag = {}, yes = ["yes"], no = ["no"] }}'
_GUESSES: tuple[tuple[str, str, str, str, str], ...] = (
    ("reports", "received_at", "received|ontvangen|date of report|reported at", "", _TIME),
    ("reports", "incident_at", "incident.*(date|time)|last happened", "", _TIME),
    ("reports", "source_priority", "priorit", "", _CODE),
    ("reports", "escalated_by_reporter", "urgent|escalat|immediate", "", _FLAG),
    ("reports", "jurisdiction_country", "country", "child|address", "{{ country = {} }}"),
    ("persons", "person_id", "", "", "{{ token = {{ {} }} }}"),
    ("persons", "age_band", r"\bage\b", "child|victim|file", "{{ age = {} }}"),
    ("accounts", "platform_category", "platform|service", "", "{{ platform = {} }}"),
    ("network_events", "event_at", "(log|event).*(time|date)|(time|date).*(log|event)", "", _TIME),
    ("children", "age_band", r"\bage\b.*(child|victim)|(child|victim).*\bage\b", "", "{{ age = {} }}"),
    ("children", "relation_to_suspect", "relation", "", _CODE),
)  # fmt: skip
_WORDS = {
    "source_priority": '{ "1" = "P1", "2" = "P2", "3" = "P3" }',
    "relation_to_suspect": '{ "father" = "parent", "mother" = "parent" }',
}
_FORMATS = '["%d/%m/%Y %H:%M", "%d/%m/%Y"]'
_NUMBER = r"(report|case|reference|dossier|contact).*(no\b|nr|num|ref|id)|^(reference|ref|id)\b"
_WHO = (
    ("identifier", r"user.?id|account.?(id|no|num)", ""),
    ("screen_name", "user.?name|screen|handle|nick", "child"),
    ("email", "e.?mail", "child|report(er|ing)|worker|caller"),
    ("phone", "phone|mobile|telephone", "child|report(er|ing)|caller"),
    ("service", "platform|service", ""),
)
GUESS = "# guess"


def write_template(path: Path | None = None) -> str:
    """Return the text of a mapping, which loads as it stands.

    Parameters
    ----------
    path : Path, optional
        A table; the names of its columns are put in, and nothing else of it.

    Raises
    ------
    InputRefusedError
        It holds no table.

    Examples
    --------
    >>> print(write_template().splitlines()[3])
    format = 1
    """
    if path is None:
        return _template([("reports", _SAMPLE)])
    try:
        found = [names for names in headers_of(Document.at(path), Limits()) if names]
    except Unreadable as error:
        raise InputRefusedError(error.found, where=str(path), expected="a table", mend=error.mend) from None
    if not found:
        raise InputRefusedError(
            "no table", where=str(path), expected="CSV, XLSX or JSON Lines with names of columns above"
        )
    many = len(found) > 1
    return _template(
        [(f"sheet{place}" if many else "reports", names) for place, names in enumerate(found, 1)]
    )


def _template(sheets: Sequence[tuple[str, Sequence[str]]]) -> str:
    return "\n".join([_HEAD, *(_sheet(name, list(dict.fromkeys(names))) for name, names in sheets)])


def _sheet(name: str, columns: Sequence[str]) -> str:
    columns = [column for column in columns if column]
    number = _first(columns, _NUMBER)
    text = [
        f"[sheet.{name}]",
        f"must_have = {_listed(columns[:3])}  # the columns by which such a sheet is known",
    ]
    if number:
        text.append(f"report = {_quoted(number)}  {GUESS}: the report's number; its lines are one report")
    else:
        text.append('# report = "..."  # the report\'s number; without it each line is a report of its own')
    used: set[str] = {number} if number else set()
    parts: dict[str, list[str]] = {"reports": ['source_system = "other"']}
    who = _identity(columns)
    for table, column, wanted, unwanted, reading in _GUESSES:
        source = _first(columns, wanted, unwanted) if wanted else ""
        if table == "accounts" and "person_id" not in "".join(parts.get("persons", [])):
            continue
        if column == "person_id" and who:
            named = ", ".join(f"{part} = {_quoted(some)}" for part, some in who.items())
            parts["persons"] = ['role = "reported"', f"{column} = {reading.format(named)}  {GUESS}"]
            used |= set(who.values())
        elif source and (table == "reports" or "persons" in parts or table in {"persons", "children"}):
            lines = parts.setdefault(table, ['role = "reported"'] if table == "persons" else [])
            lines.append(
                f"{column} = {reading.format(_quoted(source), _WORDS.get(column, _FORMATS))}  {GUESS}"
            )
            used.add(source)
    address, port = _first(columns, r"\bip\b"), _first(columns, r"\bport\b")
    if address and port and "persons" in parts:
        line = (
            f"link_token = {{ token = {{ address = {_quoted(address)}, port = {_quoted(port)} }} }}  {GUESS}"
        )
        parts.setdefault("network_events", []).append(line)
        used |= {address, port}
    left = [column for column in columns if column not in used]
    text.insert(
        2, f"dropped = {_listed(left)}  # left behind and counted; move to a table below what tells something"
    )
    for table, lines in parts.items():
        text += ["", f"[sheet.{name}.{table}]", *lines]
    return "\n".join(text) + "\n"


def _identity(columns: Sequence[str]) -> dict[str, str]:
    found = {part: _first(columns, wanted, unwanted) for part, wanted, unwanted in _WHO}
    found = {part: column for part, column in found.items() if column}
    return found if set(found) - {"service"} else {}


def _first(columns: Sequence[str], wanted: str, unwanted: str = "") -> str:
    for column in columns:
        words = column.lower().replace("_", " ")
        if re.search(wanted, words) and not (unwanted and re.search(unwanted, words)):
            return column
    return ""


def _quoted(text: str) -> str:
    # JSON's text between quotation marks is TOML's as well.
    return json.dumps(text, ensure_ascii=False)


def _listed(columns: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, columns)) + "]"
