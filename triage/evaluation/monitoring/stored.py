"""What monitoring keeps in files: read with suspicion, written whole or not at all."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.writing import require_plain, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_FILE = 64_000_000
LARGEST_NUMBER = 1e300
LONGEST_TEXT = 1_000
LONGEST_LIST = 10_000


class Reader:
    """Takes values out of an object of JSON and refuses what is not as it was written.

    Parameters
    ----------
    content : object
        What JSON gave.
    where : str
        What an error calls it.

    Examples
    --------
    >>> Reader({"cases": -1}, "state.json").count("cases")
    Traceback (most recent call last):
        ...
    triage.errors.InputRefusedError: state.json, cases: -1; expected a whole number, 0 or more; ...
    """

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, dict):
            raise self._refuse(content, where, "an object")
        self._content: dict[str, Any] = content
        self.where = where

    def number(self, name: str, *, least: float = -math.inf) -> float:
        """Return a finite number."""
        value = self._value(name)
        if not _is_number(value) or value < least:
            raise self._refuse(value, f"{self.where}, {name}", "a finite number")
        return float(value)

    def count(self, name: str) -> int:
        """Return a whole number, 0 or more."""
        value = self._value(name)
        if not _is_count(value):
            raise self._refuse(value, f"{self.where}, {name}", "a whole number, 0 or more")
        return int(value)

    def text(self, name: str) -> str:
        """Return a printable text."""
        value = self._value(name)
        if not is_text(value):
            raise self._refuse(value, f"{self.where}, {name}", "a printable text")
        return str(value)

    def yes(self, name: str) -> bool:
        """Return true or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self._refuse(value, f"{self.where}, {name}", "true or false")
        return value

    def numbers(self, name: str, *, missing: float | None = None) -> tuple[float, ...]:
        """Return a list of finite numbers; with `missing`, that stands for null."""
        values = self.list(name)
        if not all(_is_number(value) or (value is None and missing is not None) for value in values):
            raise self._refuse(values, f"{self.where}, {name}", "a list of finite numbers")
        return tuple(missing if value is None else float(value) for value in values)  # type: ignore[misc]

    def counts(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers, 0 or more."""
        values = self.list(name)
        if not all(_is_count(value) for value in values):
            raise self._refuse(values, f"{self.where}, {name}", "a list of whole numbers, 0 or more")
        return tuple(values)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of printable texts."""
        values = self.list(name)
        if not all(is_text(value) for value in values):
            raise self._refuse(values, f"{self.where}, {name}", "a list of printable texts")
        return tuple(values)

    def list(self, name: str) -> list[Any]:
        """Return a list of anything, not too long."""
        value = self._value(name)
        if not isinstance(value, list) or len(value) > LONGEST_LIST:
            raise self._refuse(value, f"{self.where}, {name}", f"a list of at most {LONGEST_LIST:,}")
        return value

    def bytes(self, name: str) -> bytes:
        """Return bytes that were written as base64."""
        value = self._value(name)
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError):
            raise self._refuse(value, f"{self.where}, {name}", "base64") from None

    def inner(self, name: str) -> object:
        """Return a value as it is, for a reader of its own."""
        return self._value(name)

    def _value(self, name: str) -> Any:
        if name not in self._content:
            raise self._refuse("nothing", f"{self.where}, {name}", "a value")
        return self._content[name]

    @staticmethod
    def _refuse(found: object, where: str, expected: str) -> InputRefusedError:
        shown = "".join(letter if letter.isprintable() else "?" for letter in repr(found)[:60])
        return InputRefusedError(
            shown, where=where, expected=expected, mend="take the file as it was written, or make it again"
        )


def read_object(path: Path, kind: str, version: int) -> Reader:
    """Read a file that `write_object` wrote.

    Raises
    ------
    InputRefusedError
        There is no such file, it is too large, no JSON, or of another kind or version.
    """
    require_plain(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InputRefusedError(
                f"{size:,} bytes",
                where=str(path),
                expected=f"at most {LARGEST_FILE:,}",
                mend="check the path",
            )
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except FileNotFoundError:
        raise InputRefusedError(
            "no such file", where=str(path), expected=f"a {kind}", mend="check the path"
        ) from None
    except (OSError, RecursionError, ValueError) as error:
        raise InputRefusedError(
            f"cannot be read as JSON ({str(error)[:120]})", where=str(path), expected=f"a {kind}"
        ) from None
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind:
        raise InputRefusedError(
            "another kind of file", where=str(path), expected=f"a {kind}", mend="check the path"
        )
    if content.get("version") != version:
        raise InputRefusedError(
            f"version {str(content.get('version'))[:20]}",
            where=str(path),
            expected=f"version {version}",
            mend="pin the reference again with this version",
        )
    return Reader(content, str(path))


def write_object(
    path: Path, kind: str, version: int, content: Mapping[str, Any], *, force: bool = False
) -> None:
    """Write an object of JSON, whole or not at all.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    """
    text = json.dumps({"kind": kind, "version": version, **content}, indent=1, allow_nan=False)
    with write_file(path, force=force) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def is_text(value: object) -> bool:
    """Tell whether a value is a text that can be printed and is not too long."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_TEXT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
