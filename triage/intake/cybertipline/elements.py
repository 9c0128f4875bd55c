"""Which elements of a document were read, left behind, or are not known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.intake.cybertipline.mapping import DROPPED, KEPT, load_mapping

if TYPE_CHECKING:
    from collections import Counter

    from triage.intake.xml import Element

# Names come from outside: without a limit one document could name half a million.
MOST_NAMES = 200
NAMELESS = "?"
_SAFE = re.compile(r"[A-Za-z0-9_:.-]{1,64}")


def count_elements(element: Element, group: str, dropped: Counter[str], unknown: Counter[str]) -> None:
    """Count the elements that are left behind and those that the mapping does not know.

    Parameters
    ----------
    element : Element
        The element whose children are counted.
    group : str
        Its group in the mapping.
    dropped, unknown : Counter
        Grow in place. Of an element that is not known only its name is kept, if it is a plain one.
    """
    groups = load_mapping().elements
    actions = groups[group]
    for name, children in element.children.items():
        action = actions.get(name)
        if action == KEPT:
            continue
        if action is None:
            safe = name if _SAFE.fullmatch(name) else NAMELESS
            unknown[safe if safe in unknown or len(unknown) < MOST_NAMES else NAMELESS] += len(children)
        elif action == DROPPED:
            dropped[name] += len(children)
        else:
            for child in children:
                if child.children:
                    count_elements(child, action, dropped, unknown)
