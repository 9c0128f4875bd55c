"""Read a staff file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.lab.files import BASIS, check_basis, find_file, list_files, read_section
from triage.lab.staff.staff import MAIN, Joining, Prosecution, Staff, Unit
from triage.scoring.written import read_name, read_number, read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LANES = (*MAIN, "youth")


def load_staff(name: str | Path) -> Staff:
    """Load a staff by the name of a shipped one, or by the path of a file.

    Raises
    ------
    InputRefusedError
        There is none, it cannot be read, or a number in it cannot be meant.

    Examples
    --------
    >>> load_staff("nl-2017").detectives
    150
    """
    return parse_staff(read_toml(find_file("staff", name)), str(name))


def list_staffs() -> list[str]:
    """Return the names of the shipped staffs.

    Examples
    --------
    >>> "nl-2017" in list_staffs()
    True
    """
    return list_files("staff")


def parse_staff(content: Mapping[str, Any], where: str) -> Staff:
    """Make a staff of what stands in a file.

    Parameters
    ----------
    content : mapping
        As TOML reads it.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A part is not there, is unknown, has no source, or cannot be meant.
    """
    known = (
        "name",
        "volume",
        "units",
        "interruption",
        "holidays",
        "learning",
        "start",
        "list",
        "prosecution",
    )
    refuse_unknown_keys(content, known, where)
    interruption = _section(content, "interruption", ("by_escalated",), where)
    learning = _section(content, "learning", ("speed", "weeks"), where)
    start = _section(content, "start", ("busy",), where)
    return Staff(
        name=read_name(content.get("name"), where),
        units=_read_units(content, where),
        interrupt=_read_switch(interruption, "by_escalated", f"{where}: [interruption]"),
        holidays=_read_holidays(content, where),
        starter_speed=read_number(learning, "speed", (0.01, 1), f"{where}: [learning]", default=1.0),
        starter_weeks=read_number(learning, "weeks", (0, 520), f"{where}: [learning]", default=0.0),
        busy_at_start=_read_switch(start, "busy", f"{where}: [start]"),
        tiers_days=_read_tiers(content, where),
        prosecution=_read_prosecution(content, where),
        reports_a_year=read_number(
            _section(content, "volume", ("reports_a_year",), where),
            "reports_a_year",
            (0, 1e9),
            f"{where}: [volume]",
            default=0.0,
        ),
    )


def _section(content: Mapping[str, Any], key: str, known: tuple[str, ...], where: str) -> Mapping[str, Any]:
    """Return a section; an empty one where the file has none."""
    return {} if content.get(key) is None else read_section(content, key, known, where)


def _read_switch(section: Mapping[str, Any], key: str, place: str) -> bool:
    value = section.get(key, False)
    if not isinstance(value, bool):
        raise InputRefusedError(f"{key} = {value!r}", where=place, expected="true or false")
    return value


def _read_units(content: Mapping[str, Any], where: str) -> tuple[Unit, ...]:
    units = content.get("units")
    if not isinstance(units, list) or not units or not all(isinstance(unit, dict) for unit in units):
        raise InputRefusedError("no units", where=where, expected="one [[units]] or more")
    return tuple(_read_unit(unit, f"{where}: [[units]] {number}") for number, unit in enumerate(units, 1))


def _read_unit(unit: Mapping[str, Any], place: str) -> Unit:
    known = (
        "name",
        "detectives",
        "lanes",
        "hours_a_week",
        "caseload",
        "speed",
        "success",
        "joining",
        *BASIS,
    )
    refuse_unknown_keys(unit, known, place)
    check_basis(unit, place)
    lanes = unit.get("lanes", list(MAIN))
    if not isinstance(lanes, list) or not lanes or not set(lanes) <= set(_LANES):
        raise InputRefusedError(f"lanes = {lanes!r}", where=place, expected=f"some of {', '.join(_LANES)}")
    joining = unit.get("joining", [])
    if not isinstance(joining, list) or not all(isinstance(one, dict) for one in joining):
        raise InputRefusedError(
            f"joining = {joining!r}", where=place, expected="a list such as [{ detectives = 10, week = 4 }]"
        )
    for one in joining:
        refuse_unknown_keys(one, ("detectives", "week"), place)
    return Unit(
        name=read_name(unit.get("name"), place),
        detectives=int(read_number(unit, "detectives", (0, 1_000_000), place, default=0)),
        lanes=tuple(lane for lane in _LANES if lane in lanes),
        hours_a_week=read_number(unit, "hours_a_week", (0.1, 168), place, default=40.0),
        caseload=int(read_number(unit, "caseload", (1, 1_000), place, default=1)),
        speed=read_number(unit, "speed", (0.01, 100), place, default=1.0),
        success=read_number(unit, "success", (0.01, 100), place, default=1.0),
        joining=tuple(
            Joining(
                int(read_number(one, "detectives", (0, 1_000_000), place, default=0)),
                int(read_number(one, "week", (0, 5_200), place, default=0)),
            )
            for one in joining
        ),
    )


def _read_holidays(content: Mapping[str, Any], where: str) -> dict[int, float]:
    section = _section(content, "holidays", ("weeks",), where)
    place = f"{where}: [holidays] weeks"
    weeks = section.get("weeks", {})
    if not isinstance(weeks, dict) or not all(key.isdigit() and 1 <= int(key) <= 53 for key in weeks):
        raise InputRefusedError("no weeks", where=place, expected="ISO weeks 1 to 53, each with a share")
    return {int(key): read_number(weeks, key, (0, 1), place, default=1.0) for key in weeks}


def _read_tiers(content: Mapping[str, Any], where: str) -> tuple[int, ...]:
    days = _section(content, "list", ("tiers_days",), where).get("tiers_days", [1, 7, 14, 30])
    sound = isinstance(days, list) and days and all(type(day) is int and day > 0 for day in days)
    if not sound or days != sorted(set(days)):
        raise InputRefusedError(
            f"tiers_days = {days!r}", where=f"{where}: [list]", expected="whole days that grow"
        )
    return tuple(days)


def _read_prosecution(content: Mapping[str, Any], where: str) -> Prosecution | None:
    if "prosecution" not in content:
        return None
    section = _section(content, "prosecution", ("a_year", "waiting"), where)
    place = f"{where}: [prosecution]"
    return Prosecution(
        a_month=read_number(section, "a_year", (0, 1e9), place, default=0.0) / 12,
        waiting=int(read_number(section, "waiting", (0, 1_000_000_000), place, default=0)),
    )
