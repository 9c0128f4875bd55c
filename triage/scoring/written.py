"""Read the TOML files that people write: recipes, scorecards, questions, evidence."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from triage.errors import InputRefusedError
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LONGEST_NAME = 100
LONGEST_SOURCE = 1_000

Options = TypeVar("Options")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    InputRefusedError
        It is not there, no plain file or no TOML.
    """
    require_plain(path)
    if not path.is_file():
        raise InputRefusedError("no such file", where=str(path), mend="check the spelling or the path")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise InputRefusedError(f"cannot be read as TOML ({error})", where=str(path)) from error


def refuse_unknown_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a table with a key that nothing reads: most likely a slip of the pen.

    Raises
    ------
    InputRefusedError
        There is one.
    """
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InputRefusedError(
            f"no such key: {', '.join(unknown)[:100]}",
            where=where,
            expected=", ".join(sorted(known)),
            mend="check the spelling, or take the line out",
        )


def read_name(value: Any, where: str) -> str:
    """Return a name that can stand on a list, a card and a screen.

    Raises
    ------
    InputRefusedError
        It is no text, empty, too long, or holds what cannot be printed.
    """
    sound = isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= LONGEST_NAME
    if not sound:
        raise InputRefusedError(
            f"name = {str(value)[:60]!r}",
            where=where,
            expected=f"a printable text of at most {LONGEST_NAME} characters",
        )
    return str(value)


def read_source(table: Mapping[str, Any], where: str) -> str:
    """Return the ``source`` of an entry: what it rests on, shown beside the reasons.

    Raises
    ------
    InputRefusedError
        There is none, or it is no text, too long, or holds what cannot be printed.

    Examples
    --------
    >>> read_source({"source": "Smid 2014"}, "card.toml")
    'Smid 2014'
    """
    value = table.get("source", "")
    text = isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_SOURCE
    if not text or not value.strip():
        raise InputRefusedError(
            f"source = {str(value)[:60]!r}" if str(value).strip() else "no source",
            where=where,
            expected=f"what this rests on, a printable text of at most {LONGEST_SOURCE:,} characters",
        )
    return str(value)


def read_number(
    table: Mapping[str, Any],
    key: str,
    span: tuple[float, float],
    where: str,
    *,
    default: float,
) -> float:
    """Return a number of a table: whole where its default is.

    Parameters
    ----------
    table : mapping
        The table.
    key : str
        What to read.
    span : tuple of float
        The least and the largest value.
    where : str
        The file, for messages.
    default : float
        Where the key is left out.

    Raises
    ------
    InputRefusedError
        It is no number, not whole where it must be, or out of its span.

    Examples
    --------
    >>> read_number({"runs": 3}, "runs", (1, 9), "x.toml", default=1)
    3
    >>> read_number({}, "share", (0, 1), "x.toml", default=0.5)
    0.5
    """
    value, whole = table.get(key, default), isinstance(default, int)
    kinds = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not span[0] <= value <= span[1]:
        raise InputRefusedError(
            f"{key} = {value!r}",
            where=where,
            expected=f"a {'whole ' if whole else ''}number from {span[0]:g} to {span[1]:g}",
        )
    return value if whole else float(value)


def read_numbers(
    kind: type[Options], spans: Mapping[str, tuple[float, float]], table: Mapping[str, Any], where: str
) -> Options:
    """Return the options of a learner that are all numbers, with the defaults of their dataclass.

    Parameters
    ----------
    kind : type
        A dataclass with a default for every field.
    spans : mapping of str to tuple of float
        The least and the largest value of each field.
    table : mapping
        ``[options]`` of a recipe.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A key is unknown, or a value impossible.
    """
    defaults: dict[str, Any] = {field.name: field.default for field in fields(kind)}  # type: ignore[arg-type]
    refuse_unknown_keys(table, defaults, where)
    return kind(
        **{key: read_number(table, key, spans[key], where, default=value) for key, value in defaults.items()}
    )
