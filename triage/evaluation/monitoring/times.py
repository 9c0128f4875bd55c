"""Times of cases, and the periods of the UTC calendar that they fall into."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

Times = NDArray[np.datetime64]
CalendarUnit = Literal["week", "month", "quarter", "year"]
Step = Literal["auto", "day", "week", "month"]
LONGEST_CALENDAR = 10_000
MOST_STEPS, AUTO_STEPS = 2_000, 400
_EPOCH_MONDAY = np.datetime64("1969-12-29")
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_EXPECTED = "a date or a time a case, such as 2024-03-01 or 2024-03-01T10:00:00Z"


@dataclass(frozen=True, eq=False)
class Calendar:
    """Periods that follow each other without a gap, and the period of each case.

    Parameters
    ----------
    index : array of shape (cases,)
        Which period each case falls into, counted from 0.
    start, end : array of shape (periods,)
        First instant of each period, and the first after it; NaT where a period has no beginning or no end.
    label : tuple of str
        Name of each period.
    """

    index: NDArray[np.int64]
    start: Times
    end: Times
    label: tuple[str, ...]


def check_time(time: ArrayLike, name: str = "time") -> Times:
    """Return times as ``datetime64[s]`` in UTC.

    Parameters
    ----------
    time : array of shape (cases,)
        Of ``datetime64``, of dates or times, of ISO 8601 text, or a pandas column of one of these. What
        names no time zone is taken as UTC.
    name : str
        What an error calls it.

    Raises
    ------
    InputRefusedError
        Values that are no times, or missing, with how often and where first.

    Examples
    --------
    >>> check_time(["2024-03-01", "2024-03-01T01:30:00+02:00"])
    array(['2024-03-01T00:00:00', '2024-02-29T23:30:00'], dtype='datetime64[s]')
    """
    kind = getattr(getattr(time, "dtype", None), "kind", "O")
    # A pandas column with a time zone calls itself "M" too, and becomes an array of objects.
    if not (isinstance(time, np.ndarray) and kind == "M"):
        time = _parse(time, name)
    array = np.asarray(time)
    if array.ndim != 1:
        raise InputRefusedError(f"an array of shape {array.shape}", where=name, expected="one dimension")
    missing = np.isnat(array)
    if missing.any():
        first, count = int(np.argmax(missing)), int(np.count_nonzero(missing))
        times = "once" if count == 1 else f"{count:,} times, there first"
        raise InputRefusedError(
            f"no time ({times})",
            where=f"{name}, row {first + 1}",
            expected=_EXPECTED,
            mend="give those cases a time, or leave them out",
        )
    return array.astype("datetime64[s]")


def cut_calendar(time: Times, period: CalendarUnit | Sequence[str | date | np.datetime64]) -> Calendar:
    """Put cases into periods.

    Parameters
    ----------
    time : array of shape (cases,)
        From `check_time`.
    period : {"week", "month", "quarter", "year"} or dates
        Whole periods of the UTC calendar, from that of the first case to that of the last, weeks as in ISO
        8601 from Monday on; or rising dates at each of which a new period begins, the first of them after
        an open beginning.

    Raises
    ------
    InputRefusedError
        Another word, dates that do not rise, or more than 10,000 periods.

    Examples
    --------
    >>> calendar = cut_calendar(check_time(["2024-03-31", "2024-01-01"]), "month")
    >>> calendar.index, calendar.label
    (array([2, 0]), ('2024-01', '2024-02', '2024-03'))
    >>> cut_calendar(check_time(["2024-03-31", "2024-01-01"]), ["2024-02-01"]).label
    ('before 2024-02-01', 'from 2024-02-01')
    """
    if isinstance(period, str):
        return _cut_units(time, period)
    cuts = check_time(_listed(period), "period")
    if np.any(np.diff(cuts) <= np.timedelta64(0, "s")):
        raise InputRefusedError("dates that do not rise", where="period", expected="each after the last")
    open_end = np.array(["NaT"], dtype="datetime64[s]")
    names = [_name_instant(cut) for cut in cuts]
    between = [f"{first} until {last}" for first, last in pairwise(names)]
    return Calendar(
        index=np.searchsorted(cuts, time, side="right"),
        start=np.concatenate([open_end, cuts]),
        end=np.concatenate([cuts, open_end]),
        label=(f"before {names[0]}", *between, f"from {names[-1]}"),
    )


def _parse(time: ArrayLike, name: str) -> Any:
    import pandas as pd  # noqa: PLC0415 - slow to import, and arrays of times need none of it

    values: Any = pd.Series(time)  # type: ignore[call-overload, unused-ignore] # an array-like of any kind
    if values.dtype.kind in "biufc":
        raise InputRefusedError(f"{values.dtype} values", where=name, expected=_EXPECTED)
    if values.dtype.kind == "M":
        parsed = values if values.dt.tz is None else values.dt.tz_convert("UTC").dt.tz_localize(None)
        return parsed.to_numpy()
    text = values.map(str, na_action="ignore")
    parsed = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce").dt.tz_localize(None)
    wrong = (parsed.isna() & values.notna() & (text != "")).to_numpy()
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputRefusedError(
            f"found {text.iloc[first][:40]!r}", where=f"{name}, row {first + 1}", expected=_EXPECTED
        )
    return parsed.to_numpy()


@dataclass(frozen=True, eq=False)
class Steps:
    """Days, weeks or months that have cases, first to last.

    Parameters
    ----------
    index : array of shape (cases,)
        Which step each case falls into, counted from 0.
    start : array of shape (steps,)
        First day of each.
    unit : str
        ``day``, ``week`` or ``month``.
    """

    index: NDArray[np.int64]
    start: Times
    unit: str

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of the values of each step's cases."""
        sums: NDArray[np.float64] = np.bincount(self.index, values, len(self.start)).astype(np.float64)
        return sums


def cut_steps(time: Times, unit: Step) -> Steps:
    """Put cases into steps, those without cases left out.

    Parameters
    ----------
    time : array of shape (cases,)
        From `check_time`.
    unit : {"auto", "day", "week", "month"}
        "auto": days; weeks where there are more than 400 days with cases; else months.

    Raises
    ------
    InputRefusedError
        Another unit, or more than 2,000 steps.

    Examples
    --------
    >>> steps = cut_steps(check_time(["2024-03-31", "2024-01-01", "2024-03-31"]), "day")
    >>> steps.index, steps.start
    (array([1, 0, 1]), array(['2024-01-01', '2024-03-31'], dtype='datetime64[D]'))
    """
    units = ("day", "week", "month") if unit == "auto" else (unit,)
    if not set(units) <= {"day", "week", "month"}:
        raise InputRefusedError(f"{unit!r}", where="step", expected="auto, day, week or month")
    for name in units:
        number = _number_units(time, name)
        kept, index = np.unique(number, return_inverse=True)
        if unit != "auto" or len(kept) <= AUTO_STEPS:
            break
    if len(kept) > MOST_STEPS:
        raise InputRefusedError(
            f"{len(kept):,} {name}s with cases",
            where="step",
            expected=f"at most {MOST_STEPS:,}",
            mend="choose a longer step, or leave out times that are wrong by years",
        )
    return Steps(index, _start_of(kept, name).astype("datetime64[D]"), name)


def _number_units(time: Times, unit: str) -> NDArray[np.int64]:
    days = time.astype("datetime64[D]")
    if unit in {"day", "week"}:
        return (days - _EPOCH_MONDAY).astype(np.int64) // _DAYS[unit]
    return time.astype("datetime64[M]").astype(np.int64) // _MONTHS[unit]


def _listed(period: Any) -> list[Any]:
    dates = list(period) if np.iterable(period) else []
    if not dates:
        raise _refuse_period(period)
    return dates


def _cut_units(time: Times, period: str) -> Calendar:
    if period not in {"week", "month", "quarter", "year"}:
        raise _refuse_period(period)
    unit = _number_units(time, period)
    first, last = int(unit.min()), int(unit.max())
    if last - first >= LONGEST_CALENDAR:
        raise InputRefusedError(
            f"{last - first + 1:,} {period}s from the first case to the last",
            where="time",
            expected=f"at most {LONGEST_CALENDAR:,}",
            mend="look for times that are wrong by centuries, or choose longer periods",
        )
    bounds = _start_of(np.arange(first, last + 2), period)
    label = tuple(_name_unit(start, period) for start in bounds[:-1])
    return Calendar(unit - first, bounds[:-1], bounds[1:], label)


def _start_of(unit: NDArray[np.int64], period: str) -> Times:
    if period in _DAYS:
        return (_EPOCH_MONDAY + _DAYS[period] * unit).astype("datetime64[s]")
    return (unit * _MONTHS[period]).astype("datetime64[M]").astype("datetime64[s]")


def _name_unit(start: np.datetime64, period: str) -> str:
    day = start.astype("datetime64[D]").item()
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if period == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day.year}" if period == "year" else f"{day:%Y-%m}"


def _name_instant(instant: np.datetime64) -> str:
    return str(instant).removesuffix("T00:00:00")


def _refuse_period(period: object) -> InputRefusedError:
    return InputRefusedError(
        f"{period!r}", where="period", expected="week, month, quarter, year, or dates at which periods begin"
    )
