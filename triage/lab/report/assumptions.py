"""Every assumption of the lab, read from the files in which it stands."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.lab.files import BASIS, FOLDERS, find_file, list_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UNSTATED = "not stated"


@dataclass(frozen=True)
class Assumption:
    """One table of a file with what its numbers rest on.

    Parameters
    ----------
    place : str
        Its name in the file, with dots.
    value : str
        Its numbers, as they stand there.
    kind : str
        ``published``, ``found``, ``derived`` or ``assumed``.
    source : str
        Who published them, or what the choice leans on.
    """

    place: str
    value: str
    kind: str
    source: str


def read_assumptions(path: Path) -> tuple[Assumption, ...]:
    """Return what a file assumes, table by table, in its order.

    Parameters
    ----------
    path : Path
        A TOML file of the lab.
    """
    return tuple(gather_assumptions(tomllib.loads(path.read_text(encoding="utf-8"))))


def gather_assumptions(content: Mapping[str, Any], place: str = "") -> Iterator[Assumption]:
    """Give the assumptions of a table and of all tables in it.

    Examples
    --------
    >>> hours = {"mean": 40, "class": "assumed", "source": "no published hours"}
    >>> [one.place for one in gather_assumptions({"name": "x", "hours": hours})]
    ['hours']
    """
    if not content.keys().isdisjoint(BASIS):
        yield Assumption(
            place=place or "the whole file",
            value="; ".join(_show(content)),
            kind=str(content.get("class", UNSTATED)),
            source=str(content.get("source", UNSTATED)),
        )
    for name, value in content.items():
        below = f"{place}.{name}" if place else name
        if isinstance(value, dict):
            yield from gather_assumptions(value, below)
        elif isinstance(value, list):
            for index, item in enumerate(value, start=1):
                if isinstance(item, dict):
                    yield from gather_assumptions(item, f"{below} {item.get('name', index)}")


def _show(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if name in BASIS or _stands_alone(value):
            continue
        yield f"{name} = {_value(value)}"


def _stands_alone(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and not item.keys().isdisjoint(BASIS) for item in items)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(item)}" for name, item in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shipped_files() -> list[Path]:
    """Return the files of the lab that travel with the package, in order."""
    return [find_file(folder, name) for folder in FOLDERS for name in list_files(folder)]
