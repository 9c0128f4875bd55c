"""A part as it was known at the as-of time of each case.

Everything a feature may see passes through here, so the as-of rule is kept in one place: a row counts from
its ``known_at`` on, and its enrichment columns count from its ``enriched_at`` on.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.kernels import any_where, count_where, largest, smallest
from triage.schema.declare import Knowable
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.schema.part import Part

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DAY = 86_400.0
_LATE = frozenset({Knowable.ENRICHMENT, Knowable.EITHER})


class Rows:
    """The visible rows of one table, with the sums over them.

    Parameters
    ----------
    name : str
        The table.
    table : pyarrow.Table
        Its rows in declared form, sorted by case.
    position : array of int, shape (n_rows,)
        Index of each row's case, ascending.
    as_of : array of int, shape (n_cases,)
        As-of time of each case, in seconds since 1970.
    """

    def __init__(
        self, name: str, table: pa.Table, position: NDArray[np.int64], as_of: NDArray[np.int64]
    ) -> None:
        visible = _seconds(table["known_at"]) <= as_of[position]
        if not visible.all():
            table, position = table.filter(pa.array(visible)), position[visible]
        self.table, self.position, self.n_cases, self._as_of = table, position, len(as_of), as_of
        self._declared = TABLES[name]
        self._hidden: Mask | None = None
        if "enriched_at" in self._declared:
            # An empty stamp means that the columns came with the row.
            hidden = _seconds(table["enriched_at"]) > as_of[position]
            self._hidden = hidden if hidden.any() else None

    def only(self, mask: Mask) -> Rows:
        """Return the marked rows alone."""
        if mask.all():
            return self
        return Rows(self._declared.name, self.table.filter(pa.array(mask)), self.position[mask], self._as_of)

    def _late(self, column: str) -> Mask | None:
        return self._hidden if self._declared[column].knowable in _LATE else None

    def codes(self, column: str) -> NDArray[np.int16]:
        """Return the index of each row's code in the declared list, -1 where it is unknown."""
        values = self.table[column].combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
        codes = np.asarray(pc.fill_null(values.indices, -1)).astype(np.int16)
        late = self._late(column)
        return codes if late is None else np.where(late, np.int16(-1), codes)

    def is_code(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose code is one of `codes`."""
        declared = self._declared[column].codes
        return np.isin(self.codes(column), [declared.index(code) for code in codes])

    def has(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose set of codes holds one of `codes`."""
        values = self.table[column].combine_chunks()
        parents = np.asarray(pc.list_parent_indices(values))
        wanted = pc.is_in(pc.list_flatten(values), pa.array(codes, pa.string()))
        marked = np.zeros(self.table.num_rows, dtype=bool)
        marked[parents[np.asarray(wanted)]] = True
        late = self._late(column)
        return marked if late is None else marked & ~late

    def seconds(self, column: str) -> Floats:
        """Return times in seconds since 1970, NaN where they are unknown."""
        times = self.table[column]
        result = np.where(np.asarray(times.is_valid()), _seconds(times), np.nan)
        late = self._late(column)
        return result if late is None else np.where(late, np.nan, result)

    def numbers(self, column: str) -> Floats:
        """Return numbers, NaN where they are unknown."""
        return np.asarray(pc.fill_null(self.table[column].cast(pa.float64()), np.nan))

    def any(self, mask: Mask) -> Mask:
        """Say which cases have a marked row."""
        return any_where(mask, self.position, self.n_cases)

    def count(self, mask: Mask) -> Floats:
        """Count the marked rows of each case."""
        return count_where(mask, self.position, self.n_cases)

    def largest(self, values: Floats) -> Floats:
        """Return the largest value of each case, NaN where there is none."""
        return largest(values, self.position, self.n_cases)

    def smallest(self, values: Floats) -> Floats:
        """Return the smallest value of each case, NaN where there is none."""
        return smallest(values, self.position, self.n_cases)

    def flag(self, asserted: Mask, denied: Mask | None = None) -> Floats:
        """Return +1 for cases with an asserting row, else -1 with a denying row, else 0 for unknown."""
        says_no = np.zeros(self.n_cases, dtype=bool) if denied is None else self.any(denied)
        return np.select([self.any(asserted), says_no], [1.0, -1.0], 0.0)

    def flag_of(self, column: str) -> Floats:
        """Return a three-valued column as +1 asserted, 0 unknown, -1 denied per case."""
        return self.flag(self.is_code(column, "asserted"), self.is_code(column, "denied"))


class View:
    """What was known of each case of a part at its as-of time.

    Parameters
    ----------
    part : Part
        Whole cases, sorted.
    as_of : array of int, shape (n_cases,)
        As-of time of each case, in seconds since 1970.
    """

    def __init__(self, part: Part, as_of: NDArray[np.int64]) -> None:
        self.part, self.as_of, self.n_cases = part, as_of, len(part.cases)

    def _rows(self, name: str) -> Rows:
        return Rows(name, self.part.tables[name], self.part.position(name), self.as_of)

    @cached_property
    def reports(self) -> Rows:
        """Visible reports."""
        return self._rows("reports")

    @cached_property
    def persons(self) -> Rows:
        """Visible reported persons; what is known of others says nothing of the one who is ranked."""
        rows = self._rows("persons")
        return rows.only(rows.is_code("role", "reported"))

    def _of_persons(self, name: str) -> Rows:
        rows = self._rows(name)
        return rows.only(np.asarray(pc.is_in(rows.table["person_id"], self.persons.table["person_id"])))

    @cached_property
    def accounts(self) -> Rows:
        """Visible accounts of reported persons."""
        return self._of_persons("accounts")

    @cached_property
    def files(self) -> Rows:
        """Visible files."""
        return self._rows("files")

    @cached_property
    def network_events(self) -> Rows:
        """Visible network events of the accounts of reported persons."""
        rows = self._rows("network_events")
        return rows.only(np.asarray(pc.is_in(rows.table["account_id"], self.accounts.table["account_id"])))

    @cached_property
    def communications(self) -> Rows:
        """Visible threads."""
        return self._rows("communications")

    @cached_property
    def transactions(self) -> Rows:
        """Visible payments of reported persons."""
        return self._of_persons("transactions")

    @cached_property
    def prior_records(self) -> Rows:
        """Visible earlier records about reported persons."""
        return self._of_persons("prior_records")

    @cached_property
    def children(self) -> Rows:
        """Visible children."""
        return self._rows("children")

    @cached_property
    def first_received(self) -> Floats:
        """When the first report of each case was received, in seconds since 1970."""
        return self.reports.smallest(self.reports.seconds("received_at"))

    @cached_property
    def last_received(self) -> Floats:
        """When the latest report of each case was received, in seconds since 1970."""
        return self.reports.largest(self.reports.seconds("received_at"))

    def days_before_report(self, latest: Floats) -> Floats:
        """Return days from a time per case to the latest report; 0 where the time is later."""
        return np.fmax((self.last_received - latest) / DAY, 0.0) + np.where(np.isnan(latest), np.nan, 0.0)


def _seconds(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return times as seconds since 1970; empty ones as the beginning of time."""
    return np.asarray(pc.fill_null(times.cast(pa.int64()), np.iinfo(np.int64).min))
