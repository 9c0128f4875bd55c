"""The result of an audit by group."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import NAN, as_plain
from triage.evaluation.groups.measures import ALL, NO_DIFFERENCE, NO_VERDICT
from triage.evaluation.groups.text import build_sections, summarise, write_audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from triage.evaluation.report.section import Section


@dataclass(frozen=True)
class GroupFigure:
    """One measure of one group at one capacity.

    Parameters
    ----------
    attribute, value : str
        Which group. Names of crossed attributes, and of their values, are joined by `` x ``; the list as a
        whole is the attribute ``all cases`` without a value.
    measure : str
        What is measured.
    k : float
        Cases opened in the whole list; NaN where the measure has no cut.
    estimate, low, high : float
        The number and its interval; NaN where it is withheld or not estimable.
    count : int or None
        How many cases it rests on; None where it is withheld.
    difference, difference_low, difference_high : float
        Estimate minus that of all other cases, and its interval.
    p_value : float
        That there is no difference, adjusted for all groups that were tested.
    verdict : str
        What the difference shows; empty for measures that have no verdict.
    withheld : bool
        Whether the numbers are withheld.
    method, denominator : str
        How the numbers were made, or why there are none; of which cases they speak.
    """

    attribute: str
    value: str
    measure: str
    k: float
    estimate: float
    low: float
    high: float
    count: int | None
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    verdict: str
    withheld: bool
    method: str
    denominator: str

    @property
    def estimable(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.estimate)

    @property
    def found(self) -> bool:
        """Whether a difference is shown."""
        return self.verdict not in {"", NO_DIFFERENCE, NO_VERDICT}

    def as_dict(self) -> dict[str, Any]:
        """Return the row as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict


@dataclass(frozen=True)
class GroupGap:
    """How far the groups of one attribute lie apart in one measure, over those whose numbers are shown.

    Parameters
    ----------
    attribute, measure : str
        What is compared.
    k : float
        Cases opened in the whole list; NaN where the measure has no cut.
    difference : float
        Largest minus smallest estimate (fairlearn's ``MetricFrame.difference("between_groups")``).
    ratio : float
        Smallest over largest (fairlearn's ``MetricFrame.ratio("between_groups")``); NaN where both are 0.
    largest, smallest : str
        The groups that have them; the first in order where several do.
    groups : int
        How many are compared.
    """

    attribute: str
    measure: str
    k: float
    difference: float
    ratio: float
    largest: str
    smallest: str
    groups: int


@dataclass(frozen=True)
class GroupFigures:
    """All figures of an audit by group.

    Parameters
    ----------
    cases, positives : int
        Rows of the list, and those of them with current abuse.
    denominator : str
        Of which cases the figures speak.
    confidence : float
        Level of the intervals; one minus it is the chance of any false verdict in a family of tests.
    smallest : int
        Groups with fewer cases that count have no verdict.
    weighted, synthetic : bool
        Whether weights were given; whether the cases come from a world.
    attributes, crossings : tuple of str
        Their names, in the order in which they were given.
    rows : tuple of GroupFigure
        All of them: measure by measure, missed children first.
    notes : tuple of str
        What was left out and why.
    """

    cases: int
    positives: int
    denominator: str
    confidence: float
    smallest: int
    weighted: bool
    synthetic: bool
    attributes: tuple[str, ...]
    crossings: tuple[str, ...]
    rows: tuple[GroupFigure, ...]
    notes: tuple[str, ...] = ()

    def of(
        self, measure: str, *, attribute: str | None = None, k: float | None = None
    ) -> tuple[GroupFigure, ...]:
        """Return the rows of a measure: those whose name begins so, such as ``missed``."""
        return tuple(
            row
            for row in self.rows
            if row.measure.startswith(measure)
            and attribute in {None, row.attribute}
            and (k is None or row.k == k)
        )

    @property
    def findings(self) -> tuple[GroupFigure, ...]:
        """The rows in which a difference is shown."""
        return tuple(row for row in self.rows if row.found)

    def gaps(self) -> tuple[GroupGap, ...]:
        """Return how far groups lie apart, for those who ask: one row an attribute, measure and capacity.

        A gap grows by chance with the number of groups and the fewness of their cases, so it has no verdict.
        """
        shown: dict[tuple[str, str, float | None], list[GroupFigure]] = {}
        for row in self.rows:
            if row.estimable and row.attribute != ALL:
                key = (row.attribute, row.measure, None if math.isnan(row.k) else row.k)
                shown.setdefault(key, []).append(row)
        return tuple(_gap(rows) for rows in shown.values() if len(rows) > 1)

    def disparities(self, measure: str, attribute: str, reference: str) -> dict[str, float]:
        """Return each group's estimate over that of a reference group (aequitas' disparity), at the first k.

        Parameters
        ----------
        measure : str
            A measure, or how its name begins.
        attribute, reference : str
            An attribute, and the value that the others are divided by.

        Returns
        -------
        dict of str to float
            NaN where one of the two is withheld, not estimable, or 0 in the reference.
        """
        first: dict[str, float] = {}
        for row in self.of(measure, attribute=attribute):
            first.setdefault(row.value, row.estimate)
        base = first.get(reference, NAN)
        return {value: estimate / base if base else NAN for value, estimate in first.items()}

    def sections(self) -> Iterator[Section]:
        """Give the sections of a report, missed children first."""
        return build_sections(self)

    def sentence(self) -> str:
        """Return in one sentence which groups differ from the other cases."""
        said = summarise(self)
        return f"{said[0].upper()}{said[1:]}."

    def as_dict(self) -> dict[str, Any]:
        """Return the audit as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group, measure and capacity; the columns are those of `GroupFigure`."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        names = [field.name for field in fields(GroupFigure)]
        frame = pd.DataFrame([vars(row) for row in self.rows], columns=names)
        return frame.astype({"count": "Int64"})

    def __repr__(self) -> str:
        """Return the report: a notebook shows it."""
        return str(self)

    def __str__(self) -> str:
        """Return the audit in plain text: missed children, needless intrusions, calibration."""
        return write_audit(self)


def _gap(rows: list[GroupFigure]) -> GroupGap:
    largest, smallest = max(rows, key=lambda row: row.estimate), min(rows, key=lambda row: row.estimate)
    return GroupGap(
        attribute=largest.attribute,
        measure=largest.measure,
        k=largest.k,
        difference=largest.estimate - smallest.estimate,
        ratio=smallest.estimate / largest.estimate if largest.estimate else NAN,
        largest=largest.value,
        smallest=smallest.value,
        groups=len(rows),
    )
