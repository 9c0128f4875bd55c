"""Read a mapping file, and check what it says, so that a mistake is told before a report is read."""

from __future__ import annotations

import codecs
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from triage.errors import InputRefusedError
from triage.schema.declare import EXTENSION, Column, Kind
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_EXTENSION = re.compile(rf"{EXTENSION}[A-Za-z0-9_]{{1,60}}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def read_mapping_file(path: Path, mend: str) -> dict[str, Any]:
    """Return what a TOML file holds.

    Parameters
    ----------
    path : Path
        The file.
    mend : str
        The next step where it cannot be read.

    Raises
    ------
    InputRefusedError
        It cannot be read, or is no TOML.
    """
    require_plain(path)
    try:
        content = path.read_bytes()
        # Editors and shells of Windows begin a file with a mark, and some write UTF-16.
        utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return tomllib.loads(content.decode("utf-16" if utf16 else "utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        twice = "overwrite" in str(error)
        raise InputRefusedError(
            f"{'something that is said twice' if twice else 'no TOML'} ({error})",
            where=str(path),
            expected="one setting for each column" if twice else "a mapping",
            mend=mend,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise InputRefusedError(
            "no such file" if missing else f"cannot be read ({type(error).__name__})",
            where=str(path),
            expected="a mapping",
            mend=mend,
        ) from None


@dataclass(frozen=True)
class Checking:
    """Where checking stands in a mapping."""

    where: str
    mend: str

    def inside(self, name: str) -> Checking:
        """Step into a part."""
        return Checking(f"{self.where}: {name}", self.mend)

    def refused(self, found: str, *, expected: str) -> InputRefusedError:
        """Return the error to raise."""
        return InputRefusedError(found, where=self.where, expected=expected, mend=self.mend)

    def settings(self, given: Any, known: Iterable[str], of: str = "") -> None:
        """Insist on a table of settings that are known."""
        names = list(known)
        if not isinstance(given, dict):
            raise self.refused("no table of settings", expected=", ".join(names))
        for name in given:
            if name not in names:
                near = get_close_matches(name, names, 1)
                what = f"no column of {of}" if of else "no setting here"
                raise self.refused(
                    f"{name!r} is {what}", expected=f"{near[0]!r}?" if near else ", ".join(names)
                )

    def text(self, given: Any, name: str) -> str:
        """Insist on a text."""
        if not isinstance(given, str) or not given.strip():
            raise self.refused(f"{name} = {given!r}", expected="a text")
        return given

    def version(self, given: Any) -> int:
        """Insist on a version."""
        if not isinstance(given, int) or isinstance(given, bool) or given < 1:
            raise self.refused("no version", expected="version = 1, raised with every change")
        return given

    def name(self, given: Any) -> str:
        """Insist on a name that may be stored with what is imported."""
        if not isinstance(given, str) or not _NAME.fullmatch(given):
            raise self.refused("no name", expected='name = "small-letters-and-digits"')
        return given

    def columns(self, given: Any, name: str) -> tuple[str, ...]:
        """Insist on the name of a column of the sheet, or a list of them."""
        listed = given if isinstance(given, list) else [given]
        return tuple(self.text(column, name) for column in listed)

    def zone(self, given: Any) -> str:
        """Insist on a time zone that is known here."""
        try:
            return ZoneInfo(given).key
        except (KeyError, ValueError, TypeError, OSError):
            raise self.refused(f"the zone {given!r}", expected='a zone such as "Europe/Amsterdam"') from None

    def words(self, given: Any, name: str) -> tuple[str, ...]:
        """Insist on a list of words; they are compared in small letters."""
        if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
            raise self.refused(f"{name} = {given!r}", expected="a list of words")
        return tuple(" ".join(word.lower().split()) for word in given)

    def code(self, column: Column, given: Any) -> str:
        """Insist on a code that a column may hold."""
        if isinstance(given, str):
            country = column.kind == Kind.COUNTRY and re.fullmatch("[A-Z]{2}", given)
            if given in column.codes or country or (column.open_codes and _EXTENSION.fullmatch(given)):
                return given
        reading = f'{{ code = "{given}" }}' if column.kind == Kind.CODE else "a setting in braces"
        raise self.refused(
            f"{given!r} is no code of {column.name}",
            expected=f"{column.allowed}; to read a column of the sheet write {reading}",
        )
