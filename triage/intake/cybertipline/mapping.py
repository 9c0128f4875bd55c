"""The mapping of CyberTipline words to canonical codes, read from ``mapping.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from triage.intake.elements import read_actions

if TYPE_CHECKING:
    from collections.abc import Mapping

MAPPING_FILE = Path(__file__).resolve().with_name("mapping.toml")


@dataclass(frozen=True)
class CyberTiplineMapping:
    """What each word of the format means here.

    Parameters
    ----------
    version : int
        Version of the mapping file.
    marks : mapping of str to str
        Element below the root -> the kind of document that it shows.
    incident_type : mapping of str to str
        Beginning of the incident type, in small letters -> code.
    nearest : tuple of str
        Codes of incident types: of several that a report names the first of these counts.
    channel : mapping of str to str
        Element inside ``internetDetails`` -> code.
    report_annotation, file_annotation : mapping of str to str
        Element name -> code.
    severity : frozenset of str
        Classes that are taken over.
    youngest : mapping of str to str
        Letter of the class -> age band.
    event_name : mapping of str to str
        Name of an event, in small letters -> code.
    associated_account : mapping of str to str
        Kind of an associated account, in small letters -> ``account``, ``named`` or ``child``.
    platform_by_element : mapping of str to str
        Element -> category of a name that no word fits.
    around : tuple of str
        Elements that some clients put around those of a report, from the outside in.
    variants : mapping of str to str
        Other name of an element of a report -> its own.
    elements : mapping of str to mapping of str to str
        Group -> element -> ``kept``, ``dropped`` or the name of the group inside.
    """

    version: int
    marks: Mapping[str, str]
    incident_type: Mapping[str, str]
    nearest: tuple[str, ...]
    channel: Mapping[str, str]
    report_annotation: Mapping[str, str]
    file_annotation: Mapping[str, str]
    severity: frozenset[str]
    youngest: Mapping[str, str]
    event_name: Mapping[str, str]
    associated_account: Mapping[str, str]
    platform_by_element: Mapping[str, str]
    around: tuple[str, ...]
    variants: Mapping[str, str]
    elements: Mapping[str, Mapping[str, str]]


@cache
def load_mapping() -> CyberTiplineMapping:
    """Return the mapping that travels with the package.

    Examples
    --------
    >>> load_mapping().channel["chatImIncident"]
    'chat'
    """
    content = tomllib.loads(MAPPING_FILE.read_text(encoding="utf-8"))
    return CyberTiplineMapping(
        version=content["version"],
        marks={name: kind for kind, names in content["marks"].items() for name in names},
        incident_type={begin.lower(): code for begin, code in content["incident_type"].items()},
        nearest=tuple(content["incident_order"]["nearest_to_a_child"]),
        channel=content["channel"],
        report_annotation=content["report_annotation"],
        file_annotation=content["file_annotation"],
        severity=frozenset(content["file_class"]["severity"]),
        youngest=content["file_class"]["youngest"],
        event_name=content["event_name"],
        associated_account=content["associated_account"],
        platform_by_element=content["platform_by_element"],
        around=tuple(content["around"]["names"]),
        variants={other: name for name, others in content["variants"].items() for other in others},
        elements=read_actions(content["elements"]),
    )


def incident_code(*texts: str) -> str:
    """Return the code of an incident type, matched from the front; of several the nearest to a child.

    Examples
    --------
    >>> incident_code("Online Enticement of Children for Sexual Act"), incident_code("")
    ('enticement', 'unknown')
    >>> incident_code("Child Pornography (possession)", "Child Sexual Molestation", "")
    'molestation'
    """
    return min(map(_one_code, texts), key=load_mapping().nearest.index)


def _one_code(text: str) -> str:
    lowered = text.lower()
    if not lowered:
        return "unknown"
    for begin, code in load_mapping().incident_type.items():
        if lowered.startswith(begin):
            return code
    return "other"
