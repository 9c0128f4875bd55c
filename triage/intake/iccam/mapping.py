"""The mapping of ICCAM words to canonical codes, read from ``mapping.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAPPING_FILE = Path(__file__).resolve().with_name("mapping.toml")
DROPPED = "dropped"


@dataclass(frozen=True)
class IccamMapping:
    """What each name and word of the format means here; all are folded.

    Parameters
    ----------
    version : int
        Version of the mapping file.
    marks, hints : frozenset of str
        Members by which a document is known: one of the first, or two of the second.
    lists : tuple of str
        Members that may hold a list of reports.
    names : mapping of str to mapping of str to str
        Kind of object -> member -> what it is, or ``dropped``.
    classification, age, commerciality, action : mapping of str to str
        Word or number -> code.
    flag : mapping of str to str
        Word or number -> ``yes`` or ``no``.
    annotation : mapping of str to str
        Flag of an assessment -> code.
    csam : frozenset of str
        Classes that make a report one about such material.
    """

    version: int
    marks: frozenset[str]
    hints: frozenset[str]
    lists: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]]
    classification: Mapping[str, str]
    age: Mapping[str, str]
    commerciality: Mapping[str, str]
    action: Mapping[str, str]
    flag: Mapping[str, str]
    annotation: Mapping[str, str]
    csam: frozenset[str]


@cache
def load_mapping() -> IccamMapping:
    """Return the mapping that travels with the package.

    Examples
    --------
    >>> load_mapping().classification["baselinecsam"], load_mapping().names["action"]["actiondate"]
    ('baseline', 'at')
    """
    content = tomllib.loads(MAPPING_FILE.read_text(encoding="utf-8"))
    return IccamMapping(
        version=content["version"],
        marks=frozenset(content["marks"]["report"]),
        hints=frozenset(content["marks"]["other"]),
        lists=tuple(content["lists"]["names"]),
        names={kind: _by_word(names) for kind, names in content["names"].items()},
        **{
            name: _by_word(content[name])
            for name in ("classification", "age", "commerciality", "action", "flag")
        },
        annotation=content["annotation"],
        csam=frozenset(content["classification_of"]["csam"]),
    )


def _by_word(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {word: code for code, words in groups.items() for word in words}
