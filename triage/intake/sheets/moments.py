"""Times and ages in the columns of a sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake import notes as remarks
from triage.intake.sheets.checking import BANDS
from triage.intake.sheets.columns import TEXT, TIME
from triage.intake.values import ADULT, FUTURE_TOLERANCE, OLDEST
from triage.schema.declare import Column, Kind
from triage.schema.mend import mend_column
from triage.schema.times import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.intake.sheets.checking import Filling
    from triage.intake.sheets.columns import Columns

_ANY_TIME = Column("time", Kind.TIME, "")
_NAIVE = pa.timestamp("s")
_NO_TIME = pa.scalar(None, TIME)
# What a workbook's numbers count from: days since the last but one of 1899, which makes up for a 29 February
# 1900 that never was. Five digits are the years 1927 to 2173.
_EPOCH_DAYS, _DAY = 25_569, 86_400
_SERIAL = r"^\d{5}(\.\d+)?$"
_PATTERNS = {
    "d": r"(?P<day>\d{1,2})",
    "m": r"\d{1,2}",
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "b": r"\D+",
    "B": r"\D+",
    "p": r"\D+",
}


def fill_time(filling: Filling, columns: Columns, table: str) -> pa.Array:
    """Return a column of times in UTC; what cannot be read or lies ahead is unknown."""
    name = filling.column.name
    times, bad, zoneless = parse_times(
        columns.text(*filling.columns), filling.options["formats"], filling.options["zone"], columns.serials
    )
    columns.remark(remarks.BAD_TIME._replace(column=name), bad)
    columns.remark(remarks.NO_ZONE._replace(column=name), zoneless)
    if name == "preserve_until":
        return times
    ours = table == "outcomes" or name in {"known_at", "enriched_at", "received_at", "recorded_at"}
    reference = pa.scalar(columns.received_at, TIME) if ours else columns.reception
    ahead = pc.fill_null(pc.greater(pc.subtract(times, reference), FUTURE_TOLERANCE), False)
    columns.remark(remarks.FUTURE_TIME._replace(column=name), np.asarray(ahead))
    return pc.if_else(ahead, _NO_TIME, times)


def parse_times(
    text: pa.Array, formats: Sequence[str], zone: str, serials: bool = False
) -> tuple[pa.Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Read times in given formats or in ISO 8601.

    Parameters
    ----------
    text : pyarrow.Array of string
        With nulls.
    formats : sequence of str
        As in `datetime.strptime`; the first that fits counts.
    zone : str
        Of times without an offset; empty where it is not known, then UTC.
    serials : bool
        Whether numbers are days, as workbooks count them.

    Returns
    -------
    times : pyarrow.Array of timestamp
        UTC.
    bad, zoneless : array of bool
        Where a text is no time, and where a time without an offset was taken as UTC.

    Examples
    --------
    >>> times, _, _ = parse_times(
    ...     pa.array(["1/7/2024 12:30", "31/2/2024 09:00"]), ["%d/%m/%Y %H:%M"], "Europe/Paris"
    ... )
    >>> [str(time) for time in times]
    ['2024-07-01 10:30:00+00:00', 'None']
    """
    # Many lines tell of few times, and each is read once.
    encoded = text.dictionary_encode()
    times, bad, zoneless = _parse_distinct(encoded.dictionary, formats, zone, serials=serials)
    at = np.asarray(pc.fill_null(encoded.indices, -1))
    return times.take(encoded.indices), np.append(bad, False)[at], np.append(zoneless, False)[at]


def _parse_distinct(
    text: pa.Array, formats: Sequence[str], zone: str, *, serials: bool
) -> tuple[pa.Array, NDArray[np.bool_], NDArray[np.bool_]]:
    local = pa.nulls(len(text), _NAIVE)
    for form in formats:
        local = pc.coalesce(local, _strptime(text, form))
    if serials:
        local = pc.coalesce(local, _serial(text))
    rest = pc.if_else(local.is_valid(), pa.scalar(None, TEXT), text)
    iso, _ = mend_column(rest, _ANY_TIME)
    offset = np.asarray(pc.fill_null(pc.match_substring_regex(rest, r"(Z|[+-]\d\d:?\d\d)$"), False))
    # A bare date ends like an offset: 2024-03-01.
    offset &= ~np.asarray(pc.fill_null(pc.match_substring_regex(rest, r"^\d{4}-\d\d-\d\d$"), False))
    local = pc.coalesce(local, pc.if_else(pa.array(offset), pa.scalar(None, _NAIVE), pc.cast(iso, _NAIVE)))
    local_at = pc.assume_timezone(local, zone or "UTC", ambiguous="earliest", nonexistent="latest")
    times = pc.coalesce(pc.cast(local_at, TIME), iso)
    within = pc.and_(
        pc.greater_equal(times, pa.scalar(EARLIEST, TIME)), pc.less(times, pa.scalar(LATEST, TIME))
    )
    times = pc.if_else(pc.fill_null(within, False), times, _NO_TIME)
    known = np.asarray(times.is_valid())
    bad = np.asarray(text.is_valid()) & ~known
    return times, bad, known & ~offset if not zone else np.zeros(len(text), bool)


def fill_age(filling: Filling, columns: Columns, table: str) -> pa.Array:
    """Return the places of age bands among the codes of the column."""
    bands = BANDS[table, filling.column.name]
    years = _years(filling, columns)
    highest = np.array([top for top, _ in bands])
    codes = [filling.column.codes.index(band) for _, band in bands]
    known = ~np.isnan(years)
    band = np.searchsorted(highest, np.where(known, years, 0))
    if table == "children":
        columns.remark(remarks.ADULT_VICTIM, known & (band == len(bands)))
    known &= band < len(bands)
    return pa.array(np.array(codes)[np.minimum(band, len(bands) - 1)], pa.int16(), mask=~known)


def fill_minor(filling: Filling, columns: Columns) -> pa.Array:
    """Return the places of asserted (under 18) and denied among the codes of the column."""
    years = _years(filling, columns)
    asserted, denied = (filling.column.codes.index(code) for code in ("asserted", "denied"))
    return pa.array(np.where(years < ADULT, asserted, denied), pa.int16(), mask=np.isnan(years))


def _years(filling: Filling, columns: Columns) -> NDArray[np.float64]:
    """Return ages at reception; an age and a date of birth more than a year apart cancel each other."""
    text = columns.text(*filling.parts.get("age", ()), *filling.parts.get("minor", ()))
    digits = pc.if_else(pc.match_substring_regex(text, r"^\d{1,3}$"), text, pa.scalar(None, TEXT))
    stated = _floats(pc.cast(digits, pa.float64()))
    stated[stated > OLDEST] = np.nan
    columns.remark(remarks.BAD_AGE, np.asarray(text.is_valid()) & np.isnan(stated))
    if "born" not in filling.parts:
        return stated
    dates = columns.text(*filling.parts["born"])
    formats = filling.options["formats"]
    at, now = _dates(dates, formats, serials=columns.serials), pc.cast(columns.reception, _NAIVE)
    later = pc.or_(
        pc.greater(pc.month(at), pc.month(now)),
        pc.and_(pc.equal(pc.month(at), pc.month(now)), pc.greater(pc.day(at), pc.day(now))),
    )
    born = _floats(pc.subtract(pc.year(now), pc.year(at))) - _floats(later)
    if any("%y" in form for form in formats):
        born[born < 0] += 100
    born[(born < 0) | (born > OLDEST)] = np.nan
    columns.remark(remarks.BAD_AGE, np.asarray(dates.is_valid()) & np.isnan(born))
    conflict = np.abs(stated - born) > 1
    columns.remark(remarks.AGE_CONFLICT, conflict)
    agreed = np.where(np.isnan(stated), born, stated)
    agreed[conflict] = np.nan
    return agreed


def _floats(values: pa.Array) -> NDArray[np.float64]:
    return np.array(pc.fill_null(pc.cast(pc.cast(values, pa.int64()), pa.float64()), np.nan))


def _dates(text: pa.Array, formats: Sequence[str], *, serials: bool) -> pa.Array:
    """Return dates of birth without a zone, which may lie long ago."""
    found = pa.nulls(len(text), _NAIVE)
    for form in formats:
        found = pc.coalesce(found, _strptime(text, form))
    if serials:
        found = pc.coalesce(found, _serial(text))
    return pc.coalesce(found, _strptime(pc.utf8_slice_codeunits(text, 0, 10), "%Y-%m-%d"))


def _strptime(text: pa.Array, form: str) -> pa.Array:
    """Read times in one format; a day that its month does not have is no date."""
    found = pc.strptime(text, format=form, unit="s", error_is_null=True)
    # strptime takes 31 February for 2 March.
    rolled = np.flatnonzero(np.asarray(pc.fill_null(pc.less_equal(pc.day(found), 3), False)))
    if not len(rolled) or "%d" not in form:
        return found
    pattern = "".join(
        _PATTERNS.get(piece[1], r"\d{1,2}") if piece.startswith("%") else re.escape(piece)
        for piece in re.findall(r"%.|[^%]+", form)
    )
    stated = pc.extract_regex(text.take(pa.array(rolled)), f"^{pattern}$")
    day = pc.cast(pc.struct_field(stated, "day"), pa.int64())
    wrong = np.zeros(len(text), bool)
    wrong[rolled] = np.asarray(pc.fill_null(pc.not_equal(day, pc.day(found.take(pa.array(rolled)))), False))
    return pc.if_else(pa.array(wrong), pa.scalar(None, _NAIVE), found)


def _serial(text: pa.Array) -> pa.Array:
    fits = pc.fill_null(pc.match_substring_regex(text, _SERIAL), False)
    days = pc.cast(pc.if_else(fits, text, pa.scalar(None, TEXT)), pa.float64())
    seconds = pc.round(pc.multiply(pc.subtract(days, _EPOCH_DAYS), _DAY))
    return pc.cast(pc.cast(seconds, pa.int64()), _NAIVE)
