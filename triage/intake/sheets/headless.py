"""Sheets without a line of names: how a mapping knows them, by what stands on their first line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.intake.checking import Checking
    from triage.intake.sheets.mapping import SheetMapping


class Headless(NamedTuple):
    """How a sheet is known whose first line is one of its rows.

    Parameters
    ----------
    columns : tuple of str
        Its columns, in order.
    like : tuple of (int, re.Pattern)
        Places of columns, and what their fields on the first line look like.
    """

    columns: tuple[str, ...]
    like: tuple[tuple[int, re.Pattern[str]], ...]

    def knows(self, fields: Sequence[str]) -> bool:
        """Say whether a first line looks so."""
        return len(fields) == len(self.columns) and all(
            pattern.fullmatch(fields[place]) for place, pattern in self.like
        )


def read_headless(check: Checking, given: Any, must_have: tuple[str, ...]) -> Headless | None:
    """Return how a sheet is known without a header, as a mapping says; None where it says nothing.

    Raises
    ------
    InputRefusedError
        It says something that cannot be.
    """
    if given is None:
        return None
    check.settings(given, ("columns", "like"))
    columns, like = check.columns(given.get("columns", []), "columns"), given.get("like", {})
    check.settings(like, columns)
    if not set(must_have) <= set(columns):
        raise check.refused("a column of must_have that is not there", expected="all columns, in order")
    if not like:
        raise check.refused("nothing by which a line is known", expected=r"like = { URL = 'https?://\S+' }")
    try:
        patterns = [
            (columns.index(name), re.compile(check.text(text, name), re.IGNORECASE))
            for name, text in like.items()
        ]
    except re.error:
        raise check.refused(
            "a pattern that is none", expected="regular expressions of whole fields"
        ) from None
    return Headless(columns, tuple(patterns))


def columns_without_header(mapping: SheetMapping, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the sheet whose row a first line is; none where it names its columns."""
    known = (sheet.headless for sheet in mapping.sheets if sheet.headless)
    return next((headless.columns for headless in known if headless.knows(fields)), ())
