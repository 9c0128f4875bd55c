"""Members of the objects in a police download, by the mapping's names, and single values."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from triage.intake.json_values import list_of, objects_of, text_of
from triage.intake.police.mapping import load_mapping
from triage.intake.words import read_country

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from triage.intake.rows import Gathered

# Names come from outside: without a limit one document could name half a million.
MOST_NAMES = 200
NAMELESS = "?"
_SAFE = re.compile(r"[a-z]{1,40}")
_WORD = re.compile(r"[^\W_]+(?:'\w+)?")
_AGE = re.compile(
    r"(?:approx(?:imately|\.)?|about|around|circa|~)?\s*(\d{1,3})(?:\s*(?:-|\u2013|to)\s*(\d{1,3}))?"
    r"\s*(?:years?(?: old)?|yrs?(?: old)?|yo|y/o)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}|\d{13}")
_SLASHED_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")


def take_members(gathered: Gathered, content: Mapping[str, Any], group: str) -> dict[str, Any]:
    """Return the members of an object that are kept, by the mapping's names; count the others.

    Members that say nothing (null, blank, an empty list) are as good as absent.

    Parameters
    ----------
    gathered : Gathered
        Its counts grow.
    content : mapping of str to object
        The object, by folded names.
    group : str
        Its group in the mapping.
    """
    known, found = load_mapping().members[group], dict[str, Any]()
    for name, value in content.items():
        if value in (None, "", [], {}):
            continue
        member = known.get(name)
        if member is None:
            safe = name if _SAFE.fullmatch(name) else NAMELESS
            unknown = gathered.unknown
            unknown[safe if safe in unknown or len(unknown) < MOST_NAMES else NAMELESS] += 1
        elif member.kept:
            found.setdefault(member.name, value)
        else:
            gathered.dropped[member.name] += 1
    return found


def every(value: object, name: str) -> list[Any]:
    """Return the items of a list, whether it stands by itself, inside an object, or is a single item.

    Parameters
    ----------
    value : object
        What stands under the name.
    name : str
        The name, for which the mapping says under which names an object holds the list.

    Examples
    --------
    >>> every({"reportedpersons": [{"a": 1}]}, "reportedPeople"), every([1], "emails"), every("a", "emails")
    ([{'a': 1}], [1], ['a'])
    """
    if isinstance(value, dict):
        for folded in load_mapping().lists[name]:
            inside = value.get(folded)
            if isinstance(inside, list | dict):
                return list_of(inside)
    return list_of(value)


def every_object(value: object, name: str) -> list[dict[str, Any]]:
    """Return the objects among `every` item."""
    return objects_of(every(value, name))


def text_in(value: object) -> str:
    """Return a single value as text, also where it is wrapped in an object or a list; blank words are empty.

    Examples
    --------
    >>> text_in({"value": " x "}), text_in(["y"]), text_in("N/A"), text_in(5)
    ('x', 'y', '', '5')
    """
    if isinstance(value, list):
        value = next((some for some in value if some is not None), None)
    if isinstance(value, dict):
        value = value.get("value")
    text = text_of(value)
    return "" if text.lower() in load_mapping().blank else text


def flag_in(value: object) -> str:
    """Return a statement as one of three values; an object is asserted by being there.

    Examples
    --------
    >>> [flag_in(value) for value in (True, "No", "Unknown", "Yes, weekends", "no information", None, 0)]
    ['asserted', 'denied', 'unknown', 'asserted', 'unknown', 'unknown', 'denied']
    """
    if isinstance(value, dict) and "value" not in value:
        return "asserted" if value else "unknown"
    text, words = text_in(value).lower(), load_mapping()
    if text in words.yes or text.startswith(words.begins_yes):
        return "asserted"
    return "denied" if text in words.no else "unknown"


def code_in(text: str, phrases: Mapping[str, str], default: str = "unknown") -> str:
    """Return the code of the longest phrase that stands in a text as whole words.

    A text that doubts, denies or speaks of the past tells nothing.

    Examples
    --------
    >>> from triage.intake.police.mapping import load_mapping
    >>> relation = load_mapping().relation
    >>> [
    ...     code_in(text, relation)
    ...     for text in ("Step-father", "the child's mother's boyfriend", "not the father")
    ... ]
    ['step_or_partner', 'step_or_partner', 'unknown']
    """
    words = words_of(text)
    if words & load_mapping().doubt:
        return default
    return next((code for phrase, code in phrases.items() if phrase in words), default)


@lru_cache(maxsize=2_048)
def words_of(text: str) -> frozenset[str]:
    """Return the words of a text in small letters, and its runs of two and three words."""
    words = _WORD.findall(text[:512].lower())
    runs = (
        " ".join(words[at : at + length]) for length in (1, 2, 3) for at in range(len(words) - length + 1)
    )
    return frozenset(runs)


def has_word(text: str, words: Collection[str]) -> bool:
    """Say whether one of several words or phrases stands in a text that does not doubt it."""
    found = words_of(text)
    return not found.isdisjoint(words) and found.isdisjoint(load_mapping().doubt)


def age_text(value: object) -> str:
    """Return an age as digits; a range as its lower end where both ends are on one side of 18.

    Examples
    --------
    >>> age_text(44), age_text("about 44 years"), age_text("12-15"), age_text("16 to 19"), age_text("forties")
    ('44', '44', '12', '16 to 19', 'forties')
    """
    text = text_in(value)
    found = _AGE.fullmatch(text)
    if found is None:
        return text
    low, high = found[1], found[2] or found[1]
    same_side = (int(low) < 18) == (int(high) < 18) and 0 <= int(high) - int(low) <= 5
    return low if same_side else text


def time_text(value: object) -> str:
    """Return a time as ISO 8601, also where it is written with slashes or as seconds since 1970.

    Examples
    --------
    >>> time_text("03/31/2024 10:00:00 UTC"), time_text(1711879200), time_text("2024-03-31T10:00:00Z")
    ('2024-03-31T10:00:00+00:00', '2024-03-31T10:00:00+00:00', '2024-03-31T10:00:00Z')
    """
    text = text_in(value)[:64]
    if _EPOCH.fullmatch(text) and text.isascii():
        return datetime.fromtimestamp(int(text[:10]), UTC).isoformat()
    zone = UTC if text.upper().endswith((" UTC", " GMT", " Z")) else None
    plain = text.rpartition(" ")[0] if zone else text
    if "/" not in text:
        return f"{plain}+00:00" if zone else text
    for form in load_mapping().slashes:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=zone).isoformat()
        except ValueError:
            continue
    return text


def date_text(value: object) -> str:
    """Return a date as ISO 8601; of one with slashes the month is first unless it cannot be.

    Examples
    --------
    >>> date_text("3/31/1990"), date_text("31/3/1990"), date_text("1990-03-31T00:00:00Z")
    ('1990-03-31', '1990-03-31', '1990-03-31T00:00:00Z')
    """
    text = text_in(value)
    found = _SLASHED_DATE.match(text)
    if found is None:
        return text
    month, day = int(found[1]), int(found[2])
    if month > 12:
        month, day = day, month
    return f"{found[3]}-{month:02}-{day:02}"


def country_in(value: object) -> str:
    """Return the ISO 3166-1 code of a country that is given by code or name; empty where it is neither.

    Examples
    --------
    >>> country_in("nl"), country_in("Netherlands"), country_in("Atlantis")
    ('NL', 'NL', '')
    """
    text = text_in(value)
    return read_country(text) or load_mapping().country_name.get(text.lower(), "")
