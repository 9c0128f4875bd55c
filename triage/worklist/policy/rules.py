"""Conditions on the facts of a case, and the rules that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.declare import Kind
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Condition:
    """Some visible row of the case has one of the codes.

    Of persons, accounts, payments and earlier records only those of reported persons are seen.

    Parameters
    ----------
    table, column : str
        Where to look.
    codes : tuple of str
        What to look for; one suffices.
    """

    table: str
    column: str
    codes: tuple[str, ...]

    @property
    def place(self) -> str:
        """The table and the column, as a policy file names them."""
        return f"{self.table}.{self.column}"

    def holds(self, view: View) -> Mask:
        """Say of which cases it holds, shape (n_cases,)."""
        rows: Rows = getattr(view, self.table)
        column = TABLES[self.table][self.column]
        if column.kind is not Kind.CODES:
            return rows.any(rows.is_code(self.column, *self.codes))
        declared = [code for code in self.codes if code in column.codes]
        others = [code for code in self.codes if code not in column.codes]
        found = rows.has(self.column, *declared)
        return rows.any(found | _holds_other(rows, self.column, others) if others else found)

    def implies(self, other: Condition) -> bool:
        """Say whether the other one holds wherever this one does."""
        return self.place == other.place and set(self.codes) <= set(other.codes)


def _holds_other(rows: Rows, column: str, codes: list[str]) -> Mask:
    """Mark the rows whose set holds a code that is not declared."""
    values = rows.table[column].combine_chunks()
    among = np.asarray(pc.is_in(pc.list_flatten(values), pa.array(codes, pa.string())))
    marked = np.zeros(len(values), dtype=bool)
    marked[np.asarray(pc.list_parent_indices(values))[among]] = True
    return marked & rows.filled(column)


@dataclass(frozen=True)
class Rule:
    """A rule, which holds of a case where all its conditions hold, each by some row.

    Parameters
    ----------
    name : str
        One word, for columns and messages.
    says : str
        What it means, for people.
    imminence : int
        Of rules that escalate: the higher, the nearer the top of the lane; 0 for other rules.
    when : tuple of Condition
        The conditions.
    """

    name: str
    says: str
    imminence: int
    when: tuple[Condition, ...]

    def holds(self, view: View) -> Mask:
        """Say of which cases it holds, shape (n_cases,)."""
        held = np.ones(view.n_cases, dtype=bool)
        for condition in self.when:
            held &= condition.holds(view)
        return held

    def implies(self, other: Rule) -> bool:
        """Say whether, by its conditions, the other rule holds wherever this one does."""
        return all(any(mine.implies(its) for mine in self.when) for its in other.when)
