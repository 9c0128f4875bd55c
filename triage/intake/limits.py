"""How much of a stranger's file is read before it is refused."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Limits:
    """What may pass. Whoever sends a file controls it, so each of these can be met by accident or on purpose.

    Parameters
    ----------
    document_bytes : int
        Of one XML or JSON document.
    table_bytes : int
        Of one table: CSV, JSON Lines, or a workbook when unpacked.
    depth : int
        Levels of nesting of XML and JSON.
    nodes : int
        Elements and attributes of one XML document, or values of one JSON document.
    rows : int
        Rows of one table.
    members : int
        Files in one archive.
    archive_bytes : int
        Of all that is unpacked from one archive.

    Examples
    --------
    >>> Limits().depth
    50
    """

    document_bytes: int = 64 * 2**20
    table_bytes: int = 2 * 2**30
    depth: int = 50
    nodes: int = 500_000
    rows: int = 20_000_000
    members: int = 100_000
    archive_bytes: int = 4 * 2**30


def set_limits(settings: Iterable[str]) -> Limits:
    """Return the limits with some of them set.

    Parameters
    ----------
    settings : iterable of str
        ``name=number`` each.

    Raises
    ------
    InputRefusedError
        No such limit, or no whole number above 0.

    Examples
    --------
    >>> set_limits(["depth=20", "rows=1000"]).depth
    20
    """
    names = [field.name for field in fields(Limits)]
    given = {}
    for setting in settings:
        name, _, number = setting.partition("=")
        digits = number.replace("_", "")
        if name not in names or not (digits.isascii() and digits.isdigit() and int(digits[:18]) > 0):
            raise InputRefusedError(
                f"the limit {setting[:60]!r}",
                expected="NAME=NUMBER, NAME one of " + ", ".join(names),
                mend="for example --limit document_bytes=200000000",
            )
        given[name] = int(digits[:18])
    return replace(Limits(), **given)
