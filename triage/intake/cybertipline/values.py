"""Single values of a CyberTipline document: times, flags, ages, countries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from triage.intake.cybertipline import notes as remarks
from triage.intake.cybertipline.mapping import load_mapping
from triage.schema.mend import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from triage.intake.cybertipline.notes import Remark
    from triage.intake.cybertipline.rows import Gathered
    from triage.intake.xml import Element

ADULT = 18
OLDEST = 150
FUTURE_TOLERANCE = timedelta(hours=24)
PERSON_BANDS = (
    (12, "0-12"),
    (15, "13-15"),
    (17, "16-17"),
    (24, "18-24"),
    (39, "25-39"),
    (59, "40-59"),
    (OLDEST, "60+"),
)
CHILD_BANDS = ((2, "0-2"), (6, "3-6"), (10, "7-10"), (13, "11-13"), (15, "14-15"), (17, "16-17"))
_FALSE = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading stands: all rows so far, the document's label for messages, and its report.

    Parameters
    ----------
    gathered : Gathered
        All rows so far.
    label : str
        Name of the document; stands in findings only.
    report_id : str
        Token of the report.
    scope : str
        The platform that identifiers belong to where a block names no service; empty when unknown.
    """

    gathered: Gathered
    label: str
    report_id: str
    scope: str = ""
    _numbers: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    def next_id(self, kind: str) -> str:
        """Return an identifier of the report's next event, thread or child, the same in every run."""
        return f"{self.report_id}:{kind}{next(self._numbers)}"

    def remark(self, remark: Remark) -> None:
        """Count a remark about this document."""
        self.gathered.notes.add(remark, self.label)

    def token(self, kind: str, *parts: str) -> str:
        """Return the token of an identifier."""
        return self.gathered.key.token(kind, *parts)


class StatedAge(NamedTuple):
    """What a block says of a person's age.

    Parameters
    ----------
    years : int or None
        Age at reception; None where nothing (usable) is stated.
    minor : bool or None
        Whether it is under 18; stays True where a platform disputes a child's age.
    """

    years: int | None = None
    minor: bool | None = None


def flag_of(element: Element | None) -> str:
    """Return the three-valued reading of a flag: absent is unknown, present is asserted unless it says false.

    Examples
    --------
    >>> from triage.intake.xml import parse_xml
    >>> [flag_of(parse_xml(text)) for text in (b"<a/>", b"<a> False </a>", b"<a>yes</a>")], flag_of(None)
    (['asserted', 'denied', 'asserted'], 'unknown')
    """
    if element is None:
        return "unknown"
    return "denied" if element.text.strip().lower() in _FALSE else "asserted"


def any_asserted(elements: Iterable[Element]) -> bool:
    """Say whether one of several flags is asserted."""
    return any(flag_of(element) == "asserted" for element in elements)


def is_true(text: str) -> bool:
    """Say whether an attribute is there and not false."""
    return bool(text) and text.lower() not in _FALSE


def read_codes(
    elements: Mapping[str, list[Element]], codes: Mapping[str, str], *, most_unknown: int = 20
) -> list[str] | None:
    """Return the codes of the flags that stand in a group; names without a code become ``ext:NAME``.

    Parameters
    ----------
    elements : mapping of str to list of Element
        The children of the group.
    codes : mapping of str to str
        Name -> code.
    most_unknown : int
        How many names without a code are kept; names come from outside and could be endless.
    """
    found: dict[str, None] = {}
    left = most_unknown
    for name, flags in elements.items():
        if not any_asserted(flags):
            continue
        if name in codes:
            found[codes[name]] = None
        elif left:
            left -= 1
            # Letters alone: a name from outside could carry a number or a date.
            found[f"ext:{''.join(filter(_is_letter, name))[:40]}"] = None
    return list(found) or None


def _is_letter(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def read_time(place: Place, text: str, column: str) -> datetime | None:
    """Return a time in UTC, in whole seconds; None where it is absent, unreadable or in the future.

    Parameters
    ----------
    place : Place
        Where reading stands.
    text : str
        ISO 8601, as in ``xs:dateTime``; without an offset it is taken as UTC, and told.
    column : str
        The column it is for.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text[:40])
        if found.tzinfo is None:
            place.remark(remarks.NO_ZONE._replace(column=column))
            found = found.replace(tzinfo=UTC)
        found = found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        place.remark(remarks.BAD_TIME._replace(column=column))
        return None
    if not EARLIEST <= found < LATEST:
        place.remark(remarks.BAD_TIME._replace(column=column))
        return None
    if found - place.gathered.received_at > FUTURE_TOLERANCE:
        place.remark(remarks.FUTURE_TIME._replace(column=column))
        return None
    return found


def read_age(place: Place, person: Element | None) -> StatedAge:
    """Return the age of a person at reception.

    An age and a date of birth that differ by more than a year cancel each other. An age that the platform
    disputes is unknown, but whoever states to be a child stays a possible child.
    """
    if person is None:
        return StatedAge()
    years = _agreed_age(
        place,
        _stated_years(place, person.value("age") or person.value("approximateAge")),
        _years_since(place, person.value("dateOfBirth")),
    )
    minor = None if years is None else years < ADULT
    if flag_of(person.first("ageAssertionDiscrepancy")) == "asserted":
        place.remark(remarks.AGE_DISPUTED)
        return StatedAge(None, minor or None)
    return StatedAge(years, minor)


def band_of(years: int | None, bands: tuple[tuple[int, str], ...]) -> str:
    """Return the band of an age; ``unknown`` outside all bands.

    Examples
    --------
    >>> (
    ...     band_of(15, PERSON_BANDS),
    ...     band_of(15, CHILD_BANDS),
    ...     band_of(18, CHILD_BANDS),
    ...     band_of(None, PERSON_BANDS),
    ... )
    ('13-15', '14-15', 'unknown', 'unknown')
    """
    if years is not None:
        for highest, band in bands:
            if years <= highest:
                return band
    return "unknown"


def read_country(text: str) -> str:
    """Return an ISO 3166-1 code; empty for blanks, proxies, satellites and what is no country.

    Examples
    --------
    >>> read_country(" nl "), read_country("A1"), read_country("AN")
    ('NL', '', '')
    """
    code = text.strip().upper()
    return code if code in load_mapping().countries else ""


def phone_country(phone: Element) -> str:
    """Return the country of a calling code, from its attribute or from an international number."""
    digits = phone.attribute("countryCallingCode").lstrip("+")
    number = phone.text.strip()
    known = load_mapping().calling_code
    if digits:
        return known.get(digits, "")
    if number.startswith("+") and not number.startswith("+1"):
        return next((known[number[1:end]] for end in (4, 3) if number[1:end] in known), "")
    return ""


def _agreed_age(place: Place, stated: int | None, born: int | None) -> int | None:
    if stated is not None and born is not None and abs(stated - born) > 1:
        place.remark(remarks.AGE_CONFLICT)
        return None
    return born if stated is None else stated


def _stated_years(place: Place, text: str) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= OLDEST:
        return int(text)
    place.remark(remarks.BAD_AGE)
    return None


def _years_since(place: Place, text: str) -> int | None:
    if not text:
        return None
    today = place.gathered.received_at.date()
    try:
        born = date.fromisoformat(text[:10])
    except ValueError:
        place.remark(remarks.BAD_AGE)
        return None
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if 0 <= years <= OLDEST:
        return years
    place.remark(remarks.BAD_AGE)
    return None
