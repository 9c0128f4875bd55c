"""Read a list that was exported, in any of the formats in which it can be read again."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.intake.tables import read_scores
from triage.intake.workbook import read_workbook
from triage.worklist.policy import LANES
from triage.writing import require_plain, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

NEEDED = ("case_id", "rank", "lane", "tier")
NAMED = ("model", "policy", "batch")
PRINTS = (*NAMED, "capacity")
_WHOLE = ("rank", "tier", "reports")
_REAL = ("score", "completeness")
_TEXT = (
    "lane",
    "sources",
    "country",
    "solvability",
    "reasons",
    "imminence",
    "aliases",
    "fingerprints",
    *NAMED,
)
_TIMES = ("received_at",)
# Grows by itself, day by day.
_AGE = re.compile(r", active [\d,]+ days? ago$")
# An export puts an apostrophe before what a spreadsheet would take for a formula.
_APOSTROPHE = re.compile(r"'(?=\s*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001 - the wide signs are meant
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_MEND = "give a list as triage score wrote it, in CSV, XLSX, JSON Lines or Parquet"


@dataclass(frozen=True)
class Listed:
    """A list that was read.

    Parameters
    ----------
    name : str
        Of the file.
    rows : dict of str to dict
        What a comparison needs of each case, by its id, in the order of the list.
    prints : dict of str to str
        What tells the model, the policy and the batch from others: the first letters of their hashes, or
        the name where the list has no hashes; empty where it has neither. And the capacity, where the list
        says it.
    """

    name: str
    rows: dict[str, dict[str, Any]]
    prints: dict[str, str]


def read_list(path: Path) -> Listed:
    """Read an exported list.

    Parameters
    ----------
    path : Path
        Ends in ``.csv``, ``.xlsx``, ``.jsonl`` or ``.parquet``.

    Raises
    ------
    InputRefusedError
        It cannot be read, lacks a column of `NEEDED`, holds a case twice, or a value that no list has.
    """
    require_plain(path)
    if not path.exists():
        raise InputRefusedError("no such file", where=str(path), mend=_MEND)
    readers: dict[str, Callable[[Path], Iterable[dict[str, Any]]]] = {
        ".csv": _read_table,
        ".parquet": _read_table,
        ".jsonl": _read_lines,
        ".xlsx": _read_sheet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputRefusedError(
            f"the ending '{shown(path.suffix)}'", where=str(path), expected=", ".join(readers), mend=_MEND
        )
    return hold_list(reader(path), str(path))


def hold_list(rows: Iterable[dict[str, Any]], name: str) -> Listed:
    """Hold a list in the form in which lists of all formats compare.

    Parameters
    ----------
    rows : iterable of dict
        One a case, in the order of the list; values may be text.
    name : str
        Stands in messages.
    """
    held: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, start=1):
        missing = [column for column in NEEDED if column not in row]
        if missing:
            raise InputRefusedError(
                f"no column {', '.join(missing)}", where=name, expected="a worklist", mend=_MEND
            )
        case = _text(row["case_id"])
        where = f"{name}, row {number}"
        plain = _plain(row, where)
        if plain["lane"] not in LANES:
            raise InputRefusedError(
                f"lane '{shown(plain['lane'])}'", where=where, expected=", ".join(LANES), mend=_MEND
            )
        if case in held and held[case]["lane"] == LANES[0]:
            # A report of which two versions came stands twice: once unread, and once as the case that it is.
            held[case] = plain
            continue
        if not case or case in held:
            found = f"case '{shown(case)}' twice" if case else "no case_id"
            raise InputRefusedError(found, where=where, expected="one row a case", mend=_MEND)
        held[case] = plain
    return Listed(name, held, _fingerprints(held.values()))


def _plain(row: dict[str, Any], where: str) -> dict[str, Any]:
    plain: dict[str, Any] = {column: _text(row.get(column)) for column in _TEXT}
    plain["solvability"] = _AGE.sub("", plain["solvability"])
    plain |= {column: _moment(row.get(column)) for column in _TIMES}
    for column in (*_WHOLE, *_REAL):
        try:
            plain[column] = _number(row.get(column), whole=column in _WHOLE)
        except ValueError:
            raise InputRefusedError(
                f"{column} '{shown(str(row[column]))}'", where=where, expected="a number", mend=_MEND
            ) from None
    return plain


def _text(value: Any) -> str:
    return "" if value is None else _APOSTROPHE.sub("", str(value))


def _moment(value: Any) -> str:
    """Return a time to the second as text, whatever the format gave."""
    if isinstance(value, date):
        return f"{value:%Y-%m-%dT%H:%M:%S}"
    return _text(value).removesuffix("Z").replace(" ", "T")


def _number(value: Any, *, whole: bool) -> float | int | None:
    if value is None or value == "":
        return None
    text = str(value)
    number = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    if math.isnan(number):
        return None
    if math.isinf(number) or (whole and number != int(number)):
        raise ValueError(text)
    return int(number) if whole else number


def _fingerprints(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return what is said of model, policy, batch and capacity; unreadable reports have no model."""
    prints = dict.fromkeys(PRINTS, "")
    for row in rows:
        hashes = dict(word.split(":", 1) for word in row["fingerprints"].split() if ":" in word)
        for name in PRINTS:
            prints[name] = prints[name] or hashes.get(name, "") or row.get(name, "")
    return prints


def _read_table(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_scores(path, NEEDED).to_pylist()
    return rows


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    # What is no text is no JSON either, and is refused with its line.
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise InputRefusedError(
                    "no object in JSON",
                    where=f"{path}, line {number}",
                    expected="one object a line",
                    mend=_MEND,
                )
            yield row


def _read_sheet(path: Path) -> Iterator[dict[str, Any]]:
    return (row for row in read_workbook(path) if any(value is not None for value in row.values()))
