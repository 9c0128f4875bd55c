"""Which elements of an XML document were read, left behind, or are not known: as its mapping lists them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from triage.intake.xml import Element

KEPT, DROPPED = "kept", "dropped"
# Names come from outside: without a limit one document could name half a million.
MOST_NAMES = 200
NAMELESS = "?"
_SAFE = re.compile(r"[A-Za-z0-9_:.-]{1,64}")


def read_actions(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return, for each group of a mapping file, what is done with each element.

    Examples
    --------
    >>> read_actions({"a": {"kept": ["b"], "dropped": ["c"], "inside": {"d": "a"}}})
    {'a': {'b': 'kept', 'c': 'dropped', 'd': 'a'}}
    """
    return {
        name: {
            **dict.fromkeys(group["kept"], KEPT),
            **dict.fromkeys(group["dropped"], DROPPED),
            **group.get("inside", {}),
        }
        for name, group in groups.items()
    }


def count_elements(
    element: Element,
    group: str,
    groups: Mapping[str, Mapping[str, str]],
    dropped: Counter[str],
    unknown: Counter[str],
) -> None:
    """Count the elements that are left behind and those that the mapping does not know.

    Parameters
    ----------
    element : Element
        The element whose children are counted.
    group : str
        Its group in the mapping.
    groups : mapping of str to mapping of str to str
        Group -> element -> ``kept``, ``dropped`` or the name of the group inside.
    dropped, unknown : Counter
        Grow in place. Of an element that is not known only its name is kept, if it is a plain one.
    """
    actions = groups[group]
    for name, children in element.children.items():
        action = actions.get(name)
        if action == KEPT:
            continue
        if action is None:
            count_unknown(unknown, name, len(children))
        elif action == DROPPED:
            dropped[name] += len(children)
        else:
            for child in children:
                if child.children:
                    count_elements(child, action, groups, dropped, unknown)


def count_unknown(unknown: Counter[str], name: str, count: int = 1) -> None:
    """Count a name that no mapping knows: a plain one under itself, up to `MOST_NAMES` of them.

    Examples
    --------
    >>> from collections import Counter
    >>> names = Counter()
    >>> count_unknown(names, "newElement"), count_unknown(names, "a b")
    (None, None)
    >>> dict(names)
    {'newElement': 1, '?': 1}
    """
    safe = name if _SAFE.fullmatch(name) else NAMELESS
    unknown[safe if safe in unknown or len(unknown) < MOST_NAMES else NAMELESS] += count
