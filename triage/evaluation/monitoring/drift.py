"""How a batch differs from a pinned reference, column by column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import NAN, Figure
from triage.evaluation.monitoring.columns import as_table
from triage.evaluation.monitoring.drift_result import ColumnDrift, Drift, MissingChange
from triage.evaluation.monitoring.reference import ColumnReference, Reference, place_sources
from triage.evaluation.monitoring.stability import EmptyBins, Stability, population_stability_index
from triage.evaluation.multiplicity import adjust_holm
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.proportions import newcombe_interval
from triage.evaluation.resampling import RESAMPLES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray


def measure_drift(
    reference: Reference,
    table: pa.Table | pd.DataFrame,
    *,
    empty: EmptyBins = "half",
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Drift:
    """Compare a table of scores with a pinned reference.

    Parameters
    ----------
    reference : Reference
        From `pin_reference`.
    table : pyarrow.Table or pandas.DataFrame
        One row per case. Columns that the reference does not know are not looked at; a column that is not
        there counts as missing throughout.
    empty, resamples, seed, confidence
        See `population_stability_index`.
    denominator : str
        Of which cases it speaks.

    Returns
    -------
    Drift
        For each column the index, its value by chance and its test, and the change of the share missing with
        Newcombe's interval, also by source where the reference has sources. p-values are adjusted by Holm's
        method for all tests of the batch together.

    Raises
    ------
    InputRefusedError
        A table without rows, or a numeric column that holds something else now.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from triage.evaluation.monitoring.reference import pin_reference
    >>> reference = pin_reference(pa.table({"lane": ["ranked"] * 80 + ["youth"] * 20}))
    >>> column = measure_drift(reference, pa.table({"lane": ["ranked"] * 50 + ["youth"] * 50})).columns[0]
    >>> print(column.stability.index.brief(3), column.verdict)
    0.416 [0.135, 0.850] changed much: ranked 80.0 -> 50.0 %
    """
    table = as_table(table)
    if table.num_rows == 0:
        raise InputRefusedError("no cases", where="batch", expected="at least one case")
    measure = _Measure(empty, resamples, seed, confidence, denominator)
    source = place_sources(reference, table)
    columns = [measure.column(reference, pinned, table, source) for pinned in reference.columns]
    return Drift(_adjust(columns), table.num_rows, reference.cases)


@dataclass(frozen=True)
class _Measure:
    empty: EmptyBins
    resamples: int
    seed: int
    confidence: float
    denominator: str

    def column(
        self,
        reference: Reference,
        pinned: ColumnReference,
        table: pa.Table,
        source: NDArray[np.int64] | None,
    ) -> ColumnDrift:
        absent = pinned.name not in table.column_names
        last = len(pinned.counts) - 1
        place = np.full(table.num_rows, last) if absent else pinned.place(table[pinned.name])
        counts = np.bincount(place, minlength=last + 1)
        of_source: tuple[MissingChange, ...] = ()
        if source is not None:
            of_source = self._by_source(reference, pinned, source, source[place == last])
        return ColumnDrift(
            pinned.name,
            pinned.kind,
            absent,
            self._index(pinned.counts, counts),
            NAN,
            self._missing("", (pinned.missing, int(counts[-1])), (reference.cases, table.num_rows)),
            of_source,
            pinned.labels,
            pinned.counts,
            tuple(int(count) for count in counts),
        )

    def _by_source(
        self,
        reference: Reference,
        pinned: ColumnReference,
        source: NDArray[np.int64],
        of_missing: NDArray[np.int64],
    ) -> tuple[MissingChange, ...]:
        sources = len(reference.sources)
        now, missing = np.bincount(source, minlength=sources), np.bincount(of_missing, minlength=sources)
        return tuple(
            self._missing(
                name,
                (pinned.missing_by_source[i], int(missing[i])),
                (reference.source_counts[i], int(now[i])),
            )
            for i, name in enumerate(reference.sources)
            if reference.source_counts[i] and now[i]
        )

    def _missing(self, source: str, missing: tuple[int, int], cases: tuple[int, int]) -> MissingChange:
        before, now = ((absent, total - absent) for absent, total in zip(missing, cases, strict=True))
        of = f"{self.denominator} from {source}" if source else self.denominator
        low, high = newcombe_interval(missing[1], cases[1], missing[0], cases[0], confidence=self.confidence)
        method = f"difference of shares, Newcombe {100 * self.confidence:g} %"
        shares = missing[0] / cases[0], missing[1] / cases[1]
        return MissingChange(
            source,
            *shares,
            Figure(shares[1] - shares[0], float(low), float(high), cases[1], method, of),
            # The index over the two bins missing and not missing has a test that also holds for few cases.
            self._index(before, now).test.p_value,
        )

    def _index(self, before: ArrayLike, now: ArrayLike) -> Stability:
        return population_stability_index(
            before,
            now,
            empty=self.empty,
            resamples=self.resamples,
            seed=self.seed,
            confidence=self.confidence,
            denominator=self.denominator,
        )


def _adjust(columns: list[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Adjust all p-values of a batch together."""
    tests = [column.stability.test.p_value for column in columns]
    tests += [change.p_value for column in columns for change in column.changes()]
    adjusted = iter(adjust_holm(tests))
    found = [replace(column, p_adjusted=next(adjusted)) for column in columns]
    return tuple(
        replace(
            column,
            missing=replace(column.missing, p_adjusted=next(adjusted)),
            missing_by_source=tuple(
                replace(change, p_adjusted=next(adjusted)) for change in column.missing_by_source
            ),
        )
        for column in found
    )
