"""Canonical tables as somebody else wrote them, block by block; and the account of what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from triage.schema.findings import Finding, Level
from triage.schema.mend import SHOWN_VALUES
from triage.schema.part import no_set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from triage.schema.meta import BatchMeta

# A row's number says also which file it stands in: so far apart do the numbers of two files begin.
_APART = 40
_PLACE = (1 << _APART) - 1
_UNKNOWN = "counts as unknown"


# What is said of a line that is no row.
BROKEN = {
    "reason": "the line has too few or too many fields, or a stray quote",
    "mend": "look at the line in the source; mend it there and read again",
}


def broken_finding(where: str, first: int, count: int) -> Finding:
    """Return the finding on lines that are no rows.

    Parameters
    ----------
    where : str
        The file's name.
    first : int
        The row that the first would have been.
    count : int
        How many there are.
    """
    return Finding(
        Level.ROW, where, "", first, count, "too few or too many fields, or a stray quote",
        "as many fields as the header", "the row is set aside; look for a stray separator or quote",
    )  # fmt: skip


class Block(NamedTuple):
    """Some rows of a file.

    Parameters
    ----------
    table : pyarrow.Table
        As read.
    numbers : array of int, shape (n_rows,)
        The place of each in its file, from 1 below a header.
    broken : array of int
        The places of lines that are no rows.
    """

    table: pa.Table
    numbers: NDArray[np.int64]
    broken: NDArray[np.int64]


@dataclass(frozen=True)
class SourceFile:
    """One file of rows of one table.

    Parameters
    ----------
    table : str
        The table.
    where : str
        Its name, for messages.
    columns : tuple of str
        The columns that it has.
    origin : dict
        Its ``sha256``, ``bytes`` and ``kind``, for ``batch.json``.
    read : callable
        Gives its rows, block by block.
    """

    table: str
    where: str
    columns: tuple[str, ...]
    origin: dict[str, Any]
    read: Callable[[], Iterator[Block]]


@dataclass(frozen=True)
class Source:
    """Canonical tables, in one file each or in several, in any order.

    Parameters
    ----------
    files : list of SourceFile
        In the order in which they are read.
    meta : BatchMeta
        Name and as-of time of the batch to be.
    rows : int
        How many rows there are, about.
    findings : list of Finding
        What was found on looking at the files.
    set_aside : pyarrow.Table
        What the source says was set aside before.
    is_batch : bool
        Whether it is a batch already: then its times of knowing stand.
    """

    files: list[SourceFile]
    meta: BatchMeta
    rows: int
    findings: list[Finding] = field(default_factory=list)
    set_aside: pa.Table = field(default_factory=no_set_aside)
    is_batch: bool = False

    def where(self) -> dict[str, str]:
        """Return for each table the name of its file, or its own where it has several."""
        names: dict[str, list[str]] = {}
        for file in self.files:
            names.setdefault(file.table, []).append(file.where)
        return {table: files[0] if len(files) == 1 else table for table, files in names.items()}


class Account:
    """How many rows came out of each file, how many of them were set aside, and what was found."""

    def __init__(self, source: Source) -> None:
        self._files = source.files
        self._wheres = pa.array([file.where for file in source.files], pa.string())
        self.came = np.zeros(len(source.files), np.int64)
        self.aside = np.zeros(len(source.files), np.int64)
        self._found: dict[tuple[object, ...], Finding] = {}
        self._shown: dict[tuple[str, str], int] = {}
        self.add_findings(source.findings)

    def number(self, file: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return numbers that tell rows of all files apart, in the order of the source."""
        return places + (np.int64(file + 1) << _APART)

    def place(self, aside: pa.Table) -> pa.Table:
        """Count rows set aside, and say of each in which file and where it stands, instead of its number."""
        numbers = aside["row"].to_numpy()
        files = (numbers >> _APART) - 1
        self.aside += np.bincount(files, minlength=len(self.aside))
        placed = aside.set_column(
            aside.column_names.index("where"), "where", self._wheres.take(pa.array(files))
        )
        places = pa.array(numbers & _PLACE, pa.int64())
        return placed.set_column(placed.column_names.index("row"), "row", places)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Add what was found, one entry a kind of mistake in a file; rows are told by their numbers."""
        for found in findings:
            file, place = found.row >> _APART, found.row & _PLACE
            self._merge(replace(found, where=self._files[file - 1].where, row=place) if file else found)

    def _merge(self, found: Finding) -> None:
        key = (found.level, found.where, found.column, found.found, found.expected, found.mend)
        if key not in self._found and found.level == Level.FIELD and found.mend == _UNKNOWN:
            shown = self._shown.get((found.where, found.column), 0)
            if shown == SHOWN_VALUES:
                found = replace(found, row=0, found="other bad values", mend="count as unknown")
                key = (found.level, found.where, found.column, found.found, found.expected, found.mend)
            else:
                self._shown[found.where, found.column] = shown + 1
        before = self._found.get(key)
        if before is None:
            self._found[key] = found
            return
        # A column that a file lacks is lacking in each of its blocks.
        once = found.level == Level.COLUMN and found.found.startswith("no such column")
        count = before.count if once else before.count + found.count
        rows = [row for row in (before.row, found.row) if row]
        self._found[key] = replace(before, count=count, row=min(rows, default=0))

    def findings(self) -> list[Finding]:
        """Return what was found."""
        return list(self._found.values())

    def by_table(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return for each table of the source how many rows came, and how many were set aside."""
        came: dict[str, int] = {}
        aside: dict[str, int] = {}
        for file, rows, lost in zip(self._files, self.came.tolist(), self.aside.tolist(), strict=True):
            came[file.table] = came.get(file.table, 0) + rows
            aside[file.table] = aside.get(file.table, 0) + lost
        return came, aside

    def fill(self, sources: list[dict[str, Any]]) -> None:
        """Write into entries of ``batch.json``, one a file, what came and what was set aside."""
        for entry, file, came, aside in zip(sources, self._files, self.came, self.aside, strict=True):
            entry["records"] = {file.table: int(came)}
            entry["set_aside"] = {file.table: int(aside)}
