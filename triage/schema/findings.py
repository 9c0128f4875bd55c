"""What a check found: one entry a kind of mistake, with the first place where it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a mistake costs."""

    FIELD = "field"
    ROW = "row"
    COLUMN = "column"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One kind of mistake in one column of one file.

    Parameters
    ----------
    level : Level
        A field became unknown, a row was set aside, a column was missing or superfluous, or a mere note.
    where : str
        The file (or table).
    column : str
        The column; empty when it concerns whole rows or files.
    row : int
        The first row with the mistake, counted from 1 below the header; 0 when it concerns no single row.
    count : int
        How many fields or rows have it.
    found : str
        The value as found, shortened.
    expected : str
        What would have been right.
    mend : str
        What to do.
    """

    level: Level
    where: str
    column: str
    row: int
    count: int
    found: str
    expected: str
    mend: str

    @property
    def _row(self) -> str:
        """Say which row: of a CSV file also its line, which an editor shows."""
        if not self.row:
            return ""
        return f"row {self.row} (line {self.row + 1})" if self.where.endswith(".csv") else f"row {self.row}"

    def __str__(self) -> str:
        """Return the finding as one line."""
        place = ", ".join(
            part
            for part in (
                printable(self.where),
                self._row,
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        more = f" ({self.count:,} times)" if self.count > 1 else ""
        expected = f"; expected {self.expected}" if self.expected else ""
        mend = f"; {self.mend}" if self.mend else ""
        return f"{place}: found {self.found}{more}{expected}{mend}"

    def as_dict(self) -> dict[str, object]:
        """Return the finding as plain values, for machines."""
        return {**asdict(self), "level": self.level.value}


def printable(text: str) -> str:
    """Return a text without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def shorten(value: object, limit: int = 40) -> str:
    r"""Return a value as it stands in a message: quoted, one line, printable, at most `limit` characters.

    Examples
    --------
    >>> shorten("a\x1b[31m")
    "'a?[31m'"
    """
    text = printable(str(value))
    return f"'{text}'" if len(text) <= limit else f"'{text[:limit]}…'"
