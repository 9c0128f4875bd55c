"""A part: one slice of a batch that holds whole cases, checked, mended and sorted by case."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.findings import Finding

SET_ASIDE_SCHEMA = pa.schema(
    [
        ("why", pa.string()),
        ("table", pa.string()),
        ("where", pa.string()),
        ("row", pa.int64()),
        ("report_id", pa.string()),
        ("reason", pa.string()),
        ("mend", pa.string()),
        # Of what waits: tokens of the number of its report, or of its person, and the row in codes, as JSON.
        ("waits_for", pa.string()),
        ("held", pa.string()),
    ]
)


# Columns of one name hold tokens of the same things, and the other side of a thread is a person.
_ALSO = {"counterpart_id": "person_id"}


class Why(StrEnum):
    """Why a row or a document was set aside."""

    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    FOREIGN = "foreign"
    IMAGERY = "imagery"


def no_set_aside() -> pa.Table:
    """Return an empty table of rows set aside."""
    return SET_ASIDE_SCHEMA.empty_table()


@dataclass
class Rows:
    """Tables in their declared form, with the rows set aside and what was found."""

    tables: dict[str, pa.Table]
    set_aside: pa.Table = field(default_factory=no_set_aside)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Whole cases, ready for features.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        All ten tables in their declared form, rows sorted by case.
    cases : pyarrow.Array of string, shape (n_cases,)
        The case ids, sorted.
    set_aside : pyarrow.Table
        Rows that could not be used, with the reason (columns of `SET_ASIDE_SCHEMA`).
    findings : list of Finding
        What the check found.
    places : dict of str to array of int
        What `position` found so far.
    numbered : dict of tuple to array of int
        What `numbers` found so far.
    """

    tables: dict[str, pa.Table]
    cases: pa.Array
    set_aside: pa.Table
    findings: list[Finding]
    places: dict[str, NDArray[np.int64]] = field(default_factory=dict, repr=False, compare=False)
    numbered: dict[tuple[str, str], NDArray[np.int64]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def position(self, table: str) -> NDArray[np.int64]:
        """Return the index into `cases` of each row of a table, shape (n_rows,), ascending."""
        if table not in self.places:
            found = pc.index_in(self.tables[table]["case_id"], self.cases)
            self.places[table] = np.asarray(found).astype(np.int64)
        return self.places[table]

    def numbers(self, table: str, column: str) -> NDArray[np.int64]:
        """Return a number for the token of each row, -1 where there is none.

        The same token has the same number in every table, so that who looks up one in another compares
        numbers; texts are looked at once.

        Parameters
        ----------
        table, column : str
            A column of tokens.

        Returns
        -------
        array of int, shape (n_rows,)
        """
        if (table, column) not in self.numbered:
            kind = _ALSO.get(column, column)
            places = [
                (name, other.name)
                for name, declared in TABLES.items()
                # What became of a case is none of the business of those who score it.
                if name != "outcomes" or table == "outcomes"
                for other in declared.columns
                if _ALSO.get(other.name, other.name) == kind
            ]
            columns = [self.tables[name][other] for name, other in places]
            chunks = [chunk for one in columns for chunk in one.chunks]
            encoded = pa.concat_arrays([pa.array([], pa.string()), *chunks]).dictionary_encode()
            found = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
            ends = np.cumsum([len(one) for one in columns])
            self.numbered.update(zip(places, np.split(found, ends[:-1]), strict=True))
        return self.numbered[table, column]


def set_aside(
    rows: Rows,
    table: pa.Table,
    mask: NDArray[np.bool_],
    *,
    name: str,
    where: str,
    why: Why,
    reason: str,
    numbers: NDArray[np.int64] | None = None,
) -> None:
    """Add the masked rows of a table to the rows set aside; of their content only the report's token."""
    count = int(mask.sum())
    if not count:
        return
    chosen = table.filter(pa.array(mask))
    ids = chosen["report_id"] if "report_id" in chosen.column_names else pa.nulls(count, pa.string())
    places = np.zeros(count, dtype=np.int64) if numbers is None else numbers[mask]
    added = pa.table(
        [
            pa.array([why.value] * count, pa.string()),
            pa.array([name] * count, pa.string()),
            pa.array([where] * count, pa.string()),
            pa.array(places, pa.int64()),
            ids,
            pa.array([reason] * count, pa.string()),
            pa.array(["look at the row in the source; mend it there and import again"] * count, pa.string()),
            pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),
        ],
        schema=SET_ASIDE_SCHEMA,
    )
    rows.set_aside = pa.concat_tables([rows.set_aside, added])


def known_cases(part: Part, as_of: datetime) -> Part:
    """Return the cases of which a report was known at a time; cases that came later are not there yet."""
    reports = part.tables["reports"]
    visible = pc.less_equal(reports["known_at"], pa.scalar(as_of, reports["known_at"].type))
    if pc.all(visible).as_py():
        return part
    cases = pc.unique(reports.filter(visible)["case_id"].combine_chunks())
    if len(cases) == len(part.cases):
        return part
    tables = {name: table.filter(pc.is_in(table["case_id"], cases)) for name, table in part.tables.items()}
    return Part(tables, cases.take(pc.sort_indices(cases)), part.set_aside, part.findings)
