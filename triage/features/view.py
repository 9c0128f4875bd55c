"""A part as it was known at the as-of time of each case.

Everything a feature may see passes through here, so the as-of rule is kept in one place: a row counts from
its ``known_at`` on, and its enrichment columns count from its ``enriched_at`` on.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from triage.features.columns import Columns, seconds_of
from triage.features.kernels import any_where, count_distinct, count_where, largest, smallest, sum_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from triage.schema.part import Part

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

N = TypeVar("N", bound=np.generic)

DAY = 86_400.0
_OTHER_ROLES = ("recipient", "third_party", "conductor")


class Rows:
    """Some rows of one table, with the sums over them.

    Parameters
    ----------
    columns : Columns
        Of all rows of the table.
    n_cases : int
        Number of cases.
    at : array of int, optional
        Which rows of the table these are, ascending; all if left out.
    """

    def __init__(self, columns: Columns, n_cases: int, at: Ints | None = None) -> None:
        self._columns, self.n_cases, self._at = columns, n_cases, at
        self._declared, self.position = columns.declared, self._of_these(columns.position)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.position)

    def _of_these(self, values: NDArray[N]) -> NDArray[N]:
        return values if self._at is None else values[self._at]

    def only(self, mask: Mask) -> Rows:
        """Return the marked rows alone."""
        if mask.all():
            return self
        at = np.flatnonzero(mask) if self._at is None else self._at[np.flatnonzero(mask)]
        return Rows(self._columns, self.n_cases, at)

    @cached_property
    def table(self) -> pa.Table:
        """The rows in their declared form."""
        table = self._columns.table
        return table if self._at is None else table.take(pa.array(self._at))

    def codes(self, column: str) -> NDArray[np.int16]:
        """Return the index of each row's code in the declared list, -1 where it is unknown."""
        return self._of_these(self._columns.codes(column))

    def codes_of(self, column: str) -> list[str]:
        """Return what the indices of `codes` stand for; of countries, whatever ones are there."""
        return self._columns.codes_of(column)

    def is_code(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose code is one of `codes`."""
        declared, held = self._declared[column].codes, self.codes(column)
        marked = np.zeros(len(held), dtype=bool)
        for code in codes:
            marked |= held == declared.index(code)
        return marked

    def translate(self, column: str, numbers: Mapping[str, float]) -> Floats:
        """Return the number that stands for each row's code, NaN where there is none."""
        declared = self._declared[column].codes
        # The last one is what index -1, unknown, finds.
        table = np.array([*(numbers.get(code, np.nan) for code in declared), np.nan])
        return table[self.codes(column)]

    def has(self, column: str, *codes: str) -> Mask:
        """Mark the rows whose set of codes holds one of `codes`."""
        return self._of_these(self._columns.holds(column, _among(self._declared[column].codes, codes)))

    def filled(self, column: str) -> Mask:
        """Mark the rows whose set of codes was filled in, be it with none."""
        return self._of_these(self._columns.filled(column))

    def tokens(self, column: str) -> Ints:
        """Return a number per row that is the same for the same token, -1 where there is none."""
        return self._of_these(self._columns.tokens(column))

    def seconds(self, column: str) -> Floats:
        """Return times in seconds since 1970, NaN where they are unknown."""
        return self._of_these(self._columns.seconds(column))

    def numbers(self, column: str) -> Floats:
        """Return numbers, NaN where they are unknown."""
        return self._of_these(self._columns.numbers(column))

    def names(self, column: str) -> Ints:
        """Return `tokens` by which rows refer to others, whenever they were filled in."""
        return self._of_these(self._columns.names(column))

    def refer(self, column: str, others: Rows, key: str) -> Mask:
        """Mark the rows whose `column` names, by `key`, one of the `others` of the same case."""
        names, known = self.names(column), others.names(key)
        case_of = _place(known, others.position, names)
        if (case_of[known] == others.position)[known >= 0].all():
            return np.asarray(case_of[names] == self.position)
        # A name that stands in several cases: one place is not the only one.
        size = len(case_of)
        pairs, of_others = self.position * size + names, others.position * size + known
        return (names >= 0) & np.isin(pairs, of_others[known >= 0])

    def find(self, column: str, others: Rows, key: str) -> Ints:
        """Return which of the `others` each row's `column` names by `key`, the first; -1 where none."""
        names, known = self.names(column), others.names(key)
        return _place(known[::-1], np.arange(len(known))[::-1], names)[names]

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
        says_no = 0.0 if denied is None else np.where(self.any(denied), -1.0, 0.0)
        return np.where(self.any(asserted), 1.0, says_no)

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
        columns = Columns(name, self.part, self.as_of)
        visible = seconds_of(columns.table["known_at"]) <= self.as_of[columns.position]
        return Rows(columns, self.n_cases).only(visible)

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
        reported = reports.seconds("known_at")[rows.find("report_id", reports, "report_id")]
        return rows.only(rows.seconds("known_at") <= reported)

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


def _place(numbers: Ints, at: Ints, asked: Ints) -> Ints:
    """Return, for each number up to the largest that is asked, where it is; -1 for those that are nowhere.

    The last entry is what number -1, no token, finds.
    """
    places = np.full(max(numbers.max(initial=-1), asked.max(initial=-1)) + 2, -1)
    places[numbers] = at
    places[-1] = -1
    return places
