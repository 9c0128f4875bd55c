"""A pinned reference: what the cases looked like when the model was found fit for use."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.evaluation.figure import as_plain
from triage.evaluation.hidden import require_shown
from triage.evaluation.monitoring.columns import (
    MOST_CATEGORIES,
    as_table,
    choose_columns,
    read_codes,
    read_numbers,
    read_probabilities,
)
from triage.evaluation.monitoring.stored import LARGEST_NUMBER, Reader, is_text, read_object, write_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

KIND, VERSION = "pinned reference", 1
BINS = 10
LEAST_CASES, SMALLEST_CELL = 100, 10
MOST_COLUMNS = 1_000
NUMERIC, CODED = "numeric", "coded"
OTHER, MISSING = "other or new", "missing"


@dataclass(frozen=True)
class ColumnReference:
    """How one column was spread.

    Parameters
    ----------
    name : str
        Of the column.
    kind : str
        ``numeric`` or ``coded``.
    edges : tuple of float
        Of a numeric column: the upper end of each bin but the last, included.
    categories : tuple of str
        Of a coded column, in the order of the alphabet; all others are one more bin.
    counts : tuple of int
        Cases in each bin, the last one for missing values.
    missing_by_source : tuple of int
        Missing values of each source of the reference.
    """

    name: str
    kind: str
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    missing_by_source: tuple[int, ...] = ()

    @property
    def missing(self) -> int:
        """Cases without a value."""
        return self.counts[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each bin."""
        if self.kind == CODED:
            return (*self.categories, OTHER, MISSING)
        if not self.edges:
            return ("any number", MISSING)
        between = (f"above {a:g} to {b:g}" for a, b in zip(self.edges[:-1], self.edges[1:], strict=True))
        return (f"to {self.edges[0]:g}", *between, f"above {self.edges[-1]:g}", MISSING)

    def place(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the bin of each value of a column.

        Raises
        ------
        InputRefusedError
            The column was numeric and is not any more.
        """
        last = len(self.counts) - 1
        if self.kind == CODED:
            index = pc.index_in(read_codes(column, self.name), pa.array(self.categories, pa.string()))
            found = np.asarray(pc.fill_null(index, last - 1), dtype=np.int64)
            known = np.asarray(read_codes(column, self.name).is_valid())
            return np.where(known, found, last)
        numbers = read_numbers(column)
        if numbers is None:
            raise InputRefusedError(
                f"{column.type} values that are no numbers",
                where=f"column {self.name}",
                expected="numbers, as in the reference",
                mend="mend the column, or pin a new reference",
            )
        return np.where(np.isnan(numbers), last, np.searchsorted(np.array(self.edges), numbers))


@dataclass(frozen=True)
class Reference:
    """What later batches are compared with. It holds counts, never a row.

    Parameters
    ----------
    cases : int
        How many cases it was made from.
    columns : tuple of ColumnReference
        The columns watched, scores and probabilities among them.
    model : str
        Name of the model that made the scores; empty where the table does not say.
    first, last : str
        Days of the first and the last case; empty where the table has no times.
    probability : float
        Mean probability; 0 where there is none.
    source_column : str
        The column that tells the source of a case; empty where none was given.
    sources : tuple of str
        Sources with at least 10 cases, then all others.
    source_counts : tuple of int
        Cases of each.
    synthetic : bool
        Whether the cases come from a world.
    """

    cases: int
    columns: tuple[ColumnReference, ...]
    model: str = ""
    first: str = ""
    last: str = ""
    probability: float = 0.0
    source_column: str = ""
    sources: tuple[str, ...] = ()
    source_counts: tuple[int, ...] = ()
    synthetic: bool = False

    @property
    def id(self) -> str:
        """A short hash of all it holds."""
        text = json.dumps(as_plain(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Return the reference as values that JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def save(self, path: Path, *, force: bool = False) -> None:
        """Write it as JSON, whole or not at all.

        Raises
        ------
        OutputExistsError
            `path` exists and `force` is false.
        """
        write_object(path, KIND, VERSION, self.as_dict(), force=force)

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Read it.

        Raises
        ------
        InputRefusedError
            There is no such file, or it is not as it was written.
        """
        read = read_object(path, KIND, VERSION)
        columns = read.list("columns")
        if not 0 < len(columns) <= MOST_COLUMNS:
            raise InputRefusedError(
                f"{len(columns):,} columns", where=str(path), expected=f"1 to {MOST_COLUMNS:,} columns"
            )
        reference = cls(
            cases=read.count("cases"),
            columns=tuple(_read_column(Reader(column, f"{path}, columns")) for column in columns),
            model=read.text("model"),
            first=read.text("first"),
            last=read.text("last"),
            probability=read.number("probability"),
            source_column=read.text("source_column"),
            sources=read.texts("sources"),
            source_counts=read.counts("source_counts"),
            synthetic=read.yes("synthetic"),
        )
        wrong = _wrong_in(reference)
        if wrong:
            raise InputRefusedError(wrong, where=str(path), expected="the reference as it was written")
        return reference


def pin_reference(
    table: pa.Table | pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    source: str = "",
    time: str = "received_at",
    probability: str = "probability",
    bins: int = BINS,
    synthetic: bool = False,
) -> Reference:
    """Count how the columns of a table of scores are spread, to compare later tables with.

    Numeric columns get bins between quantiles of the reference, fewer where values repeat. Codes are
    categories. Missing values (null, NaN, empty text) are a bin of their own. No bin of numbers and no
    category holds fewer than 10 cases: bins are joined with a neighbour, categories go to ``other or new``,
    so that nothing is kept that could speak of one person.

    Parameters
    ----------
    table : pyarrow.Table or pandas.DataFrame
        One row per case: a worklist, or any table of scores.
    columns : sequence of str, optional
        The columns to watch; `choose_columns` chooses where none are given.
    source : str
        A column with the source of each case, for missing values by source.
    time, probability : str
        Columns with the time and the probability, used where they are there.
    bins : int
        Bins of a numeric column.
    synthetic : bool
        Whether the cases come from a world.

    Raises
    ------
    InputRefusedError
        Fewer than 100 cases, no column to watch, a column that is not there, a probability outside 0 and 1,
        or a list that hides scores.

    Examples
    --------
    >>> table = pa.table({"score": range(100), "lane": ["ranked"] * 95 + ["youth"] * 5})
    >>> [(one.name, one.counts) for one in pin_reference(table, bins=4).columns]
    [('score', (25, 25, 25, 25, 0)), ('lane', (95, 5, 0))]
    """
    table = as_table(table)
    require_shown(table, "score")
    if table.num_rows < LEAST_CASES:
        raise InputRefusedError(
            f"{table.num_rows:,} cases", where="reference", expected=f"at least {LEAST_CASES}"
        )
    if np.asarray(bins).dtype.kind not in "iu" or not 2 <= bins <= 100:
        raise InputRefusedError(f"{bins!r}", where="bins", expected="a whole number from 2 to 100")
    names = list(dict.fromkeys(columns)) if columns else choose_columns(table)[0]
    if len(names) > MOST_COLUMNS or not all(is_text(name) for name in names):
        raise InputRefusedError(
            f"{len(names):,} columns, or one whose name cannot be printed",
            where="reference",
            expected=f"at most {MOST_COLUMNS:,} columns with names of printable letters",
        )
    missing = [name for name in [*names, *([source] if source else [])] if name not in table.column_names]
    if missing or not names:
        raise InputRefusedError(
            f"no column {', '.join(missing)}".strip(),
            where="reference",
            expected=f"columns among {', '.join(table.column_names[:40])}",
        )
    sources: tuple[str, ...] = ()
    index, counts = np.zeros(table.num_rows, dtype=np.int64), np.empty(0, dtype=np.int64)
    if source:
        grouped = _pin_codes(source, read_codes(table[source], source))
        index = grouped.place(table[source])
        sources, counts = grouped.labels, np.bincount(index, minlength=len(grouped.labels))
    first, last = _span(table, time)
    return Reference(
        cases=table.num_rows,
        columns=tuple(_pin_column(name, table[name], bins, index, len(sources)) for name in names),
        model=model_of(table),
        first=first,
        last=last,
        probability=_mean(table, probability),
        source_column=source,
        sources=sources,
        source_counts=tuple(int(count) for count in counts),
        synthetic=synthetic,
    )


def place_sources(reference: Reference, table: pa.Table) -> NDArray[np.int64] | None:
    """Return the source of each row of a table, as its place in the sources of a reference."""
    if not reference.source_column or reference.source_column not in table.column_names:
        return None
    by_name = ColumnReference(
        reference.source_column, CODED, (), reference.sources[:-2], reference.source_counts
    )
    return by_name.place(table[reference.source_column])


def model_of(table: pa.Table) -> str:
    """Return the name of the model in a worklist; empty where there is none, or more than one."""
    if "model" not in table.column_names:
        return ""
    names = pc.unique(table["model"].cast(pa.string())).drop_null().to_pylist()
    return str(names[0]) if len(names) == 1 and is_text(names[0]) else ""


def _pin_column(
    name: str, column: pa.ChunkedArray, bins: int, source: NDArray[np.int64], sources: int
) -> ColumnReference:
    numbers = read_numbers(column)
    pinned = (
        _pin_codes(name, read_codes(column, name)) if numbers is None else _pin_numbers(name, numbers, bins)
    )
    if not sources:
        return pinned
    absent = pinned.place(column) == len(pinned.counts) - 1
    by_source = np.bincount(source[absent], minlength=sources)
    return ColumnReference(
        pinned.name,
        pinned.kind,
        pinned.edges,
        pinned.categories,
        pinned.counts,
        tuple(int(count) for count in by_source),
    )


def _pin_numbers(name: str, numbers: FloatArray, bins: int) -> ColumnReference:
    known = np.sort(numbers[~np.isnan(numbers)])
    edges = _edges(known, bins)
    counts = np.diff(np.concatenate([[0], np.searchsorted(known, edges, side="right"), [len(known)]]))
    while len(edges) and counts.min() < SMALLEST_CELL:
        small = int(np.argmin(counts))
        # The bin joins its smaller neighbour.
        left = small > 0 and (small == len(edges) or counts[small - 1] <= counts[small + 1])
        gone = small - 1 if left else small
        edges = np.delete(edges, gone)
        counts[gone] += counts[gone + 1]
        counts = np.delete(counts, gone + 1)
    missing = len(numbers) - len(known)
    return ColumnReference(
        name,
        NUMERIC,
        tuple(float(edge) for edge in edges),
        (),
        tuple(int(count) for count in [*counts, missing]),
    )


def _edges(known: FloatArray, bins: int) -> FloatArray:
    finite = known[np.abs(known) < LARGEST_NUMBER]
    if len(finite) == 0:
        return np.empty(0)
    starts = np.flatnonzero(np.concatenate([[True], finite[1:] != finite[:-1]]))
    if len(starts) <= bins:
        return finite[starts[:-1]]
    edges = np.unique(np.quantile(finite, np.arange(1, bins) / bins, method="inverted_cdf"))
    # An edge at the largest value has nothing above it; the next lower value parts the largest from the rest.
    return np.unique(np.where(edges >= finite[-1], finite[starts[-1] - 1], edges))


def _pin_codes(name: str, codes: pa.ChunkedArray) -> ColumnReference:
    table = pc.value_counts(codes.drop_null())
    values, counts = table.field("values").to_pylist(), np.asarray(table.field("counts"))
    largest = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    kept = sorted(
        (values[i], int(counts[i])) for i in largest if counts[i] >= SMALLEST_CELL and is_text(values[i])
    )
    other = int(counts.sum()) - sum(count for _, count in kept)
    return ColumnReference(
        name,
        CODED,
        (),
        tuple(value for value, _ in kept),
        (*(count for _, count in kept), other, codes.null_count),
    )


def _span(table: pa.Table, time: str) -> tuple[str, str]:
    if time not in table.column_names:
        return "", ""
    text = read_codes(table[time], time).drop_null()
    if len(text) == 0:
        return "", ""
    ends = pc.min_max(pc.utf8_slice_codeunits(text, 0, 10)).as_py()
    return str(ends["min"]), str(ends["max"])


def _mean(table: pa.Table, name: str) -> float:
    numbers = read_probabilities(table, name)
    if numbers is None or np.isnan(numbers).all():
        return 0.0
    return float(np.nanmean(numbers))


def _read_column(read: Reader) -> ColumnReference:
    return ColumnReference(
        read.text("name"),
        read.text("kind"),
        read.numbers("edges"),
        read.texts("categories"),
        read.counts("counts"),
        read.counts("missing_by_source"),
    )


def _wrong_in(reference: Reference) -> str:
    """Return what does not fit together; empty if all does."""
    sources = len(reference.sources)
    if len(reference.source_counts) != sources or sources == 1 or not 0 <= reference.probability <= 1:
        return "sources or a mean probability that cannot be"
    if sources and sum(reference.source_counts) != reference.cases:
        return "sources that do not add up to the cases"
    for column in reference.columns:
        inner = len(column.edges) + 1 if column.kind == NUMERIC else len(column.categories) + 1
        rising = all(a < b for a, b in zip(column.edges[:-1], column.edges[1:], strict=True))
        other = column.categories if column.kind == NUMERIC else column.edges
        fits = column.kind in {NUMERIC, CODED} and len(column.counts) == inner + 1 and rising and not other
        if not fits or sum(column.counts) != reference.cases:
            return f"column {column.name}: counts that do not fit its bins or the cases"
        if len(column.missing_by_source) != (sources if reference.source_column else 0):
            return f"column {column.name}: missing values that do not fit the sources"
        if len(set(column.categories)) < len(column.categories):
            return f"column {column.name}: a category that stands twice"
    return ""
