"""Columns of one table as numbers: each is read once, whoever asks for which of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.declare import Knowable
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.schema.part import Part

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

T = TypeVar("T")
N = TypeVar("N", bound=np.generic)
_LATE = frozenset({Knowable.ENRICHMENT, Knowable.EITHER})


class Columns:
    """The columns of one table of a part, unknown where they were filled in later than the as-of time.

    Parameters
    ----------
    name : str
        The table.
    part : Part
        Where it is.
    as_of : array of int, shape (n_cases,)
        As-of time of each case, in seconds since 1970.
    """

    def __init__(self, name: str, part: Part, as_of: Ints) -> None:
        self.declared, self.table, self.position = TABLES[name], part.tables[name], part.position(name)
        self._part, self._read = part, dict[tuple[str, str], Any]()
        self._hidden: Mask | None = None
        if "enriched_at" in self.declared:
            # An empty stamp means that the columns came with the row.
            hidden = seconds_of(self.table["enriched_at"]) > as_of[self.position]
            self._hidden = hidden if hidden.any() else None

    def _once(self, kind: str, column: str, read: Callable[[pa.Array], T]) -> T:
        """Return what is read of a column."""
        if (kind, column) not in self._read:
            self._read[kind, column] = read(self._flat(column))
        found: T = self._read[kind, column]
        return found

    def _flat(self, column: str) -> pa.Array:
        values = self.table[column]
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()

    def _known(self, column: str, values: NDArray[N], unknown: float) -> NDArray[N]:
        """Return the values, `unknown` where they came later."""
        if self._hidden is None or self.declared[column].knowable not in _LATE:
            return values
        return np.where(self._hidden, values.dtype.type(unknown), values)

    def codes(self, column: str) -> NDArray[np.int16]:
        """Return the index of each row's code in the declared list, -1 where it is unknown."""

        def read(values: pa.Array) -> NDArray[np.int16]:
            codes = np.asarray(pc.fill_null(values.indices, -1)).astype(np.int16)
            return self._known(column, codes, -1)

        return self._once("codes", column, read)

    def codes_of(self, column: str) -> list[str]:
        """Return what the indices of `codes` stand for; of countries, whatever ones are there."""
        held: list[str] = self._flat(column).dictionary.to_pylist()
        return held

    def holds(self, column: str, among: Mask) -> Mask:
        """Mark the rows whose set of codes holds one that is `among` the declared; the last is any other."""
        parents, held = self._once(
            "members", column, lambda values: _list_members(values, self._codes(column))
        )
        marked = np.zeros(len(self.position), dtype=bool)
        marked[parents[np.flatnonzero(among[held])]] = True
        return self._known(column, marked, False)

    def _codes(self, column: str) -> pa.Array:
        return pa.array(self.declared[column].codes, pa.string())

    def filled(self, column: str) -> Mask:
        """Mark the rows whose set of codes was filled in, be it with none."""
        return self._known(column, np.asarray(self.table[column].is_valid()), False)

    def tokens(self, column: str) -> Ints:
        """Return a number per row that is the same for the same token, -1 where there is none."""
        return self._known(column, self.names(column), -1)

    def names(self, column: str) -> Ints:
        """Return the numbers of tokens by which rows refer to others, whenever they were filled in."""
        return self._part.numbers(self.declared.name, column)

    def seconds(self, column: str) -> Floats:
        """Return times in seconds since 1970, NaN where they are unknown."""

        def read(times: pa.Array) -> Floats:
            seconds = np.where(np.asarray(times.is_valid()), seconds_of(times), np.nan)
            return self._known(column, seconds, np.nan)

        return self._once("seconds", column, read)

    def numbers(self, column: str) -> Floats:
        """Return numbers, NaN where they are unknown."""

        def read(values: pa.Array) -> Floats:
            numbers = np.asarray(pc.fill_null(values.cast(pa.float64()), np.nan))
            return self._known(column, numbers, np.nan)

        return self._once("numbers", column, read)


def _list_members(values: pa.Array, declared: pa.Array) -> tuple[Ints, NDArray[np.int16]]:
    """Return the row and the declared index (-1 for other codes) of every member of the sets."""
    parents = np.asarray(pc.list_parent_indices(values)).astype(np.int64)
    held = pc.fill_null(pc.index_in(pc.list_flatten(values), declared), -1)
    return parents, np.asarray(held).astype(np.int16)


def seconds_of(times: pa.Array | pa.ChunkedArray) -> Ints:
    """Return times as seconds since 1970; empty ones as the beginning of time."""
    return np.asarray(pc.fill_null(times.cast(pa.int64()), np.iinfo(np.int64).min))
