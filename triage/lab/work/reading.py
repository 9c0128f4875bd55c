"""Read a work file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.lab.files import find_file, list_files, read_section
from triage.lab.work.work import IDENTITIES, LAWS, Alternatives, Findings, Hours, Referral, Success, Work
from triage.scoring.written import read_name, read_number, read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECTIONS = {
    "hours": ("mean", "spread", "a_version", "most_versions", "youth", "law"),
    "success": ("chance", "half_life_days", "gone"),
    "findings": ("invented", "undetermined", "undetermined_missed"),
    "referral": ("days", "hours", "abroad", "known_days", "success"),
    "alternatives": ("after_days", "hours", "a_week", "identities"),
    "prosecution": ("no", "yes", "undetermined"),
}


def load_work(name: str | Path = "default") -> Work:
    """Load a work file by the name of a shipped one, or by its path.

    Raises
    ------
    InputRefusedError
        There is none, it cannot be read, or a number in it cannot be meant.

    Examples
    --------
    >>> load_work("default").success.chance[-2]
    0.84
    """
    return parse_work(read_toml(find_file("work", name)), str(name))


def list_works() -> list[str]:
    """Return the names of the shipped work files.

    Examples
    --------
    >>> list_works()
    ['default']
    """
    return list_files("work")


def parse_work(content: Mapping[str, Any], where: str) -> Work:
    """Make a work of what stands in a file.

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
    refuse_unknown_keys(content, ("name", *_SECTIONS), where)
    parts = {key: read_section(content, key, known, where) for key, known in _SECTIONS.items()}
    hours, success, findings = parts["hours"], parts["success"], parts["findings"]
    referral, down = parts["referral"], parts["prosecution"]
    chances = {key: _chance(findings, key, f"{where}: [findings]") for key in _SECTIONS["findings"]}
    if chances["invented"] + chances["undetermined"] > 1:
        raise InputRefusedError(
            "invented and undetermined are more than 1 together", where=f"{where}: [findings]"
        )
    return Work(
        name=read_name(content.get("name"), where),
        hours=Hours(
            mean=_by_identity(hours, "mean", (0.01, 100_000), f"{where}: [hours]"),
            spread=read_number(hours, "spread", (0, 10), f"{where}: [hours]", default=1.0),
            a_version=read_number(hours, "a_version", (0, 10), f"{where}: [hours]", default=0.0),
            most_versions=int(
                read_number(hours, "most_versions", (0, 1_000), f"{where}: [hours]", default=0)
            ),
            youth=read_number(hours, "youth", (0.001, 1), f"{where}: [hours]", default=1.0),
            law=_one_of(hours, "law", LAWS, f"{where}: [hours]"),
        ),
        success=Success(
            chance=_by_identity(success, "chance", (0, 1), f"{where}: [success]"),
            half_life_days=read_number(
                success, "half_life_days", (1, math.inf), f"{where}: [success]", default=math.inf
            ),
            gone=_chance(success, "gone", f"{where}: [success]", 1.0),
        ),
        findings=Findings(**chances),
        referral=Referral(
            days=read_number(referral, "days", (0, 365), f"{where}: [referral]", default=7.0),
            hours=read_number(referral, "hours", (0, 1_000), f"{where}: [referral]", default=0.0),
            abroad=_chance(referral, "abroad", f"{where}: [referral]"),
            known_days=read_number(referral, "known_days", (0, 365), f"{where}: [referral]", default=0.0),
            success=_chance(referral, "success", f"{where}: [referral]", 1.0),
        ),
        alternatives=_read_alternatives(parts["alternatives"], f"{where}: [alternatives]"),
        prosecuted=(
            _chance(down, "no", f"{where}: [prosecution]"),
            _chance(down, "yes", f"{where}: [prosecution]"),
            _chance(down, "undetermined", f"{where}: [prosecution]"),
        ),
    )


def _chance(section: Mapping[str, Any], key: str, where: str, default: float = 0.0) -> float:
    return read_number(section, key, (0, 1), where, default=default)


def _by_identity(
    section: Mapping[str, Any], key: str, span: tuple[float, float], place: str
) -> tuple[float, ...]:
    table = section.get(key)
    if not isinstance(table, dict) or set(table) != set(IDENTITIES):
        raise InputRefusedError(
            f"{key} is not there for each",
            where=place,
            expected=f"a number for each of {', '.join(IDENTITIES)}",
        )
    return tuple(read_number(table, name, span, f"{place} {key}", default=0.0) for name in IDENTITIES)


def _one_of(section: Mapping[str, Any], key: str, known: tuple[str, ...], place: str) -> str:
    value = section.get(key, known[0])
    if value not in known:
        raise InputRefusedError(f"{key} = {value!r}", where=place, expected=", ".join(known))
    return str(value)


def _read_alternatives(section: Mapping[str, Any], place: str) -> Alternatives:
    identities = section.get("identities", ["named", "civil_identity"])
    if not isinstance(identities, list) or not set(identities) <= set(IDENTITIES):
        raise InputRefusedError(
            f"identities = {identities!r}", where=place, expected=f"some of {', '.join(IDENTITIES)}"
        )
    return Alternatives(
        after_days=read_number(section, "after_days", (0, 3_650), place, default=30.0),
        hours=read_number(section, "hours", (0, 10_000), place, default=0.0),
        a_week=read_number(section, "a_week", (0, math.inf), place, default=math.inf),
        identities=tuple(identities),
    )
