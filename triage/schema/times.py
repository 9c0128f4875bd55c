"""Times as people and systems write them, read for a whole column at once."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_ISO_TIME = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?$"
_PLAIN_TIME = len("2024-03-01T10:00:00Z")
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def are_within(times: pa.Array) -> bool:
    """Say whether all times lie in the years that are read, in one look."""
    ends = pc.min_max(times.cast(pa.int64())).as_py()
    return ends["min"] is None or EARLIEST.timestamp() <= ends["min"] <= ends["max"] < LATEST.timestamp()


def parse_times(text: pa.Array) -> pa.Array:
    """Return ISO 8601 times to the second, in UTC; without an offset they are taken as UTC.

    Parameters
    ----------
    text : pyarrow.Array of string
        As they were written.

    Returns
    -------
    pyarrow.Array of timestamp
        Null where a text is no time, or one far from the years that are read.

    Examples
    --------
    >>> parse_times(pa.array(["2024-03-01T12:00+02:00", "2024-02-30"])).is_valid().to_pylist()
    [True, False]
    """
    length = pc.min_max(pc.binary_length(text)).as_py()
    if length["min"] == length["max"] == _PLAIN_TIME and pc.all(pc.ends_with(text, "Z")).as_py():
        # Of this shape, which our own exports have, Arrow reads what the pattern below lets pass.
        with suppress(pa.ArrowInvalid):
            return pc.cast(text, pa.timestamp("s", "UTC"))
    text = pc.if_else(pc.match_substring_regex(text, _ISO_TIME), text, None)
    text = pc.if_else(pa.array(_are_in_calendar(text)), text, None)
    has_zone = pc.fill_null(pc.match_substring_regex(text, r"(Z|[+-]\d\d:?\d\d)$"), False)
    bare_date = pc.fill_null(pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d$"), False)
    text = pc.if_else(bare_date, pc.binary_join_element_wise(text, "T00:00", ""), text)
    zoned = pc.if_else(has_zone, text, pc.binary_join_element_wise(text, "Z", ""))
    try:
        return pc.cast(pc.cast(zoned, pa.timestamp("ns", "UTC")), pa.timestamp("s", "UTC"), safe=False)
    except pa.ArrowInvalid:  # one time that Arrow cannot read stops the whole column
        return pa.array([_parse_time(value) for value in zoned.to_pylist()], pa.timestamp("s", "UTC"))


def _are_in_calendar(text: pa.Array) -> NDArray[np.bool_]:
    """Say which times there may be: one that is not, such as of 30 February, would stop the whole column."""
    year, month, day, hour, minute, second = (
        _read_number(pc.utf8_slice_codeunits(text, start, stop))
        for start, stop in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
    )
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS[np.clip(month, 0, 12)] + ((month == 2) & is_leap)
    # Far from the years that are read; Arrow counts in nanoseconds, and so no further than 2262.
    is_near = (year >= EARLIEST.year - 1) & (year <= LATEST.year)
    on_clock = (hour < 24) & (minute < 60) & (second < 60)
    return np.asarray(is_near & (month <= 12) & (day >= 1) & (day <= longest) & on_clock)


def _read_number(digits: pa.Array) -> NDArray[np.int64]:
    """Return the number that some letters are; 0 where there are none."""
    return np.asarray(pc.cast(pc.if_else(pc.equal(digits, ""), "0", digits), pa.int64()).fill_null(0))


def _parse_time(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value)).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
