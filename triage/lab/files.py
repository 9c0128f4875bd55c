"""The files that people write for the lab: found by name or path; each section says what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from triage.errors import InputRefusedError
from triage.scoring.written import read_source, refuse_unknown_keys
from triage.shipped import find_shipped, list_shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Folder = Literal["staff", "work"]
FOLDERS: tuple[Folder, ...] = ("staff", "work")
BASIS = ("class", "source")
CLASSES = ("published", "derived", "assumed")


def list_files(folder: Folder) -> list[str]:
    """Return the names of the shipped files of a kind.

    Examples
    --------
    >>> list_files("work")
    ['default']
    """
    return list_shipped("models", f"{folder}/*.toml")


def find_file(folder: Folder, name: str | Path) -> Path:
    """Return a file of staff or of work, by the name of a shipped one or by its path.

    Raises
    ------
    InputRefusedError
        There is none.

    Examples
    --------
    >>> find_file("staff", "nl-2017").name
    'nl-2017.toml'
    """
    text, shipped = str(name), list_files(folder)
    if text in shipped:
        return find_shipped("models", folder, f"{text}.toml")
    if text and Path(name).is_file():
        return Path(name)
    raise InputRefusedError(
        f"no such {folder} file",
        where=text[:200] or f"--{folder}",
        expected=", ".join(shipped) + f"; or the path of a {folder} file (.toml)",
        mend="check the spelling or the path",
    )


def read_section(content: Mapping[str, Any], key: str, known: Iterable[str], where: str) -> Mapping[str, Any]:
    """Return a section of a file, which says what its numbers rest on.

    Raises
    ------
    InputRefusedError
        It is not there, holds a key that nothing reads, or has no source or class.

    Examples
    --------
    >>> read_section({"start": {"busy": True, "class": "assumed", "source": "ours"}}, "start", ["busy"], "x")
    {'busy': True, 'class': 'assumed', 'source': 'ours'}
    """
    section, place = content.get(key), f"{where}: [{key}]"
    if not isinstance(section, dict):
        raise InputRefusedError("no section", where=place, expected=f"[{key}] and its lines below it")
    refuse_unknown_keys(section, (*known, *BASIS), place)
    check_basis(section, place)
    return section


def check_basis(section: Mapping[str, Any], place: str) -> None:
    """Refuse numbers that do not say what they rest on.

    Raises
    ------
    InputRefusedError
        There is no source, or the class is none of `CLASSES`.
    """
    read_source(section, place)
    if section.get("class") not in CLASSES:
        raise InputRefusedError(f"class = {section.get('class')!r}", where=place, expected=", ".join(CLASSES))
