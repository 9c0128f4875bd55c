"""The members of an object by what they mean, whatever an export calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.intake.elements import count_unknown
from triage.intake.iccam.mapping import DROPPED, load_mapping
from triage.intake.json_values import fold_name, list_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.intake.rows import Gathered

REPORT, ITEM, ASSESSMENT, ACTION = "report", "item", "assessment", "action"
# Where a coded value is an object of its own.
_WORD_IN = ("name", "code", "id", "type")
_NOTHING: tuple[Any, ...] = (None, "", [], {})


def count_members(gathered: Gathered, found: Mapping[str, Any], *kinds: str) -> None:
    """Count what is left behind of an object, and what the mapping does not know.

    Parameters
    ----------
    gathered : Gathered
        Its counts grow.
    found : mapping of str to object
        Members by folded name.
    *kinds : str
        ``report``, ``item``, ``assessment``, ``action``: flat exports put several into one object.
    """
    names = [load_mapping().names[kind] for kind in kinds]
    for member, value in found.items():
        meanings = {known[member] for known in names if member in known}
        if not meanings:
            count_unknown(gathered.unknown, member)
        elif meanings == {DROPPED} and value not in _NOTHING:
            gathered.dropped[member] += 1


def sort_members(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what an object says, by meaning; the first name of the mapping that says something counts.

    Examples
    --------
    >>> sort_members({"hostingcountry": "", "hostingcountrycode": "NL", "memo": "x"}, "item")
    {'country': 'NL'}
    """
    said: dict[str, Any] = {}
    for member, meaning in load_mapping().names[kind].items():
        if meaning != DROPPED and meaning not in said and found.get(member) not in _NOTHING:
            said[meaning] = found[member]
    return said


def words_of(value: object) -> list[str]:
    """Return a coded value, or each of several, in small letters and digits.

    Examples
    --------
    >>> words_of("Pre-pubescent"), words_of(2), words_of({"id": 1, "name": "Baseline CSAM"}), words_of(None)
    (['prepubescent'], ['2'], ['baselinecsam'], [])
    """
    found = []
    for some in list_of(value):
        single = (
            next((some[name] for name in _WORD_IN if name in some), None) if isinstance(some, dict) else some
        )
        if word := fold_name(text_of(single)):
            found.append(word)
    return found
