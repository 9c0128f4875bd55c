"""Names of the columns of a sheet, as they are compared."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN = 40


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """Return a column's name in small letters and digits: exports differ in blanks, signs and capitals.

    Examples
    --------
    >>> fold("Case No."), fold("case_no"), fold("%")
    ('caseno', 'caseno', '%')
    """
    return "".join(filter(str.isalnum, name)).lower() or name.strip()


def find_columns(names: Sequence[str], wanted: Iterable[str]) -> dict[str, int] | None:
    """Return where columns stand among the names of a header; None where one is missing or stands twice.

    Examples
    --------
    >>> find_columns(["Case no", "Note", "note"], ["CASE NO"]), find_columns(["Note", "note"], ["Note"])
    ({'CASE NO': 0}, None)
    """
    folded = [fold(name) for name in names]
    found = {}
    for column in wanted:
        if folded.count(fold(column)) != 1:
            return None
        found[column] = folded.index(fold(column))
    return found


def shown_name(name: str) -> str:
    """Return the name of a column that no mapping names, in letters alone: it could carry a number or a date.

    Examples
    --------
    >>> shown_name("Officer's remark 2"), shown_name("0612345678")
    ('Officers remark', 'a column')
    """
    letters = "".join(letter for letter in name if letter.isalpha() or letter in " _-").strip()
    return letters if letters and len(letters) <= _SHOWN else "a column"
