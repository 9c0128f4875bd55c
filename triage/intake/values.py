"""Single values that stand in many formats: times, ages, and where reading stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from triage.intake import notes as remarks
from triage.schema.times import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.intake.notes import Remark
    from triage.intake.rows import Gathered

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
    received_at : datetime, optional
        When the report was received, where it says so; else when the documents were.
    """

    gathered: Gathered
    label: str
    report_id: str
    scope: str = ""
    received_at: datetime | None = None
    _numbers: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    @property
    def reception(self) -> datetime:
        """When the report was received."""
        return self.received_at or self.gathered.received_at

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


def read_time(place: Place, text: str, column: str, zone: tzinfo | None = None) -> datetime | None:
    """Return a time in UTC, in whole seconds; None where it is absent, unreadable or in the future.

    Parameters
    ----------
    place : Place
        Where reading stands.
    text : str
        ISO 8601, as in ``xs:dateTime``; without an offset it is taken as local time, and told.
    column : str
        The column it is for.
    zone : tzinfo, optional
        Of local time; UTC where a format names none.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text[:40])
        if found.tzinfo is None:
            told = remarks.LOCAL_TIME if zone else remarks.NO_ZONE
            place.remark(told._replace(column=column))
            found = found.replace(tzinfo=zone or UTC)
        found = found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        place.remark(remarks.BAD_TIME._replace(column=column))
        return None
    if not EARLIEST <= found < LATEST:
        place.remark(remarks.BAD_TIME._replace(column=column))
        return None
    if found - place.reception > FUTURE_TOLERANCE:
        place.remark(remarks.FUTURE_TIME._replace(column=column))
        return None
    return found


def agree_age(place: Place, *, years: str, born: str, disputed: bool = False) -> StatedAge:
    """Return the age of a person at reception.

    An age and a date of birth that differ by more than a year cancel each other. An age that the platform
    disputes is unknown, but whoever states to be a child stays a possible child.

    Parameters
    ----------
    place : Place
        Where reading stands.
    years, born : str
        The age in years and the date of birth as they are written; either may be empty.
    disputed : bool
        Whether the sender itself holds the age to be wrong.
    """
    agreed = _agreed_age(place, _stated_years(place, years), _years_since(place, born))
    minor = None if agreed is None else agreed < ADULT
    if disputed:
        place.remark(remarks.AGE_DISPUTED)
        return StatedAge(None, minor or None)
    return StatedAge(agreed, minor)


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
    today = place.reception.date()
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
