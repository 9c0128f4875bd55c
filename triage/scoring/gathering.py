"""Labelled cases: features as of the selection of each, its outcome, and with what chance it was selected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.scoring.labels import Choice, FiledLabels, Labels, read_outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.schema.part import Part

    Floats = NDArray[np.float64]

_AUDITED = ("from_hotline", "from_police", "from_helpline", "from_bank", "reported_minor")
_SOURCES = ["hotline", "police", "helpline", "bank"]


@dataclass(frozen=True, eq=False)
class LabelledCases:
    """Cases with a label, in order of the time at which each was selected.

    Parameters
    ----------
    matrix : array of float, shape (n, n_features)
        Features as of the selection of each case.
    outcome : array of float, shape (n,)
        1 or 0.
    at : array of int, shape (n,)
        Selection time, in seconds since 1970; with labels from outside the latest reception.
    inclusion : array of float, shape (n,)
        Probability of selection; NaN where it was not logged, 1 where every case was labelled.
    person : array of int, shape (n,), optional
        A number that cases share in which the same person is reported; each case its own by default.
    group : dict of str to array of str, shape (n,)
        Attributes for the audit by group; nothing is learned from them.
    """

    matrix: Floats
    outcome: Floats
    at: NDArray[np.int64]
    inclusion: Floats
    person: NDArray[np.int64] | None = None
    group: dict[str, NDArray[Any]] = field(default_factory=dict)

    def rows(self, rows: slice | NDArray[Any]) -> LabelledCases:
        """Return some of the cases."""
        return LabelledCases(
            self.matrix[rows],
            self.outcome[rows],
            self.at[rows],
            self.inclusion[rows],
            None if self.person is None else self.person[rows],
            {name: values[rows] for name, values in self.group.items()},
        )


def gather_labelled(
    batch: Batch,
    names: Sequence[str],
    labels: Mapping[str, float] | None = None,
    *,
    allow_none: bool = False,
) -> LabelledCases:
    """Compute the features of every labelled case, as of its selection.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    names : sequence of str
        Features.
    labels : mapping of case id to 0 or 1, optional
        Labels from outside, with features as of the batch's as-of time. Where they leave out cases, how
        those with a label were chosen counts as not logged. Labels of a file that says how cases were chosen
        (`FiledLabels`) bring that with them, and features as of the choice. Without it the outcomes of the
        batch are used.
    allow_none : bool
        Whether a batch without any label will do.

    Raises
    ------
    InputRefusedError
        The batch holds no case, or no case has a label.
    """
    parts = [_gather(part, batch, names, labels) for part in batch.parts()]
    labelled = sum(len(part.cases.outcome) for part in parts)
    n_cases = sum(part.n_cases for part in parts)
    if not n_cases:
        raise InputRefusedError(
            "no case",
            where=batch.meta.name,
            expected="a batch with cases",
            mend="triage check says what became of its rows",
        )
    if labels and not labelled:
        raise InputRefusedError(
            f"{len(labels):,} labels, none of a case of this batch",
            where=batch.meta.name,
            expected="case_id as on the list",
            mend="give the outcomes of this batch",
        )
    if not labelled and not allow_none:
        raise InputRefusedError(
            "no case with a label",
            where=batch.meta.name,
            expected="outcomes with selected_at, outcome_at and a label, or a file for --outcomes",
            mend="train on a batch with outcomes, or score with --model expert, which needs none",
        )
    matrix, outcome, at, inclusion = (
        np.concatenate([getattr(part.cases, name) for part in parts])
        for name in ("matrix", "outcome", "at", "inclusion")
    )
    if labels is not None and labelled < n_cases and not _choices(labels):
        # Nobody says how the labelled cases were chosen among all.
        inclusion = np.full(labelled, np.nan)
    person = _number_persons([part.persons for part in parts], [len(part.cases.outcome) for part in parts])
    group = {
        name: np.concatenate([part.cases.group[name] for part in parts]) for name in parts[0].cases.group
    }
    order = np.argsort(at, kind="stable")
    return LabelledCases(matrix, outcome, at, inclusion, person, group).rows(order)


@dataclass(frozen=True)
class _Gathered:
    """Of one part: its labelled cases, where each of their persons stands, and how many cases it has."""

    cases: LabelledCases
    persons: list[tuple[int, str]]
    n_cases: int


def _gather(part: Part, batch: Batch, names: Sequence[str], labels: Mapping[str, float] | None) -> _Gathered:
    now = np.full(len(part.cases), int(batch.meta.as_of.timestamp()))
    if labels is None:
        found = read_outcomes(part)
        as_of = now.copy()
        as_of[found.case] = found.as_of
        view = View(part, as_of)
        at = found.as_of
    else:
        names_of = part.cases.to_pylist()
        outcome = np.array([labels.get(case, np.nan) for case in names_of], dtype=np.float64)
        case = np.flatnonzero(~np.isnan(outcome))
        choices = _choices(labels)
        chosen = [choices.get(names_of[row], Choice()) for row in case.tolist()]
        as_of = now.copy()
        as_of[case] = [min(one.at or now[0], now[0]) for one in chosen]
        view = View(part, as_of)
        at = np.nan_to_num(view.last_received[case], nan=0.0).astype(np.int64)
        at = np.array([one.at or last for one, last in zip(chosen, at.tolist(), strict=True)], np.int64)
        inclusion = np.array([one.inclusion for one in chosen]) if choices else np.ones(len(case))
        found = Labels(case, outcome[case], at, inclusion)
    # In the order of memory that learners expect: their sums round by it.
    matrix = np.ascontiguousarray(build_features(view, names)[found.case])
    group = {name: values[found.case] for name, values in _groups(view).items()}
    cases = LabelledCases(matrix, found.outcome, at, found.inclusion, group=group)
    return _Gathered(cases, _persons(view, found), len(part.cases))


def _choices(labels: Mapping[str, float]) -> dict[str, Choice]:
    """Return how cases were chosen, where their labels come from a file that says so."""
    return labels.choices if isinstance(labels, FiledLabels) else {}


def _persons(view: View, found: Labels) -> list[tuple[int, str]]:
    """Return the place among the labelled cases and the token of every reported person."""
    place = np.full(view.n_cases, -1)
    place[found.case] = np.arange(len(found.case))
    at, tokens = place[view.persons.position], view.persons.table["person_id"].to_pylist()
    return [(int(row), token) for row, token in zip(at.tolist(), tokens, strict=True) if row >= 0 and token]


def _number_persons(parts: list[list[tuple[int, str]]], sizes: list[int]) -> NDArray[np.int64]:
    """Give cases that share a person, in however many steps, the same number."""
    n = sum(sizes)
    start = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    first: dict[str, int] = {}
    one, other = [], []
    for offset, persons in zip(start, parts, strict=False):
        for row, token in persons:
            one.append(offset + row)
            other.append(first.setdefault(token, offset + row))
    links = coo_array((np.ones(len(one)), (one, other)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _groups(view: View) -> dict[str, NDArray[Any]]:
    """Return the kind of source and whether the reported person states to be a minor, for the audit."""
    flags = build_features(view, _AUDITED)
    source = np.select([flags[:, column] > 0 for column in range(4)], _SOURCES, "platform or other")
    age = np.select([flags[:, 4] > 0, flags[:, 4] < 0], ["under 18", "adult"], "not stated")
    return {"source": source, "stated age": age}
