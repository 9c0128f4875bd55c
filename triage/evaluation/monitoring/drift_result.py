"""What a comparison with a pinned reference found, as values, as a frame and as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.evaluation.figure import NAN, Figure, as_plain
from triage.evaluation.report.text import align_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from triage.evaluation.monitoring.stability import Stability

# Conventions of credit scoring: Siddiqi (2006).
SOME_CHANGE, MUCH_CHANGE = 0.10, 0.25
MISSING_CHANGE = 0.05
LEVEL = 0.05


@dataclass(frozen=True)
class MissingChange:
    """How the share of missing values of one column has moved, in all cases or in those of one source.

    Parameters
    ----------
    source : str
        The source; empty for all cases.
    before, now : float
        Share missing in the reference and in the batch.
    difference : Figure
        Now less before.
    p_value : float
        Of the hypothesis that nothing has changed; NaN where all or none are missing on both sides.
    p_adjusted : float
        The same by Holm's method, for all tests of the batch.
    """

    source: str
    before: float
    now: float
    difference: Figure
    p_value: float
    p_adjusted: float = NAN

    @property
    def matters(self) -> bool:
        """Whether the share has moved by 5 percentage points or more."""
        return self.difference.estimable and abs(self.difference.estimate) >= MISSING_CHANGE


@dataclass(frozen=True)
class ColumnDrift:
    """How one column differs from the reference.

    Parameters
    ----------
    name, kind : str
        Of the column.
    absent : bool
        Whether the batch does not have it; all its values then count as missing.
    stability : Stability
        The index over its bins, missing values among them.
    p_adjusted : float
        p-value of the index by Holm's method, for all tests of the batch.
    missing : MissingChange
        Of all cases.
    missing_by_source : tuple of MissingChange
        Of each source, where the reference has sources.
    labels : tuple of str
        The bins.
    reference, current : tuple of int
        Cases in each bin.
    """

    name: str
    kind: str
    absent: bool
    stability: Stability
    p_adjusted: float
    missing: MissingChange
    missing_by_source: tuple[MissingChange, ...]
    labels: tuple[str, ...]
    reference: tuple[int, ...]
    current: tuple[int, ...]

    @property
    def matters(self) -> bool:
        """Whether the index passes the conventional 0.10."""
        return self.stability.index.estimable and self.stability.index.estimate >= SOME_CHANGE

    @property
    def verdict(self) -> str:
        """What is to be said of it, in words."""
        if self.absent:
            return "the column is not there"
        if not self.stability.index.estimable:
            return self.stability.index.method.removeprefix("not estimable: ")
        if not self.p_adjusted <= LEVEL:
            return "no more than chance"
        size = self.stability.index.estimate
        word = "much" if size >= MUCH_CHANGE else "somewhat" if size >= SOME_CHANGE else "a little"
        return f"changed {word}: {self.most}"

    def changes(self) -> Iterator[MissingChange]:
        """Give the changes of missing values, of all cases first."""
        yield self.missing
        yield from self.missing_by_source

    @property
    def most(self) -> str:
        """The bin that has moved most, with its shares before and now."""
        before, now = (np.array(side) / max(sum(side), 1) for side in (self.reference, self.current))
        place = int(np.argmax(np.abs(now - before)))
        return f"{self.labels[place]} {100 * before[place]:.1f} -> {100 * now[place]:.1f} %"


@dataclass(frozen=True)
class Drift:
    """How a batch differs from a pinned reference.

    Parameters
    ----------
    columns : tuple of ColumnDrift
        One a column watched.
    cases, reference_cases : int
        Of the batch, and of the reference.
    """

    columns: tuple[ColumnDrift, ...]
    cases: int
    reference_cases: int

    @property
    def p_value(self) -> float:
        """The smallest adjusted p-value of a change that matters; 1 where none matters.

        A change matters from an index of 0.10 or 5 percentage points of missing values on. With many cases
        smaller ones are certain, and of no consequence.
        """
        found = [column.p_adjusted for column in self.columns if column.matters]
        found += [
            change.p_adjusted for column in self.columns for change in column.changes() if change.matters
        ]
        return min((p for p in found if not math.isnan(p)), default=1.0)

    def changed(self, level: float) -> tuple[str, ...]:
        """Return what has changed, in words: changes that matter with an adjusted p-value up to a level."""
        words = [
            f"{column.name} {column.verdict}"
            for column in self.columns
            if column.absent or (column.matters and column.p_adjusted <= level)
        ]
        for column in self.columns:
            for change in column.changes():
                if change.matters and change.p_adjusted <= level and not column.absent:
                    of = f" from {change.source}" if change.source else ""
                    words.append(
                        f"{column.name}{of} missing in {100 * change.now:.1f} %, before in "
                        f"{100 * change.before:.1f} %"
                    )
        return tuple(words)

    def as_dict(self) -> dict[str, Any]:
        """Return all as values that JSON can hold."""
        plain: dict[str, Any] = as_plain(self)
        for one, column in zip(plain["columns"], self.columns, strict=True):
            one["verdict"] = column.verdict
        return plain

    def to_frame(self) -> pd.DataFrame:
        """Return one row a column."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame(
            [
                {
                    "column": column.name,
                    "kind": column.kind,
                    "psi": column.stability.index.estimate,
                    "psi_low": column.stability.index.low,
                    "psi_high": column.stability.index.high,
                    "unchanged": column.stability.unchanged,
                    "critical_95": column.stability.critical_95,
                    "critical_99": column.stability.critical_99,
                    "p_value": column.stability.test.p_value,
                    "p_adjusted": column.p_adjusted,
                    "jensen_shannon": column.stability.jensen_shannon,
                    "missing_before": column.missing.before,
                    "missing_now": column.missing.now,
                    "missing_p_adjusted": column.missing.p_adjusted,
                    "verdict": column.verdict,
                }
                for column in self.columns
            ]
        )

    def __str__(self) -> str:
        """Return one line a column."""
        header = ("column", "PSI", "by chance", "99 %", "p (Holm)", "missing before -> now", "verdict")
        rows = [
            (
                column.name,
                column.stability.index.brief(3),
                _number(column.stability.unchanged),
                _number(column.stability.critical_99),
                "<0.001" if column.p_adjusted < 0.001 else _number(column.p_adjusted),
                f"{100 * column.missing.before:.1f} -> {100 * column.missing.now:.1f} %",
                column.verdict,
            )
            for column in self.columns
        ]
        return "\n".join(align_columns([header, *rows]))


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
