"""Read what a world file says of the prosecution, and refuse what is wrong in it, with the key."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from triage.schema.tables import TABLES
from triage.worlds.file.prosecution_plan import (
    COURT,
    DISPOSALS,
    INFLOW,
    KINDS,
    ORDERS,
    Alternative,
    Column,
    Delay,
    Period,
    Plan,
    Referral,
    Stock,
)
from triage.worlds.file.rules import SUM_TOLERANCE
from triage.worlds.file.section import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.worlds.file.section import Section

MOST_CASES = 1_000_000
MOST_DAYS = 10_000
EVIDENCE = ("class", "source")


def read_prosecution(section: Section) -> Plan:
    """Read the prosecution of a world.

    Parameters
    ----------
    section : Section
        The table ``[prosecution]``.

    Returns
    -------
    Plan
        Checked.

    Raises
    ------
    InputRefusedError
        An unknown code, shares that do not sum to 1, periods that do not ascend, or a key that is missing or
        has no meaning.

    Examples
    --------
    >>> from triage.worlds.file.section import Section
    >>> read_prosecution(Section({"cases": 100, "order": "alphabet"}, "w.toml", "prosecution"))
    Traceback (most recent call last):
    triage.errors.InputRefusedError: w.toml, prosecution.order: 'alphabet'; expected longest_waiting or drawn
    """
    cases, order = section.integer("cases"), section.text("order")
    if not 1 <= cases <= MOST_CASES:
        raise section.refuse("cases", cases, f"a whole number from 1 to {MOST_CASES}")
    if order not in ORDERS:
        raise section.refuse("order", order, " or ".join(ORDERS))
    section.evidence()
    referrals = _read_referrals(section.section("referral"))
    delay = _read_delay(section.section("delay"))
    stock = _read_stock(section.section("stock"))
    periods = _read_periods(section)
    alternatives, on = _read_alternatives(section, [period.name for period in periods])
    published = _read_columns(section.section("published")) if "published" in section else ()
    section.refuse_others()
    return Plan(cases, order, referrals, delay, stock, periods, alternatives, on, published)


def _read_columns(section: Section) -> tuple[Column, ...]:
    section.evidence()
    columns = []
    for name in _own_names(section):
        entry = section.section(name)
        start, end = entry.instant("start"), entry.instant("end")
        if end <= start:
            raise entry.refuse("end", end, f"a time after {start}")
        columns.append(Column(name, start, end, {row: entry.integer(row) for row in (INFLOW, *DISPOSALS)}))
        entry.refuse_others()
    section.refuse_others()
    return tuple(columns)


def _read_referrals(section: Section) -> dict[str, Referral]:
    section.evidence()
    codes = TABLES["outcomes"]["outcome_kind"].codes
    referrals = {}
    for name in _own_names(section):
        entry = section.section(name)
        if name not in codes:
            raise section.refuse(name, name, "one of " + ", ".join(codes))
        referrals[name] = Referral(entry.share("p"), _shares(entry, "kinds", KINDS))
        entry.refuse_others()
    return referrals


def _read_delay(section: Section) -> Delay:
    section.evidence()
    bands = section.take("bands")
    sound = isinstance(bands, list) and bool(bands) and all(_is_band(band) for band in bands)
    if not sound:
        raise section.refuse("bands", bands, f"pairs [low, high] of days from 0 to {MOST_DAYS}")
    p = section.numbers("p")
    _check_shares(section, "p", p, len(bands))
    section.refuse_others()
    return Delay(p, tuple((float(low), float(high)) for low, high in bands))


def _is_band(band: object) -> bool:
    return (
        isinstance(band, list)
        and len(band) == 2
        and all(map(is_number, band))
        and 0 <= band[0] <= band[1] <= MOST_DAYS
    )


def _read_stock(section: Section) -> Stock:
    section.evidence()
    stock = Stock(_amount(section, "size"), _shares(section, "kinds", KINDS))
    section.refuse_others()
    return stock


def _read_periods(parent: Section) -> tuple[Period, ...]:
    section, periods = parent.section("periods"), []
    for name in section.names():
        entry = section.section(name)
        entry.evidence()
        start = _first_of_month(entry, "start")
        mix = tuple(_shares(entry, kind, DISPOSALS) for kind in KINDS)
        periods.append(Period(name, start, _amount(entry, "outflow"), mix))
        entry.refuse_others()
    for earlier, later in pairwise(periods):
        if later.start <= earlier.start:
            raise section.section(later.name).refuse("start", later.start, f"a time after {earlier.start}")
    if not periods:
        raise parent.refuse("periods", "no period", "a table for each, such as [prosecution.periods.2015]")
    return tuple(periods)


def _read_alternatives(parent: Section, periods: Sequence[str]) -> tuple[tuple[Alternative, ...], bool]:
    if "alternatives" not in parent:
        return (), False
    section = parent.section("alternatives")
    on = section.flag("on")
    alternatives = tuple(
        _read_alternative(section.section(name), name, periods) for name in section.names() if name != "on"
    )
    for row, period in enumerate(periods):
        for column, kind in enumerate(KINDS):
            total = sum(one.shares[row][column] for one in alternatives)
            if total > 1 + SUM_TOLERANCE:
                raise parent.refuse("alternatives", f"a sum of {total:.6g} ({kind}, {period})", "1 at most")
    return alternatives, on


def _read_alternative(entry: Section, name: str, periods: Sequence[str]) -> Alternative:
    entry.evidence()
    to = entry.text("to")
    allowed = [disposal for disposal in DISPOSALS if disposal not in COURT]
    if to not in allowed:
        raise entry.refuse("to", to, "one of " + ", ".join(allowed))
    shares = [[0.0] * len(KINDS) for _ in periods]
    for column, kind in enumerate(KINDS):
        if kind not in entry:
            continue
        by_period = entry.section(kind)
        for period in by_period.names():
            if period not in periods:
                raise by_period.refuse(period, period, "one of the periods " + ", ".join(periods))
            shares[periods.index(period)][column] = by_period.share(period)
    entry.refuse_others()
    return Alternative(name, to, tuple(map(tuple, shares)))


def _own_names(section: Section) -> list[str]:
    return [name for name in section.names() if name not in EVIDENCE]


def _shares(section: Section, key: str, names: Sequence[str]) -> tuple[float, ...]:
    values = section.numbers(key)
    _check_shares(section, key, values, len(names))
    return values


def _check_shares(section: Section, key: str, values: Sequence[float], count: int) -> None:
    if len(values) != count:
        raise section.refuse(key, f"{len(values)} shares", f"{count}")
    if min(values) < 0 or max(values) > 1:
        raise section.refuse(key, list(values), "shares from 0 to 1")
    if abs(sum(values) - 1) > SUM_TOLERANCE:
        raise section.refuse(key, f"a sum of {sum(values):.6g}", "shares that sum to 1")


def _amount(section: Section, key: str) -> float:
    amount = section.amount(key)
    if amount > MOST_CASES:
        raise section.refuse(key, amount, f"{MOST_CASES} at most")
    return amount


def _first_of_month(section: Section, key: str) -> datetime:
    moment = section.instant(key)
    if moment != datetime(moment.year, moment.month, 1, tzinfo=UTC):
        raise section.refuse(key, moment, "the first moment of a month (UTC)")
    return moment
