"""A part as it was known at the as-of time of each case.

Everything a feature may see passes through here, so the as-of rule is kept in one place: a row counts from
its ``known_at`` on, and its enrichment columns count from its ``enriched_at`` on.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.kernels import any_where, count_distinct, count_where, largest, smallest, sum_of
from triage.schema.declare import Knowable
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from triage.schema.part import Part

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DAY = 86_400.0
_LATE = frozenset({Knowable.ENRICHMENT, Knowable.EITHER})
_OTHER_ROLES = ("recipient", "third_party", "conductor")


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
        self._codes: dict[str, NDArray[np.int16]] = {}
        self._sets: dict[str, tuple[NDArray[np.int64], NDArray[np.int16]]] = {}

    def only(self, mask: Mask) -> Rows:
        """Return the marked rows alone."""
        if mask.all():
            return self
        return Rows(self._declared.name, self.table.filter(pa.array(mask)), self.position[mask], self._as_of)

    def _late(self, column: str) -> Mask | None:
        return self._hidden if self._declared[column].knowable in _LATE else None

    def codes(self, column: str) -> NDArray[np.int16]:
        """Return the index of each row's code in the declared list, -1 where it is unknown."""
        if column not in self._codes:
            values = self.table[column].combine_chunks()
            values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
            codes = np.asarray(pc.fill_null(values.indices, -1)).astype(np.int16)
            late = self._late(column)
            self._codes[column] = codes if late is None else np.where(late, np.int16(-1), codes)
        return self._codes[column]

    def codes_of(self, column: str) -> list[str]:
        """Return what the indices of `codes` stand for; of countries, whatever ones are there."""
        values = self.table[column].combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
        held: list[str] = values.dictionary.to_pylist()
        return held

    def is_code(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose code is one of `codes`."""
        return _among(self._declared[column].codes, codes)[self.codes(column)]

    def translate(self, column: str, numbers: Mapping[str, float]) -> Floats:
        """Return the number that stands for each row's code, NaN where there is none."""
        declared = self._declared[column].codes
        # The last one is what index -1, unknown, finds.
        table = np.array([*(numbers.get(code, np.nan) for code in declared), np.nan])
        return table[self.codes(column)]

    def has(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose set of codes holds one of `codes`."""
        parents, held = self._held(column)
        marked = np.zeros(self.table.num_rows, dtype=bool)
        marked[parents[_among(self._declared[column].codes, codes)[held]]] = True
        late = self._late(column)
        return marked if late is None else marked & ~late

    def filled(self, column: str) -> Mask:
        """Mark the rows whose set of codes was filled in, be it with none."""
        given = np.asarray(self.table[column].is_valid())
        late = self._late(column)
        return given if late is None else given & ~late

    def _held(self, column: str) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        """Return the row and the declared index (-1 for other codes) of every member of the sets."""
        if column not in self._sets:
            values = self.table[column].combine_chunks()
            parents = np.asarray(pc.list_parent_indices(values)).astype(np.int64)
            declared = pa.array(self._declared[column].codes, pa.string())
            held = pc.fill_null(pc.index_in(pc.list_flatten(values), declared), -1)
            self._sets[column] = parents, np.asarray(held).astype(np.int16)
        return self._sets[column]

    def tokens(self, column: str) -> NDArray[np.int64]:
        """Return a number per row that is the same for the same token, -1 where there is none."""
        values = self.table[column].combine_chunks()
        encoded = values.dictionary_encode()
        encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
        numbers = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
        late = self._late(column)
        return numbers if late is None else np.where(late, -1, numbers)

    def seconds(self, column: str) -> Floats:
        """Return times in seconds since 1970, NaN where they are unknown."""
        times = self.table[column]
        result = np.where(np.asarray(times.is_valid()), _seconds(times), np.nan)
        late = self._late(column)
        return result if late is None else np.where(late, np.nan, result)

    def numbers(self, column: str) -> Floats:
        """Return numbers, NaN where they are unknown."""
        numbers = np.asarray(pc.fill_null(self.table[column].cast(pa.float64()), np.nan))
        late = self._late(column)
        return numbers if late is None else np.where(late, np.nan, numbers)

    def refer(self, column: str, others: Rows, key: str) -> Mask:
        """Mark the rows whose `column` names, by `key`, one of the `others` of the same case."""
        names, known = self.table[column], others.table[key].combine_chunks()
        at = np.asarray(pc.fill_null(pc.index_in(names, known, skip_nulls=True), -1)).astype(np.int64)
        found = at >= 0
        if (others.position[at[found]] == self.position[found]).all():
            return found
        # A name that stands in several cases: the first place is not the only one.
        ids = pc.unique(known)
        pairs = self.position * len(ids) + np.asarray(pc.fill_null(pc.index_in(names, ids), 0))
        of_others = others.position * len(ids) + np.asarray(pc.fill_null(pc.index_in(known, ids), 0))
        return found & np.isin(pairs, of_others)

    def any(self, mask: Mask) -> Mask:
        """Say which cases have a marked row."""
        return any_where(mask, self.position, self.n_cases)

    def count(self, mask: Mask) -> Floats:
        """Count the marked rows of each case."""
        return count_where(mask, self.position, self.n_cases)

    def count_distinct(self, values: NDArray[np.integer[Any]]) -> Floats:
        """Count the distinct values of each case; negative ones are unknown and not counted."""
        return count_distinct(values, self.position, self.n_cases)

    def sum(self, values: Floats) -> Floats:
        """Return the sum of each case."""
        return sum_of(values, self.position, self.n_cases)

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
    own_records : bool
        Whether earlier records count to which our own ranking led. Whoever is looked at more often has more
        of them, so that a list may feed on itself; without them it is seen how much.
    """

    def __init__(self, part: Part, as_of: NDArray[np.int64], *, own_records: bool = True) -> None:
        self.part, self.as_of, self.n_cases = part, as_of, len(part.cases)
        self.own_records = own_records
        self._features: dict[str, Floats] = {}

    def remember(self, name: str, compute: Callable[[View], Floats]) -> Floats:
        """Return a feature, computed once: sums are made of flags that stand in the matrix too."""
        if name not in self._features:
            self._features[name] = compute(self)
        return self._features[name]

    def _rows(self, name: str) -> Rows:
        return Rows(name, self.part.tables[name], self.part.position(name), self.as_of)

    @cached_property
    def reports(self) -> Rows:
        """Visible reports."""
        return self._rows("reports")

    @cached_property
    def everybody(self) -> Rows:
        """Visible persons, whatever their part."""
        return self._rows("persons")

    @cached_property
    def persons(self) -> Rows:
        """Visible reported persons; what is known of others says nothing of the one who is ranked."""
        rows = self.everybody
        return rows.only(rows.is_code("role", "reported"))

    def _of_persons(self, name: str) -> Rows:
        rows = self._rows(name)
        return rows.only(rows.refer("person_id", self.persons, "person_id"))

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
        return rows.only(rows.refer("account_id", self.accounts, "account_id"))

    @cached_property
    def _of_others(self) -> Mask:
        """Mark the threads of recipients and third parties, as far as those are not reported too."""
        others = self.everybody.only(self.everybody.is_code("role", *_OTHER_ROLES))
        accounts = self._rows("accounts")
        of_others = accounts.refer("person_id", others, "person_id")
        of_reported = accounts.refer("person_id", self.persons, "person_id")
        return self._threads.refer("account_id", accounts.only(of_others & ~of_reported), "account_id")

    @cached_property
    def _threads(self) -> Rows:
        return self._rows("communications")

    @cached_property
    def own_threads(self) -> Rows:
        """Visible threads but those of recipients and third parties: the other side is somebody else."""
        return self._threads.only(~self._of_others)

    @cached_property
    def communications(self) -> Rows:
        """Visible threads, of recipients and third parties only those with a reported person."""
        with_reported = self._threads.refer("counterpart_id", self.persons, "person_id")
        return self._threads.only(~self._of_others | with_reported)

    @cached_property
    def transactions(self) -> Rows:
        """Visible payments of reported persons."""
        return self._of_persons("transactions")

    @cached_property
    def prior_records(self) -> Rows:
        """Visible earlier records about reported persons."""
        rows = self._of_persons("prior_records")
        return rows if self.own_records else rows.only(~rows.is_code("origin", "own_ranking"))

    @cached_property
    def children(self) -> Rows:
        """Visible children."""
        return self._rows("children")

    @cached_property
    def children_of_reports(self) -> Rows:
        """Visible children that the reports themselves mention: known as soon as the report was."""
        rows, reports = self.children, self.reports
        rows = rows.only(rows.refer("report_id", reports, "report_id"))
        at = np.asarray(pc.index_in(rows.table["report_id"], reports.table["report_id"].combine_chunks()))
        reported = _seconds(reports.table["known_at"])[at.astype(np.int64)]
        return rows.only(_seconds(rows.table["known_at"]) <= reported)

    @cached_property
    def first_received(self) -> Floats:
        """When the first report of each case was received, in seconds since 1970."""
        return self.reports.smallest(self.reports.seconds("received_at"))

    @cached_property
    def last_received(self) -> Floats:
        """When the latest report of each case was received, in seconds since 1970."""
        return self.reports.largest(self.reports.seconds("received_at"))

    @cached_property
    def reported_at(self) -> Floats:
        """When the latest report that is not of a viral bundle was received; of a bundle alone, the first."""
        rows = self.reports
        own = np.where(rows.is_code("actionability", "batch"), np.nan, rows.seconds("received_at"))
        latest = rows.largest(own)
        return np.where(np.isnan(latest), self.first_received, latest)

    def days_before_report(self, latest: Floats) -> Floats:
        """Return days from a time per case to the latest report; 0 where it is later, NaN where unknown."""
        return np.maximum((self.reported_at - latest) / DAY, 0.0)


def _among(declared: tuple[str, ...], codes: tuple[str, ...]) -> Mask:
    """Return which declared codes are among `codes`; the last entry is what -1, unknown, finds."""
    for code in codes:
        declared.index(code)
    return np.array([*(code in codes for code in declared), False])


def _seconds(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return times as seconds since 1970; empty ones as the beginning of time."""
    return np.asarray(pc.fill_null(times.cast(pa.int64()), np.iinfo(np.int64).min))
