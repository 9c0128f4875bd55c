"""One table of a TOML file, with the dotted key under which it stands, for messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from triage.errors import InputRefusedError
from triage.schema.findings import shorten
from triage.worlds.file.world import EVIDENCE_CLASSES


class Section:
    """A table of a TOML file that knows its place and which of its keys were read.

    Parameters
    ----------
    data : dict
        The table.
    file : str
        Name of the file.
    path : str
        Dotted key of the table; empty for the whole file.

    Examples
    --------
    >>> Section({"a": {"p": 2}}, "w.toml").section("a").share("p")
    Traceback (most recent call last):
    triage.errors.InputRefusedError: w.toml, a.p: '2'; expected a probability from 0 to 1
    """

    def __init__(self, data: dict[str, Any], file: str, path: str = "") -> None:
        self._data, self._file, self._path = data, file, path
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def names(self) -> list[str]:
        """Return the keys, in order."""
        return list(self._data)

    def dotted(self, key: str) -> str:
        """Return the full key."""
        return f"{self._path}.{key}" if self._path else key

    def refuse(self, key: str, found: object, expected: str) -> InputRefusedError:
        """Return the error for a key."""
        return InputRefusedError(
            shorten(found, 80), where=f"{self._file}, {self.dotted(key)}", expected=expected
        )

    def take(self, key: str) -> Any:
        """Return what stands under a key, which must be there."""
        self._read.add(key)
        if key not in self._data:
            raise InputRefusedError(
                "is missing", where=f"{self._file}, {self.dotted(key)}", expected="this key in a world file"
            )
        return self._data[key]

    def section(self, key: str) -> Section:
        """Return a table inside this one."""
        value = self.take(key)
        if not isinstance(value, dict):
            raise self.refuse(key, value, "a table")
        return Section(value, self._file, self.dotted(key))

    def sections(self, key: str) -> list[Section]:
        """Return the tables of an array of tables."""
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
            raise self.refuse(key, value, "an array of tables")
        return [Section(entry, self._file, f"{self.dotted(key)}[{i}]") for i, entry in enumerate(value)]

    def text(self, key: str) -> str:
        """Return a text."""
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self.refuse(key, value, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of different texts."""
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(isinstance(entry, str) for entry in value):
            raise self.refuse(key, value, "a list of texts")
        if len(set(value)) < len(value):
            raise self.refuse(key, value, "each text once")
        return tuple(value)

    def integer(self, key: str) -> int:
        """Return a whole number."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.refuse(key, value, "a whole number, not negative")
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of numbers."""
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(is_number(entry) for entry in value):
            raise self.refuse(key, value, "a list of numbers, all finite")
        return tuple(float(entry) for entry in value)

    def share(self, key: str) -> float:
        """Return a probability."""
        value = self.take(key)
        if not is_number(value) or not 0 <= value <= 1:
            raise self.refuse(key, value, "a probability from 0 to 1")
        return float(value)

    def positive(self, key: str, least: float = 1e-9, most: float = 1e9) -> float:
        """Return a number above 0."""
        value = self.take(key)
        if not is_number(value) or not least <= value <= most:
            raise self.refuse(key, value, f"a number above 0, from {least:g} to {most:g}")
        return float(value)

    def amount(self, key: str, most: float = 1e12) -> float:
        """Return a number of 0 or more."""
        value = self.take(key)
        if not is_number(value) or not 0 <= value <= most:
            expected = "a number of 0 or more" if most > 1e9 else f"a number from 0 to {most:g}"
            raise self.refuse(key, value, expected)
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.refuse(key, value, "true or false")
        return value

    def instant(self, key: str) -> datetime:
        """Return a point in time."""
        value = self.take(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.refuse(key, value, "a time with its offset, such as 2017-01-01T00:00:00Z")
        return value.astimezone(UTC)

    def evidence(self) -> None:
        """Check that the table says what its numbers rest on."""
        if self.text("class") not in EVIDENCE_CLASSES:
            raise self.refuse("class", self._data["class"], " or ".join(EVIDENCE_CLASSES))
        self.text("source")

    def refuse_others(self, *possible: str) -> None:
        """Refuse keys that nobody asked for: a mistyped key must not pass in silence."""
        for key in self._data:
            if key not in self._read:
                raise InputRefusedError(
                    "a key without meaning",
                    where=f"{self._file}, {self.dotted(key)}",
                    expected=", ".join(sorted({*self._read, *possible})),
                )


def is_number(value: object) -> bool:
    """Say whether a value of a TOML file is a number.

    Examples
    --------
    >>> is_number(1), is_number(True), is_number(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124
