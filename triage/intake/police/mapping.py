"""The mapping of words in police downloads to canonical codes, read from ``mapping.toml``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.errors import InputRefusedError
from triage.intake.cybertipline.mapping import load_mapping as load_cybertipline
from triage.intake.json_values import fold_name
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAPPING_FILE = Path(__file__).resolve().with_name("mapping.toml")
_OPEN_CODE = re.compile(r"ext:[A-Za-z]{1,40}")


class Member(NamedTuple):
    """What becomes of a member of an object: under which name it is read, or that it is left behind."""

    name: str
    kept: bool


@dataclass(frozen=True)
class PoliceMapping:
    """What each word of the format means here.

    Parameters
    ----------
    version : int
        Version of the mapping file.
    any_mark, two_marks : frozenset of str
        Folded names of which one, or two, tell that a document is of this format.
    lists : mapping of str to tuple of str
        Member -> folded names under which an object in its place holds the list.
    yes, no, blank : frozenset of str
        Words of one value, in small letters.
    begins_yes : tuple of str
        Beginnings of a yes that is followed by details.
    doubt, child_facing : frozenset of str
        Words and phrases, in small letters.
    relation, access : mapping of str to str
        Phrase, in small letters -> code; the longest first.
    channel : mapping of str to str
        Member of ``incidentDetails`` -> code.
    capture : mapping of str to str
        Word of a kind of capture -> ``address`` or ``device``.
    priority, ncmec_tag, country_name : mapping of str to str
        Word, in small letters -> code.
    actionability : mapping of str to str
        Beginning of NCMEC's class -> code.
    slashes : tuple of str
        Formats of times with slashes.
    report_annotation, file_annotation : mapping of str to str
        Folded name -> code, as CyberTipline has them.
    members : mapping of str to mapping of str to Member
        Group -> folded name -> what becomes of it.
    """

    version: int
    any_mark: frozenset[str]
    two_marks: frozenset[str]
    lists: Mapping[str, tuple[str, ...]]
    yes: frozenset[str]
    no: frozenset[str]
    blank: frozenset[str]
    begins_yes: tuple[str, ...]
    doubt: frozenset[str]
    relation: Mapping[str, str]
    access: Mapping[str, str]
    child_facing: frozenset[str]
    channel: Mapping[str, str]
    capture: Mapping[str, str]
    priority: Mapping[str, str]
    actionability: Mapping[str, str]
    ncmec_tag: Mapping[str, str]
    country_name: Mapping[str, str]
    slashes: tuple[str, ...]
    report_annotation: Mapping[str, str]
    file_annotation: Mapping[str, str]
    members: Mapping[str, Mapping[str, Member]]


@cache
def load_mapping() -> PoliceMapping:
    """Return the mapping that travels with the package.

    Examples
    --------
    >>> load_mapping().members["person"]["espidentifier"]
    Member(name='espUserId', kept=True)
    """
    content = tomllib.loads(MAPPING_FILE.read_text(encoding="utf-8"))
    flag, aliases = content["flag"], content["aliases"]
    return PoliceMapping(
        version=content["version"],
        any_mark=_folded(content["marks"]["any"]),
        two_marks=_folded(content["marks"]["two"]),
        lists={name: tuple(map(fold_name, names)) for name, names in content["lists"].items()},
        yes=frozenset(flag["yes"]),
        no=frozenset(flag["no"]),
        blank=frozenset(flag["blank"]),
        begins_yes=tuple(flag["begins_yes"]),
        doubt=frozenset(content["doubt"]["words"]),
        relation=_by_phrase(content["relation"]),
        access=_by_phrase(content["access"]),
        child_facing=frozenset(content["child_facing"]["words"]),
        channel=content["channel"],
        capture=_by_phrase(content["capture"]),
        priority=_by_phrase(content["priority"]),
        actionability=content["actionability"],
        ncmec_tag=content["ncmec_tag"],
        country_name=content["country_name"],
        slashes=tuple(content["time"]["slashes"]),
        report_annotation=_fold_names(load_cybertipline().report_annotation),
        file_annotation=_fold_names(load_cybertipline().file_annotation),
        members={
            group: {
                folded: Member(name, action == "kept")
                for action in ("dropped", "kept")
                for name in actions[action]
                for folded in map(fold_name, (name, *aliases.get(name, ())))
            }
            for group, actions in content["members"].items()
        },
    )


def with_tags(mapping: PoliceMapping, tags: Mapping[str, Any], where: str) -> PoliceMapping:
    """Return the mapping with an agency's own list of NCMEC's tags in place of the shipped one.

    Parameters
    ----------
    mapping : PoliceMapping
        The mapping.
    tags : mapping of str to str
        Tag -> a code of ``file_annotations``, or ``ext:`` and a name of letters.
    where : str
        Where the list stands, for messages.

    Raises
    ------
    InputRefusedError
        A code that is none.

    Examples
    --------
    >>> with_tags(load_mapping(), {"Series Known": "ext:series"}, "tags").ncmec_tag
    {'series known': 'ext:series'}
    """
    codes = TABLES["files"]["file_annotations"].codes
    for place, code in enumerate(tags.values(), start=1):
        if code not in codes and not (isinstance(code, str) and _OPEN_CODE.fullmatch(code)):
            raise InputRefusedError(
                f"the code of entry {place}",
                where=where,
                expected=f"one of {', '.join(codes)}, or ext: and a name of letters",
                mend="correct the list of tags",
            )
    return replace(mapping, ncmec_tag={tag.strip().lower(): code for tag, code in tags.items()})


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold_name, names))


def _fold_names(codes: Mapping[str, str]) -> dict[str, str]:
    return {fold_name(name): code for name, code in codes.items()}


def _by_phrase(codes: Mapping[str, list[str]]) -> dict[str, str]:
    pairs = [(phrase, code) for code, phrases in codes.items() for phrase in phrases]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))
